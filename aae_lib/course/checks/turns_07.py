"""Checks of what the learner writes within lesson 07: classes, sharpness, a walk along an arc, an attribute vector."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ... import metrics, plots
from .answers import Wrong, call, equal, number, tensor
from .tasks import task

# ---- how many classes ----


def effective_number(counts: Tensor) -> Tensor:
    """exp(−Σ s log s) for the shares s of counts (K,); a part with nothing in it adds 0."""
    return torch.tensor(metrics.effective_number(counts / counts.sum()))


@task(
    "07.a",
    "the effective number of classes",
    hints=(
        "First the shares: the counts divided by their sum. A class that never comes has share 0, and 0 · log 0 "
        "counts as 0; in floats it is NaN.",
        "torch.special.entr(share) is −s log s, with 0 at s = 0. Or leave the zeros out first: share[share > 0].",
        "share = counts / counts.sum(); return torch.special.entr(share).sum().exp()",
    ),
    part=lambda: effective_number,
)
def classes(f: Any) -> str:
    """f(counts) = exp(−Σ s log s) of counts (K,): one number."""
    counts = torch.tensor([30, 50, 20])
    value = number(call(f, counts), "the effective number")
    share = counts / counts.sum()
    entropy = -(share * share.log()).sum()
    mistakes = (
        (entropy, "this is the entropy itself; its exponential is a number of classes."),
        ((-entropy).exp(), "the sign is turned round: exp(−Σ s log s), and log s is negative."),
        ((entropy / math.log(2)).exp(), "logarithm to base 2, exponential to base e: they must be of one kind."),
        (entropy / math.log(2), "this is the entropy in bits; its exponential is a number of classes."),
        ((entropy / 3).exp(), "the sum over classes is asked for, not the mean."),
        (1 / share.square().sum(), "this is 1 / Σ s², another number of this kind; here the entropy is asked for."),
        (3.0, "this counts the classes that come at all. One that comes once in a thousand would count in full."),
    )
    equal(value, effective_number(counts), mistakes, "the effective number", "for counts 30, 50, 20")
    some = number(call(f, torch.tensor([10, 0, 10, 0])), "the effective number")
    if some.isnan():
        raise Wrong("nearly: for counts 10, 0, 10, 0 it is NaN, since 0 · log 0 is. Leave out what never comes.")
    equal(some, torch.tensor(2.0), ((4.0, "a class that never comes must not count."),),
          "the effective number", "for counts 10, 0, 10, 0")  # fmt: skip
    return "right: as many classes as there are, if all come equally often, and fewer where some are rare."


# ---- how sharp ----


def sharpness(images: Tensor) -> Tensor:
    """Variance of the Laplacian within each image (N, C, H, W), mean over the images."""
    return torch.tensor(metrics.sharpness(images))


@task(
    "07.b",
    "sharpness",
    hints=(
        "Shifted views do it without any loop: images[..., 1:-1, 1:-1] is the middle, images[..., 1:-1, :-2] its left "
        "neighbours. All have the shape (N, C, H − 2, W − 2).",
        "The Laplacian is 4 · middle − left − right − above − below. Then flatten each image, and take the variance "
        "over its pixels.",
        "laplacian.flatten(1).var(dim=1, correction=0).mean(): the variance within an image, then the mean over the "
        "images. Or a convolution with the kernel [[0, −1, 0], [−1, 4, −1], [0, −1, 0]] and no padding.",
    ),
    part=lambda: sharpness,
)
def crispness(f: Any) -> str:
    """Variance of the Laplacian over the pixels of each image, averaged over the images."""
    x = torch.rand(3, 1, 6, 5, generator=Generator().manual_seed(0))
    x[2] *= 0.2
    value = number(call(f, x), "the sharpness")
    middle = x[..., 1:-1, 1:-1]
    ring = (x[..., 1:-1, :-2], x[..., 1:-1, 2:], x[..., :-2, 1:-1], x[..., 2:, 1:-1])
    laplacian = 4 * middle - sum(ring)
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    padded = torch.nn.functional.conv2d(x, kernel[None, None], padding=1)

    def variance(values: Tensor) -> Tensor:
        return values.flatten(1).var(dim=1, correction=0).mean()

    mistakes = (
        (variance(padded), "the borders are in: with zeros put round the image, its edge counts as an edge. Leave the "
         "outermost pixels out."),
        (laplacian.flatten(1).var(dim=1).mean(), "nearly: the variance is over all pixels that there are, so divide by "
         "their number (correction=0), not by one less."),
        (laplacian.var(correction=0), "this is the variance over all images together; take it within each image, then "
         "the mean."),
        (laplacian.var(), "this is the variance over all images together; take it within each image, then the mean."),
        (laplacian.square().mean(), "this is the mean square; the variance takes the mean of the Laplacian off first."),
        (laplacian.flatten(1).std(dim=1, correction=0).mean(), "this is the standard deviation; the variance is its "
         "square."),
        (variance(laplacian.mean(0, keepdim=True)), "the images were averaged first, and an average is blurred."),
        (laplacian.abs().mean(), "this is the mean size of the Laplacian; its variance within the image is asked for."),
        (variance(middle), "this is the variance of the pixels themselves: contrast, not sharpness."),
        (variance(middle - sum(ring)), "the middle pixel counts 4 times, once for each neighbour."),
        (variance(4 * middle + sum(ring)), "subtract the neighbours, do not add them."),
    )  # fmt: skip
    equal(value, torch.tensor(metrics.sharpness(x)), mistakes, "the sharpness", "for three small images")
    return "right: a flat image has 0, and so has an even ramp of grey; every edge counts."


# ---- along the arc ----


@task(
    "07.c",
    "spherical interpolation",
    hints=(
        "First the angle: cos ω = (a · b) / (|a| |b|). Both norms are needed, or arccos gets a number beyond 1.",
        "t has shape (n,) and a has shape (d,): t[:, None] has shape (n, 1) and makes all n places at once.",
        "(torch.sin((1 − t) ω) a + torch.sin(t ω) b) / torch.sin(ω); and where ω is nearly 0, the straight line, since "
        "there the formula is 0/0.",
    ),
    part=lambda: plots.slerp,
)
def arc(f: Any) -> str:
    """slerp(a, b, t) = [sin((1 − t) ω) a + sin(t ω) b] / sin ω."""
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([1.0, 2.0, 2.0])  # norms 3 and 3, cos ω = 1/3
    t = torch.tensor([0.0, 0.25, 0.5, 1.0])
    path = tensor(call(f, a, b, t), (4, 3), "the path", like=a)
    right = plots.slerp(a, b, t)
    line = torch.lerp(a, b, t[:, None])
    w = math.acos(1 / 3)
    degrees = math.degrees(w)
    s, r = torch.sin((1 - t) * w)[:, None], torch.sin(t * w)[:, None]
    unit = right / right.norm(dim=1, keepdim=True)
    mistakes = (
        (line, "this is the straight line. It cuts through the sphere; slerp goes along it."),
        (plots.slerp(b, a, t), "it runs from b to a: at t = 0 it should be at a."),
        (s * a + r * b, "the division by sin ω is missing: at t = 0 this is not a."),
        (unit, "the path is on the sphere of radius 1. Keep the lengths of a and b: the norm is part of a code."),
        (3 * line / line.norm(dim=1, keepdim=True), "this is the straight line pushed out to the sphere: the right "
         "curve, but not at constant speed. Use the sines of (1 − t) ω and t ω."),
        (
            (torch.sin((1 - t) * degrees)[:, None] * a + torch.sin(t * degrees)[:, None] * b) / math.sin(degrees),
            "the angle is in degrees; torch.sin takes radians.",
        ),
        (
            (torch.cos((1 - t) * w)[:, None] * a + torch.cos(t * w)[:, None] * b) / math.sin(w),
            "cosines where the sines belong: at t = 0 this is not a.",
        ),
    )  # fmt: skip
    if path.isnan().any():
        raise Wrong(
            "not yet: for a = (3, 0, 0), b = (1, 2, 2) there are NaNs on the path. Did arccos get a · b without "
            "division by both norms?"
        )
    equal(path, right, mistakes, "the path", "for a = (3, 0, 0), b = (1, 2, 2), t = 0, 1/4, 1/2, 1")
    other = 2 * b
    equal(
        tensor(call(f, a, other, t), (4, 3), "the path"), plots.slerp(a, other, t), what="the path",
        case="for two ends of different norm, 3 and 6",
    )  # fmt: skip
    still = tensor(call(f, a, a, t), (4, 3), "the path")
    if not torch.allclose(still, a.expand(4, 3), atol=1e-4):
        raise Wrong("nearly: from a to a the angle is 0 and the formula is 0/0. Take the straight line there.")
    near = tensor(call(f, b, b * (1 + 1e-7), t), (4, 3), "the path")  # rounding: a cosine of 1 or just beyond it
    if not torch.allclose(near, b.expand(4, 3), atol=1e-3):
        raise Wrong(
            "nearly: rounding can take the cosine of two parallel codes just beyond 1, and arccos of that is NaN. "
            "clamp it to −1 .. 1, and take the straight line where ω is nearly 0."
        )
    return "right: along the arc, with both ends where they should be."


# ---- a direction that stands for an attribute ----


def attribute_vector(z: Tensor, value: Tensor) -> Tensor:
    """Difference of the mean codes (N, d) of the outer quarters of value (N,), for one unit of the value: (d,)."""
    low, high = value <= value.quantile(0.25), value >= value.quantile(0.75)
    return (z[high].mean(0) - z[low].mean(0)) / (value[high].mean() - value[low].mean())


@task(
    "07.d",
    "an attribute vector",
    hints=(
        "Two groups of images: those whose value is at or below the first quartile, and those at or above the third. "
        "value.quantile(0.25) is the first.",
        "low = value <= value.quantile(0.25) is a mask: z[low].mean(0) is the mean code of that group, value[low]"
        ".mean() its mean value. The same for high.",
        "(z[high].mean(0) - z[low].mean(0)) / (value[high].mean() - value[low].mean())",
    ),
    part=lambda: attribute_vector,
)
def direction(f: Any) -> str:
    """f(z, value): difference of mean codes (N, d) of the outer quarters, for one unit of value (N,): (d,)."""
    g = Generator().manual_seed(0)
    value = 4 * torch.rand(24, generator=g) ** 2 - 1  # uneven: mean and median differ
    z = torch.randn(24, 3, generator=g) + torch.outer(value, torch.tensor([1.0, -2.0, 0.5])) + 5
    got = tensor(call(f, z, value), (3,), "the vector", like=z)
    low, high = value <= value.quantile(0.25), value >= value.quantile(0.75)
    apart, units = z[high].mean(0) - z[low].mean(0), value[high].mean() - value[low].mean()
    above = value > value.median()
    halves = (z[above].mean(0) - z[~above].mean(0)) / (value[above].mean() - value[~above].mean())
    ends = (z[value.argmax()] - z[value.argmin()]) / (value.max() - value.min())
    centred = value - value.mean()
    quartiles = apart / (value.quantile(0.75) - value.quantile(0.25))
    mistakes = (
        (apart, "not divided by the difference of the two mean values: it must be for *one unit* of the attribute."),
        (-apart / units, "the sign is turned round: the upper quarter minus the lower one."),
        (-apart, "the upper quarter minus the lower one, and then divided by the difference of their mean values."),
        (apart / apart.norm(), "this has length 1. How far a code moves for one unit is what an edit needs."),
        (quartiles, "divide by the difference of the two groups' *mean* values, not of the quartiles: they lie "
         "farther out."),
        (apart / (value.max() - value.min()), "divide by the difference of the two groups' mean values, not of the "
         "extremes."),
        (halves, "these are the upper and the lower half; take the outer quarters, where the attribute is strongest."),
        (ends, "these are two images only; take the mean over a quarter of them, so that all else cancels."),
        (centred @ (z - z.mean(0)) / centred.square().sum(), "this is the slope of a regression: as good, and task "
         "07.2 is about it. Here the difference of two means is asked for."),
        (z[high].mean(0), "this is the mean code of one group; subtract that of the other."),
    )  # fmt: skip
    equal(got, apart / units, mistakes, "the vector", "for 24 codes of three numbers")
    return "right: what both groups share cancels, and what is left is for one unit of the attribute."
