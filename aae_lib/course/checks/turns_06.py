"""Checks of what the learner writes within lesson 06: who moved, places held, the gradient penalty, WAE-MMD."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ... import losses, metrics
from ...data import Split
from ...live.run import networks
from ...models import AAE, WAE, Batch
from ...models.wae import wae_loss
from ...training.trainer import Trainer
from .answers import Wrong, call, equal, gradient, kind, number, tensor
from .tasks import task

Moves = dict[str, dict[str, float]]  # phase -> network -> how far it went

# ---- who moved? ----


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Of each network all parameters in one long vector, a copy: {"encoder": (P,), ...}."""
    return {name: torch.cat([part.detach().flatten() for part in parts]) for name, parts in networks(model).items()}


def who_moved(trainer: Trainer) -> Moves:
    """Make one training step; for each of its phases, how far every network went: the length of the difference."""
    moved, before = {}, weights(trainer.model)
    for phase in trainer.walk():
        after = weights(trainer.model)
        moved[phase] = {network: float((after[network] - before[network]).norm()) for network in after}
        before = after
    return moved


def _trainer() -> Trainer:
    g = Generator().manual_seed(6)
    images = torch.randint(0, 256, (12, 1, 3, 3), generator=g, dtype=torch.uint8)
    model = AAE((1, 3, 3), hidden=(4,), seed=6)
    trainer = Trainer(model, Split(images, torch.zeros(12, dtype=torch.int64)), device="cpu", batch_size=6)
    trainer.weights["discriminator"] = 0  # held still: its zeros belong in the answer
    return trainer


@task(
    "06.a",
    "who moved?",
    hints=(
        "Keep a copy of the weights before the step. `for phase in trainer.walk():` gives you the name of a phase each "
        "time one has run: compare then, and let the weights after it be those before the next.",
        "For one network: (after[network] - before[network]).norm(), as a float. All networks of a phase go in one "
        "dict: {network: ... for network in after}.",
        "moved, before = {}, weights(trainer.model); for phase in trainer.walk(): after = weights(trainer.model); "
        "moved[phase] = {n: float((after[n] - before[n]).norm()) for n in after}; before = after; return moved",
    ),
    part=lambda: who_moved,
)
def movers(f: Any) -> str:
    """f(trainer) -> {phase: {network: length}} of one step."""
    trainer = _trainer()
    start = weights(trainer.model)
    right = who_moved(_trainer())
    found = call(f, trainer)
    if not isinstance(found, dict):
        if found is None:
            raise Wrong("your function returns nothing. `return` the dict of all phases, after the loop.")
        raise Wrong(f"return a dict, phase -> network -> length; yours is {kind(found)}.")
    if trainer.steps != 1:
        steps = "no step" if trainer.steps == 0 else f"{trainer.steps} steps"
        raise Wrong(
            f"not yet: your function has made {steps}; it should make one. `for phase in trainer.walk():` goes through "
            "one step, with no trainer.step() of yours; a return within the loop would break it off."
        )
    if missing := [phase for phase in right if phase not in found]:
        raise Wrong(f"not yet: there is no entry for the phase {missing[0]!r}; trainer.walk() gives all their names.")
    for phase, lengths in right.items():
        if not isinstance(found[phase], dict):
            raise Wrong(
                f"not yet: for each phase a dict, network -> length; for {phase!r} yours is {kind(found[phase])}."
            )
        if gone := [network for network in lengths if network not in found[phase]]:
            raise Wrong(
                f"not yet: {phase!r} says nothing of the {gone[0]}. Put zeros in, too: who stands still is half of the "
                "diagnosis."
            )
    given = {(p, n): float(number(found[p][n], "a length")) for p in right for n in right[p]}
    _same_lengths(given, right, start, weights(trainer.model))
    return "right: each phase shows whose weights it moved, and how far. No loss says that."


def _same_lengths(
    given: dict[tuple[str, str], float], right: Moves, start: dict[str, Tensor], end: dict[str, Tensor]
) -> None:
    """Wrong unless the lengths are right."""
    wanted = {(p, n): right[p][n] for p in right for n in right[p]}

    def all_close(other: Mapping[tuple[str, str], float]) -> bool:
        return all(math.isclose(given[k], other[k], rel_tol=1e-3, abs_tol=1e-7) for k in wanted)

    if all_close(wanted):
        return
    if not any(given.values()):
        raise Wrong(
            "not yet: everything is 0. The weights before must be taken before the phase has run; and weights(...) "
            "makes copies, trainer.model.parameters() does not."
        )
    if all_close({k: v**2 for k, v in wanted.items()}):
        raise Wrong("not yet: these are the squares of the lengths; `.norm()` has the root.")
    whole = {n: float((end[n] - start[n]).norm()) for n in start}
    if all(math.isclose(given["generator", n], whole[n], rel_tol=1e-3, abs_tol=1e-7) for n in start):
        raise Wrong(
            "not yet: the generator gets what the phases before it have moved as well. After each phase: before = "
            "after."
        )
    (phase, network), length = next((k, v) for k, v in wanted.items() if not math.isclose(given[k], v, rel_tol=1e-3))
    raise Wrong(
        f"not yet: {phase!r} should have moved the {network} by {length:.5f}, the length of one long difference; yours "
        f"says {given[phase, network]:.5f}."
    )


