"""The sources of the slides: a deck for each lesson, short slides with notes, and faults that are named."""

import re

import pytest

import make_slides
from aae_lib.course.slides import Deck

ROOT = make_slides.ROOT
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "slides").glob("*.md"))}


def test_there_is_a_deck_for_each_lesson_from_00_to_11_and_one_for_the_workshop():
    lessons = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")) if path.stem[:2] <= "11"]
    assert [name[:2] for name in SOURCES if name != "workshop"] == [name[:2] for name in lessons]
    assert "workshop" in SOURCES


@pytest.mark.parametrize("name", SOURCES)
def test_a_slide_has_seven_lines_at_most_and_something_to_say(name):
    title, slides, _ = make_slides.deck(SOURCES[name])
    assert title
    assert slides.count("<section") == slides.count("<aside>") >= 8
    for text in re.split(r"^---\s*$", make_slides.LIVE.sub("", SOURCES[name]), flags=re.MULTILINE):
        body, _, notes = text.partition("\nNotes:")
        lines = [line for line in body.splitlines() if line.strip() and not re.match(r"#|!\[|live$|\||```", line)]
        assert len(lines) <= 7, body
        assert len(notes.split()) >= 8, body


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_the_panel_of_a_deck_trains(name):
    code = make_slides.deck(SOURCES[name])[2]
    assert code, "a deck without a live slide"
    names = {}
    exec(code, names)
    try:
        names["panel"].training.max_steps = names["panel"].training.limit = 2
        names["panel"].play()
        names["panel"].join(300)
        assert names["panel"].trainer.steps == 2
    finally:
        names["panel"].close()


def test_a_formula_is_drawn_and_named():
    drawn = make_slides.formula(r"z \sim q(z)")
    assert 'aria-label="z \\sim q(z)"' in drawn
    assert drawn.count("<path") == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("## A\n\n$\\unknown{x}$\n\nNotes: b", "the formula"),
        ("## A\n\n![](04#nothing)\n\nNotes: b", "has no cell nothing"),
        ("## A\n\n![](04#01-text)\n\nNotes: b", "has stored no picture"),
        ("## A\n\n![](77#a)\n\nNotes: b", "there is no lesson 77"),
        ("## A\n\n![](docs/none.png)\n\nNotes: b", "there is no file"),
        ("## A\n\nwords", "slide 1 has no notes"),
        ("words\n\nNotes: b", "begins without a heading"),
        ("## A\n\nlive\n\nNotes: b", "needs the panel's code"),
    ],
)
def test_a_fault_in_a_source_is_named(source, words):
    with pytest.raises(make_slides.Fault, match=words):
        make_slides.deck(source)


def test_a_page_without_slides_is_refused(tmp_path):
    (tmp_path / "other.html").write_text("<p>something else</p>")
    with pytest.raises(ValueError, match="is no page with slides"):
        Deck(tmp_path / "other.html")


def test_the_notebook_shows_the_page_next_to_it():
    title, _, code = make_slides.deck(SOURCES["workshop"])
    notebook = make_slides.notebook_of("workshop", title, code)
    assert 'slides.Deck("workshop.html", panel)' in notebook.cells[1].source
    compile(notebook.cells[1].source, "deck", "exec")
