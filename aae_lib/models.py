"""VAE, WAE and AAE: each is the autoencoder with other phases.

Shapes: images x (N, C, H, W) in [0, 1], codes z (N, d), labels y (N,) int64 with -1 for "no label".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from . import losses
from .autoencoder import AE
from .networks import Discriminator, reparameterise
from .optimizers import Adam, Optimizer
from .phases import Batch, Phase
from .priors import Gaussian, Prior


class VAE(AE):
    """The variational autoencoder: one phase, the negative ELBO = reconstruction + beta · KL(q(z|x) ‖ p(z)).

    The KL has three cases: closed form for a Gaussian prior; one Monte Carlo sample where the prior has `log_prob`;
    for a prior that can only be sampled there is none, and this raises: that is the AAE's ground.
    reconstruction must be a negative log-likelihood ("bce", or "half_squared_error" for unit variance).
    """

    def __init__(self, image_shape: Sequence[int], latent_dim: int = 2, *, beta: float = 1.0, **options) -> None:
        options.setdefault("posterior", "gaussian")
        super().__init__(image_shape, latent_dim, **options)
        self.settings["beta"] = self.beta = beta
        if self.encoder.posterior != "gaussian":
            raise ValueError('a VAE needs the density q(z|x): posterior="gaussian" is the one with a formula.')
        if self.reconstruction == "mse":
            raise ValueError('the ELBO needs a log-likelihood, summed over pixels: "bce" or "half_squared_error".')

    def check_prior(self, prior: Prior) -> None:
        super().check_prior(prior)
        if not hasattr(prior, "log_prob"):
            raise ValueError("the VAE's KL needs log p(z), and this prior can only be sampled: use an AAE or a WAE.")

    def phases(self) -> tuple[Phase, ...]:
        phase = self.reconstruction_phase()
        return (phase.replace(name="elbo", loss=negative_elbo, terms={"beta": self.beta}),)


class WAE(AE):
    """The Wasserstein autoencoder with MMD (Tolstikhin et al. 2018): reconstruction + lambda · MMD(q(z), p(z)).

    The player-free alternative to the game: one phase, no discriminator. mmd is lambda, in units of the
    reconstruction loss (nats per image for "bce").
    """

    def __init__(self, image_shape: Sequence[int], latent_dim: int = 2, *, mmd: float = 100.0, **options) -> None:
        super().__init__(image_shape, latent_dim, **options)
        self.settings["mmd"] = self.mmd = mmd

    def phases(self) -> tuple[Phase, ...]:
        phase = self.reconstruction_phase()
        return (phase.replace(draw=self.draw_game, loss=wae_loss, terms={"mmd": self.mmd}, by_rows=False),)

    def draw_game(self, data: Any, generator: Generator) -> Batch:
        return with_prior_sample(self.prior, self.draw_images(data, generator), generator)


class AAE(AE):
    """The adversarial autoencoder (Makhzani et al. 2015): reconstruction, then a game between D and the encoder.

    reconstruction  encoder, decoder   lowers the reconstruction loss
    discriminator   discriminator      learns to tell prior samples z ~ p(z) ("real") from codes z ~ q(z) ("fake")
    generator       encoder            moves the codes to where the discriminator takes them for prior samples

    Beyond the arguments of `AE`:
    classes         None, or K: the discriminator sees the label too, one-hot with a place for "no label" (y = -1), and
                    the prior is sampled per class with the batch's own labels (so that D cannot win by label
                    frequencies). The prior must have K classes
    discriminator_hidden, discriminator_activation   of D; hidden None: as the encoder's; activation "silu"
    label_share     with classes, where only some images are labelled: this share of the game's batch is drawn from the
                    labelled ones (default .5; 0 leaves it to chance). With few labels the classes otherwise settle
                    in wrong places before the labels are heard
    r1              weight λ of the gradient penalty λ/2 · (E_p‖∇logits‖² + E_q‖∇logits‖²); None (default): none
    game_optimizer  of both players
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        *,
        classes: int | None = None,
        discriminator_hidden: Sequence[int] | None = None,
        discriminator_activation: str = "silu",
        label_share: float = 0.5,
        r1: float | None = None,
        game_optimizer: Optimizer | None = None,
        **options,
    ) -> None:
        if not 0 <= label_share < 1:
            raise ValueError(f"label_share must be at least 0 and less than 1; got {label_share}.")
        self.classes, self.label_share = classes, label_share
        super().__init__(image_shape, latent_dim, **options)
        self.r1 = r1
        self.game_optimizer = game_optimizer or Adam(beta1=0.5)
        hidden = self.hidden if discriminator_hidden is None else discriminator_hidden
        self.settings |= {
            "classes": classes,
            "label_share": label_share,
            "discriminator_hidden": list(hidden),
            "discriminator_activation": discriminator_activation,
            "r1": r1,
        }
        self.discriminator = Discriminator(
            latent_dim,
            hidden,
            classes,
            activation=discriminator_activation,
            weight_sd=self.settings["weight_sd"],
            # a stream of its own: AE and AAE of one seed start from the same autoencoder
            generator=torch.Generator().manual_seed(-1 - self.settings["seed"]),
        )

    def check_prior(self, prior: Prior) -> None:
        super().check_prior(prior)
        if self.classes is not None and prior.classes != self.classes:
            has = "no classes" if prior.classes is None else f"{prior.classes} classes"
            raise ValueError(
                f"classes={self.classes} needs a prior that can be sampled per class; this one has {has}. "
                "Use GaussianRing, GaussianGrid or SwissRoll, or leave classes out."
            )

    def phases(self) -> tuple[Phase, ...]:
        terms = {} if self.r1 is None else {"r1": self.r1}
        return (
            self.reconstruction_phase(),
            Phase(
                "discriminator",
                draw=self.draw_game,
                share=share_codes,
                loss=discriminator,
                updates=("discriminator",),
                optimizer=self.game_optimizer,
                terms=terms,
            ),
            # the same batch and codes again: D's step did not move the encoder
            Phase("generator", loss=generator, updates=("encoder",), optimizer=self.game_optimizer),
        )

    def draw_game(self, data: Any, generator: Generator) -> Batch:
        """As `draw_images`, and prior samples "z_prior" (N, d); with classes, of the batch's own labels."""
        if self.classes is None:
            return with_prior_sample(self.prior, self.draw_images(data, generator), generator)
        batch = self.noisy(*data.with_labelled(self.label_share, generator), generator)
        return with_prior_sample(self.prior, batch, generator, batch["y"])

    def label_of(self, batch: Batch) -> Tensor | None:
        """What D is told: the labels, or nothing."""
        return batch["y"] if self.classes is not None else None

    def styles(self, batch: Batch) -> Tensor:
        """What the game is played with: the codes z (N, d), with their gradient."""
        return self.codes(batch)


