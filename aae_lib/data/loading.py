"""`load`: the data sets of the course by name, in the same three splits on every machine."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np
import torch

from ..arguments import count, one_of, path, takes
from . import glyphs, mini_mnist, mnist, toys
from .dataset import PARTS, Dataset, Split
from .parts import held_out

IMAGES = ("mini_mnist", "digits", "glyphs", "mnist", "fashion_mnist")
DIGITS = "datasets/data/digits.csv.gz"  # in scikit-learn
VALIDATION = 12  # one in 12 of the MNISTs' training images


@takes(name=one_of(*IMAGES, *toys.TOYS), folder=path(), n=count(100, glyphs.MOST))
def load(name: str, folder: str | Path | None = None, n: int = 6000) -> Dataset:
    """Load a dataset in its three splits, the same ones on every machine.

    Parameters
    ----------
    name : str
        - "mini_mnist": handwritten digits, 28x28, a part of MNIST that comes with the package; 5000, 1000 and 2000,
          equally many of each class.
        - "digits": handwritten, 8x8, from scikit-learn; 1300 training, 200 validation and 297 test images.
        - "glyphs": digits drawn from fonts, 28x28, with ``.factors``; 4200, 900 and 900.
        - "mnist": handwritten digits, 28x28, 11 MB to download; 55000, 5000 and 10000.
        - "fashion_mnist": clothes, 28x28, 31 MB to download; 55000, 5000 and 10000.
        - "moons", "circles", "blobs", "spiral", "checkerboard": points in the plane; 2000, 500 and 500.

        The test split of the two MNISTs is the official one; their validation images come from the official training
        set. Each part of mini_mnist is a part of the same one of mnist.
    folder : path, optional
        For the two MNISTs, a folder that has the files (see `mnist.find_local`); None looks in AAE_DATA_DIR and the
        cache, then downloads. The other sets need no files.
    n : int, default 6000
        For glyphs, how many are drawn, from 100 to 100 000 (about 1.3 s for 1000); 15% each are validation and test
        images.

    Returns
    -------
    Dataset
        Images as uint8, or points as float32, with labels.

    Raises
    ------
    ValueError
        For an unknown name, an impossible n, a folder that cannot be read, and (`mnist.DataCorruptError`)
        for a damaged file.
    mnist.DataNotFoundError
        If the files are neither on this machine nor available for download.

    Examples
    --------
    >>> load("blobs").train
    Split(2000 x (2,))
    """
    if name == "mini_mnist":
        return _mini_mnist()
    if name == "digits":
        return _digits()
    if name == "glyphs":
        return _glyphs(n)
    if name in mnist.MIRRORS:
        return _mnist(name, folder)
    return _in_three(name, Split(*toys.TOYS[name]()), validation=500, test=500)


def _mini_mnist() -> Dataset:
    arrays = {key: torch.from_numpy(array) for key, array in mini_mnist.read().items()}
    train, validation, test = (Split(arrays[f"{part}_images"][:, None], arrays[f"{part}_labels"]) for part in PARTS)
    return Dataset("mini_mnist", train, validation, test, (1, 28, 28), 10)


def _digits() -> Dataset:
    """From scikit-learn's file, where it is: to import scikit-learn for it takes a second."""
    found = importlib.util.find_spec("sklearn")
    path = Path(found.origin).parent / DIGITS if found and found.origin else None
    if path and path.exists():
        table = np.loadtxt(path, delimiter=",")
        stored, labels = table[:, :-1], table[:, -1]
    else:
        from sklearn.datasets import load_digits

        stored, labels = load_digits(return_X_y=True)
    images = torch.from_numpy(stored * 255 / 16).round().to(torch.uint8).view(-1, 1, 8, 8)  # stored as 0 to 16
    return _in_three("digits", Split(images, torch.from_numpy(labels).long()), validation=200, test=297)


@functools.cache
def _all_glyphs(n: int) -> Split:
    factors = glyphs.sample_factors(n, torch.Generator().manual_seed(0))
    return Split(glyphs.draw(factors), torch.tensor(factors["class"].to_numpy()), factors)


def _glyphs(n: int) -> Dataset:
    return _in_three("glyphs", _all_glyphs(n), validation=n * 3 // 20, test=n * 3 // 20)


def _mnist(name: str, folder: str | Path | None) -> Dataset:
    train_x, train_y, test_x, test_y = (torch.from_numpy(array.copy()) for array in mnist.read(name, folder))
    rest, validation = _hold_out(Split(train_x[:, None], train_y.long()), len(train_x) // VALIDATION)
    return Dataset(name, rest, validation, Split(test_x[:, None], test_y.long()), (1, *train_x.shape[1:]), 10)


def _in_three(name: str, whole: Split, validation: int, test: int) -> Dataset:
    rest, test_split = _hold_out(whole, test)
    train, validation_split = _hold_out(rest, validation)
    shape = tuple(whole.images.shape[1:])
    return Dataset(name, train, validation_split, test_split, shape, int(whole.labels.max()) + 1)


def _hold_out(split: Split, n: int) -> tuple[Split, Split]:
    """The rest, and n rows that are held out, each class in proportion."""
    held = held_out(split.labels, n)
    return split.take((~held).nonzero()[:, 0]), split.take(held.nonzero()[:, 0])
