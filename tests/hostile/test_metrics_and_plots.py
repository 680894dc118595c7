"""Metrics, losses and pictures asked for what cannot be: one sentence, a ValueError, that names the argument."""

import inspect
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import aae_lib as aae
from aae_lib import losses, metrics, plots
from aae_lib.data import Dataset, Split
from aae_lib.plots import common
from aae_lib.priors import Gaussian, GaussianRing

NAN = float("nan")
DIGITS = aae.load("digits")
SHAPE = DIGITS.image_shape
IMAGES, LABELS = DIGITS.test.images[:60], DIGITS.test.labels[:60]
SPLIT = Split(IMAGES, LABELS)
TRAIN = DIGITS.train.take(torch.arange(80))
DATA = Dataset("small", TRAIN, SPLIT, SPLIT, SHAPE, 10)
EMPTY = Split(IMAGES[:0], LABELS[:0])
UNLABELLED = Split(IMAGES, torch.full_like(LABELS, -1))
ONE_CLASS = Split(IMAGES, 0 * LABELS)
ONE_OTHER = Split(IMAGES, (torch.arange(60) == 7).long())
FEW = SPLIT.take(torch.arange(3))
POINTS = Split(torch.zeros(60, 2), LABELS)
BROKEN_IMAGES = Split(torch.full((60, *SHAPE), NAN), LABELS)
GLYPHS = aae.load("glyphs", n=100)


