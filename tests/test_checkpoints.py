import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from functools import partial

import pytest
import torch

import aae_lib as aae
from aae_lib import losses
from aae_lib.training import checkpoints
from aae_lib.training.checkpoints import CheckpointError
from tests.conftest import moved, state

pytestmark = pytest.mark.slow

DIGITS = aae.load("digits")

RUN = """
    import sys, torch
    torch.set_num_threads(1)
    import aae_lib as aae
    from aae_lib import checkpoints
    data = aae.load("digits")
    model = aae.AAE(data.image_shape, hidden=(32, 32), posterior="universal", input_noise=0.1, batch_norm=True, seed=0,
                    optimizer={optimizer}, prior=aae.priors.GaussianRing(10), classes=10)
    trainer = aae.Trainer(model, data, seed=0, schedule=aae.Cosine(200))
    if {load!r}:
        checkpoints.load(trainer, {load!r})
    trainer.run(steps={steps}, progress=False)
    checkpoints.save(trainer, {save!r})
"""


def code(**options):
    return textwrap.dedent(RUN).format(**options)


def tensors(folder):
    from safetensors.torch import load_file

    (file,) = folder.glob("*.safetensors")
    return load_file(file)


@pytest.mark.parametrize("optimizer", ["aae.Adam(1e-3)", "aae.SGD(1e-3, momentum=0.9)"])
def test_200_steps_equal_100_steps_saved_and_100_in_a_fresh_process_bit_for_bit(tmp_path, optimizer):
    whole, half, resumed = (tmp_path / name for name in ("whole", "half", "resumed"))
    for steps, folder in ((200, whole), (100, half)):
        exec(code(load="", steps=steps, save=str(folder), optimizer=optimizer), {})
    again = code(load=str(half), steps=100, save=str(resumed), optimizer=optimizer)
    subprocess.run([sys.executable, "-c", again], check=True)
    first, second = tensors(whole), tensors(resumed)
    first["history"], second["history"] = (
        first["history"][:, [0, 2, 3, 4]],
        second["history"][:, [0, 2, 3, 4]],
    )  # not the seconds
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []
    assert len(first["history"]) == 200


def save_for_ever(folder, ready):
    """A training process that does nothing but step and save."""
    torch.set_num_threads(1)
    data = aae.load("digits")
    trainer = aae.Trainer(aae.AAE(data.image_shape, hidden=(64, 64), seed=0), data)
    for _ in trainer:
        checkpoints.save(trainer, folder, overwrite=True)
        ready.set()


