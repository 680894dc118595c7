"""The panel itself: it joins the thread, the runs and the page."""

import atexit
import time
from collections.abc import Sequence
from typing import Any

from .. import priors
from ..arguments import count, number, one_made_of, one_of, switch, takes
from ..data import Split
from ..heap import hand_back_of_this_thread
from ..training.trainer import Trainer
from .notebook import PIXEL, Display, headless
from .plain import NO_ANYWIDGET, PlainPage
from .requests import Requests, asked
from .run import Run, split_shown
from .scene import Scene
from .still import plane, still
from .training_thread import Request, TrainingThread
from .wire import NO_WIDGETS, SHARED, widget_class
from .wishes import ticket_of

ENDED = "this panel was closed (a new one closes the one before), or stopped: run its cell again."
VIEWS = tuple(SHARED["views"])
MEASURES = 10  # of the MMD, where nobody watches
CLOSED = "This panel was closed, because another one started: one trains at a time. Run its cell again to have it back."

_current: "Panel | None" = None  # one panel trains at a time: a new one, or the same cell run again, stops it


@atexit.register
def _halt() -> None:
    """End the thread before the interpreter goes: one that is inside torch then would abort the process."""
    if _current is not None:
        _current.training.halt()


def open_panel() -> "Panel | None":
    """The panel that is open in this kernel."""
    return _current


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
        self.headless_steps = headless_steps
        runs = [Run(trainer, name, show) for trainer, name in zip(trainers, names, strict=True)]
        self.training = TrainingThread(runs, max_steps, self._serve, self._show, self._say)
        self._scene = Scene(self.training, view, large)
        self._requests = Requests(self._scene, self._send, self._new_spec)
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
        return self._scene.status

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
        self._do_or_raise("set_prior", prior=prior)

    def fork(self) -> None:
        """A second run from the step that is shown, next to the first; set its sliders, then play."""
        self._do_or_raise("fork")

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
        self.training.runs, self._widget = [], None
        if _current is self:
            _current = None

    def _do(self, what: str, **more: Any) -> None:
        if self.training.status == "stopped":
            raise RuntimeError(ENDED)
        self.training.request_and_wait({"do": what, **more})

    def _do_or_raise(self, what: str, **more: Any) -> None:
        """As `_do`; what the page would be told in a sentence is raised."""
        failed: list[BaseException] = []
        self._do(what, failed=failed, **more)
        if failed:
            raise failed[0]

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
            page = widget_class()(spec=self._scene.spec())
        except ImportError:
            return self._plain_page(NO_ANYWIDGET)
        page.on_msg(self._heard)
        return page

    def _plain_page(self, note: str = "") -> PlainPage:
        self._scene.overlays = dict.fromkeys(self._scene.overlays, False)  # it has no layers
        return PlainPage(
            self._scene.spec(),
            lambda wish: self._requests.hand_in(asked(wish)),
            lambda: plane(self.training.runs),
            note,
        )

    def _run_headless(self) -> None:
        training, begin, end = self.training, self.training.steps, self.training.limit
        training.max_steps = min(training.max_steps, self.headless_steps)
        for k in range(1, MEASURES + 1):  # for the curve in the picture
            training.limit = min(end, begin + training.max_steps * k // MEASURES)
            self.play()
            self.join()
            self._do("measure")

    def _update_still(self, sentence: str = "") -> None:
        if self._picture is not None:
            figure = still(self.training.runs, tug=self._scene.view == "tug")
            self._picture.put(figure._repr_png_(), figure.alt, sentence)

    # ---- from the page; on whatever thread the kernel pleases ----

    def _heard(self, _widget: Any, heard: Any, _buffers: Any) -> None:
        request = asked(heard)
        self.training.answer(shown=request["do"] in ("seen", "hello"))
        if request["do"] != "seen":
            self._requests.hand_in(request, ticket_of(heard))

    # ---- on the training thread ----

    def _serve(self, request: Request) -> None:
        if request["do"] == "picture":
            self._keep_picture()
        else:
            self._requests.serve(request)

    def _keep_picture(self) -> None:
        """Renew the picture of the saved notebook, which is all that a page without widgets shows."""
        training = self.training
        if training.watched or not training.playing:  # to nobody nothing is sent
            begun = time.monotonic()
            self._update_still()
            hand_back_of_this_thread()  # 30 MB that drawing took
            training.picture_cost = time.monotonic() - begun
        if training.playing:
            training.picture_in()

    def _send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if self._widget is not None:
            self._widget.send(content, buffers)

    def _say(self, text: str) -> None:
        self._requests.say(text)

    def _show(self, full: bool) -> None:
        if self._widget is not None:
            self._widget.send(*self._scene.picture(full))

    def _new_spec(self) -> None:
        if self._widget is not None:
            self._widget.spec = self._scene.spec()


class Sliders(Panel):
    """The panel as plain ipywidgets, sliders, buttons and a matplotlib scatter: it needs no anywidget.

    Arguments and methods are those of `Panel`, which turns into this by itself where anywidget cannot be loaded. The
    picture follows once or twice a second, and the sliders act at once; while another cell runs, new kernels hand
    their messages over only after it.
    """

    def _page(self) -> PlainPage:
        return self._plain_page()
