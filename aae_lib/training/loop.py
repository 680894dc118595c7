"""Many steps in a row: a progress bar, saving by the clock, and an end between two steps, even if interrupted."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..progress import progress


@contextmanager
def whole_steps() -> Iterator[None]:
    """An interrupt (Ctrl-C, the stop button of a notebook) in here waits for the end of the block.

    A second one comes at once: then the step is left half done. Only the main thread receives interrupts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) > 1 and callable(before):
            before(number, frame)

    if not callable(before) or getattr(before, "waits", False):  # ignored anyway, or in such a block already
        yield
        return
    hear.waits = True  # type: ignore[attr-defined]
    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        before(heard[0], None)


def take_steps(
    advance: Callable[[int], int],
    n: int,
    save: Callable[[], None],
    save_seconds: float,
    seconds: float | None = None,
    title: str | None = "training",
) -> None:
    """Call `advance` until enough steps are done or time is up.

    Parameters
    ----------
    advance : callable
        advance(steps left) -> how many it did.
    n : int
        Steps.
    save : callable
        Called every `save_seconds`, and when an interrupt ends the loop.
    save_seconds : float
        Seconds between two saves.
    seconds : float, optional
        Stop after this long.
    title : str, optional
        Of what `progress` tells; None tells nothing.
    """
    began = saved = time.monotonic()
    done = 0
    with progress(title, n) as bar:
        try:
            while done < n and (seconds is None or time.monotonic() - began < seconds):
                with whole_steps():
                    taken = advance(n - done)
                done += taken
                bar.update(taken)
                if time.monotonic() - saved > save_seconds:
                    save()
                    saved = time.monotonic()
        except KeyboardInterrupt:
            save()
            raise
