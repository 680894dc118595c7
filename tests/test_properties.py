"""What must hold for every number, shape and order: hypothesis looks for those that break it."""

import argparse
import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import aae_lib as aae
from aae_lib.cli.options import whole
from aae_lib.data import Minibatches, Split
from aae_lib.models.description import build, describe
from aae_lib.training.history import History
from aae_lib.training.settings import Controls

numbers = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**6), 10**6)


@given(numbers)
def test_a_control_is_a_finite_number_of_at_least_0_or_stays_what_it_was(value):
    controls = Controls({"weight": 1.0})
    try:
        controls["weight"] = value
    except ValueError:
        assert controls["weight"] == 1.0
    assert math.isfinite(controls["weight"])
    assert controls["weight"] >= 0


@given(numbers)
def test_a_number_of_repeats_is_whole_and_at_least_1(value):
    controls = Controls({"repeats": 2}, whole=True)
    try:
        controls["repeats"] = value
    except (ValueError, OverflowError):
        assert controls["repeats"] == 2
    assert isinstance(controls["repeats"], int)
    assert controls["repeats"] >= 1


@given(st.text(max_size=12))
def test_an_option_is_a_whole_number_of_at_least_1_or_argparse_says_so(text):
    try:
        right = 1 <= int(text) <= 9
    except ValueError:
        right = False
    if right:
        assert whole(most=9)(text) == int(text)
    else:
        with pytest.raises(argparse.ArgumentTypeError, match="whole number from 1 to 9"):
            whole(most=9)(text)


@given(st.integers(1, 60), st.data())
def test_an_epoch_deals_every_image_at_most_once_and_all_whole_minibatches(n, data):
    size = data.draw(st.integers(1, n))
    split = Split(torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1), torch.arange(n))
    minibatches, generator = Minibatches(split, size), torch.Generator().manual_seed(0)
    for _ in range(2):
        rows = torch.cat([minibatches.next(generator).rows for _ in range(n // size)])
        assert len(rows.unique()) == len(rows) == n // size * size
    minibatch = minibatches.next(generator)
    assert torch.equal(minibatch.y, minibatch.rows)
    assert torch.equal((minibatch.x.flatten() * 255).round().long(), minibatch.rows)


@given(
    st.sampled_from(["AE", "VAE", "WAE", "AAE", "SupervisedAAE", "SemiSupervisedAAE", "ClusterAAE", "MapAAE"]),
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    st.integers(1, 5),
    st.lists(st.integers(1, 7), min_size=1, max_size=3),
    st.integers(0, 2**62 - 1),
)
def test_every_model_of_every_shape_maps_back_and_forth_and_is_built_again_from_its_description(
    kind, shape, latent_dim, hidden, seed
):
    model = getattr(aae, kind)(shape, latent_dim=latent_dim, hidden=hidden, seed=seed).eval()
    images = torch.rand(4, *shape)
    z = model.encode(images)
    assert z.shape == (4, latent_dim)
    y = (torch.zeros(4, dtype=torch.int64),) if model.can.see_category else ()
    back = model.decode(z, *y)
    assert back.shape == images.shape
    assert back.min() >= 0
    assert back.max() <= 1
    assert model.sample(3).shape == (3, *shape)
    again = build(json.loads(json.dumps(describe(model))), model.state_dict())
    assert describe(again) == describe(model)
    assert torch.equal(again.encode(images), z)


@given(
    st.sampled_from([aae.priors.Gaussian, aae.priors.Uniform, aae.priors.Sphere]),
    st.integers(2, 6),
    st.integers(0, 40),
)
def test_a_prior_gives_as_many_samples_as_asked_for(kind, dim, n):
    prior = kind(dim)
    z = prior.sample(n, generator=torch.Generator().manual_seed(1))
    assert z.shape == (n, dim)
    assert z.isfinite().all()
    assert torch.equal(z, prior.sample(n, generator=torch.Generator().manual_seed(1)))


@given(st.lists(st.sampled_from(["phase", "step", "read", "bad"]), max_size=200))
def test_the_history_keeps_every_whole_step_in_whatever_order_it_is_read(events):
    history, steps, written, fault = History(["a", "b"], torch.device("cpu")), 0, [], None
    row, phase = [], 0
    for event in events:
        if event in ("phase", "bad"):
            if phase == 2:
                continue
            value = math.nan if event == "bad" else float(len(written) + phase)
            history.record("ab"[phase], torch.tensor(value))
            if event == "bad" and fault is None:
                fault = (steps, "ab"[phase])
            row.append(value)
            phase += 1
        elif event == "step" and phase == 2:
            written.append(row)
            steps, row, phase = steps + 1, [], 0
            if history.next_row():
                history.read(steps)
        elif event == "read":
            history.read(steps)
    found = history.read(steps)
    good = written if fault is None else written[: fault[0]]
    assert history.losses == good
    assert history.steps == list(range(1, len(good) + 1))
    assert (found is None) == (fault is None)
    if fault is not None:
        assert tuple(found) == fault


@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 4))
def test_the_mmd_is_symmetric_and_knows_one_cloud_from_two(n, m, d):
    generator = torch.Generator().manual_seed(n * 31 + m)
    x, y = torch.randn(n, d, generator=generator), torch.randn(m, d, generator=generator)
    assert aae.metrics.mmd(x, y) == pytest.approx(aae.metrics.mmd(y, x), abs=1e-9)
    assert aae.metrics.mmd(x, x + 100) > aae.metrics.mmd(x, x)
