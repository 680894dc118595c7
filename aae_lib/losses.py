"""Every loss of the course, each once, with its formula.

All are pure functions of tensors: nothing random, nothing kept. Batch means are over the N rows. Shapes are checked,
and a ValueError says what is wrong with them; values are not, since reading them would make a GPU wait.

Symbols: x an image with pixels in [0, 1], z a code, p(z) the prior, q(z) the codes of the data,
D(z) = sigmoid(logits(z)) the probability that the discriminator gives to "z came from the prior".
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from . import precision
from .arguments import as_tensor, number, shown

SMALLEST = 1e-6  # whose square float32 can still hold

# ---- reconstruction: what the decoder gives (N, C, H, W) against images x (N, C, H, W); see likelihoods.py ----


def bce(logits: Tensor, x: Tensor) -> Tensor:
    r"""Binary cross-entropy, summed over pixels, mean over images; in nats.

    .. math:: -\sum_{\mathrm{pixels}} [x \log s + (1 - x) \log(1 - s)], \quad s = \mathrm{sigmoid}(\mathrm{logits})

    Taken on logits, so that it cannot overflow. For pixels 0 or 1 it is the negative Bernoulli log-likelihood; for grey
    ones the usual substitute, which is lowest at s = x but not 0 there.

    Examples
    --------
    >>> bce(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))  # 4 log 2
    tensor(2.7726)
    """
    logits, x = _images(logits, x)
    return F.binary_cross_entropy_with_logits(logits.float(), x, reduction="sum") / len(x)


def mse(logits: Tensor, x: Tensor) -> Tensor:
    """Squared error, *mean* over pixels and images: (x − sigmoid(logits))². Easy to read; in pixel units squared.

    Examples
    --------
    >>> mse(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.2500)
    """
    logits, x = _images(logits, x)
    return F.mse_loss(logits.float().sigmoid(), x)


def half_squared_error(logits: Tensor, x: Tensor) -> Tensor:
    r"""Half the squared error *summed* over pixels, mean over images.

    .. math:: \tfrac12 \sum_{\mathrm{pixels}} (x - \mathrm{sigmoid}(\mathrm{logits}))^2

    The negative Gaussian log-likelihood with unit variance, up to a constant: the scale at which the paper's learning
    rates hold (Makhzani et al. 2015, appendix A). For 784 pixels it is 392 times `mse`.

    Examples
    --------
    >>> half_squared_error(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.5000)
    """
    logits, x = _images(logits, x)
    return gaussian_error(logits.float().sigmoid(), x)


def gaussian_error(mean: Tensor, x: Tensor) -> Tensor:
    r"""Half the squared error summed over the d numbers of a sample, mean over samples.

    .. math:: \tfrac12 \sum_{j=1}^d (x_j - \mathrm{mean}_j)^2

    `mean` is what the decoder gives, as it is. The negative log-likelihood −log N(x; mean, I), up to a constant: for
    samples of any real numbers.

    Examples
    --------
    >>> gaussian_error(torch.zeros(1, 3), torch.tensor([[0.0, 1.0, -1.0]]))
    tensor(1.)
    """
    mean, x = _images(mean, x)
    return F.mse_loss(mean.float(), x, reduction="sum") / (2 * len(x))


def _images(logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    logits, x = _alike(logits, x, "logits and x")
    if not x.is_floating_point():
        raise ValueError(f"x must be floats in [0, 1], not {x.dtype}: pass aae_lib.data.scale(x).")
    return logits, x


# ---- the adversarial game: logits (N,), positive means "looks like a prior sample" ----


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    r"""How badly D tells prior samples from codes; at D = ½ everywhere it is 2 log 2 ≈ 1.386.

    .. math:: -\mathbb E_p[\log D(z)] - \mathbb E_q[\log(1 - D(z))]

    log D = −softplus(−logits) and log(1 − D) = −softplus(logits): no sigmoid, no log of 0.
    Goodfellow et al. 2014, eq. 1.

    Parameters
    ----------
    real, fake : tensor
        (N,) logits of prior samples and of codes.

    Returns
    -------
    tensor
        (), in nats.

    Examples
    --------
    >>> discriminator_loss(torch.zeros(3), torch.zeros(3))
    tensor(1.3863)
    """
    real, fake = _rows(real, "real"), _rows(fake, "fake")
    return F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()


def generator_loss(fake: Tensor) -> Tensor:
    r"""The non-saturating loss, from the logits (N,) of codes; at D = ½ it is log 2.

    .. math:: -\mathbb E_q[\log D(z)]

    Strong gradient where D is sure that z is a code.

    Examples
    --------
    >>> generator_loss(torch.zeros(3))
    tensor(0.6931)
    """
    return F.softplus(-_rows(fake, "fake").float()).mean()


def saturating_generator_loss(fake: Tensor) -> Tensor:
    r"""The saturating loss, that of the zero-sum game; flat where D is sure that z is a code.

    .. math:: \mathbb E_q[\log(1 - D(z))]

    Examples
    --------
    >>> saturating_generator_loss(torch.zeros(3))
    tensor(-0.6931)
    """
    return -F.softplus(_rows(fake, "fake").float()).mean()


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], z: Tensor) -> tuple[Tensor, Tensor]:
    r"""The logits (N,) of z (N, d), and how steep they are there, from one forward pass.

    .. math:: \mathbb E \, \lVert \partial\,\mathrm{logits} / \partial z \rVert^2

    Mescheder et al. 2018 (arXiv 1801.04406) call it R1 at real points and R2 at fake ones; the AAE takes both, each
    with weight λ/2. It also works under `torch.func.vmap`.

    Examples
    --------
    >>> logits, penalty = gradient_penalty(lambda z: 3 * z[:, 0], torch.ones(2, 2))
    >>> logits.tolist(), penalty.item()
    ([3.0, 3.0], 9.0)
    """

    _check_function(discriminator, "discriminator")
    z = _rows(z, "z", 2)
    slope, logits = _gradient(lambda z: _rows(discriminator(z), "the discriminator's logits"), z)
    return logits, slope.square().sum(1).mean()


def _gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of function(at).sum(), which can be differentiated again, and function(at).

    Inside `vmap` and torch.compile that takes `torch.func.grad`. Elsewhere the same numbers come without it: it
    imports PyTorch's compiler, which costs a process a second and 68 MB.
    """
    if torch.compiler.is_compiling() or torch._C._functorch.peek_interpreter_stack() is not None:

        def total(at: Tensor) -> tuple[Tensor, Tensor]:
            value = function(at)
            return value.sum(), value

        slope, value = torch.func.grad(total, has_aux=True)(at)
        return slope, value
    with torch.enable_grad():
        own = at.view_as(at) if at.requires_grad else at.detach().requires_grad_()
        value = function(own)
        if not value.requires_grad:  # it does not depend on `at`
            return torch.zeros_like(at), value
        (slope,) = torch.autograd.grad(value.sum(), own, create_graph=True, materialize_grads=True)
    return (slope, value) if torch.is_grad_enabled() else (slope.detach(), value.detach())