def rows(n, d=2, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


X, Y = rows(30), rows(25, seed=1)
RING = GaussianRing(4)
HISTORY = pd.DataFrame({"step": [1, 2, 3], "reconstruction": [3.0, 2.0, 1.0], "generator": [0.7, 0.8, 0.9]})
small = {"latent_dim": 2, "hidden": (8,), "seed": 0}
PLAIN, TOLD = aae.AAE(SHAPE, **small), aae.SupervisedAAE(SHAPE, **small)
SEMI, CLUSTERS = aae.SemiSupervisedAAE(SHAPE, **small), aae.ClusterAAE(SHAPE, categories=4, **small)
LARGE = aae.AAE(GLYPHS.image_shape, **small)
GAME = aae.PlaneGame(torch.zeros(5, 2), Gaussian(2))
DIVERGED = aae.AAE(SHAPE, **small)
with torch.no_grad():
    next(DIVERGED.encoder.parameters()).fill_(NAN)


class Foreign:
    """A model of someone's own: it encodes, and that is all."""

    def encode(self, images):
        return images.float().flatten(1)[:, :2]


GRID, EXTENT = (0.01, 0.1, 0.2, 0.5, 1), (-1, 1, -1, 1)
IMAGE = torch.zeros(3, 1, 2, 2)
first = torch.nn.Flatten()  # a function of a tensor

# what each function takes, by name; every argument is then replaced by what no argument can be
RIGHT = {
    metrics.mmd: {"x": X, "y": Y},
    metrics.mmd_test: {"x": X, "y": Y, "permutations": 2, "generator": None},
    metrics.sliced_wasserstein: {"x": X, "y": Y, "projections": 2, "generator": None},
    metrics.energy_distance: {"x": X, "y": Y},
    metrics.classifier_two_sample: {"x": X, "y": Y, "generator": None},
    metrics.floor: {"prior": RING, "n": 10, "metric": metrics.mmd, "repeats": 2, "generator": None},
    metrics.assign_modes: {"codes": X, "prior": RING, "per_mode": 20, "generator": None},
    metrics.mode_coverage: {"codes": X, "prior": RING, "labels": LABELS[:30], "share": 0.3, "generator": None},
    metrics.sharpness: {"images": IMAGES},
    metrics.effective_number: {"shares": torch.tensor([0.5, 0.5])},
    metrics.effective_classes: {"images": IMAGES, "split": SPLIT, "k": 3},
    metrics.nearest_distance: {"images": IMAGES, "train_images": TRAIN.images, "test_images": IMAGES},
    metrics.parzen_log_likelihood: {
        "samples": IMAGES, "validation_images": IMAGES, "test_images": IMAGES, "grid": GRID,
    },
    metrics.knn_accuracy: {"model": PLAIN, "train": TRAIN, "test": SPLIT, "k": 3, "generator": None},
    metrics.linear_probe: {"model": PLAIN, "train": TRAIN, "test": SPLIT, "generator": None},
    metrics.classification_error: {"model": SEMI, "split": SPLIT},
    metrics.cluster_labels: {"model": SEMI, "split": SPLIT, "rule": "majority"},
    metrics.cluster_error: {"model": SEMI, "fit": TRAIN, "test": SPLIT, "rule": "majority"},
    metrics.cluster_agreement: {"model": SEMI, "split": SPLIT},
    metrics.occupancy: {"model": SEMI, "split": SPLIT},
    metrics.class_from_style: {"model": PLAIN, "train": TRAIN, "test": SPLIT, "generator": None},
    metrics.factor_scores: {"model": LARGE, "train": GLYPHS.train, "test": GLYPHS.test, "generator": None},
    metrics.label_spreading_error: {"train": TRAIN, "test": SPLIT, "n": 50, "generator": None},
    metrics.compare: {"model": PLAIN, "data": DATA, "details": False, "generator": None, "n": 60},
    metrics.anomaly_scores: {"model": PLAIN, "images": IMAGES, "labels": None, "generator": None},
    metrics.reconstructed: {"model": PLAIN, "split": SPLIT},
    metrics.reconstruction_error: {"model": PLAIN, "split": SPLIT},
    plots.images: {"split": SPLIT, "n": 3, "figsize": None},
    plots.reconstructions: {"model": PLAIN, "split": SPLIT, "n": 3, "figsize": None},
    plots.samples: {"model": PLAIN, "n": 3, "generator": None, "figsize": None},
    plots.plane: {"model": SEMI, "extent": EXTENT, "n": 3, "label": 2, "figsize": None},
    plots.interpolation: {
        "model": SEMI, "a": IMAGES[0], "b": IMAGES[1], "n": 3, "spherical": True, "label": 2, "figsize": None,
    },
    plots.slerp: {"a": X[0], "b": X[1], "t": 0.5},
    plots.latent: {"model": PLAIN, "split": SPLIT, "n": 9, "axes": (0, 1), "generator": None, "figsize": None},
    plots.points: {"x": X, "labels": LABELS[:30], "reference": Y, "axes": (0, 1), "symbol": "z", "figsize": None},
    plots.surface: {
        "model": PLAIN, "split": SPLIT, "extent": EXTENT, "n": 9, "generator": None, "label": None,
        "figsize": None,
    },
    plots.losses: {"history": HISTORY, "figsize": None},
    plots.style_by_class: {"model": SEMI, "split": SPLIT, "n": 3, "generator": None, "figsize": None},
    plots.prototypes: {"model": SEMI, "split": SPLIT, "n": 3, "figsize": None},
    plots.map_with_images: {"model": PLAIN, "split": SPLIT, "n": 3, "generator": None, "figsize": None},
    plots.occupancy: {"model": SEMI, "split": SPLIT, "figsize": None},
    losses.bce: {"logits": IMAGE, "x": IMAGE},
    losses.mse: {"logits": IMAGE, "x": IMAGE},
    losses.half_squared_error: {"logits": IMAGE, "x": IMAGE},
    losses.discriminator_loss: {"real": X[:, 0], "fake": Y[:, 0]},
    losses.generator_loss: {"fake": Y[:, 0]},
    losses.saturating_generator_loss: {"fake": Y[:, 0]},
    losses.gradient_penalty: {"discriminator": first, "z": X},
    losses.tell_apart: {"discriminator": first, "real": X, "fake": X, "r1": None},
    losses.virtual_adversarial_loss: {"logits": first, "x": X, "direction": X, "length": 1.0, "xi": 0.1},
    losses.gaussian_kl: {"mean": X, "log_var": X, "sigma": 1.0},
    losses.monte_carlo_kl: {"z": X, "mean": X, "log_var": X, "log_prior": X[:, 0]},
    losses.normal_log_prob: {"z": X, "mean": X, "log_var": X},
    losses.mmd: {"x": X, "y": Y},
    losses.mmd_kernel: {"x": X, "y": Y},
}  # fmt: skip


def name_of(function):
    return f"{function.__module__.split('.')[1]}.{function.__name__}"


def refused(call, names):
    """The sentence of the ValueError, plain and with a name of the argument in it."""
    with pytest.raises(ValueError, match=r"\.$") as caught:
        call()
    told = str(caught.value)
    assert any(name in told for name in names), told
    assert len(told) < 400, told
    return told


def test_every_public_function_is_tried():
    public = {getattr(room, name) for room in (metrics, plots) for name in room.__all__}
    tried = {f for f in public if inspect.isfunction(f)} - set(RIGHT)
    assert not tried
    for function, arguments in RIGHT.items():
        parameters = inspect.signature(function).parameters.values()
        assert set(arguments) == {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}


@pytest.mark.parametrize(
    ("function", "argument"),
    [(function, argument) for function, arguments in RIGHT.items() for argument in arguments],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_what_is_no_argument_at_all(function, argument):
    optional = inspect.signature(function).parameters[argument].default is None
    for odd in (object(), NAN, "", {1, 2}, b"x", int, np.array(["a"]), *(() if optional else (None,))):
        refused(lambda odd=odd: function(**RIGHT[function] | {argument: odd}), (argument,))


COUNTS = [
    (metrics.mmd_test, "permutations"), (metrics.sliced_wasserstein, "projections"), (metrics.floor, "n"),
    (metrics.floor, "repeats"), (metrics.assign_modes, "per_mode"), (metrics.effective_classes, "k"),
    (metrics.knn_accuracy, "k"), (metrics.label_spreading_error, "n"), (metrics.compare, "n"), (plots.images, "n"),
    (plots.reconstructions, "n"), (plots.samples, "n"), (plots.plane, "n"), (plots.interpolation, "n"),
    (plots.latent, "n"), (plots.surface, "n"), (plots.style_by_class, "n"), (plots.prototypes, "n"),
    (plots.map_with_images, "n"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "argument"), COUNTS, ids=lambda v: v if isinstance(v, str) else name_of(v))
def test_counts(function, argument):
    for odd in (-1, 1.5, NAN, "3", True, 10**30, float("inf"), None):
        told = refused(lambda odd=odd: function(**RIGHT[function] | {argument: odd}), (argument,))
        assert f"{argument} must be a whole number" in told


WITH = {word: [f for f, arguments in RIGHT.items() if word in arguments] for word in ("model", "generator", "figsize")}


@pytest.mark.parametrize("function", WITH["generator"], ids=name_of)
def test_generators(function):
    for odd in (5, 0, np.random.default_rng(0), torch.Generator, "cpu"):
        told = refused(lambda odd=odd: function(**RIGHT[function] | {"generator": odd}), ("generator",))
        assert "must be a torch.Generator" in told or "must be a Generator" in told


@pytest.mark.parametrize("function", WITH["figsize"], ids=name_of)
def test_sizes_of_figures(function):
    for odd in (5, (0, 0), (NAN, 1), (-1, 2), (1e6, 1e6), (900, 900), (3,), (1, 2, 3), "ab", ("a", "b")):
        told = refused(lambda odd=odd: function(**RIGHT[function] | {"figsize": odd}), ("figsize",))
        assert "figsize must be two lengths in inches" in told


@pytest.mark.parametrize("function", WITH["model"], ids=name_of)
def test_what_is_no_model(function):
    for odd in (aae.AAE, DATA, SPLIT, "aae", 5, torch.nn.Linear(2, 2), HISTORY, RING):
        told = refused(lambda odd=odd: function(**RIGHT[function] | {"model": odd}), ("model",))
        assert "model must be a model" in told


def test_a_trainer_is_no_model_and_is_told_where_it_is():
    trainer = aae.Trainer(PLAIN, DIGITS)
    assert "trainer.model" in refused(lambda: metrics.compare(trainer, DATA), ("model",))
    assert trainer.steps == 0


SPLITS = [(f, name) for f, given in RIGHT.items() for name, value in given.items() if isinstance(value, Split)]


@pytest.mark.parametrize(("function", "argument"), SPLITS, ids=lambda v: v if isinstance(v, str) else name_of(v))
def test_what_is_no_split(function, argument):
    kinds = "must be a Split, such as data.test"
    for odd in (DATA, (IMAGES, LABELS), PLAIN, *(() if function is plots.images else (IMAGES,))):
        assert kinds in refused(lambda odd=odd: function(**RIGHT[function] | {argument: odd}), (argument,))


@pytest.mark.parametrize(("function", "argument"), SPLITS, ids=lambda v: v if isinstance(v, str) else name_of(v))
@pytest.mark.parametrize("odd", [EMPTY, POINTS, BROKEN_IMAGES], ids=["empty", "points", "NaN"])
def test_splits_that_hold_nothing_of_use(function, argument, odd):
    if (function, odd) == (metrics.reconstructed, EMPTY):
        assert metrics.reconstructed(PLAIN, EMPTY).shape == (0, *SHAPE)
        return
    refused(lambda: function(**RIGHT[function] | {argument: odd}), (argument, "split", "image"))


WALK = {"model": PLAIN, "a": X[0], "b": X[1]}
CASES = [
    # ---- clouds ----
    (lambda: metrics.mmd(X, X[:1]), "y, the second cloud, has 1 points; at least 2"),
    (lambda: metrics.mmd(X, rows(9, 3)), "the clouds x and y differ in dimension \\(2 and 3\\)"),
    (lambda: metrics.mmd(X, torch.zeros(9, 0)), "y, the second cloud, must have the shape \\(n, d\\)"),
    (lambda: metrics.mmd(X, torch.full((9, 2), NAN)), "9 of the 9 points of y, the second cloud, are NaN"),
    (lambda: metrics.mmd(X, torch.zeros(9, 2, dtype=torch.cfloat)), "y, the second cloud, must be real numbers"),
    (lambda: metrics.classifier_two_sample(X[:7], Y), "x, the first cloud, has 7 points; at least 8"),
    (lambda: metrics.sliced_wasserstein(X, Y, torch.ones(2, 3)), "projections must be unit vectors \\(2, P\\)"),
    (lambda: metrics.sliced_wasserstein(X, Y, torch.eye(3)), "projections must be unit vectors \\(2, P\\)"),
    (lambda: metrics.sliced_wasserstein(X, Y, 10**6), "projections must be a whole number from 1 to 100,000"),
    (lambda: metrics.floor(RING, 10, nope=1), "metric cannot be called as metric\\(x, y, nope=...\\)"),
    (lambda: metrics.floor(RING, 10, lambda x: 0.0), "metric cannot be called as metric\\(x, y\\)"),
    (lambda: metrics.floor(RING, 10, lambda x, y: None), "metric must give one number for two clouds; got None"),
    (lambda: metrics.floor(RING, 10, lambda x, y: "x"), "metric must give one number for two clouds; got 'x'"),
    (lambda: metrics.floor(RING, 10, PLAIN), "metric must be a function of two clouds, such as aae.metrics.mmd"),
    (lambda: metrics.floor(RING, 1), "n must be a whole number from 2"),
    (lambda: metrics.floor(GaussianRing, 9), "prior: GaussianRing is a class"),
    (lambda: metrics.floor(lambda n: X, 9), "prior: .* takes no generator"),
    # ---- modes ----
    (lambda: metrics.assign_modes(X, Gaussian(2)), "prior has no classes"),
    (lambda: metrics.assign_modes(X, "ring"), "prior: 'ring' is not a prior"),
    (lambda: metrics.assign_modes(rows(9, 3), RING), "codes have 3 dimensions and the prior has 2"),
    (lambda: metrics.assign_modes(X, RING, per_mode=9), "per_mode must be a whole number from 10"),
    (lambda: metrics.mode_coverage(X, RING, share=-0.1), "share must be a finite number from 0 to 1"),
    (lambda: metrics.mode_coverage(X, RING, LABELS[:29]), "30 codes and 29 labels"),
    (lambda: metrics.mode_coverage(X, RING, torch.arange(30) / 2), "labels must be whole numbers \\(N,\\)"),
    (lambda: metrics.mode_coverage(X, RING, torch.full((30,), -1)), "labels: none of these images has a label"),
    (lambda: metrics.mode_coverage(torch.full((30, 2), NAN), RING), "30 of the 30 points of codes are NaN"),
    # ---- images ----
    (lambda: metrics.effective_number([0.5, 0.6]), "shares must be numbers \\(K,\\) of at least 0 that sum to 1"),
    (lambda: metrics.effective_number([1.5, -0.5]), "shares must be numbers \\(K,\\) of at least 0"),
    (lambda: metrics.effective_number([]), "shares must be numbers"),
    (lambda: metrics.sharpness(IMAGES[:, 0]), "sharpness needs images \\(N, C, H, W\\)"),
    (lambda: metrics.sharpness(IMAGES.long()), "images must be uint8 \\(0 to 255\\) or floats .*, not torch.int64"),
    (lambda: metrics.sharpness(BROKEN_IMAGES.images), "60 of the 60 images are NaN or infinite"),
    (lambda: metrics.sharpness(IMAGES[:0]), "images must hold at least 1"),
    (lambda: metrics.effective_classes(IMAGES, FEW), "k = 5 neighbours are too many: split has 3 labelled images"),
    (lambda: metrics.effective_classes(IMAGES, SPLIT, k=99), "k = 99 neighbours are too many"),
    (lambda: metrics.effective_classes(IMAGES, UNLABELLED), "split: none of these images has a label"),
    (lambda: metrics.effective_classes(IMAGES[:0], SPLIT), "images must hold at least 1"),
    (lambda: metrics.nearest_distance(IMAGES[:0], TRAIN.images, IMAGES), "images must hold at least 1"),
    (lambda: metrics.nearest_distance(IMAGES, TRAIN.images[:0], IMAGES), "train_images must hold at least 1"),
    (lambda: metrics.nearest_distance(IMAGES, TRAIN.images, X), "test_images have 2 values each .*train_images, 64"),
    (lambda: metrics.nearest_distance(SPLIT, TRAIN.images, IMAGES), "images must be a tensor"),
    (lambda: metrics.parzen_log_likelihood(IMAGES[:1], IMAGES, IMAGES), "samples has 1 points; at least 2"),
    (lambda: metrics.parzen_log_likelihood(IMAGES, IMAGES, X), "samples have 64 values each.* test_images 2"),
    (lambda: metrics.parzen_log_likelihood(IMAGES, IMAGES, IMAGES, "abc"), "grid must be a sequence"),
    (lambda: metrics.parzen_log_likelihood(IMAGES, IMAGES, IMAGES, (0.1, NAN, 1)), "grid must be a sequence"),
    (lambda: metrics.reconstruction_error(TOLD, UNLABELLED), "60 of these 60 images have no label"),
    # ---- codes and categories ----
    (lambda: metrics.knn_accuracy(PLAIN, SPLIT, k=49), "k = 49 neighbours are too many: there are 48 codes"),
    (lambda: metrics.knn_accuracy(PLAIN, TRAIN, SPLIT, k=81), "k = 81 neighbours are too many: there are 80 codes"),
    (lambda: metrics.knn_accuracy(PLAIN, FEW), "train: only 3 of these images have a label; at least 10"),
    (lambda: metrics.knn_accuracy(PLAIN, TRAIN, UNLABELLED), "test: none of these images has a label"),
    (lambda: metrics.knn_accuracy(DIVERGED, TRAIN, SPLIT), "80 of the model's 80 codes are NaN .*training diverged"),
    (lambda: metrics.knn_accuracy(GAME, TRAIN), "model must be a model with `encode`, .*got a PlaneGame"),
    (lambda: metrics.knn_accuracy(PLAIN, ONE_CLASS, SPLIT), "images of train are of one class"),
    (lambda: metrics.linear_probe(PLAIN, ONE_CLASS), "images of train are of one class"),
    (lambda: metrics.linear_probe(PLAIN, ONE_CLASS, SPLIT), "images of train are of one class"),
    (lambda: metrics.linear_probe(PLAIN, ONE_OTHER), "train has so few images outside its main class"),
    (lambda: metrics.class_from_style(PLAIN, ONE_CLASS, SPLIT), "images of train are of one class"),
    (lambda: metrics.classification_error(PLAIN, SPLIT), "model must be a model with `classify`, .*got an AAE"),
    (lambda: metrics.classification_error(SEMI, UNLABELLED), "split: none of these images has a label"),
    (lambda: metrics.cluster_error(SEMI, UNLABELLED, SPLIT), "fit: none of these images has a label"),
    (lambda: metrics.cluster_error(SEMI, TRAIN, UNLABELLED), "test: none of these images has a label"),
    (lambda: metrics.cluster_labels(SEMI, SPLIT, "best"), "rule must be one of confident, majority, hungarian"),
    (lambda: metrics.label_spreading_error(UNLABELLED, SPLIT), "train: none of these images has a label"),
    (lambda: metrics.label_spreading_error(TRAIN, POINTS), "images of test have 2 values each"),
    (lambda: metrics.factor_scores(LARGE, SPLIT, GLYPHS.test), "train: this split does not say what its images"),
    (
        lambda: metrics.factor_scores(LARGE, GLYPHS.train, GLYPHS.test.take(torch.arange(3))),
        "test has 3 images; at least 10",
    ),
    (
        lambda: metrics.factor_scores(
            LARGE, replace(GLYPHS.train, factors=GLYPHS.train.factors.assign(slant=NAN)), GLYPHS.test
        ),
        "train: the factor slant is missing, or not finite",
    ),
    # ---- the scoreboard ----
    (lambda: metrics.compare(Foreign(), DATA), "model must be a model with `encode` and `decode`.* got <.*Foreign"),
    (lambda: metrics.compare(GAME, DATA), "model must be a model with .*got a PlaneGame"),
    (lambda: metrics.compare(PLAIN, IMAGES), "data must be a Dataset or Split"),
    (lambda: metrics.compare(PLAIN, FEW), "data: at least 50 images are needed to compare; there are 3"),
    (lambda: metrics.compare(PLAIN, DATA, n=49), "n must be a whole number from 50"),
    (lambda: metrics.compare(PLAIN, DATA, details="yes"), "details must be True or False"),
    (lambda: metrics.compare(DIVERGED, DATA), "60 of the model's 60 codes are NaN"),
    # ---- pictures ----
    (lambda: plots.images(5), "split must be a Split, such as data.test, or images; got 5"),
    (lambda: plots.images(X), "images of split: a grid needs images of shape \\(N, 1 or 3, H, W\\)"),
    (lambda: plots.images(IMAGES[:0]), "images of split: there are no images here to draw"),
    (lambda: plots.images(BROKEN_IMAGES.images), "images of split are NaN or infinite: leave them out"),
    (lambda: plots.reconstructions(Foreign(), SPLIT), "model must be a model with `reconstruct`"),
    (lambda: plots.samples(Foreign()), "model must be a model with `decode` and `sample`"),
    (lambda: plots.samples(GAME), "model must be a model with `decode` and `sample`.*got a PlaneGame"),
    (lambda: plots.latent(GAME, SPLIT), "model must be a model with `encode`.*got a PlaneGame"),
    (lambda: plots.latent(Foreign(), SPLIT), "This Foreign has no prior to draw samples of"),
    (lambda: plots.latent(DIVERGED, SPLIT), "60 of the model's 60 codes are NaN"),
    (lambda: plots.latent(PLAIN, SPLIT, axes=(0, 2)), "axes=\\(0, 2\\) must be two of the 2 coordinates"),
    (lambda: plots.latent(PLAIN, SPLIT, axes=(0, 0)), "axes must be two different whole numbers"),
    (lambda: plots.points(X, axes=(1, 1)), "axes must be two different whole numbers"),
    (lambda: plots.images(IMAGES[0]), r"these have \(1, 8, 8\): of one image, draw image\[None\]"),
    (lambda: plots.images(X), "points in the plane are drawn by aae.plots.points"),
    *[(lambda name=name: plots.images(SPLIT).savefig(name), "savefig: fname must be the name of a file")
      for name in (None, 5, "", "a\0b")],
    (lambda: plots.images(SPLIT).savefig("x.bmpx"), "savefig: fname must end in one of .*png"),
    (lambda: plots.latent(PLAIN, SPLIT, axes=5), "axes must be two different whole numbers"),
    (lambda: plots.latent(PLAIN, SPLIT, axes=(0, -1)), "axes must be two different whole numbers"),
    (lambda: plots.map_with_images(DIVERGED, SPLIT), "60 of the model's 60 codes are NaN"),
    (lambda: plots.map_with_images(aae.AE(SHAPE, latent_dim=3, hidden=(8,)), SPLIT), "A map .*needs latent_dim=2"),
    (lambda: plots.points(X, labels=torch.arange(30) / 2), "labels must be whole numbers"),
    (lambda: plots.points(X, labels=LABELS), "30 points came with 60 labels"),
    (lambda: plots.points(X, reference=rows(9, 5)), "reference has 5 coordinates and x 2"),
    (lambda: plots.points(X, reference=torch.full((9, 2), NAN)), "9 of the 9 points of reference are NaN"),
    (lambda: plots.points(X[:0]), "x: points to draw have the shape \\(N, d\\)"),
    (lambda: plots.points(X, symbol="$\\frac$"), "symbol must be a word, or a formula that matplotlib can set"),
    (lambda: plots.points(X, symbol=" "), "symbol must be a word"),
    (lambda: plots.surface(aae.AE(SHAPE, hidden=(8,))), "AE has no discriminator"),
    (lambda: plots.surface(GAME, SPLIT), "PlaneGame gives no codes of images to draw: leave split out"),
    (lambda: plots.surface(PLAIN, extent="1234"), "extent is \\(left, right, bottom, top\\)"),
    (lambda: plots.surface(PLAIN, extent=(0, 1e-20, 0, 1)), "extent is .* with left < right"),
    (lambda: plots.surface(PLAIN, label=-2), "label must be a whole number"),
    (lambda: plots.plane(TOLD, label="x"), "label must be a whole number"),
    (lambda: plots.plane(TOLD, label=10), "label=0 to 9, not 10"),
    (lambda: plots.plane(PLAIN, extent=(0, 1, 0, NAN)), "extent is \\(left, right, bottom, top\\)"),
    (lambda: plots.plane(Foreign()), "model must be a model with `decode`"),
    (lambda: plots.interpolation(**WALK | {"a": torch.tensor([NAN, 0])}), "1 of 1 code, a, are NaN"),
    (lambda: plots.interpolation(**WALK | {"b": torch.zeros(3)}), "b: an end of the walk is one image"),
    (lambda: plots.interpolation(SEMI, X[0], X[1], label=(1, 2, 3)), "label must be a category, .* or two"),
    (lambda: plots.interpolation(SEMI, X[0], X[1], label=(3, 10)), "label is one category, or two .*of 0 to 9"),
    (lambda: plots.interpolation(SEMI, X[0], X[1], label="x"), "label must be a category"),
    (lambda: plots.interpolation(**WALK, spherical="yes"), "spherical must be True or False"),
    (lambda: plots.slerp(X[0], X, 0.5), "a and b must be two codes of the same shape"),
    (lambda: plots.slerp(X[0], X[1], torch.zeros(2, 2)), "t must be a number or have the shape \\(n,\\)"),
    (lambda: plots.slerp(X[0], X[1], "x"), "t must be a tensor, or numbers"),
    (lambda: plots.style_by_class(PLAIN), "AAE has no category"),
    (lambda: plots.prototypes(TOLD, SPLIT), "A SupervisedAAE is told the category and gives none"),
    (lambda: plots.occupancy(GAME, SPLIT), "PlaneGame has no category"),
    (lambda: plots.losses({"step": [1]}), "history must be a DataFrame, such as trainer.history"),
    (lambda: plots.losses(HISTORY.assign(step=NAN)), "history holds no losses to draw"),
    (lambda: plots.losses(HISTORY.astype(str)), "history has columns that are not numbers: step, reconstruction"),
    (lambda: plots.losses(HISTORY.rename(columns={"generator": 5})), "history has columns that are not numbers: 5"),
    (lambda: plots.losses(HISTORY[:0]), "history holds no losses to draw"),
    (lambda: common.blank(0, figsize=(4, 4)), "panels must be a whole number"),
    (lambda: common.blank(figsize=5), "figsize must be two lengths in inches"),
    (lambda: common.mosaic(IMAGES, 0), "columns must be a whole number"),
    # ---- losses: shapes ----
    (lambda: losses.bce(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 4, 4)), "logits and x must have the same shape"),
    (lambda: losses.mse(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 1, 1)), "logits and x must have the same shape"),
    (lambda: losses.bce(torch.zeros(60, *SHAPE), IMAGES), "x must be floats in \\[0, 1\\], not torch.uint8"),
    (lambda: losses.half_squared_error(IMAGE[:0], IMAGE[:0]), "logits must be a tensor .*not empty"),
    (lambda: losses.tell_apart(first, X, Y), "real and fake must have the same shape"),
    (lambda: losses.tell_apart(lambda z: z[:3, 0], X, X), "discriminator must give 60 logits for 60 codes"),
    (lambda: losses.tell_apart(lambda z: None, X, X, r1=1.0), "discriminator's logits must be a tensor"),
    (lambda: losses.tell_apart(PLAIN, X, X), "discriminator must be a function of a tensor; got an AAE"),
    (lambda: losses.tell_apart(first, X, X, r1=-1.0), "r1 must be a finite number"),
    (lambda: losses.gradient_penalty(first, IMAGE), "z must be a tensor \\(N, d\\)"),
    (lambda: losses.virtual_adversarial_loss(first, X, Y, 1.0), "x and direction must have the same shape"),
    (lambda: losses.virtual_adversarial_loss(first, X, X, -1.0), "length must be a finite number"),
    (lambda: losses.gaussian_kl(X, X, 0), "sigma must be a finite number"),
    (lambda: losses.gaussian_kl(X, X, -1.0), "sigma must be a finite number"),
    (lambda: losses.gaussian_kl(X, Y), "mean and log_var must have the same shape"),
    (lambda: losses.monte_carlo_kl(X, X, X, X[:, :1]), "log q\\(z\\|x\\) and log_prior must have the same shape"),
    (lambda: losses.normal_log_prob(X, X[:, 0], X), "mean must have the shape of z, \\(30, 2\\), or of a row"),
    (lambda: losses.mmd(X, X[:1]), "at least 2 points in each cloud"),
    (lambda: losses.mmd(X, rows(9, 3)), "x and y must have rows of the same length"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), CASES, ids=[sentence[:60] for _, sentence in CASES])
