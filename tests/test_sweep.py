"""Many models trained at once: every member does what its trainer alone would do."""

import time
from dataclasses import replace

import pytest
import torch

import aae_lib as aae
from aae_lib.data import scale
from aae_lib.training import checkpoints, stacked
from aae_lib.training import sweep as sweep_module

STEPS = 12


@pytest.fixture(scope="module")
def digits():
    return aae.load("digits")


def few(data, n=50):
    return replace(data, train=data.train.keep_labels(n, seed=0))


MAKES = {
    "AE": {},
    "VAE": {},
    "WAE": {},
    "AAE": {"r1": 0.1, "input_noise": 0.1},
    "SupervisedAAE": {"latent_dim": 4, "condition_discriminator": True},
    "SemiSupervisedAAE": {"r1": 1.0, "r1_y": 0.1, "consistency": 0.5},
    "ClusterAAE": {"input_dropout": 0.2},
    "MapAAE": {},
}


def trainer(data, kind, seed, *, lr=1e-3, schedule=None, **options):
    model = getattr(aae, kind)(data.image_shape, hidden=(24, 24), seed=seed, optimizer=aae.Adam(lr), **options)
    return aae.Trainer(model, data, seed=seed, batch_size=50, schedule=schedule, device="cpu")


def differences(alone, together):
    """Largest difference of any parameter, member by member."""
    return [
        max((a - b).abs().max().item() for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))
        for one, other in zip(alone, together, strict=True)
    ]


@pytest.mark.parametrize("kind", MAKES)
def test_each_member_is_its_single_run(digits, kind):
    data = few(digits) if kind == "SemiSupervisedAAE" else digits
    alone, members = ([trainer(data, kind, seed, **MAKES[kind]) for seed in (3, 4, 5)] for _ in range(2))
    for one in alone:
        one.run(steps=STEPS, progress=False)
    sweep = aae.Sweep(members)
    history = sweep.run(steps=STEPS, progress=False)
    assert max(differences(alone, members)) < 2e-5
    assert differences(alone[:1], members[1:2])[0] > 0.01  # the seeds do differ
    for s, one in enumerate(alone):
        own = history[history.member == s].drop(columns=["member", "seconds"]).to_numpy()
        assert own == pytest.approx(one.history.drop(columns="seconds").to_numpy(), rel=1e-4, abs=1e-5)


def test_members_with_batch_norm_give_the_same_codes(digits):
    # a bias before batch norm has no gradient but rounding, which Adam makes a step of: so codes, not parameters
    data = few(digits)
    make = {"batch_norm": True, "r1": 1.0}
    alone, members = ([trainer(data, "SemiSupervisedAAE", seed, **make) for seed in (0, 1)] for _ in range(2))
    for one in alone:
        one.run(steps=STEPS, progress=False)
    aae.Sweep(members).run(steps=STEPS, progress=False)
    x = scale(digits.test.images[:40])
    for one, other in zip(alone, members, strict=True):
        for a, b in zip(one.model.encoder.both(x), other.model.encoder.both(x), strict=True):  # normalised by the batch
            assert torch.allclose(a, b, atol=1e-3)
        assert torch.allclose(one.norms[0].running_var, other.norms[0].running_var, rtol=1e-3)


def test_members_may_have_settings_of_their_own(digits):
    """Weights, terms, rates, learning rates, schedules, priors and data differ; so do the settings while it trains."""

    def members():
        made = [
            trainer(digits, "AAE", 0, r1=0.1),
            trainer(digits, "AAE", 0, r1=1.0, lr=3e-3, schedule=aae.Constant()),
            trainer(few(digits), "AAE", 0, r1=0.1, prior=aae.priors.GaussianRing()),
        ]
        made[0].weights["generator"] = 0.0
        made[1].rate = 0.5
        return made

    alone, together = members(), members()
    for one in alone:
        one.run(steps=6, progress=False)
    sweep = aae.Sweep(together)
    sweep.run(steps=6, progress=False)
    for made in (alone, together):
        made[0].weights["generator"] = 2.0
        made[2].terms["discriminator"]["r1"] = 3.0
    for one in alone:
        one.run(steps=6, progress=False)
    sweep.run(steps=6, progress=False)
    assert max(differences(alone, together)) < 2e-5


