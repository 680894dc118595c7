"""How far a long task is, told to anyone who watches: a bar in a terminal or a notebook, one line anywhere else."""

import io
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


@contextmanager
def progress(title: str | None, total: int | None = None, unit: str = "step", **options: Any) -> "Iterator[tqdm]":
    """A tqdm bar to be updated; where nobody watches it (a file, CI), its last state as one line.

    Parameters
    ----------
    title : str, optional
        What is being done; None tells nothing, and neither does TQDM_DISABLE=1 in the environment.
    total : int, optional
        How many units there are; None: not known.
    unit : str, default "step"
        What is counted.
    **options
        Of tqdm.

    Examples
    --------
    >>> with progress(None, total=3) as bar:
    ...     _ = bar.update(3)
    """
    from tqdm import tqdm
    from tqdm.auto import tqdm as of_this_place  # a widget where there is a notebook with ipywidgets
    from tqdm.notebook import tqdm_notebook

    watched = issubclass(of_this_place, tqdm_notebook) or sys.stderr.isatty()
    off = not title or tqdm(file=io.StringIO()).disable  # by TQDM_DISABLE, of which a notebook's bar does not know
    how = {"mininterval": 0.5} if watched else {"mininterval": math.inf, "file": io.StringIO()}
    with (of_this_place if watched else tqdm)(total=total, desc=title, unit=unit, disable=off, **how, **options) as bar:
        try:
            yield bar
        finally:
            if not (watched or off):
                print(bar, file=sys.stderr, flush=True)
