"""What an array of images is: where its channels are, which numbers it holds, and how they are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import check_unmasked, shown
from .ondisk import NUMBERS, let_go

STEPS = 100  # of float32, which the sd of a column should span
TOO_FINE = (
    "varies by less than float32 can tell apart at its size: subtract its mean first (for times, the first time)."
)
COLOURS = (1, 3, 4)  # channels of a picture: grey, colour, colour with transparency


@dataclass(frozen=True)
class Reading:
    """How rows of an array become images: called with an array (n, ...), it gives a tensor (n, C, H, W) or (n, D).

    Parameters
    ----------
    axes : str
        "vectors" (n, D), "grey" (n, H, W), "first" (n, C, H, W) or "last" (n, H, W, C).
    whole : bool
        Whether the numbers stay whole, as uint8; else they are float32.
    value_range : tuple of float, optional
        (low, high) is mapped to [0, 1].
    """

    axes: str
    whole: bool
    value_range: tuple[float, float] | None = None

    def __call__(self, rows: np.ndarray) -> Tensor:
        if self.value_range:
            low, high = self.value_range
            rows = np.clip((rows.astype(np.float64) - low) / (high - low), 0, 1)
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and told
            rows = rows.astype(np.uint8 if self.whole else np.float32, copy=False)
        if self.axes == "grey":
            rows = rows[:, None]
        if self.axes == "last":
            rows = rows.transpose(0, 3, 1, 2)
        return torch.from_numpy(np.ascontiguousarray(rows))


def as_array(images: Any) -> np.ndarray:
    """Images of any make as an array (N, ...) of real numbers, a memmap as it is; ValueError for anything else."""
    if isinstance(images, Tensor):
        images = images.detach().cpu().to_dense() if not images.is_meta else None
        images = images.float() if images is not None and images.dtype == torch.bfloat16 else images
        images = images.numpy() if images is not None else None
    check_unmasked("images", images)
    try:
        array = images if isinstance(images, np.ndarray) else np.asarray(images)
    except Exception:
        arrays = [image for image in images if isinstance(image, np.ndarray)] if isinstance(images, list) else []
        sizes = sorted({array.shape for array in arrays})
        told = f"they have the sizes {sizes[0]}, {sizes[1]}, ...: " if len(sizes) > 1 else ""
        raise ValueError(f"images must be one array, all of the same size: {told}crop or resize them first.") from None
    if array.ndim < 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            "images must be an array of numbers, (N, H, W), (N, C, H, W) or (N, H, W, C), or vectors (N, D); got "
            f"{shown(array if array.ndim else images)}."
        )
    if not array.size:
        raise ValueError(f"there are no images here: the shape is {array.shape}.")
    return array


def axes_of(shape: tuple[int, ...], channels: str | None) -> str:
    """Which axes these are, for `Reading`; ValueError where nobody can know and `channels` does not say it."""
    if len(shape) not in (2, 3, 4):
        raise ValueError(
            "images must be (N, H, W), (N, C, H, W) or (N, H, W, C), or vectors (N, D), and these have the shape "
            f"{shape}: reshape them, e.g. images.reshape(len(images), -1) for vectors."
        )
    if len(shape) < 4:
        if channels is not None:
            raise ValueError(
                f"channels={channels!r} is for images with four axes, and these have {shape}: leave it out."
            )
        return "vectors" if len(shape) == 2 else "grey"
    if channels is not None:
        return channels
    first, last = shape[1] in COLOURS, shape[3] in COLOURS
    if first == last:
        raise ValueError(
            f"images of shape {shape} may be (N, C, H, W) or (N, H, W, C): write channels='first' or channels='last'."
        )
    return "first" if first else "last"


def reading_of(array: np.ndarray, channels: str | None, value_range: tuple[float, float] | None) -> Reading:
    """How this array is read, once all its numbers have been looked at; ValueError for what cannot be learned from."""
    axes = axes_of(array.shape, channels)
    whole = array.dtype == np.uint8 or (array.dtype.kind in "iu" and axes != "vectors")
    if value_range is not None:
        _check_range(array, *value_range)
    elif axes == "vectors" and not whole:  # measurements; of uint8 they are pictures in a row
        _check_columns(array)
    elif whole:
        _check_whole(array)
    elif array.dtype.kind == "f":
        _check_finite(array)
    return Reading(axes, value_range is None and whole, value_range)


def too_fine(array: np.ndarray) -> list[int]:
    """The columns of vectors (N, D) in which float32 cannot tell the rows apart: far from 0, and hardly spread."""
    origin = array[0].astype(np.float64)
    first, second, most = np.zeros_like(origin), np.zeros_like(origin), np.abs(origin)
    for _, rows in _chunks(array):
        away = rows.astype(np.float64) - origin
        first, second = first + away.sum(0), second + np.square(away).sum(0)
        most = np.maximum(most, np.abs(rows).max(0))
    variance = second / len(array) - np.square(first / len(array))
    step = most * np.finfo(np.float32).eps
    return np.flatnonzero((variance > 0) & (variance < np.square(STEPS * step))).tolist()


def rounded_range(low: float, high: float) -> tuple[float, float]:
    """A range that someone may have meant by numbers from low to high: [-1, 1], [0, 255], or rounded outwards.

    Examples
    --------
    >>> rounded_range(-0.98, 0.99), rounded_range(0, 254), rounded_range(0.3, 12.71)
    ((-1, 1), (0, 255), (0, 13))
    """
    for known in ((0, 1), (-1, 1)):
        if known[0] <= low and high <= known[1]:
            return known
    for bits in (8, 12, 16):
        if low >= 0 and 0.75 * 2**bits <= high <= 2**bits - 1:
            return 0, 2**bits - 1
    unit = 10.0 ** (math.floor(math.log10(max(abs(low), abs(high)))) - 1)  # two digits
    bounds = (0 if 0 <= low < high / 2 else math.floor(low / unit) * unit), math.ceil(high / unit) * unit
    return tuple(int(b) if b == int(b) else float(f"{b:.3g}") for b in bounds)  # type: ignore[return-value]


def _chunks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(row, (n, D)) from there on, few enough at a time that memory is never a question."""
    n = max(1, NUMBERS // (array.size // len(array)))
    for start in range(0, len(array), n):
        rows = np.asarray(array[start : start + n])
        yield start, rows.reshape(len(rows), -1)
        let_go(array)


def _span(array: np.ndarray) -> tuple[float, float]:
    spans = [(float(rows.min()), float(rows.max())) for _, rows in _chunks(array)]
    return min(low for low, _ in spans), max(high for _, high in spans)


def _check_finite(array: np.ndarray) -> None:
    most = np.finfo(np.float32).max
    for start, rows in _chunks(array):
        with np.errstate(invalid="ignore"):
            odd = ~((rows >= -most) & (rows <= most)).all(1)
        if odd.any():
            one = rows[odd.argmax()]
            found = (
                "NaN" if np.isnan(one).any() else "infinity" if np.isinf(one).any() else "more than float32 can hold"
            )
            raise ValueError(
                f"image {start + odd.argmax()} holds {found}: leave it out, e.g. by "
                "images[np.isfinite(images.reshape(len(images), -1)).all(1)], or correct it."
            )


def _check_columns(array: np.ndarray) -> None:
    """Of vectors."""
    if array.dtype.kind == "f":
        _check_finite(array)
    if array.dtype.itemsize > 4 and (fine := too_fine(array)):
        raise ValueError(f"column {fine[0]} of the vectors {TOO_FINE}")


def _check_whole(array: np.ndarray) -> None:
    """uint8, or whole numbers that fit into it; not only 0 and 1, which would be black."""
    if array.dtype == np.uint8 and any(rows.max() > 1 for _, rows in _chunks(array)):
        return
    low, high = _span(array)
    if low < 0 or high > 255:
        low_meant, high_meant = rounded_range(low, high)
        raise ValueError(
            f"images are whole numbers ({array.dtype}) from {low:.0f} to {high:.0f}, and only 0 to 255 are taken as "
            f"they are: write value_range=({low_meant}, {high_meant}) to map them to [0, 1], or "
            "images.astype('float32') to keep them."
        )
    if low == high:
        raise ValueError(f"every number of the images is {low:.0f}: there is nothing to learn from them.")
    if high <= 1:
        raise ValueError(
            f"images are whole numbers ({array.dtype}) from {low:.0f} to {high:.0f}, nearly black compared with 255: "
            "write value_range=(0, 1)."
        )


def _check_range(array: np.ndarray, low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"value_range must be (low, high) with low below high; got ({low:g}, {high:g}).")
    if array.dtype.kind == "f":
        _check_finite(array)
    for start, rows in _chunks(array):
        odd = ~((rows >= low) & (rows <= high)).all(1)
        if odd.any():
            one, (least, most) = rows[odd.argmax()], _span(array)
            meant = rounded_range(least, most)
            raise ValueError(
                f"image {start + odd.argmax()} has values from {one.min():g} to {one.max():g}, outside "
                f"value_range=({low:g}, {high:g}); all lie from {least:g} to {most:g}: write value_range={meant}."
            )
