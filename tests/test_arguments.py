"""What an argument must be, and the sentence for a wrong one."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import aae_lib as aae
from aae_lib.arguments import count, counts, function, number, numbers, one_of, path, seed, shown, switch, takes, text

ODD = [None, True, "3", b"3", [3], (3,), {3}, {"a": 3}, 3j, float("nan"), float("inf"), object(), int, np.zeros(2)]


@given(st.integers(-(10**30), 10**30))
def test_a_count_takes_whole_numbers_of_every_make(n):
    kind = count(0, 9)
    for made in (int, float, np.float64, np.int64, torch.tensor) if abs(n) < 2**31 else (int,):
        if 0 <= n <= 9:
            found = kind.checked("n", made(n))
            assert found == n
            assert type(found) is int
        else:
            with pytest.raises(ValueError, match=r"^n must be a whole number from 0 to 9; got "):
                kind.checked("n", made(n))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_finite_and_in_its_range(x):
    kind = number(least=0, below=1)
    if 0 <= x < 1:
        assert kind.checked("x", np.float64(x)) == x
        assert type(kind.checked("x", torch.tensor(x, dtype=torch.float64))) is float
    else:
        with pytest.raises(ValueError, match=r"^x must be a finite number of at least 0 and below 1; got "):
            kind.checked("x", x)


KINDS = [count(), number(), seed(), counts(), one_of("a"), function(), path(), switch(), text()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.wanted)
@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_nothing_but_the_sentence_comes_out(kind, value):
    told = ""
    try:
        kind.checked("it", value, "owner")
    except ValueError as error:
        told = str(error)
    assert not told or (told.startswith(f"owner: it must be {kind.wanted}; got ") and len(told) < 300)


def test_each_kind_takes_its_own():
    assert counts(3).checked("shape", torch.tensor([1, 8, 8])) == (1, 8, 8)
    assert counts().checked("hidden", np.array([16])) == (16,)
    assert path().checked("folder", "runs") == Path("runs")
    assert switch().checked("labelled", np.bool_(True)) is True
    for folder in ("", " ", "a\0b", 5):
        with pytest.raises(ValueError, match="folder must be the name of a file or folder"):
            path().checked("folder", folder)


@pytest.mark.parametrize("kind", [counts(), numbers()], ids=["counts", "numbers"])
def test_what_has_no_end_is_no_sequence(kind):
    with pytest.raises(ValueError, match="hidden must be a sequence"):
        kind.checked("hidden", itertools.count(1))


def test_takes_looks_before_the_function_runs():
    ran = []

    @takes(n=count(), share=number(least=0, most=1))
    def keep(n, share=None):
        ran.append((n, share))

    keep(np.int64(3))
    keep(2, share=torch.tensor(0.5))
    keep(share=None, n=1)
    assert ran == [(3, None), (2, 0.5), (1, None)]
    with pytest.raises(ValueError, match=r"^keep: n must be a whole number of at least 1; got None\.$"):
        keep(None)
    with pytest.raises(TypeError, match="missing"):
        keep()
    with pytest.raises(ValueError, match=r"^keep: share must be a finite number from 0 to 1; got 2\.$"):
        keep(1, 2)
    assert len(ran) == 3


def test_a_class_names_the_class_that_is_made():
    @takes(width=count())
    class Parent:
        def __init__(self, width=1):
            self.width = width

    class Child(Parent):
        pass

    assert Child(np.int64(2)).width == 2
    with pytest.raises(ValueError, match=r"^Child: width must"):
        Child(0)


def test_a_misspelt_argument_is_told_with_its_neighbour():
    for kind, wrong, near in ((aae.AAE, "lable_share", "label_share"), (aae.AAE, "latent_dims", "latent_dim")):
        with pytest.raises(TypeError, match=rf"^AAE has no argument '{wrong}': did you mean '{near}'\?$"):
            kind((1, 8, 8), **{wrong: 1})
    with pytest.raises(TypeError, match=r"^Trainer has no argument 'zzz'\.$"):
        aae.Trainer(aae.AE((1, 8, 8), hidden=(4,)), aae.load("digits"), zzz=1)


def test_any_object_can_be_shown():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown(Broken()) == "a Broken"
    assert shown(torch.zeros(2, 3)) == "a Tensor of shape (2, 3), torch.float32"
    assert len(shown("x" * 1000)) == 60
    assert (shown(torch.nn.Linear(2, 2)), shown(torch.nn.Embedding(2, 2))) == ("a Linear", "an Embedding")
