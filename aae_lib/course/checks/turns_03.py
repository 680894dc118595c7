"""Checks of what the learner writes within lesson 03: both players' losses, the game, the best discriminator."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from ... import losses
from ...priors import Gaussian
from .answers import Wrong, call, equal, gradient, number, several, tensor
from .lesson_03 import Slope, small_discriminator, two_clouds
from .tasks import task

softplus = nn.functional.softplus


def not_a_log_of_logits(loss: Tensor) -> None:
    """Wrong if the loss is nan, which it is where the logits were taken for D."""
    if loss.isnan():
        raise Wrong(
            "this is nan, the log of a negative number: discriminator(z) gives logits a, and D = sigmoid(a). softplus "
            "takes the logits as they are: −log D is softplus(−a)."
        )


# ---- 03.a: the discriminator's loss ----


def d_loss(discriminator: nn.Module, z_prior: Tensor, z: Tensor) -> Tensor:
    """−E_p[log D] − E_q[log(1 − D)], the points held fixed."""
    return losses.discriminator_loss(discriminator(z_prior), discriminator(z.detach()))


@task(
    "03.a",
    "the discriminator's loss",
    hints=(
        "Two means, added: −log D over the prior samples, −log(1 − D) over the points. The points are constants here.",
        "With logits a: −log D is softplus(−a), and −log(1 − D) is softplus(a). Cut the points off before D sees them: "
        "z.detach().",
        "real, fake = discriminator(z_prior), discriminator(z.detach()); "
        "return softplus(−real).mean() + softplus(fake).mean()",
    ),
    part=lambda: d_loss,
)
def discriminator_loss(f: Any) -> str:
    """d_loss(discriminator, z_prior, z) = −E_p[log D(z_prior)] − E_q[log(1 − D(z))], without a gradient to z."""
    discriminator = small_discriminator()
    z_prior = torch.tensor([[1.0, 1.0], [-1.0, 2.0], [0.3, -2.0]])
    z = torch.tensor([[0.5, -1.0], [2.0, 0.3]], requires_grad=True)
    loss = tensor(call(f, discriminator, z_prior, z), (), "the loss", like=z)
    real, fake = discriminator(z_prior), discriminator(z.detach())
    right = losses.discriminator_loss(real, fake)
    not_a_log_of_logits(loss)
    on_real, on_fake = softplus(-real), softplus(fake)
    squashed = losses.discriminator_loss(real.sigmoid(), fake.sigmoid())
    mistakes = (
        (losses.discriminator_loss(fake, real), "prior samples and points have changed places, or both signs have: "
         "this teaches D to call prior samples fake."),
        (-right, "the sign is turned round: lowering this makes D *worse*."),
        (right / 2, "this is half of it: the two means are added, not averaged (at D = 1/2 the sum is 2 log 2)."),
        (torch.cat([on_real, on_fake]).mean(), "this is one mean over all rows; each cloud has a mean of its own."),
        (on_real.sum() + on_fake.sum(), "these are sums over the batch; take the mean of each cloud."),
        (on_real.mean(), "the second half is missing: D never hears what a point looks like."),
        (on_fake.mean(), "the first half is missing: D never hears what a prior sample looks like."),
        (on_real.mean() - on_fake.mean(), "the second term has the wrong sign: both are costs, add them."),
        (squashed, "a sigmoid too many: softplus takes logits, and D = sigmoid(logits) is in it already."),
        (-softplus(real).mean() - softplus(-fake).mean(), "the minus signs belong inside: −log D is softplus(−a), and "
         "−log(1 − D) is softplus(a)."),
        (fake.mean() - real.mean(), "these are bare logits, a Wasserstein critic's loss; here it is cross-entropy."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss")
    weight = next(discriminator.parameters())
    if loss.requires_grad and torch.autograd.grad(loss, z, allow_unused=True, retain_graph=True)[0] is not None:
        raise Wrong("nearly: the number is right, but a gradient reaches the points. Cut them off: z.detach().")
    slope, half = (torch.autograd.grad(value, weight, retain_graph=True)[0] for value in (right, on_real.mean()))
    if loss.requires_grad and torch.allclose(torch.autograd.grad(loss, weight, retain_graph=True)[0], half):
        raise Wrong("nearly: D cannot learn from the points now. Cut off z, and not D(z): discriminator(z.detach()).")
    gradient(loss, weight, slope, "the discriminator")
    far = tensor(call(f, Slope(200.0), torch.tensor([[-1.0, 0.0]]), torch.tensor([[1.0, 0.0]])), (), "the loss")
    if not torch.isclose(far, torch.tensor(400.0)):
        raise Wrong(
            f"nearly: where D is sure and wrong (logits −200 and 200) the loss is 400, yours says {far:.4g}. sigmoid "
            "rounds to 0 or 1 there and the log is lost. Work on the logits: softplus."
        )
    return "right: a mean for each cloud, and the points are held fixed."


# ---- 03.b: the points' loss ----


def g_loss(discriminator: nn.Module, z: Tensor) -> Tensor:
    """−E_q[log D]."""
    return losses.generator_loss(discriminator(z))


@task(
    "03.b",
    "the points' loss",
    hints=(
        "It is the first half of D's loss, at the points: they want to be taken for prior samples.",
        "−log D = softplus(−logits). No detach here: the gradient goes through D to the points.",
        "return softplus(−discriminator(z)).mean()",
    ),
    part=lambda: g_loss,
)
def points_loss(f: Any) -> str:
    """g_loss(discriminator, z) = −E_q[log D(z)], with a gradient that reaches z."""
    discriminator = small_discriminator()
    z = torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.0]], requires_grad=True)
    loss = tensor(call(f, discriminator, z), (), "the loss", like=z)
    not_a_log_of_logits(loss)
    logits = discriminator(z)
    right = losses.generator_loss(logits)
    mistakes = (
        (-right, "the sign is turned round: lowering this makes the points *easier* to find."),
        (3 * right, "this is the sum over the points; the formula takes the mean."),
        (softplus(logits).mean(), "this is −log(1 − D): it pulls the points to where D is sure that they are fakes."),
        (-softplus(logits).mean(), "this is log(1 − D). The same way, but flat where D is sure: section 7."),
        (losses.generator_loss(logits.sigmoid()), "a sigmoid too many: softplus takes logits."),
        (-logits.mean(), "these are bare logits, the loss of a Wasserstein GAN; here it is −log sigmoid(logits)."),
        (-logits.sigmoid().mean(), "the log is missing: −log D, not −D."),
    )  # fmt: skip
    equal(loss, right, mistakes, "the loss")
    gradient(loss, z, torch.autograd.grad(right, z)[0], "the points")
    far = tensor(call(f, Slope(-200.0), torch.tensor([[1.0, 0.0]])), (), "the loss")
    if not torch.isclose(far, torch.tensor(200.0)):
        raise Wrong(
            f"nearly: for a logit of −200 the loss is 200, yours says {far:.4g}. sigmoid rounds to 0 there and its log "
            "is lost. Work on the logits: softplus."
        )
    return "right: −E[log D], and D's slope reaches every point."


# ---- 03.c: the game ----


def play(game: Any, rounds: int) -> tuple[float, float]:
    """Each round: points and prior samples, D's step, the points' step. Returns the last round's losses."""
    for _ in range(rounds):
        z = game.points()
        z_prior = game.prior.sample(len(z), generator=game.generator)
        of_d = step_down(game.d_optimizer, game.d_loss(game.discriminator, z_prior, z))
        of_points = step_down(game.z_optimizer, game.g_loss(game.discriminator, z))
    return float(of_d), float(of_points)


