import math
from itertools import pairwise

import torch

from tests.checks.answers import judged

# ---- 12.1 gradients of shares ----


def by_stack(gradients, rows):
    weights = torch.tensor(rows) / sum(rows)
    return torch.tensordot(weights, torch.stack(list(gradients)), 1)


def by_loop(gradients, rows):
    total = torch.zeros_like(gradients[0])
    for gradient, n in zip(gradients, rows, strict=True):
        total = total + n * gradient
    return total / sum(rows)


def in_place(gradients, rows):
    gradients[0].mul_(rows[0])
    return by_loop(gradients, rows)


SHARES_WRONG = {
    "every process counts alike": lambda g, n: sum(g) / len(g),
    "the sum of means": lambda g, n: sum(g),
    "gradient of the *sum*": lambda g, n: sum(k * x for k, x in zip(n, g, strict=True)),
    "the shares are exchanged": lambda g, n: by_stack(g, n[::-1]),
    "only one process was heard": lambda g, n: g[0],
    "not by the number of processes": lambda g, n: sum(k * x for k, x in zip(n, g, strict=True)) / len(n),
    "for three processes": lambda g, n: (n[0] * g[0] + n[1] * g[1]) / (n[0] + n[1]),
    "changes its input": in_place,
    "must have shape (2,)": lambda g, n: by_stack(g, n).mean(),
    "returns nothing": lambda g, n: print(by_stack(g, n)),
}

# ---- 12.2 the arithmetic of a step ----


def by_products(sizes, batch):
    total = 0
    for layer, (a, b) in enumerate(pairwise(sizes)):
        total += a * b * (2 if layer == 0 else 3)
    return batch * total


def as_float(sizes, batch):
    return float(by_products(sizes, batch))


def as_tensor(sizes, batch):
    s = torch.tensor(sizes)
    layers = s[:-1] * s[1:]
    return batch * (3 * layers.sum() - layers[0])


def layers(sizes):
    return [a * b for a, b in pairwise(sizes)]


ARITHMETIC_WRONG = {
    "the products forwards": lambda s, n: n * sum(layers(s)),
    "the gradient of the pixels is never computed": lambda s, n: 3 * n * sum(layers(s)),
    "there are *two* products": lambda s, n: 2 * n * sum(layers(s)),
    "for one image": lambda s, n: by_products(s, 1),
    "a multiply-add is two of them": lambda s, n: 2 * by_products(s, n),
    "belongs to the *first* layer": lambda s, n: n * (3 * sum(layers(s)) - layers(s)[-1]),
    "biases are added": lambda s, n: n * (3 * (sum(layers(s)) + sum(s[1:])) - layers(s)[0]),
    "a number is asked for, and": lambda s, n: print(by_products(s, n)),
    "yours is 7": lambda s, n: 7,
}

# ---- 12.3 a choice without a look ----


def by_where(d_loss, g_loss, limit=1.0):
    return torch.where(d_loss < limit, g_loss, 0.0)


def by_masked_fill(d_loss, g_loss, limit=1.0):
    return g_loss.masked_fill(d_loss >= limit, 0.0)


CHOICE_WRONG = {
    "Python looked": lambda d, g, limit: g if d.item() < limit else torch.zeros_like(g),
    "looked at a tensor's value": lambda d, g, limit: g if d < limit else 0 * g.detach(),
    "Choose, do not multiply": lambda d, g, limit: g * (d < limit),
    "turned round": lambda d, g, limit: torch.where(d < limit, 0.0, g),
    "at the limit itself": lambda d, g, limit: torch.where(d <= limit, g, 0.0),
    "this is d_loss": lambda d, g, limit: torch.where(d < limit, d, 0.0),
    "no gradient reaches g_loss": lambda d, g, limit: torch.where(d < limit, g.detach(), 0.0),
    "plain number": lambda d, g, limit: g.item() if d.item() < limit else 0.0,
    "returns nothing": lambda d, g, limit: None,
}

# ---- 12.4 many models by one call ----


def by_sum(loss, parameters, batches):
    leaves = {name: p.detach().requires_grad_() for name, p in parameters.items()}
    total = torch.func.vmap(loss)(leaves, batches).sum()
    return dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))


def by_jacrev(loss, parameters, batches):
    return torch.vmap(lambda p, b: torch.func.jacrev(lambda q: loss(q, b))(p))(parameters, batches)


def one_by_one(loss, parameters, batches, pick=lambda s: s):
    own = [{name: p[s] for name, p in parameters.items()} for s in range(len(batches))]
    found = [torch.func.grad(loss)(p, batches[pick(s)]) for s, p in enumerate(own)]
    return {name: torch.stack([f[name] for f in found]) for name in parameters}


def scaled(factor):
    return lambda *a: {name: factor * g for name, g in by_sum(*a).items()}


MANY_WRONG = {
    "loss was called 3 times": one_by_one,
    "gradient of the *mean* over the models": scaled(1 / 3),
    "all models were given the first batch": lambda *a: one_by_one(*a, pick=lambda s: 0),
    "the sign is turned round": scaled(-1),
    "were added up": lambda *a: {name: g.sum(0, keepdim=True).expand_as(g) for name, g in by_sum(*a).items()},
    "must have shape (3, 4, 2)": lambda *a: {name: g[0] for name, g in by_sum(*a).items()},
    "a dict with the names": lambda *a: list(by_sum(*a).values()),
}

# ---- 12.5 is it better? ----


def by_hand(a, b):
    d = [float(y - x) for x, y in zip(a, b, strict=True)]
    mean, n = sum(d) / len(d), len(d)
    return mean, math.sqrt(sum((x - mean) ** 2 for x in d) / (n - 1) / n)


def as_tensors(a, b):
    d = b - a
    return d.mean(), d.std() / len(d) ** 0.5


def errors_as(error):
    return lambda a, b: ((b - a).mean(), error(a, b, b - a, len(a)))


BETTER_WRONG = {
    "the sign is turned round": lambda a, b: as_tensors(b, a),
    "the mean difference is 1.0000": lambda a, b: (b.mean(), 0.0),
    "this is the standard deviation": errors_as(lambda a, b, d, n: d.std()),
    "the *root* of n": errors_as(lambda a, b, d, n: d.std() / n),
    "n − 1 in the variance": errors_as(lambda a, b, d, n: d.std(correction=0) / n**0.5),
    "for *other* seeds": errors_as(lambda a, b, d, n: (a.var() / n + b.var() / n).sqrt()),
    "this is its square": errors_as(lambda a, b, d, n: d.var() / n),
    "a pair of numbers": lambda a, b: (b - a).mean(),
}

test_right, test_wrong = judged(
    {
        "12.1": (by_stack, by_loop),
        "12.2": (by_products, as_float, as_tensor),
        "12.3": (by_where, by_masked_fill),
        "12.4": (by_sum, by_jacrev),
        "12.5": (by_hand, as_tensors),
    },
    {
        "12.1": SHARES_WRONG,
        "12.2": ARITHMETIC_WRONG,
        "12.3": CHOICE_WRONG,
        "12.4": MANY_WRONG,
        "12.5": BETTER_WRONG,
    },
)
