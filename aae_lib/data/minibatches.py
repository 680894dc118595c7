"""The training images on the device, and the minibatch of each step."""

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Generator, Tensor

from ..arguments import Kind, count, device, number, shown, takes
from .dataset import Split
from .images import check_values, scale
from .ondisk import OnDisk, parts
from .standard import Standard


class Minibatches:
    """Images (N, ...) and labels (N,) on the device, dealt out in minibatches.

    An epoch is one random permutation of all N images, labelled or not, cut into N // batch_size minibatches (the rest
    is left out; the next permutation is another).

    Parameters
    ----------
    split : Split
        What to learn from: N images or points.
    batch_size : int, optional
        B, from 1 to N; None is 100, or N where there are fewer.
    device : torch.device or str, default "cpu"
        Where images and labels are kept; on the CPU an `OnDisk` stays in its file.

    Raises
    ------
    ValueError
        If B is not a whole number from 1 to N, or if a number is not finite.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> minibatches = aae.Minibatches(aae.load("digits").train, batch_size=100)
    >>> minibatches.next(torch.Generator().manual_seed(0)).x.shape
    torch.Size([100, 1, 8, 8])
    """

    @takes(device=device())
    def __init__(self, split: Split, batch_size: int | None = None, device: torch.device | str = "cpu") -> None:
        if not isinstance(split, Split):
            raise ValueError(f"data must be a Dataset or a Split, such as data.train; got {shown(split)}.")
        if not len(split):
            raise ValueError("there are no images to learn from: this split is empty.")
        wanted = f"a whole number from 1 to the number of images to learn from, such as batch_size={len(split)}"
        fits = Kind(wanted, count(1, len(split)).take)
        self.batch_size = min(100, len(split)) if batch_size is None else fits.checked("batch_size", batch_size)
        images = split.images.to(device)
        self.images = images if isinstance(images, OnDisk) else images.contiguous()
        self.labels = split.labels.to(device).contiguous()
        check_values(self.images, -math.inf, math.inf)
        self.labelled = (self.labels >= 0).nonzero()[:, 0]
        self.standard: Standard | None = None  # set by a model that wants its samples standardised
        self.steps_per_epoch = len(self.images) // self.batch_size
        self.rewind()

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Of images and of labels: a run is resumed on the same data or not at all."""
        return {"images": fingerprint(self.images), "labels": fingerprint(self.labels)}

    def rewind(self) -> None:
        """Back to before the first step."""
        self.cursor = self.steps_per_epoch  # so that the first step draws a permutation
        self.permutation = torch.arange(len(self.images), device=self.images.device)

    def count(self, steps: int | None = None, epochs: float | None = None) -> int:
        """The number of steps, given as such or as epochs (rounded up).

        Parameters
        ----------
        steps : int, optional
            At least 0.
        epochs : float, optional
            At least 0.

        Returns
        -------
        int
            The number of steps.

        Raises
        ------
        ValueError
            Unless exactly one of the two is given, and for a number below 0.
        """
        if (steps is None) == (epochs is None):
            raise ValueError("pass either steps= or epochs=.")
        if epochs is None:
            return count(0, 2**62 - 1).checked("steps", steps)
        return math.ceil(number(least=0, most=1e12).checked("epochs", epochs) * self.steps_per_epoch - 1e-9)

    def next(self, generator: Generator) -> "Minibatch":
        """The next minibatch of the epoch; after the last one a new epoch begins, with another permutation."""
        self.shuffle_if_over(generator)
        self.cursor += 1
        return Minibatch(self, self.epoch_rows(self.cursor - 1))

    def shuffle_if_over(self, generator: Generator) -> None:
        """Begin another epoch, with another permutation, if this one is over."""
        if self.cursor == self.steps_per_epoch:
            self.permutation = torch.randperm(len(self.images), generator=generator, device=self.images.device)
            self.cursor = 0

    def epoch_rows(self, cursor: int, steps: int = 1) -> Tensor:
        """(steps · B,) int64: the rows of this epoch's minibatches from number `cursor` on."""
        return self.permutation[cursor * self.batch_size : (cursor + steps) * self.batch_size]

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """x (M, ...), in [0, 1] or standardised, and y (M,) of these rows."""
        return _seen(self.images.index_select(0, rows), self.standard), self.labels.index_select(0, rows)

    def random_rows(self, n: int, generator: Generator) -> Tensor:
        """(n,) int64: rows of any images, drawn with repetition."""
        return torch.randint(len(self.images), (n,), generator=generator, device=self.images.device)

    def random_labelled(self, n: int, generator: Generator) -> Tensor:
        """(n,) int64: rows of labelled images, drawn with repetition; ValueError if there are none."""
        return _drawn_from(self.labelled, n, generator)

    @property
    def some_labelled(self) -> bool:
        """Whether some images have a label and others have none."""
        return 0 < len(self.labelled) < len(self.images)


def fingerprint(tensor: Tensor | OnDisk) -> str:
    """SHA-256 of shape and numbers, its first 16 digits.

    Examples
    --------
    >>> fingerprint(torch.zeros(2)) == fingerprint(torch.zeros(2, 1))
    False
    """
    digest = hashlib.sha256(repr((tuple(tensor.shape), tensor.dtype)).encode())
    for part in parts(tensor):
        digest.update(part.cpu().contiguous().numpy().data)
    return digest.hexdigest()[:16]


