"""Images with labels, in three splits, and the minibatches that training takes from them.

Your own dataset comes in through `from_arrays`, `from_folder`, `from_table` or `from_splits`, or is a `Dataset` of
three splits, each a `Split`; nothing here has to change for it.
May import: torch, numpy, scikit-learn, and, when needed, pandas and Pillow; nothing else of this library.
"""

from .arrays import from_arrays, from_npz, from_splits
from .dataset import PARTS, Dataset, Split
from .describe import span
from .folder import from_folder, read_folder
from .images import as_images, check_shape, check_values, scale
from .loading import IMAGES, load
from .minibatches import Minibatch, Minibatches, StackedMinibatches
from .ondisk import OnDisk
from .standard import Standard
from .table import from_table

__all__ = [
    "IMAGES",
    "PARTS",
    "Dataset",
    "Minibatch",
    "Minibatches",
    "OnDisk",
    "Split",
    "StackedMinibatches",
    "Standard",
    "as_images",
    "check_shape",
    "check_values",
    "from_arrays",
    "from_folder",
    "from_npz",
    "from_splits",
    "from_table",
    "load",
    "read_folder",
    "scale",
    "span",
]
