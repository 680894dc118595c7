"""Make a course for nbgrader from solutions/, the one source: `python tools/make_nbgrader.py [FOLDER] [--seed 7]`.

Every notebook becomes an assignment in FOLDER/source (build/nbgrader unless told otherwise). A task then has three
cells that nbgrader knows: the answer; the open check, for a point; and a hidden test, for as many points as the task
has dots of difficulty, which asks for the answer on other inputs (`aae_lib/course/grading.py`). A cell to be written
that has no check, as in the free projects, is graded by hand. docs/teach/marks.md says how to go on.

--seed  which other inputs; drawn anew unless given, so that only the teacher's copy knows it
"""

import argparse
import re
import secrets
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
CHECK = re.compile(r'check\("(\w\w\.\d+)", (\w+)\)')
DIFFICULTY = re.compile(r"difficulty (●+)")
BY_HAND = 5  # points
CONFIG = """from nbgrader.converters import GenerateAssignment

c = get_config()
c.CourseDirectory.course_id = "aae"
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.TagRemovePreprocessor.enabled = True  # cells tagged "solution" are remarks for teachers
c.TagRemovePreprocessor.remove_cell_tags = {"solution"}
remove = ["nbconvert.preprocessors.TagRemovePreprocessor"]
c.GenerateAssignment.preprocessors = remove + list(GenerateAssignment.preprocessors.default_args[0])
c.OverwriteCells.add_missing_cells = True  # cells with points that were deleted come back
c.ExecutePreprocessor.timeout = 600  # seconds for a cell; those that train need up to a minute
"""
SAID = """**Graded.** Below each answer stand two cells that give points and cannot be changed: the open check, which
you see, and a test that you do not. It asks for your answer on other inputs than the check does. A part that you
borrow lets you go on, and gives no points for its task."""
PASSES = """from aae_lib.course import grading

grading.passes("{number}", {answer})"""
HOLDS = """# the hidden test of task {number}: other inputs than the check above has
### BEGIN HIDDEN TESTS
grading.holds("{number}", {answer}, seed={seed})
### END HIDDEN TESTS"""


def graded(solution: NotebookNode, seed: int) -> NotebookNode:
    """The assignment of a solution notebook: points, open checks, hidden tests."""
    made = nbformat.v4.new_notebook(metadata={k: v for k, v in solution.metadata.items() if k != "widgets"})
    dots, unchecked = 1, None
    for cell in solution.cells:
        if "next" in cell.metadata.get("tags", ()):
            continue  # its links lead to files of the course
        cell = nbformat.from_dict(cell)
        made.cells.append(cell)
        if cell.cell_type == "markdown" and (found := DIFFICULTY.search(cell.source)):
            dots = len(found[1])
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if cell.metadata.get("nbgrader", {}).get("solution"):
            unchecked = cell
            cell.metadata.nbgrader |= {"grade": True, "points": BY_HAND}
        if found := CHECK.fullmatch(cell.source.strip()):
            number, answer = found.groups()
            unchecked.metadata.nbgrader["grade"] = False
            del unchecked.metadata.nbgrader["points"]
            cell.source = PASSES.format(number=number, answer=answer)
            cell.metadata["nbgrader"] = marks(f"check-{number.replace('.', '-')}", 1)
            hidden = nbformat.v4.new_code_cell(HOLDS.format(number=number, answer=answer, seed=seed))
            hidden.metadata["nbgrader"] = marks(f"hidden-{number.replace('.', '-')}", dots)
            hidden["id"] = f"hidden-{number.replace('.', '-')}"
            made.cells.append(hidden)
    made.cells.insert(1, nbformat.v4.new_markdown_cell(SAID, id="graded"))
    nbformat.validate(made)
    return made


def marks(grade_id: str, points: int) -> dict[str, object]:
    """The metadata of a cell with tests: it cannot be changed, and passes or fails."""
    fixed = {"grade": True, "locked": True, "solution": False, "task": False, "schema_version": 3}
    return fixed | {"grade_id": grade_id, "points": points, "cell_type": "code"}


def make(folder: Path, seed: int, root: Path = ROOT) -> dict[str, int]:
    """Write the course; returns each assignment's points."""
    if (folder / "gradebook.db").exists():
        raise SystemExit(f"{folder} holds marks (gradebook.db): make the course in another folder, or move this one.")
    shutil.rmtree(folder / "source", ignore_errors=True)
    points = {}
    for path in sorted((root / "solutions").glob("*.ipynb")):
        notebook = graded(nbformat.read(path, as_version=4), seed)
        place = folder / "source" / path.stem
        place.mkdir(parents=True)
        nbformat.write(notebook, place / path.name)
        points[path.stem] = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return points


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "nbgrader")
    options.add_argument("--seed", type=int, default=None)
    given = options.parse_args(arguments)
    points = make(given.folder, secrets.randbelow(10**6) if given.seed is None else given.seed)
    print("\n".join(f"{name:<32}{n:>3} points" for name, n in points.items()))
    print(f"the course is in {given.folder}; go on as docs/teach/marks.md says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
