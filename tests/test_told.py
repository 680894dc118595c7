"""What used to pass without a word, or ended in a traceback from the depth: each is told in a sentence, or works."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
import torch

import aae_lib as aae
from aae_lib.models.autoencoder import reconstruction_loss
from aae_lib.networks import Decoder, Discriminator, Encoder, TwoHeads
from aae_lib.training import CheckpointError, checkpoints
from aae_lib.training.checkpoints.files import write_index

SHAPE = (1, 8, 8)


# ---- networks ----


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Encoder(SHAPE, 2, network="cnn"), "network must be one of mlp, conv; got 'cnn'"),
        (lambda: Decoder(SHAPE, 2, network="resnet"), "network must be one of mlp, conv; got 'resnet'"),
        (lambda: TwoHeads(SHAPE, 10, 2, network="cnn"), "network must be one of mlp, conv; got 'cnn'"),
        (lambda: Decoder((1, 30, 30), 2, network="conv"), "30x30 is not a multiple of 4"),
        (lambda: Encoder((1, 30, 28), 2, network="conv"), "30x28 is not a multiple of 4"),
        (lambda: Decoder(SHAPE, 2, hidden=(), network="conv"), "needs a hidden layer"),
        (lambda: Encoder(SHAPE, 2, network="conv", hidden=(8,), colour="red"), "colour"),
        (lambda: Decoder(SHAPE, 2, colour="red"), "colour"),
        (lambda: Discriminator(2, colour="red"), "colour"),
        (lambda: aae.AAE(SHAPE, colour="red"), "colour"),
        (lambda: aae.AAE(SHAPE, latent_dim=0), "latent_dim must be a whole number from 1 to 1,000,000; got 0"),
        (lambda: aae.AAE(SHAPE, latent_dim=2.5), "latent_dim must be a whole number"),
        (lambda: aae.AAE(SHAPE, latent_dim=True), "latent_dim must be a whole number"),
    ],
)
def test_what_no_network_can_be_made_of_is_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_batch_norm_over_one_image_is_refused_before_training(digits):
    model = aae.AAE(digits.image_shape, hidden=(8,), batch_norm=True)
    with pytest.raises(ValueError, match="needs batch_size=2 or more"):
        aae.Trainer(model, digits, batch_size=1, device="cpu")


def test_the_penalty_of_the_game_in_the_plane_is_in_full_precision():
    blobs = aae.load("blobs")
    seen = []

    class Watched(torch.nn.Module):
        def __init__(self, own):
            super().__init__()
            self.own = own

        def forward(self, z, y=None):
            seen.append((torch.is_autocast_enabled("cpu"), z.dtype))
            return self.own(z)

    game = aae.PlaneGame(blobs.train.images[:50], aae.priors.GaussianRing(10), r1=0.1)
    game.discriminator = Watched(game.discriminator)
    aae.Trainer(game, blobs, precision="bf16", device="cpu").step()
    assert seen[0] == (False, torch.float32)


# ---- checkpoints ----


def mine(model, batch, terms):
    return 2 * reconstruction_loss(model, batch, terms)


def test_a_run_is_not_resumed_under_another_loss(make, tmp_path):
    make(losses={"reconstruction": mine}).save(tmp_path)
    with pytest.raises(CheckpointError, match=r"reconstruction.loss was .*test_told.mine, is aae_lib"):
        make().load(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(losses={"reconstruction": mine}).load(tmp_path)


def test_a_loss_of_the_same_name_and_other_code_is_mentioned(make, tmp_path):
    def loss(factor):
        if factor == 2:
            return lambda model, batch, terms: 2 * reconstruction_loss(model, batch, terms)
        return lambda model, batch, terms: 3 * reconstruction_loss(model, batch, terms)

    make(losses={"reconstruction": loss(2)}).save(tmp_path)
    with pytest.warns(UserWarning, match="other code or numbers than .*: the loss of phase reconstruction"):
        make(losses={"reconstruction": loss(3)}).load(tmp_path)


def test_a_checkpoint_of_another_device_says_so_and_goes_on_inexactly_if_asked(make, tmp_path):
    trainer = make()
    trainer.run(steps=5, progress=False)
    trainer.save(tmp_path)
    write_index(tmp_path, checkpoints.read_index(tmp_path) | {"device": "cuda"})
    other = make()
    with pytest.raises(CheckpointError, match="made on cuda, the trainer is on cpu, whose random numbers differ"):
        other.load(tmp_path)
    checkpoints.load(other, tmp_path, inexact=True)
    assert other.steps == 5
    for name, tensor in trainer.model.state_dict().items():
        assert torch.equal(tensor, other.model.state_dict()[name])
    other.run(steps=3, progress=False)


# ---- measures ----


def test_no_measure_that_is_blind_in_many_dimensions_says_at_floor(digits):
    model = aae.AAE(digits.image_shape, latent_dim=32, hidden=(16,), seed=0)
    table = aae.metrics.compare(model, digits, details=True)
    assert table["value"]["MMD"] > 1
    assert "two-sample classifier" not in table.index
    assert "two-sample classifier" in aae.metrics.compare(aae.AAE(digits.image_shape, hidden=(16,)), digits, True).index


# ---- the panel ----


@pytest.mark.parametrize("kind", [aae.AAE, aae.VAE])
def test_a_panel_steps_through_phases_of_any_name(kind, digits, monkeypatch):
    monkeypatch.setenv("AAE_STRICT", "1")
    model = kind(digits.image_shape, hidden=(16,))
    phases = tuple(phase.replace(name=f"my_{phase.name}") for phase in model.phases())
    trainer = aae.Trainer(model, digits, device="cpu", phases=phases)
    panel = aae.live.Panel(trainer, max_steps=10)
    for _ in phases:
        panel.step()
    run = panel.training.runs[0]
    run.look({"arrows", "surface", "images", "mmd", "losses"})
    assert panel.status == "paused"
    assert trainer.steps == 1
    panel.close()


# ---- the command line ----


@pytest.mark.parametrize(
    ("option", "value"),
    [("--latent-dim", "0"), ("--latent-dim", "-2"), ("--latent-dim", "two"), ("--threads", "-1"), ("--threads", "0"),
     ("--batch-size", "0"), ("--hidden", "0"), ("--categories", "1.5")],
)  # fmt: skip
def test_an_option_that_cannot_be_is_named(option, value, capsys):
    from aae_lib.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["train", option, value])
    assert ended.value.code == 2
    assert option in capsys.readouterr().err


def test_one_dimension_is_trained_and_drawn_and_a_run_is_made_longer(tmp_path, capsys):
    from aae_lib.cli import main

    options = ("--dataset", "digits", "--latent-dim", "1", "--hidden", "16", "--out", str(tmp_path))
    assert main(["train", *options, "--steps", "30"]) == 0
    assert (tmp_path / "latent.png").stat().st_size > 1000
    assert main(["train", *options, "--steps", "60", "--resume"]) == 0
    said = capsys.readouterr().out
    assert "resuming" in said
    assert "at step 30 of 60" in said
    assert checkpoints.read_index(tmp_path)["steps"] == 60
    history = (tmp_path / "history.csv").read_text().splitlines()
    assert len(history) == 61


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupt_says_what_is_kept_and_it_is(tmp_path, after):
    """After the first step a checkpoint is written when the run is interrupted; before, there is nothing to keep."""
    code = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which may be ignored here
        "import sys, aae_lib.cli as cli, aae_lib.training as training\n"
        "step = training.Trainer.step\n"
        "def told(self):\n"
        f"    {'step(self)' if after else 'pass'}\n"
        "    print('stepped', flush=True)\n"
        f"    {'pass' if after else 'import time; time.sleep(60)'}\n"
        "training.Trainer.step = told\n"
        "sys.exit(cli.main(sys.argv[1:]))\n"
    )
    arguments = [
        "train",
        "--dataset",
        "digits",
        "--hidden",
        "16",
        "--steps",
        "100000",
        "--out",
        str(tmp_path / "out"),
        "--save-seconds",
        "900",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(3 if after else 1):
        assert process.stdout.readline() == "stepped\n"
    process.send_signal(signal.SIGINT)
    if not after:
        time.sleep(0.5)  # the first waits for the end of the step, which does not come; the second does not
        process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in said
    kept = (tmp_path / "out" / "checkpoint.json").exists()
    assert kept == after or not after
    assert ("--resume goes on from there" if kept else "Nothing was saved") in said
    if after:
        assert kept
        assert aae.load_model(tmp_path / "out").latent_dim == 2


def test_a_schedule_of_the_same_name_and_other_code_is_mentioned_and_another_name_refused(make, tmp_path):
    def made(factor):
        if factor == 1:
            return lambda step: 1.0
        return lambda step: 0.25

    def named(step):
        return 1.0

    make(schedule=made(1)).save(tmp_path)
    with pytest.warns(UserWarning, match="other code or numbers than when the checkpoint was saved: schedule"):
        make(schedule=made(2)).load(tmp_path)
    with pytest.raises(CheckpointError, match="schedule"):
        make(schedule=named).load(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(schedule=made(1)).load(tmp_path)


def test_code_with_a_set_in_it_is_the_same_in_every_process(tmp_path):
    script = """
import sys, warnings
warnings.simplefilter("error")
import aae_lib as aae
data = aae.load("digits")
def mine(model, batch, terms):
    if "x" in {"mlp", "conv", "other", "more", "yet another"}:
        return None
    return model.image_loss(model.decoded(batch), batch["x"])
trainer = aae.Trainer(aae.AE(data.image_shape, hidden=(8,), seed=0), data, losses={"reconstruction": mine})
trainer.save(sys.argv[2]) if sys.argv[1] == "save" else trainer.load(sys.argv[2])
"""
    for seed, what in (("1", "save"), ("2", "load"), ("3", "load")):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", script, what, str(tmp_path)], check=True, env=environment)


def test_loading_gives_up_a_step_that_was_under_way(make, tmp_path):
    first = make()
    first.run(steps=9, progress=False)
    first.save(tmp_path / "nine")
    other = make()
    walk = other.walk()
    next(walk)
    other.load(tmp_path / "nine")
    other.save(tmp_path / "again")
    assert checkpoints.read_index(tmp_path / "again")["steps"] == other.steps == 9
    with pytest.raises(RuntimeError, match="this step was given up"):
        next(walk)
    assert other.steps == 9
