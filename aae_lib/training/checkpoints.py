"""Checkpoints: a folder with tensors (safetensors) and a JSON file that names them. Nothing is pickled or unpickled.

- checkpoint.json: steps and place in the epoch; what the run is made of (model, prior, phases, data, schedule, seed);
  what was set (weights, terms, ...); measures; device and versions; the tensors' file and its SHA-256; its own SHA-256
- state-….safetensors: weights, optimizer state, generator state, permutation, history

Each file is written next to its place and moved there as a whole; the JSON comes last and is what counts. Killed at
any moment, the folder holds the previous checkpoint or the new one. One run at a time writes to a folder, and only to
one that is empty or holds that very run. Resuming is exact on one machine: 200 steps equal
100 steps, save, a new process, load, 100 steps, bit for bit.
"""

import dataclasses
import hashlib
import json
import re
import sys
import types
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..arguments import Kind, one_made_of, path, switch, takes
from ..files import only_writer, write_all
from ..models import Loss, Model, saved
from ..models.description import UnknownModelError, build, describe
from ..optimizers import Optimizer, Schedule
from ..priors import PriorLike

if TYPE_CHECKING:
    from .trainer import Trainer

FORMAT = 3
INDEX = "checkpoint.json"
PARTS = {"aae_lib", "torch", "device", "tensors", "steps", "cursor", "made of", "chosen", "measures"}
OURS = re.compile(r"(state-\d{8,}-[0-9a-f]{12}\.safetensors(\.part)?|checkpoint\.json(\.part)?)")


class CheckpointError(RuntimeError):
    """The checkpoint is missing, damaged, foreign, or of something else; the message says which."""


def _trainer(value: Any) -> "Trainer":
    from .trainer import Trainer

    return one_made_of(Trainer, example="").take(value)


TRAINER = Kind("a Trainer, such as aae.Trainer(model, data)", _trainer)


