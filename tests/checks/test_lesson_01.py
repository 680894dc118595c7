import torch
import torch.nn.functional as F

from aae_lib import losses, metrics
from aae_lib.course.checks import check
from tests.checks.answers import judged


def least(x):
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1).mean()


def combine(k, n):
    """An MMD from the kernel of all pairs."""
    xx, yy, xy = k[:n, :n], k[n:, n:], k[:n, n:]
    a, b = ((p.sum() - p.diagonal().sum()) / (len(p) * (len(p) - 1)) for p in (xx, yy))
    return a + b - 2 * xy.mean()


def pooled(x, y, c):
    z = torch.cat([x, y])
    return combine(c / (c + torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist") ** 2), len(x))


def by_loops(x, y, c):
    def k(a, b):
        return c / (c + (a - b).square().sum())

    xx = torch.stack([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]).mean()
    yy = torch.stack([k(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j]).mean()
    return xx + yy - 2 * torch.stack([k(a, b) for a in x for b in y]).mean()


def by_expansion(x, y, c):
    def k(a, b):
        return 1 / (1 + (a.pow(2).sum(1)[:, None] + b.pow(2).sum(1) - 2 * a @ b.T) / c)

    n, m = len(x), len(y)
    off_x, off_y = 1 - torch.eye(n), 1 - torch.eye(m)
    return (k(x, x) * off_x).sum() / n / (n - 1) + (k(y, y) * off_y).sum() / m / (m - 1) - 2 * k(x, y).sum() / n / m


def biased(x, y, c):
    def k(a, b):
        return c / (c + torch.cdist(a, b) ** 2)

    return k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()


def miscounted(x, y, c):
    def k(a, b):
        return c / (c + torch.cdist(a, b) ** 2)

    return (k(x, x).fill_diagonal_(0)).mean() + (k(y, y).fill_diagonal_(0)).mean() - 2 * k(x, y).mean()


def all_at_once(prior, measure, n, repeats, generator):
    samples = prior.sample(2 * n * repeats, generator=generator).view(repeats, 2, n, -1)
    values = [measure(a, b) for a, b in samples]
    mean = sum(values) / repeats
    return mean, (sum((v - mean) ** 2 for v in values) / (repeats - 1)) ** 0.5


def by_statistics(prior, measure, n, repeats, generator):
    import statistics

    values = []
    for _ in range(repeats):
        a = prior.sample(n, generator=generator)
        b = prior.sample(n, generator=generator)
        values.append(float(measure(a, b)))
    return statistics.mean(values), statistics.stdev(values)


def by_library(prior, measure, n, repeats, generator):
    return metrics.floor(prior, n, measure, repeats, generator)


def pairs(p, m, n, r, g):
    return torch.tensor([m(p.sample(n, generator=g), p.sample(n, generator=g)) for _ in range(r)])


def pair_with(transform):
    """A floor that measures a sample against something made from it."""

    def floor(p, m, n, r, g):
        values = []
        for _ in range(r):
            a = p.sample(n, generator=g)
            values.append(m(a, transform(a)))
        return torch.tensor(values).mean(), torch.tensor(values).std()

    return floor


def one_side_fixed(p, m, n, r, g):
    a = p.sample(n, generator=g)
    values = torch.tensor([m(a, p.sample(n, generator=g)) for _ in range(r)])
    return values.mean(), values.std()


def seeded_again(p, m, n, r, g):
    values = []
    for _ in range(r):
        g.manual_seed(0)
        values.append(m(p.sample(n, generator=g), p.sample(n, generator=g)))
    return torch.tensor(values).mean(), torch.tensor(values).std()


def own_seed(p, m, n, r, g):
    values = torch.tensor(
        [m(*(p.sample(n, generator=torch.Generator().manual_seed(2 * i + j)) for j in range(2))) for i in range(r)]
    )
    return values.mean(), values.std()


def gaussian(root_of, centre=lambda z: z.mean(0)):
    """A fit whose noise is multiplied by root_of(z)."""

    def fit(z):
        mean, root = centre(z), root_of(z)

        def sample(n, generator=None):
            return mean + torch.randn(n, z.shape[1], generator=generator) @ root

        return sample

    return fit


def cholesky(z):
    return torch.linalg.cholesky(torch.cov(z.T))


def symmetric_root(z):
    values, vectors = torch.linalg.eigh(torch.cov(z.T))
    return vectors @ values.sqrt().diag() @ vectors.T


class AsAClass:
    def __init__(self, z):
        _, s, v = torch.linalg.svd(z - z.mean(0), full_matrices=False)
        self.mean, self.root = z.mean(0), (s / (len(z) - 1) ** 0.5).diag() @ v

    def __call__(self, n, generator=None):
        return torch.randn(n, len(self.mean), generator=generator) @ self.root + self.mean


def without_generator(z):
    d = torch.distributions.MultivariateNormal(z.mean(0), torch.cov(z.T))
    return lambda n, generator=None: d.sample((n,))


def always_the_same(z):
    def sample(n, generator=None):
        return z.mean(0) + torch.randn(n, 2, generator=torch.Generator().manual_seed(0)) @ cholesky(z).T

    return sample


def drawn_again(z):
    return lambda n, generator=None: z[torch.randint(len(z), (n,), generator=generator)]


def box(z):
    def sample(n, generator=None):
        return z.mean(0) + (torch.rand(n, 2, generator=generator) - 0.5) * 12**0.5 @ cholesky(z).T

    return sample


def law(mean, var):
    off = mean - mean.mean(0)
    return mean.mean(0), torch.diag(var.mean(0)) + off.T @ off / len(mean)


RIGHT = {
    "01.1": (
        lambda x: (torch.special.entr(x) + torch.special.entr(1 - x)).sum() / len(x),
        lambda x: -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum((1, 2, 3)).mean(),
        lambda x: float(F.binary_cross_entropy(x, x, reduction="sum")) / len(x),
        lambda x: losses.bce(x.logit(eps=1e-7), x),
    ),
    "01.2": (
        law,
        lambda mean, var: (
            mean.mean(0),
            torch.cov(mean.T, correction=0) + torch.eye(mean.shape[1]) * var.mean(0),
        ),
        lambda mean, var: (  # E[zzᵀ] − E[z]E[z]ᵀ
            mean.mean(0),
            torch.stack([v.diag() + m.outer(m) for m, v in zip(mean, var, strict=True)]).mean(0)
            - mean.mean(0).outer(mean.mean(0)),
        ),
        lambda mean, var: list(law(mean, var)),
    ),
    "01.3": (pooled, by_loops, by_expansion, lambda x, y, c: pooled(x, y, c).item()),
    "01.4": (
        all_at_once,
        by_statistics,
        by_library,
    ),
    "01.5": (
        gaussian(lambda z: cholesky(z).T),
        gaussian(symmetric_root),
        AsAClass,
    ),
}

WRONG = {
    "01.1": {
        "returns nothing": lambda x: print(x),
        "a grey pixel has its price": lambda x: 0.0,
        "the sign is turned round": lambda x: -least(x),
        "the mean over the pixels too": lambda x: least(x) / x[0].numel(),
        "the sum over the batch too": lambda x: least(x) * len(x),
        "only the first half": lambda x: torch.special.entr(x).sum() / len(x),
        "only the second half": lambda x: torch.special.entr(1 - x).sum() / len(x),
        "in bits": lambda x: least(x) / 0.6931472,
        "not its logits": lambda x: losses.bce(x, x),
        "yours says nan": lambda x: -(x * x.log() + (1 - x) * (1 - x).log()).sum() / len(x),
        "the least loss should be": lambda x: 2 * least(x) + 1,
    },
    "01.2": {
        "returns nothing": lambda mean, var: print(mean),
        "return 2 things": lambda mean, var: mean.mean(0),
        "is a tuple of 3": lambda mean, var: (*law(mean, var), 0),
        "the mean must have shape (2,)": lambda mean, var: (mean.mean(), law(mean, var)[1]),
        "this is the median": lambda mean, var: (mean.median(0).values, law(mean, var)[1]),
        "the two have changed places": lambda mean, var: law(mean, var)[::-1],
        "these are variances": lambda mean, var: (mean.mean(0), var.mean(0) + mean.var(0, correction=0)),
        "only the spread of the means. Within": lambda mean, var: (mean.mean(0), torch.cov(mean.T, correction=0)),
        "only the spread of the means (and": lambda mean, var: (mean.mean(0), torch.cov(mean.T)),
        "only the mean of the variances": lambda mean, var: (mean.mean(0), var.mean(0).diag()),
        "divides by N − 1": lambda mean, var: (mean.mean(0), var.mean(0).diag() + torch.cov(mean.T)),
        "subtract the mean": lambda mean, var: (mean.mean(0), var.mean(0).diag() + mean.T @ mean / len(mean)),
        "standard deviations do not add up": lambda mean, var: (
            mean.mean(0),
            var.sqrt().mean(0).diag() + torch.cov(mean.T, correction=0),
        ),
        "the variances were squared": lambda mean, var: (
            mean.mean(0),
            var.square().mean(0).diag() + torch.cov(mean.T, correction=0),
        ),
        "not their sum": lambda mean, var: (mean.mean(0), var.sum(0).diag() + torch.cov(mean.T, correction=0)),
        "only the diagonal gets it": lambda mean, var: (mean.mean(0), var.mean(0) + torch.cov(mean.T, correction=0)),
        "off the diagonal": lambda mean, var: (
            mean.mean(0),
            var.mean(0).diag() + mean.var(0, correction=0).diag(),
        ),
        "the covariance must have shape (2, 2)": lambda mean, var: (mean.mean(0), torch.cov(mean) + 1),
        "the covariance should be": lambda mean, var: (mean.mean(0), 7 * law(mean, var)[1]),
    },
    "01.3": {
        "returns nothing": lambda x, y, c: print(pooled(x, y, c)),
        "the biased form": biased,
        "but still counted": miscounted,
        "the sign is turned round": lambda x, y, c: -pooled(x, y, c),
        "*squared* distance": lambda x, y, c: combine(
            c / (c + torch.cdist(torch.cat([x, y]), torch.cat([x, y]))), len(x)
        ),
        "Gaussian kernel": lambda x, y, c: combine(
            (-(torch.cdist(torch.cat([x, y]), torch.cat([x, y])) ** 2) / (2 * c)).exp(), len(x)
        ),
        "this is the root": lambda x, y, c: pooled(x, y, c).abs().sqrt(),
        "do not cut it off": lambda x, y, c: pooled(x, y, c).clamp(min=0),
        "the last term counts twice": lambda x, y, c: pooled(x, y, c) + (c / (c + torch.cdist(x, y) ** 2)).mean(),
        "the last term is subtracted": lambda x, y, c: pooled(x, y, c) + 4 * (c / (c + torch.cdist(x, y) ** 2)).mean(),
        "so that it is 1 where a = b": lambda x, y, c: pooled(x, y, c) / c,
        "must have shape ()": lambda x, y, c: torch.cdist(x, y),
        "raised RuntimeError": lambda x, y, c: (x - y).sum(),
        "the MMD should be": lambda x, y, c: pooled(x, y, 3 * c),
    },
    "01.4": {
        "returns nothing": lambda p, m, n, r, g: print(pairs(p, m, n, r, g)),
        "return 2 things": lambda p, m, n, r, g: pairs(p, m, n, r, g).mean(),
        "that many measurements; yours made 1": lambda p, m, n, r, g: (
            pairs(p, m, n, 1, g).mean(),
            torch.tensor(0.1),
        ),
        "two clouds of shape (6, 2); yours got (12, 2)": lambda p, m, n, r, g: (
            (v := pairs(p, m, 2 * n, r, g)).mean(),
            v.std(),
        ),
        "are the same points": pair_with(lambda a: a),
        "in another order": pair_with(lambda a: a.flip(0)),
        "comes back in more than one pair": one_side_fixed,
        "do not seed the generator again": seeded_again,
        "pass generator=generator on": own_seed,
        "pass generator=generator on to": lambda p, m, n, r, g: (
            (v := torch.tensor([m(p.sample(n), p.sample(n)) for _ in range(r)])).mean(),
            v.std(),
        ),
        "this is the median": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).median(), v.std()),
        "keep the signs": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).abs().mean(), v.std()),
        "divide by repeats − 1": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).mean(), v.std(correction=0)),
        "this is the variance": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).mean(), v.var()),
        "the error of the mean": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).mean(), v.std() / r**0.5),
        "the mean must have shape ()": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)), v.std()),
        "the mean should be": lambda p, m, n, r, g: ((v := pairs(p, m, n, r, g)).std(), v.mean()),
    },
    "01.5": {
        "returns nothing": lambda z: print(z.mean(0)),
        "yours returns a tensor": lambda z: gaussian(lambda z: cholesky(z).T)(z)(100),
        "yours returns a tuple": lambda z: (z.mean(0), torch.cov(z.T)),
        "what sample returns must have shape (20000, 2)": lambda z: lambda n, generator=None: z.mean(0),
        "raised TypeError": lambda z: lambda n: z[:n],
        "do not know that generator": without_generator,
        "generators of different seeds": always_the_same,
        "the codes themselves": drawn_again,
        "the mean is forgotten": gaussian(lambda z: cholesky(z).T, centre=lambda z: torch.zeros(2)),
        "its mean is not that of the codes": gaussian(lambda z: cholesky(z).T, centre=lambda z: z.mean(0) + 1),
        "they no longer lean together": gaussian(lambda z: z.std(0).diag()),
        "L and Lᵀ are swapped": gaussian(cholesky),
        "in place of its root": gaussian(lambda z: torch.cov(z.T)),
        "variances were used": gaussian(lambda z: z.var(0).diag()),
        "that of N(0, I)": gaussian(lambda z: torch.eye(2)),
        "the covariance should be": gaussian(lambda z: 3 * cholesky(z).T),
        "Is it a uniform?": box,
    },
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_checks_leave_the_global_generator_alone():
    before = torch.get_rng_state()
    check("01.5", gaussian(lambda z: cholesky(z).T))
    check("01.5", without_generator)
    assert torch.equal(before, torch.get_rng_state())
