"""The class that most of the nearest points have."""

from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F

NUMBERS, PAIRS = 15, 20_000_000  # of a point, and points compared: above, scikit-learn's trees are quicker
AT_ONCE = 1 << 18  # distances in memory


class Neighbours:
    """Names the class of most of the k nearest points, the lowest of several; used as a scikit-learn classifier is.

    Few points of few numbers are compared each with each, without scikit-learn, whose import takes a second and 55 MB.

    Examples
    --------
    >>> Neighbours(1).fit(np.array([[0.0], [1.0]]), np.array([7, 3])).predict(np.array([[0.2], [0.9]])).tolist()
    [7, 3]
    """

    def __init__(self, k: int) -> None:
        self.n_neighbors = k

    def fit(self, z: Any, classes: Any) -> Self:
        """Remember the points (n, d) and their classes (n,)."""
        self.z, self.classes = z, np.asarray(classes)
        return self

    def predict(self, z: Any) -> np.ndarray:
        """The class of each point (m, d)."""
        if z.shape[1] > NUMBERS or len(z) * len(self.z) > PAIRS:
            from sklearn.neighbors import KNeighborsClassifier

            named: np.ndarray = KNeighborsClassifier(self.n_neighbors).fit(self.z, self.classes).predict(z)
            return named
        known = torch.from_numpy(np.asarray(self.z).astype(float))  # a copy: what is given may be read-only
        names, places = np.unique(self.classes, return_inverse=True)
        of_known, winners = torch.from_numpy(places), []
        for some in torch.from_numpy(np.asarray(z).astype(float)).split(max(1, AT_ONCE // len(known))):
            apart = torch.cdist(some, known, compute_mode="donot_use_mm_for_euclid_dist")
            nearest = apart.topk(self.n_neighbors, largest=False).indices
            winners.append(F.one_hot(of_known[nearest], len(names)).sum(1).argmax(1))
        return names[torch.cat(winners).numpy()]

    def score(self, z: Any, classes: Any) -> float:
        """Share of points that are given their class."""
        return float(np.mean(self.predict(z) == np.asarray(classes)))
