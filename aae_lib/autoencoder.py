"""The plain autoencoder, and what every model here can do: encode, decode, reconstruct, sample.

Shapes: images x (N, C, H, W) in [0, 1], codes z (N, d), labels y (N,) int64 with -1 for "no label".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from . import losses
from .data import scale
from .networks import Decoder, Encoder
from .optimizers import Adam, Optimizer
from .phases import Batch, Phase
from .priors import Gaussian, Prior, as_prior


class AE(nn.Module):
    """The plain autoencoder: one phase, reconstruction.

    image_shape     (C, H, W)
    latent_dim      d, the length of a code (default 2: it can be drawn)
    hidden          widths of the hidden layers of the encoder; the decoder has them in reverse (the paper: 1000, 1000)
    prior           p(z): anything with sample(n, generator=...) -> (n, d), or a plain function of that form;
                    None is N(0, I). The plain autoencoder only uses it to sample from and to be compared with
    posterior       "deterministic" (default), "gaussian" or "universal", see `Encoder`
    reconstruction  "bce" (default), "mse" or "half_squared_error", see `losses`
    input_noise     sd of Gaussian noise added to the encoder's input while training, never to the target (default 0)
    input_dropout   share of the encoder's input pixels set to 0 while training, the others scaled up (default 0)
    network         "mlp" (default) or "conv"
    activation      "relu" (default), "leaky_relu", "silu"; batch_norm in the encoder (default no)
    weight_sd       None: PyTorch's default initialisation; a number: N(0, weight_sd²)
    optimizer       of the reconstruction phase
    seed            of the initial weights, from a generator of the model's own: same seed, same weights
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        hidden: Sequence[int] = (256, 256),
        prior: Any = None,
        posterior: str = "deterministic",
        noise_dim: int | None = None,
        reconstruction: str = "bce",
        input_noise: float = 0.0,
        input_dropout: float = 0.0,
        network: str = "mlp",
        activation: str = "silu",
        batch_norm: bool = False,
        weight_sd: float | None = None,
        optimizer: Optimizer | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if len(image_shape) != 3 or min(image_shape) < 1:
            raise ValueError(f"image_shape must be (channels, height, width); got {tuple(image_shape)}.")
        if reconstruction not in losses.RECONSTRUCTION:
            choices = ", ".join(losses.RECONSTRUCTION)
            raise ValueError(f"reconstruction={reconstruction!r} is unknown; choose one of {choices}.")
        if not 0 <= seed < 2**62:
            raise ValueError(f"seed must be a whole number from 0 to 2**62; got {seed}.")
        if not 0 <= input_dropout < 1:
            raise ValueError(f"input_dropout must be at least 0 and less than 1; got {input_dropout}.")
        if network not in ("mlp", "conv"):
            raise ValueError(f'network={network!r} is unknown; choose "mlp" or "conv".')
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.hidden = tuple(hidden)
        self.set_prior(Gaussian(latent_dim) if prior is None else prior)
        self.reconstruction = reconstruction
        self.input_noise, self.input_dropout = input_noise, input_dropout
        self.optimizer = optimizer or Adam()
        self.settings: dict[str, Any] = {
            "image_shape": list(image_shape),
            "latent_dim": latent_dim,
            "hidden": list(hidden),
            "posterior": posterior,
            "noise_dim": noise_dim,
            "reconstruction": reconstruction,
            "input_noise": input_noise,
            "input_dropout": input_dropout,
            "network": network,
            "activation": activation,
            "batch_norm": batch_norm,
            "weight_sd": weight_sd,
            "seed": seed,
        }
        shared = {
            "network": network,
            "activation": activation,
            "weight_sd": weight_sd,
            "generator": torch.Generator().manual_seed(seed),
        }
        self.encoder = self._make_encoder(posterior=posterior, noise_dim=noise_dim, batch_norm=batch_norm, **shared)
        self.decoder = Decoder(image_shape, self.decoder_width, hidden, **shared)

    def _make_encoder(self, **options) -> nn.Module:
        return Encoder(self.image_shape, self.latent_dim, self.hidden, **options)

    @property
    def decoder_width(self) -> int:
        """How many numbers the decoder sees."""
        return self.latent_dim

    # ---- the phases ----

    def phases(self) -> tuple[Phase, ...]:
        """The model's training step. Replace a part with `phase.replace(loss=...)` and hand the list to the trainer."""
        return (self.reconstruction_phase(),)

    def reconstruction_phase(self) -> Phase:
        return Phase(
            "reconstruction",
            draw=self.draw_images,
            loss=reconstruction,
            updates=("encoder", "decoder"),
            optimizer=self.optimizer,
            moves_statistics=True,
        )

    def draw_images(self, data: Any, generator: Generator) -> Batch:
        """The step's images: "x" (clean, the target), "x_in" (what the encoder sees), "y", and posterior "noise"."""
        return self.noisy(*data.minibatch(), generator)

    def noisy(self, x: Tensor, y: Tensor, generator: Generator) -> Batch:
        """The batch of these images and labels, with the input noise and the posterior's noise drawn."""
        batch = {"x": x, "x_in": x, "y": y}
        if self.input_noise:
            batch["x_in"] = x + self.input_noise * torch.randn(x.shape, generator=generator, device=x.device)
        if self.input_dropout:
            kept = torch.rand(x.shape, generator=generator, device=x.device) >= self.input_dropout
            batch["x_in"] = batch["x_in"] * kept / (1 - self.input_dropout)
        if self.encoder.noise_dim:
            size = (len(x), self.encoder.noise_dim)
            batch["noise"] = torch.randn(size, generator=generator, device=x.device)
        return batch

    def codes(self, batch: Batch) -> Tensor:
        """z (N, d) ~ q(z|x) for the batch, with its gradient."""
        return self.encoder(batch["x_in"], batch.get("noise"))

    def decoded(self, batch: Batch) -> Tensor:
        """The decoder's logits (N, C, H, W) for the batch, with their gradient."""
        return self.decoder(self.codes(batch))

    def reconstruction_loss(self, logits: Tensor, x: Tensor) -> Tensor:
        return losses.RECONSTRUCTION[self.reconstruction](logits, x)

    # ---- use of the trained model: no gradients, evaluation mode, any number of rows ----

    def set_prior(self, prior: Any) -> None:
        """Take another p(z) from now on; ValueError where it does not fit, and the old one stays."""
        prior = as_prior(prior)
        self.check_prior(prior)
        self.prior = prior

    def check_prior(self, prior: Prior) -> None:
        """Refuse a prior that this model cannot use, with a sentence."""
        if prior.dim != self.latent_dim:
            raise ValueError(f"the prior has dimension {prior.dim}, the code {self.latent_dim}: make them equal.")

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def encode(self, images: Tensor, generator: Generator | None = None) -> Tensor:
        """Images (N, C, H, W), uint8 0-255 or floats in [0, 1] -> codes (N, d).

        Without a generator the posterior's noise is 0 (the mean of a Gaussian posterior); with one, z ~ q(z|x).
        """

        def forward(rows: Tensor) -> Tensor:
            noise = None
            if generator is not None and self.encoder.noise_dim:
                noise = torch.randn(len(rows), self.encoder.noise_dim, generator=generator, device=generator.device)
                noise = noise.to(rows.device)
            return self.codes({"x_in": scale(rows), "noise": noise})

        return self._evaluate(forward, self._checked(images), (self.latent_dim,))

    def _checked(self, images: Tensor) -> Tensor:
        """The images, once their shape and range are right."""
        images = torch.as_tensor(images)
        if tuple(images.shape[1:]) != self.image_shape:
            raise ValueError(f"this model takes images (N, {str(self.image_shape)[1:]}; got {tuple(images.shape)}.")
        if images.is_floating_point() and len(images) and (images.amax() > 1 or images.amin() < 0):
            raise ValueError("float images must lie in [0, 1]: divide by 255, or pass uint8 as it is.")
        return images

    def decode(self, z: Tensor) -> Tensor:
        """Codes (N, d) -> images (N, C, H, W) in [0, 1]."""
        z = torch.as_tensor(z)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(f"codes must have shape (N, {self.latent_dim}); got {tuple(z.shape)}.")
        return self._images(z)

    def _images(self, seen: Tensor) -> Tensor:
        """Images from what the decoder sees (N, decoder_width)."""
        return self._evaluate(lambda rows: self.decoder(rows.float()).float().sigmoid(), seen, self.image_shape)

    def reconstruct(self, images: Tensor) -> Tensor:
        """decode(encode(images))."""
        return self.decode(self.encode(images))

    def sample(self, n: int, generator: Generator | None = None, labels: Tensor | None = None) -> Tensor:
        """n new images (n, C, H, W) in [0, 1]: decoded prior samples, of the given classes where the prior has them."""
        device = self.device if generator is None else generator.device
        return self.decode(self.prior.sample(n, generator=generator, device=device, labels=labels))

    @torch.no_grad()
    def _evaluate(self, forward: Callable[[Tensor], Tensor], rows: Tensor, shape: tuple[int, ...]) -> Tensor:
        was_training = self.training
        self.eval()
        try:
            parts = [forward(part.to(self.device)) for part in rows.split(4096)] if len(rows) else []
        finally:
            self.train(was_training)
        return torch.cat(parts) if parts else torch.zeros(0, *shape, device=self.device)


def reconstruction(model: AE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """How far the decoder's image of the code is from the clean image."""
    return model.reconstruction_loss(model.decoded(batch), batch["x"])
