"""Is a training step slower than at another commit? Both take turns in one run, on the CPU.

    python tools/step_ratio.py HEAD~10

Two processes, one with each version, train the same model a few steps at a time, in turns, so that whatever else
the machine does affects both. It prints the median of the ratios of neighbouring turns: now / then.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKER = """
import sys, time, torch
torch.set_num_threads(1)
import aae_lib as aae
from aae_lib.data import Split
hidden, steps = eval(sys.argv[1]), int(sys.argv[2])
images = torch.randint(256, (6000, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
data = Split(images, torch.arange(6000) % 10)
trainer = aae.Trainer(aae.AAE((1, 28, 28), 2, hidden=hidden, seed=0), data, device="cpu")
trainer.run(steps=20, progress=False)
for _ in sys.stdin:
    began = time.perf_counter()
    trainer.run(steps=steps, progress=False)
    print((time.perf_counter() - began) / steps * 1e3, flush=True)
"""


def worker(folder: Path, hidden: str, steps: str) -> subprocess.Popen[str]:
    """A process that trains with the library in that folder, a turn for each line that it is sent."""
    return subprocess.Popen(
        [sys.executable, "-P", "-c", WORKER, hidden, steps],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def turn(process: subprocess.Popen[str]) -> float:
    """Milliseconds a step."""
    assert process.stdin
    assert process.stdout
    print(file=process.stdin, flush=True)
    return float(process.stdout.readline())


def main() -> None:
    """Compare, and print a line for each network."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("commit")
    options.add_argument("--pairs", type=int, default=80)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        then = Path(place) / "then"
        subprocess.run(["git", "worktree", "add", "--detach", then, asked.commit], cwd=ROOT, check=True)
        try:
            for hidden, steps in (("(512,)", "60"), ("(1000, 1000)", "10")):
                old, new = (worker(folder, hidden, steps) for folder in (then, ROOT))
                pairs = []
                for i in range(asked.pairs):
                    first, second = (old, new) if i % 2 else (new, old)
                    found = {process: turn(process) for process in (first, second)}
                    pairs.append((found[old], found[new]))
                for process in (old, new):
                    process.communicate()
                ratio = statistics.median(now / before for before, now in pairs)
                before, now = (min(column) for column in zip(*pairs, strict=True))
                print(f"hidden={hidden}: {ratio:.3f} (median of {len(pairs)}); fastest {before:.2f} -> {now:.2f} ms")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", then], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
