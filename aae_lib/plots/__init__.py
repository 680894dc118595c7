"""Pictures of data, models and training, each a matplotlib `Figure` that Jupyter shows and a thread may draw.

A picture of your own is a function that returns one, made by `common.blank`. `fig.savefig("name.png")` writes one to a
file; `fig.alt` describes the picture in a sentence.
"""

from .classes import map_with_images, occupancy, prototypes, style_by_class
from .codes import latent, points, surface
from .curves import losses
from .pictures import images, interpolation, plane, reconstructions, samples, slerp

__all__ = [
    "images", "interpolation", "latent", "losses", "map_with_images", "occupancy", "plane", "points", "prototypes",
    "reconstructions", "samples", "slerp", "style_by_class", "surface",
]  # fmt: skip
