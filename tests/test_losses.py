import math
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from aae_lib import losses


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_game_at_equilibrium_has_the_known_values():
    zero = torch.zeros(8)
    assert losses.discriminator_loss(zero, zero) == pytest.approx(2 * math.log(2))
    assert losses.generator_loss(zero) == pytest.approx(math.log(2))
    assert losses.saturating_generator_loss(zero) == pytest.approx(-math.log(2))


def test_game_equals_cross_entropy_of_the_probabilities():
    real, fake = torch.randn(50, generator=rng()), torch.randn(40, generator=rng(1))
    d_real, d_fake = real.sigmoid(), fake.sigmoid()
    expected = F.binary_cross_entropy(d_real, torch.ones(50)) + F.binary_cross_entropy(d_fake, torch.zeros(40))
    torch.testing.assert_close(losses.discriminator_loss(real, fake), expected)
    torch.testing.assert_close(losses.generator_loss(fake), -d_fake.log().mean())
    torch.testing.assert_close(losses.saturating_generator_loss(fake), (1 - d_fake).log().mean())


def test_losses_on_logits_stay_finite_where_probabilities_would_not():
    sure = torch.tensor([1e4])
    assert losses.discriminator_loss(-sure, sure) == 2e4
    assert losses.generator_loss(-sure) == 1e4
    assert losses.bce(torch.full((1, 1, 1, 1), 1e4), torch.zeros(1, 1, 1, 1)) == 1e4


def test_saturating_gradient_vanishes_where_the_discriminator_is_sure():
    logits = torch.tensor([-20.0], requires_grad=True)
    (strong,) = torch.autograd.grad(losses.generator_loss(logits), logits)
    (weak,) = torch.autograd.grad(losses.saturating_generator_loss(logits), logits)
    assert strong == pytest.approx(-1, abs=1e-6)
    assert abs(weak) < 1e-8


def test_bce_is_the_negative_bernoulli_log_likelihood_per_image():
    logits = torch.randn(5, 1, 4, 4, generator=rng())
    x = torch.randint(2, (5, 1, 4, 4), generator=rng(1)).float()
    expected = -Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3)).mean()
    torch.testing.assert_close(losses.bce(logits, x), expected)


def test_half_squared_error_is_a_gaussian_likelihood_up_to_a_constant():
    logits, x = torch.randn(5, 1, 4, 4, generator=rng()), torch.rand(5, 1, 4, 4, generator=rng(1))
    log_likelihood = Normal(logits.sigmoid(), 1.0).log_prob(x).sum((1, 2, 3)).mean()
    constant = 16 * 0.5 * math.log(2 * math.pi)
    torch.testing.assert_close(losses.half_squared_error(logits, x), -log_likelihood - constant)


@pytest.mark.parametrize("sigma", [1.0, 5.0])
def test_gaussian_kl_closed_form_and_monte_carlo(sigma):
    mean, log_var = torch.randn(6, 3, generator=rng()), torch.randn(6, 3, generator=rng(1))
    q, p = Normal(mean, (0.5 * log_var).exp()), Normal(0.0, sigma)
    expected = kl_divergence(q, p).sum(1).mean()
    torch.testing.assert_close(losses.gaussian_kl(mean, log_var, sigma), expected)
    n = 20_000
    noise = torch.randn(n, 6, 3, generator=rng(2))
    z = (mean + (0.5 * log_var).exp() * noise).reshape(-1, 3)
    every = losses.monte_carlo_kl(z, mean.repeat(n, 1), log_var.repeat(n, 1), p.log_prob(z).sum(1))
    assert every == pytest.approx(expected.item(), rel=0.01)


def test_gradient_penalty_of_discriminators_with_a_known_slope():
    z, w = torch.randn(30, 4, generator=rng()), torch.tensor([1.0, -2.0, 0.5, 3.0], requires_grad=True)
    logits, slope = losses.gradient_penalty(lambda z: z @ w, z)
    torch.testing.assert_close(logits, z @ w)
    torch.testing.assert_close(slope, w.square().sum())
    (gradient,) = torch.autograd.grad(slope, w)  # the penalty must reach D's own parameters
    torch.testing.assert_close(gradient, 2 * w)
    _, slope = losses.gradient_penalty(lambda z: z.square().sum(1) / 2, z)
    torch.testing.assert_close(slope, z.square().sum(1).mean())


def test_gradient_penalty_works_for_many_discriminators_at_once():
    z, w = torch.randn(3, 10, 2, generator=rng()), torch.randn(3, 2, generator=rng(1))
    many = torch.func.vmap(lambda w, z: losses.gradient_penalty(lambda z: z @ w, z)[1])(w, z)
    torch.testing.assert_close(many, w.square().sum(1))


