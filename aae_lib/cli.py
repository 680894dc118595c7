"""The command line: python -m aae_lib train | sample | compare | reproduce | doctor | reset."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MODELS = {
    "ae": "AE",
    "vae": "VAE",
    "wae": "WAE",
    "aae": "AAE",
    "supervised": "SupervisedAAE",
    "semi-supervised": "SemiSupervisedAAE",
    "cluster": "ClusterAAE",
    "map": "MapAAE",
}
WITH_GAME = ("aae", "supervised", "semi-supervised", "cluster", "map")
EPILOGUE = """examples:
  python -m aae_lib train --dataset digits --out runs/digits
  python -m aae_lib train --dataset mnist --prior ring --labels 10000 --epochs 5 --game-lr 3e-3 --out runs/ring --resume
  python -m aae_lib train --model semi-supervised --labels 50 --out runs/few
  python -m aae_lib sample runs/ring --n 100
  python -m aae_lib compare runs/digits runs/ring
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0; 1 after a fault, told in a sentence on stderr; 130 when interrupted."""
    options = parser().parse_args(arguments)
    if options.command is doctor:  # it must run where nothing else does
        return doctor(options)
    from .data.mnist import DataNotFoundError
    from .training import CheckpointError, NotFiniteError, checkpoints
    from .training.processes import ProcessLostError

    try:
        return options.command(options) or 0
    except (ValueError, OSError, CheckpointError, DataNotFoundError, NotFiniteError, ProcessLostError) as error:
        print(f"aae_lib: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        out = getattr(options, "out", None)
        kept = out is not None and checkpoints.exists(out)
        told = "The last checkpoint is kept: --resume goes on from there." if kept else "Nothing was saved."
        print(f"interrupted. {told}", file=sys.stderr)
        return 130


def whole(text: str) -> int:
    """A whole number of at least 1; else argparse says which option was wrong, and the command ends with 2."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number of at least 1; got {text}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = argparse.ArgumentParser(
        prog="python -m aae_lib",
        description="Adversarial autoencoders: train, sample, compare.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        made.set_defaults(command=command)
        return made

    _train_options(
        add("train", train, "train a model; writes a checkpoint, the history, figures and pictures to --out")
    )

    s = add("sample", sample, "draw new images from a trained model into a PNG")
    s.add_argument("run", type=Path, help="folder of a training run")
    s.add_argument("--n", type=whole, default=64)
    s.add_argument("--seed", type=int, default=0)
    s.add_argument("--out", type=Path, help="the picture (default: samples.png in the run's folder)")

    c = add("compare", compare, "print the scoreboard of one or more runs, on the test split")
    c.add_argument("runs", type=Path, nargs="+", help="folders of training runs")
    c.add_argument("--data-dir", type=Path)
    c.add_argument("--details", action="store_true", help="all measures, not the three main ones")

    text = "train and measure experiments of the paper on MNIST; writes results/TASK.json"
    _reproduce_options(add("reproduce", reproduce, text))

    add("doctor", doctor, "check Python, versions, device, data and Jupyter; exits 1 on a fault")

    r = add("reset", reset, "copy the lessons to work/ where they are missing; with a number, a fresh copy of that one")
    r.add_argument("lesson", nargs="?", help="e.g. 04; the old copy is kept beside the new one")
    return top


