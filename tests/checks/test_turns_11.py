"""Right and wrong answers to what lesson 11 asks for in place: the noise of a diffusion model."""

import math

import torch

from tests.checks.answers import judged


def mixed(keep=torch.cos, add=torch.sin, angle=lambda t: math.pi / 2 * t[:, None]):
    return lambda z, noise, t: keep(angle(t)) * z + add(angle(t)) * noise


def by_rows(z, noise, t):
    return torch.stack(
        [math.cos(math.pi / 2 * s) * a + math.sin(math.pi / 2 * s) * e for a, e, s in zip(z, noise, t, strict=True)]
    )


def by_roots(z, noise, t):
    keep = (math.pi / 2 * t).cos().square().unsqueeze(1)
    return keep.sqrt() * z + (1 - keep).sqrt() * noise


def unshaped(z, noise, t):
    t = t if len(t) == z.shape[1] else t[:, None]
    return (math.pi / 2 * t).cos() * z + (math.pi / 2 * t).sin() * noise


test_right, test_wrong = judged(
    {"11.a": {"cosine": mixed(), "by rows": by_rows, "by roots": by_roots}},
    {
        "11.a": {
            "swapped": mixed(torch.sin, torch.cos),
            "straight line": mixed(lambda t: 1 - t, lambda t: t, lambda t: t[:, None]),
            "times π/2": mixed(angle=lambda t: t[:, None]),
            "half of this one": mixed(angle=lambda t: math.pi * t[:, None]),
            "not their squares": mixed(lambda a: a.cos() ** 2, lambda a: a.sin() ** 2),
            "the noise is missing": lambda z, noise, t: (math.pi / 2 * t[:, None]).cos() * z,
            "make it a column": unshaped,
        }
    },
)
