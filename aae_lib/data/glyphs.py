"""Glyphs: the digits 0 to 9 drawn at 28x28 from fonts, each with the factors it was drawn from.

MNIST's digits come without an answer to "how slanted is this one?". Here every image has one, so a code can be judged
by what it says about slant, size, weight and font, and an edit can be checked against the truth. The fonts are the
ones that come with matplotlib: nothing is downloaded.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..arguments import Kind, count, generator, shown, takes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.path import Path

SIDE = 28  # pixels
MOST = 100_000  # glyphs drawn at once: all of them are on one sheet in memory

# Upright faces of regular weight only. An italic or a bold face would carry slant or weight of its own,
# and the factors would no longer be the truth. (DejaVu Sans Mono is left out: most of its digits are DejaVu Sans's.)
FONTS = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr10", "cmss10", "cmtt10")

# Lowest and highest value of each continuous factor; inside them no digit touches the image's border.
RANGES = {"slant": (-25.0, 25.0), "size": (0.44, 0.64), "weight": (0.0, 1.5)}


ON_CPU = Kind("a random generator on the CPU, such as torch.Generator().manual_seed(0)", generator(on_cpu=True).take)


@takes(n=count(0, MOST), generator=ON_CPU)
def sample_factors(n: int, generator: torch.Generator) -> pd.DataFrame:
    """Draw the factors of n glyphs, each factor independently of the others.

    Parameters
    ----------
    n : int
        How many glyphs, up to 100 000.
    generator : torch.Generator
        The source of randomness, on the CPU.

    Returns
    -------
    DataFrame
        n rows with the columns

        - ``class``: the digit, 0 to 9; all ten equally often (n not a multiple of ten: the counts differ by one);
        - ``slant``: degrees, uniform in [-25, 25]; positive leans to the right, 0 is upright;
        - ``size``: height of the digit's outline as a fraction of the image's height, uniform in [0.44, 0.64];
        - ``weight``: pixels added to the thickness of every stroke, uniform in [0, 1.5];
        - ``font``: one of ``FONTS``, each equally likely.

    Raises
    ------
    ValueError
        For an impossible n, and a generator on another device.

    Examples
    --------
    >>> sample_factors(20, torch.Generator().manual_seed(0)).columns.tolist()
    ['class', 'slant', 'size', 'weight', 'font']
    """
    import pandas as pd

    def uniform(low: float, high: float) -> np.ndarray:
        return low + (high - low) * torch.rand(n, generator=generator, dtype=torch.float64).numpy()

    columns = {"class": (torch.randperm(n, generator=generator) % 10).numpy()}
    columns |= {name: uniform(low, high) for name, (low, high) in RANGES.items()}
    columns["font"] = np.array(FONTS)[torch.randint(len(FONTS), (n,), generator=generator).numpy()]
    return pd.DataFrame(columns)


def draw(factors: pd.DataFrame) -> torch.Tensor:
    """Draw one glyph for each row of a table of factors, such as `sample_factors` makes or you write yourself.

    The outline is scaled, sheared by x + y·tan(slant), put with its centre of mass in the middle of the image (as
    MNIST's digits are), filled and stroked in white on black, with soft edges.

    Parameters
    ----------
    factors : DataFrame
        n rows with the columns class, slant, size, weight and font (see `sample_factors`).

    Returns
    -------
    tensor
        (n, 1, 28, 28) uint8, 0 (paper) to 255 (ink).

    Raises
    ------
    ValueError
        If it is not such a table, has too many rows, a font or class is unknown, or a value lies outside ``RANGES``.

    Examples
    --------
    >>> draw(sample_factors(3, torch.Generator().manual_seed(0))).shape
    torch.Size([3, 1, 28, 28])
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.transforms import IdentityTransform

    factors = _checked(factors)
    if len(factors) == 0:
        return torch.zeros(0, 1, SIDE, SIDE, dtype=torch.uint8)
    # All glyphs go onto one sheet, a tile each: a single call draws it, then it is cut into tiles.
    columns = int(np.ceil(np.sqrt(len(factors))))
    rows = -(-len(factors) // columns)
    tiles = np.arange(len(factors))
    centres = SIDE * np.stack([tiles % columns + 0.5, rows - tiles // columns - 0.5], axis=1)

    dpi = 72  # one point of line width is then one pixel
    figure = Figure(figsize=(columns * SIDE / dpi, rows * SIDE / dpi), dpi=dpi, facecolor="black")
    canvas = FigureCanvasAgg(figure)
    paths = [
        _place(_outline(font, int(digit)), slant, SIDE * size, centre)
        for digit, slant, size, font, centre in zip(
            factors["class"], factors["slant"], factors["size"], factors["font"], centres, strict=True
        )
    ]
    weights = factors["weight"].to_numpy(float)
    figure.add_artist(
        PathCollection(
            paths,
            linewidths=weights,
            transform=IdentityTransform(),
            facecolors="white",
            edgecolors="white",
            joinstyle="round",
            snap=False,
        )
    )
    canvas.draw()
    sheet = np.asarray(canvas.buffer_rgba())[..., 0]
    tiled = sheet.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, 1, SIDE, SIDE)
    return torch.from_numpy(tiled[: len(factors)].copy())


def _checked(factors: Any) -> pd.DataFrame:
    """The table with numbers in its columns of numbers; ValueError for anything else."""
    import pandas as pd

    if not isinstance(factors, pd.DataFrame) or len(factors) > MOST:
        raise ValueError(
            f"draw: factors must be a table of at most {MOST} rows, such as sample_factors makes; got {shown(factors)}."
        )
    missing = [name for name in ("class", *RANGES, "font") if name not in factors]
    if missing:
        raise ValueError(f"The table of factors lacks {', '.join(missing)}; sample_factors makes a complete one.")
    for name, allowed in (("class", tuple(range(10))), ("font", FONTS)):
        unknown = {shown(value) for value in factors[name] if not np.isscalar(value) or value not in allowed}
        if unknown:
            raise ValueError(
                f"{name} holds {', '.join(sorted(unknown))}; it must be one of {', '.join(map(str, allowed))}."
            )
    for name, (low, high) in RANGES.items():
        try:
            numbers = factors[name].astype(float)
        except (TypeError, ValueError):
            numbers = None
        if numbers is None or not numbers.between(low, high).all():  # NaN is not between either
            raise ValueError(f"{name} must lie between {low:g} and {high:g}; this table holds others.")
        factors = factors.assign(**{name: numbers})
    return factors


@functools.cache
def _outline(font: str, digit: int) -> Path:
    """A digit's outline with height 1 and its centre of mass at the origin."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    face = FontProperties(fname=f"{get_data_path()}/fonts/ttf/{font}.ttf")
    path = TextPath((0, 0), str(digit), size=100, prop=face)
    # Area and centroid of the polygons by the shoelace formula; holes run the other way round and so count negative.
    area, moment = 0.0, np.zeros(2)
    for p in map(np.asarray, path.to_polygons()):
        q = np.roll(p, -1, axis=0)
        cross = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
        area += cross.sum() / 2
        moment += ((p + q) * cross[:, None]).sum(axis=0) / 6
    return Path((np.asarray(path.vertices) - moment / area) / path.get_extents().height, path.codes)


def _place(outline: Path, slant: float, height: float, centre: np.ndarray) -> Path:
    """The outline sheared, scaled to a height in pixels and moved to a centre in pixels."""
    shear = np.array([[1.0, 0.0], [np.tan(np.radians(slant)), 1.0]])
    return type(outline)(height * np.asarray(outline.vertices) @ shear + centre, outline.codes)
