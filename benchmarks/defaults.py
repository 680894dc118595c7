"""Do the defaults carry every prior? `python benchmarks/defaults.py [PRIOR ...] [--r1 0.1] [--steps 4000] ...`

Trains an AAE on mini_mnist for each prior and seed, on one thread. Writes results/defaults-cpu.json, and with it a
table in benchmarks/README.md; rows of priors that are not named stay, if they were made with the same settings.

A run is at its floor if the MMD between codes and prior is at most 3 standard deviations above what two prior samples
show. Codes are those of training images, since q(z) is what these are mapped to; all else is measured on validation
images, so that what is chosen by these figures is not chosen on test images.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import aae_lib as aae
from aae_lib.data.parts import evenly
from aae_lib.paper.machine import versions
from bench import described, store, this_machine

DATA = aae.load("mini_mnist")
CODES = 2000  # of training images, and prior samples, in an MMD
WIDTH = 0.1  # of the thin ones below
BEGIN, END = "<!-- table of defaults.py -->", "<!-- end of defaults.py -->"


def arc(n: int, generator: torch.Generator | None = None) -> Tensor:
    """Half a circle, thin."""
    angle = math.pi * torch.rand(n, generator=generator)
    line = 2 * torch.stack([angle.cos(), angle.sin() - 0.5], 1)
    return line + WIDTH * torch.randn(n, 2, generator=generator)


def crescents(n: int, generator: torch.Generator | None = None) -> Tensor:
    """Two half circles that reach into each other, thin."""
    angle = math.pi * torch.rand(n, generator=generator)
    upper = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)
    turned = (torch.rand(n, 1, generator=generator) < 0.5).float()
    return 1.5 * upper * (1 - 2 * turned) + WIDTH * torch.randn(n, 2, generator=generator)


def letter() -> Tensor:
    """A grey picture of a T, (20, 20)."""
    image = torch.zeros(20, 20)
    image[2:6, 2:18] = image[6:18, 8:12] = 1
    return image


PRIORS: dict[str, Callable[[], Any]] = {
    "Gaussian": lambda: aae.priors.Gaussian(2),
    "GaussianRing": aae.priors.GaussianRing,
    "GaussianRing, with labels": aae.priors.GaussianRing,
    "GaussianGrid": aae.priors.GaussianGrid,
    "SwissRoll": aae.priors.SwissRoll,
    "SwissRoll, with labels": aae.priors.SwissRoll,
    "Uniform": aae.priors.Uniform,
    "Circle": aae.priors.Circle,
    "Sphere": aae.priors.Sphere,
    "Categorical": lambda: aae.priors.Categorical([0.1] * 10),
    "Points": lambda: aae.priors.Points(aae.load("spiral").train.images),
    "Picture": lambda: aae.priors.Picture(letter()),
    "an arc": lambda: arc,
    "two crescents": lambda: crescents,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("priors", nargs="*", metavar="PRIOR", help=f"all of {', '.join(PRIORS)}, or some")
    parser.add_argument("--seeds", type=int, default=5, help="this many runs of each (default 5)")
    parser.add_argument("--out", type=Path, help="folder for the figures, instead of results/ and the README")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--hidden", type=int, nargs="+", default=[256, 256])
    parser.add_argument("--r1", type=float, help="default: the library's")
    parser.add_argument("--no-r1", action="store_true", help="without the gradient penalty")
    parser.add_argument("--lr", type=float, default=1e-3, help="of the reconstruction")
    parser.add_argument("--game-lr", type=float, default=1e-3)
    parser.add_argument("--final", type=float, default=0.05, help="factor of the rates at the end of the cosine")
    parser.add_argument("--batch-norm", action="store_true", help="in the encoder")
    options = parser.parse_args()
    if unknown := set(options.priors) - set(PRIORS):
        parser.error(f"there is no prior {', '.join(unknown)}; there are {', '.join(PRIORS)}")
    torch.set_num_threads(1)
    names = ("steps", "hidden", "r1", "no_r1", "lr", "game_lr", "final", "batch_norm")
    settings = {name: getattr(options, name) for name in names}
    wanted = options.priors or list(PRIORS)
    rows = [row for row in stored(options.out, settings) if row["prior"] not in wanted]
    for name in wanted:
        floor = aae.metrics.floor(PRIORS[name](), CODES)
        for seed in range(options.seeds):
            rows.append({"prior": name, "seed": seed, "floor": [floor.mean, floor.sd]} | run(name, seed, settings))
            print(rows[-1], flush=True)
    result = {
        "command": " ".join(["python benchmarks/defaults.py", *sys.argv[1:]]),
        "settings": settings,
        "machine": this_machine("cpu"),
        "versions": versions(),
        "rows": sorted(rows, key=lambda row: (list(PRIORS).index(row["prior"]), row["seed"])),
    }
    store(result, "defaults-cpu.json", table(result), BEGIN, END, options.out)


def stored(out: Path | None, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that are there, if they were made with these settings."""
    file = (out or Path(__file__).parents[1] / "results") / "defaults-cpu.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return found["rows"] if found and found["settings"] == settings else []


def run(name: str, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run."""
    prior = aae.priors.as_prior(PRIORS[name]())
    penalty = {"r1": None} if settings["no_r1"] else {} if settings["r1"] is None else {"r1": settings["r1"]}
    model = aae.AAE(
        DATA.image_shape,
        latent_dim=prior.dim,
        hidden=settings["hidden"],
        prior=prior,
        classes=prior.classes if name.endswith("with labels") else None,
        batch_norm=settings["batch_norm"],
        optimizer=aae.Adam(settings["lr"]),
        game_optimizer=aae.Adam(settings["game_lr"], beta1=0.5),
        seed=seed,
        **penalty,
    )
    trainer = aae.Trainer(
        model, DATA.train, seed=seed, device="cpu", schedule=aae.Cosine(settings["steps"], settings["final"])
    )
    start = time.perf_counter()
    trainer.run(steps=settings["steps"], progress=False)
    seconds = time.perf_counter() - start
    codes = model.encode(DATA.train.images[evenly(CODES, len(DATA.train))])
    return {
        "seconds": round(seconds, 1),
        "mmd": aae.metrics.mmd(codes, prior.sample(CODES, generator=torch.Generator().manual_seed(0))),
        "reconstruction": aae.metrics.reconstruction_error(model, DATA.validation),
        "neighbours": aae.metrics.knn_accuracy(model, DATA.train, DATA.validation),
    }


def at_floor(row: dict[str, Any]) -> bool:
    """Whether this run's codes are as near to the prior as prior samples are."""
    mean, sd = row["floor"]
    return row["mmd"] <= mean + 3 * sd


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    lines = [
        f"{described(result)}.",
        "",
        "| prior | at its floor | MMD, median (lowest to highest) | floor + 3 sd | error | 5-NN | seconds |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row["prior"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["prior"] == name]
        mean, sd = rows[0]["floor"]
        mmd = sorted(row["mmd"] for row in rows)
        error, neighbours, seconds = (
            statistics.median(row[key] for row in rows) for key in ("reconstruction", "neighbours", "seconds")
        )
        lines.append(
            f"| {name} | {sum(map(at_floor, rows))} of {len(rows)} | {statistics.median(mmd):.4f} ({mmd[0]:.4f} to "
            f"{mmd[-1]:.4f}) | {mean + 3 * sd:.4f} | {error:.4f} | {neighbours:.2f} | {seconds:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
