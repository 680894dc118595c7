"""What is told of a fault: one sentence, which says whose fault it is."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ..arguments import shown


class OptionError(ValueError):
    """An option or argument is wrong, which argparse could not see; the sentence names it."""


@contextlib.contextmanager
def blame(words: str) -> Iterator[None]:
    """A ValueError in here is the fault of these options."""
    try:
        yield
    except ValueError as error:
        raise OptionError(f"{words}: {error}") from error


def tell(words: str) -> None:
    """A line on stderr, in one write: several processes of a job may say theirs at the same moment."""
    sys.stderr.write(f"aae_lib: {words}\n")


def sentence(error: Exception) -> str:
    """What is told of a fault; "" for one that should not be, whose traceback is shown."""
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, OSError):
        name = error.filename2 or error.filename
        return f"{name}: {error.strerror}." if name else str(error)
    if not isinstance(error, RuntimeError | MemoryError):
        return ""
    from ..data.mnist import DataNotFoundError
    from ..training import CheckpointError, NotFiniteError
    from ..training.processes import ProcessLostError

    if isinstance(error, CheckpointError | DataNotFoundError | NotFiniteError | ProcessLostError):
        return str(error)
    return machine_fault(error)


def machine_fault(error: Exception) -> str:
    """The sentence for what PyTorch says when memory or a device fails; "" for any other error."""
    words = " ".join((str(error).splitlines() or [""])[0].split()).rstrip(".")
    if isinstance(error, MemoryError) or "allocat" in words or "out of memory" in words:
        return "there is not enough memory for this: take a smaller model, batch or sample."
    if any(name in words for name in ("CUDA", "cuBLAS", "cuDNN", "CUBLAS", "CUDNN", "NCCL", "MPS")):
        return f"the device has failed ({words}): try again, or another --device."
    return ""


def cannot_write(option: str, place: Path, error: OSError) -> str:
    """The sentence for a place that an option names."""
    return f"{option}: {shown(str(place))} cannot be written to ({error.strerror or error}): choose another place."
