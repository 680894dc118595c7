"""Right and wrong answers to what lesson 08 asks for in place: parts, D's input, a told decoder, styles, a reader."""

import math

import torch
import torch.nn.functional as F
from sklearn.neighbors import KNeighborsClassifier

import aae_lib as aae
from tests.checks.answers import judged

# ---- 08.a ----


def ring(part=None, place=None, noise=None, radius=2.5, spread=(0.5, 0.15)):
    """The right answer with one of its pieces replaced."""

    def f(y, generator=None):
        drawn = torch.randint(10, y.shape, generator=generator)
        p = torch.where(y < 0, drawn, y) if part is None else part(y, drawn)
        a = 2 * math.pi / 10 * p
        out, side = torch.stack([a.cos(), a.sin()], 1), torch.stack([-a.sin(), a.cos()], 1)
        e = torch.randn(len(y), 2, generator=generator) if noise is None else noise(len(y), generator)
        if place is not None:
            return place(a, out, e)
        return (radius + spread[0] * e[:, :1]) * out + spread[1] * e[:, 1:] * side

    return f


def by_complex(y, generator=None):
    e = torch.randn(len(y), 2, generator=generator)
    part = y.clone()
    part[y < 0] = torch.randint(0, 10, (int((y < 0).sum()),), generator=generator)
    turn = torch.polar(torch.ones(len(y)), part * (2 * math.pi / 10))
    return torch.view_as_real(torch.complex(2.5 + 0.5 * e[:, 0], 0.15 * e[:, 1]) * turn)


def by_loop(y, generator=None):
    shares = torch.full((10,), 0.1)
    any_part = torch.multinomial(shares, len(y), replacement=True, generator=generator)
    z = torch.empty(len(y), 2)
    for k in range(10):
        own = (y == k) | ((y == -1) & (any_part == k))
        n, a = int(own.sum()), torch.tensor(2 * math.pi * k / 10)
        turn = torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]])
        e = torch.randn(n, 2, generator=generator) * torch.tensor([0.5, 0.15])
        z[own] = (e + torch.tensor([2.5, 0.0])) @ turn
    return z


def library(y, generator=None):
    return aae.priors.GaussianRing(10).sample(len(y), generator=generator, labels=y)


def around(y, generator=None):
    z = ring()(y, generator)
    anywhere = 2 * math.pi * torch.rand(len(y), 1, generator=generator)
    on_circle = 2.5 * torch.cat([anywhere.cos(), anywhere.sin()], 1)
    return torch.where((y < 0)[:, None], on_circle, z)


# ---- 08.b ----


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


# ---- 08.c ----


def by_sklearn(z, y, z_new, y_new):
    return KNeighborsClassifier(5).fit(z.numpy(), y.numpy()).score(z_new.numpy(), y_new.numpy())


def by_sorting(z, y, z_new, y_new):
    right = 0
    for code, label in zip(z_new, y_new, strict=True):
        nearest = ((z - code) ** 2).sum(1).argsort()[:5]
        right += int(y[nearest].bincount().argmax() == label)
    return right / len(z_new)


def votes(distance=torch.cdist, k=5, largest=False, count=None):
    def f(z, y, z_new, y_new):
        named = y[distance(z_new, z).topk(k, largest=largest).indices]
        if count is not None:
            return count(named, y_new)
        return (named.mode(1).values == y_new).float().mean()

    return f


# ---- 08.d ----


def told(order=1, label=None, loss=aae.losses.bce, scale=1.0):
    def f(model, batch, terms):
        y = batch["y"]
        y = F.one_hot(y, model.categories).float() if label is None else label(y, model)
        parts = [y, model.encoder(batch["x"])][::order]
        return scale * loss(model.decoder(torch.cat(parts, 1)), batch["x"])

    return f


def the_library(model, batch, terms):
    return model.image_loss(model.decoded(batch), batch["x"])


# ---- 08.e ----


def row_by_row(model, images, labels):
    return torch.stack([model.decode(z.expand(len(labels), -1), labels) for z in model.encode(images)])


def column_by_column(model, images, labels):
    z = model.encode(images)
    return torch.stack([model.decode(z, k.expand(len(z))) for k in labels], 1)


def in_one_go(model, images, labels, order=None):
    z, n, k = model.encode(images), len(images), len(labels)
    first, second = (z.repeat_interleave(k, 0), labels.repeat(n)) if order is None else order(z, labels, n, k)
    return model.decode(first, second).unflatten(0, (n, k))


