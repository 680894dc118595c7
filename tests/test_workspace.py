import json
import os

import pytest

import aae_lib as aae
from aae_lib.course import workspace


@pytest.fixture
def course(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "exercises").mkdir()
    for name in ("notebooks/04_lesson", "notebooks/05_lesson", "exercises/04_exercise"):
        cells = [
            {"cell_type": "markdown", "source": name},
            {"cell_type": "code", "source": "1 + 1", "outputs": ["2"], "execution_count": 1},
        ]
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
    return tmp_path


def test_everything_missing_is_copied_and_nothing_ever_overwritten(course):
    assert len(workspace.copy_missing(course)) == 3
    mine = course / "work" / "04_lesson.ipynb"
    mine.write_text("my own notes")
    (course / "notebooks" / "06_lesson.md").write_text("new")
    assert workspace.copy_missing(course) == [course / "work" / "06_lesson.md"]
    assert mine.read_text() == "my own notes"
    assert "exercises/04_exercise" in (course / "work" / "exercises" / "04_exercise.ipynb").read_text()


def test_a_copy_does_not_give_the_outcomes_away(course):
    workspace.copy_missing(course)
    text, code = json.loads((course / "work" / "04_lesson.ipynb").read_text())["cells"]
    assert code == {"cell_type": "code", "source": "1 + 1", "outputs": [], "execution_count": None}
    assert text["source"] == "notebooks/04_lesson"


def test_links_from_an_exercise_to_its_lesson_lead_there_in_work_too(course):
    text = {"cell_type": "markdown", "source": ["see ", "[lesson 4](../notebooks/04_lesson.ipynb)"]}
    (course / "exercises" / "04_exercise.ipynb").write_text(json.dumps({"cells": [text]}))
    workspace.copy_missing(course)
    (cell,) = json.loads((course / "work" / "exercises" / "04_exercise.ipynb").read_text())["cells"]
    target = cell["source"].split("(")[1].rstrip(")")
    assert (course / "work" / "exercises" / target).resolve() == course / "work" / "04_lesson.ipynb"


def test_reset_gives_a_fresh_copy_and_keeps_every_old_one(course):
    workspace.copy_missing(course)
    mine = course / "work" / "04_lesson.ipynb"
    for text in ("first", "second"):
        mine.write_text(text)
        workspace.renew(course, "4")
        assert "notebooks/04_lesson" in mine.read_text()
    assert (course / "work" / "04_lesson.old1.ipynb").read_text() == "first"
    assert (course / "work" / "04_lesson.old2.ipynb").read_text() == "second"
    assert not (course / "work" / "05_lesson.old1.ipynb").exists()


def test_reset_of_an_untouched_lesson_leaves_no_copy_behind(course):
    workspace.copy_missing(course)
    assert {old for _, old in workspace.renew(course, "04")} == {None}


def test_an_unknown_lesson_is_refused_with_the_list(course):
    with pytest.raises(ValueError, match="there is no lesson 17; there is 04, 05"):
        workspace.renew(course, "17")


def test_links_from_a_lesson_to_its_exercise_lead_there_in_work_too(course):
    text = {"cell_type": "markdown", "source": "[exercise](../exercises/04_exercise.ipynb)"}
    (course / "notebooks" / "04_lesson.ipynb").write_text(json.dumps({"cells": [text]}))
    workspace.copy_missing(course)
    (cell,) = json.loads((course / "work" / "04_lesson.ipynb").read_text())["cells"]
    target = cell["source"].split("(")[1].rstrip(")")
    assert (course / "work" / target).is_file()


def test_the_lesson_to_open_is_the_first_and_then_the_one_worked_on_last(course):
    assert workspace.where_to_start(course) == "."
    workspace.copy_missing(course)
    assert workspace.where_to_start(course) == "04_lesson.ipynb"
    for i, name in enumerate(("05_lesson", "exercises/04_exercise")):
        mine = course / "work" / f"{name}.ipynb"
        mine.write_text("my own notes")
        os.utime(mine, (2_000_000_000 + i, 2_000_000_000 + i))
        assert workspace.where_to_start(course) == f"{name}.ipynb"


def test_reset_in_a_cell_says_where_the_old_copy_is(course, monkeypatch, capsys):
    monkeypatch.setattr(workspace, "root", lambda: course)
    workspace.copy_missing(course)
    (course / "work" / "04_lesson.ipynb").write_text("mine")
    aae.reset(4)
    told = capsys.readouterr().out
    assert "04_lesson.ipynb is fresh. Yours is now 04_lesson.old1.ipynb" in told
    assert "Reload Notebook from Disk" in told
    assert (course / "work" / "04_lesson.old1.ipynb").read_text() == "mine"
