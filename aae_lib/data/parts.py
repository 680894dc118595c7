"""Which images to learn from, which to choose by, and which to test on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..arguments import Kind, count, plain_number


def held_out(labels: Tensor, n: int) -> Tensor:
    """Hold out n of all images, each class in proportion: all in order of class, then every (N/n)-th of them.

    Parameters
    ----------
    labels : tensor
        (N,) int64; no label, -1, counts as a class.
    n : int
        How many, from 1 to N.

    Returns
    -------
    tensor
        (N,) bool. No random number decides: it is the same with every version of every library.

    Examples
    --------
    >>> held_out(torch.tensor([0, 0, 0, 1, 1, 1]), 2)
    tensor([False,  True, False, False,  True, False])
    """
    held = torch.zeros(len(labels), dtype=torch.bool)
    held[labels.argsort(stable=True)[evenly(n, len(labels))]] = True
    return held


def evenly(n: int, total: int) -> Tensor:
    """n whole numbers, evenly spaced from 0 to total - 1."""
    return (torch.arange(n) * total + total // 2) // n


def _share(value: Any) -> int | float:
    found = plain_number(value)
    if isinstance(found, float) and not 0 < found < 1:
        raise ValueError
    return found if isinstance(found, float) else count().take(found)


SHARE = Kind("a share of the images above 0 and below 1, or a whole number of images", _share)


def three_parts(
    labels: Tensor, names: Sequence[str], validation: float, test: float, seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows for train, validation and test, at random, with each class in proportion.

    Parameters
    ----------
    labels : tensor
        (N,) int64, -1 for no label.
    names : sequence of str
        What the classes are called.
    validation, test : float or int
        A share of all images, in (0, 1), or how many.
    seed : int
        Of the random order.

    Returns
    -------
    tuple of tensor
        Three times int64: train in the order of the data, the other two shuffled, so that their first images show all
        classes.

    Raises
    ------
    ValueError
        Where a part would be empty, a class has fewer images than there are parts, or train would have none of it.

    Examples
    --------
    >>> [len(rows) for rows in three_parts(torch.arange(2).repeat(20), ("a", "b"), 0.1, 4, seed=0)]
    [32, 4, 4]
    """
    n, sizes = len(labels), []
    for name, asked in (("validation", validation), ("test", test)):
        sizes.append(round(asked * n) if isinstance(asked, float) else asked)
        if sizes[-1] == 0:
            raise ValueError(
                f"{name}={asked:g} of {n} image{'s' * (n > 1)} is none: ask for a number of them, as in {name}=1; "
                "three images are the least that can be split."
            )
    if sum(sizes) >= n:
        raise ValueError(
            f"validation={sizes[0]} and test={sizes[1]} leave nothing to learn from: there are {n} images; ask for "
            "fewer."
        )
    counts = torch.bincount(labels[labels >= 0], minlength=len(names))
    if len(counts) and counts.min() < 3:
        few = int(counts.argmin())
        raise ValueError(
            f"class {names[few]!r} has {int(counts[few])} image{'s' * int(counts[few] > 1)}, and the three parts need "
            "one each: leave it out, add some, or say by None that its label is not known."
        )
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    held = held_out(labels[order], sizes[1])
    rest, test_rows = order[~held], order[held]
    held = held_out(labels[rest], sizes[0])
    rest, validation_rows = rest[~held], rest[held]
    missing = torch.bincount(labels[rest].clamp_min(-1) + 1, minlength=len(names) + 1)[1:] == 0
    if missing.any():
        raise ValueError(
            f"train would hold no image of class {names[int(missing.nonzero()[0])]!r}: ask for smaller validation= and "
            "test=."
        )
    return rest.sort().values, validation_rows, test_rows
