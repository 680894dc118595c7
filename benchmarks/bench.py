"""Speed of a training step, side by side with others in one run: `python benchmarks/bench.py [--repeats 7] [--quick]`.

Writes results/bench.json and the table in benchmarks/README.md, which says how to read it.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from aae_lib.paper.machine import machine, processor, versions
from contenders import (
    BATCH,
    WARM_UP,
    Ours,
    OursCompiled,
    OursPenalised,
    Pythae,
    Textbook,
    pythae_installed,
    random_images,
)
from limit import Counter, Limit

HERE = Path(__file__).resolve().parent
NETWORKS = {"784-512-2": (512,), "784-1000-1000-2": (1000, 1000)}
CONTENDERS = (Ours, Textbook, Pythae, OursPenalised, OursCompiled, Limit)
SECONDS = 1.0  # about the length of a turn
THREADS = (1, 2)
MISSING = "not installed (pip install -e .[bench])"
BEGIN, END = "<!-- table: written by bench.py -->", "<!-- end of table -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="rounds, of which the medians are taken (default 7)")
    parser.add_argument("--quick", action="store_true", help="2 short rounds: does it run? The figures say little")
    options = parser.parse_args()
    repeats = 2 if options.quick else options.repeats
    if repeats < 1:
        parser.error("--repeats must be at least 1")
    n_images = 6_000 if options.quick else 60_000
    rows, where = [], this_machine()
    for network, hidden in NETWORKS.items():
        for threads in THREADS:
            print(f"{network}, threads: {threads}", flush=True)
            rows += [
                {"network": network, "threads": threads} | row
                for row in race(hidden, n_images, threads, 0.05 if options.quick else SECONDS, repeats)
            ]
    result = {
        "command": " ".join(["python benchmarks/bench.py", *sys.argv[1:]]),
        "repeats": repeats,
        "batch": BATCH,
        "images": n_images,
        "machine": where,
        "versions": versions("pythae"),
        "import_seconds": import_seconds(repeats),
        "rows": rows,
    }
    store(result, "bench.json", table(result), BEGIN, END)


def race(
    hidden: tuple[int, ...],
    n_images: int,
    threads: int,
    seconds: float,
    repeats: int,
    makes: Sequence[Callable[..., Any]] = CONTENDERS,
    worker: "type[Worker | Inside] | None" = None,
    at_once: int = 5,
) -> list[dict[str, Any]]:
    """One row a contender. All run in turn, round after round, so that a busy machine is busy for all alike.

    worker   what a contender lives in; default: a `Worker`, a process of its own
    at_once  take a multiple of this many steps
    """
    worker = worker or Worker
    contenders = [worker(make, hidden, n_images, threads) for make in makes if can_run(make)]
    slowest = max(contender.ask("seconds", at_once) / at_once for contender in contenders)
    steps = at_once * max(1, int(seconds / slowest / at_once))
    rounds = [[contender.ask("seconds", steps) / steps * 1e3 for contender in contenders] for _ in range(repeats)]
    rows = []
    for contender, times in zip(contenders, zip(*rounds, strict=True), strict=True):
        # the ratio within each round, then the median: what slows a whole round cancels
        ratio = statistics.median(time / of_ours for time, (of_ours, *_) in zip(times, rounds, strict=True))
        rows.append(
            {
                "name": contender.name,
                "ms": [round(time, 3) for time in times],
                "median_ms": round(statistics.median(times), 3),
                "time_over_ours": round(ratio, 3),
                "million_multiply_adds": round(contender.ask("multiply_adds") / 1e6, 1),
            }
        )
        contender.ask("stop")
    if Pythae in makes and not pythae_installed():
        rows.insert(2, {"name": Pythae.name, "missing": MISSING})
    return rows


def can_run(make: Callable[..., Any]) -> bool:
    """Whether what the contender needs is here: pythae for one, a C++ compiler for another."""
    if make is OursCompiled:
        return any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++", "cl")))
    return make is not Pythae or pythae_installed()


class Inside:
    """A contender in this process: a GPU's memory and settings are shared anyway, and processes take long to start."""

    def __init__(self, make: Callable[..., Any], hidden: tuple[int, ...], n_images: int, threads: int) -> None:
        torch.manual_seed(0)
        self.contender = make(hidden, random_images(n_images))
        self.name = self.contender.name

    def ask(self, question: str, *arguments: int) -> Any:
        if question == "seconds":
            return self.contender.seconds(*arguments)
        return multiply_adds(self.contender) if question == "multiply_adds" else None


