"""Right and wrong answers to what lesson 09 asks for in place: a labelled batch, the error, y and z decoded, a game."""

import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib.course.checks import borrow
from tests.checks.answers import judged

# ---- 09.a a labelled batch ----


def batch(of=None, pick=None, join=torch.cat, generator=None):
    """The loop over the classes with a part replaced."""

    def f(labels, classes, each, g):
        g = generator() if generator else g
        rows = []
        for k in range(classes):
            known = (labels == k).nonzero()[:, 0] if of is None else of(labels, k)
            places = torch.randint(len(known), (each,), generator=g) if pick is None else pick(known, each, g)
            rows.append(known[places])
        return join(rows)

    return f


def by_weights(labels, classes, each, generator):
    chosen = [
        torch.multinomial((labels == k).float(), each, replacement=True, generator=generator) for k in range(classes)
    ]
    return torch.stack(chosen).flatten()


def by_cycling(labels, classes, each, generator):
    """Permutations of the class's images, one after the other, and all classes mixed."""
    rows = []
    for k in range(classes):
        known = torch.where(labels == k)[0]
        times = each // len(known) + 1
        rows.append(torch.cat([known[torch.randperm(len(known), generator=generator)] for _ in range(times)])[:each])
    mixed = torch.cat(rows)
    return mixed[torch.randperm(len(mixed), generator=generator)]


def unbalanced(labels, classes, each, generator):
    known = (labels >= 0).nonzero()[:, 0]
    return known[torch.randint(len(known), (classes * each,), generator=generator)]


def places_only(labels, classes, each, generator):
    return torch.cat([torch.randint(int((labels == k).sum()), (each,), generator=generator) for k in range(classes)])


def cycled(labels, classes, each, generator):
    return torch.cat([(labels == k).nonzero()[:, 0].repeat(each)[:each] for k in range(classes)])


def always_three(labels, classes, each, generator):
    return batch()(labels, 3, 200, generator)


BATCH_WRONG = {
    "every class should come": unbalanced,
    "no label": lambda labels, classes, each, g: torch.randint(len(labels), (classes * each,), generator=g),
    "places in the list": places_only,
    "never come": batch(pick=lambda known, each, g: torch.randint(1, (each,), generator=g)),
    "global generator has moved": batch(generator=lambda: None),
    "every call gives the same rows": cycled,
    "shape (600,)": batch(pick=lambda known, each, g: torch.randperm(len(known), generator=g)[:each]),
    "torch.cat joins": batch(join=list),
    "yours has shape (3, 200)": batch(join=torch.stack),
    "whole numbers": batch(join=lambda rows: torch.cat(rows).float()),
    "raised RuntimeError": always_three,
    "row numbers run from": batch(join=lambda rows: torch.cat(rows) + 20),
    "returns nothing": lambda labels, classes, each, g: print("rows"),
}  # fmt: skip

# ---- 09.b the error ----


def by_counting(model, split):
    pairs = zip(model.classify(split.images).argmax(1).tolist(), split.labels.tolist(), strict=True)
    known = [found == label for found, label in pairs if label >= 0]
    return 1 - sum(known) / len(known)


def of(formula, known=lambda labels: labels >= 0):
    def f(model, split):
        rows = known(split.labels)
        wrong = model.classify(split.images[rows]).argmax(1) != split.labels[rows]
        return formula(wrong.float(), split)

    return f


def every(labels):
    return torch.ones_like(labels, dtype=torch.bool)


