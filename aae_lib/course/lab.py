"""`aae lab`: the learner's copies, made where they are missing, in JupyterLab, open at the right one."""

import importlib.util
import os
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from . import workspace

KERNELS = "--ServerApp.kernel_spec_manager_class=aae_lib.course.kernels.CourseKernels"


def start(folder: Path, options: Sequence[str] = ()) -> None:
    """Serve a learner's folder until JupyterLab is ended, as it does by itself: on 127.0.0.1, behind a token.

    Nothing is written but into that folder, and what Jupyter keeps in the user's home.

    Parameters
    ----------
    folder : Path
        Gets the lessons that it lacks.
    options : sequence of str
        For JupyterLab: --no-browser, --port 8899, --allow-root, ...

    Raises
    ------
    ValueError
        Where JupyterLab is not installed, and for root, who has not said --allow-root.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ValueError(f"JupyterLab is not installed: {workspace.how_to_install()}.")
    if getattr(os, "geteuid", lambda: 1)() == 0 and not any("allow" in o and "root" in o for o in options):
        raise ValueError(
            'As root, JupyterLab wants to be told so: aae lab --allow-root (make lab ARGS="--allow-root").'
        )
    new, page = prepare(folder)
    print(f"{new} new file(s) in {folder}; what was there is untouched.", flush=True)
    from jupyterlab.labapp import main  # last: it reads the variables that are set

    main([f"--LabApp.default_url={page}", KERNELS, *options])


def prepare(folder: Path) -> tuple[int, str]:
    """Make the learner's folder ready, and this process to serve it; returns (files copied, page to open first)."""
    course = workspace.root()
    new = workspace.copy_missing(course, folder)
    first = workspace.where_to_start(course, folder)
    os.chdir(folder)
    _before("PATH", sysconfig.get_path("scripts"))  # `aae` and `python` in its terminal are those of this environment
    _before("JUPYTER_CONFIG_PATH", str(workspace.HERE / "jupyter"))  # no pop-up that offers news
    return len(new), f"/lab/tree/{first}"


def _before(name: str, place: str) -> None:
    """Put a place before the others in a variable of places."""
    os.environ[name] = os.pathsep.join(filter(None, (place, os.environ.get(name))))
