"""The loop: `step` is its heart, `updates` what it calls, `trainer` takes many; the rest serves or wraps these three.

A loss or phase of your own needs no change here. graphs, sweep and processes run the same step recorded, for many
models, in several processes; checkpoints keep it.
May import: data, priors, networks, losses, optimizers, models.
"""

from . import checkpoints
from .checkpoints import CheckpointError, load_model
from .settings import Settings
from .step import step
from .sweep import Sweep
from .trainer import NotFiniteError, Trainer

__all__ = ["CheckpointError", "NotFiniteError", "Settings", "Sweep", "Trainer", "checkpoints", "load_model", "step"]
