"""Checks for lesson 08, labels and style."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Generator, Tensor

from ... import losses
from ...models.aae import AAE
from ...priors import GaussianRing
from .answers import Wrong, call, equal, gradient, number, several, tensor
from .tasks import task

Mistakes = tuple[tuple[Tensor, str], ...]


# ---- 08.1 ----


def projection(h: Tensor, y: Tensor, psi: Any, table: Tensor) -> Tensor:
    """psi(h) + <table[y], h>: the logits (N,) of a projection discriminator, from features h (N, m) of the code."""
    return psi(h).squeeze(1) + (table[y] * h).sum(1)


@task(
    "08.1",
    "another way to tell D",
    hints=(
        "Two numbers for each code, added up: psi(h), which is the same for all classes, and the inner product of h "
        "with the row that belongs to its label.",
        "table[y] looks up a row for each label, (N, m); and row -1 is the last one, “no label”. An inner product row "
        "by row is (a * b).sum(1). psi(h) has the shape (N, 1).",
        "return psi(h).squeeze(1) + (table[y] * h).sum(1)",
    ),
    part=lambda: projection,
)
def projected(f: Any) -> str:
    """f(h, y, psi, table) -> logits (N,)."""
    g = torch.Generator().manual_seed(1)
    h, table = (torch.randn(n, 3, generator=g, requires_grad=True) for n in (5, 4))  # three classes and "no label"
    weight, bias = torch.randn(3, generator=g), 0.7
    y = torch.tensor([2, 0, -1, 1, 2])

    def psi(h: Tensor) -> Tensor:
        return (h @ weight + bias)[:, None]

    value = call(f, h, y, psi, table)
    if isinstance(value, Tensor) and value.shape == (5, 5):
        raise Wrong(
            "not yet: each code meets every label. psi(h) has the shape (N, 1), and adding it to (N,) makes a square: "
            ".squeeze(1). Of a product of all pairs you need the diagonal only."
        )
    if isinstance(value, Tensor) and value.shape == (5, 1):
        raise Wrong("nearly: a logit for each code, (N,); yours has a column: .squeeze(1).")
    value = tensor(value, (5,), "the logits", like=h)
    right, alone = projection(h, y, psi, table), psi(h).squeeze(1)
    zero = table * torch.tensor([1.0, 1.0, 1.0, 0.0])[:, None]
    mistakes: Mistakes = (
        (alone, "this is psi(h) alone; the label has no say in it."),
        (right - alone, "this is the product with the label's row alone; psi(h) is missing."),
        (right.sigmoid(), "these are probabilities; asked for are logits, without the sigmoid."),
        (alone + table[y].sum(1), "the label's row is added up without h: then no label could ask for another place."),
        (alone + (table[y] * h).mean(1), "the product is averaged; an inner product is a sum."),
        (projection(h, y, psi, zero), "without a label there is no product here; row -1, the last, is its own."),
        (projection(h, y.clamp(min=0), psi, table), "“no label” was made class 0; it has the last row: table[y]."),
        (projection(h, y % 3, psi, table), "“no label” was made the last class; it has the last row: table[y]."),
    )
    equal(value, right, mistakes, "the logits")
    for of, what in ((h, "the features"), (table, "the table")):
        gradient(value.square().sum(), of, torch.autograd.grad(right.square().sum(), of, retain_graph=True)[0], what)
    return "right: a direction for each class, and the label says which one counts."


# ---- 08.2 ----


def mixed_style(model: Any, a: Tensor, b: Tensor, y: Tensor, t: float) -> Tensor:
    """The styles at the share t of the way from images a to images b, drawn as the classes y (N,)."""
    return model.decode((1 - t) * model.encode(a) + t * model.encode(b), y)


def readable_model() -> Any:
    """An autoencoder that can be computed by hand: 2 x 2 images, styles of two numbers, ten classes."""
    g = torch.Generator().manual_seed(4)
    to_style, to_image, of_class = (torch.randn(*s, generator=g) for s in ((4, 2), (2, 4), (10, 4)))

    def decode(z: Tensor, y: Tensor | None = None) -> Tensor:
        if y is None:
            raise ValueError("this decoder sees a category and the style: decode(z, y) with y (N,) whole numbers.")
        return (z @ to_image + of_class[y]).sigmoid().view(-1, 1, 2, 2)

    def encode(images: Tensor) -> Tensor:
        return (images.flatten(1) @ to_style).tanh()  # not linear: mixing images is not mixing styles

    return SimpleNamespace(encode=encode, decode=decode, reconstruct=lambda x, y: decode(encode(x), y))


@task(
    "08.2",
    "a style between two",
    hints=(
        "A style is a code, model.encode(images). Where is the point at the share t of the way from one to another?",
        "The point is (1 - t) · z_a + t · z_b: z_a itself for t = 0, z_b for t = 1. Mix codes, not images; then decode "
        "with the labels: model.decode(z, y).",
        "return model.decode((1 - t) * model.encode(a) + t * model.encode(b), y)",
    ),
    part=lambda: mixed_style,
)
def mixed(f: Any) -> str:
    """f(model, a, b, y, t) -> images."""
    g = torch.Generator().manual_seed(5)
    model = readable_model()
    a, b = torch.rand(3, 1, 2, 2, generator=g), torch.rand(3, 1, 2, 2, generator=g)
    y, t = torch.tensor([5, 4, 9]), 0.25
    value = tensor(call(f, model, a, b, y, t), (3, 1, 2, 2), "the pictures", like=a)
    right = mixed_style(model, a, b, y, t)
    pictures = (1 - t) * model.reconstruct(a, y) + t * model.reconstruct(b, y)
    before = model.decode(model.encode((1 - t) * a + t * b), y)
    mistakes: Mistakes = (
        (mixed_style(model, b, a, y, t), "this goes from b to a: t = 0 should give the style of a."),
        (mixed_style(model, a, b, y, 0.5), "this is half-way, whatever t says."),
        (mixed_style(model, a, b, y, 0.0), "this is a's own style: t has no say in it."),
        (mixed_style(model, a, b, y, 1.0), "this is b's whole style: t has no say in it."),
        (pictures, "two *pictures* are laid over one another here; mix the codes, and decode once."),
        (model.decode(model.encode(a) + t * model.encode(b), y), "all of a and a part of b: weigh a by 1 - t."),
        (model.decode(t * (model.encode(b) - model.encode(a)), y), "the step from a to b, without a to start from."),
        ((1 - t) * a + t * b, "these are the images laid over one another: nothing has been decoded."),
        (before, "the images are mixed before they are encoded; mix the codes."),
    )
    equal(value, right, mistakes, "the pictures")
    whole = tensor(call(f, model, a, b, y, 1.0), (3, 1, 2, 2), "the pictures")
    if not torch.allclose(whole, model.reconstruct(b, y), atol=1e-5):
        raise Wrong("nearly: for t = 1 it should be the whole style of b.")
    return "right: the class stays, the style moves."


# ---- 08.3 ----


def game_losses(model: Any, x: Tensor, y: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """The losses of D and of the generator, for a discriminator that is told the class."""
    z_prior = model.prior.sample(len(x), generator=generator, labels=y)
    z = model.encoder(x)
    d_loss = losses.discriminator_loss(model.discriminator(z_prior, y), model.discriminator(z.detach(), y))
    return d_loss, losses.generator_loss(model.discriminator(z, y))


def game_variant(
    model: Any, x: Tensor, y: Tensor, generator: Generator,
    *, by_class: bool = True, real: bool = True, fake: bool = True, judge: bool = True,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The same with something not told: the prior the class, or D, of prior samples, of codes, of the generator's."""
    z_prior = model.prior.sample(len(x), generator=generator, labels=y if by_class else None)
    z = model.encoder(x)

    def d(points: Tensor, told: bool) -> Tensor:
        return model.discriminator(points, y if told else None)

    return losses.discriminator_loss(d(z_prior, real), d(z.detach(), fake)), losses.generator_loss(d(z, judge))


