"""The paper's table: recipes that can be built, runs that survive a kill, figures that are never mixed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

import aae_lib as aae
from aae_lib import metrics
from aae_lib.cli import main
from aae_lib.paper import reproduce as lib
from aae_lib.paper.tasks import TASKS, Recipe, Task
from aae_lib.training import checkpoints
from tests.test_cli import steps_saved

pytestmark = pytest.mark.slow

TINY = Recipe("SemiSupervisedAAE", {"hidden": (32, 32), "latent_dim": 4}, epochs=2, labels=50, departures=("tiny",))
LONGER = replace(TINY, epochs=3)
FEW = Task("semi-supervised-100", "few labels", "classification", "test error", "%", (1.9, 0.1), TINY, LONGER)


@pytest.fixture
def run(digits, tmp_path):
    def call(task=FEW, size="small", seeds=1, data=digits, **options):
        folders = {"results": tmp_path / "results", "runs": tmp_path / "runs"}
        return lib.reproduce(task, size, seeds, data, **folders, progress=False, **options)

    return call


def test_figures_are_those_of_the_model_after_the_last_step(run, digits, tmp_path):
    own = run()
    trainer = lib.prepare(TINY, 0, digits)
    trainer.run(epochs=2, progress=False)
    figures = own["seeds"][0]["figures"]
    assert figures["test error"] == 100 * metrics.classification_error(trainer.model, digits.test)
    assert own["seeds"][0]["steps"] == 26
    kept = trainer.data.train.labels
    assert int((kept >= 0).sum()) == 50
    assert kept[kept >= 0].bincount().tolist() == [5] * 10
    assert 0 < figures["supervised net"] < 95
    assert 0 < figures["label spreading"] < 40
    assert own == json.loads((tmp_path / "results" / "semi-supervised-100.json").read_text())["small"]


def test_small_and_full_stand_apart_beside_the_papers_figure(run, tmp_path):
    small, full = run(seeds=2), run(size="full", resume=True)
    values = [seed["figures"]["test error"] for seed in small["seeds"]]
    table = (tmp_path / "results" / "README.md").read_text()
    (row,) = (line for line in table.splitlines() if line.startswith("| semi-supervised, 100 labels |"))
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    mean, sd = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    assert cells[2] == "1.90 ± 0.10 %"
    assert cells[3] == f"{mean:.2f} ± {sd:.2f} %"
    assert cells[4] == f"{full['seeds'][0]['figures']['test error']:.2f} % (1 seed)"
    assert "- tiny" in table
    assert "| clustering, 16 clusters | error, most confident | 9.55 ± 2.05 % | – | – |" in table


def test_seconds_of_two_machines_are_told_apart(run, tmp_path):
    path = tmp_path / "results" / "semi-supervised-100.json"
    run()
    stored = json.loads(path.read_text())
    (alone,) = stored["small"]["seeds"]
    card = {"name": "a card", "device": "cuda", "threads": 1}
    others = {"train_s": 30.0, "trained_together": 2, "machine": card, "versions": {"torch": "2.0"}}
    stored["small"]["seeds"] = [alone | {"train_s": 100.0}, alone | others | {"seed": 1}, alone | others | {"seed": 2}]
    path.write_text(json.dumps(stored))
    text = lib.write_table(tmp_path / "results").read_text()
    of_one = f"100 s a seed on {alone['machine']['name']}, cpu, 1 thread(s), torch {alone['versions']['torch']}"
    assert f"{of_one}; 30 s for 2 seeds trained together on a card, cuda, 1 thread(s), torch 2.0. Diff" in text


def test_what_is_there_is_kept_and_another_recipe_is_refused(run, tmp_path):
    first = run()
    with pytest.raises(ValueError, match="--resume adds what is missing"):
        run()
    again = run(seeds=2, resume=True)
    assert again["seeds"][0] == first["seeds"][0]
    assert [seed["seed"] for seed in again["seeds"]] == [0, 1]
    with pytest.raises(ValueError, match="made by another recipe"):
        run(replace(FEW, small=replace(TINY, epochs=5)), resume=True)
    assert not list((tmp_path / "runs").glob("*"))


def test_images_in_two_splits_are_refused_before_training(run, digits, tmp_path):
    with pytest.raises(ValueError, match="are both in train and in test"):
        run(data=replace(digits, train=digits.test))
    assert not (tmp_path / "results").exists()


def test_a_killed_run_goes_on_and_ends_with_the_same_figures(run, tmp_path):
    long = replace(FEW, small=replace(TINY, epochs=20))
    script = f"""
from pathlib import Path
import torch
torch.set_num_threads(1)
import aae_lib as aae
from aae_lib.paper import reproduce
from tests.test_reproduce import FEW, TINY, replace
folders = {{"results": Path({str(tmp_path / "results")!r}), "runs": Path({str(tmp_path / "runs")!r})}}
task = replace(FEW, small=replace(TINY, epochs=20))
reproduce.reproduce(task, "small", 1, aae.load("digits"), **folders, progress=False, save_seconds=0.05)
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    folder, end = tmp_path / "runs" / "semi-supervised-100-small-0", time.monotonic() + 300
    while not steps_saved(folder) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < checkpoints.read_index(folder)["steps"] < 260
    with pytest.raises(ValueError, match="was cut short: --resume goes on with it"):
        run(long)
    resumed = run(long, resume=True)["seeds"][0]
    for path in (tmp_path / "results").iterdir():
        path.unlink()
    whole = run(long)["seeds"][0]
    assert resumed["figures"] == whole["figures"]
    assert resumed["steps"] == whole["steps"] == 260


