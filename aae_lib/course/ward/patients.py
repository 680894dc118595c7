"""Seven patients: each differs from the healthy function of its name in one line."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from ... import losses
from ...arguments import one_of, takes
from ...arguments import seed as seeds
from ...data import Dataset, load
from ...models import AAE, Batch
from ...optimizers import Cosine
from ...training.trainer import Trainer
from .illnesses import DATASET, STEPS


def game_batch(model: AAE, data: Any, generator: Generator) -> Batch:
    batch = model.draw_images(data, generator)
    batch["z_prior"] = torch.randn(len(batch["x"]), 2, generator=generator)
    return batch


def reconstruction(model: AAE, batch: Batch) -> Tensor:
    z = model.encoder(batch["x"])
    return losses.bce(model.decoder(z), batch["x"])


def verdict(model: AAE, z: Tensor) -> Tensor:
    return model.discriminator(z)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(logits: Tensor) -> Tensor:
    return softplus(-logits).mean()


def moved_by_the_generator() -> tuple[str, ...]:
    return ("encoder",)


# ---- the wrong lines ----


def game_batch_of_c(model: AAE, data: Any, generator: Generator) -> Batch:
    batch = model.draw_images(data, generator)
    batch["z_prior"] = torch.rand(len(batch["x"]), 2, generator=generator)
    return batch


def reconstruction_of_d(model: AAE, batch: Batch) -> Tensor:
    z = model.encoder(batch["x"]).detach()
    return losses.bce(model.decoder(z), batch["x"])


def verdict_of_b(model: AAE, z: Tensor) -> Tensor:
    return model.discriminator(z).sigmoid()


def generator_loss_of_e(logits: Tensor) -> Tensor:
    return softplus(logits).mean()


def moved_by_the_generator_of_a() -> tuple[str, ...]:
    return ("encoder", "discriminator")


def discriminator_loss_of_f(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(real).mean() + softplus(-fake).mean()


def generator_loss_of_g(logits: Tensor) -> Tensor:
    return 0 * softplus(-logits).mean()


HEALTHY: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (game_batch, reconstruction, verdict, discriminator_loss, generator_loss, moved_by_the_generator)
}
WRONG: dict[str, Callable[..., Any]] = {
    "A": moved_by_the_generator_of_a,
    "B": verdict_of_b,
    "C": game_batch_of_c,
    "D": reconstruction_of_d,
    "E": generator_loss_of_e,
    "F": discriminator_loss_of_f,
    "G": generator_loss_of_g,
}


@takes(patient=one_of(*WRONG), seed=seeds(), data=DATASET)
def admit(patient: str | None = None, seed: int = 0, data: Dataset | None = None) -> Trainer:
    """A trainer whose training functions have one wrong line: patient "A" to "G"; None for all of them healthy.

    Raises ValueError for another patient, and data that is no Dataset.
    """
    data = data or load("digits")
    model = AAE(data.image_shape, hidden=(100, 100), seed=seed)
    f = HEALTHY | ({healthy_name(patient): WRONG[patient]} if patient else {})

    def players(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        z = batch["z"].detach()
        return f["discriminator_loss"](f["verdict"](model, batch["z_prior"]), f["verdict"](model, z))

    def encoder_as_generator(model: AAE, batch: Batch, terms: Mapping[str, float]) -> Tensor:
        return f["generator_loss"](f["verdict"](model, batch["z"]))

    rec, game, generator = model.phases()
    updates = ("decoder",) if patient == "D" else rec.updates  # a phase refuses to move what its loss does not use
    phases = (
        rec.replace(loss=lambda model, batch, terms: f["reconstruction"](model, batch), updates=updates),
        game.replace(loss=players, draw=lambda data, g: f["game_batch"](model, data, g)),
        generator.replace(loss=encoder_as_generator, updates=f["moved_by_the_generator"]()),
    )
    return Trainer(model, data, seed=seed, device="cpu", schedule=Cosine(STEPS, final=0.05), phases=phases)


def healthy_name(patient: str) -> str:
    return WRONG[patient].__name__.removesuffix(f"_of_{patient.lower()}")
