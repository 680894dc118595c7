"""Checks for lesson 04, the adversarial autoencoder."""

from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from ... import losses, models
from ...models.aae import generator_loss
from ...models.phase import Phase
from ...optimizers import SGD
from .answers import Wrong, call, equal, gradient, number, tensor
from .tasks import task


@task(
    "04.1",
    "the generator's loss",
    hints=(
        "The loss is −log D(z), averaged over the batch, and D(z) = sigmoid(logits).",
        "−log sigmoid(a) = log(1 + exp(−a)). PyTorch has a function for log(1 + exp(a)).",
        "torch.nn.functional.softplus(−logits), and then the mean.",
    ),
    part=lambda: generator_loss,
)
def generator(f: Any) -> str:
    """loss(model, batch, terms) = −E[log D(z)] of the codes batch["z"]."""
    weight = torch.tensor([1.0, -2.0])
    model = SimpleNamespace(
        discriminator=lambda z, y=None: z @ weight,
        encoder=lambda x, noise=None: x,
        label_of=lambda batch: None,
    )
    z = torch.tensor([[0.5, 0.1], [-1.0, 0.3], [2.0, 1.5]], requires_grad=True)
    loss = tensor(call(f, model, {"z": z, "x": z, "x_in": z}, {}), (), "the loss", like=z)
    logits = z @ weight
    right = losses.generator_loss(logits)
    mistakes = (
        (-right, "the sign is turned round: this makes the codes *easier* to tell from the prior."),
        (3 * right, "this is the sum over the batch; take the mean, or the batch size becomes a learning rate."),
        (losses.generator_loss(-logits), "this is −log(1 − D): it pulls codes to where D is sure they are codes."),
        (losses.saturating_generator_loss(logits), "this is log(1 − D), the saturating form: flat where D is sure."),
        (-logits.mean(), "these are bare logits, the loss of a Wasserstein GAN; here it is −log sigmoid(logits)."),
        (-logits.sigmoid().mean(), "the log is missing: −log D(z), not −D(z)."),
    )
    shown = ", ".join(f"{value:.1f}" for value in logits.tolist())
    equal(loss, right, mistakes, "the loss", f"for logits {shown}")
    gradient(loss, z, torch.autograd.grad(right, z)[0], "the encoder")
    sure = torch.tensor([[-200.0, 0.0]])
    far = tensor(call(f, model, {"z": sure, "x": sure, "x_in": sure}, {}), (), "the loss")
    if not torch.isclose(far, torch.tensor(200.0)):
        raise Wrong(
            f"nearly: for a logit of −200 the loss is 200, yours says {far:.4g}. sigmoid rounds to 0 there and its log "
            "is lost. Work on the logits: softplus, logsigmoid, or cross-entropy with logits."
        )
    return "right: this is −E[log D(z)], and its gradient goes where it should."


# ---- 04.2 ----


def discriminator_step(model: Any, x: Tensor, z_prior: Tensor, rate: float) -> Tensor:
    """One step of gradient descent on the discriminator's loss; returns that loss."""
    with torch.no_grad():
        z = model.encoder(x)
    loss = losses.discriminator_loss(model.discriminator(z_prior), model.discriminator(z))
    parameters = list(model.discriminator.parameters())
    slopes = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter -= rate * slope
    return loss.detach()


def small_model() -> models.AAE:
    """An AAE of a few weights: images (1, 2, 2), codes (2)."""
    return models.AAE((1, 2, 2), latent_dim=2, hidden=(4,), seed=5)


def small_batch(n: int = 3, seed: int = 3) -> tuple[Tensor, Tensor]:
    """Images x (n, 1, 2, 2) and prior samples (n, 2)."""
    g = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 2, 2, generator=g), 2 * torch.randn(n, 2, generator=g)


def weights(model: nn.Module) -> Tensor:
    """All parameters in one row."""
    return torch.cat([p.detach().flatten().float() for p in model.parameters()])


def close(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-6, rtol=1e-4)


