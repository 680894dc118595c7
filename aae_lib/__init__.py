"""Adversarial autoencoders: a small library to learn them with, and to train them.

>>> import aae_lib as aae
>>> data = aae.load("digits")
>>> model = aae.AAE(data.image_shape, latent_dim=2, seed=0)
>>> trainer = aae.Trainer(model, data, seed=0)
>>> history = trainer.run(steps=20, progress=False)

Folders import only from those to their left: data, priors, networks, losses, optimizers < models < training < export
< metrics, sklearn < plots < live, paper < course < cli. Importing has no side effects: no network, no random
numbers, no Jupyter. Each part is loaded when it is first used, so that `aae doctor` runs even where
PyTorch is missing. The names are listed once, in `__init__.pyi`.
"""

from typing import Any

import lazy_loader

__version__ = "0.1.0"
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    try:
        return _load(name)
    except AttributeError:
        if name in __all__:  # it is here, and could not be loaded
            raise
    import difflib

    near = difflib.get_close_matches(name, __all__, n=1)
    raise AttributeError(f"aae_lib has no {name}" + (f": did you mean aae_lib.{near[0]}?" if near else "."))
