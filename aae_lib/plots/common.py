"""What all plots share: colours, a blank figure, image grids, and error messages for input that cannot be drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

from ..arguments import Kind, count, counts, generator, number, numbers, shown, takes
from ..data import Split
from ..metrics.checks import FROM_WHERE, finite, own_generator, tensor
from ..models import Model, can
from .drawn import drawn
from .picture import Picture

# Paul Tol's "muted" scheme and black (sronpersonalpages.nl/~pault): ten colours that stay apart, and apart from the
# grey of the prior, for readers with red, green or blue colour blindness too. Past ten classes they repeat.
CLASS_COLOURS = (
    "#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499", "#000000",
)  # fmt: skip
PRIOR = "#C8C8C8"  # p(z) behind the codes
UNLABELLED = "#555555"
REAL, FAKE = "#0072B2", "#D55E00"  # the two sides of the game (Okabe and Ito): prior samples, codes
SIZE = 13  # of text, in points: readable from the back of a classroom


def _inches(value: Any) -> tuple[float, ...]:
    width, height = numbers(2, number(least=0.5, most=1000)).take(value)
    if width * height > 10_000:  # half a gigabyte of pixels
        raise ValueError
    return width, height


def _different(axes: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(axes)) < len(axes):
        raise ValueError
    return axes


FIGSIZE = Kind("two lengths in inches, 0.5 to 1000, of at most 10,000 square inches, such as (8.0, 6.0)", _inches)
GENERATOR = generator()
AXES = Kind("two different whole numbers, such as (0, 1)", lambda value: _different(counts(2, least=0).take(value)))
SHOWN = count(most=10_000)  # images in one picture
EXTENT = numbers(4, example="(-3.0, 3.0, -3.0, 3.0)")


@takes(panels=count(most=1000), figsize=FIGSIZE, columns=count(most=1000), dpi=count(most=1000))
def blank(
    panels: int = 1, *, figsize: tuple[float, float], columns: int = 3, dpi: int = 110
) -> tuple[Picture, list[Axes]]:
    """A figure of `panels`, at most `columns` in a row, as every plot begins: its axes carry the course's text sizes.

    dpi  pixels per inch: fewer make a smaller file
    """
    figure = Picture(figsize=figsize, dpi=dpi, layout="constrained", facecolor="white")
    rows = -(-panels // columns)
    axes = [figure.add_subplot(rows, min(panels, columns), i + 1) for i in range(panels)]
    for ax in axes:
        ax.tick_params(labelsize=SIZE)
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set_fontsize(SIZE)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def title(ax: Axes, text: str) -> None:
    """Set the title of an axes, as every plot does."""
    ax.set_title(text, fontsize=SIZE + 2, loc="left", pad=10)


@takes(columns=SHOWN, gap=count(0, 1000))
def mosaic(images: Tensor, columns: int, gap: int = 0) -> np.ndarray:
    """Images as one picture, row by row from the top left.

    Parameters
    ----------
    images : tensor
        (N, C, H, W), uint8 or floats in [0, 1], C = 1 or 3; anything else becomes that by `drawn`.
    columns : int
        Images in a row.
    gap : int, default 0
        White pixels to the right of and below each image. Places without an image are white.

    Returns
    -------
    ndarray
        Floats (rows * (H + gap), columns * (W + gap)) for C = 1, with a third axis of 3 for C = 3.

    Raises
    ------
    ValueError
        For any other shape, and for pixels that are not finite.

    Examples
    --------
    >>> mosaic(torch.zeros(3, 1, 8, 8), columns=2, gap=1).shape
    (18, 18)
    """
    return _sheet(drawn(images), columns, gap)


def _sheet(pictures: Tensor, columns: int, gap: int) -> np.ndarray:
    """`mosaic` of what `drawn` gives."""
    pictures = torch.nn.functional.pad(pictures.cpu(), (0, gap, 0, gap), value=1)
    rows = -(-len(pictures) // columns)
    sheet = pictures.new_ones((rows * columns, *pictures.shape[1:]))
    sheet[: len(pictures)] = pictures
    sheet = sheet.unflatten(0, (rows, columns)).permute(0, 3, 1, 4, 2)  # (rows, H, columns, W, C)
    sheet = sheet.flatten(2, 3).flatten(0, 1)
    return sheet.squeeze(-1).numpy()


@takes(columns=SHOWN)
def gallery(ax: Axes, images: Tensor, columns: int) -> AxesImage:
    """Draw images (N, C, H, W) as a grid; in data coordinates image (row, column) has its centre at (column, row)."""
    pictures = drawn(images)
    height, width = pictures.shape[-2:]
    gap = max(1, width // 14)
    sheet = _sheet(pictures, columns, gap)
    rows = len(sheet) // (height + gap)
    x, y = gap / (2 * (width + gap)) - 0.5, gap / (2 * (height + gap)) - 0.5  # centres on whole numbers
    image = ax.imshow(
        sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest",
        extent=(x, columns + x, rows + y, y), aspect=(height + gap) / (width + gap),
    )  # fmt: skip
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0, labelsize=SIZE)
    ax.spines[:].set_visible(False)
    return image


def sheet_size(rows: int, columns: int, cell: float = 0.75) -> tuple[float, float]:
    """A figure size in inches for a grid of images: at most 11 wide and 9 high."""
    cell = min(cell, 11 / columns, 9 / rows)
    return max(columns * cell, 4.0) + 0.6, rows * cell + 0.9


def first_images(split: Split, n: int) -> Tensor:
    """The first `n` images of a split (all, where it holds fewer)."""
    if len(split) == 0:
        raise ValueError("This split is empty, there is nothing to draw: choose another one, such as data.test.")
    return split.images[:n]


def random_part(split: Split, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`n` images of a split at random, with their labels; all of them in their order, where it holds no more."""
    if len(first_images(split, n)) == len(split):
        return split.images, split.labels
    order = torch.randperm(len(split), generator=generator, device=generator.device)[:n].cpu()
    return split.images[order], split.labels[order]


