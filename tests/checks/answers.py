"""The two tests that every task's answers get: right ones pass, wrong ones are told what is wrong."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from aae_lib.course.checks import check

Answer = Callable[..., object]


def judged(right: Mapping[str, Mapping[str, Answer] | Sequence[Answer]], wrong: Mapping[str, Mapping[str, Answer]]):
    """Two tests for answers by task: `right` ones by name or listed, `wrong` ones by words of the sentence they get."""
    passing = [
        pytest.param(number, answer, id=f"{number}-{name}")
        for number, answers in right.items()
        for name, answer in (answers.items() if isinstance(answers, Mapping) else ((f.__name__, f) for f in answers))
    ]
    failing = [
        pytest.param(number, answer, words, id=f"{number}-{words}")
        for number, answers in wrong.items()
        for words, answer in answers.items()
    ]

    @pytest.mark.parametrize(("number", "answer"), passing)
    def test_right(number, answer):
        verdict = check(number, answer)
        assert verdict, verdict.sentence

    @pytest.mark.parametrize(("number", "answer", "words"), failing)
    def test_wrong(number, answer, words):
        verdict = check(number, answer)
        assert verdict.right is False
        assert words in verdict.sentence, verdict.sentence

    return test_right, test_wrong
