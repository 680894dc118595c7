"""A table as a dataset: a row is a sample, a column one of its numbers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import as_tensor, path, seed, sequence, shown, takes
from .arrays import from_arrays
from .dataset import PARTS, Dataset
from .layout import TOO_FINE, too_fine
from .parts import SHARE

if TYPE_CHECKING:
    import pandas as pd


@takes(validation=SHARE, test=SHARE, seed=seed())
def from_table(
    table: Any,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
) -> Dataset:
    """A dataset of a table's rows: vectors (N, D) of its columns, in float32.

    The numbers are kept as they are: give the model likelihood="gaussian", which standardises them by the training
    part.

    Parameters
    ----------
    table : DataFrame, path of a .csv, or array (N, D)
        A row for each sample.
    columns : sequence of str, optional
        Which columns are learned from; None: all but the label.
    label : str, optional
        The column of the classes, words or whole numbers; where it is empty a label is not known.
    validation, test, seed
        As in `from_arrays`.

    Returns
    -------
    Dataset
        With `feature_names`, the columns, and `class_names`.

    Raises
    ------
    ValueError
        For columns that are not there, hold words, or lack numbers (with the rows), and as in `from_arrays`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> data = from_table(load_wine(as_frame=True).frame, label="target")
    >>> data, data.feature_names[:2]
    (Dataset('table': 142 train, 18 validation, 18 test x (13,), 3 classes), ('alcohol', 'malic_acid'))
    """
    frame, name = _frame(table)
    known = [str(column) for column in frame.columns]
    frame = frame.set_axis(known, axis=1)
    _check_once(known, "the table")
    asked = _asked(columns, label, known)
    numbers = _numbers(frame[asked])
    if np.isfinite(numbers).all() and len(numbers) and (fine := too_fine(numbers)):
        raise ValueError(f"{_listed([asked[k] for k in fine])} {TOO_FINE}")
    labels = None if label is None else frame[str(label)]
    made = from_arrays(numbers, labels, validation=validation, test=test, seed=seed)
    splits = {part: replace(getattr(made, part), feature_names=tuple(asked)) for part in PARTS}
    still = [column for column, low, high in zip(asked, numbers.min(0), numbers.max(0), strict=True) if low == high]
    notes = (f"the same in every row: {', '.join(still)}",) if still else ()
    return replace(made, name=name, notes=(*notes, *made.notes), **splits)


def _frame(table: Any) -> tuple[pd.DataFrame, str]:
    """The table, and what it is called."""
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table, "table"
    if isinstance(table, str | Path):
        return _csv(path().checked("table", table)), Path(table).stem
    try:
        array = as_tensor("table", table).detach().cpu().numpy()
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise ValueError
        return pd.DataFrame(array), "table"
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(
            f"table must be a DataFrame, the name of a .csv, or numbers (N, D); got {shown(table)}."
        ) from None


def _csv(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(file)
        header = [str(name) for name in pd.read_csv(file, header=None, nrows=1, dtype=str).loc[0].dropna()]
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} is not written in UTF-8: write from_table(pandas.read_csv(file, encoding='utf-16')), or 'latin-1' "
            "or whatever it was saved in."
        ) from error
    except (ValueError, pd.errors.ParserError) as error:
        words = " ".join(str(error).split())[:200].rstrip(".")
        raise ValueError(f"{file} is not a table of comma-separated values: {words}.") from error
    if len(frame.columns) == 1 and any(mark in str(frame.columns[0]) for mark in ";\t"):
        raise ValueError(
            f"{file} has one column only, {shown(frame.columns[0])}: its columns are set apart by another mark; write "
            "from_table(pandas.read_csv(file, sep=';')), with decimal=',' where numbers are written as 0,5."
        )
    if not isinstance(frame.index, pd.RangeIndex):  # pandas has taken the first fields for names of the rows
        raise ValueError(
            f"{file} has {len(frame.columns)} names in its first row, and rows of {frame.index.nlevels} fields more: "
            "name all columns; where numbers are written as 0,5, the columns need another mark than the comma."
        )
    _check_once(header, str(file))  # pandas has given the second one another name
    if header and pd.to_numeric(pd.Series(header), errors="coerce").notna().all():
        raise ValueError(
            f"{file} begins with a row of numbers, where the names of its columns should be: write "
            "from_table(pandas.read_csv(file, header=None))."
        )
    return frame


def _check_once(names: list[str], where: str) -> None:
    """ValueError for a name that several columns have."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where} has several columns named {', '.join(twice)}: rename them.")


