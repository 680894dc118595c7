"""Readers of codes, and the scoreboard, on a linear autoencoder of real digits."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

import aae_lib as aae
from aae_lib import metrics
from aae_lib.data import Dataset, Split
from aae_lib.metrics import checks, codes
from aae_lib.metrics.neighbours import Neighbours
from aae_lib.metrics.table import Row, table
from aae_lib.priors import Gaussian, GaussianRing

FIRST = ["reconstruction", "MMD", "5-NN accuracy"]


class Linear(nn.Module):
    """PCA of the digits with codes of unit variance: the contract of a model, without training."""

    def __init__(self, images: torch.Tensor, dim: int = 2, prior=None) -> None:
        super().__init__()
        self.image_shape, self.latent_dim, self.prior = (1, 8, 8), dim, prior
        pca = PCA(dim, whiten=True, svd_solver="full").fit(images.flatten(1).numpy() / 255)
        self.encoder, self.decoder = nn.Linear(64, dim), nn.Linear(dim, 64)
        w = torch.from_numpy(pca.components_ * np.sqrt(pca.explained_variance_)[:, None]).float()
        mean = torch.from_numpy(pca.mean_).float()
        self.load_state_dict(
            {
                "encoder.weight": w / w.square().sum(1, keepdim=True),
                "encoder.bias": -w @ mean / w.square().sum(1),
                "decoder.weight": w.T,
                "decoder.bias": mean,
            }
        )

    @torch.no_grad()
    def encode(self, images):
        images = images.float() / 255 if images.dtype == torch.uint8 else images
        return self.encoder(images.flatten(1))

    @torch.no_grad()
    def decode(self, z):
        return self.decoder(z).clamp(0, 1).view(-1, 1, 8, 8)

    def reconstruct(self, images):
        return self.decode(self.encode(images))

    def sample(self, n, generator=None, labels=None):
        return self.decode(self.prior.sample(n, generator=generator, labels=labels))


@pytest.fixture(scope="module")
def data() -> Dataset:
    raw = load_digits()
    images = torch.from_numpy((raw.images * 255 / 16).round().astype(np.uint8)).unsqueeze(1)
    labels = torch.from_numpy(raw.target).long()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
    train, test = (Split(images[i], labels[i]) for i in (order[:1400], order[1400:]))
    return Dataset("digits", train, train, test, (1, 8, 8), 10)


@pytest.fixture(scope="module")
def model(data) -> Linear:
    return Linear(data.train.images, prior=Gaussian(2))


def coded(z: torch.Tensor, labels: torch.Tensor) -> tuple[SimpleNamespace, Split]:
    """A model whose codes are given, and its split."""
    return SimpleNamespace(encode=lambda images: images, encoder=None), Split(z, labels)


# ---- readers ----


def test_knn_equals_scikit_learn_and_leaves_out_the_unlabelled(model, data):
    z, y = model.encode(data.train.images).numpy(), data.train.labels.numpy()
    oracle = KNeighborsClassifier(5).fit(z, y).score(model.encode(data.test.images).numpy(), data.test.labels.numpy())
    assert metrics.knn_accuracy(model, data.train, data.test) == pytest.approx(oracle, abs=0.006)  # ties in float32

    junk = torch.randint(0, 255, (500, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    more = Split(torch.cat([junk, data.train.images]), torch.cat([torch.full((500,), -1), data.train.labels]))
    assert metrics.knn_accuracy(model, more, data.test) == metrics.knn_accuracy(model, data.train, data.test)


@pytest.mark.parametrize(("n", "d", "k"), [(400, 2, 5), (300, 3, 4), (400, 15, 1), (200, 16, 5)])
def test_neighbours_name_what_scikit_learns_do(n, d, k):
    draw = np.random.default_rng(0)
    z, new, classes = draw.normal(size=(n, d)), draw.normal(size=(3 * n, d)), draw.choice([2, 3, 5, 7], n)
    oracle = KNeighborsClassifier(k).fit(z, classes)
    assert codes.neighbours(k).fit(z, classes).predict(new).tolist() == oracle.predict(new).tolist()


def test_cross_validation_is_scikit_learns():
    draw = torch.Generator().manual_seed(0)
    z = torch.randn(503, 2, generator=draw, dtype=torch.float64).numpy()
    pair = z, (z[:, 0] + z[:, 1] ** 2 > 0.5).astype(int)
    for reader, oracle in ((codes.neighbours(5), KNeighborsClassifier(5)), (codes.straight_line(),) * 2):
        seed = checks.seed_from(torch.Generator().manual_seed(3))
        expected = cross_val_score(oracle, *pair, cv=KFold(5, shuffle=True, random_state=seed)).mean()
        assert codes.accuracy(reader, pair, None, torch.Generator().manual_seed(3)) == expected


def test_probe_is_straight_and_neighbours_are_not():
    z = torch.randn(600, 2, generator=torch.Generator().manual_seed(0))
    exclusive_or = coded(z, (z[:, 0] * z[:, 1] > 0).long())
    halves = coded(z, (z[:, 0] > 0.2 * z[:, 1]).long())
    assert metrics.knn_accuracy(*exclusive_or) > 0.93
    assert metrics.linear_probe(*exclusive_or) < 0.65
    assert metrics.linear_probe(*halves) > 0.97


def test_cross_validation_does_not_score_what_it_was_fitted_on():
    draw = torch.Generator().manual_seed(0)
    noise = coded(torch.randn(500, 2, generator=draw), torch.randint(0, 2, (500,), generator=draw))
    assert metrics.knn_accuracy(*noise, k=1) == pytest.approx(0.5, abs=0.1)
    assert metrics.linear_probe(*noise) == pytest.approx(0.5, abs=0.1)


def test_readers_need_labels():
    for labels in (torch.full((100,), -1), torch.cat([torch.full((95,), -1), torch.arange(5)])):
        with pytest.raises(ValueError, match="label"):
            metrics.knn_accuracy(*coded(torch.randn(100, 2), labels))


# ---- the scoreboard ----


def test_three_figures(model, data):
    table = metrics.compare(model, data)
    assert list(table.index) == FIRST
    assert list(table.columns) == ["value", "reference", "sd", "good", "meaning"]
    assert table.value["reconstruction"] == metrics.reconstruction_error(model, data.test)
    assert table.value["5-NN accuracy"] == metrics.knn_accuracy(model, data.train, data.test)
    x = data.test.images.double() / 255
    assert table.reference["reconstruction"] == pytest.approx(float(x.var(0, correction=0).mean()), rel=1e-5)
    floor = metrics.floor(model.prior, len(x))
    assert abs(table.reference["MMD"] - floor.mean) < 3 * floor.sd


def test_a_match_lies_at_the_floor_and_a_mismatch_above(data):
    matched = Linear(data.train.images, prior=None)
    matched.prior = SimpleNamespace(  # the codes of the training images themselves as prior
        classes=None,
        sample=lambda n, generator=None, **_: matched.encode(data.train.images)[
            torch.randint(0, 1400, (n,), generator=generator)
        ],
    )
    shifted = Linear(data.train.images, prior=None)
    with torch.no_grad():
        shifted.encoder.bias += 1
    shifted.prior = matched.prior
    good, bad = metrics.compare(matched, data.test, details=True), metrics.compare(shifted, data.test, details=True)
    for measure in ("MMD", "sliced Wasserstein", "energy distance", "two-sample classifier"):
        assert abs(good.value[measure] - good.reference[measure]) < 4 * good.sd[measure], measure
        assert bad.value[measure] > bad.reference[measure] + 6 * bad.sd[measure], measure
    assert good.value["MMD p-value"] > 0.01
    assert bad.value["MMD p-value"] == pytest.approx(1 / 201)


def test_the_same_call_gives_the_same_table_and_touches_nothing(model, data):
    before, weights = torch.get_rng_state(), {k: v.clone() for k, v in model.state_dict().items()}
    tables = [metrics.compare(model, data.test, details=True) for _ in range(2)]
    assert tables[0].equals(tables[1])
    own = metrics.compare(model, data.test, generator=torch.Generator().manual_seed(1))
    assert own.value["MMD"] != tables[0].value["MMD"]
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(v, weights[k]) for k, v in model.state_dict().items())


def test_details_of_a_dataset_and_of_a_split(model, data):
    whole, split = metrics.compare(model, data, details=True), metrics.compare(model, data.test, details=True)
    assert list(whole.index[:3]) == FIRST
    assert set(whole.index) - set(split.index) == {"distance to the data"}
    assert whole.value["linear probe"] == metrics.linear_probe(model, data.train, data.test)
    assert whole.value["reconstruction"] == split.value["reconstruction"]
    assert "cross-validated" in split.meaning["5-NN accuracy"]
    assert "fitted on train" in whole.meaning["5-NN accuracy"]
    assert whole.reference["effective classes"] == pytest.approx(10, abs=0.2)
    assert whole.reference["sharpness"] == metrics.sharpness(data.test.images)
    assert whole.value["sharpness"] < whole.reference["sharpness"]  # two principal components: a blur
    assert whole.value[["effective classes", "distance to the data"]].between(0.5, 10).all()


def test_modes_are_counted_for_a_prior_with_classes(data):
    table = metrics.compare(Linear(data.train.images, prior=GaussianRing(10)), data.test, details=True)
    assert table.reference["modes covered"] == 10
    assert table.value["modes, right class"] <= min(3, table.value["modes covered"])  # PCA knows no ring


def test_without_a_prior_it_is_held_against_a_unit_gaussian(model, data):
    plain = metrics.compare(Linear(data.train.images, prior=None), data, details=True)
    with_prior = metrics.compare(model, data, details=True)
    assert plain.value.equals(with_prior.value)
    assert "no prior" in plain.meaning["MMD"]
    assert "no prior" not in with_prior.meaning["MMD"]


def test_unlabelled_data_leaves_the_rows_out(model, data):
    blind = Split(data.test.images, torch.full_like(data.test.labels, -1))
    assert list(metrics.compare(model, blind).index) == FIRST[:2]
    assert not {"5-NN accuracy", "linear probe", "effective classes"} & set(metrics.compare(model, blind, True).index)


def test_a_random_posterior_is_sampled_for_q(data):
    class Noisy(Linear):
        def __init__(self, images):
            super().__init__(images, prior=Gaussian(2))
            self.encoder.noise_dim = 2

        def encode(self, images, generator=None):
            z = super().encode(images)
            return 0.1 * z if generator is None else 0.1 * z + torch.randn(z.shape, generator=generator)

    table = metrics.compare(Noisy(data.train.images), data.test)
    assert abs(table.value["MMD"]) < 5 * table.sd["MMD"]  # the means alone would sit in a heap at 0


def test_it_shows_whole_in_terminal_and_notebook(model, data):
    table = metrics.compare(model, data, details=True)
    for shown in (str(table), table._repr_html_()):
        assert "..." not in shown
        assert "NaN" not in shown
        assert all(row in shown for row in table.index)
    assert f"{table.value['MMD']:.4f}" in str(table)
    assert len(str(table).splitlines()) == len(table) + 1


def test_what_cannot_be_compared_is_refused_in_words(model, data):
    few = Split(data.test.images[:49], data.test.labels[:49])
    with pytest.raises(ValueError, match="at least 50 images are needed to compare; there are 49"):
        metrics.compare(model, few)
    broken = Linear(data.train.images, prior=Gaussian(2))
    with torch.no_grad():
        broken.encoder.bias[0] = math.nan
    with pytest.raises(ValueError, match="397 of the model's 397 codes are NaN"):
        metrics.compare(broken, data.test)
    with pytest.raises(ValueError, match="differ in dimension \\(2 and 3\\)"):
        metrics.compare(Linear(data.train.images, prior=Gaussian(3)), data.test)


def test_the_table_has_no_minus_zero():
    shown = repr(table([Row("MMD", -1e-6, -0.4, "low", "")]))
    assert " 0.0000 " in shown
    assert "-0.0000" not in shown
    assert "-0.4000" in shown


@pytest.mark.filterwarnings("error")
def test_neighbours_take_arrays_tensors_and_what_is_read_only_without_a_warning():
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(50) % 3
    locked = z.numpy().copy()
    locked.setflags(write=False)
    tensors, arrays = Neighbours(5).fit(z, classes), Neighbours(5).fit(locked, classes.numpy())
    assert tensors.score(z, classes) == arrays.score(locked, classes.numpy())


def test_one_class_has_nothing_to_tell_apart(data):
    ones = data.train.take((data.train.labels == 1).nonzero()[:, 0])
    model = aae.AAE(data.image_shape, hidden=(8,), seed=0)
    assert "5-NN accuracy" not in metrics.compare(model, Dataset("ones", ones, ones, ones, (1, 8, 8), 10), n=50).index
    assert "5-NN accuracy" in metrics.compare(model, data, n=50).index
