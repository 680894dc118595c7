"""What a model's constructor was given: kept as plain JSON, and fixed from then on.

A checkpoint compares it, and a saved model is built from it.
"""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ..arguments import as_tensor

ROW = 4096  # numbers of an argument that are written down; a longer one is known by its SHA-256


def arguments_of(cls: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument of the constructor by name, with its default where none was given; plain JSON.

    Read from the signatures: the class's own, and its parents' as long as `**options` hands arguments on to them. The
    prior describes itself, and optimizers belong to the phases.
    """
    found: dict[str, Any] = {}
    given, rest = dict(kwargs), list(args)
    for owner in (owner for owner in cls.__mro__ if "__init__" in vars(owner)):
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        by_place = [p.name for p in named if p.kind is not p.KEYWORD_ONLY]
        given |= dict(zip(by_place, rest, strict=False))
        # *rest hands the others on to the parent
        rest = rest[len(by_place) :] if any(p.kind is p.VAR_POSITIONAL for p in parameters) else []
        for p in named:
            value = given.get(p.name, p.default)
            if value is not p.empty:
                found.setdefault(p.name, value)
        if not rest and not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    return {name: _plain(name, value) for name, value in found.items() if name != "prior" and _is_plain(value)}


def fixed_names(cls: type) -> frozenset[str]:
    """Arguments of the library's own constructors: phases and checkpoints have taken them as they were."""
    own = [c for c in cls.__mro__ if c.__module__.startswith("aae_lib.") and "__init__" in vars(c)]
    return frozenset(name for c in own for name in inspect.signature(vars(c)["__init__"]).parameters)


def same(old: Any, new: Any) -> bool:
    """Whether a fixed value would stay what it is."""
    return old is new or bool(type(old) is type(new) and not isinstance(old, Tensor) and old == new)


def _is_plain(value: Any) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(_is_plain(part) for part in value)
    return value is None or isinstance(value, str | bool | int | float | Tensor) or hasattr(value, "item")


def _plain(name: str, value: Any) -> Any:
    """As JSON will give it back: lists, Python's own numbers; of a large tensor its shape and SHA-256."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(name, part) for part in value]
    if hasattr(value, "item"):
        if getattr(value, "ndim", 0) == 0:
            return value.item()
        if getattr(value, "is_meta", False):
            raise ValueError(f"{name} holds no numbers: it is a tensor on the meta device.")
        content = as_tensor(name, value).detach().cpu().contiguous()
        if content.ndim == 1 and len(content) <= ROW:
            return content.tolist()
        return {"shape": list(content.shape), "sha256": hashlib.sha256(content.numpy().tobytes()).hexdigest()}
    return value
