"""`make gpu` where there is no GPU: what it says, what it takes for done, and what its tests need."""

import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import torch

import gpu as tool
from aae_lib.paper.reproduce import described
from aae_lib.paper.tasks import TASKS
from tests.conftest import without

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture
def gpu(tmp_path, monkeypatch):
    """tools/gpu.py, with a results folder of its own."""
    monkeypatch.setattr(tool, "RESULTS", tmp_path)
    return tool


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_it_says_so_and_writes_nothing():
    before = sorted((ROOT / "results").iterdir())
    run = subprocess.run([sys.executable, "tools/gpu.py", "tests"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 1
    assert "no CUDA device is found here" in run.stdout
    assert sorted((ROOT / "results").iterdir()) == before


def test_without_torch_it_asks_for_another_python(tmp_path):
    run = subprocess.run(
        [sys.executable, "tools/gpu.py"], capture_output=True, text=True, cwd=ROOT, env=without(tmp_path, "torch")
    )
    assert run.returncode == 1
    assert "make gpu PYTHON=" in run.stdout
    assert "Traceback" not in run.stderr


def test_a_task_is_done_with_five_seeds_of_todays_recipe_and_not_before(gpu):
    task = gpu.RESULTS / "style.json"
    now = {"recipe": described(TASKS["style"].full, "mnist")}
    for found, is_done in (
        ({"task": "style", "small": now | {"seeds": [{}] * 5}}, False),
        ({"task": "style", "full": now | {"seeds": [{}] * 4}}, False),
        ({"task": "style", "full": {"recipe": {}, "seeds": [{}] * 5}}, False),
        ({"task": "style", "full": now | {"seeds": [{}] * 5}}, True),
    ):
        task.write_text(json.dumps(found))
        assert gpu.done("full-style") is is_done
    assert not gpu.done("small-style")
    (gpu.RESULTS / "recipes-100.json").write_text(json.dumps({"complete": False}))
    assert not gpu.done("recipes-100")  # cut short


def test_tests_and_speeds_are_done_again_once_the_code_has_changed(gpu, tmp_path, monkeypatch):
    (gpu.RESULTS / "scale-cuda.json").write_text(json.dumps({"rows": []}))
    assert not gpu.done("bench")
    monkeypatch.setattr(gpu, "command", lambda part, minutes: [sys.executable, "-c", "print('measured')"])
    assert gpu.run("bench", 60)
    assert gpu.done("bench")
    assert not gpu.done("tests")
    monkeypatch.setattr(gpu, "code", lambda: "other code")
    assert not gpu.done("bench")


def test_what_failing_tests_say_is_kept_and_they_are_not_done(gpu, monkeypatch):
    monkeypatch.setattr("aae_lib.paper.machine.machine", lambda device: {"name": "a card"})
    monkeypatch.setattr(gpu, "command", lambda part, minutes: [sys.executable, "-c", "print('1 failed'); exit(1)"])
    assert not gpu.run("tests", 60)
    assert "1 failed" in gpu.record("tests").read_text()
    assert not gpu.done("tests")


LASTING = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the process in /proc")
def test_a_part_that_takes_too_long_is_stopped_with_its_workers_and_what_it_said_stays(gpu):
    failed, said = gpu.launched("profile", [sys.executable, "-c", LASTING], 3)
    assert failed
    assert "profile: stopped after 3 s" in said
    status = Path(f"/proc/{said.split()[1]}/status")
    until = time.monotonic() + 60
    while status.exists() and "State:\tZ" not in status.read_text():  # killed, and perhaps not yet collected
        assert time.monotonic() < until
        time.sleep(0.05)


def test_what_was_written_comes_back_as_one_archive(gpu, tmp_path):
    (gpu.RESULTS / "profile-cuda.json").write_text("{}")
    gpu.archived(tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "results.tgz") as archive:
        assert {"results/profile-cuda.json", "benchmarks/README.md"} <= set(archive.getnames())


@pytest.mark.skipif(not os.environ.get("AAE_DATA_DIR"), reason="wants MNIST: AAE_DATA_DIR says where it is")
def test_a_part_of_each_kind_can_be_walked_through_without_a_gpu():
    """All of them take five minutes: `make gpu ARGS=--dry-run`. That every recipe can be built is tested elsewhere."""
    tasks = ["semi-supervised-100", "style"]
    wanted = ["tests", *tool.BENCHMARKS, "recipes-100", f"full-{tasks[0]}", f"small-{tasks[1]}"]
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "results").iterdir()}
    command = [sys.executable, "tools/gpu.py", "--dry-run", *wanted]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    walked = [line.partition(":")[0] for line in run.stdout.splitlines() if line.endswith(": as a whole")]
    assert walked == ["tests", *tool.BENCHMARKS]
    for size, task in (("full", tasks[0]), ("small", tasks[1])):
        assert f"{task}, {size}: 1 steps in" in run.stdout
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "results").iterdir()} == before


def test_its_tests_are_collected_where_only_training_is_installed(gpu, tmp_path):
    """As on a server without Jupyter, POT, and what downloads."""
    lacking = ("IPython", "ipywidgets", "anywidget", "traitlets", "nbformat", "nbclient", "ot", "pooch")
    environment = without(tmp_path, *lacking, "platformdirs", "pythae", "requests", "tyro")
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they are not there either
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run([*command, *gpu.TESTS], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.returncode == 0, run.stdout
    assert "tests/test_graphs.py" in run.stdout
