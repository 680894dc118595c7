"""Checks for lesson 03, the adversarial game in the plane."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from ... import losses
from ...networks import Discriminator
from ...priors import Gaussian, GaussianGrid, GaussianRing
from .answers import Wrong, call, equal, kind, number, several, tensor
from .tasks import task


def small_discriminator() -> Discriminator:
    return Discriminator(2, (8,), activation="silu", generator=torch.Generator().manual_seed(3))


# ---- 03.1 ----


def move_points(z: Tensor, discriminator: nn.Module, rate: float) -> Tensor:
    """z + rate · ∂ log D(z)/∂z, each point on its own."""
    z = z.detach().clone().requires_grad_()
    log_d = -nn.functional.softplus(-discriminator(z))
    (slope,) = torch.autograd.grad(log_d.sum(), z)
    return (z + rate * slope).detach()


@task(
    "03.1",
    "points that go uphill",
    hints=(
        "A gradient by z needs a z that keeps its history: begin with z.detach().clone().requires_grad_().",
        "log D = logsigmoid(logits). The gradient of its *sum* holds each point's own slope, without a factor 1/N.",
        "(slope,) = torch.autograd.grad(logsigmoid(discriminator(z)).sum(), z), then (z + rate * slope).detach().",
    ),
    part=lambda: move_points,
)
def move(f: Any) -> str:
    """move(z, discriminator, rate) = z + rate · ∂ log D(z)/∂z."""
    discriminator = small_discriminator()
    z = torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.0]])
    new = tensor(call(f, z, discriminator, 0.5), (3, 2), "the new points", like=z)
    right = move_points(z, discriminator, 0.5)
    step = right - z
    leaf = z.clone().requires_grad_()
    logits = discriminator(leaf)
    d = logits.sigmoid().detach()[:, None]
    slope = torch.autograd.grad(logits.sum(), leaf)[0]
    mistakes = (
        (z, "the points have not moved."),
        (z - step, "the points go downhill: away from where D takes them for prior samples."),
        (z + step / 3, "each point goes only 1/N of its way: take the gradient of the sum, not of the mean."),
        (z - step / 3, "the sign is turned round, and each point goes only 1/N of its way: sum, not mean."),
        (step / 0.5, "this is the slope alone; the new points are z + rate · slope."),
        (step, "this is the way each point goes; the new points are z plus that."),
        (z + step / 0.5, "the rate is missing: z + rate · slope."),
        (z + 0.5 * slope, "this goes uphill on the logits; asked for is log D, the log of sigmoid(logits)."),
        (z + 0.5 * d * slope, "this lowers log(1 − D), the saturating form: hardly a step where D is sure."),
        (z + 0.5 * d * (1 - d) * slope, "this goes uphill on D; asked for is log D."),
    )
    equal(new, right, mistakes, "the new points")
    if new.requires_grad:
        raise Wrong("the points are right, but they carry their history with them: end with .detach().")
    if any(p.grad is not None for p in discriminator.parameters()):
        raise Wrong(
            "the points are right, but a gradient was left in the discriminator's parameters, where its next step may "
            "find it: torch.autograd.grad(value, z) asks for the gradient by z alone."
        )
    far = torch.tensor([[1.0, 0.0]])
    new = tensor(call(f, far, Slope(-200.0), 1.0), (1, 2), "the new points")
    if not torch.allclose(new, torch.tensor([[-199.0, 0.0]]), atol=1e-2):
        raise Wrong(
            "nearly: where D is sure (a logit of −200) the point should go the full length of the logits' slope, and "
            f"yours lands at {new[0, 0]:.4g} instead of −199. sigmoid rounds to 0 there: use logsigmoid or softplus."
        )
    return "right: each point goes its own way uphill on log D, and D is left as it was."


class Slope(nn.Module):
    """Logits w · z₁."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, z: Tensor) -> Tensor:
        return self.w * z[:, 0]


# ---- 03.2 ----


def pulls_of(logits: Tensor) -> tuple[Tensor, Tensor]:
    """How hard −log D and log(1 − D) push each logit upwards: 1 − D, and D."""
    return (-logits).sigmoid(), logits.sigmoid()


