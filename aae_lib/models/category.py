"""Two parts for a code (y, z): the decoder is given the category y, or the encoder predicts it.

The paper's models (sections 4 to 7) combine them:

    SupervisedAAE                   DecoderSeesCategory                        y is the label
    SemiSupervisedAAE, ClusterAAE   DecoderSeesCategory, EncoderGivesCategory  y from the encoder
    MapAAE                          EncoderGivesCategory                       the decoder sees W_C y + z, a place

Shapes: images x (N, C, H, W) in [0, 1], styles z (N, d), categories y (N, K): one-hot or shares of 1; labels (N,)
int64 with -1 for "no label".
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from .. import losses
from ..arguments import WIDEST, as_tensor, count, generator, number, numbers, seed, takes
from ..data import Minibatch, Minibatches
from ..networks import NetworkOptions, TwoHeads
from ..optimizers import STEP, Optimizer
from ..priors import Categorical
from .aae import AAE, check_labels
from .abilities import Abilities
from .autoencoder import as_rows
from .phase import OPTIMIZER, Batch, Draw, Loss, Phase

SHARES = numbers(kind=number(above=0, below=1), example="(0.7, 0.3)")


class CategoryAAE(AAE):
    """An AAE whose code has a category y (N, K) as well as the style z (N, d). D plays for z alone, and is told
    nothing, but for a `SupervisedAAE` that asks for it.

    Parameters
    ----------
    image_shape, latent_dim, **options
        As for `AAE`, without `classes`; latent_dim is the length of the style z.
    categories : int, default 10
        K, at least 2.
    class_shares : sequence of float, optional
        (K,) p(y): how large a share of the data each category holds, all above 0, summing to 1; None: 1/K each. Of
        labelled data: `labels.bincount(minlength=K) / len(labels)`.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> aae.SupervisedAAE((1, 8, 8), categories=3).one_hot(torch.tensor([2]))
    tensor([[0., 0., 1.]])
    """

    @takes(categories=count(2, WIDEST), class_shares=SHARES)
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 10,
        *,
        categories: int = 10,
        class_shares: Sequence[float] | None = None,
        **options: Any,
    ) -> None:
        if options.get("classes") is not None:
            raise ValueError("here the code holds the class: say categories=K, without classes.")
        self.categories = categories
        self.class_shares = class_shares
        self.category_prior = Categorical(self.categories, _checked_shares(class_shares, self.categories))
        super().__init__(image_shape, latent_dim, **options)

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, categories=self.categories)

    def one_hot(self, labels: Tensor) -> Tensor:
        """(N,) int64 -> (N, K) float32."""
        return F.one_hot(labels, self.categories).float()

    def check_data(self, minibatches: Minibatches) -> None:
        super().check_data(minibatches)
        if not self.can.named_categories:
            return
        known = minibatches.labels[minibatches.labelled].unique().tolist()
        check_labels(max(known, default=-1), "categories", self.categories)
        if missing := sorted(set(range(self.categories)) - set(known)):
            raise ValueError(
                f"no image is labelled {', '.join(map(str, missing))}: a class that is never shown cannot be learned. "
                f"Label at least one image of each of the {self.categories} classes, or lower categories."
            )


def _checked_shares(shares: Sequence[float] | None, categories: int) -> Sequence[float] | None:
    """The shares, once there is one for each category and they make a whole."""
    if shares is None:
        return None
    if len(shares) != categories:
        raise ValueError(
            f"class_shares has {len(shares)} numbers, and there are {categories} categories: give each one."
        )
    if not abs(sum(shares) - 1) < 1e-4:
        raise ValueError(f"class_shares must sum to 1, and sum to {sum(shares):g}: divide each by that sum.")
    return shares


class DecoderSeesCategory(CategoryAAE):
    """The decoder sees the category as well as the style: decode(z, y).

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> model = aae.SupervisedAAE((1, 8, 8), latent_dim=2, categories=3)
    >>> model.decode(torch.zeros(1, 2), torch.tensor([2])).shape
    torch.Size([1, 1, 8, 8])
    """

    @property
    def decoder_width(self) -> int:
        return self.categories + self.latent_dim

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, see_category=True)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Styles z (N, d) and categories y, (N,) int64 or (N, K) shares -> images (N, C, H, W) in [0, 1]."""
        z = self._checked_codes(z)
        return self._images(torch.cat([self._category(y, len(z)).to(z.device), z], 1))

    def _category(self, y: Tensor | None, n: int) -> Tensor:
        if y is None:
            raise ValueError("this decoder sees a category and the style: decode(z, y) with y (N,) whole numbers.")
        y = as_tensor("categories y", y)
        if y.shape == (n,) and not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool):
            if n and not ((y >= 0) & (y < self.categories)).all():
                low, high = int(y.min()), int(y.max())
                raise ValueError(f"categories run from 0 to {self.categories - 1}; got {low} to {high}.")
            return self.one_hot(y.long())
        if y.shape == (n, self.categories):
            shares = as_rows("shares y", y)
            if not ((shares >= 0).all() and ((shares.sum(1) - 1).abs() < 1e-3).all()):
                raise ValueError("shares y must be at least 0 and sum to 1 in every row: softmax gives such.")
            return shares
        raise ValueError(
            f"categories y must be {n} whole numbers, or shares of shape ({n}, {self.categories}); got "
            f"{tuple(y.shape)} of {y.dtype}."
        )

    @takes(n=count(0, WIDEST), generator=generator())
    def sample(self, n: int, generator: Generator | None = None, labels: Tensor | None = None) -> Tensor:
        """n new images (n, C, H, W) in [0, 1]: decoded prior samples, of the given categories or of p(y)."""
        device = self.device if generator is None else generator.device
        z = self.prior.sample(n, generator=generator, device=device)
        return self.decode(z, self.category_prior.sample(n, generator=generator, device=device, labels=labels))


