"""Priors by name: rebuilt from a checkpoint, or picked on the command line."""

from typing import Any

from ..arguments import one_of, shown, signature, takes
from .base import DIM, Prior
from .empirical import Categorical, Picture, Points
from .gaussians import Gaussian, GaussianGrid, GaussianRing
from .shapes import Circle, Sphere, SwissRoll, Uniform

CLASSES = {
    c.__name__: c
    for c in (Gaussian, GaussianRing, GaussianGrid, Uniform, Circle, Sphere, SwissRoll, Categorical, Points, Picture)
}
BY_NAME = {
    "gaussian": Gaussian,
    "ring": GaussianRing,
    "grid": GaussianGrid,
    "uniform": Uniform,
    "circle": Circle,
    "sphere": Sphere,
    "swiss-roll": SwissRoll,
    "categorical": Categorical,
}
ANY_DIM = {"gaussian", "uniform", "sphere", "categorical"}


def from_description(described: dict[str, Any]) -> Prior:
    """The prior that `prior.description()` describes.

    Parameters
    ----------
    described : dict
        The name of the prior and its arguments.

    Returns
    -------
    Prior
        Equal to the one described.

    Raises
    ------
    ValueError
        With the advice to pass the prior itself: for a function, for points or pictures too large to be stored, and for
        a name or arguments that this version does not know.

    Examples
    --------
    >>> from_description({"name": "GaussianGrid", "k_per_side": 3, "spacing": 2.0, "sigma": 0.25}).classes
    9
    """
    if not isinstance(described, dict):
        raise ValueError(f"a prior is described by a dict, as prior.description() gives it; got {shown(described)}.")
    arguments = dict(described)
    name = arguments.pop("name", None)
    if name == "Function":
        function = arguments.get("function", "a function")
        raise ValueError(f"The prior was your own {function}, which is not stored: pass the prior in.")
    if "sha256" in arguments:
        raise ValueError(
            f"The {name} prior was too large to be stored: pass the same one in (SHA-256 {arguments['sha256']})."
        )
    if not isinstance(name, str) or name not in CLASSES:
        told = "has no name" if name is None else f"names the prior {shown(name)}, which is not here"
        raise ValueError(f"The description {told}: pass the prior in, or take one of {', '.join(CLASSES)}.")
    kind = CLASSES[name]
    try:
        signature(kind).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"The description does not fit the prior {name}: {error}.") from None
    return kind(**arguments)


@takes(name=one_of(*BY_NAME), dim=DIM)
def named(name: str, dim: int = 2) -> Prior:
    """A prior with default arguments by its short name, as on the command line.

    Parameters
    ----------
    name : {"gaussian", "ring", "grid", "uniform", "circle", "sphere", "swiss-roll", "categorical"}
        Which prior.
    dim : int, default 2
        d.

    Returns
    -------
    Prior
        The prior of that name.

    Raises
    ------
    ValueError
        For an unknown name, listing the known ones, and for a dim other than 2 where the prior lives in the plane.

    Examples
    --------
    >>> named("gaussian", 10)
    Gaussian(dim=10, sigma=1.0)
    """
    if name in ANY_DIM:
        return BY_NAME[name](dim)
    if dim != 2:
        raise ValueError(f"The prior {name!r} lives in the plane, so dim must be 2, not {dim}.")
    return BY_NAME[name]()
