"""What the codes know about the class, by two simple readers: neighbours and a straight line."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data import Split
from ..models import Model, of_one_moment
from .checks import finite, labelled, own_generator, points, seed_from

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin
    from sklearn.neighbors import KNeighborsClassifier
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
    random = generator is not None and getattr(model.encoder, "noise_dim", None)
    z = model.encode(images, generator=generator) if random else model.encode(images)
    return points(finite(z, f"the model's {len(z)} codes"), "the codes")


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
        Neighbours.
    generator : torch.Generator, optional
        Of the folds; None: one seeded with 0.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        For fewer than 10 labelled images, and for codes that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> knn_accuracy(aae.AE(data.image_shape, latent_dim=8, seed=0), data.train, data.test) > 0.5
    True
    """
    return accuracy(neighbours(k), *_codes_of(model, train, test), generator)


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

    References
    ----------
    Alain and Bengio 2017, "Understanding intermediate layers using linear classifier probes".
    """
    return accuracy(straight_line(), *_codes_of(model, train, test), generator)


def neighbours(k: int = 5) -> "KNeighborsClassifier":
    """The reader of `knn_accuracy`, from scikit-learn."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(k)


def straight_line() -> "Pipeline":
    """The reader of `linear_probe`, from scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def labelled_codes(model: Model, split: Split) -> Pair:
    """Codes (n, d) and classes (n,) of the images that have a label, as arrays."""
    keep = labelled(split.labels)
    if int(keep.sum()) < 10:
        raise ValueError(f"only {int(keep.sum())} of these images have a label; at least 10 are needed.")
    return encode(model, split.images[keep]).numpy(), split.labels[keep].cpu().numpy()


def accuracy(
    reader: "ClassifierMixin", train: Pair, test: Pair | None, generator: torch.Generator | None = None
) -> float:
    """Of a scikit-learn classifier on labelled codes: on `test`, or cross-validated within `train`."""
    if test is not None:
        return float(reader.fit(*train).score(*test))

    from sklearn.model_selection import KFold, cross_val_score

    folds = KFold(5, shuffle=True, random_state=seed_from(own_generator(generator)))
    return float(cross_val_score(reader, *train, cv=folds).mean())


def _codes_of(model: Model, train: Split, test: Split | None) -> tuple[Pair, Pair | None]:
    return labelled_codes(model, train), None if test is None else labelled_codes(model, test)
