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


def swept_away(loss):
    """The gradients are cleared before the optimizer has used them."""

    def update(model, optimizer, *inputs):
        value = loss(model, *inputs)
        value.backward()
        optimizer.zero_grad()
        optimizer.step()
        return value

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


def freezes(m, x):
    """D held fixed for the update, and never let go again."""
    m.discriminator.requires_grad_(False)
    return fool(m, x)


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
        "the encoder has not moved": step(lambda m, x: losses.bce(m.decoder(m.encoder(x).detach()), x)),
        "a network of the notebook": step(lambda m, x: losses.bce(m.decoder(torch.nn.Linear(784, 2)(x.flatten(1))), x)),
        "the discriminator has moved": step(rec, lambda m, o: nudge(m.discriminator)),
        "does the sigmoid itself": step(lambda m, x: losses.bce(m.decoder(m.encoder(x)).sigmoid(), x)),
        "takes the logits first": step(lambda m, x: losses.bce(x, m.decoder(m.encoder(x)))),
        "with no `zero_grad()` between": swept_away(rec),
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
        "what D says, model.discriminator": step(
            lambda m, x, z: losses.discriminator_loss(z[:, 0], m.encoder(x).detach()[:, 0])
        ),
        "D learns to be wrong": step(lambda m, x, z: -game(m, x, z)),
        "what of the prior samples": step(lambda m, x, z: F.softplus(m.discriminator(m.encoder(x).detach())).mean()),
        "what of the codes": step(lambda m, x, z: F.softplus(-m.discriminator(z)).mean()),
        "the sum of two means": step(lambda m, x, z: game(m, x, z) / 2),
        "the generator's loss": step(lambda m, x, z: losses.generator_loss(m.discriminator(m.encoder(x).detach()))),
        "clear them first": step(game, lambda m, o: None),
    },
    "04.c": {
        "not the codes": step(lambda m, x: losses.generator_loss(m.encoder(x))),
        "no gradient reaches": step(lambda m, x: losses.generator_loss(m.discriminator(m.encoder(x).detach()))),
        "leaves parameters frozen": step(freezes),
        "easier to find": step(lambda m, x: -fool(m, x)),
        "the saturating form": step(lambda m, x: losses.saturating_generator_loss(m.discriminator(m.encoder(x)))),
        "sure that they are codes": step(lambda m, x: F.softplus(m.discriminator(m.encoder(x))).mean()),
        "the discriminator has moved": moves_too_much(fool),
        "clear them first": step(fool, lambda m, o: None),
    },
}


def one_step(model, optimizers, x, z_prior):
    """The lesson's textbook_step."""
    ae, d, g = optimizers
    return step(rec)(model, ae, x), step(game)(model, d, x, z_prior), step(fool)(model, g, x)


def by_hand(model, optimizers, minibatches, steps, generator):
    losses = []
    for _ in range(steps):
        x = minibatches.next(generator).x
        z_prior = model.prior.sample(len(x), generator=generator)
        losses.append(one_step(model, optimizers, x, z_prior))
    return losses


def spelled_out(model, optimizers, minibatches, steps, generator):
    """With the three updates instead of textbook_step, the lesson's own prior, plain numbers, a tuple."""
    rows, prior = [], aae.priors.Gaussian(2)
    while len(rows) < steps:
        minibatch = minibatches.next(generator)
        z_prior = prior.sample(minibatches.batch_size, generator)
        first = float(step(rec)(model, optimizers[0], minibatch.x))
        second = float(step(game)(model, optimizers[1], minibatch.x, z_prior))
        rows.append([first, second, float(step(fool)(model, optimizers[2], minibatch.x))])
    return tuple(rows)


def once(model, optimizers, minibatches, steps, generator):
    x = minibatches.next(generator).x
    z_prior = model.prior.sample(len(x), generator=generator)
    return [one_step(model, optimizers, x, z_prior) for _ in range(steps)]


def same_images(model, optimizers, minibatches, steps, generator):
    x = minibatches.next(generator).x
    for _ in range(steps):
        one_step(model, optimizers, x, model.prior.sample(len(x), generator=generator))


def same_samples(model, optimizers, minibatches, steps, generator):
    z_prior = model.prior.sample(minibatches.batch_size, generator=generator)
    for _ in range(steps):
        one_step(model, optimizers, minibatches.next(generator).x, z_prior)


def samples_first(model, optimizers, minibatches, steps, generator):
    for _ in range(steps):
        z_prior = model.prior.sample(minibatches.batch_size, generator=generator)
        one_step(model, optimizers, minibatches.next(generator).x, z_prior)


def loop(a_step=one_step, n=None, more=0, seeded=True, back=lambda rows: rows):
    def train(model, optimizers, minibatches, steps, generator):
        rows = []
        for _ in range(steps + more):
            x = minibatches.next(generator).x
            z_prior = model.prior.sample(n or len(x), generator=generator if seeded else None)
            rows.append(a_step(model, optimizers, x, z_prior))
        return back(rows)

    return train


