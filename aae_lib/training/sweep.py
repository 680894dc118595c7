"""Many models of one kind trained at once, with different seeds, weights, terms or rates: one pass for all.

    Sweep([Trainer(AAE(shape, seed=s), data, seed=s) for s in range(5)]).run(steps=2000)

The members' parameters lie stacked in one tensor each, (S, ...); `torch.func.vmap` runs a phase's pure loss over all
members, and the sum of the S losses is differentiated once: member s gets exactly its own gradient, as no other
member's loss contains its parameters. Learning rates, weights and terms are the member's own, and so is what is drawn,
so that every member does what its trainer alone would do, to rounding. On a GPU hundreds of small draws take longer
than all the rest: there one generator draws for all.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ..arguments import number, path, shown, switch, takes
from ..data import Minibatch, StackedMinibatches
from ..files import only_writer
from ..models import Batch, Model, Phase
from ..networks import follow
from .checks import check_together, differ_in_draws
from .graphs import Graphs, structure_of
from .loop import take_steps, whole_steps
from .settings import Settings
from .stacked import StackedAdam, adam, stack
from .step import step
from .trainer import NotFiniteError, Trainer
from .updates import flag_by_norms

if TYPE_CHECKING:
    import pandas as pd


class Sweep:
    """S trainers that take their steps together.

    Parameters
    ----------
    trainers : sequence of Trainer
        Of one model class with the same networks, losses, device, precision and batch size; seeds, data, learning
        rates, schedules, weights and terms may differ, and so may priors, where losses see samples of them (not a
        VAE's, whose loss sees the density). Each remains a trainer to be looked at, measured, saved and loaded, and
        can be trained further by itself afterwards.
    own_draws : bool, optional
        True: each member draws from its own generator, as its trainer alone would. False: one draw for all, from the
        first member's generator; the members then need the same images, as many labels, and equal priors. None: False
        on CUDA where the members allow it, else True.

    Raises
    ------
    ValueError
        For anything but a list of trainers, where they differ in more than that, or in what one draw for all needs.

    Notes
    -----
    Where one member meets a number that is not finite, all stop, the others are saved, and its last checkpoint stays.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> members = [aae.Trainer(aae.AE(data.image_shape, hidden=(16,), seed=s), data, seed=s) for s in range(2)]
    >>> len(aae.Sweep(members).run(steps=3, progress=False))
    6
    """

    @takes(own_draws=switch())
    def __init__(self, trainers: Sequence[Trainer], *, own_draws: bool | None = None) -> None:
        # no list() of anything: a trainer can be iterated over, and trains for ever
        if not isinstance(trainers, list | tuple) or not all(isinstance(trainer, Trainer) for trainer in trainers):
            raise ValueError(f"a sweep takes a list of trainers, as in Sweep([first, second]); got {shown(trainers)}.")
        self.trainers = list(trainers)
        self._check()
        first = self.trainers[0]
        self.template = _Called(first.model)
        sources = [trainer.minibatches for trainer in self.trainers]
        one_draw = first.device.type == "cuda" if own_draws is None else not own_draws
        differ = ""
        if one_draw:
            fit = StackedMinibatches.fit(sources)
            differ = differ_in_draws(self.trainers) if fit else "their images or the number of their labels differ"
        if own_draws is False and differ:
            raise ValueError(f"one draw for all is impossible, as {differ}: leave own_draws out.")
        self.own_draws = not one_draw or bool(differ)
        self.source = None if self.own_draws else StackedMinibatches(sources)
        self._stack()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a sweep is not pickled or copied: trainer.save(folder) keeps each member.")

    def _check(self) -> None:
        """Refuse members that cannot take their steps together."""
        check_together(self.trainers)
        self.phases, self._checked = self.trainers[0].phases, list(map(structure_of, self.trainers))

    def _stack(self) -> None:
        """One tensor (S, ...) for all that a step reads and writes; the members' own become rows of it."""
        first = self.trainers[0]
        self.graphs = None if first.graphs is None else Graphs(self.trainers, self.step, self.launch_step, self.flush)
        models, names = self.models, dict(self.trainers[0].model.named_parameters())
        self.stacked = {name: stack([m.get_parameter(name) for m in models]).requires_grad_() for name in names}
        self.faults = stack([trainer.fault for trainer in self.trainers])
        self.ring = stack([trainer.records.ring for trainer in self.trainers])
        norms = zip(*(trainer.norms for trainer in self.trainers), strict=True)
        self.statistics = [
            (stack([norm.running_mean for norm in of]), stack([norm.running_var for norm in of])) for of in norms
        ]
        self.optimizers: dict[str, StackedAdam] = {}
        for name, parameters in self.trainers[0].parameters.items():
            optimizers = [trainer.optimizers[name] for trainer in self.trainers]
            if StackedAdam.can_move(optimizers, self.trainers[0].device):
                members = [list(trainer.parameters[name].values()) for trainer in self.trainers]
                assert adam is not None
                self.optimizers[name] = StackedAdam(optimizers, members, [self.stacked[p] for p in parameters], adam)
        for trainer in self.trainers:
            trainer.sweep = self

    def _restack(self) -> None:
        """Stack again, if another sweep has done so since, or someone has given a member other tensors."""
        names = self.stacked
        own = all(
            trainer.sweep is self and trainer.model.get_parameter(name).data_ptr() == self.stacked[name][s].data_ptr()
            for s, trainer in enumerate(self.trainers)
            for name in names
        )
        if not own:
            self.flush()
            self._stack()

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

    @takes(overwrite=switch(), save_seconds=number(least=0), seconds=number(least=0), progress=switch())
    def run(
        self,
        steps: int | None = None,
        epochs: float | None = None,
        *,
        folders: Sequence[str | Path] = (),
        overwrite: bool = False,
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
            Where each member saves its checkpoints, a folder each; none: nowhere.
        overwrite : bool, default False
            Whether the checkpoints of other runs in these folders may be replaced.
        save_seconds : float, default 30
            Seconds between two saves.
        seconds : float, optional
            Stop after this long, even if steps are left.
        progress : bool, default True
            Show a bar.

        Returns
        -------
        DataFrame
            The members' histories; see `history`.

        Raises
        ------
        ValueError
            Unless there are as many folders as members, or none; CheckpointError as `Trainer.run`.
        NotFiniteError
            As `Trainer.run`, with the number of the member.
        """

        n = self.trainers[0].minibatches.count(steps, epochs)
        places = self._places(folders)

        def save(overwrite: bool = False) -> None:
            for s, (trainer, folder) in enumerate(zip(self.trainers, places, strict=False)):
                if s not in self.diverged:
                    trainer.save(folder, overwrite=overwrite)

        with contextlib.ExitStack() as held:
            for trainer in self.trainers:
                held.enter_context(trainer.lock.owned())
            self._restack()
            self.flush()
            for trainer, folder in zip(self.trainers, places, strict=False):
                held.enter_context(only_writer(folder, trainer))
            save(overwrite)  # what cannot be saved is told before the first step
            self._every("start_clock")
            title = f"training {len(self.trainers)} models" if progress else None

            def save_on_the_way() -> None:
                self.flush()  # here, not by a member's own save: a fault is one of the sweep
                save()

            try:
                take_steps(self.advance, n, save_on_the_way, save_seconds, seconds, title)
                self.flush()
            finally:
                save()
            return self.history

    def _places(self, folders: Sequence[str | Path]) -> list[Path]:
        """The members' folders, each its own."""
        if isinstance(folders, str | bytes | Path):
            raise ValueError(f"folders must be a list with a folder for each member; got {shown(folders)}.")
        places = [path().checked("folders", folder, "run") for folder in folders]
        if places and len(places) != len(self.trainers):
            raise ValueError(f"{len(self.trainers)} members need as many folders; got {len(places)}.")
        if len({place.resolve() for place in places}) < len(places):
            raise ValueError("two members have the same folder: each needs its own.")
        return places

    def advance(self, n: int) -> int:
        """As `Trainer.advance`."""
        if self.graphs is None:
            self.step()
            return 1
        with self._locked():
            assert self.graphs is not None
            return self.graphs.play(n)

    def flush(self) -> None:
        """`Trainer.flush` of every member."""
        self._every("flush")

    def step(self) -> None:
        """One training step of every member."""
        with whole_steps(), self._locked():
            if len({trainer.records.row for trainer in self.trainers}) > 1:  # one has taken steps by itself
                self.flush()
            settings = [trainer.settings() for trainer in self.trainers]
            for trainer in self.trainers:
                trainer.in_step = True
            try:
                self.launch_step([trainer.minibatches.next(trainer.generator) for trainer in self.trainers], settings)
            except BaseException:
                self._every("leave_step")
                raise
            self._every("end_step")

    def launch_step(self, minibatches: Sequence[Minibatch], settings: Sequence[Settings]) -> None:
        """What one step launches, uncounted."""
        images: Sequence[Minibatch] | Minibatch = minibatches
        if self.source is not None and not differ_in_draws(self.trainers):  # a prior may have been changed since
            images = Minibatch(self.source, torch.stack([minibatch.rows for minibatch in minibatches]))
        for _ in step(self, images, Settings.stacked(settings, self.trainers[0].device)):
            pass

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with contextlib.ExitStack() as locked:
            for trainer in self.trainers:
                locked.enter_context(trainer.lock)
                trainer.ready()
            if self._checked != list(map(structure_of, self.trainers)):  # a member was given something else since
                self._check()
            if any(trainer.sweep is not self for trainer in self.trainers):
                self._restack()
            yield

    # ---- what a step is made of; see step.py: as a trainer's, with tensors (S, ...) ----

    def draw(self, phase: Phase, minibatches: Sequence[Minibatch] | Minibatch, another: bool) -> Batch:
        """Every member's batch, stacked: tensors (S, B, ...). `minibatches`: one a member, or one for all."""
        if isinstance(minibatches, Minibatch):
            assert phase.draw is not None
            of_all = phase.draw(minibatches, self.trainers[0].generator)
            return {name: tensor.unflatten(0, (len(self.trainers), -1)) for name, tensor in of_all.items()}
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

        norms = self.trainers[0].norms

        def one(parameters: dict[str, Tensor], arguments: Sequence[Any]) -> Any:
            found = functional_call(self.template, parameters, (function, *arguments))
            return found, [norm.batch for norm in norms if norm.batch is not None]

        named = {f"model.{name}": tensor for name, tensor in self.stacked.items()}
        try:
            found, normed = vmap(one)(named, arguments)
        except RuntimeError as error:
            if not str(error).startswith("vmap:"):
                raise
            raise ValueError(
                "a loss looks at single numbers (.item(), an if), and a sweep runs it for all members at once: write "
                "it with torch.where, or train each by its own Trainer."
            ) from None
        self.normed = normed or self.normed
        for norm in norms:
            norm.batch = None
        return found

    normed: Sequence[Tensor] = ()  # what batch norm saw last, (S, B, d) each

    def gradients(self, phase: Phase, losses: Tensor) -> tuple[Tensor, Sequence[Tensor]]:
        """The members' losses (S,), and the gradients (S, ...) of their sum."""
        moved = {name: self.stacked[name] for name in self.trainers[0].parameters[phase.name]}
        with self.trainers[0].products():
            return losses.detach(), phase.gradients(losses.sum(), moved)

    def update(self, phase: Phase, losses: Tensor, gradients: Sequence[Tensor], settings: Settings) -> Tensor:
        """Every member's update, if its loss and gradients are finite; returns the losses, NaN where they are not."""
        norms = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients])
        values = flag_by_norms(losses, norms, self.faults)
        rates = settings.rates[phase.name]
        if phase.name in self.optimizers:
            self.optimizers[phase.name].step(gradients, rates, self.faults == 0)
        else:
            for s, (trainer, own) in enumerate(zip(self.trainers, self._own(phase), strict=True)):
                trainer.move(own, [gradient[s] for gradient in gradients], rates[s])
        if phase.moves_statistics:
            self._follow([any(of_member) for of_member in zip(*settings.weights.values(), strict=True)])
        return values

    def _follow(self, which: Sequence[bool]) -> None:
        """Batch norm's running statistics follow the last batch, in these members."""
        for norm, (mean, var), batch in zip(self.trainers[0].norms, self.statistics, self.normed, strict=True):
            if all(which):
                follow(mean, var, batch.detach(), norm.momentum, self.faults)
                continue
            for s in (s for s, does in enumerate(which) if does):
                follow(mean[s], var[s], batch[s].detach(), norm.momentum, self.faults[s])

    def record(self, phase: Phase, losses: Tensor) -> None:
        """Note each member's loss."""
        (place,) = {trainer.records.place(phase.name) for trainer in self.trainers}
        self.ring[:, *place] = losses

    def _own(self, phase: Phase) -> list[Phase]:
        return [trainer.phases[self.phases.index(phase)] for trainer in self.trainers]

    def _every(self, method: str) -> None:
        """Call a method of each trainer; a member that diverged is reported when all have had their turn."""
        faults = {}
        for s, trainer in enumerate(self.trainers):
            try:
                getattr(trainer, method)()
            except NotFiniteError as error:
                faults[s] = NotFiniteError(f"member {s} of the sweep: {error}")
        self.diverged = set(faults)
        if faults:
            raise next(iter(faults.values()))

    diverged: frozenset[int] | set[int] = frozenset()  # members whose numbers went wrong at the last look


class _Called(nn.Module):
    """The model as a module whose forward is any function of it, which `functional_call` asks for."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(self.model, *arguments)
