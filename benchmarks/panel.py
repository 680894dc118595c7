"""The live panel in a real browser: how soon a slider acts, what pictures cost: `python benchmarks/panel.py [--quick]`.

Writes results/panel.json and the table in benchmarks/README.md. Needs a browser (Chromium).
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from aae_lib.paper.machine import versions
from bench import described, store, this_machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from jupyter_browser.pages import CHROMIUM, Notebook, Shown, find_browser, until
from jupyter_browser.servers import Server

BEGIN, END = "<!-- table: written by panel.py -->", "<!-- end of panel table -->"
KEY = "weights.generator"

# The cells of the notebook. Clocks: Date.now() in the page and time.time() in the kernel are one machine's.
IMPORTS = """
import os, sys, threading, time
import torch, aae_lib as aae, aae_lib.live, matplotlib.backends.backend_agg, anywidget
import psutil
data = aae.load("digits")
parts = (data.train, data.validation, data.test)
every = aae.data.Split(torch.cat([p.images for p in parts]), torch.cat([p.labels for p in parts]))  # 1,797
bare = psutil.Process().memory_info().rss
"""
PANEL = """
started = time.time()
model = aae.AAE(data.image_shape, latent_dim=2, seed=0)
trainer = aae.Trainer(model, data, seed=0, device="cpu")
panel = aae.live.Panel(trainer, show=every, max_steps=1_000_000)
panel
"""
OTHER = """
import pathlib
other = aae.Trainer(aae.AAE(data.image_shape, latent_dim=2, seed=1), data, seed=1, device="cpu")
pathlib.Path("busy").touch()
while pathlib.Path("busy").exists():
    other.step()
"""
WATCH = """
run, widget = panel.training.runs[0], panel._widget
used, sizes = [], []  # (time, generator weight) of each step that used another one; bytes of each picture
begin, send = run._begin, widget.send

def watched_begin():
    begin()
    weight = run.uses["weights"]["generator"]
    if not used or used[-1][1] != weight:
        used.append((time.time(), weight))

def watched_send(content, buffers=()):
    if content["kind"] == "frame" and not content["full"]:
        sizes.append(len(str(content)) + sum(map(len, buffers)))
    send(content, buffers)

run._begin, widget.send = watched_begin, watched_send
full_show = panel.training.show

drawing, paces = panel.training._drawing, []
cost = drawing._cost

def measure(pictures, seconds):
    global cost
    panel.training.show = full_show if pictures else lambda full: None
    drawing._cost = cost  # which the turn before, without pictures, has forgotten
    panel.training.answer(shown=True)  # the pictures thrown away in the turn before are not waited for
    time.sleep(0.3)
    start, steps = time.perf_counter(), trainer.steps
    time.sleep(seconds)
    paces.append((trainer.steps - steps) / (time.perf_counter() - start))
    if pictures:
        cost = drawing._cost

def pace(pictures, seconds):
    'Take steps a second while pictures are drawn and sent, or not; in a thread, so that the page is heard meanwhile.'
    threading.Thread(target=measure, args=(pictures, seconds)).start()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short: does it run? The figures say little")
    quick = parser.parse_args().quick
    if not find_browser():
        print("panel.py: no Chromium was found, so the live panel is not measured.")
        return
    machine = this_machine()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM)
        with Server(Path(folder) / "lab", more={"OMP_NUM_THREADS": "1"}) as server:
            server.write("panel", [IMPORTS])
            notebook = Notebook(chromium, server, "panel")
            notebook.open()
            figures = measure(notebook, 8 if quick else 60, 2 if quick else 30, 1.0)
            notebook.close()
        chromium.close()
    if quick:
        print(json.dumps(figures, indent=1))
        return
    about = {"machine": machine, "versions": versions("anywidget", "ipykernel", "jupyterlab")}
    result = {"command": "python benchmarks/panel.py", **about, **figures}
    store(result, "panel.json", table(result), BEGIN, END)


