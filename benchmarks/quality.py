"""Seconds to a given quality, and the memory it took: `python benchmarks/quality.py [--device cuda]`.

Writes results/quality-cpu.json or results/quality-cuda.json, and with it a table in benchmarks/README.md.

Good is both at once: the MMD between codes and prior within 3 standard deviations of its floor (what two prior samples
show), on the training images, and a squared error per pixel below `RECONSTRUCTION` on the validation images.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from torch import Tensor

HIDDEN, STEPS, EVERY, RECONSTRUCTION = (256, 256), 4000, 100, 0.04


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--seeds", type=int, default=5, help="this many runs of each (default 5)")
    parser.add_argument("--out", type=Path, help="folder for the figures, instead of results/ and the README")
    parser.add_argument("--quick", action="store_true", help="one run, a few steps: does it run?")
    options = parser.parse_args()
    seeds, steps = (1, EVERY) if options.quick else (options.seeds, STEPS)
    os.environ["BENCH_DEVICE"] = options.device  # before the contenders are imported, here and in their processes
    from aae_lib.paper.machine import versions
    from bench import store, this_machine
    from contenders import Pythae, Recipe, Textbook, pythae_installed

    where, rows = this_machine(options.device), []
    makes = [Recipe, Textbook] + [Pythae] * pythae_installed()
    for seed in range(seeds):  # in turn, so that a busy machine is busy for all alike
        for make in makes:
            # a process of its own: its memory is its own
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as own:
                rows.append({"name": make.name, "seed": seed} | own.submit(run, make, seed, steps).result())
            print(rows[-1], flush=True)
    result = {
        "command": " ".join(["python benchmarks/quality.py", *sys.argv[1:]]),
        "steps": STEPS,
        "every": EVERY,
        "reconstruction": RECONSTRUCTION,
        "machine": where,
        "versions": versions("pythae"),
        "rows": rows,
    }
    begin, end = (f"<!-- {mark} of quality.py, {options.device} -->" for mark in ("table", "end"))
    store(result, f"quality-{options.device}.json", table(result), begin, end, options.out)


def run(make: Callable[..., Any], seed: int, most: int) -> dict[str, Any]:
    """One run on digits, one thread: when it was good for the first time, and what it was at its end."""
    import torch

    import aae_lib as aae

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data = aae.load("digits")
    contender = make(HIDDEN, data.train.images)
    prior = aae.priors.Gaussian(2)
    floor = aae.metrics.floor(prior, len(data.train))
    steps, found = 0, {}

    def look(seconds: float) -> bool:
        nonlocal steps, found
        steps += EVERY
        found = {"steps": steps, "seconds": seconds}
        found["mmd"] = aae.metrics.mmd(contender.encode(data.train.images), sample)
        found["reconstruction"] = squared_error(contender, data.validation.images)
        found["good"] = found["mmd"] < floor.mean + 3 * floor.sd and found["reconstruction"] < RECONSTRUCTION
        return found["good"]

    sample = prior.sample(len(data.train), generator=torch.Generator().manual_seed(0))
    contender.watch(most, EVERY, look)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"floor": [floor.mean, floor.sd], "peak_mb": round(peak)}


def squared_error(contender: Any, images: Tensor) -> float:
    """Mean over images and pixels, pixels in [0, 1]."""
    return float((contender.reconstruct(images).cpu() - images / 255).square().mean())


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    from bench import described

    lines = [
        f"{described(result)}. At most {result['steps']:,} steps, a look every {result['every']}.",
        "",
        "| | good in | seconds, median (all) | steps | MMD at the end | squared error at the end | memory at most |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row["name"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["name"] == name]
        good = [row for row in rows if row["good"]]
        seconds = sorted(row["seconds"] for row in good)
        took = f"{statistics.median(seconds):.1f} ({', '.join(f'{s:.1f}' for s in seconds)})" if good else "–"
        steps = f"{statistics.median(row['steps'] for row in good):.0f}" if good else "–"
        mmd, error = (sorted(row[key] for row in rows) for key in ("mmd", "reconstruction"))
        lines.append(
            f"| {name} | {len(good)} of {len(rows)} | {took} | {steps} | {mmd[0]:.4f} to {mmd[-1]:.4f} "
            f"| {error[0]:.3f} to {error[-1]:.3f} | {max(row['peak_mb'] for row in rows)} MB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
