import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib.course.checks import borrow
from aae_lib.course.checks.lesson_09 import small_world
from tests.checks.answers import judged

# ---- 09.1 classification, where labels are known ----


def by_ignoring(m, b, t):
    return F.cross_entropy(m.encoder.logits(b["x_in"]), b["y"], ignore_index=-1)


def by_gather(m, b, t):
    rows = (b["y"] != -1).nonzero()[:, 0]
    log_p = m.encoder.logits(b["x_in"])[rows].log_softmax(1)
    return -log_p.gather(1, b["y"][rows, None]).mean()


def by_loop(m, b, t):
    logits = m.encoder.logits(b["x_in"])
    terms = [logits[i].logsumexp(0) - logits[i, k] for i, k in enumerate(b["y"].tolist()) if k >= 0]
    return torch.stack(terms).mean()


def of_logits(formula):
    return lambda m, b, t: formula(m.encoder.logits(b["x_in"]), b["y"])


def own(logits, y):
    return logits[y >= 0], y[y >= 0]


CLASSIFICATION_WRONG = {
    "softmax is taken twice: cross_entropy wants logits": of_logits(
        lambda a, y: F.cross_entropy(own(a, y)[0].softmax(1), own(a, y)[1])
    ),
    "divided by all images": of_logits(lambda a, y: F.cross_entropy(a, y, ignore_index=-1, reduction="sum") / len(y)),
    "this is the sum": of_logits(lambda a, y: F.cross_entropy(a, y, ignore_index=-1, reduction="sum")),
    "−1 was taken for class 0. It means": of_logits(lambda a, y: F.cross_entropy(a, y.clamp(min=0))),
    "class 0 is left out": of_logits(lambda a, y: F.cross_entropy(a[y > 0], y[y > 0])),
    "the *last* one in Python": of_logits(lambda a, y: -a.log_softmax(1)[torch.arange(len(y)), y].mean()),
    "the sign is turned round": of_logits(lambda a, y: -F.cross_entropy(a, y, ignore_index=-1)),
    "the log is missing": of_logits(lambda a, y: -own(a, y)[0].softmax(1)[range(3), own(a, y)[1]].mean()),
    "of the clean images": lambda m, b, t: F.cross_entropy(m.encoder.logits(b["x"]), b["y"], ignore_index=-1),
    "very sure, and wrong": of_logits(lambda a, y: F.nll_loss(a.softmax(1).log(), y, ignore_index=-1)),
    "no gradient reaches": of_logits(lambda a, y: F.cross_entropy(a.detach(), y, ignore_index=-1).requires_grad_()),
    "must have shape ()": of_logits(lambda a, y: F.cross_entropy(*own(a, y), reduction="none")),
    "plain number": lambda m, b, t: by_ignoring(m, b, t).item(),
    "raised IndexError": of_logits(lambda a, y: F.cross_entropy(a, y)),
    "returns nothing": lambda m, b, t: print("loss"),
}  # fmt: skip

# ---- 09.2 an epoch ----


def by_split(n, labelled, size, generator):
    rows = torch.randperm(n, generator=generator).split(size)
    return [(r, labelled[torch.randint(len(labelled), (size,), generator=generator)]) for r in rows if len(r) == size]


