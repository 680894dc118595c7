"""The three networks: encoder, decoder, discriminator; as MLPs, or convolutional for images.

Shapes: images x (N, C, H, W), or vectors (N, D); codes z (N, d); a decoder's output has the shape of x, logits of D
are (N,).
Nothing here is random after construction: noise comes in as an argument, drawn by the phase.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypedDict, TypeVar, Unpack

import torch
from torch import Generator, Tensor, nn

from .arguments import WIDEST, Kind, count, counts, generator, number, numbers, one_of, switch, takes

Layer = TypeVar("Layer", bound=nn.Module)

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "silu": nn.SiLU}


def _shape(value: Any) -> tuple[int, ...]:
    shape = counts(most=100_000).take(value)
    if len(shape) not in (1, 3):
        raise ValueError
    return shape


POSTERIORS = ("deterministic", "gaussian", "universal")
NETWORKS = ("mlp", "conv")
# what networks and models are made of: the kind of each argument
PARTS: dict[str, Kind] = {
    "image_shape": Kind(
        "(channels, height, width), such as (1, 28, 28), or (D,) for vectors, whole numbers from 1 to 100,000", _shape
    ),
    "latent_dim": count(most=WIDEST),
    "hidden": counts(),
    "network": one_of(*NETWORKS),
    "activation": one_of(*ACTIVATIONS),
    "weight_sd": number(above=0, most=1e6),
}
WAVES = numbers(kind=number(above=0, most=1e6), example="(1.0, 2.0, 4.0)")
START = {name: PARTS[name] for name in ("activation", "weight_sd")} | {"generator": generator()}


class Start(TypedDict):
    """How layers are made: the activation between them, and their initial weights (see `initialise`)."""

    activation: str
    generator: Generator | None
    weight_sd: float | None


class NetworkOptions(Start):
    """What encoder and decoder share."""

    network: str


def check_network(network: str, image_shape: Sequence[int]) -> None:
    """ValueError if samples of that shape, (C, H, W) or (D,), do not fit the network."""
    if network != "conv":
        return
    if len(image_shape) == 1:
        raise ValueError(f'network="conv" takes pictures, and {tuple(image_shape)} is a vector: use network="mlp".')
    _, h, w = image_shape
    if h % 4 or w % 4:
        raise ValueError(f'network="conv" halves the picture twice: {h}x{w} is not a multiple of 4. Use network="mlp".')


class BatchNorm(nn.BatchNorm1d):
    """Batch norm that never moves its running statistics by itself: "held fixed" includes buffers.

    In training mode it normalises by the batch, in evaluation mode by the running statistics. The trainer lets them
    follow the last batch once the update of a phase that may move them has been found finite.

    Examples
    --------
    >>> norm = BatchNorm(2)
    >>> _ = norm(torch.ones(3, 2))
    >>> norm.running_mean
    tensor([0., 0.])
    """

    batch: Tensor | None = None  # the last one seen in training mode
    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        self.batch = x.detach()
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)

    def follow(self, fault: Tensor) -> None:
        """Move the running mean and variance towards the last batch's; not at all where `fault` (0-d) is 1."""
        assert self.batch is not None, "nothing has been seen in training mode"
        follow(self.running_mean, self.running_var, self.batch, self.momentum, fault)


@torch.no_grad()
def follow(running_mean: Tensor, running_var: Tensor, batch: Tensor, momentum: float, fault: Tensor) -> None:
    """Move running statistics (..., d) towards those of a batch (..., B, d); not at all where `fault` (...) is 1."""
    var, mean = torch.var_mean(batch.float(), -2)
    for running, seen in ((running_mean, mean), (running_var, var)):
        running.copy_(torch.where(fault[..., None] > 0, running, running.lerp(seen, momentum)))


