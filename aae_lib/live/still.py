"""The panel as a picture: what a reader of the saved notebook sees, and whoever has no widgets."""

from ..models import can
from ..plots import common
from ..plots.codes import _clouds, _name_axes
from ..plots.picture import Picture
from .lane import Lane


def still(lanes: list[Lane]) -> Picture:
    """Codes over the prior of each lane, and below them its losses' last values and the MMD."""
    figure, axes = common.blank(len(lanes), figsize=(7.0 * len(lanes), 6.2))
    told = []
    for ax, lane in zip(axes, lanes, strict=True):
        scene = lane.scene
        z = scene.plane.project(scene.codes()).cpu()
        labels = lane.scene.split.labels if can(scene.model).encode else None
        _clouds(ax, z, labels, scene.plane.project(scene.prior).cpu(), (0, 1), "codes q(z)", "prior p(z)")
        _name_axes(ax, (0, 1))
        mmd = "" if lane.mmd is None else f"   MMD {lane.mmd:.4f} (floor {scene.floor.mean:.4f} ± {scene.floor.sd:.4f})"
        told.append(f"{lane.name}: step {lane.steps:,}{mmd}")
        common.title(ax, told[-1])
    figure.alt = f"Live panel as a picture: codes q(z) over samples of the prior p(z). {'; '.join(told)}."
    return figure
