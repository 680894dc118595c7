"""Priors given by a table of numbers: class probabilities, points, a picture."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import torch
from torch import Tensor

from ..arguments import as_tensor, number, numbers, table, takes
from .base import BLUR, DIM, Prior, Source, log_kernel_density

STORED = 4096  # descriptions carry tables of at most this many numbers, and a checksum of larger ones


@takes(k=DIM, probs=numbers(kind=number(least=0, most=1), example="(0.3, 0.7)"))
@dataclass(frozen=True)
class Categorical(Prior):
    """One-hot vectors of length k.

    Parameters
    ----------
    k : int, default 10
        The length d, and the number of classes.
    probs : sequence of float, optional
        (k,) probability of each class, adding up to 1; None: 1/k each.

    Examples
    --------
    >>> import torch
    >>> Categorical(3).sample(2, labels=torch.tensor([0, 2]))
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """

    k: int = 10
    probs: Sequence[float] | None = None

    def __post_init__(self) -> None:
        probs = torch.full((self.k,), 1 / self.k).double()
        if self.probs is not None:
            probs = torch.tensor(self.probs, dtype=torch.float64)
            if probs.shape != (self.k,) or not abs(probs.sum() - 1) < 1e-4:
                raise ValueError(f"Categorical: probs must be {self.k} numbers of at least 0 that add up to 1.")
        object.__setattr__(self, "_tensors", (_cumulative(probs),))

    @property
    def dim(self) -> int:
        return self.k

    @property
    def classes(self) -> int:
        return self.k

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        drawn = _draw_index(self._on(on["device"])[0], n, **on)
        c = drawn if labels is None else torch.where(labels < 0, drawn, labels)
        return (c[:, None] == torch.arange(self.k, device=c.device)).float()


class Points(Prior):
    r"""Given points, each blurred by a Gaussian whose standard deviation h is the bandwidth.

    .. math:: p(z) = \frac1m \sum_{i=1}^m N(z; \mathrm{point}_i, h^2 I)

    Parameters
    ----------
    points : tensor
        (m, d) floats, in the units of z.
    bandwidth : float, default 0.1
        h, at least 0; 0 draws the points themselves (and leaves no density).
    labels : tensor, optional
        (m,) whole numbers, -1 for no label. Classes 0 to K-1 must each hold a point.

    Raises
    ------
    ValueError
        For points or labels of another shape or range.

    Examples
    --------
    >>> import torch
    >>> Points(torch.zeros(4, 2), labels=torch.tensor([0, 0, 1, -1]))
    Points(4 points, dim=2, bandwidth=0.1, 2 classes)
    """

    dim: int
    classes: int | None

    @takes(points=table("m", "d"), bandwidth=BLUR)
    def __init__(self, points: Tensor, bandwidth: float = 0.1, labels: Tensor | None = None) -> None:
        self.bandwidth = bandwidth
        self.points, self.dim = points.clone(), points.shape[1]

        self.labels = torch.full((len(points),), -1)
        if labels is not None:
            labels = as_tensor("labels", labels).detach().cpu()
            if labels.shape != (len(points),) or labels.is_floating_point() or labels.min() < -1:
                raise ValueError(
                    f"Points: labels must be whole numbers of shape ({len(points)},), 0 or more (-1 = no label)."
                )
            self.labels = labels.long()
        counts = self.labels[self.labels >= 0].bincount()
        if (counts == 0).any():
            raise ValueError(
                f"Points: no point has label {(counts == 0).nonzero()[0].item()}: number classes from 0 up."
            )
        self.classes = len(counts) or None

        # Sorted by label, a class is a run (start, count); the last run is all points, so that label -1 indexes it.
        unlabelled = int((self.labels < 0).sum())
        starts = torch.cat([unlabelled + counts.cumsum(0) - counts, torch.tensor([0])])
        counts = torch.cat([counts, torch.tensor([len(points)])])
        self._tensors = (self.points[self.labels.argsort(stable=True)], starts, counts)

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        points, starts, counts = self._on(on["device"])
        runs = torch.full((n,), -1, device=on["device"]) if labels is None else labels
        index = starts[runs] + torch.randint(2**31, (n,), **on) % counts[runs]
        return points[index] + self.bandwidth * torch.randn(n, self.dim, **on)

    @property
    def has_log_prob(self) -> bool:
        return self.bandwidth > 0

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z), the kernel density estimate: z (n, dim) -> (n,). Needs bandwidth > 0, otherwise ValueError."""
        if self.bandwidth == 0:
            raise ValueError("Points with bandwidth 0 have no density: give a bandwidth above 0.")
        points = self._on(z.device)[0]
        equal = torch.full((len(points),), -math.log(len(points)), device=z.device)
        return log_kernel_density(self._check_z(z), points, self.bandwidth, equal)

    def description(self) -> dict[str, Any]:
        labels = None if self.classes is None else self.labels
        return {"name": "Points", "bandwidth": self.bandwidth} | _stored(points=self.points, labels=labels)

    def __repr__(self) -> str:
        classes = "" if self.classes is None else f", {self.classes} classes"
        return f"Points({len(self.points)} points, dim={self.dim}, bandwidth={self.bandwidth}{classes})"


