import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from aae_lib import losses
from tests.checks.answers import judged

LOG_2PI = math.log(2 * math.pi)

# ---- 02.1: the KL to any round Gaussian ----


def kl_terms(mean, log_var, centre, sd, *, half=0.5, swap=False, dim=1):
    each = math.log(sd) - log_var / 2 + (log_var.exp() + (mean - centre) ** 2) / (2 * sd**2) - half
    return -each.sum(dim) if swap else each.sum(dim)


def kl_by_torch(mean, log_var, centre, sd):
    prior = Normal(centre, torch.full_like(centre, sd))
    return kl_divergence(Normal(mean, (0.5 * log_var).exp()), prior).sum(-1)


def kl_by_shift(mean, log_var, centre, sd):
    """In units of sd, about the centre, it is the KL to N(0, I); row by row, since the library takes the mean."""
    mean, log_var = (mean - centre) / sd, log_var - 2 * math.log(sd)
    return torch.stack([losses.gaussian_kl(m[None], v[None]) for m, v in zip(mean, log_var, strict=True)])


KL = {"terms": kl_terms, "torch's own": kl_by_torch, "shifted": kl_by_shift}
KL_WRONG = {
    "your function returns nothing": lambda m, v, c, s: print(kl_terms(m, v, c, s)),
    "Yours keeps them, with shape (3, 2)": lambda m, v, c, s: kl_terms(m, v, c, s)[:, None] + 0 * m,
    "must have shape (3,)": lambda m, v, c, s: kl_terms(m, v, c, s).mean(),
    "a KL is never negative": lambda m, v, c, s: kl_terms(m, v, c, s, swap=True),
    "mean over the dimensions": lambda m, v, c, s: kl_terms(m, v, c, s) / 2,
    "the −1/2 is missing": lambda m, v, c, s: kl_terms(m, v, c, s, half=0),
    "inside of the sum": lambda m, v, c, s: kl_terms(m, v, c, s, half=0) - 0.5,
    "not log(σ/s)": lambda m, v, c, s: (v / 2 - math.log(s) + (v.exp() + (m - c) ** 2) / (2 * s**2) - 0.5).sum(1),
    "log σ is *half* of log_var": lambda m, v, c, s: kl_terms(m, v, c, s) - (v / 2).sum(1),
    "s was not squared": lambda m, v, c, s: (math.log(s) - v / 2 + (v.exp() + (m - c) ** 2) / (2 * s) - 0.5).sum(1),
    "the 2 is missing": lambda m, v, c, s: (math.log(s) - v / 2 + (v.exp() + (m - c) ** 2) / s**2 - 0.5).sum(1),
    "log_var was taken for log σ": lambda m, v, c, s: kl_terms(m, 2 * v, c, s),
    "yours is its square": lambda m, v, c, s: kl_terms(m, 2 * v, c, s) + (v / 2).sum(1),
    "σ is used where σ²": lambda m, v, c, s: kl_terms(m, v / 2, c, s) - (v / 4).sum(1),
    "log_var is used where σ²": lambda m, v, c, s: (math.log(s) - v / 2 + (v + (m - c) ** 2) / (2 * s**2) - 0.5).sum(1),
    "is not squared": lambda m, v, c, s: (math.log(s) - v / 2 + (v.exp() + m - c) / (2 * s**2) - 0.5).sum(1),
    "the centre is not used": lambda m, v, c, s: kl_terms(m, v, 0, s),
    "sd is not used": lambda m, v, c, s: kl_terms(m, v, c, 1.0),
    "this is the KL to N(0, I)": lambda m, v, c, s: kl_terms(m, v, 0, 1.0),
    "the two are swapped": lambda m, v, c, s: kl_divergence(
        Normal(c, torch.full_like(c, s)), Normal(m, (v / 2).exp())
    ).sum(1),
    "no gradient reaches the mean": lambda m, v, c, s: kl_terms(m.detach(), v.detach(), c, s),
    "no gradient reaches log_var": lambda m, v, c, s: kl_terms(m, v.detach(), c, s),
    "for one image and four dimensions": lambda m, v, c, s: kl_terms(m, v, c, s, half=0) - 1,
}

