"""Checks for lesson 03, the adversarial game in the plane."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from ... import losses
from ...networks import Discriminator
from ...priors import Gaussian, GaussianGrid, GaussianRing
from .judge import Wrong, call, equal, gradient, kind, number, task, tensor


def small_discriminator() -> Discriminator:
    return Discriminator(2, (8,), activation="silu", generator=torch.Generator().manual_seed(3))


# ---- 03.0, in the lesson ----


def move_points(z: Tensor, discriminator: nn.Module, rate: float) -> Tensor:
    """z + rate · ∂ log D(z)/∂z, each point on its own."""
    z = z.detach().clone().requires_grad_()
    log_d = -nn.functional.softplus(-discriminator(z))
    (slope,) = torch.autograd.grad(log_d.sum(), z)
    return (z + rate * slope).detach()


@task(
    "03.0",
    "points that go uphill",
    hints=(
        "A gradient by z needs a z that keeps its history: begin with z.detach().clone().requires_grad_().",
        "log D = logsigmoid(logits). The gradient of its *sum* holds each point's own slope, without a factor 1/N.",
        "(slope,) = torch.autograd.grad(logsigmoid(discriminator(z)).sum(), z), then (z + rate * slope).detach().",
    ),
    part=lambda: move_points,
)
def move(f: Any) -> str:
    """move(z, discriminator, rate) = z + rate · ∂ log D(z)/∂z."""
    discriminator = small_discriminator()
    z = torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.0]])
    new = tensor(call(f, z, discriminator, 0.5), (3, 2), "the new points", like=z)
    right = move_points(z, discriminator, 0.5)
    step = right - z
    leaf = z.clone().requires_grad_()
    logits = discriminator(leaf)
    d = logits.sigmoid().detach()[:, None]
    slope = torch.autograd.grad(logits.sum(), leaf)[0]
    mistakes = (
        (z, "the points have not moved."),
        (z - step, "the points go downhill: away from where D takes them for prior samples."),
        (z + step / 3, "each point goes only 1/N of its way: take the gradient of the sum, not of the mean."),
        (z - step / 3, "the sign is turned round, and each point goes only 1/N of its way: sum, not mean."),
        (step / 0.5, "this is the slope alone; the new points are z + rate · slope."),
        (step, "this is the way each point goes; the new points are z plus that."),
        (z + step / 0.5, "the rate is missing: z + rate · slope."),
        (z + 0.5 * slope, "this goes uphill on the logits; asked for is log D, the log of sigmoid(logits)."),
        (z + 0.5 * d * slope, "this lowers log(1 − D), the saturating form: hardly a step where D is sure."),
        (z + 0.5 * d * (1 - d) * slope, "this goes uphill on D; asked for is log D."),
    )
    equal(new, right, mistakes, "the new points")
    if new.requires_grad:
        raise Wrong("the points are right, but they carry their history with them: end with .detach().")
    if any(p.grad is not None for p in discriminator.parameters()):
        raise Wrong(
            "the points are right, but a gradient was left in the discriminator's parameters, where its next step may "
            "find it: torch.autograd.grad(value, z) asks for the gradient by z alone."
        )
    far = torch.tensor([[1.0, 0.0]])
    new = tensor(call(f, far, Slope(-200.0), 1.0), (1, 2), "the new points")
    if not torch.allclose(new, torch.tensor([[-199.0, 0.0]]), atol=1e-2):
        raise Wrong(
            "nearly: where D is sure (a logit of −200) the point should go the full length of the logits' slope, and "
            f"yours lands at {new[0, 0]:.4g} instead of −199. sigmoid rounds to 0 there: use logsigmoid or softplus."
        )
    return "right: each point goes its own way uphill on log D, and D is left as it was."


class Slope(nn.Module):
    """Logits w · z₁."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, z: Tensor) -> Tensor:
        return self.w * z[:, 0]


# ---- 03.1 ----


