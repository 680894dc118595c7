"""One run in the panel: a trainer, the view of it, and its past."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data import Dataset, Split
from ..models import can
from ..training import checkpoints
from ..training.trainer import NotFiniteError, Trainer
from . import sliders
from .timeline import Timeline
from .view import Extent, Seen, View, axes_plane, pca_plane

STALE = 4  # pictures; in play the surface comes with every fourth, see scene.EVERY
Layers = dict[str, np.ndarray]


class Run:
    """A trainer with what the panel shows of it. Everything here runs on the panel's thread.

    show   the images whose codes are drawn; None: the validation split, or what the trainer trains on
    """

    def __init__(self, trainer: Trainer, name: str, show: Split | None = None) -> None:
        self.trainer, self.name, self.show = trainer, name, show
        with trainer.lock:
            trainer.lock.check()
            trainer.abandon_step()  # a step that was left half done is not taken up again
        self.view = View(trainer, split_shown(trainer, show))
        self.past = Timeline()
        self.walk: Iterator[str] | None = None  # a step that is run phase by phase
        self.lit: str | None = None  # the phase that was run last, when running phase by phase
        self.moved: dict[str, float] | None = None  # how far it moved each network
        self.uses, self.planned = trainer.chosen(), True  # what the last step used; planned: what the next one will
        self.mmd: float | None = None
        self.mmd_at: int | None = None  # the step at which it was taken
        self.mmds: list[tuple[int, float]] = []
        self.surface: np.ndarray | None = None  # of D, drawn a few pictures ago at most
        self._drawn: tuple[int, Extent] | None = None  # pictures since then, over which square
        self.planes: list[tuple[str, Any]] = []  # which the page lets one choose from

    # ---- training ----

    @property
    def steps(self) -> int:
        return self.trainer.steps

    def step(self) -> None:
        """One training step; the rest of it, if some phases were run already."""
        if self.walk is None:
            self._begin()
            try:
                self.trainer.step()
            except Exception:
                self.past.break_off()
                raise
        else:
            self.past.within_step(self.trainer)
            for _ in self.walk:
                pass
        self.walk = self.lit = self.moved = None

    def phase(self) -> None:
        """Run one phase, and note which it was and how far each network went."""
        if self.walk is None:
            self._begin()
            self.walk = self.trainer.walk()
        self.past.within_step(self.trainer)
        before = {name: [p.detach().clone() for p in part] for name, part in networks(self.trainer.model).items()}
        self.lit = next(self.walk)
        self.moved = {
            name: float(torch.stack([(p - q).norm() for p, q in zip(part, before[name], strict=True)]).norm().detach())
            for name, part in networks(self.trainer.model).items()
        }
        if self.lit == self.trainer.phases[-1].name:
            for _ in self.walk:  # the end of the step: it is counted
                pass
            self.walk = None

    def _begin(self) -> None:
        self.past.before_step(self.trainer)
        if not self.past.moments:
            self.look(set())  # one can always look back to the beginning
        self.uses, self.planned = self.trainer.chosen(), False
        self.trainer.start_clock()

    def plan(self) -> None:
        """Settings have changed, and no step is under way that would soon use them."""
        self.uses, self.planned = self.trainer.chosen(), True

    def finish_step(self) -> None:
        """End a step that is under way; priors and input noise change between steps only."""
        if self.walk is not None:
            self.step()

    def set_prior(self, prior: Any) -> None:
        """Take another prior from the next step on; ValueError leaves the old one."""
        self.finish_step()
        old = self.trainer.model.prior
        self.trainer.model.set_prior(prior)
        try:
            self.view.new_prior()
        except Exception:
            self.trainer.model.set_prior(old)
            self.view.new_prior()
            raise
        self.mmd = self.mmd_at = None

    def recover(self) -> None:
        """After a loss that was not finite: to exactly the state before that step, random numbers included.

        A learner's function that has changed meanwhile may be unable to repeat the steps before; the weights, which
        are good, stay as they are, and the past begins again.
        """
        with self.trainer.lock:
            self._recover()

    def _recover(self) -> None:
        trainer = self.trainer
        with contextlib.suppress(NotFiniteError):  # two runs at once
            trainer.flush()
        steps, good, history = self.steps, trainer.whole_step(), trainer.records.kept()
        self.walk = self.lit = self.moved = None
        self.past.forget_after(steps)
        try:
            self.past.go_to(trainer, steps)
        except Exception:
            checkpoints.restore(trainer, good)
            self.past = Timeline()
        trainer.records.restore(*history)

    def reset(self) -> None:
        """Back to the start of the run; settings and prior stay."""
        self.trainer.reset()
        self.past, self.mmds = Timeline(), []
        self.walk = self.lit = self.moved = self.mmd = self.mmd_at = None
        self.plan()

    # ---- what is seen ----

    def look(self, layers: set[str]) -> Layers:
        """The layers asked for, as arrays for the page; "codes" always, and the moment is kept."""
        with self.trainer.lock:
            return self._look(layers)

    def _look(self, layers: set[str]) -> Layers:
        self.trainer.flush()
        view, out = self.view, Layers()
        z = view.codes()
        self._follow_prior()
        categories, heads = view.categories(), view.heads()
        shown = view.plane.project(z)
        out["codes"] = shown.float().cpu().numpy()
        extent = view.extent(shown)
        if "surface" in layers and view.has_surface:
            out["surface"] = self.surface = view.surface(extent)
            self._drawn = (0, extent)
        elif self._drawn is not None:  # the box may be off: a moment is not to be kept with the surface of another
            self._drawn = (self._drawn[0] + 1, self._drawn[1])
            if self._drawn[0] > STALE or self._drawn[1] != extent:
                self.surface = self._drawn = None
        if "arrows" in layers and view.pulled:
            out["arrows"] = view.arrows()
        if "mmd" in layers:
            self.measure(z)
        if "images" in layers and view.has_decoder:
            out["images"] = view.pictures()
        if not self.trainer.in_step:
            kept = Seen(self.steps, out["codes"], categories, heads, view.prior_shown, self.surface, self.about())
            self.past.keep(kept)
        behind = layers | ({"prior"} if self.trainer.model.prior.moves else set())
        return out | _present(categories, heads) | self._curves(layers) | self._behind(behind, view.prior_shown)

    def look_back(self, seen: Seen, layers: set[str]) -> Layers:
        """The layers of a kept moment; curves are those of the whole run."""
        out = Layers(codes=seen.codes)
        if seen.surface is not None:
            out["surface"] = seen.surface
        behind = layers | ({"prior"} if seen.heads is not None else set())
        return out | _present(seen.categories, seen.heads) | self._curves(layers) | self._behind(behind, seen.prior)

    def about_back(self, seen: Seen) -> dict[str, Any]:
        """The numbers of a kept moment; where codes are drawn as they are, with the MMD of just then."""
        if self.view.latent_dim != 2:
            return seen.about
        mmd = self.view.mmd(torch.from_numpy(seen.codes), torch.from_numpy(seen.prior))
        return seen.about | {"mmd": mmd, "mmd_at": seen.step}

    def _curves(self, layers: set[str]) -> Layers:
        out = Layers()
        if "losses" in layers:
            rows = self.trainer.records.thinned(400)
            out["losses"] = np.array(rows, dtype=np.float32).reshape(-1, 1 + len(self.trainer.phases))
        if "mmd" in layers:
            out["mmd"] = np.array(_thin(self.mmds), dtype=np.float32).reshape(-1, 2)
        return out

    def _behind(self, layers: set[str], prior: np.ndarray) -> Layers:
        return Layers(prior=prior, labels=self.view.labels()) if "prior" in layers else Layers()

    def measure(self, z: Tensor | None = None) -> None:
        """Take the MMD of the codes (those of now), and keep it as a point of its curve."""
        if z is None:
            self._follow_prior()
            z = self.view.codes()
        self.mmd, self.mmd_at = self.view.mmd(z), self.steps
        if self.mmd is not None:
            if self.mmds and self.mmds[-1][0] == self.steps:
                self.mmds.pop()
            self.mmds.append((self.steps, self.mmd))

    def _follow_prior(self) -> None:
        if self.view.follow_prior():
            self.mmd = self.mmd_at = None

    def about(self) -> dict[str, Any]:
        """The numbers next to the picture."""
        return {
            "step": self.steps,
            "settings": self.uses,
            "planned": self.planned,
            "chosen": self.trainer.chosen(),
            "extent": self.view.drawn,
            "axes": self.view.plane.names,
            "prior": repr(self.trainer.model.prior),
            "mmd": self.mmd,
            "mmd_at": self.mmd_at,
            "floor": self.view.floor,
            "lit": self.lit,
            "moved": self.moved,
            "in_step": self.trainer.in_step,
        }

    def spec(self) -> dict[str, Any]:
        """What the page has to know of this run before the first picture."""
        trainer, d = self.trainer, self.view.latent_dim
        parts = networks(trainer.model)
        options = None
        if d > 2:
            self.planes = [
                (f"{self.view.symbol}{i + 1}, {self.view.symbol}{i + 2}", (i, i + 1)) for i in range(0, d - 1, 2)
            ] + [("PCA of the codes", "pca")]
            options = self.planes
        return {
            "name": self.name,
            "phases": [
                {
                    "name": phase.name,
                    "colour": sliders.colour(trainer, i),
                    "moves": [n for n in parts if n in {name.split(".")[0] for name in phase.updates}],
                }
                for i, phase in enumerate(trainer.phases)
            ],
            "networks": list(parts),
            "dots": self.view.dots,
            "sliders": sliders.sliders(trainer),
            "surface": self.view.has_surface,
            "arrows": self.view.pulled,
            "mmd": True,
            "categories": self.view.n_categories if self.view.can.classify else None,
            "latent_dim": d,
            "plane_options": options,
        }

    def look_along(self, choice: int) -> None:
        """Draw the plane of `spec()["plane_options"][choice]`. ValueError where there is none of that number."""
        if choice >= len(self.planes):
            raise ValueError(f"there is no plane {choice + 1} to look along here.")
        axes = self.planes[choice][1]
        view = self.view
        if isinstance(axes, str):
            plane = pca_plane(view.codes())
        else:
            plane = axes_plane(view.latent_dim, axes[0], axes[1], view.device, view.symbol)
        view.look_along(plane)

    # ---- forks ----

    def fork(self, step: int, name: str) -> "Run":
        """A run of its own that shares this one's past up to `step` and goes on from there."""
        with self.trainer.lock:
            self.trainer.flush()
            trainer, history = self.trainer.fork(), self.trainer.records.kept()
        self.past.go_to(trainer, step)
        trainer.records.restore(*history)
        trainer.records.cut(step)
        run = Run(trainer, name, self.show)
        run.past = self.past.until(step)
        run.mmds = [point for point in self.mmds if point[0] <= step]
        return run


