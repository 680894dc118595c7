"""Two runs in one panel."""

from collections.abc import Sequence
from typing import Any

from ..arguments import Kind, sequence, takes, text
from ..data import Split
from ..training.trainer import Trainer
from .panel import OPTIONS, TRAINER, Panel


def _two_names(value: Any) -> list[str]:
    if len(sequence(value)) != 2:
        raise TypeError
    return [str(text().take(name)) for name in value]


@takes(a=TRAINER, b=TRAINER, names=Kind('two names, such as ("VAE", "AAE")', _two_names), **OPTIONS)
class Compare(Panel):
    """Two trainers in step with each other, side by side: a VAE and an AAE, or one game with and without its penalty.

    a, b    the trainers; they take turns, a step each
    names   what the page calls them; default the models' class names
    Other arguments as for `Panel`. Sliders, play and reset act on each, or on both; forks need a panel of one run.
    Raises ValueError as `Panel` does, and for one trainer twice.
    """

    def __init__(
        self,
        a: Trainer,
        b: Trainer,
        names: Sequence[str] | None = None,
        *,
        view: str = "all",
        max_steps: int = 10_000,
        show: Split | None = None,
        headless_steps: int = 200,
        large: bool = False,
    ) -> None:
        if a is b:
            raise ValueError("Compare takes two trainers; this is one and the same.")
        if a.model is b.model:
            raise ValueError("the two trainers share a model, and each would move the other's: give each its own.")
        names = names or [type(trainer.model).__name__ for trainer in (a, b)]
        if names[0] == names[1]:
            names = [f"{names[0]} A", f"{names[1]} B"]
        self._make([a, b], names, view, max_steps, show, headless_steps, large)
