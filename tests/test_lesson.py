import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aae_lib.course import lesson

QUIZZES = sorted((Path(lesson.__file__).parent / "quizzes").glob("*.json"))


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
    guess = lesson.predict("heads or tails?", ["heads", "tails"])
    guess.outcome("tails")
    assert "You locked no prediction" in capsys.readouterr().out
    with pytest.raises(ValueError, match="choose one of: heads; tails"):
        guess.lock("edge")
    guess.lock("heads")
    guess.lock("tails")
    guess.outcome("tails")
    assert capsys.readouterr().out == "You predicted: heads\nWhat happened: tails\n"


def test_the_widget_of_a_prediction_locks_what_was_chosen():
    guess = lesson.predict("heads or tails?", ["heads", "tails"])
    assert guess._repr_mimebundle_()["text/plain"].startswith("Predict: heads or tails?")
    _, radio, row = guess.widget().children
    button, _ = row.children
    assert button.disabled
    radio.value = "tails"
    button.click()
    assert guess.locked == "tails"
    assert radio.disabled


@pytest.mark.parametrize("path", QUIZZES, ids=lambda p: p.stem)
def test_every_quiz_has_five_questions_one_right_answer_each_and_feedback_for_all(path):
    questions = json.loads(path.read_text())
    assert len(questions) == 5
    for item in questions:
        assert sum(answer["right"] for answer in item["answers"]) == 1
        assert all(len(answer["feedback"]) > 20 for answer in item["answers"])
    places = {[a["right"] for a in item["answers"]].index(True) for item in questions}
    assert len(places) > 1  # the right answer is not always in the same place


def test_a_quiz_shows_every_answer_folded_and_escapes_its_text(tmp_path):
    class Counter(HTMLParser):
        summaries = 0

        def handle_starttag(self, tag, attributes):
            self.summaries += tag == "summary"
            assert tag in {"p", "b", "ol", "li", "details", "summary"}
            assert "open" not in dict(attributes)

    quiz = lesson.quiz("04")
    quiz.questions[0]["question"] = "is 1 < 2 & <script>?"
    shown = quiz._repr_html_()
    counter = Counter()
    counter.feed(shown)
    assert counter.summaries == sum(len(item["answers"]) for item in quiz.questions)
    assert "right" not in repr(quiz)  # the printed form does not give the answers away
    with pytest.raises(ValueError, match=r"^quiz: number must be one of 00, 01, .* 11; got '77'"):
        lesson.quiz("77")
