"""Many steps in a row: a progress bar, saving by the clock, and an end between two steps, also when interrupted."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def whole_steps() -> Iterator[None]:
    """An interrupt (Ctrl-C, the stop button of a notebook) in here waits for the end of the block.

    A second one comes at once: then the step is left half done. Only the main thread hears interrupts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    heard: list[int] = []

    def hear(number: int, frame: Any) -> None:
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
    """Call `advance(steps left)`, which says how many it did, until n are done or so many `seconds` have passed.

    `save` is called every `save_seconds`, and when an interrupt ends the loop; a bar is shown if there is a `title`
    (TQDM_DISABLE=1 in the environment hides it).
    """
    from tqdm import tqdm

    began = saved = time.monotonic()
    hidden = {} if title else {"disable": True}  # without "disable" the environment decides
    done = 0
    with tqdm(total=n, desc=title, unit="step", mininterval=0.5, **hidden) as bar:
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
