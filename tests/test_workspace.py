import json
import os
import re

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
    assert len(workspace.copy_missing(course, course / "work")) == 3
    mine = course / "work" / "04_lesson.ipynb"
    mine.write_text("my own notes")
    (course / "notebooks" / "06_lesson.md").write_text("new")
    assert workspace.copy_missing(course, course / "work") == [course / "work" / "06_lesson.md"]
    assert mine.read_text() == "my own notes"
    assert "exercises/04_exercise" in (course / "work" / "exercises" / "04_exercise.ipynb").read_text()


def test_a_copy_does_not_give_the_outcomes_away(course):
    workspace.copy_missing(course, course / "work")
    text, code = json.loads((course / "work" / "04_lesson.ipynb").read_text())["cells"]
    assert code == {"cell_type": "code", "source": "1 + 1", "outputs": [], "execution_count": None}
    assert text["source"] == "notebooks/04_lesson"


def test_links_from_an_exercise_to_its_lesson_lead_there_in_work_too(course):
    text = {"cell_type": "markdown", "source": ["see ", "[lesson 4](../notebooks/04_lesson.ipynb)"]}
    (course / "exercises" / "04_exercise.ipynb").write_text(json.dumps({"cells": [text]}))
    workspace.copy_missing(course, course / "work")
    (cell,) = json.loads((course / "work" / "exercises" / "04_exercise.ipynb").read_text())["cells"]
    target = cell["source"].split("(")[1].rstrip(")")
    assert (course / "work" / "exercises" / target).resolve() == course / "work" / "04_lesson.ipynb"


def test_reset_gives_a_fresh_copy_and_keeps_every_old_one(course):
    workspace.copy_missing(course, course / "work")
    mine = course / "work" / "04_lesson.ipynb"
    for text in ("first", "second"):
        mine.write_text(text)
        workspace.renew(course, course / "work", "4")
        assert "notebooks/04_lesson" in mine.read_text()
    assert (course / "work" / "04_lesson.old1.ipynb").read_text() == "first"
    assert (course / "work" / "04_lesson.old2.ipynb").read_text() == "second"
    assert not (course / "work" / "05_lesson.old1.ipynb").exists()


def test_reset_of_an_untouched_lesson_leaves_no_copy_behind(course):
    workspace.copy_missing(course, course / "work")
    assert {old for _, old in workspace.renew(course, course / "work", "04")} == {None}


def test_an_unknown_lesson_is_refused_with_the_list(course):
    with pytest.raises(ValueError, match="there is no lesson 17; there is 04, 05"):
        workspace.renew(course, course / "work", "17")


def test_links_from_a_lesson_to_its_exercise_lead_there_in_work_too(course):
    text = {"cell_type": "markdown", "source": "[exercise](../exercises/04_exercise.ipynb)"}
    (course / "notebooks" / "04_lesson.ipynb").write_text(json.dumps({"cells": [text]}))
    workspace.copy_missing(course, course / "work")
    (cell,) = json.loads((course / "work" / "04_lesson.ipynb").read_text())["cells"]
    target = cell["source"].split("(")[1].rstrip(")")
    assert (course / "work" / target).is_file()


def test_the_lesson_to_open_is_the_first_and_then_the_one_worked_on_last(course):
    assert workspace.where_to_start(course, course / "work") == "."
    workspace.copy_missing(course, course / "work")
    assert workspace.where_to_start(course, course / "work") == "04_lesson.ipynb"
    for i, name in enumerate(("05_lesson", "exercises/04_exercise")):
        mine = course / "work" / f"{name}.ipynb"
        mine.write_text("my own notes")
        os.utime(mine, (2_000_000_000 + i, 2_000_000_000 + i))
        assert workspace.where_to_start(course, course / "work") == f"{name}.ipynb"


def test_reset_in_a_cell_says_where_the_old_copy_is(course, monkeypatch, capsys):
    monkeypatch.setattr(workspace, "root", lambda: course)
    monkeypatch.setattr(workspace, "CLONE", course)
    workspace.copy_missing(course, course / "work")
    (course / "work" / "04_lesson.ipynb").write_text("mine")
    monkeypatch.chdir(course / "work" / "exercises")
    aae.reset(4)
    told = capsys.readouterr().out
    assert told.startswith("04_lesson.ipynb is fresh. Yours is now 04_lesson.old1.ipynb, next to it.\n")
    assert "\nexercises/04_exercise.ipynb is fresh.\n" in told
    assert "Reload Notebook from Disk" in told
    assert (course / "work" / "04_lesson.old1.ipynb").read_text() == "mine"


def test_a_learners_folder_is_found_from_within_and_where_it_was_made(course, monkeypatch, tmp_path):
    monkeypatch.setattr(workspace, "root", lambda: course)
    monkeypatch.setattr(workspace, "CLONE", course)
    monkeypatch.chdir(course / "exercises")  # the sources are nobody's copies
    assert workspace.learners_folder() == course / "work"
    monkeypatch.setattr(workspace, "CLONE", tmp_path / "not here")  # installed by pip
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    assert workspace.learners_folder() == home / "aae-course"
    workspace.copy_missing(course, home / "elsewhere")
    monkeypatch.chdir(home / "elsewhere" / "exercises")
    assert workspace.learners_folder() == home / "elsewhere"


def test_reset_where_no_copies_are_says_where_they_could_be(course, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"has no lessons of yours: make them with aae lab, .* by --to FOLDER"):
        workspace.renew(course, course / "notebooks", "04")
    assert len(list((course / "notebooks").iterdir())) == 2


def test_a_link_to_what_is_not_copied_leaves_its_words_and_code_is_no_link(course):
    (course / "docs" / "images").mkdir(parents=True)
    (course / "docs" / "images" / "a.png").write_bytes(b"picture")
    (course / "docs" / "guide.md").write_text(
        "[lesson](../notebooks/04_lesson.ipynb#top), [code](../aae_lib/losses.py)"
    )
    text = "![a](../docs/images/a.png) [guide](../docs/guide.md) [readme](../README.md#data) `f[0](z)` [web](https://a.b/c.md)"
    cells = [{"cell_type": "markdown", "source": text}, {"cell_type": "code", "source": "x = '[a](../b.md)'"}]
    (course / "exercises" / "04_exercise.ipynb").write_text(json.dumps({"cells": cells}))
    work = course / "work"
    workspace.copy_missing(course, work)
    assert (work / "docs" / "images" / "a.png").read_bytes() == b"picture"
    assert (work / "docs" / "guide.md").read_text() == "[lesson](../04_lesson.ipynb#top), code"
    markdown, code = json.loads((work / "exercises" / "04_exercise.ipynb").read_text())["cells"]
    assert markdown["source"] == text.replace("[readme](../README.md#data)", "readme")
    assert code["source"] == "x = '[a](../b.md)'"


def test_every_link_in_a_learners_folder_leads_to_a_file(tmp_path):
    workspace.copy_missing(workspace.root(), tmp_path)
    pages = [*tmp_path.rglob("*.ipynb"), *tmp_path.rglob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([\w./-]+\.(?:ipynb|md|png))[)#]", page.read_text())
    ]
    assert len(pages) > 30
    assert len(links) > 50
    for page, target in links:
        assert (page.parent / target).is_file(), f"{page.name}: {target}"
        assert (page.parent / target).resolve().is_relative_to(tmp_path), f"{page.name}: {target}"
