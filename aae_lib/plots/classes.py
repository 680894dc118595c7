"""Plots of models whose code has a category y: style by class, what a category looks like, a map, who is where."""

import torch
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from torch import Tensor, nn

from ..data import Split
from . import codes, common
from .picture import Picture

Size = tuple[float, float] | None


def style_by_class(
    model: nn.Module, split: Split | None = None, n: int = 10, generator: torch.Generator | None = None,
    *, figsize: Size = None,
) -> Picture:  # fmt: skip
    """A row for each style z, a column for each category y: what decode(z, y) makes of them (the paper's Figure 7).

    Without `split` the `n` styles are prior samples (from a generator with seed 0 unless one is given); with it, those
    of its first `n` images, which stand on the left. If y holds the class and z the style, a row keeps its hand and a
    column its digit. Raises ValueError for a model whose decoder sees no category.
    """
    k = _categories(model, "decode(z, y)")
    if not _has_style(model):
        raise ValueError("On a map, place and category are one: use aae.plots.map_with_images or aae.plots.plane.")
    if split is None:
        generator, originals = common.own_generator(generator), None
        z = common.prior_sample(model, n, generator)
    else:
        originals = common.first_images(split, n)
        z = common.check_finite(model.encode(originals).cpu())
    every = torch.arange(k).repeat(len(z))
    rows = model.decode(z.repeat_interleave(k, 0).to(model.device), every.to(model.device)).cpu().unflatten(0, (-1, k))
    lead, ticks = 0, [str(i) for i in range(k)]
    if originals is not None:
        shown = common.scale(originals).cpu()[:, None]
        rows, lead = torch.cat([shown, torch.ones_like(shown), rows], 1), 2
    columns = k + lead
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(len(z), columns))
    common.gallery(ax, rows.flatten(0, 1), columns)
    ax.set_xticks([*([0] if lead else []), *range(lead, columns)], [*(["image"] if lead else []), *ticks])
    ax.xaxis.tick_top()
    ax.set_ylabel("one style z a row", fontsize=common.SIZE)
    ax.set_xlabel("category y", fontsize=common.SIZE)
    common.title(ax, "Style by category")
    whose = "of prior samples" if originals is None else "of the images on the left"
    figure.alt = f"A table of decoded images: {len(z)} rows, the styles {whose}; {k} columns, the categories."
    return figure


def prototypes(model: nn.Module, split: Split, n: int = 8, *, figsize: Size = None) -> Picture:
    """A row for each category: its prototype, then the `n` images of `split` which the model is surest belong to it.

    The prototype is decoded from z = 0 (on a map: from the category's head). Beside each row: the category, its share
    of the images and, where there are labels, the class that most of its labelled images have, with their share. Only
    images put into the category are shown; a category without any says "empty".
    """
    k, (y, labels) = _categories(model, "prototypes"), _classified(model, split)
    if n < 1:
        raise ValueError(f"n = {n} leaves nothing to draw: ask for 1 or more.")
    first = model.decode(*_centres(model)).cpu()
    sheet = torch.ones(k, n + 2, *first.shape[1:])
    sheet[:, 0] = first
    names = []
    for i in range(k):
        own = (y.argmax(1) == i).nonzero()[:, 0]
        surest = own[y[own, i].argsort(descending=True, stable=True)[:n]]
        sheet[i, 2 : 2 + len(surest)] = common.scale(split.images[surest]).cpu()
        names.append(_described(i, len(own) / len(y), labels[own]))
    figure, (ax,) = common.blank(figsize=figsize or (0.7 * n + 5.5, 0.5 * k + 1.2))
    common.gallery(ax, sheet.flatten(0, 1), n + 2)
    ax.set_yticks(range(k), names)
    ax.set_xticks([0, 1 + n / 2 + 0.5], ["prototype", "the surest images"])
    ax.xaxis.tick_top()
    common.title(ax, "What each category stands for")
    figure.alt = f"{k} rows, one a category: its decoded prototype and up to {n} images; " + "; ".join(names) + "."
    return figure


