"""Right and wrong answers to what lesson 05 asks for in place: an arc, a mixture of any priors, a noise input."""

import math

import torch

import aae_lib as aae
from tests.checks.answers import judged


def on_circle(angle):
    return torch.stack([angle.cos(), angle.sin()], 1)


def arc(angle=lambda u, a, b: a + (b - a) * u, grow=1.0, points=on_circle, noise=None, scale=0.1):
    def f(n, radius, start, end, generator=None):
        z = grow * radius * points(angle(torch.rand(n, generator=generator), start, end))
        e = torch.randn(n, 2, generator=generator) if noise is None else noise(n, generator)
        return z + scale * e

    return f


def noise_first(n, radius, start, end, generator=None):
    e = torch.normal(0.0, 0.1, (n, 2), generator=generator)
    angle = torch.empty(n).uniform_(start, end, generator=generator)
    return e + radius * torch.column_stack([torch.cos(angle), torch.sin(angle)])


def by_polar(n, radius, start, end, generator=None):
    angle = torch.lerp(torch.tensor(start), torch.tensor(end), torch.rand(n, generator=generator))
    z = torch.view_as_real(torch.polar(torch.full((n,), radius), angle))
    return z + torch.randn(n, 2, generator=generator) * 0.1


def radius_only(n, radius, start, end, generator=None):
    angle = start + (end - start) * torch.rand(n, generator=generator)
    return (radius + 0.1 * torch.randn(n, 1, generator=generator)) * on_circle(angle)


def lone(n, radius, start, end, generator=None):
    return arc()(n, radius, start, end)


def mixture(which=None, pick=None):
    def f(parts, shares):
        def sample(n, generator=None):
            if which is None:
                chosen = torch.multinomial(shares, n, replacement=True, generator=generator)
            else:
                chosen = which(shares, n, generator)
            clouds = torch.stack([part(n, generator=generator) for part in parts])
            return pick(clouds, shares) if pick else clouds[chosen, torch.arange(n)]

        return sample

    return f


def by_masks(parts, shares):
    def sample(n, generator=None):
        u = torch.rand(n, generator=generator)
        which = torch.bucketize(u, shares.cumsum(0)[:-1])
        z = torch.zeros(n, 2)
        for i, part in enumerate(parts):
            z[which == i] = part(int((which == i).sum()), generator=generator)
        return z

    return sample


def by_loop(parts, shares):
    def sample(n, generator=None):
        which = torch.multinomial(shares, n, True, generator=generator).tolist()
        clouds = [part(n, generator=generator) for part in parts]
        return torch.stack([clouds[k][i] for i, k in enumerate(which)])

    return sample


