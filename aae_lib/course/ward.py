"""The clinic of lesson 06: the chart of measures, a ward of patients, and the runs behind the figures that it quotes.

    chart = ward.examine(trainer)                 # trains, then measures
    patient = ward.admit("A", seed=0)             # a Trainer with one wrong line; ward.diff("A") shows the line
    trainer = ward.fall_ill("collapse", seed=0)   # a Trainer with that illness; cure="r1" treats it from the start

`python -m aae_lib.course.ward` runs every illness and every cure with five seeds and stores the charts in
ward_results.json (about fifteen minutes on one core); `results()` reads them. With words behind it, only the runs whose
names begin so: `python -m aae_lib.course.ward collapse "patient F"`.
"""

import difflib
import html
import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from .. import losses, metrics
from ..arguments import count, number, one_made_of, one_of, shown, takes
from ..arguments import seed as seeds
from ..data import Dataset, Minibatch, Split, load
from ..models import AAE, WAE, Batch, Phase, PlaneGame, can
from ..optimizers import Constant, Cosine, Schedule
from ..priors import Gaussian, PriorLike
from ..training.trainer import Trainer
from .checks.turns_06 import Moves, effective_number, who_moved
from .checks.turns_06 import weights as weights  # for the learner's own who_moved

STEPS = 600
LAST = 20  # steps over which losses are averaged and the codes' wandering is measured
EVERY = 20  # steps between two points of the MMD's curve
SEEDS = (0, 1, 2, 3, 4)
RESULTS = Path(__file__).with_name("ward_results.json")

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


# ---- five illnesses and their cures ----

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


# ---- the chart ----


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


# ---- the ward: seven patients. Each differs from the healthy function of its name in one line ----


def game_batch(model: AAE, data: Any, generator: Generator) -> Batch:
    batch = model.draw_images(data, generator)
    batch["z_prior"] = torch.randn(len(batch["x"]), 2, generator=generator)
    return batch


def reconstruction(model: AAE, batch: Batch) -> Tensor:
    z = model.encoder(batch["x"])
    return losses.bce(model.decoder(z), batch["x"])


def verdict(model: AAE, z: Tensor) -> Tensor:
    return model.discriminator(z)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(logits: Tensor) -> Tensor:
    return softplus(-logits).mean()


def moved_by_the_generator() -> tuple[str, ...]:
    return ("encoder",)


def game_batch_of_c(model: AAE, data: Any, generator: Generator) -> Batch:
    batch = model.draw_images(data, generator)
    batch["z_prior"] = torch.rand(len(batch["x"]), 2, generator=generator)
    return batch


def reconstruction_of_d(model: AAE, batch: Batch) -> Tensor:
    z = model.encoder(batch["x"]).detach()
    return losses.bce(model.decoder(z), batch["x"])


def verdict_of_b(model: AAE, z: Tensor) -> Tensor:
    return model.discriminator(z).sigmoid()


def generator_loss_of_e(logits: Tensor) -> Tensor:
    return softplus(logits).mean()


def moved_by_the_generator_of_a() -> tuple[str, ...]:
    return ("encoder", "discriminator")


def discriminator_loss_of_f(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(real).mean() + softplus(-fake).mean()


def generator_loss_of_g(logits: Tensor) -> Tensor:
    return 0 * softplus(-logits).mean()


HEALTHY: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (game_batch, reconstruction, verdict, discriminator_loss, generator_loss, moved_by_the_generator)
}
WRONG: dict[str, Callable[..., Any]] = {
    "A": moved_by_the_generator_of_a,
    "B": verdict_of_b,
    "C": game_batch_of_c,
    "D": reconstruction_of_d,
    "E": generator_loss_of_e,
    "F": discriminator_loss_of_f,
    "G": generator_loss_of_g,
}


