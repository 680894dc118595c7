"""The adversarial autoencoder (Makhzani et al. 2015): reconstruction, then a game between D and the encoder.

Shapes: images x (N, C, H, W) in [0, 1], codes z (N, d), labels y (N,) int64 with -1 for "no label".
"""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypedDict

import torch
from torch import Generator, Tensor

from .. import losses
from ..arguments import count, counts, number, one_of, seed, takes
from ..data import Minibatch, Minibatches
from ..networks import ACTIVATIONS, WAVES, Discriminator
from ..optimizers import Adam, Optimizer
from ..priors import Prior
from .abilities import Abilities
from .autoencoder import AE, check_gives
from .phase import OPTIMIZER, Batch, Phase

# brings the codes of images to priors of any shape, thin ones too;
# with Trainer(..., batch_size=250, schedule=CoarseToFine(2000))
ANY_PRIOR: Mapping[str, Any] = MappingProxyType(
    {
        "hidden": (128, 128),
        "batch_norm": True,
        "r1": 3.0,
        "discriminator_waves": (1.0, 2.0, 4.0),
        "optimizer": Adam(5e-3),
        "game_optimizer": Adam(1e-2, beta1=0.5),
    }
)


class DiscriminatorOptions(TypedDict):
    """What the discriminators of a model share."""

    hidden: Sequence[int]
    activation: str
    weight_sd: float | None
    waves: Sequence[float]


