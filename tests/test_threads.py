"""One owner at a time, one lock: anyone who looks while a panel trains sees a model between two steps and changes
nothing.

The training thread is hammered by four others that read all they can; the run must be the undisturbed one, bit for bit.
"""

import json
import sys
import threading
import time

import pytest
import torch

import aae_lib as aae

pytestmark = pytest.mark.slow

STEPS = 2000


@pytest.fixture(scope="module", autouse=True)
def headless():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-4)  # threads take turns ten times as often as usual
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AAE_STRICT", "1")
        yield
    sys.setswitchinterval(interval)


def trainer(kind=aae.AAE, **options):
    data = aae.load("digits")
    model = kind(data.image_shape, hidden=(16, 16), seed=0, **options)
    return aae.Trainer(model, data, seed=0, device="cpu", losses=options.pop("losses", None))


def assert_the_same_run(one, other):
    a, b = one.model.state_dict(), other.model.state_dict()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    assert torch.equal(one.generator.get_state(), other.generator.get_state())
    assert one.history.drop(columns="seconds").equals(other.history.drop(columns="seconds"))
    assert one.model.training


def readers(one, tmp_path):
    """What others may do while a thread trains, each of it with an answer that can be checked."""
    data, model = one.data, one.model
    images, z = data.test.images[:50], torch.randn(20, 2)

    def encode():
        codes = model.encode(images)
        assert codes.shape == (50, 2)
        assert codes.isfinite().all()

    def of_one_moment():
        with model.lock:
            assert torch.equal(model.encode(images), model.encode(images))
            assert torch.equal(model.reconstruct(images), model.decode(model.encode(images)))

    def history():
        table = one.history
        assert list(table["step"]) == list(range(1, len(table) + 1))
        assert table.notna().all().all()

    def save():
        one.save(tmp_path)
        index = json.loads((tmp_path / "checkpoint.json").read_text())
        loaded = aae.load_model(tmp_path)
        assert loaded.encode(images).isfinite().all()
        assert index["steps"] <= one.steps

    return [
        [encode, of_one_moment],
        [history, lambda: model.decode(z), lambda: model.sample(5)],
        [save, lambda: aae.plots.latent(model, data.validation, n=100)],
        [lambda: aae.metrics.compare(model, data.validation, n=100), lambda: one.settings()],
    ]