# ---- 02.2: the KL by one draw ----


def draw_kl(m, v, e, lp, *, z=None, at=None, constant=LOG_2PI, width=1.0, sign=1.0, own=1.0):
    z = m + (v / 2).exp() * e if z is None else z
    at = z if at is None else at
    log_q = (-0.5 * ((z - m) ** 2 / v.exp() + width * v + constant)).sum(1)
    return (own * log_q - sign * lp(at)).mean()


def draw_by_torch(m, v, e, lp):
    q = Normal(m, torch.exp(0.5 * v))
    z = q.mean + q.stddev * e
    return (q.log_prob(z).sum(1) - lp(z)).mean()


def draw_by_noise(m, v, e, lp):
    """At z = m + sd e the square is just e²."""
    return (-(e**2 + v + LOG_2PI).sum(1) / 2 - lp(m + (v / 2).exp() * e)).sum() / len(m)


DRAW = {"by hand": draw_kl, "torch's own": draw_by_torch, "from the noise": draw_by_noise}
DRAW_WRONG = {
    "returns nothing": lambda m, v, e, lp: print(draw_kl(m, v, e, lp)),
    "must have shape (); yours has (3,)": lambda m, v, e, lp: draw_kl(m, v, e, lp) + 0 * m[:, 0],
    "a plain number": lambda m, v, e, lp: draw_kl(m, v, e, lp).item(),
    "the sign is turned round": lambda m, v, e, lp: -draw_kl(m, v, e, lp),
    "the sum over the images": lambda m, v, e, lp: 3 * draw_kl(m, v, e, lp),
    "only −log p(z)": lambda m, v, e, lp: draw_kl(m, v, e, lp, own=0),
    "only log q(z|x)": lambda m, v, e, lp: draw_kl(m, v, e, lp, sign=0),
    "subtracted, not added": lambda m, v, e, lp: draw_kl(m, v, e, lp, sign=-1),
    "lacks its constant": lambda m, v, e, lp: draw_kl(m, v, e, lp, constant=0),
    "lacks −½ log_var": lambda m, v, e, lp: draw_kl(m, v, e, lp, width=0),
    "what keeps its mass at 1": lambda m, v, e, lp: draw_kl(m, v, e, lp, width=0, constant=0),
    "not −log_var": lambda m, v, e, lp: draw_kl(m, v, e, lp, width=2),
    "yours has σ² in place": lambda m, v, e, lp: draw_kl(m, v, e, lp, z=m + v.exp() * e),
    "yours has log σ²": lambda m, v, e, lp: draw_kl(m, v, e, lp, z=m + v * e),
    "the σ is missing": lambda m, v, e, lp: draw_kl(m, v, e, lp, z=m + e),
    "the noise is not used": lambda m, v, e, lp: draw_kl(m, v, e, lp, z=m),
    "log p is asked at the mean": lambda m, v, e, lp: draw_kl(m, v, e, lp, at=m),
    "not a code yet": lambda m, v, e, lp: draw_kl(m, v, e, lp, z=e),
    "asked at the noise": lambda m, v, e, lp: draw_kl(m, v, e, lp, at=e),
    "the closed form for N(0, I)": lambda m, v, e, lp: losses.gaussian_kl(m, v),
    "do not draw in here": lambda m, v, e, lp: draw_kl(m, v, torch.randn_like(m), lp),
    "no gradient reaches the mean": lambda m, v, e, lp: draw_kl(m.detach(), v.detach(), e, lp),
    "the gradient that reaches the mean is not": lambda m, v, e, lp: draw_kl(
        m, v, e, lp, z=(m + (v / 2).exp() * e).detach()
    ),
}

# ---- 02.3: the log density of q(z) ----


def parts_of(z, m, v, *, constant=LOG_2PI, width=1.0):
    return -0.5 * ((z[:, None] - m) ** 2 / v.exp() + width * v + constant)  # (M, N, d)


def mixture_by_torch(z, m, v):
    parts = Independent(Normal(m, (v / 2).exp()), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(m))), parts).log_prob(z)


