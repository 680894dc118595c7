"""A drawing as a prior: strokes of a round brush, painted into a picture.

A stroke is {"width": w, "points": [[x, y], ...]}: the width of the brush and where it went, in units of z.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import anywidget
import torch
import traitlets
from torch import Tensor

from ..arguments import count, takes
from ..plots.common import check_extent
from ..priors import Picture
from .wire import SHARED, built
from .wishes import STROKES

EXTENT = tuple(map(float, SHARED["pad_extent"]))
FINER = 4  # a pixel of the prior has 4 x 4 places that hold ink or not: thin strokes and edges keep their mass
# A prior of 64 x 64 pixels is the largest whose numbers a checkpoint stores, so that the model can be loaded without
# drawing again. A pixel is then 0.125 of the usual extent, about the narrowest brush
SIZE = 64
POINTS = 10_000  # of a stroke, at most

Stroke = Mapping[str, Any]


@takes(size=count(most=4096))
def paint(strokes: Sequence[Stroke], extent: Sequence[float] = EXTENT, size: int = 128) -> Tensor:
    """The ink: (size, size) float32, top row first, 1 where a pixel's centre is at most width/2 from a stroke, else 0.

    A stroke of one point is a disc. What lies outside the extent (left, right, bottom, top), in units of z, is cut off.
    Raises ValueError for anything that is not a stroke, for an extent out of order and for a size that cannot be.
    """
    left, right, bottom, top = check_extent(extent)
    pixel, row = (right - left) / size, torch.arange(size)[:, None]
    y = top - (row.double() + 0.5) * (top - bottom) / size
    steps = torch.zeros(size * (size + 1), dtype=torch.int64)  # +1 where ink begins in a row, -1 where it ends
    for points, width in _checked(strokes):
        begin, end = _spans(points, width / 2, y)
        begin = ((begin - left) / pixel - 0.5).ceil().clamp(0, size).long()
        end = ((end - left) / pixel + 0.5).floor().clamp(0, size).long().maximum(begin)
        for columns, step in ((begin, 1), (end, -1)):
            steps += step * (row * (size + 1) + columns).flatten().bincount(minlength=len(steps))
    return (steps.view(size, size + 1).cumsum(1)[:, :size] > 0).float()


@takes(size=count(most=4096 // FINER))
def drawn_prior(strokes: Sequence[Stroke], extent: Sequence[float] = EXTENT, size: int = SIZE) -> Picture:
    """The drawing as a prior: uniform over the ink inside the extent, in size x size pixels; see `paint`.

    A stroke narrower than a quarter of a pixel counts as that wide, so that none is lost.
    Raises ValueError as `paint` does, and where there is no ink inside the extent.
    """
    left, right, bottom, top = check_extent(extent)
    hair = 1.01 * math.hypot(right - left, top - bottom) / (FINER * size)  # a disc this wide holds a centre anywhere
    thick = [{"width": max(width, hair), "points": points} for points, width in _checked(strokes)]
    fine = paint(thick, extent, FINER * size)
    if not fine.any():
        raise NothingDrawnError(
            f"nothing is drawn yet in x from {left:g} to {right:g}, y from {bottom:g} to {top:g}: "
            "draw with the mouse, a pen or a finger, then run this cell, or press the button, again."
        )
    return Picture(torch.nn.functional.avg_pool2d(fine[None], FINER)[0], extent)


class NothingDrawnError(ValueError):
    """A drawing without ink. A notebook shows the sentence alone: the lines that led to it are the library's own."""

    def _render_traceback_(self) -> list[str]:
        return [f"→ {self}"]