@task(
    "03.1",
    "the discriminator's loss",
    hints=(
        "Two means, added: −log D over the prior samples, −log(1 − D) over the points. D = sigmoid(logits).",
        "−log sigmoid(a) = log(1 + exp(−a)), and 1 − sigmoid(a) = sigmoid(−a). softplus(a) is log(1 + exp(a)).",
        "softplus(−real).mean() + softplus(fake).mean(), with softplus from torch.nn.functional.",
    ),
    part=lambda: losses.discriminator_loss,
)
def discriminator_loss(f: Any) -> str:
    """loss(real, fake) = −E_p[log D] − E_q[log(1 − D)], from logits."""
    real = torch.tensor([1.5, -0.5, 0.2], requires_grad=True)
    fake = torch.tensor([-2.0, 0.7], requires_grad=True)
    loss = tensor(call(f, real, fake), (), "the loss", like=real)
    right = losses.discriminator_loss(real, fake)
    on_real, on_fake = nn.functional.softplus(-real), nn.functional.softplus(fake)
    squashed = losses.discriminator_loss(real.sigmoid(), fake.sigmoid())
    mistakes = (
        (
            losses.discriminator_loss(-real, -fake),
            "the labels (or the arguments) are swapped: this teaches D to call prior samples fake.",
        ),
        (-right, "the sign is turned round: lowering this makes D *worse*."),
        (right / 2, "this is half of it: the two means are added, not averaged (at D = 1/2 the sum is 2 log 2)."),
        (torch.cat([on_real, on_fake]).mean(), "this is one mean over all rows; each cloud has a mean of its own."),
        (on_real.sum() + on_fake.sum(), "these are sums over the batch; take the mean of each cloud."),
        (on_real.mean(), "the second half is missing: D never hears what a point looks like."),
        (on_fake.mean(), "the first half is missing: D never hears what a prior sample looks like."),
        (on_real.mean() - on_fake.mean(), "the second term has the wrong sign: both are costs, add them."),
        (squashed, "a sigmoid too many: the function that takes logits applies its own."),
        (squashed / 2, "a sigmoid too many (the function that takes logits applies its own), and a half too many."),
        (fake.mean() - real.mean(), "these are bare logits, a Wasserstein critic's loss; here it is cross-entropy."),
    )
    equal(loss, right, mistakes, "the loss", "for logits 1.5, -0.5, 0.2 (real) and -2.0, 0.7 (fake)")
    for logits, what in ((real, "the logits of the prior samples"), (fake, "the logits of the points")):
        gradient(loss, logits, torch.autograd.grad(right, logits, retain_graph=True)[0], what)
    far = tensor(call(f, torch.tensor([-200.0]), torch.tensor([200.0])), (), "the loss")
    if not torch.isclose(far, torch.tensor(400.0)):
        raise Wrong(
            f"nearly: where D is sure and wrong (logits −200 and 200) the loss is 400, yours says {far:.4g}. sigmoid "
            "rounds to 0 or 1 there and the log is lost. Work on the logits: softplus, or cross-entropy with logits."
        )
    return "right: two means, one for each cloud, and it stays finite however sure D is."


# ---- 03.2 ----


def pulls_of(logits: Tensor) -> tuple[Tensor, Tensor]:
    """How hard −log D and log(1 − D) push each logit upwards: 1 − D, and D."""
    return (-logits).sigmoid(), logits.sigmoid()