def hammer(one, tmp_path, busy):
    """Four threads that read on and on while `busy()`; returns what went wrong in them, and how often they read."""
    failed, counts = [], [0, 0, 0, 0]

    def read(i, calls):
        while busy() and not failed:
            for call in calls:
                try:
                    call()
                except BaseException as error:
                    failed.append(error)
                    return
            counts[i] += 1

    threads = [threading.Thread(target=read, args=item) for item in enumerate(readers(one, tmp_path))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed, counts


def test_four_threads_that_read_all_they_can_leave_the_run_as_it_would_have_been(tmp_path):
    options = {"batch_norm": True, "posterior": "universal", "input_noise": 0.1}
    one = trainer(**options)
    panel = aae.live.Panel(one, max_steps=STEPS)
    panel.play()
    failed, counts = hammer(one, tmp_path, lambda: panel.status == "playing")
    panel.join()
    panel.close()
    assert failed == []
    assert min(counts) >= 1
    alone = trainer(**options)
    alone.run(steps=STEPS, progress=False)
    assert one.steps == STEPS
    assert_the_same_run(one, alone)


def test_a_run_in_the_main_thread_may_be_looked_at_too(tmp_path):
    one = trainer(batch_norm=True)
    failed = []
    watch = threading.Thread(target=lambda: failed.extend(hammer(one, tmp_path, lambda: one.steps < 600)[0]))
    watch.start()
    one.run(steps=600, progress=False)
    watch.join()
    assert failed == []
    alone = trainer(batch_norm=True)
    alone.run(steps=600, progress=False)
    assert_the_same_run(one, alone)


def test_looking_between_two_phases_changes_nothing(tmp_path):
    looked, alone = trainer(batch_norm=True), trainer(batch_norm=True)
    for one in (looked, alone):
        one.run(steps=58, progress=False)  # the ring of losses will be full on the way
    for _ in range(12):
        for _ in looked.walk():
            looked.flush()
            assert len(looked.history) == looked.steps
            looked.model.encode(looked.data.test.images[:5])
        looked.save(tmp_path)
        alone.step()
    assert_the_same_run(looked, alone)


@pytest.mark.parametrize("phase", ["reconstruction", "discriminator", "generator"])
@pytest.mark.parametrize("walked", [True, False])
@pytest.mark.parametrize("looked", [True, False])
def test_every_planted_nan_is_told_within_one_flush(phase, walked, looked):
    one = trainer()
    own = next(p.loss for p in one.phases if p.name == phase)
    bad = {"on": False}

    def planted(model, batch, terms):
        loss = own(model, batch, terms)
        return loss * float("nan") if bad["on"] else loss

    one.phases = tuple(p.replace(loss=planted) if p.name == phase else p for p in one.phases)
    one.run(steps=3, progress=False)
    before = one.whole_step()
    bad["on"] = True

    def go():
        for _ in one.walk() if walked else [one.step()]:
            if looked:
                _ = one.history
        one.flush()

    with pytest.raises(aae.NotFiniteError, match=f"phase '{phase}' was not finite at step 4"):
        go()
    bad["on"] = False
    assert one.steps == 3
    if walked and looked:  # the step that went wrong never was
        after = one.whole_step().tensors
        assert [name for name in before.tensors if not torch.equal(before.tensors[name], after[name])] == []
    weights = {name: p.clone() for name, p in one.model.named_parameters()}
    one.run(steps=5, progress=False)
    assert all(not torch.equal(p, weights[name]) for name, p in one.model.named_parameters())
    assert len(one.history) == 8


def test_a_reader_does_not_take_the_news_of_a_fault_from_the_thread_that_trains():
    one = trainer()
    bad = threading.Event()
    own = one.phases[0].loss

    def planted(model, batch, terms):
        return own(model, batch, terms) * (float("nan") if bad.is_set() else 1.0)

    one.phases = (one.phases[0].replace(loss=planted), *one.phases[1:])
    panel = aae.live.Panel(one, max_steps=100_000)
    panel.play()
    while one.steps < 100:
        time.sleep(0.01)
    bad.set()
    while panel.status == "playing":  # nothing is raised here ...
        assert one.history["reconstruction"].notna().all()
    with pytest.raises(aae.NotFiniteError, match="reconstruction"):  # ... but there
        panel.join()
    bad.clear()
    panel.close()


def test_a_second_thread_that_wants_to_train_is_told_so():
    one = trainer()
    panel = aae.live.Panel(one, max_steps=100_000)
    panel.play()
    for train in (one.step, lambda: one.run(steps=1, progress=False), lambda: next(one.walk()), one.reset,
                  lambda: one.advance(1), lambda: aae.Sweep([one]).run(steps=1, progress=False)):  # fmt: skip
        with pytest.raises(RuntimeError, match="a live panel is training this model"):
            train()
    panel.close()
    one.run(steps=1, progress=False)


def test_a_graph_looks_at_its_owner_too():
    from aae_lib.training.graphs import Graphs

    one = trainer()
    one.graphs = Graphs([one], one.step, one.launch_step, one.flush, record=False)
    panel = aae.live.Panel(one, max_steps=100_000)
    with pytest.raises(RuntimeError, match="a live panel is training this model"):
        one.advance(50)
    panel.close()


def test_stopping_in_the_middle_of_a_step_leaves_a_trainer_that_can_be_saved(tmp_path):
    one, alone = trainer(), trainer()
    panel = aae.live.Panel(one, max_steps=100)
    for _ in range(2):  # two of three phases
        panel.step()
    assert one.in_step
    panel.stop()
    assert not one.in_step
    one.save(tmp_path)
    alone.step()
    assert_the_same_run(one, alone)
    panel.close()


def test_who_waits_for_the_lock_gets_it_after_the_step_under_way():
    """A plain lock would let a thread that trains take it again and again before the one that waits has woken up."""
    one = trainer()
    stop, waited = threading.Event(), []

    def train():
        while not stop.is_set():
            one.step()

    thread = threading.Thread(target=train)
    thread.start()
    for _ in range(30):
        before = one.steps
        with one.lock:
            waited.append(one.steps - before)
    stop.set()
    thread.join()
    assert sorted(waited)[15] <= 2  # the step under way, and the one that was about to begin


def test_a_thread_that_waited_does_not_leave_the_model_to_one_that_has_ended(make):
    lock = make().lock
    held, waits = threading.Event(), threading.Event()

    def first():
        owned = lock.owned()
        owned.__enter__()
        with lock:  # as when a run returns its history
            held.set()
            while not lock._queue:
                waits.wait(0.001)
            owned.__exit__(None, None, None)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with lock.owned():
        assert lock.owner is threading.current_thread()
    thread.join()
    assert lock.owner is None
