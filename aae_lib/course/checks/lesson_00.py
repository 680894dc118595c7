"""The check of lesson 00: new images from a model."""

from typing import Any

import torch
from torch import Tensor

from ... import models
from .answers import Wrong, call, equal, tensor
from .tasks import task


def new_images(model: Any, n: int) -> Tensor:
    """n images (n, C, H, W): codes from the prior, decoded."""
    return model.decode(model.prior.sample(n))


@task(
    "00.1",
    "new images",
    hints=(
        "Two lines. The first draws n codes, the second hands them to the decoder.",
        "The model knows its prior: model.prior.sample(n) has the shape (n, 2).",
        "codes = model.prior.sample(n), and then return model.decode(codes).",
    ),
    part=lambda: new_images,
)
def images(f: Any) -> str:
    """f(model, n) -> images (n, 1, 4, 4), decoded from what the prior was asked for."""
    drawn: list[Tensor] = []

    def prior(n: int, generator: torch.Generator) -> Tensor:
        drawn.append(torch.tensor([5.0, -5.0]) + torch.randn(n, 2, generator=generator))
        return drawn[-1]

    model = models.AAE((1, 4, 4), hidden=(8,), prior=prior)
    drawn.clear()  # making the model has tried the prior out
    value = call(f, model, 3)
    if isinstance(value, Tensor) and value.shape == (3, 2):
        raise Wrong("not yet: these are codes, two numbers each; model.decode makes images of them.")
    value = tensor(value, (3, 1, 4, 4), "the images of this check's small model, 3 of 4 x 4 pixels,")
    if not drawn:
        raise Wrong(
            "not yet: the codes do not come from this model's prior. torch.randn draws from N(0, I), which is one "
            "prior among many; model.prior.sample(n) draws from the right one, whatever it is."
        )
    logits = model.decoder(drawn[-1]).detach()
    mistakes = ((logits, "these are the decoder's logits; model.decode puts them between 0 and 1."),)
    equal(value.detach(), model.decode(drawn[-1]), mistakes, "the image of the codes drawn")
    again = call(f, model, 5)
    if not isinstance(again, Tensor) or again.shape[:1] != (5,):
        raise Wrong("nearly: asked for 5 images it gives another number; use n.")
    return "right: three images that nobody has drawn."
