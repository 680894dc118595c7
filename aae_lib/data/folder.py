"""A folder of pictures as a dataset: read by Pillow, cut to a square, class folders as labels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..arguments import count, one_of, path, seed, takes
from ..progress import progress
from .arrays import from_arrays
from .dataset import Dataset
from .parts import SHARE

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # none that Pillow hands on to another program
TRAINING = {"train", "training"}
PARTS = TRAINING | {"val", "valid", "validation", "test", "testing"}
COLOUR = one_of("grey", "rgb")
SIZE = count(1, 4096)
FEW = 200  # pictures are read without a progress bar


@takes(folder=path(), size=SIZE, colour=COLOUR, validation=SHARE, test=SHARE, seed=seed())
def from_folder(
    folder: str | Path,
    size: int = 32,
    colour: str = "grey",
    *,
    validation: float = 0.1,
    test: float = 0.1,
    seed: int = 0,
) -> Dataset:
    """A dataset of the pictures in a folder; folders in it are classes.

    Parameters
    ----------
    folder, size, colour
        As in `read_folder`.
    validation, test, seed
        As in `from_arrays`.

    Returns
    -------
    Dataset
        Named after the folder; images (N, C, size, size) uint8.

    Raises
    ------
    ValueError
        As in `read_folder` and `from_arrays`.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp(), "drawings")
    >>> for kind in ("cat", "dog"):
    ...     (folder / kind).mkdir(parents=True)
    ...     for i in range(10):
    ...         Image.fromarray(np.full((40, 50, 3), 20 * i, "uint8")).save(folder / kind / f"{i}.png")
    >>> from_folder(folder, size=16, colour="rgb")
    Dataset('drawings': 16 train, 2 validation, 2 test x (3, 16, 16), 2 classes)
    """
    images, labels = _read_all(Path(folder), size, colour)
    made = from_arrays(images, labels, validation=validation, test=test, seed=seed, channels="first")
    cut = f"pictures were cut to the square in their middle and scaled to {size} x {size}, {colour}"
    return replace(made, name=Path(folder).resolve().name or "folder", notes=(cut, *made.notes))


@takes(folder=path(), size=SIZE, colour=COLOUR)
def read_folder(folder: str | Path, size: int = 32, colour: str = "grey") -> tuple[np.ndarray, list[str] | None]:
    """The pictures in a folder, in the order of their names.

    Each is turned as its EXIF says, laid over white where it is transparent, cut to the square in its middle, and
    scaled. Hidden files, and files whose endings are not those of pictures, are passed over. One that cannot be read is
    left out, and a single warning names all of these.

    Parameters
    ----------
    folder : path
        With pictures, or with folders of them, or both: those that lie in no folder have no label.
    size : int, default 32
        Height and width of the images in pixels. Convolutional networks want a multiple of 4.
    colour : {"grey", "rgb"}
        One channel or three.

    Returns
    -------
    images : ndarray
        (N, 1 or 3, size, size) uint8.
    labels : list of str, or None
        The folder in which each lies, "" for none; None where there are no folders.

    Raises
    ------
    ValueError
        For a folder that is not there or without pictures, and for one whose folders are train and test: read each of
        them and pass what comes to `from_splits`.
    """
    return _read_all(Path(folder), size, colour)


def _read_all(folder: Path, size: int, colour: str) -> tuple[np.ndarray, list[str] | None]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: write the name of one that holds pictures.")
    try:
        files = list(_pictures(folder))
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}.") from error
    if not files:
        raise ValueError(f"{folder} holds no pictures ({', '.join(sorted(ENDINGS))}), nor do the folders in it.")
    labels = [file.relative_to(folder).parts[0] if file.parent != folder else "" for file in files]
    inside = set(map(str.lower, labels))
    if (TRAINING & inside and (PARTS - TRAINING) & inside) or inside <= PARTS:
        raise ValueError(
            f"{folder} has the folders {', '.join(sorted(set(labels)))}, which look like parts and not like classes: "
            "write aae.data.from_splits(*(aae.data.read_folder(part) for part in (train, validation, test))) with "
            "their folders."
        )
    images = np.empty((len(files), 1 if colour == "grey" else 3, size, size), np.uint8)
    kept: list[int] = []
    brightest: list[int] = []  # number of each picture of 16 bits
    odd: list[str] = []
    with progress("reading pictures" if len(files) >= FEW else None, len(files), unit="picture") as bar:
        for i, file in enumerate(files):
            try:
                images[len(kept)] = _read(file, size, colour, brightest)
                kept.append(i)
            except Exception as error:  # Pillow's decoders raise anything
                odd.append(f"{file.relative_to(folder)} ({_reason(error)})")
            bar.update()
    if not kept:
        raise ValueError(f"none of the {len(files)} pictures in {folder} can be read; the first is {odd[0]}.")
    if odd:
        more = f" and {len(odd) - 10} more" if len(odd) > 10 else ""
        warnings.warn(
            f"{len(odd)} of {len(files)} pictures cannot be read and are left out: {', '.join(odd[:10])}{more}.",
            stacklevel=4,
        )
    if brightest and max(brightest) < 2**15:
        warnings.warn(
            f"the pictures of 16 bits hold numbers up to {max(brightest)}, of 65535 possible, and become dark: read "
            "such arrays yourself, and write from_arrays(arrays, labels, value_range=(0, most)).",
            stacklevel=4,
        )
    return images[: len(kept)], [labels[i] for i in kept] if any(labels) else None


def _reason(error: Exception) -> str:
    """Why a picture cannot be read, in a few words."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "its content is not a picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"


def _pictures(folder: Path) -> Iterator[Path]:
    """Pictures in the folder, then those in each of its folders and below, by name; nothing hidden."""
    inside = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    yield from (entry for entry in inside if entry.is_file() and entry.suffix.lower() in ENDINGS)
    for within in inside:
        if not within.is_dir():
            continue
        for place, folders, names in os.walk(within):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith(".") and Path(name).suffix.lower() in ENDINGS:
                    yield Path(place, name)


def _read(file: Path, size: int, colour: str, brightest: list[int]) -> np.ndarray:
    """(C, size, size) uint8; of 16 bits, the largest number is added to `brightest`."""
    from PIL import Image, ImageOps

    with Image.open(file, formats=FORMATS) as opened:
        opened.draft(None, (2 * size, 2 * size))  # a large JPEG is decoded at a fraction of its size, many times faster
        picture = ImageOps.exif_transpose(opened)
    picture = _eight_bits(picture, brightest)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    side, (width, height) = min(picture.size), picture.size
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.convert("L" if colour == "grey" else "RGB").crop((left, top, left + side, top + side))
    return np.atleast_3d(np.asarray(square.resize((size, size)))).transpose(2, 0, 1)


def _eight_bits(picture: Image, brightest: list[int]) -> Image:
    """Grey of 16 bits as 8; ValueError for numbers that nobody can know the range of."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        numbers = np.asarray(picture)
        brightest.append(int(numbers.max()))
        return Image.fromarray((numbers >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError(
            f"its pixels are {'whole numbers of 32 bits' if picture.mode == 'I' else 'floats'}, of any range"
        )
    return picture
