"""A model in one file: weights as safetensors; what they are weights of, as JSON in the file's metadata. No pickle.

`model.save(path)` writes it, `aae.load_model(path)` reads it, and the pretrained models are such files too. Metadata:

- model: class, arguments and prior, as `describe` gives them
- about: whatever else is worth knowing, such as the version that wrote it
- format, sha256: of this way of writing, and of all the rest
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import models
from ..files import write_whole
from .description import describe, rebuilds
from .model import Model

FORMAT = "aae_lib model 1"
SUFFIX = ".safetensors"


class SavedModelError(ValueError):
    """The file is missing, damaged, or holds something else; the message says which."""


def save(model: Model, path: Path, overwrite: bool = False) -> Path:
    """See `Model.save`."""
    from .. import __version__

    with model.lock:  # of one moment
        described = json.loads(json.dumps(describe(model)))
        weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    kind = getattr(models, described["class"], None)
    if not (isinstance(kind, type) and issubclass(kind, models.AE)):
        raise ValueError(
            f"{described['class']} is not an autoencoder of this library, and code is never stored: keep its weights "
            "with safetensors.torch.save_file(model.state_dict(), path)."
        )
    if not rebuilds(model):
        raise ValueError(
            "this model has a network that its arguments do not make, and code is never stored: keep its weights with "
            "safetensors.torch.save_file(model.state_dict(), path)."
        )
    if path.suffix != SUFFIX:
        raise ValueError(f"the name of a model's file ends in {SUFFIX}; got {path.name}: choose such a name.")
    if path.exists():
        _check_replaceable(path, described, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, described, weights, {"aae_lib": __version__})
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror or error}): choose another place.") from error
    return path


def _check_replaceable(path: Path, described: Mapping[str, Any], overwrite: bool) -> None:
    try:
        held = _metadata(path)["model"]
    except SavedModelError as error:
        raise ValueError(f"{error} It will not be replaced: choose another name.") from None
    if held != described and not overwrite:
        differ = sorted(k for k in held.keys() | described.keys() if held.get(k) != described.get(k))
        raise ValueError(
            f"{path} holds another model (its {', '.join(differ)} differ): choose another name, or pass overwrite=True."
        )


def write(path: Path, described: Mapping[str, Any], weights: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write the whole file, or nothing."""
    from safetensors.torch import save as to_bytes

    tensors = {name: tensor.contiguous() for name, tensor in weights.items()}
    metadata = {"format": FORMAT, "model": json.dumps(described), "about": json.dumps(about)}
    write_whole(path, to_bytes(tensors, metadata | {"sha256": _digest(metadata, tensors)}))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The description and the weights, once they have been found as they were written; else SavedModelError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = _strings(path)
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise SavedModelError(f"{path} is damaged: {_words(error)}.") from error
    digest = metadata.pop("sha256", None)
    if digest != _digest(metadata, weights):
        raise SavedModelError(f"{path} is damaged, or was changed after it was written: its SHA-256 does not fit.")
    return _metadata(path)["model"], weights


def about(path: Path) -> dict[str, Any]:
    """What the file says of itself, besides its model."""
    return _metadata(path)["about"]


def _metadata(path: Path) -> dict[str, Any]:
    strings = _strings(path)
    try:
        parsed = {name: json.loads(strings[name]) for name in ("model", "about")}
    except (KeyError, ValueError, RecursionError) as error:
        raise SavedModelError(f"{path} is damaged, or was changed after it was written: {_words(error)}.") from error
    if not all(isinstance(part, dict) for part in parsed.values()):
        raise SavedModelError(f"{path} is damaged, or was changed after it was written.")
    return parsed


def _strings(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            found = dict(file.metadata() or {})
    except FileNotFoundError:
        raise SavedModelError(f"there is no file {path}.") from None
    except (SafetensorError, OSError) as error:
        raise SavedModelError(f"{path} is not a model that aae_lib has saved: {_words(error)}.") from error
    if found.get("format") != FORMAT:
        raise SavedModelError(
            f"{path} is not a model that this aae_lib has saved: its format is {found.get('format')!r}."
        )
    return found


def _digest(metadata: Mapping[str, str], weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of everything in the file, in one order."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
