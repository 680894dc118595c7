"""The one thread that trains, serves the page's requests, and asks for pictures.

A callback of a widget runs on whatever thread the kernel pleases, so it does nothing but put a request in the queue.
The thread takes the requests between two updates, trains, and shows; it is the only one that touches the trainers.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import torch

from ..training.trainer import NotFiniteError
from .drawing import SHARE, Drawing
from .other_cell import OtherCell
from .run import Run

PATIENCE = 30.0  # seconds without an answer of any page before training waits
SLOW = 0.6  # seconds a phase in slow motion
GIVE = 4.0  # times as long as a step took, training rests while another cell is at work
REST = 0.1  # seconds of it, at most
PICTURE = 30.0  # seconds between two pictures for the saved notebook while it trains, at least
UNSEEN = 3.0  # the same, as long as no page has shown the panel

Request = dict[str, Any]


class TrainingThread:
    """Trains the runs in step, the one that is behind first.

    runs      the runs
    max_steps  training steps at most, counted from where the trainers are now
    serve      serve(request): fulfils a request that is not about training itself; a ValueError, TypeError or KeyError
               of it becomes a sentence in the panel
    show       show(full): sends a picture; `full` with every layer
    say        say(sentence)
    """

    def __init__(
        self,
        runs: list[Run],
        max_steps: int,
        serve: Callable[[Request], None],
        show: Callable[[bool], None],
        say: Callable[[str], None],
    ) -> None:
        self.runs, self.serve, self.show, self.say = runs, serve, show, say
        self.max_steps, self.limit = max_steps, min(run.steps for run in runs) + max_steps
        self.playing = self.slow = False
        self.error: BaseException | None = None
        self.trace = ""  # of an error in a learner's function; training is over then
        self.pages = False  # whether any page has ever answered
        self.answered = time.monotonic()
        self.rate = 0.0  # steps a second
        self._requests: queue.SimpleQueue[tuple[Request, Callable[[], None] | None]] = queue.SimpleQueue()
        self._timed: list[tuple[float, Request]] = []
        self.picture_cost = 0.0  # seconds that the last picture for the saved notebook took; nothing trains meanwhile
        self._halt = threading.Event()
        self._rest = threading.Condition()  # told whenever training comes to rest
        self._drawing = Drawing()
        self.gives_way = False  # another cell is at work
        self._cell = OtherCell()
        self._next = 0.0  # when training may go on: in slow motion, and when it gives way
        self._lap = (time.monotonic(), self.steps)
        self.thread = threading.Thread(target=self._run, name="aae-live", daemon=True)
        # OpenMP counts for each thread by itself: a library (numba, when imported) may have told this one another
        # number than a new one gets, and other numbers sum in another order, in other last bits
        self._workers = torch.get_num_threads()

    # ---- called from any thread ----

    def start(self) -> None:
        for run in self.runs:
            self.take(run)
        self.thread.start()

    def take(self, run: Run) -> None:
        """From now on this thread alone may train the run's trainer."""
        run.trainer.lock.owner = self.thread

    def request(self, request: Request, served: Callable[[], None] | None = None) -> None:
        """Hand in a request; served() is called on the thread once it has been fulfilled or refused."""
        if self.thread.is_alive():
            self._requests.put((request, served))
        elif not self._halt.is_set() and self.thread.ident is not None:
            raise RuntimeError("the panel's thread has ended; run the cell again.")
        elif served:
            served()

    def request_and_wait(self, request: Request) -> None:
        """Hand in a request, and return once it is served."""
        if threading.current_thread() is self.thread:
            self.request(request)
            return
        done = threading.Event()
        self.request(request, done.set)
        while self.thread.is_alive() and not done.wait(0.1):
            pass

    def answer(self, shown: bool) -> None:
        """A page has sent something; `shown` if it says that it got the last picture."""
        self.pages, self.answered = True, time.monotonic()
        if shown:
            self._drawing.seen()
        if shown and self._drawing.dirty:
            self._requests.put(({"do": "wake"}, None))

    def later(self, seconds: float, request: Request) -> None:
        """Hand in a request after some time."""
        self._timed.append((time.monotonic() + seconds, request))
        self._requests.put(({"do": "wake"}, None))

    def picture_in(self, seconds: float | None = None) -> None:
        """Ask for a picture for the saved notebook after some time, by default a while, instead of the one due then."""
        if seconds is None:
            seconds = max(PICTURE, self.picture_cost / SHARE) if self.pages else UNSEEN
        self._timed = [entry for entry in self._timed if entry[1]["do"] != "picture"]
        self.later(seconds, {"do": "picture"})

    def halt(self) -> None:
        """End the thread after the update that it is in."""
        self._halt.set()
        self._requests.put(({"do": "wake"}, None))
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.thread.join()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until training has come to rest (paused, done, failed, stopped); False if it has not in `timeout` s."""
        with self._rest:
            return self._rest.wait_for(lambda: not self.playing or not self.thread.is_alive(), timeout)

    @property
    def steps(self) -> int:
        """Steps done by the run that is behind."""
        return min(run.steps for run in self.runs)

    @property
    def status(self) -> str:
        """paused, playing, slow, waiting (no page answers), done (max_steps), failed or stopped."""
        if self._halt.is_set():
            return "stopped"
        if self.trace:
            return "failed"
        if not self.playing:
            return "done" if self.steps >= self.limit else "paused"
        if not self.watched:
            return "waiting"
        return "slow" if self.slow else "playing"

    @property
    def watched(self) -> bool:
        """Whether a page has answered lately; where none ever did, training was started from a program, and goes on."""
        return not self.pages or time.monotonic() - self.answered < PATIENCE

    def changed(self, full: bool = False) -> None:
        """There is something new to show."""
        self._drawing.changed(full)

    # ---- the thread ----

    def _run(self) -> None:
        torch.set_num_threads(self._workers)
        try:
            while not self._halt.is_set():
                self._take_requests()
                if self.playing and self.watched:
                    self._train()
                self._draw_if_due()
        finally:
            self.playing = False
            for run in self.runs:
                self._finish(run)
                run.trainer.lock.owner = None
            with self._rest:
                self._rest.notify_all()

    def _finish(self, run: Run) -> None:
        """A step that was walked half way is walked to its end, so that the trainer can be saved."""
        try:
            run.finish_step()
        except Exception:  # told already, or nobody is there to be told: then it never was
            run.trainer.abandon_step()

    def _take_requests(self) -> None:
        for due, request in [entry for entry in self._timed if entry[0] <= time.monotonic()]:
            self._timed.remove((due, request))
            self._fulfil(request)
        wait = self._pause()
        while not self._halt.is_set():
            try:
                request, served = self._requests.get(timeout=wait) if wait else self._requests.get_nowait()
            except queue.Empty:
                return
            wait = 0.0
            self._fulfil(request)
            if served:
                served()

    def _pause(self) -> float:
        """How long the thread may sleep before there is something to do."""
        now, until = time.monotonic(), min([self._draw_at(), *(due for due, _ in self._timed)])
        if self.playing and self.watched:
            until = min(until, self._next)
        return min(max(0.0, until - now), 3600.0)

    def _draw_at(self) -> float:
        """When the next picture is due."""
        # to nobody nothing is sent: the server would take it for activity and keep a kernel that no one uses
        if self.playing and not self.watched:
            return float("inf")
        return self._drawing.due(self.playing)

    def _fulfil(self, request: Request) -> None:
        try:
            match request["do"]:
                case "play":
                    self._play()
                case "go_on":
                    self.limit = max(self.limit, self.steps + self.max_steps)
                    self._play()
                case "pause":
                    self._come_to_rest()
                case "step":
                    self.rest()
                    self.error = self.error if self.trace else None
                    self._attempt(self._phases)
                    self.changed(full=True)
                case "slow":
                    self.slow = request["on"]
                    self._next = 0.0
                    if not self.slow:
                        for run in self.runs:
                            run.lit = run.moved = None
                    self.changed()
                case "stop":
                    self.rest()
                    self._halt.set()
                    self.show(True)
                case "wake":
                    pass
                case _:
                    self.serve(request)
        except NotFiniteError as error:
            self._not_finite(error)
        except (ValueError, TypeError, KeyError) as error:
            if "failed" in request:  # a program asks, and not the page
                request["failed"].append(error)
            else:
                self._tell(sentence(error))
        except (Exception, SystemExit) as error:
            self._fail(error)

    def _play(self) -> None:
        if self.trace:
            self.say("A function has failed: correct it and run the cell again, or press reset.")
        elif self.steps >= self.limit:
            self.say(f"All {self.limit:,} steps are done: panel.go_on() adds as many, panel.reset() starts over.")
        else:
            self.playing, self.error = True, None
            self.answered = time.monotonic()
            self._lap = (time.monotonic(), self.steps)
            self.picture_in()
            self.changed()

    def rest(self) -> None:
        """Pause; the picture of the saved notebook follows a little later."""
        with self._rest:
            self.playing = False
            self._rest.notify_all()
        self.picture_in(1.0)
        self.changed(full=True)

    def forget_error(self) -> None:
        """Start afresh, after a reset."""
        self.error, self.trace = None, ""

    def _train(self) -> None:
        begin = time.monotonic()
        if begin < self._next:
            return
        self.gives_way = not self.slow and self._cell.works()
        self._attempt(self._phases if self.slow else self._step)
        if self.slow:
            self._next = begin + SLOW
        elif self.gives_way:
            end = time.monotonic()
            self._next = end + min(GIVE * (end - begin), REST)
        self.changed()
        now, (then, steps) = time.monotonic(), self._lap
        if now - then > 1:
            self.rate, self._lap = (self.steps - steps) / (now - then), (now, self.steps)
        if self.playing and self.steps >= self.limit:
            self._come_to_rest()

    def _come_to_rest(self) -> None:
        """Pause, once the losses of all steps have been looked at: one that is not finite is told now, not later."""
        self._attempt(self._flush)
        self.rest()

    def _flush(self) -> None:
        for run in self.runs:
            run.trainer.flush()

    def _behind(self) -> list[Run]:
        return [run for run in self.runs if run.steps == self.steps]

    def _step(self) -> None:
        for run in self._behind():
            run.step()

    def _phases(self) -> None:
        if self.steps >= self.limit:
            return
        for run in self._behind():
            run.phase()

    def _attempt(self, train: Callable[[], None]) -> None:
        try:
            train()
        except NotFiniteError as error:
            self._not_finite(error)
        except (Exception, SystemExit) as error:
            self._fail(error)

    def _not_finite(self, error: NotFiniteError) -> None:
        self.error = error
        for run in self.runs:
            run.recover()
        self.rest()
        self._tell(sentence(error))

    def _tell(self, text: str) -> None:
        try:
            self.say(text)
        except Exception as error:  # the page has gone, say
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, SystemExit):  # which would end this thread without a word, and any that joins it
            error = RuntimeError("a function stops the whole program, by exit() or SystemExit: return instead.")
        self.error, self.trace = error, "".join(traceback.format_exception(error))
        self.rest()

    def _draw_if_due(self) -> None:
        if time.monotonic() < self._draw_at():
            return
        full = self._drawing.begin()
        try:
            self.show(full)
        except NotFiniteError as error:
            self._not_finite(error)
        except (Exception, SystemExit) as error:
            if self.trace:
                return  # what cannot be drawn after a failure is left out
            self._fail(error)
        self._drawing.end()


def sentence(error: BaseException) -> str:
    """What an error says, without the quotes that KeyError puts round it."""
    try:
        return str(error.args[0]) if error.args else type(error).__name__
    except Exception:  # an error of a learner's own, whose message cannot be read
        return type(error).__name__