# ---- how many places hold codes? ----


def effective_number(places: Tensor, k: int) -> Tensor:
    """exp of the entropy of the shares of k places."""
    return torch.tensor(metrics.effective_number(places.bincount(minlength=k) / len(places)))


@task(
    "06.b",
    "the effective number of modes",
    hints=(
        "Shares first: places.bincount(minlength=k) / len(places). They add up to 1.",
        "Entropy = −Σ share · log(share), with the natural log; an empty place adds 0 (0 · log 0 would be NaN). "
        "The effective number is exp(entropy).",
        "torch.special.entr(share) is −share · log(share) with 0 at 0; then .sum().exp().",
    ),
    part=lambda: effective_number,
)
def effective(f: Any) -> str:
    """f(places, k): places (n,) int64 in 0..k-1 -> a number from 1 to k."""
    places = torch.tensor([0, 0, 0, 0, 1, 1, 3, 3])
    value = number(call(f, places, 5), "the effective number")
    if not value.isfinite():
        raise Wrong("not yet: place 2 holds no code, and 0 · log 0 is NaN. An empty place adds 0 to the entropy.")
    entropy = 0.5 * math.log(2) + 0.5 * math.log(4)
    mistakes = (
        (torch.tensor(3.0), "this counts places that hold any code at all. One stray code would count as a full mode."),
        (torch.tensor(5.0), "this is k, the number of places, however the codes are spread."),
        (torch.tensor(entropy), "this is the entropy; the effective number is its exponential."),
        (torch.tensor(entropy / math.log(2)), "this is the entropy in bits; take the natural log, and then exp."),
        (torch.tensor(math.exp(entropy / math.log(2))), "entropy in bits with exp: log2 belongs to 2**, log to exp."),
        (torch.tensor(math.exp(-entropy)), "the minus of the entropy is missing."),
        (
            torch.tensor(1 / 0.375),
            "this is 1/Σ share², another effective number (Simpson's); exp(entropy) is asked for.",
        ),
        (
            torch.tensor(entropy / math.log(5)),
            "this is the entropy as a share of log k; it should be a number of modes.",
        ),
    )
    equal(value, torch.tensor(math.exp(entropy)), mistakes, "the effective number", "for shares ½, ¼, 0, ¼, 0")
    for case, n, k, right in (("all codes in one of 4 places", [2] * 6, 4, 1.0), ("even over 4", [0, 1, 2, 3], 4, 4.0)):
        value = number(call(f, torch.tensor(n), k), "the effective number")
        equal(value, torch.tensor(right), (), "the effective number", case)
    return "right: 1 for a heap, k for an even spread, and a stray code counts for next to nothing."


# ---- the gradient penalty ----


def penalty(discriminator: Any, z: Tensor) -> Tensor:
    """E‖∂ logits/∂z‖²."""
    return losses.gradient_penalty(discriminator, z.detach())[1]


