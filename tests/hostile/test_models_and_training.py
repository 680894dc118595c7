"""Clumsy and hostile arguments of models, priors, optimizers, data and trainers: one sentence each, before training."""

import copy
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import aae_lib as aae
from aae_lib import priors
from aae_lib.data import Dataset, Split
from aae_lib.training import CheckpointError, checkpoints

DIGITS = aae.load("digits")
NAN, INF = float("nan"), float("inf")
X, Y = DIGITS.train.images, DIGITS.train.labels


def make(kind=aae.AAE, data=DIGITS, seed=0, trainer=None, **options):
    return aae.Trainer(kind(DIGITS.image_shape, **{"hidden": (8,), "seed": seed} | options), data, **(trainer or {}))


def sentence(error):
    """One line that says it, and nothing of Python's, torch's or NumPy's own words."""
    told = str(error.value)
    assert "\n" not in told
    assert told.endswith(".")
    for words in (
        "not supported between",
        "object is not",
        "invalid combination",
        "positional argument",
        "Tensor-likes",
    ):
        assert words not in told
    return told


# ---- constructors ----

ODD_COUNTS = [0, -1, 2.5, NAN, INF, "2", None, True, [2], 10**13, np.zeros(2), 2j]
ODD_NUMBERS = [-1, NAN, INF, "x", [1], 1e39, object(), torch.zeros(2)]
ODD_WORDS = ["nonsense", 5, None, ["mlp"], ""]
ODD_WIDTHS = [16, "16", None, (16.5,), ("16",), (NAN,), (True,), [[16]], {16}, (0,), (10**9,)]
ODD_SHAPES = [None, 5, "abc", (8, 8), (1, 8.5, 8), (1, NAN, 8), ("1", "8", "8"), (1, None, 8), (True, 8, 8), (1, 0, 8)]