@task(
    "08.3",
    "two famous bugs",
    hints=(
        "Ask of every random number: whose generator is it, and will the next batch see another one? Ask of every call "
        "of D: does it know which class it judges?",
        "A generator that is seeded inside a function starts again with each call. Use the one that is handed in. And "
        "model.discriminator takes the labels as its second argument.",
        "z_prior = model.prior.sample(len(x), generator=generator, labels=y), and y as second argument in all three "
        "calls of model.discriminator. The rest was right.",
    ),
    part=lambda: game_losses,
)
def two_bugs(f: Any) -> str:
    """f(model, x, y, generator) -> the loss of D, the loss of the generator."""

    def seeded(seed: int) -> Generator:
        return torch.Generator().manual_seed(seed)

    model = AAE((1, 2, 2), prior=GaussianRing(3), classes=3, hidden=(8,), seed=1)
    with torch.no_grad():
        for p in model.discriminator.parameters():
            p.mul_(4)  # so that an untrained D has opinions
    x, y = torch.rand(12, 1, 2, 2, generator=seeded(6)), torch.arange(12) % 4 - 1

    def run(generator: Generator) -> tuple[Tensor, Tensor]:
        pair = several(call(f, model, x, y, generator), 2, "the loss of D and the loss of the generator")
        return tensor(pair[0], (), "the loss of D"), tensor(pair[1], (), "the generator's loss")

    one, other = seeded(7), seeded(7)
    d_loss, g_loss = run(one)
    right_d, right_g = game_losses(model, x, y, seeded(7))
    if torch.isclose(d_loss, right_g) and torch.isclose(g_loss, right_d):
        raise Wrong("not yet: the two losses have changed places; first that of D.")
    codes = model.discriminator(model.encoder(x), y)
    if torch.isclose(d_loss, losses.generator_loss(-codes)):
        raise Wrong("not yet: D's loss is that of the codes alone; what of the prior samples?")
    again, _ = run(other)
    if not torch.isclose(d_loss, again):
        raise Wrong(
            "not yet: two generators of one seed gave two different losses. Some randomness does not come from the "
            "generator that is handed in, and no run could be repeated."
        )
    following, _ = run(one)
    if torch.isclose(d_loss, following):
        raise Wrong(
            "not yet: the second batch meets the same prior sample as the first. Something seeds a generator again in "
            "each call; draw from the one that is handed in, and leave its seed alone."
        )

    def variant(**what: bool) -> Tensor:
        return game_variant(model, x, y, seeded(7), **what)[0]

    mistakes: Mistakes = (
        (
            variant(real=False, fake=False),
            "D is told no class: model.discriminator takes the labels as its second argument.",
        ),
        (variant(real=False), "D is told the class of the codes and not that of the prior samples."),
        (variant(fake=False), "D is told the class of the prior samples and not that of the codes."),
        (variant(by_class=False), "the prior samples are not of the batch's classes: labels=y."),
        (
            variant(by_class=False, real=False, fake=False),
            "the prior samples are not of the batch's classes any more, and D is told nothing.",
        ),
    )
    equal(d_loss, right_d, mistakes, "the loss of D")
    mistakes = (
        (game_variant(model, x, y, seeded(7), judge=False)[1], "in the generator's loss D is not told the class."),
        (-right_g, "the sign of the generator's loss is turned round."),
    )
    equal(g_loss, right_g, mistakes, "the generator's loss")
    parameters = tuple(model.encoder.parameters())
    if d_loss.requires_grad and any(
        slope is not None for slope in torch.autograd.grad(d_loss, parameters, allow_unused=True, retain_graph=True)
    ):
        raise Wrong(
            "nearly: the numbers are right, but D's loss reaches the encoder. The detach was not a bug; put it back."
        )
    if not g_loss.requires_grad or torch.autograd.grad(g_loss, parameters, allow_unused=True)[0] is None:
        raise Wrong(
            "nearly: the numbers are right, but the generator's loss does not reach the encoder: a detach too many."
        )
    return "right: another prior sample for every batch, and a D that knows which class it judges."


