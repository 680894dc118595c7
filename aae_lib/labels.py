"""The models whose code has a category y beside the style z (paper, sections 4 to 7).

    SupervisedAAE      y given: the decoder sees label and style           one game, for z
    SemiSupervisedAAE  y from the encoder, some labels known               a game for z, one for y, and classification
    ClusterAAE         y from the encoder, no label known                  a game for z and one for y
    MapAAE             the decoder sees W_C y + z, a place on a map        as one of the two above, and heads kept apart

Each is the AAE with other phases. Shapes: images x (N, C, H, W) in [0, 1], styles z (N, d), categories y (N, K):
one-hot or shares of 1; labels (N,) int64 with -1 for "no label".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from . import losses
from .data import scale
from .models import AAE, tell_apart, with_prior_sample
from .networks import Discriminator, TwoHeads
from .optimizers import Adam, Optimizer
from .phases import Batch, Phase
from .priors import Categorical, Prior
from .priors.base import Mixture


class CategoryAAE(AAE):
    """What the four have in common: a decoder that sees a category y (N, categories) beside the style z (N, d).

    Beyond the arguments of `AAE` (but `classes`: here D is told nothing):
    categories  K, at least 2
    """

    named_categories = False  # whether category k is class k, as labels have told
    needs_labels = False  # whether an image can be reconstructed with its label only

    def __init__(self, image_shape: Sequence[int], latent_dim: int = 10, *, categories: int = 10, **options) -> None:
        if isinstance(categories, bool) or int(categories) != categories or categories < 2:
            raise ValueError(f"categories must be a whole number of at least 2; got {categories}.")
        if options.get("classes") is not None:
            raise ValueError("here the code holds the class and D is not told it: say categories=K, without classes.")
        self.categories = int(categories)
        self.category_prior = Categorical(self.categories)
        super().__init__(image_shape, latent_dim, **options)
        del self.settings["classes"], self.settings["label_share"]
        self.settings["categories"] = self.categories

    @property
    def decoder_width(self) -> int:
        return self.categories + self.latent_dim

    def one_hot(self, labels: Tensor) -> Tensor:
        """(N,) int64 -> (N, K) float32."""
        return F.one_hot(labels, self.categories).float()

    def check_data(self, stream: Any) -> None:
        """Refuse labels that this model cannot learn from, before training starts."""
        known = stream.labels[stream.labelled].unique().tolist()
        if not self.named_categories:
            return
        if known and known[-1] >= self.categories:
            raise ValueError(
                f"there is a label {known[-1]}, and with categories={self.categories} they run from 0 to "
                f"{self.categories - 1}."
            )
        if missing := sorted(set(range(self.categories)) - set(known)):
            raise ValueError(
                f"no image is labelled {', '.join(map(str, missing))}: a class that is never shown cannot be learned. "
                f"Label at least one image of each of the {self.categories} classes, or lower categories."
            )

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Styles z (N, d) and categories y, (N,) int64 or (N, K) shares -> images (N, C, H, W) in [0, 1]."""
        z = torch.as_tensor(z)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"styles must have shape (N, {self.latent_dim}); got {tuple(z.shape)}.")
        return self._images(torch.cat([self._category(y, len(z)).to(z.device), z.float()], 1))

    def _category(self, y: Tensor | None, n: int) -> Tensor:
        if y is None:
            raise ValueError("this decoder sees a category beside the style: decode(z, y) with y (N,) whole numbers.")
        y = torch.as_tensor(y)
        if y.shape == (n,) and not y.is_floating_point():
            if n and not 0 <= (low := int(y.min())) <= (high := int(y.max())) < self.categories:
                raise ValueError(f"categories run from 0 to {self.categories - 1}; got {low} to {high}.")
            return self.one_hot(y.long())
        if y.shape == (n, self.categories):
            return y.float()
        raise ValueError(
            f"categories y must be {n} whole numbers, or shares of shape ({n}, {self.categories}); got "
            f"{tuple(y.shape)} of {y.dtype}."
        )

    def sample(self, n: int, generator: Generator | None = None, labels: Tensor | None = None) -> Tensor:
        """n new images (n, C, H, W) in [0, 1]: decoded prior samples, of the given categories or of all evenly."""
        on = {"generator": generator, "device": self.device if generator is None else generator.device}
        z = self.prior.sample(n, **on)
        return self.decode(z, self.category_prior.sample(n, labels=labels, **on))


