"""The table that `compare` returns: a DataFrame that shows itself whole, in a terminal and in a notebook."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Row(NamedTuple):
    """One measure: its value, what to compare it with, and how to read it."""

    measure: str
    value: float
    reference: float
    good: str
    meaning: str
    sd: float = float("nan")  # of the reference, where it varies


def table(rows: Sequence[Row]) -> "pd.DataFrame":
    """One row per measure; columns value, reference, sd, good, meaning."""
    frame = _scoreboard()(rows, columns=Row._fields).set_index("measure")
    return frame[["value", "reference", "sd", "good", "meaning"]].pipe(_scoreboard())


@functools.cache
def _scoreboard() -> type:
    import pandas as pd  # late: pandas takes longer to import than all of this library

    class Scoreboard(pd.DataFrame):
        """Shows all columns unbroken, four digits, no minus before a zero, and blanks for what is missing."""

        def __repr__(self) -> str:
            return _shown(self).to_string()

        def _repr_html_(self) -> str:
            return _shown(self).to_html()

    return Scoreboard


def _shown(frame: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    shown = pd.DataFrame(frame).rename_axis(None)
    for column in shown.select_dtypes("number"):
        shown[column] = shown[column].map(lambda v: "" if v != v else f"{v:z.4f}" if abs(v) < 10 else f"{v:.1f}")
    return shown