def in_blocks(parts, shares):
    def sample(n, generator=None):
        jitter = int(torch.randint(-n // 100, n // 100, (), generator=generator))
        first, second = int(0.5 * n) + jitter, int(0.2 * n)
        sizes = (first, second, n - first - second)
        return torch.cat([part(size, generator=generator) for part, size in zip(parts, sizes, strict=True)])

    return sample


def in_order(parts, shares):
    def sample(n, generator=None):
        which = torch.multinomial(shares, n, replacement=True, generator=generator)
        return torch.cat([part(int((which == k).sum()), generator=generator) for k, part in enumerate(parts)])

    return sample


def one_below_the_other(pick):
    def f(parts, shares):
        def sample(n, generator=None):
            which = torch.multinomial(shares, n, replacement=True, generator=generator)
            return pick(torch.cat([part(n, generator=generator) for part in parts]), which)

        return sample

    return f


def one_point(parts, shares):
    def sample(n, generator=None):
        which = torch.multinomial(shares, n, replacement=True, generator=generator)
        return torch.cat([part(1, generator=generator) for part in parts])[which]

    return sample


def called(parts, shares):
    return mixture()(parts, shares)(5)


def one_for_all(shares, n, generator):
    return torch.multinomial(shares, 1, generator=generator).expand(n)


def fixed(shares, n, generator):
    return torch.multinomial(shares, n, replacement=True, generator=torch.Generator().manual_seed(0))


def row(x, noise):
    return torch.cat([x.flatten(1), noise], 1)


RIGHT = {
    "05.a": {"as in the lesson": arc(), "noise first": noise_first, "polar": by_polar},
    "05.b": {"as in the lesson": mixture(), "masks": by_masks, "a loop": by_loop},
    "05.c": {
        "as in the lesson": lambda layers, x, noise: layers(row(x, noise)),
        "a view": lambda layers, x, noise: layers(torch.hstack([x.view(len(x), -1), noise])),
    },
}
WRONG = {
    "05.a": {
        "global generator": lone,
        "takes no `generator`": lambda n, radius, start, end: torch.zeros(n, 2),
        "yours has (2, 20000). Is a 1 missing? torch.stack": lambda *a, generator=None: arc()(*a, generator).T,
        "or size 1. Is a 1 missing? torch.stack": arc(points=lambda t: torch.stack([t.cos(), t.sin()])),
        "or size 1. Is it torch.cat?": arc(points=lambda t: torch.cat([t.cos(), t.sin()])),
        "got 1). Is it torch.cat?": arc(points=lambda t: torch.cat([t.cos(), t.sin()], 1)),
        "run through the arc in order": arc(angle=lambda u, a, b: torch.linspace(a, b, len(u))),
        "on the unit circle": arc(grow=0.5),
        "should be 2 from the origin": arc(grow=1.5),
        "it ends at start + end": arc(angle=lambda u, a, b: a + b * u),
        "begins at the angle 0: add start": arc(angle=lambda u, a, b: b * u),
        "and begins at 0: add start": arc(angle=lambda u, a, b: (b - a) * u),
        "have changed places": arc(points=lambda t: on_circle(t).flip(1)),
        "outside the arc from 0.5 to 2": arc(angle=lambda u, a, b: 2 * math.pi * u),
        "some parts of the arc get more": arc(angle=lambda u, a, b: a + (b - a) * u.square()),
        "has no width": arc(scale=0.0),
        "the same noise": arc(noise=lambda n, g: torch.randn(n, 1, generator=g)),
        "the noise is uniform; ε": arc(noise=lambda n, g: 2 * torch.rand(n, 2, generator=g) - 1),
        "the noise is uniform, and all of one sign": arc(noise=lambda n, g: torch.rand(n, 2, generator=g)),
        "yours has 0.30": arc(scale=0.3),
        "only the radius is noisy": radius_only,
    },
    "05.b": {
        "return the function `sample` itself": called,
        "your function returns nothing": lambda parts, shares: lambda n, generator=None: None,
        "no weighted *sum*": mixture(pick=lambda clouds, shares: (clouds * shares[:, None, None]).sum(0)),
        "not one for all": mixture(which=one_for_all),
        "`shares` has a say": mixture(which=lambda s, n, g: torch.randint(len(s), (n,), generator=g)),
        "should get 0.5, 0.2 and 0.3": mixture(which=lambda s, n, g: 2 - torch.multinomial(s, n, True, generator=g)),
        "the same one in every call": mixture(which=fixed),
        "takes one number at a time": lambda parts, shares: (
            lambda n, generator=None: parts[torch.multinomial(shares, n, True, generator=generator)](n)
        ),
        "all of one part and then all of the next": in_blocks,
        "or shuffle the rows": in_order,
        "only 3 differ. Is it torch.cat?": one_below_the_other(lambda rows, which: rows[which]),
        "with size 2. Is it torch.cat?": one_below_the_other(lambda rows, which: rows[which, torch.arange(len(which))]),
        "a whole cloud for each point": mixture(pick=lambda clouds, shares: clouds[[0] * clouds.shape[1]]),
        "many points are the same": one_point,
        "takes no `generator`": lambda parts, shares: lambda n: torch.zeros(n, 2),
        "leave them as they are": lambda parts, shares: (
            lambda n, generator=None: mixture()(parts, shares)(n, generator) * torch.tensor([1.0, 2.0])
        ),
    },
    "05.c": {
        "the noise comes first here": lambda layers, x, noise: layers(torch.cat([noise, x.flatten(1)], 1)),
        "replaced by zeros": lambda layers, x, noise: layers(row(x, torch.zeros_like(noise))),
        "it is an *input*": lambda layers, x, noise: layers(row(x, torch.zeros_like(noise))) + noise[:, :2],
        "draw none inside": lambda layers, x, noise: layers(row(x, noise)) + 1e-7 * torch.rand(3, 2),
        "Are the images rows yet?": lambda layers, x, noise: layers(torch.cat([x, noise], 1)),
        "Is a 1 missing? torch.cat": lambda layers, x, noise: layers(torch.cat([x.flatten(1), noise])),
        "for tensors of one shape": lambda layers, x, noise: layers(torch.stack([x.flatten(1), noise])),
        "Is a 1 missing in flatten?": lambda layers, x, noise: layers(torch.cat([x.flatten(), noise], 1)),
        "takes rows of 7. Is a 1 missing in flatten?": lambda layers, x, noise: layers(
            torch.cat([x.flatten(), noise.flatten()])
        ),
        "is not added to the pixels": lambda layers, x, noise: layers(x.flatten(1) + noise),
        "(3x4 and 7x5): rows of 4 numbers": lambda layers, x, noise: layers(x.flatten(1)) + noise,
        "takes rows of 7. It wants 4 pixels and 3 noise numbers": lambda layers, x, noise: layers(x.flatten(1)),
        "`layers` takes one tensor": lambda layers, x, noise: layers(x.flatten(1), noise),
        "gradient": lambda layers, x, noise: layers(row(x, noise)).detach(),
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
