"""A school can grade every exercise: nbgrader's own commands, with what students hand in, right and wrong."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import nbformat
import pytest

import make_nbgrader
from aae_lib.course import grading
from aae_lib.course.checks import judge, tasks
from tests import warm
from tests.checks.submissions import answers, specialist
from tests.headless import SHORT

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
SOLUTIONS = {path.stem: nbformat.read(path, as_version=4) for path in sorted((ROOT / "solutions").glob("*.ipynb"))}
TASKS = {
    found[1]: name
    for name, notebook in SOLUTIONS.items()
    for cell in notebook.cells
    if (found := make_nbgrader.CHECK.fullmatch(cell.source.strip()))
}
LESSONS = sorted({number[:2] for number in TASKS})
STUDENTS = ("right", "empty", "slips", "sly")


@pytest.fixture(autouse=True)
def _nothing_lent(monkeypatch):
    monkeypatch.setattr(judge, "LENT", {})  # other tests borrow


# ---- the hidden tests by themselves ----


@pytest.mark.parametrize("lesson", LESSONS)
def test_right_answers_hold_on_other_inputs_however_they_are_written(lesson):
    for number, name, answer in answers(lesson, right=True):
        if number in TASKS:
            for seed in (0, 1):
                try:
                    grading.holds(number, answer, seed)
                except grading.NoPoints as refused:
                    pytest.fail(f"{name}, seed {seed}: {refused}")


@pytest.mark.parametrize("number", TASKS)
def test_what_is_right_on_the_checks_own_inputs_alone_is_found(number):
    answer = specialist(number)
    if tasks.find(number).title != "a choice without a look":  # which sees that the specialist looks at its inputs
        assert judge.check(number, answer)
    with pytest.raises(grading.NoPoints):
        grading.holds(number, answer, seed=1)


@pytest.mark.parametrize("number", TASKS)
def test_the_courses_own_part_gets_no_points(number):
    part = tasks.find(number).part()
    for ask in (grading.passes, lambda n, a: grading.holds(n, a, seed=1)):
        with pytest.raises(grading.NoPoints, match="lent"):
            ask(number, part)
    judge.borrow(number)
    with pytest.raises(grading.NoPoints, match="lent"):
        grading.passes(number, lambda *a, **k: part(*a, **k))


def test_the_global_generator_is_left_alone():
    import torch

    before = torch.get_rng_state()
    for number, _, answer in answers("05", right=True):
        grading.holds(number, answer, seed=3)
    assert torch.equal(before, torch.get_rng_state())


# ---- the course ----


def test_every_task_has_a_point_for_its_check_and_more_for_its_hidden_test(tmp_path):
    points = make_nbgrader.make(tmp_path, seed=1)
    assert points.keys() == SOLUTIONS.keys()
    for name in points:
        notebook = nbformat.read(tmp_path / "source" / name / f"{name}.ipynb", as_version=4)
        marked = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
        for number in (n for n, where in TASKS.items() if where == name):
            check, hidden = (marked[f"{kind}-{number.replace('.', '-')}"] for kind in ("check", "hidden"))
            assert check.metadata.nbgrader.points == 1
            assert 1 <= hidden.metadata.nbgrader.points <= 4
            assert check.metadata.nbgrader.locked
            assert hidden.metadata.nbgrader.locked
        by_hand = [c for c in marked.values() if c.metadata.nbgrader.solution and c.metadata.nbgrader.grade]
        assert (not by_hand) == any(where == name for where in TASKS.values())
        assert all(not cell.get("outputs") for cell in notebook.cells)


def test_a_folder_that_holds_marks_is_left_alone(tmp_path):
    (tmp_path / "gradebook.db").touch()
    with pytest.raises(SystemExit, match="holds marks"):
        make_nbgrader.make(tmp_path, seed=1)


# ---- nbgrader's commands ----


@cache
def start():
    """Popen, but it costs less: two seconds of a command are imports."""
    if sys.platform != "linux":
        return subprocess.Popen
    warm.kernels()  # those of the commands come from there too
    return partial(warm.start, warm.open_forks("nbgrader.apps"))


def nbgrader(course, *arguments):
    """Run `nbgrader ARGUMENTS` in the folder of a course, or of a student; returns what it says."""
    startup = course / "ipython/profile_default/startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "short.py").write_text(SHORT)  # some exercises begin with a model that is trained
    own = {
        "IPYTHONDIR": str(course / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # it calls alembic by name
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "TQDM_DISABLE": "1",
        "AAE_DEVICE": "cpu",
        "AAE_STRICT": "0",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "nbgrader", *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        code = start()(command, cwd=course, env=os.environ | own, stdout=said, stderr=said).wait()
        said.seek(0)
        told = said.read()
    assert code == 0, f"nbgrader {' '.join(arguments)} failed:\n{told[-3000:]}"
    return told


def handed_in(student, released, solution):
    """A student's notebook. All but the cells with marks and the first is deleted: rewards train for minutes.

    The one who is right deletes one hidden test as well: it comes back.
    """
    solved = {cell.metadata.nbgrader.grade_id: cell.source for cell in solution.cells if "nbgrader" in cell.metadata}
    first = next(cell for cell in released.cells if cell.cell_type == "code")
    cells = [first] + [cell for cell in released.cells if "nbgrader" in cell.metadata and cell is not first]
    asked = {}
    for cell in reversed(cells):
        if found := re.search(r'grading.passes\("(.+)", (\w+)\)', cell.source):
            asked = {"number": found[1], "answer": found[2]}
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = {
                "right": solved[cell.metadata.nbgrader.grade_id],
                "empty": cell.source,
                "slips": 'from tests.checks.submissions import slip\n\n{answer} = slip("{number}")',
                "sly": 'from aae_lib.course import borrow\n\n{answer} = borrow("{number}")'
                if asked["number"][-1] in "02468"
                else 'from tests.checks.submissions import specialist\n\n{answer} = specialist("{number}")',
            }[student]
            if student in ("slips", "sly"):
                cell.source = cell.source.format(**asked)
    if student == "right":
        cells.remove(next(cell for cell in cells if cell.source.startswith("# the hidden test")))
    return nbformat.v4.new_notebook(cells=cells, metadata=released.metadata)


def run_course(course, names):
    """All four commands on one assignment that holds these notebooks; returns {(student, notebook): {cell: score}}."""
    make_nbgrader.make(course, seed=5)
    sources = [course / "source" / name / f"{name}.ipynb" for name in names]
    together = course / "source" / "exercises"
    together.mkdir()
    for path in sources:
        shutil.copy(path, together)
    nbgrader(course, "generate_assignment", "exercises", "--create")
    for name in names:
        text = (course / "release/exercises" / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "grading.holds" not in text, "the hidden test is in what students get"
        assert "SOLUTION" not in text
    arrived = course / "downloaded/exercises/archive"
    arrived.mkdir(parents=True)
    for student in STUDENTS:
        for name in names:
            released = nbformat.read(course / "release/exercises" / f"{name}.ipynb", as_version=4)
            done = handed_in(student, released, SOLUTIONS[name])
            nbformat.write(done, arrived / f"{student}_submission_{name}.ipynb")
    names_of_files = r".*\b(?P<student_id>[a-z]+)_submission_(?P<file_id>.+)"
    nbgrader(course, "zip_collect", "exercises", f"--FileNameCollectorPlugin.named_regexp={names_of_files}")
    nbgrader(course, "autograde", "exercises", "--create")
    nbgrader(course, "generate_feedback", "exercises")
    return scores(course)


def scores(course, assignment="exercises"):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            (submission.student.id, notebook.name): {
                grade.name: (grade.auto_score, grade.max_score) for grade in notebook.grades
            }
            for submission in book.assignment_submissions(assignment)
            for notebook in submission.notebooks
        }


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Two courses at once, each with half of the exercises."""
    names = sorted(set(TASKS.values()))
    halves = names[::2], names[1::2]
    folders = [tmp_path_factory.mktemp("course") for _ in halves]
    start()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run_course, folders, halves))
    return folders, results[0] | results[1]


