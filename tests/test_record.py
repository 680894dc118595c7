"""What a learner's runs have shown is kept in their folder, and fills in the table of lesson 11 and the certificate."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from aae_lib.course import borrow, certificate, check, claim, predict, record, seen, statements, workspace, your_turn
from aae_lib.course.checks import judge, tasks
from aae_lib.live import notebook
from tests.test_claims import made

ROOT = Path(__file__).parents[1]
TASK = "05.a"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A learner's folder, with somebody at work in its exercises."""
    (tmp_path / "exercises").mkdir()
    (tmp_path / "05_any_prior.ipynb").touch()
    monkeypatch.chdir(tmp_path / "exercises")
    monkeypatch.setattr(notebook, "headless", lambda: False)
    monkeypatch.delenv("AAE_STRICT", raising=False)
    return tmp_path


def own():
    """A right answer that the course has not lent."""
    part = tasks.find(TASK).part()

    def arc(n, radius, start, end, generator=None):
        return part(n, radius, start, end, generator=generator)

    return arc


# ---- tasks ----


def test_a_right_answer_is_kept_and_a_wrong_one_is_not(home):
    check(TASK, lambda n, radius, start, end, generator=None: None)
    check(TASK, None)
    assert record.tasks(home) == {}
    assert check(TASK, own())
    assert list(record.tasks(home)) == [TASK]


def test_what_was_right_within_a_lesson_counts_too(home):
    your_turn(TASK, own())
    assert list(record.tasks(home)) == [TASK]


def test_what_is_lent_is_not_counted_as_written(home):
    lent = borrow(TASK)
    assert check(TASK, lent)
    again = your_turn(TASK, None)  # the course's own part, which the cell then passes again
    your_turn(TASK, again)
    assert check(TASK, tasks.find(TASK).part())  # taken from the library by hand
    assert record.tasks(home) == {}
    assert check(TASK, own())
    assert list(record.tasks(home)) == [TASK]


def test_an_object_made_of_the_librarys_classes_is_the_learners_own():
    import aae_lib as aae

    assert not judge.lent(aae.priors.Gaussian(2))
    assert judge.lent(aae.priors.Gaussian)
    assert judge.lent((1, aae.losses.mse))
    assert not judge.lent((1, "two", lambda: 3))


def test_running_again_does_not_double_and_the_first_day_stays(home):
    old = record.Fact(record.TASK, TASK, True, "", "2026-01-02")
    record.add(home, old)
    for _ in range(3):
        check(TASK, own())
    assert record.tasks(home) == {TASK: old}
    assert len(record.facts(home)) == 2
    assert repr(certificate("A")).startswith("A has written 1 of")


# ---- claims ----


def test_a_claim_leaves_its_last_outcome_and_its_figures(home):
    claim("two is two", False, "1 and 2")
    claim("two is two", True, (2, 2))
    found = record.claims(home)["two is two"]
    assert (found.ok, found.got) == (True, "(2, 2)")


def test_a_claim_that_fails_says_so_in_the_table(home):
    quoted = statements.rows()[0].claims
    claim(quoted[0], True, "0.1 < 0.2")
    claim(quoted[1], False)
    table = seen()
    assert (table.held, table.failed) == (1, 1)
    shown = table._repr_html_()
    assert "you found 0.1 &lt; 0.2" in shown
    assert f"not this time: {quoted[1]}" in shown
    quotations = sum(len(row.claims) for row in statements.rows())  # some claims are quoted twice
    assert shown.count("not run yet") == quotations - 2 + 1  # and once in the sentence above


def test_every_statement_stands_in_the_table_with_a_link_to_a_lesson_and_the_courses_figures():
    rows = statements.rows()
    assert [*dict.fromkeys(row.number for row in rows)] == list(range(1, 23))
    assert all((ROOT / "notebooks" / row.lesson).exists() for row in rows)
    assert all(claim in statements.in_the_course(row.lesson) for row in rows for claim in row.claims)
    quoted = [claim for row in rows for claim in row.claims]
    assert len(set(quoted)) == len({(row.lesson, claim) for row in rows for claim in row.claims}), (
        "words of two lessons"
    )


def test_the_words_of_a_quoted_claim_are_those_of_one_lesson():
    """A claim is known by its words."""
    lessons = {path: made(nbformat.read(path, as_version=4)) for path in ROOT.glob("notebooks/*.ipynb")}
    twice = {c for row in statements.rows() for c in row.claims if sum(c in claims for claims in lessons.values()) > 1}
    assert twice == set()


# ---- predictions ----


