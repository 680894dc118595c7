"""What determines a trainer's steps to come, kept in memory and put back."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .files import CheckpointError

if TYPE_CHECKING:
    from ..trainer import Trainer


@dataclasses.dataclass(frozen=True)
class State:
    """All that determines the steps to come, kept in memory.

    Parameters
    ----------
    steps : int
        Steps done.
    cursor : int
        Place in the epoch.
    chosen : dict
        What was set while training; see `Trainer.chosen`.
    tensors : dict of str to tensor
        Weights, optimizer state, permutation and generator state.
    """

    steps: int
    cursor: int
    chosen: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def bytes(self) -> int:
        """Memory of the tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


def snapshot(trainer: "Trainer") -> State:
    """A copy of the trainer's state, without its history. CheckpointError in the middle of a step."""
    if trainer.in_step:
        raise CheckpointError("half a step cannot be resumed: save between two steps, not from within one.")
    tensors = {name: tensor.detach().clone() for name, tensor in tensors_of(trainer).items()}
    return State(trainer.steps, trainer.minibatches.cursor, trainer.chosen(), tensors)


def restore(trainer: "Trainer", state: State) -> None:
    """Put a state into a trainer of the same make; the history is left as it is."""
    _choose(trainer, state.chosen)  # which may be refused, so it comes first
    own = tensors_of(trainer)
    with torch.no_grad():
        for name, tensor in state.tensors.items():
            if name != "generator":
                own[name].copy_(tensor)
    trainer.generator.set_state(state.tensors["generator"].cpu())
    trainer.fault.zero_()
    trainer.steps, trainer.minibatches.cursor, trainer.in_step = state.steps, state.cursor, False


def tensors_of(trainer: "Trainer") -> dict[str, Tensor]:
    """Every tensor of the trainer's state, by name; the actual tensors, so that loading copies into them."""
    tensors = {f"model.{name}": tensor for name, tensor in trainer.model.state_dict().items()}
    for phase, optimizer in trainer.optimizers.items():
        for name, parameter in trainer.parameters[phase].items():
            for key, tensor in optimizer.state[parameter].items():
                tensors[f"optimizer.{phase}.{name}.{key}"] = tensor
    tensors["permutation"] = trainer.minibatches.permutation
    tensors["generator"] = trainer.generator.get_state()
    return tensors


def _choose(trainer: "Trainer", chosen: Mapping[str, Any]) -> None:
    """Take what was set while training, or nothing of it."""
    before = trainer.chosen()
    try:
        trainer.choose(chosen)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        trainer.choose(before)
        raise CheckpointError(f"the checkpoint's weights, terms, repeats or rate do not fit: {error}.") from error
