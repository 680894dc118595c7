"""The semi-supervised AAE (Makhzani et al. 2015, section 5): the *encoder* classifies."""

import dataclasses

import torch
from torch import Tensor

from .abilities import Abilities
from .category import DecoderSeesCategory, EncoderGivesCategory, passing
from .phase import Batch


class SemiSupervisedAAE(DecoderSeesCategory, EncoderGivesCategory):
    r"""The semi-supervised AAE: the encoder gives a category y and a style z, the decoder sees both.

    - reconstruction (encoder and decoder): from y = softmax(logits) and z;
    - discriminator, generator (D; trunk and z head): the game that makes z look like prior samples;
    - discriminator_y, generator_y (D_y; trunk and y head): the game that makes y one-hot, each category with its share;
    - classification (trunk and y head): cross-entropy on labelled images, a batch of their own;
    - consistency, if asked for (trunk and y head): an image and its noisy copy get the same category;
    - virtual, if asked for (trunk and y head): so do an image and the worst of its neighbours.

    .. math::
        L_{\mathrm{classification}} &= -\log y_{\mathrm{label}} \\
        L_{\mathrm{consistency}} &= -\sum_k y_k(x) \log y_k(x + \mathrm{noise})

    In the second, y(x) is held fixed. For the last phase see `aae_lib.losses.virtual_adversarial_loss`.

    Parameters
    ----------
    image_shape, latent_dim, categories, class_shares, **options
        As for `AAE`, without `classes`; latent_dim (default 10) is the length of the style z, categories (default 10)
        the number of classes, class_shares (default None: equal ones) how frequent each is, see `CategoryAAE`.
    classification_optimizer, r1_y, consistency, virtual, y_game_from, y_reconstructs_from, virtual_from
        See `EncoderGivesCategory`, and there why the game for y may have to wait.

    Raises
    ------
    ValueError
        As `AAE`, for fewer than 2 categories, a posterior that is not deterministic, a consistency of 0 or less.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> model = aae.SemiSupervisedAAE((1, 8, 8), categories=10)
    >>> model.classify(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 10])
    """

    @property
    def can(self) -> Abilities:
        return dataclasses.replace(super().can, named_categories=True)

    def decoded(self, batch: Batch, through_y: float | None = None) -> Tensor:
        logits, z = self.encoder.both(batch["x_in"])
        y = logits.softmax(1)
        return self.decoder(torch.cat([y if through_y is None else passing(y, through_y), z], 1))

    def reconstruct(self, images: Tensor) -> Tensor:
        """decode(encode(images), classify(images))."""
        with self.lock:
            return self.decode(self.encode(images), self.classify(images))
