"""Plots made of images: the data, reconstructions, samples, the decoded plane, and walks between two codes."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import Kind, as_tensor, count, counts, shown, switch, takes
from ..data import Split
from ..metrics.checks import MANY, SPLIT, a_model, codes_of, finite, tensor
from ..metrics.images import reconstructed
from ..models import Model, can, of_one_moment
from . import common
from .drawn import drawn
from .picture import Picture

Size = tuple[float, float] | None


@takes(n=MANY, figsize=common.FIGSIZE)
def images(split: Split | Tensor, n: int = 64, *, figsize: Size = None) -> Picture:
    """A grid of the first images of a split.

    Parameters
    ----------
    split : Split or tensor
        A tensor or array is (N, C, H, W), uint8 0-255 or floats, or vectors (N, D).
    n : int, default 64
        How many.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For an empty split, for points instead of images, and for a whole dataset.

    Examples
    --------
    >>> import aae_lib as aae
    >>> images(aae.load("digits").test)
    A grid of 64 images from the data.
    """
    if isinstance(split, Split):
        first = common.first_images(split, n)
    else:
        try:
            first = as_tensor("split", split)[:n]
        except (ValueError, IndexError):  # no numbers, or a single one
            raise ValueError(f"split must be a Split, such as data.test, or images; got {shown(split)}.") from None
    first = drawn(first, name="images of split")
    columns = math.ceil(math.sqrt(len(first)))
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(-(-len(first) // columns), columns))
    common.gallery(ax, first, columns)
    common.title(ax, f"The first {len(first)} images")
    figure.alt = f"A grid of {len(first)} images from the data."
    return figure


@takes(model=a_model("reconstruct"), split=SPLIT, n=common.SHOWN, figsize=common.FIGSIZE)
@of_one_moment
def reconstructions(model: Model, split: Split, n: int = 10, *, figsize: Size = None) -> Picture:
    """The first images of a split above their reconstructions decode(encode(x)).

    Parameters
    ----------
    model : Model
        One whose decoder is told the label (`SupervisedAAE`) gets those of the split.
    split : Split
        The images.
    n : int, default 10
        How many.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For an empty split, and for points instead of images.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> reconstructions(aae.AE(data.image_shape), data.test, n=4)
    Two rows of 4 images: originals above, their reconstructions below.
    """
    originals = common.first_images(split, n)
    back = reconstructed(model, split.take(torch.arange(len(originals))))
    both = torch.cat(
        [drawn(part.cpu(), model, name) for part, name in ((originals, "images"), (back, "reconstructions"))]
    )
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(2, len(originals), cell=1.0))
    common.gallery(ax, both, len(originals))
    ax.set_yticks([0, 1], ["image", "reconstruction"])
    common.title(ax, "Images and their reconstructions")
    figure.alt = f"Two rows of {len(originals)} images: originals above, their reconstructions below."
    return figure


@takes(model=a_model("decode", "sample"), n=common.SHOWN, generator=common.GENERATOR, figsize=common.FIGSIZE)
@of_one_moment
def samples(model: Model, n: int = 64, generator: torch.Generator | None = None, *, figsize: Size = None) -> Picture:
    """A grid of images decoded from prior samples z ~ p(z).

    Where the prior has K classes, or the model K categories, one row per class with n // K images (at least one).

    Parameters
    ----------
    model : Model
        With `decode` and `sample`.
    n : int, default 64
        How many, 1 to 10,000.
    generator : torch.Generator, optional
        Of the prior samples; None: one seeded with 0, so that the same model gives the same picture.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For an n out of range, and for a model that cannot be sampled.

    Examples
    --------
    >>> import aae_lib as aae
    >>> samples(aae.AE((1, 8, 8)), n=9)
    A grid of 9 images decoded from samples of the prior.
    """
    generator = common.own_generator(generator)
    classes = can(model).categories or getattr(getattr(model, "prior", None), "classes", None)
    columns = max(1, n // classes) if classes else math.ceil(math.sqrt(n))
    labels = torch.arange(classes).repeat_interleave(columns) if classes else None
    made = model.sample(n if labels is None else len(labels), generator=generator, labels=labels)
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(-(-len(made) // columns), columns))
    common.gallery(ax, drawn(made, model, "samples"), columns)
    common.title(ax, "Decoded samples of the prior p(z)")
    figure.alt = f"A grid of {len(made)} images decoded from samples of the prior."
    if classes:
        ax.set_yticks(range(classes))
        kind = "category" if can(model).categories and not can(model).named_categories else "class"
        ax.set_ylabel(kind)
        figure.alt = f"{classes} rows of {columns} images decoded from samples of the prior, one row for each {kind}."
    return figure


@takes(model=a_model("decode"), n=count(2, 200), label=count(0), figsize=common.FIGSIZE)
@of_one_moment
def plane(
    model: Model, extent: tuple[float, float, float, float] | None = None, n: int = 20, *, label: int | None = None,
    figsize: Size = None,
) -> Picture:  # fmt: skip
    """The decoded plane: n x n codes on a grid over 2-D latent space, each drawn as the image it decodes to.

    z₁ grows to the right and z₂ upwards.

    Parameters
    ----------
    model : Model
        With 2-D codes.
    extent : tuple of float, optional
        (left, right, bottom, top): the codes of the outermost images, in units of z; by default the square around 99 %
        of the prior.
    n : int, default 20
        Images in a row, 2 to 200.
    label : int, optional
        The category, where the decoder sees one as well as z.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For codes that are not 2-D, for a wrong extent, and for a label that is missing or that the decoder does not
        see.

    Examples
    --------
    >>> import aae_lib as aae
    >>> plane(aae.AE((1, 8, 8)), n=5)
    5 by 5 decoded images, each placed at its code (z1, z2) in the latent plane.
    """
    common.need_plane(model, "The decoded plane")
    if extent is None:
        extent = common.extent_of(common.prior_sample(model, 2000))
    left, right, bottom, top = common.check_extent(extent)
    z2, z1 = torch.meshgrid(torch.linspace(top, bottom, n), torch.linspace(left, right, n), indexing="ij")
    decoded = common.decode(model, torch.stack([z1, z2], -1).reshape(-1, 2), label)  # top row first
    decoded = drawn(decoded, model, "decoded images")
    x, y = (right - left) / (n - 1) / 2, (top - bottom) / (n - 1) / 2  # half an image: z is its centre
    figure, (ax,) = common.blank(figsize=figsize or (8.0, 8.4))
    height, width = decoded.shape[-2:]
    ax.imshow(
        common.mosaic(decoded, n), cmap="gray", vmin=0, vmax=1, interpolation="nearest",
        extent=(left - x, right + x, bottom - y, top + y), aspect=height * (right - left) / (width * (top - bottom)),
    )  # fmt: skip
    # white lines: digits of neighbours would touch without
    ax.vlines(np.linspace(left - x, right + x, n + 1), bottom - y, top + y, colors="white", linewidths=1.2)
    ax.hlines(np.linspace(bottom - y, top + y, n + 1), left - x, right + x, colors="white", linewidths=1.2)
    ax.set_xlabel("z₁", fontsize=common.SIZE + 2)
    ax.set_ylabel("z₂", fontsize=common.SIZE + 2)
    common.title(ax, "What each point of the plane decodes to")
    figure.alt = f"{n} by {n} decoded images, each placed at its code (z1, z2) in the latent plane."
    return figure


def _category_or_ends(value: Any) -> int | tuple[int, ...]:
    ends = getattr(value, "ndim", 0) or isinstance(value, tuple | list)
    return counts(2, least=0).take(value) if ends else count(0).take(value)


ENDS = Kind("a category, such as 3, or two for the ends of the walk, such as (3, 8)", _category_or_ends)


@takes(
    model=a_model("encode", "decode"), n=count(2, 1000), spherical=switch(), label=ENDS, figsize=common.FIGSIZE
)  # fmt: skip
@of_one_moment
def interpolation(
    model: Model, a: Tensor, b: Tensor, n: int = 10, spherical: bool = False,
    *, label: int | tuple[int, int] | None = None, figsize: Size = None,
) -> Picture:  # fmt: skip
    """A walk from `a` to `b` in latent space in `n` decoded steps.

    Parameters
    ----------
    model : Model
        With `encode` and `decode`.
    a, b : tensor
        Images (C, H, W), which are encoded, and also drawn at both ends; or codes (d,).
    n : int, default 10
        Steps, 2 to 1000.
    spherical : bool, default False
        Along `slerp` instead of a straight line.
    label : int or pair of int, optional
        Where the decoder sees a category y as well as z, y goes from one end to the other too, always straight: from
        the model's probabilities for image a to those for image b, or, with `label=(3, 8)`, from one category to
        another; `label=3` keeps one all the way.
    figsize : tuple of float, optional
        In inches.

    Returns
    -------
    Picture
        The figure.

    Raises
    ------
    ValueError
        For any other shape, for an n out of range, and for a label that is missing or that the decoder does not see.

    Examples
    --------
    >>> import aae_lib as aae
    >>> interpolation(aae.AE((1, 8, 8)), torch.zeros(2), torch.ones(2), n=5)
    5 images decoded along a straight line between two codes.
    """
    a, b = tensor(a, "a"), tensor(b, "b")
    start, goal = _code(model, a, "a"), _code(model, b, "b")
    t = torch.linspace(0, 1, n)
    path = slerp(start, goal, t) if spherical else torch.lerp(start, goal, t[:, None])
    walk, ticks = common.decode(model, path, _category(model, a, b, t, label)), [f"{step:.2g}" for step in t.tolist()]
    walk = drawn(walk, model, "decoded images")
    if _is_image(model, a):
        walk, ticks = torch.cat([drawn(a[None].cpu(), model, "a"), walk]), ["image a", *ticks]
    if _is_image(model, b):
        walk, ticks = torch.cat([walk, drawn(b[None].cpu(), model, "b")]), [*ticks, "image b"]
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(1, len(walk), cell=1.0))
    common.gallery(ax, walk, len(walk))
    ax.set_xticks(range(len(walk)), ticks)
    ax.set_xlabel("t")
    common.title(ax, f"From a to b {'along an arc (slerp)' if spherical else 'along a straight line'} in latent space")
    figure.alt = f"{n} images decoded along {'an arc' if spherical else 'a straight line'} between two codes."
    return figure


def _is_image(model: Model, end: Tensor) -> bool:
    """Whether an end of a walk is an image of the model's, and not a code."""
    shape, d = getattr(model, "image_shape", None), getattr(model, "latent_dim", None)
    return tuple(end.shape) == shape != (d,)


