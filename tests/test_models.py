from dataclasses import replace

import pytest
import torch

import aae_lib as aae
from aae_lib.networks import BatchNorm, Decoder, Discriminator, Encoder
from tests.conftest import moved, state

SHAPE = (1, 8, 8)
KINDS = (aae.AE, aae.VAE, aae.WAE, aae.AAE)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=5, seed=0, shape=SHAPE):
    return torch.randint(256, (n, *shape), dtype=torch.uint8, generator=rng(seed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_shapes_and_ranges(kind, network):
    model = kind(SHAPE, latent_dim=3, hidden=(16, 16), network=network)
    x = images()
    z = model.encode(x)
    assert z.shape == (5, 3)
    for made in (model.decode(z), model.reconstruct(x), model.sample(5, generator=rng())):
        assert made.shape == (5, *SHAPE)
        assert made.min() >= 0
        assert made.max() <= 1
    assert model.encode(x[:0]).shape == (0, 3)


@pytest.mark.parametrize("network", ["mlp", "conv"])
def test_codes_do_not_depend_on_their_neighbours_in_the_batch(network):
    model = aae.AAE((3, 12, 8), hidden=(16,), network=network, batch_norm=network == "mlp")
    x = images(9, shape=(3, 12, 8))
    torch.testing.assert_close(model.encode(x)[4:6], model.encode(x[4:6]))


def test_uint8_and_scaled_floats_give_the_same_codes_and_larger_floats_are_refused():
    model = aae.AE(SHAPE, hidden=(16,))
    x = images()
    assert torch.equal(model.encode(x), model.encode(x.float() / 255))
    with pytest.raises(ValueError, match=r"value_range=\(0, 255\)"):
        model.encode(x.float())
    with pytest.raises(ValueError, match=r"takes images \(N, 1, 8, 8\); got \(5, 64\)"):
        model.encode(x.flatten(1))
    with pytest.raises(ValueError, match=r"shape \(N, 2\); got \(5, 3\)"):
        model.decode(torch.zeros(5, 3))


def test_the_seed_decides_the_weights_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    first, again, other = (aae.AAE(SHAPE, hidden=(16,), seed=s) for s in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert moved(state(first), again) == set()
    assert moved(state(first), other) == {"encoder", "decoder", "discriminator"}


def test_models_of_one_seed_start_from_the_same_autoencoder():
    ae, game = state(aae.AE(SHAPE, hidden=(16,), seed=3)), state(aae.AAE(SHAPE, hidden=(16,), seed=3))
    assert all(torch.equal(ae[name], game[name]) for name in ae)


def test_default_initialisation_is_torchs_and_weight_sd_the_papers():
    layer = aae.networks.linear(400, 300, rng())
    bound = 1 / 20
    for p in layer.parameters():
        assert p.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    paper = aae.AAE(SHAPE, hidden=(200, 200), weight_sd=0.01)
    assert paper.encoder.layers[2].weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert paper.decoder.layers[0].bias.abs().max() == 0


# ---- the three posteriors ----


def test_deterministic_encoder_has_no_noise():
    assert Encoder(SHAPE, 2, (8,)).noise_dim == 0


def test_gaussian_encoder_is_reparameterised():
    encoder = Encoder(SHAPE, 2, (8,), posterior="gaussian", generator=rng())
    x, noise = torch.rand(4, *SHAPE, generator=rng()), torch.randn(4, 2, generator=rng(1))
    mean, log_var = encoder.moments(x)
    torch.testing.assert_close(encoder(x, noise), mean + (log_var / 2).exp() * noise)
    assert torch.equal(encoder(x), mean)
    (gradient,) = torch.autograd.grad(encoder(x, noise).sum(), encoder.layers[-1].bias)
    torch.testing.assert_close(gradient[:2], torch.full((2,), 4.0))  # dz/dmean = 1 for each of 4 rows
    torch.testing.assert_close(gradient[2:], (noise * (log_var / 2).exp() / 2).sum(0))


def test_universal_encoder_takes_noise_as_input():
    model = aae.AAE(SHAPE, hidden=(8,), posterior="universal", noise_dim=3)
    x = images()
    assert model.encoder.noise_dim == 3
    first, again = model.encode(x, generator=rng(0)), model.encode(x, generator=rng(0))
    assert torch.equal(first, again)
    assert not torch.equal(first, model.encode(x, generator=rng(1)))
    assert torch.equal(model.encode(x), model.encoder(x / 255, torch.zeros(5, 3)))


def test_only_a_gaussian_encoder_has_moments():
    with pytest.raises(ValueError, match="only a posterior"):
        Encoder(SHAPE, 2, (8,)).moments(torch.zeros(1, *SHAPE))


# ---- discriminator ----


def test_discriminator_with_classes_reads_the_label_and_minus_one_is_a_place_of_its_own():
    d = Discriminator(2, (16,), classes=10, generator=rng())
    z = torch.randn(1, 2, generator=rng())
    logits = torch.stack([d(z, torch.tensor([y])) for y in range(-1, 10)]).flatten()
    assert len(logits.unique()) == 11
    assert torch.equal(d(z), logits[:1])  # no labels at all: as "no label"


def test_discriminator_without_classes_refuses_labels():
    with pytest.raises(ValueError, match="without classes="):
        Discriminator(2, (8,))(torch.zeros(1, 2), torch.tensor([0]))


def test_discriminator_with_waves_tells_apart_what_is_thin():
    fine = torch.linspace(-3, 3, 400)[:, None]
    stripes = (fine[:, 0] * 12).sin() > 0

    def accuracy(waves):
        d = Discriminator(1, (16,), activation="silu", generator=rng(), waves=waves)
        optimizer = torch.optim.Adam(d.parameters(), 1e-2)
        for _ in range(200):
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(d(fine), stripes.float()).backward()
            optimizer.step()
        return float(((d(fine) > 0) == stripes).float().mean())

    assert accuracy(()) < 0.7
    assert accuracy((4.0, 8.0)) > 0.9


def test_the_recipe_for_any_prior_is_kept_with_the_model(digits, tmp_path):
    prior = aae.priors.SwissRoll()
    model = aae.AAE(digits.image_shape, prior=prior, classes=10, seed=0, **aae.ANY_PRIOR)
    aae.Trainer(model, digits, schedule=aae.CoarseToFine(5)).run(steps=5, progress=False)
    loaded = aae.load_model(model.save(tmp_path / "model.safetensors"))
    z = torch.randn(4, 2, generator=rng())
    assert loaded.r1 == 3
    assert torch.equal(loaded.discriminator(z), model.discriminator(z))


def partly_labelled(digits, n=200):
    return replace(digits, train=digits.train.keep_labels(n))


def test_labelled_discriminator_gets_prior_samples_of_the_batchs_own_labels(make, digits):
    trainer = make(
        classes=10, prior=aae.priors.GaussianRing(10, radial=0.01, tangential=0.01), data=partly_labelled(digits)
    )
    batch = trainer.model.draw_game(trainer.minibatches.next(trainer.generator), trainer.generator)
    labelled = batch["y"] >= 0
    parts = trainer.model.prior.class_log_prob(batch["z_prior"]).argmax(1)
    assert torch.equal(parts[labelled], batch["y"][labelled])
    assert len(parts[~labelled].unique()) == 10  # no label: from all of the prior


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 5, 30), (0.5, 50, 70), (0.9, 90, 100)])
def test_a_share_of_the_games_batch_is_labelled_and_the_reconstructions_is_not_touched(
    make, digits, share, least, most
):
    data = partly_labelled(digits)  # 15% of the images
    trainer = make(classes=10, prior=aae.priors.GaussianRing(10), data=data, label_share=share)
    minibatch = trainer.minibatches.next(trainer.generator)
    batch = trainer.model.draw_game(minibatch, trainer.generator)
    assert least <= (batch["y"] >= 0).sum() <= most
    plain = trainer.model.draw_images(minibatch, trainer.generator)
    assert torch.equal(plain["y"], trainer.minibatches.labels[minibatch.rows])
    # every image still has its own label
    for x, y in zip(batch["x"], batch["y"], strict=True):
        same = (trainer.minibatches.images.float() / 255 == x).flatten(1).all(1)
        assert y in trainer.minibatches.labels[same]


