"""What a kernel of the course does of itself.

A sentence stands under the error that cells run out of order end in, a name that no cell has defined yet; and memory
that a cell no longer uses goes back to the machine.

An IPython extension. `aae lab` lets every kernel load it (kernels.py), so that it also helps after a restart, when
nothing of this course is imported yet; `aae_lib.course.lesson` loads it too.
"""

import builtins
import difflib
import sys
from collections.abc import Iterable
from typing import Any

from ..heap import hand_back

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
    """Show the advice below the traceback of every NameError; hand memory back after every cell."""

    def with_advice(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: int | None = None) -> None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        print("\n" + advice(getattr(error, "name", None), shell.user_ns))

    shell.set_custom_exc((NameError,), with_advice)
    shell.events.register("post_run_cell", hand_memory_back)


def hand_memory_back(result: Any = None) -> None:
    """Return what is free: after lesson 04 a kernel holds a fifth less, and thirty may share a machine."""
    hand_back()


def load_where_there_is_a_shell() -> None:
    """The same, from a module, and optimizers without PyTorch's compiler; nothing outside IPython."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()) is not None:
        load_ipython_extension(shell)
        from .uncompiled import leave_the_compiler_out  # PyTorch is there by now

        leave_the_compiler_out()
