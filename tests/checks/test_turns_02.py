import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

import aae_lib as aae
from aae_lib import losses, networks
from tests.checks.answers import judged


def sd_of(log_var):
    return (0.5 * log_var).exp()


def kl(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)


def loss(
    code=networks.reparameterise,
    reconstruct=losses.bce,
    pull=lambda mean, log_var: kl(mean, log_var).mean(),
    total=lambda rec, pull, beta: rec + beta * pull,
):
    """A VAE's loss with faults to choose from."""

    def f(model, batch, terms):
        mean, log_var = model.encoder.moments(batch["x"])
        z = code(mean, log_var, batch["noise"])
        return total(reconstruct(model.decoder(z), batch["x"]), pull(mean, log_var), terms["beta"])

    return f


def by_distribution(model, batch, terms):
    mean, log_var = model.encoder.moments(batch["x"])
    logits = model.decoder(mean + sd_of(log_var) * batch["noise"])
    rec = F.binary_cross_entropy_with_logits(logits, batch["x"], reduction="sum") / len(mean)
    return rec + terms["beta"] * kl_divergence(Normal(mean, sd_of(log_var)), Normal(0.0, 1.0)).sum() / len(mean)


RIGHT = {
    "02.a": {
        "half, then exp": lambda m, v, e: m + sd_of(v) * e,
        "root": lambda m, v, e: m + v.exp().sqrt() * e,
        "addcmul": lambda m, v, e: torch.addcmul(m, e, torch.exp(v / 2)),
        "the library's": networks.reparameterise,
    },
    "02.b": {
        "the formula": kl,
        "torch.distributions": lambda m, v: kl_divergence(Normal(m, sd_of(v)), Normal(0.0, 1.0)).sum(-1),
        "by rows": lambda m, v: torch.stack([losses.gaussian_kl(m[[i]], v[[i]]) for i in range(len(m))]),
    },
    "02.c": {
        "by the lesson's parts": loss(),
        "torch.distributions": by_distribution,
        "the library's KL": loss(pull=losses.gaussian_kl),
    },
}

WRONG = {
    "02.a": {
        "σ² in place of σ": lambda m, v, e: m + v.exp() * e,
        "log σ² in place of σ": lambda m, v, e: m + v * e,
        "log σ in place of σ": lambda m, v, e: m + 0.5 * v * e,
        "the noise is missing": lambda m, v, e: m + sd_of(v),
        "σ is missing": lambda m, v, e: m + e,
        "μ is missing": lambda m, v, e: sd_of(v) * e,
        "the noise is subtracted": lambda m, v, e: m - sd_of(v) * e,
        "not a draw from it": lambda m, v, e: m * 1.0,
        "Do not draw in here": lambda m, v, e: m + sd_of(v) * torch.randn_like(m),
        "no gradient reaches log_var": lambda m, v, e: m + sd_of(v).detach() * e,
        "no gradient reaches the mean": lambda m, v, e: m.detach() + sd_of(v) * e,
    },
    "02.b": {
        "never negative": lambda m, v: -kl(m, v),
        "the ½ is missing": lambda m, v: 2 * kl(m, v),
        "the mean over the dimensions": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).mean(1),
        "the −1 is missing": lambda m, v: 0.5 * (m**2 + v.exp() - v).sum(1),
        "inside of the sum": lambda m, v: 0.5 * ((m**2 + v.exp() - v).sum(1) - 1),
        "shrink to a point": lambda m, v: 0.5 * (m**2 + v.exp() - 1).sum(1),
        "the sign of log σ²": lambda m, v: 0.5 * (m**2 + v.exp() - 1 + v).sum(1),
        "σ is used where σ² should be": lambda m, v: 0.5 * (m**2 + sd_of(v) - 1 - v).sum(1),
        "changed places": lambda m, v: 0.5 * (m**2 + v - 1 - v.exp()).sum(1),
        "taken for log σ": lambda m, v: 0.5 * (m**2 + v.exp() ** 2 - 1 - 2 * v).sum(1),
        "log_var as it is": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v / 2).sum(1),
        "not squared": lambda m, v: 0.5 * (m + v.exp() - 1 - v).sum(1),
        "μ² is missing": lambda m, v: 0.5 * (v.exp() - 1 - v).sum(1),
        "Yours has shape (3, 2)": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v),
        "one number for each *image*": lambda m, v: kl(m, v).mean(),
        "no gradient reaches log_var": lambda m, v: kl(m, v.detach()),
    },
    "02.c": {
        "where is the KL?": loss(total=lambda rec, pull, beta: rec),
        "where is the reconstruction?": loss(total=lambda rec, pull, beta: beta * pull),
        "beta is not used": loss(total=lambda rec, pull, beta: rec + pull),
        "summed over the images": loss(pull=lambda m, v: kl(m, v).sum()),
        "averaged over the dimensions": loss(pull=lambda m, v: kl(m, v).mean() / 2),
        "the KL is a cost": loss(total=lambda rec, pull, beta: rec - beta * pull),
        "this is the ELBO": loss(total=lambda rec, pull, beta: -rec - beta * pull),
        "beta weighs the KL only": loss(total=lambda rec, pull, beta: beta * (rec + pull)),
        "not the reconstruction": loss(total=lambda rec, pull, beta: beta * rec + pull),
        "the middle of each blob": loss(code=lambda m, v, e: m),
        "the bare noise": loss(code=lambda m, v, e: e),
        "done twice": loss(reconstruct=lambda logits, x: losses.bce(logits.sigmoid(), x)),
        "no log-likelihood": loss(reconstruct=lambda logits, x: losses.mse(logits.sigmoid(), x)),
        "a *sum* over the pixels": loss(reconstruct=F.binary_cross_entropy_with_logits),
        "Do not draw in here": loss(code=lambda m, v, e: m + sd_of(v) * torch.randn_like(m)),
        "not: something was cut off": loss(pull=lambda m, v: kl(m, v).mean().detach()),
        "plain number": loss(total=lambda rec, pull, beta: (rec + beta * pull).item()),
    },
}

test_right, test_wrong = judged(RIGHT, WRONG)


def test_what_is_borrowed_is_right():
    for number in RIGHT:
        assert aae.course.check(number, aae.course.borrow(number))