class AAE(AE):
    r"""The adversarial autoencoder: three phases, each with the networks that it moves and a loss of its own.

    - reconstruction, of encoder and decoder: lowers the reconstruction loss;
    - discriminator: it learns to tell prior samples z ~ p(z) ("real") from codes z ~ q(z) ("fake");
    - generator, of the encoder: moves the codes to where the discriminator takes them for prior samples.

    .. math::
        L_{\mathrm{rec}} &= \mathrm{bce}(\mathrm{decoder}(z), x), \quad z = \mathrm{encoder}(x) \\
        L_D &= -\mathbb E_p[\log D(z)] - \mathbb E_q[\log(1 - D(z))] \\
        L_G &= -\mathbb E_q[\log D(z)]

    Parameters
    ----------
    image_shape, latent_dim, **options
        As for `AE`.
    classes : int, optional
        None, or K: the discriminator sees the label too, one-hot with a place for "no label" (y = -1), and the prior
        is sampled per class with the batch's own labels (so that D cannot win by label frequencies). The prior must
        have K classes.
    discriminator_hidden : sequence of int, optional
        Widths of D's hidden layers; None: as the encoder's.
    discriminator_activation : {"silu", "relu", "leaky_relu"}
        Between D's layers.
    discriminator_waves : sequence of float, default ()
        D also sees sin(kz) and cos(kz) for each k of these, which makes it quick to see thin shapes.
    label_share : float, default 0.5
        With classes, where only some images are labelled: this share of the game's batch is drawn from the labelled
        ones (0 leaves it to chance). With few labels the classes otherwise settle in wrong places before the labels
        are heard.
    r1 : float, optional
        Weight of the gradient penalty (`aae_lib.losses.tell_apart`); None: no penalty.
    game_optimizer : Adam or SGD, optional
        Of both players; default `Adam(beta1=0.5)`.

    Raises
    ------
    ValueError
        As `AE`, and for a prior without the classes that D is told.

    Examples
    --------
    >>> import aae_lib as aae
    >>> model = aae.AAE((1, 8, 8), prior=aae.priors.GaussianRing(10), classes=10, r1=0.1)
    >>> [phase.name for phase in model.phases()]
    ['reconstruction', 'discriminator', 'generator']
    """

    @takes(
        classes=count(),
        discriminator_hidden=counts(),
        discriminator_activation=one_of(*ACTIVATIONS),
        discriminator_waves=WAVES,
        label_share=number(least=0, below=1),
        r1=number(least=0, most=1e6),
        game_optimizer=OPTIMIZER,
        seed=seed(),
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        *,
        classes: int | None = None,
        discriminator_hidden: Sequence[int] | None = None,
        discriminator_activation: str = "silu",
        discriminator_waves: Sequence[float] = (),
        label_share: float = 0.5,
        r1: float | None = None,
        game_optimizer: Optimizer | None = None,
        seed: int = 0,
        weight_sd: float | None = None,
        **options: Any,
    ) -> None:
        self.classes, self.label_share = classes, label_share
        super().__init__(image_shape, latent_dim, seed=seed, weight_sd=weight_sd, **options)
        self.r1 = r1
        self.game_optimizer = game_optimizer or Adam(beta1=0.5)
        self._discriminator_options: DiscriminatorOptions = {
            "hidden": self.hidden if discriminator_hidden is None else tuple(discriminator_hidden),
            "activation": discriminator_activation,
            "weight_sd": weight_sd,
            "waves": discriminator_waves,
        }
        # a stream of its own: AE and AAE of one seed start from the same autoencoder
        self.discriminator = self._make_discriminator(self.latent_dim, -1 - seed, classes)

    def _make_discriminator(self, width: int, seed: int, classes: int | None = None) -> Discriminator:
        return Discriminator(
            width, classes=classes, generator=torch.Generator().manual_seed(seed), **self._discriminator_options
        )

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, play=True, told_classes=self.classes)

    @property
    def drawn_by(self) -> tuple[float | int | None, ...]:
        return (*super().drawn_by, self.classes, self.label_share)

    def check_prior(self, prior: Prior) -> None:
        super().check_prior(prior)
        if self.classes is not None and prior.classes != self.classes:
            has = "no classes" if prior.classes is None else f"{prior.classes} classes"
            raise ValueError(
                f"classes={self.classes} needs a prior that can be sampled per class; this one has {has}. "
                "Use GaussianRing, GaussianGrid or SwissRoll, or leave classes out."
            )

    def check_data(self, minibatches: Minibatches) -> None:
        super().check_data(minibatches)
        if not isinstance(self.discriminator, Discriminator):
            code = torch.zeros(1, self.latent_dim, device=self.device)
            check_gives("discriminator", lambda: self.discriminator(code, None), (1,))
        if self.classes is None:
            return
        if not len(minibatches.labelled):
            raise ValueError(f"classes={self.classes} tells D the labels, and no image has one: leave classes out.")
        check_labels(int(minibatches.labels.max()), "classes", self.classes)

    def phases(self) -> tuple[Phase, ...]:
        return (
            self.reconstruction_phase(),
            Phase(
                "discriminator",
                draw=self.draw_game,
                share=share_codes,
                loss=discriminator_loss,
                updates=("discriminator",),
                optimizer=self.game_optimizer,
                terms={} if self.r1 is None else {"r1": self.r1},
            ),
            # the same batch and codes again: D's step did not move the encoder
            Phase("generator", loss=generator_loss, updates=("encoder",), optimizer=self.game_optimizer),
        )

    def draw_game(self, data: Minibatch, generator: Generator) -> Batch:
        """As `draw_images`, and prior samples "z_prior" (N, d); with classes, of the batch's own labels."""
        if self.classes is None:
            return self.draw_with_prior(data, generator)
        batch = self.noisy(*data.with_labelled(self.label_share, generator), generator)
        return self.with_prior_sample(batch, generator, batch["y"])

    def label_of(self, batch: Batch) -> Tensor | None:
        """What D is told: the labels, or nothing."""
        return batch["y"] if self.classes is not None else None

    def styles(self, batch: Batch) -> Tensor:
        """The codes that D judges, (N, d), with their gradient: here z. A `MapAAE`'s D judges z, not the place c."""
        return self.codes(batch)


def check_labels(largest: int, name: str, k: int) -> None:
    """ValueError if the largest label is none of K; `name` is the argument that says K."""
    if largest >= k:
        raise ValueError(f"there is a label {largest}, and with {name}={k} they run from 0 to {k - 1}.")


# ---- the losses of the phases: pure functions of (model, batch, terms) ----


def share_codes(model: AAE, batch: Batch) -> Batch:
    """One encoder pass, after the reconstruction step, for both players."""
    return {"z": model.styles(batch)}


def discriminator_loss(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_p[log D(z)] − E_q[log(1 − D(z))]: D learns to tell prior samples from codes; the encoder is held fixed."""
    y = model.label_of(batch)
    y = None if y is None else torch.cat([y, y])
    return losses.tell_apart(lambda z: model.discriminator(z, y), batch["z_prior"], batch["z"], terms.get("r1"))


def generator_loss(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_q[log D(z)]: the encoder moves its codes to where D takes them for prior samples; D is held fixed."""
    return losses.generator_loss(model.discriminator(batch["z"], model.label_of(batch)))