def each(name, values, kind=aae.AAE, **others):
    return [pytest.param(kind, name, value, others, id=f"{kind.__name__}-{name}-{i}") for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("kind", "name", "value", "others"),
    [
        *each("image_shape", ODD_SHAPES),
        *each("latent_dim", ODD_COUNTS),
        *each("hidden", ODD_WIDTHS),
        *each("discriminator_hidden", [8, "8", (0,)]),
        *each("discriminator_waves", [1.0, "1", (0,), (-1.0,), (float("nan"),)]),
        *each("seed", [None, -1, 2.5, "0", [0], 2**70]),
        *each("input_noise", [*ODD_NUMBERS, None]),
        *each("input_dropout", [1, *ODD_NUMBERS]),
        *each("weight_sd", [0, *ODD_NUMBERS]),
        *each("r1", ODD_NUMBERS),
        *each("label_share", [1, *ODD_NUMBERS]),
        *each("classes", [0, "10", 2.5, True]),
        *each("batch_norm", ["no", 2, None]),
        *each("noise_dim", [0, 1.5, "x", NAN], posterior="universal"),
        *each("noise_dim", [3]),
        *each("posterior", ODD_WORDS),
        *each("reconstruction", [["bce"], *(word for word in ODD_WORDS if word is not None)]),
        *each("network", ODD_WORDS),
        *each("activation", ODD_WORDS),
        *each("optimizer", [aae.Adam, 0.1, "adam", torch.optim.Adam]),
        *each("game_optimizer", [aae.SGD, 1]),
        *each("beta", [None, *ODD_NUMBERS], aae.VAE),
        *each("mmd", [None, *ODD_NUMBERS], aae.WAE),
        *each("categories", [1, *ODD_COUNTS], aae.SupervisedAAE),
        *each("condition_discriminator", ["no", 2, None], aae.SupervisedAAE),
        *each("consistency", [0, *ODD_NUMBERS], aae.SemiSupervisedAAE),
        *each("virtual", [0, *ODD_NUMBERS], aae.SemiSupervisedAAE),
        *each("y_game_from", [-1, 2.5, "x", None], aae.SemiSupervisedAAE),
        *each("noise_dim", [3], aae.SemiSupervisedAAE),
        *each("apart", ODD_NUMBERS, aae.MapAAE),
        *each("labelled", ["yes", 1], aae.MapAAE),
    ],
)
def test_a_model_refuses_an_argument_by_its_name(kind, name, value, others):
    arguments = {"image_shape": DIGITS.image_shape} | others | {name: value}
    with pytest.raises(ValueError, match=name) as error:
        kind(**arguments)
    sentence(error)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: aae.Adam(INF), "lr must be a finite number"),
        (lambda: aae.Adam(-1), "lr must be"),
        (lambda: aae.Adam("x"), "lr must be"),
        (lambda: aae.Adam(beta1=1.0), "beta1 must be a finite number of at least 0 and below 1"),
        (lambda: aae.Adam(beta2=NAN), "beta2 must be"),
        (lambda: aae.SGD(momentum=2.0), "momentum must be"),
        (lambda: aae.SGD(-1), "lr must be"),
        (lambda: aae.Cosine(0), "steps must be a whole number from 1"),
        (lambda: aae.Cosine("x"), "steps must be"),
        (lambda: aae.Cosine(10, final=-1), "final must be"),
        (lambda: aae.Drops(5), "at must be a sequence"),
        (lambda: aae.Drops(("a",)), "at must be a sequence"),
        (lambda: priors.Gaussian(2, 1e39), "sigma must be a positive number"),
        (lambda: priors.Gaussian(10**30), "dim must be"),
        (lambda: priors.Circle(2.0, 1e-30), "noise must be 0 or a positive number"),
        (lambda: priors.SwissRoll(noise=1e-5).log_prob(torch.zeros(1, 2)), "Give it noise of at least"),
        (lambda: priors.Categorical(2, "ab"), "probs must be a sequence"),
        (lambda: priors.Categorical(2, [None, 1]), "probs must be a sequence"),
        (lambda: priors.Points(None), "points must be finite numbers"),
        (lambda: priors.Points("abc"), "points must be finite numbers"),
        (lambda: priors.Points(torch.zeros(3, 2, dtype=torch.complex64)), "points must be finite numbers"),
        (lambda: priors.Points(torch.zeros(3, 2), labels="abc"), "labels must be"),
        (lambda: priors.Picture("a.png"), "image must be finite numbers"),
        (lambda: priors.Picture(torch.ones(3, 3), (0, 1)), "extent must be a sequence"),
        (lambda: priors.Picture(torch.ones(3, 3), "abcd"), "extent must be a sequence"),
        (lambda: priors.Function(None), "f must be a function"),
        (lambda: priors.Function(lambda n, generator=None: torch.zeros(n, 2), dim="2"), "dim must be"),
        (lambda: priors.GaussianRing(10).sample("3"), "n must be a whole number"),
        (lambda: priors.GaussianRing(10).sample(3, device=None), "device must be a device of this machine"),
        (lambda: priors.GaussianRing(10).sample(3, generator=5), "generator must be a torch.Generator"),
        (lambda: priors.GaussianRing(10).sample(3, labels="abc"), "labels must be"),
        (lambda: priors.from_description(None), "described by a dict"),
        (lambda: priors.from_description({"name": ["Gaussian"]}), "names the prior .'Gaussian'., which is not here"),
        (lambda: priors.from_description({}), "The description has no name"),
        (lambda: priors.from_description({"name": "Points"}), "missing a required argument: 'points'"),
        (lambda: priors.from_description({"name": "Gaussian", "mean": 1}), "unexpected keyword argument 'mean'"),
        (lambda: priors.named(["ring"]), "name must be one of gaussian"),
        (lambda: aae.VAE(DIGITS.image_shape, prior=priors.Uniform(2)), "this prior's is 0 at some z"),
        (lambda: aae.PlaneGame(None, priors.Gaussian(2)), "start must be finite numbers"),
        (lambda: aae.PlaneGame(torch.full((5, 2), NAN), priors.Gaussian(2)), "start must be finite numbers"),
        (lambda: aae.PlaneGame(torch.zeros(5, 2), priors.Gaussian(2), hidden=5), "hidden must be a sequence"),
        (lambda: aae.PlaneGame(torch.zeros(5, 2), priors.Gaussian(2), rate=-1), "rate must be"),
        (lambda: aae.Phase("", lambda m, b, t: None, ("encoder",)), "name must be a string"),
        (lambda: aae.Phase("a", None, ("encoder",)), "loss must be a function"),
        (lambda: aae.Phase("a", print, "encoder"), "updates must be names in a tuple"),
        (lambda: aae.Phase("a", print, None), "updates must be names in a tuple"),
        (lambda: aae.Phase("a", print, ("encoder",), terms={"r1": "x"}), "terms must be numbers"),
        (lambda: aae.Phase("a", print, ("encoder",), repeats="x"), "repeats must be a whole number"),
        *[
            (lambda loss=loss: aae.Phase("a", loss, ("encoder",)), r"must be a function loss\(model, batch, terms\)")
            for loss in (
                F.mse_loss,
                partial(F.mse_loss),
                nn.MSELoss(),
                nn.MSELoss,
                aae.losses.tell_apart,
                torch.dist,
                nn.Linear(2, 2),
            )
        ],
    ],
)
def test_a_part_refuses_what_it_cannot_be_made_of(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    sentence(error)


def test_numbers_of_every_make_are_numbers():
    model = aae.AAE(np.array([1, 8, 8]), np.int64(2), hidden=torch.tensor([8]), r1=np.float32(0.1), seed=np.int64(3))
    assert model.arguments["latent_dim"] == 2
    assert (model.image_shape, model.hidden) == ((1, 8, 8), (8,))
    assert priors.Gaussian(np.int64(2), np.float32(1.5)) == priors.Gaussian(2, 1.5)
    assert priors.GaussianRing(10).sample(np.int64(3)).shape == (3, 2)
    assert aae.Adam(np.float64(1e-3)) == aae.Adam(1e-3)


def test_a_density_of_ones_own_is_looked_at():
    class Column:
        dim = 2

        def sample(self, n, generator=None):
            return torch.randn(n, 2, generator=generator)

        def log_prob(self, z):
            return (-z.square() / 2).sum(1, keepdim=True)

    with pytest.raises(ValueError, match=r"log_prob must return log p\(z\), of shape \(n,\)") as error:
        aae.VAE(DIGITS.image_shape, prior=Column())
    sentence(error)


# ---- data ----

FLOATS = X.float() / 255
MASKED = np.ma.masked_array(X.numpy(), X.numpy() > 200)
UNLABELLED = Split(X, torch.full_like(Y, -1))
HOLED = torch.where(torch.arange(len(X))[:, None, None, None] == 700, NAN, FLOATS)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Split(None, None), "images must be"),
        (lambda: Split(5, 5), "images must be"),
        (lambda: Split(MASKED, Y), "images must have no masked values"),
        (lambda: Split(X, np.ma.masked_array(Y, Y.numpy() > 8)), "labels must have no masked values"),
        (lambda: make().model.encode(MASKED), "images must have no masked values"),
        (lambda: make(data=UNLABELLED, prior=priors.GaussianRing(10), classes=10), "and no image has one"),
        (lambda: make(prior=priors.GaussianRing(5), classes=5), "there is a label 9, and with classes=5"),
        (lambda: Split(torch.zeros(()), Y), "images must be"),
        (lambda: Split(X.long(), Y), "convert them"),
        (lambda: Split("abc", Y), "images must be"),
        (lambda: Split(X, Y[:3]), "labels must be 1300 whole numbers"),
        (lambda: Split(X, Y.float()), "labels must be 1300 whole numbers"),
        (lambda: Split(X, None), "labels must be"),
        (lambda: DIGITS.train.keep_labels("10"), "n must be a whole number"),
        (lambda: DIGITS.train.keep_labels(None), "n must be a whole number"),
        (lambda: DIGITS.train.keep_labels(10, seed=2**64), "seed must be"),
        (lambda: Dataset("own", X, DIGITS.test, DIGITS.test, (1, 8, 8), 10), "train must be a Split"),
        (lambda: Dataset("own", *[DIGITS.test] * 3, (1, 8, 8), "10"), "classes must be"),
        (lambda: Dataset(None, *[DIGITS.test] * 3, (1, 8, 8), 10), "name must be"),
        (lambda: make(data=None), "data must be a Dataset or a Split"),
        (lambda: make(data=Split(X.float(), Y)), r"image 0 has values from 0 to \d+, and floats must lie in \[0, 1\]"),
        (lambda: make(data=Split(HOLED, Y)), "image 700 holds NaN or infinity"),
        (lambda: make(data=Split(FLOATS - 0.5, Y)), "image 0 has values from -0.5"),
        (lambda: make(data=Split(FLOATS.reshape(-1, 1, 4, 16), Y)), r"this model takes images \(N, 1, 8, 8\)"),
        (lambda: make().model.encode(HOLED), "image 700 holds NaN"),
        (lambda: make().model.encode("x"), "images must be"),
        (lambda: make().model.encode(torch.zeros(1, 1, 8, 8, dtype=torch.complex64)), "images must be"),
        (lambda: make().model.decode(torch.tensor([[NAN, 0.0]])), "codes must be finite"),
        (lambda: make().model.decode("x"), "codes must be"),
        (lambda: make().model.decode(torch.zeros(2, 2, dtype=torch.bool)), "codes must be numbers of shape"),
        (lambda: make(aae.SupervisedAAE).model.decode(torch.zeros(2, 10), torch.tensor([-1, 3])), "got -1 to 3"),
        (lambda: make(aae.SupervisedAAE).model.decode(torch.zeros(2, 10), "x"), "categories y must be"),
        (lambda: make(aae.SupervisedAAE).model.decode(torch.zeros(1, 10), torch.full((1, 10), 0.7)), "sum to 1"),
    ],
)
def test_data_that_cannot_be_learned_from_are_refused(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    sentence(error)


def test_images_of_every_make_train_alike():
    straight = make().run(steps=3, progress=False)["reconstruction"]
    numpy = Split(X.numpy()[::-1][::-1], Y.numpy().astype(np.int32))
    table = X.numpy().transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)  # not contiguous
    for data in (numpy, Split(torch.from_numpy(table), Y), Split(FLOATS.double().numpy(), Y)):
        found = make(data=data).run(steps=3, progress=False)["reconstruction"]
        pd.testing.assert_series_equal(found, straight, rtol=1e-6)
    assert torch.equal(make().model.encode(FLOATS.double().numpy()), make().model.encode(FLOATS))


