"""Is a cell at work in the kernel's main thread? Next to one, the panel's thread gives way."""

import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

LOOK = 0.25  # seconds between two looks
WORK = 0.1  # of that time on a processor: a cell that takes less is waiting, as in panel.join() or time.sleep
OF_A_CELL = ("run_code", "interactiveshell.py")  # IPython's function that runs what is in a cell, and its file


class OtherCell:
    """Looks at the main thread now and then: does it run a cell, and compute? A cell that is new counts as at work.

    clock    clock(): the time, in seconds
    worked   worked(): seconds that the main thread has spent on a processor
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, worked: Callable[[], float] | None = None) -> None:
        self._clock, self._worked = clock, worked or _worked
        self._begin: tuple[float, float] | None = None  # time, and seconds of work, at the last look at a cell
        self._due = 0.0
        self._works = False

    def works(self) -> bool:
        """Whether a cell is at work."""
        if (now := self._clock()) >= self._due:
            self._due = now + LOOK
            before = self._begin
            self._begin = (now, self._worked()) if _in_a_cell() else None
            self._works = self._begin is not None and (
                before is None or self._begin[1] - before[1] >= WORK * (now - before[0])
            )
        return self._works


def _in_a_cell() -> bool:
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and not _runs_a_cell(frame):
        frame = frame.f_back
    return frame is not None


def _runs_a_cell(frame: FrameType) -> bool:
    name, file = OF_A_CELL
    return frame.f_code.co_name == name and frame.f_code.co_filename.endswith(file)


def _worked() -> float:
    """Of the main thread, where the system tells; psutil comes with ipykernel. Else a clock, as if it always worked."""
    try:
        import psutil

        threads = psutil.Process().threads()
    except Exception:
        return time.monotonic()
    main = threading.main_thread().native_id
    one = next((one for one in threads if one.id == main), threads[0])  # macOS has numbers of its own, the first is it
    return one.user_time + one.system_time
