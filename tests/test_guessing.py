"""Nobody can guess: neither the place nor the length of an option says whether it is right, and no two learners see the
options in the same order."""

import json
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from aae_lib.course import order, predict, questions, quiz, record
from tests.headless import texts

ROOT = Path(__file__).parents[1]
ASKED = re.compile(r"Predict: .*?\n((?:  \([ x]\) .*(?:\n|$))+)")
CAME = re.compile(r"It was [A-Z]: (.*)\.\nWhat happened")
Item = tuple[list[str], int]  # the options, and the place of the right one


def of_quiz(path: Path) -> list[Item]:
    answers = [item["answers"] for item in json.loads(path.read_text(encoding="utf-8"))]
    return [([a["text"] for a in each], [a["right"] for a in each].index(True)) for each in answers]


def of_predictions(path: Path) -> list[Item]:
    """What was asked and what came, in the lesson's last run."""
    shown = texts(nbformat.read(path, as_version=4))
    asked = [re.findall(r"  \([ x]\) (.*)", found[1]) for text in shown for found in ASKED.finditer(text)]
    came = [found[1] for text in shown for found in CAME.finditer(text)]
    return [next((options, options.index(right)) for options in asked if right in options) for right in came]


QUIZZES = {path.stem: of_quiz(path) for path in sorted(questions.QUIZZES.glob("*.json"))}
PREDICTIONS = {path.name[:2]: of_predictions(path) for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
LENGTH = {"the longest": max, "the shortest": min}


def looked_at(of: dict[str, list[Item]]) -> list[Item]:
    return [item for items in of.values() for item in items]


def chosen(rule: str | int, options: list[str]) -> list[bool]:
    """The options that somebody takes who has not read the question."""
    lengths = [len(option) for option in options]
    if isinstance(rule, int):
        return [place == rule for place in range(len(options))]
    return [length == LENGTH[rule](lengths) for length in lengths]


@pytest.mark.parametrize("rule", ["the longest", "the shortest", 0, 1, 2])
@pytest.mark.parametrize("items", [looked_at(QUIZZES), looked_at(PREDICTIONS)], ids=["quizzes", "predictions"])
def test_no_rule_is_right_more_often_than_chance(items, rule):
    """At most chance plus two standard deviations; of several longest options one is taken at random."""
    taken = [(chosen(rule, options), right) for options, right in items]
    taken = [(picks, right) for picks, right in taken if any(picks)]
    hits = sum(picks[right] / sum(picks) for picks, right in taken)
    chance = [1 / len(picks) for picks, _ in taken]
    limit = sum(chance) + 2 * sum(p * (1 - p) for p in chance) ** 0.5
    assert len(items) >= 20
    assert hits <= limit, f"{rule}: right in {hits:.1f} of {len(taken)}, by chance {sum(chance):.1f}"


@pytest.mark.parametrize("name", QUIZZES)
def test_within_a_quiz_the_longest_is_seldom_right_and_the_places_differ(name):
    items = QUIZZES[name]
    hits = sum(picks[right] / sum(picks) for options, right in items for picks in [chosen("the longest", options)])
    assert hits <= 0.6 * len(items)
    assert max(Counter(right for _, right in items).values()) <= 0.6 * len(items)


# ---- an order for each learner ----


def test_headless_the_order_is_as_written():
    assert order.order("heads or tails?", 3) == [0, 1, 2]
    assert [[a["text"] for a in item["answers"]] for item in quiz("04").questions] == [o for o, _ in QUIZZES["04"]]


def test_neighbours_see_other_orders_and_a_run_again_shows_the_same(monkeypatch):
    seen = {}
    for learner in range(600):
        monkeypatch.setattr(record, "learner", lambda learner=learner: str(learner))
        seen[learner] = [order.order(f"question {i}", 3) for i in range(5)]
        assert seen[learner] == [order.order(f"question {i}", 3) for i in range(5)]
    places = Counter(shown[0].index(0) for shown in seen.values())  # of what was written first
    assert all(abs(n - 200) < 4 * (600 * 2 / 9) ** 0.5 for n in places.values())
    assert len({str(shown) for shown in seen.values()}) > 550  # of 600, with 6^5 orders of five questions


@pytest.fixture
def turned(monkeypatch):
    """Everybody sees the options in reverse."""
    monkeypatch.setattr("aae_lib.course.prediction.order", lambda about, n: [*reversed(range(n))])
    monkeypatch.setattr("aae_lib.course.questions.order", lambda about, n: [*reversed(range(n))])


def test_a_letter_is_the_shown_one_for_the_learner_and_the_written_one_for_the_lesson(turned, capsys):
    guess = predict("how many?", ["none", "one", "two"])
    assert repr(guess) == "Predict: how many?\n  ( ) two\n  ( ) one\n  ( ) none"
    form = guess._form().split("</style>")[1]
    assert form.index("two") < form.index("one") < form.index("none")
    assert guess.choices == ["none", "one", "two"]
    guess.lock("A")
    assert guess.locked == "two"
    guess.outcome("there were two.", answer="C")
    assert capsys.readouterr().out == "You predicted A: two. It was A: two.\nWhat happened: there were two.\n"
    assert "✓ As you predicted." in guess._repr_html_()


def test_the_page_sends_the_place_that_it_shows(turned):
    class Widget:
        html = ""

    guess = predict("how many?", ["none", "one", "two"])
    guess._heard(Widget(), {"lock": 0}, None)
    assert guess.locked == "two"


def test_a_quiz_keeps_feedback_and_answer_together(turned):
    for item, (options, right) in zip(quiz("04").questions, QUIZZES["04"], strict=True):
        assert [answer["text"] for answer in item["answers"]] == options[::-1]
        assert next(answer["text"] for answer in item["answers"] if answer["right"]) == options[right]
