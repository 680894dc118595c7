"""Right and wrong answers to what lesson 07 asks for in place: classes, sharpness, an arc, an attribute vector."""

import math

import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib.course.checks import borrow
from tests.checks.answers import judged

# ---- 07.a how many classes ----


def by_entr(counts):
    return torch.special.entr(counts / counts.sum()).sum().exp()


def by_mask(counts):
    share = counts[counts > 0].double() / counts.sum()
    return math.exp(-sum(s * math.log(s) for s in share.tolist()))


def by_product(counts):
    share = counts.float() / counts.sum()
    return 1 / (share**share).prod()


def unsafe(counts):
    share = counts / counts.sum()
    return (-(share * share.log()).sum()).exp()


CLASSES_WRONG = {
    "the entropy itself": lambda c: by_entr(c).log(),
    "the sign is turned round": lambda c: 1 / by_entr(c),
    "of one kind": lambda c: (by_entr(c).log() / math.log(2)).exp(),
    "the entropy in bits": lambda c: by_entr(c).log2(),
    "not the mean": lambda c: torch.special.entr(c / c.sum()).mean().exp(),
    "1 / Σ s²": lambda c: 1 / (c / c.sum()).square().sum(),
    "come at all": lambda c: (c > 0).sum(),
    "it is NaN": unsafe,
    "raised": lambda c: torch.special.entr(c / c.sum()).sum().exp().backward(),
    "should be 2.8001": lambda c: by_entr(c) + 1,
    "must have shape ()": lambda c: torch.special.entr(c / c.sum()),
    "returns nothing": lambda c: print("ten"),
}

# ---- 07.b sharpness ----

KERNEL = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])[None, None]


def laplacian(x):
    return F.conv2d(x, KERNEL)


def by_shifts(x):
    ring = x[..., 1:-1, :-2] + x[..., 1:-1, 2:] + x[..., :-2, 1:-1] + x[..., 2:, 1:-1]
    flat = (ring - 4 * x[..., 1:-1, 1:-1]).flatten(1)
    return (flat.square().mean(1) - flat.mean(1).square()).mean()


def by_loop(x):
    values = []
    for image in x:
        values.append(torch.var(laplacian(image[None]), correction=0))
    return torch.stack(values).mean()


SHARPNESS_WRONG = {
    "the borders are in": lambda x: F.conv2d(x, KERNEL, padding=1).flatten(1).var(dim=1, correction=0).mean(),
    "correction=0": lambda x: laplacian(x).flatten(1).var(dim=1).mean(),
    "the variance over all images together": lambda x: laplacian(x).var(),
    "the mean square": lambda x: laplacian(x).square().mean(),
    "the standard deviation": lambda x: laplacian(x).flatten(1).std(dim=1, correction=0).mean(),
    "averaged first": lambda x: laplacian(x.mean(0, keepdim=True)).var(correction=0),
    "mean size of the Laplacian": lambda x: laplacian(x).abs().mean(),
    "contrast, not sharpness": lambda x: x[..., 1:-1, 1:-1].flatten(1).var(dim=1, correction=0).mean(),
    "counts 4 times": lambda x: (
        F.conv2d(x, KERNEL - torch.tensor([[0.0, 0, 0], [0, 3, 0], [0, 0, 0]])).flatten(1).var(1, correction=0).mean()
    ),
    "must have shape ()": lambda x: laplacian(x).flatten(1).var(dim=1, correction=0),
    "the sharpness should be": lambda x: 16 * by_shifts(x),
    "returns nothing": lambda x: print("sharp"),
}

# ---- 07.c slerp ----


def by_atan(a, b, t):
    p, q = a / a.norm(), b / b.norm()
    w = 2 * torch.atan2((p - q).norm(), (p + q).norm())
    if w < 1e-5:
        return torch.lerp(a, b, t[:, None])
    return torch.outer(torch.sin((1 - t) * w) / torch.sin(w), a) + torch.outer(torch.sin(t * w) / torch.sin(w), b)


def by_turning(a, b, t):
    p, q = a / a.norm(), b / b.norm()
    side = q - (p @ q) * p
    if side.norm() < 1e-4:
        return torch.stack([torch.lerp(a, b, s) for s in t])
    w = torch.arccos((p @ q).clamp(-1, 1))
    rows = []
    for s in t:
        alpha, beta = torch.sin((1 - s) * w) / torch.sin(w), torch.sin(s * w) / torch.sin(w)
        rows.append(alpha * a + beta * b)
    return torch.stack(rows)


