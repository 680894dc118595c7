"""Make docs/front/models.js, what the book's front page decodes: `python tools/make_front.py [--steps 4000]`.

The page has to be small, so each pretrained decoder (2-200-200-784) teaches one of 2-64-72-784: the small one learns
the large one's pixels, at codes of training images, at samples of the prior and anywhere in the plane that is shown.
Codes are the pretrained encoders', of test images of mini_mnist. About a minute a model on one CPU core; the same
command gives the same file on one machine.
"""

import argparse
import base64
import json
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

import aae_lib as aae
from aae_lib.models.model import Model
from aae_lib.networks import Decoder
from aae_lib.plots.common import CLASS_COLOURS

FILE = Path(__file__).resolve().parents[1] / "docs" / "front" / "models.js"
NAMES = ("ae", "vae", "gaussian", "ring")
SHOWN = 1000  # test images whose codes are drawn
HIDDEN = (72, 64)  # as of an encoder: the decoder has them in reverse order
BATCH = 500


def view(z: Tensor, prior: Tensor) -> tuple[Tensor, float]:
    """Centre (2,) and half the side of a square that holds the codes and the prior, but for a few far ones."""
    both = torch.cat([z, prior])
    low, high = both.quantile(0.01, 0), both.quantile(0.99, 0)
    return (low + high) / 2, float((high - low).max()) / 2 * 1.12


def places(model: Model, z: Tensor, centre: Tensor, half: float, generator: torch.Generator) -> Tensor:
    """A batch of codes (BATCH, 2): half near those of images, a quarter from the prior, a quarter from anywhere."""
    rows = torch.randint(len(z), (BATCH // 2,), generator=generator)
    near = z[rows] + 0.03 * half * torch.randn(BATCH // 2, 2, generator=generator)
    anywhere = centre + half * (2 * torch.rand(BATCH // 4, 2, generator=generator) - 1)
    return torch.cat([near, model.prior.sample(BATCH // 4, generator=generator), anywhere])


def small(model: Model, z: Tensor, centre: Tensor, half: float, steps: int) -> Decoder:
    """A small decoder that has learned the model's, its weights rounded to 16-bit floats."""
    generator = torch.Generator().manual_seed(0)
    decoder = Decoder((1, 28, 28), 2, hidden=HIDDEN, activation="silu", generator=generator)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        at = places(model, z, centre, half, generator)
        loss = F.binary_cross_entropy_with_logits(decoder((at - centre) / half), model.decode(at), reduction="sum")
        optimizer.zero_grad()
        (loss / BATCH).backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():  # it learned in units of the view; from here on it takes z itself
        first = decoder.layers[0]
        first.weight /= half
        first.bias -= first.weight @ centre
        for parameter in decoder.parameters():
            parameter.copy_(parameter.half())
    return decoder


def packed(tensor: Tensor) -> str:
    """Little-endian bytes, in base64."""
    return base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=4000)
    steps = parser.parse_args().steps

    torch.set_num_threads(1)
    data = aae.load("mini_mnist")
    images, labels = data.test.images[:SHOWN], data.test.labels[:SHOWN]
    models = {}
    for name in NAMES:
        model = aae.pretrained.load(name)
        z, shown = model.encode(data.train.images), model.encode(images)
        centre, half = view(z, model.prior.sample(5000, generator=torch.Generator().manual_seed(1)))
        decoder = small(model, z, centre, half, steps)
        with torch.no_grad():
            difference = float((decoder(shown).sigmoid() - model.decode(shown)).abs().mean())
        models[name] = {
            "centre": [round(c, 4) for c in centre.tolist()],
            "half": round(half, 4),
            "codes": packed(shown.half()),
            "weights": packed(torch.cat([p.detach().flatten() for p in decoder.parameters()]).half()),
            "difference": round(difference, 4),
        }
        print(
            f"{name}: half {half:.2f}, centre {centre.tolist()}, mean difference of a pixel {difference:.4f}",
            flush=True,
        )
    content = {
        "made": f"python tools/make_front.py --steps {steps}",
        "sizes": [2, *reversed(HIDDEN), 784],
        "labels": packed(labels.to(torch.uint8)),
        "colours": CLASS_COLOURS,
        "models": models,
    }
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(f"window.aaeFront = {json.dumps(content)};\n")
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
