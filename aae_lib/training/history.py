"""The losses of every step: a ring buffer on the device, read by the host once in a while."""

import bisect
import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ..arguments import plain_number, shown

if TYPE_CHECKING:
    import pandas as pd

ROWS = 64  # steps between two looks of the host


class Fault(NamedTuple):
    """The first loss or gradient that was not finite: after this many steps, in this phase."""

    steps: int
    phase: str


class History:
    """Losses per phase and step, seconds, and measured figures. A loss that is not finite marks a fault.

    Parameters
    ----------
    names : sequence of str
        Of the phases.
    device : torch.device
        Where losses are recorded before the host reads them.

    Examples
    --------
    >>> history = History(["reconstruction"], torch.device("cpu"))
    >>> history.record("reconstruction", torch.tensor(1.5))
    >>> history.next_row(), history.read(steps=1), history.losses
    (False, None, [[1.5]])
    """

    def __init__(self, names: Sequence[str], device: torch.device) -> None:
        self.names = list(names)
        self.ring = torch.zeros(ROWS, len(self.names), device=device)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.row = 0  # of the ring: where the step under way writes
        self.filled = 0  # phases of that step that have written
        self.fault: Fault | None = None  # found, and not told yet
        self.steps: list[int] = []  # one entry a step, from here ...
        self.seconds: list[float] = []
        self.losses: list[list[float]] = []  # ... to here
        self.pending: list[float] = []  # seconds of the whole steps that are still in the ring
        self.measures: dict[int, dict[str, float]] = {}
        self.start_clock()

    def start_clock(self) -> None:
        """Count seconds from now on: a pause between two runs is not training time."""
        self.mark = time.perf_counter()

    def record(self, name: str, loss: Tensor) -> None:
        """Put a phase's loss (0-d, on the device) into the row of the step under way."""
        self.ring[self.place(name)] = loss

    def place(self, name: str) -> tuple[int, int]:
        """Row and column of the ring where the phase's loss belongs; it counts as written."""
        column = self.names.index(name)
        self.filled = column + 1
        return self.row, column

    def leave_row(self) -> None:
        """The step under way is abandoned: what its phases wrote is forgotten."""
        self.filled = 0

    def next_row(self) -> bool:
        """The step is over; true when the ring is full and must be read."""
        now = time.perf_counter()
        self.pending.append(now - self.mark)
        self.mark = now
        self.row, self.filled = self.row + 1, 0
        return self.row == ROWS

    def passed(self, n: int, began: float) -> None:
        """n steps were done at once, from `began` (by `time.perf_counter`) on; their losses are in the first rows."""
        self.mark = time.perf_counter()
        self.pending = [(self.mark - began) / n] * n
        self.row, self.filled = n, 0

    def state(self) -> tuple[Any, ...]:
        """What steps change on the host."""
        return self.row, self.filled, list(self.pending), self.mark

    def set_state(self, state: tuple[Any, ...]) -> None:
        """Back to an earlier `state`."""
        self.row, self.filled, self.pending, self.mark = state

    def read(self, steps: int) -> Fault | None:
        """Take the whole steps of the ring into the tables.

        The row of a step under way stays where it is still being written. Rows from the first fault on are dropped,
        since their updates were not made.

        Parameters
        ----------
        steps : int
            The number of steps done.

        Returns
        -------
        Fault or None
            The first fault. It stays until it has been reported (`fault` set to None).
        """
        rows = self.ring[: self.row + bool(self.filled)].tolist()
        before, pending = steps - self.row, self.pending
        elapsed = self.seconds[-1] if self.seconds else 0.0
        for i, row in enumerate(rows):
            whole = i < self.row
            if self.fault is None:
                written = row if whole else row[: self.filled]
                bad = [name for name, loss in zip(self.names, written, strict=False) if not math.isfinite(loss)]
                self.fault = Fault(before + i, bad[0]) if bad else None
            if self.fault is None and whole:
                elapsed += pending[i]
                self.steps.append(before + i + 1)
                self.seconds.append(elapsed)
                self.losses.append(row)
        if self.filled and self.row:
            self.ring[0] = self.ring[self.row]
        self.row, self.pending = 0, []
        return self.fault

    def add_measures(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures measured after `step`; ValueError for what cannot be a column of the table."""
        advice = "measure= returns a dict of names and numbers, such as {'mmd': 0.01}"
        if not isinstance(figures, Mapping):
            raise ValueError(f"{advice}; got {shown(figures)}.")
        if taken := [name for name in figures if name in (*self.names, "step", "seconds", "member")]:
            raise ValueError(f"{advice}; the history has a column {taken[0]!r} already: use another name.")
        if wrong := [name for name in figures if not isinstance(name, str) or not name]:
            raise ValueError(f"{advice}; one of these names is {shown(wrong[0])}.")
        try:
            self.measures[step] = {name: float(plain_number(value)) for name, value in figures.items()}
        except TypeError:
            raise ValueError(f"{advice}; got {shown(dict(figures))}.") from None

    def table(self) -> "pd.DataFrame":
        """The whole history as a DataFrame."""
        import pandas as pd

        table = pd.DataFrame(self.losses, columns=self.names, dtype=float)
        table.insert(0, "seconds", self.seconds)
        table.insert(0, "step", self.steps)
        measured = pd.DataFrame.from_dict(self.measures, orient="index")
        table = table.join(measured, on="step") if len(measured) else table
        table.attrs["losses"] = self.names  # the other columns are measures
        return table

    def cut(self, steps: int) -> None:
        """Forget what came after this many steps."""
        keep = bisect.bisect_right(self.steps, steps)
        del self.steps[keep:], self.seconds[keep:], self.losses[keep:]
        self.measures = {step: figures for step, figures in self.measures.items() if step <= steps}

    def thinned(self, n: int) -> list[list[float]]:
        """At most n + 1 rows [step, loss of each phase]: every 1st, 2nd, 4th, 8th, ..., and the last one."""
        every = 1
        while len(self.steps) > n * every:
            every *= 2
        rows = [*range(0, len(self.steps), every)]
        if rows and rows[-1] != len(self.steps) - 1:
            rows.append(len(self.steps) - 1)
        return [[self.steps[i], *self.losses[i]] for i in rows]

    def rows(self) -> Tensor:
        """For a checkpoint: step, seconds and losses, (number of steps, 2 + phases) float64."""
        columns = (self.steps, self.seconds, *zip(*self.losses, strict=True))
        return torch.tensor(columns, dtype=torch.float64).T.contiguous().reshape(-1, 2 + len(self.names))

    def kept(self) -> tuple[Tensor, dict[int, dict[str, float]]]:
        """All that the host has read so far, to be given to `restore`."""
        return self.rows(), {step: dict(figures) for step, figures in self.measures.items()}

    def restore(self, rows: Tensor, measures: Mapping[Any, Mapping[str, float]]) -> None:
        """Back to what was saved (JSON has made strings of the measures' steps)."""
        self.clear()
        self.steps, self.seconds = rows[:, 0].long().tolist(), rows[:, 1].tolist()
        self.losses = rows[:, 2:].tolist()
        self.measures = {int(step): dict(figures) for step, figures in measures.items()}
