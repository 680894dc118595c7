"""A model in words, and a model built from them: what checkpoints and pretrained weights are kept with."""

import hashlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from .. import models, priors
from ..priors import PriorLike
from .model import Model


class UnknownModelError(ValueError):
    """The description names no model of this library."""


def describe(model: nn.Module) -> dict[str, Any]:
    """Class, arguments and prior, as plain JSON; for a foreign module its class alone."""
    kind = type(model)
    own = getattr(models, kind.__name__, None) is not kind  # of a learner's own, with its module
    name = f"{kind.__module__}.{kind.__qualname__}" if own else kind.__name__
    if not isinstance(model, Model):
        return {"class": name}
    return {"class": name, **model.arguments, "prior": model.prior.description()}


def rebuilds(model: Model) -> bool:
    """Whether its arguments make these networks: not, where one has been replaced by another since."""
    made = type(model)(**model.arguments, prior=model.prior)
    return str(made) == str(model) and networks(made) == networks(model)


def networks(model: nn.Module) -> str:
    """A fingerprint of the model's modules, by name and class: which it has of its own, its arguments do not tell."""
    parts = [
        (name, _kind(type(module)) if name else type(module).__qualname__) for name, module in model.named_modules()
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _kind(of: type[nn.Module]) -> str:
    own = not of.__module__.startswith(("aae_lib.", "torch."))
    return f"own {of.__qualname__}" if own else of.__qualname__


def build(described: Mapping[str, Any], weights: Mapping[str, Tensor], prior: PriorLike | None = None) -> Model:
    """The model that `describe` described, with these weights, on the CPU, in evaluation mode.

    Parameters
    ----------
    described : dict
        What `describe` returned.
    weights : dict of str to tensor
        The model's state.
    prior : Prior or callable, optional
        Instead of the described one; needed where that was a function, since code is never stored.

    Returns
    -------
    Model
        Of the described class.

    Raises
    ------
    UnknownModelError
        If the class is not one of this library's.
    """
    arguments = dict(described)
    kind = getattr(models, str(arguments.pop("class")), None)
    if not (isinstance(kind, type) and issubclass(kind, models.AE)):
        raise UnknownModelError("this is a model of your own class: make it, and use load(trainer, folder).")
    described_prior = arguments.pop("prior")
    model = kind(**arguments, prior=prior or priors.from_description(described_prior))
    model.load_state_dict(weights)
    return model.eval()
