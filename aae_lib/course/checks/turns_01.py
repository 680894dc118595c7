"""Checks of what the learner writes within lesson 01: two networks, their loss, the training step, a classifier."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ... import losses
from .answers import Wrong, call, equal, gradient, kind, number, several, tensor
from .lesson_04 import close, weights
from .tasks import task

WIDTH = 256
SHAPE, DIM = (1, 4, 3), 2
RATE = 0.1

# ---- 01.a ----


def build(image_shape: Sequence[int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Encoder (N, C, H, W) -> (N, latent_dim), and decoder back to logits (N, C, H, W)."""
    pixels = math.prod(image_shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(pixels, WIDTH), nn.SiLU()),
        *(nn.Linear(WIDTH, WIDTH), nn.SiLU()),
        nn.Linear(WIDTH, latent_dim),
    )
    decoder = nn.Sequential(
        *(nn.Linear(latent_dim, WIDTH), nn.SiLU()),
        *(nn.Linear(WIDTH, WIDTH), nn.SiLU()),
        nn.Linear(WIDTH, pixels),
        nn.Unflatten(1, tuple(image_shape)),
    )
    return encoder, decoder


def forward(parameters: Sequence[Tensor], x: Tensor, act: Callable[[Tensor], Tensor] = F.silu) -> Tensor:
    """Three linear layers of these weights and biases, with the activation between them."""
    w1, b1, w2, b2, w3, b3 = parameters
    return F.linear(act(F.linear(act(F.linear(x.flatten(1), w1, b1)), w2, b2)), w3, b3)


@task(
    "01.a",
    "the encoder and the decoder",
    hints=(
        "The encoder: nn.Flatten(), then three nn.Linear with nn.SiLU() between them, and nothing after the last one. "
        "The decoder is the same the other way round, with nn.Unflatten at its end in place of nn.Flatten.",
        "pixels = math.prod(image_shape). encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 256), nn.SiLU(), "
        "nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, latent_dim)).",
        "decoder = nn.Sequential(nn.Linear(latent_dim, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), "
        "nn.Linear(256, pixels), nn.Unflatten(1, image_shape)); return encoder, decoder",
    ),
    part=lambda: build,
)
def networks(f: Any) -> str:
    """build(image_shape, latent_dim) returns encoder and decoder, each of three linear layers, SiLU between them."""
    rng = torch.get_rng_state()
    try:
        encoder, decoder = several(call(f, SHAPE, DIM), 2, "the encoder and the decoder")
    finally:
        torch.set_rng_state(rng)
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        if not isinstance(network, nn.Module):
            raise Wrong(f"the {name} is {kind(network)}; an nn.Sequential is asked for.")
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(5, *SHAPE, generator=generator)
    z = torch.randn(5, DIM, generator=generator)
    pixels = math.prod(SHAPE)
    judge_network(encoder, "encoder", x, (5, DIM), (pixels, WIDTH, WIDTH, DIM))
    judge_network(decoder, "decoder", z, (5, *SHAPE), (DIM, WIDTH, WIDTH, pixels))
    if {id(p) for p in encoder.parameters()} & {id(p) for p in decoder.parameters()}:
        raise Wrong("not yet: encoder and decoder share layers; each needs its own.")
    return "right: from an image to a few numbers, and back to as many logits as it has pixels."