def split_shown(trainer: Trainer, show: Split | None) -> Split:
    """The images whose codes are drawn; ValueError where there are none, or the model cannot encode them."""
    data = trainer.data
    own, model = data.train if isinstance(data, Dataset) else data, trainer.model
    if not hasattr(model, "prior") or not (can(model).encode or hasattr(model, "points")):
        raise ValueError(
            f"the panel draws codes over a prior, and {type(model).__name__} has no `prior`, or neither "
            "`encode(images) -> (N, d)` nor `points` (N, d): give it these."
        )
    if show is None:
        show = data.validation if isinstance(data, Dataset) else data
    shape = tuple(own.images.shape[1:])
    if not len(show) or (can(trainer.model).encode and tuple(show.images.shape[1:]) != shape):
        raise ValueError(f"show must be a Split of one image or more, of shape {shape} as in training; got {show!r}.")
    return show


def networks(model: torch.nn.Module) -> dict[str, list[torch.nn.Parameter]]:
    """The parts of a model that have parameters, by name: its networks, and parameters of its own such as `points`."""
    parts: dict[str, list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        parts.setdefault(name.split(".")[0], []).append(parameter)
    return parts


def _present(categories: np.ndarray | None, heads: np.ndarray | None) -> Layers:
    layers = {"categories": categories, "heads": heads}
    return Layers({name: array for name, array in layers.items() if array is not None})


def _thin(rows: list[tuple[int, float]], n: int = 300) -> list[tuple[int, float]]:
    every = -(-len(rows) // n) or 1
    return [*rows[:-1:every], *rows[-1:]]
