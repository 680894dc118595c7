"""The live panel without a browser: thread, settings, time machine, failures. A page is played by `Page`."""

import ctypes
import gc
import subprocess
import sys
import threading
import time
import weakref
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import aae_lib as aae
from aae_lib.data import Minibatch, Minibatches
from aae_lib.live import Compare, Panel, drawing, pulls, sliders, timeline, training_thread, view, wire
from aae_lib.live.other_cell import OtherCell
from aae_lib.live.panel import CLOSED
from aae_lib.live.run import Run
from aae_lib.live.scene import GIVES_WAY
from aae_lib.live.still import still
from conftest import state

pytestmark = pytest.mark.slow


def rng():
    return torch.Generator().manual_seed(0)


def in_order(split):
    """All images of a split as one minibatch."""
    return Minibatch(Minibatches(split, len(split)), torch.arange(len(split)))


class Page:
    """What a browser does: takes messages, and answers each picture at once (as long as it is open)."""

    def __init__(self, panel, answers=True):
        self.panel, self.answers, self.spec, self.messages = panel, answers, {}, []
        panel._widget = self
        self.do("hello")

    def send(self, content, buffers=()):
        self.messages.append((content, buffers))
        if content["kind"] == "frame" and self.answers:
            self.panel._heard(self, {"do": "seen", "n": content["n"]}, [])

    def do(self, what, **more):
        self.panel._heard(self, {"do": what, **more}, [])
        self.panel._do("wake")  # returns when all requests before it are served

    def close(self):
        self.answers = False

    def said(self):
        return [content["text"] for content, _ in self.messages if content["kind"] == "say"]

    def last(self, ready=lambda content: True):
        """The newest picture that is `ready`, once there is one."""
        return wait_for(
            lambda: next((m for m in reversed(self.messages) if m[0]["kind"] == "frame" and ready(m[0])), None)
        )


