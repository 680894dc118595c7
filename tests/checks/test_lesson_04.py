import torch
import torch.nn.functional as F

from aae_lib import losses
from tests.checks.answers import judged

GENERATOR = {
    "softplus": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).mean(),
    "logsigmoid": lambda m, b, t: -F.logsigmoid(m.discriminator(b["z"])).mean(),
    "a pass of its own": lambda m, b, t: F.softplus(-m.discriminator(m.encoder(b["x"]))).mean(),
    "bce": lambda m, b, t: F.binary_cross_entropy_with_logits(m.discriminator(b["z"]), torch.ones(len(b["z"]))),
}

GENERATOR_WRONG = {
    "returns nothing": lambda m, b, t: print("done"),
    "raised KeyError": lambda m, b, t: b["codes"],
    "the loss is a plain number": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).mean().item(),
    "must have shape (); yours has (3,)": lambda m, b, t: F.softplus(-m.discriminator(b["z"])),
    "the sign is turned round": lambda m, b, t: m.discriminator(b["z"]).sigmoid().log().mean(),
    "the sum over the batch": lambda m, b, t: F.softplus(-m.discriminator(b["z"])).sum(),
    "this is −log(1 − D)": lambda m, b, t: F.softplus(m.discriminator(b["z"])).mean(),
    "the saturating form": lambda m, b, t: (1 - m.discriminator(b["z"]).sigmoid()).log().mean(),
    "bare logits": lambda m, b, t: -m.discriminator(b["z"]).mean(),
    "the log is missing": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().mean(),
    "for logits 0.3, -1.6, -1.0, the loss should be": lambda m, b, t: m.discriminator(b["z"]).square().mean(),
    "no gradient reaches the encoder": lambda m, b, t: F.softplus(-m.discriminator(b["z"].detach())).mean(),
    "yours says inf": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().log().mean(),
    "yours says 18.42": lambda m, b, t: -(m.discriminator(b["z"]).sigmoid() + 1e-8).log().mean(),
    "is lost. Work on the logits": lambda m, b, t: -m.discriminator(b["z"]).sigmoid().clamp(min=1e-8).log().mean(),
    "yours says 100": lambda m, b, t: F.binary_cross_entropy(
        m.discriminator(b["z"]).sigmoid(), torch.ones(len(b["z"]))
    ),
    "the gradient that reaches the encoder is not": lambda m, b, t: (
        F.softplus(-m.discriminator(b["z"])).mean().detach() + (b["z"] - b["z"].detach()).sum()
    ),
    "changes its input in place": lambda m, b, t: F.softplus(-m.discriminator(b["z"].detach().mul_(2))).mean(),
}


# ---- 04.2: the discriminator's step ----


def d_loss(model, x, z_prior, codes=lambda z: z.detach()):
    return losses.discriminator_loss(model.discriminator(z_prior), model.discriminator(codes(model.encoder(x))))


def descend(model, loss, rate, parts=("discriminator",)):
    parameters = [p for part in parts for p in getattr(model, part).parameters()]
    with torch.no_grad():
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.sub_(rate * g)
    return loss.detach()


def with_optimizer(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior)
    optimizer = torch.optim.SGD(model.discriminator.parameters(), lr=rate)
    for p, g in zip(
        model.discriminator.parameters(), torch.autograd.grad(loss, [*model.discriminator.parameters()]), strict=True
    ):
        p.grad = g
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def with_backward(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior)
    loss.backward()
    for p in model.discriminator.parameters():
        p.data -= rate * p.grad
        p.grad = None
    return loss.detach()


def with_cross_entropy(model, x, z_prior, rate):
    z = torch.cat([z_prior, model.encoder(x)])  # no detach: the gradients asked for are D's anyway
    truth = torch.cat([torch.ones(len(x)), torch.zeros(len(x))])
    return descend(model, 2 * F.binary_cross_entropy_with_logits(model.discriminator(z), truth), rate)


def leaks(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior, codes=lambda z: z)
    loss.backward()
    for p in model.discriminator.parameters():
        p.data -= rate * p.grad
        p.grad = None
    return loss.detach()


def rebinds(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior)
    for p, g in zip(
        model.discriminator.parameters(), torch.autograd.grad(loss, [*model.discriminator.parameters()]), strict=True
    ):
        p = p - rate * g
    return loss.detach()


def keeps_graph_of_leaf(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior)
    for p, g in zip(
        model.discriminator.parameters(), torch.autograd.grad(loss, [*model.discriminator.parameters()]), strict=True
    ):
        p -= rate * g
    return loss


def keeps_graph(model, x, z_prior, rate):
    loss = d_loss(model, x, z_prior)
    descend(model, loss, rate)
    return loss


def swapped(model, x, z_prior, rate):
    z = model.encoder(x).detach()
    return descend(model, losses.discriminator_loss(model.discriminator(z), model.discriminator(z_prior)), rate)


def halved(model, x, z_prior, rate):
    return descend(model, 0.5 * d_loss(model, x, z_prior), rate)


def codes_only(model, x, z_prior, rate):
    return descend(model, F.softplus(model.discriminator(model.encoder(x))).mean(), rate)


