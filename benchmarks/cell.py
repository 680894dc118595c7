"""A cell next to a panel that trains: how much slower is it? And what arrows cost in play: `python benchmarks/cell.py`.

Prints, paired in turns: the cell's time next to a playing panel over its time alone, with the panel's thread giving way
and without; and the time of one picture's arrows, of a step, and the share of the time that arrows would take.
"""

import argparse
import statistics
import time

import torch
from IPython.core.interactiveshell import InteractiveShell

import aae_lib as aae
from aae_lib.live import Panel, drawing, training_thread
from aae_lib.live.scene import EVERY

CELLS = {
    "loop": "sum(i * i for i in range(10_000_000))",
    "numpy": "for _ in range(200_000): (numbers * 2).sum()",
    "training": "for _ in range(600): other.step()",
}


def trainer(seed: int = 0) -> aae.Trainer:
    data = aae.load("mini_mnist")
    model = aae.AAE(data.image_shape, latent_dim=2, prior=aae.priors.GaussianRing(10), seed=seed)
    return aae.Trainer(model, data, seed=seed, device="cpu")


def seconds(shell: InteractiveShell, code: str) -> float:
    begin = time.perf_counter()
    shell.run_cell(code, silent=True).raise_error()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    shell = InteractiveShell.instance()
    shell.user_ns.update(other=trainer(1), numbers=torch.ones(20).numpy())
    panel = Panel(trainer(), max_steps=10**9)
    give = training_thread.GIVE
    for name, code in CELLS.items():
        code = f"{code};"
        seconds(shell, code)
        slower: dict[float, list[float]] = {0.0: [], give: []}
        paces: dict[float, list[float]] = {0.0: [], give: []}
        for _ in range(rounds):
            alone = seconds(shell, code)
            for training_thread.GIVE in slower:
                panel.play()
                steps = panel.trainer.steps
                beside = seconds(shell, code)
                paces[training_thread.GIVE].append((panel.trainer.steps - steps) / beside)
                panel.pause()
                slower[training_thread.GIVE].append(beside / alone)
        for giving, ratios in slower.items():
            print(
                f"{name:9} alone {alone:.1f} s, next to a panel {'that gives way' if giving else 'that does not':14} "
                f"x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
                f"the panel {statistics.median(paces[giving]):.0f} steps/s",
                flush=True,
            )
    view, one = panel.training.runs[0].view, panel.trainer
    panel.stop()
    arrows, step = [], []
    for _ in range(20):
        begin = time.perf_counter()
        view.arrows()
        middle = time.perf_counter()
        for _ in range(10):
            one.step()
        arrows.append(middle - begin)
        step.append((time.perf_counter() - middle) / 10)
    cost, a_second = statistics.median(arrows), 1 / drawing.FRAME
    print(f"arrows {1e3 * cost:.1f} ms, a step {1e3 * statistics.median(step):.1f} ms")
    for every in (1, EVERY["arrows"]):
        print(f"  with every {every}. picture, at most {a_second / every:.1f} a second: {cost * a_second / every:.1%}")
    panel.close()


if __name__ == "__main__":
    main()
