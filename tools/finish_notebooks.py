"""What all lessons and solutions share: the links at the end, and helpers folded away.

    python tools/finish_notebooks.py [--check]

- The last cell says what comes next: after a lesson its exercises and the next lesson, after exercises the next lesson.
- Cells that only ask for a prediction, and cells tagged `helper` (drawing that is not the lesson's subject), are
  folded: a click on the bar with the dots, or View > Expand Selected Code, opens them.
- The outputs of predictions, quizzes and claims carry the course's stylesheet; it is brought up to date.
- Each term of docs/glossary.md is linked where the lessons first use it (link_glossary.py).

--check  writes nothing; fails if a notebook is not as it would be written
"""

import argparse
import ast
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

import link_glossary
from aae_lib.course.look import stylesheet

ROOT = Path(__file__).resolve().parents[1]
NEXT = "next"  # the tag of the last cell
LAST = "11"  # the lesson at which the course ends; behind it there is an appendix


def title(path: Path) -> tuple[str, str]:
    """The number and the name of a lesson: ("04", "The adversarial autoencoder")."""
    heading = nbformat.read(path, as_version=4).cells[0].source.split("\n")[0]
    return path.name[:2], heading.split("·", 1)[-1].strip()


def way_on(path: Path, root: Path = ROOT) -> str:
    """The last cell's text. Links lead from notebooks/ or exercises/; the copies in work/ have them adapted."""
    folder = {"notebooks": "", "exercises": "../exercises/"}
    if path.parent.name != "notebooks":
        folder = {"notebooks": "../notebooks/", "exercises": ""}
    lessons = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    here = [i for i, lesson in enumerate(lessons) if lesson.name == path.name]
    after = lessons[here[0] + 1] if here and here[0] + 1 < len(lessons) else None

    def exercises(lesson: Path) -> list[str]:
        there = (root / "solutions" / lesson.name).exists()
        return [f"[exercises {lesson.name[:2]}]({folder['exercises']}{lesson.name})"] * there

    parts = exercises(path) if path.parent.name == "notebooks" else []
    own = bool(parts) or path.parent.name != "notebooks"
    if after:
        number, name = title(after)
        parts.append(f"[{number} · {name}]({folder['notebooks']}{after.name})")
        parts += [] if own else exercises(after)
    if after is None or path.name.startswith(LAST):  # the end of the course: what is free to do
        projects = (p for p in sorted((root / "solutions").glob("P*.ipynb")) if p.name != path.name)
        parts += [f"[{p.stem[3:].replace('_', ' ')}]({folder['exercises']}{p.name})" for p in projects]
    return "**Next →** " + " · ".join(parts)


def asks_only(source: str) -> bool:
    """Whether a cell only asks for predictions: guess = predict(...), and the name that shows it."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    calls = [
        isinstance(s, ast.Assign) and isinstance(s.value, ast.Call) and ast.unparse(s.value.func) == "predict"
        for s in body
    ]
    shown = [isinstance(s, ast.Expr) and isinstance(s.value, ast.Name) for s in body]
    return any(calls) and all(call or show for call, show in zip(calls, shown, strict=True))


def finish(notebook: NotebookNode, on: str) -> None:
    """Bring one notebook into its final form."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if asks_only(cell.source) or "helper" in cell.metadata.get("tags", ()):
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True
        for output in cell.outputs:
            shown = output.get("data", {}).get("text/html")
            if shown:
                output["data"]["text/html"] = re.sub(
                    r'<style>[^<]*</style>(?=<div class="aae )', lambda _: stylesheet(), shown
                )
    if notebook.cells[-1].metadata.get("tags") == [NEXT]:
        notebook.cells.pop()
    last = nbformat.v4.new_markdown_cell(on, metadata={"tags": [NEXT]})
    last["id"] = "next"
    notebook.cells.append(last)


def link_terms(lessons: dict[Path, NotebookNode], glossary: Path) -> None:
    """Link each term of the glossary at its first use: in running text, but not in a lesson's first or last cell."""
    cells = [cell for notebook in lessons.values() for cell in notebook.cells[1:-1] if cell.cell_type == "markdown"]
    texts = link_glossary.link([cell.source for cell in cells], link_glossary.terms(glossary))
    for cell, text in zip(cells, texts, strict=True):
        cell.source = text


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the notebooks, or check them; returns the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="write nothing; fail on any difference")
    check = options.parse_args(arguments).check
    unfinished = []
    paths = [p for folder in ("notebooks", "solutions") for p in sorted((root / folder).glob("*.ipynb"))]
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    before = {path: nbformat.writes(notebook) for path, notebook in notebooks.items()}
    for path, notebook in notebooks.items():
        finish(notebook, way_on(path, root))
    lessons = {path: notebook for path, notebook in notebooks.items() if path.parent.name == "notebooks"}
    link_terms(lessons, root / "docs" / "glossary.md")
    for path, notebook in notebooks.items():
        if nbformat.writes(notebook) == before[path]:
            continue
        if check:
            unfinished.append(f"{path.parent.name}/{path.name} is not finished: run python tools/finish_notebooks.py")
        else:
            nbformat.write(notebook, path)
    for fault in unfinished:
        print(fault, file=sys.stderr)
    return 1 if unfinished else 0


if __name__ == "__main__":
    sys.exit(main())
