"""Steps recorded as a CUDA graph.

What is done around the recording is tested on the CPU, by playing the same steps from the same tensors; the recording
itself needs a GPU.
"""

import gc
import warnings

import pytest
import torch

import aae_lib as aae
from aae_lib.training import checkpoints, graphs
from aae_lib.training.graphs import Graphs

GPU = pytest.mark.gpu


@pytest.fixture(scope="module")
def digits():
    return aae.load("digits")


def trainer(data, seed=0, device="cpu", kind="SemiSupervisedAAE", graph=None, **options):
    options = {"hidden": (16, 16), "input_noise": 0.1, "seed": seed} | ({} if kind == "VAE" else {"r1": 0.1}) | options
    model = getattr(aae, kind)(data.image_shape, **options)
    return aae.Trainer(model, data, seed=seed, device=device, schedule=aae.Cosine(100), graph=graph)


def unrecorded(one):
    """The trainer with its steps played from the tensors that a graph would read."""
    one.graphs = Graphs([one], one.step, one.launch_step, one.flush, record=False)
    return one


def same(one, other, atol=0.0):
    for name, tensor in one.model.state_dict().items():
        assert torch.allclose(tensor, other.model.state_dict()[name], rtol=0, atol=atol), name
    assert one.steps == other.steps
    assert one.minibatches.cursor == other.minibatches.cursor
    a, b = (t.history.drop(columns="seconds").to_numpy() for t in (one, other))
    assert a == pytest.approx(b, rel=1e-5 if atol else 0, abs=1e-6 if atol else 0, nan_ok=True)


def weight(model):
    return {"weight": model.decoder.layers[0].weight.sum().item()}


def drive(one):
    """A run with all that may happen on the way: ends of epochs (13 steps), sliders, repeats, prior, measures."""
    one.run(steps=31, progress=False)
    one.weights["generator"], one.rate = 0.3, 0.5
    one.terms["discriminator"]["r1"] = 2.0
    one.run(steps=9, measure=weight, every=4, progress=False)
    one.repeats["discriminator"] = 3
    one.run(steps=5, progress=False)
    one.model.set_prior(aae.priors.Uniform(10))
    one.model.input_noise = 0.0
    one.run(steps=15, progress=False)


@pytest.mark.parametrize("kind", ["AAE", "SupervisedAAE", "SemiSupervisedAAE"])
def test_steps_played_many_at_a_time_are_the_same_steps(digits, kind):
    options = {"kind": kind, "latent_dim": 10, "batch_norm": kind == "SemiSupervisedAAE"}
    plain, played = trainer(digits, **options), unrecorded(trainer(digits, **options))
    for one in (plain, played):
        drive(one)
    same(plain, played)
    assert played.steps == 60


def test_what_was_recorded_is_not_played_once_a_sweep_holds_the_tensors(digits):
    played = unrecorded(trainer(digits))
    played.run(steps=10, progress=False)
    before = set(map(id, played.graphs.recorded.values()))
    assert before
    played.run(steps=10, progress=False)
    assert before <= set(map(id, played.graphs.recorded.values()))  # the same tensors
    kept = list(played.graphs.recorded.values())  # alive, so that no other takes an address
    own, played.graphs = played.graphs, None  # a sweep would record
    aae.Sweep([played, trainer(digits, 1)]).run(steps=10, progress=False)
    played.graphs = own
    played.run(steps=10, progress=False)
    assert not before & set(map(id, played.graphs.recorded.values()))
    assert kept


@GPU
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_member_trains_on_by_itself_after_its_sweep(digits):
    played, plain = trainer(digits, device="cuda"), trainer(digits, device="cuda", graph=False)
    for one in (played, plain):
        other = trainer(digits, 1, device="cuda", graph=None if one is played else False)
        one.run(steps=10, progress=False)
        aae.Sweep([one, other], own_draws=True).run(steps=10, progress=False)
        one.run(steps=10, progress=False)
    same(plain, played, atol=1e-4)


def test_a_run_is_resumed_in_the_middle_of_an_epoch(digits, tmp_path):
    plain, played = trainer(digits), unrecorded(trainer(digits))
    plain.run(steps=40, progress=False)
    played.run(steps=17, progress=False, folder=tmp_path)
    resumed = unrecorded(trainer(digits))
    checkpoints.load(resumed, tmp_path)
    resumed.run(steps=23, progress=False)
    same(plain, resumed)


