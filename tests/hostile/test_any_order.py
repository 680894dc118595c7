"""Train, look, save, load, kill, sweep, panel, err: in any order, a run stays the run of its undisturbed twin."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import aae_lib as aae
from aae_lib.live import Panel
from aae_lib.training import CheckpointError, checkpoints

DIGITS = aae.load("digits")


def make():
    return aae.Trainer(aae.AAE(DIGITS.image_shape, hidden=(4,), seed=0), DIGITS, seed=0)


class Twin:
    """The run that nobody disturbs, as far as it has been asked for."""

    def __init__(self):
        self.trainer, self.weights = make(), []

    def at(self, steps):
        while len(self.weights) <= steps:
            if self.weights:
                self.trainer.step()
            self.weights.append({name: tensor.clone() for name, tensor in self.trainer.model.state_dict().items()})
        return self.weights[steps]

    def losses(self, steps):
        self.at(steps)
        return self.trainer.history["generator"].tolist()[:steps]


TWIN = Twin()


class AnyOrder(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name) / "run"
        self.trainer, self.steps, self.saved = make(), 0, None
        self.exact = True  # a sweep adds in another order

    def teardown(self):
        self.place.cleanup()

    @rule(n=st.integers(0, 3))
    def train(self, n):
        self.trainer.run(steps=n, progress=False)
        self.steps += n

    @rule(n=st.integers(1, 3))
    def train_and_save(self, n):
        self.trainer.run(steps=n, folder=self.folder, overwrite=True, progress=False)
        self.steps += n
        self.saved = self.steps, self.exact

    @rule(phases=st.integers(1, 3))
    def walk_a_part(self, phases):
        walk = self.trainer.walk()
        for _ in range(phases):
            next(walk)
        if phases == 3 and next(walk, None) is None:
            self.steps += 1
        walk.close()

    @rule()
    def save(self):
        checkpoints.save(self.trainer, self.folder, overwrite=True)
        self.saved = self.steps, self.exact

    @precondition(lambda self: self.saved)
    @rule(killed=st.booleans())
    def load(self, killed):
        if killed:  # all that was in memory is gone, and a half-written file is there
            self.trainer = make()
            (self.folder / "checkpoint.json.part").write_text('{"form')
        self.trainer.load(self.folder)
        self.steps, self.exact = self.saved

    @rule(mode=st.booleans())
    def look(self, mode):
        self.trainer.model.train(mode)
        self.trainer.model.encode(DIGITS.test.images[:20])
        self.trainer.model.sample(3)
        aae.metrics.reconstruction_error(self.trainer.model, DIGITS.test)
        aae.metrics.anomaly_scores(self.trainer.model, DIGITS.test.images[:20])
        aae.export.to_torch(self.trainer.model)
        kept = aae.load_model(self.trainer.model.save(self.folder.parent / "model.safetensors")).state_dict()
        assert all(torch.equal(tensor, kept[name]) for name, tensor in self.trainer.model.state_dict().items())
        assert len(self.trainer.history) == self.steps

    @rule()
    def start_over(self):
        self.trainer.reset()
        self.steps, self.exact = 0, True

    @rule(n=st.integers(1, 2))
    def sweep(self, n):
        other = make()
        aae.Sweep([self.trainer, other]).run(steps=n, progress=False)
        self.steps += n
        self.exact = False

    @rule(n=st.integers(1, 2))
    def panel(self, n):
        panel = Panel(self.trainer, max_steps=n)
        panel.play()
        panel.join(60)
        panel.close()
        self.steps += n

    @rule(
        wrong=st.sampled_from(
            [
                lambda self: self.trainer.run(steps="x"),
                lambda self: self.trainer.run(steps=1, folder=""),
                lambda self: self.trainer.run(steps=1, measure=lambda model: 5, every=None),
                lambda self: self.trainer.load(self.folder.parent / "nowhere"),
                lambda self: self.trainer.model.set_prior(aae.priors.Gaussian(3)),
                lambda self: self.trainer.weights.update(generator=float("nan")),
                lambda self: setattr(self.trainer, "rate", -1),
                lambda self: aae.Sweep([self.trainer, self.trainer]),
                lambda self: make().save(self.folder) if self.saved else self.trainer.load(self.folder),
            ]
        )
    )
    def err(self, wrong):
        with pytest.raises((ValueError, CheckpointError)):
            wrong(self)

    @invariant()
    def is_its_twin_s_run(self):
        assert self.trainer.steps == self.steps
        for name, tensor in TWIN.at(self.steps).items():
            own = self.trainer.model.state_dict()[name]
            assert torch.equal(own, tensor) if self.exact else torch.allclose(own, tensor, rtol=1e-2, atol=1e-3), name
        if self.exact:
            assert self.trainer.history["generator"].tolist() == TWIN.losses(self.steps)

    @invariant()
    def a_good_file_stays_good(self):
        if self.saved:
            assert checkpoints.read_index(self.folder)["steps"] == self.saved[0]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
