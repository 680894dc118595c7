"""A checkpoint put back into a trainer, or the model alone built from it."""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...arguments import path, switch, takes
from ...models import Model, saved
from ...models.description import UnknownModelError, build, networks
from ...priors import PriorLike
from .files import CheckpointError, digest_of, read
from .made_of import compare, description
from .saving import TRAINER
from .state import State, restore, tensors_of

if TYPE_CHECKING:
    from ..trainer import Trainer


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
        If a loss or schedule of your own has the same name as when it was saved, but other code.
    """
    trainer.lock.check()
    index, tensors = read(Path(folder))
    made_of, own_parts = index["made of"], description(trainer)
    if not schedule:
        made_of = made_of | {"schedule": own_parts["schedule"]}
    compare(made_of, own_parts)
    own = tensors_of(trainer)
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
        trainer.abandon_step()
        restore(trainer, State(index["steps"], index["cursor"], index["chosen"], tensors))
        trainer.records.restore(history, index["measures"])
        trainer.kept[Path(folder).resolve()] = digest_of(index)


def _kind(tensor: Tensor | None) -> object:
    return None if tensor is None else (tensor.shape, tensor.dtype)


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
            return build(*saved.read(path), prior)
        index, tensors = read(path)
        weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
        model = build(index["made of"]["model"], weights, prior)
        if index["made of"]["networks"] != networks(model):
            raise UnknownModelError("this model has a network of your own: make it, and use load(trainer, folder).")
        return model
    except CheckpointError:
        raise
    except (UnknownModelError, saved.SavedModelError) as error:
        raise CheckpointError(str(error)) from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        words = str(error).splitlines()[0]
        raise CheckpointError(f"{path} holds no model that can be built here: {words}") from error
