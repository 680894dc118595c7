"""README and lessons are true: links lead somewhere, commands exist, examples run, lessons have their shape."""

import importlib.util
import re
import textwrap
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

import aae_lib as aae

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
COMMANDS = ("lab", "train", "sample", "compare", "reproduce", "doctor", "reset")
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_relative_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_every_make_target_that_readme_names_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`?make (\w+)", (ROOT / "README.md").read_text()))
    assert named <= targets | {"PYTHON"}


def test_the_commands_in_readme_are_understood():
    from aae_lib.cli import parser

    commands = re.findall(r"^aae (.+)$", (ROOT / "README.md").read_text(), re.M)
    assert len(commands) >= 3
    for command in commands:
        parser().parse_args(command.split("#")[0].split())


@pytest.mark.parametrize("page", ["README.md", "docs/live_panel.md"])
def test_the_examples_run_one_after_the_other(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}  # as in a notebook
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S):
        exec(block.replace("steps=4000", "steps=2"), names)
    assert names["data"].name == "digits"
    assert isinstance(names["panel"], aae.live.Panel)
    if page == "README.md":
        assert names["z"].shape == (297, 2)
    aae.live.panel.open_panel().close()


def test_the_examples_of_the_guide_to_own_data_run_and_give_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block, output in re.findall(
        r"```python\n(.*?)```\n((?:\n(?: {4}[^\n]*\n)+)?)", (ROOT / "docs/your_data.md").read_text(), re.S
    ):
        exec(re.sub(r"steps=\d+", "steps=2", block), names)
        if output:
            assert str(names["data"].describe()) == textwrap.dedent(output).strip("\n")
    assert names["data"].image_shape == (1, 28, 28)


def test_the_examples_of_the_papers_page_run():
    names = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "paper.md").read_text(), re.S):
        exec(block.replace("steps=600", "steps=2"), names)
    assert int(names["few"].train.labelled.sum()) == 50


def test_the_examples_of_the_exports_page_run(monkeypatch, tmp_path, capsys):
    pytest.importorskip("onnxscript")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "export.md").read_text(), re.S):
        exec(block.replace("steps=4000", "steps=2"), names)
    error = (names["again"].reconstruct(names["images"]) - names["images"]).square().mean((1, 2, 3))
    assert f"the oddest image: {int(error.argmax())}" in capsys.readouterr().out.splitlines()
    assert names["rows"].shape == names["table"].shape
    assert (tmp_path / "encoder.pt2").stat().st_size > 1000


def test_every_test_that_keeps_a_promise_exists():
    kept_by = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "promises.md").read_text())
    assert len(kept_by) > 25
    for file, name in kept_by:
        assert re.search(rf"^(def |class )?{name}\b", (ROOT / file).read_text(), re.M), f"{file}::{name}"


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_has_its_shape(path):
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for part in ("you can", "Notation", "misconception", "question to think about", "Further reading"):
        assert part in text, part
    for part in ("predict(", ".outcome(", "claim(", "quiz("):
        assert part in code, part
    turns = 1 if path.stem.startswith(("00", "11")) else 3  # the first and the last look around
    assert code.count("your_turn(") >= turns or "course.check(" in code, "the learner writes nothing"
    levels = [len(hashes) for hashes in re.findall(r"^(#+) ", text, re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert not re.search(r"<img(?![^>]*alt=)|!\[\]", text), "a picture without alt text"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_task_is_asked_by_its_number(path):
    """Hints, checks and run sheets name a lesson's tasks by number, so the text that asks for one does."""
    cells = nbformat.read(path, as_version=4).cells
    asked = [
        name
        for cell in cells
        if cell.cell_type == "markdown"
        for name in re.findall(r"\*\*Your turn(.*?)\*\*", cell.source)
    ]
    checked = re.findall(r'your_turn\("([^"]+)"', "\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    assert asked == [f", {task}." for task in checked]


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_panel_has_a_prediction_above_it(path):
    """Lesson 00 opens with its panel, at rest; there the prediction is the next cell, before anyone presses play."""
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for i, source in enumerate(code):
        if panel := re.search(r"\b(Panel|Compare)\(", source):
            before = "\n".join([*code[:i], source[: panel.start()], *(code[1:2] if path.stem.startswith("00") else [])])
            assert "predict(" in before


NOTEBOOKS = sorted([*LESSONS, *ROOT.glob("exercises/*.ipynb")])


def commands(path):
    """What a notebook tells its reader to type in a terminal, or after a ! in a cell."""
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    spelt = re.findall(r"`((?:\S*python\S* -m|aae|make|\S*jupyter|pip) [^`]+)`", text)
    return spelt + re.findall(r"^[!%]\s*((?:\S*python|aae|make|pip) .+)$", text, re.M)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_command_in_a_notebook_works_where_its_reader_is(path):
    """Among the copies, with the environment's programs first on the PATH (aae lab sees to that)."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.M))
    for command in commands(path):
        if command.startswith("make"):
            assert re.fullmatch(r"make -C \.\. (\w+)", command)[1] in targets, command
            continue
        module, _, rest = re.sub(r"^aae ", "python -m aae_lib ", command).removeprefix("python -m ").partition(" ")
        assert importlib.util.find_spec(module), command
        if module == "aae_lib":
            assert rest.split()[0] in COMMANDS, command
    assert ".venv" not in path.read_text()


def test_the_commands_of_lessons_are_found_at_all():
    found = [command for path in NOTEBOOKS for command in commands(path)]
    assert any(command.startswith("make") for command in found)
    assert any("aae_lib reproduce" in command for command in found)


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p not in LESSONS], ids=lambda p: p.stem)
def test_the_catch_up_line_stands_below_its_own_check(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    for i, source in enumerate(code):
        if found := re.search(r'^#.*borrow\("([\d.]+)"', source, re.M):
            assert f'check("{found[1]}"' in code[i - 1]


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_is_stored_with_its_outputs_and_without_errors(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            assert not any(output.output_type == "error" for output in cell.outputs)