def game_first(model, optimizers, x, z_prior):
    ae, d, g = optimizers
    return step(game)(model, d, x, z_prior), step(fool)(model, g, x), step(rec)(model, ae, x)


def generator_before_d(model, optimizers, x, z_prior):
    ae, d, g = optimizers
    return step(rec)(model, ae, x), step(fool)(model, g, x), step(game)(model, d, x, z_prior)


RIGHT["04.d"] = {"as in the lesson": by_hand, "spelled out": spelled_out}
WRONG["04.d"] = {
    "nothing has moved": loop(lambda *inputs: (0, 0, 0)),
    "every step has the same batch": once,
    "every step has the same images": same_images,
    "every step has the same prior samples": same_samples,
    "draw the images first": samples_first,
    "as many prior samples as there are images": loop(n=100),
    "one step too many": loop(more=1),
    "one step is missing": loop(more=-1),
    "this is one step": loop(more=-3),
    "another run each time": loop(seeded=False),
    "the reconstruction comes first": loop(game_first),
    "D comes before the generator": loop(generator_before_d),
    "not as asked": loop(more=7),
    "Return the losses too": loop(back=lambda rows: None),
    "a list of 4; yours is a list of 1": loop(back=lambda rows: rows[-1:]),
    "the three losses of a step": loop(back=lambda rows: [row[0] for row in rows]),
    "the losses of its own step": loop(back=lambda rows: rows[:1] * len(rows)),
}


def phases(*updates):
    names = ("reconstruction", "discriminator", "generator")
    return lambda model: tuple(
        phase.replace(name=name, updates=moves)
        for phase, name, moves in zip(model.phases(), names, updates, strict=True)
    )


RIGHT["04.e"] = {
    "as in the lesson": phases(("encoder", "decoder"), ("discriminator",), ("encoder",)),
    "the other way round": phases(("decoder", "encoder"), ("discriminator",), ("encoder",)),
    "a list": lambda model: list(model.phases()),
}
WRONG["04.e"] = {
    "discriminator should hold encoder fixed": phases(
        ("encoder", "decoder"), ("discriminator", "encoder"), ("encoder",)
    ),
    "generator should hold discriminator fixed": phases(
        ("encoder", "decoder"), ("discriminator",), ("encoder", "discriminator")
    ),
    "reconstruction moves decoder too": phases(("encoder",), ("discriminator",), ("encoder",)),
    "the generator of this game is the encoder": phases(("encoder", "decoder"), ("discriminator",), ("generator",)),
    "the three phases": lambda model: model.phases()[0],
    "run in this order": lambda model: model.phases()[::-1],
    "an aae.Phase is asked for": lambda model: ("encoder", "discriminator", "encoder"),
}


def of_the_lesson(model, **changes):
    """The phases as the lesson writes them, with changes by name."""
    made = {
        "reconstruction": {
            "loss": lambda m, b, t: rec(m, b["x"]),
            "updates": ("encoder", "decoder"),
            "draw": model.draw_images,
            "optimizer": model.optimizer,
        },
        "discriminator": {
            "loss": lambda m, b, t: losses.discriminator_loss(
                m.discriminator(b["z_prior"]), m.discriminator(m.encoder(b["x"]))
            ),
            "updates": ("discriminator",),
            "draw": model.draw_game,
            "optimizer": model.game_optimizer,
        },
        "generator": {
            "loss": lambda m, b, t: fool(m, b["x"]),
            "updates": ("encoder",),
            "optimizer": model.game_optimizer,
        },
    }
    return tuple(aae.Phase(name, **(made[name] | changes.get(name, {}))) for name in made)


RIGHT["04.e"]["written out"] = of_the_lesson
WRONG["04.e"] |= {
    "the loss of generator is that of the discriminator": lambda m: of_the_lesson(
        m, generator={"loss": lambda m, b, t: game(m, b["x"], b["z_prior"])}
    ),
    "the loss of generator is another one": lambda m: of_the_lesson(
        m, generator={"loss": lambda m, b, t: -fool(m, b["x"])}
    ),
    "reconstruction comes first and has no images": lambda m: of_the_lesson(m, reconstruction={"draw": None}),
    "draws prior samples that nobody uses": lambda m: of_the_lesson(m, reconstruction={"draw": m.draw_game}),
    "the discriminator has no prior samples": lambda m: of_the_lesson(m, discriminator={"draw": None}),
    "the generator would draw anew": lambda m: of_the_lesson(m, generator={"draw": m.draw_game}),
    "optimizer=model.game_optimizer": lambda m: of_the_lesson(m, generator={"optimizer": aae.Adam()}),
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
