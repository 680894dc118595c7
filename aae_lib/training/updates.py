"""What a training step calls, for one model: draw, call, gradients, update, record. The step itself is step.py."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..data import Minibatch, Minibatches
from ..models import Batch, Model, Phase
from ..networks import BatchNorm
from ..precision import products
from .devices import check_numbers
from .history import History
from .processes import Processes
from .settings import Settings

NOTHING = contextlib.nullcontext()


class Updates:
    """The updates of one model by its phases, with an optimizer each; nothing that is not finite moves a parameter.

    Parameters
    ----------
    model : Model
        On the device of the generator.
    phases : tuple of Phase
        Of a step.
    minibatches : Minibatches
        What the steps draw from.
    generator : torch.Generator
        Of everything random.
    precision : {"fp32", "tf32", "bf16"}
        Of losses and gradients.
    processes : Processes
        Which compute a part of each batch.
    """

    def __init__(
        self,
        model: Model,
        phases: tuple[Phase, ...],
        minibatches: Minibatches,
        generator: torch.Generator,
        precision: str,
        processes: Processes,
    ) -> None:
        self.model, self.minibatches, self.generator = model, minibatches, generator
        self.device, self.precision, self.processes = generator.device, precision, processes
        check_numbers(list(model.parameters()), self.device)
        self.norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
        self.parameters = {phase.name: phase.parameters(model) for phase in phases}
        self.optimizers = {phase.name: phase.optimizer.build(self.parameters[phase.name].values()) for phase in phases}
        self.records = History([phase.name for phase in phases], self.device)
        # 1 once something was not finite; the fused optimizers then skip every update, without the host looking
        self.fault, self._one = torch.zeros((), device=self.device), torch.ones((), device=self.device)
        self._nan = self._one * torch.nan
        for optimizer in self.optimizers.values():
            optimizer.found_inf, optimizer.grad_scale = self.fault, None  # type: ignore[attr-defined]  # no stubs

    def draw(self, phase: Phase, minibatch: Minibatch, another: bool) -> Batch:
        """The phase's batch, all of it random; an extra repeat gets other images. With several processes, own rows."""
        data = minibatch.another(self.generator) if another else minibatch
        return self.processes.shard(phase.drawn(data, self.generator), self.minibatches.batch_size)

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The precision of losses; entered for each phase, since cached casts of the weights go stale."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else self.products()

    def products(self) -> contextlib.AbstractContextManager[Any]:
        """The precision of matrix products, also where autocast is no matter: in gradients."""
        return products("tf32") if self.precision == "tf32" else NOTHING

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """function(model, *arguments); a `Sweep` calls it for all its models at once."""
        return function(self.model, *arguments)

    def gradients(self, phase: Phase, loss: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        """The detached loss, and its gradients with respect to the phase's own parameters; of the whole batch, too,
        where several processes have computed a part each."""
        with self.products():
            gradients = phase.gradients(loss, self.parameters[phase.name])
        return self.processes.all_reduce(loss.detach(), gradients, self.minibatches.batch_size)

    def update(self, phase: Phase, loss: Tensor, gradients: Sequence[Tensor], settings: Settings) -> Tensor:
        """Move the phase's parameters, if loss and gradients are finite; returns the loss, NaN if anything was not."""
        value = self._flag_if_not_finite(loss, gradients)
        self.move(phase, gradients, settings.rates[phase.name])
        # batch norm's running statistics follow the reconstruction, also where it is held still and others move the
        # encoder; not where all are
        if phase.moves_statistics and any(settings.weights.values()):
            for norm in self.norms:
                norm.follow(self.fault)
        return value

    def move(self, phase: Phase, gradients: Sequence[Tensor], rate: float | Tensor) -> None:
        """The optimizer's step with these gradients and learning rate; none while the fault flag is set."""
        optimizer = self.optimizers[phase.name]
        if isinstance(rate, Tensor):  # which a recorded graph reads
            optimizer.param_groups[0]["lr"] = rate
        else:
            optimizer.param_groups[0]["lr"].fill_(rate)
        parameters = self.parameters[phase.name].values()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        # MPS's fused kernels do not look at found_inf; there the host has to
        if self.device.type != "mps" or not self.fault:
            optimizer.step()
        for parameter in parameters:
            parameter.grad = None

    def _flag_if_not_finite(self, loss: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        """Set the fault flag, on the device, if the loss or a gradient is not finite; the loss, NaN if the flag is set.

        By what PyTorch's GradScaler uses, which looks at all tensors in one kernel; here it scales by 1. MPS lacks it.
        """
        if self.device.type == "mps":
            return flag_by_norms(loss, torch.stack(torch._foreach_norm(tuple(gradients))), self.fault)
        torch._amp_foreach_non_finite_check_and_unscale_([loss, *gradients], self.fault, self._one)
        return torch.where(self.fault > 0, self._nan, loss)

    def record(self, phase: Phase, loss: Tensor) -> None:
        """Note the phase's loss."""
        self.records.record(phase.name, loss)


def flag_by_norms(loss: Tensor, norms: Tensor, fault: Tensor) -> Tensor:
    """Set `fault` (...) where a loss (...) or a gradient's norm (P, ...) is not finite; the loss, NaN if one is not."""
    value = torch.add(loss, norms.sum(0), alpha=0)  # 0 · inf = NaN: one number tells of all
    fault.logical_or_(value.isfinite().logical_not_())
    return value
