"""Parzen window log-likelihood: the old measure of generative models, kept for comparison with the paper's table."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..arguments import number, numbers, takes
from .checks import points, scaled

GRID = tuple(10 ** (-2 + i / 10) for i in range(21))  # 0.01 to 1, in pixels of [0, 1]
FINER = 20  # steps from the value of the grid below the best to the one above it


class Parzen(NamedTuple):
    """Mean log-likelihood of a test image in nats, the standard error of that mean, and the bandwidth chosen."""

    mean: float
    standard_error: float
    bandwidth: float


@takes(grid=numbers(kind=number(above=0), example="(0.1, 0.2, 0.4)"))
def parzen_log_likelihood(
    samples: Tensor, validation_images: Tensor, test_images: Tensor, grid: Sequence[float] = GRID
) -> Parzen:
    r"""Log-likelihood of test images under a Gaussian of width σ around each sample, in nats per image.

    .. math:: \log p(x) = \log \frac1n \sum_{i=1}^n N(x; \mathrm{sample}_i, σ^2 I)

    x is flattened, with pixels in [0, 1]; σ is the width under which the validation images are most likely: the best of
    `grid`, then the best of 21 between its two neighbours there. (In 784 dimensions a σ that is 10 % off costs 8 nats.)
    The measure says little about image quality and depends on the number of samples (the paper takes 10,000); only
    figures measured the same way can be compared.

    Parameters
    ----------
    samples, validation_images, test_images : tensor
        (N, C, H, W) or (N, d), uint8 or floats in [0, 1], at least 2.
    grid : sequence of float
        Bandwidths to try, at least three, positive; by default 21 from 0.01 to 1.

    Returns
    -------
    Parzen
        Mean, standard error and bandwidth.

    Raises
    ------
    ValueError
        For images of different shapes, and if the best bandwidth is the smallest or the largest of the grid, so that
        the figure is not a likelihood at the best bandwidth: widen the grid.

    References
    ----------
    Breuleux, Bengio and Vincent 2011; used as in Goodfellow et al. 2014. Its limits: Theis et al. 2016.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> found = parzen_log_likelihood(data.train.images[:300], data.validation.images, data.test.images)
    >>> f"{found.bandwidth:.2f}"
    '0.17'
    """
    grid = sorted(grid)
    if len(grid) < 3:
        raise ValueError("grid needs at least three bandwidths, all above 0.")
    samples, validation, test = (
        points(scaled(images, name).flatten(1), name)
        for images, name in (
            (samples, "samples"), (validation_images, "validation_images"), (test_images, "test_images"),
        )
    )  # fmt: skip
    if not samples.shape[1] == validation.shape[1] == test.shape[1]:
        raise ValueError(
            f"samples have {samples.shape[1]} values each, validation_images {validation.shape[1]} and test_images "
            f"{test.shape[1]}: pass images of the same shape."
        )
    best = _best(validation, samples, grid)
    if best in (0, len(grid) - 1):
        raise ValueError(
            f"the best bandwidth, {grid[best]:.3g}, is at the edge of the grid ({grid[0]:.3g} to {grid[-1]:.3g}); "
            "the figure would not be a likelihood. Pass a wider grid."
        )
    low, high = grid[best - 1], grid[best + 1]
    near = [low * (high / low) ** (i / FINER) for i in range(FINER + 1)]
    bandwidth = near[_best(validation, samples, near)]
    found = _log_likelihoods(test, samples, [bandwidth])[:, 0]
    return Parzen(float(found.mean()), float(found.std() / math.sqrt(len(found))), bandwidth)


def _best(x: Tensor, samples: Tensor, grid: Sequence[float]) -> int:
    """Where in the grid the x are most likely."""
    return int(_log_likelihoods(x, samples, grid).mean(dim=0).argmax())


def _log_likelihoods(x: Tensor, samples: Tensor, grid: Sequence[float]) -> Tensor:
    """log p of each x under each bandwidth: (N, len(grid)). Distances once for the whole grid, some rows at a time."""
    n, d = samples.shape
    rows = []
    for part in x.split(256):
        squared = torch.cdist(part, samples).square()
        kernels = [torch.logsumexp(squared / (-2 * s * s), 1) - d / 2 * math.log(2 * math.pi * s * s) for s in grid]
        rows.append(torch.stack(kernels, dim=1) - math.log(n))
    return torch.cat(rows)
