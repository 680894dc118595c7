"""A learner's server, started by the hub as that learner: a folder with the lessons, a limit of memory, JupyterLab."""

import os
import resource
import sys
import sysconfig
from pathlib import Path

import isolation

from aae_lib.course import lab


def main() -> None:
    """Become jupyterhub-singleuser."""
    home = Path.home()
    folder = home / "aae-course"
    folder.mkdir(mode=0o700, exist_ok=True)
    _, os.environ["JUPYTERHUB_DEFAULT_URL"] = lab.prepare(folder)
    # of each process by itself, so of each kernel: a cell that wants more gets a MemoryError, and nobody else notices
    limit = int(os.environ["AAE_HUB_MEGABYTES"]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    server = os.path.join(sysconfig.get_path("scripts"), "jupyterhub-singleuser")
    command = [server, f"--ServerApp.root_dir={folder}", *sys.argv[1:], lab.KERNELS]
    if os.environ["AAE_HUB_ISOLATION"] == "sandbox":
        command = [*isolation.sandbox(Path(os.environ["AAE_HUB_STATE"]), home), *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
