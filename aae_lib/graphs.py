"""Training steps recorded once as a CUDA graph and replayed, many at a time.

A step of a small network is hundreds of short kernels, and launching them from Python takes longer than running them.
A recorded graph launches all of them at once. The step itself is the trainer's own, played while CUDA listens: nothing
is written twice. What changes from step to step is read from tensors that are filled before each replay: the rows of
the minibatches, the learning rates, the weights of terms. Moving a slider or a schedule therefore needs no new
recording; another number of repeats, another prior or another input noise does, and each is kept.

Random numbers come from the trainer's generator, which is registered with the graph and goes on where it was: the run
is the same, to rounding, as one step by step.
"""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from . import checkpoints

LENGTHS = (50, 10, 1)  # steps a graph may hold; at most as many as the history's ring has rows
KEPT = 8  # graphs


class Graphs:
    """Plays the steps of trainers that go together (one, or a sweep's) by recorded graphs.

    trainers  share `step(nows)`, one step of them all, and `flush()`
    record    False plays the same steps from the same tensors without recording them: on a CPU, to test all but CUDA
    """

    def __init__(
        self,
        trainers: Sequence[Any],
        step: Callable[[Sequence[Mapping[str, Any]]], None],
        flush: Callable[[], None],
        record: bool = True,
    ) -> None:
        self.trainers, self.step, self.flush, self.record = list(trainers), step, flush, record
        self.recorded: dict[Any, Recorded] = {}
        self.refused: str | None = None  # why steps cannot be recorded, once that is known

    def play(self, n: int) -> int:
        """Do at most n steps; returns how many, at least one."""
        if (reason := self.refused or self._unfit()) is not None:
            self._refuse(reason)
            self.step([trainer.snapshot() for trainer in self.trainers])
            return 1
        self.flush()  # the recorded steps write to the ring's first rows
        for trainer in self.trainers:
            trainer.stream.shuffle_if_over(trainer.generator)
        left = min(trainer.stream.steps_per_epoch - trainer.stream.cursor for trainer in self.trainers)
        k = next(length for length in LENGTHS if length <= min(n, left))
        key = (k, *(_structure(trainer) for trainer in self.trainers))
        if key not in self.recorded:
            try:
                made = Recorded(self.trainers, self.step, k, self.record)
            except RuntimeError as error:
                self._refuse(str(error).splitlines()[0])
                return self.play(n)
            while len(self.recorded) >= KEPT:
                self.recorded.pop(next(iter(self.recorded)))
            self.recorded[key] = made
        self.recorded[key].play()
        self.flush()
        return k

    def _unfit(self) -> str | None:
        for trainer in self.trainers:
            prior = getattr(trainer.model, "style_prior", getattr(trainer.model, "prior", None))
            if not getattr(prior, "capturable", True):
                return f"the prior {prior!r} does not promise to draw on the GPU without waiting (capturable=True)"
        return None

    def _refuse(self, reason: str) -> None:
        if self.refused is None:
            self.refused = reason
            warnings.warn(f"steps are launched one by one, not as a CUDA graph: {reason}.", stacklevel=4)


class Recorded:
    """k steps as one graph, and the tensors that it reads."""

    def __init__(self, trainers: Sequence[Any], step: Callable[..., None], k: int, record: bool) -> None:
        self.trainers, self.step, self.k = list(trainers), step, k
        self.inputs = [Inputs(trainer, k) for trainer in trainers]
        self.graph: torch.cuda.CUDAGraph | None = None
        if record:
            self._record()

    def _record(self) -> None:
        states = [checkpoints.snapshot(trainer) for trainer in self.trainers]
        rows = [trainer._history.ring.clone() for trainer in self.trainers]
        device = self.trainers[0].device
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)
        for trainer in self.trainers:
            graph.register_generator_state(trainer.generator)
        stream.wait_stream(torch.cuda.current_stream(device))
        try:
            with torch.cuda.stream(stream):  # a step outside the graph: libraries make their workspaces
                self._fill()
                self._steps(1)
            torch.cuda.current_stream(device).wait_stream(stream)
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self._steps(self.k)
        finally:
            for trainer, state, ring in zip(self.trainers, states, rows, strict=True):
                checkpoints.restore(trainer, state)
                trainer._history.ring.copy_(ring)
        self.graph = graph

    def play(self) -> None:
        """The k steps, and the host's own counting of them."""
        began = time.perf_counter()
        self._fill()
        if self.graph is None:
            self._steps(self.k)
        else:
            self.graph.replay()
        for trainer in self.trainers:
            trainer.steps += self.k
            trainer.stream.cursor += self.k
            trainer._history.passed(self.k, began)

    def _fill(self) -> None:
        for trainer, inputs in zip(self.trainers, self.inputs, strict=True):
            inputs.fill(trainer)

    def _steps(self, k: int) -> None:
        with _counting_nothing(self.trainers):
            for trainer, inputs in zip(self.trainers, self.inputs, strict=True):
                trainer.stream.permutation, trainer.stream.cursor = inputs.rows, 0
            for i in range(k):
                self.step([inputs.now(trainer, i) for trainer, inputs in zip(self.trainers, self.inputs, strict=True)])


class Inputs:
    """What a trainer's next k steps read: rows (k · B,), learning rates (k, phases), weights of terms."""

    def __init__(self, trainer: Any, k: int) -> None:
        device = trainer.device
        self.k = k
        self.rows = torch.zeros(k * trainer.stream.batch_size, dtype=torch.long, device=device)
        self.rates = torch.zeros(k, len(trainer.phases), device=device)
        self.terms = {
            phase: {name: torch.zeros((), device=device) for name in terms} for phase, terms in trainer.terms.items()
        }

    def fill(self, trainer: Any) -> None:
        """From the trainer, as it is now."""
        stream, now = trainer.stream, trainer.snapshot()
        size = stream.batch_size
        self.rows.copy_(stream.permutation[stream.cursor * size : (stream.cursor + self.k) * size])
        rates = [[*trainer.rates_at(trainer.steps + i, now).values()] for i in range(self.k)]
        self.rates.copy_(torch.tensor(rates))
        for phase, terms in self.terms.items():
            for name, tensor in terms.items():
                tensor.fill_(now["terms"][phase][name])

    def now(self, trainer: Any, i: int) -> dict[str, Any]:
        """The snapshot that step i acts by: its numbers are these tensors."""
        names = [phase.name for phase in trainer.phases]
        rates: dict[str, Tensor] = dict(zip(names, self.rates[i], strict=True))
        return trainer.snapshot() | {"terms": self.terms, "rates": rates}


def _structure(trainer: Any) -> tuple[Any, ...]:
    """All that decides which kernels a step launches, beyond what cannot change."""
    model, weights = trainer.model, trainer.weights
    follows = tuple(bool(weights[phase.name]) for phase in trainer.phases if phase.moves_statistics)
    noise = (getattr(model, "input_noise", None), getattr(model, "input_dropout", None))
    return (tuple(trainer.repeats.values()), follows, noise, id(getattr(model, "prior", None)), model.training)


@contextmanager
def _counting_nothing(trainers: Sequence[Any]):
    """Steps in here leave no trace in what the host counts."""
    kept = [(t.stream.permutation, t.stream.cursor, t.stream.rows, t.steps, t._history.state()) for t in trainers]
    try:
        yield
    finally:
        for trainer, (permutation, cursor, rows, steps, history) in zip(trainers, kept, strict=True):
            trainer.stream.permutation, trainer.stream.cursor, trainer.stream.rows = permutation, cursor, rows
            trainer.steps, trainer.in_step = steps, False
            trainer._history.set_state(history)