ERROR_WRONG = {
    "the share that is right": of(lambda wrong, split: 1 - wrong.mean()),
    "−1 was taken for a label": of(lambda wrong, split: wrong.mean(), every),
    "divide by all images": of(lambda wrong, split: wrong.sum() / len(split)),
    "class 0 is left out": of(lambda wrong, split: wrong.mean(), lambda labels: labels > 0),
    "a share of those that have": of(lambda wrong, split: int(wrong.sum())),
    "those without a label among them": of(lambda wrong, split: wrong.sum(), every),
    "in percent": of(lambda wrong, split: 100 * wrong.mean()),
    "the error is 0.5; yours is 0.25": of(lambda wrong, split: wrong.mean() ** 2),
    "both of two images are right": lambda model, split: 0.5,
    "must have shape ()": of(lambda wrong, split: wrong),
    "raised RuntimeError": lambda model, split: (model.classify(split.images).argmax(0) != split.labels).float().mean(),
    "returns nothing": lambda model, split: print("error"),
}

# ---- 09.c decoded from both parts ----


def by_hand(m, b, t):
    logits, z = m.encoder.both(b["x_in"])
    out = m.decoder(torch.hstack([F.softmax(logits, dim=-1), z]))
    return F.binary_cross_entropy_with_logits(out, b["x"], reduction="sum") / len(out)


def by_shares(m, b, t):
    logits, z = m.encoder.both(b["x_in"])
    y = logits.exp() / logits.exp().sum(1, keepdim=True)
    s = m.decoder(torch.cat((y, z), -1)).sigmoid()
    return F.binary_cross_entropy(s, b["x"], reduction="none").flatten(1).sum(1).mean()


def decoded(
    y=lambda a: a.softmax(1), read="x_in", target="x", style=1.0, loss=aae.losses.bce, parts=lambda y, z: (y, z)
):
    def f(m, b, t):
        logits, z = m.encoder.both(b[read])
        return loss(m.decoder(torch.cat(parts(y(logits), style * z), 1)), b[target])

    return f


RECONSTRUCTION_WRONG = {
    "the decoder got logits": decoded(y=lambda a: a),
    "not the sigmoid": decoded(y=torch.sigmoid),
    "rounded to one-hot": decoded(y=lambda a: F.one_hot(a.argmax(1), 3).float()),
    "log-probabilities": decoded(y=lambda a: a.log_softmax(1)),
    "have changed places": decoded(parts=lambda y, z: (z, y)),
    "the target is noisy": decoded(target="x_in"),
    "the clean image was encoded": decoded(read="x"),
    "z is missing": decoded(style=0.0),
    "y is missing": decoded(y=torch.zeros_like),
    "yours was done twice": decoded(loss=lambda out, x: aae.losses.bce(out.sigmoid(), x)),
    "the squared error": decoded(loss=aae.losses.mse),
    "the sign is turned round": decoded(loss=lambda out, x: -aae.losses.bce(out, x)),
    "the mean over the pixels": decoded(loss=lambda out, x: aae.losses.bce(out, x) / 4),
    "the sum over the images": decoded(loss=lambda out, x: 3 * aae.losses.bce(out, x)),
    "something was cut off": decoded(y=lambda a: a.softmax(1).detach()),
    "raised RuntimeError": lambda m, b, t: aae.losses.bce(m.decoder(m.encoder.logits(b["x_in"])), b["x"]),
    "returns nothing": lambda m, b, t: print("loss"),
}

# ---- 09.d the game for y ----


def by_softplus(d, y_prior, logits):
    y = F.softmax(logits, -1)
    return F.softplus(-d(y_prior)).mean() + F.softplus(d(y.detach())).mean(), F.softplus(-d(y)).mean()


def by_bce(d, y_prior, logits):
    def said(rows, answer):
        out = d(rows)
        return F.binary_cross_entropy_with_logits(out, torch.full_like(out, answer))

    y = logits.softmax(1)
    return [said(y_prior, 1.0) + said(y.detach(), 0.0), said(y, 1.0)]


def game(y=lambda a: a.softmax(1), d_loss=aae.losses.discriminator_loss, g_loss=aae.losses.generator_loss, cut=True):
    def f(d, y_prior, logits):
        rows = y(logits)
        fake = d(rows.detach() if cut else rows)
        return d_loss(d(y_prior), fake), g_loss(d(rows))

    return f


def bce_twice(real, fake):
    return aae.losses.discriminator_loss(real.sigmoid(), fake.sigmoid())


