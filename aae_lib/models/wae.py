"""The Wasserstein autoencoder with MMD (Tolstikhin et al. 2018): the match without a second player."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from .. import losses
from ..arguments import number, takes
from .autoencoder import AE
from .phase import Batch, Phase


class WAE(AE):
    r"""The Wasserstein autoencoder with MMD: one phase, no discriminator.

    .. math:: L_{\mathrm{reconstruction}} + λ \, \mathrm{MMD}(q(z), p(z))

    Parameters
    ----------
    image_shape, latent_dim, **options
        As for `AE`.
    mmd : float, default 100
        λ, in units of the reconstruction loss (nats an image for "bce").

    Examples
    --------
    >>> import aae_lib as aae
    >>> aae.WAE((1, 8, 8), mmd=10.0).phases()[0].terms
    {'mmd': 10.0}
    """

    @takes(mmd=number(least=0, most=1e9))
    def __init__(self, image_shape: Sequence[int], latent_dim: int = 2, *, mmd: float = 100.0, **options: Any) -> None:
        super().__init__(image_shape, latent_dim, **options)
        self.mmd = mmd

    def phases(self) -> tuple[Phase, ...]:
        phase = self.reconstruction_phase()
        return (phase.replace(draw=self.draw_with_prior, loss=wae_loss, terms={"mmd": self.mmd}, by_rows=False),)


def wae_loss(model: WAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """Reconstruction + lambda · MMD between the batch's codes and as many prior samples."""
    z = model.codes(batch)
    return model.image_loss(model.decoder(z), batch["x"]) + terms["mmd"] * losses.mmd(z, batch["z_prior"])
