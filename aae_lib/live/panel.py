"""The panel itself: it joins the thread, the runs and the page."""

import atexit
from collections.abc import Sequence
from typing import Any

from .. import priors
from ..arguments import Kind, count, number, one_made_of, one_of, sequence, switch, takes, text
from ..data import Split
from ..models import can
from ..plots.common import CLASS_COLOURS, FAKE, PRIOR, REAL
from ..training.trainer import Trainer
from . import sliders
from .notebook import PIXEL, Display, headless
from .plain import NO_ANYWIDGET, PlainPage
from .run import Run, split_shown
from .still import plane, still
from .training_thread import Request, TrainingThread
from .wire import NO_WIDGETS, SHARED, frame, widget_class
from .wishes import looked_at, ticket_of

ENDED = "this panel was closed (a new one closes the one before), or stopped: run its cell again."
VIEWS = tuple(SHARED["views"])
EVERY = {"losses": 4, "surface": 4, "arrows": 5, "mmd": 8, "images": 8}  # a layer comes with every n-th picture
MEASURES = 10  # of the MMD, where nobody watches
CLOSED = "This panel was closed, because another one started: one trains at a time. Run its cell again to have it back."
LATEST = ("point", "scrub")  # requests of which only the newest counts
PLANE_PRIORS = ("gaussian", "ring", "swiss-roll", "circle", "uniform")
ANY_DIM_PRIORS = ("gaussian", "uniform")

MESSAGES = {
    "waiting": "No page has answered for 30 seconds, so training waits.",
    "done": "All steps are done. Go on for as many again, or reset to start over.",
    "stopped": "Stopped, and the trainer is free. Run the cell again for a new panel.",
    "past": "You are looking at an earlier step.",
}
GIVES_WAY = "Another cell runs: training gives way to it, and goes on slowly."

_current: "Panel | None" = None  # one panel trains at a time: a new one, or the same cell run again, stops it


@atexit.register
def _halt() -> None:
    """End the thread before the interpreter goes: one that is inside torch then would abort the process."""
    if _current is not None:
        _current.training.halt()


def open_panel() -> "Panel | None":
    """The panel that is open in this kernel."""
    return _current


def _asked(heard: Any) -> Request:
    """What a page wishes, after a look at it; otherwise the wish to tell it what is wrong."""
    try:
        return looked_at(heard)
    except ValueError as error:
        return {"do": "tell", "text": str(error)}


def _two_names(value: Any) -> list[str]:
    if len(sequence(value)) != 2:
        raise TypeError
    return [str(text().take(name)) for name in value]


TRAINER = one_made_of(Trainer, example="aae.Trainer(model, data)")
OPTIONS = {
    "view": one_of(*VIEWS),
    "max_steps": count(),
    "show": one_made_of(Split, example="data.test"),
    "headless_steps": count(0),
    "large": switch(),
}


