"""What is timed side by side: this library's trainer, a textbook loop and pythae, each training the same networks.

Each has `name`, `note` and `seconds(steps)`: a few steps to warm up, then the time of `steps` training steps.
All use ReLU networks, binary cross-entropy summed over pixels, Adam and batches of 100.
"""

import contextlib
import importlib.util
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import aae_lib as aae
from aae_lib.paper.tasks import TASKS

BATCH, LATENT = 100, 2
DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
WARM_UP = 50 if DEVICE == "cuda" else 5  # a recorded graph holds 50 steps


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


class Loop:
    """A contender that takes steps when asked: `run(steps)`."""

    def seconds(self, steps: int) -> float:
        """What `steps` steps take, after a few that are not timed."""
        self.run(steps=WARM_UP, progress=False)
        return self.timed(steps)

    def timed(self, steps: int) -> float:
        start = perf_counter()
        self.run(steps=steps, progress=False)
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        return perf_counter() - start

    def watch(self, steps: int, every: int, look: Callable[[float], bool]) -> None:
        """Train; after `every` steps look, with the seconds of training so far, until it says True."""
        taken = 0.0
        for _ in range(0, steps, every):
            taken += self.timed(every)
            if look(taken):
                return


class Ours(Loop):
    """`aae_lib.Trainer` with an `AAE`, step by step."""

    name = "this trainer"
    r1: float | None = None
    precision, graph, members = "fp32", False, 1
    schedule = aae.Constant()

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        first = torch.initial_seed()
        self.trainers = [self.trainer(hidden, images, seed) for seed in range(first, first + self.members)]
        self.run = (aae.Sweep(self.trainers) if self.members > 1 else self.trainers[0]).run

    def model(self, hidden: Sequence[int], images: Tensor, seed: int) -> aae.AAE:
        options = {"activation": "relu", "discriminator_activation": "relu", "reconstruction": "bce", "r1": self.r1}
        return aae.AAE(images.shape[1:], LATENT, hidden=hidden, seed=seed, **options)

    def trainer(self, hidden: Sequence[int], images: Tensor, seed: int) -> aae.Trainer:
        split = aae.data.Split(images, torch.arange(len(images)) % 10)
        options = {"device": DEVICE, "batch_size": BATCH, "precision": self.precision, "graph": self.graph}
        model = self.model(hidden, images, seed)
        return aae.Trainer(model, split, phases=self.phases(model), seed=seed, schedule=self.schedule, **options)

    def phases(self, model: aae.AAE) -> list[aae.Phase]:
        return model.phases()

    def encode(self, images: Tensor) -> Tensor:
        return self.trainers[0].model.encode(images)

    def reconstruct(self, images: Tensor) -> Tensor:
        return self.trainers[0].model.reconstruct(images)


class OursPenalised(Ours):
    """The same with the gradient penalty on the discriminator, to show what it costs."""

    name = "this trainer, gradient penalty r1=0.1"
    r1 = 0.1


class OursCompiled(Ours):
    """The same with each loss, and the gradients that come from it, compiled by `torch.compile`."""

    name = "this trainer, losses by torch.compile"

    def phases(self, model: aae.AAE) -> list[aae.Phase]:
        return [
            phase.replace(loss=torch.compile(phase.loss), share=phase.share and torch.compile(phase.share))
            for phase in model.phases()
        ]


class Recipe(Ours):
    """The library's defaults with the schedule that they are meant for, to measure what is reached and not the step."""

    name = "this library's defaults"
    schedule = aae.Cosine(4000)
    graph = None

    def model(self, hidden: Sequence[int], images: Tensor, seed: int) -> aae.AAE:
        return aae.AAE(images.shape[1:], LATENT, hidden=hidden, seed=seed)


class Bf16(Ours):
    """The same in bfloat16 where autocast takes it."""

    name, precision = "this trainer, bf16", "bf16"


class Sweep8(Ours):
    """Eight models at once: its time is that of a step of all."""

    name, members = "a sweep of 8", 8


class Sweep64(Ours):
    """Sixty-four models at once."""

    name, members = "a sweep of 64", 64


class Semi(Ours):
    """A step of the semi-supervised AAE: six phases, two games."""

    name = "this trainer, semi-supervised"

    def model(self, hidden: Sequence[int], images: Tensor, seed: int) -> aae.AAE:
        options = {"activation": "relu", "discriminator_activation": "relu", "reconstruction": "bce"}
        return aae.SemiSupervisedAAE(images.shape[1:], 10, hidden=hidden, seed=seed, **options)


