"""The command line: aae lab | train | sample | compare | reproduce | doctor | reset."""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .arguments import WIDEST, Kind, count, number, one_of, path, seed, shown, text

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
DATASETS = ("mini_mnist", "digits", "glyphs", "mnist", "fashion_mnist")
PRIORS = ("gaussian", "ring", "grid", "uniform", "circle", "sphere", "swiss-roll", "categorical")
PICTURES = ("", ".png", ".pdf", ".svg", ".jpg", ".jpeg", ".webp")
MOST_STEPS = 10**12
OWN_DATA = "data.json"  # in a run's folder: where its data are, and how they were read
EPILOGUE = """examples:
  aae lab
  aae train --out runs/mini
  aae train --dataset drawings/ --size 48 --colour rgb --network conv --out runs/drawings
  aae train --dataset mnist --prior ring --labels 10000 --epochs 5 --game-lr 3e-3 --out runs/ring --resume
  aae train --model semi-supervised --labels 50 --out runs/few
  aae sample runs/ring --n 100
  aae compare runs/mini runs/ring
"""


class OptionError(ValueError):
    """An option or argument is wrong, which argparse could not see; the sentence names it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns 0; 1 after a fault, told in a sentence on stderr; 130 when interrupted. A wrong option or argument is told
    too, and raises SystemExit(2), before any work.
    """
    options, further = parser().parse_known_args(arguments)
    if options.command is lab:
        options.jupyter = further
    elif further:
        parser().error(f"unrecognized arguments: {' '.join(further)}")
    try:
        return options.command(options) or 0
    except OptionError as error:
        parser().error(str(error))
    except KeyboardInterrupt:
        print(f"interrupted. {kept(options)}", file=sys.stderr)
        return 130
    except Exception as error:
        told = sentence(error)
        if not told:
            raise
    print(f"aae_lib: {told}", file=sys.stderr)
    return 1


def kept(options: argparse.Namespace) -> str:
    """What an interrupted command leaves."""
    if out := getattr(options, "out", None):
        from .training import checkpoints

        if checkpoints.exists(out):
            return "The last checkpoint is kept: --resume goes on from there."
    return "Nothing was saved."


def sentence(error: Exception) -> str:
    """What is told of a fault; "" for one that should not be, whose traceback is shown."""
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, OSError):
        name = error.filename2 or error.filename
        return f"{name}: {error.strerror}." if name else str(error)
    if not isinstance(error, RuntimeError | MemoryError):
        return ""
    from .data.mnist import DataNotFoundError
    from .training import CheckpointError, NotFiniteError
    from .training.processes import ProcessLostError

    if isinstance(error, CheckpointError | DataNotFoundError | NotFiniteError | ProcessLostError):
        return str(error)
    return machine_fault(error)


def machine_fault(error: Exception) -> str:
    """The sentence for what PyTorch says when memory or a device fails; "" for any other error."""
    words = " ".join((str(error).splitlines() or [""])[0].split()).rstrip(".")
    if isinstance(error, MemoryError) or "allocat" in words or "out of memory" in words:
        return "there is not enough memory for this: take a smaller model, batch or sample."
    if any(name in words for name in ("CUDA", "cuBLAS", "cuDNN", "CUBLAS", "CUDNN", "NCCL", "MPS")):
        return f"the device has failed ({words}): try again, or another --device."
    return ""


class Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is told in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        told = message.removeprefix("argument ").replace(": must be", " must be", 1)
        if not told.endswith("."):  # argparse's own words
            told = f"{told} (see {self.prog} --help)."
        self.exit(2, f"aae_lib: {told}\n")


def typed(kind: Kind, read: Callable[[str], Any] = str) -> Callable[[str], Any]:
    """An option's `type`: its text, read as a number where that can be done, must be of this kind."""

    def take(value: Any) -> Any:
        try:
            value = read(value)
            return kind.take(value)
        except Exception:
            raise argparse.ArgumentTypeError(f"must be {kind.wanted}; got {shown(value)}.") from None

    return take


def whole(least: int = 1, most: int = WIDEST) -> Callable[[str], int]:
    """The type of an option that is a whole number."""
    return typed(count(least, most), int)


def picture() -> Kind:
    """The name of a picture, which becomes a Path; without an ending it is a PNG."""

    def take(value: Any) -> Path:
        name = path().take(value)
        if not name.name or name.suffix.lower() not in PICTURES:
            raise ValueError
        return name

    return Kind(f"the name of a picture, ending in {' or '.join(filter(None, PICTURES))}", take)