def test_a_sweep_is_played_too(digits):
    plain, played = (aae.Sweep([trainer(digits, seed) for seed in (0, 1)]) for _ in range(2))
    played.graphs = Graphs(played.trainers, played.step, played.launch_step, played.flush, record=False)
    for sweep in (plain, played):
        sweep.run(steps=30, progress=False)
        sweep.trainers[1].terms["discriminator"]["r1"] = 3.0
        sweep.run(steps=5, progress=False)
    for one, other in zip(plain.trainers, played.trainers, strict=True):
        same(one, other)


def test_a_fault_is_told_at_its_step(digits):
    one = unrecorded(trainer(digits))
    one.run(steps=20, progress=False)
    good = {name: tensor.clone() for name, tensor in one.model.state_dict().items()}
    one.rate = one.weights["reconstruction"] = 1e6
    with pytest.raises(aae.NotFiniteError, match="at step 2"):
        one.run(steps=10, progress=False)
    assert 20 <= one.steps < 30
    assert all(tensor.isfinite().all() for tensor in one.model.state_dict().values())
    one.model.load_state_dict(good)
    one.rate = one.weights["reconstruction"] = 1.0
    one.run(steps=3, progress=False)


def test_one_warning_says_why_steps_are_not_recorded(digits):
    def mine(n, generator=None):
        return torch.randn(n, 10, generator=generator)

    one, plain = (trainer(digits, prior=mine) for _ in range(2))
    plain.run(steps=6, progress=False)
    unrecorded(one)
    with pytest.warns(UserWarning, match="does not promise to draw on the GPU") as seen:
        one.run(steps=6, progress=False)
    assert len(seen) == 1
    same(plain, one)


@pytest.fixture
def cuda_that_refuses(monkeypatch):
    """Recording as CUDA does it where a loss waits for the GPU: it fails, and so does the generator afterwards."""
    poisoned, refuses = [], {"now": True}

    def capture(steps, trainers):
        if not refuses["now"]:
            return steps
        poisoned.extend(t.generator for t in trainers)
        steps()
        raise RuntimeError("operation not permitted when stream is capturing\nand more lines")

    def randn(*size, generator=None, **on):
        if any(generator is one for one in poisoned) and not refuses.get("capturing"):
            raise RuntimeError("Offset increment outside graph capture encountered unexpectedly.")
        return real(*size, generator=generator, **on)

    real = torch.randn
    monkeypatch.setattr(graphs, "warm_up", lambda steps, trainers, fill: (fill(), steps()))

    def capturing(steps, trainers):
        refuses["capturing"] = True
        try:
            return capture(steps, trainers)
        finally:
            refuses["capturing"] = False

    monkeypatch.setattr(graphs, "capture", capturing)
    monkeypatch.setattr(torch, "randn", randn)
    return refuses


def test_a_recording_that_fails_leaves_the_run_as_it_was(digits, cuda_that_refuses):
    plain, one = trainer(digits), trainer(digits)
    one.graphs = Graphs([one], one.step, one.launch_step, one.flush)
    plain.run(steps=40, progress=False)
    with pytest.warns(UserWarning, match="not as a CUDA graph: operation not permitted when") as seen:
        one.run(steps=40, progress=False)
    assert len(seen) == 1
    assert not one.graphs.recorded
    same(plain, one)


def test_one_refusal_is_not_for_ever(digits, cuda_that_refuses):
    plain, one = trainer(digits), trainer(digits)
    one.graphs = Graphs([one], one.step, one.launch_step, one.flush)
    with pytest.warns(UserWarning, match="not as a CUDA graph"):
        one.run(steps=3, progress=False)
    cuda_that_refuses["now"] = False
    one.model.set_prior(aae.priors.Uniform(10))  # another structure: perhaps the cause has gone
    one.run(steps=12, progress=False)
    assert one.graphs.recorded
    plain.run(steps=3, progress=False)
    plain.model.set_prior(aae.priors.Uniform(10))
    plain.run(steps=12, progress=False)
    same(plain, one)


def test_a_loss_that_fails_by_itself_is_not_taken_for_a_refusal(digits, cuda_that_refuses):
    cuda_that_refuses["now"] = False

    def wrong(model, batch, terms):
        return model.decoded(batch).view(3, -1).mean()

    model = aae.AAE(digits.image_shape, hidden=(16,))
    one = aae.Trainer(model, digits, device="cpu", losses={"reconstruction": wrong})
    one.graphs = Graphs([one], one.step, one.launch_step, one.flush)
    with pytest.raises(RuntimeError, match="is invalid for input of size"):
        one.run(steps=3, progress=False)


