"""Modes covered: what counts as inside a part of the prior, and by which class."""

import pytest
import torch

import aae_lib as aae
from aae_lib import metrics
from aae_lib.priors import Gaussian, GaussianRing, Points

RING = GaussianRing(10)


def cloud(counts: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """counts[k] codes of class k, where the ring has class k."""
    labels = torch.repeat_interleave(torch.arange(10), torch.tensor(counts))
    return RING.sample(len(labels), generator=torch.Generator().manual_seed(1), labels=labels), labels


def test_codes_of_the_prior_fall_into_their_own_component():
    z, labels = cloud([100] * 10)
    modes = metrics.assign_modes(z, RING)
    assert (modes == labels).float().mean() > 0.96  # 1% of each lies outside by definition
    assert (modes == -1).float().mean() < 0.03
    assert metrics.mode_coverage(z, RING) == metrics.mode_coverage(z, RING, labels) == 10


def test_missing_modes_are_counted():
    z, labels = cloud([100, 0, 100, 100, 0, 100, 100, 100, 0, 100])
    assert metrics.mode_coverage(z, RING) == 7
    assert metrics.mode_coverage(z, RING, labels) == 7


def test_a_mode_needs_its_share():
    z, _ = cloud([20, 40] + [100] * 7 + [240])  # 1000 in all: 100 expected in each
    assert metrics.mode_coverage(z, RING) == 9
    assert metrics.mode_coverage(z, RING, share=0.1) == 10


def test_a_mode_needs_the_majority_of_its_own_class():
    z, labels = cloud([100] * 10)
    assert metrics.mode_coverage(z, RING, (labels + 1) % 10) == 0
    wrong = labels.clone()
    wrong[labels == 3] = torch.where(torch.arange(100) < 60, 7, 3)
    assert metrics.mode_coverage(z, RING, wrong) == 9
    unlabelled = torch.where(wrong == 7, -1, wrong)  # dropped: mode 3 keeps 40 right ones, mode 7 keeps none
    assert metrics.mode_coverage(z, RING, unlabelled) == 9


def test_codes_outside_every_mode_cover_none():
    middle = 0.05 * torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    assert (metrics.assign_modes(middle, RING) == -1).all()
    assert metrics.mode_coverage(middle, RING) == 0
    far, _ = cloud([50] * 10)
    assert metrics.mode_coverage(10 * far, RING) == 0


def test_bad_input():
    z, labels = cloud([10] * 10)
    with pytest.raises(ValueError, match="no classes"):
        metrics.mode_coverage(z, Gaussian(2))
    with pytest.raises(ValueError, match="100 codes and 99 labels"):
        metrics.mode_coverage(z, RING, labels[1:])
    with pytest.raises(ValueError, match="has a label"):
        metrics.mode_coverage(z, RING, torch.full_like(labels, -1))
    with pytest.raises(ValueError, match="3 dimensions and the prior has 2"):
        metrics.mode_coverage(torch.zeros(10, 3), RING)


def test_a_small_part_is_expected_to_hold_few():
    x = torch.cat([torch.randn(990, 2) * 0.1, torch.randn(10, 2) * 0.1 + 5])
    prior = Points(x, labels=torch.tensor([0] * 990 + [1] * 10))
    generator = torch.Generator().manual_seed(0)
    assert metrics.mode_coverage(prior.sample(2000, generator=generator), prior) == 2
    assert metrics.mode_coverage(0.1 * torch.randn(2000, 2, generator=generator), prior) == 1
    shares = (0.91, 0.03, 0.03, 0.03)
    heads = aae.MapAAE((1, 8, 8), categories=4, class_shares=shares, seed=0).prior
    assert metrics.mode_coverage(heads.sample(2000, generator=generator), heads) == 4