def _train_options(t: argparse.ArgumentParser) -> None:
    t.add_argument("--dataset", default="digits", help="digits, glyphs, mnist or fashion_mnist")
    t.add_argument("--data-dir", type=Path, help="folder that holds mnist/ and fashion_mnist/ (else AAE_DATA_DIR)")
    t.add_argument("--model", default="aae", choices=tuple(MODELS))
    t.add_argument("--prior", default="gaussian", help="gaussian, ring, grid, swiss-roll, circle, sphere, uniform")
    t.add_argument("--labels", type=int, default=0, help="so many training labels are used, evenly over the classes")
    t.add_argument("--categories", type=whole, metavar="K", help="length of the category y; default: one a class")
    t.add_argument("--latent-dim", type=whole, metavar="D", help="length of the code z; default 2, with a category 10")
    t.add_argument("--hidden", type=whole, nargs="+", default=None, metavar="N", help="widths of the hidden layers")
    t.add_argument("--network", default="mlp", choices=("mlp", "conv"))
    t.add_argument("--posterior", default=None, choices=("deterministic", "gaussian", "universal"))
    length = t.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="training steps (4000 if neither steps nor epochs are given)")
    length.add_argument("--epochs", type=float, help="passes over the training images")
    t.add_argument("--batch-size", type=whole, default=100)
    t.add_argument("--lr", type=float, default=1e-3, help="learning rate of the reconstruction")
    t.add_argument("--game-lr", type=float, default=1e-3, help="learning rate of both players")
    t.add_argument("--seed", type=int, default=0)
    t.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    t.add_argument("--threads", type=whole, help="on the CPU (default: OMP_NUM_THREADS, else all cores)")
    t.add_argument("--precision", default="fp32", choices=("fp32", "tf32", "bf16"))
    t.add_argument("--out", type=Path, default=Path("runs/aae"), help="folder for everything that is written")
    t.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    t.add_argument("--save-seconds", type=float, default=30.0, help="time between two checkpoints")


def _reproduce_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("tasks", nargs="*", metavar="TASK", help="without any, they are listed")
    p.add_argument("--size", default="small", choices=("small", "full"), help="a laptop's CPU, or the paper's networks")
    p.add_argument("--seeds", type=whole, help="so many, from 0 on (default: 1 small, 5 full)")
    p.add_argument("--resume", action="store_true", help="keep the figures that are there, go on from checkpoints")
    p.add_argument("--together", action="store_true", help="train all seeds at once, as a sweep (pays on a GPU)")
    p.add_argument("--minutes", type=float, help="stop training after so long; --resume goes on")
    p.add_argument("--steps", type=whole, help="only try so many steps, and write nothing")
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    p.add_argument("--threads", type=whole, help="on the CPU (default: OMP_NUM_THREADS, else all cores)")
    p.add_argument("--data-dir", type=Path, help="folder that holds mnist/ (else AAE_DATA_DIR)")
    p.add_argument("--results", type=Path, default=Path("results"), help="folder of figures")
    p.add_argument("--runs", type=Path, default=Path("runs/reproduce"), help="folder of checkpoints")


def train(options: argparse.Namespace) -> int:
    """Train to the end of --steps or --epochs, going on from the checkpoint with --resume."""
    import torch

    from . import metrics, plots
    from .training import checkpoints
    from .training.processes import joined, restarted

    if options.threads:
        torch.set_num_threads(options.threads)
    if checkpoints.exists(options.out) and not (options.resume or restarted()):
        raise ValueError(f"{options.out} holds a run already: add --resume to go on, or choose another --out.")
    with joined(options.device) as options.device:
        data, trainer = train_to_the_end(options)
    if not trainer.processes.first:
        return 0
    trainer.history.to_csv(options.out / "history.csv", index=False)
    table = metrics.compare(trainer.model, data)
    (options.out / "figures.json").write_text(table.to_json(orient="index", indent=1))
    for name, figure in {
        "latent": plots.latent(trainer.model, data.test),
        "samples": plots.samples(trainer.model),
        "reconstructions": plots.reconstructions(trainer.model, data.test),
        "losses": plots.losses(trainer.history),
    }.items():
        figure.savefig(options.out / f"{name}.png", dpi=100)
    print(table.to_string())
    print(f"written to {options.out}: checkpoint, history.csv, figures.json and four pictures.")
    return 0


def train_to_the_end(options: argparse.Namespace) -> tuple[Any, Any]:
    """Data and trainer, after the last step."""
    from .training import checkpoints

    data, trainer, total = build(options)
    if checkpoints.exists(options.out):
        checkpoints.load(trainer, options.out, schedule=False)
        if trainer.processes.first:
            print(f"resuming {options.out} at step {trainer.steps} of {total}.")
    trainer.run(steps=max(0, total - trainer.steps), folder=options.out, save_seconds=options.save_seconds)
    return data, trainer


