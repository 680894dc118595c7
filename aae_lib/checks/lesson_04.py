"""Checks for lesson 04, the adversarial autoencoder."""

from types import SimpleNamespace
from typing import Any

import torch

from .. import losses, models
from .judge import Wrong, call, equal, gradient, task, tensor


@task(
    "04.1",
    "the generator's loss",
    hints=(
        "The loss is −log D(z), averaged over the batch, and D(z) = sigmoid(logits).",
        "−log sigmoid(a) = log(1 + exp(−a)). PyTorch has a function for log(1 + exp(a)).",
        "torch.nn.functional.softplus(−logits), and then the mean.",
    ),
    part=lambda: models.generator,
)
def generator(f: Any) -> str:
    """loss(model, batch, terms) = −E[log D(z)] of the codes batch["z"]."""
    weight = torch.tensor([1.0, -2.0])
    model = SimpleNamespace(
        discriminator=lambda z, y=None: z @ weight,
        encoder=lambda x, noise=None: x,
        label_of=lambda batch: None,
    )
    z = torch.tensor([[0.5, 0.1], [-1.0, 0.3], [2.0, 1.5]], requires_grad=True)
    loss = tensor(call(f, model, {"z": z, "x": z, "x_in": z}, {}), (), "the loss", like=z)
    logits = z @ weight
    right = losses.generator_loss(logits)
    mistakes = (
        (-right, "the sign is turned round: this makes the codes *easier* to tell from the prior."),
        (3 * right, "this is the sum over the batch; take the mean, or the batch size becomes a learning rate."),
        (losses.generator_loss(-logits), "this is −log(1 − D): it pulls codes to where D is sure they are codes."),
        (losses.saturating_generator_loss(logits), "this is log(1 − D), the saturating form: flat where D is sure."),
        (-logits.mean(), "these are bare logits, the loss of a Wasserstein GAN; here it is −log sigmoid(logits)."),
        (-logits.sigmoid().mean(), "the log is missing: −log D(z), not −D(z)."),
    )
    shown = ", ".join(f"{value:.1f}" for value in logits.tolist())
    equal(loss, right, mistakes, "the loss", f"for logits {shown}")
    gradient(loss, z, torch.autograd.grad(right, z)[0], "the encoder")
    sure = torch.tensor([[-200.0, 0.0]])
    far = call(f, model, {"z": sure, "x": sure, "x_in": sure}, {})
    if not torch.isclose(far, torch.tensor(200.0)):
        raise Wrong(
            f"nearly: for a logit of −200 the loss is 200, yours says {far:.4g}. sigmoid rounds to 0 there and its log "
            "is lost. Work on the logits: softplus, logsigmoid, or cross-entropy with logits."
        )
    return "right: this is −E[log D(z)], and its gradient goes where it should."
