"""The training step, the heart of the library. Lay it next to lesson 04's `textbook_step`: the same, phase by phase.

    by hand, for each of the three    here, for each phase             what it does
    x, z_prior = ...                  batch = trainer.draw(...)        all that is random
    loss = ...                        loss = trainer.call(...)         loss(model, batch, terms)
    zero_grad(); loss.backward()      trainer.gradients(phase, loss)   of the phase's own parameters, and no others
    optimizer.step()                  trainer.update(phase, ...)       by the phase's own optimizer, at a rate that
                                                                       the slider's weight scales (`Settings.rates`)

Not in the lesson: `share` (both players look at codes from one encoder pass), `repeats`, `autocast` (bfloat16), and the
pause after each phase. The four calls are in updates.py.

A `Trainer` takes it for one model, a `Sweep` for many at once; the live panel takes it phase by phase; a CUDA graph
records it; with several processes, each computes a part of the batch. All of them run this function.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..models import Batch

if TYPE_CHECKING:
    from .settings import Settings
    from .sweep import Sweep
    from .trainer import Trainer


def step(trainer: "Trainer | Sweep", minibatch: Any, settings: "Settings") -> Iterator[str]:
    """One training step: every phase draws, takes its loss, and moves *its own* parameters. Yields each phase's name.

    minibatch  the step's images (for a sweep, a sequence of them); settings  rates, terms and repeats of this step
    """
    batch: Batch = {}
    for phase in trainer.phases:
        repeats = settings.repeats[phase.name]
        for i in range(repeats):
            if phase.draw is not None:  # else: the batch of the phase before, once more
                # extra repeats draw other images; the last one has the step's own
                batch = trainer.draw(phase, minibatch, another=i < repeats - 1)
            with trainer.autocast():
                if phase.share is not None:  # e.g. one encoder pass for both players
                    batch = batch | trainer.call(phase.shared, batch)
                loss = trainer.call(phase.loss, batch, settings.terms[phase.name])
            value, gradients = trainer.gradients(phase, loss)
            told = trainer.update(phase, value, gradients, settings)  # the value; NaN if anything was not finite
        trainer.record(phase, told)
        yield phase.name  # a pause, so that the panel can show one phase at a time