def _asked(columns: Any, label: Any, known: list[str]) -> list[str]:
    """The columns to learn from."""
    try:
        asked = None if columns is None else [str(column) for column in sequence(columns)]
    except (TypeError, ValueError):
        raise ValueError(f"columns must be a list of names, such as {known[:2]}; got {shown(columns)}.") from None
    for column in [*(asked or []), *([] if label is None else [str(label)])]:
        if column not in known:
            near = difflib.get_close_matches(column, known, n=1)
            told = f"did you mean {near[0]!r}?" if near else f"it has {shown(', '.join(known))}."
            raise ValueError(f"the table has no column {shown(column)}: {told}")
    if asked is None:
        asked = [column for column in known if label is None or column != str(label)]
    elif label is not None and str(label) in asked:
        raise ValueError(f"{str(label)!r} is in columns= and is the label: learn from it or by it.")
    if not asked or len(set(asked)) < len(asked):
        raise ValueError(
            f"columns must be names, each once, at least one; got {shown(columns)} of {shown(', '.join(known))}."
        )
    return asked


def _numbers(frame: pd.DataFrame) -> np.ndarray:
    """(N, D) float64, finite or refused by from_arrays."""
    import pandas as pd

    words = [str(name) for name in frame if not _holds_numbers(frame[name])]
    if words:
        first = frame[words[0]]
        odd = pd.to_numeric(first, errors="coerce").isna() & first.notna()
        odd = odd if odd.any() else first.notna()
        example = f" (such as {shown(first[odd].iloc[0])})" if odd.any() else ""
        comma = first[odd].astype(str).str.fullmatch(r"\s*-?\d*,\d+\s*").any()
        hint = "numbers with a comma are read by pandas.read_csv(file, decimal=','); or " if comma else ""
        raise ValueError(
            f"{_listed(words)} hold{'s' * (len(words) == 1)} no numbers{example}: {hint}name those to learn from, "
            f"columns=[...], or the one of the classes, label={words[0]!r}."
        )
    missing = frame.isna().to_numpy().any(1)
    if missing.any():
        columns = [str(name) for name in frame if frame[name].isna().any()]
        rows = np.flatnonzero(missing)
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        raise ValueError(
            f"{_listed(columns)} lack{'s' * (len(columns) == 1)} numbers in row{'s' * (len(rows) > 1)} "
            f"{', '.join(map(str, rows[:5]))}{more}, counted from 0: leave them out, table.dropna(subset=columns), or "
            "fill them in, table.fillna(table.median(numeric_only=True))."
        )
    if len(frame) > 1 and (counted := _row_numbers(frame)):
        raise ValueError(
            f"{_listed([counted])} only numbers the rows, and was the index of a table: leave it out by columns=[...], "
            "or write from_table(pandas.read_csv(file, index_col=0))."
        )
    return frame.to_numpy(np.float64)


def _holds_numbers(column: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype)


def _row_numbers(frame: pd.DataFrame) -> str | None:
    """The column that pandas reads an index as, which it writes without a name: whole numbers, each once."""
    written = [str(name) for name in frame if str(name).startswith("Unnamed: ")]
    return next((name for name in written if frame[name].is_unique and (frame[name] % 1 == 0).all()), None)


def _listed(columns: Sequence[str]) -> str:
    """The columns by name, not too many."""
    names = ", ".join(map(repr, columns[:5])) + f" and {len(columns) - 5} more" * (len(columns) > 5)
    return f"column{'s' * (len(columns) > 1)} {names}"
