"""A learner's server, started by the hub as that learner: a folder with the lessons, a limit of memory, JupyterLab."""

import os
import resource
import sys
import sysconfig
from pathlib import Path

import isolation

from aae_lib.course import workspace


def main() -> None:
    """Become jupyterhub-singleuser."""
    home = Path.home()
    folder = home / "aae-course"
    course = workspace.root()
    folder.mkdir(mode=0o700, exist_ok=True)
    workspace.copy_missing(course, folder)
    first = workspace.where_to_start(course, folder)
    # of each process by itself, so of each kernel: a cell that wants more gets a MemoryError, and nobody else notices
    limit = int(os.environ["AAE_HUB_MEGABYTES"]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    scripts = sysconfig.get_path("scripts")
    os.environ["PATH"] = os.pathsep.join(filter(None, (scripts, os.environ.get("PATH"))))
    os.environ["JUPYTER_CONFIG_PATH"] = str(workspace.HERE / "jupyter")
    os.environ["JUPYTERHUB_DEFAULT_URL"] = f"/lab/tree/{first}"
    os.chdir(folder)
    command = [os.path.join(scripts, "jupyterhub-singleuser"), f"--ServerApp.root_dir={folder}", *sys.argv[1:]]
    command += ["--ServerApp.kernel_spec_manager_class=aae_lib.course.kernels.CourseKernels"]
    if os.environ["AAE_HUB_ISOLATION"] == "sandbox":
        command = [*isolation.sandbox(Path(os.environ["AAE_HUB_STATE"]), home), *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
