"""What a model can do besides being trained."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Abilities:
    """What a model can do besides being trained; its class states it as `can`.

    Parameters
    ----------
    encode : bool
        encode(images) -> codes (N, d).
    decode : bool
        decode(z) -> images.
    classify : bool
        classify(images) -> (N, K), how likely each category is.
    categories : int or None
        K where the code has a category y.
    named_categories : bool
        Whether category k is class k, as labels have told.
    see_category : bool
        Whether the decoder needs the category as well as the code: decode(z, y).
    need_labels : bool
        Whether an image can only be reconstructed with its label: reconstruct(images, labels).
    heads : bool
        `cluster_heads` (K, d): a place on the map for each category.
    play : bool
        Whether `discriminator(z)` is asked about the very codes that `encode` gives.
    told_classes : int or None
        K where the discriminator is told a label of K classes.
    pull : bool
        Whether losses ask `encoder(x, noise)` for codes, so that each code's slope can be drawn (not a VAE's).
    add_noise : bool
        `input_noise`: standard deviation of the noise on what the encoder sees, which may be changed between steps.

    Examples
    --------
    >>> import aae_lib as aae
    >>> aae.MapAAE((1, 8, 8), categories=20).can.categories
    20
    """

    encode: bool = False
    decode: bool = False
    classify: bool = False
    categories: int | None = None
    named_categories: bool = False
    see_category: bool = False
    need_labels: bool = False
    heads: bool = False
    play: bool = False
    told_classes: int | None = None
    pull: bool = False
    add_noise: bool = False
