"""The tasks of the course: what each asks for, its hints, its check, and a working part.

A check is a function of the learner's answer that returns a sentence of praise, or stops by raising `Wrong` with a
sentence on what is wrong. `task` makes it a task of the course.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from .answers import kind


@dataclass(frozen=True)
class Task:
    """One task: its number ("04.1"), what it asks for, three hints, the check, and a working part."""

    number: str
    title: str
    hints: tuple[str, str, str]
    judge: Callable[..., str]
    part: Callable[[], Any]


TASKS: dict[str, Task] = {}


def task(number: str, title: str, hints: tuple[str, str, str], part: Callable[[], Any]) -> Callable[..., Any]:
    """Make the decorated check a task of the course.

    hints  three, from a nudge to nearly all;  part  a function that returns the working part, for `borrow`
    """

    def register(judge: Callable[..., str]) -> Callable[..., str]:
        TASKS[number] = Task(number, title, hints, judge, part)
        return judge

    return register


class NoSuchTaskError(ValueError):
    """A number that no task has. A notebook shows the sentence alone: the lines that led to it are the course's own."""

    def _render_traceback_(self) -> list[str]:
        return [f"→ {self}"]


NUMBER_FIRST = 'the number of a task comes first, such as "04.1"'


def is_number(number: Any) -> bool:
    """Whether it could be the number of a task."""
    return isinstance(number, str | int | float) and not isinstance(number, bool)


def find(number: str | float) -> Task:
    """The task of that number; its lesson's checks are loaded when they are first wanted."""
    if not is_number(number):
        raise NoSuchTaskError(f"{NUMBER_FIRST}; this is {kind(number)}.")
    lesson, dot, which = str(number).strip().partition(".")
    if not lesson.isdecimal():
        raise NoSuchTaskError(f"there is no task {str(number)!r}: {NUMBER_FIRST}. It is in the check below the task.")
    lesson = lesson.zfill(2)
    for tasks in (f"lesson_{lesson}", f"turns_{lesson}"):  # of the exercises, and of the lesson itself
        try:
            import_module(f".{tasks}", __package__)
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{tasks}":
                raise
    name = f"{lesson}{dot}{which}"
    if name not in TASKS:
        have = ", ".join(sorted(n for n in TASKS if n.startswith(f"{lesson}."))) or "none of that lesson"
        raise NoSuchTaskError(f"there is no task {name!r}; there is {have}.")
    return TASKS[name]


def all_tasks() -> dict[str, Task]:
    """Every task of the course, by its number, in the order of the lessons."""
    for path in sorted(Path(__file__).parent.glob("*_[0-9][0-9].py")):
        import_module(f".{path.stem}", __package__)
    return dict(sorted(TASKS.items()))