def log_q_loop(z, m, v):
    rows = []
    for point in z:
        rows.append(torch.stack([Normal(a, (b / 2).exp()).log_prob(point).sum() for a, b in zip(m, v, strict=True)]))
    best = torch.stack(rows)
    top = best.amax(1, keepdim=True)
    return ((best - top).exp().mean(1)).log() + top[:, 0]


def log_q(z, m, v, **options):
    return parts_of(z, m, v, **options).sum(2).logsumexp(1) - math.log(len(m))


LOG_Q = {"logsumexp": log_q, "torch's mixture": mixture_by_torch, "a loop": log_q_loop}
LOG_Q_WRONG = {
    "returns nothing": lambda z, m, v: print(log_q(z, m, v)),
    "has one for each of the 3 blobs": lambda z, m, v: parts_of(z, m, v).sum(2).logsumexp(0),
    "this is the whole table": lambda z, m, v: parts_of(z, m, v).sum(2),
    "its log is asked for": lambda z, m, v: log_q(z, m, v).exp(),
    "the log of the *sum*": lambda z, m, v: parts_of(z, m, v).sum(2).logsumexp(1),
    "the mean of the logs": lambda z, m, v: parts_of(z, m, v).sum(2).mean(1),
    "a product of densities": lambda z, m, v: parts_of(z, m, v).sum((1, 2)),
    "the best blob alone": lambda z, m, v: parts_of(z, m, v).sum(2).amax(1),
    "lacks its height": lambda z, m, v: log_q(z, m, v, width=0, constant=0),
    "lacks −½ log_var": lambda z, m, v: log_q(z, m, v, width=0),
    "lacks −½ log 2π": lambda z, m, v: log_q(z, m, v, constant=0),
    "yours takes their mean": lambda z, m, v: parts_of(z, m, v).mean(2).logsumexp(1) - math.log(len(m)),
    "forgets which coordinates": lambda z, m, v: (parts_of(z, m, v).logsumexp(1) - math.log(len(m))).sum(1),
    "log_var was taken for log σ": lambda z, m, v: log_q(z, m, 2 * v),
    "one Gaussian fitted to the cloud": lambda z, m, v: losses.normal_log_prob(z, m.mean(0), m.var(0).log()),
    "at a point far away": lambda z, m, v: parts_of(z, m, v).sum(2).exp().mean(1).log(),
    "log q(z) should be": lambda z, m, v: log_q(z, m, v) + 0.1,
    "for a single blob": lambda z, m, v: parts_of(z, m, v).sum(2).logsumexp(1) - math.log(3),
}

# ---- 02.4: total correlation ----


def tc_by_torch(z, m, v):
    uniform = Categorical(torch.ones(len(m)))
    joint = mixture_by_torch(z, m, v)
    alone = [
        MixtureSameFamily(uniform, Normal(m[:, j], (v[:, j] / 2).exp())).log_prob(z[:, j]) for j in range(m.shape[1])
    ]
    return (joint - torch.stack(alone).sum(0)).mean()


def tc(z, m, v, *, joint=1.0, alone=1.0, each=1.0, whole=1.0):
    n, table = math.log(len(m)), parts_of(z, m, v)
    log_joint = table.sum(2).logsumexp(1) - whole * n
    return (joint * log_joint - alone * (table.logsumexp(1) - each * n).sum(1)).mean()


