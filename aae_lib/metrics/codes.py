"""What the codes know about the class, according to two simple readers: neighbours and a straight line."""

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..arguments import takes
from ..data import Split
from ..models import Model, of_one_moment
from .checks import GENERATOR, MANY, SPLIT, a_model, codes_of, labelled, own_generator, points, seed_from
from .neighbours import Neighbours

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin
    from sklearn.pipeline import Pipeline

Pair = tuple[np.ndarray, np.ndarray]  # codes (n, d) and classes (n,)


def encode(model: Model, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The codes of images, once they have been found to be finite.

    Parameters
    ----------
    model : Model
        With `encode`.
    images : tensor
        (N, C, H, W), uint8 or floats in [0, 1].
    generator : torch.Generator, optional
        With one, codes are drawn from the posterior q(z|x), where it is random; otherwise its noise is 0.

    Returns
    -------
    tensor
        (N, d) float64 on the CPU.

    Raises
    ------
    ValueError
        For codes that are not finite.
    """
    return points(codes_of(model, images, generator), "codes", at_least=1)


@takes(model=a_model("encode"), train=SPLIT, test=SPLIT, k=MANY, generator=GENERATOR)
@of_one_moment
def knn_accuracy(
    model: Model, train: Split, test: Split | None = None, k: int = 5, generator: torch.Generator | None = None
) -> float:
    """Share of images whose class the k nearest codes tell.

    Fitted on the codes of split `train`, scored on those of split `test`. Images without a label (-1) are left out.
    Distances between codes are Euclidean.

    Parameters
    ----------
    model : Model
        With `encode`.
    train : Split
        To fit on; at least 10 labelled images.
    test : Split, optional
        To score on; None: five-fold cross-validation within `train`.
    k : int, default 5
        Neighbours; at most as many as there are codes to learn from.
    generator : torch.Generator, optional
        Of the folds; None: one seeded with 0.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        For fewer than 10 labelled images, or one class only, to learn from, for more neighbours than codes, and for
        codes that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> knn_accuracy(aae.AE(data.image_shape, latent_dim=8, seed=0), data.train, data.test) > 0.5
    True
    """
    fit, score = _codes_of(model, train, test)
    check_classes(fit[1])
    return accuracy(neighbours(k), fit, score, generator)


@takes(model=a_model("encode"), train=SPLIT, test=SPLIT, generator=GENERATOR)
@of_one_moment
def linear_probe(
    model: Model, train: Split, test: Split | None = None, generator: torch.Generator | None = None
) -> float:
    """Share of images whose class a logistic regression on the codes tells; otherwise as `knn_accuracy`.

    Codes are standardised first.

    Parameters
    ----------
    model, train, test, generator
        As for `knn_accuracy`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        As `knn_accuracy`, and where a fold holds one class only.

    References
    ----------
    Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes".
    """
    fit, score = _codes_of(model, train, test)
    check_classes(fit[1])
    found = accuracy(straight_line(), fit, score, generator)
    if math.isnan(found):
        raise ValueError("train has so few images outside its main class that a fold has none: pass test as well.")
    return found


@takes(k=MANY)
def neighbours(k: int = 5) -> Neighbours:
    """The reader of `knn_accuracy`."""
    return Neighbours(k)


def straight_line() -> "Pipeline":
    """The reader of `linear_probe`, from scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def labelled_codes(model: Model, split: Split, name: str = "split") -> Pair:
    """Codes (n, d) and classes (n,) of the images that have a label, as arrays."""
    keep = split.take(labelled(split.labels, name, at_least=10).nonzero()[:, 0])
    return encode(model, keep.images).numpy(), keep.labels.cpu().numpy()


def accuracy(
    reader: "ClassifierMixin | Neighbours", train: Pair, test: Pair | None, generator: torch.Generator | None = None
) -> float:
    """Of a classifier on labelled codes: on `test`, or cross-validated within `train`, five-fold.

    NaN where there, or in a fold, all codes to learn from are of one class; neighbours name that class.
    """
    z, classes = train
    rows = np.arange(len(z))
    every, folds = [rows], []
    if test is None:
        np.random.RandomState(seed_from(own_generator(generator))).shuffle(rows)
        folds = np.array_split(rows, 5)
        every = [np.setdiff1d(rows, fold) for fold in folds]
    if isinstance(reader, Neighbours):
        if reader.n_neighbors > (n := min(map(len, every))):
            raise ValueError(f"k = {reader.n_neighbors} neighbours are too many: there are {n} codes to learn from.")
    elif min(len(np.unique(classes[rows])) for rows in every) < 2:
        return math.nan
    if test is not None:
        return float(reader.fit(z, classes).score(*test))
    scores = [
        reader.fit(z[rest], classes[rest]).score(z[fold], classes[fold])
        for rest, fold in zip(every, folds, strict=True)
    ]
    return float(np.mean(scores))


def check_classes(classes: np.ndarray) -> None:
    """ValueError unless there are two classes to tell apart."""
    if len(np.unique(classes)) < 2:
        raise ValueError("all labelled images of train are of one class, so there is nothing to tell apart.")


def _codes_of(model: Model, train: Split, test: Split | None) -> tuple[Pair, Pair | None]:
    return labelled_codes(model, train, "train"), None if test is None else labelled_codes(model, test, "test")
