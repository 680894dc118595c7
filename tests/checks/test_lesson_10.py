"""The checks of lesson 10: right answers, however written, pass; typical mistakes are told what is wrong."""

import torch
from scipy.optimize import linear_sum_assignment

from tests.checks.answers import judged

# ---- 10.1: a map of limited size ----


def loop(w, apart):
    total = w.new_zeros(())
    for i in range(len(w)):
        for j in range(i):
            total = total + torch.relu(apart - torch.dist(w[i], w[j]))
    return total


def outside(w, radius):
    return torch.relu(w.norm(dim=1) - radius)


def with_roots(w, apart, radius, eps=1e-12):
    distance = ((w[:, None] - w[None]).square().sum(2) + eps).sqrt()
    far = (w.square().sum(1) + eps).sqrt()
    return (apart - distance).clamp(min=0).triu(1).sum() + (far - radius).clamp(min=0).sum()


DISC = {
    "a loop": lambda w, apart, radius: loop(w, apart) + outside(w, radius).sum(),
    "roots with a little under them": with_roots,
    "pdist": lambda w, apart, radius: torch.relu(apart - torch.pdist(w)).sum() + outside(w, radius).sum(),
}
DISC_WRONG = {
    "the hinge alone": lambda w, apart, radius: loop(w, apart),
    "the disc alone": lambda w, apart, radius: outside(w, radius).sum(),
    "*inside* of the disc": lambda w, apart, radius: loop(w, apart) + torch.relu(radius - w.norm(dim=1)).sum(),
    "must add 0, not less": lambda w, apart, radius: loop(w, apart) + (w.norm(dim=1) - radius).sum(),
    "the second sum is a mean": lambda w, apart, radius: loop(w, apart) + outside(w, radius).mean(),
    "it is linear": lambda w, apart, radius: loop(w, apart) + outside(w, radius).square().sum(),
    "square of the distance": lambda w, apart, radius: loop(w, apart) + torch.relu(w.square().sum(1) - radius).sum(),
    "the radius has no say": lambda w, apart, radius: loop(w, apart) + w.norm(dim=1).sum(),
    "counted twice": lambda w, apart, radius: 2 * loop(w, apart) + outside(w, radius).sum(),
    "pairs count twice": lambda w, apart, radius: 2 * loop(w, apart) + len(w) * apart + outside(w, radius).sum(),
    "it would push heads out": lambda w, apart, radius: loop(w, apart) - outside(w, radius).sum(),
    "the sign is turned round": lambda w, apart, radius: -loop(w, apart) - outside(w, radius).sum(),
    "a root has no slope at 0": lambda w, apart, radius: with_roots(w, apart, radius, eps=0),
    "no gradient reaches the heads": lambda w, apart, radius: (
        loop(w.detach(), apart) + outside(w.detach(), radius).sum()
    ),
    "a plain number": lambda w, apart, radius: (loop(w, apart) + outside(w, radius).sum()).item(),
}

# ---- 10.2: names of clusters ----


def counts_of(p, labels):
    table = torch.zeros(int(labels.max()) + 1, p.shape[1], dtype=torch.long)
    for label, k in zip(labels.tolist(), p.argmax(1).tolist(), strict=True):
        table[label, k] += 1
    return table


def by_loops(p, labels, rule, *, keep=True, left=-1, maximize=True):
    table, names = counts_of(p, labels), []
    if rule == "hungarian":
        names = [left] * p.shape[1]
        for c, k in zip(*linear_sum_assignment(table, maximize=maximize), strict=True):
            names[k] = int(c)
        return torch.tensor(names)
    for k in range(p.shape[1]):
        sure = int(labels[p[:, k].argmax()])
        own = labels[p.argmax(1) == k]
        vote = int(own.mode().values) if len(own) else sure if keep else 0
        names.append(sure if rule == "confident" else vote)
    return torch.tensor(names)


