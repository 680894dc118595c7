"""Optimizers of a phase, and schedules of their learning rate.

Each optimizer is PyTorch's own, fused, with the learning rate as a tensor and its state made beforehand:
sliders then write a number into a tensor, and a training step has the same shape from the first to the last.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2014). beta1 = .5 for both players is the habit of adversarial training (Radford 2015)."""

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999

    def build(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        parameters = list(parameters)
        lr = torch.tensor(self.lr, device=parameters[0].device)
        betas = (self.beta1, self.beta2)
        optimizer = torch.optim.Adam(parameters, lr=lr, betas=betas, fused=True, capturable=lr.is_cuda)
        for p in parameters:
            optimizer.state[p] = {
                "step": torch.zeros((), device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }
        return optimizer


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum: v <- momentum · v + g, parameter <- parameter − lr · v."""

    lr: float = 1e-2
    momentum: float = 0.0

    def build(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        parameters = list(parameters)
        lr = torch.tensor(self.lr, device=parameters[0].device)
        optimizer = torch.optim.SGD(parameters, lr=lr, momentum=self.momentum, fused=True)
        if self.momentum:
            for p in parameters:
                optimizer.state[p] = {"momentum_buffer": torch.zeros_like(p)}
        return optimizer


Optimizer = Adam | SGD


@dataclass(frozen=True)
class Constant:
    """The learning rate as it is."""

    def __call__(self, step: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 at step 0 to `final` at step `steps`; `final` ever after."""

    steps: int
    final: float = 0.0

    def __call__(self, step: int) -> float:
        done = min(step / self.steps, 1.0)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Drops:
    """Multiply by `factor` at each of the steps `at`; the paper drops twice by 10, at epochs 50 and 1000."""

    at: tuple[int, ...]
    factor: float = 0.1

    def __call__(self, step: int) -> float:
        return self.factor ** sum(step >= s for s in self.at)


Schedule = Constant | Cosine | Drops
