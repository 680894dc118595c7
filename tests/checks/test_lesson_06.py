"""Exercises of lesson 06: right answers however they are written, and typical wrong ones with their sentences."""

import math

import torch
import torch.nn.functional as F
from torch.nn.functional import softplus

from aae_lib import losses
from aae_lib.course.checks.lesson_06 import cases, diagnose, noisy_logits, smoothed_loss
from tests.checks.answers import judged

# ---- 06.1: label smoothing ----


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

# ---- 06.2: noise ----


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

# ---- 06.3: a doctor ----


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

RIGHT = {"06.1": SMOOTH, "06.2": NOISE, "06.3": DOCTOR}
WRONG = {"06.1": SMOOTH_WRONG, "06.2": NOISE_WRONG, "06.3": DOCTOR_WRONG}

test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
