import torch
import torch.nn.functional as F

from aae_lib import losses
from tests.checks.answers import judged

# ---- 08.1 ----


def by_einsum(h, y, psi, table):
    return psi(h)[:, 0] + torch.einsum("nm,nm->n", table[y], h)


def by_one_hot(h, y, psi, table):
    one_hot = F.one_hot(torch.where(y < 0, len(table) - 1, y), len(table)).float()
    return psi(h).flatten() + (h @ table.T * one_hot).sum(1)


def project(h, y, psi, table):
    return psi(h).squeeze(1) + (table[y] * h).sum(1)


PROJECTION = {"plain": project, "einsum": by_einsum, "one-hot": by_one_hot}
PROJECTION_WRONG = {
    "returns nothing": lambda h, y, psi, table: print(h),
    "each code meets every label": lambda h, y, psi, table: psi(h) + (table[y] * h).sum(1),
    "yours has a column": lambda h, y, psi, table: psi(h) + (table[y] * h).sum(1, keepdim=True),
    "psi(h) alone": lambda h, y, psi, table: psi(h).squeeze(1),
    "psi(h) is missing": lambda h, y, psi, table: (table[y] * h).sum(1),
    "without the sigmoid": lambda h, y, psi, table: project(h, y, psi, table).sigmoid(),
    "added up without h": lambda h, y, psi, table: psi(h).squeeze(1) + table[y].sum(1),
    "an inner product is a sum": lambda h, y, psi, table: psi(h).squeeze(1) + (table[y] * h).mean(1),
    "row -1, the last, is its own": lambda h, y, psi, table: (
        psi(h).squeeze(1) + (table[y] * h).sum(1) * (y >= 0).float()
    ),
    "made class 0": lambda h, y, psi, table: project(h, y.clamp(min=0), psi, table),
    "made the last class": lambda h, y, psi, table: project(h, y % 3, psi, table),
    "no gradient reaches the features": lambda h, y, psi, table: project(h.detach(), y, psi, table),
    "no gradient reaches the table": lambda h, y, psi, table: project(h, y, psi, table.detach()),
    "the logits should be": lambda h, y, psi, table: 2 * project(h, y, psi, table),
}


# ---- 08.2 ----


def between(model, a, b, y, t):
    return model.decode((1 - t) * model.encode(a) + t * model.encode(b), y)


def by_lerp(model, a, b, y, t):
    return model.decode(torch.lerp(model.encode(a), model.encode(b), t), y)


def step_by_step(model, a, b, y, t):
    start, end = model.encode(torch.cat([a, b])).chunk(2)
    return torch.cat([model.decode((s + t * (e - s))[None], k[None]) for s, e, k in zip(start, end, y, strict=True)])


MIXED = {"plain": between, "lerp": by_lerp, "step by step": step_by_step}
MIXED_WRONG = {
    "returns nothing": lambda m, a, b, y, t: print(t),
    "this goes from b to a": lambda m, a, b, y, t: between(m, b, a, y, t),
    "half-way, whatever t says": lambda m, a, b, y, t: between(m, a, b, y, 0.5),
    "a's own style": lambda m, a, b, y, t: m.reconstruct(a, y),
    "b's whole style": lambda m, a, b, y, t: m.reconstruct(b, y),
    "two *pictures* are laid over": lambda m, a, b, y, t: (1 - t) * m.reconstruct(a, y) + t * m.reconstruct(b, y),
    "weigh a by 1 - t": lambda m, a, b, y, t: m.decode(m.encode(a) + t * m.encode(b), y),
    "without a to start from": lambda m, a, b, y, t: m.decode(t * (m.encode(b) - m.encode(a)), y),
    "nothing has been decoded": lambda m, a, b, y, t: (1 - t) * a + t * b,
    "mixed before they are encoded": lambda m, a, b, y, t: m.decode(m.encode((1 - t) * a + t * b), y),
    "the whole style of b": lambda m, a, b, y, t: between(m, a, b, y, min(t, 0.5)),
    "raised ValueError": lambda m, a, b, y, t: m.decode(m.encode(a)),
    "the pictures should be": lambda m, a, b, y, t: between(m, a, b, y, t) / 2,
}


# ---- 08.3 ----


def draw(model, x, y, generator):
    return model.prior.sample(len(x), generator=generator, labels=y), model.encoder(x)


def repaired(model, x, y, generator):
    z_prior, z = draw(model, x, y, generator)
    d = losses.discriminator_loss(model.discriminator(z_prior, y), model.discriminator(z.detach(), y))
    return d, losses.generator_loss(model.discriminator(z, y))


