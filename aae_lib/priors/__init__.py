"""Priors p(z), what the codes should look like::

    Gaussian      one round Gaussian                     Categorical  one-hot vectors                       (per class)
    GaussianRing  Gaussians on a circle   (per class)    Points       given points, blurred         (per class: labels)
    GaussianGrid  Gaussians on a grid     (per class)    Picture      a grey image as a density
    SwissRoll     a spiral                (per class)    Function     your own function
    Uniform, Circle, Sphere: a box, a thin ring, the surface of a sphere

All fit in [-4, 4] by default. Each has `dim`, `classes`, `sample(n, generator, device, labels)` and mostly `log_prob`.
`named("ring")` and `from_description(prior.description())` make one from text, `as_prior(thing)` from your own function
or object.

A new prior is one small class::

    class Cross:
        dim = 2

        def sample(self, n, generator=None, device="cpu"):
            z = torch.randn(n, 2, generator=generator, device=device)      # (n, 2)
            z[:, 0] *= 0.1
            turned = torch.rand(n, 1, generator=generator, device=device) < 0.5
            return torch.where(turned, z.flip(1), z)

or the function `sample` alone; pass either wherever a prior is taken. Say `capturable = True` in the class if it draws
on `device` and never makes the GPU wait; add `classes = K` and a parameter `labels=None` to have it sampled per class.
"""

from .base import Prior
from .empirical import Categorical, Picture, Points
from .function import Function, PriorLike, as_prior
from .gaussians import Gaussian, GaussianGrid, GaussianRing
from .naming import from_description, named
from .shapes import Circle, Sphere, SwissRoll, Uniform

__all__ = [
    "Categorical",
    "Circle",
    "Function",
    "Gaussian",
    "GaussianGrid",
    "GaussianRing",
    "Picture",
    "Points",
    "Prior",
    "PriorLike",
    "Sphere",
    "SwissRoll",
    "Uniform",
    "as_prior",
    "from_description",
    "named",
]
