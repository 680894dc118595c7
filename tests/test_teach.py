"""The teacher's kit is true: its cells exist, minutes add up, predictions and answers are the notebooks' own."""

import ast
import builtins
import difflib
import json
import re
import symtable
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

import make_handouts
import quote_predictions as quotes
from aae_lib.course import workspace
from quote_predictions import cells
from tests.headless import FEW, QUIET, SHORT, UNSEEN, execute, texts

ROOT = Path(__file__).parents[1]
TEACH = ROOT / "docs" / "teach"
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("0[0-5]_*.ipynb"))}  # those that stand
SHEETS = ("demo", "workshop", "half_day", "two_days", "six_weeks")
FIELDS = ("Say", "They get wrong", "All there?", "Late?", "Plan B")
STEP = re.compile(r"^### (\d+):(\d\d) · (.+) \((\d+) min\)\n", re.M)
PAUSE = re.compile(r"^(Spare|Break|Lunch|Homework)\b")
# a link to a lesson, or `cell` (what is seen of it), and whether it is the end of a range
MARK = re.compile(r"notebooks/(\d\d)_\w+\.ipynb|(?P<to>to )?`(?P<cell>[\w-]+)` \((?P<seen>a prediction|`[^`]+`)\)")


class Step(NamedTuple):
    """One step of a run sheet."""

    start: int  # minutes from the beginning of its section
    title: str
    minutes: int
    fields: dict[str, str]


def field_texts(body: str) -> dict[str, str]:
    """`- **Name** text` for each, with the lines that continue it; of several of one name, all of them."""
    found: dict[str, str] = {}
    for name, text in re.findall(r"^- \*\*([^*]+)\*\* (.*?)(?=^- \*\*|\Z)", body, re.M | re.S):
        found[name] = found.get(name, "") + text
    return found


def sections(sheet: str) -> list[tuple[int, list[Step]]]:
    """The sections of a run sheet that have steps: the minutes in the heading, and the steps."""
    found = []
    for part in re.split(r"(?m)^(?=## )", (TEACH / f"{sheet}.md").read_text(encoding="utf-8")):
        marks = list(STEP.finditer(part))
        if not marks:
            continue
        total = re.match(r"## .* \((\d+) min\)", part)
        assert total, f"{part.splitlines()[0]}: how many minutes in all?"
        ends = [mark.start() for mark in marks[1:]] + [len(part)]
        steps = [
            Step(int(m[1]) * 60 + int(m[2]), m[3], int(m[4]), field_texts(part[m.end() : end]))
            for m, end in zip(marks, ends, strict=True)
        ]
        found.append((int(total[1]), steps))
    return found


def code_ids(lesson: str) -> list[str]:
    return [name for name, cell in cells(lesson).items() if cell.cell_type == "code"]


def named(text: str, lesson: str | None) -> tuple[list[tuple[str, str]], str | None]:
    """(lesson, cell) of all that a text names, ranges filled in; and the lesson that is open at its end."""
    found: list[tuple[str, str]] = []
    for mark in MARK.finditer(re.sub(r"\s+", " ", text)):
        if mark[1]:
            lesson = mark[1]
            continue
        assert lesson, f"{mark['cell']}: of which lesson?"
        assert lesson in NOTEBOOKS, f"{mark['cell']}: cells of lesson {lesson} may change; leave them out"
        assert mark["cell"] in cells(lesson), f"lesson {lesson} has no cell {mark['cell']}"
        source = cells(lesson)[mark["cell"]].source
        if mark["seen"] == "a prediction":
            assert "= predict(" in source, mark["cell"]
        else:
            assert mark["seen"].strip("`") in source, f"{mark['cell']} does not show {mark['seen']}"
        if mark["to"]:
            ids = code_ids(lesson)
            first, last = ids.index(found[-1][1]), ids.index(mark["cell"])
            assert first < last, f"{found[-1][1]} to {mark['cell']} runs backwards"
            found += [(lesson, name) for name in ids[first + 1 : last + 1]]
        else:
            found.append((lesson, mark["cell"]))
    return found, lesson


