"""Pictures of data (Makhzani et al. 2015, section 7): the decoder sees a place on a map, W_C y + z."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from ..arguments import number, seed, switch, takes
from ..optimizers import Adam, Optimizer
from ..priors import Prior, PriorLike
from ..priors.base import Mixture, Source
from .abilities import Abilities
from .category import EncoderGivesCategory, passing
from .phase import OPTIMIZER, Batch, Phase


class MapAAE(EncoderGivesCategory):
    r"""A map of the data: the decoder sees the place c = W_C y + z, d = 2.

    W_C (K, d), `cluster_heads`, is learned: row k is where category k sits, and z spreads around it. `encode` gives c,
    and `prior` is the prior of c: the prior of z around each head, a head as likely as its
    category (`class_shares`; equally by default).

    The phase `heads` moves them, and keeps them `apart` from each other; its loss is 0 once they are:

    .. math:: L_{\mathrm{heads}} = \sum_{i<j} \max(0, η - \lVert w_i - w_j \rVert)

    All other phases as in `SemiSupervisedAAE`.

    Parameters
    ----------
    image_shape, latent_dim, categories, **options
        As for `SemiSupervisedAAE`; latent_dim 2 and categories 20 by default.
    labelled : bool, default False
        Whether labels are used, as in `SemiSupervisedAAE`; if not, a category is a cluster, as in `ClusterAAE`.
    apart : float, default 6
        The distance η below which two heads push each other away, in the units of z.
    heads_optimizer : Adam or SGD, optional
        Of that phase; None: `Adam(1e-2)`, since heads have far to go.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> aae.MapAAE((1, 8, 8), categories=20).cluster_heads.shape
    torch.Size([20, 2])
    """

    @takes(
        labelled=switch(),
        apart=number(least=0, most=1e6),
        heads_optimizer=OPTIMIZER,
        seed=seed(),
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        *,
        categories: int = 20,
        labelled: bool = False,
        apart: float = 6.0,
        heads_optimizer: Optimizer | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        self.labelled, self.apart = labelled, apart
        self.heads_optimizer = heads_optimizer or Adam(1e-2)
        super().__init__(image_shape, latent_dim, categories=categories, seed=seed, **options)
        start = torch.Generator().manual_seed(-(2**61) - 1 - seed)
        self.cluster_heads = nn.Parameter(apart / 2 * torch.randn(self.categories, self.latent_dim, generator=start))

    @property
    def can(self) -> Abilities:
        # a map's D sees z, not the place that `encode` gives
        return dataclasses.replace(super().can, named_categories=self.labelled, heads=True, play=False)

    def set_prior(self, prior: PriorLike) -> None:
        """Take another prior of z, the spread around each head."""
        super().set_prior(prior.styles if isinstance(prior, RoundHeads) else prior)
        with self.lock:
            self._style_prior, self._prior = self._prior, RoundHeads(self, self._prior)

    @property
    def style_prior(self) -> Prior:
        return self._style_prior

    def phases(self) -> tuple[Phase, ...]:
        reconstruction, *others = super().phases()
        reconstruction = reconstruction.replace(updates=("encoder", "decoder", "cluster_heads"))
        apart = Phase(
            "heads",
            loss=heads_loss,
            updates=("cluster_heads",),
            optimizer=self.heads_optimizer,
            terms={"apart": self.apart},
        )
        return (reconstruction, apart, *others)

    def label_phases(self) -> tuple[Phase, ...]:
        return super().label_phases() if self.labelled else ()

    def codes(self, batch: Batch, through_y: float | None = None) -> Tensor:
        """c (N, d) = W_C y + z, with its gradient."""
        logits, z = self.encoder.both(batch["x_in"])
        y = logits.softmax(1)
        return (y if through_y is None else passing(y, through_y)) @ self.cluster_heads + z

    def decoded(self, batch: Batch, through_y: float | None = None) -> Tensor:
        return self.decoder(self.codes(batch, through_y))

    def styles(self, batch: Batch) -> Tensor:
        return self.encoder(batch["x_in"])


class RoundHeads(Mixture):
    """The prior of a map's places: c = w_k + z, k one of the K heads, z ~ p(z). It moves with the heads.

    Examples
    --------
    >>> import aae_lib as aae
    >>> aae.MapAAE((1, 8, 8), categories=20).prior
    RoundHeads(20 heads, Gaussian(dim=2, sigma=1.0))
    """

    capturable = False
    moves = True  # with training

    def __init__(self, model: MapAAE, styles: Prior) -> None:
        self._model, self.styles = model, styles

    @property
    def dim(self) -> int:
        return self._model.latent_dim

    @property
    def classes(self) -> int:
        return self._model.categories

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        heads = self._model.cluster_heads.detach().to(on["device"])
        return heads[self._draw_classes(n, labels, **on)] + self.styles.sample(n, **on)

    def _draw_classes(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        if self._model.class_shares is None:
            return super()._draw_classes(n, labels, **on)
        return self._model.category_prior.sample(n, labels=labels, **on).argmax(1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(c): c (n, d) -> (n,); needs a prior of z with log_prob."""
        if self._model.class_shares is None:
            return super().log_prob(z)
        return (self.class_log_prob(z) + z.new_tensor(self._model.class_shares).log()).logsumexp(1)

    def class_log_prob(self, z: Tensor) -> Tensor:
        """log p(c | k): c (n, d) -> (n, K); needs a prior of z with log_prob."""
        heads = self._model.cluster_heads.detach().to(z.device)
        return torch.stack([self.styles.log_prob(self._check_z(z) - head) for head in heads], 1)

    def __repr__(self) -> str:
        return f"RoundHeads({self.classes} heads, {self.styles!r})"

    def description(self) -> dict[str, Any]:
        """Of p(z): the heads are weights of the model."""
        return self.styles.description()


def heads_loss(model: MapAAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """Σ over pairs i < j of max(0, η − ‖w_i − w_j‖), η = terms["apart"]: linear in the distance that is missing."""
    w = model.cluster_heads
    squared = (w[:, None] - w[None]).square().sum(2)
    distance = (squared + 1e-12).sqrt()  # the root alone has no slope at 0
    return (terms["apart"] - distance).clamp(min=0).triu(1).sum()
