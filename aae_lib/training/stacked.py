"""The updates of S models at once: one call moves a phase's parameters of all members of a sweep.

What PyTorch's optimizers cannot do, since their learning rate is one number: each member has a rate of its own, and one
whose numbers went wrong stands still while the others go on. The optimizers' state lies stacked, (S, ...), and each
member's own optimizer holds its rows of it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

fused_adam: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], None] | None
try:  # Triton comes with PyTorch for CUDA
    from .adam_kernel import adam as fused_adam
except ImportError:
    fused_adam = None

EPS = 1e-8  # PyTorch's


def stack(tensors: Sequence[Tensor]) -> Tensor:
    """(S, ...): the members' tensors, which become rows of it."""
    whole = torch.stack([tensor.detach() for tensor in tensors])
    for tensor, row in zip(tensors, whole, strict=True):
        tensor.data = row
    return whole


class StackedOptimizer:
    """The optimizers of one phase, of S members.

    Parameters
    ----------
    optimizers : sequence of torch.optim.Adam or torch.optim.SGD
        One a member, all of a kind; momentum and betas may differ.
    members : sequence of sequences of nn.Parameter
        The parameters that each moves, as rows of `parameters`.
    parameters : sequence of tensor
        The same, stacked (S, ...).

    Raises
    ------
    ValueError
        For optimizers of two kinds.
    """

    def __init__(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        members: Sequence[Sequence[nn.Parameter]],
        parameters: Sequence[Tensor],
    ) -> None:
        kinds = {type(optimizer).__name__: None for optimizer in optimizers}
        states = [[o.state[p] for p in of_one] for o, of_one in zip(optimizers, members, strict=True)]
        if len(kinds) > 1 or len({tuple(state) for of_one in states for state in of_one}) > 1:
            raise ValueError(f"the members of a sweep need optimizers of one kind; got {', '.join(kinds)}.")
        self.parameters, self.device = list(parameters), parameters[0].device
        keys = list(states[0][0])  # "step", "exp_avg", ...
        self.state = {key: [stack([s[i][key] for s in states]) for i in range(len(parameters))] for key in keys}
        if "step" in self.state:  # all in one tensor (parameters, S): counted at once
            self.steps = stack(self.state.pop("step"))
            for i, row in enumerate(self.steps):
                for of_one, step in zip(states, row, strict=True):
                    of_one[i]["step"].data = step
        groups = [optimizer.param_groups[0] for optimizer in optimizers]
        betas = [group["betas"] for group in groups if "betas" in group]
        self.momentum = self._numbers([group.get("momentum", 0.0) for group in groups])
        self.betas = [self._numbers(list(of_all)) for of_all in zip(*betas, strict=True)]

    def _numbers(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=self.device)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rates: Tensor, going: Tensor) -> None:
        """Move every member whose `going` (S,) bool is true, by its own of the `rates` (S,)."""
        if not self.betas:
            self._sgd(gradients, rates, going)
            return
        self.steps.add_(going)
        taken = self.steps[0].double()
        beta1, beta2 = self.betas
        scalars = torch.stack([rates / (1 - beta1**taken), (1 - beta2**taken).sqrt(), 1 - beta1, 1 - beta2]).float()
        update = fused_adam if fused_adam is not None and self.device.type == "cuda" else adam
        moments = zip(self.parameters, gradients, self.state["exp_avg"], self.state["exp_avg_sq"], strict=True)
        for parameter, gradient, mean, square in moments:
            update(parameter, gradient, mean, square, scalars, going)

    def _sgd(self, gradients: Sequence[Tensor], rates: Tensor, going: Tensor) -> None:
        for i, (parameter, gradient) in enumerate(zip(self.parameters, gradients, strict=True)):
            rate, momentum, moving = (_beside(t, parameter) for t in (rates, self.momentum.float(), going))
            if "momentum_buffer" in self.state:
                velocity = self.state["momentum_buffer"][i]
                gradient = velocity.mul(momentum).add_(gradient)
                velocity.copy_(torch.where(moving, gradient, velocity))
            parameter.copy_(torch.where(moving, parameter - rate * gradient, parameter))


def adam(parameter: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, scalars: Tensor, going: Tensor) -> None:
    """Adam for a tensor (S, ...) of parameters, in place; Kingma and Ba 2014 (arXiv 1412.6980), section 2.

    m <- β₁ m + (1 − β₁) g,  v <- β₂ v + (1 − β₂) g²,  parameter <- parameter − size · m / (√v / root + ε)

    Parameters
    ----------
    parameter, gradient, mean, square : tensor
        (S, ...): the parameter, g, m and v.
    scalars : tensor
        (4, S): size = rate / (1 − β₁^t), root = √(1 − β₂^t), 1 − β₁, 1 − β₂ (the last would lose digits here).
    going : tensor
        (S,) bool: which members move.
    """
    size, root, share1, share2 = (_beside(row, parameter) for row in scalars)
    moving = _beside(going, parameter)
    new_mean = mean.lerp(gradient, share1)
    new_square = square * (1 - share2) + share2 * gradient.square()
    new = parameter - size * new_mean / (new_square.sqrt() / root + EPS)
    for old, now in ((mean, new_mean), (square, new_square), (parameter, new)):
        old.copy_(torch.where(moving, now, old))


def _beside(numbers: Tensor, tensor: Tensor) -> Tensor:
    """(S,) as (S, 1, ...), to be combined with a tensor (S, ...)."""
    return numbers.view(-1, *[1] * (tensor.dim() - 1))
