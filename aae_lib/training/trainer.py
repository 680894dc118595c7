"""The trainer of one model: a step at a time or many in a row, saved and gone back to."""

import contextlib
import copy
import difflib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import torch
from torch import nn

from ..arguments import count, function, number, path, seed, shown, switch, switch_or_title, takes
from ..data import Dataset, Minibatch, Minibatches, Split
from ..files import only_writer
from ..models import Loss, Model, Phase, unwrapped
from ..models.lock import StepLock
from ..models.phase import check_phases
from ..networks import BatchNorm
from ..optimizers import Cosine, Schedule
from . import checkpoints
from .checks import check_dropout, check_norms, with_losses
from .controlled import SCHEDULE, Controlled
from .devices import check_numbers, check_precision, find_device, keep_freed_memory
from .graphs import Graphs
from .loop import take_steps, whole_steps
from .processes import Processes, ProcessLostError
from .settings import Settings
from .step import step
from .updates import Updates

if TYPE_CHECKING:
    import pandas as pd


class NotFiniteError(RuntimeError):
    """A loss or a gradient was infinite or NaN; that update was not made, nor any after it."""


FIXED = ("model", "data", "seed", "device", "precision")
INSTEAD = {  # what others call it
    **dict.fromkeys(("lr", "learning_rate"), "trainer.rate is a factor for all rates, Adam(lr=...) says one"),
    **dict.fromkeys(("fit", "train"), "trainer.run(steps=4000) trains"),
    "batch_size": "Trainer(..., batch_size=100) says it, once",
    "epochs": "trainer.run(epochs=10) says it",
    "losses": "Trainer(..., losses={name: loss}) takes a loss of your own",
    "weight": "trainer.weights[phase] scales a phase's update",
    "prior": "trainer.model.prior is the prior",
}


