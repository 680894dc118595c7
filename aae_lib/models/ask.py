"""What measures, pictures and panel ask of any model, also of one that is no `Model`."""

import copy
import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from torch import nn

from .abilities import Abilities
from .model import Model

M = TypeVar("M", bound=nn.Module)
P = ParamSpec("P")
R = TypeVar("R")


def can(model: object) -> Abilities:
    """What the model can do: as its class states; for a foreign object, by the names that it has.

    Examples
    --------
    >>> can(object()).encode
    False
    """
    model = unwrapped(model)
    if isinstance(model, Model):
        return model.can
    has = [name for name in ("encode", "decode", "classify") if callable(getattr(model, name, None))]
    return Abilities(
        **dict.fromkeys(has, True),
        categories=getattr(model, "categories", None),
        play=callable(getattr(model, "discriminator", None)),
        pull=isinstance(getattr(model, "encoder", None), nn.Module),
        add_noise=hasattr(model, "input_noise"),
    )


def unwrapped(model: Any) -> Any:
    """The model inside a `torch.compile(model)`; any other object as it is.

    Examples
    --------
    >>> unwrapped("a")
    'a'
    """
    return getattr(model, "_orig_mod", model)


def of_one_moment(measure: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
    """A measure or picture of a model, measure(model, ...), that sees the model at one moment throughout.

    Where another thread trains the model, a copy is measured, taken between two steps. Of a compiled model, the model.
    """

    @functools.wraps(measure)
    def asked(model: M, *args: P.args, **kwargs: P.kwargs) -> R:
        model = unwrapped(model)
        if isinstance(model, Model) and model.lock.elsewhere:
            with model.lock:
                model = copy.deepcopy(model)
        return measure(model, *args, **kwargs)

    return asked
