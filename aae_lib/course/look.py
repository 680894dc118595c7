"""One look for everything the course says: a stylesheet, the few pieces of HTML, and where they are shown.

Every piece reads well without the stylesheet too: GitHub and notebooks that are not trusted leave it out.
"""

import functools
import html
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"
KEYS = 'data-lm-suppress-shortcuts="true"'  # on what has the focus: JupyterLab leaves it the arrows, space and Enter
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@functools.cache
def stylesheet() -> str:
    """The stylesheet in one line, as it is in every output."""
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "course.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    return f"<style>{' '.join(css.split())}</style>"


def piece(kind: str, *parts: str, state: bool | None = None) -> str:
    """One output: its stylesheet and its parts, in a box of this kind; right, wrong, or neither."""
    return f'{stylesheet()}<div class="aae aae-{kind}{_state(state)}">{"".join(parts)}</div>'


def _state(state: bool | None) -> str:
    return "" if state is None else " is-right" if state else " is-wrong"


def prose(text: str) -> str:
    """The text for a page, with what stands between backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")


def line(mark: str, text: str, rests_on: str = "") -> str:
    """A sentence behind its mark, and fainter what it rests on."""
    return f'<b class="aae-sign">{mark}</b> {prose(text)}{small(rests_on)}'


def small(text: str) -> str:
    """Fainter text, if there is any."""
    return f" <small>{prose(text)}</small>" if text else ""


def folded(title: str, text: str) -> str:
    """A title that unfolds its text."""
    return f"<details><summary {KEYS}>{html.escape(title)}</summary><p>{prose(text)}</p></details>"


def heading(kind: str) -> str:
    """What sort of card this is, in small letters above it."""
    return f'<p class="aae-kind">{html.escape(kind)}</p>'


def group(question: str, choices: Iterable[str], *more: str, name: str) -> str:
    """Radio buttons with letters, in a group that the question names; `more` comes below them."""
    rows = "".join(
        f'<p><label class="aae-choice n{i}"><input {KEYS} type="radio" name="{name}" value="{i}"><b>{letter}</b> '
        f"{prose(choice)}</label></p>"
        for i, (letter, choice) in enumerate(zip(LETTERS, choices, strict=False))
    )
    legend = f'<legend class="aae-question">{prose(question)}</legend>'
    return f"<fieldset>{legend}{rows}{''.join(more)}</fieldset>"


def shell() -> Any:
    """The kernel's shell, or None: in a script, in a terminal."""
    ipython = sys.modules.get("IPython")
    found = None if ipython is None else ipython.get_ipython()
    return found if hasattr(found, "kernel") else None


def show(text: str, html: str) -> None:
    """In a notebook the HTML, which also holds the plain text; elsewhere the text is printed."""
    if (notebook := shell()) is None:
        print(text)
    else:
        notebook.display_pub.publish({"text/plain": text, "text/html": html})