def test_seeds_trained_together_give_the_figures_of_single_runs(run, tmp_path):
    alone = run(seeds=3)["seeds"]
    for path in (tmp_path / "results").iterdir():
        path.unlink()
    together = run(seeds=3, together=True)["seeds"]
    assert [one["trained_together"] for one in together] == [3, 3, 3]
    for one, other in zip(alone, together, strict=True):
        assert other["seed"] == one["seed"]
        # rounding may tip an image that lies between two classes
        assert other["figures"]["test error"] == pytest.approx(one["figures"]["test error"], abs=1.5)
        assert other["figures"]["supervised net"] == one["figures"]["supervised net"]


def test_a_run_stopped_by_the_clock_goes_on(run, tmp_path, capsys):
    long = replace(FEW, small=replace(TINY, epochs=30))
    assert run(long, seeds=2, together=True, seconds=0.5)["seeds"] == []
    assert "--resume goes on" in capsys.readouterr().out
    assert not (tmp_path / "results").exists()
    steps = [checkpoints.read_index(tmp_path / "runs" / f"semi-supervised-100-small-{s}")["steps"] for s in (0, 1)]
    assert 0 < steps[0] == steps[1] < 390
    with pytest.raises(ValueError, match="by another recipe"):
        run(replace(long, small=replace(long.small, weights={"generator": 0.1})), seeds=2, together=True, resume=True)
    done = run(long, seeds=2, together=True, resume=True)["seeds"]
    assert [one["steps"] for one in done] == [390, 390]


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("size", ["small", "full"])
def test_every_recipe_can_be_built_and_takes_a_step(task, size, digits):
    recipe = getattr(task, size)
    thin = {name: (16, 16) for name in ("hidden",)}
    recipe = replace(recipe, arguments={**recipe.arguments, **thin})
    if recipe.labels is not None:
        recipe = replace(recipe, labels=min(recipe.labels, len(digits.train)))
    trainer = lib.prepare(recipe, 0, digits)
    trainer.run(steps=1, progress=False)
    assert dict(trainer.weights) == dict.fromkeys(trainer.weights, 1.0) | dict(recipe.weights)
    assert task.paper is None or task.paper[0] > 0
    assert recipe.departures
    described = lib.described(recipe, digits.name)
    assert described == json.loads(json.dumps(described))


@pytest.mark.parametrize("name", ["clusters-16", "map-20", "style", "likelihood"])
def test_every_measure_gives_the_figure_of_its_row(name, digits, tmp_path):
    task = TASKS[name]
    recipe = replace(task.small, arguments={**task.small.arguments, "hidden": (16, 16)}, epochs=1)
    (own,) = lib.run_seeds(task, recipe, {0: tmp_path}, digits, progress=False)
    assert task.figure in own["figures"]
    assert all(isinstance(value, float) for value in own["figures"].values())


def test_full_has_the_papers_networks_and_noise():
    width = {"clusters": 3000, "map": 3000}
    for name, task in TASKS.items():
        units = width.get(name.split("-")[0], 1000)
        assert task.full.arguments["hidden"] == (units, units)
    model = aae.SemiSupervisedAAE((1, 28, 28), **TASKS["semi-supervised-100"].full.arguments)
    assert (model.input_noise, model.latent_dim) == (0.3, 10)
    x = torch.rand(3, 1, 28, 28)
    loss = model.image_loss(torch.zeros(3, 1, 28, 28), x)
    assert loss.item() == pytest.approx(float(((x - 0.5) ** 2).sum() / 6), rel=1e-5)


def test_the_command_lists_tasks_and_refuses_others(capsys):
    assert main(["reproduce"]) == 0
    assert "clusters-30" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["reproduce", "nonsense"])
    assert "there is no task nonsense" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["reproduce", "style", "--seeds", "0"])
    assert "--seeds must be a whole number from 1 to" in capsys.readouterr().err


def test_a_checkpoint_of_another_recipe_is_told_before_anything_is_trained(run, digits, tmp_path):
    other = replace(TINY, arguments={**TINY.arguments, "hidden": (8, 8)})
    lib.prepare(other, 1, digits).save(tmp_path / "runs" / f"{FEW.name}-small-1")
    with pytest.raises(ValueError, match=r"-small-1 cannot be gone on with: .*hidden.* Remove it to begin anew"):
        run(seeds=2, resume=True)
    assert not (tmp_path / "results").exists()


def test_seeds_that_are_added_to_a_sweep_catch_up_within_the_time_and_are_saved(digits, tmp_path):
    folders = {seed: tmp_path / str(seed) for seed in (0, 1)}
    first = lib.prepare(TINY, 0, digits)
    first.run(steps=20, folder=folders[0], progress=False)
    assert list(lib.run_seeds(FEW, TINY, folders, digits, progress=False, seconds=0.0)) == []
    late = checkpoints.read_index(folders[1])["steps"] if checkpoints.exists(folders[1]) else 0
    assert late < 20  # no time was left
    assert checkpoints.read_index(folders[0])["steps"] == 20
    found = list(lib.run_seeds(FEW, TINY, folders, digits, progress=False))
    assert [run["seed"] for run in found] == [0, 1]
    assert {checkpoints.read_index(folder)["steps"] for folder in folders.values()} == {26}