def step_down(optimizer: torch.optim.Optimizer, loss: Tensor, clear: bool = True) -> Tensor:
    if clear:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


class Asked:
    """A prior that remembers how it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Any]] = []

    def sample(self, n: Any, *, generator: Generator | None = None) -> Tensor:
        self.calls.append((n, generator))
        return torch.randn(int(n), 2, generator=generator) + 1.0


def new_game(network: bool = False) -> Any:
    """A small game, free points or a network's; every gradient holds what an earlier round might have left."""
    discriminator = small_discriminator()
    z = nn.Parameter(torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.0]]))
    mover = nn.Linear(2, 2)
    with torch.no_grad():
        mover.weight.copy_(torch.eye(2))
        mover.bias.zero_()
    moved = list(mover.parameters()) if network else [z]
    for parameter in (*moved, *discriminator.parameters()):
        parameter.grad = torch.full_like(parameter, 0.1)
    noise = z.detach()
    return SimpleNamespace(
        prior=Asked(),
        generator=torch.Generator().manual_seed(7),
        points=(lambda: mover(noise)) if network else (lambda: z),
        discriminator=discriminator,
        d_loss=d_loss,
        g_loss=g_loss,
        d_optimizer=torch.optim.SGD(discriminator.parameters(), lr=0.5),
        z_optimizer=torch.optim.SGD(moved, lr=0.5 if network else 1.5),
    )


