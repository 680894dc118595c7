"""Whatever is handed to a check, a sentence comes back; the right answer in float64 is right."""

import functools
import inspect
import sys

import numpy as np
import pytest
import torch

from aae_lib.course.checks import answers, borrow, check, tasks

pytestmark = pytest.mark.slow

TASKS = list(tasks.all_tasks())
# samplers of priors, whose dtype is a part of the task
IN_FLOAT32 = {"05.1", "05.2", "05.3", "05.5", "05.a", "05.b", "08.a"}


def in_float64(thing):
    """The same with floats in float64; a function returns its result so, also one that a function has returned."""
    if isinstance(thing, torch.Tensor):
        return thing.double() if thing.is_floating_point() else thing
    if isinstance(thing, tuple | list):
        return type(thing)(map(in_float64, thing))
    if isinstance(thing, dict):
        return {key: in_float64(value) for key, value in thing.items()}
    if callable(thing) and not isinstance(thing, torch.nn.Module):  # networks are asked for in float32
        return functools.wraps(thing)(lambda *arguments, **named: in_float64(thing(*arguments, **named)))
    return thing


def generator(*_, **__):
    yield torch.zeros(())


async def coroutine(*_, **__):
    return torch.zeros(())


def endless(*arguments, **named):
    return endless(*arguments, **named)


def raises(error):
    def f(*_, **__):
        raise error

    return f


def returns(result):
    return lambda *_, **__: result


class Answer:
    def __init__(self, *_, **__):
        pass


class Empty:
    pass


class Hostile:
    """Nothing that may be asked of an object works."""

    def refuse(self, *_):
        raise RuntimeError("leave me alone")

    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __float__ = __int__ = __repr__ = __str__ = refuse
    __hash__ = object.__hash__


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError("no words")


ODD = {
    "a generator": generator,
    "a coroutine": coroutine,
    "a generator expression": returns(i for i in range(3)),
    "two Nones": returns((None, None)),
    "three Nones": returns((None, None, None)),
    "a list of None": returns([None]),
    "two strings": returns(("a", "b")),
    "a name and a string": returns(("b", "0.25")),
    "a string": returns("0.5"),
    "an empty string": returns(""),
    "bytes": returns(b"0.5"),
    "exits": lambda *_, **__: sys.exit(),
    "quits": lambda *_, **__: sys.exit("bye"),
    "NotImplemented": returns(NotImplemented),
    "an empty list": returns([]),
    "a list": returns([1.0, 2.0]),
    "a list of lists": returns([[1.0, 2.0], [3.0]]),
    "an array": returns(np.zeros(3)),
    "a NumPy number": returns(np.float64(0.5)),
    "a pair of arrays": returns((np.zeros(3), np.zeros((2, 2)))),
    "a dict": returns({}),
    "a dict of None": returns({"reconstruction": None, "discriminator": None, "generator": None}),
    "weights that are None": returns({"down": None, "up": None}),
    "a set": returns({1}),
    "True": returns(True),
    "an int": returns(3),
    "NaN": returns(float("nan")),
    "a complex number": returns(1j),
    "a tensor that needs grad": returns(torch.zeros((), requires_grad=True)),
    "a pair that needs grad": returns((torch.zeros((), requires_grad=True),) * 2),
    "a leaf of float64": returns(torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)),
    "an empty tensor": returns(torch.zeros(0)),
    "a complex tensor": returns(torch.zeros((), dtype=torch.complex64)),
    "truth": returns(torch.tensor(True)),
    "a tensor without data": returns(torch.zeros((), device="meta")),
    "a sparse tensor": returns(torch.eye(3).to_sparse()),
    "a module": returns(torch.nn.Linear(2, 2)),
    "its argument": lambda *arguments, **_: arguments[0],
    "its arguments": lambda *arguments, **_: arguments,
    "too few parameters": lambda: torch.zeros(()),
    "too many parameters": lambda a, b, c, d, e, f, g, h: torch.zeros(()),
    "only named parameters": lambda *, x: x,
    "KeyboardInterrupt": raises(KeyboardInterrupt),
    "SystemExit": raises(SystemExit),
    "StopIteration": raises(StopIteration),
    "GeneratorExit": raises(GeneratorExit),
    "an exception without words": raises(UnspeakableError),
    "RecursionError": endless,
    "a hostile result": returns(Hostile()),
    "a pair of hostiles": returns((Hostile(), Hostile())),
    "a dict of hostiles": returns({"reconstruction": Hostile(), "discriminator": 1, "generator": 2}),
    "a hostile answer": Hostile(),
    "a class": Answer,
    "a class without arguments": Empty,
    "a built-in class": dict,
    "a class in a class": returns(Answer),
    "a string for an answer": "torch.zeros(3)",
    "a tensor for an answer": torch.zeros(3),
    "a module for an answer": torch,
}