class SupervisedAAE(CategoryAAE):
    """The supervised AAE (paper, section 4): the decoder is told the label, so z need not hold it and keeps the style.

    Phases: reconstruction(encoder, decoder), discriminator, generator(encoder), as the AAE. All images need labels.
    """

    named_categories = needs_labels = True

    def check_data(self, stream: Any) -> None:
        super().check_data(stream)
        if n := len(stream.images) - len(stream.labelled):
            raise ValueError(f"{n} images have no label, and this decoder is told it: use a SemiSupervisedAAE.")

    def decoded(self, batch: Batch) -> Tensor:
        return self.decoder(torch.cat([self.one_hot(batch["y"]), self.codes(batch)], 1))

    def reconstruct(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """decode(encode(images), labels), labels (N,) int64."""
        if labels is None:
            raise ValueError("this decoder is told the label: reconstruct(images, labels).")
        return self.decode(self.encode(images), labels.to(self.device))


class SemiSupervisedAAE(CategoryAAE):
    """The semi-supervised AAE (paper, section 5): the *encoder* classifies, its category y goes on to the decoder.

    reconstruction                encoder, decoder        from y = softmax(logits) and z
    discriminator, generator      D; trunk and z head     the game that makes z look like prior samples
    discriminator_y, generator_y  D_y; trunk and y head   the game that makes y look one-hot, every category as often
    classification                trunk and y head        cross-entropy on labelled images, a batch of their own
    consistency (if asked for)    trunk and y head        an image and its noisy copy get the same category

    Beyond the arguments of `CategoryAAE`:
    classification_optimizer  of that phase; None: the reconstruction's
    r1_y                      weight of the gradient penalty in the game for y; None: as `r1`. A large one leaves y soft
    consistency               None (default, as in the paper): no such phase. Otherwise the standard deviation of the
                              pixel noise of the copies, say .5
    """

    named_categories = True

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 10,
        *,
        categories: int = 10,
        classification_optimizer: Optimizer | None = None,
        r1_y: float | None = None,
        consistency: float | None = None,
        **options,
    ) -> None:
        if consistency is not None and consistency <= 0:
            raise ValueError(f"consistency is the size of a noise and must be positive, or None; got {consistency}.")
        super().__init__(image_shape, latent_dim, categories=categories, **options)
        self.r1_y, self.consistency = self.r1 if r1_y is None else r1_y, consistency
        self.settings |= {"r1_y": r1_y, "consistency": consistency}
        self.classification_optimizer = classification_optimizer or self.optimizer
        self.discriminator_y = Discriminator(
            self.categories,
            self.settings["discriminator_hidden"],
            activation=self.settings["discriminator_activation"],
            weight_sd=self.settings["weight_sd"],
            generator=torch.Generator().manual_seed(-(2**62) - 1 - self.settings["seed"]),
        )

    def _make_encoder(self, *, posterior: str, noise_dim: int | None, **options) -> nn.Module:
        if posterior != "deterministic":
            raise ValueError('an encoder with two heads is deterministic here: leave posterior="deterministic".')
        return TwoHeads(self.image_shape, self.categories, self.latent_dim, self.hidden, **options)

    def phases(self) -> tuple[Phase, ...]:
        reconstruction, discriminator, generator = super().phases()
        game = (
            discriminator.replace(
                name="discriminator_y",
                draw=self.draw_y_game,
                share=share_categories,
                loss=discriminator_y,
                updates=("discriminator_y",),
                terms={} if self.r1_y is None else {"r1": self.r1_y},
            ),
            generator.replace(name="generator_y", loss=generator_y, updates=("encoder.trunk", "encoder.y_head")),
        )
        generator = generator.replace(updates=("encoder.trunk", "encoder.z_head"))
        return (reconstruction, discriminator, generator, *game, *self.label_phases(), *self.consistency_phases())

    def consistency_phases(self) -> tuple[Phase, ...]:
        """One phase, or none."""
        if self.consistency is None:
            return ()
        phase = Phase(
            "consistency", draw=self.draw_copies, loss=consistency, updates=("encoder.trunk", "encoder.y_head")
        )
        return (phase.replace(optimizer=self.classification_optimizer),)

    def label_phases(self) -> tuple[Phase, ...]:
        """The phases that use labels."""
        return (
            Phase(
                "classification",
                draw=self.draw_labelled,
                loss=classification,
                updates=("encoder.trunk", "encoder.y_head"),
                optimizer=self.classification_optimizer,
            ),
        )

    def draw_y_game(self, data: Any, generator: Generator) -> Batch:
        """As `draw_images`, and one-hot prior samples "y_prior" (N, K), every category equally likely."""
        batch = self.draw_images(data, generator)
        x = batch["x"]
        batch["y_prior"] = self.category_prior.sample(len(x), generator=generator, device=x.device)
        return batch

    def draw_copies(self, data: Any, generator: Generator) -> Batch:
        """The minibatch "x", and "x_copy", the same with noise of its own."""
        x, _ = data.minibatch()
        return {"x": x, "x_copy": x + self.consistency * torch.randn(x.shape, generator=generator, device=x.device)}

    def draw_labelled(self, data: Any, generator: Generator) -> Batch:
        """A batch of labelled images alone, drawn at random; an epoch is counted in all images, not in these."""
        return self.noisy(*data.labelled_batch(generator), generator)

    def decoded(self, batch: Batch) -> Tensor:
        logits, z = self.encoder.both(batch["x_in"])
        return self.decoder(torch.cat([logits.softmax(1), z], 1))

    def classify(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W), uint8 or floats in [0, 1] -> how likely each category is, (N, K), rows sum to 1."""

        def forward(rows: Tensor) -> Tensor:
            return self.encoder.logits(scale(rows)).softmax(1)

        return self._evaluate(forward, self._checked(images), (self.categories,))

    def reconstruct(self, images: Tensor) -> Tensor:
        """decode(encode(images), classify(images))."""
        return self.decode(self.encode(images), self.classify(images))


class ClusterAAE(SemiSupervisedAAE):
    """The clustering AAE (paper, section 6): the semi-supervised one without labels; a category is a cluster.

    Labels are never looked at, even where the data has them.
    """

    named_categories = False

    def label_phases(self) -> tuple[Phase, ...]:
        return ()


class MapAAE(SemiSupervisedAAE):
    """Pictures of data (paper, section 7): the decoder sees the place c = W_C y + z on a map, d = 2.

    W_C (K, d), `cluster_heads`, is learned: row k is where category k sits, and z spreads round it. `encode` gives c,
    and `prior` is the prior of c: round every head the prior of z, each head equally likely.

    heads  cluster_heads   keeps the heads `apart` from each other; its loss is 0 once they are
    All other phases as in SemiSupervisedAAE with labelled=True, as in ClusterAAE without (the default).

    Beyond the arguments of `SemiSupervisedAAE`:
    labelled         whether labels are used
    apart            the distance η below which two heads push each other away, in the units of z
    heads_optimizer  of that phase; None: Adam(1e-2), since heads have far to go
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        *,
        categories: int = 20,
        labelled: bool = False,
        apart: float = 6.0,
        heads_optimizer: Optimizer | None = None,
        **options,
    ) -> None:
        self.named_categories, self.apart = labelled, apart
        self.heads_optimizer = heads_optimizer or Adam(1e-2)
        super().__init__(image_shape, latent_dim, categories=categories, **options)
        self.settings |= {"labelled": labelled, "apart": apart}
        start = torch.Generator().manual_seed(-(2**61) - 1 - self.settings["seed"])
        self.cluster_heads = nn.Parameter(apart / 2 * torch.randn(self.categories, latent_dim, generator=start))

    @property
    def decoder_width(self) -> int:
        return self.latent_dim

    def set_prior(self, prior: Any) -> None:
        """Take another prior of z, the spread round each head."""
        super().set_prior(prior.styles if isinstance(prior, RoundHeads) else prior)
        self.style_prior = self.prior
        self.prior = RoundHeads(self)

    def phases(self) -> tuple[Phase, ...]:
        reconstruction, *others = super().phases()
        reconstruction = reconstruction.replace(updates=("encoder", "decoder", "cluster_heads"))
        apart = Phase(
            "heads",
            loss=heads_apart,
            updates=("cluster_heads",),
            optimizer=self.heads_optimizer,
            terms={"apart": self.apart},
        )
        return (reconstruction, apart, *others)

    def label_phases(self) -> tuple[Phase, ...]:
        return super().label_phases() if self.named_categories else ()

    def draw_game(self, data: Any, generator: Generator) -> Batch:
        """As `draw_images`, and samples "z_prior" (N, d) of the prior of z."""
        return with_prior_sample(self.style_prior, self.draw_images(data, generator), generator)

    def codes(self, batch: Batch) -> Tensor:
        """c (N, d) = W_C y + z, with its gradient."""
        logits, z = self.encoder.both(batch["x_in"])
        return logits.softmax(1) @ self.cluster_heads + z

    def styles(self, batch: Batch) -> Tensor:
        return self.encoder(batch["x_in"])

    decoded = AAE.decoded  # from c alone

    def decode(self, z: Tensor) -> Tensor:
        """Places c (N, d) on the map -> images (N, C, H, W) in [0, 1]."""
        return AAE.decode(self, z)

    def reconstruct(self, images: Tensor) -> Tensor:
        """decode(encode(images))."""
        return AAE.reconstruct(self, images)

    def sample(self, n: int, generator: Generator | None = None, labels: Tensor | None = None) -> Tensor:
        """n new images (n, C, H, W) in [0, 1]: decoded places round the heads of the given categories, or of all."""
        return AAE.sample(self, n, generator, labels)


