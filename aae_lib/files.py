"""Files written whole or not at all, and a folder that only one run writes to."""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write whole files or nothing: all next to their places first, flushed to disk, then moved there in this order.

    Parameters
    ----------
    files : dict of Path to bytes
        Killed at any moment, each holds what it held before, or all of the new content.

    Raises
    ------
    OSError
        Where the disk is full or the place may not be written to; nothing half-written stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_all({Path(folder) / "a.txt": b"hello"})
    ...     (Path(folder) / "a.txt").read_text()
    'hello'
    """
    parts = {path: path.with_name(path.name + ".part") for path in files}
    try:
        for path, part in parts.items():
            if path.exists() and not path.is_file():
                raise OSError(f"{path} is not a file: it will not be replaced.")
            part.unlink(missing_ok=True)  # of a process that was killed
            # "x": a file of its own, never through a link that someone has put there
            with open(part, "xb") as file, _named(path):
                file.write(files[path])
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            os.replace(part, path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of an open file, such as a full disk, says which."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write one whole file or nothing; see `write_all`."""
    write_all({path: content})


_guard = threading.Lock()
_held: dict[Path, tuple[object, Any, int]] = {}  # folder: whose it is, its lock, how often it was taken


@contextlib.contextmanager
def only_writer(folder: Path, owner: object = None) -> Iterator[None]:
    """Be the only one that writes to this folder, which is made if it is missing.

    Parameters
    ----------
    folder : Path
        A lock in it, `.lock`, keeps other processes out; the system opens it when the process ends, however it ends.
    owner : object, optional
        Who may enter again meanwhile.

    Raises
    ------
    ValueError
        If another process, or another owner in this one, writes there; or if it cannot be written to.
    """
    place = _made(folder)
    with _guard:
        holder, lock, depth = _held.get(place, (owner, None, 0))
        if depth and (owner is None or holder is not owner):
            raise ValueError(_taken(folder))
        if lock is None:
            lock = _locked(folder)
        _held[place] = (owner, lock, depth + 1)
    try:
        yield
    finally:
        with _guard:
            _, lock, depth = _held.pop(place)
            if depth > 1:
                _held[place] = (owner, lock, depth - 1)
            else:
                lock.release()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.resolve()
    except OSError as error:
        raise ValueError(_refused(folder, error)) from error


def _locked(folder: Path) -> Any:
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(folder / ".lock", timeout=0, thread_local=False)
        lock.acquire()
    except Timeout:
        raise ValueError(_taken(folder)) from None
    except OSError as error:
        raise ValueError(_refused(folder, error)) from error
    return lock


def _taken(folder: Path) -> str:
    return f"another run is writing to {folder} at this moment: wait for it, or choose another folder."


def _refused(folder: Path, error: OSError) -> str:
    why = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror or error
    return f"{folder} cannot be written to ({why}): choose another folder."
