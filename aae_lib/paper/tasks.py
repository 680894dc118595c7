"""The paper's experiments as data: what is trained, how, for how long, and the figures that the paper gives.

Two recipes a task: `full`, the paper's networks, and `small`, which an idle core finishes within twenty minutes. What
a recipe does differently from the paper is in its `departures`; figures of the two are never mixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..optimizers import Adam, Cosine, Schedule
from ..priors import Gaussian

# "half" is the loss at whose scale the paper's rates hold
PAPER_NET = {"hidden": (1000, 1000), "activation": "relu", "discriminator_activation": "relu"}
PAPER_LOSS = {"reconstruction": "half_squared_error"}
HELD_OUT = "5,000 of the 60,000 training images are held out to choose by"


@dataclass(frozen=True)
class Recipe:
    """How a task is trained.

    model       name of the class; arguments: its own, optimizers too
    epochs      passes over all training images, labelled or not
    labels      how many are kept, evenly over the classes; None: all, or none if the model looks at none
    weights     of phases whose updates are scaled; 1 where a phase is not named
    departures  from the paper's recipe, a sentence each
    """

    model: str
    arguments: Mapping[str, Any]
    epochs: int
    labels: int | None = None
    batch_size: int = 100
    weights: Mapping[str, float] = field(default_factory=dict)
    departures: tuple[str, ...] = ()

    def steps(self, images: int) -> int:
        """How many steps its epochs are, on this many images."""
        return self.epochs * (images // self.batch_size)

    def schedule(self, steps: int) -> Schedule:
        """Of the learning rates: half a cosine over this many steps, down to 0.02 of them."""
        return Cosine(steps, final=0.02)


@dataclass(frozen=True)
class Task:
    """One row of the paper's table.

    measure  "classification", "style", "clusters", "map" or "likelihood": which figures are taken
    figure   the one that the paper gives, in the unit of `unit`
    paper    (value, standard deviation or None); None: the paper shows pictures only
    """

    name: str
    title: str
    measure: str
    figure: str
    unit: str
    paper: tuple[float, float | None] | None
    small: Recipe
    full: Recipe


# ---- what our recipes share; few labels ----

GAMES = Adam(1e-3, beta1=0.5)
OWN = {
    **PAPER_NET,
    **PAPER_LOSS,
    "batch_norm": True,
    "r1": 1.0,
    "optimizer": Adam(1e-3),
    "game_optimizer": GAMES,
}
OWN_DEPARTURES = (HELD_OUT, "Adam instead of SGD with momentum, its rate on half a cosine")
CONSISTENT = "one phase more: an image and a noisy copy of it get the same category (noise of 0.5)"
NEIGHBOURS = "another phase: so do an image and the neighbour, at a distance of 2, that differs the most in y"
LABELS_FIRST = (
    "the labels come first: the game for y begins at {game:,} steps, the reconstruction's gradient reaches y and the "
    "neighbours count from {rest:,} steps on"
)
SEMI = {**OWN, "latent_dim": 10, "input_noise": 0.3, "consistency": 0.5, "virtual": 2.0}
SEMI_DEPARTURES = (
    *OWN_DEPARTURES,
    "batch norm in the encoder",
    "gradient penalty r1 = 1 in both games",
    CONSISTENT,
    NEIGHBOURS,
    LABELS_FIRST,
)


def _patient(recipe: Recipe, game: int, rest: int) -> Recipe:
    """The recipe with the games and the reconstruction kept from y until the labels have spread; see recipes-100."""
    starts = {"y_game_from": game, "y_reconstructs_from": rest, "virtual_from": rest}
    departures = tuple(text.format(game=game, rest=rest) for text in recipe.departures)
    return replace(recipe, arguments={**recipe.arguments, **starts}, departures=departures)


# Adam moves the encoder as far for a phase that matters little as for one that matters much. With a label for each
# image classification knows best, and the others in full are a burden; see docs/paper.md
UNSUPERVISED = (
    "reconstruction", "discriminator", "generator", "discriminator_y", "generator_y", "consistency", "virtual",
)  # fmt: skip


def _few(labels: int | None, name: str, paper: tuple[float, float]) -> Task:
    weights = dict.fromkeys(UNSUPERVISED, 0.1) if labels is None else {}
    lesser = ("every phase but classification has a weight of 0.1",) if labels is None else ()
    return Task(
        f"semi-supervised-{name}",
        f"semi-supervised, {'all' if labels is None else f'{labels:,}'} labels",
        "classification",
        "test error",
        "%",
        paper,
        _patient(
            Recipe(
                "SemiSupervisedAAE",
                {**SEMI, "hidden": (400, 400)},
                epochs=20,
                labels=labels,
                weights=weights,
                departures=(*SEMI_DEPARTURES, *lesser, "layers of 400 instead of 1000, 20 epochs instead of 5,000"),
            ),
            game=550,
            rest=3300,
        ),
        _patient(
            Recipe(
                "SemiSupervisedAAE",
                SEMI,
                epochs=40,
                labels=labels,
                weights=weights,
                departures=(*SEMI_DEPARTURES, *lesser, "40 epochs instead of 5,000"),
            ),
            game=1100,
            rest=6600,
        ),
    )


# ---- style, clusters, maps, likelihood ----

STYLE = {**PAPER_NET, **PAPER_LOSS, "latent_dim": 15, "optimizer": Adam(1e-3), "game_optimizer": GAMES, "r1": 1.0}
STYLE_RECIPE = Recipe(
    "SupervisedAAE",
    STYLE,
    epochs=10,
    departures=(HELD_OUT, "rates, loss and length of training are ours: the paper does not give them", "r1 = 1"),
)
CLUSTERS = {**OWN, "latent_dim": 5, "input_dropout": 0.2}


def _clusters(k: int, paper: tuple[float, float]) -> Task:
    own = {**CLUSTERS, "categories": k, "r1_y": 0.1, "consistency": 0.5, "virtual": 2.0}
    small = {**own, "hidden": (400, 400)}
    full = {**own, "hidden": (3000, 3000)}
    shorter = "layers of 400 instead of 3000, 15 epochs instead of 1,500"
    penalties = "gradient penalty r1 = 1 in the game for z, 0.1 in that for y"
    departures = (*OWN_DEPARTURES, penalties, CONSISTENT, NEIGHBOURS)
    return Task(
        f"clusters-{k}",
        f"clustering, {k} clusters",
        "clusters",
        "error, most confident",
        "%",
        paper,
        Recipe("ClusterAAE", small, epochs=15, departures=(*departures, shorter)),
        Recipe("ClusterAAE", full, epochs=1500, departures=departures),
    )


def _map(labels: int | None, paper: tuple[float, float | None]) -> Task:
    own: dict[str, Any] = {**CLUSTERS, "latent_dim": 2, "categories": 20, "consistency": 0.5, "virtual": 2.0}
    departures: tuple[str, ...] = (
        *OWN_DEPARTURES,
        "gradient penalty r1 = 1 in both games",
        "the heads' distance (6) and their rate are ours: the paper does not give them",
        CONSISTENT,
        NEIGHBOURS,
    )
    if labels is not None:
        own |= {"categories": 10, "labelled": True, "input_dropout": 0.0, "input_noise": 0.3}
        departures = (*departures, "input noise of 0.3, as with few labels", LABELS_FIRST)
    shorter = "layers of 400 instead of 3000, 15 epochs"
    small = Recipe("MapAAE", own | {"hidden": (400, 400)}, epochs=15, labels=labels, departures=(*departures, shorter))
    full = Recipe("MapAAE", own | {"hidden": (3000, 3000)}, epochs=1500, labels=labels, departures=departures)
    if labels is not None:
        small, full = _patient(small, game=550, rest=3300), _patient(full, game=1100, rest=6600)
    return Task(
        "map-20" if labels is None else f"map-{labels}",
        f"2-D map, {'20 clusters, no labels' if labels is None else f'{labels:,} labels'}",
        "map" if labels is None else "classification",
        "error, most confident" if labels is None else "test error",
        "%",
        paper,
        small,
        full,
    )


LIKELIHOOD = {
    **PAPER_NET,
    **PAPER_LOSS,
    "latent_dim": 8,
    "prior": Gaussian(8, sigma=5.0),
    "batch_norm": True,
    "r1": 25.0,
    "optimizer": Adam(1e-3),
    "game_optimizer": GAMES,
}
LIKELIHOOD_RECIPE = Recipe(
    "AAE",
    LIKELIHOOD,
    epochs=20,
    departures=(
        HELD_OUT,
        "rates and length of training are ours: the paper does not give them",
        "batch norm in the encoder",
        "gradient penalty r1 = 25: 1 in units of the prior, whose sd is 5",
    ),
)

TASKS = {
    task.name: task
    for task in (
        _few(100, "100", (1.90, 0.10)),
        _few(1000, "1000", (1.60, 0.08)),
        _few(None, "all", (0.85, 0.02)),
        Task("style", "supervised, style and content", "style", "class from style", "%", None, STYLE_RECIPE,
             replace(STYLE_RECIPE, epochs=100)),
        _clusters(16, (9.55, 2.05)),
        _clusters(30, (4.10, 1.13)),
        _map(None, (13.3, None)),
        _map(100, (6.08, None)),
        _map(1000, (4.20, None)),
        Task("likelihood", "likelihood (Parzen, 10,000 samples)", "likelihood", "log-likelihood", "nats", (340.0, 2.0),
             LIKELIHOOD_RECIPE, replace(LIKELIHOOD_RECIPE, epochs=500)),
    )
}  # fmt: skip
