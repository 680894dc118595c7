"""`aae sample`: new images from a trained model."""

import argparse
import os

from .drawing import drawn, pictures
from .faults import OptionError, cannot_write
from .options import FOLDER, SEED, picture, typed, whole

TOLD = "draw new images from a trained model into a PNG"


def add_options(s: argparse.ArgumentParser) -> None:
    """Whose samples, how many, and the picture that shows them."""
    s.add_argument("run", type=FOLDER, help="folder of a training run, or a file of model.save")
    s.add_argument("--n", type=whole(most=10_000), default=64)
    s.add_argument("--seed", type=SEED, default=0)
    s.add_argument("--out", type=typed(picture()), help="the picture (default: samples.png in the folder)")


def run(options: argparse.Namespace) -> int:
    """A grid of decoded prior samples as PNG."""
    import torch

    plots = pictures()

    from ..files import write_whole
    from ..training import checkpoints

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
