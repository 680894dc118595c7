"""Checks for lesson 01: the least possible loss, and clouds of codes."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ... import losses
from .answers import Wrong, call, equal, number, several, tensor
from .tasks import task

# ---- 01.1 ----


def least_loss(x: Tensor) -> Tensor:
    """The smallest reconstruction loss that any decoder can have on images x (N, C, H, W): that of s = x."""
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1).mean()


@task(
    "01.1",
    "the least possible loss",
    hints=(
        "Put s = x into the loss of a pixel: −x log x − (1 − x) log(1 − x). Then as in the lesson: add up the pixels "
        "of an image, take the mean over the images.",
        "Most pixels are exactly 0 or 1. There x log x is 0, its limit, but 0 · log 0 is NaN in floating point. "
        "torch.special.entr(x) is −x log x, and 0 at 0; torch.xlogy(x, x) is x log x.",
        "(torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1).mean().",
    ),
    part=lambda: least_loss,
)
def bound(f: Any) -> str:
    """least_loss(x): the binary cross-entropy at s = x, summed over pixels, mean over images."""
    x = torch.tensor([[0.9, 0.2, 0.5], [0.3, 0.6, 0.1]]).view(2, 1, 1, 3)
    least = number(call(f, x), "the least loss")
    right = least_loss(x)
    first = torch.special.entr(x).sum() / 2
    mistakes = (
        (0.0, "a grey pixel has its price even when it is rebuilt exactly: at x = s = 0.5 it costs log 2."),
        (-right, "the sign is turned round: a logarithm of a number below 1 is negative."),
        (
            right / 3,
            "this is the mean over the pixels too. Sum over the pixels of an image, mean over the images only.",
        ),
        (right * 2, "this is the sum over the batch too; divide by the number of images."),
        (right * 2 / 3, "sum over pixels and mean over images; yours is the other way round."),
        (first, "only the first half, −x log x. Dark pixels count too: −(1 − x) log(1 − x)."),
        (right - first, "only the second half, −(1 − x) log(1 − x). Bright pixels count too: −x log x."),
        (right / math.log(2), "this is in bits; take the natural logarithm, so that it is in nats."),
        (losses.bce(x, x), "x is the image, not its logits: with s = x the logits are log(x / (1 − x))."),
    )
    equal(least, right, mistakes, "the least loss", "for two images of three pixels")
    sure = number(call(f, torch.tensor([[0.0, 1.0, 0.5]]).view(1, 1, 1, 3)), "the least loss")
    if not torch.isclose(sure, torch.tensor(math.log(2)), rtol=1e-4):
        raise Wrong(
            f"nearly: black, white and a grey of 0.5 cost log 2 = 0.6931; yours says {float(sure):.4g}. At 0 and 1 the "
            "price is 0, though 0 · log 0 is NaN in floating point: torch.special.entr knows that."
        )
    return "right: what even a perfect decoder pays, for pixels that are neither black nor white."


# ---- 01.2 ----


def moments(mean: Tensor, var: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of the mixture of N(mean_n, diag(var_n)), n = 1 to N, of equal weight."""
    centre = mean.mean(0)
    between = (mean - centre).T @ (mean - centre) / len(mean)
    return centre, var.mean(0).diag() + between