def test_a_member_is_a_trainer_to_save_load_and_train_further(digits, tmp_path):
    straight = trainer(digits, "AAE", 1)
    straight.run(steps=20, progress=False)
    sweep = aae.Sweep([trainer(digits, "AAE", seed) for seed in (0, 1)])
    sweep.run(steps=8, folders=[tmp_path / "0", tmp_path / "1"], progress=False)
    resumed = [trainer(digits, "AAE", seed) for seed in (0, 1)]
    for s, one in enumerate(resumed):
        checkpoints.load(one, tmp_path / str(s))
    again = aae.Sweep(resumed)
    again.run(steps=8, progress=False)
    again.trainers[1].run(steps=4, progress=False)  # by itself
    assert differences([straight], again.trainers[1:])[0] < 2e-5
    assert again.trainers[0].steps == 16


def test_a_member_that_diverges_is_named_and_the_others_go_on(digits):
    calm = trainer(digits, "AAE", 0)
    calm.run(steps=10, progress=False)
    wild = trainer(digits, "AAE", 1, lr=1000, schedule=aae.Constant())
    wild.rate = 1e6
    sweep = aae.Sweep([trainer(digits, "AAE", 0), wild])
    with pytest.raises(aae.NotFiniteError, match="member 1 of the sweep"):
        sweep.run(steps=10, progress=False)
    assert sweep.trainers[0].steps == 10
    assert differences([calm], sweep.trainers[:1])[0] < 2e-5
    assert all(p.isfinite().all() for p in sweep.models[1].parameters())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "WAE"}, "the model's class: AAE and WAE"),
        ({"latent_dim": 3}, "the shape of"),
        ({"reconstruction": "mse"}, "the model's reconstruction"),
        ({"r1": 1.0}, "terms"),
    ],
)
def test_trainers_that_cannot_go_together_are_refused(digits, change, words):
    change = {"kind": "AAE", "seed": 1} | change
    with pytest.raises(ValueError, match=words):
        aae.Sweep([trainer(digits, "AAE", 0), trainer(digits, **change)])


def test_no_member_twice_and_none_with_repeats(digits):
    one, other = trainer(digits, "AAE", 0), trainer(digits, "AAE", 1)
    with pytest.raises(ValueError, match="share a model"):
        aae.Sweep([one, one])
    with pytest.raises(ValueError, match="at least one"):
        aae.Sweep([])
    other.repeats["discriminator"] = 2
    with pytest.raises(ValueError, match="repeats"):
        aae.Sweep([one, other])


# ---- one draw for all ----


def labelled(data, seed, **options):
    own = replace(data, train=data.train.keep_labels(50, seed=seed))
    return trainer(own, "SemiSupervisedAAE", seed, input_noise=0.1, consistency=0.5, virtual=1.0, **options)


def test_one_draw_for_all_takes_each_members_own_rows_and_labels(digits):
    sweep = aae.Sweep([labelled(digits, seed) for seed in (0, 1, 2)], own_draws=False)
    drawn = {}
    draw = sweep.draw
    sweep.draw = lambda phase, *rest, **more: drawn.setdefault(phase.name, draw(phase, *rest, **more))
    sweep.step()
    images = scale(digits.train.images)
    for s, one in enumerate(sweep.trainers):
        rows = one.minibatches.epoch_rows(0)
        assert torch.equal(drawn["reconstruction"]["x"][s], images[rows])
        noise = drawn["reconstruction"]["x_in"][s] - images[rows]
        assert noise.std().item() == pytest.approx(0.1, rel=0.1)
        batch = drawn["classification"]
        own = {tuple(x.flatten().tolist()) for x in images[one.minibatches.labelled]}
        assert {tuple(x.flatten().tolist()) for x in batch["x"][s]} <= own
        assert (batch["y"][s] >= 0).all()
    noises = drawn["reconstruction"]["x_in"] - drawn["reconstruction"]["x"]
    assert not torch.equal(noises[0], noises[1])


