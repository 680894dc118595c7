"""Any sample as a picture: images by their range of values, vectors as bars or as a line."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool1d, interpolate, pad

from ..data import Standard, scale
from ..metrics.checks import FROM_WHERE, finite, standard_of, tensor
from ..models import Model

HEIGHT, WIDTH = 42, 58  # of a vector's picture, in pixels, without its frame
BARS = 32  # numbers, at most, that are drawn as bars
FAR = 5.0  # standard deviations beyond the means to which a line's picture reaches, at most
SPREAD = 3.0  # standard deviations from the middle of a picture of bars to its edge


def drawn(images: Any, model: Model | None = None, name: str = "images") -> Tensor:
    """Pictures of samples, each a sheet to look at.

    Images keep their pixels, black the lowest value and white the highest. A vector of up to 32 numbers is drawn as
    bars, each in standard deviations from its mean (up to ±3); a longer one as a line, over the range of its values;
    with a model, over that of its training data, as far as 5 standard deviations beyond the means.

    Parameters
    ----------
    images : tensor
        (N, 1 or 3, H, W) or (N, D), D at least 3; uint8, or floats.
    model : Model, optional
        Whose training data say what the range, the means and the standard deviations are. None: images have the range
        0 to 1 or, if they leave it, their own; vectors are measured by each other.
    name : str
        What errors call the samples.

    Returns
    -------
    tensor
        (N, C, H, W) float32 in [0, 1], where the samples are.

    Raises
    ------
    ValueError
        For any other shape, for none at all, and for numbers that are not finite.

    Examples
    --------
    >>> drawn(torch.rand(3, 500)).shape
    torch.Size([3, 1, 48, 64])
    """
    images = tensor(images, name)
    if not drawable(images.shape[1:]):
        hint = {3: "of one image, draw image[None]", 2: "points in the plane are drawn by aae.plots.points"}
        raise ValueError(
            f"{name}: a grid needs images of shape (N, 1 or 3, H, W) or vectors (N, D), and these have "
            f"{tuple(images.shape)}: {hint.get(images.ndim, 'put them into that order')}."
        )
    if images.numel() == 0:
        raise ValueError(f"{name}: there are no images here to draw; the shape is {tuple(images.shape)}.")
    images = finite(scale(images), f"the {len(images)} {name}", FROM_WHERE)
    standard = None if model is None else standard_of(model)
    if images.ndim == 2 and images.shape[1] <= BARS:
        return _bars((standard or Standard.of(images)).to(images.device).apply(images))
    low, high = _range(images) if model is None else getattr(model, "value_range", (0.0, 1.0))
    if standard is not None and images.ndim == 2:  # a single outlier would press all lines flat
        low = max(low, float((standard.mean - FAR * standard.sd).min()))
        high = min(high, float((standard.mean + FAR * standard.sd).max()))
    images = (images - low) / (high - low)
    return images.clamp(0, 1) if images.ndim == 4 else _line(images)


def drawable(shape: Sequence[int]) -> bool:
    """Whether samples of this shape make pictures: images, grey or in colour, and vectors of three numbers or more.

    Examples
    --------
    >>> drawable((1, 8, 8)), drawable((4, 8, 8)), drawable((2,))
    (True, False, False)
    """
    return shape[0] in (1, 3) if len(shape) == 3 else len(shape) == 1 and shape[0] > 2


def _range(images: Tensor) -> tuple[float, float]:
    low, high = (float(end) for end in images.aminmax())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _bars(deviations: Tensor) -> Tensor:
    """Bars up and down from the middle, (N, D) standard deviations -> (N, 1, H, W), black on white."""
    wide = max(2, WIDTH // deviations.shape[1])
    height = deviations.repeat_interleave(wide, 1)[:, None] / SPREAD  # (N, 1, W)
    y = torch.linspace(1, -1, HEIGHT, device=height.device)[:, None]  # (H, 1), of the rows
    ink = (y * height.sign() >= 0) & (y.abs() <= height.abs().clamp_min(1 / HEIGHT))
    ink[..., ::wide] = False  # a gap between two bars
    return _framed((~ink).float())


def _line(heights: Tensor) -> Tensor:
    """A line through heights (N, D), 0 the lower edge and 1 the upper -> (N, 1, H, W), black on white.

    A column of pixels is inked from the lowest to the highest value within it, so that no peak is lost.
    """
    strokes = heights.shape[1] - 1
    strokes *= -(-WIDTH // strokes)  # as many for each number, and one or more a column
    fine = interpolate(heights[:, None].clamp(0, 1), strokes + 1, mode="linear", align_corners=True)
    top = adaptive_max_pool1d(torch.maximum(fine[..., 1:], fine[..., :-1]), WIDTH)  # (N, 1, W)
    bottom = -adaptive_max_pool1d(-torch.minimum(fine[..., 1:], fine[..., :-1]), WIDTH)
    y = torch.linspace(1, 0, HEIGHT, device=heights.device)[:, None]
    away = torch.maximum(bottom - y, y - top) * (HEIGHT - 1)  # (N, H, W), in pixels
    return _framed(away.clamp(0, 1))


def _framed(sheets: Tensor) -> Tensor:
    """(N, H, W) -> (N, 1, H + 6, W + 6), in a thin grey frame."""
    return pad(pad(sheets, (2, 2, 2, 2), value=1.0), (1, 1, 1, 1), value=0.85)[:, None]