def initialise(layer: Layer, generator: Generator | None, weight_sd: float | None = None) -> Layer:
    """Fill a linear or convolution layer from a generator.

    Parameters
    ----------
    layer : nn.Module
        With `weight` and `bias`.
    generator : torch.Generator, optional
        Source of the initial weights; None is torch's own.
    weight_sd : float, optional
        None: PyTorch's default, weights and biases uniform in ±1/sqrt(fan_in). Otherwise weights ~ N(0, weight_sd²) and
        biases 0; the paper's "N(0, 0.01)" read as a standard deviation is weight_sd=0.01.

    Returns
    -------
    nn.Module
        The layer.
    """
    weight, bias = layer.get_parameter("weight"), layer.get_parameter("bias")
    fan_in = weight[0].numel()
    bound = 1 / math.sqrt(fan_in)
    with torch.no_grad():
        if weight_sd is None:
            weight.uniform_(-bound, bound, generator=generator)
            bias.uniform_(-bound, bound, generator=generator)
        else:
            weight.normal_(0, weight_sd, generator=generator)
            bias.zero_()
    return layer


def linear(n_in: int, n_out: int, generator: Generator | None = None, weight_sd: float | None = None) -> nn.Linear:
    """`nn.Linear` initialised from `generator`."""
    return initialise(unset(nn.Linear, n_in, n_out), generator, weight_sd)


def unset(kind: Callable[..., Layer], *arguments: int) -> Layer:
    """A layer whose numbers nobody has drawn yet: the global generator is not touched.

    `nn.utils.skip_init` does the same, but first imports half of PyTorch's compiler.
    """
    layer = kind(*arguments, device="meta")
    for name, p in list(layer.named_parameters()):
        setattr(layer, name, nn.Parameter(torch.empty(p.shape, dtype=p.dtype, device="cpu")))
    return layer


class MLP(nn.Sequential):
    """Linear layers with an activation between them: (N, sizes[0]) -> (N, sizes[-1]).

    Parameters
    ----------
    sizes : sequence of int
        For example (784, 1000, 1000, 2): the last layer is linear.
    activation : {"relu", "leaky_relu", "silu"}
        Between layers.
    batch_norm : bool, default False
        Normalise before each activation.
    generator, weight_sd
        See `initialise`.

    Raises
    ------
    ValueError
        For fewer than two sizes, a size below 1, or an unknown activation.

    Examples
    --------
    >>> MLP((4, 8, 2), generator=torch.Generator().manual_seed(0))(torch.zeros(3, 4)).shape
    torch.Size([3, 2])
    """

    @takes(sizes=counts(example="(784, 1000, 2)"), batch_norm=switch(), **START)
    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        batch_norm: bool = False,
        generator: Generator | None = None,
        weight_sd: float | None = None,
    ) -> None:
        if len(sizes) < 2:
            raise ValueError(f"an MLP needs at least an input and an output size, all positive; got {tuple(sizes)}.")
        layers: list[nn.Module] = [linear(sizes[0], sizes[1], generator, weight_sd)]
        for n_in, n_out in pairwise(sizes[1:]):
            layers += [BatchNorm(n_in)] * batch_norm + [activation_named(activation)]
            layers.append(linear(n_in, n_out, generator, weight_sd))
        super().__init__(*layers)


def activation_named(name: str) -> nn.Module:
    """The activation module of that name; for an unknown name, ValueError lists the choices."""
    return ACTIVATIONS[PARTS["activation"].checked("activation", name)]()