def test_one_draw_for_all_is_resumed_exactly(digits, tmp_path):
    def made():
        return [labelled(digits, seed) for seed in (0, 1)]

    straight = aae.Sweep(made(), own_draws=False)
    straight.run(steps=14, progress=False)
    aae.Sweep(first := made(), own_draws=False).run(steps=6, folders=[tmp_path / "0", tmp_path / "1"], progress=False)
    second = made()
    for s, one in enumerate(second):
        one.load(tmp_path / str(s))
    aae.Sweep(second, own_draws=False).run(steps=8, progress=False)
    assert differences(straight.trainers, second) == [0, 0]
    assert min(differences(straight.trainers, first)) > 0
    assert straight.history.notna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"prior": aae.priors.Uniform(10)}, "priors or their noise"), ({"input_noise": 0.2}, "priors or their noise")],
)
def test_one_draw_for_all_needs_members_that_draw_alike(digits, change, words):
    members = [trainer(digits, "AAE", 0, latent_dim=10), trainer(digits, "AAE", 1, latent_dim=10, **change)]
    with pytest.raises(ValueError, match=words):
        aae.Sweep(members, own_draws=False)
    assert aae.Sweep(members).own_draws
    fewer = [trainer(few(digits, n), "SemiSupervisedAAE", 0) for n in (50, 60)]
    with pytest.raises(ValueError, match="number of their labels"):
        aae.Sweep(fewer, own_draws=False)
    start = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    games = [aae.PlaneGame(start, aae.priors.GaussianRing(), seed=seed) for seed in (0, 1)]
    plane = [aae.Trainer(game, digits, device="cpu") for game in games]
    with pytest.raises(ValueError, match="PlaneGame does not state"):
        aae.Sweep(plane, own_draws=False)


def test_a_prior_that_is_changed_for_one_member_is_that_members_alone(digits):
    sweep = aae.Sweep([trainer(digits, "AAE", seed) for seed in (0, 1)], own_draws=False)
    sweep.run(steps=2, progress=False)
    sweep.models[1].set_prior(aae.priors.Uniform(2, low=-0.1, high=0.1))
    seen = []
    draw = sweep.draw
    sweep.draw = lambda *which, **more: seen.append(draw(*which, **more)) or seen[-1]
    sweep.run(steps=1, progress=False)
    z = next(batch["z_prior"] for batch in seen if "z_prior" in batch)
    assert z[0].abs().max() > 1
    assert z[1].abs().max() <= 0.1


# ---- the stacked update ----


def formula(parameter, gradient, mean, square, scalars, going):
    """What the kernel does, in PyTorch's words."""
    size, root, share1, share2, moving = (t.view(-1, *[1] * (parameter.dim() - 1)) for t in (*scalars, going))
    new_mean = mean.lerp(gradient, share1)
    new_square = square * (1 - share2) + share2 * gradient.square()
    new = parameter - size * new_mean / (new_square.sqrt() / root + 1e-8)
    for old, now in ((mean, new_mean), (square, new_square), (parameter, new)):
        old.copy_(torch.where(moving, now, old))


def test_stacked_updates_are_pytorchs_own():
    made = [aae.Adam(1e-2), aae.Adam(3e-2, beta1=0.5)]
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 4), (5,), ()]
    values = [[torch.randn(shape, generator=generator) for shape in shapes] for _ in made]
    alone, together = ([[torch.nn.Parameter(v.clone()) for v in of] for of in values] for _ in range(2))
    singles, members = ([how.build(of) for how, of in zip(made, every, strict=True)] for every in (alone, together))
    whole = [stacked.stack([of[i] for of in together]) for i in range(len(shapes))]
    all_at_once = stacked.StackedAdam(members, together, whole, formula)
    rates = torch.tensor([how.lr for how in made])
    for step in range(6):
        gradients = [torch.randn(2, *shape, generator=generator) for shape in shapes]
        going = torch.tensor([step != 3, True])  # member 0 once stands still
        for s, optimizer in enumerate(singles):
            for p, gradient in zip(alone[s], gradients, strict=True):
                p.grad = gradient[s]
            if going[s]:
                optimizer.step()
        all_at_once.step(gradients, rates, going)
    for one, other, single, member in zip(alone, together, singles, members, strict=True):
        for p, q in zip(one, other, strict=True):
            assert torch.allclose(p, q, rtol=1e-6, atol=1e-6)
            for key, tensor in single.state[p].items():
                assert torch.allclose(tensor, member.state[q][key], rtol=1e-6, atol=1e-7), key
                assert tensor.shape == member.state[q][key].shape