def wait_for(found, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if got := found():
            return got
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture
def opened(make):
    """opened(**options) -> panel on a small AAE and its page; closed at the end."""
    panels = []

    def build(trainer=None, model=None, losses=None, answers=True, **options):
        trainer = trainer or make(losses=losses, **(model or {}))
        panel = Panel(trainer, **options)
        panels.append(panel)
        return panel, Page(panel, answers)

    yield build
    for panel in panels:
        panel.close()


def trained(panel, steps):
    """Play up to this many steps."""
    panel.training.limit = steps
    panel.play()
    panel.join(300)
    assert panel.trainer.steps == steps


# ---- play, pause, step, reset ----


def test_the_training_thread_computes_with_as_many_threads_as_the_one_that_made_it(opened):
    """OpenMP counts for each thread by itself, and another number sums in another order: other last bits."""
    openmp = next((Path(torch.__file__).parent / "lib").glob("libgomp*"), None)
    if openmp is None:
        pytest.skip("this PyTorch brings no libgomp")
    ctypes.CDLL(str(openmp)).omp_set_num_threads(3)  # as numba does, when imported: behind PyTorch's back
    assert torch.get_num_threads() == 3
    seen = []

    def loss(model, batch, terms):
        seen.append(torch.get_num_threads())
        return model.image_loss(model.decoded(batch), batch["x"])

    panel, _ = opened(losses={"reconstruction": loss})
    trained(panel, 2)
    assert set(seen) == {3}


@pytest.mark.parametrize("cell_at_work", [False, True])
def test_a_run_is_the_same_with_a_panel_and_without(cell_at_work, opened, make, monkeypatch):
    monkeypatch.setattr(OtherCell, "works", lambda self: cell_at_work)
    panel, page = opened()
    for name in ("surface", "arrows", "images"):
        page.do("overlay", name=name, on=True)
    page.do("point", run=0, x=0.5, y=0.5)
    trained(panel, 60)
    alone = make()
    alone.run(60, progress=False)
    assert_same(state(panel.trainer.model), state(alone.model))
    assert panel.trainer.history.drop(columns="seconds").equals(alone.history.drop(columns="seconds"))


def test_training_gives_way_to_a_cell_at_work_says_so_and_hears_meanwhile(opened, monkeypatch):
    monkeypatch.setattr(OtherCell, "works", lambda self: True)
    monkeypatch.setattr(training_thread, "GIVE", 1e9)
    monkeypatch.setattr(training_thread, "REST", 1e9)  # after the first step it rests for good
    panel, page = opened()
    panel.play()
    page.last(lambda frame: frame["state"]["message"] == GIVES_WAY)
    page.do("set", run=0, key=["weights", "generator"], value=0.25)
    assert (panel.trainer.weights["generator"], panel.trainer.steps, panel.status) == (0.25, 1, "playing")
    panel.pause()
    page.last(lambda frame: frame["state"]["status"] == "paused" and not frame["state"]["message"])
    for _ in panel.trainer.phases:
        panel.step()
    assert panel.trainer.steps == 2
    page.do("slow", on=True)
    panel.play()
    page.last(lambda frame: frame["state"]["status"] == "slow" and not frame["state"]["message"])


def test_step_runs_one_phase_and_tells_who_moved(opened):
    panel, page = opened()
    seen = []
    for _ in range(4):
        before = state(panel.trainer.model)
        panel.step()
        run = panel.training.runs[0]
        after = state(panel.trainer.model)
        for network, far in run.moved.items():
            went = sum(float((after[k] - before[k]).norm() ** 2) for k in after if k.startswith(network)) ** 0.5
            assert far == pytest.approx(went, rel=1e-4, abs=1e-7)
        seen.append((run.lit, [name for name, far in run.moved.items() if far], panel.trainer.in_step))
    assert seen == [
        ("reconstruction", ["encoder", "decoder"], True),
        ("discriminator", ["discriminator"], True),
        ("generator", ["encoder"], False),
        ("reconstruction", ["encoder", "decoder"], True),
    ]
    content, _ = page.last(lambda c: c["runs"][0]["lit"] == "reconstruction")
    assert content["runs"][0]["moved"]["discriminator"] == 0


def test_play_finishes_a_step_that_was_begun_by_phases(opened, make):
    panel, _ = opened()
    panel.step()
    trained(panel, 5)
    alone = make()
    alone.run(5, progress=False)
    assert_same(state(panel.trainer.model), state(alone.model))


def test_pause_rests_and_reset_gives_the_same_run_again(opened):
    panel, _ = opened()
    trained(panel, 30)
    first = state(panel.trainer.model)
    panel.reset()
    assert panel.trainer.steps == 0
    assert panel.status == "paused"
    panel.training.limit = 10_000
    panel.play()
    wait_for(lambda: panel.trainer.steps > 3)
    panel.pause()
    rested = panel.trainer.steps
    time.sleep(0.1)
    assert panel.trainer.steps == rested
    panel.reset()
    trained(panel, 30)
    assert_same(state(panel.trainer.model), first)


def test_max_steps_bounds_training_and_says_so(opened):
    panel, page = opened(max_steps=7)
    panel.play()
    panel.join(300)
    assert (panel.trainer.steps, panel.status) == (7, "done")
    panel.play()
    panel.step()
    assert panel.trainer.steps == 7
    assert "All 7 steps are done" in page.said()[-1]


def test_go_on_adds_as_many_steps_again_and_reset_takes_them_back(opened):
    panel, page = opened(max_steps=7)
    assert page.last()[0]["state"]["more"] == 0
    panel.play()
    panel.join(300)
    assert page.last(lambda frame: frame["state"]["status"] == "done")[0]["state"]["more"] == 7
    panel.go_on()
    panel.join(300)
    assert (panel.trainer.steps, panel.status) == (14, "done")
    panel.reset()
    panel.play()
    panel.join(300)
    assert panel.trainer.steps == 7


def test_a_wish_gets_its_ticket_back_once_it_is_fulfilled_or_refused(opened):
    panel, page = opened()
    page.do("set", run=0, key=["rate"], value=0.5, ticket="a.1")
    page.do("set", run=0, key=["rate"], value=-1.0, ticket="a.2")
    page.do("dance", ticket="a.3")
    page.do("pause", ticket=["not a word"])
    served = [content["ticket"] for content, _ in page.messages if content["kind"] == "served"]
    assert served == ["a.1", "a.2", "a.3"]
    assert panel.trainer.rate == 0.5


def test_a_picture_says_what_is_chosen_beside_what_was_used(opened):
    panel, page = opened()
    panel.play()
    panel.pause()
    page.do("set", run=0, key=["weights", "generator"], value=2.0)
    (info,) = page.last(lambda frame: frame["runs"][0]["chosen"]["weights"]["generator"] == 2)[0]["runs"]
    assert info["chosen"] == panel.trainer.chosen()


def test_the_picture_for_the_saved_notebook_is_renewed_while_it_trains(opened, monkeypatch):
    monkeypatch.setattr(training_thread, "PICTURE", 0.05)
    monkeypatch.setattr(training_thread, "SHARE", 1.0)
    panel, _ = opened(max_steps=100_000)
    kept = []
    panel._picture = SimpleNamespace(put=lambda png, alt, sentence="": kept.append((alt, sentence)))
    panel.play()
    wait_for(lambda: len(kept) > 1)
    assert kept[0] != kept[1]
    Panel(panel.trainer.fork())
    assert kept[-1][1] == CLOSED


def test_a_picture_for_the_saved_notebook_that_takes_long_is_seldom_drawn(opened, monkeypatch):
    """As on a machine with thirty panels: nothing trains, and no slider acts, while it is drawn."""
    monkeypatch.setattr(training_thread, "PICTURE", 0.05)
    monkeypatch.setattr(training_thread, "SHARE", 0.2)
    panel, _ = opened(max_steps=100_000)
    begun, ended = [], []

    def slowly(png, alt, sentence=""):
        begun.append(time.monotonic())
        time.sleep(0.1)
        ended.append(time.monotonic())

    panel._picture = SimpleNamespace(put=slowly)
    panel.play()
    wait_for(lambda: len(begun) > 1)
    panel.pause()
    assert begun[1] - ended[0] > 0.1 / training_thread.SHARE


def test_slow_motion_shows_the_phases_in_their_order(opened, monkeypatch):
    monkeypatch.setattr(training_thread, "SLOW", 0.25)
    panel, page = opened()
    panel.slow()
    panel.play()
    wait_for(lambda: panel.trainer.steps == 2)
    panel.pause()
    lit = [c["runs"][0]["lit"] for c, _ in page.messages if c["kind"] == "frame" and c["runs"][0]["lit"]]
    changes = [name for name, before in zip(lit, [None, *lit], strict=False) if name != before]
    order = [phase.name for phase in panel.trainer.phases]
    assert len(changes) >= 3
    assert all(order.index(b) == (order.index(a) + 1) % 3 for a, b in pairwise(changes))


# ---- settings ----


def test_there_is_a_slider_for_every_number_of_the_snapshot(make):
    trainer = make(r1=0.1)
    for slider in sliders.sliders(trainer):
        value = 2 if slider["scale"] == "whole" else 0.5 * (slider["min"] + slider["max"])
        before = trainer.chosen()
        sliders.set_one(trainer, slider["key"], value)
        after = trainer.chosen()
        assert after != before
        for part in slider["key"]:
            after = after[part]
        assert after == pytest.approx(value)
    flat = {tuple(slider["key"]) for slider in sliders.sliders(trainer)}
    assert {("weights", "generator"), ("terms", "discriminator", "r1"), ("rate",), ("input_noise",)} < flat
    assert ("repeats", "discriminator") in flat
    assert ("repeats", "generator") not in flat  # it shares a batch


def test_the_trainer_uses_what_the_page_sets_and_the_picture_says_so(opened):
    panel, page = opened()
    panel.play()
    page.do("set", run=0, key=["weights", "generator"], value=0.25)
    page.last(lambda c: c["runs"][0]["settings"]["weights"]["generator"] == 0.25)
    page.do("tug", run=0, value=1.0)
    content, _ = page.last(lambda c: c["runs"][0]["settings"]["weights"]["reconstruction"] == 0)
    assert content["runs"][0]["settings"]["weights"]["generator"] == 1
    panel.pause()
    decoder = state(panel.trainer.model.decoder)
    panel.training.limit = panel.trainer.steps + 5
    panel.play()
    panel.join(300)
    assert_same(state(panel.trainer.model.decoder), decoder)  # the game alone: the decoder stands still


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"do": "set", "run": 0, "key": ["weights", "generator"], "value": -1}, "generator"),
        ({"do": "set", "run": 0, "key": ["weights", "generator"], "value": "x"}, "value must be a finite number"),
        (
            {"do": "set", "run": 0, "key": ["weights", "generator"], "value": float("nan")},
            "value must be a finite number",
        ),
        ({"do": "set", "run": 0, "key": ["repeats", "discriminator"], "value": 0.5}, "whole number"),
        ({"do": "set", "run": 0, "key": ["terms", "nobody", "r1"], "value": 1}, "no phase"),
        ({"do": "set", "run": 0, "key": ["input_noise"], "value": -0.1}, "at least 0"),
        ({"do": "set", "run": 0, "key": ["temperature"], "value": 1}, "no setting"),
        ({"do": "prior", "name": "star"}, "gaussian"),
        ({"do": "draw", "strokes": []}, "nothing is drawn"),
        ({"do": "dance"}, "reload"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_training_goes_on(opened, asked, words):
    panel, page = opened()
    before, prior = panel.trainer.chosen(), panel.trainer.model.prior
    panel.play()
    page.do(asked["do"], **{name: value for name, value in asked.items() if name != "do"})
    said = page.said()[-1]
    assert words in said
    assert len(said) < 250
    assert panel.trainer.chosen() == before
    assert panel.trainer.model.prior is prior
    steps = panel.trainer.steps
    wait_for(lambda: panel.trainer.steps > steps + 2)
    assert panel.status == "playing"


def test_another_prior_while_it_runs(opened):
    panel, page = opened()
    panel.play()
    page.do("prior", name="ring")
    assert isinstance(panel.trainer.model.prior, aae.priors.GaussianRing)
    content, buffers = page.last(lambda c: c["full"] and "Ring" in c["runs"][0]["prior"])
    prior = layer(content, buffers, "prior")
    assert np.hypot(*prior.T).min() > 1  # a ring is empty in the middle
    page.do("draw", strokes=[{"width": 0.5, "points": [[-2, -2], [2, -2]]}])
    assert panel.trainer.model.prior.log_prob(torch.tensor([[0.0, -2.0], [0.0, 2.0]])).tolist()[1] == -np.inf
    assert panel.status == "playing"


def test_a_prior_that_does_not_fit_leaves_the_old_one(opened):
    panel, _ = opened()

    def flat(n, generator=None):
        return torch.randn(n, 3, generator=generator)

    def short(n, generator=None):
        return torch.randn(max(1, n // 2), 2, generator=generator)

    old = panel.trainer.model.prior
    for prior, words in ((aae.priors.Gaussian(3), "dimension 3"), (flat, "dimension 3"), (short, "shape")):
        with pytest.raises(ValueError, match=words):
            panel.set_prior(prior)
        assert panel.trainer.model.prior is old
    panel.set_prior(lambda n, generator=None: torch.rand(n, 2, generator=generator))
    trained(panel, 3)


def test_two_runs_take_a_prior_both_or_neither(make):
    a, b = make(), make(model=aae.VAE)
    panel = Compare(a, b)
    Page(panel)
    old = a.model.prior, b.model.prior
    with pytest.raises(ValueError, match="can only be sampled"):  # by the VAE, which comes second
        panel.set_prior(lambda n, generator=None: torch.rand(n, 2, generator=generator))
    assert (a.model.prior, b.model.prior) == old
    panel.set_prior(aae.priors.GaussianRing(10))
    assert a.model.prior is b.model.prior
    panel.close()


# ---- back in time ----


def test_scrubbing_shows_what_was_and_a_fork_begins_exactly_there(opened):
    panel, page = opened()
    trained(panel, 40)
    page.do("set", run=0, key=["weights", "generator"], value=2.0)
    page.do("prior", name="ring")
    trained(panel, 230)
    marks = panel._scene.marks()
    for at in (len(marks) // 6, len(marks) - 2):
        page.do("scrub", at=at)
        content, buffers = page.last(lambda c, at=at: c["state"]["at"] == at)
        then = layer(content, buffers, "codes")
        assert content["runs"][0]["step"] == marks[at]
        assert content["state"]["status"] == "past"
        page.do("fork")
        fork = panel.training.runs[1].trainer
        assert fork.steps == marks[at]
        assert np.array_equal(fork.model.encode(panel.training.runs[1].view.images).numpy(), then)
        assert fork.weights["generator"] == (1.0 if marks[at] < 40 else 2.0)
        assert panel.trainer.steps == 230  # the first run stays where it was


def test_a_fork_with_the_same_settings_repeats_the_run_and_catches_up(opened):
    panel, page = opened()
    trained(panel, 60)
    wait_for(lambda: len(panel._scene.marks()) > 1)
    page.do("scrub", at=len(panel._scene.marks()) - 2)
    panel.fork()
    fork = panel.training.runs[1]
    trained(panel, 60)
    assert fork.steps == 60
    assert_same(state(fork.trainer.model), state(panel.trainer.model))
    assert fork.trainer.history["generator"].tolist() == panel.trainer.history["generator"].tolist()
    page.do("set", run=1, key=["weights", "generator"], value=0)
    trained(panel, 70)
    assert fork.steps == panel.trainer.steps == 70
    assert not torch.equal(fork.trainer.model.encoder.layers[0].weight, panel.trainer.model.encoder.layers[0].weight)
    page.do("join_runs")
    assert len(panel.training.runs) == 1


def test_the_past_is_kept_in_bounded_memory_and_still_exact(make, monkeypatch):
    run = Run(make(), "run")
    past = run.past
    monkeypatch.setattr(timeline, "MOMENTS", 8)
    monkeypatch.setattr(timeline, "STATES_BYTES", 3 * aae.checkpoints.snapshot(run.trainer).bytes)
    monkeypatch.setattr(timeline, "STATE_EVERY", 5)
    for _ in range(90):
        run.step()
        run.look(set())
    assert len(past.moments) <= 9
    assert len(past.states) <= 3
    assert past.moments[0].step == 0
    assert past.moments[-1].step > 70
    for seen in past.moments:
        fork = run.fork(seen.step, "fork")
        assert np.array_equal(fork.look(set())["codes"], seen.codes)


@pytest.mark.parametrize("room", [4, 7, 12])
def test_states_are_kept_all_along_a_run_and_the_last_one_is_recent(make, monkeypatch, room):
    run = Run(make(), "run")
    monkeypatch.setattr(timeline, "STATES_BYTES", room * aae.checkpoints.snapshot(run.trainer).bytes)
    monkeypatch.setattr(timeline, "STATE_EVERY", 1)
    for n in range(1, 121):
        run.step()
        steps = [state.steps for state in run.past.states]
        assert len(steps) == min(n, room)
        assert (steps[0], steps[-1]) == (0, n - 1)
        longest = max(b - a for a, b in pairwise([*steps, n]))
        assert longest <= 1 + 3 * n / room  # steps to be repeated


# ---- what goes wrong ----


def test_an_error_in_a_learners_loss_is_shown_and_raised_by_join(opened):
    calls = []

    def careless(model, batch, terms):
        calls.append(1)
        if len(calls) > 5:
            raise RuntimeError("shapes do not fit")
        return model.discriminator(batch["z"]).mean()

    panel, page = opened(losses={"generator": careless})
    panel.play()
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        panel.join(300)
    assert panel.status == "failed"
    content, _ = page.last(lambda c: c["state"]["error"])
    assert "careless" in content["state"]["error"]
    panel.play()
    assert panel.trainer.steps == 5
    assert "correct it" in page.said()[-1]


def test_a_loss_that_is_not_finite_pauses_with_the_good_state(opened, make):
    def exploding(model, batch, terms):
        loss = model.discriminator(batch["z"]).mean()
        return loss / (terms["fuse"] > 0)

    def phases(model):
        reconstruct, d, g = model.phases()
        return (reconstruct, d, g.replace(loss=exploding, terms={"fuse": 1.0}))

    def build():
        model = aae.AAE((1, 8, 8), hidden=(32, 32), seed=0)
        return aae.Trainer(model, aae.load("digits"), seed=0, phases=phases(model))

    panel, page = opened(build())
    trained(panel, 150)
    page.do("set", run=0, key=["terms", "generator", "fuse"], value=0)
    panel.training.limit = 500
    panel.play()
    with pytest.raises(aae.NotFiniteError, match="'generator'"):
        panel.join(300)
    assert (panel.status, panel.trainer.steps) == ("paused", 150)
    assert any("'generator'" in text for text in page.said())
    page.do("set", run=0, key=["terms", "generator", "fuse"], value=1)
    trained(panel, 170)
    alone = build()
    alone.run(170, progress=False)
    assert_same(state(panel.trainer.model), state(alone.model))  # as if nothing had happened


def test_a_function_that_has_changed_cannot_repeat_the_past_and_ends_nothing(opened):
    broken = []

    def generator(model, batch, terms):
        loss = model.discriminator(batch["z"]).mean()
        return loss / 0 if broken else loss

    panel, _ = opened(losses={"generator": generator})
    trained(panel, 90)
    broken.append(True)
    panel.training.limit = 500
    panel.play()
    with pytest.raises(aae.NotFiniteError, match="'generator'"):
        panel.join(300)
    assert (panel.status, panel.trainer.steps, len(panel.trainer.history)) == ("paused", 90, 90)
    assert all(tensor.isfinite().all() for tensor in state(panel.trainer.model).values())
    broken.clear()
    trained(panel, 100)


def test_training_waits_while_no_page_answers(opened, monkeypatch):
    monkeypatch.setattr(training_thread, "PATIENCE", 0.3)
    panel, page = opened(max_steps=100_000)
    panel.play()
    page.answers = False
    wait_for(lambda: panel.status == "waiting")
    time.sleep(0.1)
    steps = panel.trainer.steps
    time.sleep(0.3)
    assert panel.trainer.steps == steps
    page.answers = True  # the page is opened again
    page.do("hello")
    wait_for(lambda: panel.trainer.steps > steps)


def test_a_panel_alone_trains_its_trainer(opened, make):
    panel, _ = opened()
    with pytest.raises(RuntimeError, match=r"panel\.stop\(\)"):
        panel.trainer.run(1, progress=False)
    trainer = panel.trainer
    panel.stop()
    trainer.run(1, progress=False)
    assert not panel.thread.is_alive()


def test_a_hundred_panels_leave_one_thread_and_one_trainer(make):
    panels, trainers = [], []
    for _ in range(100):
        trainer = make(hidden=(8,))
        trainers.append(weakref.ref(trainer))
        panels.append(Panel(trainer))  # as IPython's Out keeps them
        Page(panels[-1])
        panels[-1].play()
    wait_for(lambda: panels[-1].trainer.steps > 0)
    del trainer
    gc.collect()
    assert [thread.name for thread in threading.enumerate()].count("aae-live") == 1
    assert sum(ref() is not None for ref in trainers) == 1
    panels[-1].close()
    assert "aae-live" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(RuntimeError, match="run its cell again"):
        _ = panels[0].trainer


def test_a_program_that_ends_while_a_panel_trains_ends_well():
    code = """
import time, torch, aae_lib as aae
torch.set_num_threads(1)
data = aae.load("digits")
panel = aae.live.Panel(aae.Trainer(aae.AAE(data.image_shape, seed=0), data))
panel.play()
time.sleep(0.3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_arguments_are_refused(make):
    with pytest.raises(ValueError, match="view"):
        Panel(make(), view="3d")
    with pytest.raises(ValueError, match="max_steps"):
        Panel(make(), max_steps=0)
    trainer = make()
    with pytest.raises(ValueError, match="one and the same"):
        Compare(trainer, trainer)


# ---- what is drawn ----


def layer(content, buffers, name, run=0):
    for head, buffer in zip(content["layers"], buffers, strict=True):
        if (head["run"], head["name"]) == (run, name):
            return np.frombuffer(buffer, wire.DTYPES[head["dtype"]]).reshape(head["shape"])
    raise AssertionError(f"no layer {name}")


def test_drawing_leaves_the_time_to_training_however_long_a_picture_takes(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(drawing, "time", SimpleNamespace(monotonic=lambda: now[0]))
    pictures, spent = drawing.Drawing(), 0.0
    begin = now[0]
    for k in range(60):
        pictures.changed()
        now[0] = max(now[0], pictures.due(training=True))
        pictures.begin()
        pictures.seen()
        cost = 0.002 if k < 20 else 0.05
        now[0] += cost
        pictures.end()
        if k == 20:
            begin, spent = now[0], 0.0  # it has been surprised once
        spent += cost
    assert 0.5 * drawing.SHARE < spent / (now[0] - begin) < 1.5 * drawing.SHARE
    pictures.changed()
    assert pictures.due(training=False) == pytest.approx(now[0] - cost + drawing.FRAME)  # a pause is shown at once


def test_a_picture_with_everything_is_below_60_kb(opened, monkeypatch):
    monkeypatch.setattr(drawing, "SHARE", 1.0)
    data = aae.load("digits")
    every = aae.data.Split(
        torch.cat([data.train.images, data.validation.images, data.test.images]),
        torch.cat([data.train.labels, data.validation.labels, data.test.labels]),
    )
    panel, shown = opened(show=every)
    for name in ("surface", "arrows", "images"):
        shown.do("overlay", name=name, on=True)
    trained(panel, 300)
    panel.training.limit = 100_000
    shown.messages.clear()
    panel.play()
    wait_for(lambda: sum(c["kind"] == "frame" for c, _ in shown.messages) > 24)
    sizes, names = [], set()
    for content, buffers in shown.messages:
        if content["kind"] == "frame" and not content["full"]:
            sizes.append(len(str(content)) + sum(map(len, buffers)))
            names |= {head["name"] for head in content["layers"]}
    assert names >= {"codes", "surface", "arrows", "losses", "mmd", "images"}
    assert layer(*shown.last(), "codes").shape == (1797, 2)
    assert max(sizes) < 60_000


def test_the_surface_is_the_right_way_up(make):
    trainer = make()
    seen = view.View(trainer, trainer.data.validation)
    trainer.model.discriminator = Slope(torch.tensor([1.0, 0.0]))
    right = seen.surface((-3, 3, -3, 3))
    trainer.model.discriminator = Slope(torch.tensor([0.0, 1.0]))
    up = seen.surface((-3, 3, -3, 3))
    assert (np.diff(right, axis=1) >= 0).all()
    assert right[0, -1] > 0.9
    assert right[0, 0] < 0.1
    assert up[0, 0] > 0.9  # the first row is the top
    edge = 1 / (1 + np.exp(-(3 - 3 / view.SIDE)))
    assert right[5, -1] == pytest.approx(edge, abs=1e-6)


def test_a_run_is_drawn_over_the_square_of_the_one_beside_it(make):
    trainer = make()
    seen = view.View(trainer, trainer.data.validation)
    near = torch.zeros(10, 2)
    alone = seen.extent(near)
    seen.beside = [(-1.0, 30.0, -1.0, 1.0)]  # what the other needs
    left, right, bottom, top = seen.extent(near)
    assert (left, right) == pytest.approx((min(alone[0], -1), 30))
    assert top - bottom == pytest.approx(right - left)
    assert seen.own == pytest.approx(alone)  # its own is not moved: each would hold up the other
    assert seen.surface((left, right, bottom, top)).shape == (view.SIDE, view.SIDE)


def test_a_fork_after_changes_of_prior_is_compared_with_the_same_sample(opened):
    panel, page = opened(max_steps=1000)
    trained(panel, 10)
    panel.set_prior(aae.priors.GaussianRing(10))
    trained(panel, 20)
    panel.set_prior(aae.priors.Gaussian(2))
    trained(panel, 30)
    panel.fork()
    trained(panel, 40)
    (frame, _) = page.last(lambda frame: len(frame["runs"]) == 2 and frame["runs"][1]["mmd_at"] == 40)
    one, other = frame["runs"]
    assert (one["step"], other["step"]) == (40, 40)
    assert one["mmd"] == other["mmd"]
    assert one["floor"] == other["floor"]
    assert one["extent"] == other["extent"]


def test_looking_back_tells_the_mmd_of_that_step(opened, make):
    panel, page = opened(max_steps=1000)
    for steps in (3, 6, 9):
        trained(panel, steps)
        page.last(lambda frame, steps=steps: frame["runs"][0]["step"] == steps)
    marks = panel._scene.marks()
    assert {3, 6, 9} <= set(marks)
    for steps in (3, 6):
        page.do("scrub", at=marks.index(steps))
        frame, _ = page.last(
            lambda frame, steps=steps: frame["runs"][0]["step"] == steps and frame["state"]["at"] is not None
        )
        again = make()
        again.run(steps=steps, progress=False)
        seen = view.View(again, again.data.validation)
        assert frame["runs"][0]["mmd_at"] == steps
        assert frame["runs"][0]["mmd"] == pytest.approx(seen.mmd(seen.codes()), abs=1e-6)


def test_two_runs_of_other_priors_are_drawn_over_one_square_which_ds_surfaces_fill(make):
    wide = make(prior=aae.priors.Uniform(2, low=1.0, high=9.0))
    panel = Compare(make(), wide)
    try:
        page = Page(panel)
        frame, _ = page.last(lambda frame: len(frame["runs"]) == 2)
        one, other = (run["extent"] for run in frame["runs"])
        assert one == other
        assert all(run.view.own[1] <= one[1] for run in panel.training.runs)
        for run in panel.training.runs:
            assert np.array_equal(run.surface, run.view.surface(one))
    finally:
        panel.close()


def test_a_page_is_told_whether_a_step_has_used_its_settings(opened):
    panel, page = opened(max_steps=1000)

    def planned(step):
        frame, _ = page.last(lambda frame: frame["runs"][0]["step"] == step and frame["state"]["status"] != "playing")
        return frame["runs"][0]["planned"]

    assert planned(0)
    trained(panel, 5)
    assert not planned(5)
    page.do("set", run=0, key=["weights", "generator"], value=2.0)
    frame, _ = page.last(lambda frame: frame["runs"][0]["settings"]["weights"]["generator"] == 2)
    assert frame["runs"][0]["planned"]
    trained(panel, 6)
    assert not planned(6)
    panel.reset()
    assert planned(0)


def test_a_picture_for_the_saved_notebook_tells_the_mmd_of_its_step(opened):
    panel, _ = opened(max_steps=1000)
    trained(panel, 7)
    (run,) = panel.training.runs
    panel.stop()
    run.mmd = run.mmd_at = None
    assert f"step 7   MMD {run.view.mmd(run.view.codes()):.4f}" in still([run]).alt


class Slope(torch.nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = w

    def forward(self, z, y=None):
        return z @ self.w


def test_arrows_point_down_each_loss_and_follow_the_weights(make):
    target = torch.tensor([1.0, -2.0])

    def to_target(model, batch, terms):
        return 0.5 * (model.codes(batch) - target).square().sum(1).mean()

    def uphill(model, batch, terms):
        return -(batch["z"] @ torch.tensor([0.0, 1.0])).mean()

    trainer = make(losses={"reconstruction": to_target, "generator": uphill})
    trainer.weights["reconstruction"] = 0.5
    images = trainer.data.validation.take(torch.arange(20))
    z, found = pulls.pulls(trainer, in_order(images), rng())
    assert torch.allclose(z, trainer.model.encode(images.images), atol=1e-6)
    away = target - z
    assert torch.allclose(found["reconstruction"], 0.5 * away / away.norm(dim=1).mean(), atol=1e-4)
    assert torch.allclose(found["generator"], torch.tensor([0.0, 1.0]).expand(20, 2), atol=1e-6)


def test_the_view_widens_when_codes_run_away_and_comes_back(make):
    trainer = make()
    seen = view.View(trainer, trainer.data.validation)
    near = seen.extent(torch.randn(100, 2))
    assert near[0] < -2 < 2 < near[1]
    far = seen.extent(50 * torch.randn(100, 2))
    assert far[1] > 80
    assert seen.extent(torch.randn(100, 2)) == near
    seen.extent(torch.full((10, 2), float("nan")))  # no endless loop


def test_planes_of_more_dimensions(make):
    trainer = make(latent_dim=8)
    z = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 9.0)
    plane = view.pca_plane(z)
    xy = torch.tensor([[0.3, -1.0]])
    assert torch.allclose(plane.project(plane.lift(xy)), xy, atol=1e-5)
    spread = plane.project(z).var(0)
    assert spread[0] >= spread[1] >= z.var(0)[:6].max() * 0.8
    axes = view.axes_plane(8, 2, 5, torch.device("cpu"))
    assert torch.equal(axes.project(z), z[:, [2, 5]])
    assert axes.names == ("z₃", "z₆")
    assert not view.View(trainer, trainer.data.validation).has_surface


def test_hovering_decodes_the_place_and_finds_the_nearest_image(opened):
    panel, page = opened()
    trained(panel, 20)
    codes = panel.trainer.model.encode(panel.training.runs[0].view.images)
    x, y = codes[3].tolist()
    page.do("point", run=0, x=x, y=y)
    content, (decoded, nearest) = wait_for(lambda: [m for m in page.messages if m[0]["kind"] == "point"])[-1]
    split = panel.trainer.data.validation
    assert content["near"] == {"label": int(split.labels[3]), "distance": pytest.approx(0, abs=1e-5)}
    assert nearest == split.images[3].numpy().tobytes()
    wanted = (panel.trainer.model.decode(codes[3:4])[0, 0] * 255).round()
    assert np.abs(np.frombuffer(decoded, np.uint8) - wanted.flatten().numpy()).max() <= 1


def test_points_in_the_plane_reach_the_prior():
    start = 0.5 * torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    model = aae.PlaneGame(start, aae.priors.SwissRoll(), r1=0.1)
    trainer = aae.Trainer(model, aae.load("blobs"), schedule=aae.Cosine(1200, final=0.05))
    panel = Panel(trainer, view="plane", max_steps=1200)
    Page(panel)
    trained(panel, 1200)
    mmd = panel.training.runs[0]
    panel._do("measure")
    found, before = mmd.mmd, aae.metrics.mmd(start, model.prior.sample(400, generator=torch.Generator().manual_seed(1)))
    panel.close()
    assert before > 0.1
    assert found < 0.02


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


# ---- late, twice, or for nobody ----


def nan_from(step, held):
    def generator(model, batch, terms):
        loss = aae.losses.generator_loss(model.discriminator(batch["z"]))
        return loss * float("nan") if held["trainer"].steps >= step else loss

    return generator


def test_a_loss_that_is_not_finite_is_told_before_training_rests(make):
    held = {}
    trainer = held["trainer"] = make(losses={"generator": nan_from(5, held)})
    panel = Panel(trainer, headless_steps=50)
    with pytest.raises(aae.NotFiniteError):
        panel._run_headless()
    assert trainer.steps == 5
    held["trainer"] = SimpleNamespace(steps=0)  # well again
    panel.step()
    panel.join(60)  # the error is an old one
    Panel(make(seed=5)).close()  # nor does it come up in the next panel
    assert panel.status == "stopped"


def test_a_panel_shown_where_nobody_can_press_play_stays_within_its_steps(make):
    panel = Panel(make(), max_steps=20)
    trained(panel, 20)
    panel._run_headless()
    assert panel.trainer.steps == 20
    panel.close()


def test_of_two_settings_at_one_step_a_fork_takes_the_last(make):
    trainer = make()
    past = timeline.Timeline()
    trainer.weights["generator"] = 0.5
    past.before_step(trainer)
    past.go_to(trainer, 0)
    trainer.weights["generator"] = 0.1
    for _ in range(10):
        past.before_step(trainer)
        trainer.step()
    made = state(trainer.model)
    past.go_to(trainer, 10)
    assert trainer.weights["generator"] == 0.1
    torch.testing.assert_close(state(trainer.model), made, rtol=0, atol=0)


def test_a_map_takes_back_a_refused_prior_and_forks_across_a_change(make):
    trainer = make(model=aae.MapAAE, categories=5)
    panel = Panel(trainer)
    old = trainer.model.style_prior

    def odd(n, generator=None):
        if n > 60:
            raise ValueError("too many")
        return torch.randn(n, 2, generator=generator)

    with pytest.raises(ValueError, match="too many"):
        panel.set_prior(odd)
    assert trainer.model.style_prior is old
    trained(panel, 5)
    panel.set_prior(aae.priors.GaussianRing(10))
    trained(panel, 30)
    panel.fork()
    fork = panel.training.runs[1].trainer.model
    torch.testing.assert_close(state(fork), state(trainer.model), rtol=0, atol=0)
    panel.close()


def test_a_prior_that_a_cell_sets_is_drawn_and_measured(opened):
    panel, _ = opened()
    trained(panel, 5)
    ring = aae.priors.GaussianRing(10)
    panel.trainer.model.set_prior(ring)
    trained(panel, 10)
    panel._do("measure")
    run = panel.training.runs[0]
    codes = run.view.codes()
    sample = ring.sample(len(run.view.prior), generator=rng())
    assert torch.equal(run.view.prior, sample)
    assert run.mmd == pytest.approx(aae.metrics.mmd(codes[: view.MEASURED], sample[: view.MEASURED]))


def test_playing_on_from_the_past_shows_the_present(opened):
    panel, page = opened()
    trained(panel, 10)
    page.last(lambda content: content["runs"][0]["step"] == 10)
    page.do("scrub", at=0)
    assert page.last(lambda content: content["state"]["at"] == 0)[0]["runs"][0]["step"] == 0
    trained(panel, 300)
    assert page.last(lambda content: content["runs"][0]["step"] == 300)[0]["state"]["at"] is None
    assert any(10 < mark < 300 for mark in panel._scene.marks())


def test_a_moment_is_not_kept_with_the_surface_of_another(opened):
    panel, page = opened()
    trained(panel, 5)
    page.last(lambda content: content["runs"][0]["step"] == 5)
    page.do("overlay", name="surface", on=False)
    run = panel.training.runs[0]
    for steps in range(10, 40, 5):
        trained(panel, steps)
        run.look({"mmd"})
    assert run.past.at(5).surface is not None
    assert run.past.at(35).surface is None


def test_what_no_panel_can_show_leaves_the_open_one(make):
    panel = Panel(make())

    class Bare(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(2))

        def phases(self):
            def loss(model, batch, terms):
                return model.w.square().sum()

            return (aae.Phase("only", loss=loss, updates=("w",), draw=lambda m, g: {"x": m.images}),)

    data = aae.load("digits")
    bare = Bare()
    with pytest.raises(ValueError, match="has no `prior`"):
        Panel(aae.Trainer(bare, data, phases=bare.phases(), device="cpu"))
    assert panel.status == "paused"
    panel.close()


def test_a_fork_before_the_first_step_works_and_one_that_cannot_be_is_told(make):
    trainer = make()
    trainer.run(steps=5, progress=False)
    panel = Panel(trainer)
    panel.fork()
    assert [run.steps for run in panel.training.runs] == [5, 5]
    panel.close()
    both = Compare(make(), make(seed=1))
    with pytest.raises(ValueError, match="two runs are compared here already"):
        both.fork()
    both.close()


def test_two_runs_on_one_plane_are_looked_at_once_a_picture(make, monkeypatch):
    both = Compare(*(make(model=aae.MapAAE, categories=4, seed=seed) for seed in (0, 1)))
    page = Page(both)
    trained(both, 3)
    page.last(lambda content: content["runs"][0]["step"] == 3)
    seen = []
    monkeypatch.setattr(Run, "look", lambda run, layers, look=Run.look: seen.append(run) or look(run, layers))
    for _ in range(3):
        both._scene.picture(False)
    assert len(seen) == 6
    both.close()


def test_a_run_comes_back_to_its_last_good_step_whatever_was_set_on_the_way(make, opened):
    """The schedule, and within a step the prior: the same weights, losses and measures."""
    trainer = make(schedule=aae.Constant(), phases=None)
    trainer.run(4, measure=lambda model: {"mine": 1.0}, every=2, progress=False)
    panel, _ = opened(trainer)
    trained(panel, 24)
    trainer.schedule = lambda step: 0.01
    trained(panel, 34)
    panel.step()
    trainer.model.set_prior(aae.priors.Uniform(2))
    trained(panel, 44)
    run = panel.training.runs[0]
    good, rows = state(trainer.model), trainer.history
    twin = run.fork(44, "twin")
    torch.testing.assert_close(state(twin.trainer.model), good, rtol=0, atol=0)
    assert twin.trainer.history.drop(columns="seconds").equals(rows.drop(columns="seconds"))
    run.recover()
    torch.testing.assert_close(state(trainer.model), good, rtol=0, atol=0)
    assert trainer.history.drop(columns="seconds").equals(rows.drop(columns="seconds"))
    with pytest.raises(ValueError, match="prior has within a step"):
        run.fork(20, "before")


def test_one_runs_nan_leaves_the_others_history_as_it_is(make):
    def bad_at(trainer, step):
        *first, last = trainer.phases

        def loss(model, batch, terms):
            found = last.loss(model, batch, terms)
            return found * float("nan") if trainer.steps == step else found

        trainer.phases = (*first, last.replace(loss=loss))

    a, b = make(seed=0), make(seed=1)
    bad_at(a, 20)
    panel = aae.live.Compare(a, b, max_steps=60)
    panel.play()
    with pytest.raises(aae.NotFiniteError):
        panel.join(300)
    panel.close()
    twin = make(seed=1)
    twin.run(b.steps, progress=False)
    assert b.history.drop(columns="seconds").equals(twin.history.drop(columns="seconds"))
    assert a.history["step"].tolist() == [*range(1, 21)]


def test_the_floor_is_that_of_as_many_points(make):
    game = aae.PlaneGame(torch.zeros(50, 2), aae.priors.GaussianRing(6))
    trainer = aae.Trainer(game, aae.load("blobs"))
    floor = view.View(trainer, trainer.data.train).floor
    assert floor.sd > 2 * aae.metrics.floor(game.prior, n=500).sd  # of 50
