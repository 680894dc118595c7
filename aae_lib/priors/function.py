"""Your own prior: a plain function, or any object that can be sampled."""

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from ..arguments import count, function, shown, signature, switch, takes
from .base import DIM, Prior


class Samples(Protocol):
    """An object of your own that can be sampled."""

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n samples (n, d)."""


PriorLike = Prior | Samples | Callable[..., Tensor]  # what `as_prior` takes


class Function(Prior):
    """A plain function f(n, generator=...) -> (n, d) float32 tensor, as a prior.

    Parameters
    ----------
    f : callable
        Draws its randomness from `generator`. If it has a parameter `device`, it is told where to draw; otherwise it
        draws on the CPU and the result is moved. If it has `labels`, it can be asked for classes.
    dim : int, optional
        d; by default found by one trial draw on the CPU, from a generator of its own.
    classes : int, optional
        K if f takes `labels`.
    capturable : bool, default False
        True promises that f draws on `device` and never makes the GPU wait; its values are then not checked.

    Raises
    ------
    TypeError
        If f takes no `generator`; from `sample`, for a result of the wrong type.
    ValueError
        From `sample`, for a result of the wrong shape or with values that are not finite.

    Examples
    --------
    >>> import torch
    >>> prior = Function(lambda n, generator=None: torch.rand(n, 3, generator=generator))
    >>> prior.dim, prior.sample(5).shape
    (3, torch.Size([5, 3]))
    """

    dim: int
    classes: int | None

    @takes(
        f=function("lambda n, generator=None: torch.randn(n, 2, generator=generator)"),
        dim=DIM,
        classes=count(),
        capturable=switch(),
    )
    def __init__(
        self,
        f: Callable[..., Tensor],
        dim: int | None = None,
        classes: int | None = None,
        capturable: bool = False,
    ) -> None:
        self.f, self.name, self.classes, self.capturable = f, _name(f), classes, capturable
        self._takes = _parameters(f)
        form = "write it as f(n, generator=None) -> (n, d)"
        if "generator" not in self._takes:
            raise TypeError(
                f"{self.name} takes no generator: {form} and draw from that generator, else runs cannot be repeated."
            )
        try:
            with contextlib.suppress(ValueError):  # some built-in functions hide their arguments
                signature(f).bind(1, generator=None)
        except TypeError as error:
            raise TypeError(f"{self.name} cannot be called as f(n, generator=...), as {error}: {form}.") from None
        for argument, wanted in (("labels", classes is not None), ("device", capturable)):
            if wanted and argument not in self._takes:
                because = "be sampled per class" if argument == "labels" else "draw on the GPU (capturable)"
                raise TypeError(f"{self.name} cannot {because}: give it a parameter {argument}=None.")
        self.dim = 0 if dim is None else dim  # 0: not known yet
        if dim is None:
            self.dim = self.sample(7, generator=torch.Generator().manual_seed(0)).shape[1]

    def _draw(self, n: int, labels: Tensor | None, generator: torch.Generator | None, device: torch.device) -> Tensor:
        arguments: dict[str, Any] = {"generator": generator}
        if "device" in self._takes:
            arguments["device"] = device
        elif generator is not None and generator.device.type != "cpu":
            # f draws on the CPU: give it a CPU generator that continues from ours.
            seed = torch.randint(2**62, (1,), generator=generator, device=generator.device).item()
            arguments["generator"] = torch.Generator().manual_seed(int(seed))
        if labels is not None:
            arguments["labels"] = labels if "device" in self._takes else labels.cpu()
        return self._check(self.f(n, **arguments), n).detach().to(device)

    def _check(self, z: Tensor, n: int) -> Tensor:
        expected = f"({n}, {self.dim or 'd'})"
        if not isinstance(z, Tensor):
            raise TypeError(f"{self.name} must return a float32 tensor of shape {expected}, not {type(z).__name__}.")
        if z.ndim != 2 or z.shape[0] != n or z.shape[1] != (self.dim or z.shape[1]) or z.shape[1] == 0:
            raise ValueError(f"{self.name} must return shape {expected}, but returned {tuple(z.shape)}.")
        if z.dtype != torch.float32:
            raise TypeError(
                f"{self.name} must return float32 of shape {expected}, not {z.dtype}: end it with .float()."
            )
        if not self.capturable and not z.isfinite().all():
            bad = int((~z.isfinite()).any(1).sum())
            raise ValueError(f"{self.name} returned NaN or infinity in {bad} of {n} rows of shape {tuple(z.shape)}.")
        return z

    def description(self) -> dict[str, Any]:
        """Its name only: a function cannot be rebuilt from text."""
        return {"name": "Function", "function": self.name}

    def __repr__(self) -> str:
        return f"Function({self.name}, dim={self.dim})"


def as_prior(thing: PriorLike) -> Prior:
    """A prior from a prior, a function f(n, generator=...) -> (n, d), or any object with such a `sample`.

    Parameters
    ----------
    thing : Prior, callable or object
        Of an object, `dim`, `classes`, `capturable` and `log_prob` are kept where it has them.

    Returns
    -------
    Prior
        The prior itself, or a `Function` around what was given.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> import aae_lib as aae
    >>> as_prior(aae.priors.Uniform(3, low=0, high=1))
    Uniform(dim=3, low=0, high=1)
    """
    if isinstance(thing, Prior) and _is_whole(thing):
        return thing
    if isinstance(thing, type):
        raise TypeError(f"{thing.__name__} is a class: pass one of its objects, as in {thing.__name__}().")
    sample, log_prob = getattr(thing, "sample", None), getattr(thing, "log_prob", None)
    if callable(sample):
        kept = {name: getattr(thing, name) for name in ("dim", "classes", "capturable") if hasattr(thing, name)}
        if isinstance(thing, Prior):  # what it inherits it has not promised
            kept.pop("capturable")
            log_prob = log_prob if thing.has_log_prob else None
        prior = Function(sample, **kept)
        if callable(log_prob):
            prior.log_prob = _checked(log_prob)  # type: ignore
        return prior
    if callable(thing):
        return Function(thing)
    hint = "pass one from aae_lib.priors, a function f(n, generator=None) -> (n, d), or an object with such a `sample`"
    if isinstance(thing, str):
        hint = 'aae.priors.named gives one by its name, as in aae.priors.named("ring")'
    if isinstance(thing, dict):
        hint = "aae.priors.from_description(...) gives the prior that prior.description() described"
    if hasattr(thing, "ndim"):
        hint = "aae.priors.Points(points) draws from points, aae.priors.Picture(image) from a picture"
    raise TypeError(f"{shown(thing)} is not a prior: {hint}.")


def _is_whole(prior: Prior) -> bool:
    """Whether it is written as a Prior is; False for one with a `sample` of its own instead; else TypeError."""
    name = type(prior).__name__
    if type(prior)._draw is not Prior._draw:
        if not isinstance(getattr(prior, "dim", None), int):
            raise TypeError(f"{name} is a Prior without dim: give it one, a whole number, the length of a sample.")
        return True
    if type(prior).sample is not Prior.sample:
        return False
    raise TypeError(f"{name} is a Prior that cannot be sampled: write _draw(self, n, labels, *, generator, device).")


def _checked(log_prob: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The object's own density, once what it returns has been looked at: a column would be broadcast to a matrix."""

    def asked(z: Tensor) -> Tensor:
        found = log_prob(z)
        if not isinstance(found, Tensor) or found.shape != z.shape[:1]:
            what = tuple(found.shape) if isinstance(found, Tensor) else shown(found)
            raise ValueError(f"{_name(log_prob)} must return log p(z), of shape (n,) = ({len(z)},); got {what}.")
        return found

    return asked


def _parameters(f: Callable[..., Tensor]) -> set[str]:
    try:
        parameters = signature(f).parameters
    except ValueError:  # built-in functions such as torch.randn hide theirs
        return set()
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {"generator", "device", "labels"} if anything else set(parameters)


def _name(f: Callable[..., Tensor]) -> str:
    named = f if hasattr(f, "__qualname__") else type(f)
    return f"{getattr(named, '__module__', None) or 'builtins'}.{named.__qualname__}"