class Encoder(nn.Module):
    """Images (N, C, H, W) or vectors (N, D) -> codes z (N, latent_dim); one of three posteriors q(z|x).

    - deterministic: z = f(x)
    - gaussian: z = mean(x) + exp(½ log_var(x)) · noise, noise ~ N(0, I) of shape (N, latent_dim)
    - universal: z = f(x, noise), the noise appended to the pixels: any posterior at all

    Makhzani et al. 2015, section 2.1.

    Parameters
    ----------
    image_shape : sequence of int
        (C, H, W), or (D,) for vectors.
    latent_dim : int
        d, the length of a code.
    hidden : sequence of int, default (1000, 1000)
        Widths of the hidden layers of the MLP. For "conv" the channels of its two stride-2 layers are fixed (32, 64),
        and only the last hidden width is used, behind them.
    posterior : {"deterministic", "gaussian", "universal"}
        q(z|x).
    noise_dim : int, optional
        Width of the noise of a universal posterior (default 10).
    network : {"mlp", "conv"}
        For "conv" height and width must be multiples of 4.
    activation, batch_norm, generator, weight_sd
        See `MLP`; "conv" has no batch norm.

    Raises
    ------
    ValueError
        For an unknown posterior, network or activation, and for images that do not fit the network.

    Notes
    -----
    `noise` is an argument of the call, of width `noise_dim` (0 for deterministic): the phase draws it. Without it the
    noise is 0, the mean of its distribution: for "gaussian" that gives the posterior's mean.

    Examples
    --------
    >>> Encoder((1, 8, 8), 2, hidden=(16,))(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 2])
    """

    @takes(
        posterior=one_of(*POSTERIORS), noise_dim=count(most=WIDEST), batch_norm=switch(), generator=generator(), **PARTS
    )
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int,
        hidden: Sequence[int] = (1000, 1000),
        posterior: str = "deterministic",
        noise_dim: int | None = None,
        network: str = "mlp",
        activation: str = "relu",
        batch_norm: bool = False,
        generator: Generator | None = None,
        weight_sd: float | None = None,
    ) -> None:
        super().__init__()
        check_network(network, image_shape)
        self.posterior = posterior
        universal_noise = 10 if noise_dim is None else noise_dim
        self.noise_dim = {"deterministic": 0, "gaussian": latent_dim, "universal": universal_noise}[posterior]
        start: Start = {"activation": activation, "generator": generator, "weight_sd": weight_sd}
        self.features, n_in, hidden = _features(image_shape, hidden, network, batch_norm, **start)
        n_in += self.noise_dim if posterior == "universal" else 0
        n_out = 2 * latent_dim if posterior == "gaussian" else latent_dim
        self.layers = MLP((n_in, *hidden, n_out), batch_norm=batch_norm, **start)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        if self.posterior == "gaussian":
            mean, log_var = self.moments(x)
            return mean if noise is None else reparameterise(mean, log_var, noise)
        h = self.features(x)
        if self.posterior == "universal":
            noise = h.new_zeros(len(h), self.noise_dim) if noise is None else noise
            h = torch.cat([h, noise.to(h.dtype)], 1)
        return self.layers(h).float()

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, each (N, latent_dim), of the Gaussian posterior; ValueError for another one."""
        if self.posterior != "gaussian":
            raise ValueError(f'only a posterior="gaussian" encoder has moments; this one is {self.posterior}.')
        mean, log_var = self.layers(self.features(x)).float().chunk(2, 1)
        return mean, log_var


class TwoHeads(nn.Module):
    """Images (N, C, H, W) -> a category and a style: one trunk, and on it a linear head for each part of the code.

    Called, it gives the style z alone, as `Encoder` does; `both` gives logits and z. Deterministic, as in the paper.

    Parameters
    ----------
    image_shape, latent_dim, hidden, network, activation, batch_norm, generator, weight_sd
        See `Encoder`; at least one hidden layer.
    categories : int
        K.

    Attributes
    ----------
    y_head : nn.Linear
        Logits of y (N, K); y = softmax(logits) is the category, soft.
    z_head : nn.Linear
        z (N, latent_dim).

    Examples
    --------
    >>> logits, z = TwoHeads((1, 8, 8), 10, 2, hidden=(16,)).both(torch.zeros(3, 1, 8, 8))
    >>> logits.shape, z.shape
    (torch.Size([3, 10]), torch.Size([3, 2]))
    """

    noise_dim = 0
    posterior = "deterministic"

    @takes(categories=count(most=WIDEST), batch_norm=switch(), generator=generator(), **PARTS)
    def __init__(
        self,
        image_shape: Sequence[int],
        categories: int,
        latent_dim: int,
        hidden: Sequence[int] = (1000, 1000),
        network: str = "mlp",
        activation: str = "relu",
        batch_norm: bool = False,
        generator: Generator | None = None,
        weight_sd: float | None = None,
    ) -> None:
        super().__init__()
        check_network(network, image_shape)
        if not hidden:
            raise ValueError("an encoder with two heads needs a trunk: give at least one hidden width.")
        start: Start = {"activation": activation, "generator": generator, "weight_sd": weight_sd}
        features, n_in, hidden = _features(image_shape, hidden, network, batch_norm, **start)
        after = [BatchNorm(hidden[-1])] * batch_norm + [activation_named(activation)]
        self.trunk = nn.Sequential(features, MLP((n_in, *hidden), batch_norm=batch_norm, **start), *after)
        self.y_head = linear(hidden[-1], categories, generator, weight_sd)
        self.z_head = linear(hidden[-1], latent_dim, generator, weight_sd)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        return self.z_head(self.trunk(x)).float()

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of y (N, K), and z (N, latent_dim)."""
        h = self.trunk(x)
        return self.y_head(h).float(), self.z_head(h).float()

    def logits(self, x: Tensor) -> Tensor:
        """Logits of y (N, K)."""
        return self.y_head(self.trunk(x)).float()


