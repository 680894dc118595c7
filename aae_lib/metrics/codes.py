"""What the codes know about the class, by two simple readers: neighbours and a straight line."""

import torch
from torch import Tensor

from ..models import of_one_moment
from .checks import labelled, own_generator, points, seed_from


def encode(model, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The codes of images, (N, d) float64 on the CPU, once they are known to be finite.

    With a generator they are drawn from the posterior q(z|x), where it is random; otherwise its noise is 0.
    """
    random = generator is not None and getattr(model.encoder, "noise_dim", None)
    z = model.encode(images, generator=generator) if random else model.encode(images)
    bad = int((~z.isfinite().all(dim=1)).sum())
    if bad:
        raise ValueError(
            f"the model has NaN or infinite codes: {bad} of {len(z)}. Training diverged; load an earlier checkpoint, "
            "or train again with a lower learning rate."
        )
    return points(z, "the codes")


@of_one_moment
def knn_accuracy(model, train, test=None, k: int = 5, generator: torch.Generator | None = None) -> float:
    """Share of images whose class the k nearest codes tell, in [0, 1].

    Fitted on the codes of split `train`, scored on those of split `test`. Without `test`: five-fold cross-validation
    within `train`. Images without label (-1) are left out. Distances between codes are Euclidean.
    """
    return accuracy(neighbours(k), *_codes_of(model, train, test), generator)


@of_one_moment
def linear_probe(model, train, test=None, generator: torch.Generator | None = None) -> float:
    """Share of images whose class a logistic regression on the codes tells, in [0, 1]; otherwise as `knn_accuracy`.

    Codes are standardised first. Alain and Bengio 2017, "Understanding intermediate layers using linear classifier
    probes".
    """
    return accuracy(straight_line(), *_codes_of(model, train, test), generator)


def neighbours(k: int = 5):
    """The reader of `knn_accuracy`, from scikit-learn."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(k)


def straight_line():
    """The reader of `linear_probe`, from scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def labelled_codes(model, split) -> tuple:
    """Codes (n, d) and classes (n,) of the images that have a label, as arrays."""
    keep = labelled(split.labels)
    if int(keep.sum()) < 10:
        raise ValueError(f"only {int(keep.sum())} of these images have a label; at least 10 are needed.")
    return encode(model, split.images[keep]).numpy(), split.labels[keep].cpu().numpy()


def accuracy(reader, train: tuple, test: tuple | None, generator: torch.Generator | None = None) -> float:
    """Of a scikit-learn classifier on labelled codes: on `test`, or cross-validated within `train`."""
    if test is not None:
        return float(reader.fit(*train).score(*test))

    from sklearn.model_selection import KFold, cross_val_score

    folds = KFold(5, shuffle=True, random_state=seed_from(own_generator(generator)))
    return float(cross_val_score(reader, *train, cv=folds).mean())


def _codes_of(model, train, test) -> tuple[tuple, tuple | None]:
    return labelled_codes(model, train), None if test is None else labelled_codes(model, test)
