"""The numbers that may be changed while training: what sliders write to, and what one step reads."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..arguments import count, number, shown


@dataclass(frozen=True)
class Settings:
    """What one training step acts by: taken once, at its start, so that a slider never acts on half a step.

    In a recorded graph rates and terms are tensors (), in a sweep tensors (S,).

    Parameters
    ----------
    weights : dict of str to float
        Of each phase, scales its update; 0 holds it still.
    terms : dict of str to dict
        Weights of terms inside each phase's loss; 0 for one that has not begun.
    repeats : dict of str to int
        How often each phase runs in the step.
    rates : dict of str to float
        The learning rate of each phase at this step: its optimizer's, times weight, rate and schedule; 0 for a phase
        that has not begun.

    Examples
    --------
    >>> import aae_lib as aae
    >>> trainer = aae.Trainer(aae.AE((1, 8, 8)), aae.load("digits"), schedule=aae.Constant())
    >>> trainer.settings().rates
    {'reconstruction': 0.001}
    """

    weights: Mapping[str, Any]
    terms: Mapping[str, Mapping[str, Any]]
    repeats: Mapping[str, int]
    rates: Mapping[str, Any]

    @staticmethod
    def stacked(members: Sequence["Settings"], device: torch.device) -> "Settings":
        """The settings of the S members of a sweep as one: weights are lists, rates and terms tensors (S,)."""

        def together(values: Sequence[Any]) -> Tensor:
            return torch.stack([torch.as_tensor(value, device=device, dtype=torch.float32) for value in values])

        first = members[0]
        return Settings(
            weights={name: [m.weights[name] for m in members] for name in first.weights},
            terms={
                phase: {name: together([m.terms[phase][name] for m in members]) for name in terms}
                for phase, terms in first.terms.items()
            },
            repeats=first.repeats,
            rates={name: together([m.rates[name] for m in members]) for name in first.rates},
        )


class Terms(Mapping[str, "Controls"]):
    """The weights of the terms in each phase's loss: terms[phase][term] is a number; the names are fixed.

    Parameters
    ----------
    of_phases : dict of str to Controls
        By the phase's name.

    Examples
    --------
    >>> terms = Terms({"discriminator": Controls({"r1": 0.1})})
    >>> terms["discriminator"] = {"r1": 0.5}
    >>> terms["discriminator"]["r1"]
    0.5
    """

    def __init__(self, of_phases: Mapping[str, "Controls"]) -> None:
        self._of_phases = dict(of_phases)

    def __getitem__(self, phase: str) -> "Controls":
        if phase not in self._of_phases:
            raise KeyError(f"there is no phase {phase!r}; there is {', '.join(self._of_phases)}.")
        return self._of_phases[phase]

    def __setitem__(self, phase: str, values: Mapping[str, float]) -> None:
        self[phase].set(values)

    def set(self, values: Mapping[str, Mapping[str, float]]) -> None:
        """Take these numbers, all or none."""
        before = {phase: dict(self[phase]) for phase in values}
        try:
            for phase, of_phase in values.items():
                self[phase] = of_phase
        except BaseException:
            for phase, of_phase in before.items():
                self[phase] = of_phase
            raise

    def __iter__(self) -> Iterator[str]:
        return iter(self._of_phases)

    def __len__(self) -> int:
        return len(self._of_phases)

    def __repr__(self) -> str:
        return repr(self._of_phases)


WEIGHT = number(least=0, most=1e6)
TIMES = count(most=1000)


class Controls(MutableMapping[str, float]):
    """Named numbers from 0 to 1e6 that may be changed while training, from any thread; the names are fixed.

    Parameters
    ----------
    values : dict of str to float
        Names and first numbers.
    whole : bool, default False
        Whether only whole numbers from 1 to 1000 are taken.
    once : iterable of str
        Names whose number must stay 1.

    Raises
    ------
    ValueError
        For a number that is not allowed.
    KeyError
        For an unknown name.

    Examples
    --------
    >>> weights = Controls({"generator": 1.0})
    >>> weights["generator"] = 0.5
    >>> weights
    {'generator': 0.5}
    """

    def __init__(self, values: Mapping[str, float], whole: bool = False, once: Iterable[str] = ()) -> None:
        self.whole, self.once = whole, frozenset(once)
        self._values = {name: self._checked(name, value) for name, value in values.items()}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __setitem__(self, name: str, value: float) -> None:
        if name not in self._values:
            raise KeyError(f"there is no {name!r} here; there is {', '.join(self) or 'nothing to set'}.")
        self._values[name] = self._checked(name, value)

    def set(self, values: Mapping[str, float]) -> None:
        """Take these numbers, all or none."""
        if not isinstance(values, Mapping):
            raise ValueError(f"set them by name, as in {{{next(iter(self), 'name')!r}: 0.5}}; got {shown(values)}.")
        before = dict(self._values)
        try:
            self.update(values)
        except BaseException:
            self._values = before
            raise

    def __delitem__(self, name: str) -> None:
        raise TypeError("the names are fixed; to switch something off, set it to 0.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def _checked(self, name: str, value: float) -> float:
        value = (TIMES if self.whole else WEIGHT).checked(name, value)
        if name in self.once and value != 1:
            raise ValueError(f"{name} uses the batch of the phase before it, so it runs once; got {value}.")
        return value if self.whole else float(value)
