import math

import torch
import torch.nn.functional as F

from aae_lib import losses
from tests.checks.answers import judged

# ---- 03.1: one move of the points ----


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


def plain(z, p, q):
    return p.log_prob(z) - q.log_prob(z)


def js(real, fake):
    return math.log(2) - losses.discriminator_loss(real, fake) / 2


RIGHT = {
    "03.1": {
        "logsigmoid": up(F.logsigmoid),
        "softplus": up(lambda a: -F.softplus(-a)),
        "backward, then zero_grad": by_backward,
        "an optimizer": by_optimizer,
        "the sum in another place": up(lambda a: F.logsigmoid(a).mean() * len(a), reduce=lambda v: v),
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
        "difference": lambda z, p, q, share: p.log_prob(z) - q.log_prob(z) + math.log(share / (1 - share)),
        "logit of the share": lambda z, p, q, share: p.log_prob(z) - q.log_prob(z) + torch.logit(torch.tensor(share)),
        "weighed densities": lambda z, p, q, share: (
            (math.log(share) + p.log_prob(z)) - (math.log(1 - share) + q.log_prob(z))
        ),
    },
    "03.4": {
        "the library's loss": lambda r, f: (math.log(2) - losses.discriminator_loss(r, f) / 2, r.mean()),
        "softplus, plain numbers": lambda r, f: [
            math.log(2) - float(F.softplus(-r).mean() + F.softplus(f).mean()) / 2,
            float(r.mean()),
        ],
    },
}

WRONG = {
    "03.1": {
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
        "the share is missing": lambda z, p, q, share: p.log_prob(z) - q.log_prob(z),
        "the share is turned round": lambda z, p, q, share: plain(z, p, q) - math.log(share / (1 - share)),
        "only the prior's half": lambda z, p, q, share: plain(z, p, q) + math.log(share),
        "only the points' half": lambda z, p, q, share: plain(z, p, q) - math.log(1 - share),
        "the log of the weights is missing": lambda z, p, q, share: plain(z, p, q) + share / (1 - share),
        "log s + log p": lambda z, p, q, share: share * p.log_prob(z) - (1 - share) * q.log_prob(z),
        "the sign is turned round": lambda z, p, q, share: -plain(z, p, q) - math.log(share / (1 - share)),
        "this is D itself": lambda z, p, q, share: (plain(z, p, q) + math.log(share / (1 - share))).sigmoid(),
        "both densities round to 0": lambda z, p, q, share: (
            (share * p.log_prob(z).exp()) / ((1 - share) * q.log_prob(z).exp())
        ).log(),
    },
    "03.4": {
        "this is 2 JS": lambda r, f: (2 * math.log(2) - losses.discriminator_loss(r, f), r.mean()),
        "halve the loss": lambda r, f: (math.log(2) - losses.discriminator_loss(r, f), r.mean()),
        "JS is turned round": lambda r, f: (losses.discriminator_loss(r, f) / 2 - math.log(2), r.mean()),
        "this is L_D itself": lambda r, f: (losses.discriminator_loss(r, f), r.mean()),
        "have changed places": lambda r, f: (r.mean(), math.log(2) - losses.discriminator_loss(r, f) / 2),
        "in bits": lambda r, f: (1 - losses.discriminator_loss(r, f) / 2, r.mean()),
        "KL is turned round": lambda r, f: (js(r, f), -r.mean()),
        "this is KL(q ‖ p)": lambda r, f: (js(r, f), -f.mean()),
        "the mean over the points": lambda r, f: (js(r, f), f.mean()),
        "take the mean": lambda r, f: (js(r, f), r.sum()),
        "this is E[log D]": lambda r, f: (js(r, f), F.logsigmoid(r).mean()),
        "return 2 things": lambda r, f: js(r, f),
    },
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
