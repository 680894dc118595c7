"""What a page is shown of the runs: now or an earlier step, which layers, and with them words and numbers."""

from typing import Any

from ..models import can
from ..plots.common import CLASS_COLOURS, FAKE, PRIOR, REAL
from .run import Layers, Run
from .sliders import TUG, tugged
from .training_thread import TrainingThread
from .view import Extent
from .wire import frame

EVERY = {"losses": 4, "surface": 4, "arrows": 5, "mmd": 8, "images": 8}  # a layer comes with every n-th picture
PLANE_PRIORS = ("gaussian", "ring", "swiss-roll", "circle", "uniform")
ANY_DIM_PRIORS = ("gaussian", "uniform")
MESSAGES = {
    "waiting": "No page has answered for 30 seconds, so training waits.",
    "done": "All steps are done. Go on for as many again, or reset to start over.",
    "stopped": "Stopped, and the trainer is free. Run the cell again for a new panel.",
    "past": "You are looking at an earlier step.",
}
GIVES_WAY = "Another cell runs: training gives way."


class Scene:
    """The runs as a page shows them.

    training  trains them
    view      of the panel: "all", "tug" or "plane"
    large     in large type
    """

    def __init__(self, training: TrainingThread, view: str, large: bool) -> None:
        self.training, self.view, self.large = training, view, large
        self.at: int | None = None  # place in the past that is looked at
        self.forked = False  # the second run is a fork of the first
        # None: while phases are run one at a time, when arrows can be followed
        self.overlays: dict[str, bool | None] = {"surface": True, "arrows": None, "images": view != "plane"}
        if any(can(run.trainer.model).classify for run in training.runs):
            self.overlays["predicted"] = True
        self._n = 0

    @property
    def status(self) -> str:
        """That of training, or past: an earlier step is looked at."""
        resting = self.training.status in ("paused", "done")
        return "past" if self.at is not None and resting else self.training.status

    def marks(self) -> list[int]:
        """The steps that can be looked back at."""
        return [seen.step for seen in self.training.runs[0].past.moments]

    def live(self) -> None:
        """Look at the latest step."""
        self.at = None
        self.training.changed(full=True)

    # ---- for the page ----

    def picture(self, full: bool) -> tuple[dict[str, Any], list[bytes]]:
        """The next picture as a message and its buffers; `full` with every layer."""
        training, shown = self.training, self._overlays_now()
        if training.playing:
            self.at = None
        self._n += 1
        layers = {name for name, every in EVERY.items() if full or self._n % every == 0}
        layers -= {name for name, on in shown.items() if not on}
        if shown["arrows"] and (training.slow or not training.playing):
            layers.add("arrows")
        if full:
            layers.add("prior")
        about, arrays = self._looked_at(layers)
        if any(run.view.beside != self._next_to(run) for run in training.runs):  # one has changed its square
            about, arrays = self._looked_at(layers)
        return frame(self._n, full, self._state(), about, arrays)

    def _looked_at(self, layers: set[str]) -> tuple[list[dict[str, Any]], list[Layers]]:
        """What is known of each run, and its layers."""
        about, arrays = [], []
        for run in self.training.runs:
            run.view.beside, seen = self._next_to(run), self._seen(run)
            arrays.append(run.look(layers) if seen is None else run.look_back(seen, layers))
            about.append(run.about() if seen is None else run.about_back(seen))
        return about, arrays

    def _next_to(self, run: Run) -> list[Extent]:
        """The squares that other runs need of the same plane."""
        others = [other.view for other in self.training.runs if other is not run]
        return [view.own for view in others if view.plane.names == run.view.plane.names]

    def _seen(self, run: Run) -> Any:
        """The kept moment to be drawn instead of now: when looking back, or while a fork catches up."""
        if self.at is not None:
            return run.past.at(self.marks()[self.at])
        return run.past.at(self.training.steps) if run.steps > self.training.steps else None

    def _state(self) -> dict[str, Any]:
        training = self.training
        return {
            "status": self.status,
            "message": GIVES_WAY if training.gives_way and self.status == "playing" else MESSAGES.get(self.status, ""),
            "error": training.trace,
            "max_steps": training.limit,
            "more": training.max_steps if training.steps >= training.limit else 0,
            "marks": self.marks(),
            "at": self.at,
            "rate": training.rate if training.playing else 0.0,
            "overlays": self._overlays_now(),
        }

    def _overlays_now(self) -> dict[str, bool]:
        by_phase = any(run.lit for run in self.training.runs)
        return {name: by_phase if on is None else on for name, on in self.overlays.items()}

    def spec(self) -> dict[str, Any]:
        """What the page has to know before the first picture."""
        runs = self.training.runs
        view = runs[0].view
        shape = [*view.picture_shape] if view.has_decoder else None
        classes = set(view.split.labels.unique().tolist()) if can(view.model).encode else set()
        for run in runs:
            if can(run.trainer.model).classify:
                classes |= set(range(run.view.n_categories or 0))
        clusters = any(run.view.can.classify and not run.view.can.named_categories for run in runs)
        names = () if clusters else view.split.class_names or ()  # a cluster shares its colour with some class
        tug = tugged(runs[0].trainer)
        return {
            "large": self.large,
            "view": "all" if self.view == "tug" and not tug else self.view,
            "title": f"{runs[0].name} on {runs[0].trainer.data_name}" if view.dots == "codes" else runs[0].name,
            "image": shape,
            "classes": [
                [k, names[k] if k < len(names) else str(k), CLASS_COLOURS[k % len(CLASS_COLOURS)]]
                for k in sorted(classes)
                if k >= 0
            ],
            "colours": {"prior": PRIOR, "real": REAL, "fake": FAKE},
            "runs": [run.spec() for run in runs],
            "forked": self.forked,
            "tug": {"a": TUG[0], "b": TUG[1]} if tug else None,
            "priors": PLANE_PRIORS if view.latent_dim == 2 else ANY_DIM_PRIORS,
            "can_draw": view.latent_dim == 2,
            "max_steps": self.training.limit,
        }
