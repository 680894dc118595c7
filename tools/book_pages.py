"""What the book changes in a page as Sphinx reads it: solutions are folded, links find pages."""

import re

import nbformat
from nbformat import NotebookNode

from aae_lib.course.workspace import BEGIN, END, without_solutions

EXERCISES = re.compile(r"(\]\((?:\.\./)*)exercises/")
ACTIVE = re.compile(
    r"\||(?<![\w*])\*(?=\w)(?![^*]*\w\*)"
)  # what opens a substitution, or an emphasis that nothing closes
LESSON = re.compile(r'(<a href="\w+)\.ipynb"')  # in an output; the text's own links are Sphinx's
FOLDER = re.compile(r"(\]\((?:\.\./)*)aae_lib(?:/(\w+))?\)")


def linked(source: str) -> str:
    """Markdown whose links to exercises lead to the page with folded solutions, those to a folder to its reference."""
    source = EXERCISES.sub(r"\1solutions/", source)
    return FOLDER.sub(lambda found: f"{found[1]}docs/api/{found[2] or 'index'}.md)", source)


def folded(notebook: NotebookNode) -> NotebookNode:
    """A notebook for a reader: each task as it is given, then its solution; that, and what JupyterLab hides, folded."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and BEGIN in cell.source:
            cells.append(nbformat.v4.new_code_cell(without_solutions(cell.source), id=f"{cell.id}-task"))
            cell.source = "\n".join(line for line in cell.source.split("\n") if line.strip() not in (BEGIN, END))
            fold(cell, "Show a solution", "Hide the solution")
        elif cell.cell_type == "code" and "solution" in cell.metadata.get("tags", ()):
            fold(cell, "Show a remark for teachers", "Hide the remark")
        elif cell.metadata.get("jupyter", {}).get("source_hidden"):
            fold(cell, "Show the code", "Hide the code")
        cells.append(cell)
    notebook.cells = cells
    return notebook


def fold(cell: NotebookNode, show: str, hide: str) -> None:
    """Have the page show the cell's code only when asked."""
    cell.metadata["tags"] = [*cell.metadata.get("tags", ()), "hide-input"]
    cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}


def read(app, name: str, source: list[str]) -> None:
    """Before a page is parsed."""
    if str(app.env.doc2path(name)).endswith(".md"):
        source[0] = linked(source[0])
        return
    notebook = nbformat.reads(source[0], as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source)
        for output in cell.get("outputs", ()):
            if shown := output.get("data", {}).get("text/html"):
                output["data"]["text/html"] = LESSON.sub(r'\1.html"', shown)
    source[0] = nbformat.writes(folded(notebook))


def literally(app, what, name, thing, options, lines: list[str]) -> None:
    """In docstrings |x| and f(*x) mean what they mean in mathematics and Python; Sphinx would take them for markup."""
    for i, line in enumerate(lines):
        if not line.lstrip().startswith(">>>"):
            lines[i] = ACTIVE.sub(r"\\\g<0>", line)


def setup(app) -> None:
    """Called by docs/conf.py."""
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", literally, priority=400)  # before napoleon writes markup of its own