@task(
    "04.2",
    "the discriminator's step",
    hints=(
        "Codes first, without a graph: `with torch.no_grad(): z = model.encoder(x)`, or `.detach()`. Then the loss, "
        "softplus(−real).mean() + softplus(fake).mean() of the logits.",
        "torch.autograd.grad(loss, parameters) returns a tuple: a gradient for each parameter, in their order. "
        "It writes nothing into .grad.",
        "with torch.no_grad(): for p, g in zip(parameters, gradients): p -= rate * g. Then return loss.detach().",
    ),
    part=lambda: discriminator_step,
)
def discriminator_game(f: Any) -> str:
    """f(model, x, z_prior, rate) moves D by plain gradient descent and returns the loss before the step."""
    x, z_prior = small_batch()
    rate = 0.1
    start, right, mine = small_model(), small_model(), small_model()
    loss = discriminator_step(right, x, z_prior, rate)
    returned = call(f, mine, x, z_prior, rate)
    value = number(returned, "the loss")
    for name in ("encoder", "decoder"):
        if not close(weights(getattr(mine, name)), weights(getattr(start, name))):
            raise Wrong(f"not yet: the {name} has moved. Whose parameters does this step move? The discriminator's.")
    real, fake = (start.discriminator(z) for z in (z_prior, start.encoder(x)))
    mistakes = (
        (losses.discriminator_loss(fake, real), 'prior samples and codes have changed places: "real" is the prior.'),
        (-loss, "the sign of the loss is turned round: D would learn to be wrong."),
        (0.5 * loss, "this is half of it: the loss is the *sum* of two means, one for each sample."),
        (3 * loss, "this is the sum over the batch; take the means."),
        (losses.generator_loss(-fake), "half of the loss is missing: what of the prior samples?"),
        (losses.generator_loss(real), "half of the loss is missing: what of the codes?"),
        (losses.generator_loss(fake), "this is the generator's loss: here D learns, it wants D(code) near 0."),
    )
    equal(value, loss, mistakes, "the loss")
    moved, wanted = (weights(m.discriminator) - weights(start.discriminator) for m in (mine, right))
    if not moved.any():
        raise Wrong(
            "the loss is right, but the discriminator has not moved. In `p = p − rate * g` the name p gets a new "
            "tensor, and the model keeps the old one: change it in place, `p -= rate * g`, without gradients."
        )
    for factor, sentence in (
        (-1, "D went uphill: subtract the gradient."),
        (1 / rate, "the rate is missing: p −= rate · gradient."),
        (2, "D moved twice as far: was a gradient added up, or the step made twice?"),
    ):
        if close(moved, factor * wanted):
            raise Wrong(f"the loss is right, but {sentence}")
    if not close(moved, wanted):
        raise Wrong("the loss is right, but D moved elsewhere: each parameter by −rate times its own gradient.")
    if left := sorted({name.split(".")[0] for name, p in mine.named_parameters() if p.grad is not None}):
        raise Wrong(
            f"nearly: D is right, but backward() has left gradients in {' and '.join(left)}. torch.autograd.grad "
            "computes those that you ask for, and leaves none behind."
        )
    if isinstance(returned, Tensor) and returned.requires_grad:
        raise Wrong(
            "nearly: the loss comes with its graph, which would be kept in memory step after step, and leads to "
            "weights that have moved since. Return loss.detach()."
        )
    call(f, mine, x, z_prior, rate)
    discriminator_step(right, x, z_prior, rate)
    if not close(weights(mine), weights(right)):
        raise Wrong("nearly: a second step goes wrong: something of the first was kept.")
    return "right: D moved by its own gradient, and nobody else has noticed."


# ---- 04.3 ----


def step_of_phases(
    model: nn.Module, phases: Iterable[Phase], optimizers: Mapping[str, Any], batch: dict[str, Tensor]
) -> dict[str, Tensor]:
    """One training step: every phase in its order; returns each one's loss."""
    values = {}
    for phase in phases:
        parameters = list(phase.parameters(model).values())
        loss = phase.loss(model, batch, phase.terms)
        for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = slope
        optimizers[phase.name].step()
        for parameter in parameters:
            parameter.grad = None
        values[phase.name] = loss.detach()
    return values


def three_phases() -> tuple[Phase, ...]:
    """The phases of an AAE, each loss with a forward pass of its own; no detach: `updates` says who moves."""

    def reconstruction(m: Any, b: Any, t: Any) -> Tensor:
        return losses.bce(m.decoder(m.encoder(b["x"])), b["x"])

    def judge(m: Any, b: Any, t: Any) -> Tensor:
        return losses.discriminator_loss(m.discriminator(b["z_prior"]), m.discriminator(m.encoder(b["x"])))

    def pull(m: Any, b: Any, t: Any) -> Tensor:
        return t["pull"] * losses.generator_loss(m.discriminator(m.encoder(b["x"])))

    return (
        Phase("reconstruction", reconstruction, updates=("encoder", "decoder"), optimizer=SGD(0.1)),
        Phase("discriminator", judge, updates=("discriminator",), optimizer=SGD(0.5)),
        Phase("generator", pull, updates=("encoder",), optimizer=SGD(0.3), terms={"pull": 2.0}),
    )