# ---- priors and likelihoods ----


def test_a_prior_that_does_not_fit_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="dimension 3, the code 2"):
        aae.AAE(SHAPE, prior=aae.priors.Gaussian(3))
    with pytest.raises(ValueError, match="sampled per class; this one has no classes"):
        aae.AAE(SHAPE, classes=10, prior=aae.priors.Gaussian(2))
    with pytest.raises(ValueError, match="this one has 7 classes"):
        aae.AAE(SHAPE, classes=10, prior=aae.priors.GaussianRing(7))
    with pytest.raises(ValueError, match="can only be sampled: use an AAE or a WAE"):
        aae.VAE(SHAPE, prior=lambda n, generator=None: torch.rand(n, 2, generator=generator))
    far = (-50.0, 50.0, -50.0, 50.0)  # further than the first codes, but not further than any
    for box in (aae.priors.Uniform(2, low=-5, high=5), aae.priors.Picture(torch.ones(8, 8), extent=far)):
        with pytest.raises(ValueError, match="this prior's is 0 at some z"):
            aae.VAE(SHAPE, prior=box)


def test_a_refused_prior_leaves_the_old_one():
    def square(n, generator=None):
        return torch.rand(n, 2, generator=generator)

    ring = aae.priors.GaussianRing(10)
    for model, refused in (
        (aae.AAE(SHAPE, prior=ring), aae.priors.Gaussian(3)),
        (aae.AAE(SHAPE, prior=ring, classes=10), aae.priors.Gaussian(2)),
        (aae.VAE(SHAPE, prior=ring), square),
    ):
        with pytest.raises(ValueError, match="prior"):
            model.set_prior(refused)
        assert model.prior == ring


