"""Shapes: a box, a circle, a sphere, a Swiss roll."""

import math
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..arguments import number, takes
from .base import BLUR, DIM, LENGTH, Mixture, Prior, Source, log_kernel_density

LONGEST = 1e5  # a spiral, in units of its noise, whose density is computed


@takes(dim=DIM, low=number(), high=number())
@dataclass(frozen=True)
class Uniform(Prior):
    """Uniform in the box [low, high]^dim.

    Parameters
    ----------
    dim : int, default 2
        d, at least 1.
    low, high : float, default -√3 and √3
        The default has the mean 0 and variance 1 of a unit Gaussian.

    Examples
    --------
    >>> import torch
    >>> Uniform(2, low=0, high=0.5).log_prob(torch.tensor([[0.1, 0.1], [1.0, 0.0]]))
    tensor([1.3863,   -inf])
    """

    dim: int = 2
    low: float = -math.sqrt(3)
    high: float = math.sqrt(3)

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"Uniform: low must be less than high, not {self.low} and {self.high}.")

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        return self.low + (self.high - self.low) * torch.rand(n, self.dim, **on)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z): z (n, dim) -> (n,); -inf outside the box."""
        z = self._check_z(z)
        inside = ((z >= self.low) & (z <= self.high)).all(1)
        return torch.where(inside, -self.dim * math.log(self.high - self.low), -math.inf)


@takes(radius=LENGTH, noise=BLUR)
@dataclass(frozen=True)
class Circle(Prior):
    """A thin ring in the plane: uniform on a circle, plus Gaussian noise.

    Parameters
    ----------
    radius : float, default 2
        Of the circle.
    noise : float, default 0.1
        Standard deviation of the noise; 0: none.

    Examples
    --------
    >>> Circle(noise=0.0).sample(3).norm(dim=1).round(decimals=4)
    tensor([2., 2., 2.])
    """

    radius: float = 2.0
    noise: float = 0.1

    dim = 2

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        angle = 2 * math.pi * torch.rand(n, **on)
        return self.radius * torch.stack([angle.cos(), angle.sin()], 1) + self.noise * torch.randn(n, 2, **on)

    @property
    def has_log_prob(self) -> bool:
        return self.noise > 0

    def log_prob(self, z: Tensor) -> Tensor:
        r"""log p(z): z (n, 2) -> (n,). Needs noise > 0, otherwise ValueError.

        .. math:: p(z) = \frac{1}{2πs^2} \exp\left(-\frac{r^2 + R^2}{2s^2}\right) I_0\left(\frac{rR}{s^2}\right)

        With r the length of z, R the radius and s the noise: N(z; c, s² I), averaged over the c of the circle.
        I₀ is the modified Bessel function.
        """
        if self.noise == 0:
            raise ValueError("Circle without noise has no density in the plane: give it noise above 0.")
        r, s2 = self._check_z(z).norm(dim=1), self.noise**2
        bessel = torch.special.i0e(r * self.radius / s2).log()  # i0e(x) = exp(-x) I₀(x), which cannot overflow
        return bessel - (r - self.radius).square() / (2 * s2) - math.log(2 * math.pi * s2)


@takes(dim=DIM, radius=LENGTH)
@dataclass(frozen=True)
class Sphere(Prior):
    """Uniform on the surface of a sphere; it has no density, since the surface has no volume.

    Parameters
    ----------
    dim : int, default 3
        d, at least 1.
    radius : float, default 1
        Of the sphere.

    Examples
    --------
    >>> Sphere(3, radius=2.0).sample(2).norm(dim=1).round(decimals=4)
    tensor([2., 2.])
    """

    dim: int = 3
    radius: float = 1.0

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        return self.radius * F.normalize(torch.randn(n, self.dim, **on))  # a Gaussian has no preferred direction


@takes(k=DIM, radius=LENGTH, turns=number(least=0.01, most=1000), noise=BLUR)
@dataclass(frozen=True)
class SwissRoll(Mixture):
    r"""A spiral in the plane, cut into k classes of equal mass from the inside out (the paper's Figure 4).

    .. math:: z = \mathrm{radius} \cdot s \begin{pmatrix} \cos(2π \, \mathrm{turns} \, s) \\
        \sin(2π \, \mathrm{turns} \, s) \end{pmatrix} + \mathrm{noise} \cdot ε, \quad s = \sqrt u

    with u ~ U(0, 1) and ε ~ N(0, I). Class c holds u between c/k and (c+1)/k.

    Parameters
    ----------
    k : int, default 10
        The number of classes.
    radius : float, default 3
        Of the outer end.
    turns : float, default 2
        Windings of the spiral.
    noise : float, default 0.1
        Standard deviation; 0: none.

    Notes
    -----
    The root spreads samples almost evenly along the spiral, whose length grows like s². The default windings are 1.5
    apart, which is fifteen times the noise.

    Examples
    --------
    >>> import torch
    >>> SwissRoll().sample(2, labels=torch.tensor([0, 9])).shape
    torch.Size([2, 2])
    """

    k: int = 10
    radius: float = 3.0
    turns: float = 2.0
    noise: float = 0.1

    dim = 2
    _tensors = tuple(map(torch.from_numpy, np.polynomial.legendre.leggauss(4)))  # nodes and weights

    @property
    def classes(self) -> int:
        return self.k

    def _spiral(self, s: Tensor) -> Tensor:
        angle = 2 * math.pi * self.turns * s
        return self.radius * s[..., None] * torch.stack([angle.cos(), angle.sin()], -1)

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        u = (self._draw_classes(n, labels, **on) + torch.rand(n, **on)) / self.k
        return self._spiral(u.sqrt()) + self.noise * torch.randn(n, 2, **on)

    @property
    def _length(self) -> float:
        """At least the spiral's."""
        return self.radius * math.hypot(1, 2 * math.pi * self.turns)

    @property
    def has_log_prob(self) -> bool:
        return self.noise > 0 and self._length / self.noise <= LONGEST

    def class_log_prob(self, z: Tensor) -> Tensor:
        r"""log p(z | c): z (n, 2) -> (n, k). Needs noise > 0, otherwise ValueError.

        .. math:: p(z | c) = k \int N(z; \mathrm{spiral}(s), \mathrm{noise}^2 I) \, 2s \, ds

        Over the s of the class, by Gauss-Legendre quadrature with four nodes on each stretch of at most twice the
        noise: correct to four digits.
        """
        if self.noise == 0:
            raise ValueError("SwissRoll without noise has no density in the plane: give it noise above 0.")
        z = self._check_z(z)
        if not self.has_log_prob:
            raise ValueError(
                f"the density of a SwissRoll with noise {self.noise:g} would take too long: it is an integral in steps "
                f"as fine as the noise. Give it noise of at least {self._length / LONGEST:.1g}; "
                "it can be sampled as it is."
            )
        nodes, weights = (nodes.to(z.dtype) for nodes in self._on(z.device))
        columns = []
        for c in range(self.k):
            low, high = math.sqrt(c / self.k), math.sqrt((c + 1) / self.k)
            speed = self.radius * math.hypot(1, 2 * math.pi * self.turns * high)  # |d spiral / ds|, at its greatest
            stretches = math.ceil(speed * (high - low) / (2 * self.noise))
            s = torch.arange(stretches, device=z.device)[:, None] + (nodes + 1) / 2  # (stretches, 4)
            s = low + (high - low) * s / stretches
            mass = s * weights
            centres, log_mass = self._spiral(s).flatten(0, 1), (mass / mass.sum()).log().flatten()
            columns.append(log_kernel_density(z, centres, self.noise, log_mass))
        return torch.stack(columns, 1)
