"""What the notebooks of these tests hold: small networks, so that a step takes a millisecond or two."""

IMPORTS = "import torch, aae_lib as aae\ndata = aae.load('digits')"

TRAINER = """
def trainer(losses=None, make=aae.AAE, **options):
    options.setdefault("prior", aae.priors.GaussianRing(10))
    model = make(data.image_shape, latent_dim=2, hidden=(32, 32), seed=0, **options)
    return aae.Trainer(model, data, seed=0, device="cpu", losses=losses)
"""

SETUP = IMPORTS + TRAINER
PANEL = (SETUP, "panel = aae.live.Panel(trainer())\npanel")
