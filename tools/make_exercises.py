"""Make exercises/ from solutions/, the one source: `python tools/make_exercises.py [--check]`.

In a code cell of a solution, the lines between `### BEGIN SOLUTION` and `### END SOLUTION` become one that raises
NotImplementedError; a cell tagged `solution` is left out. Outputs are dropped, cell ids derived from the solution's.
The markers, and the metadata `nbgrader` that a cell with them carries, are nbgrader's own.

--check  writes nothing; fails if exercises/ is not exactly what would be written, or on a fault in a solution
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from aae_lib.course.workspace import Fault, without_solutions

ROOT = Path(__file__).resolve().parents[1]
LEFT_OVER = re.compile(r"###\s*(BEGIN|END)|BEGIN\s+SOLUTION|END\s+SOLUTION", re.IGNORECASE)


def exercise_of(solution: NotebookNode) -> NotebookNode:
    """The exercise notebook of a solution notebook. Raises Fault for markers that are not in pairs."""
    exercise = nbformat.v4.new_notebook(metadata={k: v for k, v in solution.metadata.items() if k != "widgets"})
    for number, cell in enumerate(solution.cells, 1):
        if "solution" in cell.metadata.get("tags", ()):
            continue
        try:
            source = without_solutions(cell.source) if cell.cell_type == "code" else cell.source
            if LEFT_OVER.search(source):
                raise Fault("a marker is left over; it stands on a line of its own, spelt exactly")
            if source != cell.source and not cell.metadata.get("nbgrader", {}).get("solution"):
                raise Fault('it has a solution and no metadata "nbgrader" with "solution": true')
        except Fault as fault:
            raise Fault(f"cell {number} ({cell.source.strip().splitlines()[0][:50]!r}): {fault}") from None
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        copy = make(source, metadata={k: v for k, v in cell.metadata.items() if k != "execution"})
        copy["id"] = hashlib.sha256(cell.id.encode()).hexdigest()[:12]
        exercise.cells.append(copy)
    return exercise


def text_of(notebook: NotebookNode) -> str:
    """The notebook as it is in its file."""
    nbformat.validate(notebook)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the exercises, or check them; returns the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="write nothing; fail on any difference")
    check = options.parse_args(arguments).check
    faults = []
    wanted: dict[Path, str] = {}
    for path in sorted((root / "solutions").glob("*.ipynb")):
        try:
            wanted[root / "exercises" / path.name] = text_of(exercise_of(nbformat.read(path, as_version=4)))
        except Fault as fault:
            faults.append(f"solutions/{path.name}, {fault}")
    there = set((root / "exercises").glob("*.ipynb"))
    for path in sorted(there | wanted.keys()):
        old = path.read_text(encoding="utf-8") if path in there else None
        if wanted.get(path) == old:
            continue
        if check:
            what = "has no solution" if path not in wanted else "is missing" if old is None else "differs"
            faults.append(f"exercises/{path.name} {what}: run make exercises")
        elif path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
            print(f"exercises/{path.name} written")
        elif not faults:
            path.unlink()
            print(f"exercises/{path.name} removed: it has no solution")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