def _code(model: Model, end: Tensor, name: str) -> Tensor:
    shape, d = getattr(model, "image_shape", "(C, H, W)"), getattr(model, "latent_dim", "d")
    if _is_image(model, end):
        return codes_of(model, end[None])[0]
    if tuple(end.shape) == (d,):
        return finite(end[None].cpu().float(), f"1 code, {name},")[0]
    raise ValueError(
        f"{name}: an end of the walk is one image of shape {shape} or one code of shape "
        f"({d},), and this has {tuple(end.shape)}: pass data.test.images[0], say."
    )


def _category(
    model: Model, a: Tensor, b: Tensor, t: Tensor, label: int | tuple[int, int] | None
) -> int | Tensor | None:
    """The category along a walk, as `common.decode` takes it: one number, or shares (n, K) of 1."""
    if (
        label is None
        and can(model).see_category
        and can(model).classify
        and _is_image(model, a)
        and _is_image(model, b)
    ):
        start, goal = (model.classify(end[None])[0].cpu() for end in (a, b))
    elif isinstance(label, tuple | list) and can(model).see_category:
        k = model.categories
        if len(label) != 2 or not all(0 <= end < k for end in label):
            raise ValueError(f"label is one category, or two for the ends of the walk, of 0 to {k - 1}; got {label}.")
        start, goal = torch.eye(k)[list(label)]
    else:
        return label  # type: ignore[return-value]  # of a pair `decode` says that the decoder sees no category
    return torch.lerp(start, goal, t[:, None])


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Spherical linear interpolation between two codes.

        slerp(a, b, t) = [sin((1 - t) w) a + sin(t w) b] / sin w,   w the angle between a and b

    It turns at constant speed and keeps the norm where both ends have the same: samples of a Gaussian in many
    dimensions lie near a sphere, which a straight line leaves. Where the arc is not defined (parallel, opposite or zero
    vectors) it is the straight line.

    Parameters
    ----------
    a, b : tensor
        (d,).
    t : float or tensor
        In [0, 1], or beyond the ends; a tensor has shape (n,).

    Returns
    -------
    tensor
        (d,) or (n, d).

    Raises
    ------
    ValueError
        For codes of different shapes, and for numbers that are not finite.

    References
    ----------
    Shoemake 1985, "Animating rotation with quaternion curves", SIGGRAPH.

    Examples
    --------
    >>> slerp(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 0.5)
    tensor([0.7071, 0.7071])
    """
    a, b = _floats(a, "a"), _floats(b, "b")
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"slerp: a and b must be two codes of the same shape (d,), not {tuple(a.shape)} and {tuple(b.shape)}."
        )
    p, q = a.double(), b.double()
    t = _floats(t, "t").to(p)[..., None]
    if t.ndim > 2:
        raise ValueError(f"t must be a number or have the shape (n,), not {tuple(t.shape[:-1])}.")
    u, v = p / p.norm().clamp_min(1e-300), q / q.norm().clamp_min(1e-300)
    w = 2 * torch.atan2((u - v).norm(), (u + v).norm())  # exact for small angles too, where arccos(u·v) is not
    if torch.sin(w) < 1e-6 or min(p.norm(), q.norm()) == 0:
        return torch.lerp(p, q, t).to(a.dtype)
    return ((torch.sin((1 - t) * w) * p + torch.sin(t * w) * q) / torch.sin(w)).to(a.dtype)


def _floats(x: Any, name: str) -> Tensor:
    """Finite floats; ValueError for anything else."""
    if not isinstance(x, Tensor):
        x = as_tensor(name, x)
    if x.is_complex() or not x.isfinite().all():
        raise ValueError(f"{name} must be finite numbers; got {shown(x)}.")
    return x if x.is_floating_point() else x.float()
