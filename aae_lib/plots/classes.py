"""Plots of models whose code has a category y: style by class, what a category looks like, a map, the occupancy."""

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor

from ..arguments import count, takes
from ..data import Split
from ..metrics.checks import SPLIT, a_model, codes_of
from ..metrics.classes import probabilities, wanted_shares
from ..models import Model, can, of_one_moment
from . import codes, common
from .drawn import drawn
from .picture import Picture

Size = tuple[float, float] | None


@takes(
    model=a_model("decode"), split=SPLIT, n=count(most=1000), generator=common.GENERATOR, figsize=common.FIGSIZE
)  # fmt: skip
@of_one_moment
def style_by_class(
    model: Model, split: Split | None = None, n: int = 10, generator: torch.Generator | None = None,
    *, figsize: Size = None,
) -> Picture:  # fmt: skip
    """A row for each style z, a column for each category y: decode(z, y) for every pair (the paper's Figure 7).

    If y holds the class and z the style, a row keeps its handwriting and a column its digit.

    Parameters
    ----------
    model : Model
        Whose decoder sees a category.
    split : Split, optional
        None: the styles are prior samples; otherwise those of its first images, which are drawn on the left.
    n : int, default 10
        Styles, 1 to 1000.
    generator : torch.Generator, optional
        Of the prior samples; None: one seeded with 0.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For a model whose decoder sees no category, and for an empty split.

    Examples
    --------
    >>> import aae_lib as aae
    >>> style_by_class(aae.SupervisedAAE((1, 8, 8), categories=10), n=3)
    A table of decoded images: 3 rows, the styles of prior samples; 10 columns, the categories.
    """
    k = _categories(model, "decode(z, y)")
    if not can(model).see_category:
        raise ValueError("On a map, place and category are one: use aae.plots.map_with_images or aae.plots.plane.")
    names = common.class_names(split) if split is not None and can(model).named_categories else None
    if split is None:
        generator, originals = common.own_generator(generator), None
        z = common.prior_sample(model, n, generator)
    else:
        originals = common.first_images(split, n)
        z = codes_of(model, originals)
    every = torch.arange(k).repeat(len(z))
    decoded = model.decode(z.repeat_interleave(k, 0).to(model.device), every.to(model.device)).cpu()
    rows = drawn(decoded, model, "decoded images").unflatten(0, (-1, k))
    lead, ticks = 0, [_named(i, names) for i in range(k)]
    if originals is not None:
        shown = drawn(originals.cpu(), model)[:, None]
        rows, lead = torch.cat([shown, torch.ones_like(shown), rows], 1), 2
    columns = k + lead
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(len(z), columns))
    common.gallery(ax, rows.flatten(0, 1), columns)
    ax.set_xticks([*([0] if lead else []), *range(lead, columns)], [*(["image"] if lead else []), *ticks])
    ax.xaxis.tick_top()
    ax.set_ylabel("one style z a row")
    ax.set_xlabel("category y")
    common.title(ax, "Style by category")
    whose = "of prior samples" if originals is None else "of the images on the left"
    figure.alt = f"A table of decoded images: {len(z)} rows, the styles {whose}; {k} columns, the categories."
    return figure


@takes(model=a_model(), split=SPLIT, n=count(most=100), figsize=common.FIGSIZE)
@of_one_moment
def prototypes(model: Model, split: Split, n: int = 8, *, figsize: Size = None) -> Picture:
    """A row for each category: its prototype, then the images that the model is surest belong to it.

    The prototype is decoded from z = 0 (on a map: from the category's head). Next to each row: the category, its share
    of the images and, where there are labels, the class that most of its labelled images have, with their share. Only
    images put into the category are shown; a category without any says "empty".

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        The images.
    n : int, default 8
        Images in a row, 1 to 100.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For a model without `classify`, for an n out of range, and for an empty split.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> prototypes(aae.ClusterAAE(data.image_shape, categories=4, seed=0), data.test, n=3).alt[:60]
    '4 rows, one a category: its decoded prototype and up to 3 im'
    """
    k = _categories(model, "prototypes")
    y, labels = _classified(model, split, k)
    first = drawn(model.decode(*_centres(model)).cpu(), model, "prototypes")
    sheet = torch.ones(k, n + 2, *first.shape[1:])
    sheet[:, 0] = first
    names = []
    for i in range(k):
        own = (y.argmax(1) == i).nonzero()[:, 0]
        surest = own[y[own, i].argsort(descending=True, stable=True)[:n]]
        if len(surest):
            sheet[i, 2 : 2 + len(surest)] = drawn(split.images[surest].cpu(), model)
        names.append(_described(i, len(own) / len(y), labels[own], common.class_names(split)))
    figure, (ax,) = common.blank(figsize=figsize or (0.6 * n + 5.5, 0.6 * k + 1.2))
    common.gallery(ax, sheet.flatten(0, 1), n + 2)
    ax.set_yticks([-1, *range(k)], ["category: share" + (", main class" if (labels >= 0).any() else ""), *names])
    ax.tick_params(axis="y", pad=8)
    ax.set_ylim(k - 0.45, -1.5)  # a row above for the heads of the columns
    for column, head in ((-0.5, "prototype"), (1.5, "the surest images")):
        ax.text(column, -1, head, fontsize=common.SIZE, va="center")
    common.title(ax, "What each category stands for")
    empty = sum(name.endswith("empty") for name in names)
    figure.alt = f"{k} rows, one a category: its decoded prototype and up to {n} images; {empty} categories are empty."
    return figure