def test_a_sweep_with_stacked_updates_is_its_single_runs(digits, monkeypatch):
    """All but the kernel itself."""
    monkeypatch.setattr(sweep_module, "adam", formula)
    monkeypatch.setattr(stacked.StackedAdam, "can_move", staticmethod(lambda optimizers, device: True))
    alone, members = ([trainer(digits, "AAE", seed, r1=0.1) for seed in (3, 4)] for _ in range(2))
    for one in alone:
        one.run(steps=STEPS, progress=False)
    sweep = aae.Sweep(members)
    assert set(sweep.optimizers) == set(sweep.trainers[0].optimizers)
    sweep.run(steps=STEPS - 4, progress=False)
    for one in members:  # each by itself: its optimizer has what the sweep has done
        one.run(steps=2, progress=False)
    sweep.run(steps=2, progress=False)
    assert max(differences(alone, members)) < 2e-5


def test_without_a_compiler_each_member_is_moved_by_its_own_optimizer():
    def broken(*tensors):
        raise RuntimeError("Failed to find C compiler.\nMore lines.")

    with pytest.warns(UserWarning, match="not stacked, and slower for it: Failed to find C compiler"):
        assert not stacked.works(broken, torch.device("cpu"))
    assert stacked.works(formula, torch.device("cpu"))


# ---- on a GPU ----


@pytest.mark.gpu
def test_the_kernel_is_the_formula():
    assert stacked.adam is not None
    generator = torch.Generator("cuda").manual_seed(0)
    for shape in ((3, 700, 90), (3, 1), (5, 1025)):
        p, g, m = (torch.randn(shape, generator=generator, device="cuda") for _ in range(3))
        v = torch.rand(shape, generator=generator, device="cuda")
        scalars = torch.rand(4, len(p), generator=generator, device="cuda") * 0.9 + 0.05
        going = torch.tensor([True, False, True, True, False], device="cuda")[: len(p)]
        one, other = ([t.clone() for t in (p, g, m, v)] for _ in range(2))
        formula(*one, scalars, going)
        stacked.adam(*other, scalars, going)
        for a, b in zip(one, other, strict=True):
            assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.gpu
def test_one_draw_for_all_as_a_graph_learns_what_own_draws_learn(digits):
    def made():
        found = []
        for seed in (0, 1, 2):
            own = replace(digits, train=digits.train.keep_labels(100, seed=seed))
            options = {"hidden": (64, 64), "batch_norm": True, "r1": 1.0, "virtual": 1.0, "seed": seed}
            model = aae.SemiSupervisedAAE(own.image_shape, **options)
            schedule = aae.Cosine(600)
            found.append(aae.Trainer(model, own, seed=seed, schedule=schedule, device="cuda", precision="tf32"))
        return found

    errors = []
    for own_draws in (True, False):
        sweep = aae.Sweep(made(), own_draws=own_draws)
        history = sweep.run(steps=600, progress=False)
        assert sweep.graphs.recorded
        assert history.notna().all(axis=None)
        errors.append([aae.metrics.classification_error(model, digits.test) for model in sweep.models])
    assert max(map(max, errors)) < 0.3, errors


@pytest.mark.gpu
def test_tf32_rounds_products_and_the_switch_is_put_back(digits):
    def run(precision):
        model = aae.AAE(digits.image_shape, hidden=(256, 256), seed=0)
        one = aae.Trainer(model, digits, seed=0, device="cuda", precision=precision)
        return one.run(steps=50, progress=False)["reconstruction"].to_numpy()

    exact, again, rounded = run("fp32"), run("fp32"), run("tf32")
    assert (exact == again).all()
    assert (exact != rounded).any()
    assert rounded == pytest.approx(exact, rel=0.02)
    assert torch.backends.cuda.matmul.fp32_precision != "tf32"


def other_activation(one):
    one.model.encoder = aae.networks.Encoder(one.model.image_shape, 2, (24, 24), activation="relu")
    return aae.Trainer(one.model, one.data, seed=one.seed, batch_size=50, device="cpu")


