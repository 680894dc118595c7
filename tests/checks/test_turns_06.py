"""Right and wrong answers to what lesson 06 asks for in place: who moved, places held, the penalty, WAE-MMD."""

import math

import torch
import torch.nn.functional as F

import aae_lib as aae
from aae_lib import losses
from aae_lib.course.checks.turns_06 import penalty, weights, who_moved
from aae_lib.models.wae import wae_loss
from tests.checks.answers import judged

# ---- 06.a: who moved? ----


def moves(length=torch.Tensor.norm, keep=lambda before, after: after, among=lambda phase, network, length: True):
    def f(trainer):
        moved, before = {}, weights(trainer.model)
        for phase in trainer.walk():
            after = weights(trainer.model)
            lengths = {n: float(length(after[n] - before[n])) for n in after}
            moved[phase] = {n: value for n, value in lengths.items() if among(phase, n, value)}
            before = keep(before, after)
        return moved

    return f


def by_children(trainer):
    def snapshot():
        return {n: [p.detach().clone() for p in net.parameters()] for n, net in trainer.model.named_children()}

    moved, before = {}, snapshot()
    for phase in trainer.walk():
        after, moved[phase] = snapshot(), {}
        for n in after:
            moved[phase][n] = sum(((a - b) ** 2).sum() for a, b in zip(after[n], before[n], strict=True)).sqrt()
        before = after
    return moved


def by_state(trainer):
    names = ("encoder", "decoder", "discriminator")
    before, moved = {k: v.clone() for k, v in trainer.model.state_dict().items()}, {}
    for phase in trainer.walk():
        now = {k: v.clone() for k, v in trainer.model.state_dict().items()}
        moved[phase] = {
            n: math.sqrt(sum(float((now[k] - before[k]).square().sum()) for k in now if k.startswith(n))) for n in names
        }
        before = now
    return moved


def whole_step(trainer):
    before = weights(trainer.model)
    trainer.step()
    after = weights(trainer.model)
    return {phase.name: {n: float((after[n] - before[n]).norm()) for n in after} for phase in trainer.phases}


def returns_at_once(trainer):
    before = weights(trainer.model)
    for phase in trainer.walk():
        return {phase: {n: float((w - before[n]).norm()) for n, w in weights(trainer.model).items()}}


def twice(trainer):
    trainer.step()
    return who_moved(trainer)


def at_the_end(trainer):
    before = weights(trainer.model)
    phases = list(trainer.walk())
    after = weights(trainer.model)
    return {phase: {n: float((after[n] - before[n]).norm()) for n in after} for phase in phases}


def only_looks(trainer):
    return {phase.name: {n: 0.0 for n in weights(trainer.model)} for phase in trainer.phases}


# ---- 06.b: effective number ----


def by_loop(places, k):
    entropy = 0.0
    for i in range(k):
        share = (places == i).float().mean()
        if share > 0:
            entropy = entropy - share * share.log()
    return entropy.exp()


def entropy_of(places, k):
    share = places.bincount(minlength=k) / len(places)
    return torch.special.entr(share).sum()


def unguarded(places, k):
    share = places.bincount(minlength=k) / len(places)
    return (-share * share.log()).sum().exp()


EFFECTIVE = {
    "a loop": by_loop,
    "xlogy": lambda p, k: (lambda s: (-torch.xlogy(s, s)).sum().exp())(F.one_hot(p, k).float().mean(0)),
    "a plain number": lambda p, k: entropy_of(p, k).exp().item(),
    "a distribution": lambda p, k: torch.distributions.Categorical(p.bincount(minlength=k).float()).entropy().exp(),
}
EFFECTIVE_WRONG = {
    "NaN": unguarded,
    "any code at all": lambda p, k: torch.tensor(float(len(p.unique()))),
    "this is k": lambda p, k: torch.tensor(float(k)),
    "this is the entropy;": entropy_of,
    "in bits": lambda p, k: entropy_of(p, k) / math.log(2),
    "log2 belongs to 2": lambda p, k: (entropy_of(p, k) / math.log(2)).exp(),
    "the minus": lambda p, k: (-entropy_of(p, k)).exp(),
    "Simpson": lambda p, k: 1 / (p.bincount(minlength=k) / len(p)).square().sum(),
    "as a share of log k": lambda p, k: entropy_of(p, k) / math.log(k),
    "must have shape ()": lambda p, k: p.bincount(minlength=k) / len(p),
}

# ---- 06.c: the penalty ----


def slopes(d, z, **options):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sum(), z, create_graph=True, **options)[0]


def point_by_point(d, z):
    rows = []
    for row in z:
        row = row.clone().requires_grad_()
        (slope,) = torch.autograd.grad(d(row[None])[0], row, create_graph=True)
        rows.append((slope**2).sum())
    return torch.stack(rows).mean()


def of_d(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sigmoid().sum(), z, create_graph=True)[0].square().sum(1).mean()


def of_mean(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).mean(), z, create_graph=True)[0].square().sum(1).mean()