def prior_sample(
    model: Model, n: int, generator: torch.Generator | None = None, labels: Tensor | None = None,
    *, of_style: bool = False,
) -> Tensor:  # fmt: skip
    """(n, d) samples of the model's prior, drawn on the generator's device and returned on the CPU.

    On a map `of_style` asks for the prior of z, which spreads around each head, instead of that of the places.
    """
    generator, prior = own_generator(generator), getattr(model, "prior", None)
    if prior is None:
        raise ValueError(f"This {type(model).__name__} has no prior to draw samples of: give it one.")
    if of_style and can(model).heads:
        prior = model.style_prior
    return prior.sample(n, generator=generator, device=generator.device, labels=labels).detach().cpu()


def decode(model: Model, z: Tensor, y: int | Tensor | None = None) -> Tensor:
    """Images of codes z (N, d), on the CPU; y, if the decoder sees a category, is one number or (N, K).

    Raises
    ------
    ValueError
        If the decoder sees a category and y is none of its own or None, and if it sees none and y is given.
    """
    if not can(model).see_category:
        if y is not None:
            raise ValueError(f"The decoder of this {type(model).__name__} sees no category: leave label out.")
        return model.decode(z).cpu()
    if y is None or (isinstance(y, int) and not 0 <= y < model.categories):
        raise ValueError(f"This decoder sees a category and z: say which, label=0 to {model.categories - 1}, not {y}.")
    return model.decode(z, y if isinstance(y, Tensor) else torch.full((len(z),), y)).cpu()


def class_colour(label: int) -> str:
    """The colour of a class; of -1, "no label", a grey."""
    return CLASS_COLOURS[label % len(CLASS_COLOURS)] if label >= 0 else UNLABELLED


def literal(name: str) -> str:
    """A name as matplotlib shows it as it is: no formula between two $, and not hidden for a _ in front."""
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def class_names(split: Split) -> tuple[str, ...] | None:
    """What the classes are called, for pictures."""
    return None if split.class_names is None else tuple(map(literal, split.class_names))


def extent_of(points: Tensor, share: float = 0.99) -> tuple[float, float, float, float]:
    """(left, right, bottom, top): the square, with a margin, around all but the outermost of points (N, 2).

    In each coordinate `share` of the points lie inside.
    """
    low, high = torch.quantile(points.double(), torch.tensor([0.5 - share / 2, 0.5 + share / 2]).double(), dim=0)
    centre, half = (low + high) / 2, float((high - low).max()) * 0.55 or 1.0
    (left, bottom), (right, top) = (centre - half).tolist(), (centre + half).tolist()
    return left, right, bottom, top


def check_points(x: Any, name: str = "x") -> Tensor:
    """Points (N, d) on the CPU; ValueError unless they are finite, and at least one."""
    x = tensor(x, name).cpu()
    if x.ndim != 2 or x.numel() == 0:
        raise ValueError(
            f"{name}: points to draw have the shape (N, d) with N of 1 or more, and these have {tuple(x.shape)}."
        )
    return finite(x, f"the {len(x)} points of {name}", FROM_WHERE)


def axis_name(i: int, symbol: str = "z") -> str:
    """The name of coordinate i, counted from 0: z₁, z₂, ..."""
    return symbol + str(i + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def check_extent(extent: Sequence[float]) -> tuple[float, float, float, float]:
    """The extent as floats; ValueError unless it is (left, right, bottom, top) in growing order."""
    try:
        left, right, bottom, top = EXTENT.take(extent)
    except (TypeError, ValueError):
        raise ValueError(f"extent is (left, right, bottom, top) in units of z, and not {shown(extent)}.") from None
    smallest = 1e-6 * max(1e-6, *map(abs, (left, right, bottom, top)))  # finer than float32 can tell apart
    if right - left < smallest or top - bottom < smallest:
        raise ValueError(f"extent is (left, right, bottom, top) with left < right and bottom < top, not {extent!r}.")
    return left, right, bottom, top


def need_plane(model: Model, what: str) -> None:
    """ValueError unless the model's codes are 2-D."""
    if (d := getattr(model, "latent_dim", None)) != 2:
        raise ValueError(
            f"{what} is a picture of a plane and needs latent_dim=2; this model has {d}: "
            "use aae.plots.latent with axes=(i, j), or aae.plots.interpolation."
        )