@takes(trainer=TRAINER, **OPTIONS)
class Panel:
    """A live panel for a trainer: write it as the last line of a cell.

    Parameters
    ----------
    trainer : Trainer
        Any, with your own losses and phases too. While the panel is open, only the panel trains it.
    view : {"all", "tug", "plane"}
        "tug": play, step and one slider between reconstruction and game, the rest behind a button; "plane": points and
        the discriminator in the plane, no images.
    max_steps : int
        Training stops after this many steps of this panel, until `go_on` adds as many again.
    show : Split, optional
        The images whose codes are drawn; default the validation split.
    headless_steps : int, optional
        Where nobody can press play (nbval, `jupyter execute`), this many steps are run, and waited for.
    large : bool
        In large type, for the projector.

    Raises
    ------
    ValueError
        For an impossible argument, such as an unknown view or images of another shape.

    Notes
    -----
    Training happens in a thread, so the kernel stays free: ask `panel.trainer` in the next cell. From Python:
    play, pause, step (one phase), go_on, reset, fork, set_prior, stop; `join` waits for rest, and raises what failed.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        view: str = "all",
        max_steps: int = 10_000,
        show: Split | None = None,
        headless_steps: int = 200,
        large: bool = False,
    ) -> None:
        self._make([trainer], [type(trainer.model).__name__], view, max_steps, show, headless_steps, large)

    def _make(
        self,
        trainers: list[Trainer],
        names: Sequence[str],
        view: str,
        max_steps: int,
        show: Split | None,
        headless_steps: int,
        large: bool,
    ) -> None:
        for trainer in trainers:
            split_shown(trainer, show)  # before the panel that is open is closed
        global _current
        if _current is not None:
            _current._close(CLOSED)
        self.view, self.headless_steps, self.large = view, headless_steps, large
        runs = [Run(trainer, name, show) for trainer, name in zip(trainers, names, strict=True)]
        self.training = TrainingThread(runs, max_steps, self._serve, self._show, self._say)
        self.at: int | None = None  # place in the past that is looked at
        self._forked = False
        # None: while phases are run one at a time, when arrows can be followed
        self._overlays: dict[str, bool | None] = {"surface": True, "arrows": None, "images": view != "plane"}
        if any(can(run.trainer.model).classify for run in runs):
            self._overlays["predicted"] = True
        self._n = 0
        self._newest: dict[str, Request] = {}
        self._widget: Any = None
        self._picture: Display | None = None
        self.training.start()
        _current = self

    # ---- for programs ----

    @property
    def trainer(self) -> Trainer:
        """The trainer of the (first) run."""
        if not self.training.runs:
            raise RuntimeError(ENDED)
        return self.training.runs[0].trainer

    @property
    def thread(self) -> Any:
        """The thread that trains, named "aae-live"."""
        return self.training.thread

    @property
    def status(self) -> str:
        """paused, playing, slow, waiting (no page answers), done (max_steps), failed, stopped; past: looking back."""
        return "past" if self.at is not None and self.training.status in ("paused", "done") else self.training.status

    def play(self) -> None:
        """Train on, in the background."""
        self._do("play")

    def go_on(self) -> None:
        """Train for max_steps more steps, even when all were done."""
        self._do("go_on")

    def pause(self) -> None:
        """Let training rest after the update that it is in."""
        self._do("pause")

    def step(self) -> None:
        """Run one phase: one update of some of the networks."""
        self._do("step")

    @takes(on=switch())
    def slow(self, on: bool = True) -> None:
        """Slow motion: a phase at a time, with a pause between two."""
        self._do("slow", on=on)

    def reset(self) -> None:
        """Back to the trainer's first step: same seed, same run. Sliders and prior stay."""
        self._do("reset")

    def set_prior(self, prior: Any) -> None:
        """Another prior from the next step on: anything that can be sampled. ValueError leaves the old one."""
        prior = priors.as_prior(prior)
        failed: list[BaseException] = []
        self._do("set_prior", prior=prior, failed=failed)
        if failed:
            raise failed[0]

    def fork(self) -> None:
        """A second run from the step that is shown, next to the first; set its sliders, then play."""
        self._do("fork")

    def stop(self) -> None:
        """End the thread; the trainer is free for others then."""
        if self.training.status != "stopped":
            self._do("stop")
        self.training.halt()

    @takes(timeout=number(least=0))
    def join(self, timeout: float | None = None) -> None:
        """Wait until training rests: paused, done, failed or stopped.

        Raises what a learner's function raised or NotFiniteError, and TimeoutError after `timeout` seconds.
        """
        if not self.training.join(timeout):
            raise TimeoutError(f"training goes on after {timeout} s.")
        if self.training.error is not None:
            raise self.training.error

    def close(self) -> None:
        """End the thread, leave a last picture, and let go of the trainers. A new panel closes the one before."""
        self._close()

    def _close(self, why: str = "") -> None:
        global _current
        if not self.training.runs:
            return
        self.training.halt()
        self._update_still(why if self._widget is not None else "")  # a picture was all there was, and it stays
        if self._widget is not None:
            self._widget.close()
        self.training.runs, self._widget, self._newest = [], None, {}
        if _current is self:
            _current = None

    def _do(self, what: str, **more: Any) -> None:
        if self.training.status == "stopped":
            raise RuntimeError(ENDED)
        self.training.request_and_wait({"do": what, **more})

    # ---- display ----

    def __repr__(self) -> str:
        runs = ", ".join(f"{run.name} at step {run.steps:,}" for run in self.training.runs) or "closed"
        return f"{type(self).__name__}({runs}; {self.status})"

    def _ipython_display_(self) -> None:
        if headless():
            self._run_headless()
            self._picture = Display()  # not before: a slow machine would show one without its measures first
            self._update_still()
            return
        self._picture = Display()
        from IPython.display import display

        told = {"text/html": f"<p>{NO_WIDGETS}</p>", "text/plain": repr(self)}  # where the page knows no widgets
        try:
            self._widget = self._page()
        except ImportError:
            display(told, raw=True)
        else:
            bundle = self._widget._repr_mimebundle_()
            display(dict(bundle[0] if isinstance(bundle, tuple) else bundle) | told, raw=True)
        self._picture.folded = isinstance(self._widget, PlainPage)
        self._picture.put(PIXEL, repr(self))  # the place of the picture; drawing it now would delay the panel
        self.training.picture_in(1.0)

    def _page(self) -> Any:
        """What is shown and heard: the panel's own page, or where anywidget cannot be loaded plain sliders."""
        try:
            page = widget_class()(spec=self._spec())
        except ImportError:
            return self._plain_page(NO_ANYWIDGET)
        page.on_msg(self._heard)
        return page

    def _plain_page(self, note: str = "") -> PlainPage:
        self._overlays = dict.fromkeys(self._overlays, False)  # it has no layers
        return PlainPage(
            self._spec(), lambda wish: self._hand_in(_asked(wish)), lambda: plane(self.training.runs), note
        )

    def _run_headless(self) -> None:
        training, begin = self.training, self.training.steps
        training.max_steps = min(training.max_steps, self.headless_steps)
        for k in range(1, MEASURES + 1):  # for the curve in the picture
            training.limit = begin + training.max_steps * k // MEASURES
            self.play()
            self.join()
            self._do("measure")

    def _update_still(self, sentence: str = "") -> None:
        if self._picture is not None:
            figure = still(self.training.runs)
            self._picture.put(figure._repr_png_(), figure.alt, sentence)

    # ---- from the page; on whatever thread the kernel pleases ----

    def _heard(self, _widget: Any, heard: Any, _buffers: Any) -> None:
        request = _asked(heard)
        self.training.answer(shown=request["do"] in ("seen", "hello"))
        if request["do"] != "seen":
            self._hand_in(request, ticket_of(heard))

    def _hand_in(self, request: Request, ticket: str | None = None) -> None:
        if (what := request["do"]) in LATEST:
            self._newest[what] = request
            request = {"do": what}
        self.training.request(request, None if ticket is None else lambda: self._served(ticket))

    # ---- on the training thread ----

    def _served(self, ticket: str) -> None:
        if self._widget is not None:
            self._widget.send({"kind": "served", "ticket": ticket})

    def _serve(self, request: Request) -> None:
        training, runs = self.training, self.training.runs
        if request["do"] in LATEST:
            request = self._newest.pop(request["do"], {"do": "old"})
        match request["do"]:
            case "hello":
                training.changed(full=True)
            case "tell":
                self._say(request["text"])
            case "set":
                run = self._run(request)
                if request["key"] == ["input_noise"]:  # which draws read as they go: not within a step
                    run.finish_step()
                sliders.set_one(run.trainer, request["key"], request["value"])
                self._settings_changed()
            case "tug":
                self._tug(self._run(request).trainer, request["value"])
            case "prior":
                self._take_prior(priors.named(request["name"], runs[0].view.latent_dim))
            case "draw":
                from .pad import drawn_prior

                self._take_prior(drawn_prior(request["strokes"]))
            case "set_prior":
                try:
                    self._take_prior(request["prior"])
                except (ValueError, TypeError) as error:
                    request["failed"].append(error)
            case "reset":
                training.rest()
                training.forget_error()
                self._drop_fork()
                for run in runs:
                    run.reset()
                training.limit = training.steps + training.max_steps
                self._live()
                self._say("Back at the first step; sliders and prior stay as you set them.")
            case "scrub":
                if not self._marks():
                    raise ValueError("there is no past to look at yet: train a little.")
                training.rest()
                self.at = min(request["at"], len(self._marks()) - 1)
                training.changed(full=True)
            case "live":
                self._live()
            case "fork":
                self._fork()
            case "join_runs":
                self._drop_fork()
                self._live()
            case "point":
                self._point(request)
            case "overlay":
                if request["name"] not in self._overlays:
                    raise ValueError(f"there is no layer {request['name']!r} here.")
                self._overlays[request["name"]] = request["on"]
                training.changed(full=True)
            case "axes":
                self._run(request).look_along(request["choice"])
                training.changed(full=True)
            case "measure":
                for run in runs:
                    run.measure(run.view.codes())
            case "old" | "wake":
                pass
            case "picture":
                self._keep_picture()
            case other:
                raise ValueError(f"the panel does not know {other!r}: reload the page.")

    def _keep_picture(self) -> None:
        """Renew the picture of the saved notebook, which is all that a page without widgets shows."""
        training = self.training
        if training.watched or not training.playing:  # to nobody nothing is sent
            self._update_still()
        if training.playing:
            training.picture_in()

    def _run(self, request: Request) -> Run:
        """The run that is asked about; a fork may have been dropped since."""
        if request["run"] >= len(self.training.runs):
            raise ValueError(f"there is no run {request['run'] + 1} here any more.")
        return self.training.runs[request["run"]]

    def _settings_changed(self) -> None:
        if not self.training.playing:
            for run in self.training.runs:
                run.uses = run.trainer.chosen()
        self.training.changed()

    def _tug(self, trainer: Trainer, t: float) -> None:
        """From 0 (reconstruction alone) by 1/2 (both in full) to 1 (the game alone)."""
        a, b = TUG
        if not {a, b} <= set(trainer.weights):
            raise ValueError(f"there is no tug of war here: it needs the phases {a} and {b}.")
        trainer.weights[a], trainer.weights[b] = min(1.0, 2 * (1 - t)), min(1.0, 2 * t)
        self._settings_changed()

    def _take_prior(self, prior: Any) -> None:
        olds = []
        try:
            for run in self.training.runs:
                old = run.trainer.model.prior
                run.set_prior(prior)
                olds.append((run, old))
        except Exception:
            for run, old in olds:
                run.set_prior(old)
            raise
        self._live()

    def _live(self) -> None:
        self.at = None
        self.training.changed(full=True)

    def _marks(self) -> list[int]:
        return [seen.step for seen in self.training.runs[0].past.moments]

    def _fork(self) -> None:
        training = self.training
        if len(training.runs) > 1 and not self._forked:
            raise ValueError("two runs are compared here already: fork in a panel of one of them.")
        training.rest()
        first = training.runs[0]
        first.finish_step()
        step = first.steps if self.at is None else self._marks()[self.at]
        self._drop_fork()
        try:
            run = first.fork(step, f"fork from step {step:,}")
        except Exception as error:
            raise ValueError(
                f"the run cannot be repeated up to step {step:,}: has one of your functions changed since? ({error})"
            ) from error
        training.take(run)
        training.runs.append(run)
        self._forked = True
        self._new_spec()
        self._live()

    def _drop_fork(self) -> None:
        if self._forked:
            self.training.runs.pop().trainer.lock.owner = None
            self._forked = False
            self._new_spec()

    def _point(self, request: Request) -> None:
        if request["run"] is None or request["run"] >= len(self.training.runs) or self._widget is None:
            return
        view = self.training.runs[request["run"]].view
        if view.has_decoder:
            xy = (request["x"], request["y"])
            decoded, nearest, near = view.at(xy)
            pictures = [picture.tobytes() for picture in (decoded, nearest) if picture is not None]
            self._widget.send({"kind": "point", "run": request["run"], "z": xy, "near": near}, pictures)

    def _say(self, text: str) -> None:
        if self._widget is not None:
            self._widget.send({"kind": "say", "text": text})

    def _show(self, full: bool) -> None:
        if self._widget is None:
            return
        training = self.training
        self._n += 1
        layers = {name for name, every in EVERY.items() if full or self._n % every == 0}
        layers -= {name for name, on in self._overlays_now().items() if not on}
        if self._overlays_now()["arrows"] and (training.slow or not training.playing):
            layers.add("arrows")
        if full:
            layers.add("prior")
        about, arrays = [], []
        for run in training.runs:
            run.view.beside = max((other.view.zoom for other in training.runs if other is not run), default=0)
            seen = self._seen(run)
            arrays.append(run.look(layers) if seen is None else run.look_back(seen, layers))
            about.append(run.about() if seen is None else seen.about)
        self._widget.send(*frame(self._n, full, self._state(), about, arrays))

    def _seen(self, run: Run) -> Any:
        """The kept moment to be drawn instead of now: when looking back, or while a fork catches up."""
        if self.at is not None:
            return run.past.at(self._marks()[self.at])
        return run.past.at(self.training.steps) if run.steps > self.training.steps else None

    def _state(self) -> dict[str, Any]:
        training = self.training
        return {
            "status": self.status,
            "message": GIVES_WAY if training.gives_way and self.status == "playing" else MESSAGES.get(self.status, ""),
            "error": training.trace,
            "max_steps": training.limit,
            "more": training.max_steps if training.steps >= training.limit else 0,
            "marks": self._marks(),
            "at": self.at,
            "rate": training.rate if training.playing else 0.0,
            "overlays": self._overlays_now(),
        }

    def _overlays_now(self) -> dict[str, bool]:
        by_phase = any(run.lit for run in self.training.runs)
        return {name: by_phase if on is None else on for name, on in self._overlays.items()}

    def _new_spec(self) -> None:
        if self._widget is not None:
            self._widget.spec = self._spec()

    def _spec(self) -> dict[str, Any]:
        runs = self.training.runs
        view = runs[0].view
        shape = [*view.picture_shape] if view.has_decoder else None
        classes = set(view.split.labels.unique().tolist()) if can(view.model).encode else set()
        for run in runs:
            if can(run.trainer.model).classify:
                classes |= set(range(run.view.n_categories or 0))
        names = {phase.name for phase in runs[0].trainer.phases}
        return {
            "large": self.large,
            "view": "all" if self.view == "tug" and not names.issuperset(TUG) else self.view,
            "title": f"{runs[0].name} on {runs[0].trainer.data_name}",
            "image": shape,
            "classes": [[str(k), CLASS_COLOURS[k % len(CLASS_COLOURS)]] for k in sorted(classes) if k >= 0],
            "colours": {"prior": PRIOR, "real": REAL, "fake": FAKE},
            "runs": [run.spec() for run in runs],
            "forked": self._forked,
            "tug": {"a": TUG[0], "b": TUG[1]} if names.issuperset(TUG) else None,
            "priors": PLANE_PRIORS if view.latent_dim == 2 else ANY_DIM_PRIORS,
            "can_draw": view.latent_dim == 2,
            "max_steps": self.training.limit,
        }


