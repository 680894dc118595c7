"""Checkpoints: a folder with tensors (safetensors) and a JSON file that names them. Nothing is pickled or unpickled.

    checkpoint.json        steps, settings, library version, the name and SHA-256 of the tensors' file
    state-….safetensors    weights, optimizer state, generator state, permutation, history

Each file is written beside its place and moved there whole; the JSON comes last and is what counts. Killed at any
moment, the folder holds the checkpoint of before or the new one. Resuming is exact on one machine: 200 steps equal
100 steps, save, a new process, load, 100 steps, bit for bit.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FORMAT = 1
INDEX = "checkpoint.json"


class CheckpointError(RuntimeError):
    """The checkpoint is missing, damaged, foreign, or of something else; the sentence says which."""


def save(trainer: Any, folder: str | Path) -> Path:
    """Write the trainer's whole state to `folder` (made if missing) and return the folder."""
    from safetensors.torch import save as to_bytes

    from . import __version__

    _whole_step(trainer)
    trainer.flush()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(trainer).items()}
    tensors["history"] = trainer._history.rows()
    content = to_bytes(tensors)
    digest = hashlib.sha256(content).hexdigest()
    name = f"state-{trainer.steps:08d}-{digest[:12]}.safetensors"
    index = {
        "format": FORMAT,
        "aae_lib": __version__,
        "torch": torch.__version__,
        "tensors": {"file": name, "sha256": digest},
        "steps": trainer.steps,
        "cursor": trainer.stream.cursor,
        "settings": settings(trainer),
        "live": trainer.snapshot(),
        "measures": trainer._history.measures,
    }
    write_whole(folder / name, content)
    write_whole(folder / INDEX, json.dumps(index, indent=1).encode())
    for old in (*folder.glob("state-*.safetensors"), *folder.glob("*.part")):
        if old.name != name:
            old.unlink(missing_ok=True)
    return folder


def load(trainer: Any, folder: str | Path) -> None:
    """Put the state saved in `folder` into a trainer made with the same settings.

    Raises CheckpointError where the folder holds no whole checkpoint, or one of another model, data or setting: then
    the trainer is untouched. Weights, terms, repeats and rate are taken from the checkpoint.
    """
    index, tensors = _read(Path(folder))
    _compare(index["settings"], settings(trainer))
    own = _tensors(trainer)
    history = tensors.pop("history")
    wrong = [
        n for n in own.keys() | tensors.keys() if n not in own or n not in tensors or own[n].shape != tensors[n].shape
    ]
    if wrong:
        raise CheckpointError(f"the checkpoint's tensors are not this model's: {', '.join(wrong)} differ.")
    restore(trainer, State(index["steps"], index["cursor"], index["live"], tensors))
    trainer._history.restore(history, index["measures"])


@dataclasses.dataclass(frozen=True)
class State:
    """All that decides the steps to come, kept in memory: steps done, place in the epoch, settings, tensors."""

    steps: int
    cursor: int
    live: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def bytes(self) -> int:
        """Memory of the tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


def snapshot(trainer: Any) -> State:
    """A copy of the trainer's state, without its history. RuntimeError (CheckpointError) in the middle of a step."""
    _whole_step(trainer)
    tensors = {name: tensor.detach().clone() for name, tensor in _tensors(trainer).items()}
    return State(trainer.steps, trainer.stream.cursor, trainer.snapshot(), tensors)


def restore(trainer: Any, state: State) -> None:
    """Put a state into a trainer of the same make; the history is left as it is."""
    try:
        trainer.generator.set_state(state.tensors["generator"])
    except RuntimeError as error:
        raise CheckpointError("the random generator was saved on another kind of device: resume there.") from error
    own = _tensors(trainer)
    with torch.no_grad():
        for name, tensor in state.tensors.items():
            if name != "generator":
                own[name].copy_(tensor)
    trainer.fault.zero_()
    trainer.steps, trainer.stream.cursor, trainer.in_step = state.steps, state.cursor, False
    trainer.set(state.live)


def load_model(folder: str | Path, prior: Any = None) -> Any:
    """The model alone, built from its saved settings, on the CPU, in evaluation mode: to encode, decode, sample.

    prior  needed where the saved one was a function: code is never stored.
    """
    index, tensors = _read(Path(folder))
    weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
    return rebuild(index["settings"]["model"], weights, prior)