class StackedMinibatches:
    """The minibatches of S members of a sweep as one: the same images, labels of their own; rows are (S, B).

    Parameters
    ----------
    members : sequence of Minibatches
        For which `fit` is true.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> members = [aae.Minibatches(aae.load("digits").train.keep_labels(20, seed=s)) for s in range(2)]
    >>> x, y = StackedMinibatches(members).take(torch.zeros(2, 5, dtype=torch.long))
    >>> x.shape, y.shape
    (torch.Size([10, 1, 8, 8]), torch.Size([10]))
    """

    def __init__(self, members: Sequence[Minibatches]) -> None:
        self.images, self.some_labelled = members[0].images, members[0].some_labelled
        self.standard = members[0].standard
        self.labels = torch.stack([member.labels for member in members])  # (S, N)
        self.labelled = torch.stack([member.labelled for member in members])  # (S, L)

    @staticmethod
    def fit(members: Sequence[Minibatches]) -> bool:
        """Whether all have the same images, seen alike, as many labels, and the same batch size."""
        first = members[0]
        return all(
            m.batch_size == first.batch_size
            and m.labelled.shape == first.labelled.shape
            and _same(m.images, first.images)
            and _alike(m.standard, first.standard)
            for m in members
        )

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """As `Minibatches.take`, x (S·M, ...) and y (S·M,) of rows (S, M), one member after the other."""
        x = _seen(self.images.index_select(0, rows.flatten()), self.standard)
        return x, self.labels.gather(1, rows).flatten()

    def random_labelled(self, n: int, generator: Generator) -> Tensor:
        """(S, n) int64: rows of each member's labelled images, drawn with repetition; ValueError if there are none."""
        return _drawn_from(self.labelled, n, generator)


def _seen(images: Tensor, standard: Standard | None) -> Tensor:
    """Images as the networks see them."""
    return scale(images) if standard is None else standard.apply(scale(images))


def _alike(a: Standard | None, b: Standard | None) -> bool:
    return a is b or (a is not None and b is not None and torch.equal(a.mean, b.mean) and torch.equal(a.sd, b.sd))


def _same(images: Tensor | OnDisk, others: Tensor | OnDisk) -> bool:
    """Whether they are equal; two that are on the disk: whether they are one."""
    if isinstance(images, OnDisk) or isinstance(others, OnDisk):
        return images is others
    return images is others or torch.equal(images, others)


def _drawn_from(labelled: Tensor, n: int, generator: Generator) -> Tensor:
    """(..., n) of the rows `labelled` (..., L), drawn with repetition."""
    *members, labels = labelled.shape
    if not labels:
        raise ValueError("none of these images has a label: keep some, or train a model that needs none.")
    return labelled.gather(-1, torch.randint(labels, (*members, n), generator=generator, device=labelled.device))


class Minibatch:
    """The images of one training step: what a phase's `draw` gets as `data`.

    Images and labels are taken once for all phases of the step.

    Parameters
    ----------
    source : Minibatches
        Where the images are taken from.
    rows : tensor
        (B,) int64: which ones; in a sweep (S, B), and everything below then has S · B rows.

    Attributes
    ----------
    x : tensor
        (B, ...) float32: images in [0, 1], points, or what a `likelihood="gaussian"` has standardised.
    y : tensor
        (B,) int64, -1 for "no label".

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> minibatches = aae.Minibatches(aae.load("digits").train)
    >>> Minibatch(minibatches, torch.arange(3)).y.shape
    torch.Size([3])
    """

    def __init__(self, source: Minibatches | StackedMinibatches, rows: Tensor) -> None:
        self.source, self.rows = source, rows

    @cached_property
    def _xy(self) -> tuple[Tensor, Tensor]:
        return self.source.take(self.rows)

    @property
    def x(self) -> Tensor:
        """(B, ...) float32: the images."""
        return self._xy[0]

    @property
    def y(self) -> Tensor:
        """(B,) int64: their labels."""
        return self._xy[1]

    def another(self, generator: Generator) -> "Minibatch":
        """As many images drawn at random: for the extra repeats of a phase, which are no part of the epoch."""
        assert isinstance(self.source, Minibatches), "a sweep repeats no phase"
        return Minibatch(self.source, self.source.random_rows(len(self.rows), generator))

    def with_labelled(self, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """x and y with a share of the rows replaced by labelled ones, unless all images are labelled.

        Parameters
        ----------
        share : float
            Of the batch, in [0, 1).
        generator : torch.Generator
            Draws the labelled rows, with repetition.

        Returns
        -------
        x : tensor
            (B, ...) float32.
        y : tensor
            (B,) int64.
        """
        n = round(share * self.rows.shape[-1])
        if n == 0 or not self.source.some_labelled:
            return self.x, self.y
        return self.source.take(torch.cat([self.rows[..., n:], self.source.random_labelled(n, generator)], -1))

    def labelled(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """x (B, ...) and y (B,) of labelled images only, drawn with repetition; ValueError if there are none."""
        return self.source.take(self.source.random_labelled(self.rows.shape[-1], generator))