# ---- trainers ----


def loss_of(value):
    return {"losses": {"generator": lambda model, batch, terms: value}}


def differentiated(model, batch, terms):
    loss = model.discriminator(batch["z"]).mean()
    loss.backward(retain_graph=False)
    return loss


def branching(model, batch, terms):
    loss = model.discriminator(batch["z"]).mean()
    return loss if loss > 0 else -loss


def named(name):
    return tuple(phase.replace(name=name) for phase in aae.AE(DIGITS.image_shape, hidden=(8,)).phases())


def made_of(place, **changes):
    phases = list(aae.AAE(DIGITS.image_shape, hidden=(8,)).phases())
    phases[place] = phases[place].replace(**changes)
    return make(trainer={"phases": tuple(phases)})


def reweighted():
    return tuple(phase.replace(weight=0.5) for phase in make().phases)


def two(**options):
    return [make(seed=s, **options) for s in range(2)]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: aae.Trainer(None, DIGITS), "model must be a Model"),
        (lambda: make(trainer={"seed": 2**70}), "seed must be"),
        (lambda: make(trainer={"batch_size": 10.5}), "batch_size must be a whole number"),
        (lambda: make(trainer={"batch_size": "10"}), "batch_size must be"),
        (lambda: make(trainer={"batch_size": []}), "batch_size must be"),
        (lambda: make(trainer={"schedule": 0.5}), "schedule must be a function"),
        (lambda: make(trainer={"schedule": aae.Cosine}), "schedule must be a function"),
        (lambda: make(trainer={"schedule": lambda step: None}), "a schedule gives a factor"),
        (lambda: make(trainer={"schedule": lambda step: -1.0}), "a schedule gives a factor"),
        (lambda: make(trainer={"device": None}), "device"),
        (lambda: make(trainer={"device": ["cpu"]}), "device"),
        (lambda: make(trainer={"device": "cpu:7"}), "device"),
        (lambda: make(trainer={"device": "mps"}), "PyTorch finds none on this machine"),
        (lambda: priors.Gaussian().sample(3, device="mps"), "device must be a device of this machine"),
        (lambda: checkpoints.exists(None), "folder must be the name"),
        (lambda: checkpoints.exists(""), "folder must be the name"),
        (lambda: checkpoints.remove(None), "folder must be the name"),
        (lambda: checkpoints.save(make().model, "a"), "trainer must be a Trainer, such as"),
        (lambda: checkpoints.load("a", make()), "trainer must be a Trainer, such as"),
        (lambda: make(trainer={"phases": 5}), "phases must be a tuple of Phase"),
        (lambda: make(trainer={"phases": ()}), "there are no phases"),
        (lambda: setattr(make(), "phases", ()), "there are no phases"),
        (lambda: setattr(make(), "phases", make().phases[:2]), "keep their names, order, optimizers and terms"),
        (lambda: setattr(make(), "phases", reweighted()), "keep their names, order, optimizers and terms"),
        *[
            (
                lambda value=value: made_of(1, share=lambda *_: value).step(),
                "share of phase 'discriminator' must return",
            )
            for value in (None, 5, torch.zeros(3), [1], {"z": 5})
        ],
        *[
            (lambda value=value: made_of(0, draw=lambda *_: value).step(), "draw of phase 'reconstruction' must return")
            for value in (None, 5, torch.zeros(3), [1], {"x": 5})
        ],
        (lambda: make(trainer={"losses": [1]}), "losses must be a dict"),
        (lambda: make(trainer={"losses": {"generator": None}}), "loss must be a function"),
        (lambda: make(trainer=loss_of(0.5)).step(), "must be a tensor of shape"),
        (lambda: make(trainer=loss_of(None)).step(), "must be a tensor of shape"),
        (lambda: make(trainer=loss_of((1, 2))).step(), "must be a tensor of shape"),
        (lambda: make().run(steps="2"), "steps must be"),
        (lambda: make().run(steps=NAN), "steps must be"),
        (lambda: make().run(epochs=INF), "epochs must be"),
        (lambda: make().run(steps=3, every=1), "belong together"),
        (lambda: make().run(steps=3, measure=5, every=1), "measure must be a function"),
        (lambda: make().run(steps=3, measure=lambda model: {}, every="1"), "every must be"),
        (lambda: make().run(steps=3, measure=lambda model: 5.0, every=1), "measure= returns a dict"),
        (lambda: make().run(steps=3, measure=lambda model: {"a": "x"}, every=1), "measure= returns a dict"),
        (lambda: make().run(steps=3, measure=lambda model: {"generator": 1.0}, every=1), "use another name"),
        (lambda: make().run(steps=3, folder=""), "folder must be the name"),
        (lambda: make().run(steps=3, folder=5), "folder must be the name"),
        (lambda: make().run(steps=3, folder="a\0b"), "folder must be the name"),
        (lambda: make().run(steps=3, folder="/dev/null"), "cannot be written to"),
        (lambda: make().run(steps=3, folder="/dev/null/x"), "cannot be written to"),
        (lambda: make().run(steps=3, folder="x" * 300), "cannot be written to"),
        (lambda: make().run(steps=3, save_seconds="x"), "save_seconds must be"),
        (lambda: make().run(steps=3, seconds=NAN), "seconds must be"),
        (lambda: make(data=DIGITS.train.take(torch.arange(0))), "there are no images to learn from"),
        (lambda: make().model.sample(3, generator=0), "generator must be a torch.Generator"),
        (lambda: make().model.sample(10**9), "n must be a whole number from 0 to 1,000,000"),
        (lambda: make().model.encode(X, generator="x"), "generator must be a torch.Generator"),
        (lambda: make().model.encode(FLOATS.to_sparse()), "must be dense"),
        (lambda: make(aae.SupervisedAAE).model.reconstruct(X[:3], "x"), "categories y must be"),
        (lambda: DIGITS.train.take(torch.tensor([5000])), "rows must be whole numbers from 0 to 1299"),
        (lambda: Split(X, torch.full((1300,), -2)), "labels must be at least -1"),
        (lambda: Split(X, np.full(1300, 2**63, dtype=np.uint64)), "labels must be at least -1"),
        (lambda: setattr(make().model, "prior", priors.Gaussian(3)), "the prior has dimension 3, the code 2"),
        (lambda: setattr(make().model, "input_noise", "x"), "input_noise must be"),
        (lambda: setattr(make(), "schedule", 0.01), "schedule must be a function"),
        (lambda: setattr(make(), "terms", 5), "set them by name"),
        (lambda: make(r1=0.1).terms.__setitem__("discriminator", 0.1), "set them by name"),
        (lambda: aae.Trainer(make().model.double(), DIGITS), "parameters must be float32"),
        (lambda: make(trainer={"losses": {"generator": lambda model: 0}}), "loss must be a function"),
        (lambda: make(trainer=loss_of(torch.zeros((), dtype=torch.complex64))).step(), "is complex"),
        (lambda: make(trainer={"losses": {"generator": differentiated}}).step(), "return it without backward"),
        (lambda: aae.Phase("a", print, ()), "updates must be names in a tuple"),
        (lambda: make(trainer={"phases": named("seconds")}), "is a column of the history"),
        (lambda: aae.Sweep(two(trainer={"losses": {"generator": branching}})).step(), "for all members at once"),
        (lambda: make().weights.update(generator="x"), "generator must be"),
        (lambda: make().weights.update(generator=[1]), "generator must be"),
        (lambda: make().repeats.update(discriminator=None), "discriminator must be"),
        (lambda: setattr(make(), "weights", 5), "set them by name"),
        (lambda: setattr(make(), "rate", "x"), "rate must be"),
        (lambda: setattr(make(), "rate", 1e38), "rate must be"),
        (lambda: aae.Sweep(None), "a sweep takes a list of trainers"),
        (lambda: aae.Sweep(make()), "a sweep takes a list of trainers"),
        (lambda: aae.Sweep([make(), 5]), "a sweep takes a list of trainers"),
        (lambda: aae.Sweep([make(), make()]).run(steps=1, folders="ab"), "folders must be a list"),
        (lambda: aae.Sweep([make(), make()]).run(steps=1, folders=["a", "./a"]), "the same folder"),
        (lambda: aae.Sweep([make(), make()]).run(steps=1, folders=["a", ""]), "folders must be the name"),
    ],
)
def test_a_trainer_refuses_before_it_trains(call, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words) as error:
        call()
    sentence(error)
    assert list(tmp_path.iterdir()) == []  # nothing half-made stays


