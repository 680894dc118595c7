"""q(z) against p(z): do two clouds of points come from the same distribution?

Each measure takes points (n, d) and (m, d) and returns one number. No number means anything without its `floor`:
what one sample of the prior gets against another of the same size.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..arguments import WIDEST, Kind, count, function, plain_number, shown, takes
from ..losses import MMD_SCALES, mmd_kernel
from ..priors import PriorLike
from .checks import GENERATOR, MANY, own_generator, points, prior_of, two_clouds

DIRECTIONS = count(most=100_000)


def _of_two_clouds(value: Any) -> Callable[..., float]:
    if isinstance(value, torch.nn.Module):  # can be called, and is no measure
        raise TypeError
    return function().take(value)


METRIC = Kind("a function of two clouds, such as aae.metrics.mmd", _of_two_clouds)


def mmd(x: Tensor, y: Tensor) -> float:
    """Squared maximum mean discrepancy, unbiased: about 0 for one distribution, at times a little below.

    Kernel and formula are in `aae_lib.losses.mmd`.

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least 2 points each.

    Returns
    -------
    float
        Without a unit.

    Raises
    ------
    ValueError
        For clouds of different dimension, fewer than 2 points, or points that are not finite.

    Examples
    --------
    >>> x = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    >>> f"{mmd(x, x + 1):.1f}"
    '0.5'
    """

    x, y = two_clouds(x, y)
    n, m, itself = len(x), len(y), len(MMD_SCALES)  # k(x, x)
    xy, xx, yy = _summed(mmd_kernel, x, y), _summed(mmd_kernel, x, x), _summed(mmd_kernel, y, y)
    return (xx - n * itself) / (n * (n - 1)) + (yy - m * itself) / (m * (m - 1)) - 2 * xy / (n * m)


@takes(permutations=MANY, generator=GENERATOR)
def mmd_test(x: Tensor, y: Tensor, permutations: int = 200, generator: torch.Generator | None = None) -> float:
    r"""p-value of "both clouds come from one distribution", by permuting which point belongs to which cloud.

    .. math:: p = \frac{1 + \text{number of permutations with an MMD at least as large}}{1 + \text{permutations}}

    So it is never 0; below 0.05, the clouds are told apart. The kernel of all pairs is computed once: memory grows with
    (n + m)^2.

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least 2 points each.
    permutations : int, default 200
        At least 1.
    generator : torch.Generator, optional
        Of the permutations; None: one seeded with 0.

    Returns
    -------
    float
        p, in (0, 1].

    Raises
    ------
    ValueError
        As `mmd`, and for permutations below 1.

    References
    ----------
    Gretton et al. 2012, "A kernel two-sample test"; the +1: Phipson and Smyth 2010.

    Examples
    --------
    >>> x = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    >>> mmd_test(x, x + 1, permutations=19)
    0.05
    """
    x, y = two_clouds(x, y)
    n, m, generator = len(x), len(y), own_generator(generator)
    pooled = torch.cat([x, y])
    k = mmd_kernel(pooled, pooled).fill_diagonal_(0)  # unbiased: no point is paired with itself

    order = torch.stack(
        [torch.arange(n + m), *(torch.randperm(n + m, generator=generator) for _ in range(permutations))]
    )
    in_x = (order < n).to(k).T  # (n + m, 1 + permutations); the first column is the true labelling
    in_y = 1 - in_x
    to_x, to_y = k @ in_x, k @ in_y
    xx, yy, xy = ((a * b).sum(0) for a, b in ((in_x, to_x), (in_y, to_y), (in_x, to_y)))
    statistic = xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)
    as_large = statistic[1:] >= statistic[0] - 1e-12  # ties count, whatever the rounding
    return (1 + int(as_large.sum())) / (1 + permutations)


@takes(generator=GENERATOR)
def sliced_wasserstein(
    x: Tensor, y: Tensor, projections: int | Tensor = 200, generator: torch.Generator | None = None
) -> float:
    r"""Sliced 2-Wasserstein distance, in units of z; u is a random direction.

    .. math:: \sqrt{\mathbb E_u \, W_2(u \cdot x, u \cdot y)^2}

    On a line the square of W2 is the mean squared difference of the quantiles. Never negative, so the floor is well
    above 0 for few points.

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least 1 point each.
    projections : int or tensor, default 200
        The number of random directions, at most 100,000; or unit vectors (d, P) of your own.
    generator : torch.Generator, optional
        Of the directions; None: one seeded with 0.

    Returns
    -------
    float
        The distance, at least 0.

    Raises
    ------
    ValueError
        As `mmd`, and for projections that are neither.

    References
    ----------
    Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures"; as in POT.

    Examples
    --------
    >>> sliced_wasserstein(torch.zeros(3, 1), torch.ones(3, 1))
    1.0
    """
    x, y = two_clouds(x, y, at_least=1)
    if getattr(projections, "ndim", 0) or isinstance(projections, list | tuple):
        directions = points(projections, "projections", at_least=1)
        if len(directions) != x.shape[1] or (directions.norm(dim=0) - 1).abs().max() > 1e-3:
            raise ValueError(
                f"projections must be unit vectors ({x.shape[1]}, P), one a column; these have the shape "
                f"{tuple(directions.shape)} and lengths from {directions.norm(dim=0).min():g} to "
                f"{directions.norm(dim=0).max():g}."
            )
    else:
        p = DIRECTIONS.checked("projections", projections, "sliced_wasserstein")
        normal = torch.randn(x.shape[1], p, generator=own_generator(generator), dtype=x.dtype)
        directions = normal / normal.norm(dim=0)
    n, m = len(x), len(y)
    # Both quantile functions are steps; between these levels (in units of 1/(nm), so exact) neither jumps.
    levels = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()
    widths = levels.diff(prepend=levels.new_zeros(1)).to(x) / (n * m)
    qx = (x @ directions.to(x)).sort(dim=0).values[(levels - 1) // m]
    qy = (y @ directions.to(y)).sort(dim=0).values[(levels - 1) // n]
    return float((widths @ (qx - qy) ** 2).mean().sqrt())


def energy_distance(x: Tensor, y: Tensor) -> float:
    r"""Energy distance, in units of z, unbiased (a U-statistic).

    .. math:: 2 \, \mathbb E \lVert x - y \rVert - \mathbb E \lVert x - x' \rVert - \mathbb E \lVert y - y' \rVert

    0 for one distribution and only then; like the unbiased MMD, an estimate may fall a little below.

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least 2 points each.

    Returns
    -------
    float
        The distance.

    Raises
    ------
    ValueError
        As `mmd`.

    References
    ----------
    Székely and Rizzo 2013, "Energy statistics". In dcor: `estimation_stat="u_statistic"`.

    Examples
    --------
    >>> energy_distance(torch.zeros(3, 1), torch.ones(3, 1))
    2.0
    """
    x, y = two_clouds(x, y)
    n, m = len(x), len(y)
    xy, xx, yy = _summed(torch.cdist, x, y), _summed(torch.cdist, x, x), _summed(torch.cdist, y, y)
    return 2 * xy / (n * m) - xx / (n * (n - 1)) - yy / (m * (m - 1))


def _summed(pairs: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """The sum of `pairs` over all rows of x and y, some rows at a time: memory stays small, and mostly in the cache."""
    # 256 kB of doubles: PyTorch uses one thread, and the C library keeps such blocks; 1 MB it hands back to the system
    # and asks for again at each step, which takes seven times as long for 2000 points
    at_a_time = max(1, 2**15 // len(y))
    return float(sum(pairs(rows, y).sum() for rows in x.split(at_a_time)))


@takes(generator=GENERATOR)
def classifier_two_sample(x: Tensor, y: Tensor, generator: torch.Generator | None = None) -> float:
    """Held-out accuracy of a classifier that tells x from y: 0.5 is chance (no difference seen), 1 is two clouds apart.

    k nearest neighbours with k = sqrt(training points), fitted on one random half and scored on the other. It needs no
    tuning and sees shape (holes, modes, curls) as well as a shift; above some ten dimensions it becomes blind.
    The larger cloud is thinned to the size of the smaller, so that chance is 0.5. Its standard deviation at chance is
    0.5 / sqrt(points in a half).

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least 8 points each.
    generator : torch.Generator, optional
        Of the halves; None: one seeded with 0.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        As `mmd`, and for fewer than 8 points.

    References
    ----------
    Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests".

    Examples
    --------
    >>> x = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    >>> classifier_two_sample(x, x + 10)
    1.0
    """
    from sklearn.neighbors import KNeighborsClassifier

    x, y = two_clouds(x, y, at_least=8)
    generator, n = own_generator(generator), min(len(x), len(y))
    x, y = (cloud[torch.randperm(len(cloud), generator=generator)[:n]] for cloud in (x, y))
    half = n // 2
    train, test = torch.cat([x[:half], y[:half]]), torch.cat([x[half:], y[half:]])
    from_x = [torch.arange(len(part)) < len(part) // 2 for part in (train, test)]
    k = int(len(train) ** 0.5) // 2 * 2 + 1  # odd: no ties
    judge = KNeighborsClassifier(k).fit(train.numpy(), from_x[0].numpy())
    return float(judge.score(test.numpy(), from_x[1].numpy()))


class Floor(NamedTuple):
    """Mean and standard deviation of a measure over pairs of prior samples."""

    mean: float
    sd: float

    def __format__(self, form: str) -> str:
        """With a form, such as ".4f", both numbers: "0.0003 ± 0.0011"; a mean that is 0 when rounded has no sign."""
        return f"{self.mean:z{form}} ± {self.sd:{form}}" if form else str(self)


@takes(n=count(2, WIDEST), metric=METRIC, repeats=count(2, WIDEST), generator=GENERATOR)
def floor(
    prior: PriorLike,
    n: int,
    metric: Callable[..., float] = mmd,
    repeats: int = 10,
    generator: torch.Generator | None = None,
    **options: Any,
) -> Floor:
    """What a measure says about two samples of the prior: the best that codes can be expected to reach.

    Parameters
    ----------
    prior : Prior or callable
        Anything with `sample(n, generator=...) -> (n, d)`, or a plain function of that form.
    n : int
        Points in each sample, at least 2; as many as there are codes.
    metric : callable, default mmd
        A measure of this module, or any function of two clouds.
    repeats : int, default 10
        Pairs drawn; at least 2.
    generator : torch.Generator, optional
        Of the samples; None: one seeded with 0.
    **options
        Passed on to `metric`.

    Returns
    -------
    Floor
        Mean and standard deviation over the pairs.

    Raises
    ------
    ValueError
        For repeats below 2, for what is not a prior, and for a metric that does not take the options or does not give
        a number.

    Examples
    --------
    >>> import aae_lib as aae
    >>> mean, sd = floor(aae.priors.Gaussian(2), 200)
    >>> abs(mean) < 0.01, 0 < sd < 0.01
    (True, True)
    """
    _check_call(metric, options)
    p, generator = prior_of(prior), own_generator(generator)
    pairs = ((p.sample(n, generator=generator), p.sample(n, generator=generator)) for _ in range(repeats))
    values = torch.tensor([_number(metric(x, y, **options)) for x, y in pairs], dtype=torch.float64)
    return Floor(float(values.mean()), float(values.std()))


def _check_call(metric: Callable[..., float], options: dict[str, Any]) -> None:
    """ValueError unless metric(x, y, **options) can be called."""
    try:
        inspect.signature(metric).bind(None, None, **options)
    except TypeError as error:
        with_options = "".join(f", {name}=..." for name in options)
        raise ValueError(f"metric cannot be called as metric(x, y{with_options}): {error}.") from error
    except ValueError:  # built in, without a signature: the call will tell
        pass


def _number(value: Any) -> float:
    try:
        return plain_number(value)
    except TypeError:
        raise ValueError(f"metric must give one number for two clouds; got {shown(value)}.") from None