class EncoderGivesCategory(CategoryAAE):
    """The encoder gives the category: a second head, a game that makes y look one-hot, and labels where there are any.

    discriminator_y, generator_y  D_y; trunk and y head   the game that makes y one-hot, each category with its share
    classification                trunk and y head        cross-entropy on labelled images, a batch of their own
    consistency (if asked for)    trunk and y head        an image and its noisy copy get the same category
    virtual (if asked for)        trunk and y head        so do an image and the worst of its neighbours

    Parameters
    ----------
    classification_optimizer : Adam or SGD, optional
        Of that phase and of the two consistencies; None: the reconstruction's.
    r1_y : float, optional
        Weight of the gradient penalty in the game for y; None: as `r1`. A large one leaves y soft.
    consistency : float, optional
        None (as in the paper): no such phase. Otherwise the standard deviation of the copies' pixel noise, say 0.5.
    virtual : float, optional
        None: no such phase. Otherwise how far away the neighbour is, in pixel units, say 2; see
        `losses.virtual_adversarial_loss`.
    y_game_from : int, default 0
        The step from which on the game for y moves the encoder; D_y plays from the start.
    y_reconstructs_from : int, default 0
        The step from which on the reconstruction's gradient reaches the encoder through y.
    virtual_from : int, default 0
        The step from which on the virtual neighbours count.

    Notes
    -----
    Why to wait: the game wants categories one-hot, each with its share, and is content with *any* such assignment. One
    that it makes before the labels have spread is a local optimum that nothing leaves later: whole groups of images
    keep the wrong class. The same holds for virtual neighbours, which keep every assignment as it is. A y that no game
    holds, on the other hand, is used by the reconstruction as a second style, unless its gradient is kept away too.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> aae.ClusterAAE((1, 8, 8), categories=3).classify(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 3])
    """

    encoder: TwoHeads
    encoder_methods = ("both", "logits")

    if TYPE_CHECKING:

        def decoded(self, batch: Batch, through_y: float | None = None) -> Tensor: ...

    @takes(
        classification_optimizer=OPTIMIZER,
        r1_y=number(least=0, most=1e6),
        consistency=number(above=0, most=1e6),
        virtual=number(above=0, most=1e6),
        y_game_from=STEP,
        y_reconstructs_from=STEP,
        virtual_from=STEP,
        seed=seed(),
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 10,
        *,
        classification_optimizer: Optimizer | None = None,
        r1_y: float | None = None,
        consistency: float | None = None,
        virtual: float | None = None,
        y_game_from: int = 0,
        y_reconstructs_from: int = 0,
        virtual_from: int = 0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(image_shape, latent_dim, seed=seed, **options)
        self.r1_y, self.consistency, self.virtual = self.r1 if r1_y is None else r1_y, consistency, virtual
        self.y_game_from, self.y_reconstructs_from, self.virtual_from = y_game_from, y_reconstructs_from, virtual_from
        self.classification_optimizer = classification_optimizer or self.optimizer
        # seeds that D for z, which takes -1 - seed, never reaches
        self.discriminator_y = self._make_discriminator(self.categories, -(2**62) - 1 - seed)

    def _make_encoder(
        self, posterior: str, noise_dim: int | None, batch_norm: bool, **shared: Unpack[NetworkOptions]
    ) -> TwoHeads:
        if posterior != "deterministic":
            raise ValueError('an encoder with two heads is deterministic here: leave posterior="deterministic".')
        if noise_dim is not None:
            raise ValueError("noise_dim is for a universal posterior, and this encoder draws no noise: leave it out.")
        return TwoHeads(
            self.image_shape, self.categories, self.latent_dim, self.hidden, batch_norm=batch_norm, **shared
        )

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, classify=True)

    @property
    def drawn_by(self) -> tuple[float | int | None, ...]:
        return (*super().drawn_by, self.categories, self.consistency, *(self.class_shares or ()))

    def phases(self) -> tuple[Phase, ...]:
        reconstruction, discriminator, generator = super().phases()
        if self.y_reconstructs_from:
            reconstruction = reconstruction.replace(
                loss=reconstruction_through_y_loss,
                terms={"through_y": 1.0},
                begins={"through_y": self.y_reconstructs_from},
            )
        game = (
            discriminator.replace(
                name="discriminator_y",
                draw=self.draw_y_game,
                share=share_categories,
                loss=discriminator_y_loss,
                updates=("discriminator_y",),
                terms={} if self.r1_y is None else {"r1": self.r1_y},
            ),
            generator.replace(
                name="generator_y",
                loss=generator_y_loss,
                updates=("encoder.trunk", "encoder.y_head"),
                begins={"generator_y": self.y_game_from},
            ),
        )
        generator = generator.replace(updates=("encoder.trunk", "encoder.z_head"))
        return (reconstruction, discriminator, generator, *game, *self.label_phases(), *self.consistency_phases())

    def label_phases(self) -> tuple[Phase, ...]:
        """The phases that use labels."""
        return (self._y_head_phase("classification", self.draw_labelled, classification_loss),)

    def consistency_phases(self) -> tuple[Phase, ...]:
        """Those that were asked for."""
        found = []
        if self.consistency is not None:
            found.append(self._y_head_phase("consistency", self.draw_copies, consistency_loss))
        if self.virtual is not None:
            phase = self._y_head_phase("virtual", self.draw_directions, virtual_loss)
            found.append(phase.replace(terms={"length": self.virtual}, begins={"virtual": self.virtual_from}))
        return tuple(found)

    def _y_head_phase(self, name: str, draw: Draw, loss: Loss) -> Phase:
        updates = ("encoder.trunk", "encoder.y_head")
        return Phase(name, draw=draw, loss=loss, updates=updates, optimizer=self.classification_optimizer)

    def draw_y_game(self, data: Minibatch, generator: Generator) -> Batch:
        """As `draw_images`, and one-hot samples "y_prior" (N, K) of p(y)."""
        batch = self.draw_images(data, generator)
        x = batch["x"]
        return batch | {"y_prior": self.category_prior.sample(len(x), generator=generator, device=x.device)}

    def draw_copies(self, data: Minibatch, generator: Generator) -> Batch:
        """The minibatch "x", and "x_copy", the same with noise of its own."""
        x, sd = data.x, self.consistency or 0.0
        return {"x": x, "x_copy": x + sd * torch.randn(x.shape, generator=generator, device=x.device)}

    def draw_directions(self, data: Minibatch, generator: Generator) -> Batch:
        """The minibatch "x", and a random "direction" for each image, where the search for its neighbour starts."""
        return {"x": data.x, "direction": torch.randn(data.x.shape, generator=generator, device=data.x.device)}

    def draw_labelled(self, data: Minibatch, generator: Generator) -> Batch:
        """A batch of labelled images only, drawn at random; an epoch is counted in all images, not in these."""
        return self.noisy(*data.labelled(generator), generator)

    def classify(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W), uint8 or floats in [0, 1] -> how likely each category is, (N, K), rows sum to 1."""

        def forward(rows: Tensor) -> Tensor:
            return self.encoder.logits(self.seen(rows)).softmax(1)

        return self.evaluate(forward, self.checked(images), (self.categories,))


# ---- the losses of the phases: pure functions of (model, batch, terms) ----


def reconstruction_through_y_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """`reconstruction_loss`, of whose gradient the share terms["through_y"] goes through y."""
    return model.image_loss(model.decoded(batch, terms["through_y"]), batch["x"])


def passing(t: Tensor, share: float) -> Tensor:
    """t itself, of whose gradient a share passes: 0 is `detach`, 1 all of it."""
    return t.detach() + share * (t - t.detach())


def share_categories(model: EncoderGivesCategory, batch: Batch) -> Batch:
    """One encoder pass for both players of the game for y."""
    return {"y_code": model.encoder.logits(batch["x_in"]).softmax(1)}


def discriminator_y_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_p[log D_y(y)] − E_q[log(1 − D_y(y))]: D_y learns to tell one-hot samples from the encoder's categories."""
    return losses.tell_apart(model.discriminator_y, batch["y_prior"], batch["y_code"], terms.get("r1"))


def generator_y_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E[log D_y(y)]: the encoder makes its categories one-hot, as frequent as p(y) has them."""
    return losses.generator_loss(model.discriminator_y(batch["y_code"]))


def classification_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−log y_label, mean over the labelled batch: cross-entropy, taken on logits."""
    return F.cross_entropy(model.encoder.logits(batch["x_in"]), batch["y"])


def consistency_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−Σ_k y_k(x) log y_k(x + noise), mean over images; y(x) is detached, the copy follows the image.

    No part of the AAE: the Π-model of Laine and Aila 2017 (arXiv 1610.02242), with cross-entropy as its distance.
    """
    y = model.encoder.logits(batch["x"]).softmax(1).detach()
    return F.cross_entropy(model.encoder.logits(batch["x_copy"]), y)


def virtual_loss(model: EncoderGivesCategory, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """KL(y(x) ‖ y(x + r)), x + r the neighbour at terms["length"] that differs the most in y. No part of the AAE."""
    return losses.virtual_adversarial_loss(model.encoder.logits, batch["x"], batch["direction"], terms["length"])