def with_prior_sample(prior: Prior, batch: Batch, generator: Generator, labels: Tensor | None = None) -> Batch:
    """The batch with as many samples "z_prior" (N, d) of the prior, of these labels (N,) or of all classes."""
    x = batch["x"]
    batch["z_prior"] = prior.sample(len(x), generator=generator, device=x.device, labels=labels)
    return batch


# ---- the losses of the phases: pure functions of (model, batch, terms) ----


def negative_elbo(model: VAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−log p(x|z) + beta · KL(q(z|x) ‖ p(z))."""
    mean, log_var = model.encoder.moments(batch["x_in"])
    z = reparameterise(mean, log_var, batch["noise"])
    if isinstance(model.prior, Gaussian):
        kl = losses.gaussian_kl(mean, log_var, model.prior.sigma)
    else:
        kl = losses.monte_carlo_kl(z, mean, log_var, model.prior.log_prob(z))
    return model.reconstruction_loss(model.decoder(z), batch["x"]) + terms["beta"] * kl


def wae_loss(model: WAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """Reconstruction + lambda · MMD between the batch's codes and as many prior samples."""
    z = model.codes(batch)
    return model.reconstruction_loss(model.decoder(z), batch["x"]) + terms["mmd"] * losses.mmd(z, batch["z_prior"])


def share_codes(model: AAE, batch: Batch) -> Batch:
    """One encoder pass, after the reconstruction step, for both players."""
    return {"z": model.styles(batch)}


def discriminator(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """D learns to tell prior samples from codes; codes detached: the encoder stays."""
    y = model.label_of(batch)
    y = None if y is None else torch.cat([y, y])
    return tell_apart(lambda z: model.discriminator(z, y), batch["z_prior"], batch["z"], terms)


def tell_apart(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, terms: Mapping[str, float]) -> Tensor:
    """−E_p[log D] − E_q[log(1 − D)] + r1/2 · (E_p‖∇logits‖² + E_q‖∇logits‖²), for samples (N, d) `real` and `fake`.

    `critic` gives the logits (2N,) of both, real ones first, in one call.
    """
    both = torch.cat([real, fake.detach()])
    if "r1" not in terms:
        return losses.discriminator_loss(*critic(both).chunk(2))
    with torch.autocast(both.device.type, enabled=False):  # a gradient of a gradient wants full precision
        logits, slope = losses.gradient_penalty(critic, both.float())
    # the mean over both halves, times 2, is the sum of both expectations: r1/2 · 2 = r1
    return losses.discriminator_loss(*logits.chunk(2)) + terms["r1"] * slope


def generator(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_q[log D(z)]: the encoder moves its codes to where D takes them for prior samples; D itself stays."""
    return losses.generator_loss(model.discriminator(batch["z"], model.label_of(batch)))