class Worker:
    """A contender in a process of its own, so that none profits from the memory or the settings of another."""

    def __init__(self, make: Callable[..., Any], hidden: tuple[int, ...], n_images: int, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        context.Process(target=work, args=(theirs, make, hidden, n_images, threads), daemon=True).start()
        theirs.close()  # so that a worker that dies ends the waiting
        self.name = self.pipe.recv()

    def ask(self, question: str, *arguments: int) -> Any:
        self.pipe.send((question, *arguments))
        return self.pipe.recv()


def work(pipe: Connection, make: Callable[..., Any], hidden: tuple[int, ...], n_images: int, threads: int) -> None:
    """The life of a worker: builds its contender and answers until it is told to stop."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    contender = make(hidden, random_images(n_images))
    pipe.send(contender.name)
    while True:
        question, *arguments = pipe.recv()
        if question == "seconds":
            pipe.send(contender.seconds(*arguments))
        elif question == "multiply_adds":
            pipe.send(multiply_adds(contender))
        else:
            pipe.send(None)
            return


def multiply_adds(contender: Any) -> float:
    """Multiply-adds of the matrix products of one step, counted while it runs."""
    with Counter() as counter:
        contender.seconds(1)
    return counter.multiply_adds / (WARM_UP + 1)


def import_seconds(repeats: int) -> dict[str, float]:
    """Medians over fresh processes: `import torch`, and what the library takes after it (its parts load when used)."""
    library = "from aae_lib import AAE, Trainer, load"
    code = f"from time import perf_counter as t; a = t(); import torch; b = t(); {library}; print(b - a, t() - b)"
    runs = []
    for _ in range(repeats + 1):  # the first one fills the file cache
        output = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent
        )
        runs.append([float(seconds) for seconds in output.stdout.split()])
    torch_seconds, ours = (round(statistics.median(column), 3) for column in zip(*runs[1:], strict=True))
    return {"torch": torch_seconds, "aae_lib_beyond_torch": ours}


def this_machine(device: str = "cpu") -> dict[str, Any]:
    """What the figures were measured on, and how busy it was. How many threads took part stands with each figure."""
    found = machine(device)
    del found["threads"]
    if device != "cpu":
        found["processor"] = processor()  # it launches what the GPU does
    return found | {"load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None}


def described(result: dict[str, Any]) -> str:
    """Machine, versions and command in a line."""
    where, version = result["machine"], result["versions"]
    names = [where["name"], *([where["processor"]] if "processor" in where else [])]
    load = "" if where["load_before"] is None else f", load {where['load_before']:.1f} before the run"
    return (
        f"{', '.join(names)}, {where['cpus']} cores, {where['system']}{load}; Python {version['python']}, "
        f"torch {version['torch']}. Command: `{result['command']}`"
    )


def store(result: dict[str, Any], name: str, text: str, begin: str, end: str, out: Path | None = None) -> None:
    """Write results/`name`, and the text between the two marks of benchmarks/README.md; with `out`, its file alone."""
    folder = out or HERE.parent / "results"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if out:
        print(text)
        return
    readme = HERE / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
    print(text)


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    lines = [
        f"{described(result)}. Medians of {result['repeats']} interleaved rounds (fastest to slowest), "
        f"batch {result['batch']}.",
        "",
        "| network | threads | | ms a step | million multiply-adds | time, ours = 1 |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for row in result["rows"]:
        start = f"| {row['network']} | {row['threads']} | {row['name']} |"
        if "missing" in row:
            lines.append(f"{start} {row['missing']} | | |")
            continue
        ms = f"{row['median_ms']:.2f} ({min(row['ms']):.2f} to {max(row['ms']):.2f})"
        lines.append(f"{start} {ms} | {row['million_multiply_adds']:.1f} | {row['time_over_ours']:.2f} |")
    torch_seconds, ours = result["import_seconds"].values()
    lines += [
        "",
        f"`import torch` takes {torch_seconds:.2f} s, `from aae_lib import AAE, Trainer, load` {ours:.2f} s more.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
