"""The supervised AAE (Makhzani et al. 2015, section 4): the decoder is told the label, so z keeps the style."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..arguments import switch, takes
from ..data import Minibatches
from ..networks import Discriminator
from .abilities import Abilities
from .category import DecoderSeesCategory
from .phase import Batch


class SupervisedAAE(DecoderSeesCategory):
    """The supervised AAE: reconstruction(encoder, decoder), discriminator, generator(encoder), as the AAE.

    The decoder sees the label as well as z, so z need not hold it. All images need labels.

    Parameters
    ----------
    image_shape, latent_dim, categories, class_shares, **options
        As for `AAE`, without `classes`; latent_dim (default 10) is the length of the style z, categories (default 10)
        the number of classes, class_shares (default None: equal ones) how frequent each is in `sample`.
    condition_discriminator : bool, default False
        Whether D is told the label as well, of codes and of prior samples, which are of one prior for all classes:
        D(z, y). The game is then for q(z | y) = p(z) of every class, so that z is independent of y where it succeeds.
        False (as in the paper): for q(z) = p(z), which the classes may share out between them.

    Raises
    ------
    ValueError
        As `AAE`, and for fewer than 2 categories.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> model = aae.SupervisedAAE((1, 8, 8), latent_dim=2, categories=10)
    >>> model.decode(torch.zeros(3, 2), torch.tensor([0, 4, 9])).shape
    torch.Size([3, 1, 8, 8])
    >>> aae.SupervisedAAE((1, 8, 8), categories=10, condition_discriminator=True).can.told_classes
    10
    """

    @takes(condition_discriminator=switch())
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 10,
        *,
        condition_discriminator: bool = False,
        **options: Any,
    ) -> None:
        self.condition_discriminator = condition_discriminator
        super().__init__(image_shape, latent_dim, **options)

    def _make_discriminator(self, width: int, seed: int, classes: int | None = None) -> Discriminator:
        return super()._make_discriminator(width, seed, self.categories if self.condition_discriminator else None)

    @property
    def can(self) -> Abilities:
        told = self.categories if self.condition_discriminator else None
        return dataclasses.replace(super().can, named_categories=True, need_labels=True, told_classes=told)

    def label_of(self, batch: Batch) -> Tensor | None:
        return batch["y"] if self.condition_discriminator else None

    def check_data(self, minibatches: Minibatches) -> None:
        super().check_data(minibatches)
        if n := len(minibatches.images) - len(minibatches.labelled):
            raise ValueError(f"{n} images have no label, and this decoder is told it: use a SemiSupervisedAAE.")

    def decoded(self, batch: Batch) -> Tensor:
        return self.decoder(torch.cat([self.one_hot(batch["y"]), self.codes(batch)], 1))

    def reconstruct(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """decode(encode(images), labels), labels (N,) int64."""
        if labels is None:
            raise ValueError("this decoder is told the label: reconstruct(images, labels).")
        with self.lock:
            return self.decode(self.encode(images), labels)
