"""Reproduce the paper's table: python -m aae_lib reproduce TASK --size small|full.

Every seed is a run of its own, which goes on from its checkpoint after a kill. Its figures are written to
results/TASK.json when it ends, and results/README.md is rewritten from all of these: the paper's figure next to ours.
Figures are taken once, on the test split, after the last step: no step and no seed is picked.
"""

import dataclasses
import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..arguments import count, number, one_made_of, one_of, path, switch, takes, text
from ..arguments import seed as seed_kind
from ..data import Dataset, load
from ..files import write_whole
from ..priors import Prior
from ..training import CheckpointError, checkpoints
from ..training.devices import find_device, has_tf32
from ..training.sweep import Sweep
from ..training.trainer import Trainer
from .machine import machine, versions
from .tasks import TASKS, Recipe, Task

SIZES = ("small", "full")
A_TASK = one_made_of(Task, example='TASKS["style"]')
A_RECIPE = one_made_of(Recipe, example='TASKS["style"].small')
DATA = one_made_of(Dataset, example='load("mnist")')
SECONDS = number(least=0)


@takes(
    task=A_TASK, size=one_of(*SIZES), seeds=count(most=1000), data=DATA, results=path(), runs=path(), resume=switch(),
    progress=switch(), save_seconds=SECONDS, seconds=SECONDS, together=switch(),
)  # fmt: skip
def reproduce(
    task: Task,
    size: str,
    seeds: int,
    data: Dataset,
    *,
    results: Path = Path("results"),
    runs: Path = Path("runs/reproduce"),
    resume: bool = False,
    device: str = "auto",
    progress: bool = True,
    save_seconds: float = 30.0,
    seconds: float | None = None,
    together: bool = False,
) -> dict[str, Any]:
    """Train and measure `task` with seeds 0 to seeds - 1; what is in results/ already is kept.

    seconds   stop training after this long; `resume` continues from there
    together  train all missing seeds at once, as a sweep

    Returns what results/TASK.json holds for this size. Raises ValueError where figures or checkpoints are there and
    `resume` is False, where they were made by another recipe, where a file in results/ is damaged or foreign, or where
    an image is in two splits; before anything is trained.
    """
    began, recipe = time.monotonic(), getattr(task, size)
    data.check_disjoint()
    path = results / f"{task.name}.json"
    everything = stored(results, task).get(task.name, {})
    own = everything.get(size) or {"recipe": described(recipe, data.name), "seeds": []}
    done = {run["seed"] for run in own["seeds"]}
    if done and not resume:
        raise ValueError(f"{path} holds {size} figures of {len(done)} seed(s): --resume adds what is missing.")
    if own["recipe"] != described(recipe, data.name):
        raise ValueError(f"{path} was made by another recipe: move it away, or use the version that made it.")
    missing = [seed for seed in range(seeds) if seed not in done]
    folders = {seed: runs / f"{task.name}-{size}-{seed}" for seed in missing}
    for folder in folders.values():
        if checkpoints.exists(folder) and not resume:
            raise ValueError(f"{folder} holds a run that was cut short: --resume goes on with it.")
    groups = [missing] if together else [[seed] for seed in missing]
    for seed in (seed for group in groups[1:] for seed in group):  # the first is looked at as it begins
        if checkpoints.exists(folders[seed]):
            resumed(recipe, seed, data, folders[seed], device)
    options: dict[str, Any] = {"device": device, "progress": progress, "save_seconds": save_seconds}
    for group in groups:
        left = None if seconds is None else max(0.0, seconds - (time.monotonic() - began))
        for run in run_seeds(task, recipe, {seed: folders[seed] for seed in group}, data, seconds=left, **options):
            own["seeds"].append(run)
            everything |= {"task": task.name, size: own}
            results.mkdir(parents=True, exist_ok=True)
            write_whole(path, (json.dumps(everything, indent=1) + "\n").encode())
            write_table(results)
            # its figures are kept; the optimizers' state is large
            checkpoints.remove(folders[run["seed"]])
    return own


@takes(recipe=A_RECIPE, seed=seed_kind(), data=DATA, alone=text(), steps=count())
def prepare(
    recipe: Recipe,
    seed: int,
    data: Dataset,
    device: str | torch.device = "auto",
    alone: str | None = None,
    steps: int | None = None,
) -> Trainer:
    """The trainer of one seed: it decides the weights, the order of the images, and which labels are kept.

    alone  name of the one phase that is trained; None: all
    steps  length of its schedule; None: the recipe's epochs
    """
    import aae_lib

    data = few_labels(recipe, seed, data)
    model = getattr(aae_lib, recipe.model)(data.image_shape, seed=seed, **recipe.arguments)
    schedule = recipe.schedule(steps or recipe.steps(len(data.train)))
    phases = model.phases()
    if alone is not None:
        one_of(*(phase.name for phase in phases)).checked("alone", alone)
        # batch norm follows this phase, as there is no other
        phases = tuple(phase.replace(moves_statistics=True) for phase in phases if phase.name == alone)
    device = find_device(device)
    trainer = Trainer(
        model,
        data,
        phases=phases,
        seed=seed,
        batch_size=recipe.batch_size,
        schedule=schedule,
        device=device,
        precision="tf32" if has_tf32(device) else "fp32",
    )
    if alone is None:
        trainer.weights.update(recipe.weights)
    return trainer


