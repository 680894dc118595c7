"""`compare`: the three figures that tell whether an autoencoder's codes match its prior, and all the others."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..arguments import WIDEST, count, switch, takes
from ..data import Dataset, Split
from ..models import Model, can, of_one_moment
from ..priors import Gaussian, Prior
from . import classes, clouds, codes, images, modes
from .checks import DATA, GENERATOR, a_model, in_units_of, own_generator, prior_of, standard_of, subsample
from .table import Row, table

if TYPE_CHECKING:
    import pandas as pd

AT_LEAST = 50  # codes: below, every measure is noise
NEIGHBOURS_SEE = 10  # dimensions, at most
PICTURES = 1000  # samples judged by their pixels


@takes(
    model=a_model("encode", "decode", "reconstruct", "sample"),
    data=DATA,
    details=switch(),
    generator=GENERATOR,
    n=count(AT_LEAST, WIDEST),
)
@of_one_moment
def compare(
    model: Model,
    data: Dataset | Split,
    details: bool = False,
    generator: torch.Generator | None = None,
    n: int = 2000,
) -> "pd.DataFrame":
    """The scoreboard of a model: reconstruction error, MMD of codes against prior, 5-NN accuracy on the codes.

    The aim is all three at once: codes may match the prior perfectly and say nothing about the image. A model that puts
    images into categories is also asked for its class error (or cluster error, where no label named the categories) and
    for the effective number of its categories; of a style that goes with a category, the less it says about the class
    the better, since the category says it.

    Parameters
    ----------
    model : Model
        With `encode`, `decode`, `reconstruct`, `sample` and `prior`. A model whose prior is None is compared with N(0,
        I), and the table says so.
    data : Dataset or Split
        A dataset is judged on `data.test`, its neighbours and probe fitted on `data.train`; for one split, neighbours
        and probe are cross-validated within it, five-fold.
    details : bool, default False
        All other measures too: p-value, sliced Wasserstein, energy distance, two-sample classifier (up to ten
        dimensions; above, its nearest neighbours see nothing), modes covered (if the prior has classes), effective
        classes, sharpness, distance of samples to the data (if `data` is a dataset), linear probe, class from style
        (if the model has categories).
    generator : torch.Generator, optional
        For subsamples, prior samples and permutations; None: one seeded with 0.
    n : int, default 2000
        Codes and prior samples used for q(z) against p(z), at most.

    Returns
    -------
    DataFrame
        One row per measure. Columns: `value`; `reference`, what to compare it with (for the distances the floor: two
        prior samples of the same size), and its `sd` where it varies; `good`, where a good model is; `meaning`. Rows
        that need labels are left out where there are fewer than 10, or where they are of one class and the row tells
        classes apart.

    Raises
    ------
    ValueError
        For fewer than 50 images, codes that are not finite, or codes and prior of different dimension.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> compare(aae.AE(data.image_shape, seed=0), data).index.tolist()
    ['reconstruction', 'MMD', '5-NN accuracy']
    """
    train, test = (data.train, data.test) if isinstance(data, Dataset) else (data, None)
    split = train if test is None else test
    if len(split) < AT_LEAST:
        raise ValueError(f"data: at least {AT_LEAST} images are needed to compare; there are {len(split)}.")
    generator = own_generator(generator)
    some_images, labels = subsample(generator, n, split.images, split.labels)
    z = codes.encode(model, some_images, generator)  # drawn from q(z|x): q(z) is their mixture
    own = getattr(model, "prior", None)
    against = "prior" if own is not None else "N(0, I), as the model has no prior"
    prior = prior_of(own) if own is not None else Gaussian(z.shape[1])
    p = prior.sample(len(z), generator=generator)

    rows = [*_reconstruction(model, split), _distance("MMD", clouds.mmd, z, p, prior, generator, against)]
    named = min(_labels(train), _labels(split)) >= 10 and _guessing(split) < 1  # there are classes to tell apart
    how = "cross-validated within the split" if test is None else "fitted on train, scored on test"
    wanted = "low" if can(model).see_category else "high"
    if named:
        fit, score = codes.labelled_codes(model, train), None if test is None else codes.labelled_codes(model, test)
        value = codes.accuracy(codes.neighbours(5), fit, score, generator)
        rows.append(Row("5-NN accuracy", value, _guessing(split), wanted, f"class from the 5 nearest codes, {how}"))
    rows += _categories(model, data, split)
    if details:
        rows += _more_distances(z, p, prior, generator, against)
        rows += _modes(model, z, labels, prior, generator)
        rows += _pictures(model, prior, train, test, generator)
    if details and named:
        value = codes.accuracy(codes.straight_line(), fit, score, generator)
        if not math.isnan(value):  # it is where all are of one class
            rows.append(Row("linear probe", value, _guessing(split), wanted, f"class from a straight line, {how}"))
    if details:
        rows += _style(model, train, test, generator)
    return table(rows)


def _reconstruction(model: Model, split: Split) -> Iterator[Row]:
    if can(model).need_labels:
        known = split.labels >= 0
        split = Split(split.images[known], split.labels[known])
        if not known.any():
            return
    value = images.reconstruction_error(model, split)
    x = in_units_of(model, split.images)
    always_mean = float((x - x.mean(0)).square().mean())
    unit = "pixel" if standard_of(model) is None else "number, in variances of the training data"
    yield Row("reconstruction", value, always_mean, "low", f"squared error a {unit}; reference: always the mean image")


def _distance(
    name: str,
    metric: Callable[..., float],
    z: Tensor,
    p: Tensor,
    prior: Prior,
    generator: torch.Generator,
    against: str,
) -> Row:
    mean, sd = clouds.floor(prior, len(z), metric, generator=generator)
    meaning = f"codes against {against}; reference: the floor, two prior samples"
    return Row(name, metric(z, p), mean, "at floor", meaning, sd)


def _more_distances(z: Tensor, p: Tensor, prior: Prior, generator: torch.Generator, against: str) -> Iterator[Row]:
    value = clouds.mmd_test(z, p, generator=generator)
    yield Row("MMD p-value", value, 0.05, "above", "below 0.05 the MMD is no accident")
    for name, metric in (
        ("sliced Wasserstein", clouds.sliced_wasserstein),
        ("energy distance", clouds.energy_distance),
        ("two-sample classifier", clouds.classifier_two_sample),
    ):
        if metric is clouds.classifier_two_sample and z.shape[1] > NEIGHBOURS_SEE:
            continue  # in many dimensions everybody's nearest neighbour lies in the middle: it would say "at floor"
        yield _distance(name, metric, z, p, prior, generator, against)


def _categories(model: Model, data: Dataset | Split, split: Split) -> Iterator[Row]:
    if not can(model).classify:
        return
    fit, where = split, "these images themselves"
    if isinstance(data, Dataset):
        fit, where = data.validation, "validation"
    named = can(model).named_categories
    if named and _labels(split) >= 10:
        value = classes.classification_error(model, split)
        yield Row("class error", value, 1 - _guessing(split), "low", "share of images put into another category")
    elif not named and min(_labels(split), _labels(fit)) >= 10:
        value = classes.cluster_error(model, fit, split)
        meaning = f"share of images put into a category of another class; categories named on {where}"
        yield Row("cluster error", value, 1 - _guessing(split), "low", meaning)
    value = images.effective_number(classes.occupancy(model, split))
    wanted = images.effective_number(classes.wanted_shares(model))
    yield Row("effective categories", value, wanted, "high", "categories in use, weighed by their frequency")


def _style(model: Model, train: Split, test: Split | None, generator: torch.Generator) -> Iterator[Row]:
    if can(model).categories is None:
        return
    if test is not None and _labels(test) > _labels(train):  # few labels to learn from make a weak reader
        train, test = test, None
    if _labels(train) >= 10 and (test is None or _labels(test) >= 10) and _guessing(train) < 1:
        found = classes.class_from_style(model, train, test, generator)
        meaning = "class from z by the best of three readers; the category should hold it"
        yield Row("class from style", found.accuracy, found.chance, "low", meaning, found.sd)


def _modes(model: Model, z: Tensor, labels: Tensor, prior: Prior, generator: torch.Generator) -> Iterator[Row]:
    if not prior.classes:
        return
    value = modes.mode_coverage(z, prior, generator=generator)
    yield Row("modes covered", value, prior.classes, "high", "parts of the prior that hold codes")
    able = can(model)
    own = able.categories is None or (able.named_categories and not able.see_category)
    if (labels >= 0).any() and own:
        value = modes.mode_coverage(z, prior, labels, generator=generator)
        yield Row("modes, right class", value, prior.classes, "high", "of them by their own class (if trained so)")


def _pictures(
    model: Model, prior: Prior, train: Split, test: Split | None, generator: torch.Generator
) -> Iterator[Row]:
    split = train if test is None else test
    if getattr(model, "prior", None) is None:
        device = next((p.device for p in getattr(model, "parameters", tuple)()), "cpu")
        samples = model.decode(prior.sample(PICTURES, generator=generator).to(device))
    else:
        samples = model.sample(PICTURES, generator=generator)
    if _labels(train) >= 5 and _labels(split):
        shares = split.labels[split.labels >= 0].bincount() / int((split.labels >= 0).sum())
        reference = images.effective_number(shares)
        value = images.effective_classes(samples, train)
        yield Row("effective classes", value, reference, "high", "classes that samples show; reference: the data")
    if split.images.ndim == 4 and min(split.images.shape[2:]) >= 3:
        value, reference = images.sharpness(samples), images.sharpness(split.images)
        yield Row("sharpness", value, reference, "near", "of samples; reference: of the data")
    if test is not None and len(train):
        (unseen,) = subsample(generator, PICTURES, test.images)
        value = images.nearest_distance(samples, train.images, unseen)
        yield Row("distance to the data", value, 1.0, "near", "samples to nearest training image; 1: as test images")


def _labels(split: Split) -> int:
    return int((split.labels >= 0).sum())


def _guessing(split: Split) -> float:
    """The accuracy of naming the most frequent class, always."""
    return float(split.labels[split.labels >= 0].bincount().max() / (split.labels >= 0).sum())