@pytest.mark.parametrize("name", sorted(set(TASKS.values())))
def test_the_right_answers_get_all_points_and_wrong_ones_what_they_deserve(name, graded):
    _, found = graded
    wanted = {cell for number, where in TASKS.items() if where == name for cell in cells_of(number)}
    for student in STUDENTS:
        assert found[student, name].keys() == wanted
    for cell, (score, most) in found["right", name].items():
        assert score == most, cell
    for student in ("empty", "slips"):
        assert sum(score for score, _ in found[student, name].values()) == 0, student
    for cell, (score, _) in found["sly", name].items():
        number = cell.split("-", 1)[1].replace("-", ".")
        fooled = number[-1] not in "02468" and cell.startswith("check") and judge.check(number, specialist(number))
        assert score == bool(fooled), cell


def cells_of(number):
    return {f"{kind}-{number.replace('.', '-')}" for kind in ("check", "hidden")}


def test_feedback_says_what_is_wrong(graded):
    folders, found = graded
    pages = {}
    for folder in folders:
        for page in (folder / "feedback").glob("*/exercises/*.html"):
            pages[page.parts[-3], page.stem] = page.read_text(encoding="utf-8")
    assert pages.keys() == found.keys()
    for (student, _), page in pages.items():
        assert ("not written yet" in page) == (student == "empty")
        assert ("was lent by the course" in page) == (student == "sly")


