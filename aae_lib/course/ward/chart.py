"""The chart: what is measured of a training run, and how. Losses alone tell little of a game."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ... import metrics
from ...arguments import count, one_made_of, shown, takes
from ...data import Dataset, Split
from ...models import PlaneGame, can
from ...training.trainer import Trainer
from ..checks.turns_06 import Moves, effective_number, who_moved
from .illnesses import STEPS

LAST = 20  # steps over which losses are averaged and the codes' wandering is measured
EVERY = 20  # steps between two points of the MMD's curve


@takes(trainer=one_made_of(Trainer, example='ward.fall_ill("collapse")'), steps=count(LAST))
def examine(
    trainer: Trainer,
    steps: int = STEPS,
    *,
    who_moved: Callable[[Trainer], Moves] = who_moved,
    effective_number: Callable[[Tensor, int], Tensor] = effective_number,
) -> dict[str, float]:
    """Train this many steps, 20 at least, then measure; held-out images (the validation split) and new prior samples.

    L_rec, L_D, L_G   the losses, means over the last 20 steps
    mmd       codes against prior
    spread    standard deviation of the codes' wider coordinate, in units of the prior's
    held      how much of the prior's room holds codes: see `held`
    d_right   share of held-out codes and prior samples that D puts on the right side: 0.5 is a guess
    d_prior, d_codes  D(z), mean over each of the two
    push      length of ∂L_G/∂z at a code, mean over codes; with the loss in use
    step      how far the generator's last update moved its parameters (length)
    wander    how far a code went in the last 20 steps, mean over codes; in units of the prior's spread
    error     squared error of the reconstruction, a pixel

    who_moved and effective_number are the two measures that a learner writes in lesson 06. On the way the MMD goes
    into the trainer's history, now and then. Raises ValueError for fewer steps, and for a trainer of a Split, which has
    no held-out images.
    """
    model = trainer.model
    if can(model).encode:
        held_out(trainer)
    reference = model.prior.sample(2000, generator=Generator().manual_seed(7))
    unit = float(reference.std(0).mean())
    fresh = Generator().manual_seed(8)

    def match(_: Any) -> dict[str, float]:
        z = codes(trainer)
        return {"mmd": metrics.mmd(z, model.prior.sample(len(z), generator=fresh))}

    trainer.run(steps=steps - LAST, measure=match, every=EVERY, progress=False)
    before = codes(trainer)
    trainer.run(steps=LAST - 1, progress=False)
    moved = who_moved(trainer)  # makes the last step
    z = codes(trainer)
    last = trainer.history.tail(LAST)

    def loss(phase: str) -> float:
        return float(last[phase].mean()) if phase in last else math.nan

    return {
        "L_rec": loss("reconstruction"),
        "L_D": loss("discriminator"),
        "L_G": loss("generator"),
        "mmd": metrics.mmd(z, reference),
        "spread": float(z.std(0).max()) / unit,
        "held": held(z, reference, effective_number=effective_number),
        **of_the_game(trainer, z, reference[: len(z)]),
        "step": math.hypot(*map(float, moved.get("generator", {}).values())),
        "wander": float((z - before).norm(dim=1).mean()) / unit,
        "error": metrics.reconstruction_error(model, held_out(trainer)) if can(model).encode else math.nan,
    }


def codes(trainer: Trainer) -> Tensor:
    """Held-out codes (n, 2); in the plane the points."""
    model = trainer.model
    if isinstance(model, PlaneGame):
        return model.points.detach().clone()
    return model.encode(held_out(trainer).images)


def held_out(trainer: Trainer) -> Split:
    """The validation split of the trainer's dataset; ValueError where it has none."""
    if not isinstance(trainer.data, Dataset) or not len(trainer.data.validation):
        raise ValueError("trainer must be one of a Dataset with validation images; this one was given a Split or none.")
    return trainer.data.validation


def of_the_game(trainer: Trainer, z: Tensor, real: Tensor) -> dict[str, float]:
    """What D says of codes and of prior samples, and the push at a code; NaN where D or the generator sees more."""
    model = trainer.model
    game = [phase.loss for phase in trainer.phases if phase.name == "generator"]
    if not game or not can(model).play or can(model).told_classes is not None:
        return dict.fromkeys(("d_right", "d_prior", "d_codes", "push"), math.nan)
    z = z.clone().requires_grad_()
    fake = model.discriminator(z)
    (loss,) = game
    with torch.no_grad():
        real = model.discriminator(real)
    if isinstance(model, PlaneGame):
        (slope,) = torch.autograd.grad(loss(model, {}, {}), model.points)
    else:
        (slope,) = torch.autograd.grad(loss(model, {"z": z}, {}), z)
    return {
        "d_right": float(((real > 0).float().mean() + (fake < 0).float().mean()) / 2),
        "d_prior": float(real.sigmoid().mean()),
        "d_codes": float(fake.detach().sigmoid().mean()),
        "push": float(slope.norm(dim=1).mean()) * len(z),
    }


@takes(cells=count())
def held(
    z: Tensor,
    reference: Tensor,
    cells: int = 20,
    effective_number: Callable[[Tensor, int], Tensor] = effective_number,
) -> float:
    """How much of the prior's room holds codes, from 1/cells (all in one place) to 1 (spread as the prior is).

    The plane is cut into cells, each round one of 20 prior samples, and the codes are counted: the effective number of
    cells that they hold is divided by what `reference` (prior samples) gets.
    Raises ValueError unless both are (n, d), with more prior samples than cells.
    """
    shapes = [tuple(getattr(points, "shape", ())) for points in (z, reference)]
    if [len(shape) for shape in shapes] != [2, 2] or shapes[0][1] != shapes[1][1] or not 0 < cells < shapes[1][0]:
        raise ValueError(
            f"held: z and reference must be tensors (n, d) with the same d, reference with more than {cells} rows; "
            f"these are {shown(z)} and {shown(reference)}."
        )
    z, reference = torch.as_tensor(z), torch.as_tensor(reference)
    centres = reference[:cells]

    def effective(points: Tensor) -> float:
        return float(effective_number(torch.cdist(points, centres).argmin(1), cells))

    return min(effective(z) / effective(reference[cells:]), 1.0)
