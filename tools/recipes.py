"""Which recipe lets the categories settle: python tools/recipes.py EXPERIMENT ..., writes results/recipes-NAME.json.

    python tools/recipes.py 100 all         train; a GPU takes two minutes for the first
    python tools/recipes.py 100 --draw      draw docs/images/recipes-100.png from what is stored

Each experiment trains the small networks of a task by several recipes, with several draws of the labels and starting
weights, all at once as one sweep, and notes the error on the *validation* images on the way. Test images are never
looked at here. `--steps 40 --hidden 32` tries it anywhere.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aae_lib as aae
from aae_lib.files import write_whole
from aae_lib.metrics.classes import classification_error, cluster_error
from aae_lib.paper.machine import machine, versions
from aae_lib.paper.reproduce import prepare
from aae_lib.paper.tasks import TASKS, UNSUPERVISED

RESULTS = Path(__file__).resolve().parents[1] / "results"
LOOKS = 20  # at the validation images
WAITS = ("y_game_from", "y_reconstructs_from", "virtual_from")  # in steps


@dataclass
class Variant:
    """Changes to the task's recipe: arguments of the model, and weights of phases."""

    arguments: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)


@dataclass
class Experiment:
    """Of one task, by its small recipe; `seeds` draws of each variant; `pictured`: titles of those that are drawn."""

    task: str
    variants: dict[str, Variant]
    seeds: int = 5
    pictured: dict[str, str] = field(default_factory=dict)


def waiting(game: int, reconstructs: int, virtual: int | None = None, length: float = 2.0) -> Variant:
    """When the game for y, the reconstruction through y, and the virtual neighbours begin."""
    arguments = {"y_game_from": game, "y_reconstructs_from": max(reconstructs, 1)}
    if virtual is None:  # all members of a sweep have the same phases
        return Variant(arguments | {"virtual": 2.0, "virtual_from": 0}, {"virtual": 0.0})
    return Variant(arguments | {"virtual": length, "virtual_from": virtual})


Z = ("reconstruction", "generator")  # what pulls at the encoder for the sake of z

