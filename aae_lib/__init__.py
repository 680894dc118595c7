"""Adversarial autoencoders: a small library to learn them from, and to train them with.

>>> import aae_lib as aae
>>> data = aae.load("digits")
>>> model = aae.AAE(data.image_shape, latent_dim=2, seed=0)
>>> trainer = aae.Trainer(model, data, seed=0)
>>> history = trainer.run(steps=20, progress=False)

Folders import only from those to their left: data, priors, networks, losses, optimizers < models < training < metrics
< plots < live, paper < course < cli. Importing has no side effects: no network, no random
numbers, no Jupyter. Each part is loaded when it is first used, so that `python -m aae_lib doctor` runs even where
PyTorch is missing. The names are listed once, in `__init__.pyi`.
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