def tell_apart(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, r1: float | None = None
) -> Tensor:
    r"""D's whole loss: `discriminator_loss`, and `gradient_penalty` on both sides.

    .. math:: -\mathbb E_p[\log D] - \mathbb E_q[\log(1 - D)] + \tfrac{r_1}{2} \left(
        \mathbb E_p \lVert \nabla \mathrm{logits} \rVert^2 + \mathbb E_q \lVert \nabla \mathrm{logits} \rVert^2 \right)

    Parameters
    ----------
    discriminator : callable
        discriminator(z) -> logits (2N,), called once, on the real samples followed by the fake ones.
    real, fake : tensor
        (N, d). `fake` is detached: whatever made it is held fixed.
    r1 : float, optional
        Weight of the penalty; None: no penalty.

    Returns
    -------
    tensor
        (), in nats where there is no penalty.

    Examples
    --------
    >>> loss = tell_apart(lambda z: z[:, 0], torch.zeros(3, 2), torch.zeros(3, 2), r1=0.1)
    >>> round(loss.item(), 4)
    1.4863
    """
    _check_function(discriminator, "discriminator")
    real, fake = _alike(real, fake, "real and fake")
    both = torch.cat([real, fake.detach()])  # a phase moves D alone anyway; this protects who calls backward()
    if r1 is None:
        return discriminator_loss(*_halves(discriminator(both), both))
    r1 = _number(r1, "r1")
    with torch.autocast(both.device.type, enabled=False):  # a gradient of a gradient is too much for bf16
        logits, slope = gradient_penalty(discriminator, both.float())
    # the mean over both halves, times 2, is the sum of both expectations: r1/2 · 2 = r1
    return discriminator_loss(*_halves(logits, both)) + r1 * slope


# ---- consistency: logits(x) (N, K) of the categories of images x (N, C, H, W) ----


