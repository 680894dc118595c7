import pytest

from aae_lib import workspace


@pytest.fixture
def course(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "exercises").mkdir()
    (tmp_path / "notebooks" / "04_lesson.ipynb").write_text("lesson 4")
    (tmp_path / "notebooks" / "05_lesson.ipynb").write_text("lesson 5")
    (tmp_path / "exercises" / "04_exercise.ipynb").write_text("exercise 4")
    return tmp_path


def test_everything_missing_is_copied_and_nothing_ever_overwritten(course):
    assert len(workspace.copy_missing(course)) == 3
    mine = course / "work" / "04_lesson.ipynb"
    mine.write_text("my own notes")
    (course / "notebooks" / "06_lesson.ipynb").write_text("new")
    assert workspace.copy_missing(course) == [course / "work" / "06_lesson.ipynb"]
    assert mine.read_text() == "my own notes"
    assert (course / "work" / "exercises" / "04_exercise.ipynb").read_text() == "exercise 4"


def test_reset_gives_a_fresh_copy_and_keeps_every_old_one(course):
    workspace.copy_missing(course)
    mine = course / "work" / "04_lesson.ipynb"
    for text in ("first", "second"):
        mine.write_text(text)
        workspace.renew(course, "4")
        assert mine.read_text() == "lesson 4"
    assert (course / "work" / "04_lesson.old1.ipynb").read_text() == "first"
    assert (course / "work" / "04_lesson.old2.ipynb").read_text() == "second"
    assert not (course / "work" / "05_lesson.old1.ipynb").exists()


def test_reset_of_an_untouched_lesson_leaves_no_copy_behind(course):
    workspace.copy_missing(course)
    assert {old for _, old in workspace.renew(course, "04")} == {None}


def test_an_unknown_lesson_is_refused_with_the_list(course):
    with pytest.raises(ValueError, match="there is no lesson 17; there is 04, 05"):
        workspace.renew(course, "17")
