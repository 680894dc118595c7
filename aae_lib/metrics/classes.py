"""What a model knows about the class: in its category y, where it should, and in its style z, where it should not."""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..arguments import one_of, takes
from ..data import Split
from ..models import Model, can, of_one_moment
from . import codes
from .checks import (
    GENERATOR,
    MANY,
    SPLIT,
    a_model,
    finite,
    labelled,
    own_generator,
    same_pixels,
    scaled,
    subsample,
    tensor,
)

CLASSIFIER, ENCODER = a_model("classify"), a_model("encode")
RULES = ("confident", "majority", "hungarian")
ROWS = 4000  # codes shown to a strong reader, at most, and as many to score it: seconds instead of minutes


def probabilities(model: Model, images: Tensor) -> Tensor:
    """How likely each category is for each image: (N, K) float64 on the CPU; ValueError unless they are finite."""
    p = tensor(model.classify(images), "the model's category probabilities").cpu().double()
    if p.ndim != 2 or len(p) != len(images):
        raise ValueError(f"the model's category probabilities have the shape {tuple(p.shape)}, and not (N, K).")
    return finite(p, f"the model's {len(p)} rows of category probabilities")


def styles(model: Model, images: Tensor) -> Tensor:
    """The style codes z, (N, d) float64 on the CPU. Of a map, whose code is c = W y + z, what is left: z = c - W y."""
    z = codes.encode(model, images)
    if not can(model).heads:
        return z
    return z - probabilities(model, images) @ model.cluster_heads.detach().cpu().double()


# ---- the category ----


@takes(model=CLASSIFIER, split=SPLIT)
@of_one_moment
def classification_error(model: Model, split: Split) -> float:
    """Share of the labelled images whose most probable category is not their label.

    It takes category k for class k, as training with labels makes it; for clusters see `cluster_error`.

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        With labels.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        For a model without `classify`, and if no image has a label.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> 0.5 < classification_error(aae.SemiSupervisedAAE(data.image_shape, seed=0), data.test) <= 1
    True
    """
    keep = labelled(split.labels, "split")
    return float((probabilities(model, split.images[keep]).argmax(1) != split.labels[keep].cpu()).double().mean())


@takes(model=CLASSIFIER, split=SPLIT, rule=one_of(*RULES))
@of_one_moment
def cluster_labels(model: Model, split: Split, rule: str = "confident") -> Tensor:
    """The class that each category stands for, read off the labelled images of `split`.

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        With labels.
    rule : {"confident", "majority", "hungarian"}
        - "confident" (the paper's, section 6): the label of the image for which the category is most probable; where
          several images are equally so, say at probability 1, the label that most of them have.
        - "majority": the most frequent label among the images put into the category; for a category without images, its
          confident label.
        - "hungarian": each category another class, such that most images are right; with more categories than classes
          those left over get -1, which no label equals.

    Returns
    -------
    tensor
        (K,) int64.

    Raises
    ------
    ValueError
        As `classification_error`, and for an unknown rule.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> cluster_labels(aae.ClusterAAE(data.image_shape, categories=16, seed=0), data.test).shape
    torch.Size([16])
    """
    keep = labelled(split.labels, "split")
    p, one_hot = probabilities(model, split.images[keep]), F.one_hot(split.labels[keep].cpu()).double()
    counts = one_hot.T @ F.one_hot(p.argmax(1), p.shape[1]).double()  # (classes, K) images
    if rule == "hungarian":
        from scipy.optimize import linear_sum_assignment

        classes, categories = map(torch.as_tensor, linear_sum_assignment(counts.numpy(), maximize=True))
        return torch.full((p.shape[1],), -1).index_put_((categories,), classes)
    confident = (one_hot.T @ (p == p.amax(0)).double()).argmax(0)
    return confident if rule == "confident" else torch.where(counts.sum(0) > 0, counts.argmax(0), confident)


