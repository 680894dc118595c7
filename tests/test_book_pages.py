"""What the book does to a page before Sphinx parses it."""

import nbformat
import pytest

pytest.importorskip("docutils", reason="the packages of the book are not installed")

import book_pages


def test_links_to_exercises_and_folders_lead_to_pages_of_the_book():
    source = (
        "[a](exercises/01_x.ipynb) [b](../exercises/01_x.ipynb) [c](aae_lib/plots) [d](../aae_lib) [e](aae_lib/a.py)"
    )
    wanted = "[a](solutions/01_x.ipynb) [b](../solutions/01_x.ipynb) [c](docs/api/plots.md) [d](../docs/api/index.md)"
    assert book_pages.linked(source) == f"{wanted} [e](aae_lib/a.py)"


def test_a_task_stands_before_its_folded_solution_and_remarks_are_folded():
    task = nbformat.v4.new_code_cell("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION")
    remark = nbformat.v4.new_code_cell("# why", metadata={"tags": ["solution"]})
    plain = nbformat.v4.new_code_cell("f()")
    hidden = nbformat.v4.new_code_cell("quiz()", metadata={"jupyter": {"source_hidden": True}})
    cells = book_pages.folded(nbformat.v4.new_notebook(cells=[task, plain, remark, hidden])).cells
    assert [cell.source.split("\n")[-1].strip() for cell in cells] == [
        'raise NotImplementedError("write your answer here")',
        "return 1",
        "f()",
        "# why",
        "quiz()",
    ]
    assert [cell.metadata.get("mystnb", {}).get("code_prompt_show") for cell in cells] == [
        None,
        "Show a solution",
        None,
        "Show a remark for teachers",
        "Show the code",
    ]
    assert len({cell.id for cell in cells}) == 5


def test_bars_and_stars_in_a_docstring_are_no_markup():
    lines = ["E|x - y|, f(*x), 2 * 3", "a *word* and **one**", ">>> f(*x) | 1"]
    book_pages.literally(None, "function", "f", None, {}, lines)
    assert lines == [r"E\|x - y\|, f(\*x), 2 * 3", "a *word* and **one**", ">>> f(*x) | 1"]
