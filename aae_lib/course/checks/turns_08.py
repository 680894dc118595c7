"""Checks of what the learner writes within lesson 08: a part for each class, what D and decoder are told, styles."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ... import losses
from ...models.supervised import SupervisedAAE
from .answers import Wrong, call, equal, gradient, number, tensor
from .lesson_05 import MANY, near, samples
from .lesson_08 import Mistakes, readable_model
from .tasks import task

PARTS, RADIUS, RADIAL, ACROSS = 10, 2.5, 0.5, 0.15  # of the ring
NEIGHBOURS = 5


# ---- 08.a: a part of the prior for each class ----


def class_sample(y: Tensor, generator: Generator | None = None) -> Tensor:
    """A point of part y of the ring for each label y (N,), of any part where it is -1: (N, 2)."""
    any_part = torch.randint(PARTS, y.shape, generator=generator)
    angle = torch.where(y < 0, any_part, y) * (2 * math.pi / PARTS)
    noise = torch.randn(len(y), 2, generator=generator)
    along, across = RADIUS + RADIAL * noise[:, 0], ACROSS * noise[:, 1]
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([along * cos - across * sin, along * sin + across * cos], 1)


@task(
    "08.a",
    "a part of the prior for each class",
    hints=(
        "First the part of each point: y itself, and where y is -1 a random number from 0 to 9. Then a point of that "
        "part: 2.5 + 0.5 ε outwards, and 0.15 ε across.",
        "part = torch.where(y < 0, torch.randint(10, y.shape, generator=generator), y); a = 2 * math.pi / 10 * part. "
        "Outwards is torch.stack([a.cos(), a.sin()], 1), across torch.stack([-a.sin(), a.cos()], 1).",
        "noise = torch.randn(len(y), 2, generator=generator); "
        "return (2.5 + 0.5 * noise[:, :1]) * outwards + 0.15 * noise[:, 1:] * across",
    ),
    part=lambda: class_sample,
)
def own_part(f: Any) -> str:
    """f(y, generator=None) -> (N, 2)."""
    y = torch.arange(MANY) % (PARTS + 1) - 1

    def drawn(n: int, generator: Generator | None = None) -> Tensor:
        if isinstance(f, type) or not callable(f):
            return call(f, y[:n])  # it says so
        return f(y[:n], generator=generator)

    z = samples(drawn, (MANY, 2))
    known = y >= 0
    along, across = _turned(z[known], y[known])
    part = _part(z)
    right = float((part[known] == y[known]).float().mean())
    if right < 0.7:
        _wrong_places(z[known], y[known], part[known], right)
    if near(float(along.mean()), 1.0, 0.1):
        raise Wrong("not yet: the parts lie on the unit circle; their middle is 2.5 from the origin.")
    if not near(float(along.mean()), RADIUS, 0.05):
        raise Wrong(f"not yet: the parts should be 2.5 from the origin; yours are {float(along.mean()):.2f}.")
    _noise(along, across)
    _turning(z[known], y[known])
    _no_label(z[~known], part[~known])
    return "right: each label has its part, and no label has them all."


def _turned(z: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    """Every point turned back by the angle of its part: how far along the radius, how far across."""
    angle = part * (2 * math.pi / PARTS)
    return z[:, 0] * angle.cos() + z[:, 1] * angle.sin(), z[:, 1] * angle.cos() - z[:, 0] * angle.sin()


def _part(z: Tensor) -> Tensor:
    """The part in whose direction a point lies."""
    return (torch.atan2(z[:, 1], z[:, 0]) / (2 * math.pi / PARTS)).round().long() % PARTS


def _wrong_places(z: Tensor, y: Tensor, part: Tensor, right: float) -> None:
    if near(right, 1 / PARTS, 0.03) and near(float((part == part.roll(PARTS)).float().mean()), 1 / PARTS, 0.03):
        raise Wrong("not yet: the label has no say in where a point lies: where y is not -1, the part is y.")
    if float((part == -y % PARTS).float().mean()) > 0.9:
        raise Wrong("not yet: the classes go round clockwise; anticlockwise the point is (cos a, sin a).")
    if float((_part(z.flip(1)) == y).float().mean()) > 0.9:
        raise Wrong("not yet: sine and cosine have changed places: (cos a, sin a).")
    wrong = int((part != y).float().argmax())
    raise Wrong(
        f"not yet: class {int(y[wrong])} should lie at the angle 2π · {int(y[wrong])}/10, in radians; a point of yours "
        f"lies in the part of class {int(part[wrong])}."
    )


def _noise(along: Tensor, across: Tensor) -> None:
    wide, thin = float(along.std()), float(across.std())
    if wide < 0.01 and thin < 0.01:
        raise Wrong("not yet: all points of a part are the same: they need noise.")
    if near(wide, ACROSS, 0.02) and near(thin, RADIAL, 0.02):
        raise Wrong("not yet: the two spreads have changed places: 0.5 along the radius, 0.15 across it.")
    if abs(float(torch.corrcoef(torch.stack([along, across]))[0, 1])) > 0.9:
        raise Wrong("not yet: both directions get the same noise: draw it of shape (N, 2).")


def _turning(z: Tensor, y: Tensor) -> None:
    """Wrong unless every part is long along its own radius."""
    for part in range(PARTS):
        along, across = (float(v.std()) for v in _turned(z[y == part], y[y == part]))
        if near(along, RADIAL, 0.05) and near(across, ACROSS, 0.02):
            continue
        if part and near(float(z[y == part, 0].std()), RADIAL, 0.05):
            raise Wrong(
                "not yet: the noise has to turn with its part: 0.5 goes along the radius of *this* part, not along z₁."
            )
        raise Wrong(
            f"not yet: a part should spread by 0.5 along the radius and by 0.15 across it; that of class {part} "
            f"spreads by {along:.2f} and {across:.2f}."
        )


def _no_label(z: Tensor, part: Tensor) -> None:
    shares = part.bincount(minlength=PARTS) / len(z)
    if shares.max() > 0.9:
        raise Wrong(
            f"nearly: without a label, -1, a point may be of any part; yours are all of part {int(shares.argmax())}."
        )
    if (shares - 1 / PARTS).abs().max() > 0.03:
        raise Wrong("nearly: without a label all ten parts should be equally likely: torch.randint(10, y.shape, ...).")
    if not near(float(_turned(z, part)[1].std()), ACROSS, 0.02):
        raise Wrong("nearly: without a label a point should still lie in one of the ten parts; yours lie between them.")


# ---- 08.b: what D sees ----


def d_input(z: Tensor, y: Tensor, classes: int) -> Tensor:
    """Codes z (N, d) next to their one-hot labels y (N,), -1 for none: (N, d + classes + 1)."""
    one_hot = torch.eye(classes + 1, device=z.device)[y]  # row -1 of the identity is its last
    return torch.cat([z, one_hot], 1)


@task(
    "08.b",
    "what the discriminator sees",
    hints=(
        "One-hot: classes + 1 numbers, all 0 but a 1. Where does the 1 stand for label 3, and where for no label, -1?",
        "The rows of an identity matrix are one-hot vectors, and in Python row -1 is the last one: torch.eye(...)[y].",
        "torch.cat([z, torch.eye(classes + 1)[y]], 1): side by side, so along dimension 1.",
    ),
    part=lambda: d_input,
)
def what_d_sees(f: Any) -> str:
    """f(z, y, classes) -> (N, d + classes + 1)."""
    z = torch.tensor([[0.5, -1.0], [2.0, 0.3], [-0.7, 1.1], [0.2, 0.9]], requires_grad=True)
    y, classes = torch.tensor([2, 0, -1, 1]), 3
    value, n = call(f, z, y, classes), len(z)
    width = value.shape[1] if isinstance(value, Tensor) and value.dim() == 2 and len(value) == n else None
    if width == 2 + classes:
        raise Wrong(f"not yet: {classes} places for {classes} classes, and none for “no label”. Add one, the last.")
    if width == 3:
        raise Wrong("not yet: a label is a name, not an amount; as one number, class 2 would lie between 1 and 3.")
    value = tensor(value, (n, 2 + classes + 1), "the input of D", like=z)
    eye = torch.eye(classes + 1)
    right = d_input(z, y, classes)
    none_is_zero = torch.cat([eye, torch.zeros(1, classes + 1)])[[2, 0, -1, 1]]
    mistakes = (
        (torch.cat([eye[y], z], 1), "the label comes first; asked for is the code, then the label."),
        (
            torch.cat([z, eye[y + 1]], 1),
            "“no label” has the first place, and all classes moved on by one; it is the last.",
        ),
        (torch.cat([z, eye[y % classes]], 1), "“no label” was made the last class: -1 needs a place of its own."),
        (torch.cat([z, eye[y.clamp(min=0)]], 1), "“no label” was made class 0: -1 needs a place of its own."),
        (torch.cat([z, none_is_zero], 1), "without a label your row holds zeros only: the last place should hold a 1."),
    )
    equal(value, right, mistakes, "the input")
    gradient(value.square().sum(), z, 2 * z.detach(), "the codes")
    nobody = torch.full((2,), -1)
    equal(
        tensor(call(f, z[:2], nobody, 5), (2, 8), "the input"), d_input(z[:2], nobody, 5), (), "the input of 5 classes"
    )
    return "right: the code, the class, and a place of its own for “no label”."


# ---- 08.c: can the class be read off the style? ----


def vote(places: Tensor, labels: Tensor, new: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """The most frequent label among the k places (N, d) nearest to each new one (M, d): (M,)."""
    nearest = torch.cdist(new, places).topk(k, largest=False).indices  # (M, k)
    return labels[nearest].mode(1).values


def read_off(z: Tensor, y: Tensor, z_new: Tensor, y_new: Tensor) -> float:
    """The share of new codes whose class most of their five nearest known codes name."""
    return float((vote(z, y, z_new) == y_new).float().mean())


@task(
    "08.c",
    "the class, read off the style",
    hints=(
        "For each new code: how far is every known one, which five are nearest, and which class have most of them?",
        "torch.cdist(z_new, z) are the distances (M, N); .topk(5, largest=False).indices the five nearest (M, 5); "
        "y[...] their classes, and .mode(1).values the most frequent one in each row.",
        "nearest = torch.cdist(z_new, z).topk(5, largest=False).indices; "
        "return (y[nearest].mode(1).values == y_new).float().mean()",
    ),
    part=lambda: read_off,
)
def reading(f: Any) -> str:
    """f(z, y, z_new, y_new) -> a number from 0 to 1."""
    z, y, z_new, y_new = _codes()
    value = number(call(f, z, y, z_new, y_new), "the share")
    right, every = torch.tensor(read_off(z, y, z_new, y_new)), torch.cdist(z_new, z)

    def share(named: Tensor) -> Tensor:
        return (named == y_new).float().mean()

    mistakes: tuple[tuple[Tensor | float, str], ...] = (
        (1 - right, "this is the share that is *wrong*."),
        (100 * right, "this is in per cent; asked for is a share, from 0 to 1."),
        (right * len(z_new), "this is the number of codes that are read right; divide it by how many there are."),
        (
            share(y[every.topk(NEIGHBOURS).indices].mode(1).values),
            "these are the five *farthest*: topk takes the largest unless largest=False.",
        ),
        (share(vote(z, y, z_new, 1)), "this asks the one nearest code; let the five nearest vote."),
        (share(vote(z, y, z_new, 3)), "this asks three codes; let the five nearest vote."),
        (
            share(y[every.topk(NEIGHBOURS, largest=False).indices].float().mean(1).round()),
            "this is the mean of five labels. A label is a name: count which is named most often, .mode(1).values.",
        ),
        (
            (y[every.topk(NEIGHBOURS, largest=False).indices] == y_new[:, None]).float().mean(),
            "this is how many of the neighbours are of the right class; let the five vote first, then count.",
        ),
        (read_off(z, y, z, y), "the known codes are read here; asked for are the new ones."),
    )
    equal(value, right, mistakes, "the share")
    return "right: a reader that knows nothing of the model."


def _codes() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Codes of three classes that overlap: 60 known ones, and 40 new ones."""
    g = Generator().manual_seed(38)  # without a tie between two classes
    y, y_new = torch.randint(3, (60,), generator=g), torch.randint(3, (40,), generator=g)
    place = torch.tensor([[0.0, 0.0], [1.8, 0.0], [0.0, 1.8]])
    z, z_new = (place[labels] + torch.randn(len(labels), 2, generator=g) for labels in (y, y_new))
    return z, y, z_new, y_new