def map_with_images(
    model: nn.Module, split: Split, n: int = 60, generator: torch.Generator | None = None, *, figsize: Size = None
) -> Picture:
    """A map of the data: 2-D codes coloured by class, and up to `n` of the images at their codes, none over another.

    Where labels are unknown and the model gives categories, these are the colours. The heads of a `MapAAE` are marked
    by their numbers, in boxes. Raises ValueError for codes that are not 2-D.
    """
    common.need_plane(model, "A map")
    images, labels = common.random_part(split, 2000, common.own_generator(generator))
    z = common.check_finite(model.encode(images).cpu())
    if hasattr(model, "classify"):
        labels = labels.cpu().where(labels.cpu() >= 0, model.classify(images).argmax(1).cpu())
    figure, (ax,) = common.blank(figsize=figsize or (10.0, 9.0))
    codes._clouds(ax, z, labels, None, (0, 1), "codes q(z)", "")
    left, right, bottom, top = common.extent_of(z)
    side = (right - left) / 22
    for i in _apart(z, side * 1.25, n):
        x, y = z[i].tolist()
        place = (x - side / 2, x + side / 2, y - side / 2, y + side / 2)
        ax.imshow(common.mosaic(images[i : i + 1], 1), cmap="gray", vmin=0, vmax=1, extent=place, zorder=2.2)
        colour = (
            common.CLASS_COLOURS[int(labels[i]) % len(common.CLASS_COLOURS)] if labels[i] >= 0 else codes.UNLABELLED
        )
        ax.add_patch(Rectangle((place[0], place[2]), side, side, fill=False, edgecolor=colour, linewidth=2, zorder=2.3))
    if hasattr(model, "cluster_heads"):
        for i, head in enumerate(model.cluster_heads.detach().cpu().tolist()):
            box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "black"}
            ax.text(*head, str(i), fontsize=common.SIZE, ha="center", va="center", bbox=box, zorder=4)
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(left, right), ylim=(bottom, top))
    codes._name_axes(ax, (0, 1))
    common.title(ax, f"A map of {len(z)} images")
    figure.alt = f"{len(z)} codes in the plane, coloured by class, with some of the images drawn at their codes."
    return figure


def occupancy(model: nn.Module, split: Split, *, figsize: Size = None) -> Picture:
    """Bars: the share of the images in each category, by true class where known; the line is the even share 1/K."""
    k, (y, labels) = _categories(model, "occupancy"), _classified(model, split)
    figure, (ax,) = common.blank(figsize=figsize or (max(6.0, 0.42 * k + 2.5), 4.2))
    own, below = y.argmax(1), torch.zeros(k)
    for label in labels.unique().tolist():
        share = own[labels == label].bincount(minlength=k) / len(own)
        ax.bar(range(k), share.numpy(), bottom=below.numpy(), color=_colour(label), edgecolor="white", linewidth=0.6,
               label=str(label) if label >= 0 else "no label")  # fmt: skip
        for i, part in enumerate(share.tolist()):
            if label >= 0 and part > 0.012:  # the class in words too, where there is room
                ax.text(i, float(below[i]) + part / 2, str(label), ha="center", va="center", fontsize=common.SIZE - 2,
                        path_effects=[withStroke(linewidth=3, foreground="white")])  # fmt: skip
        below += share
    ax.axhline(1 / k, color="#333333", linestyle="--", linewidth=1.6)
    ax.annotate("1/K", (1, 1 / k), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=common.SIZE)  # fmt: skip
    ax.set_xticks(range(k))
    ax.set_xlabel("category", fontsize=common.SIZE)
    ax.set_ylabel("share of the images", fontsize=common.SIZE)
    common.title(ax, "Images in each category" + (", by class" if (labels >= 0).any() else ""))
    if (labels >= 0).any():
        figure.legend(loc="outside right center", fontsize=common.SIZE, frameon=False)
    empty = int((below == 0).sum())
    figure.alt = f"Bars of the shares of {len(own)} images in {k} categories; {empty} of them are empty."
    return figure


def _colour(label: int) -> str:
    return common.CLASS_COLOURS[label % len(common.CLASS_COLOURS)] if label >= 0 else codes.UNLABELLED


def _categories(model: nn.Module, what: str) -> int:
    k = getattr(model, "categories", None)
    if k is None:
        raise ValueError(f"This {type(model).__name__} has no category beside its code, which {what} needs.")
    return k


def _has_style(model: nn.Module) -> bool:
    return hasattr(model, "categories") and not hasattr(model, "cluster_heads")


def _classified(model: nn.Module, split: Split) -> tuple[Tensor, Tensor]:
    """How likely each category is for each image (N, K), and the labels (N,)."""
    if not hasattr(model, "classify"):
        raise ValueError(f"A {type(model).__name__} is told the category and gives none: use style_by_class.")
    return model.classify(common.first_images(split, max(1, len(split)))).cpu(), split.labels.cpu()


def _centres(model: nn.Module) -> tuple[Tensor, ...]:
    """What the prototypes are decoded from."""
    if not _has_style(model):
        return (model.cluster_heads.detach(),)
    k = model.categories
    return torch.zeros(k, model.latent_dim, device=model.device), torch.arange(k, device=model.device)


def _described(i: int, share: float, labels: Tensor) -> str:
    if share == 0:
        return f"{i}: empty"
    known = labels[labels >= 0]
    if len(known) == 0:
        return f"{i}: {share:.0%}"
    most = known.bincount().argmax()
    return f"{i}: {share:.0%}, class {int(most)} ({float((known == most).float().mean()):.0%})"


def _apart(z: Tensor, side: float, n: int) -> list[int]:
    """Up to n rows of z (N, 2) whose squares of this side do not overlap, those far from the others first."""
    taken: list[int] = []
    crowd = torch.cdist(z, z).kthvalue(min(10, len(z)), dim=1).values
    for i in crowd.argsort(descending=False).tolist():
        if all((z[i] - z[j]).abs().max() >= side for j in taken):
            taken.append(i)
            if len(taken) == n:
                break
    return taken