# ---- set later, or put in ----


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: setattr(make().model, "reconstruction", "l1"), "reconstruction is fixed once the model is made"),
        (lambda: setattr(make().model, "r1", 0.5), "r1 is fixed"),
        (lambda: setattr(make().model, "latent_dim", 3), "latent_dim is fixed"),
        (lambda: setattr(make().model, "optimizer", aae.SGD()), "optimizer is fixed"),
        (lambda: setattr(make(aae.VAE).model, "beta", 4.0), "beta is fixed"),
        (lambda: setattr(make().model, "device", "cuda"), "device of a model cannot be set"),
        (lambda: aae.Panle, r"aae_lib has no Panle."),
        (lambda: aae.Trianer, r"aae_lib has no Trianer: did you mean aae_lib.Trainer\?"),
        (lambda: setattr(DIGITS.train, "images", X), "Split.images cannot be set once it is made"),
        (lambda: setattr(make(), "model", make().model), "model is fixed once a trainer is made"),
        (lambda: setattr(make(), "seed", 3), "seed is fixed"),
        (lambda: setattr(make(), "lr", 3), "a trainer has no lr: trainer.rate is a factor"),
        (lambda: setattr(make(), "batch_size", 3), r"a trainer has no batch_size: Trainer\(..., batch_size=100\)"),
        (lambda: setattr(make(), "wieghts", {}), "a trainer has no wieghts: did you mean weights"),
        (lambda: make().fit(10), r"a trainer has no fit: trainer.run\(steps=4000\) trains"),
        (lambda: make().colour, "a trainer has no colour: see help"),
        (lambda: make().model.fit(X), r"a model has no fit: aae.Trainer\(model, data\).run"),
        (lambda: make().model.predict(X), r"a model has no predict: model.encode\(images\)"),
        (
            lambda: setattr(make().phases[0], "weight", 0.5),
            r"Phase.weight cannot be set once it is made: phase.replace",
        ),
        (lambda: setattr(aae.Adam(), "lr", 0.5), "Adam.lr cannot be set once it is made: make another one"),
        (lambda: setattr(priors.Gaussian(), "sigma", 0.5), "Gaussian.sigma cannot be set once it is made"),
    ],
)
def test_what_is_fixed_says_so_and_what_is_not_there_names_what_is(call, words):
    with pytest.raises(AttributeError, match=words):
        call()


