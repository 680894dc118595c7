"""Checks for lesson 05: priors of your own, and a code that is drawn at random."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ...networks import reparameterise
from .answers import Wrong, call, call_as_is, equal, gradient, tensor
from .tasks import task

MANY = 20_000  # samples: a share is then known to about 0.004, a mean of unit spread to about 0.007


def samples(f: Callable[..., Any], shape: tuple[int, int], *arguments: Any, seed: int = 0) -> Tensor:
    """f(n, *arguments, generator=g): n points, once it is known that all randomness comes from g."""
    n = shape[0]
    if callable(f):
        _takes_generator(f)
    before = torch.get_rng_state()
    g = Generator().manual_seed(seed)
    z = tensor(call_as_is(f, n, *arguments, generator=g), shape, "the sample")
    outside = not torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(before)
    if outside:
        raise Wrong(
            "your function draws from PyTorch's global generator, so a run cannot be repeated by its seed: "
            "hand generator=generator to every rand, randn and randint."
        )
    if z.dtype != torch.float32:
        name = str(z.dtype).removeprefix("torch.")
        raise Wrong(f"the sample must be float32, as the networks are; yours is {name}. End it with .float().")
    bad = int((~z.isfinite()).any(1).sum())
    if bad:
        raise Wrong(f"{bad} of {n} points hold NaN or infinity.")
    next_ones = tensor(call(f, n, *arguments, generator=g), shape, "the sample")
    if torch.equal(z, next_ones):
        raise Wrong(
            "two calls in a row gave the very same points. Do not seed or copy the generator inside: every training "
            "batch would meet the same “random” sample."
        )
    again = tensor(call(f, n, *arguments, generator=Generator().manual_seed(seed)), shape, "the sample")
    torch.set_rng_state(before)
    if not torch.equal(z, again):
        raise Wrong(
            "the same seed gave other points the second time: something is drawn elsewhere than from `generator` "
            "(NumPy or Python's random?)."
        )
    return z


def _takes_generator(f: Callable[..., Any]) -> None:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return
    anything = any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    if parameters and not anything and "generator" not in {p.name for p in parameters}:
        raise Wrong("your function takes no `generator`: its caller could not repeat a run.")


def near(value: float, right: float, margin: float) -> bool:
    return abs(value - right) < margin


# ---- 05.1 ----


def ring(n: int, k: int, radius: float, sd: float, generator: Generator | None = None) -> Tensor:
    """k round Gaussians of standard deviation sd, centred on a circle, the first to the right: (n, 2)."""
    angle = 2 * math.pi * torch.randint(k, (n,), generator=generator) / k
    centre = radius * torch.stack([angle.cos(), angle.sin()], 1)
    return centre + sd * torch.randn(n, 2, generator=generator)


@task(
    "05.1",
    "a ring of Gaussians",
    hints=(
        "Two draws a point: first which of the K Gaussians (torch.randint), then the place within it (torch.randn).",
        "Centre number i, from 0 to K − 1, is radius · (cos 2πi/K, sin 2πi/K). Stack both coordinates along dimension "
        "1. Every draw takes generator=generator.",
        "angle = 2 * math.pi * torch.randint(k, (n,), generator=generator) / k; then "
        "radius * torch.stack([angle.cos(), angle.sin()], 1) + sd * torch.randn(n, 2, generator=generator).",
    ),
    part=lambda: ring,
)
def ring_of_gaussians(f: Any) -> str:
    """f(n, k, radius, sd, generator=None) -> (n, 2)."""
    k, radius, sd = 5, 3.0, 0.2
    z = samples(f, (MANY, 2), k, radius, sd)
    tight, other = (
        tensor(call(f, 1000, k, radius, 1e-6, generator=Generator().manual_seed(seed)), (1000, 2), "the sample")
        for seed in (1, 2)
    )
    _ring_radius(tight, radius, z)
    if torch.allclose(tight, other, atol=1e-3):
        raise Wrong(
            "not yet: which of the Gaussians a point belongs to is not random: point i gets the same one in every "
            "call, as with arange(n) % k. Draw it: torch.randint(k, (n,), generator=generator)."
        )
    turn = torch.atan2(tight[:, 1], tight[:, 0]) * k / (2 * math.pi)
    together = torch.polar(torch.ones(len(turn)), 2 * math.pi * turn).mean()  # on the unit circle: all off by as much
    if together.abs() > 0.99 and together.angle().abs() > 0.05:
        raise Wrong("not yet: the ring is turned. Centre 0 lies to the right, at the angle 0, in radians.")
    if together.abs() < 0.99:
        places = len((tight * 100).round().unique(dim=0))
        raise Wrong(
            "not yet: points lie all round the circle; they should gather at K places."
            if places > 50
            else f"not yet: the centres are not evenly spaced: {k} of them, 2π/{k} apart, in radians."
        )
    held = turn.round().long().remainder(k).bincount(minlength=k)
    if (held == 0).any():
        raise Wrong(
            f"not yet: {int((held > 0).sum())} Gaussians instead of {k}: torch.randint(k, ...) draws from 0 to k − 1."
        )
    angle = 2 * math.pi * torch.atan2(z[:, 1], z[:, 0]).mul(k / (2 * math.pi)).round() / k
    centre = radius * torch.stack([angle.cos(), angle.sin()], 1)
    share = angle.mul(k / (2 * math.pi)).round().long().remainder(k).bincount(minlength=k) / len(z)
    if (share - 1 / k).abs().max() > 0.02:
        raise Wrong(
            f"not yet: the Gaussians do not get equally many points; the fullest holds {share.max():.0%} of them."
        )
    inward = (z - centre) @ torch.eye(2)
    along = (inward * centre / radius).sum(1)
    across = (inward[:, 1] * centre[:, 0] - inward[:, 0] * centre[:, 1]) / radius
    spreads = float(along.std()), float(across.std())
    if near(spreads[0], math.sqrt(sd), 0.02) and near(spreads[1], math.sqrt(sd), 0.05):
        raise Wrong("not yet: sd is the standard deviation; you used it as the variance (there is a root too many).")
    if near(spreads[0], sd**2, 0.01) and near(spreads[1], sd**2, 0.01):
        raise Wrong("not yet: sd is the standard deviation, the factor of randn as it is; you have squared it.")
    if near(spreads[0], sd, 0.01) and spreads[1] < 0.5 * sd:
        raise Wrong("not yet: only the radius is noisy. Each Gaussian is round: noise in both coordinates.")
    if near(float(z.std(0).mean()), float(centre.std(0).mean()), 0.02) and near(
        float(((z - centre)[:, 0] - (z - centre)[:, 1]).std()), 0.0, 1e-4
    ):
        raise Wrong("not yet: both coordinates get the same noise, so the Gaussians are short lines: randn(n, 2).")
    if not near(spreads[0], sd, 0.01) or not near(spreads[1], sd, 0.01):
        raise Wrong(
            f"not yet: each Gaussian should have the standard deviation {sd} in every direction; yours has "
            f"{spreads[0]:.2f} along the radius and {spreads[1]:.2f} across it."
        )
    return "right: K equal Gaussians on a circle, and a run can be repeated by its seed."


def _ring_radius(tight: Tensor, radius: float, z: Tensor) -> None:
    far = tight.norm(dim=1)
    if near(float(far.mean()), 1.0, 0.01):
        raise Wrong("not yet: the centres lie on the unit circle; multiply them by the radius.")
    if near(float(far.mean()), radius / 2, 0.01):
        raise Wrong(f"not yet: {radius} is the radius, not the diameter.")
    if float(far.std()) > 0.01:
        raise Wrong(
            f"not yet: with sd near 0 every point should be {radius:g} from the origin; yours are {far.min():.2f} to "
            f"{far.max():.2f} from it."
        )
    if not near(float(far.mean()), radius, 0.01):
        raise Wrong(f"not yet: the centres should be {radius:g} from the origin; yours are {far.mean():.2f} from it.")


# ---- 05.2 ----


def annulus(n: int, inner: float, outer: float, generator: Generator | None = None) -> Tensor:
    """Uniform over the area between two circles round the origin: (n, 2)."""
    u, v = torch.rand(2, n, generator=generator)
    radius = (inner**2 + (outer**2 - inner**2) * u).sqrt()
    angle = 2 * math.pi * v
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


@task(
    "05.2",
    "an annulus, evenly filled",
    hints=(
        "The angle is uniform. The radius is not: a ring of width dr has the area 2πr dr, more the further out it is.",
        "The share of the area within r is F(r) = (r² − inner²)/(outer² − inner²). Draw u ~ U(0, 1), solve F(r) = u.",
        "radius = (inner**2 + (outer**2 - inner**2) * u).sqrt(), and the angle from a second uniform number.",
    ),
    part=lambda: annulus,
)
def even_annulus(f: Any) -> str:
    """f(n, inner, outer, generator=None) -> (n, 2), uniform over the area."""
    inner, outer = 1.0, 3.0
    z = samples(f, (MANY, 2), inner, outer)
    r = z.norm(dim=1)
    if r.max() > outer + 1e-4:
        raise Wrong(f"not yet: some points lie outside the outer circle: {r.max():.2f} from the origin, not {outer:g}.")
    if r.min() < inner - 1e-4:
        raise Wrong(f"not yet: some points lie in the hole: {r.min():.2f} from the origin; it reaches to {inner:g}.")
    share = float((r < 2).float().mean())  # of the area: 3/8
    mistakes = (
        (
            0.5,
            "the radius is drawn uniformly, so the inner half of the rings, which is smaller, is denser. "
            "Even density asks for a root.",
        ),
        (
            0.25,
            "the root is there, but the hole is not in it: r = inner + (outer − inner)√u is not even. "
            "Solve (r² − inner²)/(outer² − inner²) = u for r.",
        ),
        (
            math.sqrt(0.5),
            "you have squared where a root is needed: points crowd inside.",
        ),
    )
    if not near(share, 3 / 8, 0.02):
        for mistake, sentence in mistakes:
            if near(share, mistake, 0.02):
                raise Wrong(f"not yet: {sentence}")
        raise Wrong(f"not yet: within the radius 2 lie 3/8 of the area; of your points, {share:.2f}.")
    turn = torch.atan2(z[:, 1], z[:, 0]) / (2 * math.pi) + 0.5
    eighth = (turn * 8).long().clamp(0, 7).bincount(minlength=8) / len(z)
    if (eighth == 0).any():
        raise Wrong("not yet: a part of the annulus is empty: the angle goes from 0 to 2π, in radians.")
    if (eighth - 1 / 8).abs().max() > 0.015:
        raise Wrong("not yet: some directions get more points than others: the angle is uniform from 0 to 2π.")
    tied = torch.stack([r.square(), (turn * 2 * math.pi).cos()])
    if torch.corrcoef(tied)[0, 1].abs() > 0.1 or torch.corrcoef(torch.stack([r.square(), turn]))[0, 1].abs() > 0.1:
        raise Wrong("not yet: radius and angle hang together, so your points lie on a curve: two draws, one for each.")
    quarters = torch.quantile(r.square(), torch.tensor([0.25, 0.5, 0.75]))
    if (quarters - torch.tensor([3.0, 5.0, 7.0])).abs().max() > 0.25:
        raise Wrong("not yet: r² should be uniform between inner² and outer²; yours is not.")
    return "right: equal areas get equally many points."


# ---- 05.3 ----


def picture(n: int, image: Tensor, generator: Generator | None = None) -> Tensor:
    """Places in a picture (H, W), a pixel in proportion to its brightness, uniform within it: (column, row), (n, 2)."""
    cumulative = image.flatten().cumsum(0)
    u = torch.rand(n, generator=generator) * cumulative[-1]
    index = torch.searchsorted(cumulative, u, right=True)
    corner = torch.stack([index % image.shape[1], index // image.shape[1]], 1)
    return corner + torch.rand(n, 2, generator=generator)


@task(
    "05.3",
    "samples from a picture",
    hints=(
        "Lay the pixels in a row and add up their brightness: image.flatten().cumsum(0). A uniform number between 0 "
        "and the total falls into a pixel with a probability in proportion to its brightness.",
        "torch.searchsorted(cumulative, u, right=True) finds the pixel. Pixel number i has row i // W and column "
        "i % W. Add a uniform number to each, so that its whole area is filled.",
        "index = torch.searchsorted(cumulative, u, right=True); torch.stack([index % width, index // width], 1) + "
        "torch.rand(n, 2, generator=generator), with u = torch.rand(n, generator=generator) * cumulative[-1].",
    ),
    part=lambda: picture,
)
def from_picture(f: Any) -> str:
    """f(n, image, generator=None) -> (n, 2): (column, row), in pixels from the top left corner."""
    image = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 5.0]])
    z = samples(f, (MANY, 2), image)
    height, width = image.shape
    if z.min() < 0 or (z[:, 0] >= width + 1e-3).any() or (z[:, 1] >= height + 1e-3).any():
        if ((z >= 0).all() and (z[:, 0] <= height).all() and (z[:, 1] <= width).all()) and z[:, 1].max() > height:
            raise Wrong("not yet: the coordinates are swapped: the column comes first, then the row.")
        if -1 <= z.min() < 0 and z.max() <= 1 + 1e-6:
            raise Wrong("not yet: stay in pixels, from 0 to W and 0 to H; the scale comes later.")
        raise Wrong(
            f"not yet: points lie outside the picture, which is {width} wide and {height} high; yours reach from "
            f"({z[:, 0].min():.1f}, {z[:, 1].min():.1f}) to ({z[:, 0].max():.1f}, {z[:, 1].max():.1f})."
        )
    if torch.equal(z, z.floor()):
        raise Wrong(
            "not yet: all points sit on the corners of pixels. A pixel is a small square: add a uniform number to "
            "column and row."
        )
    column, row = (z[:, i].floor().long().clamp(0, end - 1) for i, end in enumerate((width, height)))
    share = ((row * width + column).bincount(minlength=6) / len(z)).view(2, 3)
    if _close(share, image / image.sum()):
        inside = z - z.floor()
        if (inside[:, 0] - inside[:, 1]).abs().max() < 1e-4:
            raise Wrong(
                "not yet: both coordinates get the same uniform number: a pixel's diagonal instead of its area."
            )
        if (inside.mean(0) - 0.5).abs().max() > 0.02 or (inside.std(0) - 0.2887).abs().max() > 0.02:
            raise Wrong("not yet: within a pixel the points are not spread evenly: torch.rand, from 0 to 1, for each.")
        if abs(float(torch.corrcoef(inside.T)[0, 1])) > 0.05:
            raise Wrong("not yet: within a pixel, column and row hang together: draw a number for each.")
        _bright(f)
        return "right: the brighter, the more often, and evenly within each pixel."
    flat = image.flatten() / image.sum()
    shifted = torch.cat([flat[-1:], flat[:-1]]), torch.cat([flat[1:], flat[:1]])
    mistakes = (
        ((image > 0).float() / 3, "every lit pixel is drawn equally often: its brightness has no say."),
        (torch.full((2, 3), 1 / 6), "every pixel is drawn equally often, the black ones too."),
        (image.flip(0) / image.sum(), "top and bottom are swapped: row 0 is the top one here."),
        (image.flip(1) / image.sum(), "left and right are swapped."),
        (image.softmax(1) / 2, "a softmax makes something else of the brightness; black pixels must never be drawn."),
        (flat.softmax(0).view(2, 3), "a softmax makes something else of the brightness; black must never be drawn."),
        (image.flatten().softmax(0).view(2, 3), "a softmax makes something else of the brightness; black stays empty."),
        (image.square() / image.square().sum(), "the brightness counts squared."),
        (
            image.T.reshape(2, 3) / image.sum(),
            "rows and columns are mixed up: index // W is the row, index % W the column.",
        ),
        *(
            (s.view(2, 3), "the pixels are off by one: torch.searchsorted(..., right=True) gives the pixel itself.")
            for s in shifted
        ),
    )
    for mistake, sentence in mistakes:
        if _close(share, mistake):
            raise Wrong(f"not yet: {sentence}")
    black = float(share[image == 0].sum())
    if black > 0.01:
        raise Wrong(f"not yet: {black:.0%} of your points lie in black pixels, which must stay empty.")
    raise Wrong(
        f"not yet: the pixel of brightness 5 of 8 should get 62% of the points; it gets {share[1, 2]:.0%}. Divide by "
        "the total brightness, or stretch u to it."
    )


def _close(share: Tensor, right: Tensor) -> bool:
    return bool((share - right).abs().max() < 0.02)


def _bright(f: Callable[..., Any]) -> None:
    """A picture of another shape and scale: nothing is fixed to the first one."""
    image = torch.tensor([[200.0], [0.0], [0.0], [200.0]])
    z = tensor(call(f, 400, image, generator=Generator().manual_seed(1)), (400, 2), "the sample")
    rows = z[:, 1].floor().long().clamp(0, 3).bincount(minlength=4)
    if rows[1] or rows[2] or not rows[0] or not rows[3] or z[:, 0].max() > 1 + 1e-3:
        raise Wrong("nearly: for a picture of another size your points go astray; take H and W from image.shape.")


# ---- 05.4 ----


@task(
    "05.4",
    "a code drawn from a Gaussian posterior",
    hints=(
        "A sample of N(mean, sd²) is mean + sd · noise with noise ~ N(0, 1). The noise comes in as an argument.",
        "log_var is log sd². So sd = exp(log_var)^(1/2).",
        "mean + (0.5 * log_var).exp() * noise.",
    ),
    part=lambda: reparameterise,
)
def gaussian_code(f: Any) -> str:
    """f(mean, log_var, noise) -> z, each (n, d)."""
    mean = torch.tensor([[0.5, -1.0], [2.0, 0.3], [0.0, 1.0]], requires_grad=True)
    log_var = torch.tensor([[0.4, -1.2], [-3.0, 1.0], [0.8, -0.5]], requires_grad=True)
    noise = torch.tensor([[1.0, -0.5], [0.7, 2.0], [-1.5, 0.2]])
    z = tensor(call(f, mean, log_var, noise), (3, 2), "z", like=mean)
    right = reparameterise(mean, log_var, noise)
    sd = (0.5 * log_var).exp()
    mistakes = (
        (
            mean + log_var.exp() * noise,
            "exp(log_var) is the variance; the noise wants the standard deviation, its root.",
        ),
        (mean + log_var * noise, "log_var itself is not a spread, it may even be negative: exp(log_var/2)."),
        (mean + 0.5 * log_var * noise, "the exp is missing: exp(log_var/2), not log_var/2."),
        (mean + log_var.exp() / 2 * noise, "half the variance is not its root: the half belongs inside the exp."),
        (mean + (2 * log_var).exp() * noise, "exp(2 log_var) is the variance squared; the root is exp(log_var/2)."),
        (mean + (-0.5 * log_var).exp() * noise, "the sign is turned round: exp(−log_var/2) is 1/sd."),
        (mean + noise, "the noise has spread 1 whatever log_var says: scale it by exp(log_var/2)."),
        (mean + sd, "the noise is not in it: without it z is not random."),
        (mean, "this is the mean alone: the posterior's noise is not in it."),
        (sd * noise, "the mean is not in it."),
        ((mean + noise) * sd, "the mean is scaled too; only the noise is: mean + sd · noise."),
    )
    equal(z, right, mistakes, "z")
    for at, what in ((mean, "the mean"), (log_var, "log_var")):
        wanted = torch.autograd.grad(right.square().sum(), at, retain_graph=True)[0]
        gradient(z.square().sum(), at, wanted, what)
    if not torch.equal(tensor(call(f, mean, log_var, noise), (3, 2), "z"), z):
        raise Wrong("nearly: a second call gives another z: the noise is an argument, draw none inside.")
    return "right: z is random, and both mean and log_var get their gradient."


# ---- 05.5 ----


def along(n: int, curve: Callable[[Tensor], Tensor], generator: Generator | None = None) -> Tensor:
    """Points on a curve t -> (x, y), t from 0 to 1, evenly along its length: (n, 2)."""
    t = torch.linspace(0, 1, 2001)
    length = torch.cat([torch.zeros(1), curve(t).diff(dim=0).norm(dim=1).cumsum(0)])  # from the start to t
    u = torch.rand(n, generator=generator) * length[-1]
    i = torch.searchsorted(length, u, right=True).clamp(1, len(t) - 1)  # u lies between length[i - 1] and length[i]
    share = (u - length[i - 1]) / (length[i] - length[i - 1]).clamp(min=1e-12)
    return curve(t[i - 1] + share * (t[i] - t[i - 1]))


@task(
    "05.5",
    "any curve, evenly",
    hints=(
        "As in task 3, only that lengths take the place of brightness: walk the curve in small steps, add up their "
        "lengths, and invert.",
        "t = torch.linspace(0, 1, 2001); the lengths are curve(t).diff(dim=0).norm(dim=1); their cumsum, with a 0 in "
        "front, is the length from the start up to t. A uniform number between 0 and the total length says where.",
        "i = torch.searchsorted(length, u, right=True).clamp(1, 2000); between t[i − 1] and t[i] go on in proportion: "
        "t[i − 1] + (u − length[i − 1])/(length[i] − length[i − 1]) · (t[i] − t[i − 1]); then curve of that.",
    ),
    part=lambda: along,
)
def even_curve(f: Any) -> str:
    """f(n, curve, generator=None) -> (n, 2)."""

    def fast_and_slow(t: Tensor) -> Tensor:  # a quarter of a circle of radius 2, ever faster
        angle = 0.5 * math.pi * t**3
        return 2 * torch.stack([angle.cos(), angle.sin()], -1)

    def corner(t: Tensor) -> Tensor:  # 1 to the right in the first half, then 3 up
        return torch.stack([(2 * t).clamp(max=1), 3 * (2 * t - 1).clamp(min=0)], -1)

    z = samples(f, (MANY, 2), fast_and_slow)
    if (z.norm(dim=1) - 2).abs().max() > 1e-3:
        raise Wrong("not yet: some points are not on the curve: return curve(t) for the t that you have drawn.")
    turn = torch.atan2(z[:, 1], z[:, 0]) / (0.5 * math.pi)  # u, where it is right
    if turn.unique().numel() < MANY // 4:
        raise Wrong(
            f"not yet: {MANY} points in only {turn.unique().numel()} places: between two places of the grid, go on in "
            "proportion."
        )
    half = float((turn < 0.5).float().mean())
    mistakes = (
        (
            0.5 ** (1 / 3),
            "t is uniform, but the length is not: the curve moves slowly at first, and points crowd there.",
        ),
        (
            0.5 ** (1 / 9),
            "the wrong way round: you look up the length for a t that is uniform. Draw the length, and find its t.",
        ),
    )
    if not near(half, 0.5, 0.02):
        for mistake, sentence in mistakes:
            if near(half, mistake, 0.02):
                raise Wrong(f"not yet: {sentence}")
        raise Wrong(f"not yet: the first half of the length should get half of the points; yours gets {half:.2f}.")
    quarter = torch.quantile(turn, torch.tensor([0.1, 0.25, 0.75, 0.9]))
    if (quarter - torch.tensor([0.1, 0.25, 0.75, 0.9])).abs().max() > 0.03:
        raise Wrong("not yet: the points are not even along this curve, a quarter of a circle walked ever faster.")
    z = tensor(call(f, MANY, corner, generator=Generator().manual_seed(2)), (MANY, 2), "the sample")
    flat = float((z[:, 1] < 1e-3).float().mean())
    if not near(flat, 0.25, 0.02):
        share = "half" if near(flat, 0.5, 0.02) else f"{flat:.2f}"
        raise Wrong(
            f"nearly: on a path of 1 to the right and 3 up, {share} of your points lie on the first part; it has a "
            "quarter of the length. Lengths are Euclidean, over both coordinates."
        )
    return "right: equal lengths get equally many points, whatever the curve."
