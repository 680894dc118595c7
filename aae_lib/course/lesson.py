"""What the lessons use beside the library: claims that are checked, predictions that are locked, quizzes.

The only module that knows Jupyter, and even here it is imported late: headless, all of it prints text.
"""

import html
import json
import os
from pathlib import Path
from typing import Any

from ..arguments import Kind, lesson_of, sequence, switch, takes, text
from . import shell

shell.load_where_there_is_a_shell()

REASONS = (
    "usual reasons: a cell above was skipped or changed, the cells ran out of order (Run > Run All Cells), "
    "or you changed the data, the steps or the seed, and then this is a finding, not a fault"
)


def _truth(value: Any) -> bool:
    if getattr(value, "ndim", None) is not None:  # a comparison of tensors gives a tensor
        value = value.item()
    return switch().take(value)


def _different(value: Any) -> list[str]:
    if len(sequence(value)) < 2:
        raise TypeError
    choices = [str(text().take(choice)) for choice in value]
    if len(set(choices)) < len(choices):
        raise ValueError
    return choices


QUIZZES = Path(__file__).parent / "quizzes"
TRUTH = Kind("True or False, which is what one comparison gives; ask .all() or .any() of an array", _truth)
CHOICES = Kind('a list of two or more different texts, such as ["yes", "no"]', _different)


@takes(text=text(), ok=TRUTH)
def claim(text: str, ok: bool, got: Any = "") -> None:
    """State what the lesson says has just happened, and check it.

    text  the claim, in words;  ok  whether it holds here, True or False;  got  the figures it rests on

    Prints ✓ and the claim, or "not this time" with what was found and the usual reasons. With AAE_STRICT=1
    in the environment (the tests) a claim that fails raises AssertionError. Raises ValueError for an `ok` that is
    neither true nor false, such as NaN, a text, or an array of several.
    """
    shown = "" if isinstance(got, str) and not got else f"  ({got})"
    if ok:
        print(f"✓ {text}{shown}")
    elif os.environ.get("AAE_STRICT") == "1":
        raise AssertionError(f"claim failed: {text}{shown}")
    else:
        print(f"✗ not this time: {text}\n  found: {got}\n  {REASONS}.")


@takes(question=text(), choices=CHOICES)
class predict:  # noqa: N801 - read aloud in a lesson: predict("...", [...])
    """Ask for a prediction before the run: predicting first is what makes a demonstration teach (Crouch et al. 2004).

    question, choices  shown as radio buttons with a button that locks the choice; nothing waits for it
    Later, `outcome(text)` shows the locked choice beside what happened.
    Raises ValueError for fewer than two choices, or two of the same text.
    """

    def __init__(self, question: str, choices: list[str]) -> None:
        self.question, self.choices = question, choices
        self.locked: str | None = None

    def lock(self, choice: str) -> None:
        """Lock one of the choices; the first one counts."""
        if not isinstance(choice, str) or choice not in self.choices:
            raise ValueError(f"choose one of: {'; '.join(self.choices)}.")
        if self.locked is None:
            self.locked = choice

    def outcome(self, text: str) -> None:
        """Show the prediction beside the outcome."""
        guess = f"You predicted: {self.locked}" if self.locked else "You locked no prediction this time."
        print(f"{guess}\nWhat happened: {text}")

    def __repr__(self) -> str:
        return "\n".join([f"Predict: {self.question}", *(f"  ( ) {choice}" for choice in self.choices)])

    def widget(self) -> Any:
        """The question, radio buttons, and the button that locks."""
        import ipywidgets as widgets

        radio = widgets.RadioButtons(options=self.choices, value=None, layout={"width": "max-content"})
        button = widgets.Button(description="lock my prediction", disabled=True, tooltip="it cannot be changed then")
        said = widgets.Label("choose, then lock; then run on")

        def chosen(change: Any) -> None:
            button.disabled = False

        def locked(_: Any) -> None:
            self.lock(radio.value)
            radio.disabled = button.disabled = True
            said.value = f"locked: {self.locked}"

        radio.observe(chosen, "value")
        button.on_click(locked)
        return widgets.VBox([widgets.Label(self.question), radio, widgets.HBox([button, said])])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        text = {"text/plain": repr(self)}
        try:
            return self.widget()._repr_mimebundle_() | text
        except ImportError:  # no ipywidgets: the question alone
            return text


@takes(number=lesson_of(sorted(path.stem for path in QUIZZES.glob("*.json"))))
class quiz:  # noqa: N801 - read aloud in a lesson: quiz("04")
    """The quiz of a lesson: five questions; every answer unfolds its own feedback.

    number  of the lesson, e.g. "04"; the questions are in aae_lib/course/quizzes/04.json:
            [{"question": ..., "answers": [{"text": ..., "right": true, "feedback": ...}, ...]}, ...]

    Plain HTML with folded parts: no JavaScript, so it also works in a saved notebook, on paper, and by keyboard.
    Raises ValueError for a lesson that has no quiz.
    """

    def __init__(self, number: str) -> None:
        self.questions = json.loads((QUIZZES / f"{number}.json").read_text(encoding="utf-8"))

    def __repr__(self) -> str:
        lines = []
        for i, item in enumerate(self.questions, 1):
            lines += [f"{i}. {item['question']}", *(f"   ( ) {answer['text']}" for answer in item["answers"])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = ["<p><b>Quiz.</b> Click the answer that you would give; it unfolds.</p><ol>"]
        for item in self.questions:
            parts.append(f"<li style='margin-bottom:.8em'>{html.escape(item['question'])}")
            for answer in item["answers"]:
                mark = "✓ right." if answer["right"] else "✗ no."
                parts.append(
                    f"<details style='margin:.2em 0 .2em 1em'><summary>{html.escape(answer['text'])}</summary>"
                    f"<p style='margin:.2em 1.5em'><b>{mark}</b> {html.escape(answer['feedback'])}</p></details>"
                )
            parts.append("</li>")
        return "".join([*parts, "</ol>"])
