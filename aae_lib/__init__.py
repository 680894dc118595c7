"""Adversarial autoencoders: a small library to learn them from, and to train them with.

>>> import aae_lib as aae
>>> data = aae.load("digits")
>>> model = aae.AAE(data.image_shape, latent_dim=2, seed=0)
>>> trainer = aae.Trainer(model, data, seed=0)
>>> history = trainer.run(steps=4000)

A file, a concept: data · networks · priors · losses · phases · models · labels · training · checkpoints, and beside
them metrics and plots. Importing has no side effects: no network, no random numbers, no Jupyter. Each part is loaded
when it is first used, so that `python -m aae_lib doctor` runs even where PyTorch is missing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors; at run time __getattr__ below finds the same names
    from .autoencoder import AE  # noqa: F401
    from .data import load  # noqa: F401
    from .labels import ClusterAAE, MapAAE, SemiSupervisedAAE, SupervisedAAE  # noqa: F401
    from .models import AAE, VAE, WAE  # noqa: F401
    from .optimizers import SGD, Adam, Constant, Cosine, Drops  # noqa: F401
    from .phases import Phase  # noqa: F401
    from .plane import PlaneGame  # noqa: F401
    from .streams import Stream  # noqa: F401
    from .sweep import Sweep  # noqa: F401
    from .training import NotFiniteError, Trainer  # noqa: F401

__version__ = "0.1.0"

_MODULES = (
    "checkpoints", "checks", "data", "lesson", "live", "losses", "metrics", "models", "networks", "plots", "pretrained",
    "priors",
)  # fmt: skip
_HOME = {
    "AAE": "models",
    "AE": "autoencoder",
    "Adam": "optimizers",
    "ClusterAAE": "labels",
    "Constant": "optimizers",
    "Cosine": "optimizers",
    "Drops": "optimizers",
    "MapAAE": "labels",
    "NotFiniteError": "training",
    "Phase": "phases",
    "PlaneGame": "plane",
    "SGD": "optimizers",
    "SemiSupervisedAAE": "labels",
    "Stream": "streams",
    "SupervisedAAE": "labels",
    "Sweep": "sweep",
    "Trainer": "training",
    "VAE": "models",
    "WAE": "models",
    "load": "data",
}
__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
