"""Training steps recorded once as a CUDA graph and replayed, many at a time.

A step of a small network is hundreds of short kernels, and launching them from Python takes longer than running them.
A recorded graph launches all of them at once. The step itself is `step`, played while CUDA listens: nothing is written
twice. What changes from step to step is read from tensors that are filled before each replay: the rows of the
minibatches, the learning rates, the weights of terms. Moving a slider or a schedule therefore needs no new recording;
another number of repeats, another prior or another input noise does, and each is kept.

Random numbers come from the trainer's generator, which is registered with the graph and continues from its state: the
run is the same, to rounding, as one step by step.
"""

import dataclasses
import gc
import time
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..data import Minibatch
from ..models import Model
from . import checkpoints
from .settings import Settings

if TYPE_CHECKING:
    from .trainer import Trainer

LENGTHS = (50, 10, 1)  # steps a graph may hold; at most as many as the history's ring has rows
KEPT = 8  # graphs

Structure = tuple[Hashable, ...]  # of the trainers, one `structure_of` each
Launch = Callable[[Sequence[Minibatch], Sequence[Settings]], None]


class CannotRecordError(RuntimeError):
    """CUDA refused to record steps that run well one by one."""


class Graphs:
    """Plays the steps of trainers that belong together (one, or a sweep's) by recorded graphs.

    Parameters
    ----------
    trainers : sequence of Trainer
        Whose steps are taken together.
    step : callable
        step(): one step of them all, launched one by one, and counted.
    launch_step : callable
        launch_step(minibatches, settings): what one step launches, for one of each per trainer; nothing is counted.
    flush : callable
        flush(): reads their losses.
    record : bool, default True
        False plays the same steps from the same tensors without recording them: on a CPU, to test all but CUDA.

    Examples
    --------
    >>> import aae_lib as aae
    >>> trainer = aae.Trainer(aae.AE((1, 8, 8), hidden=(16,)), aae.load("digits"))
    >>> Graphs([trainer], trainer.step, trainer.launch_step, trainer.flush, record=False).play(12), trainer.steps
    (10, 10)
    """

    def __init__(
        self,
        trainers: Sequence["Trainer"],
        step: Callable[[], None],
        launch_step: Launch,
        flush: Callable[[], None],
        record: bool = True,
    ) -> None:
        self.trainers, self.step, self.launch_step, self.flush, self.record = (
            list(trainers),
            step,
            launch_step,
            flush,
            record,
        )
        self.recorded: dict[tuple[int, Structure], Recorded] = {}
        self.refused: dict[Structure, str] = {}  # why its steps cannot be recorded
        self.told: set[str] = set()
        self.places: list[Hashable] = []  # of the tensors that the recorded steps read and write

    def play(self, n: int) -> int:
        """Do at most n steps; returns how many, at least one."""
        structure = tuple(structure_of(trainer) for trainer in self.trainers)
        reason = self._unfit() or self.refused.get(structure)
        if reason is not None:
            return self._one_by_one(reason)
        if (places := [place for trainer in self.trainers for place in _places(trainer)]) != self.places:
            self.recorded.clear()  # a sweep has made them rows of its own, or the model was elsewhere meanwhile
            self.places = places
        self.flush()  # the recorded steps write to the ring's first rows
        for trainer in self.trainers:
            trainer.minibatches.shuffle_if_over(trainer.generator)
        left = min(t.minibatches.steps_per_epoch - t.minibatches.cursor for t in self.trainers)
        k = next(length for length in LENGTHS if length <= min(n, left))
        if (k, structure) not in self.recorded:
            try:
                made = Recorded(self.trainers, self.launch_step, k, self.record)
            except CannotRecordError as error:
                self.refused[structure] = str(error)
                return self._one_by_one(str(error))
            while len(self.recorded) >= KEPT:
                self.recorded.pop(next(iter(self.recorded)))
            self.recorded[k, structure] = made
        self.recorded[k, structure].play()
        self.flush()
        return k

    def _unfit(self) -> str | None:
        for trainer in self.trainers:
            prior = trainer.model.style_prior if isinstance(trainer.model, Model) else None
            if prior is not None and not prior.capturable:
                return f"the prior {prior!r} does not promise to draw on the GPU without waiting (capturable=True)"
        return None

    def _one_by_one(self, reason: str) -> int:
        if reason not in self.told:
            self.told.add(reason)
            warnings.warn(f"steps are launched one by one, not as a CUDA graph: {reason}.", stacklevel=4)
        self.step()
        return 1