def played(f: Callable[..., Any], rounds: int, network: bool = False) -> tuple[Any, Any]:
    """The game after f, and what f returned."""
    game = new_game(network)
    return game, f(game, rounds)


def state(game: Any) -> Tensor:
    with torch.no_grad():
        return torch.cat([game.points().flatten(), *(p.flatten() for p in game.discriminator.parameters())])


def gone_wrong(clear_d: bool = True, clear_z: bool = True, order: str = "dz") -> Callable[..., None]:
    """A game with a fault."""

    def play(game: Any, rounds: int) -> None:
        for _ in range(rounds):
            z = game.points()
            z_prior = game.prior.sample(len(z), generator=game.generator)
            for player in order:
                if player == "d":
                    step_down(game.d_optimizer, game.d_loss(game.discriminator, z_prior, z), clear_d)
                else:
                    step_down(game.z_optimizer, game.g_loss(game.discriminator, z), clear_z)

    return play


def old_logits(game: Any, rounds: int) -> None:
    for _ in range(rounds):
        z = game.points()
        z_prior = game.prior.sample(len(z), generator=game.generator)
        game.z_optimizer.zero_grad()
        game.g_loss(game.discriminator, z).backward()
        step_down(game.d_optimizer, game.d_loss(game.discriminator, z_prior, z))
        game.z_optimizer.step()


def together(game: Any, rounds: int) -> None:
    for _ in range(rounds):
        z = game.points()
        z_prior = game.prior.sample(len(z), generator=game.generator)
        game.d_optimizer.zero_grad()
        game.z_optimizer.zero_grad()
        (game.d_loss(game.discriminator, z_prior, z) + game.g_loss(game.discriminator, z)).backward()
        game.d_optimizer.step()
        game.z_optimizer.step()


GAMES_GONE_WRONG: tuple[tuple[Callable[..., None], str], ...] = (
    (
        gone_wrong(clear_d=False, clear_z=False),
        "gradients pile up: backward() adds to what is there. Begin each of the two steps with zero_grad().",
    ),
    (
        gone_wrong(clear_d=False),
        "the points' backward() leaves gradients in D, and D's next step adds its own: zero_grad() before D's step.",
    ),
    (
        gone_wrong(clear_z=False),
        "the points' gradients pile up from round to round: zero_grad() before the points' step.",
    ),
    (gone_wrong(order="zd"), "the order is turned round: first the discriminator, then the points."),
    (old_logits, "the points followed the D of before its step: take g_loss after d_optimizer.step()."),
    (together, "both losses went through one backward(), so D lowers g_loss too: two steps, a backward() each."),
    (
        gone_wrong(order="d"),
        "only D has moved. Either the points' step is missing, or no gradient reaches the points: g_loss needs z "
        "without detach, and zero_grad() stands before backward().",
    ),
    (
        gone_wrong(order="z"),
        "only the points have moved. Either D's step is missing, or no gradient reaches game.discriminator: it is the "
        "one to hand to game.d_loss, and zero_grad() stands before backward().",
    ),
)


@task(
    "03.c",
    "the game",
    hints=(
        "In each round: z = game.points(), prior samples z_prior, D's step, the points' step. A step is zero_grad, the "
        "loss, backward, the optimizer's step.",
        "z_prior = game.prior.sample(len(z), generator=game.generator). D's step: game.d_optimizer and "
        "game.d_loss(game.discriminator, z_prior, z); then the points': game.z_optimizer and "
        "game.g_loss(game.discriminator, z).",
        "game.d_optimizer.zero_grad(); of_d = game.d_loss(game.discriminator, z_prior, z); of_d.backward(); "
        "game.d_optimizer.step(); the same four with game.z_optimizer and game.g_loss(game.discriminator, z); after "
        "the loop, return both losses.",
    ),
    part=lambda: play,
)
def the_game(f: Any) -> str:
    """play(game, rounds) plays that many rounds, D's step and then the points', and returns the last two losses."""
    for rounds in (1, 3):
        game, found = played(lambda game, rounds: call(f, game, rounds), rounds)
        twin, right = played(play, rounds)
        if not game.prior.calls:
            several(found, 2, "D's loss and the points'")  # what was returned may say more than that nobody asked
        judge_asking(game, rounds)
        if not torch.allclose(state(game), state(twin), atol=1e-5):
            if torch.equal(state(game), state(new_game())):
                raise Wrong("not yet: nothing has moved: backward() fills the gradients, optimizer.step() uses them.")
            for fault, sentence in GAMES_GONE_WRONG:
                if torch.allclose(state(game), state(played(fault, rounds)[0]), atol=1e-5):
                    raise Wrong(f"not yet: {sentence}")
            if torch.allclose(state(game)[6:], state(twin)[6:], atol=1e-5):
                raise Wrong("not yet: D's step is right, the points' step is not.")
            raise Wrong("not yet: the players have moved, but not as they should. In turn: D's step down game.d_loss, "
                        "then the points' step down game.g_loss.")  # fmt: skip
        for value, loss, name in zip(several(found, 2, "D's loss and the points'"), right, ("D", "the points"),
                                     strict=True):  # fmt: skip
            equal(number(value, f"the loss of {name}"), torch.tensor(loss), (), f"the last loss of {name}")
    stale = "nearly: it goes wrong where the points come out of a network: ask game.points() in every round."
    try:
        game, _ = played(lambda game, rounds: call(f, game, rounds), 3, network=True)
    except Wrong as wrong:
        raise Wrong(stale if "a second time" in str(wrong) else str(wrong)) from None
    if not torch.allclose(state(game), state(played(play, 3, network=True)[0]), atol=1e-5):
        raise Wrong(stale)
    return "right: two steps a round, and each moves its own player."


