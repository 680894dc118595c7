"""Checks for lesson 07, generating and editing."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from ... import plots
from .answers import Wrong, call, equal, kind, number, tensor
from .tasks import task


def steady(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """From a to b, both (d,): the direction goes along the arc, the length straight from |a| to |b|: (n, d)."""
    length = torch.lerp(a.norm(), b.norm(), t)
    return length[:, None] * plots.slerp(a / a.norm(), b / b.norm(), t)


@task(
    "07.1",
    "an arc with a length of its own",
    hints=(
        "Take the two apart. Directions have length 1: a / a.norm() and b / b.norm(). Lengths are numbers.",
        "Directions go along the arc: aae.plots.slerp(u, v, t), of shape (n, d). Lengths go straight: "
        "(1 − t) · a.norm() + t · b.norm(), of shape (n,).",
        "length = (1 − t) * a.norm() + t * b.norm(); return length[:, None] * aae.plots.slerp(a / a.norm(), b / "
        "b.norm(), t)",
    ),
    part=lambda: steady,
)
def arc(f: Any) -> str:
    """walk(a, b, t): direction along the arc, length straight from |a| to |b|: (n, d)."""
    a, b = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([2.0, 4.0, 4.0])  # norms 3 and 6, cos ω = 1/3
    t = torch.tensor([0.0, 0.25, 0.5, 1.0])
    path = tensor(call(f, a, b, t), (4, 3), "the path", like=a)
    u, v = a / 3, b / 6
    round_unit, line = plots.slerp(u, v, t), torch.lerp(a, b, t[:, None])
    straight = torch.lerp(u, v, t[:, None])
    mistakes = (
        (plots.slerp(a, b, t), "this is slerp of the codes themselves, where the two lengths mix with the sines. Give "
         "it the directions, and multiply by the length."),
        (line, "this is the straight line."),
        (round_unit, "the directions are right; each still has to be multiplied by its length."),
        (torch.lerp(b.norm(), a.norm(), t)[:, None] * round_unit, "the lengths run from |b| to |a|."),
        (3 * round_unit, "the length should go from |a| to |b|; yours stays |a|."),
        (4.5 * round_unit, "the length should go from |a| to |b|; yours stays at their mean."),
        (torch.lerp(a.norm(), b.norm(), t)[:, None] * straight, "the directions go straight here; inside of the "
         "sphere they are shorter than 1. slerp keeps them on it."),
        (torch.lerp(a.norm(), b.norm(), t)[:, None] * straight / straight.norm(dim=1, keepdim=True), "the right curve, "
         "but not at constant speed: slerp of the directions, not a line pushed out."),
        (line / line.norm(dim=1, keepdim=True) * torch.lerp(a.norm(), b.norm(), t)[:, None], "the right curve, but not "
         "at constant speed: slerp of the directions, not a line pushed out."),
    )  # fmt: skip
    equal(path, steady(a, b, t), mistakes, "the path", "for a = (3, 0, 0), b = (2, 4, 4), t = 0, 1/4, 1/2, 1")
    still = tensor(call(f, a, 2 * a, t), (4, 3), "the path")
    if not torch.allclose(still, steady(a, 2 * a, t), atol=1e-4):
        raise Wrong("nearly: from a to 2a the angle is 0. aae.plots.slerp takes care of that; does your own?")
    return "right: the direction turns, and the length takes its own way."


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


def covered(points: Tensor, by: Tensor, k: int = 3) -> Tensor:
    """Share of points (N, p) nearer to some row of `by` (M, p) than that row is to its k-th neighbour in `by`."""
    radius = torch.cdist(by, by).kthvalue(k + 1, dim=1).values  # (M,); the nearest of all is the row itself
    return (torch.cdist(points, by) <= radius).any(1).float().mean()


@task(
    "07.3",
    "precision and recall of samples",
    hints=(
        "First a radius for every row of `by`: torch.cdist(by, by) has all distances, (M, M), and the smallest in each "
        "row is the 0 from the row to itself.",
        "torch.cdist(by, by).kthvalue(k + 1, dim=1).values is that radius, (M,). Then torch.cdist(points, by), (N, M), "
        "compared with it: column j with radius j.",
        "(torch.cdist(points, by) <= radius).any(1).float().mean(): a point is covered if *any* row of `by` covers it.",
    ),
    part=lambda: covered,
)
def coverage(f: Any) -> str:
    """covered(points, by, k): share of points (N, p) in the k-neighbour ball of some row of `by` (M, p)."""
    g = torch.Generator().manual_seed(2)
    by = torch.randn(12, 2, generator=g) * torch.tensor([1.0, 2.0])
    points = 1.6 * torch.randn(40, 2, generator=g)
    k = 3
    value = number(call(f, points, by, k), "the share")
    across, inner = torch.cdist(points, by), torch.cdist(by, by)
    inside = across <= inner.kthvalue(k + 1, dim=1).values

    def mean(hits: Tensor) -> Tensor:
        return hits.float().mean()

    mistakes = (
        (mean((across <= inner.kthvalue(k, dim=1).values).any(1)), "each row of `by` is its own nearest neighbour, at "
         "distance 0. The k-th *other* one is kthvalue(k + 1)."),
        (covered(by, points, k), "the two have changed places: the radii are those of `by`, and the share is that of "
         "points."),
        (mean(inside.any(0)), "this is the share of rows of `by` that hold a point; the share of points is asked for."),
        (mean(inside), "this is the share of all pairs. A point is covered if *any* row of `by` covers it: .any(1)."),
        (mean(inside.all(1)), "a point is covered if *any* row of `by` covers it; yours asks for all of them."),
        (inside.any(1).float().sum(), "this is how many; the share is their mean."),
        (1 - mean(inside.any(1)), "this is the share that is *not* covered."),
        (mean((across <= inner.kthvalue(k + 1, dim=1).values.mean()).any(1)), "one radius for all: each row of `by` "
         "has its own, larger where real images are sparse."),
        (mean(across.min(1).values <= inner.kthvalue(k + 1, dim=1).values[across.argmin(1)]), "only the nearest row of "
         "`by` is asked. One farther away may have a larger radius: .any(1)."),
    )  # fmt: skip
    equal(value, mean(inside.any(1)), mistakes, "the share", "for 40 points and 12 others in the plane, k = 3")
    other = number(call(f, points, by, 1), "the share")
    equal(other, covered(points, by, 1), ((mean(inside.any(1)), "k is not used."),), "the share", "for k = 1")
    return "right: precision with samples first, recall with real images first."


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
    "edit, and keep the rest",
    hints=(
        "Decode twice: the code as it is, and the code moved. What the edit *changed* is the difference of the two "
        "pictures.",
        "That difference belongs on top of the image itself: x + decode(z + s v) − decode(z). Pixels stay in [0, 1]: "
        "clamp.",
        "z = model.encode(images); model.decode(z + s * vector) − model.decode(z), added to "
        "aae.data.scale(images), then .clamp(0, 1).",
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
        (unclamped, "nearly: some pixels lie outside [0, 1]. clamp them."),
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
