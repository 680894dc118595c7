"""The live panel: sliders that act while training runs, q(z) over p(z) as it moves.

    Panel(trainer)     one run: play, pause, a phase at a time, sliders, another prior, back in time, forks
    Compare(a, b)      two runs on one training_thread
    Pad()              a drawing as a prior

Files: `training_thread`, `run` a run, `view` what is seen of it, `timeline` its past, `wire` what the browser gets.
"""

from typing import TYPE_CHECKING, Any

from .panel import Compare, Panel

if TYPE_CHECKING:
    from .pad import Pad

__all__ = ["Compare", "Pad", "Panel"]


def __getattr__(name: str) -> Any:
    if name == "Pad":  # it needs anywidget, the panel can do without
        from .pad import Pad

        return Pad
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
