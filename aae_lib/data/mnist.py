"""MNIST and Fashion-MNIST: found on this machine or downloaded, checked, and read.

Each set is four files in the idx format: a magic number, the sizes of the dimensions, then the bytes. They are looked
for in the folder you name, in the one that AAE_DATA_DIR names, and in the cache; only if they are in none of these are
they downloaded.

What is checked each time they are read:

- MNIST: the SHA-256 of the unpacked content, since mirrors pack the same content differently.
- Fashion-MNIST: the SHA-256 of the packed file, as several public projects list it next to the MD5 sums of its authors;
  we know of no published checksum of the unpacked content. Files that are already unpacked are therefore only checked
  for header and length, and for not being MNIST's.
- Both: header and length, and no more is read or unpacked than the file can hold. Nothing is unpickled.

A download is bounded in size and in time (see `PATIENCE`), whatever a server does.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import io
import math
import os
import queue
import threading
import time
import zlib
from pathlib import Path

import numpy as np

from ..arguments import one_of, path, takes
from ..progress import progress

RETRIES = 2  # more attempts at each address, after pauses of one and two seconds
PATIENCE = 60.0  # seconds a download may take at least; and then a second more for every
LEAST_RATE = 5_000  # bytes that have come
SLACK = 2**16  # bytes that a packed file may be larger than what is in it: a header, and no gain

FILES = {  # file: shape of its array of bytes, the same in both sets
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}
CONTENT_SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
}
PACKED_SHA256 = {
    "fashion_mnist": {
        "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
}
MIRRORS: dict[str, tuple[str, ...]] = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    ),
    "fashion_mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ),
}


class DataNotFoundError(RuntimeError):
    """The files are not on this machine and could not be downloaded; the message says what to do."""


class DataCorruptError(ValueError):
    """A file is truncated, damaged or the wrong one; the message names it, the expected and the found checksum."""


class _RefusedError(Exception):
    """A server sends too much or too slowly. It is not asked for this file again."""


SET = one_of(*MIRRORS)


@takes(name=SET, folder=path())
def read(name: str, folder: str | Path | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read a set's four files, downloading them first if they are nowhere on this machine.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist"}
        Which set.
    folder : path, optional
        Where the files are, as in `find_local`. None: AAE_DATA_DIR, else the cache, else a download.

    Returns
    -------
    tuple of ndarray
        Training images (60000, 28, 28), training labels (60000,), test images (10000, 28, 28) and test labels
        (10000,); uint8, in the files' order.

    Raises
    ------
    DataNotFoundError
        If files are missing and no mirror provided them, or the cache cannot be written.
    DataCorruptError
        If a file is not what it should be.
    ValueError
        For another set, and for a folder that cannot be read.
    """
    try:
        place = find_local(name, folder)
    except DataNotFoundError:
        if folder is not None:  # a download would hide the mistake in the folder's name
            raise
        place = download(name)
    train_images, train_labels, test_images, test_labels = (
        _read_idx(_either(place, file), name, file) for file in FILES
    )
    return train_images, train_labels, test_images, test_labels


def cache_folder() -> Path:
    """Where downloads are kept: AAE_CACHE_DIR, else this user's cache folder."""
    if own := os.environ.get("AAE_CACHE_DIR"):
        return _at_home(own, "AAE_CACHE_DIR")
    import platformdirs

    return Path(platformdirs.user_cache_dir("aae_course"))


@takes(name=SET, folder=path())
def find_local(name: str, folder: str | Path | None = None) -> Path:
    """The folder on this machine that holds a set's four files, packed (.gz) or not; nothing is downloaded.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist"}
        Which set.
    folder : path, optional
        Holds {name}/train-images-idx3-ubyte.gz and so on, or these files themselves. None looks in the folder that
        AAE_DATA_DIR names, then in the cache.

    Returns
    -------
    Path
        The folder with the files in it.

    Raises
    ------
    DataNotFoundError
        If no folder holds all four.
    ValueError
        For another set, and for a folder that cannot be read.
    """
    places = []
    if folder is not None:
        places.append(_at_home(folder, "folder"))
    else:
        if own := os.environ.get("AAE_DATA_DIR"):
            places.append(_at_home(own, "AAE_DATA_DIR"))
            if not places[0].is_dir():
                raise ValueError(f"AAE_DATA_DIR names {own}, which is not a folder: set it to another, or to nothing.")
        with contextlib.suppress(ModuleNotFoundError):  # a bare server has no cache
            places.append(cache_folder())
    for place in places:
        try:
            for inside in (place / name, place):
                if all(_either(inside, file).is_file() for file in FILES):
                    return inside
        except OSError as error:
            raise ValueError(f"{place} cannot be read ({error.strerror}): name another folder.") from error
    raise DataNotFoundError(_advice(f"{name} is not complete in {folder or 'AAE_DATA_DIR or the cache'}", name))


