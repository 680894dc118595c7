import torch
import torch.nn.functional as F

from aae_lib import losses
from tests.checks.answers import judged

# ---- 03.0: one move of the points ----


def up(log_d, reduce=torch.sum, sign=1.0):
    """An answer that goes uphill on `log_d`, a function of the logits."""

    def move(z, discriminator, rate):
        z = z.clone().requires_grad_()
        (slope,) = torch.autograd.grad(reduce(log_d(discriminator(z))), z)
        return (z + sign * rate * slope).detach()

    return move


def by_backward(z, discriminator, rate):
    z = z.detach().clone().requires_grad_()
    F.softplus(-discriminator(z)).sum().backward()
    discriminator.zero_grad()
    return (z - rate * z.grad).detach()


def by_optimizer(z, discriminator, rate):
    points = torch.nn.Parameter(z.clone())
    optimizer = torch.optim.SGD([points], lr=rate * len(points))
    points.grad = torch.autograd.grad(losses.generator_loss(discriminator(points)), points)[0]
    optimizer.step()
    return points.detach()


def leaves_a_gradient(z, discriminator, rate):
    z = z.clone().requires_grad_()
    F.logsigmoid(discriminator(z)).sum().backward()
    return (z + rate * z.grad).detach()


def with_history(z, discriminator, rate):
    z = z.clone().requires_grad_()
    return z + rate * torch.autograd.grad(F.logsigmoid(discriminator(z)).sum(), z)[0]


def in_place(z, discriminator, rate):
    new = up(F.logsigmoid)(z, discriminator, rate)
    return z.copy_(new)


# ---- 03.4: a whole round ----


def twins(game, z_prior):
    discriminator, points = game.discriminator, game.points
    d_loss = losses.discriminator_loss(discriminator(z_prior), discriminator(points.detach()))
    for p, gradient in zip(
        discriminator.parameters(), torch.autograd.grad(d_loss, tuple(discriminator.parameters())), strict=True
    ):
        p.grad = gradient
    game.d_optimizer.step()
    g_loss = F.softplus(-discriminator(points)).mean()
    (points.grad,) = torch.autograd.grad(g_loss, points)
    game.z_optimizer.step()
    return d_loss, g_loss


def one_call(game, z_prior):
    game.d_optimizer.zero_grad()
    logits = game.discriminator(torch.cat([z_prior, game.points.detach()]))
    target = torch.cat([torch.ones(len(z_prior)), torch.zeros(len(game.points))])
    d_loss = 2 * F.binary_cross_entropy_with_logits(logits, target)
    d_loss.backward()
    game.d_optimizer.step()
    game.points.grad = None
    g_loss = -F.logsigmoid(game.discriminator(game.points)).mean()
    g_loss.backward()
    game.z_optimizer.step()
    return d_loss.item(), g_loss.item()


def a_round(
    detach=True, clear_d=True, clear_z=True, clear_late=True, swap=False, step_d=True, step_z=True,
    loss=losses.generator_loss, cut=False, order="dz", d_loss=losses.discriminator_loss, back=tuple,
):  # fmt: skip
    """A round with faults to choose from."""

    def play(game, z_prior):
        found = {}

        def d_step():
            if clear_d:
                game.d_optimizer.zero_grad()
            if clear_z and not clear_late:
                game.z_optimizer.zero_grad()
            fake = game.discriminator(game.points.detach() if detach else game.points)
            real = game.discriminator(z_prior)
            found["d"] = d_loss(fake, real) if swap else d_loss(real, fake)
            found["d"].backward()
            if step_d:
                game.d_optimizer.step()

        def z_step():
            if clear_z and clear_late:
                game.z_optimizer.zero_grad()
            found["z"] = loss(game.discriminator(game.points.detach() if cut else game.points))
            if step_z:
                found["z"].backward()
                game.z_optimizer.step()

        for player in order:
            {"d": d_step, "z": z_step}[player]()
        return back((found["d"].detach(), found["z"].detach()))

    return play


def both_at_once(game, z_prior):
    game.d_optimizer.zero_grad()
    game.z_optimizer.zero_grad()
    g_loss = losses.generator_loss(game.discriminator(game.points))
    (slope,) = torch.autograd.grad(g_loss, game.points)
    d_loss = losses.discriminator_loss(game.discriminator(z_prior), game.discriminator(game.points.detach()))
    d_loss.backward()
    game.points.grad = slope
    game.d_optimizer.step()
    game.z_optimizer.step()
    return d_loss.detach(), g_loss.detach()


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


