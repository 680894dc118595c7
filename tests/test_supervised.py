"""A supervised AAE whose discriminator is told the class too: what it sees, its losses, and what stays as it was."""

from dataclasses import replace

import pytest
import torch

import aae_lib as aae
from aae_lib.cli import main
from aae_lib.models.aae import discriminator_loss, generator_loss
from tests.conftest import state

SHAPE = (1, 8, 8)
TOLD = {"condition_discriminator": True}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def model_of(told=True, categories=4, d=2, **options):
    return aae.SupervisedAAE(
        SHAPE, d, categories=categories, condition_discriminator=told, hidden=(16,), seed=1, **options
    )


def batch_of(n=12, k=4, d=2):
    x = torch.rand(n, *SHAPE, generator=rng(2))
    z, z_prior = torch.randn(2, n, d, generator=rng(3))
    return {"x": x, "x_in": x, "y": torch.arange(n) ** 2 % k, "z": z, "z_prior": z_prior}


@pytest.mark.parametrize("r1", [None, 0.3])
def test_the_game_is_one_game_for_each_class(r1):
    """The loss is the mean of each class's own loss, weighed by how frequent the class is."""
    model, batch = model_of(r1=r1), batch_of()
    terms = {} if r1 is None else {"r1": r1}
    for loss in (discriminator_loss, generator_loss):
        parts = []
        for k in batch["y"].unique():
            own = batch["y"] == k
            parts.append(own.float().mean() * loss(model, {name: t[own] for name, t in batch.items()}, terms))
        torch.testing.assert_close(loss(model, batch, terms), sum(parts))


def test_a_d_that_overlooks_the_label_plays_the_game_of_one_that_is_not_told():
    told, untold, batch = model_of(), model_of(False), batch_of()
    first, plain = told.discriminator.layers[0], untold.discriminator.layers[0]
    with torch.no_grad():
        first.weight[:, 2:] = 0
        plain.weight.copy_(first.weight[:, :2])
        plain.bias.copy_(first.bias)
    for mine, theirs in zip(list(told.discriminator.layers)[1:], list(untold.discriminator.layers)[1:], strict=True):
        mine.load_state_dict(theirs.state_dict())
    for loss in (discriminator_loss, generator_loss):
        torch.testing.assert_close(loss(told, batch, {}), loss(untold, batch, {}))
    with torch.no_grad():
        first.weight[:, 2:] = 1.0 + torch.arange(5)
    assert not torch.isclose(discriminator_loss(told, batch, {}), discriminator_loss(untold, batch, {}))


def test_encoder_decoder_and_draws_are_those_without_it(make):
    """Only D differs, and it takes nothing from the generators of the others."""
    one, other = make(aae.SupervisedAAE, **TOLD), make(aae.SupervisedAAE)
    first, second = state(one.model), state(other.model)
    rest = [name for name in first if not name.startswith("discriminator")]
    assert all(torch.equal(first[name], second[name]) for name in rest)
    width = other.model.discriminator.layers[0].in_features
    assert one.model.discriminator.layers[0].in_features == width + 11  # the classes, and "no label"
    for trainer in (one, other):
        trainer.weights["generator"] = 0  # the encoder then hears nothing of D
        trainer.run(steps=3, progress=False)
    first, second = state(one.model), state(other.model)
    assert all(torch.equal(first[name], second[name]) for name in rest)


def test_a_step_moves_the_same_networks(make):
    trainer = make(aae.SupervisedAAE, batch_norm=True, **TOLD)
    before, moved = state(trainer.model), {}
    statistics = {name for name, _ in trainer.model.named_buffers()}
    for name in trainer.walk():
        after = state(trainer.model)
        changed = {key for key in after if not torch.equal(before[key], after[key])}
        moved[name], before = {key.split(".")[0] for key in changed - statistics}, after
    assert moved == {
        "reconstruction": {"encoder", "decoder"},
        "discriminator": {"discriminator"},
        "generator": {"encoder"},
    }


def test_a_run_goes_on_from_a_checkpoint_and_not_with_another_d(make, tmp_path):
    whole, half, rest = (make(aae.SupervisedAAE, **TOLD) for _ in range(3))
    whole.run(steps=6, progress=False)
    half.run(steps=3, folder=tmp_path, progress=False)
    rest.load(tmp_path)
    rest.run(steps=3, progress=False)
    first, second = state(whole.model), state(rest.model)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert aae.load_model(tmp_path).can.told_classes == 10
    with pytest.raises(aae.training.CheckpointError, match="condition_discriminator"):
        make(aae.SupervisedAAE).load(tmp_path)


@pytest.mark.parametrize("prior", [aae.priors.Gaussian(2), aae.priors.GaussianRing(10)])
def test_the_surface_for_a_class_is_drawn_over_the_prior_of_all(digits, prior):
    model = aae.SupervisedAAE(SHAPE, 2, hidden=(16,), prior=prior, **TOLD)
    figure = aae.plots.surface(model, digits.test, label=3)
    assert "told class 3" in figure.axes[0].get_title(loc="left")
    real = figure.axes[0].collections[-2].get_offsets()  # prior samples, then codes
    assert len(real) == 300
    if prior.classes:
        assert len(prior.class_log_prob(torch.tensor(real.data).float()).argmax(1).unique()) == 10
    with pytest.raises(ValueError, match="say which, label=0 to 9"):
        aae.plots.surface(model, digits.test)
    with pytest.raises(ValueError, match="without classes"):
        aae.plots.surface(model_of(False), label=3)


def test_images_without_a_label_are_refused_here_too(make, digits):
    with pytest.raises(ValueError, match="images have no label"):
        make(aae.SupervisedAAE, data=replace(digits, train=digits.train.keep_labels(20)), **TOLD)


@pytest.mark.parametrize("value", ["yes", None, 2, "False"])
def test_it_is_a_switch(value):
    with pytest.raises(ValueError, match="condition_discriminator"):
        aae.SupervisedAAE(SHAPE, condition_discriminator=value)


def test_a_d_that_is_told_leaves_less_of_the_class_in_the_style(digits):
    """The reason for all this, at the width at which the lesson shows it."""
    left = []
    for told in (False, True):
        model = aae.SupervisedAAE(
            SHAPE, 3, hidden=(64,), batch_norm=True, r1=0.1, condition_discriminator=told, seed=0,
            optimizer=aae.Adam(5e-3), game_optimizer=aae.Adam(5e-3, beta1=0.5),
        )  # fmt: skip
        aae.Trainer(model, digits, seed=0, device="cpu", schedule=aae.Cosine(400)).run(steps=400, progress=False)
        left.append(aae.metrics.class_from_style(model, digits.train, digits.test).accuracy)
    assert left[1] < left[0] - 0.1


def test_the_command_line_trains_one(tmp_path, capsys):
    small = ["--dataset", "digits", "--hidden", "16", "--steps", "20", "--latent-dim", "2", "--device", "cpu"]
    out = tmp_path / "run"
    assert main(["train", "--model", "supervised", "--condition-discriminator", "--out", str(out), *small]) == 0
    assert aae.load_model(out).condition_discriminator
    with pytest.raises(SystemExit):
        main(["train", "--model", "cluster", "--condition-discriminator", "--out", str(tmp_path / "no"), *small])
    assert "--condition-discriminator is for --model supervised" in capsys.readouterr().err