@takes(
    model=a_model("encode"), split=SPLIT, n=count(0, 10_000), generator=common.GENERATOR, figsize=common.FIGSIZE
)  # fmt: skip
@of_one_moment
def map_with_images(
    model: Model, split: Split, n: int = 60, generator: torch.Generator | None = None, *, figsize: Size = None
) -> Picture:
    """A map of the data: 2-D codes coloured by class, and images at codes spread over it, none overlapping.

    Where no label is known, or category k is class k (`named_categories`), the model's own categories fill in. The
    heads of a `MapAAE` are marked by their numbers, in boxes.

    Parameters
    ----------
    model : Model
        With 2-D codes.
    split : Split
        The images; of more than 2000 a random part is drawn.
    n : int, default 60
        At most this many images are shown.
    generator : torch.Generator, optional
        Of the random part; None: one seeded with 0.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For codes that are not 2-D, and for an empty split.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> map_with_images(aae.AE(data.image_shape), data.test, n=3)
    297 codes in the plane, coloured by class, with some of the images drawn at their codes.
    """
    common.need_plane(model, "A map")
    images, labels = common.random_part(split, 2000, common.own_generator(generator))
    z, labels = codes_of(model, images), labels.cpu()
    untold = bool((labels < 0).all())
    if can(model).classify and (untold or can(model).named_categories):
        labels = labels.where(labels >= 0, model.classify(images).argmax(1).cpu())
    figure, (ax,) = common.blank(figsize=figsize or (10.0, 9.0))
    extent = common.extent_of(z)
    if can(model).heads:
        extent = _heads(ax, model.cluster_heads.detach().cpu(), extent)
    names = None if untold else common.class_names(split)
    codes._clouds(ax, z, labels, None, (0, 1), "codes q(z)", "", names)
    left, right, bottom, top = extent
    side = (right - left) / 20
    centre = torch.tensor([left + right, bottom + top]) / 2
    inside = ((z - centre).abs().amax(1) < (right - left - side) / 2).nonzero()[:, 0]  # none cut by the edge
    numbers = torch.tensor([text.get_position() for text in ax.texts]).view(-1, 2)  # these stay readable too
    pictures = drawn(images.cpu(), model)
    for i in inside[_spread(z[inside], numbers, 1.06 * side, n)].tolist():
        _thumbnail(ax, pictures[i], z[i], side, common.class_colour(int(labels[i])))
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(left, right), ylim=(bottom, top))
    codes._name_axes(ax, (0, 1))
    coloured = "" if (labels < 0).all() else f", coloured by {'category' if untold else 'class'}"
    within = (z[:, 0] >= left) & (z[:, 0] <= right) & (z[:, 1] >= bottom) & (z[:, 1] <= top)
    beyond = f"; {n_out} lie further out" if (n_out := int((~within).sum())) else ""
    common.title(ax, f"A map of {len(z)} images{coloured}{beyond}")
    figure.alt = f"{len(z)} codes in the plane{coloured}, with some of the images drawn at their codes."
    return figure


@takes(model=a_model(), split=SPLIT, figsize=common.FIGSIZE)
@of_one_moment
def occupancy(model: Model, split: Split, *, figsize: Size = None) -> Picture:
    """Bars: the share of the images in each category, by true class where known; the line is p(y).

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        The images.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For a model without `classify`, and for an empty split.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> occupancy(aae.ClusterAAE(data.image_shape, categories=4, seed=0), data.test).alt[:46]
    'Bars of the shares of 297 images in 4 categori'
    """
    k = _categories(model, "occupancy")
    y, labels = _classified(model, split, k)
    figure, (ax,) = common.blank(figsize=figsize or (max(6.0, 0.42 * k + 2.5), 4.2))
    own, below = y.argmax(1), torch.zeros(k)
    tallest = float(own.bincount().max()) / len(own)
    for label in labels.unique().tolist():
        share = own[labels == label].bincount(minlength=k) / len(own)
        ax.bar(range(k), share.numpy(), bottom=below.numpy(), color=common.class_colour(label), edgecolor="white",
               linewidth=0.6, label=_named(label, common.class_names(split)) if label >= 0 else "no label")  # fmt: skip
        for i, part in enumerate(share.tolist()):
            if label >= 0 and part > 0.06 * tallest:  # the class in words too, where there is room
                name, middle = _named(label, common.class_names(split)), float(below[i]) + part / 2
                ax.text(i, middle, name, ha="center", va="center", fontsize=common.SIZE - 1,
                        path_effects=[withStroke(linewidth=3, foreground="white")])  # fmt: skip
        below += share
    wanted = wanted_shares(model).tolist()
    edges = [i - 0.5 for i in range(k + 1)]
    ax.plot(edges, [*wanted, wanted[-1]], "--", color="#333333", drawstyle="steps-post", linewidth=1.6)
    ax.annotate("1/K" if len(set(wanted)) == 1 else "p(y)", (1, wanted[-1]), xycoords=("axes fraction", "data"),
                xytext=(4, 0), textcoords="offset points", va="center", fontsize=common.SIZE)  # fmt: skip
    ax.set_xticks(range(k))
    ax.set_ylim(0, 1.06 * max(tallest, *wanted))
    ax.set_xlabel("category")
    ax.set_ylabel("share of the images")
    common.title(ax, "Images in each category" + (", by class" if (labels >= 0).any() else ""))
    if (labels >= 0).any():
        figure.legend(loc="outside right center", fontsize=common.SIZE, frameon=False, reverse=True)
    empty = int((below == 0).sum())
    figure.alt = f"Bars of the shares of {len(own)} images in {k} categories; {empty} of them are empty."
    return figure


