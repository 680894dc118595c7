"""Make the slides from slides/*.md, their one source: `python tools/make_slides.py [FOLDER]`.

Every deck becomes two files in FOLDER (build/slides unless told otherwise): NAME.html, a single page that needs no
network and no server, and NAME.ipynb, which shows the same slides in JupyterLab with the live panel in them.

A source is Markdown. `---` on a line of its own ends a slide; the paragraph that begins with `Notes:` is for the
speaker, and lasts to the slide's end. `![](04#37-code)` is the picture that the cell 37-code of lesson 04 has stored,
with its alternative text: no picture is kept twice. `$...$` and `$$...$$` are formulas, drawn by Matplotlib. A block
```python live is the panel's code; a slide with a line `live` shows the panel in the notebook, and its picture in the
page.
"""

import argparse
import base64
import functools
import html
import io
import re
import sys
from pathlib import Path

import mistune
import nbformat
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import text_to_path
from PIL import Image

from aae_lib.course.slides import STATIC, page_of

ROOT = Path(__file__).resolve().parents[1]
PICTURE = re.compile(r"^!\[(.*?)\]\(([^)]+)\)\s*$", re.MULTILINE)
LIVE = re.compile(r"^```python live\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
WIDE = 1.35  # pictures wider than this, as width over height, stand under the text
markdown = mistune.create_markdown(escape=False, plugins=["table"])


class Fault(Exception):  # noqa: N818 - a sentence for the author of slides
    """Something in a source is wrong; the message says where."""


# ---- formulas ----


@functools.cache
def formula(tex: str) -> str:
    """A formula as an inline SVG in the text's own colour and size."""
    font = FontProperties(family="DejaVu Sans", size=10, math_fontfamily="cm")
    whole = f"${' '.join(tex.split())}$"
    try:
        points, codes = text_to_path.get_text_path(font, whole, ismath=True)
    except ValueError as error:
        raise Fault(f"the formula {tex!r}: {error}") from None
    scale, em = 10 / text_to_path.FONT_SCALE, 10.0
    drawn = []
    letters = {
        Outline.MOVETO: "M",
        Outline.LINETO: "L",
        Outline.CURVE3: "Q",
        Outline.CURVE4: "C",
        Outline.CLOSEPOLY: "Z",
    }
    for vertices, code in Outline(points, codes).iter_segments(curves=True, simplify=False):
        numbers = " ".join(f"{v * scale * (1 if i % 2 == 0 else -1):.2f}" for i, v in enumerate(vertices))
        drawn.append(letters[code] + ("" if code == Outline.CLOSEPOLY else numbers))
    xy = Outline(points, codes).get_extents()
    left, right, low, high = xy.x0 * scale, xy.x1 * scale, xy.y0 * scale, xy.y1 * scale
    size = f"width:{(right - left) / em * 1.15:.3f}em;height:{(high - low) / em * 1.15:.3f}em"
    return (
        f'<svg class="aae-formula" role="img" aria-label="{html.escape(tex.strip())}" '
        f'style="{size};vertical-align:{low / em * 1.15:.3f}em" '
        f'viewBox="{left:.2f} {-high:.2f} {right - left:.2f} {high - low:.2f}"><path d="{"".join(drawn)}"/></svg>'
    )


def typeset(text: str) -> str:
    """Markdown with formulas as HTML."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        drawn = formula(found[1] or found[2])
        kept.append(f'<p class="aae-display">{drawn}</p>' if found[1] else drawn)
        return f"\n\nFORMULA{len(kept) - 1}X\n\n" if found[1] else f"FORMULA{len(kept) - 1}X"

    made = str(markdown(FORMULA.sub(keep, text)))
    for i, drawn in enumerate(kept):
        made = made.replace(f"<p>FORMULA{i}X</p>", drawn).replace(f"FORMULA{i}X", drawn)
    return made


# ---- pictures ----


@functools.cache
def lesson(number: str) -> nbformat.NotebookNode:
    """The notebook of a lesson, with what it has stored."""
    found = list((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
    if len(found) != 1:
        raise Fault(f"there is no lesson {number}")
    return nbformat.read(found[0], as_version=4)


def picture(source: str, alt: str) -> tuple[bytes, str]:
    """PNG and alternative text: of a cell's stored output ("04#37-code"), or of a file in the repository."""
    number, _, cell_id = source.partition("#")
    if not cell_id:
        if not (ROOT / source).is_file():
            raise Fault(f"there is no file {source}")
        if not alt:
            raise Fault(f"{source} needs an alternative text")
        return (ROOT / source).read_bytes(), alt
    for cell in lesson(number).cells:
        if cell.id == cell_id:
            for output in reversed(cell.get("outputs", ())):
                if png := output.get("data", {}).get("image/png"):
                    told = output.metadata.get("image/png", {}).get("alt") or output.data.get("text/plain", "")
                    return base64.b64decode(png), alt or told
            raise Fault(f"the cell {cell_id} of lesson {number} has stored no picture")
    raise Fault(f"lesson {number} has no cell {cell_id}")


def figure(source: str, alt: str) -> tuple[str, float]:
    """A picture as HTML, and its width over its height."""
    png, alt = picture(source, alt)
    with Image.open(io.BytesIO(png)) as image:
        ratio = image.width / image.height
    data = base64.b64encode(png).decode()
    return f'<figure><img alt="{html.escape(alt)}" src="data:image/png;base64,{data}"></figure>', ratio


# ---- slides ----


def slide(text: str, number: int) -> str:
    """One slide as HTML."""
    body, _, notes = text.partition("\nNotes:")
    if not notes.strip():
        raise Fault(f"slide {number} has no notes")
    live = bool(re.search(r"^live\s*$", body, re.MULTILINE))
    body = re.sub(r"^live\s*$", "", body, flags=re.MULTILINE)
    drawn, ratio = "", 0.0
    if found := PICTURE.search(body):
        drawn, ratio = figure(found[2], found[1])
        body = PICTURE.sub("", body)
    head, _, rest = body.strip().partition("\n")
    kinds = ["aae-slide"]
    level = 1 if head.startswith("# ") else 2
    if not re.match(r"#{1,2} ", head):
        raise Fault(f"slide {number} begins without a heading")
    kinds += ["is-title"] * (level == 1) + ["is-live"] * live
    if drawn and rest.strip():
        kinds.append("is-wide" if ratio > WIDE else "is-side")
    kinds += ["is-text"] * (not drawn)
    title = typeset(head.lstrip("# ")).strip().removeprefix("<p>").removesuffix("</p>")
    words = f'<div class="aae-text">{typeset(rest)}</div>' if rest.strip() else ""
    return (
        f'<section class="{" ".join(kinds)}" role="group" aria-roledescription="slide" aria-label="{number}">'
        f"<h{level}>{title}</h{level}>{words}{drawn}<aside>{typeset(notes)}</aside></section>"
    )


def deck(source: str) -> tuple[str, str, str]:
    """The title, all slides as HTML, and the panel's code, of a source."""
    code = "".join(found[1] for found in LIVE.finditer(source))
    texts = [part.strip() for part in re.split(r"^---\s*$", LIVE.sub("", source), flags=re.MULTILINE)]
    made = [slide(text, number) for number, text in enumerate(texts, 1)]
    if bool(code) != any("is-live" in one.split(">")[0] for one in made):
        raise Fault("a deck with a live slide needs the panel's code in ```python live, and the other way round")
    return texts[0].splitlines()[0].lstrip("# "), "\n".join(made), code


def notebook_of(name: str, title: str, code: str) -> nbformat.NotebookNode:
    """The notebook that shows a deck in JupyterLab."""
    says = (
        f"# {title}: slides\n\nRun the cell below. → and ← turn the pages, F fills the screen, N shows the notes, S "
        "opens them in a window of their own. Keys go to the slides once you have clicked one."
    )
    panel = f"{code.rstrip()}\n" if code else ""
    cell = f'{panel}\nslides.Deck("{name}.html"{", panel" if code else ""})'
    imports = (
        "import aae_lib as aae\nfrom aae_lib.course import slides\n\n"
        if code
        else "from aae_lib.course import slides\n"
    )
    cells = [nbformat.v4.new_markdown_cell(says, id="how"), nbformat.v4.new_code_cell(imports + cell, id="deck")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def make(folder: Path, root: Path = ROOT) -> list[str]:
    """Write all decks; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for path in sorted((root / "slides").glob("*.md")):
        try:
            title, slides, code = deck(path.read_text(encoding="utf-8"))
        except Fault as fault:
            raise SystemExit(f"slides/{path.name}: {fault}") from None
        style, script = ((STATIC / f"deck.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
        (folder / f"{path.stem}.html").write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
            f'<body class="aae-deck-page">{page_of(slides)}'
            f'<script>{script}\naaeDeck(document.querySelector(".aae-deck"), null)</script></body></html>\n',
            encoding="utf-8",
        )
        nbformat.write(notebook_of(path.stem, title, code), folder / f"{path.stem}.ipynb")
        names.append(path.stem)
    return names


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "slides")
    folder = options.parse_args(arguments).folder
    print(f"{len(make(folder))} decks are in {folder}: open the .html in a browser, or: jupyter lab {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
