"""What every prior shares: checked sampling, classes, description, and the two densities others are built from."""

import dataclasses
import math
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import torch
from torch import Tensor

from .. import arguments
from ..arguments import WIDEST, Kind, as_tensor, count, number, plain_number

DIM = count(most=WIDEST)
DEVICE, GENERATOR = arguments.device(), arguments.generator()
# in units of z: its square, and one over it, still fit into float32
LENGTH = Kind("a positive number, 1e-6 to 1e6", number(least=1e-6, most=1e6).take)
BLUR = Kind("0 or a positive number, 1e-6 to 1e6", lambda value: plain_number(value) and LENGTH.take(value))


class Source(TypedDict):
    """Where the random numbers of a sample come from: the keyword arguments of torch's own functions."""

    generator: torch.Generator | None
    device: torch.device


class Prior:
    """A distribution p(z) over codes that can be sampled.

    Subclasses write `_draw(n, labels, generator=, device=)`; labels arrive checked and on the device.

    Attributes
    ----------
    dim : int
        d, the length of a sample.
    classes : int or None
        The number K of parts that can be sampled on their own with `labels`; None: there are no parts.
    capturable : bool
        Whether `sample` may be recorded in a CUDA graph: no host synchronisation, no shape that depends on data.
        (Sample once on the device before recording, so that the constants are already there.)
    moves : bool
        Whether the distribution moves with training, as a map's heads do.
    has_log_prob : bool
        Whether `log_prob(z)` gives the exact, normalised log density; True for every class that writes that method,
        unless it says otherwise: without noise, a circle has none.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> prior = aae.priors.GaussianRing(10)
    >>> prior.sample(3, generator=torch.Generator().manual_seed(0)).shape, prior.classes, prior.has_log_prob
    (torch.Size([3, 2]), 10, True)
    """

    if TYPE_CHECKING:  # read-only here, so that a subclass may compute them

        @property
        def dim(self) -> int: ...

        @property
        def classes(self) -> int | None: ...
    else:
        dim: int
        classes: int | None = None
    capturable: bool = True
    moves: bool = False
    _tensors: tuple[Tensor, ...]  # constants that samples are made of

    @property
    def has_log_prob(self) -> bool:
        return getattr(self.log_prob, "__func__", None) is not Prior.log_prob

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z): z (n, dim) -> (n,); NotImplementedError where the density is not known."""
        raise NotImplementedError(f"{self!r} can only be sampled: its density is not known.")

    def sample(
        self,
        n: int,
        generator: torch.Generator | None = None,
        device: torch.device | str = "cpu",
        labels: Tensor | None = None,
    ) -> Tensor:
        """Draw n codes.

        Parameters
        ----------
        n : int
            How many, at least 0.
        generator : torch.Generator, optional
            Source of all randomness, on the same device; None is torch's default generator. It is never seeded.
        device : torch.device or str, default "cpu"
            Where the codes are drawn.
        labels : tensor, optional
            (n,) whole numbers: the class of each row, -1 for one from the whole prior. Their values are checked only
            where they are on the CPU, since reading them from a GPU would make it wait.

        Returns
        -------
        tensor
            (n, dim) float32 on `device`.

        Raises
        ------
        ValueError
            For a bad n, for a generator on another device, and for labels that are no whole numbers, of the wrong
            shape or range, or on a prior without classes.
        """
        if type(n) is not int or n < 0:
            n = count(0).checked("n", n, type(self).__name__)
        device = torch.device(DEVICE.checked("device", device, type(self).__name__))
        if generator is not None:
            GENERATOR.checked("generator", generator, type(self).__name__)
            if not _same_device(generator.device, device):
                raise ValueError(
                    f"The generator is on {generator.device}, the samples are to be on {device}: "
                    f"make it with torch.Generator(device={str(device)!r})."
                )
        if labels is not None:
            labels = self._check_labels(labels, n).to(device)
        return self._draw(n, labels, generator=generator, device=device)

    def _draw(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} cannot be sampled: it has no _draw of its own.")

    def _check_labels(self, labels: Tensor, n: int) -> Tensor:
        if self.classes is None:
            raise ValueError(
                f"{type(self).__name__} cannot be sampled per class: leave labels out, "
                "or take a prior with classes such as GaussianRing or SwissRoll."
            )
        labels = as_tensor("labels", labels)
        if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
            raise ValueError(f"labels must be whole numbers (int64), not {labels.dtype}.")
        if labels.shape != (n,):
            raise ValueError(f"labels must have shape ({n},), one class per sample, not {tuple(labels.shape)}.")
        if labels.device.type == "cpu" and n:
            low, high = (v.item() for v in labels.aminmax())
            if low < -1 or high >= self.classes:
                raise ValueError(
                    f"labels must lie between 0 and {self.classes - 1} (-1 = any class), but go from {low} to {high}."
                )
        return labels.long()

    def _check_z(self, z: Tensor) -> Tensor:
        z = as_tensor("z", z)
        if z.is_complex() or not z.is_floating_point():
            z = z.float()
        if z.ndim != 2 or z.shape[1] != self.dim:
            raise ValueError(f"log_prob takes z of shape (n, {self.dim}), not {tuple(z.shape)}.")
        return z

    def _on(self, device: torch.device) -> tuple[Tensor, ...]:
        """`self._tensors` on the device, moved there once."""
        cache = self.__dict__.setdefault("_moved", {})
        if device not in cache:
            cache[device] = tuple(t.to(device) for t in self._tensors)
        return cache[device]

    def description(self) -> dict[str, Any]:
        """What `from_description` needs to rebuild this prior, as plain JSON values: its name and its arguments."""
        fields: dict[str, Any] = dataclasses.asdict(self) if dataclasses.is_dataclass(self) else {}
        return {"name": type(self).__name__} | {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}


class Mixture(Prior):
    """K parts of equal mass: p(z) = (1/K) Σ_k p(z | k). Subclasses give `classes` and `class_log_prob`.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> ring = aae.priors.GaussianRing(4)
    >>> ring.class_log_prob(torch.tensor([[2.5, 0.0], [0.0, 2.5]])).argmax(1)
    tensor([0, 1])
    """

    if TYPE_CHECKING:

        @property
        def classes(self) -> int: ...

    def class_log_prob(self, z: Tensor) -> Tensor:
        """log p(z | k) for each class: z (n, dim) -> (n, K). Its argmax is the part that z belongs to."""
        raise NotImplementedError

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z): z (n, dim) -> (n,)."""
        return self.class_log_prob(z).logsumexp(1) - math.log(self.classes)

    def _draw_classes(self, n: int, labels: Tensor | None, **on: Unpack[Source]) -> Tensor:
        drawn = torch.randint(self.classes, (n,), **on)
        return drawn if labels is None else torch.where(labels < 0, drawn, labels)


def log_normal(x: Tensor, sd: float) -> Tensor:
    """log N(x; 0, sd²) element by element."""
    return -0.5 * (x / sd).square() - math.log(sd * math.sqrt(2 * math.pi))


def log_kernel_density(z: Tensor, centres: Tensor, sd: float, log_weights: Tensor) -> Tensor:
    """log Σ_j w_j N(z; c_j, sd² I): z (n, d), centres (m, d), log_weights (m,) -> (n,). In blocks, to bound memory."""
    block = max(1, 2**22 // centres.numel())
    parts = [(log_normal(b[:, None] - centres, sd).sum(2) + log_weights).logsumexp(1) for b in z.split(block)]
    return torch.cat(parts)


def _same_device(a: torch.device, b: torch.device) -> bool:
    return a.type == b.type and (a.index is None or b.index is None or a.index == b.index)
