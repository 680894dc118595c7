"""`compare`: the three figures that tell whether an autoencoder's codes match its prior, and all the others."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from aae_lib.metrics import clouds, codes, images, modes
from aae_lib.metrics.checks import own_generator, subsample
from aae_lib.metrics.table import Row, table

if TYPE_CHECKING:
    import pandas as pd

AT_LEAST = 50  # codes: below, every measure is noise
PICTURES = 1000  # samples judged by their pixels


def compare(
    model, data, details: bool = False, generator: torch.Generator | None = None, n: int = 2000
) -> "pd.DataFrame":
    """The scoreboard of a model: reconstruction error, MMD of codes against prior, 5-NN accuracy on the codes.

    All three at once are the aim: codes may match the prior perfectly and say nothing of the image.

    Args:
        model: with `encode`, `decode`, `reconstruct`, `sample` and `prior`. A model whose prior is None is held
            against N(0, I), and the table says so.
        data: a dataset, then judged on `data.test`, its neighbours and probe fitted on `data.train`; or one split,
            then neighbours and probe are cross-validated within it, five-fold.
        details: all other measures too: p-value, sliced Wasserstein, energy distance, two-sample classifier, modes
            covered (if the prior has classes), effective classes, sharpness, distance of samples to the data (if
            `data` is a dataset), linear probe.
        generator: for subsamples, prior samples and permutations; without it one of its own, seeded with 0.
        n: codes and prior samples used for q(z) against p(z), at most.

    Returns:
        A DataFrame, one row a measure. Columns: `value`; `reference`, what to hold it against (for the distances the
        floor: two prior samples of the same size), and its `sd` where it varies; `good`, where a good model is;
        `meaning`. Rows that need labels are left out where there are fewer than 10.

    Raises:
        ValueError: fewer than 50 images, codes that are not finite, or codes and prior of different dimension.
    """
    train, test = (data.train, data.test) if hasattr(data, "test") else (data, None)
    split = train if test is None else test
    if min(len(split.images), n) < AT_LEAST:
        raise ValueError(f"at least {AT_LEAST} images are needed to compare; there are {min(len(split.images), n)}.")
    generator = own_generator(generator)
    some_images, labels = subsample(generator, n, split.images, split.labels)
    z = codes.encode(model, some_images, generator)  # drawn from q(z|x): q(z) is their mixture
    against = "prior" if model.prior is not None else "N(0, I), as the model has no prior"
    prior = model.prior if model.prior is not None else _unit_gaussian(z.shape[1])
    p = prior.sample(len(z), generator=generator)

    rows = [_reconstruction(model, split), _distance("MMD", clouds.mmd, z, p, prior, generator, against)]
    named = min(int((part.labels >= 0).sum()) for part in (train, split)) >= 10
    how = "cross-validated within the split" if test is None else "fitted on train, scored on test"
    if named:
        fit, score = codes.labelled_codes(model, train), None if test is None else codes.labelled_codes(model, test)
        value = codes.accuracy(codes.neighbours(5), fit, score, generator)
        rows.append(Row("5-NN accuracy", value, _guessing(split), "high", f"class from the 5 nearest codes, {how}"))
    if details:
        rows += _more_distances(z, p, prior, generator, against)
        rows += _modes(z, labels, prior, generator)
        rows += _pictures(model, prior, train, test, generator)
    if details and named:
        value = codes.accuracy(codes.straight_line(), fit, score, generator)
        rows.append(Row("linear probe", value, _guessing(split), "high", f"class from a straight line, {how}"))
    return table(rows)


def _reconstruction(model, split) -> Row:
    value = images.reconstruction_error(model, split)
    x = images.scaled(split.images)
    always_mean = float((x - x.mean(0)).square().mean())
    return Row("reconstruction", value, always_mean, "low", "squared error a pixel; reference: always the mean image")


def _distance(name: str, metric, z: Tensor, p: Tensor, prior, generator, against: str, good: str = "at floor") -> Row:
    mean, sd = clouds.floor(prior, len(z), metric, generator=generator)
    meaning = f"codes against {against}; reference: the floor, two prior samples"
    return Row(name, metric(z, p), mean, good, meaning, sd)


def _more_distances(z: Tensor, p: Tensor, prior, generator, against: str) -> Iterator[Row]:
    value = clouds.mmd_test(z, p, generator=generator)
    yield Row("MMD p-value", value, 0.05, "above", "below .05 the MMD is no accident")
    for name, metric in (
        ("sliced Wasserstein", clouds.sliced_wasserstein),
        ("energy distance", clouds.energy_distance),
        ("two-sample classifier", clouds.classifier_two_sample),
    ):
        yield _distance(name, metric, z, p, prior, generator, against)


def _modes(z: Tensor, labels: Tensor, prior, generator) -> Iterator[Row]:
    if not getattr(prior, "classes", None):
        return
    value = modes.mode_coverage(z, prior, generator=generator)
    yield Row("modes covered", value, prior.classes, "high", "parts of the prior that hold codes")
    if (labels >= 0).any():
        value = modes.mode_coverage(z, prior, labels, generator=generator)
        yield Row("modes, right class", value, prior.classes, "high", "of them by their own class (if trained so)")


def _pictures(model, prior, train, test, generator) -> Iterator[Row]:
    split = train if test is None else test
    if model.prior is None:
        device = next(model.parameters()).device
        samples = model.decode(prior.sample(PICTURES, generator=generator).to(device))
    else:
        samples = model.sample(PICTURES, generator=generator)
    if (train.labels >= 0).any():
        shares = split.labels[split.labels >= 0].bincount() / int((split.labels >= 0).sum())
        reference = float(torch.special.entr(shares).sum().exp())
        value = images.effective_classes(samples, train)
        yield Row("effective classes", value, reference, "high", "classes that samples show; reference: the data")
    if split.images.ndim == 4 and min(split.images.shape[2:]) >= 3:
        value, reference = images.sharpness(samples), images.sharpness(split.images)
        yield Row("sharpness", value, reference, "near", "of samples; reference: of the data")
    if test is not None:
        (unseen,) = subsample(generator, PICTURES, test.images)
        value = images.nearest_distance(samples, train.images, unseen)
        yield Row("distance to the data", value, 1.0, "near", "samples to nearest training image; 1: as test images")


def _guessing(split) -> float:
    """The accuracy of naming the most frequent class, always."""
    return float(split.labels[split.labels >= 0].bincount().max() / (split.labels >= 0).sum())


def _unit_gaussian(dim: int):
    from aae_lib.priors import Gaussian

    return Gaussian(dim)
