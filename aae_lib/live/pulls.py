"""An arrow at every code for each phase that moves it: the reconstruction's pull, the game's push.

For a phase with loss L the arrow at code z_n is −∂L/∂z_n, taken by running the phase's own draw and loss on the images
shown. So it also holds for a loss that a learner wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import torch
from torch import Generator, Tensor

from ..data import Minibatch
from ..models import Batch, can
from ..training import Trainer


def moving_phases(trainer: Trainer) -> list[str]:
    """The phases that move codes: those that move the encoder, or free `points`; none where no code can be followed."""
    able = can(trainer.model)
    if able.encode and not able.pull:
        return []
    mover = {"encoder", "encoder.z_head"} if able.encode else {"points"}
    return [phase.name for phase in trainer.phases if mover & {*phase.updates}]


def pulls(trainer: Trainer, minibatch: Minibatch, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """Codes z (N, d) of the minibatch's images, and for each moving phase its pull (N, d).

    A phase whose loss asks the encoder for no code has none. A pull has mean length w / max(w), w the phase's weight:
    what Adam makes of a gradient depends on its direction and the weight, hardly on its size. Within a phase, lengths
    compare; those above 3 means are cut off there.
    """
    model: Any = trainer.model  # a learner's own, too
    now = trainer.settings()
    wanted = moving_phases(trainer)
    largest = max([now.weights[name] for name in wanted], default=0) or 1.0
    batch: Batch = {}
    found: dict[str, Tensor] = {}
    with _catching_codes(model) as caught:
        for i, phase in enumerate(trainer.phases):
            if phase.draw:
                users = [phase.name, *(p.name for p in takewhile(lambda p: not p.draw, trainer.phases[i + 1 :]))]
                if not set(users) & set(wanted):
                    continue
                batch = phase.draw(minibatch, generator)
            if phase.share:
                batch = batch | phase.share(model, batch)
            if phase.name in wanted:
                loss = phase.loss(model, batch, now.terms[phase.name])
                if not caught:
                    continue
                (gradient,) = torch.autograd.grad(loss, caught[-1], retain_graph=True)
                length = gradient.norm(dim=1, keepdim=True)
                mean = length.mean().clamp_min(1e-30)
                cut = (3 * mean / length.clamp_min(1e-30)).clamp_max(1)
                found[phase.name] = -gradient * cut / mean * (now.weights[phase.name] / largest)
        where = model.codes(batch) if can(model).heads or not caught else caught[-1]
    return where.detach(), found


@contextmanager
def _catching_codes(model: Any) -> Iterator[list[Tensor]]:
    """The codes that the encoder gives within this block, in evaluation mode: no statistics move."""
    if not can(model).encode:
        yield [model.points]
        return
    caught: list[Tensor] = []
    source = model.encoder.z_head if can(model).classify else model.encoder
    hook = source.register_forward_hook(lambda _module, _inputs, z: caught.append(z))
    was_training = model.training
    model.eval()
    try:
        yield caught
    finally:
        hook.remove()
        model.train(was_training)
