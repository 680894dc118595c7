"""The variational autoencoder (Kingma and Welling 2013): one phase, the negative ELBO."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import losses
from ..arguments import number, takes
from ..networks import Encoder, reparameterise
from ..priors import Gaussian, Prior
from .abilities import Abilities
from .autoencoder import AE
from .phase import Batch, Phase

FAR = 1e3  # how far from 0 p(z) is looked at: further than codes get


class VAE(AE):
    r"""The variational autoencoder: one phase, whose loss is the negative ELBO.

    .. math:: -\mathbb E_{q(z|x)}[\log p(x|z)] + β \, \mathrm{KL}(q(z|x) ‖ p(z))

    The KL has three cases: closed form for a Gaussian prior; one Monte Carlo sample where the prior has `log_prob`;
    for a prior that can only be sampled there is none, and this raises: such priors need an AAE.

    Parameters
    ----------
    image_shape, latent_dim, **options
        As for `AE`; `reconstruction` must be a negative log-likelihood ("bce", or "half_squared_error" for unit
        variance), `posterior` the one with a density, "gaussian".
    beta : float, default 1
        Weight of the KL.

    Raises
    ------
    ValueError
        As `AE`, and for a prior without `log_prob`.

    Examples
    --------
    >>> import aae_lib as aae
    >>> [phase.name for phase in aae.VAE((1, 8, 8)).phases()]
    ['elbo']
    """

    encoder: Encoder
    encoder_methods = ("moments",)

    @takes(beta=number(least=0, most=1e9))
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        *,
        beta: float = 1.0,
        posterior: str = "gaussian",
        **options: Any,
    ) -> None:
        if posterior != "gaussian":
            raise ValueError('a VAE needs the density q(z|x): posterior="gaussian" is the one with a formula.')
        super().__init__(image_shape, latent_dim, posterior=posterior, **options)
        self.beta = beta
        if self.reconstruction == "mse":
            raise ValueError('the ELBO needs a log-likelihood, summed over pixels: "bce" or "half_squared_error".')

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, pull=False)  # its encoder gives moments

    @property
    def read_by_losses(self) -> tuple[object, ...]:
        return (*super().read_by_losses, self.prior)

    def check_prior(self, prior: Prior) -> None:
        super().check_prior(prior)
        if not prior.has_log_prob:
            raise ValueError("the VAE's KL needs log p(z), and this prior can only be sampled: use an AAE or a WAE.")
        around = torch.eye(prior.dim)[:10]
        if not prior.log_prob(torch.cat([k * around for k in (0, 4, -4, FAR, -FAR)])).isfinite().all():
            raise ValueError(
                "the VAE's KL needs p(z) above 0 wherever a Gaussian may put a code, and this prior's is 0 at some z: "
                "use an AAE or a WAE."
            )

    def phases(self) -> tuple[Phase, ...]:
        phase = self.reconstruction_phase()
        return (phase.replace(name="elbo", loss=elbo_loss, terms={"beta": self.beta}),)


def elbo_loss(model: VAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """The negative ELBO: −log p(x|z) + beta · KL(q(z|x) ‖ p(z))."""
    mean, log_var = model.encoder.moments(batch["x_in"])
    z = reparameterise(mean, log_var, batch["noise"])
    if isinstance(model.prior, Gaussian):
        kl = losses.gaussian_kl(mean, log_var, model.prior.sigma)
    else:
        kl = losses.monte_carlo_kl(z, mean, log_var, model.prior.log_prob(z))
    return model.image_loss(model.decoder(z), batch["x"]) + terms["beta"] * kl
