"""Images with labels, in three splits, and the minibatches that training takes of them.

A dataset of your own is a `Dataset` of three `Split`s; nothing here has to change for it.
May import: torch, numpy, scikit-learn; nothing else of this library.
"""

from .dataset import PARTS, Dataset, Split, as_images, check_values, scale
from .loading import IMAGES, load
from .minibatches import Minibatch, Minibatches, StackedMinibatches
from .standard import Standard

__all__ = [
    "IMAGES",
    "PARTS",
    "Dataset",
    "Minibatch",
    "Minibatches",
    "Split",
    "StackedMinibatches",
    "Standard",
    "as_images",
    "check_values",
    "load",
    "scale",
]
