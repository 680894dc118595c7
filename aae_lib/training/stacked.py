"""Adam for the S members of a sweep at once, on a GPU: one kernel per tensor moves all of them.

What PyTorch's optimizers cannot do, since their learning rate is one number: each member has a rate of its own, and one
whose numbers went wrong stands still while the others go on. The optimizers' state lies stacked, (S, ...), and each
member's own optimizer holds its rows of it. Where there is no Triton, each member's own optimizer moves it.
"""

import functools
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Kernel = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], None]
adam: Kernel | None
try:  # Triton comes with PyTorch for CUDA
    from .adam_kernel import adam
except ImportError:
    adam = None


def stack(tensors: Sequence[Tensor]) -> Tensor:
    """(S, ...): the members' tensors, which become rows of it."""
    whole = torch.stack([tensor.detach() for tensor in tensors])
    for tensor, row in zip(tensors, whole, strict=True):
        tensor.data = row
    return whole


@functools.cache
def works(kernel: Kernel, device: torch.device) -> bool:
    """Whether the kernel can be built and run here: Triton wants a C compiler. If not, one warning says why."""
    parameter, gradient, mean, square = torch.ones(4, 1, 1, device=device)
    scalars, going = torch.ones(4, 1, device=device), torch.ones(1, device=device) > 0
    try:
        kernel(parameter, gradient, mean, square, scalars, going)
    except Exception as error:  # whatever a compiler may say
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        warnings.warn(f"a sweep's updates are not stacked, and slower for it: {why}.", stacklevel=2)
        return False
    return True


class StackedAdam:
    """One phase's `torch.optim.Adam` of S members.

    Parameters
    ----------
    optimizers : sequence of torch.optim.Adam
        One a member; their betas may differ.
    members : sequence of sequences of nn.Parameter
        The parameters that each moves, as rows of `parameters`.
    parameters : sequence of tensor
        The same, stacked (S, ...).
    kernel : callable
        kernel(parameter, gradient, exp_avg, exp_avg_sq, scalars, going), in place; see `adam_kernel.adam`.
    """

    def __init__(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        members: Sequence[Sequence[nn.Parameter]],
        parameters: Sequence[Tensor],
        kernel: Kernel,
    ) -> None:
        self.parameters, self.kernel = list(parameters), kernel
        states = [[o.state[p] for p in of_one] for o, of_one in zip(optimizers, members, strict=True)]
        of_all = list(zip(*states, strict=True))  # for each parameter, its state in every member
        self.moments = [[stack([s[key] for s in of]) for of in of_all] for key in ("exp_avg", "exp_avg_sq")]
        self.steps = torch.stack([torch.stack([s["step"] for s in of]) for of in of_all])  # (parameters, S)
        for of, row in zip(of_all, self.steps, strict=True):
            for state, taken in zip(of, row, strict=True):
                state["step"].data = taken
        betas = [optimizer.param_groups[0]["betas"] for optimizer in optimizers]
        self.betas = torch.tensor(betas, dtype=torch.float64, device=self.steps.device).T

    @staticmethod
    def can_move(optimizers: Sequence[torch.optim.Optimizer], device: torch.device) -> bool:
        """Whether these optimizers can be stacked here."""
        all_adam = all(isinstance(optimizer, torch.optim.Adam) for optimizer in optimizers)
        return all_adam and device.type == "cuda" and adam is not None and works(adam, device)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rates: Tensor, going: Tensor) -> None:
        """Move every member whose `going` (S,) bool is true, by its own of the `rates` (S,); gradients (S, ...)."""
        self.steps.add_(going)
        taken = self.steps[0].double()
        beta1, beta2 = self.betas
        size, root = rates / (1 - beta1**taken), (1 - beta2**taken).sqrt()
        scalars = torch.stack([size, root, 1 - beta1, 1 - beta2]).float()
        for parameter, gradient, mean, square in zip(self.parameters, gradients, *self.moments, strict=True):
            self.kernel(parameter, gradient, mean, square, scalars, going)
