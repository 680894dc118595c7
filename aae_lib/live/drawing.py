"""When a picture is due: often enough to follow what happens, seldom enough to leave the time to training."""

import time

from .wire import SHARED

FRAME = 0.115  # seconds between two pictures, at least: 8 a second, and a little to spare
SHARE = 0.05  # of the time may go into drawing; sending, and the page on the same machine, take as much again
IN_FLIGHT = 2 * SHARED["answer_every"]  # pictures that may be on their way; the page answers once in `answer_every`


class Drawing:
    """What is to be drawn, when, and what the last pictures cost."""

    def __init__(self) -> None:
        self.dirty = True  # something has changed since the last picture
        self._full = True  # the next one has every layer
        self._begun, self._cost = 0.0, 0.0  # when the last picture was begun; seconds that one takes
        self._unseen = 0  # pictures without an answer

    def changed(self, full: bool = False) -> None:
        """There is something new to show."""
        self.dirty, self._full = True, self._full or full

    def seen(self) -> None:
        """A page says that it got the last picture."""
        self._unseen = 0

    def due(self, training: bool) -> float:
        """When the next picture is due; `training` goes on meanwhile, and is to have most of the time."""
        if not self.dirty:
            return float("inf")
        rest = max(FRAME, self._cost / SHARE if training else 0.0)
        return self._begun + (rest if self._unseen < IN_FLIGHT else max(1.0, rest))

    def begin(self) -> bool:
        """A picture is drawn now; whether with every layer."""
        full, self._full, self.dirty = self._full, False, False
        self._begun, self._unseen = time.monotonic(), self._unseen + 1
        return full

    def end(self) -> None:
        """It has been sent."""
        cost = time.monotonic() - self._begun
        self._cost = cost if not self._cost else 0.8 * self._cost + 0.2 * cost