@task(
    "03.2",
    "two losses, two pulls",
    hints=(
        "A pull is minus the slope of a loss by its logit, one number for each point. Both are positive.",
        "d/da of log(1 + exp(−a)) is −sigmoid(−a), and of −log(1 + exp(a)) it is −sigmoid(a).",
        "return torch.sigmoid(−logits), torch.sigmoid(logits): that is 1 − D, and D.",
    ),
    part=lambda: pulls_of,
)
def pulls(f: Any) -> str:
    """pulls(logits) = (−d(−log D)/d logit, −d log(1 − D)/d logit), point by point."""
    logits = torch.tensor([-3.0, -0.5, 0.0, 2.0])
    found = call(f, logits)
    if found is None or isinstance(found, str):
        tensor(found, (4,), "the pair of pulls")
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong(f"two tensors are asked for, the pull of −log D and that of log(1 − D); yours is {kind(found)}.")
    names = "the pull of −log D", "the pull of log(1 − D)"
    d = logits.sigmoid()
    both = tuple(tensor(value, (4,), name, like=logits) for value, name in zip(found, names, strict=True))
    if torch.allclose(both[0], d) and torch.allclose(both[1], 1 - d):
        raise Wrong("not yet: the two are swapped. Which of them is nearly 0 where D is nearly 0?")
    if torch.allclose(both[0], d - 1) and torch.allclose(both[1], -d):
        raise Wrong("not yet: these are the slopes; a pull is minus the slope, since a loss is lowered.")
    for value, right, other, name in zip(both, (1 - d, d), (d, 1 - d), names, strict=True):
        mistakes = (
            (right / 4, "a mean over the batch is in it: 1/N. One number for each point, as if it were alone."),
            (-right / 4, "this is the slope of the mean: a pull is minus the slope, and has no 1/N in it."),
            (-right, f"{name} has the wrong sign: a loss is lowered, so the pull is minus its slope."),
            (other, f"{name} is that of the other loss."),
            (-d.log(), f"this is a loss itself; {name} is minus its slope by the logit."),
            ((1 - d).log(), f"this is a loss itself; {name} is minus its slope by the logit."),
            (1 / d, "this is the slope by D; asked for is the slope by the logit, with D = sigmoid(logit)."),
            (1 / (1 - d), "this is the slope by D; asked for is the slope by the logit, with D = sigmoid(logit)."),
            (d * (1 - d), "this is the slope of D itself, without any log."),
        )
        equal(value, right, mistakes, name, "for logits -3.0, -0.5, 0.0, 2.0")
    return "right: 1 − D and D. They add up to 1, and where D is sure of a point, only the first is left."


# ---- 03.3 ----


def best_logits_of(z: Tensor, p: Any, q: Any, share: float) -> Tensor:
    """log p(z) − log q(z) + log(share/(1 − share))."""
    return p.log_prob(z) - q.log_prob(z) + math.log(share / (1 - share))


def two_clouds() -> tuple[GaussianRing, GaussianGrid, Tensor]:
    """Two priors whose densities are known, and four places (4, 2) in the plane."""
    p, q = GaussianRing(6, radius=2.0, radial=0.5, tangential=0.35), GaussianGrid(2, spacing=2.0, sigma=0.7)
    return p, q, torch.tensor([[0.0, 0.0], [2.0, 0.1], [-1.0, 1.0], [1.0, -1.8]])