@task(
    "01.2",
    "the moments of q(z)",
    hints=(
        "A draw from q(z) has two steps: an image n at random, then z from N(mean_n, diag(var_n)). Both make z vary.",
        "Law of total variance: covariance = mean over n of the covariances + covariance of the means over n. "
        "The covariance of part n is the diagonal matrix of var_n.",
        "centre = mean.mean(0); off = mean − centre; covariance = torch.diag(var.mean(0)) + off.T @ off / len(mean).",
    ),
    part=lambda: moments,
)
def aggregated(f: Any) -> str:
    """moments(mean, var) of q(z), from the mean and the variance (N, d) of each q(z|x)."""
    mean = torch.tensor([[1.0, 2.0], [3.0, 0.0], [2.0, 1.0], [6.0, 5.0]])
    var = torch.tensor([[0.5, 1.0], [0.1, 0.2], [2.0, 0.4], [1.0, 3.0]])
    centre, cov = several(call(f, mean, var), 2, "the mean and the covariance")
    if isinstance(centre, Tensor) and isinstance(cov, Tensor) and centre.shape == (2, 2) and cov.shape == (2,):
        raise Wrong("not yet: the two have changed places: first the mean, then the covariance.")
    centre = tensor(centre, (2,), "the mean", like=mean)
    right_centre, right = moments(mean, var)
    equal(centre, right_centre, [(mean.median(0).values, "this is the median.")], "the mean")
    if isinstance(cov, Tensor) and cov.shape == (2,):
        raise Wrong(
            "the covariance must have shape (2, 2); yours has (2,): these are variances. They do not say that the "
            "two coordinates lean together, and these codes lie along a diagonal."
        )
    cov = tensor(cov, (2, 2), "the covariance", like=mean)
    within, between = var.mean(0).diag(), right - var.mean(0).diag()
    mistakes = (
        (between, "only the spread of the means. Within one q(z|x) codes vary too: add the mean of the variances."),
        (within, "only the mean of the variances. The means lie apart as well: add their covariance."),
        (
            within + torch.cov(mean.T),
            "nearly. torch.cov divides by N − 1, for a sample from something larger; q(z) *is* the mixture over these "
            "N images: divide by N (correction=0).",
        ),
        (torch.cov(mean.T), "only the spread of the means (and divided by N − 1): add the mean of the variances."),
        (within + mean.T @ mean / len(mean), "subtract the mean from the means before you multiply them."),
        (var.sqrt().mean(0).diag() + between, "standard deviations do not add up, variances do: use `var` as it is."),
        (var.square().mean(0).diag() + between, "the variances were squared: `var` holds variances already."),
        (var.sum(0).diag() + between, "the mean of the variances over the images, not their sum."),
        (var.mean(0) + between, "it went into every row. The noise is independent: only the diagonal gets it."),
        (within + between.diag().diag(), "the coordinates of the means lean together: keep what is off the diagonal."),
    )  # fmt: skip
    equal(cov, right, mistakes, "the covariance", "for these four images")
    return "right: the spread of q(z) is what varies within the images, plus what varies between them."


# ---- 01.3 ----


