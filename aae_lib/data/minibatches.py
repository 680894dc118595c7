"""The training images on the device, and the minibatch of each step."""

import hashlib
import math
from functools import cached_property

import torch
from torch import Generator, Tensor

from .dataset import Split, scale


class Minibatches:
    """Images (N, ...) and labels (N,) on the device, dealt out in minibatches.

    An epoch is one random permutation of all N images, labelled or not, cut into N // batch_size minibatches (the rest
    is left out; the next permutation is another).

    Parameters
    ----------
    split : Split
        What to learn from: N images or points.
    batch_size : int, default 100
        B, from 1 to N.
    device : torch.device or str, default "cpu"
        Where images and labels are kept.

    Raises
    ------
    ValueError
        If B is not a whole number from 1 to N.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> minibatches = aae.Minibatches(aae.load("digits").train, batch_size=100)
    >>> minibatches.next(torch.Generator().manual_seed(0)).x.shape
    torch.Size([100, 1, 8, 8])
    """

    def __init__(self, split: Split, batch_size: int = 100, device: torch.device | str = "cpu") -> None:
        if batch_size != int(batch_size) or not 1 <= batch_size <= len(split.images):
            raise ValueError(f"batch_size={batch_size} must be from 1 to the number of images, {len(split.images)}.")
        self.images, self.labels = split.images.to(device), split.labels.to(device)
        self.labelled = (self.labels >= 0).nonzero()[:, 0]
        self.batch_size = int(batch_size)
        self.steps_per_epoch = len(self.images) // self.batch_size
        self.rewind()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of images and labels: a run is resumed on the same data or not at all."""
        digest = hashlib.sha256(self.images.cpu().numpy().data)
        digest.update(self.labels.cpu().numpy().data)
        return digest.hexdigest()

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
            raise ValueError("say either steps= or epochs=.")
        wanted = steps if epochs is None else math.ceil(epochs * self.steps_per_epoch - 1e-9) if epochs >= 0 else -1
        if wanted is None or wanted < 0 or wanted != int(wanted):
            raise ValueError(f"steps must be a whole number and epochs a number, from 0; got {steps or epochs}.")
        return int(wanted)

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
        """x (M, ...) in [0, 1] and y (M,) of these rows."""
        return scale(self.images.index_select(0, rows)), self.labels.index_select(0, rows)

    def random_rows(self, among: int, n: int, generator: Generator) -> Tensor:
        """(n,) int64: numbers below `among`, drawn with repetition."""
        return torch.randint(among, (n,), generator=generator, device=self.images.device)


class Minibatch:
    """The images of one training step: what a phase's `draw` gets as `data`.

    Images and labels are taken once for all phases of the step.

    Parameters
    ----------
    source : Minibatches
        Where the images are taken from.
    rows : tensor
        (B,) int64: which ones.

    Attributes
    ----------
    x : tensor
        (B, ...) float32 in [0, 1], or points.
    y : tensor
        (B,) int64, -1 for "no label".

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> minibatches = aae.Minibatches(aae.load("digits").train)
    >>> Minibatch(minibatches, torch.arange(3)).y.shape
    torch.Size([3])
    """

    def __init__(self, source: Minibatches, rows: Tensor) -> None:
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
        source = self.source
        return Minibatch(source, source.random_rows(len(source.images), len(self.rows), generator))

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
        source, n = self.source, round(share * len(self.rows))
        if n == 0 or len(source.labelled) in (0, len(source.images)):
            return self.x, self.y
        drawn = source.random_rows(len(source.labelled), n, generator)
        return source.take(torch.cat([self.rows[n:], source.labelled[drawn]]))

    def labelled(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """x (B, ...) and y (B,) of labelled images only, drawn with repetition; ValueError if there are none."""
        source = self.source
        if not len(source.labelled):
            raise ValueError("none of these images has a label: keep some, or train a model that needs none.")
        drawn = source.random_rows(len(source.labelled), len(self.rows), generator)
        return source.take(source.labelled[drawn])