TUG = ("reconstruction", "generator")


class Sliders(Panel):
    """The panel as plain ipywidgets, sliders, buttons and a matplotlib scatter: it needs no anywidget.

    Arguments and methods are those of `Panel`, which turns into this by itself where anywidget cannot be loaded. The
    picture follows once or twice a second, and the sliders act at once; while another cell runs, new kernels hand
    their messages over only after it.
    """

    def _page(self) -> PlainPage:
        return self._plain_page()


@takes(a=TRAINER, b=TRAINER, names=Kind('two names, such as ("VAE", "AAE")', _two_names), **OPTIONS)
class Compare(Panel):
    """Two trainers in step with each other, side by side: a VAE and an AAE, or one game with and without its penalty.

    a, b    the trainers; they take turns, a step each
    names   what the page calls them; default the models' class names
    Other arguments as for `Panel`. Sliders, play and reset act on each, or on both; forks need a panel of one run.
    Raises ValueError as `Panel` does, and for one trainer twice.
    """

    def __init__(
        self,
        a: Trainer,
        b: Trainer,
        names: Sequence[str] | None = None,
        *,
        view: str = "all",
        max_steps: int = 10_000,
        show: Split | None = None,
        headless_steps: int = 200,
        large: bool = False,
    ) -> None:
        if a is b:
            raise ValueError("Compare takes two trainers; this is one and the same.")
        if a.model is b.model:
            raise ValueError("the two trainers share a model, and each would move the other's: give each its own.")
        names = names or [type(trainer.model).__name__ for trainer in (a, b)]
        if names[0] == names[1]:
            names = [f"{names[0]} A", f"{names[1]} B"]
        self._make([a, b], names, view, max_steps, show, headless_steps, large)
