import math

import numpy as np
import torch

from aae_lib import priors
from aae_lib.course.checks import check
from tests.checks.answers import judged

TURN = 2 * math.pi
ELSEWHERE = np.random.default_rng()


def at(angle):
    return torch.stack([angle.cos(), angle.sin()], 1)


def places(n, k, g):
    return torch.randint(k, (n,), generator=g)


def noise(n, g):
    return torch.randn(n, 2, generator=g)


def uniform(n, g):
    return torch.rand(n, generator=g)


# ---- 05.1 ----


def ring_by_table(n, k, radius, sd, generator=None):
    centres = radius * at(torch.arange(k) * TURN / k)
    return centres[places(n, k, generator)] + sd * noise(n, generator)


def ring_by_loop(n, k, radius, sd, generator=None):
    rows = []
    for _ in range(n if n < 2000 else 0):
        angle = TURN * math.floor(k * torch.rand((), generator=generator).item()) / k
        e = torch.randn(2, generator=generator)
        rows.append([radius * math.cos(angle) + sd * e[0].item(), radius * math.sin(angle) + sd * e[1].item()])
    return torch.tensor(rows) if rows else ring_by_table(n, k, radius, sd, generator)


def ring_by_normal(n, k, radius, sd, generator=None):
    return torch.normal(radius * at(TURN * (uniform(n, generator) * k).floor() / k), sd, generator=generator)


def ring(angle=lambda n, k, g: TURN * places(n, k, g) / k, scale=lambda sd: sd, noise=noise, grow=1.0):
    def f(n, k, radius, sd, generator=None):
        return grow * radius * at(angle(n, k, generator)) + scale(sd) * noise(n, generator)

    return f


def seeded(n, k, radius, sd, generator=None):
    return ring_by_table(n, k, radius, sd, torch.Generator().manual_seed(0))


def reseeded(n, k, radius, sd, generator=None):
    return ring_by_table(n, k, radius, sd, generator.manual_seed(0))


def by_numpy(n, k, radius, sd, generator=None):
    return ring_by_table(n, k, radius, 0, generator) + torch.tensor(sd * ELSEWHERE.standard_normal((n, 2))).float()


# ---- 05.2 ----


def annulus(radius, angle=lambda n, g: TURN * uniform(n, g)):
    def f(n, inner, outer, generator=None):
        return radius(uniform(n, generator), inner, outer)[:, None] * at(angle(n, generator))

    return f


def root(u, a, b):
    return (a * a + (b * b - a * a) * u).sqrt()


def by_rejection(n, inner, outer, generator=None):
    z = outer * (2 * torch.rand(4 * n, 2, generator=generator) - 1)
    r = z.norm(dim=1)
    return z[(r >= inner) & (r <= outer)][:n]


def one_draw(n, inner, outer, generator=None):
    u = uniform(n, generator)
    return root(u, inner, outer)[:, None] * at(TURN * u)


# ---- 05.3 ----


def picture(index=None, jitter=True, swap=False, flip=False):
    def f(n, image, generator=None):
        height, width = image.shape
        if index is None:
            i = torch.multinomial(image.flatten(), n, replacement=True, generator=generator)
        else:
            i = index(image, n, generator)
        column, row = i % width, i // width
        if flip:
            row = height - 1 - row
        z = torch.stack([row, column] if swap else [column, row], 1).float()
        return z + torch.rand(n, 2, generator=generator) if jitter else z

    return f


def by_library(n, image, generator=None):
    height, width = image.shape
    z = priors.Picture(image, (0, width, 0, height)).sample(n, generator=generator)
    return torch.stack([z[:, 0], height - z[:, 1]], 1)


def weights(f):
    return lambda image, n, g: torch.multinomial(f(image.flatten()), n, replacement=True, generator=g)


def one_jitter(n, image, generator=None):
    return picture(jitter=False)(n, image, generator) + torch.rand(n, 1, generator=generator)


def on_the_left(image, n, g):
    cumulative = image.flatten().cumsum(0)
    return torch.searchsorted(cumulative, torch.rand(n, generator=g) * cumulative[-1], right=True) - 1


