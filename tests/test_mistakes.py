"""Mistakes that public implementations of the AAE made, each as a test that this one does not.

Those about measures (losses at equilibrium, Parzen bandwidth) are in the tests of the metrics; batch norm in the
discriminator in test_models; labelled images only from the training split in test_data.
"""

import math

import pytest
import torch
import torch.nn.functional as F

import aae_lib as aae
from tests.conftest import state


def spy(trainer, name, record):
    """Call record(model, batch) whenever the phase computes its loss."""
    phases = []
    for phase in trainer.phases:
        if phase.name == name:
            loss = phase.loss
            phase = phase.replace(loss=lambda m, b, t, loss=loss: (record(m, b), loss(m, b, t))[1])
        phases.append(phase)
    trainer.phases = tuple(phases)


def test_the_game_plays_on_codes_from_after_the_reconstruction_step(make):
    """Two phases, two forward passes: not one weighted sum, not codes from before the encoder moved."""
    trainer = make()
    trainer.rate = 10
    seen = {}
    spy(trainer, "generator", lambda model, batch: seen.update(z=batch["z"].detach(), x=batch["x"]))
    trainer.run(steps=1, progress=False)
    before = state(trainer.model)
    after = None
    for name in trainer.walk():
        if name == "reconstruction":
            after = state(trainer.model)

    def codes(weights):
        return torch.func.functional_call(
            trainer.model.encoder,
            {k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")},
            seen["x"],
        )

    torch.testing.assert_close(codes(after), seen["z"])
    assert (codes(before) - seen["z"]).abs().max() > 1e-3


def test_an_epoch_is_a_pass_over_all_images_however_few_are_labelled(make, digits):
    from dataclasses import replace

    few = replace(digits, train=digits.train.keep_labels(20))
    trainer = make(data=few, classes=10, prior=aae.priors.GaussianRing(10), batch_size=100)
    assert trainer.minibatches.steps_per_epoch == len(digits.train) // 100


def test_the_papers_reconstruction_loss_is_summed_over_pixels():
    x, logits = torch.rand(3, 1, 28, 28), torch.zeros(3, 1, 28, 28)
    assert aae.losses.half_squared_error(logits, x) == pytest.approx(392 * aae.losses.mse(logits, x).item())


def test_input_noise_goes_into_the_encoder_alone_and_the_target_stays_clean(make):
    trainer = make(input_noise=0.3)
    seen = {}
    spy(trainer, "reconstruction", lambda model, batch: seen.update(batch))
    trainer.step()
    clean = trainer.minibatches.take(trainer.minibatches.epoch_rows(0))[0]
    assert torch.equal(seen["x"], clean)
    assert (seen["x_in"] - clean).std() == pytest.approx(0.3, rel=0.05)
    # D's inputs: prior samples as drawn, codes as encoded
    fed = []
    spy(trainer, "discriminator", lambda model, batch: fed.append(batch))
    hook = trainer.model.discriminator.layers.register_forward_pre_hook(lambda m, args: fed.append(args[0].detach()))
    trainer.step()
    hook.remove()
    assert torch.equal(fed[1], torch.cat([fed[0]["z_prior"], fed[0]["z"].detach()]))


def test_losses_take_logits_and_no_sigmoid_or_softmax_comes_before_them(make):
    trainer = make()
    model, fed = trainer.model, {}
    with torch.no_grad():
        model.discriminator.layers[-1].bias.fill_(7.0)
        model.decoder.layers[-1].bias.fill_(-9.0)
    spy(trainer, "discriminator", lambda model, batch: fed.update(batch))
    trainer.weights["reconstruction"] = trainer.weights["discriminator"] = trainer.weights["generator"] = 0
    history = trainer.run(steps=1, progress=False)
    with torch.no_grad():
        logits = torch.cat([model.discriminator(fed["z_prior"]), model.discriminator(fed["z"])])
        pictures = model.decoder(fed["z"])
    assert logits.min() > 5
    assert pictures.max() < -5
    is_prior = torch.cat([torch.ones(len(logits) // 2), torch.zeros(len(logits) // 2)])
    expected = 2 * F.binary_cross_entropy(logits.double().sigmoid(), is_prior.double())
    assert history["discriminator"].item() == pytest.approx(expected.item(), rel=1e-5)
    p = pictures.double().sigmoid()
    expected = F.binary_cross_entropy(p, fed["x"].double(), reduction="sum") / len(p)
    assert history["reconstruction"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_every_batch_gets_a_new_prior_sample(make):
    trainer, samples = make(), []
    spy(trainer, "discriminator", lambda model, batch: samples.append(batch["z_prior"]))
    trainer.run(steps=4, progress=False)
    assert len(torch.cat(samples).unique(dim=0)) == 4 * len(samples[0])


def test_the_discriminator_learns_from_the_label(make):
    trainer = make(classes=10, prior=aae.priors.GaussianRing(10))
    columns = trainer.model.discriminator.layers[0].weight[:, 2:].detach().clone()
    trainer.run(steps=30, progress=False)
    change = (trainer.model.discriminator.layers[0].weight[:, 2:] - columns).abs().sum(0)
    assert (change[:10] > 0).all()  # each of ten classes was seen
    assert change[10] == 0  # "no label" never


def test_losses_at_equilibrium_do_not_mean_that_the_codes_match(digits):
    """A blind discriminator shows 2 log 2 and log 2 while q(z) sits far off: measure q(z) against p(z) itself."""
    model = aae.AAE(digits.image_shape, hidden=(16,))
    with torch.no_grad():
        model.discriminator.layers[-1].weight.zero_()
        model.discriminator.layers[-1].bias.zero_()
        model.encoder.layers[-1].bias.fill_(3.0)
    trainer = aae.Trainer(model, digits)
    for name in trainer.weights:
        trainer.weights[name] = 0
    history = trainer.run(steps=1, progress=False)
    assert history["discriminator"].item() == pytest.approx(2 * math.log(2))
    assert history["generator"].item() == pytest.approx(math.log(2))
    codes = model.encode(digits.test.images)
    prior = model.prior.sample(len(codes), generator=torch.Generator().manual_seed(0))
    assert aae.losses.mmd(codes, prior) > 1