class Pad(anywidget.AnyWidget):
    """A pad to draw a prior on, with mouse, pen, finger or keyboard; as the last line of a cell it is shown.

    strokes  what is drawn, a list of {"width": w, "points": [[x, y], ...]} in units of z; may be given or set
    extent   (left, right, bottom, top) of the pad in units of z; default (-4, 4, -4, 4)

    `pad.prior()` is then a prior like any other: `AAE(..., prior=pad.prior())`. Without a page it works too.
    """

    _esm = built("panel.js")
    _css = built("panel.css")
    strokes: Any = traitlets.Any().tag(sync=True)  # Any: what it is, `_checked` says better than traitlets
    extent: Any = traitlets.Any().tag(sync=True)

    @traitlets.default("strokes")
    def _no_strokes(self) -> list[Stroke]:
        return []

    @traitlets.default("extent")
    def _usual_extent(self) -> list[float]:
        return list(EXTENT)

    def prior(self) -> Picture:
        """The drawing as a prior, uniform over the ink. ValueError (a sentence) while nothing is drawn."""
        return drawn_prior(self.strokes, self.extent)

    def undo(self) -> None:
        """Take back the last stroke, if there is one."""
        self.strokes = self.strokes[:-1]

    def clear(self) -> None:
        """Take back all strokes."""
        self.strokes = []

    @traitlets.validate("strokes")
    def _check_strokes(self, proposal: Mapping[str, Any]) -> list[Stroke]:
        list(_checked(proposal["value"]))
        return list(proposal["value"])

    @traitlets.validate("extent")
    def _check_extent(self, proposal: Mapping[str, Any]) -> list[float]:
        return list(check_extent(proposal["value"]))


def _checked(strokes: Sequence[Stroke]) -> Iterator[tuple[Tensor, float]]:
    """Each stroke's points (m, 2) float64, m at least 1, and its width."""
    if not isinstance(strokes, list | tuple):
        raise ValueError(f"strokes is a list of strokes, not {type(strokes).__name__}.")
    if len(strokes) > STROKES:
        raise ValueError(f"strokes is a list of at most {STROKES:,} strokes; these are {len(strokes):,}.")
    for number, stroke in enumerate(strokes, 1):
        try:
            points, width = torch.as_tensor(stroke["points"], dtype=torch.float32), float(stroke["width"])
            fits = points.ndim == 2 and points.shape[1] == 2 and len(points) and points.isfinite().all()
        except (KeyError, TypeError, ValueError, RuntimeError, OverflowError):
            fits = False
        if fits and len(points) > POINTS:
            raise ValueError(f"stroke {number} has {len(points):,} points; a stroke has at most {POINTS:,}.")
        if not fits or not 0 < width < math.inf:
            raise ValueError(
                f'stroke {number} is not a stroke: it is {{"width": w, "points": [[x, y], ...]}} with a width above 0, '
                "at least one point, and finite numbers only."
            )
        yield points.double(), width


def _spans(points: Tensor, radius: float, y: Tensor) -> tuple[Tensor, Tensor]:
    """From where to where each segment's ink reaches in rows y (rows, 1): two (rows, segments) of x, or inf and -inf.

    The ink of a segment from a to b is swept by a disc. It is convex, so a row meets it in one interval, whose ends lie
    on the disc round a + t(b - a) for a t in closed form: where the straight edge crosses the row, or else t = 0 or 1.
    """
    a, b = points, torch.cat([points[1:], points[-1:]])  # the last point alone, too: a stroke may have but one
    swap = (b[:, 1] < a[:, 1]) | ((b[:, 1] == a[:, 1]) & (b[:, 0] < a[:, 0]))
    a, b = torch.where(swap[:, None], b, a), torch.where(swap[:, None], a, b)  # upwards; if level, to the right
    d = b - a
    normal_y = d[:, 0] / d.norm(dim=1).clamp(min=1e-300)  # of the unit normal that points left
    ends = []
    for side in (-1, 1):
        t = (y - a[:, 1] + side * radius * normal_y) / d[:, 1]
        t = t.nan_to_num((side + 1) / 2, posinf=1, neginf=0).clamp(0, 1)
        high = y - (a[:, 1] + t * d[:, 1])
        reach = (radius * radius - high * high).sqrt()  # NaN where the row passes the disc by
        ends.append((a[:, 0] + t * d[:, 0] + side * reach).nan_to_num(-side * math.inf, math.inf, -math.inf))
    return ends[0], ends[1]
