"""What wants a GPU, in parts: `make gpu`, or `PYTHONPATH=. python tools/gpu.py [PART ...] [--minutes 9] [--out DIR]`.

Parts, in this order: tests, bench, quality, and every task of `python -m aae_lib reproduce` at full size, five seeds as
one sweep. Without names, all that have not been done yet; a call ends after `--minutes`, the next one goes on where it
ended. Nothing is installed and no network is used: Python 3.11, PyTorch and what training imports must be there, and
MNIST in AAE_DATA_DIR or in data/.

What was measured goes to results/, with `--out` a copy of it to that folder. Checkpoints stay in runs/ (five seeds with
their optimizers are large), so a task that was cut short wants the same machine again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
# only what imports nothing that a bare server lacks
TESTS = ("tests/test_graphs.py", "tests/test_priors.py", "tests/test_sweep.py")
SEEDS = 5
MEASURING = 60  # seconds kept after training, to measure and to write


def main() -> int:
    try:
        import torch
    except ImportError:
        print(f"{sys.executable} has no torch; which Python has? make gpu PYTHON=/its/path")
        return 1
    from aae_lib.paper.tasks import TASKS

    names = ("tests", "bench", "quality", *TASKS)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}; default: what is not done yet"
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="of the whole call (default 9)")
    parser.add_argument("--out", type=Path, help="folder for a copy of what was written")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(names)}.")
    if not torch.cuda.is_available():
        print("no CUDA device is found here, and everything that wants none is in `make test` and `make bench`.")
        return 1
    began, failed = time.time(), []
    for part in options.parts or [name for name in names if not done(name)]:
        left = began + 60 * options.minutes - time.time()
        if left < 2 * MEASURING:
            print(f"{part}: not begun, the time is up.")
            break
        print(f"{part}: {left / 60:.1f} minutes are left.", flush=True)
        if not run(part, left):
            failed.append(part)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for path in RESULTS.iterdir():
            if path.stat().st_mtime >= began:
                shutil.copy(path, options.out)
    missing = [name for name in names if not done(name)]
    print(f"failed: {', '.join(failed) or 'nothing'}. To be done: {', '.join(missing) or 'nothing'}.")
    return 1 if failed else 0


def done(part: str) -> bool:
    """Whether results/ holds what this part measures."""
    path = record(part)
    if not path.exists():
        return False
    return (
        path.suffix != ".json"
        or "rows" in (found := json.loads(path.read_text()))
        or (len(found.get("full", {}).get("seeds", [])) >= SEEDS)
    )


def record(part: str) -> Path:
    """The file of a part."""
    own = {"tests": "gpu-tests.txt", "bench": "scale-cuda.json", "quality": "quality-cuda.json"}
    return RESULTS / own.get(part, f"{part}.json")


def run(part: str, seconds: float) -> bool:
    """Run a part for at most so long; False where it failed."""
    python, minutes = [sys.executable, "-u"], f"{(seconds - MEASURING) / 60:.2f}"
    command = {
        "tests": [*python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", *TESTS],
        "bench": [*python, "benchmarks/scale.py", "--device", "cuda"],
        "quality": [*python, "benchmarks/quality.py", "--device", "cuda"],
    }.get(part)
    if command is None:
        command = [*python, "-m", "aae_lib", "reproduce", part, "--size", "full", "--seeds", str(SEEDS), "--together"]
        command += ["--resume", "--minutes", minutes]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1"}
    if (ROOT / "data" / "mnist").is_dir():
        environment.setdefault("AAE_DATA_DIR", str(ROOT / "data"))
    try:
        # what a killed part wrote is kept: --resume goes on from it
        found = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            timeout=seconds,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired as error:
        print(f"{(error.stdout or b'')[-2000:].decode(errors='replace')}\n{part}: stopped after {seconds:.0f} s.")
        return False
    print(found.stdout[-6000:], flush=True)
    if part == "tests" and found.returncode == 0:
        from aae_lib.paper.machine import machine, versions

        where = ", ".join([machine("cuda")["name"], *(f"{name} {version}" for name, version in versions().items())])
        record(part).write_text(f"{where}\n$ {' '.join(['python', *command[2:]])}\n{found.stdout}", encoding="utf-8")
    return found.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