def mmd_of_one(x: Tensor, y: Tensor, c: float) -> Tensor:
    """Squared MMD, unbiased, with the single kernel c/(c + ‖a − b‖²)."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return c / (c + (a[:, None] - b[None]).square().sum(2))

    def among(a: Tensor) -> Tensor:
        return (kernel(a, a).sum() - len(a)) / (len(a) * (len(a) - 1))

    return among(x) + among(y) - 2 * kernel(x, y).mean()


@task(
    "01.3",
    "the MMD for one kernel",
    hints=(
        "Three averages of k: over pairs within x, over pairs within y, over pairs with one point from each.",
        "All squared distances at once: (a[:, None] − b[None]).square().sum(2), of shape (n, m). Within one cloud "
        "leave out the diagonal, where a point meets itself: there are n (n − 1) other pairs.",
        "within(k) = (k.sum() − k.diagonal().sum()) / (n (n − 1)); the result is within(k(x, x)) + within(k(y, y)) "
        "− 2 k(x, y).mean().",
    ),
    part=lambda: mmd_of_one,
)
def one_kernel(f: Any) -> str:
    """mmd(x, y, c): squared, unbiased, k(a, b) = c/(c + ‖a − b‖²)."""
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    y = torch.tensor([[2.0, 1.0], [3.0, 0.0], [0.5, 2.5]])
    c, n, m = 2.0, 4, 3
    value = number(call(f, x, y, c), "the MMD")
    right = mmd_of_one(x, y, c)
    squared = torch.cdist(torch.cat([x, y]), torch.cat([x, y])).square()

    def combine(k: Tensor, own: bool = False, cross: float = 2) -> Tensor:
        """From the kernel of all pairs; own: with each point's pair with itself."""
        xx, yy, xy = k[:n, :n], k[n:, n:], k[:n, n:]
        if own:
            return xx.mean() + yy.mean() - cross * xy.mean()
        xx, yy = (part.sum() - part.diagonal().sum() for part in (xx, yy))
        return xx / (n * (n - 1)) + yy / (m * (m - 1)) - cross * xy.mean()

    k = c / (c + squared)
    off = k - k.diagonal().diag()
    mistakes = (
        (combine(k, own=True), "this is the biased form: each point is paired with itself too, so that even a perfect "
                               "match has a value above 0. Leave out the diagonals."),
        (combine(off, own=True), "the diagonals are left out of the sums, but still counted: n (n − 1) are left."),
        (-right, "the sign is turned round: near to your own kind counts up, near to the others down."),
        (combine(k, cross=1), "the last term counts twice: −2 E k(x, y)."),
        (combine(k, cross=-2), "the last term is subtracted: it says how near the two clouds are."),
        (combine(c / (c + squared.sqrt())), "the kernel takes the *squared* distance."),
        (combine((-squared / (2 * c)).exp()), "this is a Gaussian kernel; here it is c/(c + ‖a − b‖²)."),
        (combine((-squared / c).exp()), "this is a Gaussian kernel; here it is c/(c + ‖a − b‖²)."),
        (combine(1 / (c + squared)), "the kernel is c/(c + ‖a − b‖²), so that it is 1 where a = b."),
        (combine(squared / (c + squared)), "this grows with the distance; a kernel is largest where a = b."),
        (right.abs().sqrt(), "this is the root; the squared MMD is asked for, which may be negative."),
        (right.clamp(min=0), "do not cut it off at 0: an unbiased estimate falls below 0 about as often as above."),
    )  # fmt: skip
    equal(value, right, mistakes, "the MMD", "for four points, three points and c = 2")
    same = number(call(f, x, x + 0.01, 1.0), "the MMD")
    expected = mmd_of_one(x, x + 0.01, 1.0)  # below 0
    equal(same, expected, [(expected.clamp(min=0), "do not cut it off at 0: an unbiased estimate falls below it too.")],
          "the MMD", "for two clouds that nearly coincide and c = 1")  # fmt: skip
    return "right: near to its own kind, minus near to the others, and unbiased."


# ---- 01.4 ----


def floor(prior: Any, measure: Callable, n: int, repeats: int, generator: Generator) -> tuple[float, float]:
    """Mean and sd of `measure` over pairs of prior samples."""
    pairs = [(prior.sample(n, generator=generator), prior.sample(n, generator=generator)) for _ in range(repeats)]
    values = torch.tensor([float(measure(a, b)) for a, b in pairs])
    return float(values.mean()), float(values.std())


class Watched:
    """A prior that notes which generators it was given."""

    dim, classes = 2, None

    def __init__(self) -> None:
        self.generators: list[Any] = []

    def sample(self, n: int, generator: Generator | None = None, **_: Any) -> Tensor:
        self.generators.append(generator)
        return torch.randn(n, 2, generator=generator)