@task(
    "06.c",
    "the gradient penalty",
    hints=(
        "z needs a gradient here, even if it came without: z = z.detach().requires_grad_(). Then the logits, then "
        "torch.autograd.grad of their sum by z: row i of it is the slope at point i, as logit i depends on z[i] alone.",
        "The penalty is itself to be lowered by a gradient step: create_graph=True keeps the path to D's parameters.",
        "(slope,) = torch.autograd.grad(discriminator(z).sum(), z, create_graph=True); slope.square().sum(1).mean()",
    ),
    part=lambda: penalty,
)
def gradient_penalty(f: Any) -> str:
    """f(discriminator, z): the mean squared length of the logits' slope."""
    weight = torch.tensor([0.7, -1.2, 0.4], requires_grad=True)

    def discriminator(z: Tensor) -> Tensor:
        return (z.square() * weight).sum(1)

    z = torch.tensor([[1.0, 0.5, 0.2], [-2.0, 0.3, 1.0], [0.1, -1.0, 0.4], [0.6, 0.0, -0.8]])
    value = tensor(call(f, discriminator, z), (), "the penalty", like=z)
    slope = 2 * z * weight
    right = slope.square().sum(1).mean()
    d = discriminator(z).sigmoid()
    of_d = (slope * (d * (1 - d))[:, None]).square().sum(1).mean()
    mistakes = (
        (slope.norm(dim=1).mean(), "this is the mean length; the penalty has its square."),
        (slope.square().sum(), "this is the sum over the points; take the mean."),
        (slope.square().mean(), "you took the mean over the coordinates too: sum the squares of a row, then the mean."),
        (right / 16, "logits.mean() has the slope 1/N at each point: take the slope of logits.sum()."),
        (
            (slope.norm(dim=1) - 1).square().mean(),
            "this is WGAN-GP's penalty, for a slope of 1. Here the slope should be 0.",
        ),
        (of_d, "this is the slope of D = sigmoid(logits); the penalty is on the logits."),
        (right / 2, "the ½ belongs to its weight λ/2; here the bare mean is asked for."),
        (slope.sum(0).square().sum(), "the slopes were added up before the square; it is one slope a point."),
    )
    equal(value, right, mistakes, "the penalty", "for logits 0.7 z₁² − 1.2 z₂² + 0.4 z₃²")
    if not value.requires_grad:
        raise Wrong(
            "the number is right, but no gradient reaches D's parameters, so D cannot lower it: create_graph=True "
            "in torch.autograd.grad."
        )
    (towards,) = torch.autograd.grad(value, weight, allow_unused=True)
    (wanted,) = torch.autograd.grad(right, weight)
    if towards is None or not torch.allclose(towards, wanted, atol=1e-5):
        raise Wrong("the number is right, but its gradient at D's parameters is not: was something detached?")
    if z.requires_grad or z.grad is not None:
        raise Wrong(
            "your function leaves requires_grad or a gradient on the z that it was given: use z.detach() first."
        )
    return "right: one slope a point, squared, and D's parameters feel it."


# ---- without an opponent ----


def _wae_mistakes(model: WAE, batch: Batch, weight: float) -> list[tuple[Tensor, str]]:
    z = model.encoder(batch["x"])
    image, match = losses.bce(model.decoder(z), batch["x"]), losses.mmd(z, batch["z_prior"])
    return [
        (image, "this is the reconstruction alone; the match with the prior is missing."),
        (weight * match, "this is the match alone; without the reconstruction the codes need not know their images."),
        (image + match, 'the weight λ is missing: terms["mmd"].'),
        (image - weight * match, "the sign of the MMD is turned round: it would push the codes away from the prior."),
        (weight * (image + match), "λ belongs to the MMD alone."),
        (
            losses.bce(model.decoder(z).sigmoid(), batch["x"]) + weight * match,
            "aae.losses.bce takes logits and does the sigmoid itself; yours was done twice.",
        ),
        (
            losses.bce(model.decoder(batch["z_prior"]), batch["x"]) + weight * match,
            "prior samples went into the decoder; the image has to come back from its own code.",
        ),
        (
            image + weight * match.clamp(min=0).sqrt(),
            "the MMD of this course is the squared one, as it is: no root.",
        ),
    ]


@task(
    "06.d",
    "the loss of WAE-MMD",
    hints=(
        'Codes first: z = model.encoder(batch["x"]). Two terms use them.',
        'aae.losses.bce(model.decoder(z), batch["x"]) is L_rec; aae.losses.mmd(z, batch["z_prior"]) is the MMD, whose '
        "gradient reaches the encoder by itself: no detach.",
        'return aae.losses.bce(model.decoder(z), batch["x"]) + terms["mmd"] * aae.losses.mmd(z, batch["z_prior"])',
    ),
    part=lambda: wae_loss,
)
def without_opponent(f: Any) -> str:
    """f(model, batch, terms) = L_rec + λ MMD(codes, prior samples)."""
    g = Generator().manual_seed(7)
    x = torch.rand(5, 1, 3, 3, generator=g)
    model = WAE((1, 3, 3), hidden=(4,), seed=7)
    batch = {"x": x, "x_in": x, "z_prior": torch.randn(5, 2, generator=g)}
    for weight in (100.0, 3.0):
        loss = tensor(call(f, model, batch, {"mmd": weight}), (), "the loss", like=x)
        right = wae_loss(model, batch, {"mmd": weight})
        equal(loss, right, _wae_mistakes(model, batch, weight), "the loss", f"for λ = {weight:g}")
    parameter = next(model.encoder.parameters())
    gradient(loss, parameter, torch.autograd.grad(right, parameter)[0], "the encoder")
    return "right: two terms, one network to please, and nobody to play against."
