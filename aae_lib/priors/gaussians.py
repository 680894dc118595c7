"""Gaussians: one, a ring of them, a grid of them."""

import math
from dataclasses import dataclass
from typing import Unpack

import torch
from torch import Tensor

from ..arguments import count, takes
from .base import DIM, LENGTH, Mixture, Prior, Source, log_normal


@takes(dim=DIM, sigma=LENGTH)
@dataclass(frozen=True)
class Gaussian(Prior):
    """N(0, sigma² I) in `dim` dimensions.

    Parameters
    ----------
    dim : int, default 2
        d, at least 1.
    sigma : float, default 1
        Standard deviation of each coordinate, above 0.

    Examples
    --------
    >>> import torch
    >>> Gaussian(10).sample(3, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([3, 10])
    """

    dim: int = 2
    sigma: float = 1.0

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        return self.sigma * torch.randn(n, self.dim, **on)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z): z (n, dim) -> (n,)."""
        return log_normal(self._check_z(z), self.sigma).sum(1)


@takes(k=DIM, radius=LENGTH, radial=LENGTH, tangential=LENGTH)
@dataclass(frozen=True)
class GaussianRing(Mixture):
    r"""k Gaussians on a circle in the plane, each elongated along the radius (the mixture of the paper's Figure 3).

    .. math:: z = R(2πc/k) \begin{pmatrix} \mathrm{radius} + \mathrm{radial} \cdot ε_1 \\
        \mathrm{tangential} \cdot ε_2 \end{pmatrix}

    with ε ~ N(0, I) and R the rotation: class c sits at angle 2πc/k, anticlockwise from the right.

    Parameters
    ----------
    k : int, default 10
        The number of Gaussians, which are the classes.
    radius : float, default 2.5
        Of the circle.
    radial, tangential : float, default 0.5 and 0.15
        Standard deviations along and across the radius.

    Notes
    -----
    The defaults put ten centres 1.55 apart, which is ten tangential standard deviations, so that fewer than 1 sample
    in 1000 is more likely under another class than under its own; 99.8% of samples stay within 4 of the origin.

    Examples
    --------
    >>> import torch
    >>> GaussianRing().sample(2, labels=torch.tensor([0, 5])).shape
    torch.Size([2, 2])
    """

    k: int = 10
    radius: float = 2.5
    radial: float = 0.5
    tangential: float = 0.15

    dim = 2

    @property
    def classes(self) -> int:
        return self.k

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        angle = self._draw_classes(n, labels, **on) * (2 * math.pi / self.k)
        noise = torch.randn(n, 2, **on)
        along, across = self.radius + self.radial * noise[:, 0], self.tangential * noise[:, 1]
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([along * cos - across * sin, along * sin + across * cos], 1)

    def class_log_prob(self, z: Tensor) -> Tensor:
        """log p(z | c): z (n, 2) -> (n, k)."""
        z = self._check_z(z)
        x, y = z[:, :1], z[:, 1:]
        angle = torch.arange(self.k, device=z.device) * (2 * math.pi / self.k)
        cos, sin = angle.cos(), angle.sin()
        along, across = x * cos + y * sin, y * cos - x * sin  # (n, k): z turned back by each angle
        return log_normal(along - self.radius, self.radial) + log_normal(across, self.tangential)


@takes(k_per_side=count(most=1000), spacing=LENGTH, sigma=LENGTH)
@dataclass(frozen=True)
class GaussianGrid(Mixture):
    """k_per_side² round Gaussians on a square grid in the plane, centred on 0; class 0 top left, in reading order.

    Parameters
    ----------
    k_per_side : int, default 4
        Gaussians in each row and column.
    spacing : float, default 2
        Distance between neighbouring centres.
    sigma : float, default 0.25
        Standard deviation of each Gaussian.

    Notes
    -----
    The defaults are 16 centres between -3 and 3, 2 apart, which is eight standard deviations.

    Examples
    --------
    >>> GaussianGrid(3).classes
    9
    """

    k_per_side: int = 4
    spacing: float = 2.0
    sigma: float = 0.25

    dim = 2

    @property
    def classes(self) -> int:
        return self.k_per_side**2

    def _centres(self, classes: Tensor) -> Tensor:
        middle = (self.k_per_side - 1) / 2
        row, column = classes // self.k_per_side, classes % self.k_per_side
        return self.spacing * torch.stack([column - middle, middle - row], 1)

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        return self._centres(self._draw_classes(n, labels, **on)) + self.sigma * torch.randn(n, 2, **on)

    def class_log_prob(self, z: Tensor) -> Tensor:
        """log p(z | c): z (n, 2) -> (n, k_per_side²)."""
        z = self._check_z(z)
        centres = self._centres(torch.arange(self.classes, device=z.device))
        return log_normal(z[:, None] - centres, self.sigma).sum(2)
