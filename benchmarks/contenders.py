"""What is timed side by side: this library's trainer, a textbook loop and pythae, each training the same networks.

Each has `name`, `note` and `seconds(steps)`: a few steps to warm up, then the time of `steps` training steps.
All use ReLU networks, binary cross-entropy summed over pixels, Adam and batches of 100.
"""

import contextlib
import importlib.util
import logging
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from time import perf_counter
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import aae_lib as aae

BATCH, PIXELS, LATENT, WARM_UP = 100, 784, 2, 5


def random_images(n: int) -> Tensor:
    """(n, 1, 28, 28) uint8: the step's time does not depend on what is in the pictures."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Ours:
    """`aae_lib.Trainer` with an `AAE`."""

    name = "this trainer"
    r1: float | None = None

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        activations = {"activation": "relu", "discriminator_activation": "relu"}
        model = aae.AAE(images.shape[1:], LATENT, hidden=hidden, reconstruction="bce", r1=self.r1, **activations)
        split = SimpleNamespace(images=images, labels=torch.zeros(len(images), dtype=torch.long))
        self.trainer = aae.Trainer(model, split, device="cpu", batch_size=BATCH)

    def seconds(self, steps: int) -> float:
        self.trainer.run(steps=WARM_UP, progress=False)
        start = perf_counter()
        self.trainer.run(steps=steps, progress=False)
        return perf_counter() - start


class OursPenalised(Ours):
    """The same with the gradient penalty on the discriminator, to show what it costs."""

    name = "this trainer, gradient penalty r1=0.1"
    r1 = 0.1


class Textbook:
    """The loop of most tutorials: a DataLoader, three optimizers, `zero_grad`, `backward`, `step`, and `.item()`."""

    name = "textbook loop"

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        self.encoder = mlp(PIXELS, *hidden, LATENT)
        self.decoder = mlp(LATENT, *reversed(hidden), PIXELS)
        self.discriminator = mlp(LATENT, *hidden, 1)
        self.autoencoder_step = torch.optim.Adam([*self.encoder.parameters(), *self.decoder.parameters()])
        self.discriminator_step = torch.optim.Adam(self.discriminator.parameters(), betas=(0.5, 0.999))
        self.generator_step = torch.optim.Adam(self.encoder.parameters(), betas=(0.5, 0.999))
        # floats made beforehand: kinder than a transform of every image
        self.loader = DataLoader(TensorDataset(images.flatten(1) / 255), batch_size=BATCH, shuffle=True)
        self.batches = self.endless()
        self.history: list[tuple[float, float, float]] = []

    def endless(self) -> Iterator[Tensor]:
        while True:
            for (x,) in self.loader:
                yield x

    def step(self) -> None:
        x = next(self.batches)
        ones, zeros = torch.ones(len(x), 1), torch.zeros(len(x), 1)

        logits = self.decoder(self.encoder(x))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        self.autoencoder_step.zero_grad()
        reconstruction.backward()
        self.autoencoder_step.step()

        real = self.discriminator(torch.randn(len(x), LATENT))
        fake = self.discriminator(self.encoder(x).detach())
        game = F.binary_cross_entropy_with_logits(real, ones) + F.binary_cross_entropy_with_logits(fake, zeros)
        self.discriminator_step.zero_grad()
        game.backward()
        self.discriminator_step.step()

        generator = F.binary_cross_entropy_with_logits(self.discriminator(self.encoder(x)), ones)
        self.generator_step.zero_grad()
        generator.backward()
        self.generator_step.step()

        self.history.append((reconstruction.item(), game.item(), generator.item()))

    def seconds(self, steps: int) -> float:
        for _ in range(WARM_UP):
            self.step()
        start = perf_counter()
        for _ in range(steps):
            self.step()
        return perf_counter() - start


def pythae_installed() -> bool:
    return importlib.util.find_spec("pythae") is not None


class Pythae:
    """pythae's `Adversarial_AE` with its own `AdversarialTrainer`, through its public interface.

    Its one phase sums reconstruction and generator loss and makes no second update of the encoder: less arithmetic.
    A callback takes the time and stops it after `steps`: no checkpoint, no progress bar, no log is timed.
    """

    name = "pythae 0.1.2"

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        from pythae.data.datasets import BaseDataset
        from pythae.models import Adversarial_AE, Adversarial_AE_Config
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
        from pythae.trainers import AdversarialTrainer, AdversarialTrainerConfig
        from pythae.trainers.training_callbacks import TrainingCallback

        class Encoder(BaseEncoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = mlp(PIXELS, *hidden, LATENT)

            def forward(self, x: Tensor) -> ModelOutput:
                z = self.layers(x)
                # deterministic: pythae multiplies the deviation by 0, but wants to have one
                return ModelOutput(embedding=z, log_covariance=torch.zeros_like(z))

        class Decoder(BaseDecoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = mlp(LATENT, *reversed(hidden), PIXELS)

            def forward(self, z: Tensor) -> ModelOutput:
                return ModelOutput(reconstruction=self.layers(z).sigmoid())

        class Discriminator(BaseDiscriminator):
            def __init__(self) -> None:
                super().__init__()
                self.layers = mlp(LATENT, *hidden, 1)

            def forward(self, z: Tensor) -> ModelOutput:
                return ModelOutput(embedding=self.layers(z).sigmoid())

        class Clock(TrainingCallback):
            def on_train_begin(self, training_config, **_) -> None:
                self.trainer.callback_handler.callbacks = [self]  # without the progress bar and the printer

            def on_train_step_begin(self, training_config, **_) -> None:
                self.done = 0

            def on_train_step_end(self, training_config, **_) -> None:
                self.done += 1
                if self.done == WARM_UP:
                    self.start = perf_counter()
                if self.done == WARM_UP + self.steps:
                    self.taken = perf_counter() - self.start
                    raise Enough

        config = Adversarial_AE_Config(
            input_dim=(PIXELS,), latent_dim=LATENT, reconstruction_loss="bce", deterministic_posterior=True
        )
        self.clock = Clock()
        self.folder = tempfile.TemporaryDirectory()
        with quiet():
            self.trainer = AdversarialTrainer(
                Adversarial_AE(config, Encoder(), Decoder(), Discriminator()),
                BaseDataset(images.flatten(1) / 255, torch.zeros(len(images))),
                training_config=AdversarialTrainerConfig(
                    output_dir=self.folder.name,
                    per_device_train_batch_size=BATCH,
                    num_epochs=1,
                    no_cuda=True,
                    autoencoder_learning_rate=1e-3,
                    discriminator_learning_rate=1e-3,
                ),
                callbacks=[self.clock],
            )
        self.clock.trainer = self.trainer

    def seconds(self, steps: int) -> float:
        self.clock.steps = steps
        with quiet(), contextlib.suppress(Enough):
            self.trainer.train()
        return self.clock.taken


class Enough(Exception):  # noqa: N818
    """Ends pythae's training after the steps that are timed."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No log messages inside."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