def _features(
    image_shape: Sequence[int], hidden: Sequence[int], network: str, batch_norm: bool, **start: Unpack[Start]
) -> tuple[nn.Module, int, Sequence[int]]:
    """What comes before an encoder's MLP, how many numbers it gives, and the MLP's hidden widths."""
    if network == "mlp":
        return nn.Flatten(), math.prod(image_shape), hidden
    if not hidden or batch_norm:
        raise ValueError('network="conv" needs a hidden layer behind it, and has no batch norm.')
    n = 64 * (image_shape[1] // 4) * (image_shape[2] // 4)
    return conv_features(image_shape, **start), n, hidden[-1:]


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """z = mean + exp(½ log_var) · noise: a sample of N(mean, exp(log_var)) with a gradient (Kingma, Welling 2013)."""
    return mean + (0.5 * log_var).exp() * noise


class Decoder(nn.Module):
    """Codes z (N, latent_dim) -> numbers of the shape of an image, (N, C, H, W) or (N, D).

    They are logits or means: what they stand for is the model's `likelihood`.

    Parameters
    ----------
    image_shape, latent_dim, hidden, network, activation, generator, weight_sd
        See `Encoder`; the hidden layers are the encoder's in reverse order.

    Examples
    --------
    >>> Decoder((1, 8, 8), 2, hidden=(16,))(torch.zeros(3, 2)).shape
    torch.Size([3, 1, 8, 8])
    """

    @takes(generator=generator(), **PARTS)
    def __init__(
        self,
        image_shape: Sequence[int],
        latent_dim: int,
        hidden: Sequence[int] = (1000, 1000),
        network: str = "mlp",
        activation: str = "relu",
        generator: Generator | None = None,
        weight_sd: float | None = None,
    ) -> None:
        super().__init__()
        check_network(network, image_shape)
        start: Start = {"activation": activation, "generator": generator, "weight_sd": weight_sd}
        if network == "conv":
            if not hidden:
                raise ValueError('network="conv" needs a hidden layer: give at least one width.')
            _, h, w = image_shape
            self.layers = MLP((latent_dim, hidden[-1], 64 * (h // 4) * (w // 4)), **start)
            self.image: nn.Module = conv_image(image_shape, **start)
        else:
            self.layers = MLP((latent_dim, *reversed(hidden), math.prod(image_shape)), **start)
            self.image = nn.Unflatten(1, tuple(image_shape))

    def forward(self, z: Tensor) -> Tensor:
        return self.image(self.layers(z))


class Discriminator(nn.Module):
    """Codes z (N, latent_dim) -> logits (N,): positive means "looks like a prior sample".

    Parameters
    ----------
    latent_dim, hidden, activation, generator, weight_sd
        See `Encoder`.
    classes : int, optional
        K: D then also sees a label y (N,) int64 as one-hot of K + 1, where the last place means "no label" (y = -1).
        The paper's 11th class.
    waves : sequence of float, default ()
        D also sees sin(kz) and cos(kz) for each k: a smooth network of the plain z is slow to tell thin shapes apart
        (Tancik et al. 2020, "Fourier features").

    Raises
    ------
    ValueError
        When called with labels, if it was built without classes.

    Examples
    --------
    >>> Discriminator(2, hidden=(16,), classes=10)(torch.zeros(3, 2), torch.tensor([0, 9, -1])).shape
    torch.Size([3])
    """

    one_hot: Tensor

    @takes(latent_dim=PARTS["latent_dim"], hidden=PARTS["hidden"], classes=count(most=WIDEST), waves=WAVES, **START)
    def __init__(
        self,
        latent_dim: int,
        hidden: Sequence[int] = (1000, 1000),
        classes: int | None = None,
        activation: str = "relu",
        generator: Generator | None = None,
        weight_sd: float | None = None,
        waves: Sequence[float] = (),
    ) -> None:
        super().__init__()
        self.classes, self.waves = classes, tuple(waves)
        n_labels = 0 if classes is None else classes + 1
        seen = latent_dim * (1 + 2 * len(self.waves))
        self.layers = MLP((seen + n_labels, *hidden, 1), activation, False, generator, weight_sd)
        # row -1 of the identity is its last row: y = -1 finds "no label" without a branch
        self.register_buffer("one_hot", torch.eye(n_labels), persistent=False)

    def extra_repr(self) -> str:
        return f"waves={self.waves}" if self.waves else ""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if self.waves:
            turned = torch.cat([k * z for k in self.waves], 1)
            z = torch.cat([z, turned.sin(), turned.cos()], 1)
        if self.classes is not None:
            y = z.new_full((len(z),), -1, dtype=torch.long) if y is None else y
            z = torch.cat([z, self.one_hot[y].to(z.dtype)], 1)
        elif y is not None:
            raise ValueError("this discriminator was built without classes=, so it cannot be given labels.")
        return self.layers(z).squeeze(1).float()


def conv_features(
    image_shape: Sequence[int],
    activation: str = "relu",
    generator: Generator | None = None,
    weight_sd: float | None = None,
) -> nn.Module:
    """(N, C, H, W) -> (N, 64·H/4·W/4): two convolutions 4x4 of stride 2, with 32 and 64 channels."""
    c = image_shape[0]
    first, second = (
        initialise(unset(nn.Conv2d, n_in, n_out, 4, 2, 1), generator, weight_sd) for n_in, n_out in ((c, 32), (32, 64))
    )
    return nn.Sequential(first, activation_named(activation), second, activation_named(activation), nn.Flatten())


def conv_image(
    image_shape: Sequence[int],
    activation: str = "relu",
    generator: Generator | None = None,
    weight_sd: float | None = None,
) -> nn.Module:
    """(N, 64·H/4·W/4) -> (N, C, H, W): the mirror image of `conv_features`, ending in logits."""
    c, h, w = image_shape
    first, second = (
        initialise(unset(nn.ConvTranspose2d, n_in, n_out, 4, 2, 1), generator, weight_sd)
        for n_in, n_out in ((64, 32), (32, c))
    )
    unflatten = nn.Unflatten(1, (64, h // 4, w // 4))
    return nn.Sequential(activation_named(activation), unflatten, first, activation_named(activation), second)
