"""Put the notebooks' predictions, and what their stored runs answered, into the teacher's sheets.

    python tools/quote_predictions.py     after the notebooks have been run again

An `**Ask** `cell` (a prediction): ...` in docs/teach, and the `**Answer**` below it, are quotations of the lesson that
the sheet opened last.
"""

import ast
import html
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from aae_lib.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
TEACH = ROOT / "docs" / "teach"
OPENED = re.compile(r"- \*\*Open\*\* .*notebooks/(\d\d)_")
ASK = re.compile(
    r"- \*\*Ask\*\* `(?P<cell>[\w-]+)` \(a prediction\): .*\n"
    r"- \*\*Answer\*\* [A-E]: “[^”]*”\. The notebook's run, in `[\w-]+`: “[^”]*”"
)


@cache
def cells(lesson: str) -> dict[str, Any]:
    """A lesson's cells by their ids."""
    (path,) = (ROOT / "notebooks").glob(f"{lesson}_*.ipynb")
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def prediction(source: str) -> tuple[str, str, list[str]]:
    """Of `guess = predict("question", [choices])`: the name, the question, the choices."""
    (node,) = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Assign))
    assert isinstance(node.targets[0], ast.Name)
    assert isinstance(node.value, ast.Call)
    return node.targets[0].id, *(ast.literal_eval(argument) for argument in node.value.args)


def outcome(lesson: str, guess: str) -> tuple[str, str, str, str]:
    """Where a prediction is resolved, and what the stored run says: cell, letter, choice, what happened."""
    for name, cell in cells(lesson).items():
        resolved = re.findall(r"(\w+)\.outcome\(", cell.source) if cell.cell_type == "code" else []
        if guess not in resolved:
            continue
        shown = [output.get("data", {}).get("text/html", "") for output in cell.outputs]
        said = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in shown]
        said = [text for text in said if "What happened:" in text]
        if found := re.search(r"It was ([A-E]): (.*?)\. What happened: (.*)", said[resolved.index(guess)]):
            return name, found[1], found[2], found[3].strip()
    raise ValueError(f"lesson {lesson}: no stored output resolves {guess}.")


def quoted(text: str, lesson: str | None = None) -> str:
    """A sheet's text with its quotations as the notebooks have them; `lesson` is open at its beginning."""

    def quotation(mark: re.Match[str]) -> str:
        nonlocal lesson
        if mark[1]:
            lesson = mark[1]
            return mark[0]
        assert lesson, f"{mark['cell']}: of which lesson?"
        guess, question, choices = prediction(cells(lesson)[mark["cell"]].source)
        offered = "; ".join(f"{letter} {choice}" for letter, choice in zip("ABCDE", choices, strict=False))
        at, letter, choice, happened = outcome(lesson, guess)
        question, offered, choice, happened = (
            part.replace("*", r"\*")
            for part in (question, offered, choice, happened)  # no emphasis in Markdown
        )
        return (
            f"- **Ask** `{mark['cell']}` (a prediction): “{question}” {offered}\n"
            f"- **Answer** {letter}: “{choice}”. The notebook's run, in `{at}`: “{happened}”"
        )

    return re.sub(f"{OPENED.pattern}|{ASK.pattern}", quotation, text)


def renewed(page: Path) -> str:
    """A page's text with its quotations as the notebooks have them; notes are about one lesson."""
    about = re.match(r"notes_(\d\d)", page.name)
    return quoted(page.read_text(encoding="utf-8"), about[1] if about else None)


def main() -> int:
    for path in sorted(TEACH.glob("*.md")):
        after = renewed(path)
        if after != path.read_text(encoding="utf-8"):
            write_whole(path, after.encode())
            print(f"{path.relative_to(ROOT)}: quotations renewed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
