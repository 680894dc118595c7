"""Optimizers of a phase, and schedules of their learning rate.

Each optimizer is PyTorch's own, fused, with the learning rate as a tensor and its state made in advance: sliders then
write a number into a tensor, and a training step has the same shape from the first to the last. A schedule is called
with the number of steps done and gives a factor of the learning rate.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .arguments import count, counts, number, takes

# a step of Adam moves a parameter by about lr: more than this is a slip of the pen, and ruins a model in one step
RATE = number(least=0, most=1000)
STEP = count(0, 2**62 - 1)


def eager(method: Callable[..., Any]) -> Callable[..., Any]:
    """PyTorch's method itself. What it is wrapped in speaks to torch.compile, whose import takes a second."""
    while hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


class _Adam(torch.optim.Adam):
    add_param_group = eager(torch.optim.Optimizer.add_param_group)
    step = torch.no_grad()(eager(torch.optim.Adam.step))


class _SGD(torch.optim.SGD):
    add_param_group = eager(torch.optim.Optimizer.add_param_group)
    step = torch.no_grad()(eager(torch.optim.SGD.step))


@takes(lr=RATE, beta1=number(least=0, below=1), beta2=number(least=0, below=1))
@dataclass(frozen=True)
class Adam:
    r"""Adam (Kingma and Ba 2014). beta1 = 0.5 for both players is usual in adversarial training (Radford 2015).

    .. math::
        m &\leftarrow β_1 m + (1 - β_1) g \\
        v &\leftarrow β_2 v + (1 - β_2) g^2 \\
        θ &\leftarrow θ - \mathrm{lr} \, \frac{m / (1 - β_1^t)}{\sqrt{v / (1 - β_2^t)} + 10^{-8}}

    θ is a parameter, g its gradient, t the number of this step, from 1 on.

    Parameters
    ----------
    lr : float, default 1e-3
        Learning rate, 0 to 1000.
    beta1, beta2 : float, default 0.9 and 0.999
        Decay of the running means of the gradient and of its square; in [0, 1).

    Raises
    ------
    ValueError
        For a number out of these ranges; so do all optimizers and schedules here.

    Examples
    --------
    >>> Adam(beta1=0.5)
    Adam(lr=0.001, beta1=0.5, beta2=0.999)
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999

    def build(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        """PyTorch's optimizer of these parameters."""
        parameters = list(parameters)
        lr = torch.tensor(float(self.lr), device=parameters[0].device)
        betas = (float(self.beta1), float(self.beta2))  # PyTorch takes no int
        optimizer = _Adam(parameters, lr=lr, betas=betas, fused=True, capturable=lr.is_cuda)
        for p in parameters:
            optimizer.state[p] = {
                "step": torch.zeros((), device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }
        return optimizer


@takes(lr=number(least=0, most=1e9), momentum=number(least=0, below=1))
@dataclass(frozen=True)
class SGD:
    r"""Stochastic gradient descent with momentum.

    .. math:: v \leftarrow \mathrm{momentum} \cdot v + g, \quad θ \leftarrow θ - \mathrm{lr} \cdot v

    θ is a parameter, g its gradient.

    Parameters
    ----------
    lr : float, default 1e-2
        Learning rate, at least 0.
    momentum : float, default 0
        In [0, 1).

    Examples
    --------
    >>> SGD(0.1)
    SGD(lr=0.1, momentum=0.0)
    """

    lr: float = 1e-2
    momentum: float = 0.0

    def build(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        """PyTorch's optimizer of these parameters."""
        parameters = list(parameters)
        lr = torch.tensor(float(self.lr), device=parameters[0].device)  # an int could hold no half of it
        optimizer = _SGD(parameters, lr=lr, momentum=self.momentum, fused=True)
        if self.momentum:
            for p in parameters:
                optimizer.state[p] = {"momentum_buffer": torch.zeros_like(p)}
        return optimizer


Optimizer = Adam | SGD


class Schedule:
    """A factor of all learning rates at each step: what a trainer takes as `schedule=`. So is a plain function of step.

    Examples
    --------
    >>> class EncoderRests(Schedule):
    ...     def __call__(self, step):
    ...         return 1.0
    ...
    ...     def of_phase(self, name, step):
    ...         return 0.0 if name == "generator" and step < 200 else 1.0
    >>> EncoderRests().of_phase("generator", 100)
    0.0
    """

    def __call__(self, step: int) -> float:
        """The factor of all learning rates, after that many steps."""
        raise NotImplementedError(f"{type(self).__name__} does not say its factor: write __call__(self, step).")

    def of_phase(self, name: str, step: int) -> float:
        """A factor of one phase's rate, on top of that of all."""
        return 1.0

    def of_term(self, name: str, step: int) -> float:
        """A factor of the weight of a term inside a loss."""
        return 1.0


class _Plain(Schedule):
    def __init__(self, function: Callable[[int], float]) -> None:
        self.function = function

    def __call__(self, step: int) -> float:
        return self.function(step)


def as_schedule(given: Schedule | Callable[[int], float]) -> Schedule:
    """The schedule that was given; a plain function as one.

    Examples
    --------
    >>> as_schedule(lambda step: 0.5).of_term("r1", 7)
    1.0
    """
    return given if isinstance(given, Schedule) else _Plain(given)


@takes()
@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rate as it is.

    Examples
    --------
    >>> Constant()(1000)
    1.0
    """

    def __call__(self, step: int) -> float:
        return 1.0


@takes(steps=count(most=2**62 - 1), final=number(least=0, most=1))
@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Half a cosine from 1 at step 0 to `final` at step `steps`; `final` from there on.

    .. math:: \mathrm{final} + (1 - \mathrm{final}) \, \tfrac12 (1 + \cos(π \, \mathrm{step} / \mathrm{steps}))

    Parameters
    ----------
    steps : int
        Where it ends, at least 1.
    final : float, default 0
        The factor of the learning rate there, 0 to 1.

    Examples
    --------
    >>> Cosine(100)(50)
    0.5
    """

    steps: int
    final: float = 0.0

    def __call__(self, step: int) -> float:
        done = min(step / self.steps, 1.0)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * done))


