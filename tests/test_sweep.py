"""Many models trained at once: every member does what its trainer alone would do."""

from dataclasses import replace

import pytest
import torch

import aae_lib as aae
from aae_lib.data import scale
from aae_lib.training import checkpoints

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
    "SupervisedAAE": {"latent_dim": 4},
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
    wild = trainer(digits, "AAE", 1, lr=1e30, schedule=aae.Constant())
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