def by_one_hot(p, labels, rule):
    known = torch.nn.functional.one_hot(labels).float()
    table = known.T @ torch.nn.functional.one_hot(p.argmax(1), p.shape[1]).float()
    sure = labels[p.max(0).indices]
    if rule == "confident":
        return sure
    if rule == "majority":
        return torch.where(table.sum(0) == 0, sure, table.max(0).indices)
    classes, clusters = linear_sum_assignment(-table)
    names = -torch.ones(p.shape[1], dtype=torch.long)
    names[clusters] = torch.tensor(classes)
    return names


NAMES = {"loops": by_loops, "one-hot": by_one_hot}
NAMES_WRONG = {
    "this is the majority rule; here one image decides": lambda p, y, rule: by_loops(p, y, "majority"),
    "numbers of the most confident images": lambda p, y, rule: p.argmax(0),
    "this is the confident rule; here all images": lambda p, y, rule: by_loops(p, y, "confident"),
    "nobody votes": lambda p, y, rule: by_loops(p, y, rule, keep=False),
    "every class is given to one cluster only": lambda p, y, rule: by_loops(
        p, y, rule.replace("hungarian", "majority")
    ),
    "maximize=True": lambda p, y, rule: by_loops(p, y, rule, maximize=False),
    "must get -1": lambda p, y, rule: by_loops(p, y, rule, left=0),
    "a name for each of the 5 clusters": lambda p, y, rule: y[p.argmax(1)],
    "must be a tensor of whole numbers": lambda p, y, rule: by_loops(p, y, rule).tolist(),
    "whole numbers. Add .long()": lambda p, y, rule: by_loops(p, y, rule).float(),
    "the names should be": lambda p, y, rule: by_loops(p, y, rule).flip(0),
}

# ---- 10.3: two entropies ----


def entropy(s):
    s = s[s > 0]
    return -(s * s.log()).sum()


def by_rows(p):
    return entropy(p.mean(0)), torch.stack([entropy(row) for row in p]).mean()


def plain(p):
    return -(p.mean(0) * p.mean(0).log()).sum(), -(p * p.log()).sum(1).mean()


ENTROPIES = {
    "rows": by_rows,
    "xlogy": lambda p: (-torch.xlogy(p.mean(0), p.mean(0)).sum(), -torch.xlogy(p, p).sum(1).mean()),
    "a list": lambda p: list(by_rows(p)),
    "distributions": lambda p: (
        torch.distributions.Categorical(p.mean(0)).entropy(),
        torch.distributions.Categorical(p).entropy().mean(),
    ),
}
ENTROPIES_WRONG = {
    "have changed places": lambda p: by_rows(p)[::-1],
    "Average the *rows* first": lambda p: (by_rows(p)[1],) * 2,
    "log of a share is negative": lambda p: (-by_rows(p)[0], by_rows(p)[1]),
    "in bits": lambda p: tuple(h / torch.log(torch.tensor(2.0)) for h in by_rows(p)),
    "a number of clusters": lambda p: tuple(h.exp() for h in by_rows(p)),
    "counted by argmax": lambda p: (entropy(p.argmax(1).bincount(minlength=p.shape[1]) / len(p)), by_rows(p)[1]),
    "they must sum to 1": lambda p: (torch.special.entr(p.sum(0)).sum(), by_rows(p)[1]),
    "do not average over them": lambda p: (torch.special.entr(p.mean(0)).mean(), by_rows(p)[1]),
    "each image has its own entropy": lambda p: (by_rows(p)[0],) * 2,
    "this is the sum over the images": lambda p: (by_rows(p)[0], torch.special.entr(p).sum()),
    "average over the images only": lambda p: (by_rows(p)[0], torch.special.entr(p).mean()),
    "a share of exactly 0": plain,
    "two numbers are asked for": lambda p: by_rows(p)[0] - by_rows(p)[1],
    "your function returns nothing": lambda p: print(by_rows(p)),
}

# ---- 10.4: trustworthiness ----


def sklearns(x, places, k):
    from sklearn.manifold import trustworthiness

    return float(trustworthiness(x.numpy(), places.numpy(), n_neighbors=k))


