"""How good is it? Codes against the prior, images, and what the codes know.

Of q(z) against p(z): `mmd`, `mmd_test`, `sliced_wasserstein`, `energy_distance`, `classifier_two_sample`,
`mode_coverage`, and `floor`, the value that two samples of the prior itself would get.
Of images: `reconstruction_error`, `sharpness`, `effective_classes`, `nearest_distance`, `parzen_log_likelihood`.
Of codes: `knn_accuracy`, `linear_probe`. All together, in one table: `compare`.

The same model and the same call give the same figures: where a measure draws at random and no `generator=` is given,
it uses one of its own, seeded with 0. A generator passed in lives on the CPU, where all of this is computed.
"""

from aae_lib.metrics.clouds import (
    Floor,
    classifier_two_sample,
    energy_distance,
    floor,
    mmd,
    mmd_test,
    sliced_wasserstein,
)
from aae_lib.metrics.codes import knn_accuracy, linear_probe
from aae_lib.metrics.images import effective_classes, nearest_distance, reconstruction_error, sharpness
from aae_lib.metrics.modes import assign_modes, mode_coverage
from aae_lib.metrics.parzen import Parzen, parzen_log_likelihood
from aae_lib.metrics.scoreboard import compare

__all__ = [
    "Floor",
    "Parzen",
    "assign_modes",
    "classifier_two_sample",
    "compare",
    "effective_classes",
    "energy_distance",
    "floor",
    "knn_accuracy",
    "linear_probe",
    "mmd",
    "mmd_test",
    "mode_coverage",
    "nearest_distance",
    "parzen_log_likelihood",
    "reconstruction_error",
    "sharpness",
    "sliced_wasserstein",
]