# ---- 08.4 ----


def axis_scores(z: Tensor, factors: Tensor) -> Tensor:
    """The squared correlation of every coordinate of z (N, d) with every factor (N, F): (d, F), in [0, 1]."""
    z, factors = ((v - v.mean(0)) / v.std(0, correction=0) for v in (z, factors))
    return (z.T @ factors / len(z)).square()


@task(
    "08.4",
    "does an axis mean something?",
    hints=(
        "Correlation: both minus their means, divided by their standard deviations; then the mean of the product.",
        "With standardised z (N, d) and factors (N, F), all correlations are one matrix product: zᵀ · factors / N.",
        "z = (z - z.mean(0)) / z.std(0, correction=0), the same for factors; (z.T @ factors / len(z)).square().",
    ),
    part=lambda: axis_scores,
)
def axes(f: Any) -> str:
    """f(z, factors) -> (d, F)."""
    g = torch.Generator().manual_seed(8)
    factors = torch.randn(50, 2, generator=g) * torch.tensor([2.0, 0.5]) + torch.tensor([1.0, -3.0])
    mix = torch.tensor([[0.8, 0.1, -0.5], [-0.4, 1.5, 0.2]])
    z = factors @ mix + 0.5 * torch.randn(50, 3, generator=g) + 2
    value = call(f, z, factors)
    if isinstance(value, Tensor) and value.shape == (2, 3):
        raise Wrong("not yet: a row for each coordinate of z and a column for each factor; yours is turned round.")
    value = tensor(value, (3, 2), "the table of scores", like=z)
    right = axis_scores(z, factors)
    centred, c_factors = z - z.mean(0), factors - factors.mean(0)
    covariance = centred.T @ c_factors / len(z)
    correlation = covariance / centred.std(0, correction=0)[:, None] / c_factors.std(0, correction=0)
    raw = (z.T @ factors) / z.norm(dim=0)[:, None] / factors.norm(dim=0)
    mistakes = (
        (
            correlation,
            "these are the correlations; square them, so that a falling axis counts as much as a rising one.",
        ),
        (correlation.abs(), "these are |correlations|; the share that a straight line explains is the square."),
        (covariance, "these are covariances: divide by both standard deviations, or the unit of a factor counts."),
        (covariance.square(), "these are squared covariances: divide by both standard deviations first."),
        (raw.square(), "the means were not taken off: then two things that never change seem to go together."),
        (raw, "the means were not taken off, and the square is missing."),
        (
            right * (len(z) / (len(z) - 1)) ** 2,
            "a perfect axis should get 1 exactly: divide by N - 1 in both places, or by N in both.",
        ),
        (
            right * ((len(z) - 1) / len(z)) ** 2,
            "a perfect axis should get 1 exactly: torch's std divides by N - 1, your mean by N.",
        ),
    )
    equal(value, right, mistakes, "the score")
    perfect = tensor(call(f, torch.cat([-3 * factors + 1, z], 1), factors), (5, 2), "the table of scores")
    if not torch.allclose(perfect[:2].diagonal(), torch.ones(2), atol=1e-4):
        raise Wrong("nearly: a coordinate that is -3 · factor + 1 should get exactly 1.")
    return "right: 1 for an axis that says it all, 0 for one that says nothing, by a straight line."


