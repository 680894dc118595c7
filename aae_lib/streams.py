"""The training images on the device, and the minibatch of each step."""

import hashlib
import math
from functools import cached_property

import torch
from torch import Generator, Tensor

from .data import Split, scale


class Stream:
    """Images (N, ...) and labels (N,) on the device, handed out in minibatches; what a phase's `draw` gets as `data`.

    An epoch is one random permutation of all N images, labelled or not, cut into N // batch_size minibatches
    (the rest is left out; the next permutation is another). Every phase of a step gets the same minibatch, but for
    repeats of a phase (`resample`) and labelled rows mixed in (`with_labelled`).
    """

    def __init__(self, split: Split, batch_size: int = 100, device: torch.device | str = "cpu") -> None:
        if not 1 <= batch_size <= len(split.images):
            raise ValueError(f"batch_size={batch_size} must be from 1 to the number of images, {len(split.images)}.")
        self.images, self.labels = split.images.to(device), split.labels.to(device)
        self.labelled = (self.labels >= 0).nonzero()[:, 0]
        self.batch_size = batch_size
        self.steps_per_epoch = len(self.images) // batch_size
        self.rewind()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of images and labels: a run is resumed on the same data or not at all."""
        digest = hashlib.sha256(self.images.cpu().numpy())
        digest.update(self.labels.cpu().numpy())
        return digest.hexdigest()

    def rewind(self) -> None:
        """Back to before the first step."""
        self.cursor = self.steps_per_epoch  # so that the first step draws a permutation
        self.permutation = torch.arange(len(self.images), device=self.images.device)
        self.rows = self.permutation[: self.batch_size]

    def count(self, steps: int | None = None, epochs: float | None = None) -> int:
        """How many steps are so many steps, or so many epochs (rounded up). ValueError unless just one is given."""
        if (steps is None) == (epochs is None):
            raise ValueError("say either steps= or epochs=.")
        wanted = steps if epochs is None else math.ceil(epochs * self.steps_per_epoch - 1e-9) if epochs >= 0 else -1
        if wanted < 0 or wanted != int(wanted):
            raise ValueError(f"steps must be a whole number and epochs a number, from 0; got {steps or epochs}.")
        return int(wanted)

    def advance(self, generator: Generator) -> None:
        """Go to the next minibatch of the epoch; a new permutation when the epoch is over."""
        self.shuffle_if_over(generator)
        self.rows = self.epoch_rows(self.cursor)
        self.cursor += 1

    def shuffle_if_over(self, generator: Generator) -> None:
        """Begin another epoch, with another permutation, if this one is over."""
        if self.cursor == self.steps_per_epoch:
            self.permutation = torch.randperm(len(self.images), generator=generator, device=self.images.device)
            self.cursor = 0

    def epoch_rows(self, cursor: int) -> Tensor:
        """The rows of minibatch number `cursor` of this epoch."""
        return self.permutation[cursor * self.batch_size : (cursor + 1) * self.batch_size]

    def resample(self, generator: Generator) -> None:
        """A minibatch of rows drawn at random: for the extra repeats of a phase, which are no part of the epoch."""
        size = (self.batch_size,)
        self.rows = torch.randint(len(self.images), size, generator=generator, device=self.images.device)

    def restore(self) -> None:
        """Back to the step's own minibatch after `resample`."""
        self.rows = self.epoch_rows(self.cursor - 1)

    def minibatch(self) -> tuple[Tensor, Tensor]:
        """x (B, ...) in [0, 1] and y (B,) of the current rows."""
        return self._take(self.rows)

    def with_labelled(self, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """The minibatch with that share of its rows replaced by labelled ones drawn at random, if not all are."""
        n = round(share * self.batch_size)
        if n == 0 or len(self.labelled) in (0, len(self.images)):
            return self.minibatch()
        drawn = torch.randint(len(self.labelled), (n,), generator=generator, device=self.images.device)
        return self._take(torch.cat([self.rows[n:], self.labelled[drawn]]))

    def labelled_batch(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """x (B, ...) in [0, 1] and y (B,) of labelled rows alone, drawn at random with repetition."""
        if not len(self.labelled):
            raise ValueError("none of these images has a label: keep some, or train a model that needs none.")
        drawn = torch.randint(len(self.labelled), (self.batch_size,), generator=generator, device=self.images.device)
        return self._take(self.labelled[drawn])

    def _take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        return scale(self.images.index_select(0, rows)), self.labels.index_select(0, rows)