@task(
    "03.2",
    "two losses, two pulls",
    hints=(
        "A pull is minus the slope of a loss by its logit, one number for each point. Both are positive.",
        "d/da of log(1 + exp(−a)) is −sigmoid(−a), and of −log(1 + exp(a)) it is −sigmoid(a).",
        "return torch.sigmoid(−logits), torch.sigmoid(logits): that is 1 − D, and D.",
    ),
    part=lambda: pulls_of,
)
def pulls(f: Any) -> str:
    """pulls(logits) = (−d(−log D)/d logit, −d log(1 − D)/d logit), point by point."""
    logits = torch.tensor([-3.0, -0.5, 0.0, 2.0])
    found = call(f, logits)
    if found is None or isinstance(found, str):
        tensor(found, (4,), "the pair of pulls")
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong(f"two tensors are asked for, the pull of −log D and that of log(1 − D); yours is {kind(found)}.")
    names = "the pull of −log D", "the pull of log(1 − D)"
    d = logits.sigmoid()
    both = tuple(tensor(value, (4,), name, like=logits) for value, name in zip(found, names, strict=True))
    if torch.allclose(both[0], d) and torch.allclose(both[1], 1 - d):
        raise Wrong("not yet: the two are swapped. Which of them is nearly 0 where D is nearly 0?")
    if torch.allclose(both[0], d - 1) and torch.allclose(both[1], -d):
        raise Wrong("not yet: these are the slopes; a pull is minus the slope, since a loss is lowered.")
    for value, right, other, name in zip(both, (1 - d, d), (d, 1 - d), names, strict=True):
        mistakes = (
            (right / 4, "a mean over the batch is in it: 1/N. One number for each point, as if it were alone."),
            (-right / 4, "this is the slope of the mean: a pull is minus the slope, and has no 1/N in it."),
            (-right, f"{name} has the wrong sign: a loss is lowered, so the pull is minus its slope."),
            (other, f"{name} is that of the other loss."),
            (-d.log(), f"this is a loss itself; {name} is minus its slope by the logit."),
            ((1 - d).log(), f"this is a loss itself; {name} is minus its slope by the logit."),
            (1 / d, "this is the slope by D; asked for is the slope by the logit, with D = sigmoid(logit)."),
            (1 / (1 - d), "this is the slope by D; asked for is the slope by the logit, with D = sigmoid(logit)."),
            (d * (1 - d), "this is the slope of D itself, without any log."),
        )
        equal(value, right, mistakes, name, "for logits -3.0, -0.5, 0.0, 2.0")
    return "right: 1 − D and D. They add up to 1, and where D is sure of a point, only the first is left."


# ---- 03.3 ----


def best_logits_of(z: Tensor, p: Any, q: Any) -> Tensor:
    """log p(z) − log q(z)."""
    return p.log_prob(z) - q.log_prob(z)


