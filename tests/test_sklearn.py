"""AAETransformer is a scikit-learn estimator, by its own checks and in pipelines; and its numbers mean something."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import aae_lib as aae
from aae_lib.sklearn import AAETransformer

WINE, KIND = load_wine(return_X_y=True)


def small(**options):
    return AAETransformer(**{"hidden": (32,), "steps": 150, "device": "cpu"} | options)


@pytest.mark.slow
@parametrize_with_checks([small(steps=5), small(steps=5, prior=aae.priors.GaussianRing(3), latent_dim=2)])
def test_by_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_in_a_pipeline_before_a_classifier():
    pipe = make_pipeline(StandardScaler(), small(latent_dim=3), LogisticRegression())
    assert cross_val_score(pipe, WINE, KIND, cv=3).min() > 0.8


def test_a_search_over_its_arguments():
    pipe = make_pipeline(StandardScaler(), small(), LogisticRegression())
    search = GridSearchCV(pipe, {"aaetransformer__latent_dim": [1, 4]}, cv=3).fit(WINE, KIND)
    assert set(search.best_params_) == {"aaetransformer__latent_dim"}
    assert search.best_score_ > 0.8


def test_codes_come_back_as_rows_in_the_units_of_the_table():
    table = WINE * 1000.0 - 5.0
    found = small(latent_dim=6, steps=600).fit(table)
    back = found.inverse_transform(found.transform(table))
    assert back.shape == table.shape
    assert ((back - table) ** 2).mean() < 0.5 * table.var(0).mean()
    per_column = ((back - table) ** 2).mean(0) / table.var(0)
    assert np.median(per_column) < 0.5


def test_a_column_that_never_changes_comes_back_as_it_was():
    table = np.column_stack([WINE[:, :3], np.full(len(WINE), 7.0)])
    found = small(steps=300).fit(table)
    assert np.allclose(found.inverse_transform(found.transform(table))[:, 3], 7.0, atol=0.3)


@pytest.mark.slow
def test_rows_of_another_kind_get_lower_scores():
    table, benign = load_breast_cancer(return_X_y=True)
    normal = table[benign == 1]
    found = make_pipeline(StandardScaler(), small(latent_dim=4, steps=600)).fit(normal[:250])
    new = np.concatenate([normal[250:], table[benign == 0]])
    odd = np.arange(len(new)) >= len(normal) - 250
    score = found.score_samples(new)
    assert score.shape == (len(new),)
    assert roc_auc_score(odd, -score) > 0.85


def test_a_prior_without_a_density_leaves_the_reconstruction():
    found = small(prior=lambda n, generator=None: torch.rand(n, 2, generator=generator)).fit(WINE)
    assert np.isfinite(found.score_samples(WINE)).all()
    assert (found.score_samples(WINE) <= 0).all()


def test_names_frames_and_types_go_through():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(WINE, columns=[f"c{i}" for i in range(WINE.shape[1])])
    found = small(steps=5).set_output(transform="pandas").fit(frame)
    assert list(found.transform(frame)) == ["aaetransformer0", "aaetransformer1"]
    assert found.transform(frame).index.equals(frame.index)
    with pytest.raises(ValueError, match="feature names"):
        found.transform(frame.rename(columns={"c0": "other"}))


def test_the_same_seed_gives_the_same_codes_and_another_one_others():
    first, again, other = (small(steps=10, random_state=seed).fit(WINE).transform(WINE) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    before = torch.get_rng_state()
    small(steps=2).fit(WINE)
    assert torch.equal(before, torch.get_rng_state())


def test_its_model_is_one_of_the_library(tmp_path):
    found = clone(small(prior=aae.priors.GaussianRing(3), steps=5)).fit(WINE)
    assert found.model_.prior == aae.priors.GaussianRing(3)
    assert len(found.history_) == 5
    assert aae.load_model(found.model_.save(tmp_path / "m.safetensors")).latent_dim == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latent_dim": 0}, "latent_dim must be a whole number"),
        ({"latent_dim": "2"}, "latent_dim must be a whole number"),
        ({"hidden": 32}, "hidden must be a sequence"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"steps": None}, "steps must be a whole number of at least 1"),
        ({"batch_size": 0.5}, "batch_size must be a whole number"),
        ({"prior": aae.priors.Gaussian(3)}, "the prior has dimension 3, the code 2"),
        ({"device": "nowhere"}, "device"),
        ({"random_state": "x"}, "cannot be used to seed"),
    ],
)
def test_arguments_out_of_range_are_told_by_fit(options, words):
    with pytest.raises(ValueError, match=words):
        small(**options).fit(WINE)


@pytest.mark.parametrize(
    "table", [WINE[0], WINE[:1], WINE[:0], WINE[:, :0], WINE + np.nan, WINE.astype(str) + "x", WINE * 1j, "wine", None]
)
def test_what_is_no_table_is_told_by_fit(table):
    with pytest.raises((ValueError, TypeError)):
        small().fit(table)


def test_a_prior_without_a_density_leaves_the_decoders():
    table = np.random.default_rng(0).normal(size=(60, 3))
    for prior in (aae.priors.Circle(noise=0), aae.priors.Sphere(2)):
        fitted = AAETransformer(prior=prior, hidden=(8,), steps=3, random_state=0).fit(table)
        assert np.isfinite(fitted.score_samples(table)).all()


def test_a_column_that_float32_would_erase_is_refused():
    table = np.random.default_rng(0).normal(loc=(1.7e9, 0), size=(60, 2))
    with pytest.raises(ValueError, match="column 0 of X varies by less than float32"):
        AAETransformer(steps=3).fit(table)
