"""Who may train a model, and when others may look at it: one owner at a time, one lock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StepLock:
    """Held for every training step, and by anyone who looks at the model from another thread.

    Between steps the model is consistent; inside one it is not. Anyone who asks for the lock gets it when the step
    under way ends, before the next one begins, however fast training is.

    Examples
    --------
    >>> lock = StepLock()
    >>> with lock:  # no step runs in here
    ...     pass
    """

    def __init__(self) -> None:
        # a lock of threading is not fair: a thread that trains would take it again before one that waits has woken up.
        # So a thread that leaves hands it on
        self._guard = threading.Lock()
        self._queue: list[tuple[int, threading.Lock]] = []  # who waits, and what wakes them
        self._holder: int | None = None
        self._depth = 0
        self.owner: threading.Thread | None = None

    def __enter__(self) -> "StepLock":
        me = threading.get_ident()
        if self._holder != me:
            with self._guard:
                turn = threading.Lock()
                if self._holder is None:
                    self._holder = me
                else:
                    turn.acquire()
                    self._queue.append((me, turn))
            try:
                turn.acquire()
            except BaseException:  # interrupted while waiting
                self._give_up(me, turn)
                raise
        self._depth += 1
        return self

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            with self._guard:
                self._hand_on()

    def _hand_on(self) -> None:
        """To the owner, if it waits and another held the lock, so that a crowd slows training to half at most."""
        owner = self.owner.ident if self.owner else None
        waiting = [ident for ident, _ in self._queue]
        first = waiting.index(owner) if owner in waiting and self._holder != owner else 0
        self._holder, turn = self._queue.pop(first) if self._queue else (None, None)
        if turn is not None:
            turn.release()

    def _give_up(self, me: int, turn: threading.Lock) -> None:
        with self._guard:
            if (me, turn) in self._queue:
                self._queue.remove((me, turn))
            elif self._holder == me:  # it was handed over in just that moment
                self._hand_on()

    def __reduce__(self) -> "tuple[type[StepLock], tuple[()]]":
        return StepLock, ()  # a copy of a model, and one from a file, is nobody's yet

    @property
    def elsewhere(self) -> bool:
        """Whether another thread trains the model."""
        return self.owner not in (None, threading.current_thread())

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Train the model in here, alone. RuntimeError if another thread trains it."""
        with self:  # two threads that both want it: the second one sees the first
            self.check()
            before, self.owner = self.owner, threading.current_thread()
        try:
            yield
        finally:
            self.owner = before

    def check(self) -> None:
        """RuntimeError if another thread trains the model."""
        if self.elsewhere:
            assert self.owner is not None
            who = "a live panel" if self.owner.name == "aae-live" else f"another thread ({self.owner.name})"
            end = "its stop button, or panel.stop()" if self.owner.name == "aae-live" else "wait for its end"
            raise RuntimeError(f"{who} is training this model: stop it first ({end}).")