def measure(notebook: Notebook, moves: int, rounds: int, seconds: float) -> dict[str, Any]:
    """All figures of one session, in the order in which a person would meet them."""
    page = notebook.page
    notebook.run_all()
    page.evaluate("""() => {  // when does the first picture appear?
        new MutationObserver(() => {
            const panel = document.querySelector('.aae-panel')
            if (panel && +panel.dataset.frames > 0) window.firstPicture ??= Date.now()
        }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-frames']})
    }""")
    notebook.add(PANEL)
    first = until(lambda: page.evaluate("() => window.firstPicture ?? 0"), "the first picture") / 1000
    first -= notebook.kernel("started")
    panel = Shown(page)
    for overlay in ("surface", "arrows", "images"):
        switch = panel.root.locator(f'[data-do="overlay-{overlay}"]')
        if not switch.is_checked():
            switch.check()
    notebook.add(WATCH)
    panel.play(steps=50)

    panel.slider(KEY).evaluate("""s => s.addEventListener('input', () => {
        window.moved = [Date.now() / 1000, (s.value - s.min) / (s.max - s.min)]
    })""")
    waits = slider_waits(notebook, moved(panel, moves))
    busy = notebook.server.folder / "busy"
    notebook.add(OTHER, wait=False)
    until(busy.exists, "another cell runs")
    moves_meanwhile = moved(panel, moves)
    busy.unlink()
    waits_meanwhile = slider_waits(notebook, moves_meanwhile)
    ratios, drawn = [], []
    for turn in range(rounds):  # short and many, either first: what else the machine does weighs little in the median
        steps = {}
        for pictures in (True, False) if turn % 2 else (False, True):
            frames, then = panel.frames, time.perf_counter()
            steps[pictures] = pace(notebook, pictures, seconds)
            if pictures:
                drawn.append((panel.frames - frames) / (time.perf_counter() - then))
        ratios.append(steps[True] / steps[False])
    pace(notebook, True, 1.0)
    memory = notebook.kernel("psutil.Process().memory_info().rss"), notebook.kernel("bare")
    sizes = notebook.kernel("sizes")
    return {
        "slider_to_step_s": spread(waits),
        "slider_to_step_while_a_cell_runs_s": spread(waits_meanwhile),
        "frames_per_second": {"median": statistics.median(drawn), "lowest": min(drawn)},
        "speed_with_pictures": {
            "median": statistics.median(ratios),
            "quartiles": [quantile(ratios, q) for q in (0.25, 0.75)],
            "pairs": rounds,
        },
        "bytes_a_frame": {"mean": statistics.mean(sizes), "largest": max(sizes)},
        "paint_ms": page.evaluate("() => document.querySelector('.aae-panel').__aae.paint_ms"),
        "first_picture_s": first,
        "kernel_mb": {"libraries": memory[1] / 2**20, "with_panel": memory[0] / 2**20},
        "points": notebook.kernel("[len(run.view.images), len(run.view.prior)]"),
    }


def pace(notebook: Notebook, pictures: bool, seconds: float) -> float:
    """Steps a second over some seconds, while pictures are drawn and sent, or not."""
    done = notebook.kernel("len(paces)")
    notebook.kernel(f"pace({pictures}, {seconds})")
    time.sleep(seconds)
    until(lambda: notebook.kernel("len(paces)") > done, "the turn ends")
    return notebook.kernel("paces[-1]")


def moved(panel: Shown, moves: int) -> list[tuple[float, float]]:
    """Move the slider so often; (when, weight) of each move's last input event."""
    made = []
    for i in range(moves):
        panel.drag(panel.slider(KEY), (0.1, 0.8, 0.3, 0.95, 0.5)[i % 5] + 0.01 * (i % 7 - 3))
        at, fraction = panel.page.evaluate("() => window.moved")
        made.append((at, 3 * fraction))
        until(lambda: abs(panel.uses[0]["weights"]["generator"] - made[-1][1]) < 0.005, "the slider is used")
    return made


def slider_waits(notebook: Notebook, made: list[tuple[float, float]]) -> list[float]:
    """Seconds from each of these moves to the trainer's first step with the weight it stands for."""
    return [
        notebook.kernel(f"next(t for t, w in used if abs(w - {weight}) < 0.005 and t > {at - 0.001})") - at
        for at, weight in made
    ]


def spread(waits: list[float]) -> dict[str, float]:
    return {"p50": statistics.median(waits), "p95": quantile(waits, 0.95), "moves": len(waits)}


def quantile(values: list[float], q: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(q * 100) - 1]


def table(result: dict[str, Any]) -> str:
    """The rows for benchmarks/README.md."""
    meanwhile = result["slider_to_step_while_a_cell_runs_s"]
    slider, frames, speed = result["slider_to_step_s"], result["frames_per_second"], result["speed_with_pictures"]
    sizes, memory = result["bytes_a_frame"], result["kernel_mb"]
    slow, (most, least) = 1 - speed["median"], (1 - ratio for ratio in speed["quartiles"])
    paint = statistics.median(result["paint_ms"])
    lines = [
        described(result),
        "",
        "| | measured | aim |",
        "|---|---:|---:|",
        f"| slider to the trainer's next step, 95% of {slider['moves']} moves | {slider['p95']:.3f} s | 0.25 s |",
        f"| the same while another cell trains another model | {meanwhile['p95']:.3f} s | 0.25 s |",
        f"| pictures a second, {result['points'][0]:,} + {result['points'][1]:,} points, all layers on | "
        f"{frames['median']:.1f} | 5 |",
        f"| slow-down of training by these pictures, median of {speed['pairs']} pairs of turns (middle half) | "
        f"{slow:.1%} ({least:.1%} to {most:.1%}) | 10% |",
        f"| a picture's size, mean (largest) | {sizes['mean'] / 1e3:.0f} ({sizes['largest'] / 1e3:.0f}) kB | 60 kB |",
        f"| painting it in the browser, median | {paint:.1f} ms | |",
        f"| first picture after the cell is run | {result['first_picture_s']:.2f} s | 2 s |",
        f"| memory of the kernel: libraries alone, with trainer and panel | {memory['libraries']:.0f} MB, "
        f"{memory['with_panel']:.0f} MB | |",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