def run_list(sheet: str) -> list[list[tuple[str, str]]]:
    """For each section the cells to run, in the order of the sheet."""
    lists = []
    for _, steps in sections(sheet):
        lesson: str | None = None
        run: list[tuple[str, str]] = []
        for step in steps:
            _, lesson = named(step.fields.get("Open", ""), lesson)
            ran, lesson = named(step.fields.get("Run", ""), lesson)
            run += ran
        lists.append(run)
    return lists


# ---- run sheets ----


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_minutes_add_up(sheet):
    for total, steps in sections(sheet):
        at = 0
        for step in steps:
            assert step.start == at, f"{step.title} begins at minute {at}"
            at += step.minutes
        assert at == total


def test_each_format_has_its_length_and_the_workshop_ten_minutes_to_spare():
    lengths = {sheet: [total for total, _ in sections(sheet)] for sheet in SHEETS}
    assert lengths["demo"] == [20]
    assert lengths["workshop"] == [90]
    assert lengths["half_day"] == [240]
    assert len(lengths["two_days"]) == 2
    assert lengths["six_weeks"] == [90] * 6
    ((_, steps),) = sections("workshop")
    assert sum(step.minutes for step in steps if step.title.startswith("Spare")) == 10


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_table_at_a_glance_is_the_sheet(sheet):
    text = (TEACH / f"{sheet}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+):(\d\d) \| (.+) \| (\d+) \|$", text, re.M)
    steps = [step for _, steps in sections(sheet) for step in steps]
    assert [(int(h) * 60 + int(m), title, int(n)) for h, m, title, n in rows] == [step[:3] for step in steps]


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_step_says_all_that_a_teacher_needs(sheet):
    for _, steps in sections(sheet):
        for step in steps:
            if not PAUSE.match(step.title):
                for name in FIELDS:
                    assert step.fields.get(name, "").strip(), f"{sheet}, {step.title}: {name}?"


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_cells_that_a_sheet_names_exist(sheet):
    for _, steps in sections(sheet):
        lesson: str | None = None
        for step in steps:
            _, lesson = named(step.fields.get("Open", ""), lesson)
            for text in step.fields.values():
                _, lesson = named(text, lesson)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("`no-such` (`x`)", "has no cell"),
        ("`turn-a` (`def g_loss`)", "does not show"),
        ("`turn-b` (`def g_loss`) to `turn-a` (`def d_loss`)", "runs backwards"),
        ("[06](../../notebooks/06_when_training_fails.ipynb), `turn-a` (`x`)", "may change"),
    ],
)
def test_a_cell_that_is_not_there_is_found(text, said):
    with pytest.raises(AssertionError, match=said):
        named(text, "03")


def test_a_cell_that_is_left_out_is_missed():
    ((*run,),) = run_list("workshop")
    needed = names(cells("04")["33-code"].source)[1]
    without = [name for lesson, name in run if lesson == "04" and name not in ("bce-mse", "33-code")]
    assert "mean_image" in needed.difference(*(names(cells("04")[name].source)[0] for name in without))


def test_the_workshop_needs_its_own_lessons_only():
    (run,) = run_list("workshop")
    assert {lesson for lesson, _ in run} == {"00", "01", "03", "04", "05"}
    text = (TEACH / "workshop.md").read_text(encoding="utf-8")
    assert set(re.findall(r"[Ll]esson (\d\d)", text)) <= {"00", "01", "03", "04", "05"}


