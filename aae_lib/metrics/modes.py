"""A prior of several parts (a ring of ten, a grid): which parts hold codes?"""

import torch
from torch import Tensor

from ..arguments import WIDEST, count, number, takes
from ..priors import Prior
from .checks import GENERATOR, labelled, own_generator, points, prior_of, whole

NEIGHBOUR = 5  # distance to a component = distance to the fifth nearest of its samples
SAMPLE = 200  # of the prior, a component, to see how many codes to expect in each
INSIDE = 0.99  # a code is inside where this share of the component's own samples is


@takes(per_mode=count(2 * NEIGHBOUR, WIDEST), generator=GENERATOR)
def assign_modes(codes: Tensor, prior: Prior, per_mode: int = 500, generator: torch.Generator | None = None) -> Tensor:
    """Which component of the prior each code lies in.

    The nearest component by the distance to the fifth nearest of its samples, provided the code is as near as 99% of
    that component's own samples. So codes piled up in the middle of a ring, or far out in the right direction, are in
    no mode.

    Parameters
    ----------
    codes : tensor
        (n, d).
    prior : Prior
        With `classes` K and `sample(n, generator=, labels=)`.
    per_mode : int, default 500
        Samples drawn of each component; at least 10.
    generator : torch.Generator, optional
        Of the samples; None: one seeded with 0.

    Returns
    -------
    tensor
        (n,) int64, 0 to K - 1, or -1 for a code outside them all.

    Raises
    ------
    ValueError
        For a prior without classes or of another dimension, and for per_mode below 10.

    Examples
    --------
    >>> import aae_lib as aae
    >>> assign_modes(torch.tensor([[2.5, 0.0], [0.0, 0.0]]), aae.priors.GaussianRing(4))
    tensor([ 0, -1])
    """
    prior = prior_of(prior)
    if not prior.classes:
        raise ValueError("this prior has no classes, so no modes to count; take one with parts, such as a ring.")
    codes, generator = points(codes, "codes", at_least=1), own_generator(generator)
    distances = []  # K of (n,); infinite where the code is outside
    for k in range(prior.classes):
        labels = torch.full((2 * per_mode,), k)
        samples = points(prior.sample(2 * per_mode, generator=generator, labels=labels), "the prior sample")
        if samples.shape[1] != codes.shape[1]:
            raise ValueError(f"the codes have {codes.shape[1]} dimensions and the prior has {samples.shape[1]}.")
        reference, fresh = samples.split(per_mode)
        reach = torch.quantile(_kth_distance(fresh, reference), INSIDE)
        distance = _kth_distance(codes, reference)
        distances.append(distance.masked_fill(distance > reach, torch.inf))
    nearest = torch.stack(distances).min(dim=0)
    return torch.where(nearest.values.isfinite(), nearest.indices, -1)


@takes(share=number(least=0, most=1), generator=GENERATOR)
def mode_coverage(
    codes: Tensor,
    prior: Prior,
    labels: Tensor | None = None,
    share: float = 0.3,
    generator: torch.Generator | None = None,
) -> int:
    """How many of the prior's K components hold codes.

    A component counts when at least `share` of the codes expected there lie in it (`assign_modes`); expected are as
    many as of a sample of the prior. K is the best value, and what large samples of the prior itself get; few have gaps
    (of a ring of ten parts 20 samples cover 9.2 on average).

    Parameters
    ----------
    codes : tensor
        (n, d).
    prior : Prior
        With `classes` K.
    labels : tensor, optional
        (n,): component k must then also hold codes of class k by more than half; unlabelled codes (-1) are left out.
    share : float, default 0.3
        Of the expected codes, in [0, 1].
    generator : torch.Generator, optional
        Of prior samples; None: one seeded with 0.

    Returns
    -------
    int
        From 0 to K.

    Raises
    ------
    ValueError
        As `assign_modes`, and for labels that are not one whole number for each code.

    Examples
    --------
    >>> import aae_lib as aae
    >>> ring = aae.priors.GaussianRing(4)
    >>> mode_coverage(ring.sample(500, generator=torch.Generator().manual_seed(0)), ring)
    4
    """
    codes = points(codes, "codes", at_least=1)
    if labels is not None:
        labels = whole(labels)
        if len(labels) != len(codes):
            raise ValueError(f"{len(codes)} codes and {len(labels)} labels; each code needs one (-1 for none).")
        keep = labelled(labels, "labels")
        codes, labels = codes[keep.cpu()], labels[keep].cpu()
    generator = own_generator(generator)
    modes = assign_modes(codes, prior, generator=generator)
    classes = prior.classes or 0  # `assign_modes` has refused a prior without
    of_prior = assign_modes(prior.sample(SAMPLE * classes, generator=generator), prior, generator=generator)
    expected = of_prior[of_prior >= 0].bincount(minlength=classes) * len(modes) / len(of_prior)
    covered = 0
    for k in range(classes):
        inside = modes == k
        enough = int(inside.sum()) >= max(1.0, share * float(expected[k]))
        right = labels is None or int((labels[inside] == k).sum()) > int(inside.sum()) / 2
        covered += enough and right
    return covered


def _kth_distance(x: Tensor, reference: Tensor) -> Tensor:
    """Distance of each x to its fifth nearest reference point: (n,)."""
    return torch.cat([torch.cdist(rows, reference).kthvalue(NEIGHBOUR, dim=1).values for rows in x.split(4096)])
