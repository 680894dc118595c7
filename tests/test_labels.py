"""The models with a category and a style: whose parameters move, what the losses are, what is refused."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib.models import category as lib
from aae_lib.models.map import heads_loss
from tests.conftest import state

SHAPE = (1, 8, 8)
GAMES = {
    "reconstruction": {"encoder.trunk", "encoder.y_head", "encoder.z_head", "decoder.layers"},
    "discriminator": {"discriminator.layers"},
    "generator": {"encoder.trunk", "encoder.z_head"},
    "discriminator_y": {"discriminator_y.layers"},
    "generator_y": {"encoder.trunk", "encoder.y_head"},
}
CLASSIFIED = {"classification": {"encoder.trunk", "encoder.y_head"}}
WITH_HEADS = {**GAMES, "reconstruction": GAMES["reconstruction"] | {"cluster_heads"}, "heads": {"cluster_heads"}}
MOVES = [
    (
        aae.SupervisedAAE,
        {},
        {
            "reconstruction": {"encoder.layers", "decoder.layers"},
            "discriminator": {"discriminator.layers"},
            "generator": {"encoder.layers"},
        },
    ),
    (aae.SemiSupervisedAAE, {}, GAMES | CLASSIFIED),
    (aae.ClusterAAE, {"categories": 13}, GAMES),
    (aae.MapAAE, {"categories": 13}, WITH_HEADS),
    (aae.MapAAE, {"categories": 10, "labelled": True}, WITH_HEADS | CLASSIFIED),
]
KINDS = [(kind, options) for kind, options, _ in MOVES]


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=5, seed=0):
    return torch.randint(256, (n, *SHAPE), dtype=torch.uint8, generator=rng(seed))


@pytest.fixture
def few(digits):
    return replace(digits, train=digits.train.keep_labels(20))


# ---- the phases ----


@pytest.mark.parametrize(("kind", "options", "expected"), MOVES)
def test_each_phase_moves_the_parts_that_the_paper_says_and_no_other(make, kind, options, expected):
    trainer = make(kind, batch_norm=True, **options)
    statistics = {name for name, _ in trainer.model.named_buffers()}
    before, seen = state(trainer.model), {}
    for name in trainer.walk():
        after = state(trainer.model)
        changed = {key for key in after if not torch.equal(before[key], after[key])}
        seen[name] = {".".join(key.split(".")[:2]) for key in changed - statistics}
        assert bool(changed & statistics) == (name == "reconstruction")
        before = after
    assert seen == expected


def test_a_phase_that_lists_a_head_its_loss_does_not_use_is_refused(make):
    phases = aae.SemiSupervisedAAE(SHAPE, hidden=(16,)).phases()
    broken = tuple(p.replace(updates=("encoder",)) if p.name == "generator" else p for p in phases)
    with pytest.raises(ValueError, match=r"'generator' does not use encoder\.y_head\.weight"):
        make(aae.SemiSupervisedAAE, phases=broken, hidden=(16,)).step()


def test_classification_sees_labelled_images_alone_and_labels_reach_no_other_phase(make, few):
    seen = []

    def spied(model, batch, terms):
        seen.append(batch["y"])
        return lib.classification_loss(model, batch, terms)

    trainer = make(aae.SemiSupervisedAAE, data=few, losses={"classification": spied}, batch_size=50)
    trainer.run(steps=30, progress=False)
    assert torch.stack(seen).min() >= 0
    assert torch.stack(seen).unique().tolist() == list(range(10))
    assert trainer.minibatches.steps_per_epoch == len(few.train) // 50

    # with other labels on the same images, only the classification can tell
    turned = replace(few, train=replace(few.train, labels=(few.train.labels + 1).where(few.train.labels >= 0, -1) % 10))
    turned.train.labels[few.train.labels < 0] = -1
    runs = [make(aae.SemiSupervisedAAE, data=data) for data in (few, turned)]
    for run in runs:
        run.weights["classification"] = 0
        run.run(steps=5, progress=False)
    first, second = (state(run.model) for run in runs)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_clusters_and_unlabelled_maps_never_look_at_labels(make, digits):
    none = replace(digits, train=replace(digits.train, labels=torch.full_like(digits.train.labels, -1)))
    for kind in (aae.ClusterAAE, aae.MapAAE):
        runs = [make(kind, data=data, categories=12) for data in (digits, none)]
        for run in runs:
            run.run(steps=3, progress=False)
        first, second = (state(run.model) for run in runs)
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_input_dropout_hides_pixels_of_the_input_and_keeps_their_mean_and_the_target(make):
    trainer = make(aae.ClusterAAE, input_dropout=0.2, batch_size=500)
    minibatch = trainer.minibatches.next(trainer.generator)
    batch = trainer.model.draw_images(minibatch, trainer.generator)
    assert torch.equal(batch["x"], minibatch.x)
    inked = batch["x"] > 0
    hidden = (batch["x_in"] == 0) & inked
    assert float(hidden[inked].float().mean()) == pytest.approx(0.2, abs=0.01)
    torch.testing.assert_close(batch["x_in"][~hidden], batch["x"][~hidden] / 0.8)


# ---- the losses ----


def test_the_losses_of_the_game_for_y_are_those_of_goodfellow(make):
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,), categories=4)
    x = torch.rand(6, *SHAPE, generator=rng())
    batch = {"x_in": x, "y_prior": torch.eye(4)[[0, 1, 2, 3, 0, 1]]}
    batch |= lib.share_categories(model, batch)
    assert torch.allclose(batch["y_code"].sum(1), torch.ones(6))
    real, fake = (model.discriminator_y(y).sigmoid() for y in (batch["y_prior"], batch["y_code"]))
    expected = -real.log().mean() - (1 - fake).log().mean()
    assert lib.discriminator_y_loss(model, batch, {}).item() == pytest.approx(expected.item(), rel=1e-5)
    assert lib.generator_y_loss(model, batch, {}).item() == pytest.approx(-fake.log().mean().item(), rel=1e-5)
    (into_encoder,) = torch.autograd.grad(
        lib.discriminator_y_loss(model, batch, {}), model.encoder.y_head.weight, allow_unused=True
    )
    assert into_encoder is None
    penalised = lib.discriminator_y_loss(model, batch, {"r1": 2.0})
    assert penalised > expected
    for p in model.discriminator_y.parameters():
        torch.nn.init.zeros_(p)
    assert lib.discriminator_y_loss(model, batch, {}).item() == pytest.approx(2 * math.log(2))


def test_the_penalty_of_the_game_for_y_can_differ_from_that_for_z():
    def penalties(**options):
        return {
            p.name: dict(p.terms) for p in aae.ClusterAAE(SHAPE, hidden=(8,), **options).phases() if "disc" in p.name
        }

    assert penalties() == {"discriminator": {}, "discriminator_y": {}}
    assert penalties(r1=1.0) == {"discriminator": {"r1": 1.0}, "discriminator_y": {"r1": 1.0}}
    assert penalties(r1=1.0, r1_y=0.1) == {"discriminator": {"r1": 1.0}, "discriminator_y": {"r1": 0.1}}
    assert penalties(r1_y=0.1) == {"discriminator": {}, "discriminator_y": {"r1": 0.1}}


def test_consistency_is_cross_entropy_against_the_image_s_own_category():
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,), categories=4, consistency=0.5)
    assert [phase.name for phase in model.phases()][-1] == "consistency"
    assert "consistency" not in [phase.name for phase in aae.SemiSupervisedAAE(SHAPE, hidden=(16,)).phases()]
    x = torch.rand(5, *SHAPE, generator=rng())
    batch = {"x": x, "x_copy": x + 0.1}
    y, copy = (model.encoder.logits(batch[name]).softmax(1) for name in ("x", "x_copy"))
    expected = -(y * copy.log()).sum(1).mean()
    assert lib.consistency_loss(model, batch, {}).item() == pytest.approx(expected.item(), rel=1e-5)
    # the copy follows the image: no gradient through the image's own category
    same = lib.consistency_loss(model, {"x": x, "x_copy": x}, {})
    (through_both,) = torch.autograd.grad(same, model.encoder.y_head.bias)
    assert torch.allclose(through_both, torch.zeros(4), atol=1e-7)  # cross-entropy is least at y itself
    with pytest.raises(ValueError, match="must be a finite number above 0"):
        aae.SemiSupervisedAAE(SHAPE, hidden=(16,), consistency=0.0)


def test_the_copies_have_noise_of_the_size_asked_for():
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,), consistency=0.5)

    batch = model.draw_copies(SimpleNamespace(x=torch.full((400, *SHAPE), 0.5)), rng())
    noise = batch["x_copy"] - batch["x"]
    assert noise.std().item() == pytest.approx(0.5, rel=0.02)
    assert noise.mean().abs() < 0.01


def test_classification_is_cross_entropy_on_logits_not_on_probabilities():
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,))
    x, y = torch.rand(7, *SHAPE, generator=rng()), torch.arange(7)
    probabilities = model.classify(x)
    got = lib.classification_loss(model, {"x_in": x, "y": y}, {})
    assert got.item() == pytest.approx(-probabilities[torch.arange(7), y].log().mean().item(), rel=1e-5)


def test_heads_nearer_than_apart_push_each_other_away_and_others_rest():
    model = aae.MapAAE(SHAPE, hidden=(16,), categories=3)
    with torch.no_grad():
        model.cluster_heads.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 20.0]]))
    assert heads_loss(model, {}, {"apart": 7.0}).item() == pytest.approx(2.0)  # one pair at distance 5
    heads_loss(model, {}, {"apart": 7.0}).backward()
    torch.testing.assert_close(model.cluster_heads.grad, torch.tensor([[0.6, 0.8], [-0.6, -0.8], [0.0, 0.0]]))
    assert heads_loss(model, {}, {"apart": 4.0}).item() == 0
    with torch.no_grad():
        model.cluster_heads.zero_()
    (gradient,) = torch.autograd.grad(heads_loss(model, {}, {"apart": 4.0}), model.cluster_heads)
    assert gradient.isfinite().all()


def test_training_drives_the_heads_apart(make):
    trainer = make(aae.MapAAE, categories=5, apart=4.0)
    with torch.no_grad():
        trainer.model.cluster_heads.mul_(0.01)
    trainer.run(steps=600, progress=False)
    distance = torch.pdist(trainer.model.cluster_heads.detach())
    assert distance.min() > 3.5


# ---- code and image ----


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_shapes_and_ranges(kind, options):
    model = kind(SHAPE, hidden=(16, 16), **options)
    x, k = images(), model.categories
    z = model.encode(x)
    assert z.shape == (5, model.latent_dim)
    some = model.sample(6, generator=rng(), labels=torch.tensor([0, 1, -1, 2, 3, -1]))
    back = model.reconstruct(x, torch.arange(5)) if model.can.need_labels else model.reconstruct(x)
    assert some.shape == (6, *SHAPE)
    assert back.shape == x.shape
    assert 0 <= back.min() <= back.max() <= 1
    if kind is not aae.SupervisedAAE:
        y = model.classify(x)
        assert y.shape == (5, k)
        torch.testing.assert_close(y.sum(1), torch.ones(5))
        assert model.classify(x[:0]).shape == (0, k)


def test_the_decoder_sees_category_and_style():
    model = aae.SupervisedAAE(SHAPE, latent_dim=3, hidden=(16,))
    z = torch.randn(4, 3, generator=rng())
    by_number, by_share = model.decode(z, torch.tensor([1, 2, 3, 9])), model.decode(z, torch.eye(10)[[1, 2, 3, 9]])
    assert torch.equal(by_number, by_share)
    assert not torch.allclose(by_number, model.decode(z, torch.tensor([2, 3, 4, 0])))
    assert not torch.allclose(by_number, model.decode(z.flip(0), torch.tensor([1, 2, 3, 9])))
    assert torch.equal(model.reconstruct(images(), torch.zeros(5, dtype=torch.long)),
                       model.decode(model.encode(images()), torch.zeros(5, dtype=torch.long)))  # fmt: skip


def test_a_semi_supervised_reconstruction_goes_through_both_heads():
    model = aae.SemiSupervisedAAE(SHAPE, hidden=(16,), latent_dim=3)
    x = images()
    torch.testing.assert_close(model.reconstruct(x), model.decode(model.encode(x), model.classify(x)))
    batch = {"x": x.float() / 255, "x_in": x.float() / 255}
    loss = model.image_loss(model.decoded(batch), batch["x"])
    for gradient in torch.autograd.grad(loss, [model.encoder.y_head.weight, model.encoder.z_head.weight]):
        assert gradient.abs().max() > 0
    expected = F.binary_cross_entropy(model.reconstruct(x), batch["x"], reduction="sum") / 5
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_place_on_the_map_is_the_heads_mean_and_the_style():
    model = aae.MapAAE(SHAPE, hidden=(16,), categories=4)
    x = images()
    with torch.no_grad():
        z = model.encoder(x.float() / 255)
    torch.testing.assert_close(model.encode(x), model.classify(x) @ model.cluster_heads.detach() + z)
    torch.testing.assert_close(model.reconstruct(x), model.decode(model.encode(x)))


def test_the_prior_of_a_map_lies_round_its_heads_and_moves_with_them():
    model = aae.MapAAE(SHAPE, hidden=(16,), categories=4, prior=aae.priors.Gaussian(2, sigma=0.5))
    with torch.no_grad():
        model.cluster_heads.copy_(torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]]))
    c = model.prior.sample(4000, generator=rng(), labels=torch.full((4000,), 1))
    torch.testing.assert_close(c.mean(0), torch.tensor([9.0, 0.0]), atol=0.05, rtol=0)
    assert c.std(0).tolist() == pytest.approx([0.5, 0.5], rel=0.05)
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(4)),
        torch.distributions.Independent(torch.distributions.Normal(model.cluster_heads.detach(), 0.5), 1),
    )
    torch.testing.assert_close(model.prior.log_prob(c), mixture.log_prob(c), rtol=1e-4, atol=1e-3)
    with torch.no_grad():
        model.cluster_heads += 100
    assert model.prior.sample(50, generator=rng()).min() > 90
    model.set_prior(aae.priors.Uniform(2))
    assert (model.prior.sample(500, generator=rng()) - 100).min() < -1


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_resuming_is_exact_and_the_model_alone_can_be_loaded(make, tmp_path, kind, options):
    whole, half, rest = (make(kind, r1=0.1, input_noise=0.1, **options) for _ in range(3))
    whole.run(steps=12, progress=False)
    half.run(steps=6, folder=tmp_path, progress=False)
    aae.checkpoints.load(rest, tmp_path)
    rest.run(steps=6, folder=tmp_path, progress=False)
    first, second = state(whole.model), state(rest.model)
    assert all(torch.equal(first[key], second[key]) for key in first)
    alone = aae.checkpoints.load_model(tmp_path)
    assert type(alone) is kind
    assert torch.equal(alone.encode(images()), whole.model.encode(images()))
    assert torch.equal(alone.sample(9, generator=rng()), whole.model.sample(9, generator=rng()))


def test_conv_networks_have_two_heads_too(make):
    trainer = make(aae.SemiSupervisedAAE, network="conv", hidden=(16,))
    trainer.run(steps=2, progress=False)
    assert trainer.model.classify(images()).shape == (5, 10)


# ---- what is refused, before training starts ----


def test_labels_that_cannot_be_learned_from_are_refused(make, digits):
    def labelled(labels):
        return replace(digits, train=replace(digits.train, labels=labels))

    y = digits.train.labels
    with pytest.raises(ValueError, match="a label 9, and with categories=5 they run from 0 to 4"):
        make(aae.SemiSupervisedAAE, categories=5)
    with pytest.raises(ValueError, match="no image is labelled 3, 7"):
        make(aae.SemiSupervisedAAE, data=labelled(y.masked_fill((y == 3) | (y == 7), -1)))
    with pytest.raises(ValueError, match="no image is labelled 0, 1, 2"):
        make(aae.MapAAE, data=labelled(torch.full_like(y, -1)), categories=10, labelled=True)
    with pytest.raises(ValueError, match=r"1280 images have no label.*SemiSupervisedAAE"):
        make(aae.SupervisedAAE, data=replace(digits, train=digits.train.keep_labels(20)))
    with pytest.raises(ValueError, match="from 2 to 1,000,000; got 1"):
        aae.ClusterAAE(SHAPE, categories=1)
    with pytest.raises(ValueError, match=r"whole number from 2 to 1,000,000; got 2\.5"):
        aae.ClusterAAE(SHAPE, categories=2.5)
    with pytest.raises(ValueError, match="without classes"):
        aae.SemiSupervisedAAE(SHAPE, classes=10)
    with pytest.raises(ValueError, match="deterministic"):
        aae.SemiSupervisedAAE(SHAPE, posterior="gaussian")


def test_wrong_categories_get_a_sentence():
    model = aae.SemiSupervisedAAE(SHAPE, latent_dim=3, hidden=(16,))
    z = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"decode\(z, y\)"):
        model.decode(z)
    with pytest.raises(ValueError, match="from 0 to 9; got 1 to 10"):
        model.decode(z, torch.tensor([1, 10]))
    with pytest.raises(ValueError, match=r"2 whole numbers, or shares of shape \(2, 10\); got \(3,\)"):
        model.decode(z, torch.tensor([1, 2, 3]))
    with pytest.raises(ValueError, match=r"shape \(N, 3\)"):
        model.decode(torch.zeros(2, 2), torch.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"reconstruct\(images, labels\)"):
        aae.SupervisedAAE(SHAPE, hidden=(16,)).reconstruct(images())


def test_images_in_two_splits_are_found(digits):
    digits.check_disjoint()
    train = digits.train.take(torch.arange(100))
    mixed = replace(digits, test=replace(train, images=torch.cat([digits.test.images[:99], train.images[:1]])))
    with pytest.raises(ValueError, match="1 images of digits are both in train and in test"):
        mixed.check_disjoint()


# ---- what waits ----

WAITS = {"virtual": 2.0, "virtual_from": 9, "y_game_from": 4, "y_reconstructs_from": 7, "consistency": 0.5}


@pytest.mark.parametrize(
    ("kind", "options"), [(aae.SemiSupervisedAAE, {}), (aae.MapAAE, {"categories": 10, "labelled": True})]
)
def test_what_waits_moves_nothing_before_its_time(make, kind, options):
    trainer = make(kind, **options, **WAITS, hidden=(16,))
    acting = [trainer.settings(step) for step in range(12)]
    assert [s.rates["generator_y"] > 0 for s in acting] == [False] * 4 + [True] * 8
    assert [s.terms["reconstruction"]["through_y"] for s in acting] == [0] * 7 + [1] * 5
    assert [s.rates["virtual"] > 0 for s in acting] == [False] * 9 + [True] * 3
    assert all(s.rates[name] > 0 for s in acting for name in ("discriminator_y", "classification", "consistency"))
    trainer.run(steps=12, progress=False)
    assert trainer.history.notna().all(axis=None)


@pytest.mark.parametrize("kind", [aae.SemiSupervisedAAE, aae.MapAAE])
def test_a_share_of_the_reconstructions_gradient_passes_through_y(kind):
    model = kind(SHAPE, categories=10, hidden=(8,), seed=0, y_reconstructs_from=1).train()
    batch = {"x": images() / 255, "x_in": images(seed=1) / 255}

    def found(share):
        loss = lib.reconstruction_through_y_loss(model, batch, {"through_y": share})
        wanted = [*model.encoder.y_head.parameters(), *model.encoder.z_head.parameters()]
        return loss, torch.autograd.grad(loss, wanted, allow_unused=True)

    whole, slopes = found(1.0)
    plain = model.image_loss(model.decoded(batch), batch["x"])
    assert torch.equal(whole, plain)
    for share in (0.0, 0.25):
        loss, part = found(share)
        assert torch.equal(loss, whole)
        assert torch.allclose(part[0], share * slopes[0], atol=1e-6)  # the y head
        assert torch.equal(part[2], slopes[2])  # the z head


def test_a_model_that_waits_for_nothing_has_the_phases_of_the_paper():
    names = [phase.name for phase in aae.SemiSupervisedAAE(SHAPE).phases()]
    assert "virtual" not in names
    assert not aae.SemiSupervisedAAE(SHAPE).phases()[0].terms


def test_waiting_survives_a_checkpoint(make, tmp_path):
    straight, first, second = (make(aae.SemiSupervisedAAE, **WAITS, hidden=(16,), seed=3) for _ in range(3))
    straight.run(steps=12, progress=False)
    first.run(steps=6, folder=tmp_path, progress=False)
    second.load(tmp_path)
    second.run(steps=6, progress=False)
    for name, tensor in state(straight.model).items():
        assert torch.equal(tensor, state(second.model)[name]), name
    other = make(aae.SemiSupervisedAAE, **WAITS | {"y_game_from": 5}, hidden=(16,), seed=3)
    with pytest.raises(aae.checkpoints.CheckpointError, match="y_game_from was 4, is 5"):
        other.load(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"virtual": 0.0}, "virtual must be a finite number above 0"),
        ({"y_game_from": -1}, "y_game_from must be a whole number from 0"),
        ({"virtual_from": 2.5}, "virtual_from must be a whole number from 0"),
    ],
)
def test_waits_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        aae.SemiSupervisedAAE(SHAPE, **options)


# ---- p(y) that is not uniform ----


SHARES = (0.6, 0.3, 0.1)


@pytest.mark.parametrize("kind", [aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE, aae.SupervisedAAE])
def test_categories_are_drawn_with_their_shares(kind):
    model = kind(SHAPE, hidden=(8,), categories=3, class_shares=SHARES)
    drawn = model.category_prior.sample(20_000, generator=rng()).mean(0)
    assert torch.allclose(drawn, torch.tensor(SHARES), atol=0.01)


def test_the_game_for_y_plays_against_them(make, digits):
    trainer = make(aae.ClusterAAE, categories=3, class_shares=SHARES, batch_size=1000)
    batch = trainer.model.draw_y_game(trainer.minibatches.next(rng()), rng(1))
    assert torch.allclose(batch["y_prior"].mean(0), torch.tensor(SHARES), atol=0.05)


@pytest.mark.parametrize("kind", [aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE])
def test_equal_shares_by_default_and_said_aloud_are_one_run(make, kind):
    quiet, told = (make(kind, categories=10, class_shares=shares) for shares in (None, [0.1] * 10))
    for trainer in (quiet, told):
        trainer.run(steps=3, progress=False)
    before, after = state(quiet.model), state(told.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_measure_and_the_picture_of_occupancy_go_by_them(digits):
    model = aae.ClusterAAE(SHAPE, hidden=(8,), categories=3, class_shares=SHARES)
    table = aae.metrics.compare(model, digits.test)
    entropy = torch.distributions.Categorical(torch.tensor(SHARES)).entropy()
    assert table.reference["effective categories"] == pytest.approx(float(entropy.exp()))
    (line,) = aae.plots.occupancy(model, digits.test).axes[0].lines
    assert list(line.get_ydata()) == pytest.approx([*SHARES, SHARES[-1]])


def test_a_map_s_places_are_as_likely_as_their_categories():
    model = aae.MapAAE(SHAPE, hidden=(8,), categories=3, class_shares=SHARES, apart=50.0)
    heads = model.cluster_heads.detach()
    z = model.prior.sample(20_000, generator=rng())
    nearest = torch.cdist(z, heads).argmin(1).bincount(minlength=3) / len(z)
    assert torch.allclose(nearest, torch.tensor(SHARES), atol=0.01)
    parts = torch.distributions.Independent(torch.distributions.Normal(heads, 1.0), 1)
    oracle = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.tensor(SHARES)), parts)
    assert torch.allclose(model.prior.log_prob(z[:50]), oracle.log_prob(z[:50]), atol=1e-4)
    assert (
        torch.cdist(model.prior.sample(9, generator=rng(), labels=torch.full((9,), 2)), heads).argmin(1).unique() == 2
    )


def test_shares_are_kept_in_a_checkpoint_and_compared(make, few, tmp_path):
    trainer = make(aae.SemiSupervisedAAE, few, class_shares=torch.full((10,), 0.1))
    trainer.save(tmp_path)
    assert aae.load_model(tmp_path).class_shares == pytest.approx([0.1] * 10)
    with pytest.raises(aae.training.CheckpointError, match=r"class_shares was .*0.1.*, is None"):
        make(aae.SemiSupervisedAAE, few).load(tmp_path)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([0.5, 0.5], "class_shares has 2 numbers, and there are 3 categories"),
        ([0.5, 0.4, 0.2], "class_shares must sum to 1, and sum to 1.1"),
        ([0.6, 0.6, -0.2], "above 0 and below 1"),
        ([0.5, 0.5, 0.0], "above 0 and below 1"),
        ([0.5, math.nan, 0.5], "above 0 and below 1"),
        ("abc", "class_shares must be a sequence"),
        (0.3, "class_shares must be a sequence"),
        (torch.ones(3, 3) / 3, "class_shares must be a sequence"),
    ],
)
def test_shares_that_are_none_are_refused_in_a_sentence(shares, words):
    for kind in (aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE):
        with pytest.raises(ValueError, match=words):
            kind(SHAPE, categories=3, class_shares=shares)
