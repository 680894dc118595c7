"""The models, one file each: an autoencoder and its phases. Start with `phase`, then `autoencoder` and `aae`.

A model of your own is a subclass of one of these with other `phases`; see `WAE`, which is one phase.
May import: data, priors, networks, losses, optimizers.
"""

from . import pretrained
from .aae import AAE, ANY_PRIOR
from .abilities import Abilities
from .ask import can, of_one_moment, unwrapped
from .autoencoder import AE
from .cluster import ClusterAAE
from .map import MapAAE
from .model import Model
from .phase import Batch, Loss, Phase
from .plane import PlaneGame
from .semi_supervised import SemiSupervisedAAE
from .supervised import SupervisedAAE
from .vae import VAE
from .wae import WAE

__all__ = [
    "AAE",
    "AE",
    "ANY_PRIOR",
    "VAE",
    "WAE",
    "Abilities",
    "Batch",
    "ClusterAAE",
    "Loss",
    "MapAAE",
    "Model",
    "Phase",
    "PlaneGame",
    "SemiSupervisedAAE",
    "SupervisedAAE",
    "can",
    "of_one_moment",
    "pretrained",
    "unwrapped",
]
