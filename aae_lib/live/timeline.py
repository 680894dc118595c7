"""The time machine of one run: moments to look back at, and states to start again from. Both in bounded memory."""

import copy
from typing import Any

from ..training import checkpoints
from .view import Seen

MOMENTS = 300  # then every second one is dropped, and they are kept half as often
STATE_EVERY = 100  # steps between the last two states; between older ones there are more, so that all fit
STATES_BYTES = 40 << 20  # of states; at least two are kept whatever their size


class Timeline:
    """What a run was like at earlier steps, and how to get there again.

    A state is kept now and then. Between two of them a run is repeated exactly: same state, the same set at the same
    steps, same numbers. So a fork may begin at any kept moment. The last state is always a recent one, so that a loss
    that is not finite costs few steps.
    """

    def __init__(self) -> None:
        self.moments: list[Seen] = []
        self.moment_every = 1  # steps between two kept moments, at least
        self.states: list[checkpoints.State] = []
        self.log: list[tuple[int, dict[str, Any], Any]] = []  # (step, what was set, prior) where they changed

    def before_step(self, trainer: Any) -> None:
        """To be called before each step: notes a change of settings or prior, and keeps a state when one is due."""
        now, prior = trainer.chosen(), trainer.model.prior
        if not self.log or self.log[-1][1] != now or self.log[-1][2] is not prior:
            self.log.append((trainer.steps, now, prior))
        if not self.states or trainer.steps >= self.states[-1].steps + STATE_EVERY:
            self.states.append(checkpoints.snapshot(trainer))
            while len(self.states) > 2 and sum(state.bytes for state in self.states) > STATES_BYTES:
                del self.states[self._least_missed()]

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
        state = max((s for s in self.states if s.steps <= step), key=lambda s: s.steps)
        checkpoints.restore(trainer, state)
        trainer.records.cut(state.steps)
        while trainer.steps < step:
            self._settings_of(trainer, trainer.steps)
            trainer.step()
        self._settings_of(trainer, step)
        trainer.flush()

    def _settings_of(self, trainer: Any, step: int) -> None:
        _, now, prior = next(entry for entry in reversed(self.log) if entry[0] <= step)  # the last of that step
        trainer.choose(now)
        if trainer.model.prior is not prior:
            trainer.model.set_prior(prior)

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