@task(
    "03.3",
    "the best discriminator",
    hints=(
        "The best D is p/(p + q). Which number a gives sigmoid(a) = p/(p + q)?",
        "sigmoid(a) = 1/(1 + exp(−a)), so exp(−a) = q/p. A prior gives the log of its density: p.log_prob(z).",
        "a = log p − log q: return p.log_prob(z) − q.log_prob(z).",
    ),
    part=lambda: best_logits_of,
)
def best_logits(f: Any) -> str:
    """best_logits(z, p, q) = log p(z) − log q(z)."""
    p, q = GaussianRing(6, radius=2.0, radial=0.5, tangential=0.35), GaussianGrid(2, spacing=2.0, sigma=0.7)
    z = torch.tensor([[0.0, 0.0], [2.0, 0.1], [-1.0, 1.0], [1.0, -1.8]])
    found = tensor(call(f, z, p, q), (4,), "the logits", like=z)
    log_p, log_q = p.log_prob(z), q.log_prob(z)
    right = log_p - log_q
    d = right.sigmoid()
    mistakes = (
        (-right, 'the sign is turned round: positive means "looks like a prior sample", so p stands above.'),
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
    narrow, far = Gaussian(2, 0.1), torch.tensor([[3.0, 0.0]])
    value = tensor(call(f, far, narrow, Gaussian(2, 0.2)), (1,), "the logits")
    exact = best_logits_of(far, narrow, Gaussian(2, 0.2))
    if not torch.allclose(value, exact):
        raise Wrong(
            f"nearly: far from both clouds both densities round to 0, and yours gives {float(value[0]):.4g} where the "
            f"logits are {float(exact[0]):.4g}. Stay with the logs: log_prob, and no exp."
        )
    return "right: log p − log q, and it holds even where both densities round to 0."


# ---- 03.4 ----


def a_round(game: Any, z_prior: Tensor) -> tuple[Tensor, Tensor]:
    """The discriminator's step, then the points' step; returns both losses."""
    game.d_optimizer.zero_grad()
    fake = game.discriminator(game.points.detach())
    d_loss = losses.discriminator_loss(game.discriminator(z_prior), fake)
    d_loss.backward()
    game.d_optimizer.step()
    game.z_optimizer.zero_grad()
    g_loss = losses.generator_loss(game.discriminator(game.points))
    g_loss.backward()
    game.z_optimizer.step()
    return d_loss.detach(), g_loss.detach()


def _d_step(game: Any, z_prior: Tensor, clear: bool = True, swap: bool = False) -> None:
    if clear:
        game.d_optimizer.zero_grad()
    clouds = game.discriminator(z_prior), game.discriminator(game.points.detach())
    losses.discriminator_loss(*(reversed(clouds) if swap else clouds)).backward()
    game.d_optimizer.step()


def _z_step(game: Any, clear: bool = True, loss: Any = losses.generator_loss) -> None:
    if clear:
        game.z_optimizer.zero_grad()
    loss(game.discriminator(game.points)).backward()
    game.z_optimizer.step()


def _leaking(game: Any, z_prior: Tensor) -> None:
    game.d_optimizer.zero_grad()
    game.z_optimizer.zero_grad()
    losses.discriminator_loss(game.discriminator(z_prior), game.discriminator(game.points)).backward()
    game.d_optimizer.step()
    _z_step(game, clear=False)


def _old_logits(game: Any, z_prior: Tensor) -> None:
    game.z_optimizer.zero_grad()
    losses.generator_loss(game.discriminator(game.points)).backward()
    _d_step(game, z_prior)
    game.z_optimizer.step()


# (steps of a round that goes wrong, what to say of it)
ROUNDS_GONE_WRONG: tuple[tuple[Any, str], ...] = (
    (_leaking, "D's loss has leaked into the points: their gradient holds both losses. Where does detach belong?"),
    (
        lambda game, z: (_d_step(game, z, clear=False), _z_step(game, clear=False)),
        "gradients pile up: backward() adds to what is there. Begin each of the two steps with zero_grad().",
    ),
    (
        lambda game, z: (_d_step(game, z, clear=False), _z_step(game)),
        "the points' backward() leaves gradients in D, and D's next step adds its own: zero_grad() before D's step.",
    ),
    (
        lambda game, z: (_d_step(game, z), _z_step(game, clear=False)),
        "the points' gradients pile up from round to round: zero_grad() before the points' step.",
    ),
    (
        lambda game, z: (_z_step(game), _d_step(game, z)),
        "the order is turned round: first the discriminator, then the points.",
    ),
    (_old_logits, "the points followed the D of before its step: ask it again, with the weights that it has now."),
    (
        lambda game, z: (_d_step(game, z), _z_step(game, loss=losses.saturating_generator_loss)),
        "the points lower log(1 − D), the saturating loss; asked for is −log D.",
    ),
    (
        lambda game, z: (_d_step(game, z), _z_step(game, loss=lambda fake: -losses.generator_loss(fake))),
        "the points go the wrong way: they raise −log D.",
    ),
    (
        lambda game, z: (_d_step(game, z, swap=True), _z_step(game)),
        "the labels are swapped in D's loss: prior samples are the real ones.",
    ),
)


def _new_game() -> SimpleNamespace:
    """A small game; both players' gradients hold something that an earlier round might have left."""
    discriminator = small_discriminator()
    points = nn.Parameter(torch.tensor([[0.5, -1.0], [2.0, 0.3], [-1.5, 1.0]]))
    for parameter in (points, *discriminator.parameters()):
        parameter.grad = torch.full_like(parameter, 0.1)
    return SimpleNamespace(
        points=points,
        discriminator=discriminator,
        d_optimizer=torch.optim.SGD(discriminator.parameters(), lr=0.5),
        z_optimizer=torch.optim.SGD([points], lr=1.5),
    )


def _state(game: Any) -> tuple[Tensor, Tensor]:
    weights = torch.cat([p.detach().flatten() for p in game.discriminator.parameters()])
    return game.points.detach().clone(), weights


@task(
    "03.4",
    "a whole round",
    hints=(
        "Two steps, each of four lines: zero_grad, the loss, backward, the optimizer's step. First D, then the points.",
        "D's loss looks at game.points.detach(). The points' loss looks at game.points, through the D that has moved.",
        "zero_grad of d_optimizer; discriminator_loss(D(z_prior), D(points.detach())).backward(); d_optimizer.step(); "
        "then zero_grad of z_optimizer; generator_loss(D(points)).backward(); z_optimizer.step(); return both losses.",
    ),
    part=lambda: a_round,
)
def whole_round(f: Any) -> str:
    """round(game, z_prior): both steps, each moving its own player; returns (d_loss, g_loss)."""
    samples = torch.tensor([[1.0, 1.0], [-1.0, 2.0], [0.3, -2.0]])
    game, twin = _new_game(), _new_game()
    before = _state(game)
    reached: list[Tensor] = []
    game.points.register_hook(reached.append)  # every gradient that arrives at the points
    named = "the loss of D", "the loss of the points"
    for z_prior in (samples, samples.flip(0) + 0.5):
        found = call(f, game, z_prior)
        if found is None or isinstance(found, str):
            tensor(found, (), "the pair of losses")
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Wrong(f"both losses are asked for, D's and that of the points; yours is {kind(found)}.")
        right = a_round(twin, z_prior)
        now, wanted = _state(game), _state(twin)
        if not torch.allclose(now[0], wanted[0], atol=1e-5) or not torch.allclose(now[1], wanted[1], atol=1e-5):
            _say_what_went_wrong(before, now, samples, z_prior)
        for value, loss, name in zip(found, right, named, strict=True):
            equal(number(value, name), loss, (), name)
    if len(reached) > 2:
        raise Wrong(
            "the numbers are right, but D's loss sent a gradient to the points, too; only a later zero_grad took it "
            "away. For D's step the points are constants: game.points.detach()."
        )
    return "right: two steps, each moves its own player alone, and nothing stray is left to the next round."


def _say_what_went_wrong(
    before: tuple[Tensor, Tensor], now: tuple[Tensor, Tensor], first: Tensor, last: Tensor
) -> None:
    """Play the known mistakes, and say which one leads to what was found."""
    if torch.equal(now[0], before[0]):
        raise Wrong("not yet: the points have not moved. Is there a detach in their step, or no z_optimizer.step()?")
    if torch.equal(now[1], before[1]):
        raise Wrong("not yet: the discriminator has not moved: its loss, backward(), d_optimizer.step().")
    for mistake, sentence in ROUNDS_GONE_WRONG:
        game = _new_game()
        for z_prior in (first,) if first is last else (first, last):
            mistake(game, z_prior)
        where = _state(game)
        if torch.allclose(where[0], now[0], atol=1e-5) and torch.allclose(where[1], now[1], atol=1e-5):
            raise Wrong(f"not yet: {sentence}")
    wanted = _new_game()
    for z_prior in (first,) if first is last else (first, last):
        a_round(wanted, z_prior)
    points, weights = _state(wanted)
    if torch.allclose(weights, now[1], atol=1e-5):
        raise Wrong(f"not yet: D's step is right, the points' step is not. {_first_point(now[0], points)}")
    raise Wrong("not yet: D's step is not right: zero_grad, discriminator_loss of D(z_prior) and D(points.detach()).")


def _first_point(now: Tensor, wanted: Tensor) -> str:
    x, y = wanted[0].tolist()
    a, b = now[0].tolist()
    return f"The first point should go to ({x:.4f}, {y:.4f}); yours is at ({a:.4f}, {b:.4f})."
