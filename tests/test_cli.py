import json
import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import aae_lib as aae
from aae_lib.cli import main
from aae_lib.cli.program import kept, parser
from aae_lib.training import checkpoints
from aae_lib.training.checkpoints.files import INDEX
from tests.conftest import without

pytestmark = pytest.mark.slow

SMALL = ["--dataset", "digits", "--hidden", "32", "32", "--steps", "60"]


def command(*arguments, **options):
    return [sys.executable, "-m", "aae_lib", *map(str, arguments)]


def steps_saved(folder):
    """Steps of the last checkpoint there, written by another process at this moment; 0 if there is none."""
    index = folder / INDEX
    return json.loads(index.read_text())["steps"] if index.exists() else 0


def test_train_writes_checkpoint_history_figures_and_pictures(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), *SMALL[2:]]) == 0
    assert checkpoints.read_index(tmp_path)["made of"]["data"]["name"] == "mini_mnist"  # the default
    assert checkpoints.load_model(tmp_path).latent_dim == 2
    history = pd.read_csv(tmp_path / "history.csv")
    assert list(history["step"]) == list(range(1, 61))
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert f"{figures['reconstruction']['value']:.6f}" in capsys.readouterr().out
    for name in ("latent", "samples", "reconstructions", "losses"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_ring_with_labels_sample_and_compare(tmp_path, capsys):
    out = tmp_path / "ring"
    assert main(["train", "--prior", "ring", "--labels", "500", "--out", str(out), *SMALL]) == 0
    model = checkpoints.load_model(out)
    assert model.classes == 10
    assert model.prior.classes == 10
    assert main(["sample", str(out), "--n", "9", "--out", str(tmp_path / "nine.png")]) == 0
    assert (tmp_path / "nine.png").stat().st_size > 1000
    assert main(["sample", str(model.save(tmp_path / "file" / "ring.safetensors"))]) == 0
    assert (tmp_path / "file" / "samples.png").stat().st_size > 1000
    capsys.readouterr()
    assert main(["compare", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "60 steps" in printed
    assert "MMD" in printed


def test_a_killed_run_resumes_and_ends_as_if_it_had_not_been_killed(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    options = ["--dataset", "digits", "--hidden", 32, 32, "--steps", 400]
    process = subprocess.Popen(
        command("train", "--out", killed, "--save-seconds", 0.05, *options), stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not steps_saved(killed) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    at = checkpoints.read_index(killed)["steps"]
    assert 0 < at < 400
    resumed = subprocess.run(
        command("train", "--out", killed, "--resume", *options), capture_output=True, text=True, check=True
    )
    assert re.search(rf"resuming .* at step {at} of 400", resumed.stdout)
    assert main(["train", "--out", str(whole), *map(str, options)]) == 0
    first, second = checkpoints.load_model(killed), checkpoints.load_model(whole)
    assert all(a.equal(b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "nowhere"], "there is no checkpoint in nowhere"),
        (["compare", "nowhere"], "there is no checkpoint in nowhere"),
    ],
)
def test_a_run_that_is_not_there_gets_a_sentence_and_nothing_is_written(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "runs").exists()


def test_a_run_is_never_overwritten_and_a_changed_setting_on_resume_is_named(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), *SMALL]) == 0
    assert main(["train", "--out", str(tmp_path), *SMALL]) == 1
    assert "add --resume to go on" in capsys.readouterr().err
    other = ["--dataset", "digits", "--hidden", "16", "16", "--steps", "60"]
    assert main(["train", "--out", str(tmp_path), "--resume", *other]) == 1
    assert "model.hidden was [32, 32], is [16, 16]" in capsys.readouterr().err


def test_a_fault_is_one_write_so_that_two_processes_of_a_job_do_not_share_a_line(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=written.append, flush=lambda: None, isatty=lambda: False))
    assert main(["sample", str(tmp_path / "missing")]) == 1
    (line,) = written
    assert line.startswith("aae_lib: ")
    assert line.index("\n") == len(line) - 1


def test_doctor_passes_here():
    here = subprocess.run(command("doctor"), capture_output=True, text=True)
    assert here.returncode == 0, here.stdout
    assert "ready" in here.stdout


def test_doctor_runs_without_torch_and_exits_non_zero_with_the_cure(tmp_path):
    told = subprocess.run(command("doctor"), capture_output=True, text=True, env=without(tmp_path, "torch"))
    assert told.returncode == 1
    assert re.search(r"FAULT +torch: not installed\n +-> make lab", told.stdout)
    assert "Traceback" not in told.stderr