TC = {
    "one table": tc,
    "a plain number": lambda z, m, v: tc(z, m, v).item(),
    "torch's mixtures": tc_by_torch,
    "log q twice": lambda z, m, v: (
        log_q(z, m, v) - sum(log_q(z[:, [j]], m[:, [j]], v[:, [j]]) for j in range(m.shape[1]))
    ).mean(),
}
TC_WRONG = {
    "returns nothing": lambda z, m, v: print(tc(z, m, v)),
    "must have shape (); yours has (4,)": lambda z, m, v: tc(z, m, v) + 0 * z[:, 0],
    "this is 0 for any blobs": lambda z, m, v: (log_q(z, m, v) - log_q(z, m, v)).mean(),
    "the sign is turned round": lambda z, m, v: -tc(z, m, v),
    "this is the sum over the points": lambda z, m, v: 4 * tc(z, m, v),
    "each needs its own −log N": lambda z, m, v: tc(z, m, v, each=0.5),
    "it needs its −log N": lambda z, m, v: tc(z, m, v, whole=0),
    "yours are averaged": lambda z, m, v: tc(z, m, v, alone=0.5),
    "not the sum": lambda z, m, v: tc(z, m, v, alone=-1),
    "log q(z) alone": lambda z, m, v: tc(z, m, v, alone=0),
    "the coordinates' logs alone": lambda z, m, v: tc(z, m, v, joint=0, alone=-1),
    "compares q(z) with N(0, I)": lambda z, m, v: (log_q(z, m, v) - losses.normal_log_prob(z, 0 * z, 0 * z)).mean(),
    "not the mean of the logs": lambda z, m, v: (
        parts_of(z, m, v).sum(2).mean(1) - (parts_of(z, m, v).logsumexp(1) - math.log(3)).sum(1)
    ).mean(),
    "four equal blobs": lambda z, m, v: tc(z, m, v) + (0.1 if len(m) == 4 and m.shape[1] == 2 else 0),
    "at a point far away": lambda z, m, v: (log_q(z, m, v) - parts_of(z, m, v).exp().mean(1).log().sum(1)).mean(),
    "for three dimensions": lambda z, m, v: tc(z[:, :2], m[:, :2], v[:, :2]),
}

# ---- 02.5: a tighter bound ----


def weights(x, p, q):
    return x + p - q


def bound_loop(x, p, q):
    values = []
    for i in range(x.shape[1]):
        w = weights(x[:, i], p[:, i], q[:, i])
        values.append(torch.log(torch.exp(w - w.max()).mean()) + w.max())
    return torch.stack(values).mean()


BOUND = {
    "logsumexp": lambda x, p, q: weights(x, p, q).logsumexp(0).mean() - math.log(len(x)),
    "a loop": bound_loop,
    "a plain number": lambda x, p, q: bound_loop(x, p, q).item(),
    "in double": lambda x, p, q: (
        weights(x, p, q).double().exp().mean(0).log().mean().float() if x.min() > -500 else bound_loop(x, p, q)
    ),
}
BOUND_WRONG = {
    "returns nothing": lambda x, p, q: print(bound_loop(x, p, q)),
    "must have shape (); yours has (3,)": lambda x, p, q: weights(x, p, q).logsumexp(0),
    "the sign is turned round": lambda x, p, q: -bound_loop(x, p, q),
    "the ELBO again": lambda x, p, q: weights(x, p, q).mean(),
    "minus log K": lambda x, p, q: weights(x, p, q).logsumexp(0).mean(),
    "this is the sum over the images": lambda x, p, q: 3 * bound_loop(x, p, q),
    "mean over the *images*": lambda x, p, q: bound_loop(x.T, p.T, q.T),
    "one log for everything": lambda x, p, q: weights(x, p, q).flatten().logsumexp(0) - math.log(x.numel()),
    "log q is subtracted": lambda x, p, q: bound_loop(x, p, -q),
    "log p is added": lambda x, p, q: bound_loop(x, -p, -q),
    "log q is missing": lambda x, p, q: bound_loop(x, p, 0 * q),
    "log p is missing": lambda x, p, q: bound_loop(x, 0 * p, q),
    "log p and log q are missing": lambda x, p, q: bound_loop(x, 0 * p, 0 * q),
    "the best draw alone": lambda x, p, q: weights(x, p, q).amax(0).mean(),
    "784 pixels": lambda x, p, q: weights(x, p, q).exp().mean(0).log().mean(),
    "the bound should be": lambda x, p, q: bound_loop(x, p, q) + 0.1,
    "for one draw": lambda x, p, q: weights(x, p, q).logsumexp(0).mean() - math.log(2),
}


RIGHT = {"02.1": KL, "02.2": DRAW, "02.3": LOG_Q, "02.4": TC, "02.5": BOUND}
WRONG = {"02.1": KL_WRONG, "02.2": DRAW_WRONG, "02.3": LOG_Q_WRONG, "02.4": TC_WRONG, "02.5": BOUND_WRONG}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