def in_one_call(model, x, y, generator):
    z_prior, z = draw(model, x, y, generator)
    real, fake = model.discriminator(torch.cat([z_prior, z.detach()]), torch.cat([y, y])).chunk(2)
    judged = model.discriminator(z, y)
    d = F.binary_cross_entropy_with_logits(real, torch.ones(len(x))) - F.logsigmoid(-fake).mean()
    return [d, -F.logsigmoid(judged).mean()]


def no_grad_for_d(model, x, y, generator):
    z_prior, z = draw(model, x, y, generator)
    with torch.no_grad():
        fixed = model.encoder(x)
    d = F.softplus(-model.discriminator(z_prior, y)).mean() + F.softplus(model.discriminator(fixed, y)).mean()
    return d, F.softplus(-model.discriminator(z, y)).mean()


def broken(model, x, y, generator):
    g = torch.Generator().manual_seed(0)
    z_prior, z = draw(model, x, y, g)
    d = losses.discriminator_loss(model.discriminator(z_prior), model.discriminator(z.detach()))
    return d, losses.generator_loss(model.discriminator(z))


def told(model, x, y, generator, real=True, fake=True, judge=True, labels=True, cut=True):
    z_prior, z = draw(model, x, y if labels else None, generator)
    y_real, y_fake, y_judge = (y if tell else None for tell in (real, fake, judge))
    d = losses.discriminator_loss(
        model.discriminator(z_prior, y_real), model.discriminator(z.detach() if cut else z, y_fake)
    )
    return d, losses.generator_loss(model.discriminator(z, y_judge))


def flipped(model, x, y, generator):
    d, g = repaired(model, x, y, generator)
    return d, -g


BUGS = {"repaired": repaired, "in one call": in_one_call, "no_grad": no_grad_for_d}
BUGS_WRONG = {
    "returns nothing": lambda m, x, y, g: print("done"),
    "yours is one tensor": lambda m, x, y, g: repaired(m, x, y, g)[0],
    "Something seeds a generator again": broken,
    "leave its seed alone": lambda m, x, y, g: repaired(m, x, y, g.manual_seed(0)),
    "two generators of one seed": lambda m, x, y, g: repaired(m, x, y, None),
    "the two losses have changed places": lambda m, x, y, g: repaired(m, x, y, g)[::-1],
    "what of the prior samples": lambda m, x, y, g: (F.softplus(m.discriminator(m.encoder(x), y)).mean(), 0 * x.sum()),
    "D is told no class": lambda m, x, y, g: told(m, x, y, g, real=False, fake=False),
    "not that of the prior samples": lambda m, x, y, g: told(m, x, y, g, real=False),
    "not that of the codes": lambda m, x, y, g: told(m, x, y, g, fake=False),
    "not of the batch's classes: labels=y": lambda m, x, y, g: told(m, x, y, g, labels=False),
    "D is told nothing": lambda m, x, y, g: told(m, x, y, g, labels=False, real=False, fake=False),
    "in the generator's loss D is not told": lambda m, x, y, g: told(m, x, y, g, judge=False),
    "D's loss reaches the encoder": lambda m, x, y, g: told(m, x, y, g, cut=False),
    "does not reach the encoder": lambda m, x, y, g: [v.detach() for v in repaired(m, x, y, g)],
    "the sign of the generator's loss": flipped,
    "the loss of D should be": lambda m, x, y, g: [v / 2 for v in repaired(m, x, y, g)],
}


# ---- 08.4 ----


def with_corrcoef(z, factors):
    return torch.corrcoef(torch.cat([z, factors], 1).T)[: z.shape[1], z.shape[1] :].square()


def by_regression(z, factors):
    """R² of a straight line from each coordinate to each factor."""
    scores = torch.zeros(z.shape[1], factors.shape[1])
    for i, axis in enumerate(z.T):
        design = torch.stack([torch.ones_like(axis), axis], 1)
        rest = factors - design @ torch.linalg.lstsq(design, factors).solution
        scores[i] = 1 - rest.square().sum(0) / (factors - factors.mean(0)).square().sum(0)
    return scores


def correlations(z, factors, centre=True, over=(1, 1), correction=0):
    a, b = (v - centre * v.mean(0) for v in (z, factors))
    sds = [v.std(0, correction=correction) ** power for v, power in zip((a, b), over, strict=True)]
    return (a.T @ b / len(z)) / sds[0][:, None] / sds[1]


def cosines(z, factors):
    return (z.T @ factors) / z.norm(dim=0)[:, None] / factors.norm(dim=0)