class RoundHeads(Mixture):
    """The prior of a map's places: c = w_k + z, k one of the K heads, z ~ p(z). It moves with the heads."""

    capturable = False
    moves = True  # with training

    def __init__(self, model: MapAAE) -> None:
        self._model = model

    @property
    def dim(self) -> int:
        return self._model.latent_dim

    @property
    def classes(self) -> int:
        return self._model.categories

    @property
    def styles(self) -> Prior:
        return self._model.style_prior

    def _draw(self, n: int, labels: Tensor | None, **on: Any) -> Tensor:
        heads = self._model.cluster_heads.detach().to(on["device"])
        return heads[self._draw_classes(n, labels, **on)] + self.styles.sample(n, **on)

    def class_log_prob(self, z: Tensor) -> Tensor:
        """log p(c | k): c (n, d) -> (n, K); needs a prior of z with log_prob."""
        heads = self._model.cluster_heads.detach().to(z.device)
        return torch.stack([self.styles.log_prob(self._check_z(z) - head) for head in heads], 1)

    def __repr__(self) -> str:
        return f"RoundHeads({self.classes} heads, {self.styles!r})"

    def settings(self) -> dict[str, Any]:
        """Of p(z): the heads are weights of the model."""
        return self.styles.settings()


# ---- the losses of the phases: pure functions of (model, batch, terms) ----


