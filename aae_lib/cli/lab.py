"""`aae lab`: the learner's copies of the lessons, in JupyterLab."""

import argparse

from .options import copies_option

TOLD = "copy the lessons where they are missing, and open the right one in JupyterLab"


def add_options(j: argparse.ArgumentParser) -> None:
    """Where the copies are; what is not known here is for JupyterLab."""
    j.epilog = "All else is for JupyterLab: --no-browser, --port 8899, --allow-root."
    copies_option(j)


def run(options: argparse.Namespace) -> None:
    """JupyterLab on the learner's copies, until it is ended."""
    from ..course import lab, workspace

    lab.start(options.to or workspace.learners_folder(), options.jupyter)