@takes(at=counts(least=0, most=2**62 - 1, example="(1000, 2000)"), factor=number(least=0, most=1))
@dataclass(frozen=True)
class Drops(Schedule):
    """Multiply by `factor` at each of the steps `at`; the paper drops twice by 10, at epochs 50 and 1000.

    Parameters
    ----------
    at : tuple of int
        Steps.
    factor : float, default 0.1
        Of the learning rate, 0 to 1.

    Examples
    --------
    >>> Drops(at=(10, 20), factor=0.5)(20)
    0.25
    """

    at: tuple[int, ...]
    factor: float = 0.1

    def __call__(self, step: int) -> float:
        return self.factor ** sum(step >= s for s in self.at)


@takes(
    steps=count(most=2**62 - 1),
    discriminator=number(least=0, most=1),
    reconstruction=number(least=0, most=1),
    penalty=number(above=0, most=1),
)
@dataclass(frozen=True)
class CoarseToFine(Schedule):
    """First the coarse shape of the prior, then the fine one. Made for `AAE(..., **ANY_PRIOR)`.

    - The rates follow `Cosine(steps)`, down to 0, but D's only to a share `discriminator` of itself. While the encoder
      slows down, D stays quick and so near to its best answer: the two no longer circle around the prior (two time
      scales: Heusel et al. 2017).
    - The weight of the reconstruction falls along with its rate, to a share `reconstruction` of itself, so that its
      pull does not keep the codes off the prior in the end.
    - The penalty r1 falls geometrically to a share `penalty`. Strong at first, it makes D too smooth to wall in codes
      that have yet to cross a gap; weak in the end, it lets D see what is thin.

    Parameters
    ----------
    steps : int
        Where it ends, at least 1.
    discriminator : float, default 0.5
        Share of D's learning rate in the end, 0 to 1.
    reconstruction : float, default 0
        Share of the reconstruction's weight in the end, 0 to 1.
    penalty : float, default 1/300
        Share of the penalty r1 in the end, above 0, at most 1.

    Examples
    --------
    >>> schedule = CoarseToFine(100)
    >>> [schedule.of_phase(name, 50) for name in ("reconstruction", "discriminator", "generator")]
    [0.25, 0.75, 0.5]
    >>> schedule.of_term("r1", 100)
    0.0033333333333333335
    """

    steps: int
    discriminator: float = 0.5
    reconstruction: float = 0.0
    penalty: float = 1 / 300

    def __call__(self, step: int) -> float:
        return 1.0  # each phase has a factor of its own

    def of_phase(self, name: str, step: int) -> float:
        if name.startswith("discriminator"):
            return Cosine(self.steps, self.discriminator)(step)
        rate = Cosine(self.steps)(step)
        return rate * Cosine(self.steps, self.reconstruction)(step) if name == "reconstruction" else rate

    def of_term(self, name: str, step: int) -> float:
        return self.penalty ** min(step / self.steps, 1.0) if name == "r1" else 1.0