# ---- 08.d: the decoder is told the class ----


def told_reconstruction(model: SupervisedAAE, batch: dict[str, Tensor], terms: object = None) -> Tensor:
    """The cross-entropy of the images that the decoder makes of (y, z): the label, one-hot, and the code."""
    y = F.one_hot(batch["y"], model.categories).float()  # (N, K)
    return losses.bce(model.decoder(torch.cat([y, model.encoder(batch["x"])], 1)), batch["x"])


@task(
    "08.d",
    "a decoder that is told the class",
    hints=(
        "Two things go into the decoder side by side: the labels, one-hot, and the codes. What comes out is compared "
        "with the images, as always.",
        "one_hot gives whole numbers, and .float() makes them fit for torch.cat([y, z], 1): "
        "y = torch.nn.functional.one_hot(batch['y'], model.categories).float(), (N, K).",
        "z = model.encoder(batch['x']); return aae.losses.bce(model.decoder(torch.cat([y, z], 1)), batch['x'])",
    ),
    part=lambda: told_reconstruction,
)
def told_decoder(f: Any) -> str:
    """f(model, batch, terms) -> one number."""
    model = SupervisedAAE((1, 2, 2), latent_dim=3, categories=3, hidden=(8,), seed=1)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2)  # so that it matters what goes in
    x, y = torch.rand(5, 1, 2, 2, generator=Generator().manual_seed(2)), torch.tensor([0, 1, 1, 0, 1])  # and no class 2
    batch = {"x": x, "x_in": x, "y": y}
    value = tensor(call(f, model, batch, {}), (), "the loss", like=x)
    right = told_reconstruction(model, batch)
    eye, z = torch.eye(3), model.encoder(x)

    def loss(first: Tensor, second: Tensor) -> Tensor:
        return losses.bce(model.decoder(torch.cat([first, second], 1)), x)

    logits = model.decoder(torch.cat([eye[y], z], 1))
    mistakes: Mistakes = (
        (loss(z, eye[y]), "the code comes first here; this decoder takes the label first, then the code."),
        (loss(torch.zeros(5, 3), z), "the decoder is told nothing: there are zeros where the label should be."),
        (loss(eye[y], torch.zeros(5, 3)), "the decoder gets no code: there are zeros where z should be."),
        (loss(eye[y.roll(1)], z), "the labels are not those of these images: they are in another order."),
        (losses.mse(logits, x), "this is the squared error; asked for is the cross-entropy, aae.losses.bce."),
        (right / 4, "this is the mean over the pixels; aae.losses.bce takes their sum, and the mean over the images."),
        (right * 5, "this is the sum over the images; aae.losses.bce takes their mean."),
        (losses.bce(logits.sigmoid(), x), "aae.losses.bce takes logits, what the decoder puts out: no sigmoid before."),
    )
    equal(value, right, mistakes, "the loss")
    for name, network in (("the decoder", model.decoder), ("the encoder", model.encoder)):
        weight = next(network.parameters())
        gradient(value, weight, torch.autograd.grad(right, weight, retain_graph=True)[0], name)
    return "right: what the label says, the code need not say any more."