class Learned(nn.Linear):
    """A prior that is a network as well."""

    def sample(self, n, generator=None):
        with torch.no_grad():
            return self(torch.randn(n, 2, generator=generator))


def test_a_prior_that_is_a_network_is_taken_when_it_is_set():
    model = make().model
    model.prior = prior = Learned(2, 2)
    assert model.prior.f == prior.sample
    with pytest.raises(TypeError, match="Linear takes no generator"):
        model.prior = nn.Linear(2, 2)


def test_what_is_set_to_what_it_was_or_is_ones_own_is_taken():
    model, trainer = make().model, make()
    model.latent_dim, model.note = 2, "mine"
    trainer.phases = tuple(phase.replace(loss=phase.loss) for phase in trainer.phases)
    trainer.run(steps=1, progress=False)


@pytest.mark.parametrize("spoil", ["double", "bfloat16"])
def test_another_precision_of_the_parameters_is_told_before_a_step(spoil):
    trainer = make()
    getattr(trainer.model, spoil)()
    with pytest.raises(ValueError, match="parameters must be float32"):
        trainer.run(steps=1, progress=False)
    trainer.model.float()
    trainer.run(steps=1, progress=False)


def test_what_holds_no_numbers_is_told_when_the_trainer_is_made():
    for place, words in (
        (torch.device("meta"), "hold nothing to train"),
        (torch.inference_mode(), "make the train"),
    ):
        with place, pytest.raises(ValueError, match=words):
            make()
    with torch.inference_mode():
        model = aae.AAE(DIGITS.image_shape, hidden=(8,))
    with pytest.raises(ValueError, match="hold nothing to train"):
        aae.Trainer(model, DIGITS)
    trainer = make()
    with torch.inference_mode():
        assert trainer.model.encode(X[:3]).shape == (3, 2)
    trainer.run(steps=1, progress=False)


