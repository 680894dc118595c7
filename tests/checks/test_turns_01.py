"""What is written within lesson 01."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import aae_lib as aae
from aae_lib import losses
from aae_lib.course.checks import turns_01
from tests.checks.answers import judged


def rows_then_mean(logits, x):
    each = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return each.flatten(1).sum(1).mean()


def networks(
    act=nn.SiLU,
    widths=(256, 256),
    code_end=(),
    image_end=(),
    unflatten=True,
):
    def build(image_shape, latent_dim):
        pixels, (a, b) = math.prod(image_shape), widths
        encoder = nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(pixels, a), act()),
            *(nn.Linear(a, b), act()),
            nn.Linear(b, latent_dim),
            *code_end,
        )
        decoder = nn.Sequential(
            *(nn.Linear(latent_dim, b), act()),
            *(nn.Linear(b, a), act()),
            nn.Linear(a, pixels),
            *image_end,
            *([nn.Unflatten(1, image_shape)] if unflatten else []),
        )
        return encoder, decoder

    return build


class Net(nn.Module):
    """The same as a class."""

    def __init__(self, before, after, end):
        super().__init__()
        self.one, self.two, self.three = nn.Linear(before, 256), nn.Linear(256, 256), nn.Linear(256, after)
        self.end = end

    def forward(self, x):
        return self.three(F.silu(self.two(F.silu(self.one(x.flatten(1)))))).reshape(len(x), *self.end)


def as_classes(image_shape, latent_dim):
    pixels = math.prod(image_shape)
    return Net(pixels, latent_dim, (latent_dim,)), Net(latent_dim, pixels, image_shape)


def by_library(image_shape, latent_dim):
    model = aae.AE(image_shape, latent_dim)
    return model.encoder, model.decoder


def tied(image_shape, latent_dim):
    encoder, decoder = networks()(image_shape, latent_dim)
    decoder[2] = encoder[3]
    return encoder, decoder


def step(loss, clear=True, back=torch.Tensor.item, steps=1):
    def training_step(encoder, decoder, optimizer, x):
        if clear:
            optimizer.zero_grad()
        value = loss(encoder, decoder, x)
        value.backward()
        for _ in range(steps):
            optimizer.step()
        return back(value)

    return training_step


def rec(e, d, x):
    return losses.bce(d(e(x)), x)


def by_grad(encoder, decoder, optimizer, x):
    parameters = [*encoder.parameters(), *decoder.parameters()]
    value = rec(encoder, decoder, x)
    for p, g in zip(parameters, torch.autograd.grad(value, parameters), strict=True):
        p.grad = g
    optimizer.step()
    return value


def codes_cut_off(encoder, decoder, x):
    return losses.bce(decoder(encoder(x).detach()), x)


def parts(a, b):
    n = len(a) // 2
    return torch.cat([a[:n], b[:n]]), torch.cat([a[n:], b[n:]]), torch.arange(2 * n) < n


def score(known, fresh, side, choose=torch.argmin):
    return (side[choose(torch.cdist(fresh, known), 1)] == side).float().mean()


def by_sklearn(a, b):
    from sklearn.neighbors import KNeighborsClassifier

    known, fresh, side = parts(a, b)
    return KNeighborsClassifier(1).fit(known, side).score(fresh, side)


def by_loops(a, b):
    n, right = len(a) // 2, 0
    for i in range(n, 2 * n):
        right += (a[i] - a[:n]).norm(dim=1).min() < (a[i] - b[:n]).norm(dim=1).min()
        right += (b[i] - b[:n]).norm(dim=1).min() < (b[i] - a[:n]).norm(dim=1).min()
    return right / (2 * n)


RIGHT = {
    "01.a": {
        "sequential": networks(),
        "classes": as_classes,
        "the library's": by_library,
        "a list": lambda shape, d: list(networks()(shape, d)),
    },
    "01.b": (
        lambda logits, x: F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x),
        rows_then_mean,
        lambda a, x: (x * F.softplus(-a) + (1 - x) * F.softplus(a)).sum() / x.shape[0],
        lambda a, x: -(x * F.logsigmoid(a) + (1 - x) * F.logsigmoid(-a)).sum((1, 2, 3)).mean(),
        lambda a, x: (F.softplus(a) - x * a).sum(dim=(1, 2, 3)).mean(),
        losses.bce,
    ),
    "01.c": {
        "as in the hint": step(rec),
        "a tensor": step(rec, back=lambda value: value),
        "autograd.grad": by_grad,
        "zero_grad after": lambda e, d, o, x: [o.zero_grad(), step(rec, clear=False)(e, d, o, x), o.zero_grad()][1],
    },
    "01.d": {
        "argmin": lambda a, b: score(*parts(a, b)),
        "sklearn": by_sklearn,
        "loops": by_loops,
    },
}

WRONG = {
    "01.a": {
        "return 2 things": lambda shape, d: networks()(shape, d)[0],
        "an nn.Sequential is asked for": lambda shape, d: ("encoder", "decoder"),
        "nn.Unflatten(1, image_shape)": networks(unflatten=False),
        "nothing between the linear layers": networks(act=nn.Identity),
        "it ends with a sigmoid": networks(image_end=(nn.Sigmoid(),)),
        "it ends with a SiLU": networks(code_end=(nn.SiLU(),)),
        "it ends with a ReLU": networks(code_end=(nn.ReLU(),)),
        "its activation is ReLU": networks(act=nn.ReLU),
        "should have the widths 12, 256, 256, 2; yours has 12, 64, 64, 2": networks(widths=(64, 64)),
        "share layers": tied,
        "must have shape (5, 2)": lambda shape, d: (networks()(shape, 3)[0], networks()(shape, d)[1]),
        "the encoder raised": lambda shape, d: networks()(shape, d)[::-1],
        "nothing else to learn": lambda shape, d: (
            nn.Sequential(networks()(shape, d)[0], nn.BatchNorm1d(d)),
            networks()(shape, d)[1],
        ),
        "something else besides": networks(image_end=(nn.Tanh(),)),
    },
    "01.b": {
        "returns nothing": lambda a, x: print(losses.bce(a, x)),
        "the mean over the pixels too": lambda a, x: F.binary_cross_entropy_with_logits(a, x),
        "the sum over the batch too": lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="sum"),
        "the other way round": lambda a, x: F.binary_cross_entropy_with_logits(a, x, reduction="sum") / x[0].numel(),
        "a sigmoid too many: ": lambda a, x: losses.bce(a.sigmoid(), x),
        "a sigmoid too many (and": lambda a, x: F.binary_cross_entropy_with_logits(a.sigmoid(), x),
        "target and prediction are swapped: x is": lambda a, x: (
            F.binary_cross_entropy(x, a.sigmoid(), reduction="sum") / len(x)
        ),
        "target and prediction are swapped: the logits come first": lambda a, x: losses.bce(x, a),
        "the sign is turned round": lambda a, x: -losses.bce(a, x),
        "only the first half": lambda a, x: -(x * a.sigmoid().log()).sum() / len(x),
        "only the second half": lambda a, x: -((1 - x) * (1 - a.sigmoid()).log()).sum() / len(x),
        "in bits": lambda a, x: (x * F.softplus(-a) + (1 - x) * F.softplus(a)).sum() / len(x) / 0.6931472,
        "this is the squared error": lambda a, x: losses.mse(a, x),
        "the loss is NaN": lambda a, x: -(x * a.log() + (1 - x) * (1 - a).log()).sum() / len(x),
        "raised RuntimeError": lambda a, x: F.binary_cross_entropy(a, x),
        "must have shape (); yours has (2,)": lambda a, x: F.binary_cross_entropy_with_logits(
            a, x, reduction="none"
        ).sum((1, 2, 3)),
        "the loss is a plain number": lambda a, x: losses.bce(a, x).item(),
        "no gradient reaches the decoder": lambda a, x: losses.bce(a.detach(), x),
        "yours says inf": lambda a, x: -(x * a.sigmoid().log() + (1 - x) * (1 - a.sigmoid()).log()).sum() / len(x),
        "yours says 200": lambda a, x: F.binary_cross_entropy(a.sigmoid(), x, reduction="sum") / len(x),
        "the loss should be": lambda a, x: losses.bce(2 * a, x),
        "in place": lambda a, x: losses.bce(a, x.mul_(1.1)),
    },
    "01.c": {
        "nothing has moved": lambda e, d, o, x: rec(e, d, x).item(),
        "the decoder has moved and the encoder has not": step(codes_cut_off),
        "it went uphill": step(lambda e, d, x: -rec(e, d, x)),
        "the mean over the pixels": step(lambda e, d, x: F.binary_cross_entropy_with_logits(d(e(x)), x)),
        "the sum over the batch": step(lambda e, d, x: len(x) * rec(e, d, x)),
        "a sigmoid too many": step(lambda e, d, x: losses.bce(d(e(x)).sigmoid(), x)),
        "this is the squared error": step(lambda e, d, x: losses.mse(d(e(x)), x)),
        "once each": step(rec, steps=2),
        "clear them first": step(rec, clear=False),
        "your function returns nothing": step(rec, back=lambda value: None),
        "not the loss from before": step(rec, back=lambda value: value.item() + 1),
    },
    "01.d": {
        "is it scored on the points that it knows": lambda a, b: score(*(2 * parts(a, b)[:1]), parts(a, b)[2]),
        "share of *wrong* answers": lambda a, b: 1 - score(*parts(a, b)),
        "in percent": lambda a, b: 100 * score(*parts(a, b)),
        "the number of right answers": lambda a, b: len(a) * score(*parts(a, b)),
        "yours is the farthest": lambda a, b: score(*parts(a, b), choose=torch.argmax),
        "the halves have changed places": lambda a, b: score(parts(a, b)[1], parts(a, b)[0], parts(a, b)[2]),
        "how often it says": lambda a, b: (
            parts(a, b)[2][torch.cdist(parts(a, b)[1], parts(a, b)[0]).argmin(1)].float().mean()
        ),
        "must have shape ()": lambda a, b: torch.cdist(a, b),
        "the accuracy should be": lambda a, b: 0.123,
        "two clouds far apart": lambda a, b: turns_01.told_apart(a, b) if (a - b).abs().max() < 50 else 0.5,
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


@pytest.mark.parametrize("number", RIGHT)
def test_what_is_borrowed_is_right(number):
    assert aae.course.check(number, aae.course.borrow(number))


def test_the_networks_are_the_librarys():
    encoder, decoder = turns_01.build((1, 8, 8), 2)
    model = aae.AE((1, 8, 8), 2, seed=0)
    nn.utils.vector_to_parameters(
        nn.utils.parameters_to_vector(model.parameters()), [*encoder.parameters(), *decoder.parameters()]
    )
    x = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(decoder(encoder(x)), model.decoder(model.encoder(x)))