def test_what_cannot_be_is_told(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# ---- what is odd and right ----


def test_arrays_and_lists_are_taken_where_a_tensor_is():
    x, y = X.numpy(), Y.tolist()
    assert metrics.mmd(x, y) == pytest.approx(metrics.mmd(X, Y))
    assert metrics.sliced_wasserstein(X, Y, np.eye(2)) == metrics.sliced_wasserstein(X, Y, torch.eye(2))
    assert torch.equal(metrics.assign_modes(x, RING), metrics.assign_modes(X, RING))
    labels = [int(k) % 4 for k in LABELS[:30]]
    assert metrics.mode_coverage(x, RING, labels) == metrics.mode_coverage(X, RING, torch.tensor(labels))
    assert metrics.effective_number([0.5, 0.5]) == pytest.approx(2)
    assert metrics.effective_number(np.array([1, 0])) == 1
    pixels = IMAGES.numpy()
    assert metrics.sharpness(pixels) == metrics.sharpness(IMAGES)
    assert metrics.nearest_distance(pixels, TRAIN.images.numpy(), pixels) == 1
    assert metrics.effective_classes(pixels, SPLIT, k=np.int64(3)) == metrics.effective_classes(IMAGES, SPLIT, k=3)
    assert losses.mmd(x, Y) == losses.mmd(X, Y)
    assert losses.bce(IMAGE.numpy(), IMAGE) == losses.bce(IMAGE, IMAGE)
    assert plots.slerp([1, 0], [0, 1], 0.5).tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    figures = [
        (plots.images(pixels, n=torch.tensor(3)), plots.images(SPLIT, n=3.0)),
        (plots.points(x, labels, axes=(0.0, 1)), plots.points(X, torch.tensor(labels))),
        (
            plots.interpolation(PLAIN, [0, 1], np.ones(2)),
            plots.interpolation(PLAIN, torch.tensor([0.0, 1]), torch.ones(2)),
        ),
        (
            plots.plane(TOLD, np.array([-1, 1, -1, 1]), 3, label=np.int64(2)),
            plots.plane(TOLD, (-1, 1, -1, 1), 3, label=2),
        ),
    ]
    for figure, same in figures:
        assert drawn(figure) == drawn(same)


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="raw", dpi=20)
    return buffer.getvalue()


