"""What a checkpoint's folder holds: written whole, read only if it is as it was written."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ...arguments import path, takes
from ...files import write_all

FORMAT = 4
INDEX = "checkpoint.json"
PARTS = {"aae_lib", "torch", "device", "tensors", "steps", "cursor", "made of", "chosen", "measures"}
OURS = re.compile(r"(state-\d{8,}-[0-9a-f]{12}\.safetensors(\.part)?|checkpoint\.json(\.part)?)")


class CheckpointError(RuntimeError):
    """The checkpoint is missing, damaged, foreign, or of something else; the message says which."""


@takes(folder=path())
def exists(folder: str | Path) -> bool:
    """Whether the folder holds a checkpoint's index."""
    return (Path(folder) / INDEX).is_file()


@takes(folder=path())
def read_index(folder: str | Path) -> dict[str, Any]:
    """What the checkpoint's JSON says (steps, settings, ...), after the whole checkpoint has been found intact."""
    return read(Path(folder))[0]


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The index and the tensors, once both have been found as they were written."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    index = checked_index(folder)
    name, digest = index["tensors"]["file"], index["tensors"]["sha256"]
    content = _content(folder / name, f"{folder / INDEX} names {name}, which is missing: was only a part copied?")
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise CheckpointError(f"{folder / name} is damaged: SHA-256 {found[:12]}… where {digest[:12]}… was written.")
    try:
        return index, from_bytes(content)
    except SafetensorError as error:
        raise CheckpointError(f"{folder / name} holds no tensors: {error}.") from error


def checked_index(folder: Path) -> dict[str, Any]:
    """What checkpoint.json says, without its own SHA-256, once that has been found right."""
    file = folder / INDEX
    content = _content(file, f"there is no checkpoint in {folder}: {INDEX} is missing.")
    try:
        index = json.loads(content)
        version, digest = index.pop("format"), index.pop("sha256")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{file} is damaged or was not written by aae_lib: {error}.") from error
    if version != FORMAT:
        raise CheckpointError(f"{file} has format {version!r}; this aae_lib reads format {FORMAT}.")
    if digest_of(index) != digest or set(index) != PARTS or not _fits(index):
        raise CheckpointError(f"{file} is damaged, or was changed after it was written: its SHA-256 does not fit.")
    return index


def _fits(index: dict[str, Any]) -> bool:
    """Whether the entries are of the kinds that `save` writes."""
    tensors, chosen, measures = index["tensors"], index["chosen"], index["measures"]
    return (
        all(type(index[name]) is int and index[name] >= 0 for name in ("steps", "cursor"))
        and all(isinstance(each, dict) for each in (tensors, chosen, measures, index["made of"]))
        and all(isinstance(tensors.get(name), str) for name in ("file", "sha256"))
        and OURS.fullmatch(tensors["file"]) is not None
        and all(isinstance(index["made of"].get(name), dict) for name in ("model", "data"))
        and all(isinstance(figures, dict) and step.isdecimal() for step, figures in measures.items())
    )


def _content(file: Path, if_missing: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(if_missing) from None
    except NotADirectoryError:
        raise CheckpointError(f"{file.parent} is a file: a checkpoint is the folder that it lies in.") from None
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read ({error.strerror or error}).") from error


def digest_of(index: Mapping[str, Any]) -> str:
    """SHA-256 of an index in one way of writing it."""
    return hashlib.sha256(json.dumps(index, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_index(folder: Path, index: Mapping[str, Any], others: Mapping[Path, bytes] | None = None) -> str:
    """Write checkpoint.json, after the other files, with its format and SHA-256, which is returned."""
    body = json.loads(json.dumps(index))  # as it will be read
    digest = digest_of(body)
    content = json.dumps({"format": FORMAT, "sha256": digest} | body, indent=1).encode()
    write_all({**(others or {}), folder / INDEX: content})
    return digest


@takes(folder=path())
def remove(folder: Path) -> None:
    """Delete what `save` has written to the folder, and the folder itself if nothing else is in it."""
    if folder.is_dir():
        clear(folder)
        (folder / ".lock").unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def clear(folder: Path, keep: Sequence[str] = ()) -> None:
    """Delete what `save` has written to the folder, but for these."""
    for file in folder.iterdir():
        if OURS.fullmatch(file.name) and file.name not in keep:
            file.unlink(missing_ok=True)
