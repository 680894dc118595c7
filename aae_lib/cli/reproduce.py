"""`aae reproduce`: experiments of the paper, trained and measured."""

import argparse
from pathlib import Path

from ..arguments import number
from .faults import OptionError
from .machine import find_device, try_folder, use_threads
from .options import FOLDER, MOST_STEPS, choice, device_options, typed, whole

TOLD = "train and measure experiments of the paper on MNIST; writes results/TASK.json"


def add_options(p: argparse.ArgumentParser) -> None:
    """Which experiments, how long, and where their figures go."""
    p.add_argument("tasks", nargs="*", metavar="TASK", help="without any, they are listed")
    choice(p, "--size", "small", ("small", "full"), "a laptop's CPU, or the paper's networks")
    p.add_argument("--seeds", type=whole(most=1000), help="this many, from 0 on (default: 1 small, 5 full)")
    p.add_argument("--resume", action="store_true", help="keep the figures that are there, continue from checkpoints")
    p.add_argument("--together", action="store_true", help="train all seeds at once, as a sweep (pays on a GPU)")
    told = "stop training after this long; --resume continues"
    p.add_argument("--minutes", type=typed(number(above=0), float), help=told)
    p.add_argument("--steps", type=whole(most=MOST_STEPS), help="try only this many steps, and write nothing")
    device_options(p)
    p.add_argument("--data-dir", type=FOLDER, help="folder that holds mnist/ (else AAE_DATA_DIR)")
    p.add_argument("--results", type=FOLDER, default=Path("results"), help="folder of figures")
    p.add_argument("--runs", type=FOLDER, default=Path("runs/reproduce"), help="folder of checkpoints")


def run(options: argparse.Namespace) -> int:
    """Train and measure experiments of the paper."""
    from ..paper.reproduce import run_tasks
    from ..paper.tasks import TASKS

    if not options.tasks:
        print("\n".join(f"{name:22} {task.title}" for name, task in TASKS.items()))
        return 0
    if unknown := set(options.tasks) - set(TASKS):
        raise OptionError(f"TASK: there is no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}.")
    find_device(options.device)
    if options.steps is None:
        try_folder("--results", options.results)
        try_folder("--runs", options.runs)
    use_threads(options.threads)
    tasks = list(dict.fromkeys(options.tasks))
    names = ("steps", "minutes", "data_dir", "results", "runs", "resume", "device", "together")
    run_tasks(tasks, options.size, options.seeds, **{name: getattr(options, name) for name in names})
    return 0