@task(
    "01.4",
    "the floor",
    hints=(
        "Draw two samples of the prior and measure one against the other; `repeats` times, with new samples each time.",
        "prior.sample(n, generator=generator) draws on from where the generator is: hand it on, do not seed it anew.",
        "values = torch.tensor([measure(prior.sample(n, generator=generator), prior.sample(n, generator=generator)) "
        "for _ in range(repeats)]); return values.mean(), values.std().",
    ),
    part=lambda: floor,
)
def two_samples(f: Any) -> str:
    """floor(prior, measure, n, repeats, generator) -> mean and sd of the measure over pairs of prior samples."""
    prior, generator = Watched(), Generator().manual_seed(0)
    results = (0.2, -0.1, 0.4, 0.1, -0.2)
    seen: list[tuple[Any, Any]] = []

    def measure(a: Tensor, b: Tensor) -> float:
        seen.append((a, b))
        return results[(len(seen) - 1) % len(results)]

    mean, sd = several(call(f, prior, measure, 6, len(results), generator), 2, "mean and standard deviation")
    mean, sd = number(mean, "the mean"), number(sd, "the standard deviation")
    if len(seen) != len(results):
        raise Wrong(f"repeats = {len(results)} asks for that many measurements; yours made {len(seen)}.")
    for a, b in seen:
        if not (isinstance(a, Tensor) and isinstance(b, Tensor) and a.shape == b.shape == (6, 2)):
            shapes = " and ".join(str(tuple(p.shape)) if isinstance(p, Tensor) else type(p).__name__ for p in (a, b))
            raise Wrong(f"with n = 6 the measure gets two clouds of shape (6, 2); yours got {shapes}.")
        if torch.equal(a, b):
            raise Wrong("both clouds of a pair are the same points, and are at distance 0 from themselves: draw twice.")
        if torch.equal(a.sort(0).values, b.sort(0).values):
            raise Wrong("both clouds of a pair hold the same points in another order: draw twice.")
    if any(given is not generator for given in prior.generators):
        raise Wrong(
            "pass generator=generator on to prior.sample. With none, or with one seeded anew, the floor cannot be "
            "repeated, or it repeats one and the same draw."
        )
    clouds = [cloud for pair in seen for cloud in pair]
    for i, cloud in enumerate(clouds):
        if any(torch.equal(cloud, other) for other in clouds[:i]):
            raise Wrong(
                "the same sample comes back in more than one pair: then its own luck is in all the values. Draw both "
                "clouds anew for every pair, and do not seed the generator again."
            )
    values = torch.tensor(results)
    equal(mean, values.mean(), [(values.median(), "this is the median."), (values.abs().mean(), "keep the signs.")],
          "the mean")  # fmt: skip
    mistakes = (
        (values.std(correction=0), "nearly: from few values divide by repeats − 1, as torch's std does."),
        (values.var(), "this is the variance; take its root."),
        (
            values.std() / len(values) ** 0.5,
            "this is the error of the mean. One measured value scatters by the whole sd.",
        ),
    )
    equal(sd, values.std(), mistakes, "the standard deviation")
    return "right: what a perfect match looks like, with this many points."


# ---- 01.5 ----


def fitted(z: Tensor) -> Callable[..., Tensor]:
    """A Gaussian with the mean and covariance of z (N, d), as a function that samples."""
    mean, root = z.mean(0), torch.linalg.cholesky(torch.cov(z.T))

    def sample(n: int, generator: Generator | None = None) -> Tensor:
        return mean + torch.randn(n, z.shape[1], generator=generator) @ root.T

    return sample


