"""The page of statements quotes claims that the lessons make and that held when they last ran."""

import ast
import html
import re
from pathlib import Path

import nbformat
import pytest

from lesson_seeds import claims
from tests.headless import texts

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "claims.md"
ROW = re.compile(r"^\| *(\d*) *\|.*\]\(\.\./(notebooks/[^)]+)\) \| (.*) \|$", re.M)
QUOTED = [
    (lesson, claim)
    for _, lesson, cell in ROW.findall(PAGE.read_text(encoding="utf-8"))
    for claim in re.findall("“([^”]+)”", cell)
]


def made(notebook: nbformat.NotebookNode) -> set[str]:
    """The claims that a lesson's code makes."""
    return {call.args[0].value for call in claims(notebook) if isinstance(call.args[0], ast.Constant)}


def held(notebook: nbformat.NotebookNode) -> str:
    """What the claims of its last run have shown."""
    return "\n".join(html.unescape(text) for text in texts(notebook) if text.startswith("✓"))


def test_every_statement_has_a_row_with_a_claim():
    numbers = [int(number) for number, *_ in ROW.findall(PAGE.read_text(encoding="utf-8")) if number]
    assert numbers == list(range(1, 23))
    assert all("“" in cell for *_, cell in ROW.findall(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("lesson", sorted({lesson for lesson, _ in QUOTED}))
def test_a_lesson_makes_the_claims_that_are_quoted_and_they_held(lesson):
    notebook = nbformat.read(ROOT / lesson, as_version=4)
    quoted = {claim for name, claim in QUOTED if name == lesson}
    assert quoted <= made(notebook)
    assert [claim for claim in quoted if f"✓ {claim}" not in held(notebook)] == []