def optimizers_of(model: nn.Module, phases: Iterable[Phase]) -> dict[str, Any]:
    """A plain SGD for each phase, of exactly its parameters."""
    return {
        phase.name: torch.optim.SGD(phase.parameters(model).values(), lr=phase.optimizer.lr, momentum=0.5)
        for phase in phases
    }


def wrong_steps(phases: tuple[Phase, ...], batch: dict[str, Tensor]) -> Iterator[tuple[Tensor, str]]:
    """The weights that typical mistakes lead to, and what is to be said of each."""

    def start() -> tuple[Any, dict[str, Any]]:
        model = small_model()
        return model, optimizers_of(model, phases)

    for clean_own in (False, True):
        model, optimizers = start()
        for phase in phases:
            phase.loss(model, batch, phase.terms).backward()
            optimizers[phase.name].step()
            if clean_own:
                optimizers[phase.name].zero_grad()  # what it moves itself, and nothing else
        yield (
            weights(model),
            (
                "gradients of an earlier phase were still in .grad and were added: ask for those of this phase's "
                "own parameters, or clear the whole model before each backward()."
            ),
        )

    model, optimizers = start()
    for phase in phases:  # all gradients first
        parameters = list(phase.parameters(model).values())
        slopes = torch.autograd.grad(phase.loss(model, batch, phase.terms), parameters)
        for parameter, slope in zip(parameters, slopes, strict=True):
            optimizers[phase.name].state.setdefault(parameter, {})["slope"] = slope
    for phase in phases:
        for parameter in phase.parameters(model).values():
            parameter.grad = optimizers[phase.name].state[parameter].pop("slope")
        optimizers[phase.name].step()
    yield (
        weights(model),
        (
            "all gradients were taken before the first update. Each phase acts on what the one before left: compute "
            "its loss when its turn comes."
        ),
    )

    model, optimizers = start()
    step_of_phases(model, phases[::-1], optimizers, batch)
    yield weights(model), "the phases ran in another order than they were handed in."

    model, optimizers = start()
    torch.stack([phase.loss(model, batch, phase.terms) for phase in phases]).sum().backward()
    for phase in phases:
        optimizers[phase.name].step()
    yield weights(model), "the losses were added: then every optimizer uses the gradient of all three of them."

    model, optimizers = start()
    step_of_phases(model, tuple(phase.replace(terms={"pull": 1.0}) for phase in phases), optimizers, batch)
    yield weights(model), "the terms of the phase are not handed on: phase.loss(model, batch, phase.terms)."