@task(
    "01.5",
    "a Gaussian fitted to q(z)",
    hints=(
        "If ε ~ N(0, I), then mean + L ε has the covariance L Lᵀ. So you need an L with L Lᵀ = the covariance of z.",
        "torch.cov wants the points as columns: torch.cov(z.T). torch.linalg.cholesky gives the L. "
        "fit returns a *function*, so define `sample` inside of it and return it without calling it.",
        "Inside sample: noise = torch.randn(n, z.shape[1], generator=generator); return mean + noise @ L.T. With "
        "points as rows, L ε becomes ε @ L.T.",
    ),
    part=lambda: fitted,
)
def gaussian(f: Any) -> str:
    """fit(z) -> sample(n, generator=None) -> (n, d) from N(mean of z, covariance of z)."""
    noise = torch.randn(500, 2, generator=Generator().manual_seed(0))
    z = noise @ torch.tensor([[2.0, 0.0], [1.5, 0.5]]).T + torch.tensor([3.0, -1.0])
    sample = call(f, z)
    if isinstance(sample, Tensor):
        raise Wrong(
            "fit is to return a function that draws as many points as one wants; yours returns a tensor. Define "
            "`def sample(n, generator=None)` inside of fit, and return sample."
        )
    if sample is None:
        raise Wrong("your function returns nothing: define `sample` inside of fit, and `return sample`.")
    if not callable(sample):
        raise Wrong(f"fit is to return a function sample(n, generator=None); yours returns a {type(sample).__name__}.")
    before = torch.get_rng_state()
    try:
        draws = [_draw(sample, 20_000, seed) for seed in (1, 1, 2)]
        own = torch.equal(before, torch.get_rng_state())
    finally:
        torch.set_rng_state(before)
    if not own or not torch.equal(draws[0], draws[1]):
        raise Wrong(
            "two calls with generators of the same seed give different points: draw the noise by torch.randn(..., "
            "generator=generator). torch.distributions and numpy do not know that generator."
        )
    if torch.equal(draws[0], draws[2]):
        raise Wrong(
            "generators of different seeds give the same points: use the one that is passed, and do not seed it."
        )
    drawn = draws[0]
    if torch.cdist(drawn[:200], z).amin() < 1e-6 and torch.cdist(drawn[:200], z).amin(1).median() < 1e-6:
        raise Wrong("these are the codes themselves, drawn again: new points of a Gaussian are asked for.")
    cov = torch.cov(z.T)
    root = torch.linalg.cholesky(cov)
    if (drawn.mean(0) - z.mean(0)).abs().max() > 0.15:
        forgotten = drawn.mean(0).abs().max() < 0.15
        why = "the mean is forgotten: the cloud sits at 0" if forgotten else "its mean is not that of the codes"
        raise Wrong(f"not yet: {why}. The codes have ({z[:, 0].mean():.2f}, {z[:, 1].mean():.2f}).")
    shapes = (
        (cov, ""),
        (
            cov.diag().diag(),
            "each coordinate has the right sd, but they no longer lean together: use the whole covariance.",
        ),
        (root.T @ root, "L and Lᵀ are swapped. With points as rows, L ε is noise @ L.T."),
        (cov @ cov, "the covariance itself was used in place of its root L."),
        (
            (cov @ cov).diag().diag(),
            "variances were used in place of sds (and coordinates that lean together are lost).",
        ),
        (
            cov.diag().square().diag(),
            "variances were used in place of sds (and coordinates that lean together are lost).",
        ),
        (torch.eye(2), "the spread is that of N(0, I); it should be that of the codes."),
    )
    found = torch.cov(drawn.T)
    off = [float((found - shape).norm()) for shape, _ in shapes]
    if off[0] > 0.1 * float(cov.norm()):
        best = min(range(len(off)), key=off.__getitem__)
        near = best > 0 and off[best] < 0.1 * float(shapes[best][0].norm())
        why = shapes[best][1] if near else (
            f"the covariance should be {_shown(cov)}; that of 20,000 of your points is {_shown(found)}."
        )  # fmt: skip
        raise Wrong(f"not yet: {why}")
    # four sds in 20,000 draws are rare but there; a uniform has none
    far = torch.linalg.solve_triangular(root, (drawn - z.mean(0)).T, upper=False).abs().amax()
    if far < 2.5:
        raise Wrong("mean and covariance are right, but no point lies far out: a Gaussian has tails. Is it a uniform?")
    return "right: a Gaussian with the mean and the covariance of the codes."


def _draw(sample: Callable, n: int, seed: int) -> Tensor:
    generator = Generator().manual_seed(seed)

    def named(n: int) -> Any:
        return sample(n, generator=generator)

    return tensor(call(named, n), (n, 2), "what sample returns")


def _shown(matrix: Tensor) -> str:
    return "[" + ", ".join("[" + ", ".join(f"{v:.2f}" for v in row) + "]" for row in matrix.tolist()) + "]"
