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


def test_a_link_in_an_output_leads_to_a_page_of_the_book():
    class App:
        class env:  # noqa: N801
            doc2path = staticmethod(lambda name: f"{name}.ipynb")

    output = nbformat.v4.new_output("display_data", data={"text/html": '<td><a href="01_x.ipynb">01</a></td>'})
    source = [nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("seen()", outputs=[output])]))]
    book_pages.read(App, "notebooks/11_y", source)
    shown = nbformat.reads(source[0], as_version=4).cells[0].outputs[0].data["text/html"]
    assert shown == '<td><a href="01_x.html">01</a></td>'
