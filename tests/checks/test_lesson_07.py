import math

import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib.course.checks import borrow
from tests.checks.answers import judged

# ---- 07.1 slerp ----


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

# ---- 07.2 attribute vectors ----


def centred(z, factors):
    v, m = factors - factors.mean(0), z - z.mean(0)
    return torch.linalg.solve(v.T @ v, v.T @ m)


def by_pinv(z, factors):
    design = torch.cat([factors, torch.ones(len(z), 1)], 1)
    return (torch.linalg.pinv(design) @ z)[:-1]


def one_at_a_time(z, factors):
    v, m = factors - factors.mean(0), z - z.mean(0)
    return torch.stack([(v[:, k : k + 1] * m).sum(0) / v[:, k].square().sum() for k in range(v.shape[1])])


def halves(z, factors):
    high = factors > factors.median(0).values
    return torch.stack([z[h].mean(0) - z[~h].mean(0) for h in high.T])


VECTORS_WRONG = {
    "one factor at a time": one_at_a_time,
    "the constant is missing": lambda z, f: torch.linalg.lstsq(f, z).solution,
    "the length is lost": lambda z, f: F.normalize(centred(z, f), dim=1),
    "the difference of two means": halves,
    "these are covariances": lambda z, f: (f - f.mean(0)).T @ (z - z.mean(0)) / len(z),
    "a row too many": lambda z, f: torch.linalg.lstsq(torch.cat([torch.ones(len(z), 1), f], 1), z).solution,
    "Turn it round": lambda z, f: centred(z, f).T,
    "changes its input in place": lambda z, f: centred(z.sub_(z.mean(0)), f),
    "the vectors should be": lambda z, f: 2 * centred(z, f),
    "returns nothing": lambda z, f: print("done"),
}

# ---- 07.3 sharpness ----

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

# ---- 07.4 PCA ----


def by_eigh(x, d):
    mean = x.mean(0)
    axes = torch.linalg.eigh(torch.cov(x.T)).eigenvectors.flip(1)[:, :d]
    return lambda images: (images - mean) @ axes


def by_sklearn(x, d):
    from sklearn.decomposition import PCA

    fitted = PCA(d).fit(x.numpy())
    return lambda images: torch.from_numpy(fitted.transform(images.numpy())).float()


def directions(x, d):
    return torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[:d].T


def columns(x, d):
    axes = torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[:, :d]
    return lambda images: (images - x.mean(0)) @ axes


def whitened(x, d):
    _, s, v = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    return lambda images: (images - x.mean(0)) @ v[:d].T / s[:d]


def least(x, d):
    axes = torch.linalg.eigh(torch.cov(x.T)).eigenvectors[:, :d]
    return lambda images: (images - x.mean(0)) @ axes


def uncentred(x, d):
    axes = torch.linalg.svd(x, full_matrices=False).Vh[:d]
    return lambda images: images @ axes.T


def roughly(x, d):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        axes = torch.pca_lowrank(x, d)[2]
    return lambda images: (images - x.mean(0)) @ axes


def short(x, d):
    mean = x.mean(0)
    axes = directions(x, d) * 2
    return lambda images: (images - mean) @ axes.flip(1)


PCA_WRONG = {
    "should return a function": lambda x, d: (x - x.mean(0)) @ directions(x, d),
    "the mean is not subtracted": uncentred,
    "a mean of their own": lambda x, d: lambda images: (images - images.mean(0)) @ directions(x, d),
    "the mean is missing when new images": lambda x, d: lambda images: images @ directions(x, d),
    "*least* variance": least,
    "its rows are the directions": columns,
    "the scale is not": whitened,
    "Is it torch.pca_lowrank? It only approximates": roughly,
    "but for their signs": short,
    "must have shape (7, 2)": lambda x, d: lambda images: (images - x.mean(0)) @ directions(x, d + 1),
    "returns nothing": lambda x, d: print("done"),
}

# ---- 07.5 an edit that keeps the rest ----


def in_order(model, images, vector, s):
    z = model.encode(images)
    change = model.decode(z + s * vector) - model.decode(z)
    return (aae.data.scale(images) + change).clamp(0, 1)


def other_order(model, images, vector, s):
    x = images.float() / 255 if images.dtype == torch.uint8 else images
    rest = x - model.decode(model.encode(images))
    return torch.clamp(rest + model.decode(model.encode(images) + vector * s), min=0, max=1)


def raw(model, images, vector, s):
    return torch.relu(images.float() + model.decode(model.encode(images) + s * vector))


def parts(model, images, vector, s):
    z = model.encode(images)
    return aae.data.scale(images), model.decode(z + s * vector), model.decode(z)


def combined(formula):
    return lambda m, x, v, s: formula(*parts(m, x, v, s))


EDIT_WRONG = {
    "the plain edit": combined(lambda x, there, here: there),
    "clamp them": combined(lambda x, there, here: x + there - here),
    "turned round": combined(lambda x, there, here: (x + here - there).clamp(0, 1)),
    "Take decode(z) off": combined(lambda x, there, here: (x + there).clamp(0, 1)),
    "the difference alone": combined(lambda x, there, here: there - here),
    "s is not used": lambda m, x, v, s: in_order(m, x, v, 1.0),
    "far above 1": raw,
    "must have shape (2, 1, 2, 2)": combined(lambda x, there, here: (x + there - here).flatten(1)),
    "the edited image should be": combined(lambda x, there, here: (x + 2 * there - 2 * here).clamp(0, 1)),
    "raised AttributeError": lambda m, x, v, s: m.decoder(x),
    "returns nothing": lambda m, x, v, s: print("edited"),
}

RIGHT = {
    "07.1": [aae.plots.slerp, by_atan, by_turning, sines],
    "07.2": [centred, by_pinv],
    "07.3": [by_shifts, by_loop, lambda x: float(by_shifts(x))],
    "07.4": [by_eigh, by_sklearn],
    "07.5": [in_order, other_order],
}
WRONG = {
    "07.1": SLERP_WRONG,
    "07.2": VECTORS_WRONG,
    "07.3": SHARPNESS_WRONG,
    "07.4": PCA_WRONG,
    "07.5": EDIT_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_the_borrowed_slerp_is_the_librarys():
    a, b = torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    t = torch.linspace(0, 1, 7)
    path = borrow("07.1")(a, b, t)
    assert torch.allclose(path, aae.plots.slerp(a, b, t), atol=1e-5)
    assert math.isclose(float(path[0].norm()), float(a.norm()), rel_tol=1e-5)
