"""`aae reset`: a fresh copy of a lesson."""

import argparse

from ..arguments import text
from .faults import OptionError
from .options import copies_option, typed

TOLD = "copy the lessons where they are missing; with a number, a fresh copy of that one"


def add_options(r: argparse.ArgumentParser) -> None:
    """Which lesson, and where the copies are."""
    r.add_argument("lesson", nargs="?", type=typed(text()), help="e.g. 04; the old copy is kept next to the new one")
    copies_option(r)


def run(options: argparse.Namespace) -> int:
    """Copy lessons into the learner's folder; never overwrite what a learner wrote."""
    from ..course import workspace

    course, folder = workspace.root(), options.to or workspace.learners_folder()
    if options.lesson is None:
        new = workspace.copy_missing(course, folder)
        print(f"{len(new)} new file(s) in {folder}; what was there is untouched.")
        return 0
    known = sorted({copy.name[:2] for copy in workspace.lessons(course, folder) if copy.name[:2].isdigit()})
    if options.lesson.zfill(2) not in known:
        raise OptionError(f"lesson: there is no lesson {options.lesson}; there is {', '.join(known)}.")
    for copy, old in workspace.renew(course, folder, options.lesson):
        print(workspace.renewed(str(copy), old))
    return 0