def other_share(one):
    phases = [p.replace(share=lambda model, batch: {"z": 0 * batch["z_prior"]}) if p.share else p for p in one.phases]
    return aae.Trainer(one.model, one.data, phases=tuple(phases), seed=one.seed, batch_size=50, device="cpu")


@pytest.mark.parametrize(
    ("kind", "options", "change", "told"),
    [
        ("AAE", {}, other_activation, "the networks"),
        ("AAE", {}, other_share, "what phases share"),
        ("AAE", {"discriminator_waves": (1.0, 2.0)}, lambda one: one, "the networks"),
        ("VAE", {"prior": aae.priors.Gaussian(2, sigma=0.1)}, lambda one: one, "what the losses read"),
        ("VAE", {"prior": aae.priors.GaussianRing()}, lambda one: one, "what the losses read"),
    ],
)
def test_what_only_the_first_members_code_would_say_must_be_the_same_for_all(digits, kind, options, change, told):
    same = {"discriminator_waves": (1.0, 3.0)} if "discriminator_waves" in options else {}
    members = [trainer(digits, kind, 0, **same), change(trainer(digits, kind, 1, **options))]
    with pytest.raises(ValueError, match=f"members 0 and 1 of the sweep differ in {told}"):
        aae.Sweep(members)


def test_a_fault_that_a_save_on_the_way_finds_is_the_members(digits, tmp_path):
    def loss(model, batch, terms):
        time.sleep(0.02)  # so that a save is due, and the ring of losses is not full yet
        return model.image_loss(model.decoded(batch), batch["x"]) * terms["boom"] ** 7

    def member(seed):
        model = aae.AE(digits.image_shape, hidden=(16,), seed=seed)
        terms = {"boom": 1e6 if seed else 1.0}
        phase = model.reconstruction_phase().replace(loss=loss, terms=terms, begins={"boom": 3})
        return aae.Trainer(model, digits, seed=seed, phases=(phase,), device="cpu")

    sweep = aae.Sweep([member(0), member(1)])
    with pytest.raises(aae.NotFiniteError, match="member 1"):
        sweep.run(steps=40, folders=[tmp_path / "0", tmp_path / "1"], save_seconds=0.0, progress=False)
    assert sweep.diverged == {1}
    assert checkpoints.read_index(tmp_path / "1")["steps"] <= 3  # before the fault


def test_what_a_member_cannot_be_given_later_is_refused(digits):
    members = [trainer(digits, "AAE", s) for s in range(2)]
    together = aae.Sweep(members)
    together.step()
    members[1].repeats["discriminator"] = 5
    with pytest.raises(ValueError, match="several times a step"):
        together.step()
    members[1].repeats["discriminator"] = 1
    together.step()
    *first, last = members[1].phases
    members[1].phases = (*first, last.replace(loss=lambda model, batch, terms: batch["x"].mean()))
    with pytest.raises(ValueError, match="differ in losses"):
        together.step()
    vaes = [trainer(digits, "VAE", s) for s in range(2)]
    together = aae.Sweep(vaes)
    vaes[1].model.set_prior(aae.priors.Gaussian(2, sigma=0.1))
    with pytest.raises(ValueError, match="differ in what the losses read"):
        together.step()
    assert {one.steps for one in vaes} == {0}


def test_members_that_update_other_parts_are_refused(digits):
    members = [trainer(digits, "AAE", s) for s in range(2)]
    model = aae.AAE(digits.image_shape, hidden=(24, 24), seed=1)
    phases = (*model.phases()[:-1], model.phases()[-1].replace(updates=("encoder", "decoder")))
    other = aae.Trainer(model, digits, phases=phases, batch_size=50, seed=1, device="cpu")
    with pytest.raises(ValueError, match="differ in what their phases update"):
        aae.Sweep([members[0], other])


def test_half_a_step_of_a_member_that_is_given_up_never_was(digits):
    members, twins = ([trainer(digits, "AAE", s) for s in range(2)] for _ in range(2))
    next(members[0].walk())
    aae.Sweep(members).run(3, progress=False)
    aae.Sweep(twins).run(3, progress=False)
    assert max(differences(members, twins)) == 0
    assert members[0].minibatches.cursor == twins[0].minibatches.cursor
