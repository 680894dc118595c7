import torch
import torch.nn.functional as F

from aae_lib import losses
from tests.checks.answers import judged

# ---- 08.1 ----


def by_scatter(z, y, classes):
    one_hot = torch.zeros(len(z), classes + 1)
    one_hot[torch.arange(len(z)), torch.where(y < 0, classes, y)] = 1
    return torch.cat([z, one_hot], dim=1)


def by_comparison(z, y, classes):
    places = torch.arange(classes + 1)
    return torch.hstack([z, (y.remainder(classes + 1)[:, None] == places).float()])


def labelled_input(z, y, classes, none):
    """F.one_hot with `none` in place of -1."""
    return torch.cat([z, F.one_hot(torch.where(y < 0, none, y), classes + 1).float()], 1)


D_INPUT = {
    "identity": lambda z, y, k: torch.cat([z, torch.eye(k + 1)[y]], 1),
    "scatter": by_scatter,
    "comparison": by_comparison,
    "one_hot": lambda z, y, k: labelled_input(z, y, k, k),
}
D_INPUT_WRONG = {
    "returns nothing": lambda z, y, k: print(z),
    "and none for “no label”": lambda z, y, k: torch.cat([z, torch.eye(k)[y]], 1),
    "a label is a name": lambda z, y, k: torch.cat([z, y[:, None].float()], 1),
    "must have shape (4, 6)": lambda z, y, k: torch.eye(k + 1)[y],
    "the label comes first": lambda z, y, k: torch.cat([torch.eye(k + 1)[y], z], 1),
    "all classes moved on by one": lambda z, y, k: torch.cat([z, torch.eye(k + 1)[y + 1]], 1),
    "made the last class": lambda z, y, k: labelled_input(z, y, k, k - 1),
    "made class 0": lambda z, y, k: labelled_input(z, y, k, 0),
    "your row holds zeros only": lambda z, y, k: torch.cat([z, torch.eye(k + 1)[y] * (y >= 0)[:, None]], 1),
    "raised RuntimeError": lambda z, y, k: torch.cat([z, F.one_hot(y, k + 1)], 1),
    "no gradient reaches the codes": lambda z, y, k: torch.cat([z.detach(), torch.eye(k + 1)[y]], 1),
    "must hold floats": lambda z, y, k: labelled_input(z, y, k, k).long(),
    "must have shape (2, 8)": lambda z, y, k: torch.cat([z, torch.eye(4)[y]], 1),  # holds for 3 classes only
    "the input should be": lambda z, y, k: 2 * torch.cat([z, torch.eye(k + 1)[y]], 1),
}


# ---- 08.2 ----


def all_at_once(model, a, y_a, b, y_b):
    z = model.encode(torch.cat([b, a]))
    return model.decode(z, torch.cat([y_a, y_b])).chunk(2)


def one_by_one(model, a, y_a, b, y_b):
    pairs = zip(a, y_a, b, y_b, strict=True)
    both = [
        (model.decode(model.encode(q[None]), i[None]), model.decode(model.encode(p[None]), j[None]))
        for p, i, q, j in pairs
    ]
    return [torch.cat(part) for part in zip(*both, strict=True)]


def swap(model, a, y_a, b, y_b):
    return model.decode(model.encode(b), y_a), model.decode(model.encode(a), y_b)


SWAP = {"plain": swap, "all at once": all_at_once, "one by one": one_by_one}
SWAP_WRONG = {
    "returns nothing": lambda m, a, i, b, j: print("swapped"),
    "yours is one tensor": lambda m, a, i, b, j: m.decode(m.encode(b), i),
    "return 2 things": lambda m, a, i, b, j: (*swap(m, a, i, b, j), a),
    "have changed places": lambda m, a, i, b, j: swap(m, a, i, b, j)[::-1],
    "a's class in a's *own* style": lambda m, a, i, b, j: (m.reconstruct(a, i), m.reconstruct(b, j)),
    "nothing of a is left": lambda m, a, i, b, j: (m.reconstruct(b, j), m.reconstruct(a, i)),
    "these are the images b themselves": lambda m, a, i, b, j: (b, a),
    "these are the images a themselves": lambda m, a, i, b, j: (a, b),
    "this is the style half-way": lambda m, a, i, b, j: 2 * (m.decode((m.encode(a) + m.encode(b)) / 2, i),),
    "both results are a's classes": lambda m, a, i, b, j: 2 * (swap(m, a, i, b, j)[0],),
    "the second is b's class in b's own style": lambda m, a, i, b, j: (swap(m, a, i, b, j)[0], m.reconstruct(b, j)),
    "raised ValueError": lambda m, a, i, b, j: (m.decode(m.encode(b)), m.decode(m.encode(a))),
    "the first result should be": lambda m, a, i, b, j: [v / 2 for v in swap(m, a, i, b, j)],
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


RIGHT = {"08.1": D_INPUT, "08.2": SWAP, "08.3": BUGS, "08.4": AXES, "08.5": DISTANCES}
WRONG = {
    "08.1": D_INPUT_WRONG,
    "08.2": SWAP_WRONG,
    "08.3": BUGS_WRONG,
    "08.4": AXES_WRONG,
    "08.5": DISTANCES_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
