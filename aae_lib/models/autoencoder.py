"""The plain autoencoder, and what every autoencoder here can do: encode, decode, reconstruct, sample.

Shapes: images x (N, C, H, W) in [0, 1], codes z (N, d), labels y (N,) int64 with -1 for "no label". In place of images
vectors (N, D) will do, and with `likelihood="gaussian"` any real numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Unpack

import torch
from torch import Generator, Tensor

from ..arguments import WIDEST, as_tensor, count, generator, number, one_of, seed, shown, switch, takes
from ..data import Minibatch, Minibatches, as_images, check_shape, check_values, scale
from ..networks import PARTS, POSTERIORS, Decoder, Encoder, NetworkOptions, TwoHeads, check_network
from ..optimizers import Adam, Optimizer
from ..priors import Gaussian, PriorLike
from .abilities import Abilities
from .likelihood import LIKELIHOODS, Bernoulli
from .model import Model
from .phase import OPTIMIZER, Batch, Phase

NOISE = number(least=0, most=1e6)


class AE(Model):
    """The plain autoencoder: one phase, reconstruction.

    Parameters
    ----------
    image_shape : sequence of int
        (C, H, W), or (D,) for vectors.
    latent_dim : int, default 2
        d, the length of a code; 2 can be drawn.
    hidden : sequence of int, default (256, 256)
        Widths of the hidden layers of the encoder; the decoder has them in reverse (the paper: 1000, 1000).
    prior : Prior or callable, optional
        p(z): anything with sample(n, generator=...) -> (n, d), or a plain function of that form; None is N(0, I). The
        plain autoencoder only uses it to sample from and to be compared with.
    posterior : {"deterministic", "gaussian", "universal"}
        q(z|x), see `Encoder`.
    noise_dim : int, optional
        Width of the noise of a universal posterior (default 10).
    likelihood : {"bernoulli", "gaussian"}, optional
        What the decoder gives: pixels in [0, 1], or any real numbers, which are standardised by the first training
        data; see `models.likelihood`. None: "bernoulli" for images, "gaussian" for vectors.
    reconstruction : {"bce", "mse", "half_squared_error"}, optional
        See `losses`; None: "bce", and with `likelihood="gaussian"` "half_squared_error", which is the only one there.
    input_noise : float, default 0
        Standard deviation of Gaussian noise added to the encoder's input while training, never to the target; in
        the units in which the encoder sees it.
    input_dropout : float, default 0
        Share of the encoder's input pixels set to 0 while training, the others scaled up; in [0, 1).
    network : {"mlp", "conv"}
        Both networks; "conv" needs height and width that are multiples of 4.
    activation : {"silu", "relu", "leaky_relu"}
        Between layers.
    batch_norm : bool, default False
        In the encoder.
    weight_sd : float, optional
        None: PyTorch's default initialisation; a number: N(0, weight_sd²).
    optimizer : Adam or SGD, optional
        Of the reconstruction phase; default `Adam()`.
    seed : int, default 0
        Of the initial weights, from a generator of the model's own: same seed, same weights. 0 to 2**62.

    Raises
    ------
    ValueError
        For a value out of these ranges, or a prior of another dimension.

    Examples
    --------
    >>> import torch, aae_lib as aae
    >>> model = aae.AE((1, 8, 8), latent_dim=2, seed=0)
    >>> model.encode(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 2])
    """

    encoder_methods: ClassVar[tuple[str, ...]] = ()  # what the losses ask of the encoder besides codes

    @takes(
        posterior=one_of(*POSTERIORS),
        noise_dim=count(most=WIDEST),
        likelihood=one_of(*LIKELIHOODS),
        reconstruction=one_of(*Bernoulli.errors),
        input_noise=NOISE,
        input_dropout=number(least=0, below=1),
        batch_norm=switch(),
        optimizer=OPTIMIZER,
        seed=seed(),
        **PARTS,
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int = 2,
        hidden: Sequence[int] = (256, 256),
        prior: PriorLike | None = None,
        posterior: str = "deterministic",
        noise_dim: int | None = None,
        reconstruction: str | None = None,
        input_noise: float = 0.0,
        input_dropout: float = 0.0,
        network: str = "mlp",
        activation: str = "silu",
        batch_norm: bool = False,
        weight_sd: float | None = None,
        optimizer: Optimizer | None = None,
        seed: int = 0,
        likelihood: str | None = None,
    ) -> None:
        super().__init__()
        if noise_dim is not None and posterior != "universal":
            raise ValueError(f'noise_dim={noise_dim} is the width of the noise of posterior="universal": leave it out.')
        check_network(network, image_shape)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.hidden = tuple(hidden)
        self.set_prior(Gaussian(self.latent_dim) if prior is None else prior)
        likelihood = likelihood or ("bernoulli" if len(self.image_shape) == 3 else "gaussian")
        self.likelihood = LIKELIHOODS[likelihood](self.image_shape)
        fitting = list(self.likelihood.errors)
        if reconstruction not in (None, *fitting):
            raise ValueError(
                f'reconstruction="{reconstruction}" compares pixels in [0, 1]: with likelihood="{likelihood}" '
                f"leave it out."
            )
        self.reconstruction = reconstruction or fitting[0]
        self._input_noise, self.input_dropout = input_noise, input_dropout
        self.optimizer = optimizer or Adam()
        shared: NetworkOptions = {
            "network": network,
            "activation": activation,
            "weight_sd": weight_sd,
            "generator": torch.Generator().manual_seed(seed),
        }
        self.encoder = self._make_encoder(posterior, noise_dim, batch_norm=batch_norm, **shared)
        self.decoder = Decoder(image_shape, self.decoder_width, hidden, **shared)

    def _make_encoder(
        self, posterior: str, noise_dim: int | None, batch_norm: bool, **shared: Unpack[NetworkOptions]
    ) -> Encoder | TwoHeads:
        return Encoder(
            self.image_shape, self.latent_dim, self.hidden, posterior, noise_dim, batch_norm=batch_norm, **shared
        )

    @property
    def input_noise(self) -> float:
        """Standard deviation of the noise on what the encoder sees while training; may be changed between steps."""
        return self._input_noise

    @input_noise.setter
    def input_noise(self, sd: float) -> None:
        self._input_noise = NOISE.checked("input_noise", sd)

    @property
    def decoder_width(self) -> int:
        """How many numbers the decoder sees."""
        return self.latent_dim

    @property
    def can(self) -> Abilities:
        return Abilities(encode=True, decode=True, pull=True, add_noise=True)

    @property
    def drawn_by(self) -> tuple[float | int | None, ...]:
        return (self.input_noise, self.input_dropout, self.noise_dim)

    @property
    def noise_dim(self) -> int:
        """Width of the posterior's noise; 0 for an encoder of your own that names none."""
        return getattr(self.encoder, "noise_dim", 0)

    # ---- the phases ----

    def phases(self) -> tuple[Phase, ...]:
        return (self.reconstruction_phase(),)

    def reconstruction_phase(self) -> Phase:
        """The phase that every autoencoder has."""
        return Phase(
            "reconstruction",
            draw=self.draw_images,
            loss=reconstruction_loss,
            updates=("encoder", "decoder"),
            optimizer=self.optimizer,
            moves_statistics=True,
        )

    def draw_images(self, data: Minibatch, generator: Generator) -> Batch:
        """The step's images: "x" (clean, the target), "x_in" (what the encoder sees), "y", and posterior "noise"."""
        return self.noisy(data.x, data.y, generator)

    def draw_with_prior(self, data: Minibatch, generator: Generator) -> Batch:
        """As `draw_images`, and as many samples "z_prior" (B, d) of the prior."""
        return self.with_prior_sample(self.draw_images(data, generator), generator)

    def with_prior_sample(self, batch: Batch, generator: Generator, labels: Tensor | None = None) -> Batch:
        """The batch with samples "z_prior" (B, d) of the prior, of these labels (B,) or of all its classes."""
        x = batch["x"]
        z = self.style_prior.sample(len(x), generator=generator, device=x.device, labels=labels)
        return batch | {"z_prior": z}

    def noisy(self, x: Tensor, y: Tensor, generator: Generator) -> Batch:
        """The batch of these images and labels, with the input noise and the posterior's noise drawn."""
        batch = {"x": x, "x_in": x, "y": y}
        if self.input_noise:
            batch["x_in"] = x + self.input_noise * torch.randn(x.shape, generator=generator, device=x.device)
        if self.input_dropout:
            kept = torch.rand(x.shape, generator=generator, device=x.device) >= self.input_dropout
            batch["x_in"] = batch["x_in"] * kept / (1 - self.input_dropout)
        if self.noise_dim:
            size = (len(x), self.noise_dim)
            batch["noise"] = torch.randn(size, generator=generator, device=x.device)
        return batch

    def codes(self, batch: Batch) -> Tensor:
        """z (N, d) ~ q(z|x) for the batch, with its gradient."""
        return self.encoder(batch["x_in"], batch["noise"]) if "noise" in batch else self.encoder(batch["x_in"])

    def decoded(self, batch: Batch) -> Tensor:
        """What the decoder gives for the batch, (N, C, H, W), with its gradient."""
        return self.decoder(self.codes(batch))

    def image_loss(self, output: Tensor, x: Tensor) -> Tensor:
        """How far the decoder's output (N, C, H, W) is from the images x, by the loss that `reconstruction` names."""
        return self.likelihood.errors[self.reconstruction](output, x)

    def seen(self, images: Tensor) -> Tensor:
        """Images, as they are stored, as the networks see them."""
        return self.likelihood.seen(scale(images))

    @property
    def value_range(self) -> tuple[float, float]:
        return self.likelihood.value_range

    # ---- use of the trained model: no gradients, evaluation mode, any number of rows ----

    @takes(generator=generator())
    def encode(self, images: Tensor, generator: Generator | None = None) -> Tensor:
        """Codes of images.

        Parameters
        ----------
        images : tensor
            (N, C, H, W), uint8 0-255 or floats in [0, 1]; for a Gaussian decoder any floats.
        generator : torch.Generator, optional
            Without one the posterior's noise is 0 (the mean of a Gaussian posterior); with one, z ~ q(z|x), for which a
            deterministic encoder draws nothing.

        Returns
        -------
        tensor
            (N, d).
        """

        def forward(rows: Tensor) -> Tensor:
            batch = {"x_in": self.seen(rows)}
            if generator is not None and self.noise_dim:
                noise = torch.randn(len(rows), self.noise_dim, generator=generator, device=generator.device)
                batch["noise"] = noise.to(rows.device)
            return self.codes(batch)

        return self.evaluate(forward, self.checked(images), (self.latent_dim,))

    def checked(self, images: Tensor) -> Tensor:
        """The images, once their shape and range have been checked."""
        images = as_images(images)
        check_shape(images, self.image_shape)
        check_values(images, *self.likelihood.takes)
        return images

    def check_data(self, minibatches: Minibatches) -> None:
        images = self.checked(minibatches.images)
        if not isinstance(self.encoder, Encoder | TwoHeads) and len(images):
            missing = [name for name in self.encoder_methods if not hasattr(self.encoder, name)]
            if missing:
                raise ValueError(
                    f"the encoder of a {type(self).__name__} is asked for its {' and '.join(missing)}, which this one "
                    "of your own lacks: subclass the library's, in aae.networks."
                )
            check_gives("encoder", lambda: self.encode(images[:1]), (1, self.latent_dim))
        if not isinstance(self.decoder, Decoder):
            code = torch.zeros(1, self.decoder_width, device=self.device)
            check_gives("decoder", lambda: self.evaluate(self.decoder, code, self.image_shape), (1, *self.image_shape))

    def prepare(self, minibatches: Minibatches) -> None:
        self.likelihood.fit(self.checked(minibatches.images))
        minibatches.standard = self.likelihood.standard

    def decode(self, z: Tensor) -> Tensor:
        """Codes (N, d) -> images (N, C, H, W), in [0, 1] or in the units of the training data."""
        return self._images(self._checked_codes(z))

    def _checked_codes(self, z: Tensor) -> Tensor:
        z = as_rows("codes", z)
        if z.shape[1] != self.latent_dim:
            raise ValueError(f"codes must have shape (N, {self.latent_dim}); got {tuple(z.shape)}.")
        return z

    def _images(self, seen: Tensor) -> Tensor:
        """Images from what the decoder sees (N, decoder_width)."""
        return self.evaluate(lambda rows: self.likelihood.image(self.decoder(rows)), seen, self.image_shape)

    def reconstruct(self, images: Tensor) -> Tensor:
        """decode(encode(images))."""
        with self.lock:
            return self.decode(self.encode(images))

    @takes(n=count(0, WIDEST), generator=generator())
    def sample(self, n: int, generator: Generator | None = None, labels: Tensor | None = None) -> Tensor:
        """New images: decoded prior samples.

        Parameters
        ----------
        n : int
            How many, at most a million.
        generator : torch.Generator, optional
            Source of the prior samples, on the device where they are drawn; None is torch's default generator.
        labels : tensor, optional
            (n,) int64: the class of each, where the prior has classes.

        Returns
        -------
        tensor
            (n, C, H, W), as `decode` gives them.
        """
        device = self.device if generator is None else generator.device
        with self.lock:
            return self.decode(self.prior.sample(n, generator=generator, device=device, labels=labels))