RIGHT = {
    "08.a": {"as in the lesson": ring(), "complex numbers": by_complex, "a loop": by_loop, "the library": library},
    "08.b": D_INPUT,
    "08.c": {"as in the lesson": votes(), "scikit-learn": by_sklearn, "sorting": by_sorting},
    "08.d": {
        "as in the lesson": told(),
        "identity": told(label=lambda y, m: torch.eye(m.categories)[y]),
        "the model's": told(label=lambda y, m: m.one_hot(y)),
        "the library": the_library,
    },
    "08.e": {"as in the lesson": in_one_go, "rows": row_by_row, "columns": column_by_column},
}
WRONG = {
    "08.a": {
        "returns nothing": lambda y, generator=None: print(y),
        "raised TypeError": lambda y: torch.zeros(len(y), 2),
        "must have shape (20000, 2)": lambda y, generator=None: ring()(y, generator).T,
        "global generator": lambda y, generator=None: ring()(y),
        "two calls in a row": lambda y, generator=None: ring()(y, torch.Generator().manual_seed(0)),
        "the label has no say": ring(part=lambda y, drawn: drawn),
        "clockwise": ring(part=lambda y, drawn: -torch.where(y < 0, drawn, y)),
        "sine and cosine": lambda y, generator=None: ring()(y, generator).flip(1),
        "in radians": ring(part=lambda y, drawn: 10 / (2 * math.pi) * 36 * torch.where(y < 0, drawn, y)),
        "on the unit circle": ring(radius=1.0, spread=(0.1, 0.05)),
        "should be 2.5 from the origin": ring(radius=3.0),
        "they need noise": ring(spread=(0.0, 0.0)),
        "have changed places: 0.5": ring(spread=(0.15, 0.5)),
        "the same noise": ring(noise=lambda n, g: torch.randn(n, 1, generator=g).expand(n, 2)),
        "has to turn with its part": ring(place=lambda a, out, e: 2.5 * out + e * torch.tensor([0.5, 0.15])),
        "spreads by 0.25 and 0.15": ring(spread=(0.25, 0.15)),
        "yours are all of part 9": ring(part=lambda y, drawn: y),
        "equally likely": ring(part=lambda y, drawn: torch.where(y < 0, drawn % 9, y)),
        "lie between them": around,
    },
    "08.b": D_INPUT_WRONG,
    "08.c": {
        "returns nothing": lambda z, y, a, b: print(z),
        "is *wrong*": lambda *c: 1 - by_sorting(*c),
        "in per cent": lambda *c: 100 * by_sorting(*c),
        "the number of codes that are read right": lambda *c: 40 * by_sorting(*c),
        "*farthest*": votes(largest=True),
        "the one nearest code": votes(k=1),
        "asks three codes": votes(k=3),
        "the mean of five labels": votes(count=lambda named, y: (named.float().mean(1).round() == y).float().mean()),
        "let the five vote first": votes(count=lambda named, y: (named == y[:, None]).float().mean()),
        "the known codes are read here": lambda z, y, a, b: by_sorting(z, y, z, y),
        "must have shape ()": lambda z, y, a, b: torch.zeros(40),
        "the share should be": lambda *c: by_sorting(*c) / 2,
    },
    "08.d": {
        "returns nothing": lambda m, b, t: print(b),
        "the code comes first": told(order=-1),
        "is told nothing": told(label=lambda y, m: torch.zeros(len(y), m.categories)),
        "in another order": told(label=lambda y, m: torch.eye(m.categories)[y.roll(1)]),
        "the squared error": told(loss=aae.losses.mse),
        "the mean over the pixels": told(scale=0.25),
        "the sum over the images": told(scale=5.0),
        "no sigmoid before": told(loss=lambda logits, x: aae.losses.bce(logits.sigmoid(), x)),
        "raised RuntimeError": told(label=lambda y, m: F.one_hot(y).float()),  # no image here is of the last class
        "no gradient reaches the encoder": lambda m, b, t: aae.losses.bce(
            m.decoder(torch.cat([m.one_hot(b["y"]), m.encoder(b["x"]).detach()], 1)), b["x"]
        ),
        "the decoder gets no code": lambda m, b, t: aae.losses.bce(
            m.decoder(torch.cat([m.one_hot(b["y"]), 0 * m.encoder(b["x"])], 1)), b["x"]
        ),
        "the loss should be": told(scale=2.0),
    },
    "08.e": {
        "returns nothing": lambda m, x, y: print(y),
        "yours are turned round": lambda m, x, y: in_one_go(m, x, y).transpose(0, 1),
        "in one list": lambda m, x, y: in_one_go(m, x, y).flatten(0, 1),
        "must have shape (3, 4, 1, 2, 2)": lambda m, x, y: m.decode(m.encode(x), y[:3]),
        "nothing has been decoded": lambda m, x, y: x[:, None].expand(3, 4, 1, 2, 2),
        "asked for are those in `labels`": lambda m, x, y: in_one_go(m, x, torch.arange(len(y))),
        "in an order that mixes the rows": lambda m, x, y: in_one_go(
            m, x, y, lambda z, y, n, k: (z.repeat(k, 1), y.repeat_interleave(n))
        ),
        "run side by side": lambda m, x, y: in_one_go(m, x, y, lambda z, y, n, k: (z.repeat(k, 1), y.repeat(n))),
        "run backwards": lambda m, x, y: in_one_go(m, x, y.flip(0)),
        "the sheet should be": lambda m, x, y: in_one_go(m, x, y) / 2,
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))


def test_the_part_of_a_class_is_that_of_the_library():
    y = torch.arange(4000) % 10
    mine, theirs = (
        f(y, torch.Generator().manual_seed(seed)) for seed, f in ((0, aae.course.borrow("08.a")), (1, library))
    )
    for k in range(10):
        floor = aae.metrics.mmd(theirs[y == k][:200], theirs[y == k][200:])
        assert aae.metrics.mmd(mine[y == k], theirs[y == k]) < max(floor, 0) + 0.01
