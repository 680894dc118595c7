"""The training step, the heart of the library. Compare it with the loop that lesson 04 writes by hand: it is the same.

A trainer takes it for one model, a `Sweep` for many at once; the live panel takes it phase by phase; a CUDA graph
records it; several processes share its rows out. All of them run this function.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..models import Batch

if TYPE_CHECKING:
    from .settings import Settings
    from .sweep import Sweep
    from .trainer import Trainer


def step(trainer: "Trainer | Sweep", minibatch: Any, settings: "Settings") -> Iterator[str]:
    """One training step: every phase draws, takes its loss, and moves *its own* parameters.

    Parameters
    ----------
    trainer : Trainer or Sweep
        What a step is made of.
    minibatch : Minibatch
        The step's images; for a sweep a sequence, one for each member.
    settings : Settings
        Learning rates, weights of terms and repeats, as they are for this step.

    Yields
    ------
    str
        The name of each phase, after its update.
    """
    batch: Batch = {}
    for phase in trainer.phases:
        for extra in reversed(range(settings.repeats[phase.name])):  # the step's own minibatch comes last
            if phase.draw is not None:  # else: the batch of the phase before, once more
                batch = trainer.draw(phase, minibatch, extra)  # all that is random
            with trainer.autocast():
                if phase.share is not None:
                    batch = batch | trainer.call(phase.share, batch)
                loss = trainer.call(phase.loss, batch, settings.terms[phase.name])  # loss(model, batch, terms)
            loss, gradients = trainer.gradients(phase, loss)  # of the phase's own parameters, and of no others
            loss = trainer.update(phase, loss, gradients, settings)  # its optimizer, at settings.rates[phase.name]
        trainer.record(phase, loss)
        yield phase.name