def names(source: str) -> tuple[set[str], set[str]]:
    """What a cell defines for other cells, and what it uses and does not define."""
    module = symtable.symtable(source, "cell", "exec")
    defined = {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used = {s.get_name() for s in module.get_symbols() if s.is_referenced()}
    inner = list(module.get_children())
    while inner:
        table = inner.pop()
        used |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        inner += table.get_children()
    return defined, used - defined - set(dir(builtins))


@pytest.mark.parametrize("sheet", SHEETS)
def test_what_a_cell_needs_has_been_run_before(sheet):
    for run in run_list(sheet):
        have: dict[str, set[str]] = {}
        for lesson, name in run:
            defined, used = names(cells(lesson)[name].source)
            missing = used - have.setdefault(lesson, set())
            assert not missing, f"{sheet}, lesson {lesson}, {name}: needs {', '.join(sorted(missing))}"
            have[lesson] |= defined


PAGES = sorted(TEACH.glob("*.md")) if TEACH.is_dir() else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_quoted_prediction_and_its_answer_are_the_notebooks_own(page):
    text = page.read_text(encoding="utf-8")
    assert quotes.renewed(page) == text, "python tools/quote_predictions.py"
    asked = len(quotes.ASK.findall(text))
    assert text.count("**Ask** `") == text.count("- **Answer** ") == asked, "an Ask without its Answer"


def test_a_quotation_that_is_not_the_notebooks_own_is_put_right():
    text = (TEACH / "workshop.md").read_text(encoding="utf-8")
    mark = quotes.ASK.search(text)
    wrong = re.sub(r"“[^”]*”", "“something else”", mark[0]).replace("**Answer** B", "**Answer** C")
    assert wrong != mark[0]
    assert quotes.quoted(text.replace(mark[0], wrong)) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_the_kit_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)", re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


# ---- followed to the letter ----


FOLLOWED = [("workshop", lesson) for lesson in ("00", "01", "03", "04", "05")]
FOLLOWED += [("half_day", lesson) for lesson in ("00", "01", "03", "04")]
FOLLOWED += [("two_days", "00"), ("two_days", "02"), ("six_weeks", "01"), ("six_weeks", "03")]
IN_FULL = [("workshop", lesson) for lesson in ("00", "01", "03", "05")]  # seconds each; 04 trains for half a minute


def to_run(sheet: str, lesson: str) -> list[str]:
    return [name for run in run_list(sheet) for which, name in run if which == lesson]


@pytest.mark.parametrize("sheet", SHEETS[1:])
def test_what_a_sheet_runs_of_a_lesson_is_followed_below_or_is_how_the_lesson_itself_runs(sheet):
    for lesson in NOTEBOOKS:
        run = to_run(sheet, lesson)
        others = [code_ids(lesson), *(to_run(*other) for other in FOLLOWED if other[1] == lesson)]
        assert any(other[: len(run)] == run for other in others), f"add {sheet}, {lesson} to FOLLOWED"


