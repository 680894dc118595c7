"""What it takes to learn from a file on disk: a file of 4 GB, and how much memory the process holds meanwhile (Linux).

OMP_NUM_THREADS=1 python benchmarks/larger_than_memory.py            (--images 520000 for a tenth of it)
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import aae_lib as aae


def held() -> str:
    """Of this process, in MB: its peak, and what it holds now, its own and pages of files."""
    lines = (line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    found = {name: int(value.split()[0]) // 1024 for name, value in lines if name in ("VmHWM", "RssAnon", "RssFile")}
    return f"peak {found['VmHWM']}, own {found['RssAnon']}, of files {found['RssFile']} MB"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--images", type=int, default=5_200_000)
    n = options.parse_args().images
    aae.Trainer(aae.AAE((1, 8, 8)), aae.load("digits"), device="cpu").run(steps=1, progress=False)
    print(f"what any training takes: {held()}")
    with tempfile.TemporaryDirectory() as folder:
        file, rng = Path(folder, "images"), np.random.default_rng(0)
        with file.open("wb") as out:
            for start in range(0, n, 10_000):
                rng.integers(0, 256, (min(10_000, n - start), 28, 28), np.uint8).tofile(out)
        begun, at_work = time.perf_counter(), time.process_time()
        images = np.memmap(file, np.uint8, "r", shape=(n, 28, 28))
        data = aae.data.from_arrays(images, np.arange(n) % 10, validation=10_000, test=10_000)
        trainer = aae.Trainer(aae.AAE(data.image_shape, seed=0), data, device="cpu")
        trainer.run(steps=1, progress=False)
        passed, worked = time.perf_counter() - begun, time.process_time() - at_work
        print(f"first step after {passed:.0f} s, {worked:.0f} s of the processor: {held()}")
        trainer.run(steps=2000, progress=False)
        print(f"2000 steps later: {held()}")
        trainer.run(steps=1, folder=Path(folder, "run"), progress=False)
        print(f"saved, with the fingerprint of all images: {held()}")
        aae.metrics.compare(trainer.model, data.test)
        print(f"compared: {held()}")


if __name__ == "__main__":
    main()