def build(options: argparse.Namespace) -> tuple[Any, Any, int]:
    """Data, trainer and number of steps that the options of `train` ask for."""
    from dataclasses import replace

    import aae_lib

    from . import priors
    from .data import Minibatches, load
    from .optimizers import Adam, Cosine
    from .training import Trainer

    data = load(options.dataset, folder=options.data_dir)
    if len(data.image_shape) != 3:
        raise ValueError(f"{options.dataset} is a cloud of points; train takes images.")
    with_category = options.model in WITH_GAME[1:]
    dim = options.latent_dim or (10 if with_category and options.model != "map" else 2)
    arguments: dict[str, Any] = {"latent_dim": dim, "seed": options.seed, "prior": priors.named(options.prior, dim=dim)}
    if options.hidden:
        arguments["hidden"] = options.hidden
    if options.posterior:
        arguments["posterior"] = options.posterior
    arguments["network"] = options.network
    arguments["optimizer"] = Adam(options.lr)
    if options.model in WITH_GAME:
        arguments["game_optimizer"] = Adam(options.game_lr, beta1=0.5)
    if options.labels:
        if options.model not in ("aae", "semi-supervised", "map"):
            raise ValueError(f"--labels keeps a part of the labels, and --model {options.model} cannot use a part.")
        data = replace(data, train=data.train.keep_labels(options.labels, seed=options.seed))
        if options.model == "aae":
            arguments["classes"] = data.classes
        if options.model == "map":
            arguments["labelled"] = True
    if options.categories is not None and not with_category:
        raise ValueError(f"--categories is for a code with a category, and that of --model {options.model} has none.")
    if with_category:
        arguments["categories"] = data.classes if options.categories is None else options.categories
    model = getattr(aae_lib, MODELS[options.model])(data.image_shape, **arguments)
    steps = 4000 if options.steps is None and options.epochs is None else options.steps
    total = Minibatches(data.train, options.batch_size).count(steps, options.epochs)
    if total < 1:
        raise ValueError("there is nothing to train: ask for at least one step.")
    trainer = Trainer(
        model,
        data,
        seed=options.seed,
        device=options.device,
        precision=options.precision,
        batch_size=options.batch_size,
        schedule=Cosine(total),
    )
    return data, trainer, total


def sample(options: argparse.Namespace) -> int:
    """A grid of decoded prior samples as PNG."""
    import torch

    from . import plots
    from .training import checkpoints

    model = checkpoints.load_model(options.run)
    out = options.out or options.run / "samples.png"
    plots.samples(model, n=options.n, generator=torch.Generator().manual_seed(options.seed)).savefig(out, dpi=100)
    print(f"{options.n} samples written to {out}.")
    return 0


def compare(options: argparse.Namespace) -> int:
    """The scoreboard of every run, on its own data."""
    from . import metrics
    from .data import load
    from .training import checkpoints

    for run in options.runs:
        index = checkpoints.read_index(run)
        data = load(index["made of"]["data"]["name"], folder=options.data_dir)
        print(f"{run}: {index['made of']['model']['class']}, {index['steps']} steps")
        print(metrics.compare(checkpoints.load_model(run), data, details=options.details).to_string())
    return 0


def reproduce(options: argparse.Namespace) -> int:
    """Train and measure experiments of the paper."""
    import torch

    from .paper.reproduce import run_tasks
    from .paper.tasks import TASKS

    if not options.tasks:
        print("\n".join(f"{name:22} {task.title}" for name, task in TASKS.items()))
        return 0
    if unknown := set(options.tasks) - set(TASKS):
        raise ValueError(f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}.")
    if options.minutes is not None and options.minutes <= 0:
        raise ValueError(f"--minutes must be positive; got {options.minutes}.")
    if options.threads:
        torch.set_num_threads(options.threads)
    names = ("steps", "minutes", "data_dir", "results", "runs", "resume", "device", "together")
    run_tasks(options.tasks, options.size, options.seeds, **{name: getattr(options, name) for name in names})
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Exit 1 if anything is missing."""
    from .course.doctor import report

    return 1 if report() else 0


def reset(options: argparse.Namespace) -> int:
    """Copy lessons into work/; never overwrite what a learner wrote."""
    from .course import workspace

    course = workspace.root()
    if options.lesson is None:
        new = workspace.copy_missing(course)
        print(f"{len(new)} new file(s) in {course / 'work'}; what was there is untouched.")
        return 0
    for copy, old in workspace.renew(course, options.lesson):
        print(f"{copy} is fresh." + (f" Yours is now {old.name}, beside it." if old else ""))
    return 0
