"""The live panel: sliders that act while training runs, q(z) over p(z) as it moves.

    Panel(trainer)     one run: play, pause, one phase at a time, sliders, another prior, back in time, forks
    Sliders(trainer)   the same as plain ipywidgets, where anywidget cannot be loaded
    Compare(a, b)      two runs, step by step together
    Pad()              a drawing as a prior

Files: panel (start here), training_thread (which trains and serves), drawing (when a picture is due), requests (what is
served), scene (what is shown), run (one of them), sliders (what each one sets), view (what is drawn), timeline (its
past), wire (what the browser gets), link (the line between), wishes (what it may ask for), plain (its page without
anywidget), compare (two runs). The browser's side is page/; `make page` builds static/ from it: never edit that. A
layer of your own is a method of `View`.
"""

from typing import TYPE_CHECKING, Any

from .compare import Compare
from .panel import Panel, Sliders

if TYPE_CHECKING:
    from .pad import Pad

__all__ = ["Compare", "Pad", "Panel", "Sliders"]


def __getattr__(name: str) -> Any:
    if name == "Pad":  # it needs anywidget, the panel can do without
        from .pad import Pad

        return Pad
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
