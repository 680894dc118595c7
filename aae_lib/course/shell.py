"""A sentence under the error that cells run out of order end in: a name that no cell has defined yet.

An IPython extension. `aae lab` lets every kernel load it (kernels.py), so that it also helps after a restart, when
nothing of this course is imported yet; `aae_lib.course.lesson` loads it too.
"""

import builtins
import difflib
from collections.abc import Iterable
from typing import Any

ADVICE = (
    "→ {name} is not there (yet): the cell that makes it has not been run since the kernel started.\n"
    "  Run > Run All Above Selected Cell, then this cell again."
)
NEAR = "→ {name} is not there. Did you mean {near}?"


def advice(name: str | None, there: Iterable[str]) -> str:
    """What to do about a name that is not there, given those that are.

    Examples
    --------
    >>> print(advice("traner", ["trainer", "data"]))
    → traner is not there. Did you mean trainer?
    """
    names = [other for other in there if not other.startswith("_")]
    near = difflib.get_close_matches(name or "", [*names, *dir(builtins)], n=1, cutoff=0.75)
    return NEAR.format(name=name, near=near[0]) if near else ADVICE.format(name=name or "a name")


def load_ipython_extension(shell: Any) -> None:
    """Show the advice below the traceback of every NameError."""

    def with_advice(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: int | None = None) -> None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        print("\n" + advice(getattr(error, "name", None), shell.user_ns))

    shell.set_custom_exc((NameError,), with_advice)


def load_where_there_is_a_shell() -> None:
    """The same, from a module; nothing outside IPython."""
    import sys

    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
        load_ipython_extension(shell)
