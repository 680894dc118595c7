import copy

import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib import losses
from aae_lib.course.checks.turns_03 import play
from tests.checks.answers import judged


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def of_logits(loss, cut=torch.Tensor.detach):
    """D's loss, from a loss of the logits."""
    return lambda d, z_prior, z: loss(d(z_prior), d(cut(z)))


def of_points(loss):
    return lambda d, z: loss(d(z))


def without_points(d, z_prior, z):
    with torch.no_grad():
        fake = d(z)
    return losses.discriminator_loss(d(z_prior), fake)


def one_call(d, z_prior, z):
    """Both clouds through D at once."""
    target = torch.cat([torch.ones(len(z_prior)), torch.zeros(len(z))])
    weight = torch.cat([target[target == 1] / len(z_prior), torch.ones(len(z)) / len(z)])
    logits = d(torch.cat([z_prior, z.detach()]))
    return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")


def game(
    clear_d=True, clear_z=True, order="dz", step_z=True, n=len, draw_once=False, ask_once=False, own_generator=False,
    back=lambda of_d, of_z: (of_d.item(), of_z.item()), hand=lambda game: game.generator, early=False,
):  # fmt: skip
    """A loop with faults to choose from."""

    def play(game, rounds):
        z = game.points()
        z_prior = game.prior.sample(n(z), generator=hand(game)) if draw_once else None
        for _ in range(rounds):
            z = z if ask_once else game.points()
            z_prior = z_prior if draw_once else game.prior.sample(n(z), generator=hand(game))
            for player in order:
                if player == "d":
                    if clear_d:
                        game.d_optimizer.zero_grad()
                    of_d = game.d_loss(game.discriminator, z_prior, z)
                    of_d.backward()
                    game.d_optimizer.step()
                else:
                    if clear_z:
                        game.z_optimizer.zero_grad()
                    of_z = game.g_loss(game.discriminator, z)
                    of_z.backward()
                    if step_z:
                        game.z_optimizer.step()
            if early:
                return back(of_d, of_z)
        return back(of_d, of_z)

    return play


def by_grad(game, rounds):
    """torch.autograd.grad, no backward(); the points are asked for twice."""

    def step(optimizer, loss):
        moved = [p for group in optimizer.param_groups for p in group["params"]]
        for p, slope in zip(moved, torch.autograd.grad(loss, moved), strict=True):
            p.grad = slope
        optimizer.step()
        return loss.detach()

    for _ in range(rounds):
        z_prior = game.prior.sample(len(game.points()), generator=game.generator)
        of_d = step(game.d_optimizer, game.d_loss(game.discriminator, z_prior, game.points()))
        of_z = step(game.z_optimizer, game.g_loss(game.discriminator, game.points()))
    return of_d, of_z


def cut_off(game, rounds):
    """No gradient reaches the points."""
    uncut = game.g_loss
    game.g_loss = lambda discriminator, z: uncut(discriminator, z.detach())
    return play(game, rounds)


def another_d(game, rounds):
    """The losses of D go to another network."""
    other, own = copy.deepcopy(game.discriminator), game.d_loss
    game.d_loss = lambda discriminator, z_prior, z: own(other, z_prior, z)
    return play(game, rounds)


def cleared_too_late(game, rounds):
    """zero_grad() between backward() and step(), for D."""
    step = game.d_optimizer.step
    game.d_optimizer.step = lambda: (game.d_optimizer.zero_grad(), step())
    return play(game, rounds)


def at_once(game, rounds):
    for _ in range(rounds):
        z = game.points()
        z_prior = game.prior.sample(len(z), generator=game.generator)
        game.z_optimizer.zero_grad()
        of_z = game.g_loss(game.discriminator, z)
        of_z.backward()
        game.d_optimizer.zero_grad()
        of_d = game.d_loss(game.discriminator, z_prior, z)
        of_d.backward()
        game.d_optimizer.step()
        game.z_optimizer.step()
    return of_d.item(), of_z.item()


def summed(game, rounds):
    for _ in range(rounds):
        z = game.points()
        z_prior = game.prior.sample(len(z), generator=game.generator)
        game.d_optimizer.zero_grad()
        game.z_optimizer.zero_grad()
        of_d, of_z = game.d_loss(game.discriminator, z_prior, z), game.g_loss(game.discriminator, z)
        (of_d + of_z).backward()
        game.d_optimizer.step()
        game.z_optimizer.step()
    return of_d.item(), of_z.item()


def nothing_moves(game, rounds):
    for _ in range(rounds):
        z_prior = game.prior.sample(3, generator=game.generator)
        of_d = game.d_loss(game.discriminator, z_prior, game.points())
    return of_d.item(), game.g_loss(game.discriminator, game.points()).item()


def plain(z, p, q):
    return p.log_prob(z) - q.log_prob(z)


