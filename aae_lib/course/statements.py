"""The statements about adversarial autoencoders, and what a learner has seen of each: docs/claims.md, filled in."""

import html
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from . import look, record, workspace

ROW = re.compile(r"^\| *(\d*) *\| *(.*?) *\| \[(\d\d)\]\(\.\./notebooks/([^)]+)\) \| (.*) \|$", re.M)
QUOTED = re.compile("“([^”]+)”")
HELD = re.compile(r"✓ (.*?)(?:  \((.*)\))?", re.S)  # as `claim` prints it


@dataclass(frozen=True)
class Row:
    """A lesson's part in one statement, and the claims that show it."""

    number: int
    statement: str
    lesson: str  # the notebook's name
    claims: tuple[str, ...]


@cache
def rows(page: Path | None = None) -> tuple[Row, ...]:
    """The table of docs/claims.md, in its order; a statement that has several lessons has several rows."""
    text = (page or workspace.root() / "docs" / "claims.md").read_text(encoding="utf-8")
    found: list[Row] = []
    for number, statement, _, lesson, cell in ROW.findall(text):
        n, said = (int(number), statement) if number else (found[-1].number, found[-1].statement)
        found.append(Row(n, said, lesson, tuple(QUOTED.findall(cell))))
    return tuple(found)


@cache
def in_the_course(lesson: str) -> dict[str, str]:
    """The figures of the claims that held when the course's own copy of a lesson was last run."""
    notebook = json.loads((workspace.root() / "notebooks" / lesson).read_text(encoding="utf-8"))
    shown = {}
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", ())):
        text = "".join(output.get("data", {}).get("text/plain", ""))
        if found := HELD.fullmatch(text):
            shown[found[1]] = found[2] or ""
    return shown


class seen:  # noqa: N801 - read aloud in a lesson: seen()
    """The statements usually made about adversarial autoencoders, and what your own runs have shown of each.

    Every claim of a lesson that you have run stands there with the figures of *your* run. Where you have not run it
    yet, it says so, with the figures of the course's own run.

    Attributes
    ----------
    held, failed, missing : int
        Of the claims: how many held in your last run of them, how many did not, how many have not run yet.

    Examples
    --------
    >>> seen()  # doctest: +ELLIPSIS
    22 statements. Of their claims 0 held in your runs, 0 did not, ... have not run yet.
    """

    def __init__(self) -> None:
        self._yours = record.claims(record.place())
        wanted = {claim for row in rows() for claim in row.claims}
        here = [self._yours[claim].ok for claim in wanted if claim in self._yours]
        self.held, self.failed, self.missing = sum(here), here.count(False), len(wanted) - len(here)

    def __repr__(self) -> str:
        return (
            f"{len({row.number for row in rows()})} statements. Of their claims {self.held} held in your runs, "
            f"{self.failed} did not, {self.missing} have not run yet."
        )

    def _repr_html_(self) -> str:
        body, before = [], 0
        for row in rows():
            name = f"{row.number} · {row.statement}" if row.number != before else ""
            head = f'<th scope="rowgroup">{look.prose(name)}</th>' if name else "<td></td>"
            link = f'<a href="{html.escape(row.lesson)}">{row.lesson[:2]}</a>'
            body.append(f"<tr>{head}<td>{link}</td><td>{''.join(self._line(row, c) for c in row.claims)}</td></tr>")
            before = row.number
        top = "".join(
            f'<th scope="col">{name}</th>' for name in ("it is said that ...", "lesson", "what you have seen")
        )
        table = f'<table class="aae-seen"><thead><tr>{top}</tr></thead><tbody>{"".join(body)}</tbody></table>'
        style = f"<style>{' '.join((look.STATIC / 'seen.css').read_text(encoding='utf-8').split())}</style>"
        return look.piece("sheet", style, look.heading("What you have seen"), f"<p>{look.prose(repr(self))}</p>", table)

    def _line(self, row: Row, claim: str) -> str:
        fact = self._yours.get(claim)
        if fact is None:
            course = in_the_course(row.lesson).get(claim, "")
            return f"<p>{look.line('○', claim, 'not run yet' + (f'; in the course: {course}' if course else ''))}</p>"
        state, mark, told = ("is-right", "✓", "") if fact.ok else ("is-wrong", "✗", "not this time: ")
        found = f"you found {fact.got}, {fact.day}" if fact.got else fact.day
        return f'<p class="{state}">{look.line(mark, told + claim, found)}</p>'