def one_by_one(x, places, k, *, oneself=float("inf"), clamp=True, first=1, order=False, whole=True):
    n, total = len(x), 0.0
    for i in range(n):
        far, near = ((points - points[i]).double().square().sum(1) for points in (x, places))
        far[i] = near[i] = oneself
        listed = far.argsort()
        rank = listed if order else torch.empty_like(listed).index_put_((listed,), torch.arange(n))
        missed = rank[near.argsort()[:k]] + first - k
        total += float((missed.clamp(min=0) if clamp else missed).sum())
    return torch.tensor(1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total if whole else total)


def kept(x, places, k):
    far, near = (torch.cdist(p, p).fill_diagonal_(1e9).topk(k, largest=False).indices for p in (x, places))
    return torch.tensor([len({*a.tolist()} & {*b.tolist()}) / k for a, b in zip(far, near, strict=True)]).mean()


TRUST = {"scikit-learn": sklearns, "one by one": one_by_one}
TRUST_WRONG = {
    "data and map have changed places": lambda x, places, k: one_by_one(places, x, k),
    "this is what is lost": lambda x, places, k: 1 - one_by_one(x, places, k),
    "the double sum alone": lambda x, places, k: one_by_one(x, places, k, whole=False),
    "every point is its own nearest neighbour": lambda x, places, k: one_by_one(x, places, k, oneself=0),
    "a neighbour of rank k or less": lambda x, places, k: one_by_one(x, places, k, clamp=False),
    "the ranks begin at 0": lambda x, places, k: one_by_one(x, places, k, first=0),
    "argsort of the argsort": lambda x, places, k: one_by_one(x, places, k, order=True),
    "the share of neighbours kept": kept,
    "the trustworthiness should be": lambda x, places, k: one_by_one(x, places, k + 1),
    "with k = 7": lambda x, places, k: one_by_one(x, places, k if k < 7 else 4),
}

# ---- 10.5: information in place of the game for y ----


def by_distributions(model, batch, terms):
    y = torch.distributions.Categorical(logits=model.encoder.logits(batch["x_in"]))
    return y.entropy().mean() - torch.special.entr(y.probs.mean(0)).sum()


def as_divergence(model, batch, terms):
    """I(x; y) = mean KL(p_n to the mean of p)."""
    log_p = model.encoder.logits(batch["x_in"]).log_softmax(1)
    mean = log_p.exp().mean(0)
    return -(log_p.exp() * (log_p - mean.clamp(min=1e-30).log())).sum(1).mean()


def parts(model, batch):
    p = model.encoder.logits(batch["x_in"]).softmax(1)
    return torch.special.entr(p.mean(0)).sum(), torch.special.entr(p).sum(1).mean()


def rough(model, batch, terms):
    p = model.encoder.logits(batch["x_in"]).softmax(1)
    return -(p * p.log()).sum(1).mean() + (p.mean(0) * p.mean(0).log()).sum()


def without_softmax(model, batch, terms):
    p = model.encoder.logits(batch["x_in"])
    return torch.special.entr(p).sum(1).mean() - torch.special.entr(p.mean(0)).sum()


def detached(model, batch, terms):
    even, unsure = parts(model, batch)
    return unsure - even.detach()


INFORMATION = {"log_softmax": as_divergence, "distributions": by_distributions}
INFORMATION_WRONG = {
    "the sign is turned round": lambda m, b, t: -as_divergence(m, b, t),
    "makes them use all categories": lambda m, b, t: parts(m, b)[1],
    "makes an image decide": lambda m, b, t: -parts(m, b)[0],
    "the two are added": lambda m, b, t: sum(parts(m, b)),
    "take their mean over the batch": lambda m, b, t: 4 * parts(m, b)[1] - parts(m, b)[0],
    "softmax first": without_softmax,
    "the gradient that reaches the encoder is not": detached,
    "yours is not finite": rough,
    "a plain number": lambda m, b, t: as_divergence(m, b, t).item(),
}

RIGHT = {"10.1": DISC, "10.2": NAMES, "10.3": ENTROPIES, "10.4": TRUST, "10.5": INFORMATION}
WRONG = {
    "10.1": DISC_WRONG,
    "10.2": NAMES_WRONG,
    "10.3": ENTROPIES_WRONG,
    "10.4": TRUST_WRONG,
    "10.5": INFORMATION_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