def test_a_bare_server_trains_and_doctor_only_warns(tmp_path):
    """Neither Jupyter nor what downloads: as on many a GPU server, with the code by PYTHONPATH."""
    lacking = ("jupyterlab", "ipywidgets", "ipykernel", "IPython", "anywidget", "traitlets", "pooch", "platformdirs")
    environment = without(tmp_path, *lacking, "pythae", "voila", "nbformat")
    for name in ("AAE_DATA_DIR", "AAE_CACHE_DIR"):
        environment.pop(name, None)

    def run(*arguments):
        return subprocess.run(command(*arguments), capture_output=True, text=True, env=environment)

    told = run("doctor")
    assert told.returncode == 0
    assert len(re.findall(r"warning +\w+: not installed", told.stdout)) == 5
    assert "MNIST: not here yet" in told.stdout
    assert run("train", "--out", tmp_path / "run", "--steps", "20").returncode == 0
    refused = run("train", "--dataset", "mnist", "--out", tmp_path / "other")
    assert refused.returncode == 1
    assert "which downloads need, is not installed: put mnist/" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_doctor_names_each_fault_with_its_cure(monkeypatch, capsys):
    from importlib import metadata

    from aae_lib.course import doctor

    version = metadata.version

    def without_scipy(name):
        if name == "scipy":
            raise metadata.PackageNotFoundError(name)
        return "1.0" if name == "pandas" else version(name)

    monkeypatch.setattr(metadata, "version", without_scipy)
    assert doctor.report() == 1
    printed = capsys.readouterr().out
    assert re.search(r"FAULT +scipy: not installed\n +-> make lab", printed)
    assert re.search(r"warning +pandas: 1.0; the course was tested with", printed)
    assert "1 fault(s)" in printed
    assert doctor.python((3, 11, 4)).state == "fault"
    assert doctor.python((3, 11, 5)).state == "ok"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["--model", "supervised"], "SupervisedAAE"),
        (["--model", "semi-supervised", "--labels", "50", "--latent-dim", "4"], "SemiSupervisedAAE"),
        (["--model", "cluster", "--categories", "13"], "ClusterAAE"),
        (["--model", "map", "--categories", "13"], "MapAAE"),
        (["--model", "map", "--labels", "50"], "MapAAE"),
    ],
)
def test_models_with_a_category_train_resume_sample_and_compare(tmp_path, capsys, options, kind):
    out = tmp_path / "run"
    assert main(["train", *options, "--out", str(out), *SMALL]) == 0
    assert main(["train", *options, "--out", str(out), "--resume", *SMALL[:-1], "70"]) == 0
    assert "at step 60 of 70" in capsys.readouterr().out
    index = checkpoints.read_index(out)
    assert index["steps"] == 70
    assert index["made of"]["model"]["class"] == kind
    model = checkpoints.load_model(out)
    assert model.categories == (13 if "13" in options else 10)
    assert main(["sample", str(out), "--n", "20", "--out", str(tmp_path / "samples.png")]) == 0
    assert main(["compare", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "reconstruction" in printed
    assert ("class error" in printed) == ("--labels" in options)
    assert ("cluster error" in printed) == ("13" in options)


def test_options_of_other_models_are_refused(tmp_path, capsys):
    for options, words in (
        (["--model", "ae", "--categories", "12"], "--model ae has none"),
        (["--model", "cluster", "--labels", "50"], "--model cluster cannot use a part"),
        (["--model", "supervised", "--labels", "50"], "--model supervised cannot use a part"),
        (["--model", "semi-supervised", "--labels", "5"], "keep_labels(5) is not possible"),
        (["--model", "semi-supervised", "--labels", "5000"], "ask for 10 to 1300"),
        (["--model", "semi-supervised", "--labels", "50", "--categories", "5"], "categories=5 they run from 0 to 4"),
        (["--model", "cluster", "--categories", "1"], "--categories must be a whole number from 2 to"),
        (["--model", "map", "--latent-dim", "3", "--prior", "ring"], "must be 2, not 3"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["train", "--out", str(tmp_path / "no"), *SMALL, *options])
        assert words in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(("columns", "shape"), [(1, (1,)), (2, (2,)), (None, (4, 8, 8))])
def test_samples_that_no_picture_can_show_are_told_and_the_rest_is_written(tmp_path, capsys, columns, shape):
    draw = np.random.default_rng(0)
    if columns:
        file = tmp_path / "table.csv"
        pd.DataFrame(draw.normal(size=(300, columns)), columns=list("ab")[:columns]).to_csv(file, index=False)
    else:
        file = tmp_path / "pictures.npz"
        np.savez(file, images=draw.random((300, *shape)))
    out = tmp_path / "out"
    given = ["--hidden", "8", "--steps", "3", "--device", "cpu"]
    assert main(["train", "--dataset", str(file), *given, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert f"no pictures of samples: {shape} is neither an image nor a vector of 3 or more" in told
    assert "2 pictures" in told
    assert {path.name for path in out.glob("*.png")} == {"latent.png", "losses.png"}


def test_an_interrupted_reproduction_says_what_is_kept(tmp_path):
    options = parser().parse_args(["reproduce", "style", "--runs", str(tmp_path)])
    assert kept(options) == "Nothing of the run under way was saved."
    data = aae.load("digits")
    trainer = aae.Trainer(aae.AE(data.image_shape, hidden=(8,), seed=0), data, device="cpu")
    trainer.save(tmp_path / f"style-{options.size}-0")
    assert kept(options) == "Finished seeds and the last checkpoint are kept: --resume goes on from there."