def share_categories(model: SemiSupervisedAAE, batch: Batch) -> Batch:
    """One encoder pass for both players of the game for y."""
    return {"y_code": model.encoder.logits(batch["x_in"]).softmax(1)}


def discriminator_y(model: SemiSupervisedAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """D_y learns to tell one-hot prior samples from the encoder's categories, which are detached."""
    return tell_apart(model.discriminator_y, batch["y_prior"], batch["y_code"], terms)


def generator_y(model: SemiSupervisedAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E[log D_y(y)]: the encoder makes its categories one-hot, and all equally frequent."""
    return losses.generator_loss(model.discriminator_y(batch["y_code"]))


def classification(model: SemiSupervisedAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−log y_label, mean over the labelled batch: cross-entropy, taken on logits."""
    return F.cross_entropy(model.encoder.logits(batch["x_in"]), batch["y"])


def consistency(model: SemiSupervisedAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−Σ_k y_k(x) log y_k(x + noise), mean over images; y(x) is detached, the copy follows the image.

    No part of the AAE: the Π-model of Laine and Aila 2017 (arXiv 1610.02242), with cross-entropy as its distance.
    """
    y = model.encoder.logits(batch["x"]).softmax(1).detach()
    return F.cross_entropy(model.encoder.logits(batch["x_copy"]), y)


def heads_apart(model: MapAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """Σ over pairs i < j of max(0, η − ‖w_i − w_j‖), η = terms["apart"]: linear in the distance that is missing."""
    w = model.cluster_heads
    squared = (w[:, None] - w[None]).square().sum(2)
    distance = (squared + 1e-12).sqrt()  # the root alone has no slope at 0
    return (terms["apart"] - distance).clamp(min=0).triu(1).sum()
