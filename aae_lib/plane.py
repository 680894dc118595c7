"""The adversarial game with nothing else: free points in the plane that follow the discriminator's slope."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from . import losses
from .networks import Discriminator
from .optimizers import SGD, Adam
from .phases import Batch, Phase
from .priors import Prior, as_prior


class PlaneGame(nn.Module):
    """A discriminator, and points with no network behind them: what an AAE's game does to codes, seen bare.

    discriminator   learns to tell prior samples z ~ p(z) from the points
    generator       each point z goes uphill on log D: z <- z + rate · ∂ log D(z)/∂z

    start   (N, 2) float: where the points begin, e.g. `aae.load("blobs").train.images[:500]`
    prior   p(z), in the plane
    hidden  widths of D's hidden layers (default 64, 64)
    rate    of the points, in units of z squared (default .05)
    r1      weight of D's gradient penalty, as in `AAE` (default None: none)
    seed    of D's initial weights

    It trains as every model does: `Trainer(PlaneGame(...), data)`; the data are not used. Raises ValueError for points
    that are not in the plane and for a prior of another dimension.
    """

    latent_dim = 2

    def __init__(
        self,
        start: Tensor,
        prior: Any,
        hidden: Sequence[int] = (64, 64),
        rate: float = 0.05,
        r1: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        start = torch.as_tensor(start, dtype=torch.float32)
        if start.ndim != 2 or start.shape[1] != 2 or len(start) < 2:
            raise ValueError(f"start must hold at least two points of the plane, (N, 2); got {tuple(start.shape)}.")
        self.set_prior(prior)
        self.points = nn.Parameter(start.clone())
        self.discriminator = Discriminator(
            2, hidden, None, activation="silu", generator=torch.Generator().manual_seed(seed)
        )
        self.rate, self.r1 = rate, r1

    def set_prior(self, prior: Any) -> None:
        """Take another p(z) from now on; ValueError where it is not in the plane, and the old one stays."""
        prior: Prior = as_prior(prior)
        if prior.dim != 2:
            raise ValueError(f"the prior has dimension {prior.dim}, the plane 2: make them equal.")
        self.prior = prior

    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase(
                "discriminator",
                draw=self.draw_game,
                loss=discriminator,
                updates=("discriminator",),
                optimizer=Adam(3e-3, beta1=0.5),
                terms={} if self.r1 is None else {"r1": self.r1},
            ),
            # the loss is a mean over N points: N · rate makes the slope at each point count in full
            Phase("generator", loss=generator, updates=("points",), optimizer=SGD(self.rate * len(self.points))),
        )

    def draw_game(self, data: Any, generator: Generator) -> Batch:
        """As many prior samples "z_prior" (N, 2) as there are points."""
        device = self.points.device
        return {"z_prior": self.prior.sample(len(self.points), generator=generator, device=device)}


def discriminator(model: PlaneGame, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_p[log D] − E_q[log(1 − D)], q the points held still; with the penalty of `models.discriminator`."""
    z = torch.cat([batch["z_prior"], model.points.detach()])
    if "r1" not in terms:
        return losses.discriminator_loss(*model.discriminator(z).chunk(2))
    logits, slope = losses.gradient_penalty(model.discriminator, z)
    return losses.discriminator_loss(*logits.chunk(2)) + terms["r1"] * slope


def generator(model: PlaneGame, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """−E_q[log D(z)]: the points move, D stays."""
    return losses.generator_loss(model.discriminator(model.points))
