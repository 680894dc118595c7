"""The training loop. One step runs the phases in order: draw, loss, gradients of the phase's own parameters, update."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from . import checkpoints
from .controls import Controls
from .devices import check_precision, find_device
from .graphs import Graphs
from .history import History
from .networks import BatchNorm
from .optimizers import Cosine, Schedule
from .phases import Batch, Loss, Phase, check_phases
from .processes import Processes
from .streams import Stream


class NotFiniteError(RuntimeError):
    """A loss or a gradient was infinite or NaN; the update was not made, and none after it."""


class Trainer:
    """Trains a model by its phases.

    model       an AE, VAE, WAE, AAE, or any module with `phases()`
    data        a Dataset (its training split is used) or a Split
    seed        of everything random while training: one generator, `trainer.generator`, on the device
    device      "auto" (CUDA, else MPS, else CPU) or a device
    precision   "fp32" (default) or "bf16": autocast inside each phase; parameters and gradient penalty stay fp32
    batch_size  default 100, as in the paper
    schedule    of the learning rates: `Cosine(steps)`, `Constant()`, `Drops(at)`. Default: Cosine(4000, final=.05).
                Two players at full speed circle and never settle: on digits the MMD after 4000 steps was .16, .07 and
                .03 at constant rates (three seeds), and .001 to .003 with the cosine
    graph       whether `run` records its steps as CUDA graphs (see graphs.py); None (default): yes, on CUDA. Where that
                cannot be done, one warning says why
    phases      instead of model.phases(); losses: a dict of phase name -> your own loss(model, batch, terms)

    While it trains, these may be changed at any time, from any thread; each step takes one snapshot at its start:
    weights[phase]      scales the phase's update; 0 holds it still
    terms[phase][term]  weight of a term inside the phase's loss
    repeats[phase]      how often the phase runs in a step
    rate                one factor for all learning rates
    """

    def __init__(
        self,
        model: nn.Module,
        data: Any,
        *,
        seed: int = 0,
        device: str | torch.device = "auto",
        precision: str = "fp32",
        batch_size: int = 100,
        schedule: Schedule | None = None,
        phases: tuple[Phase, ...] | None = None,
        losses: Mapping[str, Loss] | None = None,
        graph: bool | None = None,
    ) -> None:
        self.device = find_device(device)
        check_precision(precision, self.device)
        # glibc hands large freed blocks back to the system, and every step would fault them in again, a tenth of its
        # time; freeing one block of just under 32 MB raises its threshold for good. Elsewhere this does nothing
        torch.empty(31 << 20, dtype=torch.uint8)
        self.model = model.to(self.device).train()
        self.stream = Stream(getattr(data, "train", data), batch_size, self.device)
        if hasattr(model, "check_data"):
            model.check_data(self.stream)
        self.data, self.data_name = data, getattr(data, "name", "split")
        self.driver: threading.Thread | None = None  # a live panel's thread: then no other may train
        self.seed, self.precision = seed, precision
        self.schedule = schedule or Cosine(steps=4000, final=0.05)
        self.generator = torch.Generator(self.device).manual_seed(seed)

        self.phases = with_losses(tuple(phases or model.phases()), losses or {})
        check_phases(self.phases)
        self.norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
        if self.norms and not any(phase.moves_statistics for phase in self.phases):
            raise ValueError(
                "no phase moves batch norm's running statistics, which an evaluated model goes by: give one of them "
                "moves_statistics=True, by phase.replace(moves_statistics=True)."
            )
        self.processes = Processes()
        self.processes.check(self.phases, batch_size, bool(self.norms))
        self.parameters = {phase.name: phase.parameters(model) for phase in self.phases}
        self.optimizers = {
            phase.name: phase.optimizer.build(self.parameters[phase.name].values()) for phase in self.phases
        }
        self.weights = Controls({phase.name: phase.weight for phase in self.phases})
        self.terms = {phase.name: Controls(phase.terms) for phase in self.phases}
        once = {phase.name for phase in self.phases if phase.draw is None}  # it shares a batch, and that is used up
        self.repeats = Controls({phase.name: phase.repeats for phase in self.phases}, whole=True, once=once)
        self._rate = Controls({"rate": 1.0})

        self.steps = 0
        self.in_step = False  # between the first and the last phase of a step
        self._history = History([phase.name for phase in self.phases], self.device)
        # 1 once something was not finite; the fused optimizers then skip every update, without the host looking
        self.fault = torch.zeros((), device=self.device)
        for optimizer in self.optimizers.values():
            optimizer.found_inf, optimizer.grad_scale = self.fault, None
        on_cuda = self.device.type == "cuda"
        if graph and not on_cuda:
            raise ValueError(f"graph=True records CUDA graphs, and the device is {self.device}: leave it out.")
        single = self.processes.count == 1
        wanted = on_cuda and single if graph is None else graph
        self.graphs = Graphs([self], lambda nows: self.step(nows[0]), self.flush) if wanted else None
        self._start = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    # ---- one step ----

    def step(self, now: Mapping[str, Any] | None = None) -> None:
        """One training step: every phase once (or `repeats` times)."""
        for _ in self.walk(now):
            pass

    def walk(self, now: Mapping[str, Any] | None = None) -> Iterator[str]:
        """One training step, phase by phase: yields the phase's name after its update. `now`: see `begin`."""
        if self.driver not in (None, threading.current_thread()):
            raise RuntimeError("a live panel is training this model: stop it first (its stop button, or panel.stop()).")
        now = self.begin(now)
        batch: Batch = {}
        for phase in self.phases:
            for extra in reversed(range(now["repeats"][phase.name])):
                if extra:
                    self.stream.resample(self.generator)
                else:
                    self.stream.restore()
                batch, loss = self.update(phase, batch, now)
            self._history.record(phase.name, loss)
            yield phase.name
        self.end()

    def begin(self, now: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """A step starts: its minibatch, its learning rates. Returns the settings that it acts by.

        now  None: the `snapshot`. A graph gives its own, whose numbers are tensors, "rates" among them
        """
        now = now or self.snapshot()
        for name, rate in (now.get("rates") or self.rates_at(self.steps, now)).items():
            (group,) = self.optimizers[name].param_groups
            group["lr"].copy_(rate) if isinstance(rate, Tensor) else group["lr"].fill_(rate)
        self.in_step = True
        self.stream.advance(self.generator)
        return now

    def end(self) -> None:
        """A step is over."""
        self.steps += 1
        self.in_step = False
        if self._history.next_row():
            self.flush()

    def snapshot(self) -> dict[str, Any]:
        """The settings that may be changed while training, as they are now: what a step acts by."""
        terms = {phase: dict(of_phase) for phase, of_phase in self.terms.items()}
        return {"weights": dict(self.weights), "terms": terms, "repeats": dict(self.repeats), "rate": self.rate}

    def set(self, settings: Mapping[str, Any]) -> None:
        """Take the settings of an earlier `snapshot`."""
        self.weights.update(settings["weights"])
        self.repeats.update(settings["repeats"])
        for phase, terms in settings["terms"].items():
            self.terms[phase].update(terms)
        self.rate = settings["rate"]

    def update(self, phase: Phase, batch: Batch, now: Mapping[str, Any]) -> tuple[Batch, Tensor]:
        """Draw, loss, gradients, update of one phase; returns batch and loss (NaN if anything was not finite)."""
        if phase.draw:
            batch = self.draw(phase)
        # autocast is entered for each phase: its cached casts of the weights are stale once a phase has moved them
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            if phase.share:
                batch = batch | phase.share(self.model, batch)
            loss = phase.loss(self.model, batch, now["terms"][phase.name])
        gradients = phase.gradients(loss, self.parameters[phase.name])
        loss, gradients = self.processes.add_up(loss.detach(), gradients, self.stream.batch_size)
        return batch, self.apply(phase, loss, gradients, now)

    def draw(self, phase: Phase) -> Batch:
        """The phase's batch, all of it random; of several processes each takes its own rows."""
        assert phase.draw is not None
        return self.processes.own_rows(phase.draw(self.stream, self.generator), self.stream.batch_size)

    def apply(self, phase: Phase, loss: Tensor, gradients: Sequence[Tensor], now: Mapping[str, Any]) -> Tensor:
        """Move the phase's parameters, if loss and gradients are finite; returns the loss, NaN if anything was not."""
        value = self._guard(loss, gradients)
        parameters = self.parameters[phase.name].values()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        # MPS's fused kernels do not look at found_inf; there the host has to
        if self.device.type != "mps" or not self.fault:
            self.optimizers[phase.name].step()
        for parameter in parameters:
            parameter.grad = None
        if phase.moves_statistics and now["weights"][phase.name]:
            for norm in self.norms:
                norm.follow(self.fault)
        return value

    def _guard(self, loss: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        """Raise the fault flag, on the device, if the loss or a gradient is not finite."""
        norm = torch.stack(torch._foreach_norm(gradients)).sum()
        value = torch.add(loss, norm, alpha=0)  # 0 · inf = NaN: one number tells of both
        self.fault.logical_or_(value.isfinite().logical_not_())
        return value

    def rates_at(self, step: int, now: Mapping[str, Any]) -> dict[str, float]:
        """Every phase's learning rate at that step."""
        factor = now["rate"] * self.schedule(step)
        return {phase.name: phase.optimizer.lr * factor * now["weights"][phase.name] for phase in self.phases}

    @property
    def rate(self) -> float:
        """One factor for all learning rates."""
        return self._rate["rate"]

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate["rate"] = value

    # ---- many steps ----

    def run(
        self,
        steps: int | None = None,
        epochs: float | None = None,
        *,
        measure: Callable[[nn.Module], Mapping[str, float]] | None = None,
        every: int | None = None,
        folder: str | Path | None = None,
        save_seconds: float = 30.0,
        seconds: float | None = None,
        progress: bool = True,
    ) -> Any:
        """Train for so many `steps` or `epochs` (passes over all training images) and return the history.

        measure   called with the model every `every` steps; its figures become columns of the history.
                  Its random numbers must be its own: the trainer's generator belongs to the training
        folder    where to save checkpoints: every `save_seconds` and at the end
        seconds   stop after so long, even if steps are left
        progress  show a bar

        Raises NotFiniteError, with the phase, the step and what to try; the last good state is kept.
        """
        n = self.stream.count(steps, epochs)
        if (measure is None) != (every is None) or (every is not None and every < 1):
            raise ValueError("measure= and every= belong together, and every is at least 1 step.")

        def advance(left: int) -> int:
            taken = self.advance(min(left, every - self.steps % every) if every else left)
            if measure and every and self.steps % every == 0:
                self.flush()
                self._history.add_measures(self.steps, measure(self.model))
            return taken

        def save() -> None:
            if folder and self.processes.first:
                checkpoints.save(self, folder)

        self.flush()
        self.start_clock()
        shown = progress and self.processes.first
        take_steps(advance, n, save, save_seconds, seconds, "training" if shown else None)
        self.flush()
        save()
        return self.history

    def advance(self, n: int) -> int:
        """Do at most n steps, many at once where they are recorded as a CUDA graph; returns how many."""
        if self.graphs:
            return self.graphs.play(n)
        self.step()
        return 1

    def __iter__(self) -> Iterator[int]:
        """Train for ever: yields the number of steps done after each."""
        self.start_clock()
        while True:
            self.step()
            yield self.steps

    @property
    def history(self) -> Any:
        """A DataFrame: step, seconds, the loss of every phase, and what `measure` found (NaN where it did not run)."""
        self.flush()
        return self._history.table()

    def start_clock(self) -> None:
        """Count the history's seconds from now on."""
        self._history.start_clock()

    def flush(self) -> None:
        """Read the losses of the last steps off the device; the one place where the host waits for it."""
        fault = self._history.flush(self.steps)
        if fault is None:
            return
        self.steps, name = fault
        self.fault.zero_()  # the next step may train again
        raise NotFiniteError(
            f"the loss or a gradient of phase {name!r} was not finite at step {self.steps + 1}. "
            "Model and optimizers are as they were before that update. Try a lower learning rate or weight, look in a "
            "loss of your own for log(0) or a division by 0; then train on, or start over (trainer.reset())."
        )

    def reset(self) -> None:
        """Back to the starting weights, the first random number and an empty history: same seed, same run.

        The prior, and what was set in weights, terms, repeats and rate, stay as they are.
        """
        self.model.load_state_dict(self._start)
        for state in (s for optimizer in self.optimizers.values() for s in optimizer.state.values()):
            for tensor in state.values():
                tensor.zero_()
        self.generator.manual_seed(self.seed)
        self.stream.rewind()
        self.fault.zero_()
        self.steps = 0
        self.in_step = False
        self._history.clear()


def take_steps(
    advance: Callable[[int], int],
    n: int,
    save: Callable[[], None],
    save_seconds: float,
    seconds: float | None = None,
    title: str | None = "training",
) -> None:
    """Call `advance(steps left)`, which says how many it did, until n are done or so many `seconds` have passed.

    `save` is called every `save_seconds`; a bar is shown if there is a `title` (TQDM_DISABLE=1 in the environment
    hides it)
    """
    from tqdm import tqdm

    began = saved = time.monotonic()
    hidden = {} if title else {"disable": True}  # without "disable" the environment decides
    done = 0
    with tqdm(total=n, desc=title, unit="step", mininterval=0.5, **hidden) as bar:
        while done < n and (seconds is None or time.monotonic() - began < seconds):
            taken = advance(n - done)
            done += taken
            bar.update(taken)
            if time.monotonic() - saved > save_seconds:
                save()
                saved = time.monotonic()


def with_losses(phases: tuple[Phase, ...], losses: Mapping[str, Loss]) -> tuple[Phase, ...]:
    """The phases with some losses replaced by a learner's own."""
    if unknown := set(losses) - {phase.name for phase in phases}:
        names = ", ".join(phase.name for phase in phases)
        raise ValueError(f"there is no phase {', '.join(sorted(unknown))}; the phases are {names}.")
    return tuple(phase.replace(loss=losses[phase.name]) if phase.name in losses else phase for phase in phases)
