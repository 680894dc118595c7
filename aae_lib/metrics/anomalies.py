"""Which images are odd: badly reconstructed, or with a code that the prior hardly ever gives."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..arguments import takes
from ..data import Split
from ..models import Model, of_one_moment
from ..priors import Gaussian, Prior
from .checks import GENERATOR, a_model, codes_of, in_units_of, own_generator, prior_of
from .images import reconstructed

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = 2000  # of a prior without a density
NEAREST = 5


@takes(model=a_model("encode", "reconstruct"), generator=GENERATOR)
@of_one_moment
def anomaly_scores(
    model: Model, images: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None
) -> "pd.DataFrame":
    """How odd each image is, for a model of normal ones: two witnesses, and their ranks together.

    Neither is sure of itself. A code can lie in the very middle of the prior although its image is like nothing seen in
    training, and a decoder that is good enough reconstructs that too: judge the scores on odd images that you know
    (project P1 does), before you trust them.

    Parameters
    ----------
    model : Model
        With `encode` and `reconstruct`, trained on normal images.
    images : tensor
        (N, C, H, W), uint8 or floats in [0, 1], or what else the model was trained on; at least 1.
    labels : tensor, optional
        (N,) whole numbers; for a model whose decoder is told the label (`can.need_labels`).
    generator : torch.Generator, optional
        Of prior samples, where they are needed; None: one seeded with 0.

    Returns
    -------
    DataFrame
        A row for each image, in their order; in each column more is odder.

        - reconstruction: mean squared error per pixel of decode(encode(x)), in the unit of `reconstruction_error`
        - unlikely: -log p(z) of the code, in nats, infinite where p(z) is 0. Where the prior has no density, the mean
          distance of the code to the nearest 5 of 2,000 prior samples. `attrs["unlikely"]` says which it is.
        - rank: mean of the image's ranks by the two among these images, as shares: 1 is the oddest by both

    Raises
    ------
    ValueError
        For images that are not the model's, for missing labels, and for codes or pixels that are not finite.

    Examples
    --------
    >>> import aae_lib as aae
    >>> data = aae.load("digits")
    >>> anomaly_scores(aae.AE(data.image_shape, seed=0), data.test.images[:50]).columns.tolist()
    ['reconstruction', 'unlikely', 'rank']
    """
    import pandas as pd

    x = in_units_of(model, images)
    labels = torch.full((len(x),), -1) if labels is None else labels
    found = in_units_of(model, reconstructed(model, Split(images, labels)))
    if found.shape != x.shape:
        raise ValueError(f"the model makes {tuple(found.shape)} of the images {tuple(x.shape)}.")
    z = codes_of(model, images)
    own = getattr(model, "prior", None)
    prior = Gaussian(z.shape[1]) if own is None else prior_of(own)
    if prior.dim != z.shape[1]:
        raise ValueError(f"the codes have {z.shape[1]} numbers each and the prior {prior.dim}: make them equal.")
    unlikely, meaning = _unlikely(prior, z, own_generator(generator))
    frame = pd.DataFrame(
        {"reconstruction": (found - x).flatten(1).square().mean(1).numpy(), "unlikely": unlikely.numpy()}
    )
    frame["rank"] = frame.rank(pct=True).mean(axis=1)
    frame.attrs["unlikely"] = meaning
    return frame


def _unlikely(prior: Prior, z: Tensor, generator: torch.Generator) -> tuple[Tensor, str]:
    """How unlikely codes (N, d) are under the prior, (N,), and in what words."""
    if prior.has_log_prob:
        return -prior.log_prob(z), "-log p(z), in nats"
    samples = prior.sample(SAMPLES, generator=generator)
    nearest = torch.cdist(z, samples).topk(NEAREST, largest=False).values
    return nearest.mean(1), f"mean distance to the nearest {NEAREST} of {SAMPLES:,} prior samples"
