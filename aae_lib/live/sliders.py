"""The sliders of a trainer: one for everything that its step looks up in its snapshot, and for the input noise."""

from typing import Any

from ..arguments import number
from ..models import Phase, can
from ..training import Trainer

# One colour a phase: in its slider, its curve, its arrows and the networks that it moves. Paul Tol's "vibrant" scheme,
# clear of the blue and orange of D's surface where arrows lie on it
COLOURS = {
    "reconstruction": "#009988",
    "discriminator": "#EE7733",
    "generator": "#EE3377",
    "discriminator_y": "#CC3311",
    "generator_y": "#0077BB",
    "classification": "#33BBEE",
    "consistency": "#AA3377",
    "heads": "#997700",
    "virtual": "#666633",
}
OTHERS = ("#0077BB", "#33BBEE", "#CC3311", "#997700")

TUG = ("reconstruction", "generator")  # the ends of the one slider of the tug view
WEIGHTS = "Weight of each phase's update"
TERMS = "Terms inside a loss"
PACE = "Pace"


NOISE = number(least=0)


def set_one(trainer: Trainer, key: list[str], value: float) -> None:
    """Set one number, e.g. key ["terms", "discriminator", "r1"]. ValueError or KeyError: nothing has changed."""
    match key:
        case ["weights", phase]:
            trainer.weights[phase] = value
        case ["repeats", phase]:
            trainer.repeats[phase] = value
        case ["terms", phase, term]:
            if phase not in trainer.terms:
                raise KeyError(f"there is no phase {phase!r} here.")
            trainer.terms[phase][term] = value
        case ["rate"]:
            trainer.rate = value
        case ["input_noise"] if can(trainer.model).add_noise:
            trainer.model.input_noise = NOISE.checked("input_noise", value)
        case _:
            raise KeyError(f"there is no setting {'.'.join(map(str, key))!r} here.")


def tugged(trainer: Trainer) -> bool:
    """Whether it has both phases that the tug's slider stands between."""
    return set(TUG) <= set(trainer.weights)


def set_tug(trainer: Trainer, t: float) -> None:
    """The weights of both ends, for t from 0 (reconstruction alone) by 1/2 (both in full) to 1 (the game alone)."""
    a, b = TUG
    if not tugged(trainer):
        raise ValueError(f"there is no tug of war here: it needs the phases {a} and {b}.")
    trainer.weights[a], trainer.weights[b] = (round(min(1.0, 2 * share), 4) for share in (1 - t, t))


def tug_place(trainer: Trainer) -> float:
    """Where that slider stands: t, whatever the two weights are; the page's track.ts has the same."""
    a, b = (trainer.weights[phase] for phase in TUG)
    if max(a, b) == 0:
        return 0.5
    return b / a / 2 if a >= b else 1 - a / b / 2


def sliders(trainer: Trainer) -> list[dict[str, Any]]:
    """The sliders' descriptions for the page: key, label, group, range, scale, default, value, colour, help."""
    found: list[dict[str, Any]] = []

    def add(
        key: list[str],
        label: str,
        group: str,
        value: float,
        span: tuple[float, float, str],
        default: float,
        told: str,
        i: int | None = None,
    ) -> None:
        low, high, scale = span
        found.append(
            {"key": key, "label": label, "group": group, "min": low, "max": high, "scale": scale, "default": default}
            | {"value": value, "help": told, "colour": None if i is None else colour(trainer, i)}
        )

    phases, model = trainer.phases, trainer.model
    for i, phase in enumerate(phases):
        told = f"scales the update of {', '.join(phase.updates)}; 0 holds it still{waits(phase, phase.name)}"
        value = trainer.weights[phase.name]
        add(["weights", phase.name], phase.name, WEIGHTS, value, (0, 3, "linear"), phase.weight, told, i)
    for i, phase in enumerate(phases):
        for term, value in trainer.terms[phase.name].items():
            default = phase.terms[term]
            told = f"weight of a term in this phase's loss, where the ratio to the others counts{waits(phase, term)}"
            span = (0, 10 * (default or 0.1), "square")
            add(["terms", phase.name, term], f"{term} in {phase.name}", TERMS, value, span, default, told, i)
    told = "one factor for the learning rates of all phases, on top of the schedule"
    add(["rate"], "learning rate ×", PACE, trainer.rate, (0.01, 10, "log"), 1.0, told)
    for i, phase in enumerate(phases):
        if phase.name not in trainer.repeats.once and len(phases) > 1:
            told = "how often this phase runs in one training step"
            value = trainer.repeats[phase.name]
            add(["repeats", phase.name], f"{phase.name} steps", PACE, value, (1, 10, "whole"), phase.repeats, told, i)
    if can(model).add_noise:
        told = "sd of the noise added to what the encoder sees while training; pixels are in [0, 1]"
        noise = model.input_noise
        add(["input_noise"], "input noise", PACE, noise, (0, 1, "square"), noise, told)
    return found


def waits(phase: Phase, name: str) -> str:
    """When it begins, if it does not at once."""
    return f"; counts from step {begin:,} on" if (begin := phase.begins.get(name)) else ""


def colour(trainer: Trainer, i: int) -> str:
    """The colour of phase number i."""
    return COLOURS.get(trainer.phases[i].name, OTHERS[i % len(OTHERS)])