def no_graph(d, z):
    z = z.detach().requires_grad_()
    return torch.autograd.grad(d(z).sum(), z)[0].square().sum(1).mean()


def marks_z(d, z):
    z.requires_grad_()
    return torch.autograd.grad(d(z).sum(), z, create_graph=True)[0].square().sum(1).mean()


PENALTY = {
    "the library's": lambda d, z: losses.gradient_penalty(d, z)[1],
    "point by point": point_by_point,
    "norm squared": lambda d, z: slopes(d, z).norm(dim=1).pow(2).mean(),
}
PENALTY_WRONG = {
    "the mean length": lambda d, z: slopes(d, z).norm(dim=1).mean(),
    "the sum over the points": lambda d, z: slopes(d, z).square().sum(),
    "over the coordinates too": lambda d, z: slopes(d, z).square().mean(),
    "take the slope of logits.sum()": of_mean,
    "WGAN-GP": lambda d, z: (slopes(d, z).norm(dim=1) - 1).square().mean(),
    "the slope of D": of_d,
    "the ½ belongs": lambda d, z: penalty(d, z) / 2,
    "create_graph=True": no_graph,
    "on the z that it was given": marks_z,
    "must have shape ()": lambda d, z: slopes(d, z).square().sum(1),
    "does not require grad": lambda d, z: torch.autograd.grad(d(z).sum(), z)[0].square().sum(1).mean(),
}

# ---- 06.d: WAE-MMD ----


def wae(image=lambda m, z, b: losses.bce(m.decoder(z), b["x"]), match=losses.mmd, weight=lambda terms: terms["mmd"]):
    def f(model, batch, terms):
        z = model.encoder(batch["x"])
        return image(model, z, batch) + weight(terms) * match(z, batch["z_prior"])

    return f


def by_kernel(z, z_prior):
    def kernel(a, b):
        squared = (a[:, None] - b[None]).square().sum(2)
        return sum(c / (c + squared) for c in (0.2, 1.0, 4.0, 16.0))

    def apart(k):
        return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))

    return apart(kernel(z, z)) + apart(kernel(z_prior, z_prior)) - 2 * kernel(z, z_prior).mean()


WAE = {
    "as in the lesson": wae(),
    "the other way round": wae(match=lambda z, p: losses.mmd(p, z)),
    "the MMD by hand": wae(match=by_kernel),
    "the library's": wae_loss,
}
WAE_WRONG = {
    "the reconstruction alone": wae(weight=lambda t: 0.0),
    "the match alone": wae(image=lambda m, z, b: 0.0),
    "the weight λ is missing": wae(weight=lambda t: 1.0),
    "the sign of the MMD": wae(weight=lambda t: -t["mmd"]),
    "λ belongs to the MMD alone": lambda m, b, t: t["mmd"] * wae(weight=lambda t: 1.0)(m, b, t),
    "does the sigmoid itself": wae(image=lambda m, z, b: losses.bce(m.decoder(z).sigmoid(), b["x"])),
    "prior samples went into the decoder": wae(image=lambda m, z, b: losses.bce(m.decoder(b["z_prior"]), b["x"])),
    "no root": wae(match=lambda z, p: losses.mmd(z, p).clamp(min=0).sqrt()),
    "for λ = 3": wae(weight=lambda t: 100.0),
    "the gradient that reaches the encoder is not": wae(match=lambda z, p: losses.mmd(z.detach(), p)),
    "plain number": lambda m, b, t: wae()(m, b, t).item(),
    "no gradient": lambda m, b, t: wae()(m, b, t).detach(),
}

RIGHT = {
    "06.a": {"as in the lesson": moves(), "networks as children": by_children, "the state": by_state},
    "06.b": EFFECTIVE,
    "06.c": PENALTY,
    "06.d": WAE,
}
WRONG = {
    "06.a": {
        "returns nothing": lambda trainer: print(who_moved(trainer)),
        "return a dict": lambda trainer: list(who_moved(trainer).items()),
        "has made no step": only_looks,
        "has made 2 steps": twice,
        "would break it off": returns_at_once,
        "as well. After each phase": moves(keep=lambda before, after: before),
        "the generator gets what the phases before it": whole_step,
        "what the phases before it have moved": at_the_end,
        "squares of the lengths": moves(length=lambda d: d.square().sum()),
        "the length of one long difference": moves(length=lambda d: d.abs().mean()),
        "Put zeros in": moves(among=lambda phase, network, length: length > 0),
        "everything is 0": lambda t: {p: dict.fromkeys(m, 0.0) for p, m in who_moved(t).items()},
        "no entry for the phase": lambda t: {p: m for p, m in who_moved(t).items() if p != "discriminator"},
        "a dict, network -> length": lambda t: {p: sum(m.values()) for p, m in who_moved(t).items()},
        "a length must be one number": lambda t: {p: dict.fromkeys(m, "far") for p, m in who_moved(t).items()},
    },
    "06.b": EFFECTIVE_WRONG,
    "06.c": PENALTY_WRONG,
    "06.d": WAE_WRONG,
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
