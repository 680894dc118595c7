"""Checks of what the learner writes within lesson 04: the three updates, the loop that trains with them, the phases."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ... import losses, models
from ...data import Minibatches, Split
from ...models.phase import Phase
from .answers import Wrong, call, kind, likely, number, several
from .lesson_04 import close, small_batch, small_model, weights
from .tasks import task

RATE = 0.1
NETWORKS = ("encoder", "decoder", "discriminator")
Loss = Callable[..., Tensor]  # loss(model, *inputs) -> ()
NOT_ITS_MODEL = {
    "784": "That is a network of the notebook: the model to update is the one that your function is given, so "
    "model.encoder, model.decoder, model.discriminator."
}


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
        with likely(NOT_ITS_MODEL):
            returned.append(call(f, model, optimizer, *inputs))

    start, mine, right = small_model(), after(update, moves, inputs), after(step_down(loss), moves, inputs)
    value = number(returned[0], "the loss")
    for name in NETWORKS:
        mover, still = getattr(mine, name), getattr(start, name)
        if name not in moves and not close(weights(mover), weights(still)):
            raise Wrong(f"not yet: the {name} has moved. Whose parameters does this update move?")
    if all(close(weights(getattr(mine, name)), weights(getattr(start, name))) for name in moves):
        raise Wrong(
            "not yet: nothing has moved: `backward()` fills the gradients and `optimizer.step()` uses them, with no "
            "`zero_grad()` between the two."
        )
    if any(not p.requires_grad for p in mine.parameters()):
        raise Wrong(
            "nearly: it leaves parameters frozen, and the next update cannot move them. Nothing needs freezing: the "
            "optimizer moves only what it holds."
        )
    for name in moves:
        if close(weights(getattr(mine, name)), weights(getattr(start, name))):
            raise Wrong(
                f"not yet: the {name} has not moved, since no gradient reaches it. Is there a `detach` too many, or "
                "`model.encode`, which cuts the history off as well?"
            )
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
            "nearly: it goes wrong where an earlier update has left gradients, since `backward()` adds: clear them "
            "first, by `optimizer.zero_grad()` or `model.zero_grad()`."
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
            "this is the squared error, which would do too; the formula here is the cross-entropy, `losses.bce`.",
        ),
        (
            lambda m, x: losses.bce(x, m.decoder(m.encoder(x))),
            "`losses.bce` takes the logits first, then the images; yours has them the other way round.",
        ),
        (lambda m, x: -reconstruction_loss(m, x), "it went uphill: the loss has its sign turned round."),
        (
            lambda m, x: nn.functional.binary_cross_entropy_with_logits(m.decoder(m.encoder(x)), x),
            "this is the mean over the pixels; the formula sums over pixels and takes the mean over images.",
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
            "half of the loss is missing, or cut off: what of the codes? Detach the codes, before D sees them.",
        ),
        (lambda m, x, z: 0.5 * game_loss(m, x, z), "this is half of it: the loss is the sum of two means."),
        (
            lambda m, x, z: losses.discriminator_loss(
                m.discriminator(z).sigmoid(), m.discriminator(m.encoder(x).detach()).sigmoid()
            ),
            "losses.discriminator_loss takes logits and does the sigmoid itself; yours was done twice.",
        ),
    ]
    with likely(
        {"does not require grad": "The loss takes what D says, model.discriminator(...), of samples and codes."}
    ):
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
            lambda m, x: losses.generator_loss(m.encoder(x)),
            "`generator_loss` takes what D says of the codes, `model.discriminator(z)`, not the codes.",
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
            raise Wrong(
                "not yet: no gradient reaches the encoder. Is there a `detach` or a `no_grad` too many? Here the path "
                f"through D must stay open. ({str(wrong).removeprefix('not yet: ')})"
            ) from None
        raise
    return "right: the encoder moved alone, by what D thinks of its codes."


# ---- the loop ----

STEPS = 4
Optimizers = tuple[torch.optim.Optimizer, ...]  # of the three updates, in their order


def textbook_step(model: models.AAE, optimizers: Optimizers, x: Tensor, z_prior: Tensor) -> tuple[Tensor, ...]:
    """The three updates in their order; returns their losses."""
    ae_optimizer, d_optimizer, g_optimizer = optimizers
    return (
        step_down(reconstruction_loss)(model, ae_optimizer, x),
        step_down(game_loss)(model, d_optimizer, x, z_prior),
        step_down(fooling_loss)(model, g_optimizer, x),
    )


def train(
    model: models.AAE, optimizers: Optimizers, minibatches: Minibatches, steps: int, generator: torch.Generator
) -> list[tuple[Tensor, ...]]:
    """That many steps, each with new images and as many new prior samples; returns a row of three losses for each."""
    rows = []
    for _ in range(steps):
        x = minibatches.next(generator).x
        z_prior = model.prior.sample(len(x), generator=generator)
        rows.append(textbook_step(model, optimizers, x, z_prior))
    return rows


def trained(f: Callable[..., Any]) -> tuple[nn.Module, Any]:
    """What the loop makes of the small model, and what it returns; the same start and seed each time."""
    model, g = small_model(), torch.Generator().manual_seed(11)
    images = torch.randint(0, 256, (12, 1, 2, 2), generator=torch.Generator().manual_seed(8), dtype=torch.uint8)
    minibatches = Minibatches(Split(images, torch.zeros(12, dtype=torch.int64)), batch_size=5)
    moved = (("encoder", "decoder"), ("discriminator",), ("encoder",))
    optimizers = tuple(
        torch.optim.SGD([p for name in names for p in model.get_submodule(name).parameters()], lr=RATE)
        for names in moved
    )
    return model, call(f, model, optimizers, minibatches, STEPS, g)


def slip(
    *,
    samples_first: bool = False,
    once: str = "",
    more: int = 0,
    n: int | None = None,
    order: Sequence[int] = (0, 1, 2),
) -> Callable[..., None]:
    """The loop with a typical mistake in it."""

    def loop(
        model: models.AAE, optimizers: Optimizers, minibatches: Minibatches, steps: int, generator: torch.Generator
    ) -> None:
        def draw(what: str) -> Tensor:
            if what == "x":
                return minibatches.next(generator).x
            return model.prior.sample(n or minibatches.batch_size, generator=generator)

        turns = ("z", "x") if samples_first else ("x", "z")
        batch = {what: draw(what) for what in turns if what in once}
        for _ in range(steps + more):
            batch |= {what: draw(what) for what in turns if what not in once}
            for i in order:
                loss = (reconstruction_loss, game_loss, fooling_loss)[i]
                step_down(loss)(model, optimizers[i], batch["x"], *([batch["z"]] if i == 1 else []))

    return loop


SLIPS = (
    (slip(once="x"), "every step has the same images: draw them inside the loop."),
    (slip(once="z"), "every step has the same prior samples: draw them inside the loop, or D learns them by heart."),
    (slip(once="xz"), "every step has the same batch: draw images and prior samples inside the loop."),
    (slip(n=100), "draw as many prior samples as there are images, len(x)."),
    (slip(more=1), "this is one step too many: range(steps)."),
    (slip(more=-1), "one step is missing: range(steps)."),
    (slip(more=1 - STEPS), "this is one step, where `steps` of them are asked for."),
    (slip(order=(1, 2, 0)), "the reconstruction comes first, then D, then the encoder as generator."),
    (slip(order=(0, 2, 1)), "D comes before the generator: first it looks at the codes, then they move."),
)


@task(
    "04.d",
    "the training loop",
    hints=(
        "for _ in range(steps): and in it three lines: images, prior samples, and textbook_step with both.",
        "x = minibatches.next(generator).x first, then z_prior = model.prior.sample(len(x), generator=generator).",
        "Begin with losses = []; in the loop losses.append(textbook_step(model, optimizers, x, z_prior)); "
        "return losses after it.",
    ),
    part=lambda: train,
)
def loop(f: Any) -> str:
    """f(model, optimizers, minibatches, steps, generator) trains, and returns a row of three losses for each step."""
    mine, rows = trained(f)
    right, wanted = trained(train)
    if close(weights(mine), weights(small_model())):
        several(rows, STEPS, "the rows of losses")  # what was returned may say more than that nothing has moved
        raise Wrong("not yet: nothing has moved. Each step calls textbook_step(model, optimizers, x, z_prior).")
    if not close(weights(mine), weights(trained(f)[0])):
        raise Wrong(
            "not yet: the same seed gives another run each time. Hand `generator` to both, minibatches.next and sample."
        )
    if close(weights(mine), weights(trained(slip(samples_first=True))[0])):
        raise Wrong(
            "nearly: it trains as it should. But draw the images first, then the prior samples, as the trainer does: "
            "else both use other random numbers, and cannot be compared."
        )
    for other, sentence in SLIPS:
        if close(weights(mine), weights(trained(other)[0])):
            raise Wrong(f"not yet: {sentence}")
    if not close(weights(mine), weights(right)):
        raise Wrong(
            "not yet: it trains, but not as asked. In each step: x from the minibatches, as many prior samples, "
            "then textbook_step, once."
        )
    if not isinstance(rows, tuple | list) or len(rows) != STEPS:
        raise Wrong(
            f"nearly: it trains as it should. Return the losses too, a row of three for each step: for {STEPS} steps a "
            f"list of {STEPS}; yours is {kind(rows)}."
        )
    for row, its in zip(rows, wanted, strict=True):
        for value, loss in zip(several(row, 3, "the three losses of a step"), its, strict=True):
            if not torch.isclose(number(value, "a loss"), loss, rtol=1e-4):
                raise Wrong("nearly: it trains as it should; a row holds the losses of its own step, in their order.")
    return "right: this loop trains an adversarial autoencoder, and every line of it is yours."


# ---- the same, as phases ----

WHOSE = {"reconstruction": {"encoder", "decoder"}, "discriminator": {"discriminator"}, "generator": {"encoder"}}


@task(
    "04.e",
    "the three phases",
    hints=(
        "Whose parameters: those that each of the three optimizers held. A tuple of one name needs its comma: "
        '("encoder",).',
        "Draws: model.draw_images for the reconstruction, model.draw_game for the discriminator, none for the "
        "generator. Optimizers: model.optimizer, then model.game_optimizer twice.",
        'The last one is aae.Phase("generator", generator_loss, updates=("encoder",), '
        "optimizer=model.game_optimizer); return all three, in a tuple.",
    ),
    part=lambda: lesson_phases,
)
def phases(f: Any) -> str:
    """f(model) returns the three phases, each with its loss, and with the networks that it moves."""
    model = small_model()
    made = several(call(f, model), 3, "the three phases")
    for phase, (name, networks) in zip(made, WHOSE.items(), strict=True):
        if not isinstance(phase, Phase):
            raise Wrong(f"{name} is {kind(phase)}; an aae.Phase is asked for.")
        if phase.name != name:
            raise Wrong(f"the phases run in this order: {', '.join(WHOSE)}; yours has {phase.name!r} there.")
        found = set(phase.updates)
        if unknown := found - set(NETWORKS):
            raise Wrong(
                f"not yet: {name} updates {' and '.join(sorted(unknown))}, and the model has no network of that name. "
                f"It has {', '.join(NETWORKS)}; the generator of this game is the encoder."
            )
        if extra := found - networks:
            raise Wrong(f"not yet: {name} should hold {' and '.join(sorted(extra))} fixed. Whose loss is it?")
        if missing := networks - found:
            raise Wrong(f"not yet: {name} moves {' and '.join(sorted(missing))} too.")
    judge_losses(model, made)
    return "right: which loss, whose parameters. The trainer needs to know no more."


def judge_losses(model: models.AAE, phases: Sequence[Phase]) -> None:
    """Wrong unless each phase draws what it needs and lowers its own loss, by the optimizer that it had by hand."""
    g = torch.Generator().manual_seed(2)
    split = Split(torch.randint(0, 256, (6, 1, 2, 2), generator=g, dtype=torch.uint8), torch.zeros(6).long())
    minibatch = Minibatches(split, batch_size=6).next(g)
    batch: dict[str, Tensor] = {}
    for phase in phases:
        name = phase.name
        if phase.draw is not None:
            if name == "generator":
                raise Wrong("nearly: the generator would draw anew. Leave draw out: it gets the batch of D's phase.")
            batch = phase.drawn(minibatch, g)
        if name == "reconstruction" and "z_prior" in batch:
            raise Wrong(
                "nearly: the reconstruction draws prior samples that nobody uses, and then D gets others than by hand: "
                "draw=model.draw_images."
            )
        if "x" not in batch:
            raise Wrong(f"not yet: {name} comes first and has no images: draw=model.draw_images.")
        if name == "discriminator" and "z_prior" not in batch:
            raise Wrong("not yet: the discriminator has no prior samples: draw=model.draw_game brings them along.")
        if phase.share is not None:
            batch = batch | phase.shared(model, batch)
        its = {
            "reconstruction": reconstruction_loss(model, batch["x"]),
            "discriminator": game_loss(model, batch["x"], batch["z_prior"])
            if "z_prior" in batch
            else torch.tensor(0.0),
            "generator": fooling_loss(model, batch["x"]),
        }
        value = number(call(phase.loss, model, batch, phase.terms), f"the loss of {name}")
        if not torch.isclose(value, its[name].detach(), rtol=1e-4):
            others = [other for other in its if torch.isclose(value, its[other].detach(), rtol=1e-4)]
            whose = f"that of the {others[0]}" if others else "another one"
            raise Wrong(f"not yet: the loss of {name} is {whose}.")
        optimizer = model.optimizer if name == "reconstruction" else model.game_optimizer
        if phase.optimizer != optimizer:
            has = "model.optimizer" if name == "reconstruction" else "model.game_optimizer"
            raise Wrong(f"nearly: {name} has {phase.optimizer}, and by hand it had another: optimizer={has}.")


def lesson_phases(model: models.AAE) -> tuple[Phase, ...]:
    """The phases as the lesson writes them."""
    by_hand = {
        "reconstruction": lambda m, b, t: reconstruction_loss(m, b["x"]),
        "discriminator": lambda m, b, t: game_loss(m, b["x"], b["z_prior"]),
        "generator": lambda m, b, t: fooling_loss(m, b["x"]),
    }
    return tuple(phase.replace(loss=by_hand[phase.name], share=None, terms={}) for phase in model.phases())