@takes(model=CLASSIFIER, fit=SPLIT, test=SPLIT, rule=one_of(*RULES))
@of_one_moment
def cluster_error(model: Model, fit: Split, test: Split, rule: str = "confident") -> float:
    """Share of the labelled images of `test` whose category stands for a class other than their label.

    Compare it at one K only: more categories make it smaller by themselves.

    Parameters
    ----------
    model : Model
        With `classify`.
    fit : Split
        What each category stands for is read off it (`cluster_labels`); the paper takes validation images.
    test : Split
        To score on.
    rule : {"confident", "majority", "hungarian"}
        See `cluster_labels`.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> 0 < cluster_error(aae.ClusterAAE(data.image_shape, seed=0), data.validation, data.test) < 1
    True
    """
    labelled(fit.labels, "fit")
    names, keep = cluster_labels(model, fit, rule), labelled(test.labels, "test")
    found = names[probabilities(model, test.images[keep]).argmax(1)]
    return float((found != test.labels[keep].cpu()).double().mean())


class Agreement(NamedTuple):
    """Two measures of agreement between categories and classes; 1 is perfect, whatever the categories are called."""

    nmi: float
    ari: float


@takes(model=CLASSIFIER, split=SPLIT)
@of_one_moment
def cluster_agreement(model: Model, split: Split) -> Agreement:
    """How far categories and labels group the images in the same way, without naming categories.

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        With labels.

    Returns
    -------
    nmi : float
        Normalised mutual information, I(y; label) / mean of both entropies, in [0, 1]; grows with K by itself.
    ari : float
        Adjusted Rand index: pairs grouped in the same way, 0 for chance, at times below (Hubert and Arabie 1985).
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    keep = labelled(split.labels, "split")
    pair = split.labels[keep].cpu().numpy(), probabilities(model, split.images[keep]).argmax(1).numpy()
    return Agreement(float(normalized_mutual_info_score(*pair)), float(adjusted_rand_score(*pair)))


@takes(model=CLASSIFIER, split=SPLIT)
@of_one_moment
def occupancy(model: Model, split: Split) -> Tensor:
    """Share of the images, labelled or not, whose most probable category is k.

    Parameters
    ----------
    model : Model
        With `classify`.
    split : Split
        At least one image.

    Returns
    -------
    tensor
        (K,) float64, sums to 1.
    """
    if len(split) == 0:
        raise ValueError("this split holds no images, so no category holds a share of them.")
    p = probabilities(model, split.images)
    return p.argmax(1).bincount(minlength=p.shape[1]).double() / len(p)


def wanted_shares(model: Model) -> Tensor:
    """p(y), (K,): the share of the images that each category holds if the encoder matches its prior."""
    shares = getattr(model, "class_shares", None)
    return torch.full((model.categories,), 1 / model.categories) if shares is None else torch.tensor(shares)


# ---- the style ----


class Reading(NamedTuple):
    """Accuracy of a reader, what always naming the most frequent class would get, and the sd of that by chance."""

    accuracy: float
    chance: float
    sd: float


@takes(model=ENCODER, train=SPLIT, test=SPLIT, generator=GENERATOR)
@of_one_moment
def class_from_style(
    model: Model, train: Split, test: Split | None = None, generator: torch.Generator | None = None
) -> Reading:
    """How well the class can be read off the style z alone: at chance, z holds style only; near 1, all of the class.

    The readers of `read_off`, fitted on split `train` and scored on `test` (at most 4000 labelled images of each, drawn
    at random). Use all labels there are, whatever the model was trained with: a reader that learns from a hundred is
    weak, and z would look cleaner than it is.

    Parameters
    ----------
    model : Model
        With `encode`.
    train : Split
        To fit on; at least 10 labelled images of at least two classes.
    test : Split, optional
        To score on; None: cross-validated within `train`, five-fold.
    generator : torch.Generator, optional
        Of subsamples and folds; None: one seeded with 0.

    Returns
    -------
    Reading
        Accuracy, chance, and the standard deviation of chance.
    """
    generator = own_generator(generator)
    z, known = _labelled_styles(model, train, "train", generator)
    codes.check_classes(known)
    t, asked = (z, known) if test is None else _labelled_styles(model, test, "test", generator)
    z, t = standardised(z, t)
    accuracy = read_off((z, known), None if test is None else (t, asked), generator)
    chance = float(np.bincount(asked).max() / len(asked))
    return Reading(accuracy, chance, math.sqrt(chance * (1 - chance) / len(asked)))


def standardised(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both clouds, each coordinate in units of its standard deviation over z; a constant one is only centred."""
    mean, sd = z.mean(0), z.std(0)
    sd[sd == 0] = 1
    return (z - mean) / sd, (t - mean) / sd