def test_a_table_of_one_class_has_no_row_that_tells_classes_apart():
    """scikit-learn refused: "This solver needs samples of at least 2 classes in the data"."""
    for data in (ONE_CLASS, replace(DATA, train=Split(TRAIN.images, 0 * TRAIN.labels))):
        for model in (PLAIN, CLUSTERS):
            table = metrics.compare(model, data, details=True)
            assert "MMD" in table.index
            assert not {"linear probe", "class from style"} & set(table.index)
            assert table.value.notna().all()


def test_a_table_of_data_with_hardly_a_label_or_image_to_learn_from():
    few = TRAIN.labels.where(torch.arange(80) < 3, -1)
    for train, missing in (
        (Split(TRAIN.images, few), {"effective classes"}),
        (Split(TRAIN.images[:0], TRAIN.labels[:0]), {"effective classes", "distance to the data"}),
    ):
        table = metrics.compare(PLAIN, replace(DATA, train=train), details=True)
        assert not missing & set(table.index)
        assert {"MMD", "sharpness"} < set(table.index)


def test_a_factor_that_never_changes_is_known():
    part = GLYPHS.train.factors["font"] == GLYPHS.train.factors["font"].iloc[0]
    same = [s.take(torch.arange(len(s))) for s in (GLYPHS.train, GLYPHS.test)]
    same = [Split(s.images, s.labels, s.factors.assign(font="one", weight=1.0)) for s in same]
    assert part.any()
    table = metrics.factor_scores(LARGE, *same)
    assert table.loc["font", ["chance", "z"]].tolist() == [1, 1]


def test_a_picture_of_one_image():
    assert plots.surface(PLAIN, SPLIT.take(torch.arange(1)), n=2).alt.startswith("Map of")
    assert plots.latent(PLAIN, SPLIT.take(torch.arange(1))).alt.startswith("Scatter plot of 1")
    assert plots.occupancy(SEMI, SPLIT.take(torch.arange(1))).alt.startswith("Bars of the shares of 1")
