"""Labels as people have them, words or numbers, some of them missing: turned into classes 0 to K - 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import sequence, shown

NUMBERS = ("integer", "floating", "mixed-integer-float", "boolean", "integer-na")


def as_classes(labels: Any, n: int) -> tuple[Tensor, tuple[str, ...]]:
    """Classes of any labels, and what each is called.

    Parameters
    ----------
    labels : sequence, optional
        n words or whole numbers (also as floats; gaps do no harm). None, NaN, "" and -1 mean that a label is not known;
        None in place of all means that none is.
    n : int
        How many there must be.

    Returns
    -------
    classes : tensor
        (n,) int64, from 0 to K - 1, in the order of the labels; -1 where the label is not known.
    names : tuple of str
        The K labels.

    Raises
    ------
    ValueError
        For another number of labels, for fractions, mixed kinds, and numbers below -1.

    Examples
    --------
    >>> as_classes(["dog", "cat", None, "dog"], 4)
    (tensor([ 1,  0, -1,  1]), ('cat', 'dog'))
    >>> as_classes([3, 7, 7.0, -1], 4)
    (tensor([ 0,  1,  1, -1]), ('3', '7'))
    """
    import pandas as pd

    if labels is None:
        return torch.full((n,), -1), ()
    shape = _shape(labels)
    if shape == (n, 1):
        labels, shape = labels.iloc[:, 0] if hasattr(labels, "iloc") else labels[:, 0], (n,)
    if shape != (n,):
        one_hot = " If they are one-hot, write labels.argmax(1)." if len(shape) == 2 and shape[0] == n else ""
        raise ValueError(f"labels must be {n}, one for each image; got {shown(labels)}, {shape[:1]} of them.{one_hot}")
    try:
        series = pd.Series(labels.detach().cpu().numpy() if isinstance(labels, Tensor) else labels)
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(object)
        known = series.notna().to_numpy(copy=True)
        kind = pd.api.types.infer_dtype(series[known], skipna=False)
    except (TypeError, ValueError, RuntimeError):
        kind = "mixed"
    if kind == "empty":
        return torch.full((n,), -1), ()
    if kind == "string":
        words = series[known].astype(str).str.strip().to_numpy(str)
        known[known] = words != ""
        names, found = np.unique(words[words != ""], return_inverse=True)
        names, found = _in_order(names, found)
    elif kind in NUMBERS:
        numbers = series[known].to_numpy(np.float64)
        _check(numbers, known)
        known[known] = numbers != -1
        values, found = np.unique(numbers[numbers != -1], return_inverse=True)
        names = np.array([("False", "True")[int(v)] if kind == "boolean" else f"{v:.0f}" for v in values])
    else:
        raise ValueError(f"labels must be whole numbers, or words, and not {kind}; got {shown(labels)}.")
    classes = torch.full((n,), -1)
    classes[torch.from_numpy(known)] = torch.from_numpy(found.astype(np.int64))
    return classes, tuple(map(str, names))


def _shape(labels: Any) -> tuple[int, ...]:
    if getattr(labels, "shape", None) is not None:
        return tuple(labels.shape)
    try:
        return (len(sequence(labels)),)
    except (TypeError, ValueError):
        raise ValueError(f"labels must be a sequence, one label for each image; got {shown(labels)}.") from None


def _in_order(names: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words that are all numbers are put in the order of the numbers: "2" before "10"."""
    if not all(name.isdecimal() for name in names):
        return names, found
    order = np.array(sorted(range(len(names)), key=lambda i: int(names[i])), dtype=int)
    return names[order], order.argsort()[found]


def _check(numbers: np.ndarray, known: np.ndarray) -> None:
    """ValueError unless these are whole numbers from -1 on."""
    odd = ~np.isfinite(numbers) | (numbers != np.round(numbers))
    if odd.any():
        at = known.nonzero()[0][odd.argmax()]
        raise ValueError(
            f"labels are classes, whole numbers or words, and label {at} is {numbers[odd.argmax()]:g}: leave labels "
            "out, or make classes of a measurement, e.g. by pandas.cut(labels, 3, labels=False)."
        )
    if numbers.size and numbers.max() >= 2**53:
        raise ValueError(
            f"labels go up to {numbers.max():.3g}, and numbers that large cannot be told apart: make words of them, "
            "e.g. list(map(str, labels))."
        )
    if numbers.size and numbers.min() < -1:
        raise ValueError(f"labels must be at least -1, which means not known; the least is {numbers.min():.0f}.")
    if set(np.unique(numbers)) == {-1, 1}:
        raise ValueError("labels are -1 and 1, and -1 means not known here: write (labels + 1) // 2.")
