"""`aae compare`: the scoreboard of trained models."""

import argparse

from .options import FOLDER, dataset, typed
from .own_data import trained_on

TOLD = "print the scoreboard of one or more runs, on the test split"


def add_options(c: argparse.ArgumentParser) -> None:
    """Which runs, on which data, and how much is told."""
    c.add_argument("runs", type=FOLDER, nargs="+", help="folders of training runs")
    c.add_argument("--data-dir", type=FOLDER)
    told = "where your own data are now, if they have moved since training"
    c.add_argument("--dataset", type=typed(dataset()), metavar="PLACE", help=told)
    c.add_argument("--details", action="store_true", help="all measures, not just the three main ones")


def run(options: argparse.Namespace) -> int:
    """The scoreboard of every run, on its own data."""
    from .. import metrics
    from ..training import checkpoints

    found = [(run, checkpoints.read_index(run)) for run in options.runs]
    datasets = [trained_on(run, index, options.data_dir, options.dataset) for run, index in found]
    for (run, index), data in zip(found, datasets, strict=True):
        print(f"{run}: {index['made of']['model']['class']}, {index['steps']} steps")
        print(metrics.compare(checkpoints.load_model(run), data, details=options.details).to_string())
    return 0
