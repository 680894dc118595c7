"""Checks of what the learner writes within lesson 02: the reparameterisation, the KL, and the loss of a VAE."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ... import losses, models, networks
from .answers import Wrong, call, equal, gradient, tensor
from .lesson_02 import blobs, kl_to_gaussian
from .tasks import task

NOISE = torch.tensor([[0.3, -1.1], [1.6, 0.4], [-0.7, 0.9]])


def leaves() -> tuple[Tensor, Tensor]:
    mean, log_var = blobs()
    return mean.requires_grad_(), log_var.requires_grad_()


# ---- 02.a ----


@task(
    "02.a",
    "the reparameterisation",
    hints=(
        "z = μ + σ ε, number by number. You have log σ², and need σ.",
        "σ = exp(½ log σ²): half of log_var, then exp.",
        "return mean + (0.5 * log_var).exp() * noise",
    ),
    part=lambda: networks.reparameterise,
)
def reparameterise(f: Any) -> str:
    """reparameterise(mean, log_var, noise) = mean + exp(½ log_var) · noise."""
    mean, log_var = leaves()
    z = tensor(call(f, mean, log_var, NOISE), (3, 2), "z", like=mean)
    if not torch.allclose(z, tensor(call(f, mean, log_var, NOISE), (3, 2))):
        raise Wrong("not yet: two calls with the same noise differ. Do not draw in here: the noise is handed to you.")
    right = mean + torch.exp(log_var / 2) * NOISE
    mistakes = (
        (mean + log_var.exp() * NOISE, "this has σ² in place of σ: take half of log_var, then exp."),
        (mean + log_var * NOISE, "this has log σ² in place of σ: exp is missing."),
        (mean + 0.5 * log_var * NOISE, "this has log σ in place of σ: exp is missing."),
        (mean + log_var.exp().sqrt(), "the noise is missing: z = μ + σ ε."),
        (mean + NOISE, "σ is missing: z = μ + σ ε."),
        (log_var.exp().sqrt() * NOISE, "μ is missing: z = μ + σ ε."),
        (mean - right + mean, "the noise is subtracted: the same distribution, and here a sum is asked for."),
        (mean, "this is the middle of the blob, not a draw from it: z = μ + σ ε."),
    )
    equal(z, right, mistakes, "z", "for three images")
    for leaf, what in ((mean, "the mean"), (log_var, "log_var")):
        gradient(z.sum(), leaf, torch.autograd.grad(right.sum(), leaf, retain_graph=True)[0], what)
    return "right: a sum and a product, and both have slopes."


# ---- 02.b ----


def kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) ‖ N(0, I)), for each row."""
    return kl_to_gaussian(mean, log_var, torch.zeros_like(mean[0]), 1.0)


@task(
    "02.b",
    "the KL to N(0, I)",
    hints=(
        "σ² is log_var.exp(). Work out what is in the sum for all (N, d) numbers at once.",
        "Then sum over the d dimensions, .sum(1), and do not forget the ½.",
        "return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)",
    ),
    part=lambda: kl,
)
def gaussian_kl(f: Any) -> str:
    """kl(mean, log_var) -> (N,), the KL from each image's blob to N(0, I)."""
    mean, log_var = leaves()
    value = call(f, mean, log_var)
    if isinstance(value, Tensor) and value.shape == (3, 2):
        raise Wrong("not yet: one number for each image: sum over the dimensions, .sum(1). Yours has shape (3, 2).")
    if isinstance(value, Tensor) and value.shape == ():
        raise Wrong("not yet: one number for each *image*, (N,). Sum over the dimensions only, .sum(1).")
    value = tensor(value, (3,), "the KL", like=mean)
    right = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, log_var.exp().sqrt()), torch.distributions.Normal(0.0, 1.0)
    ).sum(1)
    square, var, sd = mean.square(), log_var.exp(), log_var.exp().sqrt()
    mistakes = (
        (-right, "the sign is turned round: a KL is never negative."),
        (2 * right, "the ½ is missing."),
        (right / 2, "this is the mean over the dimensions; take their sum."),
        (0.5 * (square + var - log_var).sum(1), "the −1 is missing, in each dimension: the KL of N(0, I) must be 0."),
        (0.5 * ((square + var - log_var).sum(1) - 1), "the −1 belongs to *each* dimension: inside of the sum."),
        (0.5 * (square + var - 1).sum(1), "the −log σ² is missing: without it a blob may shrink to a point."),
        (0.5 * (square + var - 1 + log_var).sum(1), "the sign of log σ² is turned round: a narrow blob has to pay."),
        (0.5 * (square + sd - 1 - log_var).sum(1), "σ is used where σ² should be: σ² is log_var.exp()."),
        (0.5 * (square + log_var - 1 - var).sum(1), "σ² and log σ² have changed places."),
        (0.5 * (square + var.square() - 1 - 2 * log_var).sum(1), "log_var was taken for log σ; it is log σ²."),
        (0.5 * (square + var - 1 - log_var / 2).sum(1), "this has log σ where log σ² should be: log_var as it is."),
        (0.5 * (mean + var - 1 - log_var).sum(1), "μ is not squared."),
        (0.5 * (var - 1 - log_var).sum(1), "μ² is missing: a blob far from 0 has to pay."),
    )
    equal(value, right, mistakes, "the KL", "for three images")
    for leaf, what in ((mean, "the mean"), (log_var, "log_var")):
        gradient(value.sum(), leaf, torch.autograd.grad(right.sum(), leaf, retain_graph=True)[0], what)
    four = call(f, torch.ones(1, 4), torch.zeros(1, 4))
    equal(tensor(four, (1,), "the KL", like=mean), torch.tensor([2.0]), (), "the KL", "for one image and 4 dimensions")
    return "right: what a blob pays for being elsewhere, too wide or too narrow."


