"""What may be changed while a trainer runs, which is what the sliders write to; and what a step then acts by."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..arguments import function, shown
from ..models import Model, Phase, can
from ..models.phase import check_phases
from ..optimizers import Schedule, as_schedule
from .settings import Controls, Settings, Terms

SCHEDULE = function("Cosine(steps=4000)", arguments=1)


class Controlled:
    """Weights, terms, repeats, rate and schedule of a trainer.

    Parameters
    ----------
    phases : tuple of Phase
        The phases of a step; they say what the numbers are to begin with.
    schedule : Schedule or callable
        The factor of all learning rates at each step.
    """

    model: Model
    steps: int  # done so far

    def __init__(self, phases: tuple[Phase, ...], schedule: Schedule | Callable[[int], float]) -> None:
        self._phases, self._schedule = phases, schedule
        self._weights = Controls({phase.name: phase.weight for phase in phases})
        self._terms = Terms({phase.name: Controls(phase.terms) for phase in phases})
        once = {phase.name for phase in phases if phase.draw is None}  # it shares a batch, and that is used up
        self._repeats = Controls({phase.name: phase.repeats for phase in phases}, whole=True, once=once)
        self._rate = Controls({"rate": 1.0})
        self.steps = 0

    def settings(self, step: int | None = None) -> Settings:
        """What that step (default: the next one) acts by."""
        at, weights = self.steps if step is None else step, dict(self.weights)
        rates, terms = self.planned(range(at, at + 1), weights)
        return Settings(
            weights=weights,
            terms={phase: {name: value for name, (value,) in of.items()} for phase, of in terms.items()},
            repeats={name: int(n) for name, n in self.repeats.items()},
            rates={phase: rate for phase, (rate,) in rates.items()},
        )

    def planned(
        self, steps: range, weights: Mapping[str, float] | None = None
    ) -> tuple[dict[str, list[float]], dict[str, dict[str, list[float]]]]:
        """Each phase's learning rates, and the weights of its terms, in these steps, if nobody changes anything."""
        weights = dict(self.weights) if weights is None else weights
        rate = self.rate
        schedule = as_schedule(self.schedule)
        factors = [rate * _factor(schedule(step), step) for step in steps]
        rates, terms = {}, {}
        for phase in self.phases:
            full, begins = phase.optimizer.lr * weights[phase.name], phase.begins
            of_phase = [_factor(schedule.of_phase(phase.name, step), step) for step in steps]
            planned = [full * factor * share for factor, share in zip(factors, of_phase, strict=True)]
            rates[phase.name] = _from(begins.get(phase.name), steps, planned)
            terms[phase.name] = {
                name: _from(begins.get(name), steps, [value * _factor(schedule.of_term(name, t), t) for t in steps])
                for name, value in self.terms[phase.name].items()
            }
        return rates, terms

    def chosen(self) -> dict[str, Any]:
        """What may be changed while training, as it is set now; plain JSON."""
        kept: dict[str, Any] = {
            "weights": dict(self.weights),
            "terms": {phase: dict(of_phase) for phase, of_phase in self.terms.items()},
            "repeats": {name: int(n) for name, n in self.repeats.items()},
            "rate": self.rate,
        }
        return kept | ({"input_noise": self.model.input_noise} if can(self.model).add_noise else {})

    def choose(self, chosen: Mapping[str, Any]) -> None:
        """Take what was set earlier: `chosen()`."""
        self.weights.update(chosen["weights"])
        self.repeats.update(chosen["repeats"])
        for phase, terms in chosen["terms"].items():
            self.terms[phase].update(terms)
        self.rate = chosen["rate"]
        if "input_noise" in chosen:
            self.model.input_noise = chosen["input_noise"]

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of a step. Set later, only draw, share and loss may be others: the optimizers are made."""
        return self._phases

    @phases.setter
    def phases(self, phases: Sequence[Phase]) -> None:
        phases = check_phases(phases)
        if [_kept(phase) for phase in phases] != [_kept(phase) for phase in self._phases]:
            raise ValueError(
                "the phases of a trainer keep their names, order, optimizers and terms; only draw, share and loss may "
                "be replaced. trainer.weights, terms and repeats steer it; Trainer(phases=...) takes others."
            )
        self._phases = phases

    @property
    def weights(self) -> Controls:
        """weights[phase] scales the phase's update."""
        return self._weights

    @weights.setter
    def weights(self, values: Mapping[str, float]) -> None:
        self._weights.set(values)

    @property
    def terms(self) -> Terms:
        """terms[phase][term], the weight of a term inside the phase's loss."""
        return self._terms

    @terms.setter
    def terms(self, values: Mapping[str, Mapping[str, float]]) -> None:
        if not isinstance(values, Mapping):
            raise ValueError(f"set them by name, as in {{'discriminator': {{'r1': 0.1}}}}; got {shown(values)}.")
        self._terms.set(values)

    @property
    def schedule(self) -> Schedule | Callable[[int], float]:
        """The factor of all learning rates at each step."""
        return self._schedule

    @schedule.setter
    def schedule(self, schedule: Schedule | Callable[[int], float]) -> None:
        self._schedule = SCHEDULE.checked("schedule", schedule)

    @property
    def repeats(self) -> Controls:
        """repeats[phase]: how often the phase runs in a step."""
        return self._repeats

    @repeats.setter
    def repeats(self, values: Mapping[str, float]) -> None:
        self._repeats.set(values)

    @property
    def rate(self) -> float:
        """One factor for all learning rates."""
        return self._rate["rate"]

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate["rate"] = value


def _factor(given: float, step: int) -> float:
    """What a schedule gives at that step, if it is a factor."""
    try:
        if 0 <= given <= 1e6:
            return given
    except (TypeError, ValueError, RuntimeError):
        pass
    raise ValueError(f"a schedule gives a factor from 0 to 1,000,000; at step {step} it gave {shown(given)}.")


def _from(begin: int | None, steps: range, values: list[float]) -> list[float]:
    """The values, 0 at steps before `begin`."""
    return [0.0 if step < begin else value for step, value in zip(steps, values, strict=True)] if begin else values


def _kept(phase: Phase) -> list[object]:
    """What of a phase the trainer has been built by."""
    open_ = ("draw", "share", "loss", "begins")
    return [phase.draw is None, *(getattr(phase, f.name) for f in dataclasses.fields(phase) if f.name not in open_)]
