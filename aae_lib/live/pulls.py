"""Two arrows at every code: in which direction the reconstruction pulls it, and in which the game pushes it.

For a phase with loss L and shown images x_1..x_N the arrow at code z_n is −∂L/∂z_n, taken by running the phase's own
draw and loss on these images. So it also holds for a loss that a learner wrote.
"""

from typing import Any

import torch
from torch import Generator, Tensor

from ..phases import Batch
from ..streams import Stream


def moving_phases(trainer: Any) -> list[str]:
    """The phases that move the encoder and call it for codes; others have no arrow."""
    return [phase.name for phase in trainer.phases if "encoder" in phase.updates and phase.name != "elbo"]


def pulls(trainer: Any, stream: Stream, generator: Generator) -> tuple[Tensor, dict[str, Tensor]]:
    """Codes z (N, d) of the stream's images, and for each moving phase its pull (N, d).

    A pull has mean length w / max(w), w the phase's weight: what Adam makes of a gradient depends on its direction
    and the weight, hardly on its size. Within a phase, lengths compare.
    """
    model, now = trainer.model, trainer.snapshot()
    wanted = moving_phases(trainer)
    largest = max([now["weights"][name] for name in wanted], default=0) or 1.0
    batch: Batch = {}
    found: dict[str, Tensor] = {}
    caught: list[Tensor] = []
    hook = model.encoder.register_forward_hook(lambda _module, _inputs, z: caught.append(z))
    was_training = model.training
    model.eval()  # batch norm: the statistics that encode() uses, and none moved
    try:
        for phase in trainer.phases:
            if phase.draw:
                batch = phase.draw(stream, generator)
            if phase.share:
                batch = batch | phase.share(model, batch)
            if phase.name in wanted:
                loss = phase.loss(model, batch, now["terms"][phase.name])
                z = caught[-1]
                (gradient,) = torch.autograd.grad(loss, z, retain_graph=True)
                mean = gradient.norm(dim=1).mean().clamp_min(1e-30)
                found[phase.name] = -gradient / mean * (now["weights"][phase.name] / largest)
    finally:
        hook.remove()
        model.train(was_training)
    return caught[-1].detach(), found