def test_a_graph_is_never_played_for_another_prior_or_other_phases(digits):
    """Priors come and go, and Python gives a freed one's address to the next: the key must hold on to it."""
    plain, played = trainer(digits, latent_dim=2, kind="AAE"), unrecorded(trainer(digits, latent_dim=2, kind="AAE"))
    for i in range(40):
        for one in (plain, played):
            one.model.set_prior(aae.priors.GaussianRing(10, radius=1.0 + i))
            one.run(steps=2, progress=False)
    same(plain, played)
    for one in (plain, played):
        one.phases = tuple(p.replace(draw=p.draw and (lambda d, g, p=p: p.draw(d, g))) for p in one.phases)
        one.run(steps=2, progress=False)
    same(plain, played)
    assert any(key[1][0][-3].thing is played.phases for key in played.graphs.recorded)


def test_graphs_need_cuda(digits):
    with pytest.raises(ValueError, match="the device is cpu"):
        trainer(digits, graph=True)


# ---- on a GPU ----


@GPU
@pytest.mark.parametrize("kind", ["AAE", "VAE", "SupervisedAAE", "SemiSupervisedAAE", "ClusterAAE"])
@pytest.mark.parametrize("optimizer", [aae.Adam(1e-3), aae.SGD(1e-3, 0.9)])
def test_a_graph_does_what_single_steps_do(digits, kind, optimizer):
    options = {"kind": kind, "device": "cuda", "optimizer": optimizer, "latent_dim": 10}
    plain, graphed = trainer(digits, graph=False, **options), trainer(digits, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it is recorded indeed
        for one in (plain, graphed):
            one.run(steps=31, progress=False)
            one.rate = 0.5
            one.run(steps=40, progress=False)
    same(plain, graphed, atol=1e-4)
    assert graphed.graphs.recorded


@GPU
def test_sliders_repeats_and_priors_act_on_a_graph(digits):
    plain, graphed = (trainer(digits, device="cuda", latent_dim=10, graph=graph) for graph in (False, None))
    for one in (plain, graphed):
        drive(one)
    same(plain, graphed, atol=1e-3)


@GPU
def test_a_loss_that_makes_the_gpu_wait_is_run_step_by_step(digits):
    def waits(model, batch, terms):
        logits = model.decoded(batch)
        assert logits.abs().max().item() < 1e6
        return model.image_loss(logits, batch["x"])

    model = aae.AAE(digits.image_shape, hidden=(16,))
    one = aae.Trainer(model, digits, device="cuda", losses={"reconstruction": waits})
    with pytest.warns(UserWarning, match="not as a CUDA graph"):
        one.run(steps=20, progress=False)
    assert one.steps == 20
    assert one.history["reconstruction"].iloc[-1] < one.history["reconstruction"].iloc[0]


@GPU
def test_a_sweep_as_a_graph_gives_each_member_its_single_run(digits):
    alone = [trainer(digits, seed, device="cuda", graph=False) for seed in (0, 1, 2)]
    sweep = aae.Sweep([trainer(digits, seed, device="cuda") for seed in (0, 1, 2)], own_draws=True)
    for one in alone:
        one.run(steps=40, progress=False)
    sweep.run(steps=40, progress=False)
    for one, other in zip(alone, sweep.trainers, strict=True):
        same(one, other, atol=1e-3)


@GPU
def test_graphs_that_are_garbage_do_not_disturb_a_recording(digits):
    """Trainers that nobody holds any more, in reference cycles, are freed at any moment; not at that one."""
    before = gc.get_threshold()
    try:
        for _ in range(3):
            old = trainer(digits, device="cuda")
            old.run(steps=50, progress=False)
            old.itself = old
            del old
            gc.set_threshold(50, 2, 2)  # so that garbage is collected at every turn
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                fresh = trainer(digits, device="cuda")
                fresh.run(steps=60, progress=False)
            assert fresh.graphs.recorded
    finally:
        gc.set_threshold(*before)


def test_half_a_step_that_is_given_up_never_was(digits, tmp_path):
    one, twin = unrecorded(trainer(digits)), trainer(digits)
    one.run(steps=10, progress=False)
    next(one.walk())
    one.run(steps=10, folder=tmp_path, progress=False)
    twin.run(steps=20, progress=False)
    same(one, twin)
    assert checkpoints.read_index(tmp_path)["steps"] == 20
