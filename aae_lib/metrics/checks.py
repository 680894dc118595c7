"""What every measure asks of its input, and the random numbers of those that draw."""

import torch
from torch import Tensor


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


def points(x: Tensor, name: str, at_least: int = 2) -> Tensor:
    """x as float64 on the CPU, once it is known to be `at_least` finite points of shape (n, d)."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor of shape (n, d), not {type(x).__name__}.")
    if x.ndim != 2:
        raise ValueError(f"{name} must have the shape (n, d), one point a row; its shape is {tuple(x.shape)}.")
    if len(x) < at_least:
        raise ValueError(f"{name} has {len(x)} points; at least {at_least} are needed.")
    x = x.detach().cpu().double()  # float64: differences of large sums; and MPS has none
    return finite(x, f"the {len(x)} points of {name}")


def finite(x: Tensor, rows: str) -> Tensor:
    """x (n, ...), once every row is known to be finite; `rows` names them: "the 20 codes"."""
    if bad := int((~x.flatten(1).isfinite().all(dim=1)).sum()):
        raise ValueError(
            f"{bad} of {rows} are NaN or infinite: training diverged. Load an earlier checkpoint, or train again with "
            "lower learning rates."
        )
    return x


def two_clouds(x: Tensor, y: Tensor, at_least: int = 2) -> tuple[Tensor, Tensor]:
    """Both clouds checked, and of one dimension."""
    x, y = points(x, "the first cloud", at_least), points(y, "the second cloud", at_least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"the clouds differ in dimension ({x.shape[1]} and {y.shape[1]}); compare codes with their own prior."
        )
    return x, y


def labelled(labels: Tensor) -> Tensor:
    """Which labels are there: (N,) bool, False at -1."""
    mask = labels >= 0
    if not mask.any():
        raise ValueError("none of these images has a label (all are -1); this measure needs labelled ones.")
    return mask