def coin():
    """As its cell makes it, each time that it runs."""
    return predict("Heads or tails?", ["heads", "tails", "its edge"])


@pytest.fixture
def course(tmp_path_factory):
    """A course of one lesson, which asks for a prediction."""
    folder = tmp_path_factory.mktemp("course")
    sources = ['guess = predict(\n    f"{who} "\n    "or tails?",\n    ["heads", "tails", "its edge"],\n)\nguess', "1"]
    lesson = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    for name in ("notebooks/05_any_prior.ipynb", "exercises/05_any_prior.ipynb"):
        (folder / name).parent.mkdir()
        nbformat.write(lesson, folder / name)
    return folder


def test_a_locked_prediction_stays_locked_until_its_lesson_is_reset(home, course):
    first = coin()
    assert "stays locked, also when this cell runs again" in first._form()
    first.lock("tails")
    other = predict("And this one?", ["yes", "no"])
    other.lock("yes")
    again = coin()
    assert again.locked == "tails"
    again.lock("heads")
    assert again.locked == coin().locked == "tails"
    assert "Locked on" in again._repr_html_()
    for _ in range(2):  # and then the same choice counts as a new one
        workspace.renew(course, home, "05")
        assert coin().locked is None
        assert "Locked on" not in coin()._repr_html_()
        coin().lock("tails")
        assert coin().locked == "tails"
    assert predict("And this one?", ["yes", "no"]).locked == "yes"  # of another lesson


def test_the_verdict_is_kept_with_it_and_the_last_one_counts(home):
    guess = coin()
    guess.lock("tails")
    for answer in ("heads", "its edge"):
        guess.outcome(f"it shows\n{answer}.", answer=answer)
        shown = coin()._repr_html_()
        assert f"it shows<br>{answer}." in shown
        assert re.search(rf"is-right\"><b>[A-C]</b> {answer} <small>· it was this", shown)
    kept = len(record.facts(home))
    coin().outcome("it shows\nits edge.", answer="its edge")
    assert len(record.facts(home)) == kept  # nothing new
    coin().outcome("nobody knows.")
    assert "It was" not in coin()._repr_html_()


def test_what_happened_before_the_lock_is_kept_only_with_it(home):
    guess = coin()
    guess.outcome("it shows heads.", answer="heads")
    assert record.facts(home) == []
    guess.lock("heads")
    assert "✓ As you predicted. </b>it shows heads." in coin()._repr_html_().replace("</b> ", " </b>")


def test_in_a_lesson_that_is_open_twice_the_first_lock_counts(home):
    one, two = coin(), coin()
    one.lock("heads")
    two.lock("tails")
    assert (one.locked, two.locked, coin().locked) == ("heads", "heads", "heads")


def test_a_choice_that_is_no_longer_offered_is_forgotten(home):
    predict("Heads or tails?", ["heads", "number"]).lock("number")
    assert coin().locked is None
    coin().lock("tails")
    assert coin().locked == "tails"


def test_every_question_of_the_lessons_is_found_and_no_two_are_the_same():
    """So that a reset opens those of its lesson, and no others."""
    asked = [q.pattern for path in ROOT.glob("notebooks/*.ipynb") for q in record.questions(path)]
    code = [
        c.source for p in ROOT.glob("notebooks/*.ipynb") for c in nbformat.read(p, 4).cells if c.cell_type == "code"
    ]
    assert len(asked) == len(set(asked)) == sum(len(re.findall(r"(?<![.\w])predict\(", source)) for source in code) > 40
    assert all(len(re.sub(r"\.\*", "", question)) > 20 for question in asked)


# ---- the journal ----


def test_nothing_is_kept_where_nobody_works(home, monkeypatch, tmp_path_factory):
    monkeypatch.setattr(notebook, "headless", lambda: True)
    claim("a", True)
    monkeypatch.setattr(notebook, "headless", lambda: False)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    claim("b", True)
    monkeypatch.chdir(ROOT / "notebooks")
    claim("c", True)
    coin().lock("heads")
    assert coin().locked is None
    assert "until this cell runs again" in coin()._form()
    assert record.learner() is None
    assert not (home / record.FOLDER).exists()
    assert not (ROOT / record.FOLDER).exists()


def test_a_folder_that_cannot_be_written_to_disturbs_nobody(home):
    (home / record.FOLDER).write_text("a file where the folder should be")
    claim("a", True)
    assert check(TASK, own())
    guess = coin()
    guess.lock("heads")
    assert guess.locked == "heads"
    assert record.facts(home) == []
    assert record.learner() == str(home)