def check_gives(name: str, call: Callable[[], Tensor], shape: tuple[int, ...]) -> None:
    """ValueError unless the user's network, tried on one row, gives a tensor of this shape."""
    try:
        found = call()
    except (TypeError, AttributeError, RuntimeError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(
            f"this {name} of your own does not fit here ({why}): it is called as networks.{name.title()} is."
        ) from error
    if tuple(found.shape) != shape:
        wanted, got = (f"({', '.join(['N', *map(str, sizes[1:])])})" for sizes in (shape, found.shape))
        raise ValueError(f"this {name} of your own must give {wanted}, and gives {got}.")


def as_rows(name: str, rows: Tensor) -> Tensor:
    """Finite numbers (N, M) as float32; ValueError with their name for anything else."""
    found = as_tensor(name, rows)
    if found.is_meta or found.ndim != 2 or found.is_complex() or found.dtype == torch.bool:
        raise ValueError(f"{name} must be numbers of shape (N, M); got {shown(rows)}.")
    if not found.isfinite().all():
        raise ValueError(f"{name} must be finite, and hold NaN or infinity: if a model gave them, it has diverged.")
    return found.float()


# ---- the loss of the phase: a pure function of (model, batch, terms) ----


def reconstruction_loss(model: AE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
    """How far the decoder's image of the code is from the clean image."""
    return model.image_loss(model.decoded(batch), batch["x"])