def judge_network(network: nn.Module, name: str, x: Tensor, shape: tuple[int, ...], widths: Sequence[int]) -> None:
    """Wrong unless the network is three linear layers of these widths with SiLU between them."""
    try:
        out = network(x)
    except Exception as error:
        raise Wrong(
            f"the {name} raised {type(error).__name__} for an input of shape {tuple(x.shape)}: {error}"
        ) from None
    if isinstance(out, Tensor) and name == "decoder" and out.shape == (len(x), widths[-1]):
        raise Wrong(f"nearly: the decoder gives rows of {widths[-1]} numbers; nn.Unflatten(1, image_shape) at its end "
                    "makes images of them.")  # fmt: skip
    out = tensor(out, shape, f"what the {name} gives")
    parameters = [p.detach() for p in network.parameters()]
    found = [p.shape[1] for p in parameters if p.dim() == 2] + [p.shape[0] for p in parameters if p.dim() == 2][-1:]
    if found != list(widths):
        raise Wrong(f"not yet: the {name} should have the widths {', '.join(map(str, widths))}; yours has "
                    f"{', '.join(map(str, found)) or 'no linear layer'}.")  # fmt: skip
    if len(parameters) != 6:
        raise Wrong(
            f"not yet: the {name} should be three linear layers, each with its bias, and nothing else to learn."
        )
    right = forward(parameters, x)
    mistakes: list[tuple[Tensor, str]] = [
        (forward(parameters, x, lambda h: h), "there is nothing between the linear layers, and three linear maps in a "
                                              "row are one linear map. Put nn.SiLU() between them."),
        (right.sigmoid(), "it ends with a sigmoid. The loss wants logits and takes the sigmoid itself."),
        (F.silu(right), "it ends with a SiLU, which lets nothing below −0.28 through: end with the linear layer."),
        (F.relu(right), "it ends with a ReLU, which lets nothing below 0 through: end with the linear layer."),
        *((forward(parameters, x, act), f"its activation is {said}; SiLU is asked for, so that the result can be "
                                        "compared with the library's.")
          for act, said in ((F.relu, "ReLU"), (F.tanh, "tanh"), (F.sigmoid, "the sigmoid"), (F.gelu, "GELU"))),
    ]  # fmt: skip
    try:
        equal(out.flatten(1), right, mistakes, "it")
    except Wrong as wrong:
        said = str(wrong).removeprefix("not yet: ")
        if said.startswith("it should be"):  # no mistake that is known
            said = "its layers are right, but it does something else besides: three linear layers, SiLU between them."
        raise Wrong(f"not yet, the {name}: {said}") from None


# ---- 01.b ----


@task(
    "01.b",
    "the reconstruction loss",
    hints=(
        "Every pixel costs −x log s − (1 − x) log(1 − s), with s = sigmoid(logits). Add up the pixels of an image, "
        "then take the mean over the images.",
        "To stay on the logits: −log s = softplus(−logits) and −log(1 − s) = softplus(logits). "
        "PyTorch also has a cross-entropy that takes logits; look at its argument `reduction`.",
        "torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction='sum') / len(x).",
    ),
    part=lambda: losses.bce,
)
def reconstruction(f: Any) -> str:
    """loss(logits, x): binary cross-entropy, summed over pixels, mean over images."""
    logits = torch.tensor([[2.0, -1.0, 0.5], [-0.5, 1.5, -2.5]]).view(2, 1, 1, 3).requires_grad_()
    x = torch.tensor([[0.9, 0.2, 0.4], [0.3, 0.6, 0.1]]).view(2, 1, 1, 3)
    loss = tensor(call(f, logits, x), (), "the loss", like=x)
    if loss.isnan():
        raise Wrong("not yet: the loss is NaN. A logit may be negative, and has no logarithm: s = sigmoid(logits).")
    s = logits.sigmoid()
    right = losses.bce(logits, x)
    half = -(x * s.log()).sum() / 2
    mistakes = (
        (-right, "the sign is turned round: training would make the images worse."),
        (
            right / 3,
            "this is the mean over the pixels too. Sum over the pixels of an image, mean over the images only.",
        ),
        (right * 2, "this is the sum over the batch too; divide by the number of images, or the batch size counts."),
        (right * 2 / 3, "sum over pixels and mean over images; yours is the other way round."),
        (losses.bce(s, x), "a sigmoid too many: a loss `with_logits` takes the sigmoid itself, so hand it the logits."),
        (losses.bce(s, x) / 3, "a sigmoid too many (and the mean over pixels): hand `with_logits` the logits."),
        *(
            (
                factor * F.binary_cross_entropy(x, s, reduction="sum"),
                "target and prediction are swapped: x is the target.",
            )
            for factor in (1, 1 / 2, 1 / 3, 1 / 6)
        ),
        *(
            (losses.bce(x, logits) * factor, "target and prediction are swapped: the logits come first, then x.")
            for factor in (1, 2, 1 / 3)
        ),
        (half, "only the first half, −x log s. Dark pixels count too: −(1 − x) log(1 − s)."),
        (right - half, "only the second half, −(1 − x) log(1 − s). Bright pixels count too: −x log s."),
        (right / math.log(2), "this is in bits; take the natural logarithm, so that it is in nats."),
        ((x - s).square().sum() / 2, "this is the squared error; the cross-entropy is asked for."),
        ((x - s).square().mean(), "this is the squared error; the cross-entropy is asked for."),
    )
    equal(loss, right, mistakes, "the loss", "for two images of three pixels")
    gradient(loss, logits, torch.autograd.grad(right, logits)[0], "the decoder")
    sure = torch.tensor([-200.0, 200.0]).view(1, 1, 1, 2)
    far = tensor(call(f, sure, torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)), (), "the loss")
    if not torch.isclose(far, torch.tensor(400.0)):
        raise Wrong(
            f"nearly: two pixels, both surely wrong (logits −200 for x = 1, 200 for x = 0), cost 400; yours says "
            f"{far:.4g}. sigmoid rounds to 0 or 1 there, and its log is lost. Stay on the logits: softplus, "
            "logsigmoid, or the cross-entropy with logits."
        )
    return "right: the cross-entropy in nats an image, and finite however sure the decoder is."


