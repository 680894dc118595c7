import torch
import torch.nn.functional as F

import aae_lib as aae
from tests.checks.answers import judged

# ---- 07.1 an arc with a length of its own ----


def parts_of(a, b, t):
    """Directions along the arc, and the three ways of a length."""
    u, v = F.normalize(a, dim=0), F.normalize(b, dim=0)
    return u, v, ((1 - t) * a.norm() + t * b.norm())[:, None]


def by_parts(a, b, t):
    u, v, length = parts_of(a, b, t)
    return length * aae.plots.slerp(u, v, t)


def rescaled(a, b, t):
    path = aae.plots.slerp(a / a.norm() * 7, b / b.norm() * 7, t)
    return path * (torch.lerp(a.norm(), b.norm(), t) / 7)[:, None]


def own_sines(a, b, t):
    u, v, length = parts_of(a, b, t)
    w = torch.arccos((u @ v).clamp(-1, 1))
    return length * (torch.sin((1 - t) * w)[:, None] * u + torch.sin(t * w)[:, None] * v) / torch.sin(w)


def turned(a, b, t):
    u, v, _ = parts_of(a, b, t)
    return torch.lerp(b.norm(), a.norm(), t)[:, None] * aae.plots.slerp(u, v, t)


def chord(a, b, t, out=False):
    u, v, length = parts_of(a, b, t)
    line = torch.lerp(u, v, t[:, None])
    return length * (F.normalize(line, dim=1) if out else line)


WALK_WRONG = {
    "where the two lengths mix": aae.plots.slerp,
    "this is the straight line": lambda a, b, t: torch.lerp(a, b, t[:, None]),
    "still has to be multiplied": lambda a, b, t: by_parts(a / a.norm(), b / b.norm(), t),
    "run from |b| to |a|": turned,
    "yours stays |a|": lambda a, b, t: a.norm() * by_parts(a / a.norm(), b / b.norm(), t),
    "yours stays at their mean": lambda a, b, t: (a.norm() + b.norm()) / 2 * by_parts(a / a.norm(), b / b.norm(), t),
    "inside of the sphere": chord,
    "not at constant speed": lambda a, b, t: chord(a, b, t, out=True),
    "does your own?": own_sines,
    "must have shape (4, 3)": lambda a, b, t: by_parts(a, b, t).T,
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

# ---- 07.3 precision and recall ----


def by_sorting(points, by, k):
    radius = torch.cdist(by, by).sort(1).values[:, k]
    return float(((torch.cdist(points, by) - radius) <= 0).any(1).float().mean())


def by_rows(points, by, k):
    radii = [sorted(float((row - other).norm()) for other in by)[k] for row in by]
    hit = [
        any(float((point - row).norm()) <= radius for row, radius in zip(by, radii, strict=True)) for point in points
    ]
    return sum(hit) / len(hit)


def compared(reduce, k_off=1, radius=lambda r: r):
    def f(points, by, k):
        r = torch.cdist(by, by).kthvalue(k + k_off, dim=1).values
        return reduce(torch.cdist(points, by) <= radius(r))

    return f


def nearest_only(points, by, k):
    radius, across = torch.cdist(by, by).kthvalue(k + 1, dim=1).values, torch.cdist(points, by)
    return (across.min(1).values <= radius[across.argmin(1)]).float().mean()


def share(hits):
    return hits.any(1).float().mean()


COVERED_WRONG = {
    "its own nearest neighbour": compared(share, k_off=0),
    "changed places": lambda points, by, k: by_sorting(by, points, k),
    "rows of `by` that hold a point": compared(lambda hits: hits.any(0).float().mean()),
    "the share of all pairs": compared(lambda hits: hits.float().mean()),
    "asks for all of them": compared(lambda hits: hits.all(1).float().mean()),
    "this is how many": compared(lambda hits: hits.any(1).sum()),
    "that is *not* covered": compared(lambda hits: 1 - share(hits)),
    "one radius for all": compared(share, radius=lambda r: r.mean()),
    "only the nearest row": nearest_only,
    "k is not used": lambda points, by, k: by_sorting(points, by, 3),
    "the share should be": lambda points, by, k: by_sorting(points, by, k) / 2,
    "must have shape ()": compared(lambda hits: hits.any(1).float()),
    "returns nothing": lambda points, by, k: print("covered"),
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
    "07.1": [by_parts, rescaled],
    "07.2": [centred, by_pinv],
    "07.3": [by_sorting, by_rows, compared(share)],
    "07.4": [by_eigh, by_sklearn],
    "07.5": [in_order, other_order],
}
WRONG = {
    "07.1": WALK_WRONG,
    "07.2": VECTORS_WRONG,
    "07.3": COVERED_WRONG,
    "07.4": PCA_WRONG,
    "07.5": EDIT_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
