"""What a trainer cannot train, told before it starts."""

from collections.abc import Mapping, Sequence

from torch import nn

from ..arguments import shown
from ..models import Loss, Phase
from ..networks import BatchNorm

DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def with_losses(phases: tuple[Phase, ...], losses: Mapping[str, Loss] | None) -> tuple[Phase, ...]:
    """The phases with some losses replaced by a learner's own."""
    if losses is None:
        return phases
    if not isinstance(losses, Mapping):
        raise ValueError(f"losses must be a dict, phase name -> loss(model, batch, terms); got {shown(losses)}.")
    if unknown := set(losses) - {phase.name for phase in phases}:
        names = ", ".join(phase.name for phase in phases)
        told = sorted(str(name) if str(name).isprintable() else shown(name) for name in unknown)
        raise ValueError(f"there is no phase {', '.join(told)}; the phases are {names}.")
    return tuple(phase.replace(loss=losses[phase.name]) if phase.name in losses else phase for phase in phases)


def check_dropout(model: nn.Module) -> None:
    """Refuse what draws by itself: a run with it could not be repeated or resumed."""
    if found := [name for name, module in model.named_modules() if isinstance(module, DROPOUT) and module.p]:
        raise ValueError(
            f"{found[0]} is a dropout, which does not draw from the trainer's generator, so that the run could not be "
            "repeated: set its p to 0. input_dropout= of a model is drawn in its phases."
        )


def check_norms(norms: Sequence[BatchNorm], phases: Sequence[Phase], batch_size: int) -> None:
    """Refuse batch norm that nothing moves, or that has no batch to look at."""
    if norms and not any(phase.moves_statistics for phase in phases):
        raise ValueError(
            "no phase moves batch norm's running statistics, which an evaluated model goes by: give one of them "
            "moves_statistics=True, by phase.replace(moves_statistics=True)."
        )
    if norms and batch_size < 2:
        raise ValueError("batch norm takes a mean over the batch, so it needs batch_size=2 or more; or leave it out.")