def test_another_default_of_torch_is_told_before_a_step():
    trainer = make()
    torch.set_default_dtype(torch.float64)
    try:
        for call in (lambda: trainer.run(steps=1, progress=False), make):
            with pytest.raises(ValueError, match="set it back to"):
                call()
        assert trainer.model.encode(X[:2]).dtype == torch.float32
    finally:
        torch.set_default_dtype(torch.float32)
    trainer.run(steps=1, progress=False)


def flat(width):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width))


def with_parts(kind=aae.AAE, **parts):
    model = kind(DIGITS.image_shape, hidden=(8,))
    for name, part in parts.items():
        setattr(model, name, part)
    return aae.Trainer(model, DIGITS)


def test_networks_of_ones_own_are_trained(tmp_path):
    image = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, DIGITS.image_shape))
    trainer = with_parts(encoder=flat(2), decoder=image)
    trainer.run(steps=2, folder=tmp_path, progress=False)
    assert trainer.model.encode(X[:3]).shape == (3, 2)
    again = with_parts(encoder=flat(2), decoder=nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, DIGITS.image_shape)))
    again.load(tmp_path)
    assert torch.equal(again.model.encode(X), trainer.model.encode(X))


@pytest.mark.parametrize(
    ("kind", "part", "network", "words"),
    [
        (aae.AAE, "encoder", flat(3), r"encoder of your own must give \(N, 2\), and gives \(N, 3\)"),
        (
            aae.AAE,
            "encoder",
            nn.Linear(64, 2),
            "encoder of your own does not fit here .* as networks.Encoder is",
        ),
        (aae.VAE, "encoder", flat(2), "encoder of a VAE is asked for its moments"),
        (aae.SemiSupervisedAAE, "encoder", flat(10), "asked for its both and logits"),
        (aae.AAE, "encoder", nn.Sequential(flat(2), nn.Dropout()), "encoder.1 is a dropout, .* set its p to 0"),
        (aae.AAE, "decoder", nn.Linear(2, 64), r"decoder of your own must give \(N, 1, 8, 8\), and gives \(N, 64\)"),
        (aae.AAE, "discriminator", nn.Linear(2, 1), "discriminator of your own does not fit here"),
    ],
)
def test_a_network_of_ones_own_that_does_not_fit_is_told(kind, part, network, words):
    with pytest.raises(ValueError, match=words) as error:
        with_parts(kind, **{part: network})
    assert "\n" not in str(error.value)


def test_a_network_put_in_after_the_trainer_was_made_is_told():
    trainer = make()
    trainer.model.encoder = flat(2)
    with pytest.raises(ValueError, match="if a network was put in since, make a new trainer"):
        trainer.step()


def test_what_is_not_a_prior_is_told_with_what_would_be():
    for thing, words in (
        (nn.Linear(2, 2), "Linear takes no generator"),
        ("ring", r"aae.priors.named gives one by its name"),
        ({"name": "Gaussian"}, "from_description"),
        (torch.zeros(3, 2), r"aae.priors.Points\(points\) draws from points"),
        (lambda generator: X, r"cannot be called as f\(n, generator=...\)"),
        (lambda n, d, generator=None: X, "missing a required argument: 'd'"),
    ):
        with pytest.raises(TypeError, match=words) as error:
            make(prior=thing)
        sentence(error)


def test_a_model_is_not_called_and_a_trainer_not_pickled(tmp_path):
    for call, words in (
        (lambda: make().model(X), r"a model is not called: model.encode\(images\) gives codes"),
        (lambda: torch.save(make(), tmp_path / "trainer.pt"), r"trainer.save\(folder\) keeps all"),
        (lambda: copy.deepcopy(make()), r"trainer.fork\(\) makes a twin"),
        (lambda: pickle.dumps(aae.Sweep([make()])), r"trainer.save\(folder\) keeps each member"),
    ):
        with pytest.raises(TypeError, match=words) as error:
            call()
        sentence(error)


