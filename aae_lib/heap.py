"""What the C library holds of memory that nobody uses. On Linux, with glibc; elsewhere nothing happens."""

import ctypes
import sys

M_TRIM_THRESHOLD = -1  # of mallopt
KEPT = 64 << 20  # where training.devices.keep_freed_memory has brought that threshold: twice 32 MB


def hand_back() -> None:
    """Return what is free to the machine, in some milliseconds."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def hand_back_of_this_thread() -> None:
    """The same, and the free end of this thread's own heap, for which it has to be allowed to keep little for a moment.

    Only where a trainer has been made: from now on glibc no longer adapts its thresholds.
    """
    if (libc := _glibc()) is not None:
        libc.malloc.restype = ctypes.c_void_p
        libc.free.argtypes = [ctypes.c_void_p]
        libc.mallopt(M_TRIM_THRESHOLD, 1 << 17)
        libc.free(libc.malloc(ctypes.c_size_t(100_000)))  # of above 64 kB: then glibc looks at the end of the heap
        libc.malloc_trim(0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if libc is not None and hasattr(libc, "malloc_trim") else None