def prior_only(model, x, z_prior, rate):
    return descend(model, F.softplus(-model.discriminator(z_prior)).mean(), rate)


def as_generator(model, x, z_prior, rate):
    return descend(model, losses.generator_loss(model.discriminator(model.encoder(x))), rate)


def moves_encoder(model, x, z_prior, rate):
    return descend(model, d_loss(model, x, z_prior, lambda z: z), rate, ("discriminator", "encoder"))


DISCRIMINATOR = {
    "the library's losses": lambda m, x, z, r: descend(m, d_loss(m, x, z), r),
    "an optimizer": with_optimizer,
    "backward, cleared": with_backward,
    "cross-entropy": with_cross_entropy,
}
DISCRIMINATOR_WRONG = {
    "the encoder has moved": moves_encoder,
    "have changed places": swapped,
    "this is half of it": halved,
    "what of the prior samples": codes_only,
    "what of the codes": prior_only,
    "the generator's loss": as_generator,
    "the name p gets a new tensor": rebinds,
    "a leaf Variable": keeps_graph_of_leaf,
    "D went uphill": lambda m, x, z, r: descend(m, d_loss(m, x, z), -r),
    "the rate is missing": lambda m, x, z, r: descend(m, d_loss(m, x, z), 1.0),
    "left gradients in encoder": leaks,
    "comes with its graph": keeps_graph,
    "your function returns nothing": lambda m, x, z, r: print(descend(m, d_loss(m, x, z), r)),
}


# ---- 04.3: a trainer in ten lines ----


def one_by_one(model, phases, optimizers, batch, *, before=None, after=None, terms=True, keep=False):
    """backward() and what is done before and after it."""
    values = {}
    for phase in phases:
        if before:
            before(model, optimizers[phase.name])
        loss = phase.loss(model, batch, phase.terms if terms else dict.fromkeys(phase.terms, 1.0))
        loss.backward()
        optimizers[phase.name].step()
        if after:
            after(model, optimizers[phase.name])
        values[phase.name] = loss if keep else loss.detach()
    return values


def cleared(model, optimizer):
    model.zero_grad()


def with_grad(model, phases, optimizers, batch):
    values = {}
    for phase in phases:
        parameters = phase.parameters(model)
        loss = phase.loss(model, batch, phase.terms)
        for p, g in zip(parameters.values(), phase.gradients(loss, parameters), strict=True):
            p.grad = g
        optimizers[phase.name].step()
        values[phase.name] = loss.item()
    return values


def frozen(model, phases, optimizers, batch):
    """Everything else held fixed by requires_grad, as many write it."""
    values = {}
    for phase in phases:
        mine = set(phase.parameters(model).values())
        for p in model.parameters():
            p.requires_grad_(p in mine)
        model.zero_grad()
        loss = phase.loss(model, batch, phase.terms)
        loss.backward()
        optimizers[phase.name].step()
        values[phase.name] = loss.detach()
    for p in model.parameters():
        p.requires_grad_(True)
    return values


def all_gradients_first(model, phases, optimizers, batch):
    slopes = []
    for phase in phases:
        parameters = list(phase.parameters(model).values())
        slopes.append((parameters, torch.autograd.grad(phase.loss(model, batch, phase.terms), parameters)))
    for phase, (parameters, gradients) in zip(phases, slopes, strict=True):
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = g
        optimizers[phase.name].step()
    return {}


def all_losses_first(model, phases, optimizers, batch):
    values = {phase.name: phase.loss(model, batch, phase.terms) for phase in phases}
    for phase in phases:
        model.zero_grad()
        values[phase.name].backward()
        optimizers[phase.name].step()
    return values


def summed(model, phases, optimizers, batch):
    model.zero_grad()
    sum(phase.loss(model, batch, phase.terms) for phase in phases).backward()
    for phase in phases:
        optimizers[phase.name].step()
    return {}


def these_three_only(model, phases, optimizers, batch):
    values = {}
    known = {phase.name: phase for phase in phases}
    for name in ("reconstruction", "discriminator", "generator"):
        if name in known:
            values |= with_grad(model, [known[name]], optimizers, batch)
    return values


STEP = {
    "autograd.grad": with_grad,
    "cleared before": lambda *a: one_by_one(*a, before=cleared),
    "cleared after": lambda *a: one_by_one(*a, after=cleared),
    "the rest frozen": frozen,
}
STEP_WRONG = {
    "no parameter has moved": lambda m, p, o, b: {q.name: q.loss(m, b, q.terms).detach() for q in p},
    "the discriminator has not moved": lambda m, p, o, b: with_grad(m, [p[0], p[2]], o, b),
    "still in .grad and were added": lambda *a: one_by_one(*a),
    "clear the whole model": lambda *a: one_by_one(*a, after=lambda model, optimizer: optimizer.zero_grad()),
    "taken before the first update": all_gradients_first,
    "inplace operation": all_losses_first,
    "another order": lambda m, p, o, b: with_grad(m, p[::-1], o, b),
    "the losses were added": summed,
    "terms of the phase are not handed on": lambda *a: one_by_one(*a, before=cleared, terms=False),
    "what the library's trainer makes": lambda m, p, o, b: with_grad(m, [p[0], p[1], p[1], p[2]], o, b),
    "your function returns nothing": lambda *a: print(with_grad(*a)),
    "return a dict with one loss for each phase": lambda *a: list(with_grad(*a).values()),
    "the dict has one loss for each phase": lambda *a: {"loss": sum(with_grad(*a).values())},
    "the loss of 'reconstruction' is not": lambda *a: with_grad(*a) | {"reconstruction": 0.0},
    "store loss.detach()": lambda *a: one_by_one(*a, before=cleared, keep=True),
    "these three phases only": these_three_only,
}


