"""What a command asks of the machine before it begins: threads, a device, a folder that can be written to."""

import contextlib
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from .faults import OptionError, blame, cannot_write, tell


def use_threads(n: int | None) -> None:
    """Compute with this many threads on the CPU; None leaves it as it is.

    OpenMP ends the whole program where it cannot start one, so it is tried with idle ones first.
    """
    import torch

    if n is None:
        return
    enough, tried = threading.Event(), []
    try:
        for _ in range(n):
            tried.append(threading.Thread(target=enough.wait, daemon=True))
            tried[-1].start()
    except RuntimeError:
        raise OptionError(f"--threads must be fewer: {n} of them cannot be started here.") from None
    finally:
        enough.set()
    torch.set_num_threads(n)
    if n > (cores := os.cpu_count() or n):
        tell(f"--threads {n} on {cores} cores makes training slower, not faster.")


def find_device(device: str) -> Any:
    """The device of --device."""
    from ..training import devices

    if device == "auto":  # what is wrong then is not the option
        return devices.find_device(device)
    with blame(f"--device {device}"):
        return devices.find_device(device)


def try_folder(option: str, folder: Path) -> None:
    """OptionError unless files can be written to the folder; leaves nothing behind."""
    made: list[Path] = []
    try:
        for place in (*reversed(folder.parents), folder):
            if not place.is_dir():
                place.mkdir()
                made.append(place)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OptionError(cannot_write(option, folder, error)) from error
    finally:
        for place in reversed(made):
            with contextlib.suppress(OSError):  # another process has begun to use it
                place.rmdir()
