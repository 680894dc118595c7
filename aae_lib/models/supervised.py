"""The supervised AAE (Makhzani et al. 2015, section 4): the decoder is told the label, so z keeps the style."""

import dataclasses

import torch
from torch import Tensor

from ..data import Minibatches
from .category import DecoderSeesCategory
from .model import Abilities
from .phase import Batch


class SupervisedAAE(DecoderSeesCategory):
    """The supervised AAE: reconstruction(encoder, decoder), discriminator, generator(encoder), as the AAE.

    The decoder sees the label as well as z, so z need not hold it. All images need labels.

    Parameters
    ----------
    image_shape, latent_dim, categories, class_shares, **options
        As for `AAE`, without `classes`; latent_dim (default 10) is the length of the style z, categories (default 10)
        the number of classes, class_shares (default None: equal ones) how frequent each is in `sample`.

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
    """

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, named_categories=True, need_labels=True)

    def prepare(self, minibatches: Minibatches) -> None:
        super().prepare(minibatches)
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
