import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib import losses
from tests.checks.answers import judged


def rec(m, x):
    return losses.bce(m.decoder(m.encoder(x)), x)


def game(m, x, z):
    return losses.discriminator_loss(m.discriminator(z), m.discriminator(m.encoder(x).detach()))


def fool(m, x):
    return losses.generator_loss(m.discriminator(m.encoder(x)))


def step(loss, clear=lambda m, o: m.zero_grad(), back=lambda value: value):
    def update(model, optimizer, *inputs):
        clear(model, optimizer)
        value = loss(model, *inputs)
        value.backward()
        optimizer.step()
        return back(value)

    return update


def cleared_after(loss):
    def update(model, optimizer, *inputs):
        value = step(loss, clear=lambda m, o: None)(model, optimizer, *inputs)
        model.zero_grad()
        return value

    return update


def by_grad(loss, part):
    """torch.autograd.grad, no backward()."""

    def update(model, optimizer, *inputs):
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        value = loss(model, *inputs)
        for p, g in zip(parameters, torch.autograd.grad(value, parameters), strict=True):
            p.grad = g
        optimizer.step()
        return float(value)

    return update


def no_grad_codes(m, x, z):
    with torch.no_grad():
        codes = m.encoder(x)
    return losses.discriminator_loss(m.discriminator(z), m.discriminator(codes))


def moves_too_much(loss):
    def update(model, optimizer, *inputs):
        value = step(loss)(model, optimizer, *inputs)
        with torch.no_grad():
            for p in model.parameters():
                if p.grad is not None:
                    p -= 0.1 * p.grad
        return value

    return update


def nudge(network):
    with torch.no_grad():
        for p in network.parameters():
            p += 1


RIGHT = {
    "04.a": {
        "zero_grad of the model": step(rec),
        "zero_grad of the optimizer": step(rec, lambda m, o: o.zero_grad()),
        "a plain number": step(rec, back=float),
        "autograd.grad": by_grad(rec, ("encoder", "decoder")),
        "by hand": step(
            lambda m, x: F.binary_cross_entropy_with_logits(m.decoder(m.encoder(x)), x, reduction="sum") / len(x)
        ),
    },
    "04.b": {
        "detach": step(game),
        "no_grad": step(no_grad_codes),
        "softplus": step(
            lambda m, x, z: (
                F.softplus(-m.discriminator(z)).mean() + F.softplus(m.discriminator(m.encoder(x).detach())).mean()
            ),
            lambda m, o: o.zero_grad(),
        ),
    },
    "04.c": {
        "the library's loss": step(fool),
        "softplus": step(lambda m, x: F.softplus(-m.discriminator(m.encoder(x))).mean()),
        "zero_grad of the optimizer": step(fool, lambda m, o: o.zero_grad()),
    },
}
WRONG = {
    "04.a": {
        "nothing has moved": lambda m, o, x: rec(m, x),
        "the discriminator has moved": step(rec, lambda m, o: nudge(m.discriminator)),
        "does the sigmoid itself": step(lambda m, x: losses.bce(m.decoder(m.encoder(x)).sigmoid(), x)),
        "this is the squared error": step(lambda m, x: losses.mse(m.decoder(m.encoder(x)), x)),
        "it went uphill": step(lambda m, x: -rec(m, x)),
        "the mean over the pixels": step(lambda m, x: F.binary_cross_entropy_with_logits(m.decoder(m.encoder(x)), x)),
        "sums over the images too": step(lambda m, x: 3 * rec(m, x)),
        "clear them first": step(rec, lambda m, o: None),
        "your function returns nothing": step(rec, back=lambda value: None),
        "not the loss from before": lambda m, o, x: step(rec)(m, o, x) and rec(m, x),
    },
    "04.b": {
        "have changed places": step(
            lambda m, x, z: losses.discriminator_loss(m.discriminator(m.encoder(x).detach()), m.discriminator(z))
        ),
        "a gradient has leaked into the encoder": step(
            lambda m, x, z: losses.discriminator_loss(m.discriminator(z), m.discriminator(m.encoder(x)))
        ),
        "the encoder has moved": moves_too_much(
            lambda m, x, z: losses.discriminator_loss(m.discriminator(z), m.discriminator(m.encoder(x)))
        ),
        "D learns to be wrong": step(lambda m, x, z: -game(m, x, z)),
        "what of the prior samples": step(lambda m, x, z: F.softplus(m.discriminator(m.encoder(x).detach())).mean()),
        "what of the codes": step(lambda m, x, z: F.softplus(-m.discriminator(z)).mean()),
        "the *sum* of two means": step(lambda m, x, z: game(m, x, z) / 2),
        "the generator's loss": step(lambda m, x, z: losses.generator_loss(m.discriminator(m.encoder(x).detach()))),
        "clear them first": step(game, lambda m, o: None),
    },
    "04.c": {
        "a detach too many": step(lambda m, x: losses.generator_loss(m.discriminator(m.encoder(x).detach()))),
        "easier to find": step(lambda m, x: -fool(m, x)),
        "the saturating form": step(lambda m, x: losses.saturating_generator_loss(m.discriminator(m.encoder(x)))),
        "sure that they are codes": step(lambda m, x: F.softplus(m.discriminator(m.encoder(x))).mean()),
        "the discriminator has moved": moves_too_much(fool),
        "clear them first": step(fool, lambda m, o: None),
    },
}


def phases(*updates):
    names = ("reconstruction", "discriminator", "generator")
    return lambda model: tuple(
        phase.replace(name=name, updates=moves)
        for phase, name, moves in zip(model.phases(), names, updates, strict=True)
    )


RIGHT["04.d"] = {
    "as in the lesson": phases(("encoder", "decoder"), ("discriminator",), ("encoder",)),
    "the other way round": phases(("decoder", "encoder"), ("discriminator",), ("encoder",)),
    "a list": lambda model: list(model.phases()),
}
WRONG["04.d"] = {
    "discriminator should hold encoder fixed": phases(
        ("encoder", "decoder"), ("discriminator", "encoder"), ("encoder",)
    ),
    "generator should hold discriminator fixed": phases(
        ("encoder", "decoder"), ("discriminator",), ("encoder", "discriminator")
    ),
    "reconstruction moves decoder too": phases(("encoder",), ("discriminator",), ("encoder",)),
    "the three phases": lambda model: model.phases()[0],
    "run in this order": lambda model: model.phases()[::-1],
    "an aae.Phase is asked for": lambda model: ("encoder", "discriminator", "encoder"),
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