@task(
    "04.3",
    "a trainer in ten lines",
    hints=(
        "A loop over phases: loss, gradients, update. phase.loss(model, batch, phase.terms) is the loss, "
        "phase.parameters(model).values() are the parameters that may move.",
        "torch.autograd.grad(loss, parameters) gives the gradients of just these. Put each into its parameter's .grad, "
        "and call optimizers[phase.name].step().",
        "Set .grad to None after the step, and store loss.detach() under phase.name in a dict; return the dict.",
    ),
    part=lambda: step_of_phases,
)
def training_step(f: Any) -> str:
    """f(model, phases, optimizers, batch) runs every phase once and returns {name: loss}."""
    phases = three_phases()
    batches = [dict(zip(("x", "z_prior"), small_batch(seed=seed), strict=True)) for seed in (3, 4)]
    start, right, mine = small_model(), small_model(), small_model()
    mine_optimizers, right_optimizers = optimizers_of(mine, phases), optimizers_of(right, phases)
    said = call(f, mine, phases, mine_optimizers, batches[0])
    if said is None:
        raise Wrong("your function returns nothing; return a dict with one loss for each phase, under phase.name.")
    if not isinstance(said, dict):
        raise Wrong(f"return a dict with one loss for each phase, under phase.name; yours is a {type(said).__name__}.")
    wanted = step_of_phases(right, phases, right_optimizers, batches[0])
    if close(weights(mine), weights(start)):
        raise Wrong("not yet: no parameter has moved. Each phase has an optimizer: optimizers[phase.name].step().")
    for name in ("discriminator", "decoder", "encoder"):
        if close(weights(getattr(mine, name)), weights(getattr(start, name))):
            raise Wrong(f"not yet: the {name} has not moved. Which phases move it, and did they all run?")
    if not close(weights(mine), weights(right)):
        for other, sentence in wrong_steps(phases, batches[0]):
            if close(weights(mine), other):
                raise Wrong(f"not yet: {sentence}")
        off = [n for n in ("encoder", "decoder", "discriminator") if not _same(mine, right, n)]
        raise Wrong(
            f"not yet: after one step the weights of {' and '.join(off)} are not what the library's trainer makes "
            "of them. Each phase in turn: its loss, the gradients of its own parameters, its own optimizer's step."
        )
    if set(said) != {phase.name for phase in phases}:
        raise Wrong("nearly: the weights are right; the dict has one loss for each phase, under phase.name.")
    for name, value in said.items():
        if not torch.isclose(number(value, f"the loss of {name!r}"), wanted[name], rtol=1e-4):
            raise Wrong(f"nearly: the weights are right, but the loss of {name!r} is not {float(wanted[name]):.4f}.")
        if isinstance(value, Tensor) and value.requires_grad:
            raise Wrong("nearly: store loss.detach(); a loss with its history keeps the graph of every step in memory.")
    call(f, mine, phases, mine_optimizers, batches[1])
    step_of_phases(right, phases, right_optimizers, batches[1])
    if not close(weights(mine), weights(right)):
        raise Wrong("nearly: the first step is right and the second is not: something is left over, perhaps in .grad.")
    bare = (phases[1].replace(name="alone"),)
    another, alone = small_model(), small_model()
    call(f, another, bare, optimizers_of(another, bare), batches[0])
    step_of_phases(alone, bare, optimizers_of(alone, bare), batches[0])
    if not close(weights(another), weights(alone)):
        raise Wrong("nearly: it works for these three phases only. Loop over whatever phases you are handed.")
    return "right: each phase in turn, and each moves its own parameters only. This is the heart of `Trainer`."


def _same(a: nn.Module, b: nn.Module, name: str) -> bool:
    return close(weights(getattr(a, name)), weights(getattr(b, name)))


# ---- 04.4 ----


def weighted_adam(
    gradients: Tensor, rate: float, weight: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
) -> Tensor:
    """The updates that Adam makes, (T, n), of the gradients g_1 .. g_T; `weight` scales each update."""
    m = v = torch.zeros_like(gradients[0])
    updates = []
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g.square()
        step = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        updates.append(-weight * rate * step)
    return torch.stack(updates)


def adam_variant(
    gradients: Tensor, rate: float, *, correct: bool = True, root: bool = True, old: bool = False
) -> Tensor:
    """Adam with something left out: no bias correction, no root, or the update made before the means are renewed."""
    m = v = torch.zeros_like(gradients[0])
    updates = []
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g.square()
        steps = t - old
        ahead = (m / (1 - 0.9**steps), v / (1 - 0.999**steps)) if correct and steps else (m, v)
        updates.append(-rate * ahead[0] / ((ahead[1].sqrt() if root else ahead[1]) + 1e-8))
    return torch.stack(updates)


