"""Many steps in a row: a progress bar, saving by the clock, and an end between two steps, even if interrupted."""

import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


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
        Stop after so long.
    title : str, optional
        Of the progress bar; None shows none (nor does TQDM_DISABLE=1 in the environment).
    """
    from tqdm import tqdm

    began = saved = time.monotonic()
    make_bar = functools.partial(tqdm, total=n, desc=title, unit="step", mininterval=0.5)
    done = 0
    with make_bar() if title else make_bar(disable=True) as bar:  # without "disable" the environment decides
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
