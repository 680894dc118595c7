"""Checks for lesson 02: the KL of a VAE, its split, and a tighter bound."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ... import losses
from ...networks import reparameterise
from .answers import Wrong, call, equal, gradient, number, tensor
from .tasks import task

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def blobs() -> tuple[Tensor, Tensor]:
    """Mean and log variance (3, 2) of three blobs; no two numbers alike."""
    mean = torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.2]])
    log_var = torch.tensor([[-1.0, 0.4], [0.2, -2.0], [-0.6, -1.4]])
    return mean, log_var


# ---- 02.1 ----


def kl_to_gaussian(mean: Tensor, log_var: Tensor, centre: Tensor, sd: float) -> Tensor:
    """KL(N(mean, exp(log_var)) ‖ N(centre, sd² I)), summed over dimensions: (N, d) -> (N,)."""
    ratio = log_var - 2 * math.log(sd)  # log(σ²/s²)
    return 0.5 * (ratio.exp() + (mean - centre).square() / sd**2 - 1 - ratio).sum(1)


@task(
    "02.1",
    "the KL to any round Gaussian",
    hints=(
        "log σ is half of log_var, and σ² is log_var.exp(). Work out the formula for all (N, d) numbers at once, then "
        "sum over the d dimensions.",
        "Written on log_var, one dimension is math.log(sd) − log_var / 2 + (log_var.exp() + (mean − centre)²) / "
        "(2 sd²) − 1/2.",
        "each = math.log(sd) - log_var / 2 + (log_var.exp() + (mean - centre) ** 2) / (2 * sd ** 2) - 0.5; "
        "return each.sum(1).",
    ),
    part=lambda: kl_to_gaussian,
)
def gaussian_kl(f: Any) -> str:
    """kl(mean, log_var, centre, sd) -> (N,)."""
    mean, log_var = (t.requires_grad_() for t in blobs())
    centre, sd = torch.tensor([1.0, -0.5]), 0.7
    value = call(f, mean, log_var, centre, sd)
    if isinstance(value, Tensor) and value.shape == (3, 2):
        raise Wrong("one number for each image: sum over the dimensions, .sum(1). Yours keeps them, with shape (3, 2).")
    value = tensor(value, (3,), "the KL", like=mean)
    right = kl_to_gaussian(mean, log_var, centre, sd)
    var, square = log_var.exp(), (mean - centre).square()

    def total(*terms: Any) -> Tensor:
        return sum(terms).sum(1)

    log_ratio, spread = math.log(sd) - log_var / 2, (var + square) / (2 * sd**2)
    as_sd = log_var.exp().square()
    mistakes = (
        (-right, "the sign is turned round: a KL is never negative."),
        (right / 2, "this is the mean over the dimensions; take their sum."),
        (total(log_ratio, spread), "the −1/2 is missing, in every dimension: the KL of two equal Gaussians must be 0."),
        (total(log_ratio, spread) - 0.5, "the −1/2 belongs to *each* dimension, so it goes inside of the sum."),
        (total(-log_ratio, spread - 0.5), "log(s/σ), not log(σ/s): a blob that is too narrow has to cost."),
        (total(math.log(sd) - log_var, spread - 0.5), "log σ is *half* of log_var, which is log σ²."),
        (total(log_ratio, (var + square) / (2 * sd) - 0.5), "divide by 2 s²; s was not squared."),
        (total(log_ratio, (var + square) / sd**2 - 0.5), "divide by 2 s²; the 2 is missing."),
        (
            total(math.log(sd) - log_var, (as_sd + square) / (2 * sd**2) - 0.5),
            "log_var was taken for log σ; it is log σ².",
        ),
        (total(log_ratio, (as_sd + square) / (2 * sd**2) - 0.5), "σ² is log_var.exp(); yours is its square."),
        (total(log_ratio, ((0.5 * log_var).exp() + square) / (2 * sd**2) - 0.5), "σ is used where σ² should be."),
        (total(log_ratio, (log_var + square) / (2 * sd**2) - 0.5), "log_var is used where σ², its exp, should be."),
        (total(log_ratio, (var + (mean - centre)) / (2 * sd**2) - 0.5), "the distance μ − m is not squared."),
        (kl_to_gaussian(mean, log_var, torch.zeros(2), sd), "the centre is not used: the distance is (μ − m)²."),
        (kl_to_gaussian(mean, log_var, centre, 1.0), "sd is not used: this is the KL to N(m, I)."),
        (kl_to_gaussian(mean, log_var, torch.zeros(2), 1.0), "this is the KL to N(0, I): use centre and sd."),
        (
            total(-log_ratio, (sd**2 + square) / (2 * var) - 0.5),
            "the two are swapped: this is the KL from the Gaussian to the blob.",
        ),
    )
    equal(value, right, mistakes, "the KL", "for three images")
    for leaf, what in ((mean, "the mean"), (log_var, "log_var")):
        gradient(value.sum(), leaf, torch.autograd.grad(right.sum(), leaf, retain_graph=True)[0], what)
    four = kl_to_gaussian(torch.ones(1, 4), torch.zeros(1, 4), torch.zeros(4), 1.0)
    value = tensor(call(f, torch.ones(1, 4), torch.zeros(1, 4), torch.zeros(4), 1.0), (1,), "the KL", like=mean)
    equal(value, four, (), "the KL", "for one image and four dimensions")
    return "right: what a blob pays to be elsewhere, too wide or too narrow."


# ---- 02.2 ----


def monte_carlo_kl(mean: Tensor, log_var: Tensor, noise: Tensor, log_prob: Callable[[Tensor], Tensor]) -> Tensor:
    """E[log q(z|x) − log p(z)] by one draw for each row, z = mean + exp(½ log_var) · noise."""
    z = reparameterise(mean, log_var, noise)
    return losses.monte_carlo_kl(z, mean, log_var, log_prob(z))


@task(
    "02.2",
    "the KL by one draw",
    hints=(
        "Three steps: z from mean, log_var and noise; log q(z|x), the log density of that very Gaussian at z; and "
        "log_prob(z). Then the mean of the difference over the images.",
        "log N(z; μ, σ²) in one dimension is −½ ((z − μ)²/σ² + log σ² + log 2π). Sum it over the dimensions. "
        "torch.distributions.Normal(mean, sd).log_prob(z) gives the same.",
        "sd = (0.5 * log_var).exp(); z = mean + sd * noise; log_q = torch.distributions.Normal(mean, sd).log_prob(z)"
        ".sum(1); return (log_q - log_prob(z)).mean().",
    ),
    part=lambda: monte_carlo_kl,
)
def one_draw(f: Any) -> str:
    """kl(mean, log_var, noise, log_prob) -> one number."""
    mean, log_var = (t.requires_grad_() for t in blobs())
    noise = torch.tensor([[0.3, -1.1], [1.6, 0.4], [-0.7, 0.9]])
    asked: list[Tensor] = []

    def log_prob(z: Tensor) -> Tensor:
        """A lopsided prior: two round Gaussians of unlike mass."""
        asked.append(z)
        parts = [-(z - torch.tensor(c)).square().sum(1) / 2 + w for c, w in (((1.0, 0.0), -0.3), ((-2.0, 1.0), -1.4))]
        return torch.stack(parts).logsumexp(0) - 2 * HALF_LOG_2PI

    value = tensor(call(f, mean, log_var, noise, log_prob), (), "the KL", like=mean)
    right = monte_carlo_kl(mean, log_var, noise, log_prob)
    if not torch.isclose(value, tensor(call(f, mean, log_var, noise, log_prob), ())):
        raise Wrong("two calls with the same noise differ: do not draw in here, the noise is handed to you.")

    def variant(z: Tensor, at: Tensor | None = None) -> Tensor:
        at = z if at is None else at
        return (losses.normal_log_prob(z, mean, log_var) - log_prob(at)).mean()

    sd = (0.5 * log_var).exp()
    z = mean + sd * noise
    log_q, log_p = losses.normal_log_prob(z, mean, log_var), log_prob(z)
    mistakes = (
        (-right, "the sign is turned round: log q(z|x) − log p(z)."),
        (right * 3, "this is the sum over the images; take their mean."),
        (-log_p.mean(), "only −log p(z). Without log q(z|x) the blobs would shrink to points: width would be free."),
        (log_q.mean(), "only log q(z|x): where is log p(z)?"),
        ((log_q + log_p).mean(), "the two logs are subtracted, not added."),
        ((log_q + 2 * HALF_LOG_2PI - log_p).mean(), "log q(z|x) lacks its constant, −½ log 2π in each dimension."),
        (
            (log_q + 0.5 * log_var.sum(1) - log_p).mean(),
            "log q(z|x) lacks −½ log_var: a narrow Gaussian is higher, since its mass is 1.",
        ),
        (
            (log_q + 0.5 * log_var.sum(1) + 2 * HALF_LOG_2PI - log_p).mean(),
            "log q(z|x) lacks what keeps its mass at 1: −½ (log_var + log 2π) in each dimension.",
        ),
        ((log_q - 0.5 * log_var.sum(1) - log_p).mean(), "−½ log_var, not −log_var: log_var is the log of σ²."),
        (variant(mean + log_var.exp() * noise), "z = μ + σ ε; yours has σ² in place of σ."),
        (variant(mean + log_var * noise), "z = μ + σ ε; yours has log σ² in place of σ."),
        (variant(mean + noise), "z = μ + σ ε; the σ is missing."),
        (variant(mean), "the noise is not used: z is a draw from the blob, not its centre."),
        (variant(z, mean), "log p is asked at the mean, log q at the draw: both belong at the draw."),
        (variant(noise), "the noise is not a code yet: z = μ + σ ε."),
        (variant(z, noise), "log p is asked at the noise: it belongs at z = μ + σ ε."),
        ((log_q.exp() * (log_q - log_p)).mean(), "do not weigh by q(z|x): z was drawn from it, so that is done."),
        ((log_q - log_p).exp().mean(), "the logs are enough: this is the mean of the ratio."),
        (
            losses.gaussian_kl(mean, log_var),
            "this is the closed form for N(0, I): ask log_prob, which knows the prior.",
        ),
    )
    equal(value, right, mistakes, "the KL", "for three images")
    for leaf, what in ((mean, "the mean"), (log_var, "log_var")):
        wanted = torch.autograd.grad(right, leaf, retain_graph=True)[0]
        gradient(value, leaf, wanted, what)
    return "right: one draw for each image, and any prior whose log density can be asked for."


# ---- 02.3 ----


def part_log_densities(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log N(z_m; mean_n, exp(log_var_n)) by dimension: (M, d), (N, d) -> (M, N, d)."""
    return -0.5 * ((z[:, None] - mean).square() / log_var.exp() + log_var) - HALF_LOG_2PI


