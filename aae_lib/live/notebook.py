"""The panel's surroundings: is anybody there to move a slider, and where does the picture go?"""

import base64
import html
import os
from typing import Any

from ..plots.picture import shown

FOLDED = "The picture that is saved with the notebook"
# a PNG of one white pixel
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==")


def headless() -> bool:
    """Whether nobody can answer: a script, nbval, `jupyter execute`; AAE_STRICT=1 in the environment says so too.

    Programs that run notebooks forbid input(), pages allow it. Voila forbids it and yet has a page.
    """
    if os.environ.get("AAE_STRICT") == "1":
        return True
    shell = _shell()
    if shell is None or not hasattr(shell, "kernel"):
        return True
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return False
    parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
    return not parent.get("content", {}).get("allow_stdin", True)


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


class Display:
    """One output of a cell that can be changed later, also from a thread; it stays in the saved notebook."""

    folded = False  # under a line that unfolds it, next to a page that shows the same

    def __init__(self) -> None:
        self._handle: Any = None

    def put(self, png: bytes, alt: str, sentence: str = "") -> None:
        """Show a picture; with a sentence above it where the panel itself cannot be seen."""
        from IPython.display import DisplayHandle

        data, metadata = shown(png, alt)
        if sentence:
            data = {"text/html": f"<p>{html.escape(sentence)}</p>{data['text/html']}", "text/plain": alt}
        elif self.folded:
            data = {
                "text/html": f"<details><summary>{FOLDED}</summary>{data['text/html']}</details>",
                "text/plain": alt,
            }
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(data, metadata=metadata, raw=True)
        else:
            self._handle.update(data, metadata=metadata, raw=True)