def test_the_gradient_penalty_is_bit_for_bit_that_of_torch_func():
    network = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.SiLU(), torch.nn.Linear(64, 1))
    z = torch.randn(50, 2, generator=rng(), requires_grad=True)  # as where the penalty also reaches the encoder

    def total(z):
        logits = network(z).flatten()
        return logits.sum(), logits

    def penalty_and_gradients(logits, slope):
        return logits, slope, *torch.autograd.grad(slope + logits.mean(), [z, *network.parameters()])

    slope, logits = torch.func.grad(total, has_aux=True)(z)
    expected = penalty_and_gradients(logits, slope.square().sum(1).mean())
    found = penalty_and_gradients(*losses.gradient_penalty(lambda z: network(z).flatten(), z))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    with torch.no_grad():
        logits, slope = losses.gradient_penalty(lambda z: network(z).flatten(), z)
    assert torch.equal(slope, expected[1])
    assert [logits.requires_grad, slope.requires_grad] == [False, False]


def test_a_discriminator_that_does_not_look_has_no_slope():
    w = torch.ones(3, requires_grad=True)
    for blind in (lambda z: torch.ones(len(z)), lambda z: w.sum().expand(len(z))):
        logits, slope = losses.gradient_penalty(blind, torch.zeros(5, 2))
        assert (len(logits), slope) == (5, 0)


def test_mmd_equals_its_double_sum():
    x, y = torch.randn(7, 2, generator=rng()), torch.randn(5, 2, generator=rng(1)) + 1

    def k(a, b):
        return sum(c / (c + float((a - b).square().sum())) for c in (0.2, 1, 4, 16))

    xx = sum(k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (7 * 6)
    yy = sum(k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (5 * 4)
    xy = sum(k(a, b) for a in x for b in y) / (7 * 5)
    assert losses.mmd(x, y) == pytest.approx(xx + yy - 2 * xy, abs=1e-5)


def test_mmd_is_unbiased_and_its_gradient_finite_for_equal_points():
    g = rng()
    draws = torch.stack(
        [losses.mmd(torch.randn(40, 2, generator=g), torch.randn(40, 2, generator=g)) for _ in range(400)]
    )
    assert abs(draws.mean()) < 3 * draws.std() / 20  # 20 = sqrt(400): three standard errors
    assert (draws < 0).any()
    x = torch.zeros(4, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.mmd(x, torch.zeros(4, 2)), x)
    assert gradient.isfinite().all()


def test_mmd_of_a_single_point_is_refused():
    with pytest.raises(ValueError, match="at least 2 points"):
        losses.mmd(torch.zeros(1, 2), torch.zeros(5, 2))


def test_the_virtual_neighbour_of_a_linear_classifier_is_known():
    """Two categories with logits (w·x, 0): y changes along w alone, so r = ±ε w/‖w‖, whatever the random direction."""
    w, x = torch.tensor([3.0, 4.0]), torch.tensor([[0.1, -0.2], [0.3, 0.4]])
    weights = torch.stack([w, torch.zeros(2)], 1).requires_grad_()
    direction = torch.randn(2, 2, generator=torch.Generator().manual_seed(0))
    found = losses.virtual_adversarial_loss(lambda x: x @ weights, x, direction, length=0.5)

    def divergence(a, b):
        p, q = torch.sigmoid(a), torch.sigmoid(b)
        return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()

    side = torch.sign(direction @ w)  # the random direction says which of the two
    expected = divergence(x @ w, (x + 0.5 * side[:, None] * w / w.norm()) @ w).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
    (slope,) = torch.autograd.grad(found, weights)
    assert slope.abs().sum() > 0


def test_a_virtual_neighbour_is_worse_than_a_random_one_and_grows_with_its_distance():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(64, 32, generator=generator) / 4, torch.randn(32, 10, generator=generator)

    def logits(x):
        return (x @ first).tanh() @ second

    x, d = torch.rand(50, 64, generator=generator), torch.randn(50, 64, generator=generator)
    worst = [losses.virtual_adversarial_loss(logits, x, d, length).item() for length in (0.1, 0.5, 1.0)]
    log_y, step = logits(x).log_softmax(1), 0.5 * d / d.norm(dim=1, keepdim=True)
    random = (log_y.exp() * (log_y - logits(x + step).log_softmax(1))).sum(1).mean().item()
    assert 0 < worst[0] < worst[1] < worst[2]
    assert worst[1] > 3 * random


def test_virtual_neighbours_work_for_many_models_at_once():
    generator = torch.Generator().manual_seed(0)
    weights, x = torch.randn(3, 6, 4, generator=generator), torch.rand(3, 5, 6, generator=generator)
    d = torch.randn(3, 5, 6, generator=generator)

    def one(w, x, d):
        return losses.virtual_adversarial_loss(lambda x: x @ w, x, d, 1.0)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a fallback for an operation that cannot be batched would be slow
        together = torch.func.vmap(one)(weights, x, d)
    assert torch.allclose(together, torch.stack([one(*of) for of in zip(weights, x, d, strict=True)]), atol=1e-6)
