"""Images: as they are kept, as networks take them, and what is refused.

They stay as they are stored, as uint8, in memory or in their file; `scale` turns a batch into floats when it is used.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ..arguments import as_tensor, shown
from .describe import span
from .layout import rounded_range
from .ondisk import OnDisk, parts


def as_images(images: Any) -> Tensor:
    """Images, or points, as they are kept: a tensor (N, ...) of uint8 or float32, or what stays on the disk.

    Parameters
    ----------
    images : tensor, array or OnDisk
        Of uint8, or of floats of any size.

    Returns
    -------
    tensor or OnDisk
        The same numbers.

    Raises
    ------
    ValueError
        For anything else, since the range of other types is anyone's guess.

    Examples
    --------
    >>> as_images(torch.zeros(3, 1, 8, 8).double()).dtype
    torch.float32
    """
    if isinstance(images, OnDisk):
        return cast(Tensor, images)
    images = as_tensor("images", images)
    if images.is_meta or images.ndim < 2 or not (images.dtype == torch.uint8 or images.is_floating_point()):
        raise ValueError(
            f"images must be (N, ...) of uint8 (0 to 255) or floats (0 to 1); got {shown(images)}: convert them, or "
            "write data = aae.data.from_arrays(images, labels)."
        )
    return images if images.dtype == torch.uint8 else images.float()


def scale(images: Tensor) -> Tensor:
    """Images as the networks take them: uint8 divided by 255, x / 255; floats pass unchanged.

    Parameters
    ----------
    images : tensor
        Any shape; uint8 from 0 to 255, or floats (images in [0, 1], or points).

    Returns
    -------
    tensor
        The same shape; float32 if it was uint8.

    Raises
    ------
    TypeError
        For any other type, whose range is anyone's guess.

    Examples
    --------
    >>> import torch
    >>> scale(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    if images.dtype == torch.uint8:
        return images.float().div_(255)
    if images.is_floating_point():
        return images
    raise TypeError(f"scale takes uint8 images (0 to 255) or floats (0 to 1), not {images.dtype}; convert them first.")


def check_shape(images: Tensor | OnDisk, image_shape: Sequence[int]) -> None:
    """Refuse images (N, ...) of another shape than the model's.

    Raises
    ------
    ValueError
        With both shapes and what to do.

    Examples
    --------
    >>> check_shape(torch.zeros(3, 1, 8, 8), (1, 8, 8))
    """
    wanted, found = tuple(image_shape), tuple(images.shape[1:])
    if found == wanted:
        return
    if len(found) == 3 and (found[2], *found[:2]) == wanted:
        do = "their channels come last: write aae.data.from_arrays(images, channels='last')"
    elif (1, *found) == wanted:
        do = "write images[:, None]"
    else:
        do = f"make the model for them, as in aae.AAE({found})"
    raise ValueError(f"this model takes images (N, {str(wanted)[1:]}; got {tuple(images.shape)}: {do}.")


def check_values(images: Tensor | OnDisk, low: float, high: float) -> None:
    """Refuse images (N, ...) with NaN, or with numbers outside low to high, by the first one's number.

    Raises
    ------
    ValueError
        With the image's number, its range and what to do.

    Examples
    --------
    >>> check_values(torch.zeros(3, 1, 8, 8), 0, 1)
    """
    if images.dtype == torch.uint8:
        return
    start = 0
    for part in parts(images):
        smallest, largest = part.aminmax()  # both NaN if there is one
        if not bool((smallest >= low) & (largest <= high) & smallest.isfinite() & largest.isfinite()):
            break
        start += len(part)
    else:
        return
    rows = part.flatten(1)
    first = int(((rows >= low) & (rows <= high) & rows.isfinite()).all(1).logical_not().nonzero()[0])
    if not rows[first].isfinite().all():
        raise ValueError(f"image {start + first} holds NaN or infinity: leave it out, or correct it.")
    meant = rounded_range(*span(images))
    raise ValueError(
        f"image {start + first} has values from {rows[first].min():g} to {rows[first].max():g}, and floats must lie in "
        f"[{low:g}, {high:g}]: write aae.data.from_arrays(images, value_range={meant}), or pass uint8 (0 to 255) as "
        'it is; any real numbers can be learned by a model with likelihood="gaussian".'
    )


def digests(images: Tensor | OnDisk) -> set[bytes]:
    """A few bytes for each image, which are the same only for the same image."""
    rows = (row for part in parts(images) for row in part.cpu().numpy())
    return {hashlib.blake2b(row.tobytes(), digest_size=12).digest() for row in rows}
