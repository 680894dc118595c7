"""Checks for lesson 04."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from .. import losses


def generator(f: Callable[[Any, dict[str, Tensor], dict[str, float]], Tensor]) -> None:
    """Check a generator's loss f(model, batch, terms) on exact tensors: prints a sentence."""
    message = _judge(f)
    print("✓ right: this is −E[log D(z)], and its gradient goes where it should." if message is None else message)


def _judge(f: Any) -> str | None:
    """None if the answer is right, else what is wrong with it."""
    weight = torch.tensor([1.0, -2.0])
    model = SimpleNamespace(discriminator=lambda z, y=None: z @ weight, encoder=lambda x, noise=None: x)
    z = torch.tensor([[0.5, 0.1], [-1.0, 0.3], [2.0, 1.5]], requires_grad=True)
    sure = torch.tensor([[-200.0, 0.0]], requires_grad=True)
    try:
        loss = f(model, {"z": z, "x": z, "x_in": z}, {})
        far = f(model, {"z": sure, "x": sure, "x_in": sure}, {})
    except NotImplementedError:
        return "not written yet."
    except Exception as error:  # whatever a learner's code raises is told in one line
        return f"your function raised {type(error).__name__}: {error}"
    if loss is None or loss is ...:
        return "not written yet: the function returns nothing. Return the loss."
    if not isinstance(loss, Tensor):
        return f"a loss is a tensor; yours is a {type(loss).__name__}. Without a tensor there is no gradient."
    if loss.shape != ():
        return f"a loss is one number; yours has shape {tuple(loss.shape)}. Take the mean over the batch."
    logits = z @ weight
    right = losses.generator_loss(logits)
    for wrong, what in (
        (-right, "the sign is turned round: this makes the codes *easier* to tell from the prior."),
        (3 * right, "this is the sum over the batch; take the mean, or the batch size becomes a learning rate."),
        (losses.generator_loss(-logits), "this is −log(1 − D): it pulls codes to where D is sure they are codes."),
        (losses.saturating_generator_loss(logits), "this is log(1 − D), the saturating form: flat where D is sure."),
        (-logits.mean(), "these are bare logits, the loss of a Wasserstein GAN; here it is −log sigmoid(logits)."),
        (-logits.sigmoid().mean(), "the log is missing: −log D(z), not −D(z)."),
    ):
        if torch.isclose(loss, wrong, atol=1e-5):
            return f"not yet: {what}"
    if not torch.isclose(loss, right, atol=1e-5):
        shown = ", ".join(f"{v:.1f}" for v in logits.tolist())
        return f"not yet: for logits {shown} it should be {right:.4f}; yours is {loss:.4f}."
    if not loss.requires_grad:
        return "the number is right, but no gradient reaches the encoder: is there a detach too many?"
    slope, expected = (torch.autograd.grad(value, z)[0] for value in (loss, right))
    if not torch.allclose(slope, expected, atol=1e-5):
        return "the number is right, but its gradient is not: something was cut off or computed without it."
    if not torch.isclose(far, torch.tensor(200.0)):
        return (
            f"nearly: for a logit of −200 the loss is 200, yours says {far:.4g}. sigmoid rounds to 0 there and its log "
            "is lost. Work on the logits: softplus, logsigmoid, or cross-entropy with logits."
        )
    return None
