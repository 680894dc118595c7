"""A trainer's whole state, written to a folder."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ...arguments import Kind, one_made_of, path, switch, takes
from ...files import only_writer
from .files import INDEX, OURS, CheckpointError, checked_index, clear, digest_of, write_index
from .made_of import description

if TYPE_CHECKING:
    from ..trainer import Trainer


def _trainer(value: Any) -> "Trainer":
    from ..trainer import Trainer

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

    from ... import __version__

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
    clear(folder, keep=(INDEX, name))
    return folder


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
        index = checked_index(folder)
    except CheckpointError as error:
        raise CheckpointError(f"{error} To replace it, pass overwrite=True.") from None
    if trainer.kept.get(folder.resolve()) != digest_of(index):
        raise CheckpointError(
            f"{folder} holds another run ({index['made of']['model']['class']}, {index['steps']} steps, seed "
            f"{index['made of']['seed']}): continue it with trainer.load(folder), choose another folder, or say "
            "overwrite=True."
        )
