"""Does one recipe carry every prior? `python benchmarks/defaults.py [PRIOR ...] [--steps 2000] ...`

It is the library's: `AAE(..., **ANY_PRIOR)` with `Trainer(..., batch_size=250, schedule=CoarseToFine(steps))`. With
`--plain`, or one of the options after it, it is the constructor's defaults and a cosine, or what the options say.

Trains an AAE on mini_mnist for each prior and seed, on one thread. Writes results/any-prior-cpu.json (of other options:
defaults-cpu.json), and with it a table in benchmarks/README.md, after each prior; rows of priors that are not named
stay, if they were made with the same settings.

A run is at its floor if the MMD between codes and prior is at most 3 standard deviations above what two prior samples
show. Both are taken over many samples, since a single one may lie badly itself: the MMD is the mean over five prior
samples, the floor that of thirty pairs. `--genuine 30` trains nothing: it takes 30 prior samples instead of codes,
and counts those at the floor by this rule, and by that of one sample and ten pairs.

Codes are those of training images, since q(z) is what these are mapped to; all else is measured on validation images,
so that what is chosen by these figures is not chosen on test images. The codes of these are compared with the prior
too: "held out", in standard deviations of the floor of that many points.
"""

import argparse
import functools
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import aae_lib as aae
from aae_lib.data.parts import evenly
from aae_lib.optimizers import Schedule
from aae_lib.paper.machine import versions
from bench import described, store, this_machine

DATA = aae.load("mini_mnist")
CODES = 2000  # of training images, and points of a prior sample, in an MMD
SAMPLES = 5  # of the prior, with which codes are compared
PAIRS = 30  # of prior samples, in a floor
WIDTH = 0.1  # of the thin ones below
BATCH = 250  # of the recipe
PLAIN = {"r1": None, "lr": 1e-3, "game_lr": 1e-3, "final": 0.05, "batch_norm": False}  # the constructor's defaults


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
    "Categorical": lambda: aae.priors.Categorical(10),
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
    parser.add_argument("--steps", type=int, help="default 2000, or 4000 without the recipe")
    parser.add_argument("--hidden", type=int, nargs="+", help="default: the recipe's, or 256 256 without it")
    parser.add_argument("--plain", action="store_true", help="the constructor's defaults instead of the recipe")
    parser.add_argument("--r1", type=float, help="default: none")
    parser.add_argument("--lr", type=float, help="of the reconstruction (default 1e-3)")
    parser.add_argument("--game-lr", type=float, help="default 1e-3")
    parser.add_argument("--final", type=float, help="factor of the rates at the end of the cosine (default 0.05)")
    parser.add_argument("--batch-norm", action="store_true", default=None, help="in the encoder")
    parser.add_argument("--genuine", type=int, metavar="N", help="no training: judge N prior samples of each instead")
    options = parser.parse_args()
    if unknown := set(options.priors) - set(PRIORS):
        parser.error(f"there is no prior {', '.join(unknown)}; there are {', '.join(PRIORS)}")
    torch.set_num_threads(1)
    wanted = options.priors or list(PRIORS)
    if options.genuine:
        for name in wanted:
            print(f"{name}: {genuine(name, options.genuine)}", flush=True)
        return
    given = {name: getattr(options, name) for name in PLAIN if getattr(options, name) is not None}
    plain = options.plain or bool(given)
    settings: dict[str, Any] = {
        "steps": options.steps or (4000 if plain else 2000),
        "hidden": options.hidden or ([256, 256] if plain else list(aae.ANY_PRIOR["hidden"])),
        "compared": [SAMPLES, PAIRS],
    }
    if plain:
        settings["plain"] = PLAIN | given
    else:
        settings["recipe"] = f"{dict(aae.ANY_PRIOR)}, {aae.CoarseToFine(settings['steps'])}, batch {BATCH}"
    rows = [row for row in stored(options.out, settings) if row["prior"] not in wanted]
    for name in wanted:
        for seed in range(options.seeds):
            rows.append(run(name, seed, settings))
            print(rows[-1], flush=True)
        save(rows, settings, options.out)


def save(rows: list[dict[str, Any]], settings: dict[str, Any], out: Path | None) -> None:
    """Write the rows and their table."""
    result = {
        "command": " ".join(["python benchmarks/defaults.py", *sys.argv[1:]]),
        "settings": settings,
        "machine": this_machine("cpu"),
        "versions": versions(),
        "rows": sorted(rows, key=lambda row: (list(PRIORS).index(row["prior"]), row["seed"])),
    }
    kind = "defaults" if "plain" in settings else "any prior"
    begin, end = f"<!-- table of defaults.py, {kind} -->", f"<!-- end of defaults.py, {kind} -->"
    store(result, name_of(settings), table(result), begin, end, out)


