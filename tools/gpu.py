"""What needs a GPU, in parts: `make gpu`, or `python tools/gpu.py [PART ...] [--minutes 9] [--out DIR]`.

Parts, most important first: the tests marked gpu, the speed of a step, where its time goes, which recipes let the
categories settle, and every task of `python -m aae_lib reproduce`, first small, then at full size, five seeds as one
sweep. Without names, all that have not been done yet, tests and speeds with today's code; a call ends after
`--minutes`, and the next one continues where it ended. Each part takes four minutes at most, except for the tasks at
full size, which continue from call to call.

Nothing is installed and no network is used: Python 3.11, PyTorch and what training imports must be there (numpy, scipy,
scikit-learn, pandas, safetensors, tqdm, lazy_loader; pytest for the tests), and MNIST in AAE_DATA_DIR or in data/.
`--dry-run` walks through every part on the CPU in tiny sizes, and keeps nothing.

What was measured goes to results/ and benchmarks/README.md as it comes, with `--out` a copy of both, as one archive, to
that folder, after every part. Checkpoints stay in runs/ (five seeds with their optimizers are large), so a task that
was cut short needs the same machine again.
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # nothing is installed
RESULTS = ROOT / "results"
# only what imports nothing that a bare server lacks
TESTS = ("tests/test_graphs.py", "tests/test_priors.py", "tests/test_sweep.py")
SEEDS = 5
MEASURING = 60  # seconds kept after training, to measure and to write
LONGEST = 240  # seconds of a part that does not continue from call to call
BENCHMARKS = {
    "bench": ("benchmarks/scale.py", "scale-cuda.json"),
    "profile": ("benchmarks/profile_step.py", "profile-cuda.json"),
    "quality": ("benchmarks/quality.py", "quality-cuda.json"),
}
OF_CODE = ("tests", *BENCHMARKS)  # what is to be done again when the code has changed


def main() -> int:
    try:
        import torch
    except ImportError:
        print(f"{sys.executable} has no torch; which Python has? make gpu PYTHON=/its/path")
        return 1
    names = parts()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}; default: what is not done yet"
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="of the whole call (default 9)")
    parser.add_argument("--out", type=Path, help="folder for a copy of what was written")
    parser.add_argument("--dry-run", action="store_true", help="every part on the CPU, tiny; nothing is kept")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(names)}.")
    if options.dry_run:
        failed = rehearse(options.parts or names)
        print(f"failed: {', '.join(failed) or 'nothing'}. Nothing was kept.")
        return 1 if failed else 0
    if not torch.cuda.is_available():
        print("no CUDA device is found here, and everything that wants none is in `make test` and `make bench`.")
        return 1
    began, failed = time.time(), []
    for part in options.parts or [name for name in names if not done(name)]:
        left = began + 60 * options.minutes - time.time()
        if left < MEASURING:
            print(f"{part}: not begun, the time is up.")
            break
        print(f"{part}: {left / 60:.1f} minutes are left.", flush=True)
        if not run(part, left if part.startswith("full-") else min(left, LONGEST)):
            failed.append(part)
        if options.out:
            archived(options.out)
    missing = [name for name in names if not done(name)]
    print(f"failed: {', '.join(failed) or 'nothing'}. To be done: {', '.join(missing) or 'nothing'}.")
    return 1 if failed else 0


def parts() -> tuple[str, ...]:
    """All parts, in order."""
    from aae_lib.paper.tasks import TASKS
    from recipes import EXPERIMENTS

    recipes = [f"recipes-{name}" for name in EXPERIMENTS]
    *quick, slow = BENCHMARKS
    return ("tests", *quick, *recipes, slow, *(f"small-{name}" for name in TASKS), *(f"full-{name}" for name in TASKS))


def done(part: str) -> bool:
    """Whether results/ holds what this part measures."""
    path = record(part)
    if not path.exists():
        return False
    if part in OF_CODE:
        return ran().get(part) == code()
    size, _, name = part.partition("-")
    found = json.loads(path.read_text())
    if size == "recipes":
        return bool(found.get("complete", True))
    from aae_lib.paper.reproduce import described
    from aae_lib.paper.tasks import TASKS

    own = found.get(size, {"seeds": []})
    return len(own["seeds"]) >= SEEDS and own["recipe"] == described(getattr(TASKS[name], size), "mnist")


def ran() -> dict[str, str]:
    """Of which code the tests and the speeds are: part -> `code()`."""
    path = RESULTS / "gpu-code.json"
    return json.loads(path.read_text()) if path.exists() else {}


def code() -> str:
    """A hash of the library's code: what was tested and timed is tested and timed again when it has changed."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "aae_lib").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def archived(folder: Path) -> None:
    """One file, since not every machine that lends a GPU gives many back."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "results.tgz", "w:gz") as archive:
        archive.add(RESULTS, "results")
        archive.add(ROOT / "benchmarks" / "README.md", "benchmarks/README.md")


def record(part: str) -> Path:
    """The file of a part."""
    size, _, task = part.partition("-")
    if part == "tests":
        return RESULTS / "gpu-tests.txt"
    if part in BENCHMARKS:
        return RESULTS / BENCHMARKS[part][1]
    return RESULTS / (f"{task}.json" if size in ("small", "full") else f"{part}.json")


def command(part: str, minutes: float) -> list[str]:
    """What runs a part."""
    python = [sys.executable, "-u"]
    first, _, name = part.partition("-")
    if part == "tests":
        return [*python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", "-m", "gpu", *TESTS]
    if part in BENCHMARKS:
        return [*python, BENCHMARKS[part][0], "--device", "cuda", *(["--seeds", "2"] if part == "quality" else [])]
    if first == "recipes":
        return [*python, "tools/recipes.py", name]
    return [
        *python, "-m", "aae_lib", "reproduce", name, "--size", first, "--seeds", str(SEEDS), "--together",
        "--resume", "--minutes", f"{minutes:.2f}",
    ]  # fmt: skip


def rehearse(names: Sequence[str]) -> list[str]:
    """These parts on the CPU, as short as they can be, in a few processes; nothing is kept. Returns what failed."""
    python, failed = [sys.executable, "-u"], []

    def rest(first: str) -> list[str]:
        return [name.partition("-")[2] for name in names if name.startswith(f"{first}-")]

    with tempfile.TemporaryDirectory() as folder:
        tried = {"tests": command("tests", 0)}  # they are skipped where no GPU is
        for part, (script, _) in BENCHMARKS.items():
            tried[part] = [*python, script, "--device", "cpu", "--quick", "--out", folder]
        tiny = ["--steps", "20", "--hidden", "16", "--seeds", "1"]
        tried["recipes"] = [*python, "tools/recipes.py", *rest("recipes"), *tiny]
        for size in ("small", "full"):
            tried[size] = [*python, "-m", "aae_lib", "reproduce", *rest(size), "--size", size, "--steps", "1"]
        for part in tried:
            if part in names or rest(part):
                print(f"{part}: {', '.join(rest(part)) or 'as a whole'}", flush=True)
                failed += [part] if launched(part, tried[part], 900)[0] else []
    return failed


def run(part: str, seconds: float) -> bool:
    """Run a part for at most this long; False where it failed."""
    tried = command(part, max(0.1, (seconds - MEASURING) / 60))
    failed, said = launched(part, tried, seconds)
    if part == "tests":  # also what failed is kept
        from aae_lib.paper.machine import machine, versions

        where = ", ".join([machine("cuda")["name"], *(f"{name} {version}" for name, version in versions().items())])
        record(part).write_text(f"{where}\n$ {' '.join(['python', *tried[2:]])}\n{said}", encoding="utf-8")
    if not failed and part in OF_CODE:
        (RESULTS / "gpu-code.json").write_text(json.dumps(ran() | {part: code()}, indent=1) + "\n", encoding="utf-8")
    return not failed


def launched(part: str, tried: list[str], seconds: float) -> tuple[bool, str]:
    """Run a command and print the end of what it says; returns whether it failed, and all that it said."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "TQDM_DISABLE": "1"}
    if (ROOT / "data" / "mnist").is_dir():
        environment.setdefault("AAE_DATA_DIR", str(ROOT / "data"))
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told:
        own = subprocess.Popen(
            tried, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
        late = ""
        try:
            own.wait(seconds)
        except subprocess.TimeoutExpired:
            late = f"{part}: stopped after {seconds:.0f} s.\n"  # what it wrote is kept: --resume goes on from it
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(own.pid, signal.SIGKILL)  # its workers, too, which would keep the GPU
            own.wait()
        told.seek(0)
        said = told.read() + late
    print(said[-6000:], flush=True)
    return bool(late or own.returncode), said


if __name__ == "__main__":
    raise SystemExit(main())