# ---- 08.5 ----


def kernel_distance(a: Tensor, b: Tensor) -> Tensor:
    """‖m_a − m_b‖², m the mean of the kernel over a cloud: the MMD with all pairs, a point's with itself included."""
    k = losses.mmd_kernel
    return k(a, a).mean() + k(b, b).mean() - 2 * k(a, b).mean()


def three_distances(z: Tensor, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """whole: all codes to the prior sample; within: each class to it; between: each class to all codes."""
    within = between = z.new_zeros(())
    for k in y.unique():
        share, own = (y == k).float().mean(), z[y == k]
        within = within + share * kernel_distance(own, p)
        between = between + share * kernel_distance(own, z)
    return kernel_distance(z, p), within, between


@task(
    "08.5",
    "where the class hides",
    hints=(
        "Write a small function for the distance of two clouds, from the means of three kernels; call it three ways.",
        "whole = distance(z, p). For within, add share_k · distance(z[y == k], p) over the classes k; share_k is the "
        "share of the images that are of class k.",
        "between is the same sum with distance(z[y == k], z). Take the plain .mean() of each kernel, its diagonal too.",
    ),
    part=lambda: three_distances,
)
def hiding_place(f: Any) -> str:
    """f(z, y, p) -> whole, within, between."""
    g = torch.Generator().manual_seed(9)
    y = torch.tensor([0] * 20 + [1] * 12 + [3] * 8)  # unequal classes, and none of class 2
    z = torch.randn(40, 2, generator=g) + 1.2 * y[:, None]
    p = torch.randn(30, 2, generator=g)
    what = "the distances whole, within and between"
    value = several(call(f, z, y, p), 3, what)
    value = tuple(number(v, name) for v, name in zip(value, ("whole", "within", "between"), strict=True))
    right = three_distances(z, y, p)
    parts = [z[y == k] for k in (0, 1, 3)]
    shares = torch.tensor([0.5, 0.3, 0.2])
    to_p, to_z = (torch.stack([kernel_distance(part, cloud) for part in parts]) for cloud in (p, z))
    mistakes = (
        (losses.mmd(z, p), "this leaves each point's kernel with itself out: take the plain mean of all pairs here."),
        (right[0].sqrt(), "this is the distance itself; asked for is its square, as everywhere in the course."),
        (right[1], "this is within; whole comes first."),
        (right[2], "this is between; whole comes first."),
    )
    equal(value[0], right[0], mistakes, "whole")
    rest = torch.stack([losses.mmd(part, p) for part in parts])
    mistakes = (
        (to_p.mean(), "every class counts alike; it should count by its share of the images."),
        (to_p.sum(), "this is the sum over the classes; weigh each by its share of the images."),
        (shares @ rest, "this leaves each point's kernel with itself out: take the plain mean of all pairs here."),
        (shares @ to_z, "this is between: within compares each class with the *prior sample*."),
    )
    equal(value[1], right[1], mistakes, "within")
    rest = torch.stack([kernel_distance(part, z[y != k]) for part, k in zip(parts, (0, 1, 3), strict=True)])
    mistakes = (
        (to_z.mean(), "every class counts alike; it should count by its share of the images."),
        (to_z.sum(), "this is the sum over the classes; weigh each by its share of the images."),
        (shares @ rest, "this compares each class with the *others*; compare it with all codes, itself included."),
        (shares @ to_p, "this is within once more: between compares each class with all the codes."),
    )
    equal(value[2], right[2], mistakes, "between")
    return "right: and whole + between is within, exactly. The game sees the first of the two only."
