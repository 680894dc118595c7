"""anomaly_scores: two witnesses per image, by closed forms; their ranks; what it refuses."""

import math

import pytest
import torch
from scipy.stats import multivariate_normal, rankdata

import aae_lib as aae
from aae_lib.data import Split
from aae_lib.metrics import anomaly_scores

SHAPE = (1, 8, 8)


class Known:
    """Codes and images that are known: z is the first two pixels, and every image comes back with its mean grey."""

    def __init__(self, prior=None):
        self.prior = prior

    def encode(self, images):
        return aae.data.scale(images).flatten(1)[:, :2]

    def reconstruct(self, images):
        x = aae.data.scale(images)
        return x.mean((1, 2, 3), keepdim=True).expand_as(x)


def images(n=20):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_the_columns_are_what_they_say():
    x = images()
    found = anomaly_scores(Known(aae.priors.Gaussian(2, 0.5)), x)
    assert found.columns.tolist() == ["reconstruction", "unlikely", "rank"]
    error = x.flatten(1).var(1, correction=0).numpy()
    density = multivariate_normal([0, 0], 0.25).logpdf(x.flatten(1)[:, :2].numpy())
    assert found["reconstruction"].to_numpy() == pytest.approx(error, rel=1e-5)
    assert found["unlikely"].to_numpy() == pytest.approx(-density, rel=1e-5)
    ranks = (rankdata(error) + rankdata(-density)) / 40
    assert found["rank"].to_numpy() == pytest.approx(ranks)
    assert found.attrs["unlikely"] == "-log p(z), in nats"


@pytest.mark.parametrize("prior", [aae.priors.Points(torch.zeros(5, 2), bandwidth=0), "function"])
def test_without_a_density_it_is_the_distance_to_samples(prior):
    if prior == "function":
        prior = aae.priors.Function(lambda n, generator=None: torch.zeros(n, 2))
    x = images()
    found = anomaly_scores(Known(prior), x)
    assert found["unlikely"].to_numpy() == pytest.approx(x.flatten(1)[:, :2].norm(dim=1).numpy(), rel=1e-4)
    assert "nearest 5 of 2,000" in found.attrs["unlikely"]


def test_where_the_prior_has_nothing_a_code_is_infinitely_unlikely_and_ranked_first():
    x = images()
    x[7, 0, 0, 0] = 0.0
    found = anomaly_scores(Known(aae.priors.Uniform(2, low=0.001, high=2.0)), x)
    assert found["unlikely"][7] == math.inf
    assert found["unlikely"].rank()[7] == 20


def test_the_same_call_gives_the_same_and_the_run_is_left_alone(make):
    trainer, twin = make(), make()
    trainer.run(steps=2, progress=False)
    first = anomaly_scores(trainer.model, images())
    assert first.equals(anomaly_scores(trainer.model, images()))
    trainer.run(steps=2, progress=False)
    twin.run(steps=4, progress=False)
    assert torch.equal(trainer.model.encode(images()), twin.model.encode(images()))


@pytest.mark.parametrize("kind", [aae.AE, aae.VAE, aae.WAE, aae.AAE, aae.SemiSupervisedAAE, aae.ClusterAAE, aae.MapAAE])
def test_every_model_is_judged(kind):
    found = anomaly_scores(kind(SHAPE, hidden=(8,)), images())
    assert len(found) == 20
    assert found.notna().all(axis=None)
    assert ((found["rank"] > 0) & (found["rank"] <= 1)).all()


def test_a_decoder_that_is_told_the_label_needs_it():
    model = aae.SupervisedAAE(SHAPE, hidden=(8,))
    with pytest.raises(ValueError, match="20 of these 20 images have no label"):
        anomaly_scores(model, images())
    zero, one = (anomaly_scores(model, images(), torch.full((20,), k)) for k in (0, 1))
    assert (zero["reconstruction"] != one["reconstruction"]).all()


def test_models_and_images_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match="the codes have 2 numbers each and the prior 3"):
        anomaly_scores(Known(aae.priors.Gaussian(3)), images())
    model = aae.AE(SHAPE, hidden=(8,))
    for odd in (torch.zeros(0, *SHAPE), torch.zeros(3, 1, 9, 9), torch.full((3, *SHAPE), math.nan)):
        with pytest.raises(ValueError, match="image"):
            anomaly_scores(model, odd)
    with pytest.raises(ValueError, match="labels must be 20 whole numbers"):
        anomaly_scores(model, images(), torch.zeros(3))


@pytest.mark.slow
def test_images_upside_down_stand_out_from_those_it_has_learned(digits):
    trainer = aae.Trainer(aae.AAE(SHAPE, latent_dim=8, seed=0), Split(*_of(digits.train, 7)), seed=0, device="cpu")
    trainer.run(steps=300, progress=False)
    known, _ = _of(digits.test, 7)
    found = anomaly_scores(trainer.model, torch.cat([known, known.flip(2)]))
    normal, odd = found["reconstruction"][: len(known)], found["reconstruction"][len(known) :]
    assert odd.median() > normal.quantile(0.9)


def _of(split, label):
    rows = split.labels == label
    return split.images[rows], split.labels[rows]