def test_a_frozen_network_and_switched_off_gradients_are_told():
    trainer = make()
    trainer.model.encoder.requires_grad_(False)
    with pytest.raises(ValueError, match="whose gradient is switched off"):
        trainer.run(steps=1, progress=False)
    with torch.no_grad(), pytest.raises(ValueError, match="switched off here"):
        make().run(steps=1, progress=False)


class Whole(priors.Prior):
    dim = 2

    def _draw(self, n, labels, *, generator, device):
        return torch.randn(n, 2, generator=generator, device=device)


class WithSample(priors.Prior):
    dim = 2

    def sample(self, n, generator=None):
        return torch.randn(n, 2, generator=generator)


class Nothing(priors.Prior):
    dim = 2


def test_a_prior_of_ones_own_that_is_a_prior():
    for kind in (Whole, WithSample):
        make(prior=kind()).run(steps=2, progress=False)
    with pytest.raises(TypeError, match="Nothing is a Prior that cannot be sampled: write _draw"):
        make(prior=Nothing())
    Whole.dim = None
    with pytest.raises(TypeError, match="Whole is a Prior without dim"):
        make(prior=Whole())


class AAE(aae.AAE):  # of a learner's own, with a name of the library's
    def __init__(self, *arguments, extra=1, **options):
        super().__init__(*arguments, **options)
        self.extra = extra


def test_a_class_of_ones_own_is_kept_apart_and_its_arguments_are_known(tmp_path):
    trainer = make(AAE, extra=3)
    assert trainer.model.arguments["extra"] == 3
    assert trainer.model.arguments["image_shape"] == [1, 8, 8]
    trainer.save(tmp_path)
    with pytest.raises(CheckpointError, match="a model of your own class"):
        checkpoints.load_model(tmp_path)
    for other in (make(AAE, extra=99), make()):
        with pytest.raises(CheckpointError, match="made of other parts"):
            other.load(tmp_path)