def log_aggregated(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log q(z) = log (1/N) Σ_n N(z; mean_n, exp(log_var_n)): (M, d), (N, d) -> (M,)."""
    return part_log_densities(z, mean, log_var).sum(2).logsumexp(1) - math.log(len(mean))


@task(
    "02.3",
    "the log density of q(z)",
    hints=(
        "First the log density of every point under every blob, a table (M, N). z[:, None] has the shape (M, 1, d); "
        "together with (N, d) it makes (M, N, d).",
        "Sum the log densities over the d dimensions. Then the log of the mean of their exp over the N blobs: "
        "torch.logsumexp does it without leaving the logs. The mean is the sum divided by N: minus log N.",
        "table = (-0.5 * ((z[:, None] - mean) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))).sum(2); "
        "return table.logsumexp(1) - math.log(len(mean)).",
    ),
    part=lambda: log_aggregated,
)
def aggregated(f: Any) -> str:
    """log_q(z, mean, log_var) -> (M,)."""
    mean, log_var = blobs()
    z = torch.tensor([[0.2, -0.4], [1.7, 0.6], [-1.0, 2.0], [0.0, 0.0]])
    value = call(f, z, mean, log_var)
    if isinstance(value, Tensor) and value.shape == (3,):
        raise Wrong("one number for each of the 4 points; yours has one for each of the 3 blobs: the other dimension.")
    if isinstance(value, Tensor) and value.shape == (4, 3):
        raise Wrong("this is the whole table, points by blobs: now the log of the *mean over the blobs*.")
    value = tensor(value, (4,), "log q(z)", like=z)
    right = log_aggregated(z, mean, log_var)
    table = part_log_densities(z, mean, log_var)
    rows = table.sum(2)
    n = math.log(3)
    bare = -0.5 * (z[:, None] - mean).square() / log_var.exp()
    mistakes = (
        (right.exp(), "this is q(z); its log is asked for."),
        (right + n, "this is the log of the *sum* over the blobs. q(z) is their mean: minus log N."),
        (rows.mean(1), "this is the mean of the logs; q(z) needs the log of the mean. (Jensen: yours is too small.)"),
        (rows.sum(1), "this is the sum of the logs, a product of densities; q(z) is a mean of densities."),
        (rows.amax(1), "this is the best blob alone; all of them count."),
        (rows.amax(1) - n, "this is the best blob alone; all of them count."),
        (bare.sum(2).logsumexp(1) - n, "each Gaussian lacks its height: −½ (log_var + log 2π) in each dimension."),
        ((bare - HALF_LOG_2PI).sum(2).logsumexp(1) - n, "each Gaussian lacks −½ log_var: narrow ones are higher."),
        ((bare - 0.5 * log_var).sum(2).logsumexp(1) - n, "each Gaussian lacks −½ log 2π, in each dimension."),
        (table.mean(2).logsumexp(1) - n, "sum the logs over the dimensions; yours takes their mean."),
        (
            (table.logsumexp(1) - n).sum(1),
            "the mean over the blobs came before the sum over the dimensions: that is the product of the two "
            "one-dimensional mixtures, and forgets which coordinates belong together.",
        ),
        (
            part_log_densities(z, mean, 2 * log_var).sum(2).logsumexp(1) - n,
            "log_var was taken for log σ; it is log σ².",
        ),
        (
            losses.normal_log_prob(z, mean.mean(0), mean.var(0).log()),
            "this is one Gaussian fitted to the cloud; q(z) is the mixture of all blobs.",
        ),
    )
    equal(value, right, mistakes, "log q(z)", "for four points and three blobs")
    far = torch.tensor([[60.0, -40.0]])
    value = tensor(call(f, far, mean, log_var), (1,), "log q(z)", like=z)
    wanted = log_aggregated(far, mean, log_var)
    if not torch.allclose(value, wanted, rtol=1e-4):
        raise Wrong(
            f"nearly: at a point far away log q(z) is {wanted.item():.0f}; yours says {value.item():.4g}. exp rounds "
            "to 0 there, and its log is lost: torch.logsumexp stays on the logs."
        )
    one = tensor(call(f, z, mean[:1], log_var[:1]), (4,), "log q(z)", like=z)
    equal(one, log_aggregated(z, mean[:1], log_var[:1]), (), "log q(z)", "for a single blob")
    return "right: the mixture of all blobs, and finite however far away you ask."


# ---- 02.4 ----


def total_correlation(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Mean over z of log q(z) − Σ_j log q_j(z_j): how much the coordinates of q(z) depend on each other."""
    table = part_log_densities(z, mean, log_var)  # (M, N, d)
    joint = table.sum(2).logsumexp(1) - math.log(len(mean))
    alone = table.logsumexp(1) - math.log(len(mean))  # (M, d)
    return (joint - alone.sum(1)).mean()


@task(
    "02.4",
    "how much the coordinates lean on each other",
    hints=(
        "The density of one coordinate alone, q_j(z_j), is again a mixture over the N blobs: of their one-dimensional "
        "Gaussians N(μ_nj, σ²_nj).",
        "Keep the table of log densities with the dimension, (M, N, d). Joint: sum over d, then the log of the mean "
        "over N. Alone: the log of the mean over N *first*, for each dimension; then sum over d.",
        "joint = table.sum(2).logsumexp(1) - math.log(N); alone = (table.logsumexp(1) - math.log(N)).sum(1); "
        "return (joint - alone).mean().",
    ),
    part=lambda: total_correlation,
)
def leaning(f: Any) -> str:
    """total_correlation(z, mean, log_var) -> one number."""
    mean, log_var = blobs()
    z = torch.tensor([[0.2, -0.4], [1.7, 0.6], [-1.0, 2.0], [0.0, 0.0]])
    value = number(call(f, z, mean, log_var), "the total correlation")
    right = total_correlation(z, mean, log_var)
    table, n = part_log_densities(z, mean, log_var), math.log(3)
    joint, alone = table.sum(2).logsumexp(1) - n, (table.logsumexp(1) - n).sum(1)
    fitted = losses.normal_log_prob(z, torch.zeros(2), torch.zeros(2))
    mistakes = (
        (torch.tensor(0.0), "this is 0 for any blobs: within one blob the coordinates *are* independent. The sum over "
                            "the dimensions has to come after the mean over the blobs, for each coordinate alone."),
        (-right, "the sign is turned round: log q(z) minus the sum of log q_j."),
        (right * 4, "this is the sum over the points; take their mean."),
        (right - n, "the coordinates' mixtures are sums over the blobs; each needs its own −log N."),
        (right + n, "log q(z) is the log of a sum over the blobs; it needs its −log N."),
        ((joint - alone / 2).mean(), "the coordinates' logs are to be summed; yours are averaged."),
        ((joint + alone).mean(), "the difference is asked for, not the sum."),
        (joint.mean(), "this is log q(z) alone; subtract the coordinates' logs."),
        (alone.mean(), "these are the coordinates' logs alone; log q(z) minus these is asked for."),
        ((joint - fitted).mean(), "this compares q(z) with N(0, I); compare it with the product of its coordinates."),
        ((joint.exp() * (joint - alone)).mean(), "do not weigh by q(z): the points were drawn from it; that is done."),
        (
            (table.sum(2).mean(1) - alone).mean(),
            "log q(z) is the log of the mean over the blobs, not the mean of the logs.",
        ),
    )  # fmt: skip
    # 0 is what one gets by a wrong order, and it is nowhere near `right`
    equal(value, right, mistakes, "the total correlation", "for four points and three blobs")
    square = torch.cartesian_prod(torch.tensor([-1.0, 2.0]), torch.tensor([0.0, 1.5]))
    none = number(call(f, z, square, torch.full((4, 2), -1.0)), "the total correlation")
    if not torch.allclose(none, torch.tensor(0.0), atol=1e-4):
        raise Wrong(
            f"nearly: four equal blobs at the corners of a rectangle have independent coordinates; yours: {none:.3f}."
        )
    far = number(call(f, torch.tensor([[60.0, -40.0]]), mean, log_var), "the total correlation")
    if not far.isfinite():
        raise Wrong("nearly: at a point far away yours is not finite. torch.logsumexp stays on the logs.")
    deep = torch.arange(12.0).view(4, 3).sin()
    value = number(call(f, deep + 0.1, deep, -deep.abs()), "the total correlation")
    equal(value, total_correlation(deep + 0.1, deep, -deep.abs()), (), "it", "for three dimensions")
    return "right: 0 if the coordinates know nothing of each other, more the more they do."


# ---- 02.5 ----


def importance_bound(log_x_given_z: Tensor, log_p: Tensor, log_q: Tensor) -> Tensor:
    """Mean over images of log (1/K) Σ_k p(x|z_k) p(z_k) / q(z_k|x); all (K, N) -> one number (Burda et al. 2015)."""
    log_weight = log_x_given_z + log_p - log_q
    return (log_weight.logsumexp(0) - math.log(len(log_weight))).mean()


@task(
    "02.5",
    "a tighter bound",
    hints=(
        "The first line of the derivation has the mean *inside* of the log. With K draws, estimate that mean, and only "
        "then take the log.",
        "log w = log_x_given_z + log_p − log_q, of shape (K, N). For each image the log of the mean of w over its K "
        "draws: logsumexp over dimension 0, minus log K. Then the mean over the images.",
        "log_w = log_x_given_z + log_p - log_q; return (log_w.logsumexp(0) - math.log(len(log_w))).mean().",
    ),
    part=lambda: importance_bound,
)
def tighter(f: Any) -> str:
    """bound(log_x_given_z, log_p, log_q), each (K, N) -> one number."""
    log_x = torch.tensor([[-20.0, -24.0, -31.0], [-22.5, -23.0, -28.0]])
    log_p = torch.tensor([[-1.9, -2.5, -4.0], [-2.2, -1.8, -3.0]])
    log_q = torch.tensor([[0.4, -0.3, 0.9], [-0.8, 0.2, 0.1]])
    value = number(call(f, log_x, log_p, log_q), "the bound")
    right = importance_bound(log_x, log_p, log_q)
    log_w = log_x + log_p - log_q
    k, n = math.log(2), math.log(3)
    mistakes = (
        (-right, "the sign is turned round: this is the bound itself, not a loss."),
        (log_w.mean(), "this is the mean of the logs, the ELBO again. The log comes after the mean over the draws."),
        (right + k, "this is the log of the *sum* over the draws; the mean is asked for: minus log K."),
        (right * 3, "this is the sum over the images; take their mean."),
        (
            (log_w.logsumexp(1) - n).mean(),
            "the log of the mean over the *images*, and for each draw; it should be over the K draws, dimension 0.",
        ),
        (log_w.flatten().logsumexp(0) - n - k, "one log for everything; each image needs its own, over its K draws."),
        (importance_bound(log_x, log_p, -log_q), "log q is subtracted: w = p(x|z) p(z) / q(z|x)."),
        (importance_bound(log_x, -log_p, -log_q), "w = p(x|z) p(z) / q(z|x): log p is added, log q subtracted."),
        (
            importance_bound(log_x, log_p, 0 * log_q),
            "log q is missing: the draws come from q, and that has to be weighed out.",
        ),
        (importance_bound(log_x, 0 * log_p, log_q), "log p is missing: w = p(x|z) p(z) / q(z|x)."),
        (importance_bound(log_x, 0 * log_p, 0 * log_q), "log p and log q are missing: w = p(x|z) p(z) / q(z|x)."),
        (log_w.amax(0).mean(), "this is the best draw alone; all of them count."),
        (log_w.amax(0).mean() - k, "this is the best draw alone; all of them count."),
    )
    equal(value, right, mistakes, "the bound", "for two draws and three images")
    value = number(call(f, log_x - 900, log_p, log_q), "the bound")
    if not torch.allclose(value, right - 900, rtol=1e-4):
        raise Wrong(
            f"nearly: an image of 784 pixels may have log p(x|z) = −900, and there yours says {value:.4g}. exp rounds "
            "to 0, and its log is lost: torch.logsumexp stays on the logs."
        )
    one = number(call(f, log_x[:1], log_p[:1], log_q[:1]), "the bound")
    equal(one, log_w[0].mean(), (), "the bound", "for one draw, where it is the ELBO,")
    return "right: one draw gives the ELBO, more draws come nearer to log p(x)."