@task(
    "03.3",
    "the best discriminator of unequal clouds",
    hints=(
        "At one place z the loss is −s·p·log D − (1 − s)·q·log(1 − D), s = share. Set its slope by D to zero.",
        "That gives D = s·p/(s·p + (1 − s)·q). The logits are log(D/(1 − D)), and most of it cancels.",
        "p.log_prob(z) − q.log_prob(z) + math.log(share/(1 − share)).",
    ),
    part=lambda: best_logits_of,
)
def best_logits(f: Any) -> str:
    """best_logits(z, p, q, share), the logits of the D that is best where `share` of all rows are prior samples."""
    p, q, z = two_clouds()
    found = tensor(call(f, z, p, q, 0.25), (4,), "the logits", like=z)
    log_p, log_q = p.log_prob(z), q.log_prob(z)
    plain, odds = log_p - log_q, math.log(0.25 / 0.75)
    right = plain + odds
    mistakes = (
        (plain, "this is the best D of clouds with equal weight: the share is missing."),
        (
            plain - odds,
            "the share is turned round: it is that of the *prior samples*. Fewer of them, lower logits.",
        ),
        (plain + math.log(0.25), "only the prior's half is weighed: the points have the weight 1 − share."),
        (plain - math.log(0.75), "only the points' half is weighed: the prior samples have the weight share."),
        (plain + 0.25 / 0.75, "the log of the weights is missing: log(share/(1 − share))."),
        (0.25 * log_p - 0.75 * log_q, "log(s·p) is log s + log p, not s · log p."),
        (-right, 'the sign is turned round: positive means "looks like a prior sample".'),
        (right.sigmoid(), "this is D itself; the discriminator puts out its logits."),
        (right.exp(), "this is the ratio; the logits are its log."),
        (right.sigmoid().log(), "this is log D; the logits are log D − log(1 − D)."),
    )
    equal(found, right, mistakes, "the logits", "for a share of 0.25")
    narrow, wide, far = Gaussian(2, 0.1), Gaussian(2, 0.2), torch.tensor([[3.0, 0.0]])
    value = tensor(call(f, far, narrow, wide, 0.5), (1,), "the logits")
    exact = best_logits_of(far, narrow, wide, 0.5)
    if not torch.allclose(value, exact):
        raise Wrong(
            f"nearly: far from both clouds both densities round to 0, and yours gives {float(value[0]):.4g} where the "
            f"logits are {float(exact[0]):.4g}. Stay with the logs: log_prob, and no exp."
        )
    return "right: log p − log q, moved by the log of the odds."


# ---- 03.4 ----


def divergences_of(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """JS(p, q) = log 2 − L_D/2, and KL(p ‖ q) = E_p[logits]."""
    return math.log(2) - losses.discriminator_loss(real, fake) / 2, real.mean()


@task(
    "03.4",
    "two distances read off a discriminator",
    hints=(
        "The lesson: at its best L_D = 2 log 2 − 2 JS. Solve for JS. And the best logits are log p − log q.",
        "KL(p ‖ q) is the mean of log p − log q over samples of p: over `real`.",
        "return math.log(2) − aae.losses.discriminator_loss(real, fake) / 2, real.mean()",
    ),
    part=lambda: divergences_of,
)
def divergences(f: Any) -> str:
    """divergences(real, fake) = (JS, KL(p ‖ q)), from the logits of prior samples and of points."""
    real, fake = torch.tensor([1.5, -0.5, 0.2]), torch.tensor([-2.0, 0.7])
    js, kl = several(call(f, real, fake), 2, "JS and KL")
    loss = losses.discriminator_loss(real, fake)
    log2 = math.log(2)
    equal(
        number(js, "JS"),
        log2 - loss / 2,
        (
            (2 * log2 - loss, "this is 2 JS: both halves of L_D count."),
            (log2 - loss, "L_D = 2 log 2 − 2 JS: halve the loss."),
            (loss / 2 - log2, "the sign of JS is turned round: it is never negative at the best D."),
            (loss, "this is L_D itself; solve L_D = 2 log 2 − 2 JS for JS."),
            (real.mean(), "JS and KL have changed places."),
            (1 - loss / 2, "1 is log 2 in bits, and the loss is in nats: log 2 = 0.693."),
        ),
        "JS",
        "for logits 1.5, -0.5, 0.2 (real) and -2.0, 0.7 (fake)",
    )
    equal(
        number(kl, "KL"),
        real.mean(),
        (
            (-real.mean(), "the sign of KL is turned round: the logits are log p − log q."),
            (-fake.mean(), "this is KL(q ‖ p): the mean over the *points*. Asked for is the mean over prior samples."),
            (fake.mean(), "KL(p ‖ q) is the mean over prior samples, and this is the mean over the points."),
            (real.sum(), "this is a sum; take the mean."),
            (real.sigmoid().log().mean(), "this is E[log D]; log p − log q are the logits themselves."),
            (real.mean() - fake.mean(), "this is KL(p ‖ q) + KL(q ‖ p): the mean over the prior samples is enough."),
        ),
        "KL",
        "for logits 1.5, -0.5, 0.2 (real) and -2.0, 0.7 (fake)",
    )
    return "right: one from the loss, one from the logits, and nobody needed a density."