def test_twenty_kills_at_any_moment_leave_the_last_good_checkpoint(tmp_path, make):
    moments, processes = random.Random(0), multiprocessing.get_context("fork")
    trainer = make(hidden=(64, 64))
    caught_in_the_act = 0
    for _ in range(20):
        ready = processes.Event()
        process = processes.Process(target=save_for_ever, args=(tmp_path, ready), daemon=True)
        process.start()
        assert ready.wait(300)
        time.sleep(moments.uniform(0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        caught_in_the_act += len(list(tmp_path.iterdir())) != 3  # two files and the lock
        checkpoints.load(trainer, tmp_path)
        assert trainer.steps >= 1
        assert len(trainer.history) == trainer.steps
        trainer.run(steps=1, progress=False)
    assert caught_in_the_act  # or the kills proved nothing
    checkpoints.save(trainer, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3  # what the killed ones left is cleared away


def test_weights_terms_repeats_and_rate_come_back(make, tmp_path):
    trainer = make(r1=0.1)
    trainer.weights["generator"], trainer.terms["discriminator"]["r1"] = 2.0, 0.5
    trainer.repeats["discriminator"], trainer.rate = 3, 0.25
    trainer.run(steps=3, progress=False, measure=lambda model: {"figure": 7.0}, every=3)
    checkpoints.save(trainer, tmp_path)
    other = make(r1=0.1)
    checkpoints.load(other, tmp_path)
    assert (other.weights, other.terms, other.repeats) == (trainer.weights, trainer.terms, trainer.repeats)
    assert other.rate == 0.25
    assert other.history.equals(trainer.history)


def test_the_model_alone_comes_back_with_its_prior(make, tmp_path):
    trainer = make(classes=10, prior=aae.priors.GaussianRing(10), latent_dim=2)
    trainer.run(steps=3, progress=False)
    checkpoints.save(trainer, tmp_path)
    model = checkpoints.load_model(tmp_path)
    assert moved(state(trainer.model), model) == set()
    assert model.prior == trainer.model.prior
    x = trainer.minibatches.images[:7]
    assert torch.equal(model.reconstruct(x), trainer.model.reconstruct(x))


def test_a_prior_that_is_a_function_must_be_passed_in_again(make, tmp_path):
    def square(n, generator=None):
        return torch.rand(n, 2, generator=generator)

    checkpoints.save(make(prior=square), tmp_path)
    with pytest.raises(checkpoints.CheckpointError, match=r"your own .*square.* pass the prior in"):
        checkpoints.load_model(tmp_path)
    assert checkpoints.load_model(tmp_path, prior=square).prior.dim == 2
    checkpoints.load(make(prior=square), tmp_path)


def test_run_saves_as_it_goes(make, tmp_path):
    trainer = make()

    def kill(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.run(steps=100, folder=tmp_path, save_seconds=0, measure=kill, every=5, progress=False)
    again = make()
    checkpoints.load(again, tmp_path)
    assert again.steps == 5  # an interrupt saves, too
    again.run(steps=2, folder=tmp_path, progress=False)
    checkpoints.load(make(), tmp_path)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["steps"] == 7


# ---- what cannot be loaded says why, and leaves the trainer as it was ----


def damage_tensors(folder):
    (file,) = folder.glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def truncate_tensors(folder):
    (file,) = folder.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])


def remove_tensors(folder):
    next(folder.glob("*.safetensors")).unlink()


def remove_index(folder):
    (folder / "checkpoint.json").unlink()


def truncate_index(folder):
    file = folder / "checkpoint.json"
    file.write_text(file.read_text()[:50])


def foreign_index(folder):
    (folder / "checkpoint.json").write_text('{"weights": "somebody else\'s"}')


def future_format(folder):
    file = folder / "checkpoint.json"
    file.write_text(file.read_text().replace('"format": 4', '"format": 99'))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (damage_tensors, "is damaged: SHA-256"),
        (truncate_tensors, "is damaged: SHA-256"),
        (remove_tensors, "which is missing: was only a part copied"),
        (remove_index, "there is no checkpoint in"),
        (truncate_index, "is damaged or was not written by aae_lib"),
        (foreign_index, "is damaged or was not written by aae_lib"),
        (future_format, "has format 99; this aae_lib reads format 4"),
    ],
)
def test_wrong_partial_and_foreign_files_are_told_apart(make, tmp_path, harm, message):
    trainer = make()
    checkpoints.save(trainer, tmp_path)
    harm(tmp_path)
    before = state(trainer.model)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load(trainer, tmp_path)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load_model(tmp_path)
    assert moved(before, trainer.model) == set()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"hidden": (16, 16)}, r"model.hidden was \[32, 32\], is \[16, 16\]"),
        ({"prior": aae.priors.GaussianRing(10)}, "model.prior.name was Gaussian, is GaussianRing"),
        ({"model": aae.WAE}, "model.class was AAE, is WAE"),
        ({"batch_size": 50}, "batch_size was 100, is 50"),
        ({"game_optimizer": aae.SGD(0.1)}, "phases.discriminator.optimizer.name was Adam, is SGD"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"data": replace(DIGITS, train=DIGITS.train.keep_labels(50))}, "data.labels was"),
    ],
)
def test_another_architecture_or_setting_is_named(make, tmp_path, other, message):
    checkpoints.save(make(), tmp_path)
    trainer = make(**other)
    before = state(trainer.model)
    with pytest.raises(CheckpointError, match=message):
        checkpoints.load(trainer, tmp_path)
    assert moved(before, trainer.model) == set()
    assert trainer.steps == 0


def assert_same(one, other):
    """Every tensor that decides the steps to come, and every loss so far."""
    a, b = one.whole_step(), other.whole_step()
    assert (a.steps, a.cursor, a.chosen) == (b.steps, b.cursor, b.chosen)
    assert [name for name in a.tensors if not torch.equal(a.tensors[name], b.tensors[name])] == []
    assert one.history.drop(columns="seconds").equals(other.history.drop(columns="seconds"))


