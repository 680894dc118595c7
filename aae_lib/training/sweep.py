"""Many models of one kind trained at once: with other seeds, weights, terms or rates, one pass for all.

    Sweep([Trainer(AAE(shape, seed=s), data, seed=s) for s in range(5)]).run(steps=2000)

The members' parameters lie stacked in one tensor each, (S, ...); `torch.func.vmap` runs a phase's pure loss over all
members, and the sum of the S losses is differentiated once: member s gets exactly its own gradient, as no other
member's loss contains its parameters. What is drawn, and each update, stays the member's own, so that every member does
what its trainer alone would do, to rounding.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ..data import Minibatch
from ..models import Batch, Loss, Model, Phase
from .graphs import Graphs
from .loop import take_steps, whole_steps
from .settings import Settings
from .step import step
from .trainer import NotFiniteError, Trainer

if TYPE_CHECKING:
    import pandas as pd


class Sweep:
    """S trainers that take their steps together.

    Parameters
    ----------
    trainers : sequence of Trainer
        Of one model class with parameters of the same shapes, the same losses, device, precision and batch size;
        seeds, data, priors, learning rates, schedules, weights and terms may differ. Each remains a trainer to be
        looked at, measured, saved and loaded, and can be trained further by itself afterwards.

    Raises
    ------
    ValueError
        Where they differ in more than that.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> members = [aae.Trainer(aae.AE(data.image_shape, hidden=(16,), seed=s), data, seed=s) for s in range(2)]
    >>> len(aae.Sweep(members).run(steps=3, progress=False))
    6
    """

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        self.trainers = list(trainers)
        _check(self.trainers)
        self.phases = self.trainers[0].phases
        self.template = _Called(self.trainers[0].model)
        recorded = self.trainers[0].graphs is not None
        self.graphs = Graphs(self.trainers, self.step, self.launch_step, self.flush) if recorded else None
        self.stacked = {name: self._stack(name) for name in dict(self.trainers[0].model.named_parameters())}

    def _stack(self, name: str) -> Tensor:
        """One tensor (S, ...) of a parameter; the members' own become rows of it."""
        parameters = [trainer.model.get_parameter(name) for trainer in self.trainers]
        whole = torch.stack([p.detach() for p in parameters])
        for p, row in zip(parameters, whole, strict=True):
            p.data = row
        return whole.requires_grad_()

    @property
    def models(self) -> list[Model]:
        """The members' models."""
        return [trainer.model for trainer in self.trainers]

    @property
    def history(self) -> "pd.DataFrame":
        """The members' histories one below the other; column `member` counts from 0."""
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
    ) -> "pd.DataFrame":
        """Train all members; see `Trainer.run`.

        Parameters
        ----------
        steps, epochs : number
            One of the two; an epoch is the first member's.
        folders : sequence of path, optional
            Where each member saves its checkpoints; none: nowhere.
        save_seconds : float, default 30
            Seconds between two saves.
        seconds : float, optional
            Stop after so long, even if steps are left.
        progress : bool, default True
            Show a bar.

        Returns
        -------
        DataFrame
            The members' histories; see `history`.

        Raises
        ------
        ValueError
            Unless there are as many folders as members, or none.
        NotFiniteError
            As `Trainer.run`, with the number of the member.
        """

        def save() -> None:
            for trainer, folder in zip(self.trainers, folders, strict=False):
                if not trainer.in_step:
                    trainer.save(folder)

        n = self.trainers[0].minibatches.count(steps, epochs)
        if folders and len(folders) != len(self.trainers):
            raise ValueError(f"{len(self.trainers)} members need as many folders; got {len(folders)}.")
        with contextlib.ExitStack() as owned:
            for trainer in self.trainers:
                owned.enter_context(trainer.lock.owned())
            self.flush()
            self._every("start_clock")
            title = f"training {len(self.trainers)} models" if progress else None
            take_steps(self.advance, n, save, save_seconds, seconds, title)
            self.flush()
            save()
            return self.history

    def advance(self, n: int) -> int:
        """As `Trainer.advance`."""
        if self.graphs is None:
            self.step()
            return 1
        with self._locked():
            return self.graphs.play(n)

    def flush(self) -> None:
        """`Trainer.flush` of every member."""
        self._every("flush")

    def step(self) -> None:
        """One training step of every member."""
        with whole_steps(), self._locked():
            settings = [trainer.settings() for trainer in self.trainers]
            for trainer in self.trainers:
                trainer.in_step = True
            self.launch_step([trainer.minibatches.next(trainer.generator) for trainer in self.trainers], settings)
            self._every("end_step")

    def launch_step(self, minibatches: Sequence[Minibatch], settings: Sequence[Settings]) -> None:
        """What one step launches, uncounted."""
        for _ in step(self, minibatches, Settings.stacked(settings, self.trainers[0].device)):
            pass

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as locked:
            for trainer in self.trainers:
                locked.enter_context(trainer.lock)
                trainer.lock.check()
            yield

    # ---- what a step is made of; see step.py: as a trainer's, with tensors (S, ...) ----

    def draw(self, phase: Phase, minibatches: Sequence[Minibatch], another: bool) -> Batch:
        """Every member's batch, drawn with its own phase and generator, stacked: tensors (S, B, ...)."""
        drawn = [
            trainer.draw(own, minibatch, another)
            for trainer, own, minibatch in zip(self.trainers, self._own(phase), minibatches, strict=True)
        ]
        return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """As `Trainer.autocast`."""
        return self.trainers[0].autocast()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """function(model, *arguments) for every member's parameters and arguments, at once."""

        def one(parameters: dict[str, Tensor], arguments: Sequence[Any]) -> Any:
            found = functional_call(self.template, parameters, (function, *arguments))
            return found, [norm.batch for norm in self.trainers[0].norms if norm.batch is not None]

        named = {f"model.{name}": tensor for name, tensor in self.stacked.items()}
        found, normed = vmap(one)(named, arguments)
        for s, trainer in enumerate(self.trainers):
            for norm, batches in zip(trainer.norms, normed, strict=False):
                norm.batch = batches[s].detach()
        return found

    def gradients(self, phase: Phase, losses: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        """The members' losses (S,), and the gradients (S, ...) of their sum."""
        moved = {name: self.stacked[name] for name in self.trainers[0].parameters[phase.name]}
        # vmap may give them transposed in memory, which the fused optimizers do not look at
        return losses.detach(), [gradient.contiguous() for gradient in phase.gradients(losses.sum(), moved)]

    def update(self, phase: Phase, losses: Tensor, gradients: Sequence[Tensor], settings: Settings) -> list[Tensor]:
        """Each member's own update; returns their losses, NaN where anything was not finite."""
        found = []
        for s, (trainer, own) in enumerate(zip(self.trainers, self._own(phase), strict=True)):
            found.append(trainer.update(own, losses[s], [gradient[s] for gradient in gradients], settings.member(s)))
        return found

    def record(self, phase: Phase, losses: Sequence[Tensor]) -> None:
        """Note each member's loss."""
        for trainer, loss in zip(self.trainers, losses, strict=True):
            trainer.record(phase, loss)

    def _own(self, phase: Phase) -> list[Phase]:
        return [trainer.phases[self.phases.index(phase)] for trainer in self.trainers]

    def _every(self, method: str) -> None:
        """Call a method of each trainer; a member that diverged is reported when all have had their turn."""
        faults = []
        for s, trainer in enumerate(self.trainers):
            try:
                getattr(trainer, method)()
            except NotFiniteError as error:
                faults.append(NotFiniteError(f"member {s} of the sweep: {error}"))
        if faults:
            raise faults[0]


class _Called(nn.Module):
    """The model as a module whose forward is any function of it, which `functional_call` asks for."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(self.model, *arguments)


def _words(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if isinstance(value, str)}


def _check(trainers: Sequence[Trainer]) -> None:
    """Refuse trainers that cannot take their steps together."""
    if not trainers:
        raise ValueError("a sweep needs at least one trainer.")
    if len({id(trainer.model) for trainer in trainers}) < len(trainers):
        raise ValueError("two trainers share a model: each member of a sweep needs its own.")

    def same(what: str, values: Sequence[object]) -> None:
        for s, value in enumerate(values):
            if value != values[0]:
                raise ValueError(f"members 0 and {s} of the sweep differ in {what}: {values[0]} and {value}.")

    def code(loss: Loss) -> object:
        return getattr(loss, "__func__", loss)

    same("the model's class", [type(trainer.model).__name__ for trainer in trainers])
    # what is no number is part of the losses' code: which loss, which activation
    words = [_words(trainer.model.arguments) if isinstance(trainer.model, Model) else {} for trainer in trainers]
    for name in set().union(*words):
        same(f"the model's {name}", [of_one.get(name) for of_one in words])
    same("phases", [[phase.name for phase in trainer.phases] for trainer in trainers])
    same("losses", [[code(phase.loss) for phase in trainer.phases] for trainer in trainers])
    same("terms", [[sorted(phase.terms) for phase in trainer.phases] for trainer in trainers])
    shapes = [{name: tuple(p.shape) for name, p in trainer.model.named_parameters()} for trainer in trainers]
    for name in set().union(*shapes):
        same(f"the shape of {name}", [of_one.get(name) for of_one in shapes])
    same("device", [trainer.device for trainer in trainers])
    same("precision", [trainer.precision for trainer in trainers])
    same("batch_size", [trainer.minibatches.batch_size for trainer in trainers])
    if any(repeats != 1 for trainer in trainers for repeats in trainer.repeats.values()):
        raise ValueError("a phase that runs several times a step (repeats) cannot be trained in a sweep.")
    if any(trainer.processes.count > 1 for trainer in trainers):
        raise ValueError("a sweep runs in one process.")
