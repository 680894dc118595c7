"""The time machine of one run: moments to look back at, and states to start again from. Both in bounded memory."""

import copy
from typing import Any, NamedTuple

from ..training import checkpoints
from .view import Seen

MOMENTS = 300  # then every second one is dropped, and they are kept half as often
STATE_EVERY = 100  # steps between the last two states; between older ones there are more, so that all fit
STATES_BYTES = 40 << 20  # of states; at least two are kept whatever their size


class Set(NamedTuple):
    """What a step acts by, apart from the state: it may be set between two steps."""

    chosen: dict[str, Any]
    prior: object
    schedule: Any

    def equals(self, other: "Set") -> bool:
        return self.chosen == other.chosen and self.prior is other.prior and self.schedule is other.schedule


class Timeline:
    """What a run was like at earlier steps, and how to get there again.

    A state is kept now and then. Between two of them a run is repeated exactly: same state, the same set at the same
    steps, same numbers. So a fork may begin at any kept moment. The last state is always a recent one, so that a loss
    that is not finite costs few steps. What cannot be repeated (`break_off`) has its states forgotten.
    """

    def __init__(self) -> None:
        self.moments: list[Seen] = []
        self.moment_every = 1  # steps between two kept moments, at least
        self.states: list[checkpoints.State] = []
        self.log: list[tuple[int, Set]] = []  # from which step on
        self.phases: object = None  # which the last step had
        self.broken = False  # it cannot be repeated

    def before_step(self, trainer: Any) -> None:
        """To be called before each step: notes a change of settings or prior, and keeps a state when one is due."""
        now = Set(trainer.chosen(), trainer.model.prior, trainer.schedule)
        if not self.log or not self.log[-1][1].equals(now):
            self.log.append((trainer.steps, now))
        if self.broken or self.phases is not trainer.phases:  # which are the model's own, and not a twin's
            self.states = []
        self.phases, self.broken = trainer.phases, False
        if not self.states or trainer.steps >= self.states[-1].steps + STATE_EVERY:
            self.states.append(checkpoints.snapshot(trainer))
            while len(self.states) > 2 and sum(state.bytes for state in self.states) > STATES_BYTES:
                del self.states[self._least_missed()]

    def within_step(self, trainer: Any) -> None:
        """To be called before each phase: what it draws from may have been changed since the step began."""
        then = self.log[-1][1]
        noise = then.chosen.get("input_noise") != trainer.chosen().get("input_noise")
        self.broken |= noise or then.prior is not trainer.model.prior

    def break_off(self) -> None:
        """The step under way cannot be repeated: a function has failed in it."""
        self.broken = True

    def _least_missed(self) -> int:
        """The state, neither first nor last, that follows the one before it most closely."""
        states = self.states
        return min(range(1, len(states) - 1), key=lambda i: states[i].steps - states[i - 1].steps)

    def keep(self, seen: Seen) -> None:
        """Keep a moment, if it is far enough from the one before."""
        if self.moments and seen.step < self.moments[-1].step + self.moment_every:
            if seen.step == self.moments[-1].step:
                self.moments[-1] = seen
            return
        self.moments.append(seen)
        if len(self.moments) > MOMENTS:
            del self.moments[1::2]
            self.moment_every = max(
                1, 2 * self.moment_every, (self.moments[-1].step - self.moments[0].step) // MOMENTS * 2
            )

    def at(self, step: int) -> Seen | None:
        """The last kept moment that is not after `step`."""
        found = None
        for seen in self.moments:
            if seen.step > step:
                break
            found = seen
        return found

    def go_to(self, trainer: Any, step: int) -> None:
        """Bring a trainer of the same make to exactly this step of the run, with the settings of then."""
        state = max((s for s in self.states if s.steps <= step), key=lambda s: s.steps, default=None)
        if state is None:
            raise ValueError("a function has failed since, or has been changed, or the prior has within a step")
        checkpoints.restore(trainer, state)
        trainer.records.cut(state.steps)
        while trainer.steps < step:
            self._settings_of(trainer, trainer.steps)
            trainer.step()
        self._settings_of(trainer, step)
        trainer.flush()

    def _settings_of(self, trainer: Any, step: int) -> None:
        now = next(entry for since, entry in reversed(self.log) if since <= step)  # the last of that step
        trainer.choose(now.chosen)
        trainer.schedule = now.schedule
        if trainer.model.prior is not now.prior:
            trainer.model.set_prior(now.prior)

    def forget_after(self, step: int) -> None:
        """The past ends at this step."""
        self.moments = [seen for seen in self.moments if seen.step <= step]
        self.states = [state for state in self.states if state.steps <= step]
        self.log = [entry for entry in self.log if entry[0] <= step]

    def until(self, step: int) -> "Timeline":
        """A copy that ends at this step, for a fork."""
        part = copy.copy(self)
        part.forget_after(step)
        return part