class Recorded:
    """k steps as one graph, and the tensors that it reads."""

    def __init__(self, trainers: Sequence["Trainer"], launch_step: Launch, k: int, record: bool) -> None:
        self.trainers, self.launch_step, self.k = list(trainers), launch_step, k
        self.inputs = [Inputs(trainer, k) for trainer in trainers]
        self.replay = self._recorded() if record else lambda: self._steps(self.k)

    def _recorded(self) -> Callable[[], None]:
        """A step that fails by itself raises its own error; one that only cannot be recorded, CannotRecordError."""
        with _undone(self.trainers):
            warm_up(lambda: self._steps(1), self.trainers, self._fill)
        with _undone(self.trainers):
            try:
                return capture(lambda: self._steps(self.k), self.trainers)
            except RuntimeError as error:
                # a generator whose recording failed draws no more
                for trainer in self.trainers:
                    trainer.generator = torch.Generator(trainer.device)
                raise CannotRecordError(str(error).splitlines()[0].rstrip(".")) from error

    def play(self) -> None:
        """The k steps, and the host's own counting of them."""
        began = time.perf_counter()
        self._fill()
        self.replay()
        if (device := self.trainers[0].device).type == "cuda":
            torch.cuda.current_stream(device).synchronize()  # history tells the GPU's seconds
        for trainer in self.trainers:
            trainer.steps += self.k
            trainer.minibatches.cursor += self.k
            trainer.records.passed(self.k, began)

    def _fill(self) -> None:
        for trainer, inputs in zip(self.trainers, self.inputs, strict=True):
            inputs.fill(trainer)

    def _steps(self, k: int) -> None:
        records = [trainer.records for trainer in self.trainers]
        states = [record.state() for record in records]
        both = list(zip(self.trainers, self.inputs, strict=True))
        try:
            for i in range(k):
                self.launch_step([x.minibatch(trainer, i) for trainer, x in both], [x.settings(t, i) for t, x in both])
                for record in records:
                    record.next_row()
        finally:
            for record, state in zip(records, states, strict=True):
                record.set_state(state)


def warm_up(steps: Callable[[], None], trainers: Sequence["Trainer"], fill: Callable[[], None]) -> None:
    """Steps outside the graph, on a stream of their own: libraries make their workspaces."""
    device = trainers[0].device
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        fill()
        steps()
    torch.cuda.current_stream(device).wait_stream(stream)


def capture(steps: Callable[[], None], trainers: Sequence["Trainer"]) -> Callable[[], None]:
    """Record what `steps` launches; returns what plays it."""
    graph = torch.cuda.CUDAGraph()
    for trainer in trainers:
        graph.register_generator_state(trainer.generator)
    stream = torch.cuda.Stream(trainers[0].device)
    with _no_garbage(), torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        steps()
    return graph.replay


@contextmanager
def _no_garbage() -> Iterator[None]:
    """No garbage is collected in here: freeing the graph of a trainer that is no longer used breaks a recording."""
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Inputs:
    """What a trainer's next k steps read: rows (k · B,), learning rates (phases, k), weights of terms (terms, k)."""

    def __init__(self, trainer: "Trainer", k: int) -> None:
        device = trainer.device
        self.k = k
        self.rows = torch.zeros(k * trainer.minibatches.batch_size, dtype=torch.long, device=device)
        self.rates = torch.zeros(len(trainer.phases), k, device=device)
        self.names = [(phase, name) for phase, terms in trainer.terms.items() for name in terms]
        self.terms = torch.zeros(len(self.names), k, device=device)

    def fill(self, trainer: "Trainer") -> None:
        """From the trainer, as it is now."""
        self.rows.copy_(trainer.minibatches.epoch_rows(trainer.minibatches.cursor, self.k))
        rates, terms = trainer.planned(range(trainer.steps, trainer.steps + self.k))
        self.rates.copy_(torch.tensor([*rates.values()]))
        if self.names:
            self.terms.copy_(torch.tensor([terms[phase][name] for phase, name in self.names]))

    def minibatch(self, trainer: "Trainer", i: int) -> Minibatch:
        """The images of step i."""
        size = trainer.minibatches.batch_size
        return Minibatch(trainer.minibatches, self.rows[i * size : (i + 1) * size])

    def settings(self, trainer: "Trainer", i: int) -> Settings:
        """What step i acts by: its numbers are these tensors."""
        rates = {phase.name: self.rates[j, i] for j, phase in enumerate(trainer.phases)}
        terms: dict[str, dict[str, Tensor]] = {phase.name: {} for phase in trainer.phases}
        for j, (phase, name) in enumerate(self.names):
            terms[phase][name] = self.terms[j, i]
        return dataclasses.replace(trainer.settings(), terms=terms, rates=rates)


class Same:
    """An object by its identity, as a part of a key; held, so that no other can take its place in memory."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _places(trainer: "Trainer") -> Iterator[Hashable]:
    """Where a recorded step finds its tensors, and whose random numbers it draws."""
    yield Same(trainer.generator)
    yield trainer.records.ring.data_ptr()
    for tensor in (*trainer.model.parameters(), *trainer.model.buffers()):
        yield tensor.data_ptr()


def structure_of(trainer: "Trainer") -> Structure:
    """All that decides which kernels a step launches, and which constants it reads."""
    model, weights = trainer.model, trainer.weights
    follows = any(weights.values())
    held: list[Same] = [Same(trainer.phases)]
    draws: Hashable = None
    if isinstance(model, Model):
        held, draws = [*held, Same(model.prior), Same(model.style_prior)], model.drawn_by
    return (tuple(trainer.repeats.values()), follows, draws, model.training, *held)


@contextmanager
def _undone(trainers: Sequence["Trainer"]) -> Iterator[None]:
    """Steps in here are undone at the end, in everything they change on the device."""
    states = [checkpoints.snapshot(trainer) for trainer in trainers]
    rings = [trainer.records.ring.clone() for trainer in trainers]
    try:
        yield
    finally:
        for trainer, state, ring in zip(trainers, states, rings, strict=True):
            checkpoints.restore(trainer, state)
            trainer.records.ring.copy_(ring)
