"""Adversarial autoencoders: a small library to learn them from, and to train them with.

>>> import aae_lib as aae
>>> data = aae.load("digits")
>>> model = aae.AAE(data.image_shape, latent_dim=2, seed=0)
>>> trainer = aae.Trainer(model, data, seed=0)
>>> history = trainer.run(steps=4000)

A file, a concept: data · networks · priors · losses · phases · models · training · checkpoints, and beside them
metrics and plots. Importing has no side effects: no network, no random numbers, no Jupyter.
"""

from importlib import import_module
from typing import Any

from . import data, losses, networks, priors
from .autoencoder import AE
from .data import load
from .models import AAE, VAE, WAE
from .optimizers import SGD, Adam, Constant, Cosine, Drops
from .phases import Phase
from .streams import Stream
from .training import NotFiniteError, Trainer

__version__ = "0.1.0"
__all__ = [
    "AAE",
    "AE",
    "SGD",
    "VAE",
    "WAE",
    "Adam",
    "Constant",
    "Cosine",
    "Drops",
    "NotFiniteError",
    "Phase",
    "Stream",
    "Trainer",
    "data",
    "load",
    "losses",
    "networks",
    "priors",
]

# loaded at first use: they bring pandas, matplotlib and more
_LATE = (
    "checkpoints",
    "checks",
    "lesson",
    "metrics",
    "plots",
)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
