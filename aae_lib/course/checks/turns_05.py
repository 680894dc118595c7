"""Checks of what the learner writes within lesson 05: an arc, a mixture of priors, an encoder with a noise input."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from .answers import Wrong, call, call_as_is, equal, gradient, kind, likely, tensor
from .lesson_05 import MANY, near, samples
from .tasks import task

NOISE = 0.1  # of the arc
FEW = 200  # points that are asked for first, so that a shape that has become far too large does no harm
Sampler = Callable[..., Tensor]  # f(n, generator=None) -> (n, 2)


# ---- a prior as a function ----

SIDE_BY_SIDE = {
    rf"\({2 * MANY}\)|Dimension out of range": "Is it torch.cat? It puts one behind the other, in (2n,); "
    "torch.stack([x, y], 1) puts two tensors (n,) side by side, in (n, 2).",
    r"\(2, \d+\)|tensor [ab] \(2\)": "Is a 1 missing? torch.stack([x, y]) of two tensors (n,) gives (2, n); "
    "torch.stack([x, y], 1) gives (n, 2).",
}


def arc(n: int, radius: float, start: float, end: float, generator: Generator | None = None) -> Tensor:
    """A thin arc from the angle `start` to the angle `end`: (n, 2)."""
    angle = start + (end - start) * torch.rand(n, generator=generator)
    return radius * torch.stack([angle.cos(), angle.sin()], 1) + NOISE * torch.randn(n, 2, generator=generator)


@task(
    "05.a",
    "a thin arc",
    hints=(
        "Two draws: an angle for each point, uniform from start to end, and noise of shape (n, 2). Both take "
        "generator=generator.",
        "angle = start + (end - start) * torch.rand(n, generator=generator). The points on the circle are "
        "radius * torch.stack([angle.cos(), angle.sin()], 1), of shape (n, 2).",
        "return radius * torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(n, 2, generator=generator)",
    ),
    part=lambda: arc,
)
def thin_arc(f: Any) -> str:
    """f(n, radius, start, end, generator=None) -> (n, 2)."""
    radius, start, end = 2.0, 0.5, 2.0
    with likely(SIDE_BY_SIDE):
        z = samples(f, (MANY, 2), radius, start, end)
    r, angle = z.norm(dim=1), torch.atan2(z[:, 1], z[:, 0])
    _arc_radius(float(r.mean()), radius)
    if float(torch.corrcoef(torch.stack([angle, torch.arange(float(MANY))]))[0, 1].abs()) > 0.9:
        raise Wrong("not yet: the angles run through the arc in order; each is to be *drawn*, uniform: torch.rand.")
    _arc_angle(angle, start, end)
    along = float(r.std())
    if along < 1e-3:
        raise Wrong("not yet: the arc has no width: add 0.1 times Gaussian noise to both coordinates.")
    early, late = (float(r[part].std()) for part in (angle < start + 0.3, angle > end - 0.3))
    if abs(early - late) > 0.03:
        raise Wrong("not yet: both coordinates of a point get the same noise: draw it of shape (n, 2).")
    if near(along, NOISE / math.sqrt(3), 0.01):
        raise Wrong("not yet: the noise is uniform; ε is Gaussian: torch.randn.")
    if near(along, NOISE / math.sqrt(12), 0.005):
        raise Wrong("not yet: the noise is uniform, and all of one sign; ε is Gaussian: torch.randn.")
    if not near(along, NOISE, 0.01):
        raise Wrong(f"not yet: the noise should have the standard deviation 0.1; yours has {along:.2f}.")
    if float(((angle < start) | (angle > end)).float().mean()) < 0.01:  # a right one puts 0.027 of the points there
        raise Wrong("not yet: only the radius is noisy. The noise belongs to both coordinates: (n, 2).")
    return "right: an arc that anybody can sample, and a run can be repeated by its seed."


def _arc_radius(mean: float, radius: float) -> None:
    if near(mean, 1.0, 0.05):
        raise Wrong("not yet: the points lie on the unit circle; multiply them by the radius.")
    if not near(mean, radius, 0.1):
        raise Wrong(f"not yet: the points should be {radius:g} from the origin, give or take; yours are {mean:.2f}.")


def _arc_angle(angle: Tensor, start: float, end: float) -> None:
    """Wrong unless the angles are uniform from start to end, but for the noise."""

    def share(low: float, high: float) -> float:
        return float(((angle > low - 0.2) & (angle < high + 0.2)).float().mean())

    if share(start, end) < 0.99:
        if share(math.pi / 2 - end, math.pi / 2 - start) > 0.99:
            raise Wrong("not yet: sine and cosine have changed places: (cos, sin).")
        if share(start, start + end) > 0.99:
            raise Wrong("not yet: the arc is too long: it ends at start + end. The factor of u is end − start.")
        if share(0, end - start) > 0.99:
            raise Wrong("not yet: the arc has its length, and begins at 0: add start.")
        if share(0, end) > 0.99:
            raise Wrong("not yet: the arc begins at the angle 0: add start.")
        raise Wrong(f"not yet: points lie outside the arc from {start:g} to {end:g}, in radians.")
    quarters = ((angle - start) / (end - start) * 4).floor().clamp(0, 3).long().bincount(minlength=4) / len(angle)
    if (quarters - 0.25).abs().max() > 0.02:
        raise Wrong("not yet: some parts of the arc get more points than others: the angle is uniform, torch.rand.")


# ---- a mixture of any priors ----


def mixture(parts: Sequence[Sampler], shares: Tensor) -> Sampler:
    """A sampler that takes each point from one of the parts, chosen with these probabilities (K,)."""

    def sample(n: int, generator: Generator | None = None) -> Tensor:
        which = torch.multinomial(shares, n, replacement=True, generator=generator)  # (n,)
        clouds = torch.stack([part(n, generator=generator) for part in parts])  # (K, n, 2)
        return clouds[which, torch.arange(n)]

    return sample


def _part(i: int) -> Sampler:
    """Part number i of the check: the first coordinate is 10 i, the second uniform from 0 to 1."""

    def sample(n: int, generator: Generator | None = None) -> Tensor:
        return torch.stack([torch.full((n,), 10.0 * i), torch.rand(n, generator=generator)], 1)

    return sample


BELOW = (
    "Is it torch.cat? It puts the clouds one below the other, in (K n, 2), and the first rows are all of the first "
    "part. torch.stack gives (K, n, 2), and clouds[which, torch.arange(n)] is row i of cloud which[i]."
)
OF_CLOUDS = {
    "can be converted to (an index|a Scalar)": "`parts` is a list, and takes one number at a time. Draw a cloud of "
    "every part, torch.stack them, and choose among the clouds: clouds[which, torch.arange(n)].",
    "out of bounds for dimension 1 with size 2": BELOW,
    rf"\({FEW}, {FEW}, 2\)": "clouds[which] is a whole cloud for each point; clouds[which, torch.arange(n)] is row i "
    "of cloud which[i].",
}


@task(
    "05.b",
    "a mixture of any priors",
    hints=(
        "Two questions for each point: which part (a number from 0 to K − 1, drawn with these probabilities), and "
        "where in it.",
        "which = torch.multinomial(shares, n, replacement=True, generator=generator) says the part of each point. Then "
        "draw n points of *every* part, torch.stack them to (K, n, 2), and keep for each row the one of its part.",
        "clouds = torch.stack([part(n, generator=generator) for part in parts]); return clouds[which, torch.arange(n)]",
    ),
    part=lambda: mixture,
)
def any_mixture(f: Any) -> str:
    """f(parts, shares) -> a sampler: a function of (n, generator=None) that gives (n, 2)."""
    shares = torch.tensor([0.5, 0.2, 0.3])
    sampler = call_as_is(f, [_part(i) for i in range(3)], shares)
    if sampler is None:
        raise Wrong("your function returns nothing: define `sample` inside of it, and `return sample`.")
    if not callable(sampler):
        raise Wrong(f"not yet: return the function `sample` itself, without calling it; yours is {kind(sampler)}.")
    with likely(OF_CLOUDS):
        samples(sampler, (FEW, 2))
        z = samples(sampler, (MANY, 2))
    part = (z[:, 0] / 10).round()
    if ((z[:, 0] - 10 * part).abs() > 1e-3).any() or part.min() < 0 or part.max() > 2:
        raise Wrong(
            "not yet: points lie where no part has any. A mixture is no weighted *sum* of samples: each point is a "
            "point of one part."
        )
    found = part.long().bincount(minlength=3) / len(z)
    if found.max() == 1:
        differ = len(z.unique(dim=0))
        if differ <= len(shares):
            raise Wrong(f"not yet: all points are of one part, and only {differ} differ. {BELOW}")
        raise Wrong("not yet: all points are of one part. Choose a part for each point, not one for all.")
    if (found - 1 / 3).abs().max() < 0.02:
        raise Wrong("not yet: all parts get equally many points; `shares` has a say: torch.multinomial.")
    if (found - shares).abs().max() > 0.02:
        told = ", ".join(f"{share:.2f}" for share in found)
        raise Wrong(f"not yet: the parts should get 0.5, 0.2 and 0.3 of the points; yours get {told}.")
    if float((part[1:] == part[:-1]).float().mean()) > 0.5:  # 0.38 if each is drawn by itself
        raise Wrong(
            "not yet: the points come in order, all of one part and then all of the next. Put each in its place, "
            "z[which == k] = ..., or shuffle the rows in the end: torch.randperm(n, generator=generator)."
        )
    again = tensor(call(sampler, MANY, generator=Generator().manual_seed(1)), (MANY, 2), "the sample")
    if float(((again[:, 0] / 10).round() == part).float().mean()) > 0.9:
        raise Wrong(
            "not yet: which part a point belongs to is not random: point i gets the same one in every call. "
            "Draw it: torch.multinomial."
        )
    if len(z[:, 1].unique()) < 0.9 * len(z):  # some floats are met twice
        raise Wrong("not yet: many points are the same: each needs a draw of its own within its part.")
    if not near(float(z[:, 1].mean()), 0.5, 0.02) or not near(float(z[:, 1].std()), 1 / math.sqrt(12), 0.01):
        raise Wrong("not yet: within a part the points are not those that it gives: leave them as they are.")
    return "right: first which part, then where in it. The parts may be any priors, mixtures among them."


# ---- an encoder with noise as an input ----

APPENDED = {
    "except in dimension 0": "Is a 1 missing? torch.cat([a, b]) puts b below a; torch.cat([a, b], 1), next to it.",
    "stack expects": "torch.stack is for tensors of one shape; torch.cat([a, b], 1) puts two tables side by side.",
    "same number of dimensions": "Are the images rows yet? x.flatten(1) makes them (n, pixels).",
    r"Dimension out of range|\(1x21 and": "Is a 1 missing in flatten? x.flatten() makes one row of the whole batch; "
    "x.flatten(1) makes a row of each image.",
    r"\(3x4 and": "It wants 4 pixels and 3 noise numbers, 7 in a row: append the noise before the call, by "
    "torch.cat([a, b], 1).",
    r"forward\(\) takes": "`layers` takes one tensor: append the noise to the pixels, by torch.cat([a, b], 1).",
    r"tensor a \(4\)|tensor a \(3\)": "The noise is not added to the pixels but appended: torch.cat([a, b], 1).",
}


def noisy_code(layers: Callable[[Tensor], Tensor], x: Tensor, noise: Tensor) -> Tensor:
    """z (n, d) of images x (n, C, H, W), with the noise (n, m) appended to the pixels."""
    return layers(torch.cat([x.flatten(1), noise], 1))


@task(
    "05.c",
    "a code with noise as an input",
    hints=(
        "The network takes rows of pixels followed by noise. Images are no rows yet: x.flatten(1) makes them (n, "
        "pixels).",
        "torch.cat([..., ...], 1) puts two tables next to each other: pixels first, then the noise.",
        "return layers(torch.cat([x.flatten(1), noise], 1))",
    ),
    part=lambda: noisy_code,
)
def universal(f: Any) -> str:
    """f(layers, x, noise) -> z (n, d), from images x (n, C, H, W) and noise (n, m)."""
    g = Generator().manual_seed(5)
    layers = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 2))
    with torch.no_grad():
        for p in layers.parameters():
            p.copy_(torch.randn(p.shape, generator=g))
    x = torch.rand(3, 1, 2, 2, generator=g)
    noise = torch.randn(3, 3, generator=g)
    with likely(APPENDED):
        z = tensor(call(f, layers, x, noise), (3, 2), "z")
    pixels, none = x.flatten(1), torch.zeros_like(noise)
    mistakes = (
        (layers(torch.cat([noise, pixels], 1)), "the noise comes first here; pixels first, then the noise."),
        (layers(torch.cat([pixels, none], 1)), "the noise is replaced by zeros, so an image has one code only."),
        (
            layers(torch.cat([pixels, none], 1)) + noise[:, :2],
            "the noise is added behind the network; here it is an *input*, so that the network can bend it.",
        ),
    )
    equal(z, noisy_code(layers, x, noise), mistakes, "z")
    if not torch.equal(tensor(call(f, layers, x, noise), (3, 2), "z"), z):
        raise Wrong("nearly: a second call gives another z: the noise is an argument, draw none inside.")
    weight = layers.get_parameter("0.weight")
    wanted = torch.autograd.grad(noisy_code(layers, x, noise).square().sum(), weight)[0]
    gradient(z.square().sum(), weight, wanted, "the network")
    return "right: one image, and a different code for each noise. The network decides what the noise does."
