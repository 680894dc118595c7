"""Train the models of aae_lib/models/pretrained.py on MNIST and write them to aae_lib/models/weights/.

python tools/pretrain.py [NAME ...] [--epochs 20] [--data-dir FOLDER]

Two to five minutes a model on one CPU core; the same command gives the same weights on one machine.
"""

import argparse
import json
import time
from pathlib import Path

import torch

import aae_lib as aae
from aae_lib.models import pretrained, saved
from aae_lib.paper.machine import versions
from aae_lib.training import checkpoints

BATCH = 100
# 200 units a layer: as 16-bit floats each file stays under 1 MB
SHAPE = {"latent_dim": 2, "hidden": (200, 200), "seed": 0}
# rates and weights of the game were chosen on the validation images
GAME_RATE = {"ring": 3e-3, "gaussian": 1e-3, "gaussian8": 1e-3}
GENERATOR = {"gaussian": 0.5}  # at 1 the codes match as well, and digits mix more
EIGHT = {"latent_dim": 8, "batch_norm": True, "optimizer": aae.Adam(2e-3)}  # lesson 07's recipe, for both of its pair


def model(name: str, image_shape: tuple[int, int, int]) -> aae.AE:
    """The untrained model of that name."""
    if name == "vae8":
        return aae.VAE(image_shape, **SHAPE | EIGHT)
    if name in ("vae", "ae"):
        return {"vae": aae.VAE, "ae": aae.AE}[name](image_shape, **SHAPE)
    special = {"prior": aae.priors.GaussianRing(10), "classes": 10} if name == "ring" else {}
    if name == "gaussian":  # without batch norm, codes matched the prior and mixed the digits, or neither
        special = {"batch_norm": True, "optimizer": aae.Adam(2e-3)}
    if name == "gaussian8":
        special = EIGHT
    game = {"discriminator_hidden": (200, 200), "game_optimizer": aae.Adam(lr=GAME_RATE[name], beta1=0.5)}
    return aae.AAE(image_shape, **SHAPE | special, **game)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=pretrained.NAMES, metavar="NAME", help=", ".join(pretrained.NAMES))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = aae.load("mnist", folder=options.data_dir)
    steps = options.epochs * len(data.train) // BATCH
    for name in options.names:
        start = time.time()
        schedule = aae.Cosine(steps, 0.02)
        trainer = aae.Trainer(model(name, data.image_shape), data, batch_size=BATCH, schedule=schedule, device="cpu")
        if name in GENERATOR:
            trainer.weights["generator"] = GENERATOR[name]
        trainer.run(steps=steps)
        weights = {
            key: tensor.half() if tensor.is_floating_point() else tensor
            for key, tensor in trainer.model.state_dict().items()
        }
        told = {
            "command": f"python tools/pretrain.py {name} --epochs {options.epochs}",
            "made of": checkpoints.description(trainer),
            "weights": dict(trainer.weights),
            "steps": steps,
            "figures": json.loads(aae.metrics.compare(trainer.model, data).to_json(orient="index")),
            "versions": versions(),
        }
        path = pretrained.FOLDER / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        saved.write(path, told["made of"]["model"], weights, told)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {time.time() - start:.0f} s, {told['figures']}", flush=True)


if __name__ == "__main__":
    main()
