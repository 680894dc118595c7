"""What a dataset holds, in a few lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .ondisk import OnDisk, parts

if TYPE_CHECKING:
    from .dataset import Dataset

MOST = 20  # classes with a row of their own


class Description(str):
    """A text that a notebook and the prompt show as it is, with its lines."""

    def __repr__(self) -> str:
        return str(self)


def described(data: Dataset) -> Description:
    """Shape, range, classes, counts of each part, and what was done, in lines."""
    import pandas as pd

    splits = (data.train, data.validation, data.test)
    spans = [span(split.images) for split in splits]
    low, high = min(least for least, _ in spans), max(most for _, most in spans)
    what = "vectors" if len(data.image_shape) == 1 else "images"
    lines = [
        f"{data.name}: {sum(map(len, splits))} {what} of shape {tuple(data.image_shape)}, "
        f"{str(data.train.images.dtype).removeprefix('torch.')} from {low:.4g} to {high:.4g}"
    ]
    names = data.class_names or tuple(f"class {k}" for k in range(data.classes))
    counts = torch.stack([torch.bincount(s.labels + 1, minlength=data.classes + 1) for s in splits], 1)  # (1 + K, 3)
    rows = {"all": [len(s) for s in splits]}
    rows |= {name: counts[1 + k].tolist() for k, name in enumerate(names[:MOST])}
    if data.classes > MOST:
        rows[f"{data.classes - MOST} more"] = counts[1 + MOST :].sum(0).tolist()
    if data.classes and counts[0].any():
        rows["no label"] = counts[0].tolist()
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["train", "validation", "test"])
    lines += table.to_string().splitlines()
    if not data.classes:
        lines.append("no labels")
    if data.classes == 1:
        lines.append("one class only: its labels tell nothing apart")
    if data.feature_names:
        shown = ", ".join(data.feature_names[:MOST])
        lines.append(f"columns: {shown}" + ", ..." * (len(data.feature_names) > MOST))
    return Description("\n".join([*lines, *data.notes]))


def span(images: Tensor | OnDisk) -> tuple[float, float]:
    """The least and the greatest number among all images; (inf, -inf) where there are none."""
    bounds = [tuple(map(float, part.aminmax())) for part in parts(images)]
    return min((low for low, _ in bounds), default=math.inf), max((high for _, high in bounds), default=-math.inf)