class Trainer(Controlled, Updates):
    """Trains a model by its phases.

    Parameters
    ----------
    model : Model or nn.Module
        An AE, VAE, WAE, AAE, ..., or any module with `phases()`. A `torch.compile(model)` is unwrapped, with a warning.
    data : Dataset or Split
        Of a Dataset the training split is used.
    seed : int, default 0
        Of everything random while training: one generator, `trainer.generator`, on the device.
    device : str or torch.device, default "auto"
        "auto" is CUDA, else MPS, else the CPU.
    precision : {"fp32", "tf32", "bf16"}
        "tf32", on CUDA: matrix products on the fast units, which round the factors to 10 bits of mantissa; the rest is
        fp32. "bf16": autocast inside each phase; parameters and gradient penalty stay fp32.
    batch_size : int, optional
        None is 100, as in the paper, or all images where there are fewer.
    schedule : Schedule or callable, default Cosine(4000, final=0.05)
        Of the learning rates: `Cosine(steps)`, `Constant()`, `Drops(at)`, or `CoarseToFine(steps)`, which also lowers
        the weight of the reconstruction and the gradient penalty. One of your own is a function step -> factor, or an
        `optimizers.Schedule`, which may have a factor for one phase or term as well. Two players at full speed circle
        and never settle: on digits the MMD after 4000 steps was 0.16, 0.07 and 0.03 at constant rates (three seeds),
        and 0.001 to 0.003 with the cosine.
    phases : tuple of Phase, optional
        Instead of `model.phases()`.
    losses : dict of str to callable, optional
        Phase name -> your own loss(model, batch, terms).
    graph : bool, optional
        Whether `run` records its steps as CUDA graphs (see graphs.py); None: yes, on CUDA. Where that cannot be done,
        one warning says why.

    Attributes
    ----------
    weights : Controls
        weights[phase] scales the phase's update; 0 holds it still. This is what the sliders write to.
    terms : dict of Controls
        terms[phase][term], the weight of a term inside the phase's loss.
    repeats : Controls
        repeats[phase], how often the phase runs in a step.
    rate : float
        One factor for all learning rates.

    Notes
    -----
    weights, terms, repeats and rate may be changed at any time, from any thread; each step takes one snapshot of them
    at its start. One thread at a time may train. `history`, `save`, and all that the model offers may be called from
    any thread meanwhile: they see the model between two steps.

    Raises
    ------
    ValueError
        For data, phases, precision or a device that do not fit, and for images that the model cannot learn from (their
        shape, NaN, a range outside [0, 1]); NotFiniteError while training.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> trainer = aae.Trainer(aae.AAE(data.image_shape, hidden=(16,), seed=0), data, seed=0)
    >>> trainer.run(steps=2, progress=False).columns.tolist()
    ['step', 'seconds', 'reconstruction', 'discriminator', 'generator']
    """

    @takes(
        seed=seed(),
        schedule=SCHEDULE,
        graph=switch(),
    )
    def __init__(
        self,
        model: Model | nn.Module,
        data: Dataset | Split,
        *,
        seed: int = 0,
        device: str | torch.device = "auto",
        precision: str = "fp32",
        batch_size: int | None = None,
        schedule: Schedule | Callable[[int], float] | None = None,
        phases: tuple[Phase, ...] | None = None,
        losses: Mapping[str, Loss] | None = None,
        graph: bool | None = None,
    ) -> None:
        model = _trainable(model, phases)
        found = find_device(device)
        check_precision(precision, found)
        check_numbers([tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_meta], found)
        keep_freed_memory()
        # a module of your own has only some of a Model's abilities: ask `can`
        own = cast(Model, model.to(found))
        self.lock = model.lock if isinstance(model, Model) else StepLock()
        minibatches = Minibatches(data.train if isinstance(data, Dataset) else data, batch_size, found)
        if isinstance(model, Model):
            model.check_data(minibatches)
        self.data, self.data_name = data, data.name if isinstance(data, Dataset) else "split"
        self.seed = seed

        phases = with_losses(check_phases(own.phases() if phases is None else phases), losses)
        self._modules = list(model.modules())
        norms = [module for module in self._modules if isinstance(module, BatchNorm)]
        check_norms(norms, phases, minibatches.batch_size)
        check_dropout(model)
        processes = Processes()
        processes.check(phases, minibatches.batch_size, bool(norms))
        Controlled.__init__(self, phases, schedule or Cosine(steps=4000, final=0.05))
        generator = torch.Generator(found).manual_seed(seed)
        Updates.__init__(self, own, phases, minibatches, generator, precision, processes)
        self._moved = list({id(p): p for moved in self.parameters.values() for p in moved.values()}.values())
        self.kept: dict[Path, str] = {}  # folder: the checkpoint that this trainer has saved or loaded there

        self.sweep: object = None  # the sweep whose rows these tensors are
        self.in_step = False  # between the first and the last phase of a step
        self._before: checkpoints.State | None = None  # the step that is walked through: the state it began with
        on_cuda = self.device.type == "cuda"
        if graph and not on_cuda:
            raise ValueError(f"graph=True records CUDA graphs, and the device is {self.device}: leave it out.")
        single = self.processes.count == 1
        wanted = on_cuda and single if graph is None else graph
        self.graphs = Graphs([self], self.step, self.launch_step, self.flush) if wanted else None
        self.settings()  # a schedule that gives no number is told now
        if isinstance(model, Model):
            model.prepare(minibatches)
        model.train()
        self.start = {name: tensor.clone() for name, tensor in model.state_dict().items()}  # the weights to begin with

    def __setattr__(self, name: str, value: Any) -> None:
        if "start" in self.__dict__:  # it is made
            if name in FIXED:
                raise AttributeError(f"{name} is fixed once a trainer is made: make another one.")
            if type(self) is Trainer and not (name in self.__dict__ or hasattr(Trainer, name)):
                raise AttributeError(_not_there(name))
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(_not_there(name))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "a trainer is not pickled or copied: trainer.save(folder) keeps all, trainer.fork() makes a twin."
        )

    # ---- one step: step() takes a whole one, walk() pauses after each phase, advance(n) takes up to n, recorded where
    # that can be done; launch_step() makes the updates alone, uncounted ----

    def step(self) -> None:
        """One training step: every phase once (or `repeats` times)."""
        with whole_steps(), self.lock:
            self.ready()
            try:
                for _ in self._run_step():
                    pass
            except BaseException:
                self.leave_step()
                raise

    def walk(self) -> Iterator[str]:
        """One training step, phase by phase: yields the phase's name after its update.

        Until it ends, `save` keeps the state before it; abandoned (by `close()`, or another step), it never happened.
        """
        with self.lock:
            self.ready()
            before = self._before = checkpoints.snapshot(self)  # cheap compared with a look at every phase
            taken = self._run_step()
        try:
            while True:
                with self.lock:
                    self.lock.check()
                    if self._before is not before:
                        raise RuntimeError(
                            "this step was given up: another one was begun, a state loaded, or its numbers went wrong."
                        )
                    name = next(taken, None)
                if name is None:
                    return
                yield name
        finally:
            with self.lock:
                if self._before is before:
                    self.abandon_step()

    def launch_step(self, minibatches: Sequence[Minibatch], settings: Sequence[Settings]) -> None:
        """The updates of one step, without counting it; this is what a CUDA graph records."""
        for _ in step(self, minibatches[0], settings[0]):
            pass

    def ready(self) -> None:
        """Before a step. Another thread must not train, a step that was walked half way is given up; a step is taken in
        float32, and in training mode whatever was looked at."""
        self.lock.check()
        self.abandon_step()
        check_numbers(self._moved, self.device)
        if not all(module.training for module in self._modules):
            self.model.train()

    def _run_step(self) -> Iterator[str]:
        settings = self.settings()
        self.in_step = True
        yield from step(self, self.minibatches.next(self.generator), settings)
        self.end_step()

    def end_step(self) -> None:
        """A step is over."""
        self.steps += 1
        self.in_step, self._before = False, None
        full = self.records.next_row()
        if full or self.records.fault is not None:  # which a reader may have found
            self.flush()

    def leave_step(self) -> None:
        """A function failed within a step: what the phases before it have done stays, the step does not count."""
        self.records.leave_row()
        self.in_step = False

    def abandon_step(self) -> None:
        """Abandon the step that is walked through, if there is one: back to the state before it."""
        before, self._before = self._before, None
        if before is not None:
            self.records.leave_row()
            if self.in_step:
                checkpoints.restore(self, before)

    # ---- many steps ----

    @takes(
        measure=function("lambda model: {'mmd': ...}", arguments=1),
        every=count(most=2**62 - 1),
        folder=path(),
        overwrite=switch(),
        save_seconds=number(least=0),
        seconds=number(least=0),
        progress=switch_or_title(),
    )
    def run(
        self,
        steps: int | None = None,
        epochs: float | None = None,
        *,
        measure: Callable[[Any], Mapping[str, float]] | None = None,
        every: int | None = None,
        folder: str | Path | None = None,
        overwrite: bool = False,
        save_seconds: float = 30.0,
        seconds: float | None = None,
        progress: bool | str = True,
    ) -> "pd.DataFrame":
        """Train for this many `steps` or `epochs` (passes over all training images).

        Parameters
        ----------
        steps, epochs : number
            One of the two.
        measure : callable, optional
            Called with the model every `every` steps; returns a dict of names and numbers, which become columns of the
            history. Its random numbers must be its own: the trainer's generator belongs to the training.
        every : int, optional
            Steps between two measurements, at least 1; goes with `measure`.
        folder : path, optional
            Where to save checkpoints: before the first step, every `save_seconds`, at the end, and when an error or an
            interrupt ends the run. After a NotFiniteError, and where another process is lost within a step, the
            checkpoint before stays.
        overwrite : bool, default False
            Whether the checkpoint of another run in that folder may be replaced.
        save_seconds : float, default 30
            Seconds between two saves.
        seconds : float, optional
            Stop after this long, even if steps are left.
        progress : bool or str, default True
            Show a bar; where nobody watches (a file, CI), a line at the end. A text is what stands before it.

        Returns
        -------
        DataFrame
            The history: step, seconds, the loss of every phase, and what was measured.

        Raises
        ------
        ValueError
            Unless exactly one of steps and epochs is given, and both or neither of measure and every; for a folder that
            cannot be written to, before the first step.
        CheckpointError
            For a folder that holds another run.
        NotFiniteError
            With the phase, the step and what to try; the last good state is kept.
        """
        n = self.minibatches.count(steps, epochs)
        if (measure is None) != (every is None):
            raise ValueError("measure= and every= belong together: measure= says what, every= after how many steps.")

        def advance(left: int) -> int:
            taken = self.advance(min(left, every - self.steps % every) if every else left)
            if measure and every and self.steps % every == 0:
                self.flush()
                before, figures = self.steps, measure(self.model)
                if self.steps != before:
                    raise ValueError("measure= looks at the model, and this one has trained it: leave out the steps.")
                self.records.add_measures(self.steps, figures)
            return taken

        def save() -> None:
            if folder and self.processes.first:
                self.save(folder)

        with contextlib.ExitStack() as held:
            held.enter_context(self.lock.owned())
            self.flush()
            if folder and self.processes.first:
                held.enter_context(only_writer(Path(folder), self))
                self.save(folder, overwrite=overwrite)  # what cannot be saved is told before the first step
            self.start_clock()
            title = ("training" if progress is True else progress or None) if self.processes.first else None
            try:
                take_steps(advance, n, save, save_seconds, seconds, title)
                self.flush()
            except (NotFiniteError, ProcessLostError):  # half a step, which the whole job is to take again
                raise
            except BaseException:
                save()
                raise
            save()
            return self.history

    def advance(self, n: int) -> int:
        """Do at most n steps, many at once where they are recorded as a CUDA graph; returns how many."""
        if self.graphs is None:
            self.step()
            return 1
        with self.lock:
            self.ready()
            return self.graphs.play(n)

    def __iter__(self) -> Iterator[int]:
        """Train forever: yields the number of steps done after each."""
        self.start_clock()
        while True:
            self.step()
            yield self.steps

    @property
    def history(self) -> "pd.DataFrame":
        """A DataFrame: step, seconds, the loss of every phase, and what `measure` found (NaN where it did not run)."""
        with self.lock:
            self.flush()
            return self.records.table()

    def start_clock(self) -> None:
        """Count the history's seconds from now on."""
        self.records.start_clock()

    def flush(self) -> None:
        """Read the losses of the last steps off the device; the one place where the host waits for it.

        NotFiniteError tells the thread that trains of the first number that was not finite; others only look.
        """
        with self.lock:
            fault = self.records.read(self.steps)
            if fault is None or self.lock.elsewhere:
                return
            self.records.fault = None
            self.fault.zero_()  # the next step may train again
            self.steps = fault.steps
            if self._before is None:
                # the steps between the fault and this look have drawn numbers: what follows must not depend on how many
                self.generator.manual_seed((self.seed + (fault.steps + 1) * 2**40) % 2**63)
                self.minibatches.rewind()
            self.abandon_step()
            self.in_step = False
        raise NotFiniteError(
            f"the loss or a gradient of phase {fault.phase!r} was not finite at step {self.steps + 1}. "
            "Model and optimizers are as they were before that update. Try a lower learning rate or weight, look in a "
            "loss of your own for log(0) or a division by 0; then train on, go back to a checkpoint, or start over "
            "(trainer.reset())."
        )

    def reset(self) -> None:
        """Back to the starting weights, the first random number and an empty history: same seed, same run.

        The prior, and what was set in weights, terms, repeats and rate, stay as they are.
        """
        with self.lock:
            self.lock.check()
            self.model.load_state_dict(self.start)
            for state in (s for optimizer in self.optimizers.values() for s in optimizer.state.values()):
                for tensor in state.values():
                    tensor.zero_()
            self.generator.manual_seed(self.seed)
            self.minibatches.rewind()
            self.fault.zero_()
            self.steps = 0
            self.in_step, self._before = False, None
            self.records.clear()

    # ---- kept and copied ----

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write a checkpoint; see `checkpoints.save`."""
        return checkpoints.save(self, folder, overwrite=overwrite)

    def load(self, folder: str | Path, *, schedule: bool = True, inexact: bool = False) -> None:
        """Go on from a checkpoint; see `checkpoints.load`."""
        checkpoints.load(self, folder, schedule=schedule, inexact=inexact)

    def whole_step(self) -> "checkpoints.State":
        """The state after the last whole step, copied. CheckpointError from within a step."""
        with self.lock:
            return self._before if self._before is not None else checkpoints.snapshot(self)

    def fork(self) -> "Trainer":
        """A trainer of the same make, with a model of its own: it begins with the weights of now, no step done yet."""
        with self.lock:
            # together: a phase's draw may be a method of the model
            model, phases = copy.deepcopy((self.model, self.phases))
        twin = Trainer(
            model,
            self.data,
            seed=self.seed,
            device=self.device,
            precision=self.precision,
            batch_size=self.minibatches.batch_size,
            schedule=self.schedule,
            phases=phases,
            graph=None if self.graphs else False,
        )
        twin.choose(self.chosen())
        return twin


def _trainable(model: Model | nn.Module, phases: tuple[Phase, ...] | None) -> Model | nn.Module:
    """The model itself, if it is one that can be trained here."""
    if (inner := unwrapped(model)) is not model:
        warnings.warn(
            "the model inside torch.compile(model) is trained, uncompiled: losses call its networks one by one, "
            "never the whole. On CUDA whole steps are recorded as graphs instead.",
            stacklevel=4,  # behind @takes
        )
    if not isinstance(inner, nn.Module) or (phases is None and not callable(getattr(inner, "phases", None))):
        raise ValueError(f"model must be a Model, or a module with phases(); got {shown(inner)}.")
    if torch.is_inference_mode_enabled():
        raise ValueError("inference_mode is on, and what it makes cannot be trained: make the trainer outside.")
    return inner


def _not_there(name: str) -> str:
    near = difflib.get_close_matches(name, [known for known in dir(Trainer) if not known.startswith("_")], n=1)
    instead = INSTEAD.get(name) or (f"did you mean {near[0]}?" if near else "see help(aae.Trainer)")
    return f"a trainer has no {name}: {instead}" + ("" if instead.endswith("?") else ".")