# ---- 08.e: the style of one image, the class of another ----


def style_sheet(model: Any, images: Tensor, labels: Tensor) -> Tensor:
    """The style of each image (N, C, H, W) drawn with each of the labels (K,): (N, K, C, H, W)."""
    z = model.encode(images)  # (N, d)
    n, k = len(z), len(labels)
    return model.decode(z.repeat_interleave(k, 0), labels.repeat(n)).unflatten(0, (n, k))


@task(
    "08.e",
    "the style of one image, the class of another",
    hints=(
        "The style of an image is its code, model.encode(images). Every style meets every label once: N · K pictures.",
        "z.repeat_interleave(k, 0) repeats each style k times in a row; labels.repeat(n) runs through all labels n "
        "times. model.decode takes both, and .unflatten(0, (n, k)) makes rows of the pictures.",
        "return model.decode(z.repeat_interleave(k, 0), labels.repeat(n)).unflatten(0, (n, k))",
    ),
    part=lambda: style_sheet,
)
def transfer(f: Any) -> str:
    """f(model, images, labels) -> (N, K, C, H, W)."""
    model = readable_model()
    images, labels = torch.rand(3, 1, 2, 2, generator=Generator().manual_seed(6)), torch.tensor([5, 0, 9, 4])
    value = call(f, model, images, labels)
    if isinstance(value, Tensor) and value.shape == (4, 3, 1, 2, 2):
        raise Wrong("not yet: a row for each *style* and a column for each label; yours are turned round.")
    if isinstance(value, Tensor) and value.shape == (12, 1, 2, 2):
        raise Wrong("nearly: these are N · K pictures in one list; .unflatten(0, (N, K)) makes rows of them.")
    value = tensor(value, (3, 4, 1, 2, 2), "the sheet", like=images)
    z, right = model.encode(images), style_sheet(model, images, labels)
    counted = model.decode(z.repeat_interleave(4, 0), torch.arange(4).repeat(3)).unflatten(0, (3, 4))
    mixed = model.decode(z.repeat(4, 1), labels.repeat_interleave(3)).unflatten(0, (3, 4))
    pairs = model.decode(z.repeat(4, 1), labels.repeat(3)).unflatten(0, (3, 4))
    mistakes: Mistakes = (
        (images[:, None].expand(3, 4, 1, 2, 2), "these are the images themselves: nothing has been decoded."),
        (counted, "the columns are the classes 0, 1, 2, 3; asked for are those in `labels`."),
        (mixed, "styles and labels are in an order that mixes the rows: a row holds *one* style with every label."),
        (pairs, "`z.repeat` and `labels.repeat` run side by side, so a row changes its style: repeat_interleave one."),
        (right.flip(1), "the labels run backwards."),
    )
    equal(value, right, mistakes, "the sheet")
    return "right: down a column the class stays, along a row the style."
