"""Many models of one make trained at once: other seeds, weights, terms or rates, one pass for all.

    Sweep([Trainer(AAE(shape, seed=s), data, seed=s) for s in range(5)]).run(steps=2000)

The members' parameters lie stacked in one tensor each, (S, ...); `torch.func.vmap` runs a phase's pure loss over all
members, and the sum of the S losses is differentiated once: member s gets just its own gradient, as no other member's
loss holds its parameters. What is drawn, and each update, stays the member's own, so that every member does what its
trainer alone would do, to rounding.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from . import checkpoints
from .graphs import Graphs
from .phases import Batch, Phase
from .training import NotFiniteError, Trainer, take_steps


class Sweep:
    """S trainers that take their steps together.

    trainers  of one model class with parameters of the same shapes, the same losses, device, precision and batch size;
              seeds, data, priors, learning rates, schedules, weights and terms may differ. Each remains a trainer to
              be looked at, measured, saved and loaded, and can be trained further by itself afterwards

    Raises ValueError where they differ in more than that.
    """

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        self.trainers = list(trainers)
        _check(self.trainers)
        self.template = _Called(self.trainers[0].model)
        self.graphs = Graphs(self.trainers, self.step, self.flush) if self.trainers[0].graphs else None
        self.stacked = {name: self._stack(name) for name in dict(self.trainers[0].model.named_parameters())}

    def _stack(self, name: str) -> Tensor:
        """One tensor (S, ...) of a parameter; the members' own become rows of it."""
        parameters = [trainer.model.get_parameter(name) for trainer in self.trainers]
        whole = torch.stack([p.detach() for p in parameters])
        for p, row in zip(parameters, whole, strict=True):
            p.data = row
        return whole.requires_grad_()

    @property
    def models(self) -> list[nn.Module]:
        """The members' models."""
        return [trainer.model for trainer in self.trainers]

    @property
    def history(self) -> Any:
        """The members' histories below each other; column `member` counts from 0."""
        import pandas as pd

        tables = [trainer.history.assign(member=s) for s, trainer in enumerate(self.trainers)]
        return pd.concat(tables, ignore_index=True)

    def run(
        self,
        steps: int | None = None,
        epochs: float | None = None,
        *,
        folders: Sequence[str | Path] = (),
        save_seconds: float = 30.0,
        seconds: float | None = None,
        progress: bool = True,
    ) -> Any:
        """Train all members for so many `steps` or `epochs` (the first one's); returns the history. See `Trainer.run`.

        folders  where each member saves its checkpoints; none: nowhere
        """

        def save() -> None:
            for trainer, folder in zip(self.trainers, folders, strict=False):
                checkpoints.save(trainer, folder)

        n = self.trainers[0].stream.count(steps, epochs)
        if folders and len(folders) != len(self.trainers):
            raise ValueError(f"{len(self.trainers)} members need as many folders; got {len(folders)}.")
        self.flush()
        self._every("start_clock")
        title = f"training {len(self.trainers)} models" if progress else None
        take_steps(self.advance, n, save, save_seconds, seconds, title)
        self.flush()
        save()
        return self.history

    def advance(self, n: int) -> int:
        """As `Trainer.advance`."""
        if self.graphs:
            return self.graphs.play(n)
        self.step()
        return 1

    def flush(self) -> None:
        """`Trainer.flush` of every member."""
        self._every("flush")

    def step(self, nows: Sequence[Mapping[str, Any] | None] | None = None) -> None:
        """One training step of every member; `nows`: see `Trainer.begin`."""
        nows = [trainer.begin(now) for trainer, now in zip(self.trainers, nows or repeat(None), strict=False)]
        batch: Batch = {}
        for phase in self.trainers[0].phases:
            losses, batch = self.update(phase, batch, nows)
            for trainer, loss in zip(self.trainers, losses, strict=True):
                trainer._history.record(phase.name, loss)
        self._every("end")

    def update(self, phase: Phase, batch: Batch, nows: Sequence[Mapping[str, Any]]) -> tuple[list[Tensor], Batch]:
        """`Trainer.update` for all members; returns their losses and the batch, its tensors (S, B, ...)."""
        own = [trainer.phases[self.trainers[0].phases.index(phase)] for trainer in self.trainers]
        if phase.draw:
            drawn = [trainer.draw(p) for trainer, p in zip(self.trainers, own, strict=True)]
            batch = {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}
        first = self.trainers[0]
        with torch.autocast(first.device.type, torch.bfloat16, enabled=first.precision == "bf16"):
            if phase.share:
                batch = batch | self._over_members(phase.share, batch)
            every = [now["terms"][phase.name] for now in nows]
            terms = {
                name: torch.stack([torch.as_tensor(of_one[name], device=first.device) for of_one in every])
                for name in phase.terms
            }
            losses = self._over_members(phase.loss, batch, terms)
        moved = {name: self.stacked[name] for name in first.parameters[phase.name]}
        # vmap may give them transposed in memory, which the fused optimizers do not look at
        gradients = [gradient.contiguous() for gradient in phase.gradients(losses.sum(), moved)]
        values = []
        for s, (trainer, p, now) in enumerate(zip(self.trainers, own, nows, strict=True)):
            values.append(trainer.apply(p, losses[s].detach(), [gradient[s] for gradient in gradients], now))
        return values, batch

    def _every(self, method: str) -> None:
        """Call a method of each trainer; a member that diverged is told of when all have had their turn."""
        faults = []
        for s, trainer in enumerate(self.trainers):
            try:
                getattr(trainer, method)()
            except NotFiniteError as error:
                faults.append(NotFiniteError(f"member {s} of the sweep: {error}"))
        if faults:
            raise faults[0]

    def _over_members(self, function: Any, *arguments: Any) -> Any:
        """function(model, *arguments) for every member's parameters and arguments, at once."""

        def one(parameters: Mapping[str, Tensor], arguments: Sequence[Any]) -> Any:
            found = functional_call(self.template, parameters, (function, *arguments))
            return found, [norm.batch for norm in self.trainers[0].norms if hasattr(norm, "batch")]

        named = {f"model.{name}": tensor for name, tensor in self.stacked.items()}
        found, normed = vmap(one)(named, arguments)
        for s, trainer in enumerate(self.trainers):
            for norm, batches in zip(trainer.norms, normed, strict=False):
                norm.batch = batches[s].detach()
        return found


