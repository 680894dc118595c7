"""Exercises are made from solutions, and nothing else; a drift or a fault is found."""

import re
from pathlib import Path

import nbformat
import pytest

import make_exercises
from tests.headless import SHORT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CODE = """def loss(z):
    "What it is."
    ### BEGIN SOLUTION
    value = z.mean()
    return value
    ### END SOLUTION"""
NBGRADER = {"nbgrader": {"solution": True, "grade": False, "grade_id": "loss", "schema_version": 3, "locked": False}}


def project(folder, *cells):
    (folder / "solutions").mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), folder / "solutions" / "01_first.ipynb")
    return folder


def code(source=CODE, **metadata):
    cell = nbformat.v4.new_code_cell(source, metadata=metadata or NBGRADER)
    cell.outputs = [nbformat.v4.new_output("stream", text="the answer")]
    cell.execution_count = 3
    return cell


def made(folder):
    return nbformat.read(folder / "exercises" / "01_first.ipynb", as_version=4)


def test_titles_of_tasks_and_sections_begin_with_a_capital():
    texts = [
        cell.source
        for path in sorted(ROOT.glob("solutions/*.ipynb")) + sorted(ROOT.glob("notebooks/*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]
    titles = [title for text in texts for title in re.findall(r"^## (?:\w+ )?\d+ · (.*)", text, re.M)]
    assert len(titles) > 100
    assert [title for title in titles if re.match(r"[a-z]+\b(?!\()", title)] == []  # q(z) may come first


def test_the_solution_goes_and_all_else_stays(tmp_path):
    root = project(
        tmp_path, nbformat.v4.new_markdown_cell("# Task"), code(), code("print('only here')", tags=["solution"])
    )
    assert make_exercises.main([], root) == 0
    text, cell = made(root).cells
    assert text.source == "# Task"
    assert cell.source.splitlines()[:2] == ["def loss(z):", '    "What it is."']
    names = {}
    exec(cell.source, names)
    with pytest.raises(NotImplementedError):
        names["loss"](None)
    assert "value" not in cell.source
    assert cell.outputs == []
    assert cell.execution_count is None
    assert cell.metadata["nbgrader"]["solution"]


def test_making_twice_changes_nothing_and_check_agrees(tmp_path, capsys):
    root = project(tmp_path, code())
    assert make_exercises.main(["--check"], root) == 1
    assert "is missing: run make exercises" in capsys.readouterr().err
    assert not (root / "exercises").exists()
    make_exercises.main([], root)
    first = (root / "exercises" / "01_first.ipynb").read_bytes()
    make_exercises.main([], root)
    assert (root / "exercises" / "01_first.ipynb").read_bytes() == first
    assert make_exercises.main(["--check"], root) == 0


def test_any_drift_is_found(tmp_path, capsys):
    root = project(tmp_path, code())
    make_exercises.main([], root)
    path = root / "exercises" / "01_first.ipynb"
    path.write_text(path.read_text().replace("What it is.", "What it was."))
    assert make_exercises.main(["--check"], root) == 1
    assert "01_first.ipynb differs" in capsys.readouterr().err
    make_exercises.main([], root)
    (root / "exercises" / "02_second.ipynb").write_text(path.read_text())
    assert make_exercises.main(["--check"], root) == 1
    assert "02_second.ipynb has no solution" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("### BEGIN SOLUTION\nx = 1", "without an end"),
        ("x = 1\n### END SOLUTION", "without a beginning"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "within a solution"),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n### END SOLUTION", "without a beginning"),
        ("x = 1  ### BEGIN SOLUTION", "left over"),
        ("### begin solution\nx = 1\n### end solution", "left over"),
    ],
)
def test_markers_that_are_not_in_pairs_are_a_fault_and_nothing_is_written(tmp_path, capsys, source, words):
    root = project(tmp_path, code(source))
    assert make_exercises.main([], root) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "cell 1" in told
    assert not (root / "exercises").exists()


def test_a_solution_without_nbgraders_metadata_is_a_fault(tmp_path, capsys):
    root = project(tmp_path, code(CODE, name="x"))
    assert make_exercises.main(["--check"], root) == 1
    assert "nbgrader" in capsys.readouterr().err


def test_the_exercises_here_are_what_the_solutions_say():
    assert make_exercises.main(["--check"]) == 0


EXERCISES = sorted((ROOT / "exercises").glob("*.ipynb"))


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all: to start one and import PyTorch there takes longer than most exercises."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.utils import run_sync

    manager = AsyncKernelManager()
    run_sync(manager.start_kernel)(cwd=str(ROOT / "exercises"))
    yield manager
    run_sync(manager.shutdown_kernel)(now=True)


@pytest.mark.parametrize("path", EXERCISES, ids=lambda p: p.stem)
def test_an_exercise_runs_to_its_first_stub_and_raises_just_that(path, kernel):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = nbformat.read(path, as_version=4)
    first = (
        f"%reset -f\nexec({SHORT!r}, {{}})"  # nothing is left of the exercise before; what is trained is not looked at
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    with pytest.raises(CellExecutionError) as stopped:
        NotebookClient(notebook, km=kernel, timeout=300).execute()
    assert stopped.value.ename == "NotImplementedError"


@pytest.mark.parametrize("path", sorted(ROOT.glob("solutions/[01]*.ipynb")), ids=lambda path: path.stem)
def test_every_check_stands_below_the_text_of_its_task(path):
    """A stub without its question is of no use; rewriting has lost one before."""
    asked = 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            asked = int(found[-1]) if (found := re.findall(r"^## Task (\d+)", cell.source, re.M)) else asked
        elif found := re.search(r'^check\("\w\w\.(\d+)"', cell.source, re.M):
            assert int(found[1]) == asked, cell.source
