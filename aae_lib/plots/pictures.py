"""Plots made of images: the data, reconstructions, samples, the decoded plane, and walks between two codes."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from ..data import Split
from ..metrics.images import reconstructed
from ..models import can, of_one_moment
from . import common
from .picture import Picture

Size = tuple[float, float] | None


def images(split: Split | Tensor, n: int = 64, *, figsize: Size = None) -> Picture:
    """A contact sheet of the first `n` images.

    `split` is a `Split` or a tensor (N, C, H, W), uint8 0-255 or floats in [0, 1]; `figsize` in inches.
    Raises ValueError for an empty split and for points instead of images.
    """
    shown = split[:n] if isinstance(split, Tensor) else common.first_images(split, n)
    if len(shown) == 0:
        raise ValueError("There are no images here to draw.")
    columns = math.ceil(math.sqrt(len(shown)))
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(-(-len(shown) // columns), columns))
    common.gallery(ax, shown, columns)
    common.title(ax, f"The first {len(shown)} images")
    figure.alt = f"A grid of {len(shown)} images from the data."
    return figure


@of_one_moment
def reconstructions(model: nn.Module, split: Split, n: int = 10, *, figsize: Size = None) -> Picture:
    """The first `n` images of `split` above their reconstructions decode(encode(x)).

    A model whose decoder is told the label (`SupervisedAAE`) gets those of the split. Raises ValueError for an empty
    split and for points instead of images.
    """
    originals = common.first_images(split, n)
    back = reconstructed(model, split.take(torch.arange(len(originals))))
    both = torch.cat([common.scale(originals).cpu(), back.cpu()])
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(2, len(originals), cell=1.0))
    common.gallery(ax, both, len(originals))
    ax.set_yticks([0, 1], ["image", "reconstruction"])
    common.title(ax, "Images and their reconstructions")
    figure.alt = f"Two rows of {len(originals)} images: originals above, their reconstructions below."
    return figure


@of_one_moment
def samples(
    model: nn.Module, n: int = 64, generator: torch.Generator | None = None, *, figsize: Size = None
) -> Picture:
    """A grid of `n` images decoded from prior samples z ~ p(z).

    Where the prior has K classes, or the model K categories, one row a class with n // K images (at least one). Without
    a generator the picture uses one of its own with seed 0: the same model gives the same picture. Raises ValueError
    for n < 1.
    """
    if n < 1:
        raise ValueError(f"n = {n} leaves nothing to draw: ask for 1 or more.")
    generator, classes = common.own_generator(generator), can(model).categories or model.prior.classes
    columns = max(1, n // classes) if classes else math.ceil(math.sqrt(n))
    labels = torch.arange(classes).repeat_interleave(columns) if classes else None
    drawn = model.sample(n if labels is None else len(labels), generator=generator, labels=labels)
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(-(-len(drawn) // columns), columns))
    common.gallery(ax, drawn, columns)
    common.title(ax, "Decoded samples of the prior p(z)")
    figure.alt = f"A grid of {len(drawn)} images decoded from samples of the prior."
    if classes:
        ax.set_yticks(range(classes))
        kind = "category" if can(model).categories and not can(model).named_categories else "class"
        ax.set_ylabel(kind, fontsize=common.SIZE)
        figure.alt = f"{classes} rows of {columns} images decoded from samples of the prior, one row for each {kind}."
    return figure


@of_one_moment
def plane(
    model: nn.Module, extent: tuple[float, float, float, float] | None = None, n: int = 20, *, label: int | None = None,
    figsize: Size = None,
) -> Picture:  # fmt: skip
    """The decoded plane: n x n codes on a grid over 2-D latent space, each drawn as the image it decodes to.

    `extent` (left, right, bottom, top) holds the codes of the outermost images, in units of z; default: the square
    round 99 % of the prior. z₁ grows to the right and z₂ upwards. Where the decoder sees a category beside z, `label`
    says which. Raises ValueError for codes that are not 2-D, for a wrong extent, and for a label that is missing or
    that the decoder does not see.
    """
    common.need_plane(model, "The decoded plane")
    if n < 2:
        raise ValueError(f"n = {n} makes no grid: ask for 2 or more.")
    if extent is None:
        extent = common.extent_of(common.prior_sample(model, 2000))
    left, right, bottom, top = common.check_extent(extent)
    z2, z1 = torch.meshgrid(torch.linspace(top, bottom, n), torch.linspace(left, right, n), indexing="ij")
    decoded = common.decode(model, torch.stack([z1, z2], -1).reshape(-1, 2), label)  # top row first
    x, y = (right - left) / (n - 1) / 2, (top - bottom) / (n - 1) / 2  # half an image: z is its centre
    figure, (ax,) = common.blank(figsize=figsize or (8.0, 8.4))
    height, width = decoded.shape[-2:]
    ax.imshow(
        common.mosaic(decoded, n), cmap="gray", vmin=0, vmax=1, interpolation="nearest",
        extent=(left - x, right + x, bottom - y, top + y), aspect=height * (right - left) / (width * (top - bottom)),
    )  # fmt: skip
    lines = {"colors": "white", "linewidths": 1.2}  # digits of neighbours would touch without
    ax.vlines(np.linspace(left - x, right + x, n + 1), bottom - y, top + y, **lines)
    ax.hlines(np.linspace(bottom - y, top + y, n + 1), left - x, right + x, **lines)
    ax.set_xlabel("z₁", fontsize=common.SIZE + 2)
    ax.set_ylabel("z₂", fontsize=common.SIZE + 2)
    common.title(ax, "What each point of the plane decodes to")
    figure.alt = f"{n} by {n} decoded images, each placed at its code (z1, z2) in the latent plane."
    return figure


@of_one_moment
def interpolation(
    model: nn.Module, a: Tensor, b: Tensor, n: int = 10, spherical: bool = False,
    *, label: int | tuple[int, int] | None = None, figsize: Size = None,
) -> Picture:  # fmt: skip
    """A walk from `a` to `b` in latent space in `n` decoded steps, straight or (`spherical`) along `slerp`.

    `a` and `b` are images (C, H, W), which are encoded and drawn at both ends as well, or codes (d,). Where the decoder
    sees a category y beside z, y goes from one end to the other too, always straight: from the model's probabilities
    for image a to those for image b, or, with `label=(3, 8)`, from one category to another; `label=3` keeps one all the
    way. Raises ValueError for any other shape, for n < 2, and for a label that is missing or that the decoder does not
    see.
    """
    if n < 2:
        raise ValueError(f"n = {n} is no walk: ask for 2 or more.")
    codes = [_code(model, end) for end in (a, b)]
    t = torch.linspace(0, 1, n)
    path = slerp(*codes, t) if spherical else torch.lerp(*codes, t[:, None])
    walk, ticks = common.decode(model, path, _category(model, a, b, t, label)), [f"{step:.2g}" for step in t.tolist()]
    if a.ndim == 3:
        walk, ticks = torch.cat([common.scale(a[None]).cpu(), walk]), ["image a", *ticks]
    if b.ndim == 3:
        walk, ticks = torch.cat([walk, common.scale(b[None]).cpu()]), [*ticks, "image b"]
    figure, (ax,) = common.blank(figsize=figsize or common.sheet_size(1, len(walk), cell=1.0))
    common.gallery(ax, walk, len(walk))
    ax.set_xticks(range(len(walk)), ticks)
    ax.set_xlabel("t", fontsize=common.SIZE)
    common.title(ax, f"From a to b {'along an arc (slerp)' if spherical else 'along a straight line'} in latent space")
    figure.alt = f"{n} images decoded along {'an arc' if spherical else 'a straight line'} between two codes."
    return figure


def _code(model: nn.Module, end: Tensor) -> Tensor:
    if tuple(end.shape) == tuple(model.image_shape) and end.ndim == 3:
        return model.encode(end[None])[0].cpu()
    if tuple(end.shape) == (model.latent_dim,):
        return end.detach().cpu().float()
    raise ValueError(
        f"An end of the walk is one image of shape {tuple(model.image_shape)} or one code of shape "
        f"({model.latent_dim},), and this has {tuple(end.shape)}: pass data.test.images[0], say."
    )


def _category(
    model: nn.Module, a: Tensor, b: Tensor, t: Tensor, label: int | tuple[int, int] | None
) -> int | Tensor | None:
    """The category along a walk, as `common.decode` takes it: one number, or shares (n, K) of 1."""
    if label is None and a.ndim == b.ndim == 3 and can(model).see_category and can(model).classify:
        ends = [model.classify(end[None])[0].cpu() for end in (a, b)]
    elif isinstance(label, tuple | list) and can(model).see_category:
        k = model.categories
        if len(label) != 2 or not all(0 <= end < k for end in label):
            raise ValueError(f"label is one category, or two for the ends of the walk, of 0 to {k - 1}; got {label}.")
        ends = torch.eye(k)[list(label)]
    else:
        return label
    return torch.lerp(*ends, t[:, None])


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Spherical linear interpolation between codes `a` and `b` (d,), t in [0, 1] a number or (n,): (d,) or (n, d).

        slerp(a, b, t) = [sin((1 - t) w) a + sin(t w) b] / sin w,   w the angle between a and b

    It turns at constant speed and keeps the norm where both ends have the same: samples of a Gaussian in many
    dimensions lie near a sphere, which a straight line leaves. Where the arc is not defined (parallel, opposite or zero
    vectors) it is the straight line. Formula: Shoemake, SIGGRAPH 1985.
    """
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"slerp needs two codes of one shape (d,), not {tuple(a.shape)} and {tuple(b.shape)}.")
    p, q = a.double(), b.double()
    t = torch.as_tensor(t, dtype=torch.float64, device=p.device)[..., None]
    u, v = p / p.norm().clamp_min(1e-300), q / q.norm().clamp_min(1e-300)
    w = 2 * torch.atan2((u - v).norm(), (u + v).norm())  # exact for small angles too, where arccos(u·v) is not
    if torch.sin(w) < 1e-6 or min(p.norm(), q.norm()) == 0:
        return torch.lerp(p, q, t).to(a.dtype)
    return ((torch.sin((1 - t) * w) * p + torch.sin(t * w) * q) / torch.sin(w)).to(a.dtype)
