"""Make the handouts, docs/teach/handouts/*.pdf: `python tools/make_handouts.py [--check]`.

Three pages of A4 by matplotlib's PDF backend: vector graphics, text that can be selected, formulas by mathtext, and no
other program. The figures in the clinic are read from the stored charts of lesson 6, so run it again when those change.

--check  writes nothing; fails if a page's text is not what would be written
"""

import argparse
import io
import random
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from aae_lib.course import ward
from aae_lib.plots.common import CLASS_COLOURS, FAKE, REAL

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "teach" / "handouts"
SETTINGS = {"pdf.fonttype": 42, "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "svg.fonttype": "none"}
WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 15.0  # mm
SMALL, PLAIN, LARGE = 9.0, 10.0, 18.0  # points
POINT = 0.3528  # mm
LEADING = 1.35  # from line to line, in sizes of the font


class Page:
    """A sheet of A4 in mm from its top left corner; `y` is where the next thing goes."""

    def __init__(self, title: str, under: str) -> None:
        self.figure = Figure(figsize=(WIDTH / 25.4, HEIGHT / 25.4))
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        self.axes.axis("off")
        self.title, self.y = title, MARGIN
        self.text(MARGIN, title, LARGE, weight="bold")
        self.y += 1.5
        self.text(MARGIN, under, SMALL, colour="#444444")
        self.y += 3

    def put(self, x: float, y: float, text: str, size: float = PLAIN, **how: str) -> None:
        """One line at a place: x its left, y its top; or both its middle, with va and ha "center"."""
        colour, weight = how.get("colour", "black"), how.get("weight", "normal")
        va = how.get("va", "baseline")  # lines next to each other stand level, whatever letters they have
        y += size * POINT if va == "baseline" else 0
        self.axes.text(
            x, y, text, fontsize=size, color=colour, weight=weight, va=va, ha=how.get("ha", "left"), zorder=4
        )

    def lines(self, text: str, width: float, size: float, weight: str = "normal") -> list[str]:
        """The text broken at spaces, so that no line is wider than that many mm; formulas stay in one piece."""
        renderer = self.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        properties = FontProperties(family="DejaVu Sans", size=size, weight=weight)

        def measured(line: str) -> float:
            wide, _, _ = renderer.get_text_width_height_descent(line, properties, ismath="$" in line)
            return float(wide) / self.figure.dpi * 25.4

        broken = []
        for paragraph in text.split("\n"):
            line = ""
            for word in re.findall(r"(?:\$[^$]*\$|[^\s$])+", paragraph):
                longer = f"{line} {word}".strip()
                if line and measured(longer) > width:
                    broken.append(line)
                    line = word
                else:
                    line = longer
            broken.append(line)
        return broken

    def text(self, x: float, text: str, size: float = PLAIN, width: float | None = None, **how: str) -> None:
        """Text from here on, broken into lines; moves `y` below it."""
        for line in self.lines(text, width or WIDTH - MARGIN - x, size, how.get("weight", "normal")):
            self.put(x, self.y, line, size, **how)
            self.y += size * POINT * LEADING

    def heading(self, text: str) -> None:
        self.y += 3.5
        self.text(MARGIN, text, 11.5, weight="bold", colour=REAL)
        self.y += 1

    def paragraphs(self, text: str, size: float = PLAIN, **how: str) -> None:
        for paragraph in joined(text):
            self.text(MARGIN, paragraph, size, **how)

    def table(self, columns: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
        """A table; columns  the width of each, in mm. Its first row and its first column are bold."""
        gap = 2.5
        for number, row in enumerate(rows):
            top, bottom, x = self.y, self.y, MARGIN
            for column, (width, cell) in enumerate(zip(columns, row, strict=True)):
                bold = (number == 0 or column == 0) and "$" not in cell
                self.y = top
                self.text(x, cell, SMALL, width - gap, weight="bold" if bold else "normal")
                x, bottom = x + width, max(bottom, self.y)
            self.y = bottom + 0.8
            self.axes.plot([MARGIN, WIDTH - MARGIN], [self.y, self.y], color="#BBBBBB", linewidth=0.5)
            self.y += 1.3

    def disc(self, middle: tuple[float, float], radius: float, colour: str, edge: str = "none") -> None:
        self.axes.add_patch(Circle(middle, radius, facecolor=colour, edgecolor=edge, linewidth=0.5, zorder=3))

    def box(self, x: float, y: float, wide: float, high: float, text: str, colour: str = "white") -> None:
        self.axes.add_patch(Rectangle((x, y), wide, high, facecolor=colour, edgecolor="black", linewidth=0.9))
        self.put(x + wide / 2, y + high / 2, text, PLAIN, ha="center", va="center")

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str = "black") -> None:
        how = {"arrowstyle": "-|>", "mutation_scale": 9, "linewidth": 1.0, "color": colour, "shrinkA": 0, "shrinkB": 0}
        self.axes.add_patch(FancyArrowPatch(start, end, **how))

    def bytes(self) -> bytes:
        """The page as PDF, the same for the same text: no date in it."""
        if self.y > HEIGHT - 10:
            raise ValueError(f"{self.title}: the page is full, by {self.y - HEIGHT + 10:.0f} mm")
        file = io.BytesIO()
        about = {"Title": self.title, "CreationDate": None, "Creator": "tools/make_handouts.py"}
        self.figure.savefig(file, format="pdf", metadata=about)
        return file.getvalue()


UNDER = "Adversarial autoencoders, step by step · text CC BY 4.0"

NOTATION = r"""
symbol | in the code | what it is
$x$ | x | an image, pixels from 0 to 1, shape (N, C, H, W)
$z$ | encoder(x) | its code, shape (N, d); d = 2 here, a point of the plane
$p(z)$ | prior | the distribution that we want the codes to have; “real” for D
$q(z\,|\,x)$ | encoder(x) | the code of one image; without noise a single point
$q(z)$ | the codes | the codes of all images together, the cloud; “fake” for D
$a(z)$ | discriminator(z) | D's logits: any number, positive for “looks like a prior sample”
$D(z)$ | ….sigmoid() | the probability that D gives to “z came from the prior”; at its best $p/(p+q)$
"""
UPDATES = r"""
update | lowers | moves | holds fixed
1 reconstruction | $L_{rec}$: cross-entropy of the pixels, summed over an image, mean over images | encoder, decoder |
  D (not in it)
2 discriminator | $L_D = -E_p[\log D(z)] - E_q[\log(1-D(z))]$ | D | encoder: z.detach()
3 generator | $L_G = -E_q[\log D(z)]$ | encoder | D; its slope is used, so no detach
"""
MEANS = r"""
$E_p$, $E_q$: mean over prior samples, over codes. With logits: $-\log D = \mathrm{softplus}(-a)$, $-\log(1-D) =
  \mathrm{softplus}(a)$.
"""
FIVE_LINES = """
1. clear the gradients that an earlier step has left: backward() adds
2. the loss: encode; in update 2 cut the codes off; ask D; in update 2 also of the prior samples
3. backward(): it follows every path it finds
4. step of the optimizer that holds the parameters which should move, and no others
5. return the loss
"""
AT_REST = r"""
At rest D says 1/2: $L_D = 2\log 2 \approx 1.386$ and $L_G = \log 2 \approx 0.693$. A D that has learned nothing shows
  the same, so the losses do not tell. Ask for three figures at once:
"""
FIGURES = """
figure | how it is judged
reconstruction | squared error a pixel, next to that of always the mean image
match | MMD of codes and prior samples, next to its floor: two samples of the prior. Below 0 is chance
worth | 5-NN: how often the five nearest codes name the right digit; a guess gives 0.10
"""
PARTS = """
 | what | what it says | what to try
1 | play, step, slow motion, reset | play trains; step runs ONE phase; reset goes back to the first step, sliders stay
  as they are | three times step, before anything else
2 | grey dots: the prior p(z) | where we want codes to lie; “real” for D | choose another prior while it runs, or draw
  your own…, then use this drawing
3 | coloured dots: the codes q(z) | held-out images, a colour for each class | hover or click: what is decoded there,
  and the nearest real image
4 | the surface: D | blue: D takes a point for a prior sample; orange: for a code; white: it cannot tell. Its legend
  has the ends of the scale | watch it turn first when the prior changes
5 | arrows at a code | the pull of each phase: reconstruction and game | when are they opposed?
6 | MMD and its floor | distance of codes and prior; the floor is what two samples of the prior get. Read both, always
  | is it within three ± of the floor?
7 | sliders | weight of each phase: how far its UPDATE goes; 0 stops it. In the tug of war one slider, from
  reconstruction alone to the game alone | predict, move, look
8 | bars under the networks | how far this phase moved each of them; the others are at exactly 0 | which two are at 0
  in the generator's phase?
"""
NOT_READ_OFF = """
Losses near 1.386 and 0.693 do not mean that codes match the prior: look at 6. Pale colours do not mean that D has
  learned: a D that knows nothing is pale everywhere. A good match does not mean that codes are worth anything.
"""
CHART = """
figure | what it is | healthy (five runs)
mmd | distance of codes and prior; the floor is about 0 | {healthy mmd}
held | how much of the prior's room holds codes: 1 as the prior does, 0.05 all in one place | {healthy held}
spread | how wide the codes lie, in units of the prior's width | {healthy spread}
d_right | share of codes and prior samples that D puts on the right side; a guess is 0.5 | {healthy d_right}
push | length of the slope of $L_G$ at a code: how hard the game pushes | {healthy push}
step | how far the generator's last update moved its parameters | {healthy step}
wander | how far a code goes in 20 steps, in units of the prior's width | {healthy wander}
"""
ILLNESSES = """
illness | cause | sign (five runs each) | cure
collapse | nothing holds codes of different images apart: the reconstruction moves the decoder only, or hardly counts |
  held {collapse held} AND spread {collapse spread}: a heap. mmd {collapse mmd} |
  let the reconstruction move the encoder; or calm D by a gradient penalty
D wins | D learns much faster than the encoder | d_right {winner d_right} AND push {winner push}; the codes do not
  follow. The spread is {winner spread}: flung out, no heap | bring the two rates together. Penalty, noise and
  smoothing do not help here
a forgotten phase | a phase that never runs: commented out, wrong optimizer, a weight left at 0 | as above, d_right
  {forgotten d_right}, but step {forgotten step} | run it. In the panel: the bars after step
the saturating loss | log(1 − D) in place of −log D, against a D that is already ahead, by plain gradient descent |
  d_right {saturating d_right} AND push {saturating push}: right, and silent | −log D. (Under Adam it did no harm in
  our runs)
too high a rate | all rates ten times as high, never lowered | losses at rest ($L_D$ {rate L_D}), and wander {rate
  wander}: look twice | lower rates that fall towards the end
"""
FROM_THE_SIGN = """
1. Does a phase's update move its parameters by exactly 0?  →  a forgotten phase
2. Is D right on nearly all?  push large  →  D wins;  push nearly 0  →  the
  generator's loss: saturating, or of the wrong sign (patient E)
3. Look at the same codes 20 steps later. Far away?  →  too high a rate
4. Is little of the room held, and the spread small?  →  collapse
5. None of these, MMD near the floor, D has to guess?  →  healthy; now ask what codes are worth
"""
CLINIC = """
The losses are what the patient says. Measure from outside, on held-out images and new prior samples; read two figures
  together; and for one illness, at two moments.
"""
WARD = """
Runs of the course's own ward: small networks, codes of two numbers, 600 steps, seeds 0 to 4, lowest to highest
  (python -m aae_lib.course.ward). On other data the figures differ; the signs are what to look for.
"""


def joined(text: str) -> list[str]:
    """The lines of a text; those that begin with two spaces continue the one before."""
    return re.sub(r"\n {2}", " ", text.strip("\n")).split("\n")


def rows(text: str) -> list[list[str]]:
    """The rows of a table written as above; {illness figure} is filled in from the stored charts."""
    filled = [re.sub(r"\{(\w+) (\w+)\}", lambda m: span(m[1], m[2]), line) for line in joined(text)]
    return [[cell.strip() for cell in re.split(r" \| ", line)] for line in filled]


def span(illness: str, figure: str) -> str:
    """Lowest to highest over five seeds, from the stored charts."""
    values = [chart[figure] for chart in ward.results()[f"{illness}, untreated"]]
    low, high = min(values), max(values)
    if low == high == 0:
        return "exactly 0"
    digits = 3 if high < 0.1 else 2
    least, most = f"{low:.{digits}f}", f"{high:.{digits}f}"
    return f"about {most}" if least == most else f"{least} to {most}"


def three_updates() -> Page:
    """Notation, and the three updates."""
    page = Page("Notation and the three updates", f"For lessons 1, 3, 4 and 5 · {UNDER}")
    page.table((26, 34, 120), rows(NOTATION))
    page.heading("Three networks")
    y = page.y + 2
    page.put(MARGIN, y + 3.2, "$x$", 11)
    page.arrow((MARGIN + 5, y + 5), (MARGIN + 15, y + 5))
    page.box(MARGIN + 15, y, 26, 10, "encoder")
    page.arrow((MARGIN + 41, y + 5), (MARGIN + 55, y + 5))
    page.put(MARGIN + 57, y + 3.2, "$z$", 11)
    page.arrow((MARGIN + 62, y + 5), (MARGIN + 76, y + 5))
    page.box(MARGIN + 76, y, 26, 10, "decoder")
    page.arrow((MARGIN + 102, y + 5), (MARGIN + 114, y + 5))
    page.put(MARGIN + 116, y + 3.0, "an image: should be $x$")
    page.arrow((MARGIN + 58.3, y + 9.5), (MARGIN + 58.3, y + 20), FAKE)
    page.put(MARGIN + 60.5, y + 12.5, "fake", SMALL, colour=FAKE)
    page.box(MARGIN + 42, y + 20, 33, 10, "discriminator D")
    page.put(MARGIN, y + 22.8, "sample of $p(z)$")
    page.arrow((MARGIN + 28, y + 25), (MARGIN + 42, y + 25), REAL)
    page.put(MARGIN + 31, y + 20.5, "real", SMALL, colour=REAL)
    page.arrow((MARGIN + 75, y + 25), (MARGIN + 89, y + 25))
    page.put(MARGIN + 91, y + 23, "prior or code? It never sees an image.")
    page.y = y + 32
    page.heading("Three updates, in turn, in every batch: which loss, whose parameters")
    page.table((35, 70, 33, 42), rows(UPDATES))
    page.paragraphs(MEANS, SMALL)
    page.heading("An update in five lines, in words")
    page.paragraphs(FIVE_LINES)
    page.heading("Is it done?")
    page.paragraphs(AT_REST)
    page.y += 1.5
    page.table((36, 144), rows(FIGURES))
    return page


def panel() -> Page:
    """How to read the live panel: a sketch with numbers, and what they are."""
    page = Page("How to read the panel", f"For lessons 0, 3, 4 and 5 · {UNDER}")
    top, side, left = page.y + 9, 74.0, MARGIN + 4
    page.axes.add_patch(Rectangle((left, top), side, side, facecolor="#FBEDE3", edgecolor="#555555", linewidth=0.8))
    centre = (left + side / 2, top + side / 2)
    spots = [(0.86, 0.0), (0.43, 0.74), (-0.43, 0.74), (-0.86, 0.0), (-0.43, -0.74), (0.43, -0.74)]
    chance = random.Random(5)
    for k, (u, v) in enumerate(spots):
        x, y = centre[0] + u * 29, centre[1] - v * 29
        page.disc((x, y), 8.5, "#E3EFF7")
        for radius, colour in [(0.7, "#8C8C8C")] * 14 + [(1.1, CLASS_COLOURS[k])] * 11:
            page.disc((x + chance.gauss(0, 3), y + chance.gauss(0, 3)), radius, colour, edge="white")
    at = (centre[0] + 3, centre[1] + 4)
    page.disc(at, 1.3, "white", edge="black")
    page.arrow((at[0] + 1.3, at[1] - 0.8), (at[0] + 9, at[1] - 6), "#009E73")
    page.arrow((at[0] - 1.3, at[1] + 0.4), (at[0] - 9, at[1] + 3), "#E6308A")
    page.put(left, top - 5.5, "▶ play     step     slow motion     reset     stop", SMALL)
    page.put(left + side, top + side + 1.5, "MMD 0.037 (floor 0.002 ± 0.009)", SMALL, ha="right")
    right = left + side + 10
    for k, name in enumerate(("reconstruction", "discriminator", "generator")):
        y = top + 6 + 8 * k
        page.put(right, y - 1.8, name, SMALL)
        page.axes.plot([right + 28, right + 66], [y, y], color="#B9C3CE", linewidth=3, solid_capstyle="round")
        page.disc((right + 43, y), 1.8, "#0B5CAD", edge="white")
    y = top + 36
    for x, name in ((right, "encoder"), (right + 42, "decoder")):
        page.box(x, y, 24, 8, name)
    page.arrow((right + 24, y + 4), (right + 42, y + 4))
    page.put(right + 32, y - 0.5, "$z$")
    page.arrow((right + 33, y + 4), (right + 33, y + 15))
    page.box(right + 19, y + 15, 28, 8, "discriminator")
    for x, below, wide, moved in (
        (right, y + 9.5, 24, 15),
        (right + 42, y + 9.5, 24, 0),
        (right + 19, y + 24.5, 28, 0),
    ):
        page.axes.add_patch(Rectangle((x, below), wide, 1.6, facecolor="#E1E5EA", edgecolor="none"))
        if moved:
            page.axes.add_patch(Rectangle((x, below), moved, 1.6, facecolor="#E6308A", edgecolor="none"))
    numbered = (
        *((left - 5, top - 4), (centre[0] + 36, centre[1] - 7), (centre[0] - 1.5, centre[1] - 29.5)),
        *((left + 5, top + 5), (at[0] + 12, at[1] - 8), (left + 8, top + side + 3.6)),
        *((right + 72, top + 6), (right + 72, y + 4)),
    )
    for n, place in enumerate(numbered, 1):
        page.disc(place, 2.4, "black", edge="white")
        page.put(*place, str(n), 8, ha="center", va="center", colour="white", weight="bold")
    page.y = top + side + 9
    page.table((9, 40, 70, 61), rows(PARTS))
    page.heading("Not to be read off")
    page.paragraphs(NOT_READ_OFF)
    page.y += 1
    sketch = "The drawing is a sketch, not a run. In the tug of war some of this is behind the button “more”."
    page.text(MARGIN, sketch, SMALL, colour="#444444")
    return page


def clinic() -> Page:
    """The five illnesses of lesson 6: cause, sign, cure."""
    page = Page("The clinic: when training fails", f"For lesson 6 · {UNDER}")
    page.paragraphs(CLINIC)
    page.heading("The chart")
    page.table((22, 114, 44), rows(CHART))
    page.heading("Five illnesses")
    page.table((28, 46, 64, 42), rows(ILLNESSES))
    page.heading("From the sign to the illness")
    page.paragraphs(FROM_THE_SIGN)
    page.y += 3
    page.paragraphs(WARD, SMALL, colour="#444444")
    return page


HANDOUTS: dict[str, Callable[[], Page]] = {"three_updates": three_updates, "panel": panel, "clinic": clinic}


def make() -> dict[str, bytes]:
    """Name -> PDF."""
    with matplotlib.rc_context(SETTINGS):
        return {name: page().bytes() for name, page in HANDOUTS.items()}


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the handouts, or compare; returns the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true", help="write nothing; fail on any difference in the text")
    check = options.parse_args(arguments).check
    differ = []
    for name, content in make().items():
        path = folder / f"{name}.pdf"
        if check and (not path.exists() or words(path.read_bytes()) != words(content)):
            differ.append(path.name)
        if not check:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(f"{path.name}: {len(content) // 1000} kB")
    if differ:
        print(f"{', '.join(differ)}: run python tools/make_handouts.py", file=sys.stderr)
    return 1 if differ else 0


def words(pdf: bytes) -> str:
    """What the page's text operators show, in order: ASCII, without spaces and ligatures. Enough to compare two."""
    shown = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if b" Tf" in content:
            for text in re.findall(rb"\(((?:\\.|[^\\()])*)\)", content, re.S):
                shown.append(re.sub(rb"\\(.)", rb"\1", text).decode("latin-1"))
    return re.sub(r"[^!-~]+", "", "".join(shown))


if __name__ == "__main__":
    sys.exit(main())
