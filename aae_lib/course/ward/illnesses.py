"""Five illnesses of an adversarial autoencoder, each provoked in a healthy one, and their cures."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from ... import losses
from ...arguments import number, one_made_of, one_of, takes
from ...arguments import seed as seeds
from ...data import Dataset, Minibatch, load
from ...models import AAE, Batch, Phase, PlaneGame
from ...optimizers import Constant, Cosine, Schedule
from ...priors import Gaussian, PriorLike
from ...training.trainer import Trainer

STEPS = 600
ILLNESSES = ("healthy", "collapse", "winner", "forgotten", "rate", "saturating")
CURES = ("r1", "rates", "noise", "smoothing", "batch", "norm", "loss", "phase")
PUTS_RIGHT = {"rates": ("winner", "rate"), "loss": ("saturating",), "phase": ("collapse", "forgotten")}
IN_THE_PLANE = "'saturating' is played by points in the plane: leave data, prior and the cures 'batch' and 'norm' out."
DATASET = one_made_of(Dataset, example='aae.load("digits")')


@takes(illness=one_of(*ILLNESSES), seed=seeds(), cure=one_of(*CURES), data=DATASET)
def fall_ill(
    illness: str,
    seed: int = 0,
    cure: str | None = None,
    data: Dataset | None = None,
    prior: PriorLike | None = None,
) -> Trainer:
    """A trainer with one of the ILLNESSES, treated with one of the CURES, not yet trained.

    healthy     an AAE with codes in the plane, both players at one rate, rates falling along half a cosine
    collapse    the reconstruction moves the decoder only: nothing holds the codes apart
    winner      the discriminator's rate ten times, the generator's a tenth
    forgotten   the generator's phase never runs
    rate        every rate ten times, and never falling
    saturating  the encoder's part played by free points in the plane, far from the prior, with log(1 − D), against a
                discriminator that has had 200 steps to itself

    r1          gradient penalty, weight 1
    rates       the healthy recipe's rates
    noise       instance noise, sd 0.5;  smoothing  labels 0.9 and 0;  batch  300 in place of 100
    norm        batch norm in the encoder
    loss        the non-saturating loss
    phase       the phase as it should be: it runs, and moves the encoder

    Raises ValueError for another illness or cure, for a cure that changes nothing in that illness, and data that is
    no Dataset, or not asked for.
    """
    if illness not in PUTS_RIGHT.get(cure or "", ILLNESSES):
        ills = " and ".join(PUTS_RIGHT[str(cure)])
        raise ValueError(f"the cure {cure!r} is for {ills}, and changes nothing in {illness!r}: choose another.")
    if illness == "saturating" and (data is not None or prior is not None or cure in ("batch", "norm")):
        raise ValueError(IN_THE_PLANE)
    r1 = 1.0 if cure == "r1" else None
    model: AAE | PlaneGame
    schedule: Schedule
    if illness == "saturating":
        model, data, schedule = plane(seed, r1), load("blobs"), Constant()
    else:
        data = data or load("digits")
        norm = cure == "norm"
        model = AAE(data.image_shape, hidden=(100, 100), prior=prior, r1=r1, batch_norm=norm, seed=seed)
        schedule = Constant() if illness == "rate" and cure != "rates" else Cosine(STEPS, final=0.05)
    phases = list(model.phases())
    if illness == "collapse" and cure != "phase":
        phases[0] = phases[0].replace(updates=("decoder",))
    at = [phase.name for phase in phases].index("discriminator")
    if cure == "noise":
        phases[at] = noisy(phases[at], sd=0.5)
    if cure == "smoothing":
        phases[at] = phases[at].replace(loss=smoothed(0.1))
    if illness == "saturating" and cure != "loss":
        phases[-1] = phases[-1].replace(loss=saturating)
    size = 300 if cure == "batch" else 100
    trainer = Trainer(model, data, seed=seed, device="cpu", schedule=schedule, phases=tuple(phases), batch_size=size)

    if illness == "winner" and cure != "rates":
        trainer.weights.update(discriminator=10, generator=0.1)
    if illness == "forgotten" and cure != "phase":
        trainer.weights["generator"] = 0
    if illness == "rate" and cure != "rates":
        trainer.rate = 10
    if illness == "saturating":
        trainer.weights["generator"] = 0
        trainer.run(steps=200, progress=False)
        trainer.weights["generator"] = 1
    return trainer


@takes(seed=seeds(), r1=number(least=0))
def plane(seed: int, r1: float | None = None) -> PlaneGame:
    """400 points in a lump at a distance of 4 from a narrow Gaussian prior."""
    points = 0.3 * torch.randn(400, 2, generator=Generator().manual_seed(seed)) + torch.tensor([4.0, 0.0])
    return PlaneGame(points, Gaussian(2, sigma=0.5), r1=r1, seed=seed)


# ---- the losses of both players, with what two of the cures change in them ----


def smoothed(share: float) -> Callable[..., Tensor]:
    """D's loss with one-sided label smoothing: a prior sample is "real" to 1 − share only (Salimans et al. 2016)."""

    def loss(model: Any, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        real, fake = model.discriminator(batch["z_prior"]), model.discriminator(codes_of(model, batch).detach())
        return (1 - share) * softplus(-real).mean() + share * softplus(real).mean() + softplus(fake).mean()

    return loss


def noisy(phase: Phase, sd: float) -> Phase:
    """The discriminator's phase with instance noise: N(0, sd²) on all that D sees while it learns (Sønderby 2016)."""

    draw_clean = phase.draw
    assert draw_clean is not None

    def draw(data: Minibatch, generator: Generator) -> Batch:
        batch = draw_clean(data, generator)
        size = batch["z_prior"].shape
        batch["on_prior"], batch["on_codes"] = (sd * torch.randn(size, generator=generator) for _ in range(2))
        return batch

    def loss(model: Any, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        real = model.discriminator(batch["z_prior"] + batch["on_prior"])
        return losses.discriminator_loss(real, model.discriminator(codes_of(model, batch).detach() + batch["on_codes"]))

    return phase.replace(draw=draw, loss=loss)


def saturating(model: Any, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """E_q[log(1 − D(z))]."""
    return losses.saturating_generator_loss(model.discriminator(codes_of(model, batch)))


def codes_of(model: Any, batch: Batch) -> Tensor:
    """The batch's codes; in the plane the points themselves."""
    return model.points if isinstance(model, PlaneGame) else batch["z"]