@task(
    "04.4",
    "Adam with a weight",
    hints=(
        "Two running means that start at 0: m of the gradients, v of their squares. m = beta1 · m + (1 − beta1) · g.",
        "Both start too small; divide m by 1 − beta1^t and v by 1 − beta2^t, with t = 1 at the first step.",
        "The update is −weight · rate · m̂ / (√v̂ + eps). The weight stands outside: inside g it would cancel.",
    ),
    part=lambda: weighted_adam,
)
def adam(f: Any) -> str:
    """f(gradients, rate, weight) -> updates (T, n)."""
    g = torch.Generator().manual_seed(0)
    gradients = torch.randn(6, 3, generator=g) + torch.tensor([1.0, -2.0, 0.3])
    rate = 0.01
    right = weighted_adam(gradients, rate, 1.0)
    value = tensor(call(f, gradients, rate, 1.0), (6, 3), "the updates", like=gradients)
    mistakes = (
        (-right, "the sign is turned round: an update goes *down* the gradient."),
        (right.cumsum(0), "these are the positions; asked for are the updates themselves, one row a step."),
        (right / rate, "the rate is missing."),
        (-rate * gradients, "this is plain gradient descent: where are the running means?"),
        (
            adam_variant(gradients, rate, correct=False),
            "both means begin at 0 and are too small at first: divide by 1 − beta^t.",
        ),
        (
            adam_variant(gradients, rate, root=False),
            "the root is missing: divide by √v̂, which has the gradient's unit.",
        ),
        (
            adam_variant(gradients, rate, old=True),
            "the correction is a step behind: at the first step t is 1, not 0.",
        ),
    )
    equal(value, right, mistakes, "the update")
    doubled = tensor(call(f, gradients, rate, 2.0), (6, 3), "the updates", like=gradients)
    if torch.allclose(doubled, value, atol=1e-7):
        raise Wrong(
            "nearly: with weight 2 your updates are those of weight 1. The factor went into the gradient, or was not "
            "used: m doubles, √v doubles, and it cancels. Scale the update."
        )
    if torch.allclose(doubled, 4 * value, atol=1e-6):
        raise Wrong("nearly: weight 2 gives updates 4 times as long: it is in there twice.")
    equal(doubled, 2 * right, (), "the update of weight 2")
    still = call(f, gradients, rate, 0.0)
    if not isinstance(still, Tensor) or still.isnan().any() or still.any():
        raise Wrong("nearly: with weight 0 nothing may move, and yours does, or is not a number.")
    return "right: the weight scales every update exactly, whatever the gradients do."


# ---- 04.5 ----


def neighbour_purity(z: Tensor, labels: Tensor, k: int = 5) -> Tensor:
    """Of the k nearest other codes, the share with the same label; mean over all codes. 0-d."""
    distance = torch.cdist(z, z)
    distance.fill_diagonal_(float("inf"))
    nearest = distance.topk(k, largest=False).indices  # (n, k)
    return (labels[nearest] == labels[:, None]).float().mean()


@task(
    "04.5",
    "what neighbours have in common",
    hints=(
        "torch.cdist(z, z) holds all distances, (n, n). On the diagonal is each code's distance from itself: put ∞.",
        "distance.topk(k, largest=False).indices are the k nearest, (n, k).",
        "(labels[nearest] == labels[:, None]).float().mean().",
    ),
    part=lambda: neighbour_purity,
)
def purity(f: Any) -> str:
    """f(z, labels, k) -> 0-d tensor."""
    g = torch.Generator().manual_seed(1)
    z = torch.randn(40, 2, generator=g)
    labels = (z[:, 0] > 0.3).long() + (z[:, 1] + 0.5 * torch.randn(40, generator=g) > 0).long()
    value = number(call(f, z, labels, 5), "the share")
    right = neighbour_purity(z, labels, 5)
    distance = torch.cdist(z, z)

    def share(indices: Tensor) -> Tensor:
        return (labels[indices] == labels[:, None]).float().mean()

    mistakes = (
        (share(distance.topk(5, largest=False).indices), "each code is its own nearest neighbour: leave it out."),
        (share(distance.topk(5).indices), "topk takes the largest unless told otherwise: these are the farthest."),
        (5 * right, "this is a number of neighbours; divide by k."),
        (1 - right, "this is the share of *other* labels."),
        (
            share(distance.clone().fill_diagonal_(float("inf")).argmin(1, keepdim=True)),
            "this looks at one neighbour only; k are asked for.",
        ),
        (neighbour_purity(labels[:, None].float(), labels, 5), "these are neighbours by label; z says who is near."),
    )
    equal(value, right, mistakes, "the share")
    pairs = torch.tensor([[0.0, 0.0], [0.0, 0.1], [5.0, 5.0], [5.0, 5.1]])
    for y, k, wanted in (([0, 0, 1, 1], 1, 1.0), ([0, 1, 0, 1], 1, 0.0), ([0, 0, 1, 1], 3, 1 / 3)):
        got = number(call(f, pairs, torch.tensor(y), k), "the share")
        if not torch.isclose(got, torch.tensor(wanted), atol=1e-4):
            raise Wrong(f"nearly: two pairs of codes, labels {y}, k = {k}: {wanted:.2f}; yours is {float(got):.2f}.")
    twins = torch.zeros(4, 2)
    if number(call(f, twins, torch.tensor([0, 1, 2, 3]), 2), "the share") > 0:
        raise Wrong(
            'nearly: where codes coincide, "drop the first of the k + 1 nearest" may drop another code and keep '
            "itself. Take the diagonal out instead."
        )
    return "right: a number between chance and 1 that the match with the prior says nothing about."
