"""What a page or a program asks for, apart from training itself; it is done on the thread that trains."""

from collections.abc import Callable
from typing import Any

from .. import priors
from . import sliders
from .run import Run
from .scene import Scene
from .training_thread import Request
from .wishes import looked_at

LATEST = ("point", "scrub")  # requests of which only the newest counts


def asked(heard: Any) -> Request:
    """What a page wishes, after a look at it; otherwise the wish to tell it what is wrong."""
    try:
        return looked_at(heard)
    except ValueError as error:
        return {"do": "tell", "text": str(error)}


class Requests:
    """Takes requests from any thread, and serves them on the one that trains.

    scene     what is shown, and of which runs
    send      send(content, buffers): to the page, if there is one
    new_spec  new_spec(): the runs are others now
    """

    def __init__(
        self, scene: Scene, send: Callable[[dict[str, Any], list[bytes]], None], new_spec: Callable[[], None]
    ) -> None:
        self.scene, self.training, self.send, self.new_spec = scene, scene.training, send, new_spec
        self._newest: dict[str, Request] = {}

    # ---- on any thread ----

    def hand_in(self, request: Request, ticket: str | None = None) -> None:
        """Queue a request; the page gets its ticket back once it is served."""
        if (what := request["do"]) in LATEST:
            self._newest[what] = request
            request = {"do": what}
        self.training.request(request, None if ticket is None else lambda: self._served(ticket))

    # ---- on the training thread ----

    def _served(self, ticket: str) -> None:
        self.send({"kind": "served", "ticket": ticket}, [])

    def say(self, text: str) -> None:
        """A sentence for the page."""
        self.send({"kind": "say", "text": text}, [])

    def serve(self, request: Request) -> None:
        """Fulfil a request; ValueError, TypeError or KeyError where it cannot be."""
        training, runs, scene = self.training, self.training.runs, self.scene
        if request["do"] in LATEST:
            request = self._newest.pop(request["do"], {"do": "old"})
        match request["do"]:
            case "hello":
                training.changed(full=True)
            case "tell":
                self.say(request["text"])
            case "set":
                run = self._run(request)
                if request["key"] == ["input_noise"]:  # which draws read as they go: not within a step
                    run.finish_step()
                sliders.set_one(run.trainer, request["key"], request["value"])
                self._settings_changed()
            case "tug":
                sliders.set_tug(self._run(request).trainer, request["value"])
                self._settings_changed()
            case "prior":
                self._take_prior(priors.named(request["name"], runs[0].view.latent_dim))
            case "draw":
                from .pad import drawn_prior

                self._take_prior(drawn_prior(request["strokes"]))
            case "set_prior":
                self._take_prior(request["prior"])
            case "reset":
                training.rest()
                training.forget_error()
                self._drop_fork()
                for run in runs:
                    run.reset()
                training.limit = training.steps + training.max_steps
                scene.live()
                self.say("Back at the first step; sliders and prior stay as you set them.")
            case "scrub":
                if not scene.marks():
                    raise ValueError("there is no past to look at yet: train a little.")
                training.rest()
                scene.at = min(request["at"], len(scene.marks()) - 1)
                training.changed(full=True)
            case "live":
                scene.live()
            case "fork":
                self._fork()
            case "join_runs":
                self._drop_fork()
                scene.live()
            case "point":
                self._point(request)
            case "overlay":
                if request["name"] not in scene.overlays:
                    raise ValueError(f"there is no layer {request['name']!r} here.")
                scene.overlays[request["name"]] = request["on"]
                training.changed(full=True)
            case "axes":
                self._run(request).look_along(request["choice"])
                training.changed(full=True)
            case "measure":
                for run in runs:
                    run.measure()
            case "old" | "wake":
                pass
            case other:
                raise ValueError(f"the panel does not know {other!r}: reload the page.")

    def _run(self, request: Request) -> Run:
        """The run that is asked about; a fork may have been dropped since."""
        if request["run"] >= len(self.training.runs):
            raise ValueError(f"there is no run {request['run'] + 1} here any more.")
        return self.training.runs[request["run"]]

    def _settings_changed(self) -> None:
        if not self.training.playing:
            for run in self.training.runs:
                run.plan()
        self.training.changed()

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
        self.scene.live()

    def _fork(self) -> None:
        training, scene = self.training, self.scene
        if len(training.runs) > 1 and not scene.forked:
            raise ValueError("two runs are compared here already: fork in a panel of one of them.")
        training.rest()
        first = training.runs[0]
        first.finish_step()
        step = first.steps if scene.at is None else scene.marks()[scene.at]
        self._drop_fork()
        if not first.past.states:  # no step has been taken here
            first.past.before_step(first.trainer)
        try:
            run = first.fork(step, f"fork from step {step:,}")
        except Exception as error:
            raise ValueError(
                f"the run cannot be repeated up to step {step:,}: has one of your functions changed since? ({error})"
            ) from error
        training.take(run)
        training.runs.append(run)
        scene.forked = True
        self.new_spec()
        scene.live()

    def _drop_fork(self) -> None:
        if self.scene.forked:
            self.training.runs.pop().trainer.lock.owner = None
            self.scene.forked = False
            self.new_spec()

    def _point(self, request: Request) -> None:
        if request["run"] is None or request["run"] >= len(self.training.runs):
            return
        view = self.training.runs[request["run"]].view
        if view.has_decoder:
            xy = (request["x"], request["y"])
            decoded, nearest, near = view.at(xy)
            pictures = [picture.tobytes() for picture in (decoded, nearest) if picture is not None]
            self.send({"kind": "point", "run": request["run"], "z": xy, "near": near}, pictures)
