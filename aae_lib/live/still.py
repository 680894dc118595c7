"""The panel as a picture: what a reader of the saved notebook sees, or anyone without widgets."""

from ..models import can
from ..plots import common
from ..plots.codes import _clouds, _name_axes
from ..plots.picture import Picture
from .run import Run


def still(runs: list[Run]) -> Picture:
    """Codes over the prior of each run, and below them its losses' last values and the MMD."""
    figure, axes = common.blank(len(runs), figsize=(7.0 * len(runs), 6.2))
    told = []
    for ax, run in zip(axes, runs, strict=True):
        view = run.view
        z = view.plane.project(view.codes()).cpu()
        labels = run.view.split.labels if can(view.model).encode else None
        _clouds(ax, z, labels, view.plane.project(view.prior).cpu(), (0, 1), "codes q(z)", "prior p(z)")
        _name_axes(ax, (0, 1))
        mmd = "" if run.mmd is None else f"   MMD {run.mmd:.4f} (floor {view.floor.mean:.4f} ± {view.floor.sd:.4f})"
        told.append(f"{run.name}: step {run.steps:,}{mmd}")
        common.title(ax, told[-1])
    figure.alt = f"Live panel as a picture: codes q(z) over samples of the prior p(z). {'; '.join(told)}."
    return figure