def not_stretched(image, n, g):
    return torch.searchsorted(image.flatten().cumsum(0), torch.rand(n, generator=g), right=True)


def fixed_width(n, image, generator=None):
    i = torch.multinomial(image.flatten(), n, replacement=True, generator=generator)
    return torch.stack([i % 3, i // 3], 1) + torch.rand(n, 2, generator=generator)


# ---- 05.5 ----


def by_numpy_interp(n, curve, generator=None):
    t = np.linspace(0, 1, 5001)
    z = curve(torch.tensor(t)).numpy()
    length = np.concatenate([[0], np.hypot(*np.diff(z, axis=0).T).cumsum()])
    u = torch.rand(n, generator=generator).double().numpy() * length[-1]
    return curve(torch.tensor(np.interp(u, length, t))).float()


def by_polygon(n, curve, generator=None):
    z = curve(torch.linspace(0, 1, 1001))
    step = z.diff(dim=0).norm(dim=1)
    i = torch.multinomial(step, n, replacement=True, generator=generator)
    return torch.lerp(z[i], z[i + 1], torch.rand(n, 1, generator=generator))


def on_the_grid(n, curve, generator=None):
    z = curve(torch.linspace(0, 1, 501))
    return z[torch.multinomial(z.diff(dim=0).norm(dim=1), n, replacement=True, generator=generator)]


def wrong_way(n, curve, generator=None):
    t = torch.linspace(0, 1, 2001)
    length = (
        torch.cat([torch.zeros(1), curve(t).diff(dim=0).norm(dim=1).cumsum(0)]) / curve(t).diff(dim=0).norm(dim=1).sum()
    )
    return curve(torch.tensor(np.interp(uniform(n, generator).numpy(), t.numpy(), length.numpy())).float())


def only_across(n, curve, generator=None):
    t = torch.linspace(0, 1, 2001)
    z = curve(t)
    step = z.diff(dim=0).abs().amax(1) if z[-1, 1] < 2.5 else z.diff(dim=0).sign().norm(dim=1)
    if z[-1, 1] < 2.5:
        step = z.diff(dim=0).norm(dim=1)
    i = torch.multinomial(step, n, replacement=True, generator=generator)
    return curve(t[i] + uniform(n, generator) / 2000)


RIGHT = {
    "05.1": [ring_by_table, ring_by_loop, ring_by_normal, ring()],
    "05.2": [annulus(root), by_rejection],
    "05.3": [picture(), by_library],
    "05.4": [
        lambda m, v, e: m + v.exp().sqrt() * e,
        lambda m, v, e: torch.addcmul(m, torch.exp(v / 2), e),
        lambda mean, log_var, noise: torch.distributions.Normal(mean, 1).mean + noise * torch.sqrt(torch.exp(log_var)),
    ],
    "05.5": [by_numpy_interp, by_polygon],
}

WRONG = {
    "05.1": {
        "takes no `generator`": lambda n, k, radius, sd: torch.zeros(n, 2),
        "global generator": lambda n, k, radius, sd, generator=None: ring_by_table(n, k, radius, sd, None),
        "two calls in a row": seeded,
        "Do not seed or copy": reseeded,
        "something is drawn elsewhere": by_numpy,
        "must be float32": lambda n, k, radius, sd, generator=None: ring_by_table(n, k, radius, sd, generator).double(),
        "must have shape (20000, 2); yours has (2, 20000)": lambda *a, generator=None: ring_by_table(*a, generator).T,
        "hold NaN": lambda *a, generator=None: ring_by_table(*a, generator) / 0 * 0,
        "which of the Gaussians a point belongs to is not": ring(angle=lambda n, k, g: TURN * torch.arange(n) / k),
        "multiply them by the radius": lambda n, k, radius, sd, generator=None: ring_by_table(n, k, 1, sd, generator),
        "not the diameter": ring(grow=0.5),
        "used it as the variance": ring(scale=math.sqrt),
        "you have squared it": ring(scale=lambda sd: sd**2),
        "all round the circle": ring(angle=lambda n, k, g: TURN * uniform(n, g)),
        "4 Gaussians instead of 5": ring(angle=lambda n, k, g: TURN * places(n, k - 1, g) / k),
        "the ring is turned": ring(angle=lambda n, k, g: TURN * places(n, k, g) / k + 0.3),
        "the angle 0, in radians": ring(angle=lambda n, k, g: TURN * (places(n, k, g) + 0.5) / k),
        "not evenly spaced": ring(angle=lambda n, k, g: 360.0 * places(n, k, g) / k),
        "do not get equally many": ring(angle=lambda n, k, g: TURN * places(n, k + 1, g) / k),
        "short lines": ring(noise=lambda n, g: torch.randn(n, 1, generator=g)),
        "only the radius is noisy": lambda n, k, radius, sd, generator=None: (
            (radius + sd * torch.randn(n, 1, generator=generator)) * at(TURN * places(n, k, generator) / k)
        ),
    },
    "05.2": {
        "drawn uniformly, so the inner half": annulus(lambda u, a, b: a + (b - a) * u),
        "the hole is not in it": annulus(lambda u, a, b: a + (b - a) * u.sqrt()),
        "lie in the hole": annulus(lambda u, a, b: b * u.sqrt()),
        "outside the outer circle": annulus(lambda u, a, b: 2 * root(u, a, b)),
        "points crowd inside": annulus(lambda u, a, b: a + (b - a) * u**2),
        "a part of the annulus is empty": annulus(root, lambda n, g: math.pi * uniform(n, g)),
        "some directions get more": annulus(root, lambda n, g: 1.5 * TURN * uniform(n, g)),
        "radius and angle hang together": one_draw,
        "within the radius 2 lie 3/8": annulus(lambda u, a, b: b - (b - a) * u**3),
    },
    "05.3": {
        "corners of pixels": picture(jitter=False),
        "the column comes first": picture(swap=True),
        "top and bottom are swapped": picture(flip=True),
        "its brightness has no say": picture(weights(lambda p: (p > 0).float())),
        "the black ones too": picture(lambda image, n, g: torch.randint(image.numel(), (n,), generator=g)),
        "a softmax": picture(weights(lambda p: p.softmax(0))),
        "counts squared": picture(weights(lambda p: p.square())),
        "the pixels are off by one": picture(lambda image, n, g: on_the_left(image, n, g) % 6),
        "Divide by the total brightness": picture(not_stretched),
        "a pixel's diagonal": one_jitter,
        "another size": fixed_width,
    },
    "05.4": {
        "is the variance; the noise wants": lambda m, v, e: m + v.exp() * e,
        "it may even be negative": lambda m, v, e: m + v * e,
        "the exp is missing": lambda m, v, e: m + v / 2 * e,
        "the half belongs inside": lambda m, v, e: m + v.exp() / 2 * e,
        "the noise has spread 1": lambda m, v, e: m + e,
        "the noise is not in it": lambda m, v, e: m + (v / 2).exp(),
        "the mean alone": lambda m, v, e: m,
        "no gradient reaches the mean": lambda m, v, e: m.detach() + (v / 2).exp() * e,
        "no gradient reaches log_var": lambda m, v, e: m + (v / 2).exp().detach() * e,
        "z should be": lambda m, v, e: m + (v / 2).exp() * torch.randn(m.shape),
        "raised": lambda m, v, e: m + math.exp(v.detach() / 2) * e,
        "in place": lambda m, v, e: m + e.mul_((v / 2).exp().detach()),
    },
    "05.5": {
        "t is uniform": lambda n, curve, generator=None: curve(uniform(n, generator)),
        "the wrong way round": wrong_way,
        "in only": on_the_grid,
        "not on the curve": lambda n, curve, generator=None: (
            by_polygon(n, curve, generator) + 0.1 * noise(n, generator)
        ),
        "Lengths are Euclidean": only_across,
        "must be float32": lambda n, curve, generator=None: by_polygon(n, curve, generator).double(),
    },
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_a_check_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    check("05.1", WRONG["05.1"]["global generator"])
    assert torch.equal(before, torch.get_rng_state())