# ---- 04.4: Adam with a weight ----


def torch_adam(gradients, rate, weight):
    w = torch.zeros(gradients.shape[1])
    optimizer = torch.optim.Adam([w], lr=rate * weight)
    path = [w.clone()]
    for g in gradients:
        w.grad = g
        optimizer.step()
        path.append(w.clone())
    return torch.stack(path).diff(dim=0)


def hand_adam(gradients, rate, weight, *, inside=1.0, correct=True, root=True, first=1):
    m, v, out = 0.0, 0.0, []
    for t, g in enumerate(gradients, first):
        g = g * inside
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        a, b = (m / (1 - 0.9**t), v / (1 - 0.999**t)) if correct and t else (m, v)
        out.append(-rate * weight * a / ((b**0.5 if root else b) + 1e-8))
    return torch.stack(out)


ADAM = {"by hand": hand_adam, "torch's own": torch_adam}
ADAM_WRONG = {
    "the sign is turned round": lambda g, r, w: -hand_adam(g, r, w),
    "these are the positions": lambda g, r, w: hand_adam(g, r, w).cumsum(0),
    "the rate is missing": lambda g, r, w: hand_adam(g, 1.0, w),
    "plain gradient descent": lambda g, r, w: -r * w * g,
    "divide by 1 − beta^t": lambda g, r, w: hand_adam(g, r, w, correct=False),
    "the root is missing": lambda g, r, w: hand_adam(g, r, w, root=False),
    "a step behind": lambda g, r, w: hand_adam(g, r, w, first=0),
    "the update should be": lambda g, r, w: hand_adam(g.flip(0), r, w),
    "it cancels": lambda g, r, w: hand_adam(g, r, 1.0, inside=w or 1.0),
    "it is in there twice": lambda g, r, w: hand_adam(g, r, w * w),
    "with weight 0": lambda g, r, w: hand_adam(g, r, max(w, 0.5)),
    "must have shape (6, 3)": lambda g, r, w: hand_adam(g, r, w)[-1],
    "changes its input in place": lambda g, r, w: hand_adam(g.mul_(2), r, w),
}


# ---- 04.5: what neighbours have in common ----


def loop(z, labels, k):
    hits = 0
    for i in range(len(z)):
        distance = (z - z[i]).square().sum(1)
        distance[i] = 1e9
        hits += int((labels[distance.argsort()[:k]] == labels[i]).sum())
    return hits / (k * len(z))


def purity_of(z, labels, k, *, diagonal=float("inf"), largest=False, drop=0):
    distance = torch.cdist(z, z)
    if diagonal is not None:
        distance = distance + torch.diag(torch.full((len(z),), diagonal))
    nearest = distance.topk(k + drop, largest=largest).indices[:, drop:]
    return (labels[nearest] == labels[:, None]).float().mean()


PURITY = {"a loop": loop, "cdist": purity_of}
PURITY_WRONG = {
    "its own nearest neighbour": lambda z, y, k: purity_of(z, y, k, diagonal=None),
    "these are the farthest": lambda z, y, k: purity_of(z, y, k, diagonal=None, largest=True),
    "a number of neighbours": lambda z, y, k: k * purity_of(z, y, k),
    "the share of *other* labels": lambda z, y, k: 1 - purity_of(z, y, k),
    "one neighbour only": lambda z, y, k: purity_of(z, y, 1),
    "neighbours by label": lambda z, y, k: purity_of(y[:, None].float(), y, k),
    "drop the first of the k + 1": lambda z, y, k: purity_of(z, y, k, diagonal=None, drop=1),
    "two pairs of codes": lambda z, y, k: purity_of(z, y, 5) if len(z) > 5 else purity_of(z, y, 1),
    "must have shape ()": lambda z, y, k: (y[:, None] == y).float().mean(1),
    "the share should be": lambda z, y, k: purity_of(z, y, 3),
}


RIGHT = {
    "04.1": GENERATOR,
    "04.2": DISCRIMINATOR,
    "04.3": STEP,
    "04.4": ADAM,
    "04.5": PURITY,
}
WRONG = {
    "04.1": GENERATOR_WRONG,
    "04.2": DISCRIMINATOR_WRONG,
    "04.3": STEP_WRONG,
    "04.4": ADAM_WRONG,
    "04.5": PURITY_WRONG,
}


test_right_answers_pass_however_they_are_written, test_wrong_answers_are_told_what_is_wrong = judged(RIGHT, WRONG)