def name_of(settings: dict[str, Any]) -> str:
    return "defaults-cpu.json" if "plain" in settings else "any-prior-cpu.json"


def stored(out: Path | None, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that are there, if they were made with these settings."""
    file = (out or Path(__file__).parents[1] / "results") / name_of(settings)
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return found["rows"] if found and found["settings"] == settings else []


def run(name: str, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run."""
    prior = aae.priors.as_prior(PRIORS[name]())
    recipe: Mapping[str, Any] = aae.ANY_PRIOR
    schedule: Schedule = aae.CoarseToFine(settings["steps"])
    batch = BATCH
    if plain := settings.get("plain"):
        recipe = {
            "batch_norm": plain["batch_norm"],
            "r1": plain["r1"],
            "optimizer": aae.Adam(plain["lr"]),
            "game_optimizer": aae.Adam(plain["game_lr"], beta1=0.5),
        }
        schedule = aae.Cosine(settings["steps"], plain["final"])
        batch = 100
    model = aae.AAE(
        DATA.image_shape,
        latent_dim=prior.dim,
        prior=prior,
        classes=prior.classes if name.endswith("with labels") else None,
        seed=seed,
        **{**recipe, "hidden": settings["hidden"]},
    )
    trainer = aae.Trainer(model, DATA.train, seed=seed, device="cpu", schedule=schedule, batch_size=batch)
    start, work = time.perf_counter(), time.process_time()
    trainer.run(steps=settings["steps"], progress=False)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    codes = model.encode(DATA.train.images[evenly(CODES, len(DATA.train))])
    held_out = model.encode(DATA.validation.images)
    floor, held_out_floor = floor_of(name, len(codes)), floor_of(name, len(held_out))
    ten = floor_of(name, len(codes), pairs=10)
    return {
        "prior": name,
        "seed": seed,
        "floor": [floor.mean, floor.sd],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(work, 1),
        "mmd": distance(codes, prior),
        "one_sample": (distance(codes, prior, samples=1) - ten.mean) / ten.sd,
        "validation": (distance(held_out, prior) - held_out_floor.mean) / held_out_floor.sd,
        "reconstruction": aae.metrics.reconstruction_error(model, DATA.validation),
        "neighbours": aae.metrics.knn_accuracy(model, DATA.train, DATA.validation),
    }


def distance(codes: Tensor, prior: aae.priors.Prior, samples: int = SAMPLES) -> float:
    """The MMD between codes and as many points of the prior, mean over samples of these."""
    generators = (torch.Generator().manual_seed(i) for i in range(samples))
    return statistics.mean(aae.metrics.mmd(codes, prior.sample(len(codes), generator=g)) for g in generators)


@functools.cache
def floor_of(name: str, n: int, pairs: int = PAIRS) -> aae.metrics.Floor:
    """The floor of n points."""
    return aae.metrics.floor(PRIORS[name](), n, repeats=pairs)


def genuine(name: str, n: int) -> str:
    """How many of n prior samples, instead of codes, are at the floor."""
    prior = aae.priors.as_prior(PRIORS[name]())
    clouds = [prior.sample(CODES, generator=torch.Generator().manual_seed(100 + i)) for i in range(n)]

    def passed(samples: int, pairs: int) -> int:
        mean, sd = floor_of(name, CODES, pairs)
        return sum(distance(cloud, prior, samples) <= mean + 3 * sd for cloud in clouds)

    return f"{passed(SAMPLES, PAIRS)} of {n}; with one sample and ten pairs {passed(1, 10)}"


def at_floor(row: dict[str, Any]) -> bool:
    """Whether this run's codes are as near to the prior as prior samples are."""
    mean, sd = row["floor"]
    return row["mmd"] <= mean + 3 * sd


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    lines = [
        f"{described(result)}.",
        "",
        "| prior | at its floor | MMD, median (lowest to highest) | floor + 3 sd | held out | error | 5-NN | CPU s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row["prior"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["prior"] == name]
        mean, sd = rows[0]["floor"]
        mmd = sorted(row["mmd"] for row in rows)
        held_out, error, neighbours, seconds = (
            statistics.median(row[key] for row in rows)
            for key in ("validation", "reconstruction", "neighbours", "cpu_seconds")
        )
        lines.append(
            f"| {name} | {sum(map(at_floor, rows))} of {len(rows)} | {statistics.median(mmd):.4f} ({mmd[0]:.4f} to "
            f"{mmd[-1]:.4f}) | {mean + 3 * sd:.4f} | {held_out:.1f} | {error:.4f} | {neighbours:.2f} | {seconds:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
