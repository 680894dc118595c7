"""mini_mnist: a part of MNIST that comes with the package, so that handwriting can be learned from without a network.

`python tools/make_mini_mnist.py` cut it out of the original files, and says how. MNIST is by Yann LeCun and Corinna
Cortes, under CC BY-SA 3.0, and so is this part of it: see LICENSE-MNIST next to this file.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from .mnist import DataCorruptError, sha256

FILE = Path(__file__).with_name("mini_mnist.npz")
SHA256 = "7c8e8092b26b90e639b39511a5de544bc1cbbbf6f73a9d346021219ada7b38a0"
SIZES = {"train": 5000, "validation": 1000, "test": 2000}


def read(file: Path | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of the file, its checksum tested; nothing is unpickled.

    Parameters
    ----------
    file : Path, optional
        Where it is; None: where the package has it.

    Returns
    -------
    dict of str to ndarray
        For each part, train, validation and test: "train_images" (N, 28, 28) and "train_labels" (N,), both uint8, and
        "train_index" (N,) int32: which rows of MNIST's files these are, of the training files for train and
        validation, of the test files for test. Every class occurs equally often.

    Raises
    ------
    DataCorruptError
        If the file is missing, damaged or another one.

    Examples
    --------
    >>> read()["validation_images"].shape
    (1000, 28, 28)
    """
    file, again = file or FILE, "install the package again"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataCorruptError(
            f"{file} comes with the package and cannot be read ({error.strerror}): {again}."
        ) from error
    if (found := sha256(content)) != SHA256:
        raise DataCorruptError(
            f"{file} is truncated, damaged or another file (expected SHA-256 {SHA256}, found {found}): {again}."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
