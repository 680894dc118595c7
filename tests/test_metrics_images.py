"""Images: closed forms, scipy and scikit-learn as oracles, real digits."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.ndimage
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KernelDensity

from aae_lib import metrics
from aae_lib.data import Split


@pytest.fixture(scope="module")
def digits() -> Split:
    """1797 real digits, 8 x 8, uint8 0-255, in random order (as they come, the last ones have other writers)."""
    raw = load_digits()
    images = torch.from_numpy((raw.images * 255 / 16).round().astype(np.uint8)).unsqueeze(1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return Split(images[order], torch.from_numpy(raw.target).long()[order])


def part(split, rows) -> Split:
    return Split(split.images[rows], split.labels[rows])


# ---- reconstruction ----


def test_reconstruction_error_in_pixels_of_0_to_1(digits):
    half = SimpleNamespace(reconstruct=lambda images: torch.full(images.shape, 0.5))
    expected = ((digits.images.double() / 255 - 0.5) ** 2).mean()
    assert metrics.reconstruction_error(half, digits) == pytest.approx(float(expected), rel=1e-5)
    broken = SimpleNamespace(reconstruct=lambda images: torch.full(images.shape, math.nan))
    with pytest.raises(ValueError, match="1797 of the 1797 images are NaN"):
        metrics.reconstruction_error(broken, digits)


# ---- sharpness ----


def test_sharpness_of_known_images():
    row = torch.arange(8) / 8
    ramp = row.expand(1, 1, 8, 8)
    checkers = ((torch.arange(8)[:, None] + torch.arange(8)) % 2).float().expand(3, 1, 8, 8)
    assert metrics.sharpness(ramp) == pytest.approx(0, abs=1e-10)
    assert metrics.sharpness(checkers) == pytest.approx(16)  # the Laplacian is +4 or -4, as often


def test_sharpness_equals_scipy_and_falls_with_blur(digits):
    images = digits.images[:100].double() / 255
    laplacians = [scipy.ndimage.laplace(x[0].numpy())[1:-1, 1:-1] for x in images]
    assert metrics.sharpness(digits.images[:100]) == pytest.approx(np.mean([x.var() for x in laplacians]), rel=1e-5)
    blurred = torch.from_numpy(scipy.ndimage.gaussian_filter(images.numpy(), (0, 0, 0.7, 0.7)))
    assert metrics.sharpness(blurred) < 0.5 * metrics.sharpness(images)
    with pytest.raises(ValueError, match="3 x 3"):
        metrics.sharpness(torch.zeros(4, 2))


# ---- classes that the samples show, and how near they lie ----


def test_effective_classes_of_real_digits(digits):
    train, test = part(digits, slice(0, 1400)), part(digits, slice(1400, None))
    assert metrics.effective_classes(test.images, train) > 9.8
    assert metrics.effective_classes(test.images[test.labels == 4], train) < 1.3
    three = test.images[(test.labels == 0) | (test.labels == 6) | (test.labels == 8)]
    assert metrics.effective_classes(three, train) == pytest.approx(3, abs=0.4)


def test_effective_classes_is_the_exponential_of_the_entropy():
    corners = Split(torch.eye(4).repeat_interleave(5, 0), torch.arange(4).repeat_interleave(5))
    corners.labels[15:] = -1  # the fourth corner has no label, so no vote
    uneven = torch.eye(4)[[0, 0, 1, 2]]
    exact = math.exp(0.5 * math.log(2) + 2 * 0.25 * math.log(4))
    assert metrics.effective_classes(uneven, corners) == pytest.approx(exact, rel=1e-5)
    with pytest.raises(ValueError, match="2 values each and the real ones, images of split, 4"):
        metrics.effective_classes(torch.zeros(3, 2), corners)
    corners.labels[:] = -1
    with pytest.raises(ValueError, match="has a label"):
        metrics.effective_classes(uneven, corners)


def test_distance_to_the_data(digits):
    train, test = digits.images[:1400], digits.images[1400:]
    assert metrics.nearest_distance(test, train, test) == 1
    assert metrics.nearest_distance(train[:200], train, test) == pytest.approx(0, abs=1e-6)
    noise = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert metrics.nearest_distance(noise, train, test) > 2
    with pytest.raises(ValueError, match="no distance to use as the unit"):
        metrics.nearest_distance(test, train, train)


def test_distance_to_the_data_in_the_plane():
    train = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    test = torch.tensor([[0.0, 1.0], [10.0, 1.0], [10.0, 2.0]])  # distances 1, 1, 2: median 1
    samples = torch.tensor([[3.0, 4.0], [0.0, 5.0], [10.0, 7.0]])  # 5, 5, 7
    assert metrics.nearest_distance(samples, train, test) == pytest.approx(5)


# ---- Parzen ----


def test_parzen_equals_scikit_learn(digits):
    samples, validation, test = digits.images[:700], digits.images[700:1100], digits.images[1100:1400]
    found = metrics.parzen_log_likelihood(samples, validation, test)
    samples, validation, test = (x.flatten(1).double().numpy() / 255 for x in (samples, validation, test))
    # one leaf only: in 64 dimensions its default tree is off by several nats
    oracle = KernelDensity(bandwidth=found.bandwidth, leaf_size=1000).fit(samples)
    scores = oracle.score_samples(test)
    assert found.mean == pytest.approx(scores.mean(), rel=1e-5)
    assert found.standard_error == pytest.approx(scores.std(ddof=1) / math.sqrt(300), rel=1e-4)
    for factor in (0.97, 1.03):  # no other bandwidth is liked better by the validation images
        other = KernelDensity(bandwidth=factor * found.bandwidth, leaf_size=1000).fit(samples)
        assert other.score(validation) < oracle.score(validation)


def test_parzen_of_a_gaussian_is_its_entropy():
    draw = torch.Generator().manual_seed(0)
    samples, validation, test = (torch.randn(3000, 1, generator=draw) for _ in range(3))
    found = metrics.parzen_log_likelihood(samples, validation, test)
    assert found.mean == pytest.approx(-0.5 * math.log(2 * math.pi * math.e), abs=4 * found.standard_error)
    one = metrics.parzen_log_likelihood(torch.zeros(2, 3), validation[:, [0, 0, 0]], test[:, [0, 0, 0]], (0.5, 1, 2))
    x = test.double()  # one Gaussian of width 1 at the origin, in three equal coordinates
    assert one.bandwidth == 1
    assert one.mean == pytest.approx(float((-1.5 * x**2 - 1.5 * math.log(2 * math.pi)).mean()), rel=1e-6)


def test_parzen_refuses_a_bandwidth_at_the_edge(digits):
    samples, validation, test = digits.images[:300], digits.images[300:500], digits.images[500:700]
    best = metrics.parzen_log_likelihood(samples, validation, test).bandwidth
    for grid in ((best, 2 * best, 4 * best), (best / 4, best / 2, best)):
        with pytest.raises(ValueError, match="at the edge of the grid"):
            metrics.parzen_log_likelihood(samples, validation, test, grid)
    unsorted = (4 * best, best / 4, best)
    assert metrics.parzen_log_likelihood(samples, validation, test, unsorted).bandwidth == pytest.approx(best)
    with pytest.raises(ValueError, match="at least three bandwidths"):
        metrics.parzen_log_likelihood(samples, validation, test, (0.1, 0.2))
    with pytest.raises(ValueError, match="grid must be a sequence, each a finite number above 0"):
        metrics.parzen_log_likelihood(samples, validation, test, (0, 0.1, 0.2))
