"""A dataset: images (or points, or other vectors) with labels, in three fixed splits.

Everything stays as it is stored, images as uint8, in memory or in its file.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..arguments import Kind, as_tensor, count, counts, seed, sequence, shown, takes, text
from .describe import Description, described
from .images import as_images, digests
from .ondisk import OnDisk

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("train", "validation", "test")


def _words(value: Any) -> tuple[str, ...]:
    return tuple(text().take(each) for each in sequence(value))


NAMES = Kind("a sequence of names, such as ('cat', 'dog')", _words)


@takes(class_names=NAMES, feature_names=NAMES)
@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """One part of a dataset.

    Parameters
    ----------
    images : tensor or array
        (N, C, H, W) uint8 from 0 to 255, or floats in [0, 1], kept as float32; or points or other vectors (N, D). An
        `OnDisk` stays where it is.
    labels : tensor or array
        (N,) whole numbers, the classes; -1 means that the label is not known. Kept as int64.
    factors : DataFrame, optional
        A table of N rows that says what each image was made from (glyphs only).
    class_names : sequence of str, optional
        What the classes 0 to K - 1 are called.
    feature_names : sequence of str, optional
        What the D numbers of a vector are called.

    Raises
    ------
    ValueError
        For images or labels of another shape or type, and for factors without a row for each image. The numbers
        themselves are checked when a trainer is made.

    Examples
    --------
    >>> import torch
    >>> Split(torch.zeros(3, 2), torch.tensor([0, 1, -1]))
    Split(3 x (2,), 2 labelled)
    """

    images: Tensor  # or an OnDisk in its place
    labels: Tensor
    factors: pd.DataFrame | None = None
    class_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", as_images(self.images))  # frozen for all others
        object.__setattr__(self, "labels", _as_labels(self.labels, len(self.images)))
        n = len(self.images)
        if self.factors is not None and (not hasattr(self.factors, "iloc") or len(self.factors) != n):
            raise ValueError(f"factors must be a table with a row for each of {n} images; got {shown(self.factors)}.")
        if self.class_names and n and self.labels.max() >= len(self.class_names):
            raise ValueError(
                f"there are {len(self.class_names)} class_names, and labels up to {int(self.labels.max())}."
            )
        if self.feature_names and tuple(self.images.shape[1:]) != (len(self.feature_names),):
            raise ValueError(
                f"there are {len(self.feature_names)} feature_names, and samples of shape "
                f"{tuple(self.images.shape[1:])}."
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        labelled = int(self.labelled.sum())
        known = "" if labelled == len(self) else f", {labelled} labelled"
        return f"Split({len(self)} x {tuple(self.images.shape[1:])}{known})"

    @property
    def labelled(self) -> Tensor:
        """(N,) bool: where the label is known."""
        return self.labels >= 0

    def take(self, rows: Tensor) -> Split:
        """The split with only these rows: (M,) whole numbers from 0 to N - 1; else ValueError."""
        rows = as_tensor("rows", rows)
        if rows.ndim != 1 or rows.is_floating_point() or (len(rows) and not 0 <= rows.min() <= rows.max() < len(self)):
            raise ValueError(f"rows must be whole numbers from 0 to {len(self) - 1}, in a row; got {shown(rows)}.")
        rows = rows.long()
        factors = None if self.factors is None else self.factors.iloc[rows.tolist()].reset_index(drop=True)
        images = self.images.take(rows) if isinstance(self.images, OnDisk) else self.images[rows]
        return replace(self, images=images, labels=self.labels[rows], factors=factors)

    @takes(n=count(), seed=seed())
    def keep_labels(self, n: int, seed: int = 0) -> Split:
        """The same images with exactly n labels kept and all others set to -1.

        The classes keep equally many, give or take one; a class that has too few keeps all it has and the others make
        up the difference. With one seed, the labels kept for a smaller n are among those kept for a larger one.

        Parameters
        ----------
        n : int
            How many, from the number of classes to the number of labels there are.
        seed : int, default 0
            Which ones.

        Returns
        -------
        Split
            The same images; new labels.

        Raises
        ------
        ValueError
            If there are fewer labels than n, or n is too small to keep one of every class.

        Examples
        --------
        >>> import aae_lib as aae
        >>> aae.load("digits").train.keep_labels(100)
        Split(1300 x (1, 8, 8), 100 labelled)
        """
        known = self.labelled.nonzero()[:, 0]
        classes = self.labels[known].unique()
        if not len(classes) <= n <= len(known) or len(known) == 0:
            raise ValueError(
                f"keep_labels({n}) is not possible: this split has {len(known)} labels of {len(classes)} classes, so "
                f"ask for {len(classes)} to {len(known)}."
            )
        # a stream of its own: a trainer of the same seed shuffles the images the same way
        generator = torch.Generator().manual_seed(1_000_000 + seed)
        shuffled = known[torch.randperm(len(known), generator=generator)]
        # Deal out like cards: the first of every class, then the second of every class, and so on.
        rounds = torch.empty_like(shuffled)
        for k in classes:
            own = self.labels[shuffled] == k
            rounds[own] = torch.arange(int(own.sum()))
        kept = shuffled[rounds.argsort(stable=True)[:n]]
        labels = torch.full_like(self.labels, -1)
        labels[kept] = self.labels[kept]
        return replace(self, labels=labels)


@takes(name=text(), image_shape=counts(example="(1, 28, 28)"), classes=count(0), notes=NAMES)
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named set in three splits: train to learn from, validation to choose by, test to report.

    Parameters
    ----------
    name : str
        What `load` calls it.
    train, validation, test : Split
        The three splits.
    image_shape : tuple of int
        (C, H, W) of one image, or (D,) of a vector.
    classes : int
        The number of classes, K; labels are 0 to K - 1. 0 where nothing has a label.
    notes : sequence of str, optional
        What was done to make it, for `describe`.

    Raises
    ------
    ValueError
        For images of another shape, and for labels outside -1 to K - 1.

    Examples
    --------
    >>> import aae_lib as aae
    >>> aae.load("digits")
    Dataset('digits': 1300 train, 200 validation, 297 test x (1, 8, 8), 10 classes)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    image_shape: tuple[int, ...]
    classes: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in PARTS:
            split = getattr(self, part)
            if not isinstance(split, Split):
                raise ValueError(f"{part} must be a Split(images, labels); got {shown(split)}.")
            if tuple(split.images.shape[1:]) != tuple(self.image_shape):
                raise ValueError(
                    f"{part} holds images of shape {tuple(split.images.shape[1:])}, and image_shape says "
                    f"{tuple(self.image_shape)}."
                )
            if len(split) and self.classes == 0 and split.labels.max() >= 0:
                raise ValueError(
                    f"{part} has labels, and classes=0 says that nothing has: write the number of classes."
                )
            if len(split) and not (split.labels.min() >= -1 and int(split.labels.max()) < self.classes):
                raise ValueError(
                    f"{part} has labels from {int(split.labels.min())} to {int(split.labels.max())}; with "
                    f"{self.classes} classes they run from 0 to {self.classes - 1}, and -1 means no label."
                )

    def check_disjoint(self) -> None:
        """Check that no image is in two splits: figures would then be of images that were learned.

        Raises
        ------
        ValueError
            If an image is in two splits.
        """
        kept = {part: digests(getattr(self, part).images) for part in PARTS}
        for first, second in itertools.combinations(PARTS, 2):
            if both := len(kept[first] & kept[second]):
                raise ValueError(
                    f"{both} images of {self.name} are both in {first} and in {second}: take them out of one, and "
                    "take labels to learn from out of train only."
                )

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """What the classes are called, where that is known."""
        return self.train.class_names

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """What the D numbers of a vector are called, where that is known."""
        return self.train.feature_names

    def describe(self) -> Description:
        """What this dataset holds: shape, range, classes, counts, and what was done to make it.

        Returns
        -------
        str
            Several lines, which a notebook shows as they are.

        Examples
        --------
        >>> import aae_lib as aae
        >>> aae.load("blobs").describe()
        blobs: 3000 vectors of shape (2,), float32 from -2.935 to 2.674
                 train  validation  test
        all       2000         500   500
        class 0    334          83    83
        class 1    332          84    84
        class 2    334          83    83
        class 3    334          83    83
        class 4    332          84    84
        class 5    334          83    83
        """
        return described(self)

    def __repr__(self) -> str:
        classes = f"{self.classes} class{'es' * (self.classes > 1)}" if self.classes else "no labels"
        return (
            f"Dataset({self.name!r}: {len(self.train)} train, {len(self.validation)} validation, {len(self.test)} test "
            f"x {tuple(self.image_shape)}, {classes})"
        )


def _as_labels(labels: Any, n: int) -> Tensor:
    found = as_tensor("labels", labels)
    if (
        found.is_meta
        or found.shape != (n,)
        or found.is_floating_point()
        or found.is_complex()
        or found.dtype == torch.bool
    ):
        raise ValueError(f"labels must be {n} whole numbers, one for each image (-1: not known); got {shown(labels)}.")
    if len(found) and found.long().min() < -1:
        raise ValueError(f"labels must be at least -1, which means not known; the least is {int(found.long().min())}.")
    return found.long()
