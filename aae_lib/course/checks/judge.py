"""Checking an answer, and lending a working part where there is none yet."""

import functools
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import look, record
from .answers import Wrong, kind, last_returned
from .tasks import NUMBER_FIRST, Task, find, is_number
from .watch import watched


class Verdict:
    """What a check says: a sentence, and three hints that unfold. `right` is True, False, or None: not written yet.

    `fault` is what stopped the check itself, if anything did; None otherwise.
    """

    def __init__(
        self, sentence: str, right: bool | None, hints: Sequence[str] = (), fault: BaseException | None = None
    ) -> None:
        self.sentence, self.right, self.hints, self.fault = sentence, right, tuple(hints), fault

    def __bool__(self) -> bool:
        return self.right is True

    def __repr__(self) -> str:
        return f"{'✓' if self.right else '○' if self.right is None else '✗'} {self.sentence}"

    def _repr_html_(self) -> str:
        mark, sentence = repr(self).split(" ", 1)
        # with the minus that Python reads: what a hint says may be copied
        hints = "".join(look.folded(f"Hint {i}", hint.replace("−", "-")) for i, hint in enumerate(self.hints, 1))
        return look.piece("verdict", f"<p>{look.line(mark, sentence)}</p>", hints, state=self.right)


def check(number: str | float, *answers: Any) -> Verdict:
    """Check the answer to a task, e.g. check("04.1", my_generator); the result shows itself.

    Never raises over what a learner wrote. Where a check itself stumbles, the verdict says so and carries the
    exception as `fault`; with AAE_STRICT=1 in the environment (the tests) it is raised.

    Parameters
    ----------
    number : str or float
        The task: "04.1", and "4.1" or 4.1 are understood too.
    *answers : object
        What the task asks for, in most cases one function.

    Returns
    -------
    Verdict
        A sentence, and whether the answer is right.

    Raises
    ------
    ValueError
        If no task has this number.
    """
    if not is_number(number):
        return Verdict(f"{NUMBER_FIRST}; this is {kind(number)}.", False)
    found = find(number)
    if not answers or any(answer is None or answer is ... for answer in answers):
        return Verdict("not written yet.", None, found.hints)
    wanted = len(inspect.signature(found.judge).parameters)
    if len(answers) != wanted:
        takes = "one answer" if wanted == 1 else f"{wanted} answers"
        return Verdict(f"this task takes {takes} after its number; you passed {len(answers)}.", False, found.hints)
    last_returned.set("")
    try:
        with _usual_settings(), watched():
            verdict = Verdict(found.judge(*answers), True)
        if not any(map(lent, answers)):
            record.note(record.TASK, found.number)  # for the certificate
        return verdict
    except NotImplementedError:
        return Verdict("not written yet.", None, found.hints)
    except Wrong as wrong:
        return Verdict(str(wrong), False, found.hints)
    except KeyboardInterrupt:
        return Verdict("stopped while your code was running: does a loop in it never end?", False, found.hints)
    except (Exception, SystemExit) as fault:
        if os.environ.get("AAE_STRICT") == "1":
            raise
        returned = f"; the last thing it returned was {last}" if (last := last_returned.get()) else ""
        return Verdict(
            f"your answer is of a kind that this check cannot judge: {' and '.join(map(kind, answers))}{returned}. "
            f"It asks for {found.judge.__doc__ or found.title}",
            False,
            found.hints,
            fault,
        )


@contextmanager
def _usual_settings() -> Iterator[None]:
    """PyTorch's settings as the checks expect them, whatever a notebook has set; afterwards they are put back."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)


def borrow(number: str | float) -> Any:
    """Return a working part in place of your own, so that you can go on, e.g. my_generator = borrow("04.1").

    It says what it has lent.

    Parameters
    ----------
    number : str or float
        The task: "04.1", and "4.1" or 4.1 are understood too.

    Returns
    -------
    object
        What the task asks for, in most cases a function.

    Raises
    ------
    ValueError
        If no task has this number.
    """
    found = find(number)
    part = _lend(found)
    said = f"lent for task {found.number}, {found.title}: {_signature(part)}"
    look.show(f"→ {said}", look.piece("sentence", look.line("→", said)))
    return part


def _signature(part: Any) -> str:
    """A part in words that help to call it: `name(arguments)`, for each of several."""
    if isinstance(part, tuple):
        return " and ".join(map(_signature, part))
    try:
        arguments = ", ".join(inspect.signature(part).parameters)
    except (TypeError, ValueError):
        return kind(part)
    return f"`{getattr(part, '__name__', 'f').lstrip('_')}({arguments})`"


def your_turn(number: str | float, answer: Any) -> Any:
    """Check what the learner wrote in the cell above, and give back something to go on with: theirs once it is right.

    Until then it is the course's own part, so that the lesson goes on for those who have not finished. Shows
    the verdict.

    Parameters
    ----------
    number : str or float
        The task, e.g. "04.a".
    answer : object
        What the task asks for, in most cases a function.

    Returns
    -------
    object
        The answer if it is right, else a working part, as from `borrow`.

    Raises
    ------
    ValueError
        If no task has this number.

    Examples
    --------
    >>> square = your_turn("04.a", lambda model, optimizer, x: ...)
    ○ not written yet. The course's own works here until yours does: write it above, run that cell and this one again.
    """
    if _handed_back(answer):  # the cell above has not run since: what it would be judged by is the course's own
        verdict = Verdict(STILL_OURS, None, find(number).hints)
        look.show(repr(verdict), verdict._repr_html_())
        return answer
    verdict = check(number, answer)
    if not verdict:
        end = "" if verdict.sentence.endswith((".", "!", "?", ".)")) else "."
        do = "write" if verdict.right is None else "change"
        verdict.sentence += (
            f"{end} The course's own works here until yours does: {do} it above, run that cell and this one again."
        )
    look.show(repr(verdict), verdict._repr_html_())
    return answer if verdict else _lend(find(number))


STILL_OURS = "this is still the course's own: run the cell above with your answer in it, then this one again."
# what this kernel has lent, by task: it may come back to a check, and in a graded notebook its task gets no points
LENT: dict[str, list[Any]] = {}


def _lend(found: Task) -> Any:
    part = found.part()
    LENT.setdefault(found.number, []).extend(_parts(part))
    return part


def lent(answer: Any) -> bool:
    """Whether an answer, or a part of it, is the course's own: right, but nothing that the learner wrote."""
    return _handed_back(answer) or any(map(_made_here, _parts(answer)))


def _handed_back(answer: Any) -> bool:
    return any(part is own for part in _parts(answer) for parts in LENT.values() for own in parts)


def _made_here(part: Any) -> bool:
    while isinstance(part, functools.partial):
        part = part.func
    of_a_module = isinstance(part, type) or inspect.isroutine(part)  # and no object that the learner has made
    return of_a_module and str(getattr(part, "__module__", "")).partition(".")[0] == "aae_lib"


def _parts(answer: Any) -> list[Any]:
    """What in an answer can be told from another of the same value: functions, classes, networks, tensors."""
    if isinstance(answer, tuple | list):
        return [part for item in answer for part in _parts(item)]
    return [answer] if callable(answer) or isinstance(answer, Tensor | np.ndarray) else []
