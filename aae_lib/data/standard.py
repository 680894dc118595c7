"""Real numbers as networks like them: minus their mean, divided by their spread; and back again."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .images import scale
from .ondisk import OnDisk, parts


class Standard(NamedTuple):
    """Mean and standard deviation of samples: of each number of a vector, of each channel of images.

    Parameters
    ----------
    mean, sd : tensor
        (D,) for vectors, (C, 1, 1) for images; a number that never varies has sd 1.

    Examples
    --------
    >>> standard = Standard.of(torch.tensor([[0.0, 5.0], [2.0, 5.0]]))
    >>> standard.apply(torch.tensor([[2.0, 6.0]]))
    tensor([[1., 1.]])
    >>> standard.undo(torch.tensor([[1.0, 1.0]]))
    tensor([[2., 6.]])
    """

    mean: Tensor
    sd: Tensor

    @staticmethod
    def of(images: Tensor | OnDisk) -> "Standard":
        """Of samples (N, ...), N at least 1, uint8 (divided by 255) or floats; taken in float64, in parts."""
        axes = (0,) if images.ndim == 2 else (0, *range(2, images.ndim))
        n = math.prod(images.shape) / math.prod(images.shape[1:2])

        def summed(f: Callable[[Tensor], Tensor]) -> Tensor:
            return sum(
                (f(scale(part).cpu().double()).sum(axes, keepdim=True) for part in parts(images)), torch.zeros(())
            )

        mean = summed(lambda x: x) / n
        sd = (summed(lambda x: (x - mean).square()) / n).sqrt()
        sd = torch.where(sd > 1e-7 * mean.abs(), sd, 1.0)  # below the rounding of float32
        return Standard(mean[0].float(), sd[0].float())

    def to(self, device: torch.device | str) -> "Standard":
        """The same on another device."""
        return Standard(self.mean.to(device), self.sd.to(device))

    def apply(self, x: Tensor) -> Tensor:
        """(x − mean) / sd."""
        return (x - self.mean) / self.sd

    def undo(self, x: Tensor) -> Tensor:
        """x · sd + mean."""
        return x * self.sd + self.mean