def judge_asking(game: Any, rounds: int) -> None:
    """Wrong unless each round has drawn as many prior samples as there are points, with the game's generator."""
    asked = game.prior.calls
    if not asked:
        raise Wrong("not yet: nobody asked game.prior for samples, and D needs them in each round.")
    if any(generator is not game.generator for _, generator in asked):
        raise Wrong(
            "not yet: hand the game's generator on, game.prior.sample(n, generator=game.generator), or the game plays "
            "differently each time."
        )
    if any(n != 3 for n, _ in asked):
        raise Wrong(f"not yet: as many prior samples as points, len(z); you asked for {asked[0][0]} with 3 points.")
    if len(asked) == 1 < rounds:
        raise Wrong(
            f"not yet: in {rounds} rounds there was one draw of prior samples. Draw new ones inside the loop; and let "
            "`return` stand after it."
        )
    if len(asked) != rounds:
        raise Wrong(f"not yet: one draw of prior samples a round is asked for; in {rounds} there were {len(asked)}.")


# ---- 03.d: the best discriminator ----


def best_logits(z: Tensor, p: Any, q: Any) -> Tensor:
    """log p(z) − log q(z)."""
    return p.log_prob(z) - q.log_prob(z)


@task(
    "03.d",
    "the best discriminator",
    hints=(
        "The best D is p/(p + q). Which number a gives sigmoid(a) = p/(p + q)?",
        "sigmoid(a) = 1/(1 + exp(−a)), so exp(−a) = q/p. A prior gives the log of its density: p.log_prob(z).",
        "a = log p − log q: return p.log_prob(z) − q.log_prob(z).",
    ),
    part=lambda: best_logits,
)
def the_best(f: Any) -> str:
    """best_logits(z, p, q), the logits of the best discriminator at each place z."""
    p, q, z = two_clouds()
    found = tensor(call(f, z, p, q), (4,), "the logits", like=z)
    log_p, log_q = p.log_prob(z), q.log_prob(z)
    right = log_p - log_q
    d = right.sigmoid()
    mistakes = (
        (-right, 'the sign is turned round: positive means "looks like a prior sample".'),
        (d, "this is D itself, the probability p/(p + q); the discriminator puts out its logits."),
        (1 - d, "this is 1 − D; asked for are the logits of D."),
        (right.exp(), "this is the ratio p/q; the logits are its log."),
        ((-right).exp(), "this is q/p; the logits are the log of p/q."),
        (d.log(), "this is log D; the logits are log D − log(1 − D)."),
        (log_p / log_q, "the log of a ratio is a difference of logs, not their ratio."),
        (log_p.exp() - log_q.exp(), "this is p − q; take the difference of the logs."),
        (log_p + log_q, "this is log(p · q); a ratio is asked for."),
        (log_p, "this looks at p alone: a place may be dense in p, and denser in q."),
    )
    equal(found, right, mistakes, "the logits")
    narrow, wide, far = Gaussian(2, 0.1), Gaussian(2, 0.2), torch.tensor([[3.0, 0.0]])
    value = tensor(call(f, far, narrow, wide), (1,), "the logits")
    exact = best_logits(far, narrow, wide)
    if not torch.allclose(value, exact):
        raise Wrong(
            f"nearly: far from both clouds both densities round to 0, and yours gives {float(value[0]):.4g} where the "
            f"logits are {float(exact[0]):.4g}. Stay with the logs: log_prob, and no exp."
        )
    return "right: log p − log q, even where both densities round to 0."