@takes(name=SET)
def download(name: str) -> Path:
    """Download a set's files into the cache, from AAE_DATA_MIRROR if that is set, then from the public mirrors.

    AAE_DATA_MIRROR is the address of a server that holds mnist/train-images-idx3-ubyte.gz and so on, say a
    classroom's own. A file enters the cache only when it is complete and its checksum right; one that is already
    there is not fetched again.

    Parameters
    ----------
    name : {"mnist", "fashion_mnist"}
        Which set.

    Returns
    -------
    Path
        The folder that holds the files.

    Raises
    ------
    DataNotFoundError
        If no mirror gave a correct file, or the cache cannot be written.
    ValueError
        For another set, and for an AAE_DATA_MIRROR that is not an address.
    """
    for tool in ("platformdirs", "pooch"):
        if importlib.util.find_spec(tool) is None:
            raise DataNotFoundError(
                _advice(f"{name} is not here, and {tool}, which downloads need, is not installed", name)
            )
    mirrors = list(MIRRORS[name])
    if own := os.environ.get("AAE_DATA_MIRROR"):
        if not own.startswith(("http://", "https://")):
            raise ValueError(f"AAE_DATA_MIRROR must be an address that begins with http:// or https://; got {own!r}.")
        mirrors.insert(0, f"{own.rstrip('/')}/{name}")
    for file in FILES:
        _download_one(name, file, mirrors)
    return cache_folder() / name


def _download_one(name: str, file: str, mirrors: list[str]) -> None:
    import pooch
    import requests

    def fetch_and_check(url: str, temporary: str, _keeper: pooch.Pooch) -> None:
        _fetch(url, Path(temporary), _size(file) + SLACK, PATIENCE, LEAST_RATE)
        _read_idx(Path(temporary), name, file, shown=f"{file}.gz")  # if this raises, pooch removes the temporary file

    failures = []
    for mirror in mirrors:
        # None: pooch knows checksums of packed files only, ours are checked above.
        registry = {f"{file}.gz": None}
        keeper = pooch.Pooch(cache_folder() / name, f"{mirror}/", registry=registry, retry_if_failed=RETRIES)
        try:
            path = keeper.fetch(f"{file}.gz", downloader=fetch_and_check)
            os.chmod(path, 0o644)  # temporary files are private, but a cache may be shared
            return
        except (requests.RequestException, ValueError, _RefusedError) as error:
            failures.append(f"{mirror}/{file}.gz: {error}")
        except OSError as error:
            raise DataNotFoundError(
                f"{name} cannot be stored in {cache_folder()} ({error}): set AAE_CACHE_DIR to a folder that you can "
                "write to."
            ) from error
    raise DataNotFoundError(
        "\n  ".join([_advice(f"{name} could not be downloaded", name) + " What was tried:", *failures])
    )


def _fetch(url: str, target: Path, most: int, patience: float, least_rate: float) -> None:
    """Download one file of at most `most` bytes, in at most `patience` seconds and one for every `least_rate` bytes.

    A thread asks and hands over what comes, so that nothing a server does, or fails to do, can hold this up.
    """
    blocks: queue.SimpleQueue[int | bytes | Exception] = queue.SimpleQueue()
    enough = threading.Event()
    threading.Thread(target=_ask, args=(url, most, patience, blocks, enough), daemon=True).start()
    start, came = time.monotonic(), 0
    try:
        with target.open("wb") as file, progress(url.rpartition("/")[2], unit="B", unit_scale=True) as bar:
            while True:
                until = start + patience + came / least_rate
                try:
                    block = blocks.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    raise _RefusedError(
                        f"only {came:,} bytes came in {time.monotonic() - start:.1f} seconds, fewer than "
                        f"{least_rate:,} a second."
                    ) from None
                if isinstance(block, Exception):
                    raise block
                if isinstance(block, int):
                    bar.reset(block)
                    continue
                if not block:
                    return
                came += len(block)
                if came > most:
                    raise _too_large(most)
                file.write(block)
                bar.update(len(block))
    finally:
        enough.set()


