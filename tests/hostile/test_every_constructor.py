"""Any argument of any public constructor: it works, or the library's own sentence comes."""

import inspect
import traceback

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import aae_lib as aae
from aae_lib import networks, priors
from aae_lib.data import (
    Dataset,
    Minibatches,
    OnDisk,
    Split,
    from_arrays,
    from_folder,
    from_npz,
    from_splits,
    from_table,
    read_folder,
)

DIGITS = aae.load("digits")
MODELS = (aae.AE, aae.VAE, aae.WAE, aae.AAE, aae.SupervisedAAE, aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE)
ALWAYS = {  # what must be given, and is right
    **{kind: {"image_shape": (1, 8, 8), "hidden": (4,)} for kind in MODELS},
    aae.PlaneGame: {"start": torch.zeros(5, 2), "prior": priors.Gaussian(2), "hidden": (4,)},
    aae.Phase: {"name": "a", "loss": print, "updates": ("encoder",)},
    aae.Trainer: {"model": aae.AE((1, 8, 8), hidden=(4,)), "data": DIGITS},
    aae.Sweep: {"trainers": [aae.Trainer(aae.AE((1, 8, 8), hidden=(4,)), DIGITS)]},
    aae.Adam: {},
    aae.SGD: {},
    aae.Cosine: {"steps": 10},
    aae.Drops: {"at": (5,)},
    aae.CoarseToFine: {"steps": 10},
    priors.Gaussian: {},
    priors.GaussianRing: {},
    priors.GaussianGrid: {},
    priors.Uniform: {},
    priors.Circle: {},
    priors.Sphere: {},
    priors.SwissRoll: {},
    priors.Categorical: {},
    priors.Points: {"points": torch.zeros(3, 2)},
    priors.Picture: {"image": torch.ones(3, 3)},
    priors.Function: {"f": lambda n, generator=None: torch.randn(n, 2, generator=generator)},
    Split: {"images": DIGITS.test.images, "labels": DIGITS.test.labels},
    Dataset: {
        **{part: DIGITS.test for part in ("train", "validation", "test")},
        **{"name": "own", "image_shape": (1, 8, 8), "classes": 10},
    },
    Minibatches: {"split": DIGITS.train},
    OnDisk: {"source": DIGITS.test.images.numpy()},
    from_arrays: {"images": DIGITS.test.images, "labels": DIGITS.test.labels},
    from_splits: {part: DIGITS.test for part in ("train", "validation", "test")},
    from_table: {"table": np.arange(40.0).reshape(20, 2)},
    from_folder: {"folder": "nowhere"},
    read_folder: {"folder": "nowhere"},
    from_npz: {"file": "nowhere.npz"},
    networks.Encoder: {"image_shape": (1, 8, 8), "latent_dim": 2, "hidden": (4,)},
    networks.Decoder: {"image_shape": (1, 8, 8), "latent_dim": 2, "hidden": (4,)},
    networks.Discriminator: {"latent_dim": 2, "hidden": (4,)},
}
NAMES = {kind: sorted(set(inspect.signature(kind).parameters) - {"options"}) for kind in ALWAYS}

numbers = st.sampled_from([-1, 0, 1, 2, 3, 0.5, 2.5, 1e39, 10**13, 10**30, float("nan"), float("inf"), 2j, True])
words = st.sampled_from(["", " ", "x", "2", "mlp", "gaussian", "a\0b", "\ud800", "é" * 200, b"x"])
arrays = st.sampled_from(
    [
        *(np.int64(2), np.float32(0.5), np.float64("nan"), np.array("x")),
        *(np.zeros(0), np.zeros((2, 2)), np.zeros(3, object)),
        *(torch.tensor(2), torch.tensor(0.5), torch.zeros(0), torch.zeros(3, 2), torch.zeros(2, 2).cfloat()),
        torch.full((3, 2), float("nan")),
        torch.zeros(3, 2, device="meta"),
        torch.ones(2, 2, requires_grad=True),
    ]
)
objects = st.sampled_from([None, object(), int, print, DIGITS, DIGITS.test, priors.Gaussian(2), aae.Adam(), ...])
ANY = st.recursive(
    numbers | words | arrays | objects,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", ALWAYS, ids=lambda kind: kind.__name__)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_it_is_made_or_refused_in_a_sentence(kind, data):
    chosen = data.draw(st.lists(st.sampled_from(NAMES[kind]), min_size=1, max_size=2, unique=True))
    arguments = ALWAYS[kind] | {name: data.draw(ANY, label=name) for name in chosen}
    try:
        kind(**arguments)
    except (ValueError, TypeError) as error:
        last, told = traceback.extract_tb(error.__traceback__)[-1], str(error)
    else:
        return
    assert "aae_lib" in last.filename, f"{told} from {last.filename}:{last.lineno}"
    assert told.endswith((".", "?"))
    assert len(told.splitlines()) == 1
    assert len(told) < 700
