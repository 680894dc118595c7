"""Images of your own, in arrays: looked at, then split into three parts."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import numbers, one_of, path, seed, shown, takes
from .dataset import PARTS, Dataset, Split
from .images import as_images
from .labels import as_classes
from .layout import Reading, as_array, reading_of
from .ondisk import OnDisk
from .parts import SHARE, three_parts

CHANNELS = one_of("first", "last")
RANGE = numbers(2, example="(-1, 1)")


@takes(validation=SHARE, test=SHARE, seed=seed(), value_range=RANGE, channels=CHANNELS)
def from_arrays(
    images: Any,
    labels: Any = None,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
    value_range: tuple[float, float] | None = None,
    channels: str | None = None,
) -> Dataset:
    """A dataset of your own arrays, split at random, each class in proportion.

    Parameters
    ----------
    images : array, tensor or numpy.memmap
        (N, H, W), (N, C, H, W) or (N, H, W, C); or vectors (N, D). uint8 from 0 to 255, or other whole numbers in that
        range, become uint8; floats of any size, and True and False, become float32. A memmap stays on the disk, and
        training reads what each step needs: it may be larger than memory.
    labels : sequence, optional
        N words or whole numbers, with gaps or without; None, NaN, "" and -1 say that a label is not known.
    validation, test : float or int, default 0.1
        A share of all images, or how many.
    seed : int, default 0
        Of the split.
    value_range : pair of float, optional
        (low, high), mapped linearly to [0, 1]: what pictures need that are neither uint8 nor in [0, 1]. Without it
        floats are taken as they come: whether the model can reconstruct them is checked when a trainer is made. One
        with likelihood="bernoulli" reconstructs [0, 1], one with likelihood="gaussian" any numbers. Whole numbers of
        images, and uint8 vectors, are pixels from 0 to 255; other vectors are numbers of any size.
    channels : {"first", "last"}, optional
        Of images with four axes; needed only where both may be meant.

    Returns
    -------
    Dataset
        Images (N, C, H, W) or vectors (N, D), with `class_names`; `describe()` says what was understood.

    Raises
    ------
    ValueError
        For what cannot be learned from: NaN (with the image's number), another type or shape, whole numbers beyond 255
        or only 0 and 1, values outside `value_range`, labels that do not fit, parts without an image.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((120, 16, 20, 3))
    >>> from_arrays(images, ["cat", "dog"] * 60)
    Dataset('arrays': 96 train, 12 validation, 12 test x (3, 16, 20), 2 classes)
    """
    array = as_array(images)
    reading = reading_of(array, channels, value_range)
    y, names = as_classes(labels, len(array))
    rows = three_parts(y, names, validation, test, seed)
    splits = [Split(_taken(array, part, reading), y[part], class_names=names or None) for part in rows]
    how = f"split at random (seed {seed})" + (", each class in proportion" if names else "")
    return dataset_of("arrays", splits, (*_done(array, reading), how))


@takes(value_range=RANGE, channels=CHANNELS)
def from_splits(
    train: Any,
    validation: Any,
    test: Any,
    *,
    value_range: tuple[float, float] | None = None,
    channels: str | None = None,
) -> Dataset:
    """A dataset whose three parts you have already.

    Parameters
    ----------
    train, validation, test : Split, array, or pair of (images, labels)
        Each as `from_arrays` takes it. Labels of one name are one class in all three.
    value_range, channels
        As in `from_arrays`, where all parts are arrays: a Split is taken as it is.

    Returns
    -------
    Dataset
        The parts as they are given, in their order.

    Raises
    ------
    ValueError
        As in `from_arrays`, with the part's name; and for images of different shapes.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((100, 8, 8))
    >>> from_splits((images[:80], [1, 3] * 40), images[80:90], images[90:])
    Dataset('splits': 80 train, 10 validation, 10 test x (1, 8, 8), 2 classes)
    """
    found = []
    for name, part in zip(PARTS, (train, validation, test), strict=True):
        try:
            found.append(_part(part, channels, value_range))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        shape, wanted = (tuple(images.shape[1:]) for images in (found[-1][0], found[0][0]))
        if shape != wanted:
            raise ValueError(
                f"{name} holds images of shape {shape}, and train of {wanted}: all parts must have the same shape."
            )
        kept, as_train = found[-1][0].dtype, found[0][0].dtype
        if kept != as_train:
            raise ValueError(
                f"{name} is kept as {kept}, and train as {as_train}, whose 255 means 1: give all parts in one type."
            )
    words = [word for _, _, names, _ in found for word in names]
    _, every = as_classes(words, len(words))
    splits = []
    for part, (images, y, names, _) in zip((train, validation, test), found, strict=True):
        classes = torch.tensor([*map(every.index, names), -1])  # no label, -1, finds the last
        taken = part if isinstance(part, Split) else Split(images, classes[y])
        splits.append(replace(taken, labels=classes[y], class_names=every or None))
    return dataset_of("splits", splits, (*found[0][3], "the three parts are yours"))


@takes(file=path())
def from_npz(file: str | Path, **options: Any) -> Dataset:
    """A dataset from a file of NumPy's, `np.savez(file, images=..., labels=...)`; labels may be left out.

    Parameters
    ----------
    file : path
        Ends in .npz. Nothing in it is unpickled.
    **options
        As in `from_arrays`.

    Returns
    -------
    Dataset
        Named after the file.

    Raises
    ------
    ValueError
        For a file that is missing or of another kind, and as in `from_arrays`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "noise.npz")
    >>> np.savez(file, images=np.random.default_rng(0).random((40, 8, 8)))
    >>> from_npz(file)
    Dataset('noise': 32 train, 4 validation, 4 test x (1, 8, 8), no labels)
    """
    file = Path(file)
    try:
        with np.load(file, allow_pickle=False) as content:
            found = {name: content[name] for name in content.files if name in ("images", "labels")}
            names = content.files
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or 'it is damaged'}.") from error
    except (ValueError, EOFError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{file} is not a .npz of plain arrays: write it with np.savez(file, images=..., labels=...)."
        ) from error
    if "images" not in found:
        raise ValueError(
            f"{file} has no array named images, but {shown(', '.join(names))}: take what you need in Python, e.g. "
            "f = np.load(file); aae.data.from_arrays(f['x'], f['y'])."
        )
    return replace(from_arrays(found["images"], found.get("labels"), **options), name=file.stem)


def dataset_of(name: str, splits: Sequence[Split], notes: Sequence[str]) -> Dataset:
    """The dataset of three parts, train, validation and test."""
    train, validation, test = splits
    classes = len(train.class_names or ())
    return Dataset(name, train, validation, test, tuple(train.images.shape[1:]), classes, tuple(notes))


def _part(
    part: Any, channels: str | None, value_range: tuple[float, float] | None
) -> tuple[Tensor, Tensor, tuple[str, ...], tuple[str, ...]]:
    """Images, classes, their names, and what was done."""
    if isinstance(part, Split):
        if channels or value_range:
            raise ValueError(
                "a Split is taken as it is, so channels= and value_range= say nothing about it: leave them out, or "
                "give arrays for all parts."
            )
        y, names = (part.labels, part.class_names) if part.class_names else as_classes(part.labels, len(part))
        return part.images, y, names, ()
    images, labels = part if isinstance(part, tuple) and len(part) == 2 else (part, None)
    array = as_array(images)
    reading = reading_of(array, channels, value_range)
    y, names = as_classes(labels, len(array))
    return _taken(array, torch.arange(len(array)), reading), y, names, _done(array, reading)


def _taken(array: np.ndarray, rows: Tensor, reading: Reading) -> Tensor:
    """These rows as a Split takes them: in memory, or on the disk if they are there."""
    found = OnDisk(array, rows, reading)
    return as_images(found) if isinstance(array, np.memmap) else found.tensor()


def _done(array: np.ndarray, reading: Reading) -> tuple[str, ...]:
    """What was done with the array, in a few words each."""
    kept = "uint8" if reading.whole else "float32"
    done = []
    if reading.axes == "last":
        done.append("(N, H, W, C) became (N, C, H, W)")
    if reading.axes == "grey":
        done.append("(N, H, W) became (N, 1, H, W)")
    if str(array.dtype) != kept:
        done.append(f"{array.dtype} became {kept}")
    if reading.value_range:
        done.append("{:g} to {:g} became 0 to 1".format(*reading.value_range))
    if isinstance(array, np.memmap):
        done.append("the images stay in their file")
    return tuple(done)