def _ask(
    url: str, most: int, patience: float, blocks: queue.SimpleQueue[int | bytes | Exception], enough: threading.Event
) -> None:
    """Ask for a file, and hand over its length, its blocks, and b"" at its end; or the error, if there is one."""
    import requests
    import urllib3

    headers = {"Accept-Encoding": "identity"}  # the file as it is, not unpacked on the way
    try:
        with requests.get(url, stream=True, timeout=patience / 2, headers=headers) as answer:
            answer.raise_for_status()
            if (announced := answer.headers.get("Content-Length", "")).isdecimal():
                if int(announced) > most:
                    raise _too_large(most)
                blocks.put(int(announced))
            for block in answer.raw.stream(2**14, decode_content=False):
                if enough.is_set():
                    return
                blocks.put(block)
        blocks.put(b"")
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        blocks.put(requests.Timeout(f"nothing came for {patience / 2:g} seconds."))
    except urllib3.exceptions.HTTPError as error:
        blocks.put(requests.ConnectionError(str(error)))
    except Exception as error:
        blocks.put(error)


def _too_large(most: int) -> _RefusedError:
    return _RefusedError(f"the server sends more than {most:,} bytes, the most that this file can have.")


def _at_home(place: str | Path, name: str) -> Path:
    """The path with its ~ spelled out; `name` says where the path is from."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        raise ValueError(
            f"{name} is {str(place)!r}, and no such home folder is known here: write the whole path."
        ) from None


def _advice(problem: str, name: str) -> str:
    files = ", ".join(f"{name}/{file}.gz" for file in FILES)
    now = f" (it names {own} now)" if (own := os.environ.get("AAE_DATA_DIR")) else ""
    return f"{problem}: put {files} into one folder, and set the environment variable AAE_DATA_DIR to that folder{now}."


def _either(folder: Path, file: str) -> Path:
    """A file's path, packed if that exists, else unpacked."""
    packed = folder / f"{file}.gz"
    return packed if packed.is_file() else folder / file


def _size(file: str) -> int:
    """Bytes of an idx file that is not packed."""
    return len(_header(FILES[file])) + math.prod(FILES[file])


def _header(shape: tuple[int, ...]) -> bytes:
    """0, 0, 8 for unsigned bytes, the number of dimensions; then each dimension in four bytes, the highest first."""
    return bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)


def _read_idx(path: Path, name: str, file: str, shown: str | None = None) -> np.ndarray:
    """The array in an idx file, all checks passed; `shown` is what errors call the file, by default its path."""
    shape, size, shown = FILES[file], _size(file), shown or str(path)
    most = size + SLACK
    try:
        with path.open("rb") as stream:
            raw = stream.read(most + 1)
    except OSError as error:
        raise DataCorruptError(f"{shown} cannot be read ({error.strerror}): repair or replace it.") from error
    if len(raw) > most:
        raise DataCorruptError(f"{shown} has more than {most:,} bytes, so it is another file: replace or delete it.")
    packed = raw[:2] == b"\x1f\x8b"
    if packed and name in PACKED_SHA256:
        _check(raw, PACKED_SHA256[name][file], shown)
    content = raw
    if packed:
        with contextlib.suppress(EOFError, OSError, zlib.error):  # truncated or damaged: it fails below
            content = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(size + 1)
        if content is not raw and len(content) > size:
            raise DataCorruptError(f"{shown} holds more than {size:,} bytes once unpacked: replace or delete it.")
    if name in CONTENT_SHA256:
        _check(content, CONTENT_SHA256[name][file], shown)
    elif sha256(content) in CONTENT_SHA256["mnist"].values():
        raise DataCorruptError(f"{shown} is MNIST's file, not Fashion-MNIST's: name another folder.")

    header = _header(shape)
    if not content.startswith(header) or len(content) != size:
        raise DataCorruptError(
            f"{shown} is not an idx file of shape {shape} ({len(content)} bytes, expected {size}; found SHA-256 "
            f"{sha256(content)}): replace or delete it."
        )
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def _check(content: bytes, expected: str, shown: str) -> None:
    if (found := sha256(content)) != expected:
        raise DataCorruptError(
            f"{shown} is truncated, damaged or another file (expected SHA-256 {expected}, found {found}): "
            "replace or delete it."
        )


def sha256(content: bytes) -> str:
    """The checksum of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
