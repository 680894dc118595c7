"""What a trainer or a sweep cannot train, told before it starts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from ..arguments import shown
from ..models import Loss, Model, Phase
from ..models.phase import Share
from ..networks import BatchNorm

if TYPE_CHECKING:
    from .trainer import Trainer

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


def check_together(trainers: "Sequence[Trainer]") -> None:
    """Refuse trainers that cannot take their steps together."""
    if not trainers:
        raise ValueError("a sweep needs at least one trainer.")
    if len({id(trainer.model) for trainer in trainers}) < len(trainers):
        raise ValueError("two trainers share a model: each member of a sweep needs its own.")

    def same(what: str, values: Sequence[object]) -> None:
        for s, value in enumerate(values):
            if value != values[0]:
                raise ValueError(f"members 0 and {s} of the sweep differ in {what}: {values[0]} and {value}.")

    def code(function: Loss | Share | None) -> object:
        return getattr(function, "__func__", function)

    same("the model's class", [type(trainer.model).__name__ for trainer in trainers])
    # what is not a number is part of the losses' code: which loss, which activation
    words = [_words(trainer.model.arguments) if isinstance(trainer.model, Model) else {} for trainer in trainers]
    for name in set().union(*words):
        same(f"the model's {name}", [of_one.get(name) for of_one in words])
    same("phases", [[phase.name for phase in trainer.phases] for trainer in trainers])
    same("what their phases update", [[phase.updates for phase in trainer.phases] for trainer in trainers])
    same("losses", [[code(phase.loss) for phase in trainer.phases] for trainer in trainers])
    same("what phases share", [[code(phase.share) for phase in trainer.phases] for trainer in trainers])
    same("terms", [[sorted(phase.terms) for phase in trainer.phases] for trainer in trainers])
    shapes = [{name: tuple(p.shape) for name, p in trainer.model.named_parameters()} for trainer in trainers]
    for name in set().union(*shapes):
        same(f"the shape of {name}", [of_one.get(name) for of_one in shapes])
    same("the networks", [str(trainer.model) for trainer in trainers])
    same("what the losses read", [getattr(trainer.model, "read_by_losses", ()) for trainer in trainers])
    same("device", [trainer.device for trainer in trainers])
    same("precision", [trainer.precision for trainer in trainers])
    same("batch_size", [trainer.minibatches.batch_size for trainer in trainers])
    if any(repeats != 1 for trainer in trainers for repeats in trainer.repeats.values()):
        raise ValueError("a phase that runs several times a step (repeats) cannot be trained in a sweep.")
    if any(trainer.processes.count > 1 for trainer in trainers):
        raise ValueError("a sweep runs in one process.")


def _words(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if isinstance(value, str)}


def differ_in_draws(trainers: "Sequence[Trainer]") -> str:
    """Why one draw cannot be made for all members of a sweep; empty if it can."""
    first = trainers[0]
    for trainer in trainers:
        model = trainer.model
        if not isinstance(model, Model) or model.drawn_by is None:
            return f"{type(model).__name__} does not state what its draws depend on (drawn_by)"
        if model.drawn_by != first.model.drawn_by or model.style_prior != first.model.style_prior:
            return "their priors or their noise differ"
        for own, phase in zip(trainer.phases, first.phases, strict=True):
            if own.draw is None:
                continue
            of_model, code = (getattr(own.draw, name, None) for name in ("__self__", "__func__"))
            if of_model is not model or code is not getattr(phase.draw, "__func__", None):
                return f"the draws of phase {own.name!r} are not the model's own"
    return ""