RIGHT = {
    "03.a": {
        "softplus": of_logits(lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean()),
        "logsigmoid": of_logits(lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-f).mean()),
        "bce with logits": of_logits(lambda r, f: bce(r, 1.0) + bce(f, 0.0)),
        "the library's": of_logits(losses.discriminator_loss),
        "data": of_logits(losses.discriminator_loss, cut=lambda z: z.data),
        "one call": one_call,
    },
    "03.b": {
        "softplus": of_points(lambda a: F.softplus(-a).mean()),
        "logsigmoid": of_points(lambda a: -F.logsigmoid(a).sum() / len(a)),
        "bce with logits": of_points(lambda a: bce(a, 1.0)),
        "the library's": of_points(losses.generator_loss),
    },
    "03.c": {
        "the textbook": game(),
        "tensors, in a list": game(back=lambda of_d, of_z: [of_d.detach(), of_z.detach()]),
        "autograd.grad, points asked twice": by_grad,
    },
    "03.d": {
        "difference": plain,
        "other order": lambda z, p, q: -(q.log_prob(z) - p.log_prob(z)),
        "log D − log(1 − D)": lambda z, p, q: (
            (p.log_prob(z) - torch.logaddexp(p.log_prob(z), q.log_prob(z)))
            - (q.log_prob(z) - torch.logaddexp(p.log_prob(z), q.log_prob(z)))
        ),
    },
}

WRONG = {
    "03.a": {
        "a gradient reaches the points": of_logits(losses.discriminator_loss, cut=lambda z: z),
        "Cut off z, and not D(z)": without_points,
        "changed places": of_logits(lambda r, f: bce(r, 0.0) + bce(f, 1.0)),
        "makes D *worse*": of_logits(lambda r, f: -losses.discriminator_loss(r, f)),
        "this is half of it": of_logits(lambda r, f: losses.discriminator_loss(r, f) / 2),
        "one mean over all rows": of_logits(lambda r, f: torch.cat([F.softplus(-r), F.softplus(f)]).mean()),
        "these are sums over the batch": of_logits(lambda r, f: F.softplus(-r).sum() + F.softplus(f).sum()),
        "the second half is missing": of_logits(lambda r, f: bce(r, 1.0)),
        "the first half is missing": of_logits(lambda r, f: bce(f, 0.0)),
        "the second term has the wrong sign": of_logits(lambda r, f: bce(r, 1.0) - bce(f, 0.0)),
        "a sigmoid too many": of_logits(lambda r, f: bce(r.sigmoid(), 1.0) + bce(f.sigmoid(), 0.0)),
        "belong inside": of_logits(lambda r, f: -F.softplus(r).mean() - F.softplus(-f).mean()),
        "gives logits a": of_logits(lambda r, f: -r.log().mean() - (1 - f).log().mean()),
        "a Wasserstein critic": of_logits(lambda r, f: f.mean() - r.mean()),
        "yours says inf": of_logits(lambda r, f: -r.sigmoid().log().mean() - (1 - f.sigmoid()).log().mean()),
        "plain number": of_logits(lambda r, f: losses.discriminator_loss(r, f).item()),
    },
    "03.b": {
        "a detach too many": lambda d, z: losses.generator_loss(d(z.detach())),
        "*easier* to find": of_points(lambda a: -losses.generator_loss(a)),
        "the sum over the points": of_points(lambda a: F.softplus(-a).sum()),
        "where D is sure that they are fakes": of_points(lambda a: F.softplus(a).mean()),
        "flat where D is sure": of_points(losses.saturating_generator_loss),
        "a sigmoid too many": of_points(lambda a: losses.generator_loss(a.sigmoid())),
        "a Wasserstein GAN": of_points(lambda a: -a.mean()),
        "this is nan": of_points(lambda a: -a.log().mean()),
        "the log is missing": of_points(lambda a: -a.sigmoid().mean()),
        "yours says inf": of_points(lambda a: -a.sigmoid().log().mean()),
    },
    "03.c": {
        "gradients pile up": game(clear_d=False, clear_z=False),
        "zero_grad() before D's step": game(clear_d=False),
        "zero_grad() before the points' step": game(clear_z=False),
        "the order is turned round": game(order="zd"),
        "the D of before its step": at_once,
        "one backward()": summed,
        "only D has moved": game(step_z=False),
        "g_loss needs z without detach": cut_off,
        "the one to hand to game.d_loss": another_d,
        "only the points have moved": cleared_too_late,
        "nothing has moved": nothing_moves,
        "as many prior samples as points": game(n=lambda z: 100),
        "hand the game's generator on": game(hand=lambda game: None),
        "one draw of prior samples": game(draw_once=True),
        "let `return` stand after it": game(early=True),
        "in every round": game(ask_once=True),
        "the last loss of D": game(back=lambda of_d, of_z: (of_d.item() / 2, of_z.item())),
        "return 2 things": game(back=lambda of_d, of_z: of_d.item()),
        "nobody asked game.prior": lambda game, rounds: (0.0, 0.0),
    },
    "03.d": {
        "the sign is turned round": lambda z, p, q: -plain(z, p, q),
        "this is D itself": lambda z, p, q: plain(z, p, q).sigmoid(),
        "this is 1 − D": lambda z, p, q: (-plain(z, p, q)).sigmoid(),
        "this is the ratio p/q": lambda z, p, q: plain(z, p, q).exp(),
        "this is log D": lambda z, p, q: F.logsigmoid(plain(z, p, q)),
        "a difference of logs": lambda z, p, q: p.log_prob(z) / q.log_prob(z),
        "this is p − q": lambda z, p, q: p.log_prob(z).exp() - q.log_prob(z).exp(),
        "looks at p alone": lambda z, p, q: p.log_prob(z),
        "both densities round to 0": lambda z, p, q: (p.log_prob(z).exp() / q.log_prob(z).exp()).log(),
        "must have shape (4,)": lambda z, p, q: plain(z, p, q).mean(),
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