EXPERIMENTS = {
    "100": Experiment(
        "semi-supervised-100",
        {
            "all from the start": waiting(0, 0),
            "y 1,000": waiting(1000, 0),
            "y 3,300": waiting(3300, 0),
            "y 550, cut until 3,300": waiting(550, 3300),
            "y 550, cut until 3,300, virtual from 3,300": waiting(550, 3300, 3300),
            "y 550, cut until 3,300, virtual from 6,600": waiting(550, 3300, 6600),
            "y 1,000, virtual from 5,500": waiting(1000, 0, 5500),
            "y 550, cut until 3,300, virtual of 1 from 3,300": waiting(550, 3300, 3300, 1.0),
        },
        pictured={
            "all from the start": "All from the start",
            "y 550, cut until 3,300, virtual from 3,300": "The labels first",
        },
    ),
    "1000": Experiment(
        "semi-supervised-1000",
        {
            "as it was": Variant(),
            "reconstruction and the game for z at 0.1": Variant({}, dict.fromkeys(Z, 0.1)),
            "the game for y at 0.1 too": Variant({}, dict.fromkeys((*Z, "generator_y"), 0.1)),
        },
    ),
    "all": Experiment(
        "semi-supervised-all",
        {
            f"all but classification at {w:g}": Variant({}, dict.fromkeys(UNSUPERVISED, w))
            for w in (1.0, 0.3, 0.1, 0.03)
        },
        seeds=2,
    ),
    "clusters-16": Experiment(
        "clusters-16",
        {
            "as it was": Variant(),
            "virtual at 2": Variant({}, {"virtual": 2.0}),
            "virtual at 4": Variant({}, {"virtual": 4.0}),
            "noise and virtual at 2": Variant({}, {"virtual": 2.0, "consistency": 2.0}),
            "neighbours at a distance of 1": Variant({"virtual": 1.0}),
            "neighbours at a distance of 3": Variant({"virtual": 3.0}),
            "the game for y at 0.1": Variant({}, {"generator_y": 0.1}),
            "the game for y at 2": Variant({}, {"generator_y": 2.0}),
        },
    ),
    "map-20": Experiment(
        "map-20",
        {
            "as it was": Variant({"consistency": 0.5, "virtual": 2.0}, {"consistency": 0.0, "virtual": 0.0}),
            "noise, virtual": Variant({"consistency": 0.5, "virtual": 2.0}),
            "noise, virtual, r1_y of 0.1": Variant({"consistency": 0.5, "virtual": 2.0, "r1_y": 0.1}),
        },
    ),
    "map-100": Experiment(
        "map-100",
        {
            "as it was": waiting(0, 0),
            "virtual": waiting(0, 0, 0),
            "y 550, cut until 3,300, virtual from 3,300": waiting(550, 3300, 3300),
        },
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="+", choices=tuple(EXPERIMENTS), metavar="EXPERIMENT")
    parser.add_argument(
        "--steps", type=int, help="instead of the recipe's epochs, waits in proportion; then nothing is written"
    )
    parser.add_argument("--hidden", type=int, help="width of the layers, to try it")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--draw", action="store_true", help="only draw stored curves")
    options = parser.parse_args()
    if options.draw:
        if plain := [name for name in options.experiments if not EXPERIMENTS[name].pictured]:
            parser.error(f"no variant of {', '.join(plain)} is named to be drawn: say which in its `pictured`.")
        for name in options.experiments:
            print(draw(json.loads((options.out / f"recipes-{name}.json").read_text())))
        return 0
    data = aae.load("mnist")
    for name in options.experiments:
        found: dict[str, Any] = {}
        for found in run(EXPERIMENTS[name], data, options.steps, options.hidden, options.seeds):
            print(f"step {found['steps'][-1]}, {found['seconds']} s, {found['ms a step']} ms a step", flush=True)
            if options.steps is None:
                options.out.mkdir(parents=True, exist_ok=True)
                text = json.dumps({"experiment": name} | found, indent=1, ensure_ascii=False) + "\n"
                write_whole(options.out / f"recipes-{name}.json", text.encode())
        print(summary(found), flush=True)
    return 0


def run(
    experiment: Experiment, data: aae.data.Dataset, steps: int | None, hidden: int | None, seeds: int | None
) -> Iterator[dict[str, Any]]:
    """Train all variants with all seeds as one sweep; at each look, the validation errors so far."""
    task = TASKS[experiment.task]
    whole = task.small.steps(len(data.train))
    trainers, names = [], []
    for name, variant in experiment.variants.items():
        arguments = task.small.arguments | variant.arguments
        arguments |= {"hidden": (hidden, hidden)} if hidden else {}
        if steps:
            waits = {name: arguments[name] for name in WAITS if arguments.get(name)}
            arguments |= {name: max(1, round(wait * steps / whole)) for name, wait in waits.items()}
        recipe = replace(task.small, arguments=arguments)
        for seed in range(seeds or experiment.seeds):
            trainer = prepare(recipe, seed, data, steps=steps)
            trainer.weights.update(variant.weights)
            trainers.append(trainer)
            names.append((name, seed))
    total = steps or whole
    sweep = aae.Sweep(trainers)
    began = time.perf_counter()
    curves: dict[str, dict[int, list[float]]] = {name: {seed: [] for _, seed in names} for name, _ in names}
    looks = [round(total * (i + 1) / LOOKS) for i in range(LOOKS)]
    trained = 0.0
    for i, look in enumerate(looks):
        start = time.perf_counter()
        sweep.run(steps=look - trainers[0].steps, progress=False)
        trained += time.perf_counter() - start
        for (name, seed), trainer in zip(names, trainers, strict=True):
            curves[name][seed].append(round(error(trainer, task.measure, data), 2))
        yield {
            "task": experiment.task,
            "variants": {name: dataclasses.asdict(variant) for name, variant in experiment.variants.items()},
            "steps": looks[: i + 1],
            "validation error, %": curves,
            "members": len(trainers),
            "ms a step": round(1e3 * trained / look, 3),
            "seconds": round(time.perf_counter() - began, 1),
            "complete": look == looks[-1],
            "machine": machine(trainers[0].device),
            "versions": versions(),
        }


def error(trainer: aae.Trainer, measure: str, data: aae.data.Dataset) -> float:
    """In percent, on the validation images; clusters are named by the majority of the same images."""
    if measure == "classification":
        return 100 * classification_error(trainer.model, data.validation)
    return 100 * cluster_error(trainer.model, data.validation, data.validation, rule="majority")


def draw(found: dict[str, Any]) -> Path:
    """The curves of the pictured variants: a line a draw of the labels."""
    from aae_lib.plots import common

    curves, pictured = found["validation error, %"], EXPERIMENTS[found["experiment"]].pictured
    of_first = curves[next(iter(pictured))]
    worst = max(of_first, key=lambda seed: of_first[seed][-1])
    figure, axes = common.blank(len(pictured), figsize=(5.5 * len(pictured), 4.6))
    for ax, (name, title) in zip(axes, pictured.items(), strict=True):
        for seed, curve in curves[name].items():
            marked = seed == worst
            style = {"color": "#D55E00", "lw": 3, "zorder": 3} if marked else {"color": "#555555", "lw": 1.5}
            ax.semilogy(found["steps"], curve, label=f"draw {seed} of the labels" if marked else None, **style)
        for text, step in (("game for y", "y_game_from"), ("the rest", "y_reconstructs_from")):
            if (at := found["variants"][name]["arguments"][step]) > 1:
                ax.axvline(at, color="#555555", lw=1, ls=":")
                ax.text(at, 22, f" {text}", fontsize=common.SIZE - 2, va="top", color="#555555")
        ax.set_ylim(2, 25)
        ax.set_yticks([2, 3, 5, 10, 20], ["2 %", "3 %", "5 %", "10 %", "20 %"])
        ax.minorticks_off()
        ax.set_xlabel("steps")
        ax.legend(fontsize=common.SIZE, frameon=False, loc="upper right")
        common.title(ax, title)
    path = RESULTS.parent / "docs" / "images" / f"recipes-{found['experiment']}.png"
    figure.savefig(path)
    return path


def summary(found: dict[str, Any]) -> str:
    """The last errors as text."""
    lines = [f"{found['task']}: {found['members']} members, {found['ms a step']} ms a step, {found['seconds']} s"]
    for name, of in found["validation error, %"].items():
        last = [curve[-1] for curve in of.values()]
        middle = [curve[len(curve) // 2] for curve in of.values()]
        lines.append(f"  {name:50s} {sum(last) / len(last):6.2f}  {last}   half way {middle}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
