"""The adversarial game with nothing else: free points in the plane that follow the discriminator's slope."""

from collections.abc import Mapping, Sequence

import torch
from torch import Generator, Tensor, nn

from .. import losses
from ..arguments import counts, number, seed, table, takes
from ..data import Minibatch
from ..networks import Discriminator
from ..optimizers import SGD, Adam
from ..priors import PriorLike
from .abilities import Abilities
from .model import Model
from .phase import Batch, Phase


class PlaneGame(Model):
    r"""A discriminator, and points with no network behind them: what an AAE's game does to codes, seen bare.

    The discriminator learns to tell prior samples z ~ p(z) from the points. As generator, each point goes uphill on
    log D:

    .. math:: z \leftarrow z + \mathrm{rate} \cdot \partial \log D(z) / \partial z

    It trains as every model does: `Trainer(PlaneGame(...), data)`; the data are not used.

    Parameters
    ----------
    start : tensor (N, 2)
        Where the points begin, e.g. `aae.load("blobs").train.images[:500]`; at least 2.
    prior : Prior or callable
        p(z), in the plane.
    hidden : sequence of int, default (64, 64)
        Widths of D's hidden layers.
    rate : float, default 0.05
        Of the points, in units of z squared.
    r1 : float, optional
        Weight of D's gradient penalty, as in `AAE`; None: no penalty.
    seed : int, default 0
        Of D's initial weights.

    Raises
    ------
    ValueError
        For points that are not in the plane, and for a prior of another dimension.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> game = aae.PlaneGame(torch.zeros(5, 2), aae.priors.GaussianRing(10))
    >>> [phase.name for phase in game.phases()]
    ['discriminator', 'generator']
    """

    latent_dim = 2

    @takes(
        start=table("N", 2),
        hidden=counts(example="(64, 64)"),
        rate=number(least=0, most=1000),
        r1=number(least=0, most=1e6),
        seed=seed(),
    )
    def __init__(
        self,
        start: Tensor,
        prior: PriorLike,
        hidden: Sequence[int] = (64, 64),
        rate: float = 0.05,
        r1: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(start) < 2:
            raise ValueError(f"start must hold at least two points of the plane, (N, 2); got {tuple(start.shape)}.")
        self.set_prior(prior)
        self.points = nn.Parameter(start.clone())
        self.discriminator = Discriminator(
            2, hidden, None, activation="silu", generator=torch.Generator().manual_seed(seed)
        )
        self.rate, self.r1 = rate, r1

    @property
    def can(self) -> Abilities:
        return Abilities(play=True)

    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase(
                "discriminator",
                draw=self.draw_game,
                loss=discriminator_loss,
                updates=("discriminator",),
                optimizer=Adam(3e-3, beta1=0.5),
                terms={} if self.r1 is None else {"r1": self.r1},
            ),
            # the loss is a mean over N points: N · rate makes the slope at each point count in full
            Phase("generator", loss=generator_loss, updates=("points",), optimizer=SGD(self.rate * len(self.points))),
        )

    def draw_game(self, data: Minibatch, generator: Generator) -> Batch:
        """As many prior samples "z_prior" (N, 2) as there are points."""
        device = self.points.device
        return {"z_prior": self.prior.sample(len(self.points), generator=generator, device=device)}


def discriminator_loss(model: PlaneGame, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_p[log D] − E_q[log(1 − D)], q the points held still."""
    return losses.tell_apart(model.discriminator, batch["z_prior"], model.points, terms.get("r1"))


def generator_loss(model: PlaneGame, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_q[log D(z)]: the points move, D is held fixed."""
    return losses.generator_loss(model.discriminator(model.points))