def virtual_adversarial_loss(
    logits: Callable[[Tensor], Tensor], x: Tensor, direction: Tensor, length: float, xi: float = 0.1
) -> Tensor:
    r"""How much y changes at the neighbour x + r, mean over images. Of all r of that length, r changes y the most.

    .. math:: \mathrm{KL}(y(x) ‖ y(x + r)), \quad r = ε g / \lVert g \rVert

    y(x) is held fixed; r is found by one power step from a random direction d:

    .. math:: g = \nabla_r \mathrm{KL}(y(x) ‖ y(x + r)) \text{ at } r = ξ d / \lVert d \rVert

    Miyato et al. 2018 (arXiv 1704.03976, algorithm 1), who call it LDS.

    Parameters
    ----------
    logits : callable
        logits(x) -> (N, K).
    x, direction : tensor
        (N, C, H, W): the images, and random numbers d of the same shape.
    length : float
        ε, the length of r in pixel units.
    xi : float, default 0.1
        ξ, how far from x the slope is taken.

    Returns
    -------
    tensor
        (), in nats.

    Examples
    --------
    >>> x, d = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    >>> virtual_adversarial_loss(lambda x: x * torch.tensor([[2.0, 0.0]]), x, d, length=1.0)  # r = (1, 0)
    tensor(0.4338)
    """

    _check_function(logits, "logits")
    x, direction = _alike(x, direction, "x and direction")
    length, xi = _number(length, "length"), _number(xi, "xi", SMALLEST)

    def categories(x: Tensor) -> Tensor:
        return _rows(logits(x), "logits(x)", 2).log_softmax(1)

    def divergence(x: Tensor) -> Tensor:
        return (log_y.exp() * (log_y - categories(x))).sum(1)

    def unit(d: Tensor) -> Tensor:
        return d / d.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, *[1] * (d.dim() - 1))

    # differences of close numbers are too much for bf16
    with torch.autocast(x.device.type, enabled=False):
        with torch.no_grad():
            log_y = categories(x)
            slope, _ = _gradient(lambda r: divergence(x + r), xi * unit(direction))
            r = length * unit(slope)
        return divergence(x + r).mean()


# ---- without players ----


def gaussian_kl(mean: Tensor, log_var: Tensor, sigma: float = 1.0) -> Tensor:
    r"""KL(N(mean, exp(log_var)) ‖ N(0, σ²)), summed over the d dimensions, mean over rows (N, d); in nats.

    .. math:: \tfrac12 \sum_{j=1}^d \left[
        \frac{\mathrm{mean}_j^2 + \mathrm{var}_j}{σ^2} - 1 - \log \frac{\mathrm{var}_j}{σ^2} \right]

    Kingma and Welling 2013, appendix B, for σ = 1.

    Examples
    --------
    >>> gaussian_kl(torch.ones(1, 2), torch.zeros(1, 2))
    tensor(1.)
    """
    mean, log_var = _alike(mean, log_var, "mean and log_var", 2)
    if not (type(sigma) is float and SMALLEST <= sigma <= 1e6):
        sigma = number(least=SMALLEST, most=1e6).checked("sigma", sigma)
    log_ratio = log_var - 2 * math.log(sigma)
    return 0.5 * (mean.square() / sigma**2 + log_ratio.exp() - 1 - log_ratio).sum(1).mean()


def monte_carlo_kl(z: Tensor, mean: Tensor, log_var: Tensor, log_prior: Tensor) -> Tensor:
    r"""The same KL for any prior whose density is known, with one sample z ~ q(z|x) a row.

    .. math:: \mathbb E[\log q(z|x) - \log p(z)]

    Unbiased; noisier than the closed form.

    Parameters
    ----------
    z, mean, log_var : tensor
        (N, d): the samples, and the moments of q(z|x).
    log_prior : tensor
        (N,): log p(z) at those samples.

    Returns
    -------
    tensor
        (), in nats.

    Examples
    --------
    >>> z = torch.zeros(1, 1)
    >>> monte_carlo_kl(z, z, z, normal_log_prob(z, z, z))
    tensor(0.)
    """
    log_q, log_p = _alike(normal_log_prob(z, mean, log_var), log_prior, "log q(z|x) and log_prior")
    return (log_q - log_p).mean()