def dataset() -> Kind:
    """One of the library's sets by name, or the place of the user's own, which becomes a Path."""

    def take(value: Any) -> str | Path:
        if value in DATASETS:
            return str(value)
        place = path().take(value)
        if not (place.is_dir() or (place.is_file() and place.suffix.lower() in (".csv", ".npz"))):
            raise ValueError
        return place

    return Kind(f"one of {', '.join(DATASETS)}, or a folder of pictures, a .csv or a .npz that is there", take)


RATE = typed(number(above=0, most=1000), float)
SEED = typed(seed(), int)
FOLDER = typed(path())
THREADS = whole(most=4096)


@contextlib.contextmanager
def blame(words: str) -> Iterator[None]:
    """A ValueError in here is the fault of these options."""
    try:
        yield
    except ValueError as error:
        raise OptionError(f"{words}: {error}") from error


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = Parser(
        prog="aae",
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
    s.add_argument("run", type=FOLDER, help="folder of a training run, or a file of model.save")
    s.add_argument("--n", type=whole(most=10_000), default=64)
    s.add_argument("--seed", type=SEED, default=0)
    s.add_argument("--out", type=typed(picture()), help="the picture (default: samples.png in the folder)")

    c = add("compare", compare, "print the scoreboard of one or more runs, on the test split")
    c.add_argument("runs", type=FOLDER, nargs="+", help="folders of training runs")
    c.add_argument("--data-dir", type=FOLDER)
    told = "where your own data are now, if they have moved since training"
    c.add_argument("--dataset", type=typed(dataset()), metavar="PLACE", help=told)
    c.add_argument("--details", action="store_true", help="all measures, not just the three main ones")

    told = "train and measure experiments of the paper on MNIST; writes results/TASK.json"
    _reproduce_options(add("reproduce", reproduce, told))

    add("doctor", doctor, "check Python, versions, device, data and Jupyter; exits 1 on a fault")

    told = "copy the lessons where they are missing, and open the right one in JupyterLab"
    j = add("lab", lab, told)
    j.epilog = "All else is for JupyterLab: --no-browser, --port 8899, --allow-root."

    r = add("reset", reset, "copy the lessons where they are missing; with a number, a fresh copy of that one")
    r.add_argument("lesson", nargs="?", type=typed(text()), help="e.g. 04; the old copy is kept next to the new one")
    for p in (j, r):
        told = "the folder of your copies (default: the one you are in, else aae-course/; in a clone work/)"
        p.add_argument("--to", type=FOLDER, metavar="FOLDER", help=told)
    return top


def _choice(
    p: argparse.ArgumentParser, option: str, default: str | None, words: Sequence[str], told: str | None = None
) -> None:
    kind = typed(one_of(*words))
    p.add_argument(option, default=default, type=kind, metavar=f"{{{','.join(words)}}}", help=told)


def _train_options(t: argparse.ArgumentParser) -> None:
    told = f"{', '.join(DATASETS)}; or your own folder of pictures, file.csv or file.npz"
    t.add_argument("--dataset", default="mini_mnist", type=typed(dataset()), metavar="DATA", help=told)
    t.add_argument("--label", type=typed(text()), metavar="COLUMN", help="of a .csv: the column of the classes")
    told = "of a folder of pictures: height and width of the images (32 if not given)"
    t.add_argument("--size", type=whole(most=4096), metavar="PIXELS", help=told)
    _choice(t, "--colour", None, ("grey", "rgb"), "of a folder of pictures (grey if not given)")
    t.add_argument("--data-dir", type=FOLDER, help="folder that holds mnist/ and fashion_mnist/ (else AAE_DATA_DIR)")
    _choice(t, "--model", "aae", tuple(MODELS))
    _choice(t, "--prior", "gaussian", PRIORS)
    told = "use this many training labels, evenly over the classes"
    t.add_argument("--labels", type=whole(least=0), default=0, help=told)
    told = "length of the category y; default: one per class"
    t.add_argument("--categories", type=whole(least=2), metavar="K", help=told)
    told = "of --model supervised: the discriminator is told the class as well"
    t.add_argument("--condition-discriminator", action="store_true", help=told)
    told = "length of the code z; default 2, or 10 with a category if the prior can have 10 dimensions"
    t.add_argument("--latent-dim", type=whole(), metavar="D", help=told)
    t.add_argument("--hidden", type=whole(), nargs="+", default=None, metavar="N", help="widths of the hidden layers")
    _choice(t, "--network", "mlp", ("mlp", "conv"))
    _choice(t, "--posterior", None, ("deterministic", "gaussian", "universal"))
    told = "pixels from 0 to 1, or any real numbers (bernoulli for images, gaussian for vectors)"
    _choice(t, "--likelihood", None, ("bernoulli", "gaussian"), told)
    length = t.add_mutually_exclusive_group()
    told = "training steps (4000 if neither steps nor epochs are given)"
    length.add_argument("--steps", type=whole(most=MOST_STEPS), help=told)
    told = "passes over the training images"
    length.add_argument("--epochs", type=typed(number(above=0, most=1e6), float), help=told)
    t.add_argument("--batch-size", type=whole(), help="images per step (default: 100, or all if there are fewer)")
    t.add_argument("--lr", type=RATE, default=1e-3, help="learning rate of the reconstruction")
    t.add_argument("--game-lr", type=RATE, default=1e-3, help="learning rate of both players")
    t.add_argument("--seed", type=SEED, default=0)
    t.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    t.add_argument("--threads", type=THREADS, help="on the CPU (default: OMP_NUM_THREADS, else all cores)")
    _choice(t, "--precision", "fp32", ("fp32", "tf32", "bf16"))
    t.add_argument("--out", type=FOLDER, default=Path("runs/aae"), help="folder for everything that is written")
    t.add_argument("--resume", action="store_true", help="continue from the checkpoint in --out, if there is one")
    told = "time between two checkpoints"
    t.add_argument("--save-seconds", type=typed(number(least=0), float), default=30.0, help=told)


def _reproduce_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("tasks", nargs="*", metavar="TASK", help="without any, they are listed")
    _choice(p, "--size", "small", ("small", "full"), "a laptop's CPU, or the paper's networks")
    p.add_argument("--seeds", type=whole(most=1000), help="this many, from 0 on (default: 1 small, 5 full)")
    p.add_argument("--resume", action="store_true", help="keep the figures that are there, continue from checkpoints")
    p.add_argument("--together", action="store_true", help="train all seeds at once, as a sweep (pays on a GPU)")
    told = "stop training after this long; --resume continues"
    p.add_argument("--minutes", type=typed(number(above=0), float), help=told)
    p.add_argument("--steps", type=whole(most=MOST_STEPS), help="try only this many steps, and write nothing")
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    p.add_argument("--threads", type=THREADS, help="on the CPU (default: OMP_NUM_THREADS, else all cores)")
    p.add_argument("--data-dir", type=FOLDER, help="folder that holds mnist/ (else AAE_DATA_DIR)")
    p.add_argument("--results", type=FOLDER, default=Path("results"), help="folder of figures")
    p.add_argument("--runs", type=FOLDER, default=Path("runs/reproduce"), help="folder of checkpoints")


def train(options: argparse.Namespace) -> int:
    """Train to the end of --steps or --epochs, going on from the checkpoint with --resume."""
    plots = pictures()

    from . import metrics
    from .files import write_whole
    from .metrics.scoreboard import AT_LEAST
    from .training import checkpoints
    from .training.processes import Processes, joined, restarted

    use_threads(options.threads)
    with joined(options.device) as options.device:
        first = Processes().first
        if first:
            try_folder("--out", options.out)
        there = checkpoints.exists(options.out)
        if there and not (options.resume or restarted()):
            raise ValueError(f"{options.out} holds a run already: add --resume to go on, or choose another --out.")
        if options.resume and first and not there:
            print(f"aae_lib: there is nothing to resume in {options.out}: the run starts at step 0.", file=sys.stderr)
        data, trainer = train_to_the_end(options)
    if not first:
        return 0
    write_whole(options.out / "history.csv", trainer.history.to_csv(index=False).encode())
    written = "checkpoint, history.csv, four pictures"
    if len(data.test) < AT_LEAST:
        print(f"no figures: {len(data.test)} test images are too few to measure by, {AT_LEAST} are needed.")
    else:
        table = metrics.compare(trainer.model, data)
        write_whole(options.out / "figures.json", table.to_json(orient="index", indent=1).encode())
        print(table.to_string())
        written += ", figures.json"
    for name, figure in {
        "latent": plots.latent(trainer.model, data.test),
        "samples": plots.samples(trainer.model),
        "reconstructions": plots.reconstructions(trainer.model, data.test),
        "losses": plots.losses(trainer.history),
    }.items():
        write_whole(options.out / f"{name}.png", drawn(figure, "png"))
    print(f"written to {options.out}: {written}.")
    return 0


def use_threads(n: int | None) -> None:
    """Compute with this many threads on the CPU; None leaves it as it is.

    OpenMP ends the whole program where it cannot start one, so it is tried with idle ones first.
    """
    import torch

    if n is None:
        return
    enough, tried = threading.Event(), []
    try:
        for _ in range(n):
            tried.append(threading.Thread(target=enough.wait, daemon=True))
            tried[-1].start()
    except RuntimeError:
        raise OptionError(f"--threads must be fewer: {n} of them cannot be started here.") from None
    finally:
        enough.set()
    torch.set_num_threads(n)
    if n > (cores := os.cpu_count() or n):
        print(f"aae_lib: --threads {n} on {cores} cores makes training slower, not faster.", file=sys.stderr)


def try_folder(option: str, folder: Path) -> None:
    """OptionError unless files can be written to the folder; leaves nothing behind."""
    made: list[Path] = []
    try:
        for place in (*reversed(folder.parents), folder):
            if not place.is_dir():
                place.mkdir()
                made.append(place)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OptionError(cannot_write(option, folder, error)) from error
    finally:
        for place in reversed(made):
            with contextlib.suppress(OSError):  # another process has begun to use it
                place.rmdir()


def cannot_write(option: str, place: Path, error: OSError) -> str:
    """The sentence for a place that an option names."""
    return f"{option}: {shown(str(place))} cannot be written to ({error.strerror or error}): choose another place."


def pictures() -> Any:
    """The plots. matplotlib looks at MPLBACKEND when it is imported, although no window is opened here."""
    with blame(f"MPLBACKEND={os.environ.get('MPLBACKEND')}"):
        from . import plots
    return plots


def drawn(figure: Any, ending: str) -> bytes:
    """The picture as the content of a file."""
    from io import BytesIO

    content = BytesIO()
    figure.savefig(content, dpi=100, format=ending)
    return content.getvalue()


def train_to_the_end(options: argparse.Namespace) -> tuple[Any, Any]:
    """Data and trainer, after the last step."""
    from .training import checkpoints

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


def build(options: argparse.Namespace) -> tuple[Any, Any, int]:
    """Data, trainer and number of steps that the options of `train` ask for."""
    import aae_lib

    from .data import Minibatches, load
    from .optimizers import Cosine
    from .training import Trainer
    from .training.devices import check_precision

    arguments = model_arguments(options)
    device = find(options.device)
    with blame(f"--precision {options.precision}"):
        check_precision(options.precision, device)
    own = own_options(options)
    data = read_own(**own) if own else load(options.dataset, folder=options.data_dir)
    if options.labels:
        data = with_labels(options, data, arguments)
    with blame(f"--batch-size {options.batch_size}"):
        minibatches = Minibatches(data.train, options.batch_size)
    steps = 4000 if options.steps is None and options.epochs is None else options.steps
    total = minibatches.count(steps, options.epochs)
    if total < 1:
        raise OptionError(f"--epochs {options.epochs:g} is less than one step: ask for more.")
    if "categories" in arguments:
        if not arguments["categories"] and data.classes < 2:
            raise OptionError("--categories K is needed: these data do not have two classes to take the number from.")
        arguments["categories"] = arguments["categories"] or data.classes
    with blame(f"--model {options.model} with --prior {options.prior}"):
        model = getattr(aae_lib, MODELS[options.model])(data.image_shape, **arguments)
        model.prepare(minibatches)
    trainer = Trainer(
        model,
        data,
        seed=options.seed,
        device=device,
        precision=options.precision,
        batch_size=options.batch_size,
        schedule=Cosine(total),
    )
    return data, trainer, total


def own_options(options: argparse.Namespace) -> dict[str, Any]:
    """How the user's own data are read, for `read_own`; empty for a set of the library's."""
    place = options.dataset
    own = isinstance(place, Path)
    folder, table = own and place.is_dir(), own and place.suffix.lower() == ".csv" and place.is_file()
    for option, fits, wanted in (
        ("label", table, "a .csv"),
        ("size", folder, "a folder"),
        ("colour", folder, "a folder"),
    ):
        if getattr(options, option) is not None and not fits:
            raise OptionError(f"--{option} is for {wanted} of your own, and --dataset is {place}: leave it out.")
    if not own:
        return {}
    chosen = {"size": options.size or 32, "colour": options.colour or "grey"} if folder else {}
    return {"dataset": str(place.resolve()), "label": options.label, **chosen}


def read_own(dataset: str, label: str | None = None, **pictures: Any) -> Any:
    """The user's own data, in a folder of pictures, a .csv or a .npz."""
    from . import data

    place = Path(dataset)
    with blame(f"--dataset {shown(dataset)}"):
        if not place.exists():
            raise ValueError("it is not there; say by --dataset where it is now.")
        if place.is_dir():
            return data.from_folder(place, **pictures)
        if place.suffix.lower() == ".npz":
            return data.from_npz(place)
        return data.from_table(place, label=label)


def remember(options: argparse.Namespace) -> None:
    """Write down in the run's folder how its data were read."""
    from .files import write_whole

    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(options.out / OWN_DATA, json.dumps(own_options(options), indent=1).encode())


def model_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the model, before there are data: of a category's length None, if it is to be theirs."""
    from . import priors
    from .optimizers import Adam
    from .priors.naming import ANY_DIM

    with_category = options.model in WITH_GAME[1:]
    style = 10 if with_category and options.model != "map" and options.prior in ANY_DIM else 2
    dim = options.latent_dim or style
    with blame(f"--prior {options.prior} with --latent-dim {dim}"):
        prior = priors.named(options.prior, dim=dim)
    arguments: dict[str, Any] = {"latent_dim": dim, "seed": options.seed, "prior": prior, "network": options.network}
    if options.hidden:
        arguments["hidden"] = options.hidden
    if options.posterior:
        arguments["posterior"] = options.posterior
    arguments["likelihood"] = options.likelihood
    arguments["optimizer"] = Adam(options.lr)
    if options.model in WITH_GAME:
        arguments["game_optimizer"] = Adam(options.game_lr, beta1=0.5)
    if options.condition_discriminator:
        if options.model != "supervised":
            raise OptionError(f"--condition-discriminator is for --model supervised, and this is {options.model}.")
        arguments["condition_discriminator"] = True
    if options.labels and options.model not in ("aae", "semi-supervised", "map"):
        raise OptionError(f"--labels keeps a part of the labels, and --model {options.model} cannot use a part.")
    if options.labels and options.model == "aae" and not prior.classes:
        raise OptionError(
            f"--labels {options.labels} needs a prior with a part for each class, and --prior {options.prior} has no "
            "classes: add --prior ring or --prior swiss-roll, or leave --labels out."
        )
    if options.categories is not None and not with_category:
        raise OptionError(f"--categories is for a code with a category, and that of --model {options.model} has none.")
    return arguments | ({"categories": options.categories} if with_category else {})


def with_labels(options: argparse.Namespace, data: Any, arguments: dict[str, Any]) -> Any:
    """The data with this many labels; the model's arguments are told."""
    from dataclasses import replace

    with blame(f"--labels {options.labels}"):
        data = replace(data, train=data.train.keep_labels(options.labels, seed=options.seed))
    parts = arguments["prior"].classes
    if options.model == "map":
        arguments["labelled"] = True
    elif options.model == "aae":
        arguments["classes"] = data.classes
        if parts != data.classes:
            raise OptionError(
                f"--labels {options.labels} needs a prior with a part for each of {data.classes} classes, and --prior "
                f"{options.prior} has {parts}: take --prior ring or --prior swiss-roll, or leave --labels out."
            )
    return data


def find(device: str) -> Any:
    """The device of --device."""
    from .training.devices import find_device

    if device == "auto":  # what is wrong then is not the option
        return find_device(device)
    with blame(f"--device {device}"):
        return find_device(device)


def sample(options: argparse.Namespace) -> int:
    """A grid of decoded prior samples as PNG."""
    import torch

    plots = pictures()

    from .files import write_whole
    from .training import checkpoints

    out = options.out or (options.run.parent if options.run.is_file() else options.run) / "samples.png"
    if os.path.exists(out) and not out.is_file():
        raise OptionError(f"--out must be {picture().wanted}; {out} is something else.")
    model = checkpoints.load_model(options.run)
    figure = plots.samples(model, n=options.n, generator=torch.Generator().manual_seed(options.seed))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_whole(out, drawn(figure, out.suffix[1:].lower() or "png"))
    except OSError as error:
        raise OptionError(cannot_write("--out", out, error)) from error
    print(f"{options.n} samples written to {out}.")
    return 0


def compare(options: argparse.Namespace) -> int:
    """The scoreboard of every run, on its own data."""
    from . import metrics
    from .training import checkpoints

    found = [(run, checkpoints.read_index(run)) for run in options.runs]
    datasets = [trained_on(run, index, options.data_dir, options.dataset) for run, index in found]
    for (run, index), data in zip(found, datasets, strict=True):
        print(f"{run}: {index['made of']['model']['class']}, {index['steps']} steps")
        print(metrics.compare(checkpoints.load_model(run), data, details=options.details).to_string())
    return 0


def trained_on(run: Path, index: dict[str, Any], folder: Path | None, moved: Path | None) -> Any:
    """The data that a run was trained on; ValueError if they are not here, or not the same any more."""
    from .data import load
    from .data.loading import IMAGES
    from .data.minibatches import fingerprint
    from .data.toys import TOYS

    told = index["made of"]["data"]
    if (run / OWN_DATA).is_file():
        read = remembered(run) | ({"dataset": str(moved)} if moved else {})
        data = read_own(**read)
        if fingerprint(data.train.images) != told["images"]:
            raise ValueError(f"{read['dataset']} has changed: {run} was trained on other data; say where by --dataset.")
        return data
    data = load(told["name"], folder=folder) if told["name"] in (*IMAGES, *TOYS) else None
    if data is None or fingerprint(data.train.images) != told["images"]:
        raise ValueError(
            f"{run} was trained on data of your own, which the command line does not have: measure it in Python, with "
            f'aae.metrics.compare(aae.load_model("{run}"), data).'
        )
    return data


def remembered(run: Path) -> dict[str, Any]:
    """What `remember` has written; ValueError if it is damaged."""
    kinds = {"dataset": text(), "label": text(), "size": count(1, 4096), "colour": one_of("grey", "rgb")}
    try:
        found = json.loads((run / OWN_DATA).read_text("utf-8"))
        return {name: value and kinds[name].take(value) for name, value in found.items()}
    except Exception:
        raise ValueError(f"{run / OWN_DATA} is damaged: say in Python where the data are.") from None


def reproduce(options: argparse.Namespace) -> int:
    """Train and measure experiments of the paper."""
    from .paper.reproduce import run_tasks
    from .paper.tasks import TASKS

    if not options.tasks:
        print("\n".join(f"{name:22} {task.title}" for name, task in TASKS.items()))
        return 0
    if unknown := set(options.tasks) - set(TASKS):
        raise OptionError(f"TASK: there is no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}.")
    find(options.device)
    if options.steps is None:
        try_folder("--results", options.results)
        try_folder("--runs", options.runs)
    use_threads(options.threads)
    tasks = list(dict.fromkeys(options.tasks))
    names = ("steps", "minutes", "data_dir", "results", "runs", "resume", "device", "together")
    run_tasks(tasks, options.size, options.seeds, **{name: getattr(options, name) for name in names})
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Exit 1 if anything is missing."""
    from .course.doctor import report

    return 1 if report() else 0


def lab(options: argparse.Namespace) -> None:
    """JupyterLab on the learner's copies, until it is ended."""
    from .course import lab, workspace

    lab.start(options.to or workspace.learners_folder(), options.jupyter)


def reset(options: argparse.Namespace) -> int:
    """Copy lessons into the learner's folder; never overwrite what a learner wrote."""
    from .course import workspace

    course, folder = workspace.root(), options.to or workspace.learners_folder()
    if options.lesson is None:
        new = workspace.copy_missing(course, folder)
        print(f"{len(new)} new file(s) in {folder}; what was there is untouched.")
        return 0
    known = sorted({copy.name[:2] for copy in workspace.lessons(course, folder) if copy.name[:2].isdigit()})
    if options.lesson.zfill(2) not in known:
        raise OptionError(f"lesson: there is no lesson {options.lesson}; there is {', '.join(known)}.")
    for copy, old in workspace.renew(course, folder, options.lesson):
        print(f"{copy} is fresh." + (f" Yours is now {old.name}, next to it." if old else ""))
    return 0
