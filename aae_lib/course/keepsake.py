"""The picture at the end of lesson 00: a model's whole plane as a poster, and in its middle a number of your own."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor
from torch.nn import functional

from ..arguments import Kind, takes, text
from ..arguments import seed as seeds
from ..models import Model
from ..plots import common
from ..plots.picture import Picture

HOLE, RIM = 1.2, 4.1  # the innermost and the outermost circle, in the plane's own units
UNIT, STEP = 94, 20  # pixels of one unit, and from one image to the next: they overlap a little
SIZE = 820  # pixels
GROUND = np.array([0.055, 0.065, 0.085])


def _digits(value: Any) -> str:
    digits = text().take(value)
    if not all(c in "0123456789 ./-" for c in digits) or len(digits) > 10 or not any(c.isdecimal() for c in digits):
        raise ValueError
    return digits


NUMBER = Kind('a text of up to ten characters, digits and " ./-", such as "2026" or "14/07"', _digits)


@takes(number=NUMBER, seed=seeds())
def poster(model: Model, number: str, seed: int = 0) -> Picture:
    """Every place of the plane decoded where it lies, and in the ring's middle a number in a hand that nobody has.

    Parameters
    ----------
    model : Model
        With a two-dimensional ring of ten as its prior, an arm for each digit: `pretrained.load("ring")`.
    number : str
        Up to ten digits; " ./-" may stand between them.
    seed : int
        Of the hand: where in its arm each digit is drawn.

    Returns
    -------
    Picture
        A square.

    Raises
    ------
    ValueError
        For a number with other characters.
    """
    circles = torch.arange(HOLE, RIM + 0.01, STEP / UNIT)
    z = torch.cat([_circle(r, round(2 * math.pi * float(r) * UNIT / STEP)) for r in circles])
    hue = torch.atan2(z[:, 1], z[:, 0]) / (2 * math.pi) % 1
    tints = colormaps["hsv"](hue.numpy())[:, :3] * 0.6 + 0.4  # by direction, softened
    canvas = np.tile(GROUND, (SIZE, SIZE, 1))
    places = (SIZE / 2 + UNIT * z * torch.tensor([1.0, -1.0])).round().int().tolist()
    for place, image, tint in zip(places, model.decode(z)[:, 0], tints, strict=True):
        _lay(canvas, image, tint, place)
    _write(canvas, model, number, seed)
    figure, (ax,) = common.blank(figsize=(SIZE / 110, SIZE / 110))
    figure.set_facecolor(tuple(GROUND))
    ax.imshow(canvas.clip(0, 1), interpolation="nearest")
    ax.set_axis_off()
    figure.alt = f"A ring of handwritten digits that change into each other, coloured by direction; inside it {number}."
    return figure


def _circle(radius: Tensor, n: int) -> Tensor:
    """n places on a circle, (n, 2)."""
    turns = torch.arange(n) / n * 2 * math.pi
    return radius * torch.stack([turns.cos(), turns.sin()], 1)


def _lay(canvas: np.ndarray, image: Tensor, tint: np.ndarray, middle: Sequence[int]) -> None:
    """Lay an image as ink of this colour; where two meet, the brighter one is seen."""
    ink = ((image - 0.2) * 1.5).clamp(0, 1).numpy()[..., None]  # a pen rather than a pencil
    left, top = middle[0] - image.shape[1] // 2, middle[1] - image.shape[0] // 2
    part = canvas[top : top + image.shape[0], left : left + image.shape[1]]
    np.maximum(part, GROUND + ink * (tint - GROUND), out=part)


def _write(canvas: np.ndarray, model: Model, number: str, seed: int) -> None:
    """The number in the middle, every digit drawn from its own arm."""
    labels = torch.tensor([int(c) for c in number if c.isdecimal()])
    codes = model.prior.sample(len(labels), generator=torch.Generator().manual_seed(seed), labels=labels)
    images = iter(model.decode(codes)[:, :1])
    width = min(50.0, (2 * HOLE * UNIT - 40) / len(number))  # pixels of a character; a digit fills 20 of 28
    for i, character in enumerate(number):
        if character.isdecimal():
            large = functional.interpolate(next(images)[None], scale_factor=width / 20, mode="bicubic")[0, 0]
            middle = (round(SIZE / 2 + (i - (len(number) - 1) / 2) * width), SIZE // 2)
            _lay(canvas, large, np.ones(3), middle)