def rebuild(described: Mapping[str, Any], weights: Mapping[str, Tensor], prior: Any = None) -> Any:
    """The model that `described` (the "model" of `settings`) names, with these weights, in evaluation mode."""
    import aae_lib

    from . import priors
    from .autoencoder import AE

    options = dict(described)
    kind = getattr(aae_lib, str(options.pop("class")), None)
    if not (isinstance(kind, type) and issubclass(kind, AE)):
        raise CheckpointError("this is a model of your own class: make it, and use load(trainer, folder).")
    saved_prior = options.pop("prior")
    model = kind(**options, prior=prior or priors.from_settings(saved_prior))
    model.load_state_dict(weights)
    return model.eval()


def read_index(folder: str | Path) -> dict[str, Any]:
    """What the checkpoint's JSON says (steps, settings, ...), after the whole checkpoint was found sound."""
    return _read(Path(folder))[0]


def exists(folder: str | Path) -> bool:
    """Whether the folder holds a checkpoint's index."""
    return (Path(folder) / INDEX).is_file()


def settings(trainer: Any) -> dict[str, Any]:
    """What must be equal for a run to be resumed; plain JSON."""
    model = trainer.model
    described = dict(getattr(model, "settings", {}))
    if hasattr(model, "prior"):
        described["prior"] = model.prior.settings()
    described = {"class": type(model).__name__, **described}
    phases = {
        phase.name: {"updates": phase.updates, "optimizer": _described(phase.optimizer)} for phase in trainer.phases
    }
    own = {
        "model": described,
        "phases": phases,
        "data": {"name": trainer.data_name, "images and labels": trainer.stream.fingerprint[:16]},
        "batch_size": trainer.stream.batch_size,
        "precision": trainer.precision,
        "schedule": _described(trainer.schedule),
        "seed": trainer.seed,
    }
    return json.loads(json.dumps(own))  # as it will be read: tuples are lists


def _described(thing: Any) -> dict[str, Any]:
    return {"name": type(thing).__name__, **(dataclasses.asdict(thing) if dataclasses.is_dataclass(thing) else {})}


def _whole_step(trainer: Any) -> None:
    if trainer.in_step:
        raise CheckpointError("a step is under way; finish it, then save: half a step cannot be resumed exactly.")


def _tensors(trainer: Any) -> dict[str, Tensor]:
    """Every tensor of the trainer's state, by name; the very tensors, so that loading copies into them."""
    tensors = {f"model.{name}": tensor for name, tensor in trainer.model.state_dict().items()}
    for phase, optimizer in trainer.optimizers.items():
        for name, parameter in trainer.parameters[phase].items():
            for key, tensor in optimizer.state[parameter].items():
                tensors[f"optimizer.{phase}.{name}.{key}"] = tensor
    tensors["permutation"] = trainer.stream.permutation
    tensors["generator"] = trainer.generator.get_state()
    return tensors


def write_whole(path: Path, content: bytes) -> None:
    """Write whole or not at all: beside its place first, on the disk, then moved."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors.torch import load as from_bytes

    path = folder / INDEX
    try:
        index = json.loads(path.read_bytes())
        version, name, digest = index["format"], index["tensors"]["file"], index["tensors"]["sha256"]
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint in {folder}: {INDEX} is missing.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged or was not written by aae_lib: {error}.") from error
    if version != FORMAT:
        raise CheckpointError(f"{path} has format {version}; this aae_lib reads format {FORMAT}.")
    try:
        content = (folder / Path(name).name).read_bytes()
    except OSError:
        raise CheckpointError(f"{path} names {name}, which is missing: was only a part copied?") from None
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise CheckpointError(f"{folder / name} is damaged: SHA-256 {found[:12]}… where {digest[:12]}… was written.")
    return index, from_bytes(content)


def _compare(saved: dict[str, Any], own: dict[str, Any]) -> None:
    before, now = _flat(saved), _flat(own)
    differ = [k for k in before | now if before.get(k) != now.get(k)]
    if differ:
        told = "; ".join(f"{k} was {before.get(k)}, is {now.get(k)}" for k in differ[:5])
        raise CheckpointError(f"the checkpoint was made with other settings: {told}.")


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
