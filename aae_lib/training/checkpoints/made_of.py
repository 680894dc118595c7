"""What a run is made of: model, phases, data, schedule, seed. A checkpoint is resumed by a run of the same parts."""

import dataclasses
import hashlib
import json
import sys
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn

from ...models.description import describe
from ...optimizers import Optimizer, Schedule
from .files import CheckpointError

if TYPE_CHECKING:
    from ..trainer import Trainer


CODE = ("loss code", "schedule.code")  # how the keys of a function's code end


def description(trainer: "Trainer") -> dict[str, Any]:
    """What the run is made of, which must be equal for it to be resumed; plain JSON."""
    phases = {
        phase.name: {
            "updates": phase.updates,
            "begins": dict(phase.begins),
            "terms": sorted(phase.terms),
            "optimizer": _described(phase.optimizer),
            "loss": _name(phase.loss),
            "loss code": _fingerprint(phase.loss),
        }
        for phase in trainer.phases
    }
    own = {
        "model": describe(trainer.model),
        "networks": networks(trainer.model),
        "phases": phases,
        "data": {"name": trainer.data_name, **trainer.minibatches.fingerprints},
        "batch_size": trainer.minibatches.batch_size,
        "precision": trainer.precision,
        "schedule": _described(trainer.schedule),
        "seed": trainer.seed,
    }
    return json.loads(json.dumps(own))  # as it will be read: tuples are lists


def _described(thing: Optimizer | Schedule | Callable[[int], float]) -> dict[str, Any]:
    if dataclasses.is_dataclass(thing):
        return {"name": type(thing).__name__, **dataclasses.asdict(thing)}
    return {"name": _name(thing), "code": _fingerprint(thing)}


def _name(function: Callable[..., Any]) -> str:
    """Where the function comes from: module and name."""
    plain = getattr(function, "func", function)  # of a functools.partial
    return f"{getattr(plain, '__module__', None)}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"


def _fingerprint(function: Callable[..., Any]) -> str | None:
    """Of a function written outside this library: which code it is, as this Python compiled it; else None."""
    code = getattr(getattr(function, "func", function), "__code__", None)
    if code is None or _name(function).startswith("aae_lib."):
        return None
    return f"{sys.implementation.cache_tag} {hashlib.sha256(_instructions(code)).hexdigest()[:16]}"


def _instructions(code: types.CodeType) -> bytes:
    return b"|".join([code.co_code, repr(code.co_names).encode(), *map(_constant, code.co_consts)])


def _constant(value: object) -> bytes:
    if isinstance(value, types.CodeType):
        return _instructions(value)
    # of a set every process has another order
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value).encode()


def networks(model: nn.Module) -> str:
    """A fingerprint of the model's modules, by name and class: which it has of its own, its arguments do not tell."""
    parts = [(name, type(module).__qualname__) for name, module in model.named_modules()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def compare(saved: dict[str, Any], own: dict[str, Any]) -> None:
    before, now = _flat(saved), _flat(own)
    differ = [k for k in before | now if before.get(k) != now.get(k)]
    code = [k for k in differ if k.endswith(CODE)]
    if told := [f"{k} was {before.get(k)}, is {now.get(k)}" for k in differ if k not in code]:
        raise CheckpointError(f"the checkpoint was made of other parts: {'; '.join(told[:5])}.")
    # another Python compiles the same code differently
    changed = [k for k in code if str(before.get(k)).split()[0] == str(now.get(k)).split()[0]]
    if changed:
        named = [k.removeprefix("phases.").removesuffix(".loss code").removesuffix(".code") for k in changed]
        what = ", ".join(name if name == "schedule" else f"the loss of phase {name}" for name in named)
        warnings.warn(
            f"other code than when the checkpoint was saved: {what}. The run goes on under the new one.",
            stacklevel=3,
        )


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
