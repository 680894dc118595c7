"""Checks of what the learner writes within lesson 04: its three updates, with an optimizer each, and the phases."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ... import losses, models
from ...models.phase import Phase
from .judge import Wrong, call, kind, number, several, task
from .lesson_04 import close, small_batch, small_model, weights

RATE = 0.1
NETWORKS = ("encoder", "decoder", "discriminator")
Loss = Callable[..., Tensor]  # loss(model, *inputs) -> ()


# ---- the three updates, as the lesson has them ----


def reconstruction_loss(model: models.AAE, x: Tensor) -> Tensor:
    return losses.bce(model.decoder(model.encoder(x)), x)


def game_loss(model: models.AAE, x: Tensor, z_prior: Tensor) -> Tensor:
    return losses.discriminator_loss(model.discriminator(z_prior), model.discriminator(model.encoder(x).detach()))


def fooling_loss(model: models.AAE, x: Tensor) -> Tensor:
    return losses.generator_loss(model.discriminator(model.encoder(x)))


def step_down(loss: Loss) -> Callable[..., Tensor]:
    """f(model, optimizer, *inputs): one step of the optimizer down this loss."""

    def update(model: models.AAE, optimizer: torch.optim.Optimizer, *inputs: Tensor) -> Tensor:
        model.zero_grad()
        value = loss(model, *inputs)
        value.backward()
        optimizer.step()
        return value.detach()

    return update


def after(update: Callable[..., Any], moves: Sequence[str], inputs: Sequence[Tensor], dirty: bool = False) -> nn.Module:
    """The model after one update, whose optimizer holds the parameters of the networks in `moves`."""
    model = small_model()
    if dirty:  # what an earlier update has left
        for p in model.parameters():
            p.grad = torch.ones_like(p)
    parameters = [p for name in moves for p in getattr(model, name).parameters()]
    update(model, torch.optim.SGD(parameters, lr=RATE), *inputs)
    return model


def judge_update(
    f: Any, moves: Sequence[str], inputs: Sequence[Tensor], loss: Loss, mistakes: Sequence[tuple[Loss, str]]
) -> nn.Module:
    """Wrong unless f makes the step; returns the model that it has moved, from fresh gradients."""
    returned: list[Any] = []

    def update(model: Any, optimizer: Any, *inputs: Tensor) -> None:
        returned.append(call(f, model, optimizer, *inputs))

    start, mine, right = small_model(), after(update, moves, inputs), after(step_down(loss), moves, inputs)
    value = number(returned[0], "the loss")
    for name in NETWORKS:
        mover, still = getattr(mine, name), getattr(start, name)
        if name not in moves and not close(weights(mover), weights(still)):
            raise Wrong(f"not yet: the {name} has moved. Whose parameters does this update move?")
    if all(close(weights(getattr(mine, name)), weights(getattr(start, name))) for name in moves):
        raise Wrong("not yet: nothing has moved: backward() fills the gradients, and optimizer.step() uses them.")
    if not close(weights(mine), weights(right)):
        for other, sentence in mistakes:
            if close(weights(mine), weights(after(step_down(other), moves, inputs))):
                raise Wrong(f"not yet: {sentence}")
        raise Wrong(
            f"not yet: {' and '.join(moves)} moved, and not as the formula says. In turn: clear the gradients, the "
            "loss, backward(), optimizer.step()."
        )
    if not close(weights(after(update, moves, inputs, dirty=True)), weights(right)):
        raise Wrong(
            "nearly: it goes wrong where an earlier update has left gradients, since backward() *adds*: clear them "
            "first, model.zero_grad()."
        )
    if not torch.isclose(value, loss(start, *inputs).detach(), rtol=1e-4):
        raise Wrong("nearly: the step is right; what you return is not the loss from before the step.")
    return mine


@task(
    "04.a",
    "the reconstruction's update",
    hints=(
        "Four lines: clear the gradients, compute the loss, backward(), step.",
        "logits = model.decoder(model.encoder(x)), and aae.losses.bce(logits, x) is the loss: it takes logits, so no "
        "sigmoid is needed.",
        "model.zero_grad(); loss = aae.losses.bce(model.decoder(model.encoder(x)), x); loss.backward(); "
        "optimizer.step(); return loss",
    ),
    part=lambda: step_down(reconstruction_loss),
)
def reconstruction(f: Any) -> str:
    """f(model, optimizer, x) makes one step down L_rec with the optimizer, and returns the loss."""
    x, _ = small_batch()
    mistakes: list[tuple[Loss, str]] = [
        (
            lambda m, x: losses.bce(m.decoder(m.encoder(x)).sigmoid(), x),
            "losses.bce takes logits and does the sigmoid itself; yours was done twice.",
        ),
        (
            lambda m, x: losses.mse(m.decoder(m.encoder(x)), x),
            "this is the squared error, which would do too; the formula here is the cross-entropy, losses.bce.",
        ),
        (lambda m, x: -reconstruction_loss(m, x), "it went uphill: the loss has its sign turned round."),
        (
            lambda m, x: nn.functional.binary_cross_entropy_with_logits(m.decoder(m.encoder(x)), x),
            "this is the mean over the pixels; the formula *sums* over pixels and takes the mean over images.",
        ),
        (
            lambda m, x: len(x) * reconstruction_loss(m, x),
            "this sums over the images too: take the mean over the batch, or its size becomes a learning rate.",
        ),
    ]
    judge_update(f, ("encoder", "decoder"), (x,), reconstruction_loss, mistakes)
    return "right: encoder and decoder moved, the discriminator stayed where it was."


@task(
    "04.b",
    "the discriminator's update",
    hints=(
        "The codes first, cut off from the encoder: z = model.encoder(x).detach().",
        "real = model.discriminator(z_prior), fake = model.discriminator(z); both are logits, and "
        "aae.losses.discriminator_loss(real, fake) is L_D.",
        "Then as before: model.zero_grad() first, loss.backward(), optimizer.step(), return loss.",
    ),
    part=lambda: step_down(game_loss),
)
def discriminator(f: Any) -> str:
    """f(model, optimizer, x, z_prior) makes one step down L_D, returns the loss, and gives the encoder no gradient."""
    x, z_prior = small_batch()

    def swapped(m: Any, x: Tensor, z: Tensor) -> Tensor:
        return losses.discriminator_loss(m.discriminator(m.encoder(x).detach()), m.discriminator(z))

    mistakes: list[tuple[Loss, str]] = [
        (swapped, 'prior samples and codes have changed places: "real" is the prior sample.'),
        (lambda m, x, z: -game_loss(m, x, z), "it went uphill: D learns to be wrong."),
        (
            lambda m, x, z: losses.generator_loss(m.discriminator(m.encoder(x).detach())),
            "this is the generator's loss; here D is to find the codes.",
        ),
        (
            lambda m, x, z: nn.functional.softplus(m.discriminator(m.encoder(x).detach())).mean(),
            "half of the loss is missing: what of the prior samples?",
        ),
        (
            lambda m, x, z: nn.functional.softplus(-m.discriminator(z)).mean(),
            "half of the loss is missing: what of the codes?",
        ),
        (lambda m, x, z: 0.5 * game_loss(m, x, z), "this is half of it: the loss is the *sum* of two means."),
        (
            lambda m, x, z: losses.discriminator_loss(
                m.discriminator(z).sigmoid(), m.discriminator(m.encoder(x).detach()).sigmoid()
            ),
            "losses.discriminator_loss takes logits and does the sigmoid itself; yours was done twice.",
        ),
    ]
    mine = judge_update(f, ("discriminator",), (x, z_prior), game_loss, mistakes)
    if any(p.grad is not None for p in mine.get_submodule("encoder").parameters()):
        raise Wrong("nearly: D is right, but a gradient has leaked into the encoder. Cut the codes off: z.detach().")
    return "right: D moved alone, and nobody else has a gradient."


@task(
    "04.c",
    "the generator's update",
    hints=(
        "The codes once more, and this time with their history: the gradient must pass through D into the encoder.",
        "aae.losses.generator_loss(model.discriminator(model.encoder(x))) is L_G. The optimizer holds the encoder's "
        "parameters only.",
        "model.zero_grad(); loss = ...; loss.backward(); optimizer.step(); return loss",
    ),
    part=lambda: step_down(fooling_loss),
)
def generator(f: Any) -> str:
    """f(model, optimizer, x) makes one step down L_G with the encoder, and returns the loss."""
    x, _ = small_batch()
    mistakes: list[tuple[Loss, str]] = [
        (lambda m, x: -fooling_loss(m, x), "it went uphill: the codes are now easier to find."),
        (
            lambda m, x: losses.saturating_generator_loss(m.discriminator(m.encoder(x))),
            "this is log(1 − D), the saturating form: flat where D is sure.",
        ),
        (
            lambda m, x: nn.functional.softplus(m.discriminator(m.encoder(x))).mean(),
            "this is −log(1 − D): it pulls the codes to where D is sure that they are codes.",
        ),
        (
            lambda m, x: losses.generator_loss(m.discriminator(m.encoder(x)).sigmoid()),
            "losses.generator_loss takes logits and does the sigmoid itself; yours was done twice.",
        ),
        (
            lambda m, x: len(x) * fooling_loss(m, x),
            "this sums over the batch: take the mean, or its size becomes a learning rate.",
        ),
    ]
    try:
        judge_update(f, ("encoder",), (x,), fooling_loss, mistakes)
    except Wrong as wrong:
        if "nothing has moved" in str(wrong) or "does not require grad" in str(wrong):
            raise Wrong(f"{wrong} Is there a detach too many? Here the gradient must reach the encoder.") from None
        raise
    return "right: the encoder moved alone, by what D thinks of its codes."


# ---- the same, as phases ----

WHOSE = {"reconstruction": {"encoder", "decoder"}, "discriminator": {"discriminator"}, "generator": {"encoder"}}


@task(
    "04.d",
    "whose parameters",
    hints=(
        "It is the same as which parameters each of the three optimizers held.",
        'A tuple of names, the model\'s attributes. A tuple of one needs its comma: ("encoder",).',
        'updates=("encoder", "decoder"), then ("discriminator",), then ("encoder",).',
    ),
    part=lambda: lesson_phases,
)
def phases(f: Any) -> str:
    """f(model) returns the three phases, each with the networks that it moves."""
    made = several(call(f, small_model()), 3, "the three phases")
    for phase, (name, networks) in zip(made, WHOSE.items(), strict=True):
        if not isinstance(phase, Phase):
            raise Wrong(f"{name} is {kind(phase)}; an aae.Phase is asked for.")
        if phase.name != name:
            raise Wrong(f"the phases run in this order: {', '.join(WHOSE)}; yours has {phase.name!r} there.")
        found = set(phase.updates)
        if extra := found - networks:
            raise Wrong(f"not yet: {name} should hold {' and '.join(sorted(extra))} fixed. Whose loss is it?")
        if missing := networks - found:
            raise Wrong(f"not yet: {name} moves {' and '.join(sorted(missing))} too.")
    return "right: which loss, whose parameters. The trainer needs to know no more."


def lesson_phases(model: models.AAE) -> tuple[Phase, ...]:
    """The phases as the lesson writes them."""
    by_hand = {
        "reconstruction": lambda m, b, t: reconstruction_loss(m, b["x"]),
        "discriminator": lambda m, b, t: game_loss(m, b["x"], b["z_prior"]),
        "generator": lambda m, b, t: fooling_loss(m, b["x"]),
    }
    return tuple(phase.replace(loss=by_hand[phase.name], share=None, terms={}) for phase in model.phases())