class Few(Ours):
    """A step of the recipe for 100 labels: batch norm, penalty, both consistencies; eight phases."""

    name = "the recipe for 100 labels"

    def model(self, hidden: Sequence[int], images: Tensor, seed: int) -> aae.AAE:
        arguments = TASKS["semi-supervised-100"].full.arguments | {"hidden": hidden}
        return aae.SemiSupervisedAAE(images.shape[1:], seed=seed, **arguments)


class Few20(Few):
    """Twenty of them at once."""

    name, members = "a sweep of 20, the recipe for 100 labels", 20


def graphed(kind: type[Ours], precision: str = "fp32") -> type[Ours]:
    """The same contender with its steps recorded as CUDA graphs."""
    name = ", ".join([kind.name, *([] if precision == "fp32" else [precision]), "graph"])
    own = {"name": name, "graph": True, "precision": precision, "__module__": __name__}
    return type(f"{kind.__name__}Graphed", (kind,), own)


OursGraphed = graphed(Ours)
OursFast, SemiFast, FewFast, Few20Fast = (graphed(kind, "tf32") for kind in (Ours, Semi, Few, Few20))


class Textbook(Loop):
    """The loop of most tutorials: a DataLoader, three optimizers, `zero_grad`, `backward`, `step`, and `.item()`."""

    name = "textbook loop"

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        pixels = images[0].numel()
        self.encoder = mlp(pixels, *hidden, LATENT).to(DEVICE)
        self.decoder = mlp(LATENT, *reversed(hidden), pixels).to(DEVICE)
        self.discriminator = mlp(LATENT, *hidden, 1).to(DEVICE)
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
        x = next(self.batches).to(DEVICE)
        ones, zeros = torch.ones(len(x), 1, device=DEVICE), torch.zeros(len(x), 1, device=DEVICE)

        logits = self.decoder(self.encoder(x))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
        self.autoencoder_step.zero_grad()
        reconstruction.backward()
        self.autoencoder_step.step()

        real = self.discriminator(torch.randn(len(x), LATENT, device=DEVICE))
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

    def run(self, steps: int, progress: bool) -> None:
        for _ in range(steps):
            self.step()

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        return self.encoder(images.flatten(1).to(DEVICE) / 255).cpu()

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        return self.decoder(self.encode(images).to(DEVICE)).sigmoid().view(images.shape).cpu()


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

        pixels = images[0].numel()

        class Encoder(BaseEncoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = mlp(pixels, *hidden, LATENT)

            def forward(self, x: Tensor) -> ModelOutput:
                z = self.layers(x)
                # deterministic: pythae multiplies the deviation by 0, but wants to have one
                return ModelOutput(embedding=z, log_covariance=torch.zeros_like(z))

        class Decoder(BaseDecoder):
            def __init__(self) -> None:
                super().__init__()
                self.layers = mlp(LATENT, *reversed(hidden), pixels)

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
                self.done, self.taken, self.start = 0, 0.0, perf_counter()

            def on_train_step_end(self, training_config, **_) -> None:
                self.done += 1
                if self.done % self.every and self.done != WARM_UP:
                    return
                self.taken += perf_counter() - self.start
                if self.look(self.done, self.taken) or self.done == self.steps:
                    raise Enough
                self.start = perf_counter()

        config = Adversarial_AE_Config(
            input_dim=(pixels,), latent_dim=LATENT, reconstruction_loss="bce", deterministic_posterior=True
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
                    num_epochs=1_000_000,  # `Enough` ends it
                    no_cuda=DEVICE == "cpu",
                    autoencoder_learning_rate=1e-3,
                    discriminator_learning_rate=1e-3,
                ),
                callbacks=[self.clock],
            )
        self.clock.trainer = self.trainer

    def seconds(self, steps: int) -> float:
        """As `Loop.seconds`."""
        times = {}
        self.train(WARM_UP + steps, WARM_UP + steps, lambda done, taken: times.update({done: taken}))
        return times[WARM_UP + steps] - times[WARM_UP]

    def watch(self, steps: int, every: int, look: Callable[[float], bool]) -> None:
        """As `Loop.watch`."""
        self.train(steps, every, lambda done, taken: done != WARM_UP and look(taken))

    def train(self, steps: int, every: int, look: Callable[[int, float], bool | None]) -> None:
        """After the warm-up and every `every` steps call `look` with the steps and seconds of training so far."""
        self.clock.steps, self.clock.every, self.clock.look = steps, every, look
        with quiet(), contextlib.suppress(Enough):
            self.trainer.train()

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        return self.trainer.model.encoder(images.flatten(1).to(DEVICE) / 255).embedding.cpu()

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        return self.trainer.model.decoder(self.encode(images).to(DEVICE)).reconstruction.view(images.shape).cpu()


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