GAME_WRONG = {
    "D_y got logits": game(y=lambda a: a),
    "not the sigmoid": game(y=torch.sigmoid),
    "rounded to one-hot": game(y=lambda a: F.one_hot(a.argmax(1), 3).float()),
    "a row should sum to 1": game(y=lambda a: a.softmax(0)),
    "log-probabilities": game(y=lambda a: a.log_softmax(1)),
    "samples and categories have changed places": game(d_loss=lambda r, f: aae.losses.discriminator_loss(f, r)),
    "the two losses have changed places": lambda d, p, a: by_softplus(d, p, a)[::-1],
    "what of the samples of p(y)": game(d_loss=lambda r, f: F.softplus(f).mean()),
    "what of the encoder's categories": game(d_loss=lambda r, f: F.softplus(-r).mean()),
    "yours was done twice": game(d_loss=bce_twice),
    "the sum of two means": game(d_loss=lambda r, f: aae.losses.discriminator_loss(r, f) / 2),
    "take the means": game(d_loss=lambda r, f: 5 * aae.losses.discriminator_loss(r, f)),
    "D_y learns to be wrong": game(d_loss=lambda r, f: -aae.losses.discriminator_loss(r, f)),
    "the saturating form": game(g_loss=aae.losses.saturating_generator_loss),
    "this is −log(1 − D_y)": game(g_loss=lambda f: F.softplus(f).mean()),
    "of the prior samples": lambda d, p, a: (by_softplus(d, p, a)[0], aae.losses.generator_loss(d(p))),
    "themselves; yours was done twice": game(g_loss=lambda f: aae.losses.generator_loss(f.sigmoid())),
    "loss of D_y once more": lambda d, p, a: (by_softplus(d, p, a)[0],) * 2,
    "take the mean.": game(g_loss=lambda f: 5 * aae.losses.generator_loss(f)),
    "now easier to find": game(g_loss=lambda f: -aae.losses.generator_loss(f)),
    "reaches the encoder. Cut it off": game(cut=False),
    "no gradient reaches the encoder": lambda d, p, a: by_softplus(d, p, a.detach()),
    "return 2 things": lambda d, p, a: by_softplus(d, p, a)[0],
    "returns nothing": lambda d, p, a: print("losses"),
}

RIGHT = {
    "09.a": {"as in the lesson": batch(), "weights": by_weights, "cycling": by_cycling},
    "09.b": {
        "as in the lesson": of(lambda wrong, split: wrong.mean()),
        "counting": by_counting,
    },
    "09.c": [by_hand, by_shares, decoded()],
    "09.d": [by_softplus, by_bce, game()],
}
WRONG = {"09.a": BATCH_WRONG, "09.b": ERROR_WRONG, "09.c": RECONSTRUCTION_WRONG, "09.d": GAME_WRONG}

test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)


def test_what_is_lent_is_what_the_library_runs(digits):
    model = aae.SemiSupervisedAAE(digits.image_shape, 4, hidden=(16,), discriminator_hidden=(8,), seed=0)
    g = torch.Generator().manual_seed(0)
    x = aae.data.scale(digits.train.images[:5])
    b = {"x": x, "x_in": x.flip(0), "y_prior": model.category_prior.sample(5, generator=g)}
    of_library = {phase.name: phase for phase in model.phases()}
    assert torch.isclose(borrow("09.c")(model, b, {}), of_library["reconstruction"].loss(model, b, {}), rtol=1e-5)
    mine = borrow("09.d")(model.discriminator_y, b["y_prior"], model.encoder.logits(b["x_in"]))
    b |= of_library["discriminator_y"].share(model, b)
    for value, name in zip(mine, ("discriminator_y", "generator_y"), strict=True):
        assert torch.isclose(value, of_library[name].loss(model, b, {}), rtol=1e-5)
    assert abs(borrow("09.b")(model, digits.test) - aae.metrics.classification_error(model, digits.test)) < 1e-6