@takes(patient=one_of(*WRONG), seed=seeds(), data=DATASET)
def admit(patient: str | None = None, seed: int = 0, data: Dataset | None = None) -> Trainer:
    """A trainer whose training functions have one wrong line: patient "A" to "G"; None for all of them healthy.

    Raises ValueError for another patient, and data that is no Dataset.
    """
    data = data or load("digits")
    model = AAE(data.image_shape, hidden=(100, 100), seed=seed)
    f = HEALTHY | ({healthy_name(patient): WRONG[patient]} if patient else {})

    def players(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        z = batch["z"].detach()
        return f["discriminator_loss"](f["verdict"](model, batch["z_prior"]), f["verdict"](model, z))

    def encoder_as_generator(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        return f["generator_loss"](f["verdict"](model, batch["z"]))

    rec, game, generator = model.phases()
    updates = ("decoder",) if patient == "D" else rec.updates  # a phase refuses to move what its loss does not use
    phases = (
        rec.replace(loss=lambda model, batch, terms: f["reconstruction"](model, batch), updates=updates),
        game.replace(loss=players, draw=lambda data, g: f["game_batch"](model, data, g)),
        generator.replace(loss=encoder_as_generator, updates=f["moved_by_the_generator"]()),
    )
    return Trainer(model, data, seed=seed, device="cpu", schedule=Cosine(STEPS, final=0.05), phases=phases)


def healthy_name(patient: str) -> str:
    return WRONG[patient].__name__.removesuffix(f"_of_{patient.lower()}")


@takes(patient=one_of(*WRONG))
class diff:  # noqa: N801 - read aloud in the lesson: ward.diff("A")
    """The line that differs between a patient's function and the healthy one; folded in a notebook.

    Raises ValueError for another patient.
    """

    def __init__(self, patient: str) -> None:
        name = healthy_name(patient)
        self.patient = patient
        healthy, ill = (inspect.getsource(f) for f in (HEALTHY[name], WRONG[patient]))
        lines = difflib.unified_diff(
            healthy.splitlines(), ill.replace(f"{name}_of_{patient.lower()}", name).splitlines(), n=3, lineterm=""
        )
        self.text = "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))

    def __repr__(self) -> str:
        return f"Patient {self.patient}: the wrong line, unfolded by a click"

    def _repr_html_(self) -> str:
        return unfolds(f"Patient {self.patient}: the wrong line (−) healthy (+) ill", self.text)


class source:  # noqa: N801 - read aloud in the lesson: ward.source(ward.examine)
    """The code of a function; folded in a notebook."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name, self.text = function.__name__, inspect.getsource(function)

    def __repr__(self) -> str:
        return f"{self.name}: its code, unfolded by a click"

    def _repr_html_(self) -> str:
        return unfolds(f"{self.name}: its code", self.text)


def unfolds(title: str, code: str) -> str:
    """Code behind a title that unfolds it."""
    return f"<details><summary>{html.escape(title)}</summary><pre>{html.escape(code)}</pre></details>"


# ---- what is stored ----

TREATED = {  # from the first step
    "healthy": (None, "r1", "noise", "smoothing", "batch", "norm"),
    "collapse": (None, "phase", "r1", "noise", "smoothing", "batch", "norm"),
    "winner": (None, "rates", "r1", "noise", "smoothing", "batch", "norm"),
    "forgotten": (None, "phase", "r1"),
    "rate": (None, "rates", "r1", "noise", "smoothing", "batch", "norm"),
    "saturating": (None, "loss", "r1", "noise", "smoothing"),
}
THEN = {  # after a whole run of the illness, as in the lesson
    "collapse": ("r1", "phase"),
    "winner": ("rates",),
    "forgotten": ("phase",),
    "rate": ("rates",),
    "saturating": ("loss",),
}


def treat(illness: str, cure: str, seed: int = 0) -> Trainer:
    """The trainer that takes over after a whole run of that illness, to treat it; not yet trained."""
    ill, treated = fall_ill(illness, seed), fall_ill(illness, seed, cure=cure)
    ill.run(steps=STEPS, progress=False)
    treated.model.load_state_dict(ill.model.state_dict())
    return treated


@takes(seed=seeds(), data=DATASET)
def player_free(seed: int = 0, data: Dataset | None = None) -> Trainer:
    """The WAE-MMD of the same size: reconstruction + 100 · MMD, no discriminator."""
    data = data or load("digits")
    model = WAE(data.image_shape, hidden=(100, 100), mmd=100, seed=seed)
    return Trainer(model, data, seed=seed, device="cpu", schedule=Cosine(STEPS, final=0.05))


def adam_saturating(seed: int = 0) -> Trainer:
    """The saturating loss in an AAE, with Adam, against a discriminator of ten times the rate."""
    trainer = fall_ill("healthy", seed)
    trainer.phases = (*trainer.phases[:-1], trainer.phases[-1].replace(loss=saturating))
    trainer.weights["discriminator"] = 10
    return trainer


def main(only: Sequence[str] = ()) -> None:
    """Run everything with five seeds, or what begins with one of these words, and store the charts."""
    torch.set_num_threads(1)
    runs: dict[str, Callable[[int], Trainer]] = {
        f"{i}, {c or 'untreated'}": partial(fall_ill, i, cure=c) for i in TREATED for c in TREATED[i]
    }
    runs |= {f"{i}, then {c}": partial(treat, i, c) for i in THEN for c in THEN[i]}
    runs |= {f"patient {p}": partial(admit, p) for p in WRONG}
    runs |= {"WAE": player_free, "saturating with Adam": adam_saturating}
    stored: dict[str, Any] = {**results()}
    for name, make in runs.items():
        if only and not name.startswith(tuple(only)):
            continue
        charts = [examine(make(seed)) for seed in SEEDS]
        stored[name] = [{k: None if math.isnan(v) else float(f"{v:.4g}") for k, v in chart.items()} for chart in charts]
        kept = {name: stored[name] for name in runs if name in stored}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(f"{name:<26}" + "  ".join(f"{chart['mmd']:.3f}" for chart in charts), file=sys.stderr, flush=True)


def results() -> dict[str, list[dict[str, float]]]:
    """The stored charts: "illness, cure", "illness, then cure" or "patient A" -> one chart a seed, seeds 0 to 4."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
