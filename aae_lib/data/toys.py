"""Toy sets: clouds of points in the plane, where the adversarial game can be watched without any images.

Each function returns all 3000 points (N, 2) float32 and their labels (N,) int64; `load` makes the three splits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

N = 3000  # points in each set


def moons() -> tuple[Tensor, Tensor]:
    """Two interleaved half circles, one class each."""
    from sklearn.datasets import make_moons

    points, labels = make_moons(N, noise=0.06, random_state=0)
    return _cloud(1.5 * (points - [0.5, 0.25]), labels)


def circles() -> tuple[Tensor, Tensor]:
    """Two concentric circles of radius 2 (class 0) and 1 (class 1)."""
    from sklearn.datasets import make_circles

    points, labels = make_circles(N, factor=0.5, noise=0.04, random_state=0)
    return _cloud(2 * points, labels)


def blobs() -> tuple[Tensor, Tensor]:
    """Six Gaussian blobs of standard deviation 0.25, centred on a circle of radius 2."""
    from sklearn.datasets import make_blobs

    angles = 2 * math.pi * np.arange(6) / 6
    centers = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _cloud(*make_blobs(N, centers=centers, cluster_std=0.25, random_state=0))


def spiral() -> tuple[Tensor, Tensor]:
    """Two arms of a spiral, half a turn apart: radius and angle grow together over one and a half turns."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N) % 2
    t = torch.rand(N, generator=generator).sqrt()  # the root spreads the points evenly along the arm
    angle = math.pi * (3 * t + labels)
    points = 2.5 * t[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    return _cloud(points + 0.06 * torch.randn(N, 2, generator=generator), labels)


def checkerboard() -> tuple[Tensor, Tensor]:
    """The eight dark squares of a 4 x 4 board over [-2, 2] x [-2, 2], evenly filled, one class each."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N) % 8
    row, pair = labels // 2, labels % 2
    corner = torch.stack([2 * pair + row % 2, row], dim=1) - 2.0
    return _cloud(corner + torch.rand(N, 2, generator=generator), labels)


TOYS: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    toy.__name__: toy for toy in (moons, circles, blobs, spiral, checkerboard)
}


def _cloud(points: np.ndarray | Tensor, labels: np.ndarray | Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 2) float32 and labels (N,) int64."""
    return torch.as_tensor(points, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.int64)
