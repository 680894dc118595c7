"""What a check lets through while a learner's code runs: some printed lines, and a word when it takes long."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

MOST = 2000  # characters that are printed: some twenty lines
PATIENCE = 10.0  # seconds


class Capped:
    """A stream that passes on its first `MOST` characters, says that there was more, and swallows that."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._left = stream, MOST

    def write(self, text: str) -> int:
        if self._left > 0:
            self._stream.write(text[: self._left])
            if len(text) >= self._left:
                self._stream.write("\n… your code prints more than this; the rest is left out.\n")
        self._left -= len(text)
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Print at most `MOST` characters in here, and after `PATIENCE` seconds say how to stop."""
    out = sys.stdout

    def still_running() -> None:
        out.write(f"still running after {PATIENCE:.0f} s: a loop without an end? The square ■ above stops it.\n")
        out.flush()

    timer = threading.Timer(PATIENCE, still_running)
    timer.daemon = True
    timer.start()
    try:
        with contextlib.redirect_stdout(Capped(out)), contextlib.redirect_stderr(Capped(sys.stderr)):  # type: ignore[type-var]
            yield
    finally:
        timer.cancel()
