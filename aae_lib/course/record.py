"""What a learner's own runs have shown, kept in their folder: claims as they came out, tasks that they got right,
predictions that they locked.

A journal, `.aae/record.jsonl`: a line a fact, added at its end and never changed. So two kernels may write at once,
and a line that was cut off is one fact less and harms no other. Nothing is kept where nobody works: headless, outside
a learner's folder, or in a folder that cannot be written to.
"""

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from . import workspace
from .calls import calls, wording

FOLDER = ".aae"  # in the learner's folder
JOURNAL, LEARNER = "record.jsonl", "learner"
CLAIM, TASK = "claim", "task"
PREDICTION, ANSWER, OUTCOME = "prediction", "answer", "outcome"  # all three by the question
LONGEST = 400  # characters of the figures that a claim rests on


@dataclass(frozen=True)
class Fact:
    """One line: a claim's words, a task's number or a question; whether it held, or is locked; the figures or the
    choice; and the day.
    """

    kind: str
    what: str
    ok: bool
    got: str
    day: str  # 2026-07-14


def place() -> Path | None:
    """The folder of the learner who is at work here; None where nobody is."""
    from ..live.notebook import headless

    if headless():
        return None
    try:
        course, here = workspace.root(), Path.cwd()
        return next((f for f in (here, *here.parents) if workspace.has_copies(course, f)), None)
    except OSError:  # a folder that is gone, or lessons that did not come along
        return None


# the last of each, by this process: a cell that runs again repeats it
_noted: dict[tuple[Path, str, str], Fact] = {}


def note(kind: str, what: str, ok: bool = True, got: str = "") -> None:
    """Keep a fact, where a learner is at work; never raises over a folder that cannot be written to."""
    if (folder := place()) is None:
        return
    fact = _today(kind, what, ok, got[:LONGEST])
    if _noted.get((folder, kind, what)) == fact:
        return
    if add(folder, fact):
        _noted[folder, kind, what] = fact


def _today(kind: str, what: str, ok: bool, got: str) -> Fact:
    return Fact(kind, what, bool(ok), got, datetime.now().astimezone().date().isoformat())


def add(folder: Path, fact: Fact) -> bool:
    """Add a line to the folder's journal; returns whether it is there."""
    # it begins with a new line, too: what stands behind a line that was cut off is read
    line = f"\n{json.dumps(vars(fact), ensure_ascii=False)}\n".encode("utf-8", "replace")
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        file = os.open(folder / FOLDER / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            return os.write(file, line) == len(line)  # in one piece, so that lines of two kernels never mix
        finally:
            os.close(file)
    except OSError:
        return False


def facts(folder: Path | None) -> list[Fact]:
    """All that was kept, oldest first; lines that are damaged or none of ours are passed over."""
    if folder is None:
        return []
    try:
        lines = (folder / FOLDER / JOURNAL).read_bytes().splitlines()
    except OSError:
        return []
    return [fact for line in lines if (fact := _read(line)) is not None]


def _read(line: bytes) -> Fact | None:
    try:
        found = json.loads(line)
        fact = Fact(**found)
        datetime.fromisoformat(fact.day)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (fact.kind, fact.what, fact.got)
    return fact if all(isinstance(t, str) for t in texts) and isinstance(fact.ok, bool) else None


def claims(folder: Path | None) -> dict[str, Fact]:
    """Each claim's last outcome, by its words."""
    return {fact.what: fact for fact in facts(folder) if fact.kind == CLAIM}


def tasks(folder: Path | None) -> dict[str, Fact]:
    """The first time that each task came out right, by its number."""
    return {fact.what: fact for fact in reversed(facts(folder)) if fact.kind == TASK and fact.ok}


def lock(question: str, choice: str) -> None:
    """Keep a locked prediction, where a learner is at work."""
    if (folder := place()) is not None:
        add(folder, _today(PREDICTION, question, True, choice))


def resolve(question: str, answer: str | None, happened: str) -> None:
    """Keep what came of a prediction, where a learner is at work."""
    if (folder := place()) is not None:
        add(folder, _today(ANSWER, question, True, answer or ""))
        add(folder, _today(OUTCOME, question, True, happened))


def prediction(folder: Path | None, question: str, choices: list[str]) -> dict[str, Fact]:
    """What is kept of a prediction, by kind: the first choice that was locked, and what came of it last."""
    kept: dict[str, Fact] = {}
    for fact in facts(folder):
        if fact.what != question:
            continue
        if fact.kind == PREDICTION and not fact.ok:
            kept.clear()  # opened again
        elif fact.kind == PREDICTION and fact.got in choices:
            kept.setdefault(PREDICTION, fact)
        elif fact.kind in (ANSWER, OUTCOME):
            kept[fact.kind] = fact
    return kept


def open_again(folder: Path, sources: Iterable[Path]) -> None:
    """The predictions that these notebooks ask for can be locked anew."""
    asked = [pattern for source in sources for pattern in questions(source)]
    for locked in {fact.what for fact in facts(folder) if fact.kind == PREDICTION}:
        if any(pattern.fullmatch(locked) for pattern in asked):
            add(folder, _today(PREDICTION, locked, False, ""))


def questions(notebook: Path) -> list[re.Pattern[str]]:
    """Of each `predict("question", [choices])` in a notebook; a value in an f-string may be anything."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return [wording(call.args[0]) for call in calls(code, "predict")]


def learner() -> str | None:
    """A number by which this learner's folder is known, the same in every run; None where nobody is at work."""
    if (folder := place()) is None:
        return None
    path = folder / FOLDER / LEARNER
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        with open(path, "x", encoding="ascii") as file:
            file.write(secrets.token_hex(8))
    except OSError:  # it is there already, or cannot be written
        pass
    try:
        return path.read_text(encoding="ascii", errors="replace") or str(folder)
    except OSError:
        return str(folder)
