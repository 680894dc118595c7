"""Files written whole or not at all, and a folder that only one run writes to."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: next to its place first, flushed to disk, then moved.

    Parameters
    ----------
    path : Path
        Killed at any moment, it holds what it held before, or all of the new content.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        Where the disk is full or the place may not be written to; nothing half-written stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a.txt", b"hello")
    ...     (Path(folder) / "a.txt").read_text()
    'hello'
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)  # of a process that was killed
    try:
        # "x": a file of its own, never through a link that someone has put there
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only one that writes to this folder, which is made if it is missing.

    Raises
    ------
    ValueError
        If another process, or another run in this one, writes there at this moment; or if it cannot be written to.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"another run is writing to {folder} at this moment: wait for it, or choose another folder."
        ) from None
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be written to ({error.strerror or error}): choose another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()
