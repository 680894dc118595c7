"""A learner's copy of every lesson runs from top to bottom, with nothing written in it and then with wrong answers:
nobody is stranded."""

import re

import nbformat
import pytest

from aae_lib.course import workspace
from tests.headless import FEW, QUIET, SHORT, execute, texts
from tests.test_claims_fail import ALL_IMAGES, BROKEN

LESSONS = [
    path
    for path in sorted((workspace.root() / "notebooks").glob("[0-9]*.ipynb"))
    if "your_turn(" in path.read_text(encoding="utf-8")
]


WRONG = """
import sys

sys.path.append({root!r})
from tests.checks.submissions import slip

{name} = your_turn("{number}", slip("{number}"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_run_all_gets_through_with_nothing_written_and_with_wrong_answers(lesson, tmp_path, monkeypatch):
    """One run for both: each place is checked as it is, then with a wrong answer, and the lesson goes on from there."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    copy = tmp_path / lesson.name
    workspace._copy(lesson, copy)
    notebook = nbformat.read(copy, as_version=4)
    emptied = [cell for cell in notebook.cells if "raise NotImplementedError" in cell.source]
    turns = []
    for cell in list(notebook.cells):
        if turn := re.fullmatch(r'(\w+) = your_turn\("(.+)", \1\)', cell.source):
            turns.append(turn[2])
            wrong = WRONG.format(root=str(workspace.root()), name=turn[1], number=turn[2])
            notebook.cells.insert(notebook.cells.index(cell) + 1, nbformat.v4.new_code_cell(wrong))
    assert len(turns) == len(emptied)
    execute(notebook, tmp_path, SHORT, FEW)
    said = texts(notebook)
    for mark in ("○ not written yet", "✗ "):
        lent = [text for text in said if text.startswith(mark) and "The course's own works here" in text]
        assert len(lent) == len(turns), "a place to write in whose check says nothing"
    held = "\n".join(text for text in said if text.startswith("✓"))
    if lesson.stem not in ALL_IMAGES:
        assert [claim for *_, claim in BROKEN.get(lesson.stem, ()) if f"✓ {claim}" not in held] == []