def test_a_page_that_cannot_be_written_is_shown_and_says_so(home):
    (home / "certificate.html").mkdir()
    page = certificate("A")
    assert page.path is None
    assert "Not kept in a file" in repr(page)


def test_a_line_that_was_cut_off_harms_no_other(home):
    claim("a", True)
    journal = home / record.FOLDER / record.JOURNAL
    whole = journal.read_bytes()
    for cut in range(len(whole)):
        journal.write_bytes(whole + whole[:cut])
        record.add(home, record.Fact(record.CLAIM, "b", True, "", "2026-01-02"))
        assert {"a", "b"} <= record.claims(home).keys()


ODD = {"kind": "task", "what": "01.1", "ok": True, "got": "", "day": "2026-01-02"}
LINES = [
    *("[]", "7", "{", '{"kind": "task"}', "[" * 100_000),
    *(json.dumps(ODD | odd) for odd in ({"what": []}, {"ok": 1}, {"day": "yesterday"}, {"more": 1})),
]


@pytest.mark.parametrize("line", [b"\xff\xfe", *map(str.encode, LINES)])
def test_lines_that_are_none_of_ours_are_passed_over(home, line):
    claim("a", True)
    with open(home / record.FOLDER / record.JOURNAL, "ab") as file:
        file.write(line)
    claim("b", True)
    assert [fact.what for fact in record.facts(home)] == ["a", "b"]
    certificate("A")


def test_a_task_that_the_course_no_longer_has_is_left_out(home):
    record.add(home, record.Fact(record.TASK, "99.1", True, "", "2026-01-02"))
    assert repr(certificate("A")).startswith("A has written 0 of")


def test_several_kernels_write_at_once_and_nothing_is_lost(home):
    program = (
        "import sys; from pathlib import Path; from aae_lib.course import record\n"
        "for i in range(300): assert record.add(Path(sys.argv[1]), "
        "record.Fact('claim', f'{sys.argv[2]} {i}', True, 'x' * 400, '2026-01-02'))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen([sys.executable, "-c", program, str(home), name], env=environment) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(record.claims(home)) == 900


def test_a_learner_is_known_by_the_same_number_in_every_run_and_two_differ(home, tmp_path_factory, monkeypatch):
    mine = record.learner()
    assert mine == record.learner()
    other = tmp_path_factory.mktemp("neighbour")
    (other / "exercises").mkdir()
    (other / "05_any_prior.ipynb").touch()
    monkeypatch.chdir(other)
    assert record.learner() not in (mine, None)


# ---- the certificate ----


class Page(HTMLParser):
    """The tags of a page that are open and closed in pairs, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self._open = [], "", []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_certificate_is_a_page_of_its_own_that_says_what_it_is(home):
    check(TASK, own())
    page = certificate("Ada Lovelace")
    assert page.path == home / "certificate.html"
    text = page.path.read_text(encoding="utf-8")
    found = Page(text)
    assert {"script", "link", "img"}.isdisjoint(found.tags)
    assert "http" not in text
    assert "url(" not in text
    assert [tag for tag in found.tags if tag in ("main", "h1", "h2", "h3")] == ["main", "h1", "h2", "h2"]
    for words in ("Ada Lovelace", "not an examination", TASK, tasks.find(TASK).title, "Still open"):
        assert words in found.text
    assert 'lang="en"' in text
    assert "color-scheme: light dark" in text
    assert "@media print" in text


def test_a_hostile_name_is_text(home):
    name = "</title><script>alert('x')</script>\n\x1b[31m\u202e" + 'onload="x"'
    page = certificate(name)
    for shown in (page.path.read_text(encoding="utf-8"), page._repr_html_()):
        assert "<script" not in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("name", ["", "  \n", None, 5, "x" * 101])
def test_a_name_that_is_none(name):
    with pytest.raises(ValueError, match=r"^certificate: name must be a text of 1 to 100 characters"):
        certificate(name)


def test_without_anything_written_the_page_says_what_is_open(home):
    found = Page(certificate("A").page())
    assert found.tags.count("h2") == 1
    assert all(f"{n:02d}: " in found.text for n in (0, 1, 5, 10))


def test_a_claim_that_held_failed_and_held_again_has_held(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "place", lambda: tmp_path)
    for held, got in ((True, "0.003"), (False, "0.21"), (True, "0.003"), (True, "0.003")):
        record.note(record.CLAIM, "back again", held, got)
    (fact,) = [fact for what, fact in record.claims(tmp_path).items() if what == "back again"]
    assert fact.ok
    assert fact.got == "0.003"
    assert len([f for f in record.facts(tmp_path) if f.what == "back again"]) == 3