def test_any_function_that_samples_is_a_prior(make):
    def line(n, generator=None):
        return torch.rand(n, 1, generator=generator) * torch.tensor([[1.0, 0.0]])

    trainer = make(prior=line)
    trainer.run(steps=2, progress=False)
    assert trainer.model.sample(3, generator=rng()).shape == (3, *SHAPE)


def test_elbo_loss_is_a_bound_on_the_evidence(make):
    """−ELBO ≥ −log p(x); importance sampling with the same posterior comes closer to log p(x), from below."""
    trainer = make(aae.VAE)
    trainer.run(steps=200, progress=False)
    model, x = trainer.model.eval(), trainer.minibatches.images[:64].float() / 255
    noise = torch.randn(200, 64, 2, generator=rng())
    with torch.no_grad():
        mean, log_var = model.encoder.moments(x)
        log_w = []
        for e in noise:
            z = mean + (log_var / 2).exp() * e
            log_x = -torch.nn.functional.binary_cross_entropy_with_logits(model.decoder(z), x, reduction="none").sum(
                (1, 2, 3)
            )
            log_w.append(log_x + model.prior.log_prob(z) - aae.losses.normal_log_prob(z, mean, log_var))
        log_w = torch.stack(log_w)
        elbo, evidence = log_w.mean(0).mean(), (log_w.logsumexp(0) - torch.tensor(200.0).log()).mean()
        ours = [-aae.models.vae.elbo_loss(model, {"x": x, "x_in": x, "noise": e}, {"beta": 1.0}) for e in noise]
    assert torch.stack(ours).mean() == pytest.approx(elbo.item(), rel=1e-3)
    assert elbo < evidence


def test_the_vae_can_have_any_prior_with_a_density(make):
    trainer = make(aae.VAE, prior=aae.priors.GaussianRing(10))
    history = trainer.run(steps=60, progress=False)
    assert history["elbo"].iloc[-1] < history["elbo"].iloc[0]


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (aae.AE, {"posterior": "exact"}, "deterministic, gaussian, universal"),
        (aae.AE, {"reconstruction": "l1"}, "bce, mse, half_squared_error"),
        (aae.AE, {"network": "resnet"}, "must be one of mlp, conv"),
        (aae.AE, {"activation": "sine"}, "relu, leaky_relu, silu"),
        (aae.AE, {"network": "conv", "batch_norm": True}, "has no batch norm"),
        (aae.AE, {"network": "conv", "hidden": ()}, "needs a hidden layer"),
        (aae.AE, {"seed": -1}, "seed must be a whole number"),
        (aae.AAE, {"label_share": 1.0}, "label_share must be"),
        (aae.VAE, {"posterior": "deterministic"}, "needs the density"),
        (aae.VAE, {"reconstruction": "mse"}, "needs a log-likelihood"),
    ],
)
def test_unknown_options_are_refused_with_the_choices(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(SHAPE, **options)


def test_conv_refuses_pictures_it_cannot_halve_twice():
    with pytest.raises(ValueError, match="30x28 is not a multiple of 4"):
        aae.AE((1, 30, 28), network="conv")
    with pytest.raises(ValueError, match="channels, height, width"):
        aae.AE((28, 28))


def test_conv_decoder_mirrors_the_encoder_and_its_parameters_all_train():
    decoder = Decoder((3, 28, 28), 2, (32,), network="conv", generator=rng())
    logits = decoder(torch.randn(4, 2, generator=rng()))
    assert logits.shape == (4, 3, 28, 28)
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(logits.square().sum(), list(decoder.parameters())))


def test_no_batch_norm_in_the_discriminator():
    model = aae.AAE(SHAPE, batch_norm=True)
    assert any(isinstance(m, BatchNorm) for m in model.encoder.modules())
    assert not any(isinstance(m, BatchNorm) for m in model.discriminator.modules())
