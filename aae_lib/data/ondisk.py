"""Images that stay in their file: rows are read when they are asked for."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import Kind, as_tensor, shown, takes

NUMBERS = 2**24  # that are read or looked at in one go: 64 MB as float32

AT_ONCE = 256  # rows read before pages are given back: each may bring in the half megabyte around it


def _an_array(value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.ndim < 2 or not value.size or value.dtype.kind not in "biuf":
        raise TypeError
    return value


def as_stored(rows: np.ndarray) -> Tensor:
    """The rows as they are: uint8, or float32 of any other number."""
    made = rows.astype(np.uint8 if rows.dtype == np.uint8 else np.float32)
    return torch.from_numpy(np.ascontiguousarray(made))


def let_go(source: np.ndarray) -> None:
    """Give back the pages of the file that have been read: the system would count them as this process's memory."""
    base: Any = source
    while isinstance(base, np.ndarray):
        base = base.base
    # a copy-on-write mapping (mode "c") would lose what was written to it
    if isinstance(base, mmap.mmap) and getattr(source, "mode", None) in ("r", "r+") and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


class OnDisk:
    """Images in a mapped file, in place of a tensor of them: a set larger than memory can be learned from.

    It has a tensor's `shape` and `dtype`, and gives tensors when it is indexed. What is read is copied, and the pages
    of the file are given back.

    Parameters
    ----------
    source : numpy.memmap
        (M, ...) numbers, not empty.
    rows : tensor, optional
        (N,) whole numbers: which rows are meant, in this order. None: all.
    read : callable, optional
        read(array (n, ...)) -> tensor (n, ...) of uint8 or float32: how rows are turned into images.

    Raises
    ------
    ValueError
        For another source, and rows that it does not have.

    Examples
    --------
    >>> import numpy, tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "images.npy")
    >>> numpy.save(file, numpy.zeros((5, 1, 8, 8), "uint8"))
    >>> images = OnDisk(numpy.load(file, mmap_mode="r"), rows=torch.tensor([4, 0]))
    >>> images, images[:1].shape
    (OnDisk((2, 1, 8, 8), torch.uint8), torch.Size([1, 1, 8, 8]))
    """

    device = torch.device("cpu")

    @takes(source=Kind("a numpy.memmap (N, ...) of numbers, such as np.load(file, mmap_mode='r')", _an_array))
    def __init__(
        self, source: np.ndarray, rows: Tensor | None = None, read: Callable[[np.ndarray], Tensor] = as_stored
    ) -> None:
        self.source, self.read = source, read
        self.rows = torch.arange(len(source)) if rows is None else _checked(rows, len(source))
        if not callable(read):
            raise ValueError(f"read must be a function: array (n, ...) -> tensor (n, ...); got {shown(read)}.")
        one = read(np.array(source[:1]))  # a copy, which may be written to
        self.dtype, self.shape = one.dtype, torch.Size((len(self.rows), *one.shape[1:]))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"OnDisk({tuple(self.shape)}, {self.dtype})"

    @property
    def ndim(self) -> int:
        """The number of axes, as a tensor's."""
        return len(self.shape)

    def __getitem__(self, which: int | slice | Tensor) -> Tensor:
        rows = self.rows[which]
        made = torch.empty((rows.numel(), *self.shape[1:]), dtype=self.dtype)
        for some, into in zip(rows.reshape(-1).split(AT_ONCE), made.split(AT_ONCE), strict=True):
            into.copy_(self.read(self.source[some.numpy()]))
            let_go(self.source)
        return made.view(*rows.shape, *self.shape[1:])

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """The tensor of these rows (n,); dim is 0, as images are read one by one."""
        assert dim == 0
        return self[rows]

    def take(self, rows: Tensor) -> OnDisk:
        """These rows (n,), still on the disk."""
        return OnDisk(self.source, self.rows[rows], self.read)

    def split(self, n: int) -> Iterator[Tensor]:
        """All images in turn, n at a time."""
        return (self[start : start + n] for start in range(0, len(self), n))

    def to(self, device: torch.device | str) -> OnDisk | Tensor:
        """Itself for the CPU; for another device a tensor there, which has to hold all of them."""
        return self if torch.device(device).type == "cpu" else self.tensor(device)

    def cpu(self) -> OnDisk:
        """Itself, as it is there."""
        return self

    def tensor(self, device: torch.device | str = "cpu") -> Tensor:
        """All of them in memory."""
        made = torch.empty(self.shape, dtype=self.dtype, device=device)
        start = 0
        for part in parts(self):
            made[start : start + len(part)] = part
            start += len(part)
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.tensor().numpy(), dtype)


def parts(images: Tensor | OnDisk) -> Iterator[Tensor]:
    """The images in turn, few enough at a time that memory is never a question."""
    if 0 in images.shape:
        return iter(())
    return iter(images.split(max(1, NUMBERS // images.shape[1:].numel())))


def _checked(rows: Any, n: int) -> Tensor:
    found = as_tensor("rows", rows)
    whole = found.ndim == 1 and not (found.is_meta or found.is_floating_point() or found.is_complex())
    if not whole or found.dtype == torch.bool or (len(found) and not 0 <= found.min() <= found.max() < n):
        raise ValueError(f"rows must be whole numbers from 0 to {n - 1}, in a row; got {shown(rows)}.")
    return found.detach().cpu().long()
