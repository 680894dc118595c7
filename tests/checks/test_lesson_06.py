"""Lesson 06: right answers however they are written, and typical wrong ones with their sentences."""

import math

import torch
import torch.nn.functional as F
from torch.nn.functional import softplus

from aae_lib import losses
from aae_lib.course.checks.lesson_06 import cases, diagnose, noisy_logits, penalty, smoothed_loss
from tests.checks.answers import judged

# ---- 06.0: label smoothing ----


def smoothed_bce(real, fake, share):
    target = torch.full_like(real, 1 - share)
    return F.binary_cross_entropy_with_logits(real, target) + F.binary_cross_entropy_with_logits(
        fake, torch.zeros_like(fake)
    )


def smoothed_log(real, fake, share):
    d, e = real.sigmoid(), fake.sigmoid()
    return -((1 - share) * d.log() + share * (1 - d).log()).mean() - (1 - e).log().mean()


SMOOTH = {
    "cross-entropy": smoothed_bce,
    "logs": smoothed_log,
    "in linear form": lambda r, f, s: (softplus(-r) + s * r).mean() + softplus(f).mean(),
}
SMOOTH_WRONG = {
    "share is not used": lambda r, f, s: losses.discriminator_loss(r, f),
    "One-sided": lambda r, f, s: (softplus(-r) + s * r).mean() + (softplus(f) - s * f).mean(),
    "the wrong side": lambda r, f, s: softplus(-r).mean() + (softplus(f) - s * f).mean(),
    "have changed places": lambda r, f, s: smoothed_loss(r, f, 1 - s),
    "only scales a term down": lambda r, f, s: (1 - s) * softplus(-r).mean() + softplus(f).mean(),
    "the sign": lambda r, f, s: -smoothed_loss(r, f, s),
    "no gradient": lambda r, f, s: smoothed_loss(r, f, s).detach(),
    "plain number": lambda r, f, s: smoothed_loss(r, f, s).item(),
    "must have shape ()": lambda r, f, s: softplus(-r),
    "for share 0": lambda r, f, s: smoothed_loss(r, f, 0.2),
}

# ---- 06.1: effective number ----


def by_loop(places, k):
    entropy = 0.0
    for i in range(k):
        share = (places == i).float().mean()
        if share > 0:
            entropy = entropy - share * share.log()
    return entropy.exp()


def entropy_of(places, k):
    share = places.bincount(minlength=k) / len(places)
    return torch.special.entr(share).sum()


def unguarded(places, k):
    share = places.bincount(minlength=k) / len(places)
    return (-share * share.log()).sum().exp()


EFFECTIVE = {
    "a loop": by_loop,
    "xlogy": lambda p, k: (lambda s: (-torch.xlogy(s, s)).sum().exp())(F.one_hot(p, k).float().mean(0)),
    "a plain number": lambda p, k: entropy_of(p, k).exp().item(),
    "a distribution": lambda p, k: torch.distributions.Categorical(p.bincount(minlength=k).float()).entropy().exp(),
}
EFFECTIVE_WRONG = {
    "NaN": unguarded,
    "any code at all": lambda p, k: torch.tensor(float(len(p.unique()))),
    "this is k": lambda p, k: torch.tensor(float(k)),
    "this is the entropy;": entropy_of,
    "in bits": lambda p, k: entropy_of(p, k) / math.log(2),
    "log2 belongs to 2": lambda p, k: (entropy_of(p, k) / math.log(2)).exp(),
    "the minus": lambda p, k: (-entropy_of(p, k)).exp(),
    "Simpson": lambda p, k: 1 / (p.bincount(minlength=k) / len(p)).square().sum(),
    "as a share of log k": lambda p, k: entropy_of(p, k) / math.log(k),
    "must have shape ()": lambda p, k: p.bincount(minlength=k) / len(p),
}

# ---- 06.2: the penalty ----


def slopes(d, z, **options):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sum(), z, create_graph=True, **options)[0]


def point_by_point(d, z):
    rows = []
    for row in z:
        row = row.clone().requires_grad_()
        (slope,) = torch.autograd.grad(d(row[None])[0], row, create_graph=True)
        rows.append((slope**2).sum())
    return torch.stack(rows).mean()


def of_d(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sigmoid().sum(), z, create_graph=True)[0].square().sum(1).mean()


def of_mean(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).mean(), z, create_graph=True)[0].square().sum(1).mean()


def no_graph(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sum(), z)[0].square().sum(1).mean()


def marks_z(d, z):
    z.requires_grad_()
    return torch.autograd.grad(d(z).sum(), z, create_graph=True)[0].square().sum(1).mean()