# ---- 01.c ----


def descend(loss: Callable[[nn.Module, nn.Module, Tensor], Tensor], clear: bool = True) -> Callable[..., float]:
    """f(encoder, decoder, optimizer, x): one step of the optimizer down this loss."""

    def training_step(encoder: nn.Module, decoder: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor) -> float:
        if clear:
            optimizer.zero_grad()
        value = loss(encoder, decoder, x)
        value.backward()
        optimizer.step()
        return value.item()

    return training_step


def image_loss(encoder: nn.Module, decoder: nn.Module, x: Tensor) -> Tensor:
    return losses.bce(decoder(encoder(x)), x)


def small_pair() -> nn.ModuleList:
    """An encoder and a decoder of one layer, always the same."""
    generator = torch.Generator().manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    decoder = nn.Sequential(nn.Linear(2, 12), nn.Unflatten(1, SHAPE))
    pair = nn.ModuleList([encoder, decoder])
    for p in pair.parameters():
        nn.init.uniform_(p, -1, 1, generator=generator)
    return pair


@task(
    "01.c",
    "the training step",
    hints=(
        "Five lines: clear the old gradients, encode and decode, compute the loss, its gradients, one step.",
        "logits = decoder(encoder(x)); loss = reconstruction_loss(logits, x). backward() *adds* to the gradients that "
        "are there: optimizer.zero_grad() comes first.",
        "optimizer.zero_grad(); loss = reconstruction_loss(decoder(encoder(x)), x); loss.backward(); optimizer.step(); "
        "return loss.item()",
    ),
    part=lambda: descend(image_loss),
)
def step(f: Any) -> str:
    """training_step(encoder, decoder, optimizer, x) makes one step down L_rec and returns the loss."""
    x = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(1))
    returned: list[Any] = []

    def after(f: Any, dirty: bool = False) -> nn.ModuleList:
        pair = small_pair()
        if dirty:  # what an earlier step has left
            for p in pair.parameters():
                p.grad = torch.ones_like(p)
        returned.append(call(f, *pair, torch.optim.SGD(pair.parameters(), lr=RATE), x))
        return pair

    start, mine = small_pair(), after(f)
    value = number(returned[0], "the loss")
    right = after(descend(image_loss))
    for network, before, name in zip(mine, start, ("encoder", "decoder"), strict=True):
        if close(weights(network), weights(before)):
            other = {"encoder": "decoder", "decoder": "encoder"}[name]
            if all(close(weights(a), weights(b)) for a, b in zip(mine, start, strict=True)):
                raise Wrong(
                    "not yet: nothing has moved: backward() fills the gradients, and optimizer.step() uses them."
                )
            raise Wrong(f"not yet: the {other} has moved and the {name} has not: is there a detach, or a no_grad?")
    mistakes: list[tuple[Callable[..., Tensor], str]] = [
        (lambda e, d, x: -image_loss(e, d, x), "it went uphill: the loss has its sign turned round."),
        (lambda e, d, x: image_loss(e, d, x) / 12, "its loss is the mean over the pixels: use reconstruction_loss."),
        (lambda e, d, x: image_loss(e, d, x) * len(x), "its loss is the sum over the batch: use reconstruction_loss."),
        (lambda e, d, x: losses.bce(d(e(x)).sigmoid(), x), "there is a sigmoid too many: the loss takes logits."),
        (lambda e, d, x: losses.mse(d(e(x)), x), "this is the squared error; use reconstruction_loss."),
        (lambda e, d, x: (d(e(x)) - x).square().mean(), "this is the squared error; use reconstruction_loss."),
    ]
    if not close(weights(mine), weights(right)):
        for loss, sentence in mistakes:
            if close(weights(mine), weights(after(descend(loss)))):
                raise Wrong(f"not yet: {sentence}")
        raise Wrong(
            "not yet: both networks moved, and not as the formula says. In turn: clear the gradients, the loss, "
            "backward(), optimizer.step(); once each."
        )
    if not close(weights(after(f, dirty=True)), weights(right)):
        raise Wrong(
            "nearly: it goes wrong where an earlier step has left gradients, since backward() adds: clear them "
            "first, optimizer.zero_grad()."
        )
    if not torch.isclose(value, image_loss(start[0], start[1], x).detach(), rtol=1e-4):
        raise Wrong("nearly: the step is right; what you return is not the loss from before the step.")
    return "right: one step downhill, for both networks at once."


