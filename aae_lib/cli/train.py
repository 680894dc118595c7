"""`aae train`: train a model to the end, then measure and draw it."""

import argparse
from pathlib import Path
from typing import Any

from ..arguments import number, text
from .build import MODELS, PRIORS, build
from .drawing import drawn, pictures
from .faults import OptionError, tell
from .machine import try_folder, use_threads
from .options import DATASETS, FOLDER, MOST_STEPS, RATE, SEED, choice, dataset, device_options, typed, whole
from .own_data import remember

TOLD = "train a model; writes a checkpoint, the history, figures and pictures to --out"


def add_options(t: argparse.ArgumentParser) -> None:
    """What is trained, on what, how, for how long, and where it goes."""
    told = f"{', '.join(DATASETS)}; or your own folder of pictures, file.csv or file.npz"
    t.add_argument("--dataset", default="mini_mnist", type=typed(dataset()), metavar="DATA", help=told)
    t.add_argument("--label", type=typed(text()), metavar="COLUMN", help="of a .csv: the column of the classes")
    told = "of a folder of pictures: height and width of the images (32 if not given)"
    t.add_argument("--size", type=whole(most=4096), metavar="PIXELS", help=told)
    choice(t, "--colour", None, ("grey", "rgb"), "of a folder of pictures (grey if not given)")
    t.add_argument("--data-dir", type=FOLDER, help="folder that holds mnist/ and fashion_mnist/ (else AAE_DATA_DIR)")
    choice(t, "--model", "aae", tuple(MODELS))
    choice(t, "--prior", "gaussian", PRIORS)
    told = "use this many training labels, evenly over the classes"
    t.add_argument("--labels", type=whole(least=0), default=0, help=told)
    told = "length of the category y; default: one per class"
    t.add_argument("--categories", type=whole(least=2), metavar="K", help=told)
    told = "of --model supervised: the discriminator is told the class as well"
    t.add_argument("--condition-discriminator", action="store_true", help=told)
    told = "length of the code z; default 2, or 10 with a category if the prior can have 10 dimensions"
    t.add_argument("--latent-dim", type=whole(), metavar="D", help=told)
    t.add_argument("--hidden", type=whole(), nargs="+", default=None, metavar="N", help="widths of the hidden layers")
    choice(t, "--network", "mlp", ("mlp", "conv"))
    choice(t, "--posterior", None, ("deterministic", "gaussian", "universal"))
    told = "pixels from 0 to 1, or any real numbers (bernoulli for images, gaussian for vectors)"
    choice(t, "--likelihood", None, ("bernoulli", "gaussian"), told)
    length = t.add_mutually_exclusive_group()
    told = "training steps (4000 if neither steps nor epochs are given)"
    length.add_argument("--steps", type=whole(most=MOST_STEPS), help=told)
    told = "passes over the training images"
    length.add_argument("--epochs", type=typed(number(above=0, most=1e6), float), help=told)
    t.add_argument("--batch-size", type=whole(), help="images per step (default: 100, or all if there are fewer)")
    t.add_argument("--lr", type=RATE, default=1e-3, help="learning rate of the reconstruction")
    t.add_argument("--game-lr", type=RATE, default=1e-3, help="learning rate of both players")
    t.add_argument("--seed", type=SEED, default=0)
    device_options(t)
    choice(t, "--precision", "fp32", ("fp32", "tf32", "bf16"))
    t.add_argument("--out", type=FOLDER, default=Path("runs/aae"), help="folder for everything that is written")
    t.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out, if there is one")
    told = "time between two checkpoints"
    t.add_argument("--save-seconds", type=typed(number(least=0), float), default=30.0, help=told)


def run(options: argparse.Namespace) -> int:
    """Train to the end of --steps or --epochs, going on from the checkpoint with --resume."""
    pictures()  # what is wrong with them is told before the training

    from ..training import checkpoints
    from ..training.processes import Processes, joined, restarted

    use_threads(options.threads)
    if isinstance(options.dataset, Path) and options.dataset.is_dir():
        inside(options.dataset, options.out)
    with joined(options.device) as options.device:
        first = Processes().first
        if first:
            try_folder("--out", options.out)
        there = checkpoints.exists(options.out)
        if there and not (options.resume or restarted()):
            raise ValueError(f"{options.out} holds a run already: add --resume to go on, or choose another --out.")
        if options.resume and first and not there:
            tell(f"there is nothing to resume in {options.out}: the run starts at step 0.")
        data, trainer = train_to_the_end(options)
    if first:
        write_up(options.out, data, trainer)
    return 0


def inside(folder: Path, out: Path) -> None:
    """OptionError if a run's own pictures would lie among those that it learns from."""
    if out.resolve().is_relative_to(folder.resolve()):
        raise OptionError(
            f"--out: {out} lies in {folder}, and the run's pictures would be taken for data the next time: choose a "
            "place outside."
        )


def write_up(out: Path, data: Any, trainer: Any) -> None:
    """The history, figures and pictures of a run."""
    plots = pictures()

    from .. import metrics
    from ..files import write_whole
    from ..metrics.scoreboard import AT_LEAST
    from ..plots.drawn import drawable

    write_whole(out / "history.csv", trainer.history.to_csv(index=False).encode())
    figures = {"latent": plots.latent(trainer.model, data.test), "losses": plots.losses(trainer.history)}
    if drawable(data.image_shape):
        figures["samples"] = plots.samples(trainer.model)
        figures["reconstructions"] = plots.reconstructions(trainer.model, data.test)
    else:
        print(f"no pictures of samples: {tuple(data.image_shape)} is neither an image nor a vector of 3 or more.")
    written = f"checkpoint, history.csv, {len(figures)} pictures"
    if len(data.test) < AT_LEAST:
        print(f"no figures: {len(data.test)} test images are too few to measure by, {AT_LEAST} are needed.")
    else:
        table = metrics.compare(trainer.model, data)
        write_whole(out / "figures.json", table.to_json(orient="index", indent=1).encode())
        print(table.to_string())
        written += ", figures.json"
    for name, figure in figures.items():
        write_whole(out / f"{name}.png", drawn(figure, "png"))
    print(f"written to {out}: {written}.")


def train_to_the_end(options: argparse.Namespace) -> tuple[Any, Any]:
    """Data and trainer, after the last step."""
    from ..training import checkpoints

    data, trainer, total = build(options)
    if checkpoints.exists(options.out):
        checkpoints.load(trainer, options.out, schedule=False)
        if trainer.steps > total:
            asked = f"--epochs {options.epochs:g}" if options.epochs else f"--steps {total}"
            raise OptionError(f"{asked}: {options.out} has {trainer.steps:,} steps behind it already: ask for more.")
        if trainer.processes.first:
            print(f"resuming {options.out} at step {trainer.steps} of {total}.")
    if isinstance(options.dataset, Path) and trainer.processes.first:
        print(data.describe())
        remember(options)
    trainer.run(steps=max(0, total - trainer.steps), folder=options.out, save_seconds=options.save_seconds)
    return data, trainer
