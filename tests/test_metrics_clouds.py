"""q(z) against p(z): held against POT, plain loops and closed forms."""

import itertools
import math

import numpy as np
import ot
import pytest
import torch

from aae_lib import losses, metrics
from aae_lib.priors import Gaussian, GaussianRing


def normal(n: int, d: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 50, 2), (60, 45, 3), (7, 100, 8), (1, 5, 2)])
def test_sliced_wasserstein_equals_pot(n, m, d):
    x, y = normal(n, d), 1.5 * normal(m, d, seed=1) + 0.3
    directions = normal(d, 40, seed=2).double()
    directions /= directions.norm(dim=0)
    oracle = ot.sliced_wasserstein_distance(x.double().numpy(), y.double().numpy(), projections=directions.numpy(), p=2)
    assert metrics.sliced_wasserstein(x, y, directions) == pytest.approx(float(oracle), rel=1e-9)


def test_sliced_wasserstein_of_a_shift():
    x, shift = normal(300, 3), torch.tensor([1.0, -2.0, 0.5])
    exact = math.sqrt(float(shift.square().mean()))  # E (u·s)² = |s|²/d over the sphere
    assert metrics.sliced_wasserstein(x, x + shift, torch.eye(3)) == pytest.approx(exact, rel=1e-5)
    assert metrics.sliced_wasserstein(x, x + shift, 4000) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 50, 2), (40, 75, 5), (2, 3, 1)])
def test_energy_distance_equals_its_double_sums(n, m, d):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, each mean over all pairs of different points, by Python's own distance."""
    x, y = normal(n, d), normal(m, d, seed=1) * 0.5 + 1
    a, b = x.double().tolist(), y.double().tolist()
    between = np.mean([math.dist(p, q) for p, q in itertools.product(a, b)])
    within = [np.mean([math.dist(p, q) for p, q in itertools.combinations(cloud, 2)]) for cloud in (a, b)]
    assert metrics.energy_distance(x, y) == pytest.approx(2 * between - sum(within), abs=1e-9)


def test_energy_distance_of_shifted_gaussians():
    mu = 1.5  # X - Y ~ N(mu, 2), X - X' ~ N(0, 2); E|N(mu, 2)| = 2/sqrt(pi) exp(-mu²/4) + mu erf(mu/2)
    exact = 2 * (2 / math.sqrt(math.pi) * (math.exp(-(mu**2) / 4) - 1) + mu * math.erf(mu / 2))
    assert metrics.energy_distance(normal(6000, 1), normal(6000, 1, seed=1) + mu) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("metric", [metrics.mmd, metrics.energy_distance])
def test_unbiased_one_distribution_gives_zero_on_average(metric):
    values = np.array([metric(normal(25, seed=2 * i), normal(40, seed=2 * i + 1)) for i in range(300)])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))
    assert (values < 0).mean() > 0.3  # a biased estimate is never negative


@pytest.mark.parametrize("metric", [metrics.mmd, metrics.energy_distance])
def test_symmetric_and_blind_to_rotation_and_order(metric):
    x, y = normal(60).double(), (normal(40, seed=1) + 1).double()
    turn = torch.tensor([[math.cos(1.0), -math.sin(1.0)], [math.sin(1.0), math.cos(1.0)]], dtype=torch.float64)
    value = metric(x, y)
    assert value == pytest.approx(metric(y, x), abs=1e-9)
    assert value == pytest.approx(metric(x @ turn, y.flip(0) @ turn), abs=1e-9)


def test_mmd_of_more_rows_than_a_block_equals_the_loss():
    x, y = normal(2500).double(), (normal(1100, seed=1) + 0.2).double()
    assert metrics.mmd(x, y) == pytest.approx(float(losses.mmd(x, y)), abs=1e-12)


def test_mmd_test_equals_the_plain_loop():
    x, y = normal(12).double(), (normal(9, seed=1) + 0.4).double()
    draw, pooled = rng(5), torch.cat([x, y])
    in_x = [torch.randperm(21, generator=draw) < 12 for _ in range(99)]
    as_large = sum(bool(losses.mmd(pooled[a], pooled[~a]) >= losses.mmd(x, y)) for a in in_x)
    assert 5 < as_large < 95  # neither hidden by the ends
    assert metrics.mmd_test(x, y, permutations=99, generator=rng(5)) == (1 + as_large) / 100


