"""What all notebooks have alike is written by a tool, and is right in every one."""

import re
from pathlib import Path

import nbformat
import pytest

import finish_notebooks
from aae_lib.course import look

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ALL = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb")])
code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def test_every_notebook_here_is_finished():
    assert finish_notebooks.main(["--check"]) == 0


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_last_cell_leads_on(path):
    last = nbformat.read(path, as_version=4).cells[-1].source
    assert last.startswith("**Next →** [")
    for target in re.findall(r"\]\(([^)]+)\)", last):
        assert (path.parent / target).resolve() in ALL, target


def test_from_the_first_lesson_next_leads_through_all_of_them():
    lessons = sorted(ROOT.glob("notebooks/*.ipynb"))
    here = [lessons[0]]
    while found := re.search(r"\]\((\d\d_\w+\.ipynb)\)", nbformat.read(here[-1], as_version=4).cells[-1].source):
        here.append(ROOT / "notebooks" / found[1])
    assert here == lessons


def test_predictions_and_helpers_are_folded_and_nothing_else():
    cells = [
        code('guess = predict("?", ["a", "b"])\nguess'),
        code("def draw(): ...", metadata={"tags": ["helper"]}),
        code('guess = predict("?", ["a", "b"])\nmodel = train()\nguess'),
        code("1 + 1"),
        code("%matplotlib inline"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    finish_notebooks.finish(notebook, "on")
    folded = [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in notebook.cells[:-1]]
    assert folded == [True, True, False, False, False]


def test_finishing_twice_changes_nothing_and_renews_an_old_stylesheet():
    old = '<style>.aae { color: red }</style><div class="aae aae-sentence">x</div>'
    cell = code("claim(...)", outputs=[nbformat.v4.new_output("display_data", data={"text/html": old})])
    notebook = nbformat.v4.new_notebook(cells=[cell, text("end")])
    finish_notebooks.finish(notebook, "**Next →** a")
    once = nbformat.writes(notebook)
    assert notebook.cells[0].outputs[0].data["text/html"] == f'{look.stylesheet()}<div class="aae aae-sentence">x</div>'
    finish_notebooks.finish(notebook, "**Next →** a")
    assert nbformat.writes(notebook) == once
    finish_notebooks.finish(notebook, "**Next →** b")
    assert [cell.source for cell in notebook.cells] == ["claim(...)", "end", "**Next →** b"]


def test_no_stored_output_names_a_folder_of_the_machine_that_made_it():
    for path in sorted([*ALL, *ROOT.glob("solutions/*.ipynb")]):
        for cell in nbformat.read(path, as_version=4).cells:
            said = "".join(output.get("text", "") for output in cell.get("outputs", []))
            assert not re.search(r"(?<![\w.<])/(work|home|root|tmp|Users|mnt)/", said), f"{path.name}, cell {cell.id}"