def normal_log_prob(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    r"""log N(z; mean, exp(log_var)) summed over the d dimensions: (N, d) -> (N,); the moments are (N, d) or (d,).

    .. math:: -\tfrac12 \sum_{j=1}^d \left[
        \frac{(z_j - \mathrm{mean}_j)^2}{\mathrm{var}_j} + \log \mathrm{var}_j + \log 2π \right]

    Examples
    --------
    >>> normal_log_prob(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2))  # -log 2π
    tensor([-1.8379])
    """
    z, mean, log_var = _rows(z, "z", 2), _rows(mean, "mean"), _rows(log_var, "log_var")
    for name, moment in (("mean", mean), ("log_var", log_var)):
        if moment.shape not in (z.shape, z.shape[1:]):
            raise ValueError(
                f"{name} must have the shape of z, {tuple(z.shape)}, or of a row; got {tuple(moment.shape)}."
            )
    return -0.5 * ((z - mean).square() / log_var.exp() + log_var + math.log(2 * math.pi)).sum(1)


MMD_SCALES = (0.2, 1.0, 4.0, 16.0)


def mmd(x: Tensor, y: Tensor) -> Tensor:
    r"""Squared maximum mean discrepancy between samples, unbiased: may be slightly negative.

    .. math:: \mathbb E[k(x, x')] + \mathbb E[k(y, y')] - 2 \, \mathbb E[k(x, y)]

    .. math:: k(x, y) = \sum_{c \,\in\, \{0.2,\, 1,\, 4,\, 16\}} \frac{c}{c + \lVert x - y \rVert^2}

    x and x' are different samples, and so are y and y'. Gretton et al. 2012 (eq. 3); the kernel family is WAE's
    (Tolstikhin et al. 2018).

    Parameters
    ----------
    x, y : tensor
        (n, d) and (m, d), at least two rows each.

    Returns
    -------
    tensor
        (), without a unit.

    Raises
    ------
    ValueError
        For fewer than two rows, and for rows of different length.

    Examples
    --------
    >>> mmd(torch.zeros(2, 2), torch.ones(2, 2))  # 2 (4 - Σ c/(c + 2))
    tensor(4.0404)
    """
    x, y = _rows(x, "x", 2), _rows(y, "y", 2)
    if min(len(x), len(y)) < 2:
        raise ValueError(f"MMD needs at least 2 points in each cloud; got {len(x)} and {len(y)}.")
    same = _mean_off_diagonal(mmd_kernel(x, x)) + _mean_off_diagonal(mmd_kernel(y, y))
    return same - 2 * mmd_kernel(x, y).mean()


def mmd_kernel(x: Tensor, y: Tensor) -> Tensor:
    """The kernel of `mmd`: (n, d), (m, d) -> (n, m)."""
    x, y = _rows(x, "x", 2), _rows(y, "y", 2)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"x and y must have rows of the same length; got {tuple(x.shape)} and {tuple(y.shape)}.")
    # |x − y|² by one matrix product: four times faster than cdist, and its gradient is finite at x = y.
    # Never in bf16 or tf32: the difference of large squares would be mostly rounding
    with precision.full(x.device.type):
        squared = (x.square().sum(1)[:, None] + y.square().sum(1)[None, :] - 2 * x @ y.T).clamp(min=0)
    kernel = MMD_SCALES[0] / (MMD_SCALES[0] + squared)
    for c in MMD_SCALES[1:]:
        kernel = kernel + c / (c + squared)
    return kernel


def _mean_off_diagonal(kernel: Tensor) -> Tensor:
    n = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (n * (n - 1))


# ---- shapes, compared on the host: a training step must not feel it ----


def _rows(x: Tensor, name: str, ndim: int | None = None) -> Tensor:
    """The tensor, not empty, with this many axes (None: one or more)."""
    if not isinstance(x, Tensor):
        x = as_tensor(name, x)
        x = x.float() if x.dtype == torch.float64 else x  # what NumPy makes of every number
    if not x.numel() or x.ndim != (ndim or max(x.ndim, 1)) or x.is_complex():
        wanted = "(N, d)" if ndim == 2 else "(N, ...)"
        raise ValueError(f"{name} must be a tensor {wanted}, not empty; got {shown(x)}.")
    return x


def _alike(x: Tensor, y: Tensor, names: str, ndim: int | None = None) -> tuple[Tensor, Tensor]:
    """Two tensors of the same shape, not empty: where shapes differ, broadcasting would make something else of them."""
    if type(x) is type(y) is Tensor and x.shape == y.shape and x.numel() and x.ndim == (ndim or x.ndim or 1):
        return x, y  # the common case, first
    first, second = names.split(" and ")
    x, y = _rows(x, first, ndim), _rows(y, second, ndim)
    if x.shape != y.shape:
        raise ValueError(f"{names} must have the same shape; got {tuple(x.shape)} and {tuple(y.shape)}.")
    return x, y


def _number(value: float, name: str, least: float = 0.0) -> float:
    """The number; a tensor, which a sweep has for its members, unseen."""
    if (isinstance(value, Tensor) and value.ndim == 0) or (type(value) is float and least <= value <= 1e6):
        return value
    return number(least=least, most=1e6).checked(name, value)


def _halves(logits: Tensor, both: Tensor) -> tuple[Tensor, Tensor]:
    """The logits of the real and of the fake ones."""
    if len(_rows(logits, "the discriminator's logits")) != len(both):
        raise ValueError(f"the discriminator must give {len(both)} logits for {len(both)} codes; got {shown(logits)}.")
    real, fake = logits.chunk(2)
    return real, fake


def _check_function(value: object, name: str) -> None:
    unwritten = getattr(type(value), "forward", None) is torch.nn.Module.forward  # a model cannot be called
    if not callable(value) or isinstance(value, type) or unwritten:
        raise ValueError(f"{name} must be a function of a tensor; got {shown(value)}.")
