"""Code, folded in a notebook: of a function, and the one line of a patient's that differs."""

import difflib
import html
import inspect
from collections.abc import Callable
from typing import Any

from ...arguments import one_of, takes
from .patients import HEALTHY, WRONG, healthy_name


@takes(patient=one_of(*WRONG))
class diff:  # noqa: N801 - read aloud in the lesson: ward.diff("A")
    """The line that differs between a patient's function and the healthy one; folded in a notebook.

    Raises ValueError for another patient.
    """

    def __init__(self, patient: str) -> None:
        name = healthy_name(patient)
        self.patient = patient
        healthy, ill = (inspect.getsource(f) for f in (HEALTHY[name], WRONG[patient]))
        lines = difflib.unified_diff(
            healthy.splitlines(), ill.replace(f"{name}_of_{patient.lower()}", name).splitlines(), n=3, lineterm=""
        )
        self.text = "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))

    def __repr__(self) -> str:
        return f"Patient {self.patient}: the wrong line, unfolded by a click"

    def _repr_html_(self) -> str:
        return unfolds(f"Patient {self.patient}: the wrong line (−) healthy (+) ill", self.text)


class source:  # noqa: N801 - read aloud in the lesson: ward.source(ward.examine)
    """The code of a function; folded in a notebook."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name, self.text = function.__name__, inspect.getsource(function)

    def __repr__(self) -> str:
        return f"{self.name}: its code, unfolded by a click"

    def _repr_html_(self) -> str:
        return unfolds(f"{self.name}: its code", self.text)


def unfolds(title: str, code: str) -> str:
    """Code behind a title that unfolds it."""
    return f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(code)}</pre></details>"