def sines(a, b, t, clamp=True, guard=1e-4, divide=True, norms=True, degrees=False, flip=False):
    cosine = torch.dot(a, b) / (a.norm() * b.norm() if norms else 1)
    w = torch.arccos(cosine.clamp(-1, 1) if clamp else cosine)
    if degrees:
        w = torch.rad2deg(w)
    if guard and w < guard:
        return torch.lerp(a, b, t[:, None])
    t = (1 - t if flip else t)[:, None]
    path = torch.sin((1 - t) * w) * a + torch.sin(t * w) * b
    return path / torch.sin(w) if divide else path


def pushed_out(a, b, t):
    line = torch.lerp(a, b, t[:, None])
    return 3 * F.normalize(line, dim=1)


def cosines(a, b, t):
    w = torch.arccos(torch.dot(a, b) / a.norm() / b.norm())
    t = t[:, None]
    return (torch.cos((1 - t) * w) * a + torch.cos(t * w) * b) / torch.sin(w)


def one_norm(a, b, t):
    path = sines(a, b, t)
    return path / path.norm(dim=1, keepdim=True) * a.norm()


SLERP_WRONG = {
    "this is the straight line": lambda a, b, t: torch.lerp(a, b, t[:, None]),
    "it runs from b to a": lambda a, b, t: sines(a, b, t, flip=True),
    "the division by sin ω is missing": lambda a, b, t: sines(a, b, t, divide=False),
    "the sphere of radius 1": lambda a, b, t: F.normalize(sines(a, b, t), dim=1),
    "not at constant speed": pushed_out,
    "in degrees": lambda a, b, t: sines(a, b, t, degrees=True),
    "cosines where the sines belong": cosines,
    "without division by both norms": lambda a, b, t: sines(a, b, t, norms=False, clamp=False),
    "two ends of different norm": one_norm,
    "the angle is 0 and the formula is 0/0": lambda a, b, t: sines(a, b, t, guard=0),
    "must have shape (4, 3)": lambda a, b, t: sines(a, b, t)[:, None],
    "raised": lambda a, b, t: torch.sin((1 - t) * 0.5) * a,
    "returns nothing": lambda a, b, t: print("done"),
}

# ---- 07.d an attribute vector ----


def outer(value, share=0.25):
    return value <= value.quantile(share), value >= value.quantile(1 - share)


def quarters(z, value):
    low, high = outer(value)
    return (z[high].mean(0) - z[low].mean(0)) / (value[high].mean() - value[low].mean())


def sorted_quarters(z, value):
    n = len(value) // 4
    order = value.argsort()
    low, high = order[:n], order[-n:]
    return (z[high] - z[low]).mean(0) / (value[high] - value[low]).mean()


def weighted(z, value):
    low, high = (mask.float() for mask in outer(value))
    weights = high / high.sum() - low / low.sum()
    return weights @ z / (weights @ value)


def apart(z, value, over=lambda value, low, high: value[high].mean() - value[low].mean(), share=0.25):
    low, high = outer(value, share)
    return (z[high].mean(0) - z[low].mean(0)) / over(value, low, high)


def slope(z, value):
    centred = value - value.mean()
    return centred @ (z - z.mean(0)) / centred.square().sum()


VECTOR_WRONG = {
    "not divided": lambda z, v: apart(z, v, over=lambda *_: 1),
    "the sign is turned round": lambda z, v: -quarters(z, v),
    "minus the lower one, and then": lambda z, v: apart(z, v, over=lambda *_: -1),
    "this has length 1": lambda z, v: F.normalize(quarters(z, v), dim=0),
    "not of the quartiles": lambda z, v: apart(z, v, over=lambda v, *_: v.quantile(0.75) - v.quantile(0.25)),
    "not of the extremes": lambda z, v: apart(z, v, over=lambda v, *_: v.max() - v.min()),
    "upper and the lower half": lambda z, v: apart(z, v, share=0.5),
    "two images only": lambda z, v: (z[v.argmax()] - z[v.argmin()]) / (v.max() - v.min()),
    "the slope of a regression": slope,
    "of one group": lambda z, v: z[outer(v)[1]].mean(0),
    "must have shape (3,)": lambda z, v: quarters(z, v)[None],
    "the vector should be": lambda z, v: 2 * quarters(z, v),
    "returns nothing": lambda z, v: print("slanted"),
}

RIGHT = {
    "07.a": [by_entr, by_mask, by_product],
    "07.b": [by_shifts, by_loop, lambda x: float(by_shifts(x))],
    "07.c": [aae.plots.slerp, by_atan, by_turning, sines],
    "07.d": [quarters, sorted_quarters, weighted],
}
WRONG = {"07.a": CLASSES_WRONG, "07.b": SHARPNESS_WRONG, "07.c": SLERP_WRONG, "07.d": VECTOR_WRONG}

test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_the_lent_slerp_is_the_librarys():
    assert borrow("07.c") is aae.plots.slerp
