"""The panel as a picture: what a reader of the saved notebook sees, or anyone without widgets."""

import math

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from ..models import can
from ..plots import common
from ..plots.classes import _heads
from ..plots.codes import BELIEF, _clouds
from ..plots.picture import Picture
from . import sliders
from .run import Run

DOTS = 400  # codes and prior samples drawn, at most: a picture is to be small in its notebook
COLUMNS = 4  # losses in a row
SMALL = common.SIZE - 3  # of the text next to the plane, in points
# where a slider's handle stands, from 0 to 1; the page's scales.ts has the same
PLACES = {
    "linear": lambda low, high, value: (value - low) / (high - low),
    "whole": lambda low, high, value: (value - low) / (high - low),
    "square": lambda low, high, value: math.sqrt((value - low) / (high - low)),
    "log": lambda low, high, value: math.log(value / low) / math.log(high / low),
}


def plane(runs: list[Run]) -> Picture:
    """Codes over the prior, one run next to the other: quick to draw."""
    figure, axes = common.blank(len(runs), figsize=(7.0 * len(runs), 6.2))
    for ax, run in zip(axes, runs, strict=True):
        _codes(ax, run)
    figure.alt = f"{_named(runs[0]).capitalize()} over samples of the prior p(z). {_told(runs)}"
    return figure


def still(runs: list[Run], tug: bool = False) -> Picture:
    """All that the panel shows, a row for each run: plane, sliders (`tug`: the one), losses, match, images."""
    figure = Picture(figsize=(12.4, 6.4 * len(runs)), dpi=80, layout="constrained", facecolor="white")
    for part, run in zip(figure.subfigures(len(runs), 1, squeeze=False)[:, 0], runs, strict=True):
        with run.trainer.lock:
            run.trainer.flush()
            if run.mmd_at != run.steps:
                run.measure()
            _run(part, run, tug)
    rest = "the distance to the prior, and images" if runs[0].view.has_decoder else "and the distance to the prior"
    dots = "Codes, coloured by class, lie" if runs[0].view.dots == "codes" else "Points lie"
    figure.alt = (
        f"The live panel as a picture. {_told(runs)} {dots} over grey samples of the prior; "
        f"next to them are the sliders with their values, the losses, {rest}."
    )
    return figure


def _named(run: Run) -> str:
    return "codes q(z)" if run.view.dots == "codes" else run.view.dots


def _told(runs: list[Run]) -> str:
    return " ".join(f"{_title(run)}." for run in runs)


def _title(run: Run) -> str:
    floor = run.view.floor
    mmd = "" if run.mmd is None else f"   MMD {run.mmd:.4f} (floor {floor:.4f})"
    return f"{run.name}: step {run.steps:,}{mmd}"


def _run(figure: SubFigure, run: Run, tug: bool) -> None:
    tug = tug and sliders.tugged(run.trainer)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.2, 1])[0]
    _codes(left.add_subplot(), run, over=True)
    pictures = run.view.pictures() if run.view.has_decoder else None
    of_losses = -(-len(run.trainer.phases) // COLUMNS) if run.steps else 0  # rows
    parts = {"sliders": 0.35 if tug else 0.18 * len(sliders.sliders(run.trainer)), "losses": of_losses, "match": 1.1}
    heights = {name: height for name, height in (parts | {"images": pictures is not None}).items() if height}
    rows = right.subfigures(len(heights), 1, squeeze=False, height_ratios=list(heights.values()))[:, 0]
    part = dict(zip(heights, rows, strict=True))
    (_tug if tug else _sliders)(part["sliders"].add_subplot(), run)
    if "losses" in part:
        _losses(part["losses"], run)
    _match(part["match"].add_subplot(), run)
    if pictures is not None:
        _images(part["images"].add_subplot(), pictures)


def _codes(ax: Axes, run: Run, over: bool = False) -> None:
    """The plane; `over` D's surface, and with a map's heads."""
    view = run.view
    z = view.plane.project(view.codes()).cpu()
    labels = run.view.split.labels[:DOTS] if can(view.model).encode else None
    prior = view.plane.project(view.prior[:DOTS]).cpu()
    names = common.class_names(view.split)
    _clouds(ax, z[:DOTS], labels, prior, (0, 1), _named(run), "prior p(z)", names, marked=not over)
    ax.set_xlabel(view.plane.names[0], fontsize=common.SIZE + 2)
    ax.set_ylabel(view.plane.names[1], fontsize=common.SIZE + 2)
    ax.set_title(_title(run), fontsize=common.SIZE, loc="left", pad=10)
    ax.tick_params(labelsize=SMALL)
    if not over:
        return
    extent = view.extent(z)
    if view.has_surface:
        belief = view.surface(extent)
        swing = abs(belief - 0.5).max() + 1e-9  # stretched, as on the page: near a tie one would see nothing
        levels = np.linspace(0.5 - swing, 0.5 + swing, 12)  # flat shades: the picture is half as large in the file
        ax.contourf(belief, levels, extent=extent, origin="upper", cmap=BELIEF, alpha=0.5, zorder=0)
        told = f"D(z) from {belief.min():.2f} (orange) to {belief.max():.2f} (blue)"
        ax.text(0.02, 0.02, told, transform=ax.transAxes, fontsize=SMALL, backgroundcolor="white")
    if view.can.heads:
        extent = _heads(ax, view.plane.project(view.model.cluster_heads.detach()).cpu(), extent)
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=extent[:2], ylim=extent[2:])


