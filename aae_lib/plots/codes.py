"""Plots of latent space: codes q(z) over the prior p(z), and what the discriminator makes of the plane."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.mathtext import MathTextParser
from matplotlib.patheffects import withStroke
from torch import Tensor

from ..arguments import WIDEST, Kind, count, takes, text
from ..data import Split
from ..metrics.checks import MANY, SPLIT, a_model, codes_of, whole
from ..metrics.classes import styles
from ..models import Model, can, of_one_moment
from . import common
from .picture import Picture

Size = tuple[float, float] | None
BELIEF = LinearSegmentedColormap.from_list("game", [common.FAKE, "#FFFFFF", common.REAL])  # D(z) from 0 to 1
DARK_BLUE, DARK_ORANGE = "#003A5C", "#6B2C00"  # dots that stand out from a surface in the lighter blue and orange


def _symbol(value: str) -> str:
    if "$" in text().take(value):
        MathTextParser("path").parse(common.axis_name(0, value))  # as matplotlib will do when it draws
    return value


SYMBOL = Kind("a word, or a formula that matplotlib can set, such as 'z' or '$x$'", _symbol)


@takes(axes=common.AXES, symbol=SYMBOL, figsize=common.FIGSIZE)
def points(
    x: Tensor, labels: Tensor | None = None, reference: Tensor | None = None, axes: tuple[int, int] = (0, 1),
    *, symbol: str = "z", figsize: Size = None,
) -> Picture:  # fmt: skip
    """Points in the plane, coloured and numbered by class, over reference points in grey.

    Parameters
    ----------
    x : tensor
        (N, d), at least one point.
    labels : tensor, optional
        (N,) whole numbers; -1 means "no label".
    reference : tensor, optional
        (M, d).
    axes : pair of int, default (0, 1)
        The two coordinates to draw, counted from 0, and named z₁, z₂.
    symbol : str, default "z"
        Name of the coordinates; "x": x₁, x₂.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For shapes that do not fit, and for numbers that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("blobs")
    >>> points(data.test.images, data.test.labels, symbol="x")
    500 points in the plane.
    """
    x = common.check_points(x)
    labels = None if labels is None else whole(labels)
    reference = None if reference is None else common.check_points(reference, "reference")
    figure, (ax,) = common.blank(figsize=figsize or (8.0, 7.0))
    _clouds(ax, x, labels, reference, axes, "points", "reference")
    _name_axes(ax, axes, symbol)
    figure.alt = f"{len(x)} points in the plane{'' if reference is None else f' over {len(reference)} in grey'}."
    return figure


@takes(
    model=a_model("encode"), split=SPLIT, n=MANY, axes=common.AXES, generator=common.GENERATOR, figsize=common.FIGSIZE
)  # fmt: skip
@of_one_moment
def latent(
    model: Model, split: Split, n: int = 2000, axes: tuple[int, int] = (0, 1),
    generator: torch.Generator | None = None, *, figsize: Size = None,
) -> Picture:  # fmt: skip
    """q(z) over p(z): the codes of images, coloured by class, over as many prior samples in grey.

    Its number, or its name where that is known, marks each class at the code nearest its median.

    Parameters
    ----------
    model : Model
        With `encode`.
    split : Split
        The images.
    n : int, default 2000
        At most this many are drawn; of more, a random part.
    axes : pair of int, default (0, 1)
        The two coordinates to draw, counted from 0. Codes of one dimension are spread out over the height of the
        picture, at random.
    generator : torch.Generator, optional
        Of the random part and the prior samples; None: one seeded with 0.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For an empty split, for axes that the code does not have, and for codes that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> latent(aae.AE(data.image_shape), data.test)
    Scatter plot of 297 codes coloured by class, over 297 samples of the prior in grey.
    """
    generator = common.own_generator(generator)
    images, labels = common.random_part(split, n, generator)
    z = codes_of(model, images)
    prior = common.prior_sample(model, len(z), generator)
    line = z.shape[1] == 1
    if line:
        z, prior = (torch.cat([x, torch.rand(len(x), 1, generator=generator)], 1) for x in (z, prior))
    figure, (ax,) = common.blank(figsize=figsize or (8.0, 7.0))
    _clouds(ax, z, labels, prior, axes, "codes q(z)", "prior p(z)", common.class_names(split))
    _name_axes(ax, axes)
    if line:
        ax.set_ylabel("spread out, to be seen")
        ax.set_yticks([])
    common.title(ax, f"{len(z)} codes q(z) over {len(z)} samples of the prior p(z)")
    figure.alt = f"Scatter plot of {len(z)} codes coloured by class, over {len(z)} samples of the prior in grey."
    return figure


@takes(
    model=a_model(), split=SPLIT, n=MANY, generator=common.GENERATOR, label=count(-1, WIDEST), figsize=common.FIGSIZE
)  # fmt: skip
@of_one_moment
def surface(
    model: Model, split: Split | None = None, extent: tuple[float, float, float, float] | None = None,
    n: int = 300, generator: torch.Generator | None = None, *, label: int | None = None, figsize: Size = None,
) -> Picture:  # fmt: skip
    """The discriminator's belief D(z) = sigmoid(logits) over the latent plane, with prior samples and codes on top.

    Blue: D takes z for a prior sample; orange: for a code; white and the black line: D = 1/2, it cannot tell. On a map,
    whose code is c = W y + z, it is the styles z that D plays with, and these are drawn.

    Parameters
    ----------
    model : Model
        With a discriminator and 2-D codes.
    split : Split, optional
        The images whose codes are drawn; None: no codes.
    extent : tuple of float, optional
        (left, right, bottom, top): the part of the plane, by default the square around 99 % of what is drawn.
    n : int, default 300
        Prior samples, and codes, to draw.
    generator : torch.Generator, optional
        Of prior samples and codes; None: one seeded with 0.
    label : int, optional
        Of a discriminator that is told classes: it has a surface for each, and only that class's codes are drawn, and
        only that class's prior samples where its prior is one of its own (-1: "no label", and all of them; D knows
        that case only if it met images without a label).
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For a model without a discriminator, for a label that is missing or out of range, for a split without that
        class, and for codes that are not 2-D.

    Examples
    --------
    >>> import aae_lib as aae
    >>> surface(aae.AAE((1, 8, 8), seed=0)).alt[:45]
    "Map of the discriminator's output over the la"
    """
    if not callable(getattr(model, "discriminator", None)):
        raise ValueError(f"This {type(model).__name__} has no discriminator to draw: an AAE has one.")
    common.need_plane(model, "The discriminator's surface")
    if split is not None and not can(model).encode:
        raise ValueError(f"This {type(model).__name__} gives no codes of images to draw: leave split out.")
    y = _told(model, label)
    if extent is not None:
        extent = common.check_extent(extent)
    generator = common.own_generator(generator)
    # where the category is a part of the code, one prior of the style holds for all classes
    labels = None if label is None or can(model).categories else torch.full((n,), label)
    prior = common.prior_sample(model, n, generator, labels, of_style=True)
    clouds = [(prior, "prior samples, “real”", DARK_BLUE, "o")]
    if split is not None:
        if label is not None and label >= 0:
            split = split.take((split.labels == label).nonzero()[:, 0])
            if len(split) == 0:
                raise ValueError(f"This split has no image labelled {label}: take another one, or leave split out.")
        z = styles(model, common.random_part(split, n, generator)[0]).float()
        clouds.append((z, "codes, “fake”", DARK_ORANGE, "^"))
    if extent is None:
        extent = common.extent_of(torch.cat([cloud for cloud, *_ in clouds]))
    left, right, bottom, top = extent = common.check_extent(extent)
    z1, z2, belief = _belief(model, extent, y)

    figure, (ax,) = common.blank(figsize=figsize or (8.6, 7.0))
    drawn = ax.imshow(belief, origin="lower", extent=extent, cmap=BELIEF, vmin=0, vmax=1)
    if belief.min() < 0.5 < belief.max():
        ax.contour(z1.numpy(), z2.numpy(), belief, levels=[0.5], colors="black", linewidths=2.5)
    for cloud, name, colour, marker in clouds:
        first, second = cloud.T.numpy()
        ax.scatter(first, second, s=34, c=colour, marker=marker, edgecolors="white", linewidths=0.7, label=name)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    _name_axes(ax, (0, 1))
    bar = figure.colorbar(drawn, ax=ax, ticks=[0, 0.25, 0.5, 0.75, 1], shrink=0.85)
    bar.ax.tick_params(labelsize=common.SIZE)
    bar.set_label("D(z), belief that z is a prior sample", fontsize=common.SIZE)
    figure.legend(loc="outside lower center", ncols=2, fontsize=common.SIZE, frameon=False, markerscale=1.6)
    told = "" if label is None else f", told class {label}" if label >= 0 else ", told no label"
    common.title(ax, f"The discriminator’s belief{told}: D(z) from {belief.min():.2f} to {belief.max():.2f}")
    figure.alt = (
        f"Map of the discriminator's output over the latent plane, from {belief.min():.2f} to {belief.max():.2f}, "
        f"under {' and '.join(name for _, name, *_ in clouds)}."
    )
    return figure


def _belief(
    model: Model, extent: tuple[float, float, float, float], y: Tensor | None, side: int = 160
) -> tuple[Tensor, Tensor, np.ndarray]:
    """D(z) on a grid of cells: their centres along both axes (side,), and D at each, (z2, z1)."""
    left, right, bottom, top = extent
    z1 = torch.linspace(left, right, 2 * side + 1)[1::2]
    z2 = torch.linspace(bottom, top, 2 * side + 1)[1::2]
    grid = torch.stack(torch.meshgrid(z1, z2, indexing="xy"), -1).reshape(-1, 2)
    device = next(model.parameters()).device
    with torch.no_grad():
        logits = model.discriminator(grid.to(device), y if y is None else y.expand(len(grid)).to(device))
    if logits.numel() != len(grid):
        raise ValueError(
            f"This discriminator gives {tuple(logits.shape)} for {len(grid)} codes: a surface is drawn of one number "
            "for each."
        )
    return z1, z2, logits.float().sigmoid().reshape(side, side).cpu().numpy()


def _clouds(
    ax: Axes,
    x: Tensor,
    labels: Tensor | None,
    reference: Tensor | None,
    axes: tuple[int, int],
    name: str,
    behind: str,
    class_names: tuple[str, ...] | None = None,
    marked: bool = True,
) -> None:
    """Draw x over `reference`; `marked`: with each class's number or name in its middle."""
    x = common.check_points(x, "codes")
    if not all(axis < x.shape[1] for axis in axes):
        raise ValueError(f"axes={axes!r} must be two of the {x.shape[1]} coordinates of z, counted from 0.")
    if labels is not None and len(labels) != len(x):
        raise ValueError(f"{len(x)} points came with {len(labels)} labels: each point needs one (-1 for none).")
    if reference is not None and reference.shape[1] != x.shape[1]:
        raise ValueError(f"reference has {reference.shape[1]} coordinates and x {x.shape[1]}: they must be the same.")
    x = x[:, list(axes)]
    labels = torch.full((len(x),), -1) if labels is None else labels.cpu()
    if reference is not None:
        first, second = reference.detach().cpu()[:, list(axes)].T.numpy()
        ax.scatter(first, second, s=16, c=common.PRIOR, linewidths=0, label=behind)
    classes = [int(k) for k in labels.unique() if k >= 0]
    colour = {k: common.class_colour(k) for k in classes}
    colour[-1] = "white" if classes else common.UNLABELLED  # hollow dots among coloured ones
    edge = dict.fromkeys(classes, "white") | {-1: common.UNLABELLED if classes else "white"}
    # One scatter in the order given, not one a class: the last class would lie over all others.
    ks = labels.clamp_min(-1).tolist()
    first, second = x.T.numpy()
    ax.scatter(first, second, s=24, c=[colour[k] for k in ks], edgecolors=[edge[k] for k in ks], linewidths=0.5)
    shown = x if reference is None else torch.cat([x, reference.detach().cpu()[:, list(axes)]])
    numeral = 0.06 * float((shown.amax(0) - shown.amin(0)).max())
    middles = _middles([x[labels == k] for k in classes], apart=numeral)
    for k, middle in zip(classes, middles, strict=True):
        word, size = (class_names[k], 2) if class_names else (str(k), 7)
        if marked:
            ax.text(
                middle[0], middle[1], word, fontsize=common.SIZE + size, weight="bold", ha="center", va="center",
                color=colour[k], path_effects=[withStroke(linewidth=4, foreground="white")],
            )  # fmt: skip
        ax.scatter([], [], s=70, c=colour[k], label=word)
    if -1 in ks:
        ax.scatter([], [], s=70, c=colour[-1], edgecolors=edge[-1], label="no label" if classes else name)
    ax.set_aspect("equal", adjustable="datalim")
    ax.figure.legend(loc="outside right center", fontsize=common.SIZE, frameon=False, markerscale=1.3)


