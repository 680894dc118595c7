"""Checks of what the learner writes within lesson 11: the noise of a diffusion model."""

import math
from typing import Any

import torch
from torch import Tensor

from .answers import call, equal, tensor
from .tasks import task


def noised(z: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """z_t = cos(½πt) z + sin(½πt) ε, row by row: (n, d), (n, d), (n,) -> (n, d)."""
    angle = math.pi / 2 * t[:, None]
    return angle.cos() * z + angle.sin() * noise


@task(
    "11.a",
    "from a code to noise",
    hints=(
        "Each row has its own t, so t has to become a column: t[:, None] is (n, 1), and it multiplies rows of (n, d).",
        "angle = math.pi / 2 * t[:, None]. At t = 0 the angle is 0: all code. At t = 1 it is π/2: all noise.",
        "return angle.cos() * z + angle.sin() * noise",
    ),
    part=lambda: noised,
)
def from_code_to_noise(f: Any) -> str:
    """f(z, noise, t) -> (n, d), with t of shape (n,)."""
    g = torch.Generator().manual_seed(0)
    z, noise = torch.randn(4, 2, generator=g), torch.randn(4, 2, generator=g)
    t = torch.tensor([0.0, 0.3, 0.6, 1.0])
    column = t[:, None]
    angle = math.pi / 2 * column
    mistakes = (
        (angle.sin() * z + angle.cos() * noise, "sine and cosine are swapped: at t = 0 nothing but the code is left."),
        ((1 - column) * z + column * noise, "this is a straight line from code to noise; here the two weights are "
         "cos(½πt) and sin(½πt), whose squares add up to 1."),
        (column.cos() * z + column.sin() * noise, "the angle is ½πt: times π/2, so that t = 1 is all noise."),
        ((2 * angle).cos() * z + (2 * angle).sin() * noise, "the angle is ½πt, half of this one."),
        (angle.cos().square() * z + angle.sin().square() * noise, "cosine and sine, not their squares: the squares "
         "add up to 1, and so the variance stays."),
        (angle.cos() * z, "the noise is missing."),
    )  # fmt: skip
    equal(tensor(call(f, z, noise, t), (4, 2), "the result"), noised(z, noise, t), mistakes, "the result")
    square = torch.tensor([0.2, 0.9])  # as many rows as columns: a t that is no column would pass unseen
    right = noised(z[:2], noise[:2], square)
    along = math.pi / 2 * square
    wrong = along.cos() * z[:2] + along.sin() * noise[:2]
    equal(call(f, z[:2], noise[:2], square), right, [(wrong, "t belongs to the rows: make it a column, t[:, None].")])
    return "right: at t = 0 a code, at t = 1 nothing but noise, and in between a little of both."