RIGHT = {
    "03.0": {
        "logsigmoid": up(F.logsigmoid),
        "softplus": up(lambda a: -F.softplus(-a)),
        "backward, then zero_grad": by_backward,
        "an optimizer": by_optimizer,
        "the sum in another place": up(lambda a: F.logsigmoid(a).mean() * len(a), reduce=lambda v: v),
    },
    "03.1": {
        "softplus": lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(),
        "logsigmoid": lambda r, f: -F.logsigmoid(r).mean() - F.logsigmoid(-f).mean(),
        "bce with logits": lambda r, f: bce(r, 1.0) + bce(f, 0.0),
        "logaddexp": lambda r, f: (
            torch.logaddexp(torch.zeros_like(r), -r).mean() + torch.logaddexp(torch.zeros_like(f), f).mean()
        ),
    },
    "03.2": {
        "by hand": lambda a: (1 - a.sigmoid(), a.sigmoid()),
        "a list": lambda a: [torch.sigmoid(-a), torch.sigmoid(a)],
        "by autograd": lambda a: (
            -torch.func.grad(lambda a: F.softplus(-a).sum())(a),
            -torch.func.grad(lambda a: -F.softplus(a).sum())(a),
        ),
        "exponentials": lambda a: (1 / (1 + a.exp()), 1 / (1 + (-a).exp())),
    },
    "03.3": {
        "difference": lambda z, p, q: p.log_prob(z) - q.log_prob(z),
        "other order": lambda z, p, q: -(q.log_prob(z) - p.log_prob(z)),
        "log D − log(1 − D)": lambda z, p, q: (
            (p.log_prob(z) - torch.logaddexp(p.log_prob(z), q.log_prob(z)))
            - (q.log_prob(z) - torch.logaddexp(p.log_prob(z), q.log_prob(z)))
        ),
    },
    "03.4": {
        "the textbook": a_round(),
        "a list of losses": a_round(back=list),
        "cleared at the top": a_round(clear_late=False),
        "autograd.grad": twins,
        "one call for both clouds": one_call,
    },
}