PENALTY = {
    "the library's": lambda d, z: losses.gradient_penalty(d, z)[1],
    "point by point": point_by_point,
    "norm squared": lambda d, z: slopes(d, z).norm(dim=1).pow(2).mean(),
}
PENALTY_WRONG = {
    "the mean length": lambda d, z: slopes(d, z).norm(dim=1).mean(),
    "the sum over the points": lambda d, z: slopes(d, z).square().sum(),
    "over the coordinates too": lambda d, z: slopes(d, z).square().mean(),
    "take the slope of logits.sum()": of_mean,
    "WGAN-GP": lambda d, z: (slopes(d, z).norm(dim=1) - 1).square().mean(),
    "the slope of D": of_d,
    "the ½ belongs": lambda d, z: penalty(d, z) / 2,
    "create_graph=True": no_graph,
    "on the z that it was given": marks_z,
    "must have shape ()": lambda d, z: slopes(d, z).square().sum(1),
    "does not require grad": lambda d, z: torch.autograd.grad(d(z).sum(), z)[0].square().sum(1).mean(),
}

# ---- 06.3: noise ----


def once_for_all(d, z_prior, z, sd, generator):
    noise = sd * torch.randn(max(len(z_prior), len(z)), 2, generator=generator)
    return d(z_prior + noise[: len(z_prior)]), d(z + noise[: len(z)])


def one_call(d, z_prior, z, sd, generator):
    both = torch.cat([z_prior, z])
    logits = d(both + torch.normal(0.0, sd, both.shape, generator=generator))
    return logits[: len(z_prior)], logits[len(z_prior) :]


def with_noise(draw):
    return lambda d, a, z, sd, g: (d(a + draw(a, sd, g)), d(z + draw(z, sd, g)))


NOISE = {
    "one call": one_call,
    "a list": lambda *a: list(noisy_logits(*a)),
}
NOISE_WRONG = {
    "the prior samples reach D without noise": lambda d, a, z, sd, g: (
        d(a),
        d(z + sd * torch.randn(z.shape, generator=g)),
    ),
    "the codes reach D without noise": lambda d, a, z, sd, g: (d(a + sd * torch.randn(a.shape, generator=g)), d(z)),
    "not the variance": with_noise(lambda z, sd, g: sd**0.5 * torch.randn(z.shape, generator=g)),
    "sd 1.00": with_noise(lambda z, sd, g: torch.randn(z.shape, generator=g)),
    "the same noise in both coordinates": with_noise(lambda z, sd, g: sd * torch.randn(len(z), 1, generator=g)),
    "uniform": with_noise(lambda z, sd, g: sd * 12**0.5 * torch.rand(z.shape, generator=g)),
    "global generator": with_noise(lambda z, sd, g: sd * torch.randn(z.shape)),
    "the very same noise": once_for_all,
    "do not detach": lambda d, a, z, sd, g: noisy_logits(d, a, z.detach(), sd, g),
    "have changed places": lambda *a: noisy_logits(*a)[::-1],
    "do not seed inside": lambda d, a, z, sd, g: noisy_logits(d, a, z, sd, torch.Generator().manual_seed(0)),
    "return a pair": lambda *a: noisy_logits(*a)[0],
}

# ---- 06.4: a doctor ----


def by_table(chart):
    wins = chart["d_right"] > 0.85
    rules = {
        "forgotten": not chart["step"],
        "winner": wins and chart["push"] > 0.3,
        "saturating": wins,
        "rate": chart["wander"] > 0.5,
        "collapse": chart["mmd"] > 0.5,
    }
    return next((name for name, holds in rules.items() if holds), "healthy")


def nearest(chart):
    def far(other):
        return sum(
            (math.log(chart[m] + 1e-4) - math.log(other[m] + 1e-4)) ** 2
            for m in ("held", "d_right", "push", "step", "wander")
        )

    return min(cases((0, 1, 2)), key=lambda case: far(case[1]))[0]


DOCTOR = {"a table": by_table, "the nearest known case": nearest}
DOCTOR_WRONG = {
    "the names are healthy": lambda c: "overfitting",
    "one of healthy": lambda c: 3,
    "`return` a name on every path": lambda c: "forgotten" if c["step"] == 0 else None,
    "A small push is no illness": lambda c: "saturating" if c["push"] < 0.05 else diagnose(c),
    "how far the codes wander": lambda c: diagnose(c | {"wander": 0.0}),
    "it is forgotten": lambda c: diagnose(c | {"step": 1.0}),
    "it is saturating": lambda c: "winner" if c["d_right"] > 0.85 and c["step"] else diagnose(c),
    "it is collapse": lambda c: diagnose(c | {"held": 1.0}),
    "held-out cases are right": lambda c: "healthy",
    "raised KeyError": lambda c: c["loss"],
}

RIGHT = {"06.0": SMOOTH, "06.1": EFFECTIVE, "06.2": PENALTY, "06.3": NOISE, "06.4": DOCTOR}
WRONG = {
    "06.0": SMOOTH_WRONG,
    "06.1": EFFECTIVE_WRONG,
    "06.2": PENALTY_WRONG,
    "06.3": NOISE_WRONG,
    "06.4": DOCTOR_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