# ---- 01.d ----


def told_apart(a: Tensor, b: Tensor) -> float:
    """Held-out accuracy of a nearest-neighbour classifier: it knows the first half of each cloud (2n, d)."""
    n = len(a) // 2
    known, fresh = torch.cat([a[:n], b[:n]]), torch.cat([a[n:], b[n:]])
    side = torch.arange(2 * n) < n  # True: a point of a
    return float((side[torch.cdist(fresh, known).argmin(1)] == side).float().mean())


@task(
    "01.d",
    "a classifier of two clouds",
    hints=(
        "n = len(a) // 2. Known points are a[:n] and b[:n]; fresh ones are a[n:] and b[n:]. For each fresh point find "
        "the nearest known point, and see whether both are from the same cloud.",
        "known = torch.cat([a[:n], b[:n]]), fresh too; torch.cdist(fresh, known).argmin(1) says which known point "
        "is nearest; its side is side[...], with side = torch.arange(2 * n) < n.",
        "guess = side[torch.cdist(fresh, known).argmin(1)]; return float((guess == side).float().mean())",
    ),
    part=lambda: told_apart,
)
def classifier(f: Any) -> str:
    """told_apart(a, b) -> accuracy, on the second halves, of a nearest-neighbour classifier of the first halves."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(40, 2, generator=generator)
    b = torch.randn(40, 2, generator=generator) * 0.5 + torch.tensor([0.5, 0.0])
    value = number(call(f, a, b), "the accuracy")
    right = torch.tensor(told_apart(a, b))
    n = 20
    known, fresh = torch.cat([a[:n], b[:n]]), torch.cat([a[n:], b[n:]])
    side = torch.arange(2 * n) < n
    distances = torch.cdist(fresh, known)

    def share(guess: Tensor, of: Tensor = side) -> Tensor:
        return (guess == of).float().mean()

    everything, all_sides = torch.cat([a, b]), torch.arange(80) < 40
    leaky = all_sides[torch.cdist(everything, everything).argmin(1)]
    mistakes = (
        (1.0, "everything is right, also on points drawn so near to each other: is it scored on the points that it "
              "knows? The nearest known point to a known point is itself. Score it on the second halves."),
        (share(leaky, all_sides), "it is scored on points that it knows. Learn from the first halves, score on the "
                                  "second."),
        (1 - right, "this is the share of *wrong* answers; the accuracy is 1 minus that."),
        (100 * right, "this is in percent; a share between 0 and 1 is asked for."),
        (right * 2 * n, "this is the number of right answers; the share of them is asked for."),
        (share(side[distances.argmax(1)]), "the *nearest* known point decides, and yours is the farthest: argmin."),
        (side[distances.argmin(1)].float().mean(), "this is how often it says “first cloud”. Count how often it is "
                                                   "right."),
        (share(side[distances.argmin(0)]), "the halves have changed places: for each *fresh* point the nearest known "
                                           "one."),
    )  # fmt: skip
    equal(value, right, mistakes, "the accuracy", "for two clouds of 40 points")
    apart = number(call(f, a, a + 100), "the accuracy")
    if apart != 1:
        raise Wrong(f"not yet: two clouds far apart are told apart always, accuracy 1; yours says {float(apart):.2f}.")
    return "right: an honest score, on points that it has not seen."