# ---- 02.c ----


def vae_loss(model: models.VAE, batch: Mapping[str, Tensor], terms: Mapping[str, float]) -> Tensor:
    """The negative ELBO, for N(0, I) as the prior."""
    mean, log_var = model.encoder.moments(batch["x"])
    z = networks.reparameterise(mean, log_var, batch["noise"])
    return losses.bce(model.decoder(z), batch["x"]) + terms["beta"] * kl(mean, log_var).mean()


@task(
    "02.c",
    "the loss of a VAE",
    hints=(
        "Four steps: the two moments of batch['x'], a code z by your reparameterisation, the reconstruction of z, and "
        "beta times the mean KL.",
        "mean, log_var = model.encoder.moments(batch['x']); z = reparameterise(mean, log_var, batch['noise']); the "
        "reconstruction is aae.losses.bce(model.decoder(z), batch['x']).",
        "return aae.losses.bce(model.decoder(z), batch['x']) + terms['beta'] * kl(mean, log_var).mean()",
    ),
    part=lambda: vae_loss,
)
def negative_elbo(f: Any) -> str:
    """vae_loss(model, batch, terms) = −E[log p(x|z)] + beta · KL, the mean over the images."""
    model = models.VAE((1, 2, 2), latent_dim=2, hidden=(4,), seed=5)
    g = torch.Generator().manual_seed(3)
    x = torch.rand(3, 1, 2, 2, generator=g)
    with torch.no_grad():  # blobs that differ, so that every part of the loss can be seen
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=g))
    batch = {"x": x, "x_in": x, "noise": NOISE}

    def given(beta: float) -> Tensor:
        return tensor(call(f, model, dict(batch), {"beta": beta}), (), "the loss", like=x)

    value = given(0.7)
    if not torch.isclose(value, given(0.7)):
        raise Wrong("not yet: two calls with the same noise differ. Do not draw in here: batch['noise'] is your ε.")
    mean, log_var = model.encoder.moments(x)
    z = mean + (0.5 * log_var).exp() * NOISE
    logits = model.decoder(z)
    reconstruction, pull = losses.bce(logits, x), kl(mean, log_var)
    right = reconstruction + 0.7 * pull.mean()
    per_pixel = torch.nn.functional.binary_cross_entropy_with_logits(logits, x)
    mistakes = (
        (reconstruction, "only the reconstruction: where is the KL?"),
        (0.7 * pull.mean(), "only the KL: where is the reconstruction?"),
        (reconstruction + pull.mean(), "beta is not used: terms['beta'] times the KL."),
        (reconstruction + 0.7 * pull.sum(), "the KL is summed over the images; take their mean."),
        (reconstruction + 0.7 * pull.mean() / 2, "the KL is averaged over the dimensions too; there it is a sum."),
        (reconstruction - 0.7 * pull.mean(), "the KL is a cost: add it."),
        (-right, "this is the ELBO; a loss is lowered, so turn the sign round."),
        (0.7 * (reconstruction + pull.mean()), "beta weighs the KL only."),
        (0.7 * reconstruction + pull.mean(), "beta weighs the KL, not the reconstruction."),
        (
            losses.bce(model.decoder(mean), x) + 0.7 * pull.mean(),
            "the decoder got the middle of each blob; it should get a draw, z = μ + σ ε.",
        ),
        (
            losses.bce(model.decoder(NOISE), x) + 0.7 * pull.mean(),
            "the decoder got the bare noise; it should get z = μ + σ ε.",
        ),
        (
            losses.bce(logits.sigmoid(), x) + 0.7 * pull.mean(),
            "losses.bce takes logits and does the sigmoid itself; yours was done twice.",
        ),
        (
            losses.mse(logits.sigmoid(), x) + 0.7 * pull.mean(),
            "the squared error is no log-likelihood with the same scale as the KL; use losses.bce.",
        ),
        (per_pixel + 0.7 * pull.mean(), "log p(x|z) is a *sum* over the pixels; yours is their mean."),
    )
    equal(value, right, mistakes, "the loss", "for three images and beta = 0.7")
    for network, what in ((model.encoder, "the encoder"), (model.decoder, "the decoder")):
        weight = next(network.parameters())
        gradient(value, weight, torch.autograd.grad(right, weight, retain_graph=True)[0], what)
    return "right: reconstruction by a draw, and the price of the blob."