def resumed(recipe: Recipe, seed: int, data: Dataset, folder: Path, device: str | torch.device) -> Trainer:
    """As `prepare`, at the checkpoint in the folder if there is one; ValueError if it is one of another recipe."""
    trainer = prepare(recipe, seed, data, device)
    if checkpoints.exists(folder):
        own = dict(trainer.weights)
        try:
            trainer.load(folder)
        except CheckpointError as error:
            raise ValueError(f"{folder} cannot be gone on with: {error} Remove it to begin anew.") from error
        if dict(trainer.weights) != own:
            raise ValueError(f"{folder} holds a run by another recipe (other weights): remove it to begin anew.")
    return trainer


def few_labels(recipe: Recipe, seed: int, data: Dataset) -> Dataset:
    """The data with the labels that the recipe keeps; the seed draws them."""
    if recipe.labels is None:
        return data
    return replace(data, train=data.train.keep_labels(recipe.labels, seed=seed))


@takes(task=A_TASK, recipe=A_RECIPE, data=DATA, progress=switch(), save_seconds=SECONDS, seconds=SECONDS)
def run_seeds(
    task: Task,
    recipe: Recipe,
    folders: Mapping[int, Path],
    data: Dataset,
    *,
    device: str = "auto",
    progress: bool = True,
    save_seconds: float = 30.0,
    seconds: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Train these seeds to the end together, going on from the checkpoints in `folders`; then the figures of each."""
    began = time.monotonic()
    trainers = [resumed(recipe, seed, data, folder, device) for seed, folder in folders.items()]
    total = trainers[0].minibatches.count(epochs=recipe.epochs)

    def options(seeds: int = 1) -> dict[str, Any]:
        left = None if seconds is None else max(0.0, seconds - (time.monotonic() - began))
        # as many checkpoints, as many times more seldom
        return {"progress": progress, "save_seconds": seeds * save_seconds, "seconds": left}

    furthest = max(trainer.steps for trainer in trainers) if len(trainers) > 1 else total
    # one alone to the end; of several, those that are behind: seeds that were added, or a kill between two saves
    for trainer in trainers:
        if trainer.steps < furthest:
            trainer.run(steps=furthest - trainer.steps, folder=folders[trainer.seed], **options())
    if furthest < total and all(trainer.steps == furthest for trainer in trainers):
        Sweep(trainers).run(steps=total - furthest, folders=list(folders.values()), **options(len(trainers)))
    if (done := min(trainer.steps for trainer in trainers)) < total:
        print(f"{task.name}: {done:,} of {total:,} steps done; --resume goes on from there.")
        return
    for trainer in trainers:
        start = time.monotonic()
        figures = MEASURES[task.measure](trainer, recipe, data)
        yield {
            "seed": trainer.seed,
            "figures": figures,
            "steps": trainer.steps,
            "train_s": round(float(trainer.history["seconds"].iloc[-1]), 1),
            "trained_together": len(trainers),
            "measure_s": round(time.monotonic() - start, 1),
            "machine": machine(trainer.device),
            "versions": versions(),
        }


# ---- the figures, in percent or nats ----


def _classification(trainer: Trainer, recipe: Recipe, data: Dataset) -> dict[str, float]:
    """Errors of the encoder, and of a supervised net of the same make and label spreading with the same labels."""
    from .. import metrics

    # few labels are learned within a thousand steps; all of them get the passes that the recipe has
    steps = trainer.steps if recipe.labels is None else min(trainer.steps, 2000)
    supervised = prepare(recipe, trainer.seed, data, trainer.device, alone="classification", steps=steps)
    few = few_labels(recipe, trainer.seed, data).train
    supervised.run(steps=steps, progress=False)
    return {
        "test error": 100 * metrics.classification_error(trainer.model, data.test),
        "validation error": 100 * metrics.classification_error(trainer.model, data.validation),
        "supervised net": 100 * metrics.classification_error(supervised.model, data.test),
        "label spreading": 100 * metrics.label_spreading_error(few, data.test),
    }


def _clusters(trainer: Trainer, recipe: Recipe, data: Dataset) -> dict[str, float]:
    """Errors by three rules, the clusters named by the validation images as in the paper; NMI and ARI."""
    from .. import metrics

    names = {"confident": "error, most confident", "majority": "error, majority", "hungarian": "error, one to one"}
    model = trainer.model
    errors = {
        text: 100 * metrics.cluster_error(model, data.validation, data.test, rule=rule) for rule, text in names.items()
    }
    agreement = metrics.cluster_agreement(model, data.test)
    return errors | {"NMI": 100 * agreement.nmi, "ARI": 100 * agreement.ari}


def _style(trainer: Trainer, recipe: Recipe, data: Dataset) -> dict[str, float]:
    """How well the class can be told from the style (guessing is best), and the usual three."""
    from .. import metrics

    table = metrics.compare(trainer.model, data)
    told = metrics.class_from_style(trainer.model, data.train, data.test)
    return {
        "class from style": 100 * told.accuracy,
        "guessing": 100 * told.chance,
        "squared error a pixel": float(table["value"]["reconstruction"]),
        "MMD": float(table["value"]["MMD"]),
    }


def _likelihood(trainer: Trainer, recipe: Recipe, data: Dataset) -> dict[str, float]:
    """Parzen window estimate from 10,000 samples, its width chosen on the validation images."""
    from .. import metrics

    generator = torch.Generator(trainer.device).manual_seed(trainer.seed)
    samples = trainer.model.sample(10_000, generator=generator).cpu()
    found = metrics.parzen_log_likelihood(samples, data.validation.images, data.test.images)
    return {
        "log-likelihood": found.mean,
        "standard error": found.standard_error,
        "bandwidth": found.bandwidth,
    }


MEASURES = {
    "classification": _classification,
    "clusters": _clusters,
    "map": _clusters,
    "style": _style,
    "likelihood": _likelihood,
}


# ---- what is written ----


def described(recipe: Recipe, data: str) -> dict[str, Any]:
    """The recipe as plain JSON, and the name of the data."""

    def plain(value: Any) -> Any:
        if isinstance(value, Prior):
            return value.description()
        return {"name": type(value).__name__, **dataclasses.asdict(value)}

    own = {f.name: getattr(recipe, f.name) for f in dataclasses.fields(recipe)}
    return json.loads(json.dumps({"data": data} | own, default=plain))


def stored(results: Path, *more: Task) -> dict[str, dict[str, Any]]:
    """What all results/TASK.json hold, by task; ValueError, with its name, for a file that `reproduce` has not written.

    more  tasks that are none of TASKS
    """
    found: dict[str, dict[str, Any]] = {}
    for name, task in (TASKS | {task.name: task for task in more}).items():
        path = results / f"{name}.json"
        if path.exists():
            content = path.read_bytes()
            try:
                found[name] = json.loads(content)
                _check(task, found[name])
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                raise ValueError(
                    f"{path} is damaged, or was not written by `aae_lib reproduce`: move it away."
                ) from error
    return found


def _check(task: Task, sizes: dict[str, Any]) -> None:
    """Raise some error unless all that is ever looked at is there."""
    there = [size for size in SIZES if size in sizes]
    if sizes["task"] != task.name or not there:
        raise ValueError
    for size in there:
        if not all(type(run["seed"]) is int for run in sizes[size]["seeds"]):
            raise ValueError
        _details(task, size, sizes[size])  # IndexError for no seeds
        _mean(sizes[size], task.figure, task.unit)


IDLE = 1200  # seconds that a seed of a small recipe takes at most, on a core that does nothing else
FIGURES = (
    "What the figures are, errors and shares in %:",
    "",
    "- *error, most confident*: a cluster is named after its surest validation image (the paper's rule); *majority*:",
    "  after most of them; *one to one*: each class names one cluster, so with 30 clusters at least 20 count as wrong;",
    "- *NMI*, *ARI*: how well clusters and classes agree, times 100 (`metrics.cluster_agreement`, lesson 10);",
    "- *supervised net*, *label spreading*: the errors of two others that are given the same labels;",
    "- *class from style*: how often the class can be read off the style; *guessing* would be best (lesson 8);",
    "- *log-likelihood*: of a test image, in nats, under 10,000 samples of width *bandwidth*;",
    "- *MMD*: of the codes and samples of the prior.",
    "",
    "Seconds on cuda with torch 2.11 are too small: a part of the waiting for the GPU was not counted then.",
    "",
)


@takes(results=path())
def write_table(results: Path) -> Path:
    """results/README.md from all results/TASK.json; ValueError where one of them is damaged or foreign."""
    found = stored(results)
    lines = [
        "# The paper's figures and ours",
        "",
        "Makhzani et al. 2015, *Adversarial Autoencoders* ([arXiv 1511.05644](https://arxiv.org/abs/1511.05644)), on",
        "MNIST. Mean ± standard deviation over seeds where there are several; every figure is of the last step, on the",
        "test images. *small* has narrower networks or fewer epochs, twenty minutes a seed on one idle core; *full*",
        "has the paper's networks, for long: two different things. (The ± of the paper's likelihood is probably the",
        "standard error over test images, as in the tables that it stands with; that of our runs is below.) Written by",
        "`python -m aae_lib reproduce TASK --size small|full --seeds N`.",
        "",
        "| task | figure | paper | small | full |",
        "|---|---|---:|---:|---:|",
    ]
    for task in TASKS.values():
        sizes = found.get(task.name, {})
        paper = "pictures only" if task.paper is None else _spread(*task.paper, task.unit)
        shown = [_mean(sizes.get(size), task.figure, task.unit) for size in SIZES]
        lines.append(f"| {task.title} | {task.figure} | {paper} | {shown[0]} | {shown[1]} |")
    lines += ["", "A dash: not run yet; *full* needs a GPU.", "", *FIGURES]
    for name, sizes in found.items():
        for size in SIZES:
            if size in sizes:
                lines += _details(TASKS[name], size, sizes[size])
    path = results / "README.md"
    write_whole(path, "\n".join(lines).encode())
    return path


def _details(task: Task, size: str, own: dict[str, Any]) -> list[str]:
    runs, recipe = own["seeds"], own["recipe"]
    names = list(runs[0]["figures"])
    lines = [f"## {task.title}: {size}", "", "| figure | " + " | ".join(f"seed {run['seed']}" for run in runs) + " |"]
    lines.append("|---|" + "---:|" * len(runs))
    lines += [f"| {name} | " + " | ".join(f"{run['figures'][name]:.4g}" for run in runs) + " |" for name in names]
    took = "; ".join(_took(alike, size) for alike in _alike(runs))
    lines += ["", f"{recipe['model']}, {recipe['epochs']} epochs, {took}. Differences from the paper:", ""]
    return [*lines, *(f"- {text}" for text in recipe["departures"]), ""]


def _alike(runs: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The runs of one machine, one PyTorch, and as many trained together."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        of = (*(run["machine"][key] for key in ("name", "device", "threads")), run["versions"]["torch"])
        groups.setdefault(repr((*of, run.get("trained_together", 1))), []).append(run)
    return list(groups.values())


def _took(runs: Sequence[dict[str, Any]], size: str) -> str:
    """The seconds of such runs, and where."""
    where, together = runs[0]["machine"], runs[0].get("trained_together", 1)
    seconds = sorted(run["train_s"] for run in runs)
    took = f"{seconds[0]:,.0f}" + (f" to {seconds[-1]:,.0f}" if seconds[-1] > 1.1 * seconds[0] else "")
    shared = "a seed" if together == 1 else f"for {together} seeds trained together"
    longer = seconds[-1] > 1.5 * seconds[0] or (size == "small" and seconds[-1] > IDLE)
    busy = ", which had other work too" if together == 1 and longer else ""
    machine = f"{where['name']}, {where['device']}, {where['threads']} thread(s)"
    return f"{took} s {shared} on {machine}{busy}, torch {runs[0]['versions']['torch']}"


def _mean(own: dict[str, Any] | None, figure: str, unit: str) -> str:
    if not own or not own["seeds"]:
        return "–"
    values = [run["figures"][figure] for run in own["seeds"]]
    spread = statistics.stdev(values) if len(values) > 1 else None
    return _spread(statistics.mean(values), spread, unit) + (" (1 seed)" if spread is None else "")


def _spread(mean: float, sd: float | None, unit: str) -> str:
    digits = 1 if unit == "nats" else 2
    return f"{mean:.{digits}f}{'' if sd is None else f' ± {sd:.{digits}f}'} {unit}"


def run_tasks(
    names: Sequence[str],
    size: str,
    seeds: int | None,
    *,
    data_dir: Path | None,
    steps: int | None,
    minutes: float | None = None,
    **options: Any,
) -> None:
    """The command: train and measure these tasks; with `steps`, only try that many steps and write nothing."""
    if steps is None:
        stored(options["results"])  # what is wrong there is told before the data are read
    data = load("mnist", folder=data_dir)
    end = None if minutes is None else time.monotonic() + 60 * minutes
    for name in names:
        seconds = None if end is None else max(0.0, end - time.monotonic())
        task = TASKS[name]
        if steps is not None:
            trainer = prepare(getattr(task, size), 0, data, options.get("device", "auto"))
            history = trainer.run(steps=steps)
            took = history["seconds"].iloc[-1]
            print(f"{name}, {size}: {steps} steps in {took:.1f} s; nothing written.")
            print(history.drop(columns="seconds").iloc[[-1]].to_string(index=False))
            continue
        own = reproduce(task, size, seeds or (1 if size == "small" else 5), data, seconds=seconds, **options)
        print(f"{name}, {size}: {task.figure} {_mean(own, task.figure, task.unit)}")
