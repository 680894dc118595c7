"""Checks for the exercises of lesson 06, the clinic: two calming cures, and a diagnosis."""

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from ..ward import ILLNESSES, results
from .answers import Wrong, call, equal, kind, several, tensor
from .tasks import task

# ---- 06.1 ----


def smoothed_loss(real: Tensor, fake: Tensor, share: float) -> Tensor:
    """D's cross-entropy, where a prior sample is real to 1 − share only."""
    return (1 - share) * softplus(-real).mean() + share * softplus(real).mean() + softplus(fake).mean()


@task(
    "06.1",
    "one-sided label smoothing",
    hints=(
        "The cross-entropy of a label t is −t log D − (1 − t) log(1 − D). Prior samples: t = 1 − share; codes: t = 0.",
        "−log D = softplus(−logits) and −log(1 − D) = softplus(logits): three terms in all, two of them for `real`.",
        "(1 - share) * softplus(-real).mean() + share * softplus(real).mean() + softplus(fake).mean()",
    ),
    part=lambda: smoothed_loss,
)
def smoothing(f: Any) -> str:
    """f(real, fake, share): one number."""
    real = torch.tensor([3.0, -1.0, 0.5], requires_grad=True)
    fake = torch.tensor([-2.0, 1.5], requires_grad=True)
    share = 0.2
    loss = tensor(call(f, real, fake, share), (), "the loss", like=real)
    right = smoothed_loss(real, fake, share)
    plain = softplus(-real).mean() + softplus(fake).mean()
    both = right + share * (softplus(-fake).mean() - softplus(fake).mean())
    flipped = share * softplus(-real).mean() + (1 - share) * softplus(real).mean() + softplus(fake).mean()
    codes = softplus(-real).mean() + (1 - share) * softplus(fake).mean() + share * softplus(-fake).mean()
    scaled = (1 - share) * softplus(-real).mean() + softplus(fake).mean()
    mistakes = (
        (plain, "this is the loss without smoothing: share is not used."),
        (both, "the codes' label is smoothed too. One-sided: theirs stays 0, or D is flat where only codes are."),
        (codes, "the wrong side: the label of the prior samples becomes 1 − share, that of the codes stays 0."),
        (flipped, "share and 1 − share have changed places: the prior samples are now mostly fake."),
        (scaled, "this only scales a term down. The share of log(1 − D) at the prior samples is missing."),
        (-right, "the sign is turned round."),
    )
    equal(loss, right, mistakes, "the loss", f"for share {share}")
    if not loss.requires_grad:
        raise Wrong("the number is right, but no gradient reaches the discriminator: is there a detach too many?")
    equal(call(f, real, fake, 0.0), plain, (), "the loss", "for share 0")
    return "right: the best D says 1 − share of a lone prior sample: it is never quite sure that a point is real."


# ---- 06.2 ----


def noisy_logits(discriminator: Any, z_prior: Tensor, z: Tensor, sd: float, generator: Generator) -> tuple:
    """Logits of both samples, each with fresh noise of its own."""

    def noise(points: Tensor) -> Tensor:
        return sd * torch.randn(points.shape, generator=generator)

    return discriminator(z_prior + noise(z_prior)), discriminator(z + noise(z))


@task(
    "06.2",
    "instance noise",
    hints=(
        "The noise goes on what D *sees*: prior samples and codes alike, sd · N(0, 1) in every coordinate.",
        "torch.randn(z.shape, generator=generator) for each of the two, drawn separately; then D, and return both.",
        "real = discriminator(z_prior + sd * torch.randn(z_prior.shape, generator=generator)), the same with z; "
        "return real, fake.",
    ),
    part=lambda: noisy_logits,
)
def instance_noise(f: Any) -> str:
    """f(discriminator, z_prior, z, sd, generator): (real, fake) logits."""
    n, m, sd = 4000, 3000, 0.3
    seen = []

    def discriminator(points: Tensor) -> Tensor:
        seen.append(points)
        return points.sum(1)

    z_prior = torch.zeros(n, 2)
    z = torch.full((m, 2), 5.0, requires_grad=True)
    state = torch.get_rng_state()
    g = Generator().manual_seed(0)
    pair = call(f, discriminator, z_prior, z, sd, g)
    outside = not torch.equal(state, torch.get_rng_state())
    torch.set_rng_state(state)
    if pair is None:
        raise Wrong("your function returns nothing. print only shows a value; `return real, fake` hands both on.")
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong(f"return a pair, the logits of both samples: real, fake. Yours is {kind(pair)}.")
    if outside:
        raise Wrong("the noise comes from PyTorch's global generator: hand generator=generator to randn.")
    if isinstance(pair[0], Tensor) and pair[0].shape == (m,):
        raise Wrong("the two have changed places: return the logits of the prior samples first.")
    real, fake = (tensor(logits, (k,), what) for logits, k, what in zip(pair, (n, m), ("real", "fake"), strict=True))
    if not seen:
        raise Wrong("the discriminator was never asked.")
    found = [real.detach().std() / math.sqrt(2), fake.detach().std() / math.sqrt(2)]
    for name, spread in zip(("prior samples", "codes"), found, strict=True):
        if spread < 1e-6:
            raise Wrong(f"not yet: the {name} reach D without noise. Both get it, or D tells them by the noise itself.")
        if abs(spread / sd - math.sqrt(2)) < 0.03 or abs(spread - sd) > 0.03:
            on_d = [points.detach().std(0).mean() for points in seen]
            inputs = (
                "; the same noise in both coordinates?" if min(on_d) > 0 and abs(spread / sd - 2**0.5) < 0.05 else ""
            )
            variance = " sd is the standard deviation, not the variance." if abs(spread - sd**0.5) < 0.03 else ""
            uniform = " torch.rand is uniform; randn is normal." if abs(fake.detach().mean() - 10) > 0.1 else ""
            raise Wrong(
                f"not yet: the noise on the {name} has sd {spread:.2f}, not {sd} as asked{inputs}.{variance}{uniform}"
            )
    if abs(float(fake.detach().mean()) - 10) > 0.05 or abs(float(real.detach().mean())) > 0.05:
        raise Wrong("not yet: the noise has a mean other than 0: torch.rand is uniform from 0 to 1, randn is normal.")
    (reached,) = torch.autograd.grad(fake.sum(), z, allow_unused=True) if fake.requires_grad else (None,)
    if reached is None or not torch.equal(reached, torch.ones_like(z)):
        raise Wrong(
            "the logits are right, but no gradient reaches the codes: the generator's step needs it, do not detach."
        )
    together = torch.corrcoef(torch.stack([real.detach()[:m], fake.detach()]))[0, 1]
    if abs(together) > 0.5:
        raise Wrong("not yet: both samples get the very same noise. Draw it twice.")
    again, _ = several(call(f, discriminator, z_prior, z, sd, g), 2, "real and fake")
    if torch.equal(tensor(again, (n,), "real"), real):
        raise Wrong("two calls gave the same noise: do not seed inside, or D learns that noise by heart.")
    return "right: fresh noise on both, from the generator, and the codes keep their gradient."