def by_cycling(n, labelled, size, generator):
    """The labelled ones as an endless stream of permutations."""
    steps = n // size
    stream = torch.cat(
        [labelled[torch.randperm(len(labelled), generator=generator)] for _ in range(steps * size // len(labelled) + 1)]
    )
    order = torch.randperm(n, generator=generator)[: steps * size].view(steps, size)
    return list(zip(order, stream[: steps * size].view(steps, size), strict=True))


def labels_first(n, labelled, size, generator):
    """The labelled rows are drawn before the order of the images: with other numbers, one may come in no batch."""
    known = labelled[torch.randint(len(labelled), (n // size, size), generator=generator)]
    order = torch.randperm(n, generator=generator)[: n // size * size].view(-1, size)
    return list(zip(order, known, strict=True))


def variant(
    steps=None, same=False, places=False, shuffled=True, again=False, glob=False, everything=False, fresh=False
):
    def f(n, labelled, size, generator):
        if glob or fresh:
            generator = torch.Generator().manual_seed(5) if fresh else None
        order = torch.randperm(n, generator=generator) if shuffled else torch.arange(n)
        draw = lambda: torch.randint(len(labelled), (size,), generator=generator)  # noqa: E731
        first, pairs = draw(), []
        for k in range(steps(n, labelled, size) if steps else n // size):
            rows = torch.randint(n, (size,), generator=generator) if again else order[k * size : (k + 1) * size]
            where = first if same else draw()
            known = where if places else order[:size] if everything else labelled[where]
            pairs.append((rows, known))
        return pairs

    return f


def zipped(n, labelled, size, generator):
    rows = torch.randperm(n, generator=generator).split(size)
    return list(zip(rows, labelled[torch.randperm(len(labelled), generator=generator)].split(size), strict=False))


EPOCH_WRONG = {
    "You counted in *labelled* batches": variant(steps=lambda n, labelled, size: len(labelled) // size),
    "are 7 batches": zipped,
    "The last one is not full": variant(steps=lambda n, labelled, size: -(-n // size)),
    "a batch for each label": variant(steps=lambda n, labelled, size: len(labelled)),
    "comes twice in one epoch": variant(again=True),
    "in the order of the file": variant(shuffled=False),
    "the same labelled rows": variant(same=True),
    "places in `labelled`": variant(places=True),
    "images without a label": variant(everything=True),
    "global generator has moved": variant(glob=True),
    "the same order": variant(fresh=True),
    "6 whole numbers": lambda n, labelled, size, g: [(r, labelled) for r, _ in by_split(n, labelled, size, g)],
    "list of pairs": lambda n, labelled, size, g: [1] * (n // size),
    "returns nothing": lambda n, labelled, size, g: print("epoch"),
}

# ---- 09.3 the reconstruction ----


def by_mse(m, b, t):
    logits, z = m.encoder.both(b["x_in"])
    out = m.decoder(torch.cat((logits.softmax(dim=-1), z), dim=-1))
    return 0.5 * F.mse_loss(out.sigmoid(), b["x"], reduction="sum") / b["x"].shape[0]


def by_library(m, b, t):
    logits, z = m.encoder.both(b["x_in"])
    return aae.losses.half_squared_error(m.decoder(torch.cat([F.softmax(logits, 1), z], 1)), b["x"])


def by_image(m, b, t):
    logits, z = m.encoder.both(b["x_in"])
    y = logits.exp() / logits.exp().sum(1, keepdim=True)
    pictures = 1 / (1 + torch.exp(-m.decoder(torch.hstack([y, z]))))
    return torch.stack([(s - x).pow(2).sum() / 2 for s, x in zip(pictures, b["x"], strict=True)]).mean()


def half(y=lambda a: a.softmax(1), read="x_in", target="x", factor=0.5, style=1.0, squash=torch.sigmoid):
    def f(m, b, t):
        logits, z = m.encoder.both(b[read])
        s = squash(m.decoder(torch.cat([y(logits), style * z], 1)))
        return factor * (b[target] - s).square().flatten(1).sum(1).mean()

    return f


RECONSTRUCTION_WRONG = {
    "this is the *mean* over the pixels": half(factor=0.25),
    "half the *mean* over the pixels": half(factor=0.125),
    "the factor ½ is missing": half(factor=1.0),
    "the sum over the batch": half(factor=1.5),
    "the whole sum": half(factor=3.0),
    "the decoder got logits": half(y=lambda a: a),
    "not the sigmoid": half(y=torch.sigmoid),
    "rounded to one-hot": half(y=lambda a: F.one_hot(a.argmax(1), 3).float()),
    "the decoder gives logits": half(squash=lambda a: a),
    "the target is noisy": half(target="x_in"),
    "the clean image was encoded": half(read="x"),
    "z is missing": half(style=0.0),
    "binary cross-entropy": lambda m, b, t: aae.losses.bce(
        m.decoder(torch.cat([m.encoder.both(b["x_in"])[0].softmax(1), m.encoder.both(b["x_in"])[1]], 1)), b["x"]
    ),
    "no gradient reaches": lambda m, b, t: by_mse(m, {"x": b["x"], "x_in": b["x_in"].detach()}, t).requires_grad_(),
    "raised RuntimeError": lambda m, b, t: m.decoder(m.encoder.logits(b["x_in"])).sum(),
    "returns nothing": lambda m, b, t: print("loss"),
}

# ---- 09.4 choose, then report ----


def wrong_share(model, split):
    return (model.classify(split.images).argmax(1) != split.labels).double().mean()


def in_a_loop(models, data):
    best, least = None, 2.0
    for name, model in models.items():
        said = model.classify(data.validation.images).argmax(1)
        error = 1 - (said == data.validation.labels).float().mean().item()
        if error < least:
            best, least = name, error
    return best, aae.metrics.classification_error(models[best], data.test)


def by_library_error(models, data):
    errors = {name: aae.metrics.classification_error(m, data.validation) for name, m in models.items()}
    name = sorted(errors, key=errors.get)[0]
    return [name, wrong_share(models[name], data.test)]


def pick(chooser, report, best=min):
    def f(models, data):
        name = best(models, key=lambda n: wrong_share(models[n], getattr(data, chooser)))
        return name, report(wrong_share(models[name], data.test), models, data, name)

    return f


def as_it_is(error, *_):
    return error


CHOICE_WRONG = {
    "you chose on the *test* split": pick("test", as_it_is),
    "by the training images": pick("train", as_it_is),
    "the *largest* validation error": pick("validation", as_it_is, best=max),
    "you took the first": lambda models, data: ("a", wrong_share(models["a"], data.test)),
    "by which it was chosen": pick("validation", lambda e, models, data, n: wrong_share(models[n], data.validation)),
    "this is the accuracy": pick("validation", lambda e, *_: 1 - e),
    "a number of images": pick("validation", lambda e, models, data, n: e * len(data.test)),
    "in percent": pick("validation", lambda e, *_: 100 * e),
    "on the training images": pick("validation", lambda e, models, data, n: wrong_share(models[n], data.train)),
    "its test error is": pick("validation", lambda e, *_: e / 3),
    "the test error of 5 models": pick(
        "validation", lambda e, models, data, n: [wrong_share(m, data.test) for m in models.values()] and e
    ),
    "the second thing, the test error, must be one number": pick("validation", lambda e, *_: "small"),
    "two things": lambda models, data: "b",
    "there is no model": lambda models, data: ("best", 0.1),
    "returns nothing": lambda models, data: print("b"),
}

# ---- 09.5 without a player ----


def by_masking(y):
    def entropy(p):
        return -torch.where(p > 0, p * p.clamp(min=1e-30).log(), 0.0).sum(-1)

    return entropy(y).mean() - entropy(y.mean(dim=0))


def by_divergence(y):
    """Minus the mean KL divergence of each row from the mean row: the mutual information of image and category."""
    m = y.mean(0, keepdim=True)
    return -(torch.xlogy(y, y) - torch.xlogy(y, m)).sum() / len(y)


def by_distributions(y):
    """Categorical divides each row by its sum: other slopes by y, the same ones by the logits of y."""
    each, mean = torch.distributions.Categorical(y), torch.distributions.Categorical(y.mean(0))
    return each.entropy().mean() - mean.entropy()


def with_floor(y):
    y = y + 1e-7
    return -(y * y.log()).sum(1).mean() + (y.mean(0) * y.mean(0).log()).sum()


def rows(y):
    return torch.special.entr(y).sum(1)


def even(y):
    return torch.special.entr(y.mean(0)).sum()


PLAYER_WRONG = {
    "the signs are turned round": lambda y: even(y) - rows(y).mean(),
    "both entropies are made small": lambda y: even(y) + rows(y).mean(),
    "sure rows alone": lambda y: rows(y).mean(),
    "an even mean alone": lambda y: -even(y),
    "not their sum": lambda y: rows(y).sum() - even(y),
    "a *sum* over the categories": lambda y: torch.special.entr(y).mean() - even(y),
    "in bits": lambda y: by_masking(y) / 0.6931471805599453,
    "no softmax": lambda y: by_masking(y.softmax(1)),
    "over the images, dim 0": lambda y: rows(y).mean() - torch.special.entr(y.mean(1)).sum(),
    "0 · log 0": lambda y: -(y * y.log()).sum(1).mean() + (y.mean(0) * y.mean(0).log()).sum(),
    "must have shape ()": lambda y: rows(y) - even(y),
    "plain number": lambda y: by_masking(y).item(),
    "no gradient reaches": lambda y: by_masking(y.detach()).requires_grad_(),
    "returns nothing": lambda y: print("entropy"),
}

RIGHT = {
    "09.1": [by_ignoring, by_gather, by_loop],
    "09.2": [by_split, by_cycling, labels_first, variant()],
    "09.3": [by_mse, by_library, by_image],
    "09.4": [in_a_loop, by_library_error, pick("validation", as_it_is)],
    "09.5": [by_masking, by_divergence, with_floor, by_distributions],
}
WRONG = {
    "09.1": CLASSIFICATION_WRONG,
    "09.2": EPOCH_WRONG,
    "09.3": RECONSTRUCTION_WRONG,
    "09.4": CHOICE_WRONG,
    "09.5": PLAYER_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_the_models_of_the_choice_have_the_errors_they_should():
    """Each way of choosing wrongly must lead to a model of its own, or the sentence would be wrong."""
    data, models = small_world()
    errors = {n: [float(wrong_share(m, getattr(data, part))) for part in aae.data.PARTS] for n, m in models.items()}
    best = [min(errors, key=lambda n: errors[n][k]) for k in range(3)]
    assert best == ["d", "b", "c"]


def test_the_borrowed_reconstruction_is_the_librarys(digits):
    model = aae.SemiSupervisedAAE(digits.image_shape, 4, hidden=(16,), reconstruction="half_squared_error", seed=0)
    x = aae.data.scale(digits.train.images[:5])
    batch = {"x": x, "x_in": x.flip(0)}
    phase = model.phases()[0]
    value = borrow("09.3")(model, batch, {})
    assert torch.isclose(value, phase.loss(model, batch, {}), rtol=1e-5)