class Picture(Prior):
    """A grey picture as a density in the plane: the brighter a pixel, the more probable; uniform within a pixel.

    Parameters
    ----------
    image : tensor
        (H, W) numbers of at least 0, on any scale, the top row first.
    extent : sequence of float, optional
        (left, right, bottom, top) in units of z; by default the longer side reaches from -3 to 3.

    Raises
    ------
    ValueError
        For an image of another shape, with negative numbers or all zero, and for an extent that is not in growing
        order.

    Examples
    --------
    >>> import torch
    >>> Picture(torch.eye(4))
    Picture(4x4, extent=(-3.0, 3.0, -3.0, 3.0))
    """

    dim = 2

    @takes(image=table("H", "W", example="torch.eye(28)"), extent=numbers(4, example="(-3, 3, -3, 3)"))
    def __init__(self, image: Tensor, extent: Sequence[float] | None = None) -> None:
        if (image < 0).any():
            raise ValueError("Picture takes brightness of at least 0, but the image holds negative numbers.")
        if not image.any():
            raise ValueError(
                "Picture is empty (all zero), so no place in it is more probable than another: draw something."
            )
        height, width = image.shape
        if extent is None:
            x, y = 3 * width / max(height, width), 3 * height / max(height, width)
            extent = (-x, x, -y, y)
        left, right, bottom, top = extent = tuple(float(e) for e in extent)
        if not (left < right and bottom < top):
            raise ValueError(f"Picture: extent must be (left, right, bottom, top) in growing order, not {extent}.")
        self.image, self.extent = image.clone(), extent
        self._pixel = ((right - left) / width, (top - bottom) / height)
        mass = image.double().flatten() / image.double().sum()
        log_density = (mass / math.prod(self._pixel)).log().float()
        self._tensors = (_cumulative(mass), log_density.view(height, width))

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        index = _draw_index(self._on(on["device"])[0], n, **on)
        jitter = torch.rand(n, 2, **on)
        column, row = index % self.image.shape[1] + jitter[:, 0], index // self.image.shape[1] + jitter[:, 1]
        return torch.stack([self.extent[0] + column * self._pixel[0], self.extent[3] - row * self._pixel[1]], 1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z), constant over each pixel: z (n, 2) -> (n,); -inf in black and outside."""
        x, y = self._check_z(z).unbind(1)
        column = ((x - self.extent[0]) / self._pixel[0]).floor().long()
        row = ((self.extent[3] - y) / self._pixel[1]).floor().long()
        height, width = self.image.shape
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        density = self._on(z.device)[1][row.clamp(0, height - 1), column.clamp(0, width - 1)]
        return torch.where(inside, density, -math.inf)

    def description(self) -> dict[str, Any]:
        return {"name": "Picture", "extent": list(self.extent)} | _stored(image=self.image)

    def __repr__(self) -> str:
        return f"Picture({self.image.shape[0]}x{self.image.shape[1]}, extent={self.extent})"


def _cumulative(probs: Tensor) -> Tensor:
    """Distribution function of class probabilities (k,), ending at exactly 1."""
    total = probs.cumsum(0)
    return (total / total[-1]).float()


def _draw_index(cumulative: Tensor, n: int, **on: Unpack[Source]) -> Tensor:
    """n class numbers by inverting the distribution function; u < 1, so a class of probability 0 is never drawn."""
    return torch.searchsorted(cumulative, torch.rand(n, **on), right=True)


def _stored(**tables: Tensor | None) -> dict[str, Any]:
    """The tables as lists where they are small together, else one SHA-256 that identifies them."""
    given = [t for t in tables.values() if t is not None]
    if sum(t.numel() for t in given) <= STORED:
        return {name: None if t is None else t.tolist() for name, t in tables.items()}
    digest = hashlib.sha256()
    for t in given:
        digest.update(repr(tuple(t.shape)).encode() + t.contiguous().numpy().tobytes())
    return {"sha256": digest.hexdigest()}
