"""Trained models that come with the course: MNIST, 28x28, codes of 2 or 8 dimensions. No download, no waiting.

- ring: an AAE, prior a ring of ten Gaussians, each digit assigned to its own arm by the training labels
- gaussian: an AAE, prior N(0, I), no labels
- vae: a VAE, prior N(0, I)
- ae: a plain autoencoder: nothing asks its codes to lie anywhere
- gaussian8, vae8: an AAE and a VAE by one recipe, prior N(0, I), codes of 8 dimensions

`python tools/pretrain.py` made them and makes them again; what they are made of, figures and versions are stored in
each file. Weights are kept as 16-bit floats, which halves the files and moves a pixel by less than 1/255.
"""

from pathlib import Path
from typing import Any

from . import saved
from .description import build
from .model import Model

NAMES = ("ring", "gaussian", "vae", "ae", "gaussian8", "vae8")
FOLDER = Path(__file__).parent / "weights"


def load(name: str) -> Model:
    """A trained model, on the CPU, in evaluation mode.

    Parameters
    ----------
    name : {"ring", "gaussian", "vae", "ae", "gaussian8", "vae8"}
        Which one.

    Returns
    -------
    Model
        Takes images (N, 1, 28, 28); codes (N, 2), of the last two (N, 8).

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> import torch
    >>> load("ae").encode(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 2])
    """
    return build(*saved.read(_file(name)))  # copied into 32-bit parameters


def about(name: str) -> dict[str, Any]:
    """How the model was made: "command", "made of", "steps", "figures" on the test images, "versions"."""
    return saved.about(_file(name))


def _file(name: str) -> Path:
    if name not in NAMES:
        raise ValueError(f"there is no pretrained model {name!r}; there are {', '.join(NAMES)}.")
    return FOLDER / f"{name}.safetensors"
