"""Checks for lesson 07, generating and editing."""

import math
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ... import metrics, plots
from .judge import Wrong, call, equal, kind, number, task, tensor


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Along the arc from code a to code b, both (d,), at the places t (n,) in [0, 1]: (n, d)."""
    cosine = torch.dot(a, b) / (a.norm() * b.norm())
    w = torch.arccos(cosine.clamp(-1, 1))
    t = t[:, None]
    if w < 1e-4:
        return (1 - t) * a + t * b
    return (torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) / torch.sin(w)


@task(
    "07.1",
    "spherical interpolation",
    hints=(
        "First the angle: cos ω = (a · b) / (|a| |b|). Both norms are needed, or arccos gets a number beyond 1.",
        "t has shape (n,) and a has shape (d,): t[:, None] has shape (n, 1) and makes all n places at once.",
        "(torch.sin((1 − t) ω) a + torch.sin(t ω) b) / torch.sin(ω); and where ω is nearly 0, the straight line, since "
        "there the formula is 0/0.",
    ),
    part=lambda: slerp,
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
            "the angle is in degrees; torch.sin wants radians.",
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
    return "right: along the arc, at constant speed, with both ends where they should be."


def attribute_vectors(z: Tensor, factors: Tensor) -> Tensor:
    """Codes z (N, d) and factors (N, K): the (K, d) slopes of z ≈ c + factors @ slopes, by least squares."""
    design = torch.cat([torch.ones(len(z), 1), factors], 1)
    return torch.linalg.lstsq(design, z).solution[1:]


def _regression_case() -> tuple[Tensor, Tensor, Tensor]:
    """Codes that are exactly c + factors @ slopes, with two factors that go together."""
    g = torch.Generator().manual_seed(0)
    first = torch.randn(40, generator=g)
    factors = torch.stack([first + 5, first + torch.randn(40, generator=g)], 1)
    slopes = torch.tensor([[1.0, 0.0, -2.0], [0.0, 3.0, 1.0]])
    return torch.tensor([10.0, -20.0, 30.0]) + factors @ slopes, factors, slopes


@task(
    "07.2",
    "attribute vectors that do not mix",
    hints=(
        "It is one linear regression: each code is a constant plus slant times its vector plus weight times its "
        "vector. The constant needs a column of ones next to the factors.",
        "torch.linalg.lstsq(A, z).solution has one row for each column of A: here (1 + K, d). Or subtract the means of "
        "z and of the factors first, and leave the ones out.",
        "A = torch.cat([torch.ones(len(z), 1), factors], 1); then torch.linalg.lstsq(A, z).solution[1:].",
    ),
    part=lambda: attribute_vectors,
)
def directions(f: Any) -> str:
    """The slopes of codes (N, d) on all K factors (N, K) together: (K, d)."""
    z, factors, slopes = _regression_case()
    got = call(f, z, factors)
    if isinstance(got, Tensor) and got.shape == (3, 3):
        raise Wrong("not yet: there is a row too many. The row of the constant is not an attribute; leave it out.")
    if isinstance(got, Tensor) and got.shape == (3, 2):
        raise Wrong("not yet: shape (K, d) is asked for, a row for each factor; yours is (d, K). Turn it round.")
    got = tensor(got, (2, 3), "the vectors", like=z)
    centred, moved = factors - factors.mean(0), z - z.mean(0)
    single = centred.T @ moved / centred.square().sum(0)[:, None]
    norms = slopes / slopes.norm(dim=1, keepdim=True)
    high = factors > factors.median(0).values
    halves = torch.stack([z[high[:, k]].mean(0) - z[~high[:, k]].mean(0) for k in range(2)])
    mistakes = (
        (single, "this takes one factor at a time. Two factors that go together then share their vectors; put all "
         "of them into one regression."),
        (torch.linalg.lstsq(factors, z).solution, "the constant is missing: the codes are not around 0."),
        (torch.linalg.lstsq(centred, z).solution, ""),
        (norms, "the direction is right, the length is lost: how far a code moves for one unit of a factor is what "
         "you need for an edit."),
        (halves, "this is the difference of two means. Where factors go together, it holds a part of the other one."),
        (centred.T @ moved / len(z), "these are covariances; they still have to be divided, by the (K, K) covariance "
         "of the factors."),
    )  # fmt: skip
    equal(got, slopes, [m for m in mistakes if m[1]], "the vectors", "for codes made by a known rule")
    return "right: for each factor, how far the code moves for one unit of it while the others are held."


@task(
    "07.3",
    "sharpness",
    hints=(
        "Shifted views do it without any loop: x[..., 1:-1, 1:-1] is the middle, x[..., 1:-1, :-2] its left "
        "neighbours. All have the shape (N, C, H − 2, W − 2).",
        "The Laplacian is 4 · middle − left − right − above − below. Then flatten each image, and take the variance "
        "over its pixels.",
        "laplacian.flatten(1).var(dim=1, correction=0).mean(): the variance within an image, then the mean over the "
        "images. Or a convolution with the kernel [[0, −1, 0], [−1, 4, −1], [0, −1, 0]] and no padding.",
    ),
    part=lambda: lambda images: torch.tensor(metrics.sharpness(images)),
)
def crispness(f: Any) -> str:
    """Variance of the Laplacian over the pixels of each image, averaged over the images."""
    x = torch.rand(3, 1, 6, 5, generator=torch.Generator().manual_seed(0))
    x[2] *= 0.2
    value = number(call(f, x), "the sharpness")
    middle = x[..., 1:-1, 1:-1]
    ring = (x[..., 1:-1, :-2], x[..., 1:-1, 2:], x[..., :-2, 1:-1], x[..., 2:, 1:-1])
    laplacian = 4 * middle - sum(ring)
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    padded = torch.nn.functional.conv2d(x, kernel[None, None], padding=1)
    mean_picture = laplacian.mean(0, keepdim=True)

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
        (variance(mean_picture), "the images were averaged first, and an average is blurred."),
        (laplacian.abs().mean(), "this is the mean size of the Laplacian; its variance within the image is asked for."),
        (variance(middle), "this is the variance of the pixels themselves: contrast, not sharpness."),
        (variance(middle - sum(ring)), "the middle pixel counts 4 times, once for each neighbour."),
        (variance(4 * middle + sum(ring)), "subtract the neighbours, do not add them."),
    )  # fmt: skip
    equal(value, variance(laplacian), mistakes, "the sharpness", "for three small images")
    return "right: a flat image has 0, and so has an even ramp of grey; every edge counts."


def pca(x: Tensor, d: int) -> Any:
    """The function encode(x): (M, p) -> (M, d), the first d principal components of x (N, p)."""
    mean = x.mean(0)
    axes = torch.linalg.svd(x - mean, full_matrices=False).Vh[:d]
    return lambda images: (images - mean) @ axes.T


@task(
    "07.4",
    "PCA, the baseline",
    hints=(
        "Subtract the mean image of x first, and remember it: new images need the same one.",
        "torch.linalg.svd(x − mean, full_matrices=False) gives U, S, Vh. The rows of Vh are the directions, the one of "
        "the largest variance first.",
        "axes = Vh[:d]; return lambda images: (images − mean) @ axes.T",
    ),
    part=lambda: pca,
)
def components(f: Any) -> str:
    """pca(x, d) returns a function that maps images (M, p) to their first d principal components (M, d)."""
    g = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(5, 5, generator=g)).Q
    x = torch.randn(60, 5, generator=g) * torch.tensor([5.0, 3.0, 1.0, 0.5, 0.1]) @ turn + 4
    fresh = torch.randn(7, 5, generator=g) + 4
    encode = call(f, x, 2)
    if encode is None:
        raise Wrong("your function returns nothing. `return` hands on a function that encodes images.")
    if isinstance(encode, Tensor) or not callable(encode):
        raise Wrong(
            f"pca(x, d) should return a function, so that new images can be encoded too; yours is {kind(encode)}."
        )
    codes = tensor(call(encode, fresh), (7, 2), "what the returned function gives", like=x)
    right = pca(x, 2)(fresh)
    others = {
        "the mean is not subtracted. The codes are then far from 0, and the first direction points at the mean image.":
            fresh @ torch.linalg.svd(x, full_matrices=False).Vh[:2].T,
        "the new images were centred by a mean of their own; use that of the images it was fitted on.":
            (fresh - fresh.mean(0)) @ torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[:2].T,
        "the mean is missing when new images are encoded.":
            fresh @ torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[:2].T,
        "these are the directions of *least* variance: eigh sorts upwards.":
            (fresh - x.mean(0)) @ torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[[4, 3]].T,
        "these are columns of Vh; its rows are the directions.":
            (fresh - x.mean(0)) @ torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh.T[:2].T,
    }  # fmt: skip
    if not _same_up_to_sign(codes, right):
        for sentence, values in others.items():
            if _same_up_to_sign(codes, values):
                raise Wrong(f"not yet: {sentence}")
        scaled = codes / codes.norm(dim=0) * right.norm(dim=0)
        if _same_up_to_sign(scaled, right):
            raise Wrong(
                "not yet: the directions are right, the scale is not. A direction has length 1; do not multiply or "
                "divide by the singular values."
            )
        if _same_up_to_sign(codes, right, 0.2):
            raise Wrong(
                "nearly: about right, but not exact. Is it torch.pca_lowrank? It only approximates the directions, by "
                "random projections, and differs from call to call; torch.linalg.svd gives them exactly."
            )
        first, want = codes[0].abs().tolist(), right[0].abs().tolist()
        raise Wrong(
            f"not yet: but for their signs, the codes of the first image should be {want[0]:.4f}, {want[1]:.4f}; yours "
            f"are {first[0]:.4f}, {first[1]:.4f}."
        )
    return "right: centred, along the directions of largest variance. (A direction may point either way.)"


def _same_up_to_sign(a: Tensor, b: Tensor, off: float = 1e-4) -> bool:
    """Whether the columns of a are those of b, each possibly turned round, but for a share `off` of their length."""
    signs = (a * b).sum(0).sign()
    return bool(((a - b * signs).norm(dim=0) <= off * b.norm(dim=0)).all())


def edit(model: Any, images: Tensor, vector: Tensor, steps: Tensor) -> Tensor:
    """decode(encode(x) + s · v) for every image and every step: (N, S, C, H, W)."""
    z = model.encode(images)
    moved = z[:, None] + steps[:, None] * vector  # (N, 1, d) + (S, d)
    return model.decode(moved.flatten(0, 1)).unflatten(0, moved.shape[:2])


@task(
    "07.5",
    "a sheet of edits that keeps what the code lost",
    hints=(
        "Decode twice: the code as it is, and the code moved. What the edit *changed* is the difference of the two "
        "pictures.",
        "That difference belongs on top of the image itself: x + decode(z + s v) − decode(z). Pixels stay in [0, 1]: "
        "clamp.",
        "z = model.encode(images); model.decode(z + s * vector) − model.decode(z), added to "
        "aae_lib.data.scale(images), then .clamp(0, 1).",
    ),
    part=lambda: keep_the_rest,
)
def residual(f: Any) -> str:
    """edit(model, images, vector, s) = clamp(x + decode(z + s v) − decode(z))."""
    weight = torch.tensor([[0.2, 0.0, 0.4, 0.1], [0.1, 0.3, 0.0, -0.2]])
    model = SimpleNamespace(
        encode=lambda x: (x.float() / 255 if x.dtype == torch.uint8 else x).flatten(1)[:, :2],
        decode=lambda z: (z @ weight + 0.1).clamp(0, 1).view(-1, 1, 2, 2),
    )
    images = torch.tensor([[51, 204, 255, 0], [153, 102, 26, 230]], dtype=torch.uint8).view(2, 1, 2, 2)
    vector, s = torch.tensor([1.0, -0.5]), 0.7
    edited = tensor(call(f, model, images, vector, s), (2, 1, 2, 2), "the edited images")
    x, z = images.float() / 255, model.encode(images)
    there, here = model.decode(z + s * vector), model.decode(z)
    unclamped = x + there - here
    if edited.max() > 1.5:
        raise Wrong(
            "not yet: some pixels are far above 1. The images come as whole numbers from 0 to 255; aae.data.scale "
            "makes them floats in [0, 1]."
        )
    mistakes = (
        (there, "this is the plain edit, decode(z + s v): what the code has lost of the image is lost here too."),
        (unclamped, "nearly: some pixels lie outside of [0, 1]. clamp them."),
        ((x + here - there).clamp(0, 1), "the difference is turned round: this edits in the opposite direction."),
        ((x + there).clamp(0, 1), "the decoded image comes on top of the image. Take decode(z) off: only the "
         "*difference* that the edit made should be added."),
        (there - here, "this is the difference alone; add it to the image."),
        ((x + model.decode(z + vector) - here).clamp(0, 1), "s is not used: take the vector s times."),
    )  # fmt: skip
    equal(edited, unclamped.clamp(0, 1), mistakes, "the edited image", "for two images of four pixels")
    same = tensor(call(f, model, images, vector, 0.0), (2, 1, 2, 2), "the edited images")
    if not torch.allclose(same, x, atol=1e-5):
        raise Wrong("not yet: at s = 0 the image should come back untouched.")
    return "right: at s = 0 the image itself, and for other s only what the edit changes."


def keep_the_rest(model: Any, images: Tensor, vector: Tensor, s: float) -> Tensor:
    """x + decode(z + s v) − decode(z), in [0, 1]: (N, C, H, W)."""
    from ... import data

    z = model.encode(images)
    return (data.scale(images) + model.decode(z + s * vector) - model.decode(z)).clamp(0, 1)
