"""How good is it? Codes against the prior, images, and what codes and categories know.

Of q(z) against p(z): `mmd`, `mmd_test`, `sliced_wasserstein`, `energy_distance`, `classifier_two_sample`,
`mode_coverage`, and `floor`, the value that two samples of the prior itself would get.
Of images: `reconstruction_error`, `sharpness`, `effective_classes`, `nearest_distance`, `parzen_log_likelihood`.
Of codes: `knn_accuracy`, `linear_probe`.
Of categories: `classification_error`, `cluster_error`, `cluster_labels`, `cluster_agreement`, `occupancy`; of the style
that goes with them: `class_from_style`, `factor_scores`. The baseline for few labels: `label_spreading_error`.
Of single images: `anomaly_scores`. All together, in one table: `compare`. A new measure is a function in the file of
its subject.

The same model and the same call give the same figures: where a measure draws at random and no `generator=` is given,
it uses one of its own, seeded with 0. A generator passed in must be on the CPU, where all of this is computed.
"""

from .anomalies import anomaly_scores
from .classes import (
    Agreement,
    Reading,
    class_from_style,
    classification_error,
    cluster_agreement,
    cluster_error,
    cluster_labels,
    label_spreading_error,
    occupancy,
)
from .clouds import Floor, classifier_two_sample, energy_distance, floor, mmd, mmd_test, sliced_wasserstein
from .codes import knn_accuracy, linear_probe
from .factors import factor_scores
from .images import (
    effective_classes,
    effective_number,
    nearest_distance,
    reconstructed,
    reconstruction_error,
    sharpness,
)
from .modes import assign_modes, mode_coverage
from .parzen import Parzen, parzen_log_likelihood
from .scoreboard import compare

__all__ = [
    "Agreement",
    "Floor",
    "Parzen",
    "Reading",
    "anomaly_scores",
    "assign_modes",
    "class_from_style",
    "classification_error",
    "classifier_two_sample",
    "cluster_agreement",
    "cluster_error",
    "cluster_labels",
    "compare",
    "effective_classes",
    "effective_number",
    "energy_distance",
    "factor_scores",
    "floor",
    "knn_accuracy",
    "label_spreading_error",
    "linear_probe",
    "mmd",
    "mmd_test",
    "mode_coverage",
    "nearest_distance",
    "occupancy",
    "parzen_log_likelihood",
    "reconstructed",
    "reconstruction_error",
    "sharpness",
    "sliced_wasserstein",
]
