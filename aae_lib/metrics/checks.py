"""What every measure and picture asks of its input, and the random numbers of those that draw."""

from typing import Any

import torch
from torch import Tensor

from ..arguments import WIDEST, Kind, as_tensor, count, generator, one_made_of, shown
from ..data import Dataset, Split, Standard, scale
from ..models import Model, can
from ..priors import Prior, PriorLike, as_prior

MANY = count(most=WIDEST)
SPLIT = one_made_of(Split, example="data.test")
DATA = one_made_of(Dataset, Split, example='aae.load("digits") or its test split')
DIVERGED = "training diverged. Load an earlier checkpoint, or train again with lower learning rates."
FROM_WHERE = f"leave them out; or if a model made them, {DIVERGED}"
WITH_CLASSES = "a SemiSupervisedAAE, a ClusterAAE or a MapAAE"


GENERATOR = generator(on_cpu=True)


def a_model(*needs: str) -> Kind:
    """A model that can do this: abilities (`can`), or names of its methods. With none: any model."""
    such_as = WITH_CLASSES if "classify" in needs else "an AAE (of a trainer: trainer.model)"
    methods = f" with {' and '.join(f'`{need}`' for need in needs)}" if needs else ""

    def take(value: Any) -> Any:
        able = can(value)
        if isinstance(value, type | str | bytes):  # a string has `encode`
            raise TypeError
        if not (needs or isinstance(value, Model) or able.encode or able.decode or able.classify):
            raise TypeError
        for need in needs:
            if not (getattr(able, need) if hasattr(able, need) else callable(getattr(value, need, None))):
                raise TypeError
        return value

    return Kind(f"a model{methods}, such as {such_as}", take)


def prior_of(thing: PriorLike) -> Prior:
    """A prior from anything that `as_prior` takes; ValueError for the rest."""
    try:
        return as_prior(thing)
    except (TypeError, ValueError) as error:
        raise ValueError(f"prior: {error}") from error


def own_generator(generator: torch.Generator | None) -> torch.Generator:
    """The generator given, or a fresh one seeded with 0, so that figures repeat."""
    return torch.Generator().manual_seed(0) if generator is None else generator


def seed_from(generator: torch.Generator) -> int:
    """A seed for scikit-learn, drawn from ours."""
    return int(torch.randint(2**31 - 1, (), generator=generator))


def subsample(generator: torch.Generator, n: int, *tensors: Tensor) -> tuple[Tensor, ...]:
    """At most n rows of each tensor, the same rows of all, drawn without replacement."""
    if len(tensors[0]) <= n:
        return tensors
    rows = torch.randperm(len(tensors[0]), generator=generator)[:n]
    return tuple(t.cpu()[rows] for t in tensors)


def tensor(x: Any, name: str) -> Tensor:
    """The tensor that x is, or makes, without its gradient; ValueError for anything that makes none."""
    found = as_tensor(name, x).detach()
    if found.is_complex():
        raise ValueError(f"{name} must be real numbers; got {shown(x)}.")
    return found


def points(x: Any, name: str, at_least: int = 2) -> Tensor:
    """x as float64 on the CPU, once it is known to be `at_least` finite points of shape (n, d)."""
    x = tensor(x, name)
    if x.ndim != 2 or x.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (n, d), one point a row; its shape is {tuple(x.shape)}.")
    if len(x) < at_least:
        raise ValueError(f"{name} has {len(x)} points; at least {at_least} are needed.")
    x = x.cpu().double()  # float64: differences of large sums; and MPS has none
    return finite(x, f"the {len(x)} points of {name}", FROM_WHERE)


def finite(x: Tensor, rows: str, why: str = DIVERGED) -> Tensor:
    """x (n, ...), once every row is known to be finite; `rows` names them: "the 20 codes"."""
    if bad := int((~x.flatten(1).isfinite().all(dim=1)).sum()):
        raise ValueError(f"{bad} of {rows} are NaN or infinite: {why}")
    return x


def two_clouds(x: Any, y: Any, at_least: int = 2) -> tuple[Tensor, Tensor]:
    """Both clouds checked, and of one dimension."""
    x, y = points(x, "x, the first cloud,", at_least), points(y, "y, the second cloud,", at_least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"the clouds x and y differ in dimension ({x.shape[1]} and {y.shape[1]}); compare codes with their own "
            "prior."
        )
    return x, y


def scaled(images: Any, name: str = "images", at_least: int = 1) -> Tensor:
    """Floats on the CPU, (n, ...), once they are known to be `at_least` finite images; uint8 becomes [0, 1]."""
    images = tensor(images, name)
    if images.ndim < 2 or len(images) < at_least or images[:1].numel() == 0:
        raise ValueError(
            f"{name} must hold at least {at_least} of shape (C, H, W) or (d,), one a row; the shape is "
            f"{tuple(images.shape)}."
        )
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise ValueError(f"{name} must be uint8 (0 to 255) or floats (0 to 1), not {images.dtype}; convert them first.")
    return finite(scale(images).cpu(), f"the {len(images)} {name}", FROM_WHERE)


def in_units_of(model: Model, images: Any, name: str = "images") -> Tensor:
    """As `scaled`, in the units that the model's loss compares: pixels, or standard deviations of its training data."""
    standard, images = standard_of(model), scaled(images, name)
    return images if standard is None else standard.to("cpu").apply(images)


def standard_of(model: Model) -> Standard | None:
    """By what a model standardises its samples; None for one of pixels."""
    return getattr(getattr(model, "likelihood", None), "standard", None)


def same_pixels(images: Any, name: str, real: Tensor, others: str) -> Tensor:
    """Images flattened to (n, d), once d is known to be that of the real ones (m, d)."""
    flat = scaled(images, name).flatten(1)
    if flat.shape[1] != real.shape[1]:
        raise ValueError(f"the {name} have {flat.shape[1]} values each and the real ones, {others}, {real.shape[1]}.")
    return flat


def codes_of(model: Model, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The codes (N, d) of images on the CPU, once they are known to be finite; from `generator` where they are random.

    ValueError for other codes.
    """
    random = generator is not None and getattr(getattr(model, "encoder", None), "noise_dim", None)
    z = tensor(model.encode(images, generator=generator) if random else model.encode(images), "the model's codes").cpu()
    if z.ndim != 2 or len(z) != len(images):
        raise ValueError(f"the model's codes of {len(images)} images have the shape {tuple(z.shape)}, and not (N, d).")
    return finite(z, f"the model's {len(z)} codes")


def whole(labels: Any, name: str = "labels") -> Tensor:
    """Labels (n,) int64; ValueError for others."""
    found = tensor(labels, name)
    if found.ndim != 1 or (found.is_floating_point() and not bool((found == found.round()).all())):
        raise ValueError(
            f"{name} must be whole numbers (N,), a class for each row (-1: no label); got {shown(labels)}."
        )
    return found.long()


def labelled(labels: Tensor, name: str, at_least: int = 1) -> Tensor:
    """Which labels are there: (N,) bool, False at -1; ValueError if they are too few."""
    mask = labels >= 0
    if not mask.any():
        raise ValueError(f"{name}: none of these images has a label (all are -1); this measure needs labelled ones.")
    if (n := int(mask.sum())) < at_least:
        raise ValueError(f"{name}: only {n} of these images have a label; at least {at_least} are needed.")
    return mask
