"""A page for the end: what the learner wrote and got right, filled in by their own checks. A record, no examination."""

import html
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from ..arguments import Kind, takes, text
from ..files import write_whole
from . import look, record
from .checks.tasks import Task, all_tasks
from .statements import seen

PAGE = "certificate.html"
WHAT_IT_IS = (
    "This is a record of personal work, not an examination: nobody watched, and the hints were open. Each line is "
    "code that its author wrote and that passed the course's check on the day given. What was lent is not counted."
)


def _name(value: Any) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in text().take(value)).split())
    if not 0 < len(name) <= 100:
        raise ValueError
    return name


NAME = Kind('a text of 1 to 100 characters, such as "Ada Lovelace"', _name)


@takes(name=NAME)
class certificate:  # noqa: N801 - read aloud in a lesson: certificate("Ada Lovelace")
    """A page with what you wrote in this course and got right, to keep or to print.

    Your own checks fill it in, with the day on which each first said "right". In a learner's folder it is written to
    certificate.html, one file that needs nothing else. It is a record of your own work, not an examination.

    Parameters
    ----------
    name : str
        Yours, as it should stand on the page; up to 100 characters.

    Attributes
    ----------
    path : Path or None
        Where it was written; None where there is no learner's folder, or it cannot be written to.

    Raises
    ------
    ValueError
        For a name that is no text, empty, or longer.

    Examples
    --------
    >>> certificate("Ada Lovelace")  # doctest: +ELLIPSIS
    Ada Lovelace has written 0 of the course's ... parts. (Not kept in a file: this is no learner's folder.)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        folder = record.place()
        self._all = all_tasks()
        self._right = {number: fact for number, fact in record.tasks(folder).items() if number in self._all}
        self._seen = seen()
        self.path, self._told = self._write(folder)

    def _write(self, folder: Path | None) -> tuple[Path | None, str]:
        if folder is None:
            return None, "Not kept in a file: this is no learner's folder."
        path = folder / PAGE
        try:
            write_whole(path, self.page().encode())
        except OSError as error:
            return None, f"Not kept in a file: {error.strerror or error}."
        return path, f"It is in {PAGE}, in your folder: open it in a browser to print it."

    def __repr__(self) -> str:
        return f"{self.name} has written {len(self._right)} of the course's {len(self._all)} parts. ({self._told})"

    def _repr_html_(self) -> str:
        told = f"<p>{look.small(self._told)}</p>"
        name = f'<p class="aae-question">{html.escape(self.name)}</p>'
        return look.piece("sheet", look.heading("Your certificate"), name, self._body("h3"), told)

    def page(self) -> str:
        """The whole page: HTML that needs no other file."""
        title = "Adversarial autoencoders, step by step: what was written"
        style = (look.STATIC / "certificate.css").read_text(encoding="utf-8")
        return (
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width">\n<title>{html.escape(self.name)} · {title}</title>\n'
            f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
            f'<p class="name">{html.escape(self.name)}</p>\n{self._body("h2")}\n</main>\n</body>\n</html>\n'
        )

    def _body(self, heading: str) -> str:
        count, of = len(self._right), len(self._all)
        days = sorted(fact.day for fact in self._right.values())
        claims = self._seen.held + self._seen.failed + self._seen.missing
        when = f", from {_day(days[0])} to {_day(days[-1])}" if days[:1] != days[-1:] else ""
        parts = [
            f"<p>has written {count} of the course's {of} parts, each checked when it was written{when}. "
            f"Of {claims} claims of the lessons that the course quotes, "
            f"{self._seen.held} held in their own runs.</p>",
            f"<p>{html.escape(WHAT_IT_IS)} Printed on {_day(date.today().isoformat())}.</p>",
        ]
        if self._right:
            written = [(self._all[number], _day(fact.day)) for number, fact in sorted(self._right.items())]
            parts += [f"<{heading}>Written, and right</{heading}>", _table(written, ("part", "what it does", "since"))]
        still = [task for number, task in self._all.items() if number not in self._right]
        if still:
            parts.append(f"<{heading}>Still open</{heading}><p>{len(still)}, by lesson:</p><ul>")
            for lesson, tasks in groupby(still, lambda task: task.number[:2]):
                parts.append(f"<li>{lesson}: {'; '.join(look.prose(task.title) for task in tasks)}</li>")
            parts.append("</ul>")
        return "\n".join(parts)


def _table(rows: list[tuple[Task, str]], names: tuple[str, ...]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "\n".join(
        f'<tr><th scope="row">{task.number}</th><td>{look.prose(task.title)}</td><td>{day}</td></tr>'
        for task, day in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _day(day: str) -> str:
    found = datetime.fromisoformat(day)
    return f"{found.day} {found:%B %Y}"
