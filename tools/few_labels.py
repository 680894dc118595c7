"""Error against number of labels, and what each phase is good for: results/few_labels.json, quoted by lesson 09.

    python tools/few_labels.py            runs what is not in the file yet: stop it and start it again as you like
    python tools/few_labels.py --fresh    all of it again (some 15 minutes on one core)

The error against the number of labels is on mini_mnist, by the lesson's recipe, which was chosen on the validation
images with 100 labels; the runs that lack something are on scikit-learn's digits, by a recipe chosen in the same way
with 50. Every error is on the test images, taken once, after the last step; a run that is judged on the validation
images says so. Seed s draws the labels that are kept, the starting weights and the batches.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

import aae_lib as aae
from aae_lib.files import write_whole
from aae_lib.metrics.classes import classification_error, cluster_error, label_spreading_error
from aae_lib.paper.machine import machine, versions

RESULTS = Path(__file__).resolve().parents[1] / "results" / "few_labels.json"
LABELS = (10, 20, 50, 100, 300, 1000, 5000)  # 5000: all of them
SEEDS = (0, 1, 2, 3, 4)
RECIPE = {
    "latent_dim": 8,
    "hidden": (128, 128),
    "discriminator_hidden": (64, 64),
    "batch_norm": True,
    "input_noise": 0.3,
    "r1": 1.0,
    "optimizer": aae.Adam(3e-3),
    "game_optimizer": aae.Adam(3e-3, beta1=0.5),
}
STEPS = 600
NOISE = (0.1, 0.3, 0.45)  # at the input of the supervised net
LABELS_FIRST = {"y_game_from": STEPS // 6, "y_reconstructs_from": STEPS // 2}

ABLATED = 50  # labels, for the runs that lack something
DIGITS = {"input_noise": 0.1, "optimizer": aae.Adam(), "game_optimizer": aae.Adam(beta1=0.5)}
TWENTY_FIRST = {"y_game_from": 60, "y_reconstructs_from": 180}  # for 20 labels of digits, drawn with seed 3
WITHOUT = {
    "the game for y": ("discriminator_y", "generator_y"),
    "the game for z": ("discriminator", "generator"),
    "both games": ("discriminator_y", "generator_y", "discriminator", "generator"),
    "reconstruction": ("reconstruction",),
    "reconstruction and the game for z": ("reconstruction", "discriminator", "generator"),
    "classification": ("classification",),
}
WITHOUT_OPTION = {
    "batch norm": {"batch_norm": False},
    "penalty": {"r1": None},
    "batch norm and penalty": {"batch_norm": False, "r1": None},
}


def trained(data: aae.data.Dataset, seed: int, without: tuple[str, ...] = (), **options):
    """A SemiSupervisedAAE, trained by the recipe with some phases left out."""
    model = aae.SemiSupervisedAAE(data.image_shape, seed=seed, **(RECIPE | options))
    phases = tuple(phase for phase in model.phases() if phase.name not in without)
    if "reconstruction" in without:  # batch norm follows the reconstruction; somebody else then has to lead it
        phases = (*phases[:-1], phases[-1].replace(moves_statistics=True))
    schedule = aae.Cosine(STEPS)
    aae.Trainer(model, data, seed=seed, device="cpu", schedule=schedule, phases=phases).run(steps=STEPS, progress=False)
    return model


def supervised(data: aae.data.Dataset, seed: int, **options):
    """The same encoder, the same labels: classification alone."""
    return trained(data, seed, ("reconstruction", *WITHOUT["both games"]), **options)


def few(data: aae.data.Dataset, n: int, seed: int) -> aae.data.Dataset:
    """n labels kept, evenly over the classes."""
    return replace(data, train=data.train.keep_labels(n, seed=seed))


def plan() -> dict[str, Callable[[], float]]:
    """Every run by its name, and what computes its error."""
    data, digits = aae.load("mini_mnist"), aae.load("digits")
    twenty = few(digits, 20, seed=3)
    runs = {}
    for seed in SEEDS:
        for n in LABELS:
            part = few(data, n, seed)
            runs[f"label spreading, {n} labels, seed {seed}"] = lambda d=part: label_spreading_error(d.train, d.test)
            for name, make in (("supervised net", supervised), ("semi-supervised AAE", trained)):
                runs[f"{name}, {n} labels, seed {seed}"] = lambda d=part, make=make, s=seed: classification_error(
                    make(d, s), d.test
                )
    for seed in SEEDS:
        part = few(data, 100, seed)
        runs[f"labels first, 100 labels, seed {seed}"] = lambda d=part, s=seed: classification_error(
            trained(d, s, **LABELS_FIRST), d.test
        )
        for noise in NOISE:
            runs[f"supervised net, noise {noise}, 100 labels, seed {seed}, on validation images"] = (
                lambda d=part, s=seed, x=noise: classification_error(supervised(d, s, input_noise=x), d.validation)
            )
        for name, options in (("all at once", {}), ("labels first", TWENTY_FIRST)):
            runs[f"digits, {name}, 20 labels, seed {seed}, on validation images"] = (
                lambda d=twenty, s=seed, o=DIGITS | options: classification_error(trained(d, s, **o), d.validation)
            )
    for seed in SEEDS:
        part = few(digits, ABLATED, seed)
        for name, make in (("supervised net", supervised), ("semi-supervised AAE", trained)):
            runs[f"digits, {name}, {ABLATED} labels, seed {seed}"] = lambda d=part, make=make, s=seed: (
                classification_error(make(d, s, **DIGITS), d.test)
            )
        for name, phases in WITHOUT.items():
            # without classification the categories have no names: the labelled images give each the majority's
            nameless = name == "classification"
            runs[f"digits, without {name}, {ABLATED} labels, seed {seed}"] = (
                lambda d=part, s=seed, w=phases, c=nameless: (
                    cluster_error(trained(d, s, w, **DIGITS), d.train, d.test, "majority")
                    if c
                    else classification_error(trained(d, s, w, **DIGITS), d.test)
                )
            )
        for name, options in WITHOUT_OPTION.items():
            lacking = DIGITS | options
            runs[f"digits, without {name}, {ABLATED} labels, seed {seed}"] = lambda d=part, s=seed, o=lacking: (
                classification_error(trained(d, s, **o), d.test)
            )
    return runs


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fresh", action="store_true", help="forget what the file holds")
    fresh = options.parse_args().fresh
    torch.set_num_threads(1)
    recipes = {"mini_mnist": RECIPE, "digits": RECIPE | DIGITS}
    about = {
        "recipe": json.loads(json.dumps(recipes, default=str)) | {"steps": STEPS, "schedule": "Cosine"},
        "machine": machine(),
        "versions": versions(),
    }
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() and not fresh else {"runs": {}}
    if stored["runs"] and stored["about"]["recipe"] != about["recipe"]:
        print("the file was made by another recipe: begin again with --fresh.", file=sys.stderr)
        return 1
    stored["about"] = about
    for name, compute in plan().items():
        if name in stored["runs"]:
            continue
        start = time.perf_counter()
        error = compute()
        stored["runs"][name] = {"error": round(error, 4), "seconds": round(time.perf_counter() - start, 1)}
        write_whole(RESULTS, (json.dumps(stored, indent=1, ensure_ascii=False) + "\n").encode())
        print(f"{name}: {error:.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