# ---- 06.3 ----

MEASURES = ("mmd", "held", "d_right", "push", "step", "wander")
SOUND = ("healthy, untreated", "healthy, r1", "healthy, noise", "saturating, loss")  # a cured patient is healthy


def cases(seeds: tuple[int, ...]) -> list[tuple[str, dict[str, float]]]:
    """Stored charts of those seeds, the measures alone: (name of the illness, chart)."""
    stored = results()
    named = [(name, name.split(",")[0]) for name in stored if name.endswith(", untreated")]
    named += [(name, "healthy") for name in SOUND[1:]]
    return [(truth, {m: stored[name][seed][m] for m in MEASURES}) for seed in seeds for name, truth in named]


def diagnose(chart: dict[str, float]) -> str:
    """Name of the illness, by the measures; the order counts."""
    if chart["step"] == 0:
        return "forgotten"
    if chart["d_right"] > 0.85:
        return "winner" if chart["push"] > 0.2 else "saturating"
    if chart["wander"] > 0.4:
        return "rate"
    if chart["held"] < 0.3:
        return "collapse"
    return "healthy"


CONFUSED = {
    (
        "healthy",
        "saturating",
    ): "A small push is no illness where D cannot tell (d_right near 0.5): nothing is left to push.",
    (
        "saturating",
        "winner",
    ): "D wins in both. Here the push is nearly 0: the loss is flat. The winner's push is large.",
    ("winner", "saturating"): "D wins in both. Here the push is large, and not followed: see the step.",
    ("forgotten", "winner"): "D wins here because nobody plays against it: the generator's step is exactly 0.",
    ("collapse", "rate"): "Both hold little of the room. What tells them apart is how far the codes wander.",
    ("rate", "collapse"): "Both hold little of the room. What tells them apart is how far the codes wander.",
    ("rate", "healthy"): "The losses would be in equilibrium here. The codes are on the move, and match nothing.",
    ("winner", "collapse"): "A far-flung cloud holds little of the prior's room, too; first ask whether D wins.",
    ("saturating", "collapse"): "All codes are in one place here, too; but D is right about nearly all of them.",
    ("forgotten", "healthy"): "Has the generator moved at all? See its step.",
}


@task(
    "06.3",
    "a diagnosis",
    hints=(
        "Begin with what admits one answer only: a step of exactly 0. Then ask whether D wins (d_right near 1).",
        "Where D wins: large push = winner, push near 0 = saturating. Where it does not: codes that wander far = rate, "
        "a small part of the prior's room held = collapse, otherwise healthy. The order counts.",
        "step == 0; d_right > 0.85, then push > 0.2 or not; wander > 0.4; held < 0.3; else healthy.",
    ),
    part=lambda: diagnose,
)
def diagnosis(f: Any) -> str:
    """f(chart) -> one of ILLNESSES; judged on seeds 3 and 4, which the learner has not seen."""
    wrong = []
    held_out = cases((3, 4))
    for truth, chart in held_out:
        said = call(f, dict(chart))
        if said is None:
            raise Wrong("your function returns nothing for some chart: `return` a name on every path, also the last.")
        if not isinstance(said, str):
            raise Wrong(
                f"the diagnosis must be a str, one of {', '.join(ILLNESSES)}; yours is a {type(said).__name__}."
            )
        if said not in ILLNESSES:
            raise Wrong(f"the str {said!r} is not the name of an illness; the names are {', '.join(ILLNESSES)}.")
        if said != truth:
            wrong.append((truth, said, chart))
    if wrong:
        truth, said, chart = wrong[0]
        shown = ", ".join(f"{name} {value:.3g}" for name, value in chart.items())
        raise Wrong(
            f"{len(held_out) - len(wrong)} of {len(held_out)} held-out cases are right. The first miss: you say "
            f"{said}, it is {truth} ({shown}). {CONFUSED.get((truth, said), '')}".rstrip()
        )
    return f"right: all {len(held_out)} held-out cases, from seeds that you had not seen."