def test_of_half_a_step_the_state_before_it_is_saved(make, tmp_path):
    trainer, twin = make(), make()
    for one in (trainer, twin):
        one.run(steps=3, progress=False)
    walk = trainer.walk()
    next(walk)
    trainer.save(tmp_path)
    resumed = make()
    resumed.load(tmp_path)
    assert_same(twin, resumed)
    for _ in walk:  # the step goes on where it was
        pass
    twin.step()
    resumed.step()
    assert_same(twin, trainer)
    assert_same(twin, resumed)


def test_half_a_step_that_is_given_up_never_was(make):
    trainer, twin = make(), make()
    next(trainer.walk())  # and let go
    assert_same(twin, trainer)
    walk = trainer.walk()
    next(walk)
    trainer.step()  # another one begins
    twin.step()
    assert_same(twin, trainer)
    with pytest.raises(RuntimeError, match="was given up"):
        next(walk)
    assert_same(twin, trainer)


def failing_at(call, loss):
    """The loss, which fails at this call of it."""
    calls = []

    def broken(model, batch, terms):
        calls.append(0)
        if len(calls) == call:
            raise ZeroDivisionError
        return loss(model, batch, terms)

    return broken


def test_a_function_that_fails_within_a_step_loses_nothing(make, tmp_path):
    trainer = make()
    *first, last = trainer.phases
    trainer.phases = (*first, last.replace(loss=failing_at(6, last.loss)))
    with pytest.raises(ZeroDivisionError):
        trainer.run(10, folder=tmp_path, progress=False)
    saved = checkpoints.load_model(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(saved.parameters(), trainer.model.parameters(), strict=True))
    assert checkpoints.read_index(tmp_path)["steps"] == trainer.steps == len(trainer.history) == 5
    trainer.run(3, folder=tmp_path, progress=False)  # and it goes on
    assert trainer.history["step"].tolist() == [*range(1, 9)]


def test_nor_in_a_sweep(make, tmp_path):
    trainers = [make(seed=s) for s in range(2)]
    broken = failing_at(6, trainers[0].phases[-1].loss)
    for trainer in trainers:
        trainer.phases = (*trainer.phases[:-1], trainer.phases[-1].replace(loss=broken))
    sweep, folders = aae.Sweep(trainers), [tmp_path / "0", tmp_path / "1"]
    with pytest.raises(ZeroDivisionError):
        sweep.run(10, folders=folders, progress=False)
    assert [checkpoints.read_index(folder)["steps"] for folder in folders] == [5, 5]
    sweep.run(3, folders=folders, progress=False)
    assert [trainer.steps for trainer in trainers] == [8, 8]


def gain(k):
    def loss(model, batch, terms):
        return k * losses.generator_loss(model.discriminator(batch["z"]))

    return loss


def scaled(model, batch, terms, k):
    return gain(k)(model, batch, terms)


class Rest(aae.optimizers.Schedule):
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, step):
        return float(step < self.steps)


def drawn(scale):
    def prior(n, generator=None):
        return scale * torch.randn(n, 2, generator=generator)

    return prior


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"losses": {"generator": gain(1.0)}}, {"losses": {"generator": gain(2.0)}}),
        ({"losses": {"generator": partial(scaled, k=1.0)}}, {"losses": {"generator": partial(scaled, k=2.0)}}),
        ({"schedule": Rest(10)}, {"schedule": Rest(20)}),
        ({"prior": drawn(1.0)}, {"prior": drawn(2.0)}),
    ],
    ids=["the loss of phase generator", "the loss of phase generator (partial)", "schedule", "prior"],
)
def test_numbers_that_a_function_of_ones_own_was_made_with_are_compared(
    make, tmp_path, recwarn, request, before, after
):
    make(**before).save(tmp_path)
    make(**before).load(tmp_path)
    assert not recwarn
    what = request.node.callspec.id.removesuffix(" (partial)")
    with pytest.warns(UserWarning, match=f"other code or numbers than when the checkpoint was saved: {what}"):
        make(**after).load(tmp_path)


def test_nothing_in_a_checkpoint_is_pickled(make, tmp_path):
    checkpoints.save(make(), tmp_path)
    for file in (file for file in tmp_path.iterdir() if file.name != ".lock"):
        content = file.read_bytes()
        assert not content.startswith((b"\x80", b"PK"))  # pickle and torch.save's zip
        assert content.lstrip()[:1] == b"{" or content[8:9] == b"{"
