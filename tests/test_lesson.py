import ast
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from aae_lib import pretrained
from aae_lib.course import check, lesson, look, poster, predict, questions, quiz

QUIZZES = sorted(questions.QUIZZES.glob("*.json"))
LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_a_claim_raises_in_the_tests_and_explains_to_a_learner(monkeypatch, capsys):
    monkeypatch.setenv("AAE_STRICT", "1")
    lesson.claim("two is two", True, 2)
    assert capsys.readouterr().out == "✓ two is two  (2)\n"
    with pytest.raises(AssertionError, match="claim failed: one is two"):
        lesson.claim("one is two", False, 1)
    monkeypatch.delenv("AAE_STRICT")
    lesson.claim("one is two", False, 1)
    told = capsys.readouterr().out
    assert "not this time: one is two" in told
    assert "found: 1" in told
    assert "usual reasons" in told


def test_a_prediction_is_locked_once_and_shown_beside_the_outcome(capsys):
    guess = predict("heads or tails?", ["heads", "tails"])
    guess.outcome("the coin shows tails")
    assert "You locked no prediction" in capsys.readouterr().out
    with pytest.raises(ValueError, match="choose one of: A: heads; B: tails"):
        guess.lock("edge")
    guess.lock("a")
    guess.lock("tails")
    guess.outcome("the coin shows tails", answer="B")
    told = capsys.readouterr().out
    assert told == "You predicted A: heads. It was B: tails.\nWhat happened: the coin shows tails\n"


def read(html):
    """The text of a page, its stylesheet left out."""
    return " ".join(re.sub(r"<[^>]*>", " ", html.split("</style>", 1)[1]).split())


def names(node: ast.AST | None) -> set[str]:
    """All names in a piece of code, also those after a dot."""
    nodes = list(ast.walk(node)) if node else []
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


def returns_a_time(function: ast.FunctionDef, clocks: set[str]) -> bool:
    """Whether it returns what a clock says, or a value made of it."""
    for step in ast.walk(function):
        if isinstance(step, ast.Assign) and clocks & names(step.value):
            clocks = clocks.union(*(names(target) for target in step.targets if isinstance(target, ast.Name)))
    return any(clocks & names(step.value) for step in ast.walk(function) if isinstance(step, ast.Return))


def test_what_a_clock_answers_may_be_another_answer_on_another_machine():
    answered = []
    for path in LESSONS:
        clocks = {"perf_counter"}
        for cell in nbformat.read(path, as_version=4).cells:
            code = ast.parse(cell.source if cell.cell_type == "code" else "")
            defined = [node for node in code.body if isinstance(node, ast.FunctionDef)]
            clocks |= {function.name for function in defined if returns_a_time(function, clocks)}
            if "outcome" in names(code) and clocks & names(code):
                answered.append(cell.id)
                assert "nbval-ignore-output" in cell.metadata.get("tags", []), f"{path.name}, cell {cell.id}"
    assert answered == ["l11-05", "l11-11"]


def test_the_card_of_a_prediction_tells_the_answer_only_after_it_is_locked():
    guess = predict("heads < tails?", ["heads", "tails"])
    guess.outcome("it shows tails", answer="tails")
    assert read(guess._repr_html_()) == "Predict heads &lt; tails? A heads B tails"
    guess.lock("heads")
    assert read(guess._repr_html_()) == (
        "Your prediction, locked heads &lt; tails? A heads · your prediction B tails · it was this "
        "It was B. it shows tails"
    )
    assert repr(guess) == "Predict: heads < tails?\n  (x) heads\n  ( ) tails"
    right = predict("heads or tails?", ["heads", "tails"])
    right.lock("tails")
    right.outcome("it shows tails", answer="tails")
    assert "✓ As you predicted. it shows tails" in read(right._repr_html_())


class Structure(HTMLParser):
    """The tags of a page, and what each radio group is called."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.groups, self._in_legend = [], {}, False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        assert not {"id", "open", "onclick"} & attributes.keys()  # two of them may stand on one page
        self._in_legend = tag == "legend"
        if tag == "fieldset":
            self._radios = []
        if attributes.get("type") == "radio":
            self._radios.append(attributes["name"])

    def handle_data(self, data):
        if self._in_legend:
            self.groups[data], self._in_legend = self._radios, False


def test_radio_buttons_stand_in_a_group_that_the_question_names():
    found = Structure(predict("heads or tails?", ["heads", "tails"])._form())
    assert found.groups == {"heads or tails?": ["choice", "choice"]}
    asked = quiz("04")
    groups = Structure(asked._repr_html_()).groups
    assert [len(set(names)) for names in groups.values()] == [1] * 5
    assert len({names[0] for names in groups.values()}) == 5
    assert len(groups) == len(asked.questions)


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
def test_every_quiz_has_five_questions_one_right_answer_each_and_feedback_for_all(path):
    questions = json.loads(path.read_text())
    assert len(questions) == (10 if path.stem == "needs" else 5)  # the self-test before the course has ten
    for item in questions:
        assert sum(answer["right"] for answer in item["answers"]) == 1
        assert all(len(answer["feedback"]) > 20 for answer in item["answers"])
    places = {[a["right"] for a in item["answers"]].index(True) for item in questions}
    assert len(places) > 1  # the right answer is not always in the same place


def test_a_quiz_keeps_its_answers_folded_and_escapes_its_text():
    asked = quiz("04")
    asked.questions[0]["question"] = "is 1 < 2 & <script>?"
    shown = asked._repr_html_()
    found = Structure(shown)
    assert "script" not in found.tags
    assert found.tags.count("details") == found.tags.count("summary") == 5
    outside = re.sub(r"<details>.*?</details>", "", shown)
    assert all(answer["feedback"][:20] not in outside for item in asked.questions for answer in item["answers"])
    assert "right" not in repr(asked)  # the printed form does not give the answers away
    with pytest.raises(ValueError, match=r"^quiz: number must be one of 00, 01, .* 12, needs; got '77'"):
        quiz("77")


def test_what_is_shown_reads_well_without_its_stylesheet():
    """GitHub and notebooks that are not trusted leave styles out."""
    assert read(look.piece("sentence", look.line("✓", "two is two", "(2)"))) == "✓ two is two (2)"
    said = read(check("00.1", None)._repr_html_())
    assert said.startswith("○ not written yet. Hint 1 Two lines.")


def test_code_in_a_sentence_is_shown_as_code():
    assert look.prose("`return` x < 1\nnow") == "<code>return</code> x &lt; 1<br>now"


def pixels(picture):
    """As it is saved, in all its colours, (H, W)."""
    buffer = BytesIO()
    picture.savefig(buffer, format="png", bbox_inches="tight")
    return np.asarray(Image.open(buffer).convert("L"))


def test_the_poster_shows_the_number_in_the_middle_and_nothing_else_there():
    ring = pretrained.load("ring")
    one, other = (pixels(poster(ring, n)) for n in ("11", "88"))
    differs = np.argwhere(one != other)
    middle = np.array(one.shape) / 2
    assert len(differs)
    assert np.abs(differs - middle).max() < one.shape[0] / 6
    assert one[5:20, 5:20].max() < 40  # dark round it


def test_no_class_of_the_page_is_the_live_panels_too():
    """A notebook shows both, and the panel's styles reach the whole page."""
    names = r"\.(aae-[\w-]+)"
    live = Path(lesson.__file__).parents[1] / "live" / "static" / "panel.css"
    assert set(re.findall(names, look.stylesheet())) & set(re.findall(names, live.read_text())) == set()