def test_a_model_can_be_pickled_by_those_who_want_to(tmp_path):
    model = make().model
    torch.save(model, tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    assert torch.equal(again.encode(X), model.encode(X))


def test_a_measure_that_trains_is_told():
    trainer = make()
    with pytest.raises(ValueError, match="this one has trained it"):
        trainer.run(steps=5, measure=lambda model: {"a": trainer.step() or 0.0}, every=2, progress=False)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_eval_before_a_run_changes_nothing(batch_norm):
    one, other = make(batch_norm=batch_norm), make(batch_norm=batch_norm)
    for trainer, look in ((one, False), (other, True)):
        for _ in range(3):
            if look:
                trainer.model.eval()
                trainer.model.encoder.layers.eval()
            trainer.run(steps=2, progress=False)
    assert one.history["reconstruction"].tolist() == other.history["reconstruction"].tolist()


def test_what_follows_a_nan_does_not_depend_on_when_it_was_noticed():
    def broken():
        own = make()
        loss_before = own.phases[1].loss

        def planted(model, batch, terms):
            loss = loss_before(model, batch, terms)
            return loss * NAN if own.steps == 4 else loss

        own.phases = (own.phases[0], own.phases[1].replace(loss=planted), *own.phases[2:])
        return own

    at_once, late = broken(), broken()
    at_once.run(steps=4, progress=False)
    for trainer, steps in ((at_once, 1), (late, 26)):
        with pytest.raises(aae.NotFiniteError, match="step 5"):
            trainer.run(steps=steps, progress=False)
        assert trainer.steps == 4
        trainer.phases = make().phases
        trainer.run(steps=5, progress=False)
    for one, other in zip(at_once.model.parameters(), late.model.parameters(), strict=True):
        assert torch.equal(one, other)


# ---- folders ----


def test_other_peoples_files_stay(tmp_path):
    foreign = ["ubuntu.iso.part", "state-of-mind.safetensors", "state-1.safetensors", "checkpoint.json.bak"]
    for name in foreign:
        (tmp_path / name).write_text("mine")
    run = make()
    run.run(steps=1, folder=tmp_path, progress=False)
    stale = tmp_path / "state-00000007-0123456789ab.safetensors"
    for old in (stale, tmp_path / f"{stale.name}.part", tmp_path / "checkpoint.json.part"):
        old.write_text("of a run that was killed")
    run.run(steps=1, folder=tmp_path, progress=False)
    assert {name for name in foreign if (tmp_path / name).read_text() == "mine"} == set(foreign)
    assert len(list(tmp_path.iterdir())) == len(foreign) + 3  # index, tensors, lock
    checkpoints.remove(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(foreign)


def test_weights_whose_index_was_lost_are_not_deleted(tmp_path):
    make().run(steps=1, folder=tmp_path, progress=False)
    (tmp_path / "checkpoint.json").unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CheckpointError, match=r"holds the tensors of a checkpoint .* without its checkpoint.json"):
        make().run(steps=1, folder=tmp_path, progress=False)
    assert sorted(tmp_path.iterdir()) == before


def test_another_run_is_not_written_over(tmp_path):
    first = make()
    first.run(steps=5, folder=tmp_path, progress=False)
    other = make(seed=7, trainer={"seed": 7})
    for write in (lambda: other.run(steps=0, folder=tmp_path, progress=False), lambda: other.save(tmp_path)):
        with pytest.raises(CheckpointError, match=r"holds another run \(AAE, 5 steps, seed 0\)"):
            write()
    again, twin = make(), make()
    again.load(tmp_path)
    again.run(steps=5, folder=tmp_path, progress=False)  # the same run, loaded
    with pytest.raises(CheckpointError, match="10 steps"):
        first.save(tmp_path)  # it has been continued elsewhere since
    twin.run(steps=10, progress=False)
    assert twin.history["generator"].tolist() == again.history["generator"].tolist()
    other.run(steps=2, folder=tmp_path, overwrite=True, progress=False)
    assert checkpoints.read_index(tmp_path)["made of"]["seed"] == 7


def test_what_cannot_be_saved_is_told_before_the_first_step(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("precious")
    trainer = make()
    with pytest.raises(ValueError, match="cannot be written to"):
        trainer.run(steps=400, folder=file, progress=False)
    assert (trainer.steps, file.read_text()) == (0, "precious")


def test_a_link_planted_where_the_checkpoint_is_written_is_not_followed(tmp_path):
    victim, run = tmp_path / "victim", tmp_path / "run"
    victim.write_text("precious")
    run.mkdir()
    (run / "checkpoint.json.part").symlink_to(victim)
    make().run(steps=1, folder=run, progress=False)
    assert victim.read_text() == "precious"
    assert not list(run.glob("*.part"))


def test_a_full_disk_leaves_the_old_checkpoint_and_nothing_half_written(tmp_path, monkeypatch):
    trainer = make()
    trainer.run(steps=1, folder=tmp_path, progress=False)
    trainer.step()
    kept = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match=r"No space left on device: .*state-00000002-"):
        trainer.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    assert checkpoints.read_index(tmp_path)["steps"] == 1


def test_two_savers_in_one_folder(tmp_path):
    one, other = make(), make(seed=1)
    told = []

    def meanwhile(model):
        one.save(tmp_path)  # the one that writes there may
        with pytest.raises(ValueError, match="another run is writing to") as error:
            other.save(tmp_path, overwrite=True)
        told.append(sentence(error))
        return {}

    one.run(steps=2, measure=meanwhile, every=1, folder=tmp_path, progress=False)
    assert len(told) == 2
    other.save(tmp_path, overwrite=True)


def test_one_member_s_nan_loses_nothing_of_the_others(tmp_path):
    members = [make(seed=s) for s in range(3)]
    with torch.no_grad():
        members[1].model.encoder.layers[0].weight[0, 0] = NAN
    folders = [tmp_path / str(s) for s in range(3)]
    with pytest.raises(aae.NotFiniteError, match="member 1 of the sweep"):
        aae.Sweep(members).run(steps=200, folders=folders, progress=False)
    kept = [checkpoints.read_index(folder)["steps"] for folder in folders]
    assert kept == [64, 0, 64]
    again = make(seed=2)
    again.load(folders[2])
    assert again.steps == 64


def test_two_sweeps_over_the_same_trainers_train_the_same_models():
    members, alone = [make(seed=s) for s in range(2)], make()
    first = aae.Sweep(members)
    aae.Sweep(members).run(steps=5, progress=False)
    first.run(steps=5, progress=False)
    first.step()
    members[1].model.load_state_dict(make(seed=1).model.state_dict(), assign=True)
    first.run(steps=2, progress=False)
    alone.run(steps=13, progress=False)
    for one, other in zip(members[0].model.parameters(), alone.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-5)


def test_a_lost_error_leaves_the_run_saved(tmp_path):
    def measure(model):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make().run(steps=30, measure=measure, every=20, folder=tmp_path, progress=False)
    assert checkpoints.read_index(tmp_path)["steps"] == 20
    assert Path(tmp_path / "checkpoint.json").exists()


@pytest.mark.parametrize(
    ("options", "wrong", "told"),
    [
        ({}, {"losses": {"genrator": None}}, "genrator"),
        ({}, {"graph": True}, "graph=True"),
        ({"classes": 3, "prior": priors.GaussianRing(3)}, {}, "classes=3"),
    ],
    ids=["a loss", "the device", "no labels"],
)
def test_a_refused_trainer_leaves_the_model_as_it_was(options, wrong, told):
    far, near = (
        aae.data.from_arrays(torch.randn(60, 5, generator=torch.Generator().manual_seed(0)) + c) for c in (9, 0)
    )
    model = aae.AAE((5,), hidden=(8,), likelihood="gaussian", seed=0, **options).eval()
    unfit = model.likelihood.standard.mean.clone()
    with pytest.raises(ValueError, match=told):
        aae.Trainer(model, far, device="cpu", **wrong)
    assert not model.training
    assert torch.equal(model.likelihood.standard.mean, unfit)
    if not options:
        aae.Trainer(model, near)
        assert model.likelihood.standard.mean.abs().max() < 1