WRONG = {
    "03.0": {
        "the points have not moved": lambda z, d, rate: z.clone(),
        "the points go downhill": up(F.logsigmoid, sign=-1),
        "only 1/N of its way": up(F.logsigmoid, torch.mean),
        "this is the slope alone": lambda z, d, rate: up(F.logsigmoid)(z, d, 1.0) - z,
        "the new points are z plus that": lambda z, d, rate: up(F.logsigmoid)(z, d, rate) - z,
        "the rate is missing": lambda z, d, rate: up(F.logsigmoid)(z, d, 1.0),
        "this goes uphill on the logits": up(lambda a: a),
        "the saturating form": up(F.softplus),
        "asked for is log D.": up(torch.sigmoid),
        "end with .detach()": with_history,
        "a gradient was left in the discriminator": leaves_a_gradient,
        "changes its input in place": in_place,
        "use logsigmoid or softplus": up(lambda a: (a.sigmoid() + 1e-30).log()),
        "must have shape (3, 2)": lambda z, d, rate: d(z).detach(),
    },
    "03.1": {
        "the labels (or the arguments) are swapped": lambda r, f: bce(r, 0.0) + bce(f, 1.0),
        "makes D *worse*": lambda r, f: F.logsigmoid(r).mean() + F.logsigmoid(-f).mean(),
        "this is half of it": lambda r, f: (bce(r, 1.0) + bce(f, 0.0)) / 2,
        "one mean over all rows": lambda r, f: torch.cat([F.softplus(-r), F.softplus(f)]).mean(),
        "these are sums over the batch": lambda r, f: F.softplus(-r).sum() + F.softplus(f).sum(),
        "the second half is missing": lambda r, f: bce(r, 1.0),
        "the first half is missing": lambda r, f: bce(f, 0.0),
        "the second term has the wrong sign": lambda r, f: bce(r, 1.0) - bce(f, 0.0),
        "a sigmoid too many": lambda r, f: bce(r.sigmoid(), 1.0) + bce(f.sigmoid(), 0.0),
        "a Wasserstein critic": lambda r, f: f.mean() - r.mean(),
        "no gradient reaches the logits of the points": lambda r, f: bce(r, 1.0) + bce(f.detach(), 0.0),
        "yours says inf": lambda r, f: -r.sigmoid().log().mean() - (1 - f.sigmoid()).log().mean(),
        "the log is lost": lambda r, f: -(r.sigmoid() + 1e-9).log().mean() - (1 - f.sigmoid() + 1e-9).log().mean(),
        "plain number": lambda r, f: (bce(r, 1.0) + bce(f, 0.0)).item(),
    },
    "03.2": {
        "the two are swapped": lambda a: (a.sigmoid(), 1 - a.sigmoid()),
        "these are the slopes": lambda a: (a.sigmoid() - 1, -a.sigmoid()),
        "a mean over the batch is in it": lambda a: ((1 - a.sigmoid()) / len(a), a.sigmoid() / len(a)),
        "has no 1/N in it": lambda a: ((a.sigmoid() - 1) / len(a), -a.sigmoid() / len(a)),
        "the pull of log(1 − D) has the wrong sign": lambda a: (1 - a.sigmoid(), -a.sigmoid()),
        "is that of the other loss": lambda a: (1 - a.sigmoid(), 1 - a.sigmoid()),
        "this is a loss itself": lambda a: (F.softplus(-a), -F.softplus(a)),
        "this is the slope by D": lambda a: (1 / a.sigmoid(), 1 / (1 - a.sigmoid())),
        "the slope of D itself": lambda a: (a.sigmoid() * (1 - a.sigmoid()), a.sigmoid()),
        "two tensors are asked for": lambda a: a.sigmoid(),
        "must have shape (4,)": lambda a: (a.sigmoid().mean(), a.sigmoid().mean()),
    },
    "03.3": {
        "the sign is turned round": lambda z, p, q: q.log_prob(z) - p.log_prob(z),
        "this is D itself": lambda z, p, q: p.log_prob(z).exp() / (p.log_prob(z).exp() + q.log_prob(z).exp()),
        "this is 1 − D": lambda z, p, q: q.log_prob(z).exp() / (p.log_prob(z).exp() + q.log_prob(z).exp()),
        "this is the ratio p/q": lambda z, p, q: (p.log_prob(z) - q.log_prob(z)).exp(),
        "this is log D": lambda z, p, q: p.log_prob(z) - torch.logaddexp(p.log_prob(z), q.log_prob(z)),
        "a difference of logs": lambda z, p, q: p.log_prob(z) / q.log_prob(z),
        "this is p − q": lambda z, p, q: p.log_prob(z).exp() - q.log_prob(z).exp(),
        "looks at p alone": lambda z, p, q: p.log_prob(z),
        "both densities round to 0": lambda z, p, q: (p.log_prob(z).exp() / q.log_prob(z).exp()).log(),
        "must have shape (4,)": lambda z, p, q: (p.log_prob(z) - q.log_prob(z)).mean(),
    },
    "03.4": {
        "D's loss has leaked into the points": a_round(detach=False, clear_late=False),
        "only a later zero_grad took it away": a_round(detach=False),
        "gradients pile up: backward() adds": a_round(clear_d=False, clear_z=False),
        "zero_grad() before D's step": a_round(clear_d=False),
        "zero_grad() before the points' step": a_round(clear_z=False),
        "the order is turned round": a_round(order="zd"),
        "the points followed the D of before its step": both_at_once,
        "the saturating loss; asked for is −log D": a_round(loss=losses.saturating_generator_loss),
        "the points go the wrong way": a_round(loss=lambda fake: -losses.generator_loss(fake)),
        "the labels are swapped": a_round(swap=True),
        "the discriminator has not moved": a_round(step_d=False),
        "the points have not moved": a_round(step_z=False),
        "raised RuntimeError": a_round(cut=True, d_loss=lambda real, fake: real.sum().detach()),
        "the points' step is not": a_round(loss=lambda fake: -fake.mean()),
        "D's step is not right": a_round(d_loss=lambda real, fake: (fake - real).mean()),
        "both losses are asked for": a_round(back=lambda both: both[0]),
        "the loss of D should be": a_round(back=lambda both: (both[0] / 2, both[1])),
    },
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
