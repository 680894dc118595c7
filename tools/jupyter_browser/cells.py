"""What the notebooks hold: small networks, so that a step takes a millisecond or two."""

SETUP = """
import torch
import aae_lib as aae

data = aae.load("digits")


def trainer(losses=None, make=aae.AAE, **options):
    if make is aae.AAE:
        options.setdefault("prior", aae.priors.GaussianRing(10))
    model = make(data.image_shape, latent_dim=2, hidden=(32, 32), seed=0, **options)
    return aae.Trainer(model, data, seed=0, device="cpu", losses=losses)
"""
PANEL = "panel = aae.live.Panel(trainer())\npanel"
PAD = "pad = aae.live.Pad()\npad"
# goes on until somebody deletes the file that it makes in the notebook's folder
BUSY = """
import pathlib, time
pathlib.Path("busy").touch()
while pathlib.Path("busy").exists():
    time.sleep(0.02)
"""
