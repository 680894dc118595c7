"""Many models, many processes, other precisions: `python benchmarks/scale.py [--device cuda] [--quick]`.

Writes results/scale-cpu.json or results/scale-cuda.json, and with it the tables in benchmarks/README.md. On a GPU it
takes two minutes: all in one process, in three rounds.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NETWORKS = {"784-32-32-2": (32, 32), "784-512-2": (512,), "784-1000-1000-2": (1000, 1000)}
PROCESSES = (1, 2)
IMAGES = 5_000  # 50 steps an epoch, as many as one recording holds; MNIST has 11 times as many
MEMBERS = {"a sweep of 8": 8, "a sweep of 64": 64, "a sweep of 20": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeats", type=int, default=5, help="rounds, of which the medians are taken (default 5)")
    parser.add_argument("--quick", action="store_true", help="2 short rounds: does it run? The figures say little")
    parser.add_argument("--out", type=Path, help="folder for the figures, instead of results/ and the README")
    options = parser.parse_args()
    cuda = options.device == "cuda"
    os.environ["BENCH_DEVICE"] = options.device  # before the contenders are imported, here and in their processes
    import contenders as c
    from aae_lib.paper.machine import versions
    from bench import Inside, race, store, this_machine

    makes = [c.Ours, c.Bf16, c.Semi, c.Sweep8, c.Sweep64, c.Textbook]
    if cuda:
        makes = [c.Ours, c.Textbook, c.Pythae, c.OursGraphed, c.OursFast, c.SemiFast, c.FewFast, c.Few20Fast]
    repeats, seconds = (2, 0.05) if options.quick else (3, 0.3) if cuda else (options.repeats, 4.0)
    where, rows = this_machine(options.device), []
    for network, hidden in NETWORKS.items():
        if (cuda and sum(hidden) < 100) or (options.quick and hidden != (32, 32)):
            continue
        # 64 large models want minutes a round on a CPU
        fit = [make for make in makes if cuda or (sum(hidden) < 100 and not options.quick) or "64" not in make.name]
        print(network, flush=True)
        inside = {"worker": Inside, "at_once": 50 if cuda else 5} if cuda or options.quick else {}
        rows += [{"network": network} | row for row in race(hidden, IMAGES, 1, seconds, repeats, fit, **inside)]
    result = {
        "command": " ".join(["python benchmarks/scale.py", *sys.argv[1:]]),
        "repeats": repeats,
        "machine": where,
        "versions": versions(),
        "rows": rows,
        "processes": [] if cuda else together(*((1, 10, 32) if options.quick else (repeats, 200, 1000))),
    }
    begin, end = (f"<!-- {mark} of scale.py, {options.device} -->" for mark in ("table", "end"))
    store(result, f"scale-{options.device}.json", table(result), begin, end, options.out)


def together(repeats: int, steps: int, width: int) -> list[dict[str, Any]]:
    """Milliseconds a step of one run in 1, 2, ... processes of one thread each, on digits, with layers so wide."""
    found: dict[int, list[float]] = {}
    for _ in range(repeats):
        for count in PROCESSES:
            with tempfile.TemporaryDirectory() as folder:
                run = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}", "-m"]
                run += ["aae_lib", "train", "--dataset", "digits", "--hidden", *[str(width)] * 2, "--steps", str(steps)]
                run += ["--batch-size", "400", "--threads", "1", "--device", "cpu", "--out", folder]
                quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": HERE.parent}
                code = subprocess.run(run, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False, **quiet).returncode
                if code:
                    continue  # fewer GPUs than processes
                with open(Path(folder) / "history.csv", encoding="utf-8") as file:
                    times = [float(row["seconds"]) for row in csv.DictReader(file)]
            half = len(times) // 2
            found.setdefault(count, []).append(1e3 * (times[-1] - times[half]) / (len(times) - 1 - half))
    return [{"processes": n, "ms": ms, "median_ms": statistics.median(ms)} for n, ms in found.items()]


def table(result: dict[str, Any]) -> str:
    """The Markdown tables of the README."""
    from bench import described

    lines = [
        f"{described(result)}. Medians of {result['repeats']} interleaved rounds (fastest to slowest), batch 100, one "
        "thread each.",
        "",
        "| network | | ms a step | ms a step and model | of this trainer's time |",
        "|---|---|---:|---:|---:|",
    ]
    for row in result["rows"]:
        if "missing" in row:
            lines.append(f"| {row['network']} | {row['name']} | {row['missing']} | | |")
            continue
        members = next((n for name, n in MEMBERS.items() if row["name"].startswith(name)), 1)
        ms = f"{row['median_ms']:.2f} ({min(row['ms']):.2f} to {max(row['ms']):.2f})"
        each, share = row["median_ms"] / members, row["time_over_ours"] / members
        lines.append(f"| {row['network']} | {row['name']} | {ms} | {each:.2f} | {share:.2f} |")
    if not result["processes"]:
        return "\n".join(lines)
    lines += ["", "| processes | ms a step, 1000-1000 networks, batch 400 |", "|---:|---:|"]
    for row in result["processes"]:
        lines.append(f"| {row['processes']} | {row['median_ms']:.1f} ({min(row['ms']):.1f} to {max(row['ms']):.1f}) |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
