"""What a decoder's output says about a sample, p(x|z): of pixels in [0, 1], or of any real numbers.

One word, `likelihood=`, decides what follows: what the networks see, what the loss compares, what an image is. Without
it images are taken for Bernoulli, vectors for Gaussian.

              the networks see     the decoder gives    an image                losses
bernoulli     x                    logits               sigmoid(logits)         bce, mse, half_squared_error
gaussian      (x − mean) / sd      a mean               output · sd + mean      half_squared_error
"""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from .. import losses
from ..data import OnDisk, Standard, scale, span

Error = Callable[[Tensor, Tensor], Tensor]


class Bernoulli:
    """Pixels in [0, 1].

    Attributes
    ----------
    errors : dict
        The reconstruction losses that fit, by name; the first is the default.
    takes : tuple of float
        The least and the largest number that it can represent.
    value_range : tuple of float
        What a picture shows as black and as white.

    Examples
    --------
    >>> Bernoulli((1, 8, 8)).image(torch.zeros(2))
    tensor([0.5000, 0.5000])
    """

    errors: Mapping[str, Error] = {
        "bce": losses.bce,
        "mse": losses.mse,
        "half_squared_error": losses.half_squared_error,
    }
    takes = (0.0, 1.0)
    standard: Standard | None = None

    def __init__(self, image_shape: Sequence[int]) -> None:
        pass

    def fit(self, images: Tensor | OnDisk) -> None:
        """Nothing is to be learned from the training images."""

    def seen(self, x: Tensor) -> Tensor:
        """What the networks see of samples (N, ...)."""
        return x

    def image(self, output: Tensor) -> Tensor:
        """The samples (N, ...) that the decoder's output stands for."""
        return output.float().sigmoid()

    @property
    def value_range(self) -> tuple[float, float]:
        return self.takes


class Gaussian(nn.Module):
    """Any real numbers, standardised by the training samples; unit variance there.

    Mean and spread are taken once, from the first data that the model is trained on, and are kept with its weights.
    Until then they are 0 and 1.

    Examples
    --------
    >>> likelihood = Gaussian((2,))
    >>> likelihood.fit(torch.tensor([[0.0, 5.0], [2.0, 7.0]]))
    >>> likelihood.image(torch.zeros(2)), likelihood.value_range
    (tensor([1., 6.]), (0.0, 7.0))
    """

    errors: Mapping[str, Error] = {"half_squared_error": losses.gaussian_error}
    takes = (-math.inf, math.inf)
    mean: Tensor
    sd: Tensor
    extremes: Tensor  # (2,): the least and the largest number of the training samples

    def __init__(self, image_shape: Sequence[int]) -> None:
        super().__init__()
        channels = (*image_shape[:1], *(1 for _ in image_shape[1:]))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("sd", torch.ones(channels))
        self.register_buffer("extremes", torch.full((2,), math.nan))

    @property
    def standard(self) -> Standard:
        """By which samples are standardised."""
        return Standard(self.mean, self.sd)

    def fit(self, images: Tensor | OnDisk) -> None:
        """Take mean, spread and range of the training samples (N, ...), unless they are known already."""
        if self.extremes.isfinite().all():
            return
        mean, sd = Standard.of(images)
        self.mean.copy_(mean)
        self.sd.copy_(sd)
        self.extremes.copy_(scale(torch.tensor(span(images), dtype=images.dtype)))

    def seen(self, x: Tensor) -> Tensor:
        """What the networks see of samples (N, ...)."""
        return self.standard.apply(x)

    def image(self, output: Tensor) -> Tensor:
        """The samples (N, ...) that the decoder's output stands for."""
        return self.standard.undo(output.float())

    @property
    def value_range(self) -> tuple[float, float]:
        """What a picture shows as black and as white: the range of the training samples."""
        low, high = self.extremes.tolist()
        return (low, high) if low < high else (low - 0.5, low + 0.5) if low == high else (-3.0, 3.0)


LIKELIHOODS: dict[str, type[Bernoulli] | type[Gaussian]] = {"bernoulli": Bernoulli, "gaussian": Gaussian}
