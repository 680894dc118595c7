"""What a run is made of: model, phases, data, schedule, seed. A checkpoint is resumed by a run of the same parts."""

import dataclasses
import functools
import hashlib
import json
import sys
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn

from ...models.description import describe, networks
from ...optimizers import Optimizer, Schedule
from .files import CheckpointError

if TYPE_CHECKING:
    from ..trainer import Trainer


CODE = ("loss code", "schedule.code", "prior.code")  # how the keys of a function's code end


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
        "prior": {"code": _fingerprint(getattr(getattr(trainer.model, "prior", None), "f", None))},
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


def _fingerprint(function: Any) -> str | None:
    """Of a function written outside this library: its code, as this Python compiled it, and the numbers and words that
    it was made with; else None."""
    library = _name(function).startswith("aae_lib.") and not isinstance(function, functools.partial)
    if function is None or library:
        return None
    return f"{sys.implementation.cache_tag} {hashlib.sha256(_bytes(function)).hexdigest()[:16]}"


def _bytes(thing: object, depth: int = 0) -> bytes:
    """A value as text, the same in each process; what may change as it is used (a list) by its class alone."""
    parts: list[object] = []
    match thing:
        case None | bool() | int() | float() | complex() | str() | bytes():
            return repr(thing).encode()
        case _ if depth > 6:  # it may hold itself
            pass
        case types.CodeType():
            parts = [thing.co_code, thing.co_names, *thing.co_consts]
        case tuple():
            parts = [*thing]
        case frozenset():  # every process has another order
            parts = sorted(thing, key=repr)
        case functools.partial():
            parts = [thing.func, thing.args, *sorted(thing.keywords.items())]
        case types.MethodType():
            parts = [thing.__func__, thing.__self__]
        case types.FunctionType():
            held = [cell.cell_contents for cell in thing.__closure__ or () if cell != types.CellType()]
            parts = [thing.__code__, thing.__defaults__, *sorted((thing.__kwdefaults__ or {}).items()), *held]
        case Schedule():
            written = [value for of in type(thing).__mro__ for value in vars(of).values()]
            parts = [*sorted(vars(thing).items()), *(one for one in written if isinstance(one, types.FunctionType))]
        case _ if callable(thing) and not isinstance(thing, type | nn.Module):
            parts = [getattr(type(thing).__call__, "__code__", None)]
    return b"|".join([type(thing).__qualname__.encode(), *(_bytes(part, depth + 1) for part in parts)])


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
        what = ", ".join(name if name in ("schedule", "prior") else f"the loss of phase {name}" for name in named)
        warnings.warn(
            f"other code or numbers than when the checkpoint was saved: {what}. The run goes on under the new one.",
            stacklevel=3,
        )


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