def test_p_value_is_uniform_under_the_null_and_tiny_for_a_shift():
    p = np.array([metrics.mmd_test(normal(25, seed=2 * i), normal(35, seed=2 * i + 1), 39) for i in range(200)])
    assert p.mean() == pytest.approx(0.5, abs=0.07)
    assert 0.05 < (p <= 0.1).mean() < 0.17
    assert metrics.mmd_test(normal(200), normal(150, seed=1) + 1) == pytest.approx(1 / 201)
    assert metrics.mmd_test(normal(50), normal(50)) > 0.9  # the same points twice


def test_classifier_is_at_chance_for_one_distribution_whatever_the_sizes():
    assert metrics.classifier_two_sample(normal(2000), normal(2000, seed=1)) == pytest.approx(0.5, abs=0.04)
    assert metrics.classifier_two_sample(normal(3000), normal(300, seed=1)) == pytest.approx(0.5, abs=0.1)


def test_classifier_sees_shape_where_mean_and_covariance_agree():
    ring = normal(1500)
    ring = ring / ring.norm(dim=1, keepdim=True) * math.sqrt(2)  # covariance I, like the Gaussian
    assert metrics.classifier_two_sample(ring, normal(1500, seed=1)) > 0.8
    assert metrics.classifier_two_sample(normal(500), normal(500, seed=1) + 8) == 1.0


def test_floor_is_zero_for_unbiased_measures_and_falls_with_n_for_the_others():
    prior = GaussianRing(10)
    mean, sd = metrics.floor(prior, 200, repeats=20)
    assert abs(mean) < 3 * sd / math.sqrt(20)
    assert sd > 0
    few, many = (metrics.floor(prior, n, metrics.sliced_wasserstein, projections=50).mean for n in (50, 800))
    assert 0.15 < many / few < 0.4  # 1/sqrt(16) = 1/4
    assert metrics.floor(prior.sample, 200, repeats=20) == (mean, sd)  # a plain function is a prior too
    assert metrics.floor(prior, 50, lambda x, y: float(len(x) + len(y))) == (100, 0)


def test_a_floor_is_written_without_a_minus_zero():
    floor = metrics.floor(Gaussian(2), 50, metric=lambda x, y: -1e-5)
    assert f"{floor:.4f}" == "0.0000 ± 0.0000"
    assert f"{floor:.6f}" == "-0.000010 ± 0.000000"
    assert f"{floor}" == str(floor)


def test_a_shifted_cloud_stands_far_above_the_floor():
    prior, codes = Gaussian(2), normal(300, seed=3) + torch.tensor([0.7, 0.0])
    for metric in (metrics.mmd, metrics.energy_distance, metrics.sliced_wasserstein, metrics.classifier_two_sample):
        mean, sd = metrics.floor(prior, 300, metric)
        assert metric(codes, prior.sample(300, generator=rng(9))) > mean + 4 * sd, metric.__name__


def test_randomness_comes_from_the_generator_alone():
    x, y, before = normal(60), normal(60, seed=1), torch.get_rng_state()
    measures = [metrics.mmd_test, metrics.sliced_wasserstein, metrics.classifier_two_sample]
    for measure in measures:
        assert measure(x, y) == measure(x, y)
    shared = rng(1)
    assert metrics.floor(Gaussian(2), 50, generator=shared) != metrics.floor(Gaussian(2), 50, generator=shared)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    "measure",
    [
        metrics.mmd,
        metrics.mmd_test,
        metrics.sliced_wasserstein,
        metrics.energy_distance,
        metrics.classifier_two_sample,
    ],
)
def test_bad_clouds_are_refused_in_words(measure):
    x = normal(20)
    with pytest.raises(ValueError, match="differ in dimension \\(2 and 3\\)"):
        measure(x, normal(20, 3))
    with pytest.raises(ValueError, match="0 points"):
        measure(x, normal(0))
    with pytest.raises(ValueError, match="1 of the 20 points of y, the second cloud, are NaN or infinite"):
        measure(x, x.index_fill(0, torch.tensor([3]), math.nan))
    with pytest.raises(ValueError, match="one point a row"):
        measure(x[:, 0], x)
    assert measure(x.numpy(), x.numpy().tolist()) == measure(x, x)


def test_bad_counts_are_refused():
    x = normal(20)
    with pytest.raises(ValueError, match="permutations"):
        metrics.mmd_test(x, x, permutations=0)
    with pytest.raises(ValueError, match="projections"):
        metrics.sliced_wasserstein(x, x, projections=0)
    with pytest.raises(ValueError, match="repeats"):
        metrics.floor(Gaussian(2), 20, repeats=1)
