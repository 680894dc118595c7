"""The idle culler, which ends with its hub: a hub that is killed with -9 ends nobody, and there would be two."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # of Linux: the signal that a process gets when its parent has ended


def main() -> None:
    """Become jupyterhub_idle_culler; `hub` is the process number of the hub that wants it."""
    hub, *options = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(hub):
        sys.exit("The hub has ended.")  # before the line above
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub_idle_culler", *options])


if __name__ == "__main__":
    main()
