"""What codes say of slant, size, weight and font: codes made from the factors themselves."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib import metrics
from aae_lib.data import Split
from aae_lib.data.glyphs import FONTS, sample_factors

N = 700


def split(seed: int, n: int = N) -> Split:
    """Factors as the glyphs have them; the "images" are row numbers, since the codes below are made from factors."""
    factors = sample_factors(n, torch.Generator().manual_seed(seed))
    return Split(torch.arange(n).float()[:, None] + 10_000 * seed, torch.tensor(factors["class"].to_numpy()), factors)


TRAIN, TEST = split(1), split(2)


def coded(z, y=None) -> SimpleNamespace:
    """A model with codes z(factors, noise) and, where given, categories y(factors)."""

    def of(images, function):
        seed = int(images[0, 0]) // 10_000
        part = {1: TRAIN, 2: TEST}[seed]
        noise = torch.randn(len(part), 6, generator=torch.Generator().manual_seed(seed)).double()
        rows = images[:, 0].long() - 10_000 * seed
        return torch.as_tensor(function(part.factors, noise))[rows]

    model = SimpleNamespace(encode=lambda images: of(images, z), encoder=None)
    if y is not None:
        model.classify = lambda images: of(images, lambda factors, _: y(factors))
    return model


def column(factors, name):
    return torch.tensor(factors[name].to_numpy())


@pytest.fixture(scope="module")
def apart() -> pd.DataFrame:
    """The class in y; in z slant (bent, and falling), size, and noise."""

    def z(factors, noise):
        slant, size = column(factors, "slant"), column(factors, "size")
        return torch.stack([noise[:, 0], 10 * size, -torch.exp(slant / 15), noise[:, 1]], 1)

    return metrics.factor_scores(
        coded(z, lambda factors: F.one_hot(column(factors, "class"), 10).double()), TRAIN, TEST
    )


def test_every_factor_has_a_row_and_every_part_a_column(apart):
    assert list(apart.index) == ["class", "slant", "size", "weight", "font"]
    assert list(apart.columns) == ["score", "chance", "z", "y", "class", "coordinate", "correlation"]
    assert list(apart.score) == ["accuracy", "R²", "R²", "R²", "accuracy"]
    assert apart.chance["class"] == 0.1
    assert apart.chance["font"] == TEST.factors["font"].value_counts().max() / N
    assert (apart.chance[["slant", "size", "weight"]] == 0).all()


def test_a_factor_is_found_where_it_is_and_nowhere_else(apart):
    assert (apart.z[["slant", "size"]] > 0.98).all()
    assert abs(apart.z["weight"]) < 0.05
    noise = 3 * (0.25 / N) ** 0.5
    assert apart.z["class"] < 0.1 + noise
    assert apart.y["class"] == apart["class"]["class"] == 1
    assert apart.y[["slant", "size", "weight"]].abs().max() < 0.05
    assert (apart.loc["font", ["z", "y", "class"]] < apart.chance["font"] + noise).all()


def test_the_coordinate_to_walk_along_and_which_way(apart):
    assert apart.coordinate[["slant", "size"]].tolist() == [2, 1]
    assert apart.correlation[["slant", "size"]].tolist() == pytest.approx([-1, 1])  # of ranks: bending does not matter
    assert apart.correlation[["weight", "class", "font"]].abs().max() < 0.2


def test_correlations_equal_scipy():
    model = coded(lambda factors, noise: torch.stack([noise[:, 0], column(factors, "slant") + 10 * noise[:, 1]], 1))
    found = metrics.factor_scores(model, TRAIN, TEST)
    z = model.encode(TEST.images).numpy()
    expected = scipy.stats.spearmanr(z[:, 1], TEST.factors["slant"]).statistic
    assert found.coordinate["slant"] == 1
    assert found.correlation["slant"] == pytest.approx(expected)
    assert 0.5 < expected < 0.95

    k = found.coordinate["font"]
    ranks = [scipy.stats.rankdata(z[:, k])[TEST.factors["font"] == font] for font in FONTS]
    h = scipy.stats.kruskal(*ranks).statistic  # H / (n - 1) is η² of the ranks
    assert found.correlation["font"] == pytest.approx(np.sqrt(h / (N - 1)))


def test_names_may_be_words_and_are_read_off():
    def z(factors, noise):
        return torch.cat(
            [torch.tensor([FONTS.index(f) for f in factors["font"]])[:, None] + 0.05 * noise[:, :1], noise], 1
        )

    found = metrics.factor_scores(coded(z), TRAIN, TEST)
    assert "y" not in found
    assert found.z["font"] > 0.97
    assert found.coordinate["font"] == 0
    assert found.correlation["font"] > 0.95


def test_r2_matches_the_noise_that_was_added():
    """slant + noise of equal variance: no reader can do better than R² = 1/2."""
    sd = 50 / 12**0.5
    found = metrics.factor_scores(
        coded(lambda factors, noise: column(factors, "slant")[:, None] + sd * noise[:, :1]), TRAIN, TEST
    )
    assert found.z["slant"] == pytest.approx(0.5, abs=0.08)


def test_the_same_call_gives_the_same_table(apart):
    model = coded(lambda factors, noise: noise)
    before = torch.get_rng_state()
    tables = [metrics.factor_scores(model, TRAIN, TEST) for _ in range(2)]
    assert tables[0].equals(tables[1])
    assert torch.equal(before, torch.get_rng_state())


def test_rows_count_whatever_their_index():
    model = coded(lambda factors, noise: column(factors, "slant")[:, None] + noise)
    kept = [Split(s.images, s.labels, s.factors.set_axis(np.arange(N)[::-1] + 5)) for s in (TRAIN, TEST)]
    assert metrics.factor_scores(model, *kept).equals(metrics.factor_scores(model, TRAIN, TEST))


def test_codes_that_say_nothing_at_all():
    with np.errstate(all="raise"):
        found = metrics.factor_scores(coded(lambda factors, noise: 0 * noise[:, :2] + 3), TRAIN, TEST)
    assert found.z[["slant", "size", "weight"]].abs().max() < 0.05
    assert (found.correlation == 0).all()


def test_real_glyphs_and_a_table_without_a_class():
    data = aae.load("glyphs", n=300)
    model = aae.SupervisedAAE(data.image_shape, hidden=(16,), seed=0)
    found = metrics.factor_scores(model, data.train, data.test)
    assert {"z", "class"} < set(found.columns)
    assert found.z.notna().all()
    parts = [Split(s.images, s.labels, s.factors[["slant"]]) for s in (data.train, data.test)]
    alone = metrics.factor_scores(model, *parts)
    assert list(alone.index) == ["slant"]
    assert "class" not in alone
    assert alone.z["slant"] == pytest.approx(found.z["slant"], abs=0.02)


def test_what_cannot_be_measured_is_refused_in_words():
    model = coded(lambda factors, noise: noise)
    for pair in ((Split(TRAIN.images, TRAIN.labels), TEST), (TRAIN, Split(TEST.images, TEST.labels))):
        with pytest.raises(ValueError, match="does not say what its images were made from; take the glyphs"):
            metrics.factor_scores(model, *pair)
    with pytest.raises(ValueError, match="train has the factors class, slant"):
        metrics.factor_scores(model, TRAIN, Split(TEST.images, TEST.labels, TEST.factors[["slant"]]))
    with pytest.raises(ValueError, match="700 of the model's 700 codes are NaN"):
        metrics.factor_scores(coded(lambda factors, noise: noise / 0), TRAIN, TEST)