def _colours(run: Run) -> dict[str, str]:
    return {phase.name: sliders.colour(run.trainer, i) for i, phase in enumerate(run.trainer.phases)}


def _sliders(ax: Axes, run: Run) -> None:
    """Each slider as a line with its handle, in the panel's order."""
    rows = sliders.sliders(run.trainer)
    ax.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    ax.axis("off")
    for row, one in enumerate(rows):
        low, high = one["min"], one["max"]
        place = PLACES[one["scale"]](low, high, min(max(low, one["value"]), high))  # code may set what no hand can
        ax.text(0.44, row, one["label"], ha="right", va="center", fontsize=SMALL)
        ax.plot([0.48, 0.86], [row, row], color="#BBBBBB", linewidth=2.5, solid_capstyle="round")
        ax.plot(0.48 + 0.38 * place, row, "o", color=one["colour"] or "#555555", markersize=7)
        ax.text(0.9, row, f"{one['value']:.3g}", va="center", fontsize=SMALL)


def _tug(ax: Axes, run: Run) -> None:
    """The one slider between reconstruction and game."""
    a, b = sliders.TUG
    ax.set(xlim=(0, 1), ylim=(-1, 1))
    ax.axis("off")
    ax.text(0.28, 0, a, ha="right", va="center", fontsize=SMALL, color=_colours(run)[a])
    ax.text(0.72, 0, f"game ({b})", va="center", fontsize=SMALL, color=_colours(run)[b])
    ax.plot([0.32, 0.68], [0, 0], color="#BBBBBB", linewidth=2.5, solid_capstyle="round")
    ax.plot(0.32 + 0.36 * sliders.tug_place(run.trainer), 0, "o", color="#555555", markersize=9)


def _losses(figure: SubFigure, run: Run) -> None:
    """The loss of each phase in the colour of its slider."""
    colours = _colours(run)
    rows = np.array(run.trainer.records.thinned(300), dtype=float).reshape(-1, 1 + len(colours))
    for k, (name, colour) in enumerate(colours.items()):
        ax = figure.add_subplot(-(-len(colours) // COLUMNS), min(len(colours), COLUMNS), 1 + k)
        ax.plot(rows[:, 0], rows[:, 1 + k], color=colour, linewidth=1.2)
        if (kept := rows[np.isfinite(rows[:, 1 + k]), 1 + k]).size:  # a few wild steps at the start hide the rest
            low, high = np.quantile(kept, [0, 0.98])
            top = high + 0.1 * (high - low + 1e-9)
            ax.set_ylim(low - 0.05 * (high - low + 1e-9), top)
            if kept.max() > top:  # a curve comes down from the left
                told = f"▲ up to {kept.max():.3g}"
                ax.text(1, 1, told, fontsize=SMALL - 1, ha="right", va="top", transform=ax.transAxes, color="#555555")
        ax.locator_params(nbins=3)
        _small(ax, f"loss of {name}" if len(colours) < COLUMNS else name)


def _match(ax: Axes, run: Run) -> None:
    """The MMD with its floor, as far as it was taken."""
    floor = run.view.floor
    ax.axhspan(floor.mean - 2 * floor.sd, floor.mean + 2 * floor.sd, color="#009E73", alpha=0.2)
    steps, values = np.array(run.mmds, dtype=float).reshape(-1, 2).T
    ax.plot(steps, values, ".-", color="#009E73", linewidth=1.6)
    ax.set_yscale("symlog", linthresh=0.01)
    ax.yaxis.set_major_formatter("{x:g}")  # plain text: the default's formulas are not safe in a thread
    ax.set(xlim=(0, max(1, run.steps)), ylim=(min(-0.01, floor.mean - 2 * floor.sd), max([0.1, *(1.5 * values)])))
    _small(ax, f"MMD of {run.view.dots} and prior; the band is its floor ± 2 sd")


def _small(ax: Axes, text: str) -> None:
    ax.set_title(text, fontsize=SMALL, loc="left", pad=3)
    ax.tick_params(labelsize=SMALL - 1)
    ax.spines[["top", "right"]].set_visible(False)


def _images(ax: Axes, pictures: np.ndarray) -> None:
    """Images, their reconstructions, decoded prior samples; pictures (3, k, H, W, C)."""
    rows, columns = pictures.shape[:2]
    common.gallery(ax, torch.from_numpy(pictures).flatten(0, 1).permute(0, 3, 1, 2), columns)
    ax.set_yticks(range(rows), ["images", "reconstructed", "prior, decoded"], fontsize=SMALL)
