"""Can a school grade the exercises with nbgrader? `python tools/try_nbgrader.py`; writes results/nbgrader.json.

1. nbgrader's own generate_assignment makes from every solution exactly the exercise that exercises/ holds.
2. With a point for each check of one notebook, its autograder gives the solution all of them, the empty exercise
   none.

nbgrader is installed into a temporary environment that borrows everything else from the one this runs in.
"""

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

import nbformat

from aae_lib.paper.machine import versions

ROOT = Path(__file__).resolve().parents[1]
NBGRADER = "0.9.6"
GRADED = "01_autoencoder.ipynb"
CONFIG = """from nbgrader.converters import GenerateAssignment
c = get_config()
c.CourseDirectory.course_id = "aae"
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.TagRemovePreprocessor.enabled = True  # cells tagged "solution" are remarks for teachers
c.TagRemovePreprocessor.remove_cell_tags = {"solution"}
remove = ["nbconvert.preprocessors.TagRemovePreprocessor"]
c.GenerateAssignment.preprocessors = remove + list(GenerateAssignment.preprocessors.default_args[0])
c.ExecutePreprocessor.timeout = 300
"""
CHECK = re.compile(r'check\("(\d\d\.\d+)", .+\)')


def environment(folder: Path) -> Path:
    """An environment with nbgrader in it; returns its folder of programs."""
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    own.joinpath("borrowed.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", f"nbgrader=={NBGRADER}", "alembic", "ipykernel"], check=True)
    kernel = [programs / "python", "-m", "ipykernel", "install", "--prefix", folder, "--name", "python3"]
    subprocess.run(kernel, check=True, capture_output=True)
    return programs


def nbgrader(programs: Path, course: Path, *arguments: str) -> None:
    """Run `nbgrader ARGUMENTS` in the folder of a course."""
    own = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(programs.parent / "share/jupyter"),
        "TQDM_DISABLE": "1",
    }
    command = [programs / "python", "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, env=os.environ | own, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"nbgrader {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")


def new_course(folder: Path, assignment: str, notebooks: dict[str, nbformat.NotebookNode]) -> None:
    """The folder of a course with one assignment, its source being these notebooks."""
    source = folder / "source" / assignment
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    for name, notebook in notebooks.items():
        nbformat.write(notebook, source / name)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def with_points(notebook: nbformat.NotebookNode) -> tuple[nbformat.NotebookNode, int]:
    """The notebook with a point for each check: `assert check(...)` in a cell that nbgrader grades; how many."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and (found := CHECK.fullmatch(cell.source.strip())):
            count += 1
            cell.source = f"assert {cell.source.strip()}"
            grade_id = f"check-{found[1].replace('.', '-')}"
            kind = {"grade": True, "locked": True, "solution": False, "task": False}
            cell.metadata["nbgrader"] = kind | {"grade_id": grade_id, "points": 1, "schema_version": 3}
    return notebook, count


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    solutions = {path.name: nbformat.read(path, as_version=4) for path in sorted((ROOT / "solutions").glob("*.ipynb"))}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        programs = environment(folder / "environment")

        course = folder / "generated"
        new_course(course, "course", solutions)
        nbgrader(programs, course, "generate_assignment", "course", "--create")
        equal = {n: sources(course / "release/course" / n) == sources(ROOT / "exercises" / n) for n in solutions}
        print("\n".join(f"{name}: {'the same' if same else 'DIFFERENT'}" for name, same in equal.items()))

        course = folder / "graded"
        graded, points = with_points(solutions[GRADED])
        new_course(course, "first", {GRADED: graded})
        nbgrader(programs, course, "generate_assignment", "first", "--create")
        for student, made in (("solved", course / "source/first"), ("empty", course / "release/first")):
            handed_in = course / "submitted" / student / "first"
            handed_in.parent.mkdir(parents=True)
            shutil.copytree(made, handed_in)
        nbgrader(programs, course, "autograde", "first", "--create")
        scores = dict(
            sqlite3.connect(course / "gradebook.db").execute(
                "select s.id, sum(g.auto_score) from student s join submitted_assignment a on a.student_id = s.id "
                "join submitted_notebook n on n.assignment_id = a.id join grade g on g.notebook_id = n.id group by s.id"
            )
        )
    print(f"{GRADED}: {points} points; solved {scores['solved']}, empty {scores['empty']}")
    result = {
        "command": "python tools/try_nbgrader.py",
        "versions": versions() | {"nbgrader": NBGRADER},
        "generate_assignment gives exercises/": equal,
        "autograded": {"notebook": GRADED, "points": points, "scores": scores},
    }
    (ROOT / "results" / "nbgrader.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0 if all(equal.values()) and scores == {"solved": points, "empty": 0} else 1


if __name__ == "__main__":
    sys.exit(main())