def _categories(model: Model, what: str) -> int:
    k = can(model).categories
    if k is None:
        raise ValueError(f"This {type(model).__name__} has no category with its code, which {what} needs.")
    return k


def _classified(model: Model, split: Split, k: int) -> tuple[Tensor, Tensor]:
    """How likely each of k categories is for each image (N, k), and the labels (N,)."""
    if not can(model).classify:
        raise ValueError(f"A {type(model).__name__} is told the category and gives none: use style_by_class.")
    y = probabilities(model, common.first_images(split, max(1, len(split)))).float()
    if y.shape[1] != k:
        raise ValueError(f"the model's probabilities have the shape {tuple(y.shape)}, and not ({len(split)}, {k}).")
    return y, split.labels.cpu()


def _centres(model: Model) -> tuple[Tensor, ...]:
    """What the prototypes are decoded from."""
    if not can(model).see_category:
        return (model.cluster_heads.detach(),)
    k = model.categories
    return torch.zeros(k, model.latent_dim, device=model.device), torch.arange(k, device=model.device)


def _named(label: int, names: tuple[str, ...] | None) -> str:
    """A class as its name where classes have names, otherwise as its number."""
    return names[label] if names else str(label)


def _described(i: int, share: float, labels: Tensor, names: tuple[str, ...] | None) -> str:
    if share == 0:
        return f"{i}: empty"
    known, part = labels[labels >= 0], f"{share:.0%}" if share > 0.005 else f"{100 * share:.1g}%"
    if len(known) == 0:
        return f"{i}: {part}"
    most = int(known.bincount().argmax())
    name = _named(most, names) if names else f"class {most}"
    return f"{i}: {part}, {name} ({float((known == most).float().mean()):.0%})"


def _heads(ax: Axes, heads: Tensor, extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Mark the heads (K, 2) by their numbers, in boxes; returns the extent (left, ...), widened to hold them."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "black", "linewidth": 1.4}
    for i, (x, y) in enumerate(heads.tolist()):
        ax.text(x, y, str(i), fontsize=common.SIZE, ha="center", va="center", bbox=box, zorder=4)
    ax.scatter([], [], s=150, marker="s", facecolors="white", edgecolors="black", label="category's head")
    left, right, bottom, top = extent
    if ((heads > torch.tensor([left, bottom])) & (heads < torch.tensor([right, top]))).all():
        return extent
    return common.extent_of(torch.cat([heads, torch.tensor([[left, bottom], [right, top]])]), share=1)


def _thumbnail(ax: Axes, image: Tensor, place: Tensor, side: float, colour: str) -> None:
    """An image (C, H, W) in a frame, its centre at `place` (2,), its longer side as long as said."""
    height, width = image.shape[-2:]
    x, y = width / max(width, height) * side / 2, height / max(width, height) * side / 2
    left, right, bottom, top = place[0].item() - x, place[0].item() + x, place[1].item() - y, place[1].item() + y
    ax.imshow(common.mosaic(image[None], 1), cmap="gray", vmin=0, vmax=1, extent=(left, right, bottom, top), zorder=2.2)
    ax.add_patch(Rectangle((left, bottom), 2 * x, 2 * y, fill=False, edgecolor=colour, linewidth=2.5, zorder=2.3))


def _spread(z: Tensor, taken: Tensor, side: float, n: int) -> list[int]:
    """Up to n rows of z (N, 2), each the farthest from those before, so long as squares of this side stay clear.

    They stay clear of the places `taken` (M, 2) too. Distance is the larger of the two coordinates' differences.
    """
    chosen: list[int] = []
    room = torch.cdist(z, taken, p=torch.inf).amin(1) if len(taken) else torch.full((len(z),), torch.inf)
    while len(chosen) < n and len(z) and room.max() >= side:
        chosen.append(int(room.argmax()))
        room = room.minimum((z - z[chosen[-1]]).abs().amax(1))
    return chosen