AXES = {
    "corrcoef": with_corrcoef,
    "regression": by_regression,
    "by hand": lambda z, f: correlations(z, f) ** 2,
}
AXES_WRONG = {
    "returns nothing": lambda z, f: print(z.shape),
    "yours is turned round": lambda z, f: with_corrcoef(z, f).T,
    "must have shape (3, 2)": lambda z, f: torch.corrcoef(torch.cat([z, f], 1).T),
    "these are the correlations": lambda z, f: correlations(z, f),
    "these are |correlations|": lambda z, f: correlations(z, f).abs(),
    "these are covariances": lambda z, f: correlations(z, f, over=(0, 0)),
    "these are squared covariances": lambda z, f: correlations(z, f, over=(0, 0)) ** 2,
    "the means were not taken off: then": lambda z, f: cosines(z, f) ** 2,
    "the means were not taken off, and": cosines,
    "torch's std divides by N - 1": lambda z, f: correlations(z, f, correction=1) ** 2,
    "changes its input in place": lambda z, f: with_corrcoef(z.sub_(z.mean(0)), f),
    "the score should be": lambda z, f: correlations(z, f) ** 4,
}


# ---- 08.5 ----


def gap(a, b):
    k = losses.mmd_kernel
    return k(a, a).mean() + k(b, b).mean() - 2 * k(a, b).mean()


def distances(z, y, p, to_p=gap, to_z=gap, share=lambda own: own.float().mean()):
    classes = [y == k for k in y.unique()]
    within = sum(share(own) * to_p(z[own], p) for own in classes)
    return gap(z, p), within, sum(share(own) * to_z(z[own], z) for own in classes)


def by_matrices(z, y, p):
    """With one kernel of all points, and weights."""
    k = losses.mmd_kernel(torch.cat([z, p]), torch.cat([z, p]))
    n, m = len(z), len(p)
    all_z, all_p = torch.zeros(n + m), torch.zeros(n + m)
    all_z[:n], all_p[n:] = 1 / n, 1 / m

    def square(w):
        return w @ k @ w

    within = between = 0.0
    for c in set(y.tolist()):
        own = torch.zeros(n + m)
        own[:n] = (y == c).float() / (y == c).sum()
        share = float((y == c).sum()) / n
        within, between = within + share * square(own - all_p), between + share * square(own - all_z)
    return square(all_z - all_p), within, between


def others(z, y, p):
    whole, within, _ = distances(z, y, p)
    between = sum((y == k).float().mean() * gap(z[y == k], z[y != k]) for k in y.unique())
    return whole, within, between


def instead(**what):
    """The right answer with one of the three replaced."""

    def answer(z, y, p):
        value = dict(zip(("whole", "within", "between"), distances(z, y, p), strict=True))
        return tuple((value | {k: f(z, y, p, value) for k, f in what.items()}).values())

    return answer


DISTANCES = {
    "a loop": distances,
    "matrices": by_matrices,
    "plain numbers": lambda z, y, p: [float(v) for v in distances(z, y, p)],
    "by the identity": instead(between=lambda z, y, p, v: v["within"] - v["whole"]),
}
DISTANCES_WRONG = {
    "returns nothing": lambda z, y, p: print("hidden"),
    "yours is one tensor": lambda z, y, p: gap(z, p),
    "return 3 things": lambda z, y, p: distances(z, y, p)[:2],
    "this leaves each point's kernel with itself out": instead(whole=lambda z, y, p, v: losses.mmd(z, p)),
    "this is the distance itself": lambda z, y, p: [v.sqrt() for v in distances(z, y, p)],
    "this is within; whole comes first": lambda z, y, p: [distances(z, y, p)[i] for i in (1, 0, 2)],
    "this is between; whole comes first": lambda z, y, p: distances(z, y, p)[::-1],
    "every class counts alike": lambda z, y, p: distances(z, y, p, share=lambda own: 1 / 3),
    "the sum over the classes": lambda z, y, p: distances(z, y, p, share=lambda own: 1),
    "take the plain mean of all pairs here": lambda z, y, p: distances(z, y, p, to_p=losses.mmd),
    "within compares each class with the *prior sample*": instead(within=lambda z, y, p, v: v["between"]),
    "compare it with all codes": others,
    "this is within once more": instead(between=lambda z, y, p, v: v["within"]),
    "between should be": instead(between=lambda z, y, p, v: 2 * v["between"]),
}


RIGHT = {"08.1": PROJECTION, "08.2": MIXED, "08.3": BUGS, "08.4": AXES, "08.5": DISTANCES}
WRONG = {
    "08.1": PROJECTION_WRONG,
    "08.2": MIXED_WRONG,
    "08.3": BUGS_WRONG,
    "08.4": AXES_WRONG,
    "08.5": DISTANCES_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
