"""Several processes train one model: real ones, started by torchrun, and some of them killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import aae_lib as aae
from aae_lib.cli import main
from aae_lib.training import checkpoints, processes
from tests.test_cli import steps_saved

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.distributed.is_available(), reason="this torch has no torch.distributed"),
]

TRAIN = ("--dataset", "digits", "--hidden", "32", "--seed", "3", "--threads", "1")


def job(count: int, *arguments: str, restarts: int = 0) -> subprocess.Popen:
    """`torchrun --nproc-per-node COUNT -m aae_lib train ...`, on this machine alone."""
    run = (sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}")
    command = (*run, f"--max-restarts={restarts}", "-m", "aae_lib", "train", *TRAIN, *arguments)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen) -> str:
    said, _ = process.communicate(timeout=600)
    return said


def state(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoints.load_model(folder).state_dict()


def difference(a: Path, b: Path) -> float:
    one, other = state(a), state(b)
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize(
    ("count", "arguments"),
    [
        (2, ("--model", "semi-supervised", "--labels", "50")),
        (3, ("--model", "aae", "--prior", "ring", "--labels", "200")),  # a batch's 100 is no multiple of 3
    ],
)
def test_n_processes_do_what_one_does(tmp_path, count, arguments):
    arguments = (*arguments, "--steps", "12")
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert main(["train", *TRAIN, *arguments, "--out", str(alone)]) == 0
    process = job(count, *arguments, "--out", str(together))
    said = finish(process)
    assert process.returncode == 0, said
    assert said.count("written to") == 1  # by the first process alone
    assert difference(alone, together) < 1e-5
    untrained = aae.checkpoints.load_model(alone).arguments
    assert untrained["seed"] == 3


def test_a_run_is_resumed_with_another_number_of_processes(tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert main(["train", *TRAIN, "--steps", "24", "--out", str(alone)]) == 0
    _, trainer, _ = built("--steps", "24", "--out", str(together))
    trainer.run(steps=11, folder=together, progress=False)
    process = job(2, "--steps", "24", "--out", str(together), "--resume")
    said = finish(process)
    assert process.returncode == 0, said
    assert "at step 11 of 24" in said
    assert difference(alone, together) < 1e-5


def built(*arguments: str):
    from aae_lib.cli import parser
    from aae_lib.cli.build import build

    return build(parser().parse_args(["train", *TRAIN, *arguments]))


def kill_a_worker(process: subprocess.Popen, folder: Path) -> None:
    """Kill, without warning, the youngest worker, once a checkpoint of some steps is there."""
    limit = time.monotonic() + 300
    while steps_saved(folder) < 20:
        assert process.poll() is None, finish(process)
        assert time.monotonic() < limit
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    workers = [int(pid) for pid in children if b"aae_lib" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 2
    os.kill(max(workers), signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers by /proc")
def test_a_killed_worker_ends_the_job_and_the_last_checkpoint_loads(tmp_path):
    out = tmp_path / "run"
    process = job(2, "--steps", "1000000", "--save-seconds", "0.1", "--out", str(out))
    kill_a_worker(process, out)
    said = finish(process)
    assert process.returncode != 0
    assert "another process of this job has ended" in said or "Signal 9 (SIGKILL)" in said
    _, trainer, _ = built("--steps", "1000000", "--out", str(out))
    checkpoints.load(trainer, out)
    assert 0 < trainer.steps < 1_000_000
    trainer.run(steps=2, progress=False)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers by /proc")
def test_max_restarts_recovers_a_killed_worker(tmp_path):
    calm, out = tmp_path / "calm", tmp_path / "run"
    process = job(2, "--steps", "800", "--save-seconds", "0.1", "--out", str(out), restarts=1)
    kill_a_worker(process, out)
    said = finish(process)
    assert process.returncode == 0, said
    assert "resuming" in said
    assert checkpoints.read_index(out)["steps"] == 800
    # With two as well: over 800 steps the game makes much of the last digit in which two sums differ from one.
    process = job(2, "--steps", "800", "--out", str(calm))
    said = finish(process)
    assert process.returncode == 0, said
    assert difference(calm, out) < 1e-5


class Two(processes.Processes):
    """As the first of two processes sees itself."""

    def __init__(self) -> None:
        self.rank, self.count = 0, 2


def test_what_cannot_be_shared_out_is_refused_before_training(monkeypatch):
    data = aae.load("digits")
    monkeypatch.setattr("aae_lib.training.trainer.Processes", Two)
    with pytest.raises(ValueError, match="batch norm looks at the whole batch"):
        aae.Trainer(aae.AAE(data.image_shape, hidden=(8,), batch_norm=True), data)
    with pytest.raises(ValueError, match="phase reconstruction compares the rows"):
        aae.Trainer(aae.WAE(data.image_shape, hidden=(8,)), data)
    with pytest.raises(ValueError, match="2 processes for 1 images per batch"):
        aae.Trainer(aae.AAE(data.image_shape, hidden=(8,)), data, batch_size=1)


def test_a_batch_without_a_row_an_image_is_refused():
    two = Two()
    with pytest.raises(ValueError, match="anchors has not one row an image, 6"):
        two.shard({"x": torch.zeros(6, 3), "anchors": torch.zeros(5)}, 6)
    assert two.shard({"x": torch.arange(5)}, 5)["x"].tolist() == [0, 1]
