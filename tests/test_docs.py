"""README and lessons are true: links lead somewhere, commands exist, examples run, lessons have their shape."""

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

    commands = re.findall(r"^python -m aae_lib (.+)$", (ROOT / "README.md").read_text(), re.M)
    assert len(commands) >= 3
    for command in commands:
        parser().parse_args(command.split("#")[0].split())


@pytest.mark.parametrize("page", ["README.md", "docs/live_panel.md"])
def test_the_examples_run_one_after_the_other(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {}
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
        if "likelihood" in block:
            continue
        exec(block.replace("steps=4000", "steps=2"), names)
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
    for part in ("you can", "Notation", "misconception", "Exercise", "question to think about", "Further reading"):
        assert part in text, part
    for part in ("predict(", ".outcome(", "claim(", "quiz(", "course.check("):
        assert part in code, part
    levels = [len(hashes) for hashes in re.findall(r"^(#+) ", text, re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert not re.search(r"<img(?![^>]*alt=)|!\[\]", text), "a picture without alt text"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert path.stat().st_size < 1_500_000


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_is_stored_with_its_outputs_and_without_errors(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.execution_count
            assert not any(output.output_type == "error" for output in cell.outputs)