def answered(number, answer):
    """check with the same answer in all places. With AAE_STRICT=1, as in all tests, a fault of a check is raised."""
    verdict = check(number, *[answer] * len(inspect.signature(tasks.TASKS[number].judge).parameters))
    assert len(verdict.sentence) > 10
    assert verdict.fault is None
    return verdict


@pytest.mark.parametrize("number", TASKS)
def test_the_right_answer_in_float64_is_right_or_told_why_not(number):
    verdict = answered(number, in_float64(borrow(number)))
    if number in IN_FLOAT32:
        assert verdict.right is False
        assert "must be float32" in verdict.sentence
    else:
        assert verdict, verdict.sentence


@pytest.mark.parametrize("number", TASKS)
def test_settings_of_a_notebook_change_no_verdict(number):
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            verdict = answered(number, borrow(number))
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert verdict, verdict.sentence


@pytest.mark.parametrize("number", TASKS)
def test_odd_answers_get_a_sentence(number):
    right = [name for name, answer in ODD.items() if answered(number, answer)]
    assert not right


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a generator", "`yield`"),
        ("a coroutine", "`async`"),
        ("exits", "stops the whole program"),
        ("SystemExit", "stops the whole program"),
        ("StopIteration", "raised StopIteration"),
        ("RecursionError", "raised RecursionError"),
        ("KeyboardInterrupt", "stopped while your code was running"),
        ("NotImplemented", "not written yet"),
        ("too few parameters", "raised TypeError"),
        ("a class", "is a class"),
        ("a class without arguments", "is a class"),
        ("a string for an answer", "a function is asked for; this is a str"),
    ],
)
def test_what_is_wrong_with_an_odd_answer_is_said(name, words):
    for number in TASKS:
        assert words in answered(number, ODD[name]).sentence, number


@pytest.mark.parametrize("number", TASKS)
def test_an_answer_that_turns_odd_gets_a_sentence(number):
    """Right in its first calls, and then something else."""

    def turning(after, odd):
        calls = iter(range(10**6))
        right = borrow(number)
        return lambda *arguments, **named: right(*arguments, **named) if next(calls) < after else odd

    for after in (1, 2, 3):
        for odd in (None, "0.5", (None, None), [], 0.5, torch.zeros(7), {}):
            assert answered(number, turning(after, odd)).right is not None


@pytest.mark.parametrize("number", [4.1, "4.1", "04.1", "04.1 ", " 4.1\n"])
def test_a_number_is_understood_where_it_is_clear(number):
    assert check(number, borrow(number))


@pytest.mark.parametrize("number", [None, True, ["04.1"], ("04", 1), b"04.1", len, torch.tensor(4.1)])
def test_what_is_no_number_gets_a_sentence(number):
    verdict = check(number, len)
    assert verdict.right is False
    assert "the number of a task comes first" in verdict.sentence
    with pytest.raises(ValueError, match="the number of a task comes first"):
        borrow(number)


@pytest.mark.parametrize("number", [4, 4.77, -4.1, float("nan"), 1e30, "", ".", "4", "4,1", "task 4.1", "٤.1", "²"])
def test_a_number_that_no_task_has_is_told(number):
    for ask in (check, borrow):
        with pytest.raises(ValueError, match="there is no task"):
            ask(number)


def test_too_many_answers_get_a_sentence():
    assert "takes one answer after its number; you passed 2" in check("04.1", len, len).sentence


@pytest.fixture
def faulty(monkeypatch):
    """A task whose check stumbles over whatever its function returns."""
    monkeypatch.setattr(tasks, "TASKS", dict(tasks.TASKS))

    @tasks.task("04.99", "a faulty check", ("one", "two", "three"), part=lambda: len)
    def stumbles(f):
        """f() -> one number."""
        return answers.call(f) + 1

    return "04.99"


def test_a_fault_in_a_check_is_raised_where_it_is_tested(faulty, monkeypatch):
    monkeypatch.setenv("AAE_STRICT", "1")
    with pytest.raises(TypeError):
        check(faulty, lambda: "one")


def test_a_fault_in_a_check_is_a_sentence_elsewhere(faulty, monkeypatch):
    monkeypatch.delenv("AAE_STRICT", raising=False)
    verdict = check(faulty, lambda: ["one"])
    assert verdict.right is False
    assert isinstance(verdict.fault, TypeError)
    assert "of a kind that this check cannot judge: a function" in verdict.sentence
    assert "the last thing it returned was a list of 1" in verdict.sentence
    assert "It asks for f() -> one number." in verdict.sentence