class _Called(nn.Module):
    """The model as a module whose forward is any function of it, which `functional_call` asks for."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, function: Any, *arguments: Any) -> Any:
        return function(self.model, *arguments)


def _words(settings: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if isinstance(value, str) and name != "class"}


def _check(trainers: Sequence[Trainer]) -> None:
    """Refuse trainers that cannot take their steps together."""
    if not trainers:
        raise ValueError("a sweep needs at least one trainer.")
    if len({id(trainer.model) for trainer in trainers}) < len(trainers):
        raise ValueError("two trainers share a model: each member of a sweep needs its own.")

    def same(what: str, values: Sequence[Any]) -> None:
        for s, value in enumerate(values):
            if value != values[0]:
                raise ValueError(f"members 0 and {s} of the sweep differ in {what}: {values[0]} and {value}.")

    def code(loss: Any) -> Any:
        return getattr(loss, "__func__", loss)

    same("the model's class", [type(trainer.model).__name__ for trainer in trainers])
    # what is no number is part of the losses' code: which loss, which activation
    words = [_words(getattr(trainer.model, "settings", {})) for trainer in trainers]
    for name in set().union(*words):
        same(f"the model's settings: {name}", [of_one.get(name) for of_one in words])
    same("phases", [[phase.name for phase in trainer.phases] for trainer in trainers])
    same("losses", [[code(phase.loss) for phase in trainer.phases] for trainer in trainers])
    same("terms", [[sorted(phase.terms) for phase in trainer.phases] for trainer in trainers])
    shapes = [{name: tuple(p.shape) for name, p in trainer.model.named_parameters()} for trainer in trainers]
    for name in set().union(*shapes):
        same(f"the shape of {name}", [of_one.get(name) for of_one in shapes])
    same("device", [trainer.device for trainer in trainers])
    same("precision", [trainer.precision for trainer in trainers])
    same("batch_size", [trainer.stream.batch_size for trainer in trainers])
    if any(repeats != 1 for trainer in trainers for repeats in trainer.repeats.values()):
        raise ValueError("a phase that runs several times a step (repeats) cannot be trained in a sweep.")
    if any(trainer.processes.count > 1 for trainer in trainers):
        raise ValueError("a sweep runs in one process.")
