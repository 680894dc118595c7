"""Predictions, locked before the run: predicting first is what makes a demonstration teach (Crouch et al. 2004).

Until it is locked a prediction is a form, a small widget (static/prediction.js). Then a card of plain HTML takes its
place, which the notebook keeps: after the kernel's end, in the saved file, on paper. The learner's folder keeps it too
(record.py), so that a cell that runs again shows the card, until `aae.reset` gives a fresh copy of the lesson.
"""

import functools
from typing import Any

from ..arguments import Kind, sequence, takes, text
from ..live.notebook import headless
from . import look, record
from .order import order


def _different(value: Any) -> list[str]:
    if not 2 <= len(sequence(value)) <= len(look.LETTERS):
        raise TypeError
    choices = [str(text().take(choice)) for choice in value]
    if len(set(choices)) < len(choices):
        raise ValueError
    return choices


CHOICES = Kind('a list of two or more different texts, such as ["yes", "no"]', _different)


@takes(question=text(), choices=CHOICES)
class predict:  # noqa: N801 - read aloud in a lesson: predict("...", [...])
    """Ask for a prediction before the run.

    In a learner's folder what is locked stays locked when the cell runs again, until `aae.reset` gives a fresh copy of
    the lesson. Elsewhere the cell asks again.

    Parameters
    ----------
    question : str
        What is asked.
    choices : list of str
        Two or more different answers. They are shown in an order of the learner's own, with letters and a button that
        locks one; nothing waits for it.

    Attributes
    ----------
    choices : list of str
        As they were given.
    locked : str or None
        The choice, once it is locked.

    Raises
    ------
    ValueError
        For fewer than two choices, or two of the same text.

    Examples
    --------
    >>> guess = predict("Heads or tails?", ["heads", "tails"])
    >>> guess.lock("heads")
    >>> guess.outcome("the coin shows tails.", answer="tails")
    You predicted A: heads. It was B: tails.
    What happened: the coin shows tails.
    """

    def __init__(self, question: str, choices: list[str]) -> None:
        self.question, self.choices = question, choices
        self._listed = [choices[place] for place in order(question, len(choices))]  # as they are shown
        self.locked: str | None = None
        self._answer: str | None = None
        self._happened: str | None = None
        self._day = ""  # of a lock that an earlier run has left
        self._shown: Any = None  # the handle of what is in the notebook
        self._recall()

    def _recall(self) -> None:
        """Take over what is kept in the learner's folder."""
        kept = record.prediction(record.place(), self.question, self.choices)
        if (lock := kept.get(record.PREDICTION)) is None:
            return
        self.locked, self._day = lock.got, lock.day
        if self._happened is None and (outcome := kept.get(record.OUTCOME)) is not None:
            answer = kept[record.ANSWER].got if record.ANSWER in kept else None
            self._answer = answer if answer in self.choices else None
            self._happened = outcome.got

    def lock(self, choice: str) -> None:
        """Lock one of the choices, by its text or the letter that it is shown with; the first one counts.

        Raises ValueError for anything else.
        """
        choice = self._one_of(choice, self._listed)
        if self.locked is None:
            self._recall()  # the same lesson may be open twice
        if self.locked is None:
            self.locked = choice
            record.lock(self.question, choice)
            if self._happened is not None:
                record.resolve(self.question, self._answer, self._happened)
        self._update()

    def outcome(self, text: str, answer: str | None = None) -> None:
        """Say what happened, next to what was predicted: here, and in the prediction above if it is locked.

        Parameters
        ----------
        text : str
            What happened, and why.
        answer : str, optional
            The choice that has come true, by its text or by its letter in `choices`, whatever order is shown.

        Raises
        ------
        ValueError
            For an answer that is none of the choices.
        """
        known = self._happened, self._answer
        self._happened = str(text)
        self._answer = None if answer is None else self._one_of(answer, self.choices)
        if self.locked is not None and (self._happened, self._answer) != known:
            record.resolve(self.question, self._answer, self._happened)
        guess = f"You predicted {self._named(self.locked)}." if self.locked else "You locked no prediction this time."
        came = f" It was {self._named(self._answer)}." if self._answer else ""
        said = f"{guess}{came}\nWhat happened: {self._happened}"
        look.show(said, look.piece("verdict", f"<p>{look.prose(said)}</p>", state=self._right))
        self._update()

    def _one_of(self, choice: Any, among: list[str]) -> str:
        if isinstance(choice, str):
            if choice in among:
                return choice
            place = look.LETTERS.find(choice.strip().upper()) if len(choice.strip()) == 1 else -1
            if 0 <= place < len(among):
                return among[place]
        raise ValueError(f"choose one of: {'; '.join(map(self._named, self._listed))}.")

    def _letter(self, choice: str) -> str:
        return look.LETTERS[self._listed.index(choice)]

    def _named(self, choice: str) -> str:
        return f"{self._letter(choice)}: {choice}"

    @property
    def _right(self) -> bool | None:
        return None if self._answer is None or self.locked is None else self._answer == self.locked

    # ---- what is seen ----

    def __repr__(self) -> str:
        marks = (f"({'x' if choice == self.locked else ' '}) {choice}" for choice in self._listed)
        return "\n".join([f"Predict: {self.question}", *(f"  {mark}" for mark in marks)])

    def _repr_html_(self) -> str:
        """The question and its choices; once one is locked, which, and what happened."""
        rows = "".join(self._row(letter, choice) for letter, choice in zip(look.LETTERS, self._listed, strict=False))
        kind = "Your prediction, locked" if self.locked else "Predict"
        question = f'<p class="aae-question">{look.prose(self.question)}</p>'
        return look.piece("sheet", look.heading(kind), question, rows, self._verdict(), self._since())

    def _row(self, letter: str, choice: str) -> str:
        yours = self.locked == choice
        told = self.locked is not None and self._answer is not None  # the answer waits for the prediction
        state = (" is-right" if choice == self._answer else " is-wrong" if yours else "") if told else ""
        tags = [
            name
            for name, true in (("your prediction", yours), ("it was this", told and choice == self._answer))
            if true
        ]
        more = f" <small>· {', '.join(tags)}</small>" if tags else ""
        return (
            f'<p class="aae-choice{" is-yours" if yours else ""}{state}"><b>{letter}</b> {look.prose(choice)}{more}</p>'
        )

    def _verdict(self) -> str:
        if self.locked is None or self._happened is None:
            return ""
        state = {None: "", True: " is-right", False: " is-wrong"}[self._right]
        mark = {None: "", True: "<b>✓ As you predicted.</b> ", False: ""}[self._right]
        if self._right is False and self._answer:
            mark = f"<b>It was {self._letter(self._answer)}.</b> "
        return f'<p class="aae-said{state}">{mark}{look.prose(self._happened)}</p>'

    def _since(self) -> str:
        if not self._day:
            return ""
        again = "A fresh copy of the lesson opens it again: `aae.reset`, with the lesson's number."
        return f"<p><small>Locked on {self._day}. {look.prose(again)}</small></p>"

    def _form(self) -> str:
        """The same with radio buttons, in a group that the question names, and the button that locks."""
        button = '<button type="submit" aria-disabled="true">Lock my prediction</button>'
        kept = "also when this cell runs again" if record.place() else "until this cell runs again"
        said = f"<output>Choose, then lock; it stays locked, {kept}.</output>"
        group = look.group(self.question, self._listed, f'<div class="aae-lock">{button}{said}</div>', name="choice")
        return look.piece("sheet", look.heading("Predict"), f"<form>{group}</form>")

    def _bundle(self) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _ipython_display_(self) -> None:
        from IPython.display import DisplayHandle

        self._shown = self._shown or DisplayHandle()
        data = self._bundle()
        if self.locked is None and not headless():
            try:
                widget = form_class()(html=self._form())
            except ImportError:  # the question alone; `lock` takes the answer
                pass
            else:
                widget.on_msg(self._heard)
                data |= {k: v for k, v in _mimebundle(widget).items() if k not in data}
        self._shown.display(data, raw=True)

    def _update(self) -> None:
        if self._shown is not None and self.locked is not None and not headless():
            self._shown.update(self._bundle(), raw=True)

    def _heard(self, widget: Any, heard: Any, _buffers: Any) -> None:
        """From the page: the number of the choice."""
        place = heard.get("lock") if isinstance(heard, dict) else None
        if isinstance(place, int) and 0 <= place < len(self._listed):
            self.lock(self._listed[place])
            widget.html = self._repr_html_()


def _mimebundle(widget: Any) -> dict[str, Any]:
    bundle = widget._repr_mimebundle_()
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)


@functools.cache
def form_class() -> Any:
    """The widget; ImportError where anywidget is missing."""
    import anywidget
    import traitlets

    class Form(anywidget.AnyWidget):
        """A form that Python draws; the page sends {"lock": number of the choice} once."""

        _esm = (look.STATIC / "prediction.js").read_text(encoding="utf-8")
        html = traitlets.Unicode().tag(sync=True)

    return Form