@pytest.mark.slow
@pytest.mark.parametrize(("sheet", "lesson"), FOLLOWED)
def test_a_sheet_runs_in_fresh_copies_with_nothing_written(sheet, lesson, tmp_path, monkeypatch):
    """Only the cells of the sheet, in its order: no cell needs what is left out. In full, the claims hold as well, and
    predictions end as the sheet says."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    copy = tmp_path / NOTEBOOKS[lesson].name
    workspace._copy(NOTEBOOKS[lesson], copy)
    notebook = nbformat.read(copy, as_version=4)
    by_name = {cell.id: cell for cell in notebook.cells}
    notebook.cells = [by_name[name] for name in to_run(sheet, lesson)]
    if (sheet, lesson) not in IN_FULL:
        return execute(notebook, tmp_path, SHORT, FEW)
    execute(notebook, tmp_path, UNSEEN)
    said = "\n".join(texts(notebook))
    assert "not this time" not in said
    resolved = {found for cell in notebook.cells for found in re.findall(r"(\w+)\.outcome\(", cell.source)}
    for guess, _, _ in (quotes.prediction(cell.source) for cell in notebook.cells if "= predict(" in cell.source):
        if guess in resolved:
            _, letter, choice, _ = quotes.outcome(lesson, guess)
            assert f"It was {letter}: {choice}." in said


def test_the_demonstration_is_a_part_of_the_workshop():
    (demo,), (workshop,) = run_list("demo"), run_list("workshop")
    for lesson in {lesson for lesson, _ in demo}:
        in_order = iter(name for which, name in workshop if which == lesson)
        assert all(name in in_order for which, name in demo if which == lesson)


def test_the_slides_of_the_workshop_keep_its_minutes():
    ((_, steps),) = sections("workshop")
    slides = re.split(r"(?m)^---$", (ROOT / "slides" / "workshop.md").read_text(encoding="utf-8"))
    marks = [re.search(r"^Notes: (\d):(\d\d)\b", slide, re.M) for slide in slides]
    assert all(marks), "a note that does not begin with its minute"
    at = [int(mark[1]) * 60 + int(mark[2]) for mark in marks if mark]
    assert at == sorted(at)
    assert set(at) <= {step.start for step in steps}


# ---- notes on the lessons ----

NOTES = [f"{number:02d}" for number in range(12)]
CHECKS = ROOT / "aae_lib" / "course" / "checks"


@pytest.mark.parametrize("lesson", NOTES)
def test_the_notes_on_a_lesson_have_their_parts(lesson):
    text = (TEACH / f"notes_{lesson}.md").read_text(encoding="utf-8")
    for part in (
        "**The idea.**",
        "**Before it.**",
        "**Time.**",
        "## Board",
        "```text",
        "## Common errors",
        "*Quick.*",
        "*Slow.*",
    ):
        assert part in text, part
    questions = text.split("## Three questions that learners ask")[1].split("\n## ")[0]
    assert len(re.findall(r"^\d\. \*“.+”\*", questions, re.M)) == 3
    assert 250 < len(text.split()) < 900, "one page"
    (sketch,) = re.findall(r"```text\n(.*?)```", text, re.S)
    assert max(map(len, sketch.split("\n"))) <= 78, "wider than a page"


def messages(lesson: str) -> str:
    """All texts in the checks of what a learner writes within a lesson; the parts of an f-string each by itself."""
    files = ["lesson_00.py"] if lesson == "00" else [f"turns_{lesson}.py"]
    nodes = [node for file in files for node in ast.walk(ast.parse((CHECKS / file).read_text(encoding="utf-8")))]
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("lesson", [*NOTES[:6], "11"])
def test_a_verdict_in_the_notes_is_what_the_check_says(lesson):
    text = (TEACH / f"notes_{lesson}.md").read_text(encoding="utf-8")
    verdicts = re.findall(r"^\| [^|]+ \| “(.+)” \|$", text, re.M)
    assert len(verdicts) >= 4
    known = messages(lesson)
    for verdict in verdicts:
        assert verdict.replace("\\|", "|") in known, verdict


# ---- handouts ----


@pytest.mark.parametrize("name", sorted(make_handouts.HANDOUTS))
def test_a_handout_is_one_small_page_of_a4_with_its_text(name):
    pdf = (make_handouts.FOLDER / f"{name}.pdf").read_bytes()
    assert len(pdf) < 200_000
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox \[ ?([\d. ]+)\]", pdf)
    assert [round(float(number)) for number in box.split()] == [0, 0, 595, 842]
    text = make_handouts.words(pdf)
    expected = {
        "three_updates": ("Notationandthethreeupdates", "z.detach()", "Itneverseesanimage", "1.386", "5-NN"),
        "panel": ("Howtoreadthepanel", "stepruns", "drawyourown", "decodedthere"),
        "clinic": ("Theclinic", "collapse", "Dwins", "forgottenphase", "thesaturatingloss", "toohigharate", "exactly0"),
    }[name]
    for part in expected:
        assert part in text, part


@pytest.fixture(scope="module")
def made():
    return make_handouts.make()


def test_the_handouts_are_what_the_script_makes(made, monkeypatch):
    monkeypatch.setattr(make_handouts, "make", lambda: made)
    assert make_handouts.main(["--check"]) == 0


def test_a_handout_that_differs_is_told(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_handouts, "make", lambda: made)
    assert make_handouts.main(["--check"], folder=tmp_path) == 1
    assert "run python tools/make_handouts.py" in capsys.readouterr().err


def test_a_page_that_is_too_full_is_refused():
    page = make_handouts.Page("long", "")
    page.text(15, "a line\n" * 80)
    with pytest.raises(ValueError, match="the page is full"):
        page.bytes()


# ---- questions, tickets, rubric ----

LEVELS = {"1", "2", "3"}
QUIZZES = sorted((ROOT / "aae_lib" / "course" / "quizzes").glob("[0-9]*.json"))


def bank() -> dict[str, tuple[str, str, str]]:
    """Number of each question: its level, its kind, its text with choices and answer."""
    text = (TEACH / "questions.md").read_text(encoding="utf-8")
    found = re.findall(r"^### (\d\d\.\d) · level (\d) · (choice|open)\n\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    assert len(found) == text.count("\n### ")
    return {number: (level, kind, body) for number, level, kind, body in found}


def test_the_bank_has_sixty_questions_of_three_levels_in_both_kinds():
    questions = bank()
    assert len(questions) == 60
    assert {level for level, _, _ in questions.values()} == LEVELS
    for lesson in NOTES[1:11]:
        kinds = [kind for number, (_, kind, _) in questions.items() if number.startswith(lesson)]
        assert len(kinds) >= 5
        assert min(kinds.count("choice"), kinds.count("open")) >= 2
    for number, (_, kind, body) in questions.items():
        asked, answer = body.split("**Answer** ")
        assert asked.strip(), number
        assert len(answer.split()) >= 4, f"{number}: an answer with its reason"
        assert (len(re.findall(r"^- [A-E] ", asked, re.M)) >= 3) == (kind == "choice"), number


def test_the_right_choice_is_given_away_by_neither_its_place_nor_its_length():
    right, longest = [], 0
    for _, kind, body in bank().values():
        if kind == "choice":
            choices = dict(re.findall(r"^- ([A-E]) (.+)$", body, re.M))
            letter = body.split("**Answer** ")[1][0]
            right.append(letter)
            longest += all(len(choices[letter]) > len(text) for other, text in choices.items() if other != letter)
    assert len(right) == 30
    assert all(8 <= right.count(letter) <= 12 for letter in "ABC")
    assert longest <= 12


def test_no_question_of_the_bank_is_one_of_the_quizzes():
    own = [entry["question"] for path in QUIZZES for entry in json.loads(path.read_text(encoding="utf-8"))]
    for number, (_, _, body) in bank().items():
        asked = " ".join(re.split(r"\n- |\*\*Answer", body)[0].split())
        alike = max(difflib.SequenceMatcher(None, asked, question).ratio() for question in own)
        assert alike < 0.75, f"{number} is nearly a quiz question"


@pytest.mark.parametrize("sheet", ["two_days", "six_weeks"])
def test_the_questions_that_a_sheet_names_are_in_the_bank(sheet):
    asked = set(re.findall(r"\b\d\d\.\d\b", (TEACH / f"{sheet}.md").read_text(encoding="utf-8")))
    assert len(asked) >= 5
    assert asked <= bank().keys()


def test_there_is_an_exit_ticket_for_each_lesson_and_a_rubric_for_each_project():
    rows = re.findall(r"^\| (\d\d) \| .+ \| .+ \|$", (TEACH / "exit_tickets.md").read_text(encoding="utf-8"), re.M)
    assert rows == NOTES
    rubric = (TEACH / "rubric.md").read_text(encoding="utf-8")
    for project in ("P1", "P2", "P3"):
        assert rubric.count(project) >= 2


def test_every_page_says_what_has_been_tried():
    for name in (*SHEETS, "questions", "exit_tickets", "rubric"):
        assert re.search(r"\*\*How (it was|they were) tried\.\*\*", (TEACH / f"{name}.md").read_text(encoding="utf-8"))
