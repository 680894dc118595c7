"""The quiz of a lesson: questions, five in most, each with its answer folded below it."""

import json
from pathlib import Path

from ..arguments import lesson_of, takes
from . import look
from .order import order

QUIZZES = Path(__file__).parent / "quizzes"


@takes(number=lesson_of(sorted(path.stem for path in QUIZZES.glob("*.json"))))
class quiz:  # noqa: N801 - read aloud in a lesson: quiz("04")
    """The quiz of a lesson: choose an answer, then "check" unfolds what is to be said about it.

    Plain HTML without JavaScript or kernel: it works in a saved notebook and by keyboard. Where a page leaves out radio
    buttons and styles, as GitHub does, "check" unfolds the feedback to all answers.

    Parameters
    ----------
    number : str
        Of the lesson, e.g. "04"; "needs" is the self-test before the course. The questions are in
        aae_lib/course/quizzes/04.json:
        [{"question": ..., "answers": [{"text": ..., "right": true, "feedback": ...}, ...]}, ...]

    Raises
    ------
    ValueError
        For a lesson that has no quiz.
    """

    def __init__(self, number: str) -> None:
        self.questions = json.loads((QUIZZES / f"{number}.json").read_text(encoding="utf-8"))
        for item in self.questions:  # each learner has an order of their own
            answers = item["answers"]
            item["answers"] = [answers[place] for place in order(item["question"], len(answers))]

    def __repr__(self) -> str:
        lines = []
        for i, item in enumerate(self.questions, 1):
            lines += [f"{i}. {item['question']}", *(f"   ( ) {answer['text']}" for answer in item["answers"])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        asked = "".join(self._ask(i, item) for i, item in enumerate(self.questions, 1))
        # method "dialog": Enter sends the form nowhere
        form = f'<form class="aae-quiz" method="dialog">{asked}</form>'
        return look.piece("sheet", look.heading("Quiz"), form)

    def _ask(self, i: int, item: dict) -> str:
        said = ['<p class="aae-said aae-none">Choose an answer first.</p>']
        for n, (letter, answer) in enumerate(zip(look.LETTERS, item["answers"], strict=False)):
            state, mark = ("is-right", "✓ right.") if answer["right"] else ("is-wrong", "✗ no.")
            text = f'<b class="aae-sign">{letter} {mark}</b> {look.prose(answer["feedback"])}'
            said.append(f'<p class="aae-said n{n} {state}">{text}</p>')
        folded = f'<details><summary {look.KEYS}>check</summary><div aria-live="polite">{"".join(said)}</div></details>'
        texts = [answer["text"] for answer in item["answers"]]
        return look.group(f"{i}. {item['question']}", texts, folded, name=f"q{i}")