def read_off(train: codes.Pair, test: codes.Pair | None, generator: torch.Generator | None = None) -> float:
    """Accuracy of the best of three readers: support vector machine (RBF, C = 10), logistic regression, 5-NN.

    The first sees most in ten dimensions, the second where examples are few, the third where classes are finely
    interleaved. At chance the best of three lies some half a standard deviation above it.

    Parameters
    ----------
    train, test : pair of ndarray
        Codes (n, d) and classes (n,); without `test`, cross-validated within `train`.
    generator : torch.Generator, optional
        Of the folds; None: one seeded with 0.

    Returns
    -------
    float
        In [0, 1].
    """
    from sklearn.svm import SVC

    generator, readers = own_generator(generator), (SVC(C=10), codes.straight_line(), codes.neighbours(5))
    return float(np.nanmax([codes.accuracy(reader, train, test, generator) for reader in readers]))


def _labelled_styles(model: Model, split: Split, name: str, generator: torch.Generator) -> codes.Pair:
    keep = labelled(split.labels, name, at_least=10)
    images, labels = subsample(generator, ROWS, split.images[keep], split.labels[keep])
    return styles(model, images).numpy(), labels.cpu().numpy()


# ---- a yardstick ----


@takes(train=SPLIT, test=SPLIT, n=MANY, generator=GENERATOR)
def label_spreading_error(
    train: Split, test: Split, n: int = 10_000, generator: torch.Generator | None = None
) -> float:
    """Share of the labelled images of `test` that label spreading gets wrong: what few labels give without a network.

    Labels spread from image to image over a graph of the 7 nearest neighbours by pixels, α = 0.8 (scikit-learn's
    LabelSpreading with a knn kernel); a test image takes the vote of its 7 nearest. One that no label reaches is wrong.

    Parameters
    ----------
    train : Split
        Unknown labels are -1 (`keep_labels`). Labelled images go first, and unlabelled ones, drawn at random, fill up
        to n. With all 55,000 images of MNIST the error would be lower.
    test : Split
        Scored on at most n images, drawn at random.
    n : int, default 10000
        Time grows with n². 10,000 of 28 x 28 take some 10 to 20 s and 100 MB.
    generator : torch.Generator, optional
        Of what is drawn; None: one seeded with 0.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    Zhou et al. 2004, "Learning with local and global consistency".

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> label_spreading_error(data.train.keep_labels(100), data.test) < 0.2
    True
    """
    from sklearn.semi_supervised import LabelSpreading

    generator, known = own_generator(generator), labelled(train.labels, "train")
    scored = labelled(test.labels, "test")
    order = torch.randperm(len(known), generator=generator)
    rows = order[(~known.cpu()[order]).long().argsort(stable=True)][:n]
    real, y = scaled(train.images[rows], "images of train").flatten(1), train.labels[rows].cpu().numpy()
    images, labels = subsample(generator, n, test.images[scored], test.labels[scored])
    asked = same_pixels(images, "images of test", real, "images of train")
    x = real.numpy()
    spread = LabelSpreading(kernel="knn", n_neighbors=min(7, len(x)), alpha=0.8, max_iter=1000).fit(x, y)
    with np.errstate(invalid="ignore"):  # 0/0 where no label reaches
        votes = spread.predict_proba(asked.numpy())
    right = (spread.classes_[votes.argmax(1)] == labels.cpu().numpy()) & np.isfinite(votes).all(1)
    return float(1 - right.mean())