def _middles(clouds: list[Tensor], apart: float) -> list[list[float]]:
    """For each cloud (N, 2) its point nearest to its median, of those that far from the others' chosen before."""
    chosen = torch.empty(0, 2)
    for cloud in clouds:
        ranked = cloud[(cloud - cloud.median(dim=0).values).norm(dim=1).argsort()]
        room = torch.cdist(ranked, chosen).amin(1) if len(chosen) else torch.full((len(ranked),), torch.inf)
        free = (room >= apart).nonzero()[:, 0]
        place = int(free[0]) if len(free) else int(room.argmax())
        chosen = torch.cat([chosen, ranked[place : place + 1]])
    return chosen.tolist()


def _told(model: Model, label: int | None) -> Tensor | None:
    """The label (1,) that the discriminator is told, or None for one that takes no labels."""
    classes = can(model).told_classes
    if classes is None and label is not None:
        raise ValueError("This discriminator was built without classes: leave label out.")
    if classes is not None and (label is None or not -1 <= label < classes):
        raise ValueError(
            f"This discriminator is told a class: say which, label=0 to {classes - 1} (-1: no label), not {label}."
        )
    return None if label is None else torch.tensor([label])


def _name_axes(ax: Axes, axes: tuple[int, int], symbol: str = "z") -> None:
    ax.set_xlabel(common.axis_name(axes[0], symbol), fontsize=common.SIZE + 2)
    ax.set_ylabel(common.axis_name(axes[1], symbol), fontsize=common.SIZE + 2)