def test_a_whole_notebook_is_graded_with_all_that_comes_after_the_answers(tmp_path):
    name = "03_game_in_the_plane"
    points = make_nbgrader.make(tmp_path, seed=5)
    nbgrader(tmp_path, "generate_assignment", name, "--create")
    notebook = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
    solved = {c.metadata.nbgrader.grade_id: c.source for c in SOLUTIONS[name].cells if "nbgrader" in c.metadata}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = solved[cell.metadata.nbgrader.grade_id]
    place = tmp_path / "submitted/right" / name
    place.mkdir(parents=True)
    nbformat.write(notebook, place / f"{name}.ipynb")
    nbgrader(tmp_path, "autograde", name, "--create")
    assert sum(score for score, _ in scores(tmp_path, name)["right", name].values()) == points[name]
    done = nbformat.read(tmp_path / "autograded/right" / name / f"{name}.ipynb", as_version=4)
    assert not [o for cell in done.cells for o in cell.get("outputs", ()) if o.output_type == "error"]


@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange on Windows")
def test_an_exercise_goes_out_and_comes_back_through_the_exchange_folder(tmp_path):
    """The commands of docs/teach/marks.md; teacher and student are one user here, each in a folder of their own."""
    from nbgrader.utils import get_username

    name = "03_game_in_the_plane"
    course, desk, exchange = folders = [tmp_path / part for part in ("course", "desk", "exchange")]
    for folder in folders:
        folder.mkdir()
    points = make_nbgrader.make(course, seed=5)[name]
    said = f'c = get_config()\nc.Exchange.root = "{exchange}"\nc.Exchange.cache = "{tmp_path / "cache"}"\n'
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(said.split("\n", 1)[1])
    (desk / "nbgrader_config.py").write_text(said)
    mine = desk / name / f"{name}.ipynb"

    nbgrader(course, "generate_assignment", name, "--create")
    nbgrader(course, "release_assignment", name)
    assert f"aae {name}" in nbgrader(desk, "list", "--course", "aae")
    nbgrader(desk, "fetch_assignment", name, "--course", "aae")
    released = nbformat.read(mine, as_version=4)
    for student, score in (("empty", 0), ("right", points)):  # handed in twice: the later one counts
        nbformat.write(handed_in(student, released, SOLUTIONS[name]), mine)
        nbgrader(desk, "submit", name, "--course", "aae")
        nbgrader(course, "collect", name, "--update")
        nbgrader(course, "autograde", name, "--create")
        ((_, found),) = scores(course, name).items()
        assert sum(points for points, _ in found.values()) == score
    nbgrader(course, "generate_feedback", name)
    nbgrader(course, "release_feedback", name)
    nbgrader(desk, "fetch_feedback", name, "--course", "aae")
    (page,) = (desk / name / "feedback").rglob("*.html")
    assert f"(Score: {points:.1f} / {points:.1f})" in page.read_text(encoding="utf-8")
    assert (course / "submitted" / get_username() / name / f"{name}.ipynb").exists()


def test_the_projects_are_released_too(tmp_path):
    make_nbgrader.make(tmp_path, seed=5)
    for name in sorted(SOLUTIONS.keys() - set(TASKS.values())):
        nbgrader(tmp_path, "generate_assignment", name, "--create")
        released = (tmp_path / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "SOLUTION" not in released
        assert released.count("write your answer here") >= 1