@takes(trainer=TRAINER, folder=path(), overwrite=switch())
def save(trainer: "Trainer", folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write the trainer's whole state to a folder.

    Parameters
    ----------
    trainer : Trainer
        May be training in another thread: the state of one moment is saved.
    folder : path
        Made if missing; an earlier checkpoint of this very run in it is replaced.
    overwrite : bool, default False
        Whether another run's checkpoint may be replaced as well.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    CheckpointError
        If the folder holds another run: one that this trainer has neither saved there nor loaded from there.
    ValueError
        If the folder cannot be written to, or another run is writing to it.

    Examples
    --------
    >>> import tempfile, aae_lib as aae
    >>> trainer = aae.Trainer(aae.AE((1, 8, 8), hidden=(16,)), aae.load("digits"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name[:10] for path in save(trainer, folder).iterdir())
    ['.lock', 'checkpoint', 'state-0000']
    """
    folder = Path(folder)
    with only_writer(folder, trainer):
        if not overwrite:
            check_own(trainer, folder)
        return _write(trainer, folder)


def _write(trainer: "Trainer", folder: Path) -> Path:
    from safetensors.torch import save as to_bytes

    from .. import __version__

    with trainer.lock:  # state and history of one moment
        trainer.flush()
        state, history = trainer.whole_step(), trainer.records.rows()
        measures = dict(trainer.records.measures)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in state.tensors.items()} | {"history": history}
    content = to_bytes(tensors)
    digest = hashlib.sha256(content).hexdigest()
    name = f"state-{state.steps:08d}-{digest[:12]}.safetensors"
    index = {
        "aae_lib": __version__,
        "torch": torch.__version__,
        "device": trainer.device.type,
        "tensors": {"file": name, "sha256": digest},
        "steps": state.steps,
        "cursor": state.cursor,
        "made of": description(trainer),
        "chosen": state.chosen,
        "measures": measures,
    }
    trainer.kept[folder.resolve()] = write_index(folder, index, {folder / name: content})
    _remove(folder, keep=(INDEX, name))
    return folder


def write_index(folder: Path, index: Mapping[str, Any], others: Mapping[Path, bytes] | None = None) -> str:
    """Write checkpoint.json, after the other files, with its format and SHA-256, which is returned."""
    body = json.loads(json.dumps(index))  # as it will be read
    digest = _digest(body)
    content = json.dumps({"format": FORMAT, "sha256": digest} | body, indent=1).encode()
    write_all({**(others or {}), folder / INDEX: content})
    return digest


@takes(folder=path())
def remove(folder: Path) -> None:
    """Delete what `save` has written to the folder, and the folder itself if nothing else is in it."""
    if folder.is_dir():
        _remove(folder)
        (folder / ".lock").unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def _remove(folder: Path, keep: Sequence[str] = ()) -> None:
    for file in folder.iterdir():
        if OURS.fullmatch(file.name) and file.name not in keep:
            file.unlink(missing_ok=True)


def check_own(trainer: "Trainer", folder: Path) -> None:
    """CheckpointError if the folder holds another run than the trainer's."""
    if not (folder / INDEX).exists():
        if states := [file.name for file in folder.glob("*.safetensors") if OURS.fullmatch(file.name)]:
            raise CheckpointError(
                f"{folder} holds the tensors of a checkpoint ({states[0]}) without its {INDEX}: choose another "
                "folder, or pass overwrite=True."
            )
        return
    try:
        index = _read_index(folder)
    except CheckpointError as error:
        raise CheckpointError(f"{error} To replace it, pass overwrite=True.") from None
    if trainer.kept.get(folder.resolve()) != _digest(index):
        raise CheckpointError(
            f"{folder} holds another run ({index['made of']['model']['class']}, {index['steps']} steps, seed "
            f"{index['made of']['seed']}): continue it with trainer.load(folder), choose another folder, or say "
            "overwrite=True."
        )


@takes(trainer=TRAINER, folder=path(), schedule=switch(), inexact=switch())
def load(trainer: "Trainer", folder: str | Path, *, schedule: bool = True, inexact: bool = False) -> None:
    """Put the state saved in a folder into a trainer made of the same parts.

    Weights, terms, repeats and rate are taken from the checkpoint.

    Parameters
    ----------
    trainer : Trainer
        What to load into.
    folder : path
        Where `save` has written.
    schedule : bool, default True
        Whether the schedule must be the same. False continues under the trainer's own, from the step reached: this is
        how a run is made longer.
    inexact : bool, default False
        Continue although the checkpoint was made on another kind of device, whose random numbers differ: weights and
        optimizers are taken, the random numbers to come are those of the trainer's seed and the steps done.

    Raises
    ------
    CheckpointError
        If the folder holds no whole checkpoint, or one of another model, data or loss: then the trainer is untouched.

    Warns
    -----
    UserWarning
        If a loss of your own has the same name as when it was saved, but other code.
    """
    trainer.lock.check()
    index, tensors = _read(Path(folder))
    made_of, own_parts = index["made of"], description(trainer)
    if not schedule:
        made_of = made_of | {"schedule": own_parts["schedule"]}
    _compare(made_of, own_parts)
    own = _tensors(trainer)
    if index["device"] != trainer.device.type:
        if not inexact:
            raise CheckpointError(
                f"this checkpoint was made on {index['device']}, the trainer is on {trainer.device.type}, whose random "
                "numbers differ: resume there, or continue inexactly with load(trainer, folder, inexact=True)."
            )
        tensors["generator"] = torch.Generator(trainer.device).manual_seed(trainer.seed + index["steps"]).get_state()
    history = tensors.pop("history", None)
    if wrong := sorted(n for n in own.keys() | tensors.keys() if _kind(own.get(n)) != _kind(tensors.get(n))):
        raise CheckpointError(f"the checkpoint's tensors are not this model's: {', '.join(wrong[:5])} differ.")
    if index["cursor"] > trainer.minibatches.steps_per_epoch:
        raise CheckpointError("the checkpoint's place in the epoch is beyond its end.")
    if history is None or history.shape[1:] != (2 + len(trainer.phases),):
        raise CheckpointError("the checkpoint's tensors are not this model's: history differs.")
    with trainer.lock:
        restore(trainer, State(index["steps"], index["cursor"], index["chosen"], tensors))
        trainer.records.restore(history, index["measures"])
        trainer.kept[Path(folder).resolve()] = _digest(index)


def _choose(trainer: "Trainer", chosen: Mapping[str, Any]) -> None:
    """Take what was set while training, or nothing of it."""
    before = trainer.chosen()
    try:
        trainer.choose(chosen)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        trainer.choose(before)
        raise CheckpointError(f"the checkpoint's weights, terms, repeats or rate do not fit: {error}.") from error


def _kind(tensor: Tensor | None) -> object:
    return None if tensor is None else (tensor.shape, tensor.dtype)


@dataclasses.dataclass(frozen=True)
class State:
    """All that determines the steps to come, kept in memory.

    Parameters
    ----------
    steps : int
        Steps done.
    cursor : int
        Place in the epoch.
    chosen : dict
        What was set while training; see `Trainer.chosen`.
    tensors : dict of str to tensor
        Weights, optimizer state, permutation and generator state.
    """

    steps: int
    cursor: int
    chosen: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @property
    def bytes(self) -> int:
        """Memory of the tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


def snapshot(trainer: "Trainer") -> State:
    """A copy of the trainer's state, without its history. CheckpointError in the middle of a step."""
    if trainer.in_step:
        raise CheckpointError("a step was broken off halfway, and half a step cannot be resumed: train on, then save.")
    tensors = {name: tensor.detach().clone() for name, tensor in _tensors(trainer).items()}
    return State(trainer.steps, trainer.minibatches.cursor, trainer.chosen(), tensors)


def restore(trainer: "Trainer", state: State) -> None:
    """Put a state into a trainer of the same make; the history is left as it is."""
    _choose(trainer, state.chosen)  # which may be refused, so it comes first
    own = _tensors(trainer)
    with torch.no_grad():
        for name, tensor in state.tensors.items():
            if name != "generator":
                own[name].copy_(tensor)
    trainer.generator.set_state(state.tensors["generator"].cpu())
    trainer.fault.zero_()
    trainer.steps, trainer.minibatches.cursor, trainer.in_step = state.steps, state.cursor, False


@takes(path=path())
def load_model(path: str | Path, prior: PriorLike | None = None) -> Model:
    """The model alone, built from its saved arguments, on the CPU, in evaluation mode: to encode, decode, sample.

    Parameters
    ----------
    path : path
        A file that `model.save` has written, or the folder of a trainer's checkpoint.
    prior : Prior or callable, optional
        Needed where the saved one was a function: code is never stored.

    Returns
    -------
    Model
        Of the saved class.

    Raises
    ------
    CheckpointError
        If there is no such file or whole checkpoint, or one of a class that is not this library's.

    Examples
    --------
    >>> import tempfile, aae_lib as aae
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_model(aae.AE((1, 8, 8), hidden=(16,)).save(f"{folder}/small.safetensors")).hidden
    (16,)
    """
    path = Path(path)
    try:
        if path.is_file() or (path.suffix == saved.SUFFIX and not path.is_dir()):
            described, weights = saved.read(path)
        else:
            index, tensors = _read(path)
            described = index["made of"]["model"]
            weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
        return build(described, weights, prior)
    except CheckpointError:
        raise
    except (UnknownModelError, saved.SavedModelError) as error:
        raise CheckpointError(str(error)) from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        words = str(error).splitlines()[0]
        raise CheckpointError(f"{path} holds no model that can be built here: {words}") from error


@takes(folder=path())
def read_index(folder: str | Path) -> dict[str, Any]:
    """What the checkpoint's JSON says (steps, settings, ...), after the whole checkpoint has been found intact."""
    return _read(Path(folder))[0]


@takes(folder=path())
def exists(folder: str | Path) -> bool:
    """Whether the folder holds a checkpoint's index."""
    return (Path(folder) / INDEX).is_file()


def description(trainer: "Trainer") -> dict[str, Any]:
    """What the run is made of, which must be equal for it to be resumed; plain JSON."""
    phases = {
        phase.name: {
            "updates": phase.updates,
            "begins": dict(phase.begins),
            "terms": sorted(phase.terms),
            "optimizer": _described(phase.optimizer),
            "loss": _name(phase.loss),
            "loss code": _fingerprint(phase.loss),
        }
        for phase in trainer.phases
    }
    own = {
        "model": describe(trainer.model),
        "phases": phases,
        "data": {"name": trainer.data_name, **trainer.minibatches.fingerprints},
        "batch_size": trainer.minibatches.batch_size,
        "precision": trainer.precision,
        "schedule": _described(trainer.schedule),
        "seed": trainer.seed,
    }
    return json.loads(json.dumps(own))  # as it will be read: tuples are lists


def _described(thing: Optimizer | Schedule) -> dict[str, Any]:
    return {"name": type(thing).__name__, **(dataclasses.asdict(thing) if dataclasses.is_dataclass(thing) else {})}


def _name(loss: Loss) -> str:
    """Where the function comes from: module and name."""
    plain = getattr(loss, "func", loss)  # of a functools.partial
    return f"{getattr(plain, '__module__', None)}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"


def _fingerprint(loss: Loss) -> str | None:
    """Of a function written outside this library: which code it is, as this Python compiled it; else None."""
    code = getattr(getattr(loss, "func", loss), "__code__", None)
    if code is None or _name(loss).startswith("aae_lib."):
        return None
    return f"{sys.implementation.cache_tag} {hashlib.sha256(_instructions(code)).hexdigest()[:16]}"


def _instructions(code: types.CodeType) -> bytes:
    constants = [_instructions(c) if isinstance(c, types.CodeType) else repr(c).encode() for c in code.co_consts]
    return b"|".join([code.co_code, repr(code.co_names).encode(), *constants])


def _tensors(trainer: "Trainer") -> dict[str, Tensor]:
    """Every tensor of the trainer's state, by name; the actual tensors, so that loading copies into them."""
    tensors = {f"model.{name}": tensor for name, tensor in trainer.model.state_dict().items()}
    for phase, optimizer in trainer.optimizers.items():
        for name, parameter in trainer.parameters[phase].items():
            for key, tensor in optimizer.state[parameter].items():
                tensors[f"optimizer.{phase}.{name}.{key}"] = tensor
    tensors["permutation"] = trainer.minibatches.permutation
    tensors["generator"] = trainer.generator.get_state()
    return tensors


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The index and the tensors, once both have been found as they were written."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    index = _read_index(folder)
    name, digest = index["tensors"]["file"], index["tensors"]["sha256"]
    content = _content(folder / name, f"{folder / INDEX} names {name}, which is missing: was only a part copied?")
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise CheckpointError(f"{folder / name} is damaged: SHA-256 {found[:12]}… where {digest[:12]}… was written.")
    try:
        return index, from_bytes(content)
    except SafetensorError as error:
        raise CheckpointError(f"{folder / name} holds no tensors: {error}.") from error


def _read_index(folder: Path) -> dict[str, Any]:
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
    if _digest(index) != digest or set(index) != PARTS or not _fits(index):
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


def _digest(index: Mapping[str, Any]) -> str:
    """SHA-256 of an index in one way of writing it."""
    return hashlib.sha256(json.dumps(index, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _compare(saved: dict[str, Any], own: dict[str, Any]) -> None:
    before, now = _flat(saved), _flat(own)
    differ = [k for k in before | now if before.get(k) != now.get(k)]
    code = [k for k in differ if k.endswith(".loss code")]
    if told := [f"{k} was {before.get(k)}, is {now.get(k)}" for k in differ if k not in code]:
        raise CheckpointError(f"the checkpoint was made of other parts: {'; '.join(told[:5])}.")
    # another Python compiles the same code differently
    changed = [k for k in code if str(before[k]).split()[0] == str(now[k]).split()[0]]
    if changed:
        names = ", ".join(k.removeprefix("phases.").removesuffix(".loss code") for k in changed)
        warnings.warn(
            f"the loss of phase {names} has other code than when the checkpoint was saved: the run goes on under the "
            "new one.",
            stacklevel=3,
        )


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
