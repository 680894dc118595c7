"""Categories and styles: contingency tables by hand, scikit-learn's figures computed another way, known codes."""

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import comb
from sklearn.semi_supervised import LabelSpreading

import aae_lib as aae
from aae_lib import metrics
from aae_lib.data import Split
from aae_lib.models.cluster import ClusterAAE
from aae_lib.models.map import MapAAE
from aae_lib.models.semi_supervised import SemiSupervisedAAE
from aae_lib.models.supervised import SupervisedAAE

RULES = ("confident", "majority", "hungarian")


def known(p=None, z=None, labels=None) -> tuple[SimpleNamespace, Split]:
    """A model whose probabilities p and styles z are given, row by row, and its split."""
    n = len(z if p is None else p)
    model = SimpleNamespace(encode=lambda images: z[images[:, 0].long()], encoder=None)
    if p is not None:
        model.classify = lambda images: p[images[:, 0].long()]
    return model, Split(torch.arange(n).float()[:, None], torch.as_tensor(labels))


class OnAMap(aae.models.Model):
    """The same on a map: each category pulls its codes to a head."""

    can = aae.models.Abilities(encode=True, classify=True, heads=True)

    def __init__(self, known, heads):
        super().__init__()
        self.encode, self.classify, self.encoder = known.encode, known.classify, None
        self.cluster_heads = torch.nn.Parameter(heads)


def table(counts, sure=0.9) -> tuple[SimpleNamespace, Split]:
    """A model that puts counts[k][c] images of class c into category k, and its split."""
    pairs = [(k, c) for k, row in enumerate(counts) for c, n in enumerate(row) for _ in range(n)]
    k, c = torch.tensor(pairs).T
    K = len(counts)
    return known(F.one_hot(k, K) * (sure - (1 - sure) / (K - 1)) + (1 - sure) / (K - 1), labels=c)


# ---- class error ----


def test_class_error_counts_labelled_images_in_another_category():
    p = torch.tensor([[0.6, 0.4], [0.3, 0.7], [0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    assert metrics.classification_error(*known(p, labels=[0, 1, 1, -1, 0])) == 1 / 4
    assert metrics.classification_error(*known(p, labels=[1, 0, 1, -1, 2])) == 1  # a class without a category: wrong


# ---- what a category stands for ----


@pytest.mark.parametrize("rule", RULES)
def test_a_perfect_classifier_under_other_names_makes_no_error(rule):
    names = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 10
    model, split = known(F.one_hot(names[labels], 10) * 0.9 + 0.01, labels=labels)
    assert torch.equal(metrics.cluster_labels(model, split, rule)[names], torch.arange(10))
    assert metrics.cluster_error(model, split, split, rule) == 0
    assert metrics.classification_error(model, split) > 0.5
    assert metrics.cluster_agreement(model, split) == pytest.approx((1, 1))


def test_rules_by_hand():
    """Three categories, of which two hold class 0 mostly; the surest image of each is told apart from the rest."""
    p = torch.full((9, 3), 0.1)
    for row, (category, sure) in enumerate(
        [(0, 0.7), (0, 0.6), (0, 0.9), (1, 0.6), (1, 0.95), (1, 0.6), (2, 0.8), (2, 0.7), (2, 0.6)]
    ):
        p[row, category] = sure
    labels = [0, 0, 1, 0, 0, 1, 1, 0, 2]
    model, split = known(p, labels=labels)
    assert metrics.cluster_labels(model, split).tolist() == [1, 0, 1]  # of images 2, 4 and 6
    assert metrics.cluster_labels(model, split, "majority").tolist() == [0, 0, 0]  # one each in category 2: the lowest
    assert metrics.cluster_labels(model, split, "hungarian").tolist() in ([0, 1, 2], [1, 0, 2])  # 2 + 1 + 1 right
    errors = [metrics.cluster_error(model, split, split, rule) for rule in RULES]
    assert errors == pytest.approx([5 / 9, 4 / 9, 5 / 9])


def test_hungarian_is_the_best_one_to_one_naming():
    counts = np.random.default_rng(0).integers(0, 9, (4, 4))
    model, split = table(counts.tolist())
    best = max(sum(counts[k, c] for k, c in enumerate(order)) for order in itertools.permutations(range(4)))
    assert metrics.cluster_error(model, split, split, "hungarian") == pytest.approx(1 - best / counts.sum())


def test_more_and_fewer_categories_than_classes():
    more = table([[5, 0], [0, 4], [3, 0]])
    assert metrics.cluster_labels(*more, "hungarian").tolist() == [0, 1, -1]
    assert metrics.cluster_error(more[0], more[1], more[1], "hungarian") == 3 / 12  # what is left over is wrong
    assert metrics.cluster_error(more[0], more[1], more[1], "majority") == 0
    fewer = table([[5, 1, 1], [0, 2, 6]])
    assert metrics.cluster_labels(*fewer, "hungarian").tolist() == [0, 2]
    for rule in ("majority", "hungarian"):
        assert metrics.cluster_error(fewer[0], fewer[1], fewer[1], rule) == pytest.approx(4 / 15)


def test_an_empty_category_falls_back_to_its_surest_image():
    p = torch.tensor([[0.9, 0.05, 0.05], [0.5, 0.1, 0.4], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    model, split = known(p, labels=[0, 3, 1, 1])
    assert metrics.cluster_labels(model, split, "majority").tolist() == [0, 1, 3]
    assert metrics.occupancy(model, split).tolist() == [0.5, 0.5, 0]


def test_equally_sure_images_vote_whatever_their_order():
    """Probabilities saturate at 1 in float32: the first of many must not name the category alone."""
    labels = torch.tensor([1, 0, 0, 0, 1, 1, 1, 0])
    p = F.one_hot(torch.tensor([0, 0, 0, 0, 1, 1, 1, 1]), 2).float()
    for order in (torch.arange(8), torch.arange(8).flip(0)):
        assert metrics.cluster_labels(*known(p[order], labels=labels[order])).tolist() == [0, 1]


def test_names_come_from_one_split_and_the_error_from_the_other():
    p = torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8]])
    model, _ = known(p, labels=[0] * 4)
    fit = Split(torch.tensor([[0.0], [1.0], [0.0]]), torch.tensor([5, 2, -1]))
    test = Split(torch.tensor([[2.0], [3.0], [3.0], [2.0]]), torch.tensor([2, 5, 2, -1]))
    assert metrics.cluster_labels(model, fit).tolist() == [5, 2]
    assert metrics.cluster_error(model, fit, test) == pytest.approx(2 / 3)
    assert metrics.cluster_error(model, test, test) == pytest.approx(1 / 3)


# ---- agreement and occupancy ----


def test_agreement_from_the_contingency_table():
    counts = np.array([[6, 1, 0], [2, 5, 3], [0, 1, 7], [1, 0, 2]])
    found = metrics.cluster_agreement(*table(counts.tolist()))
    n, rows, columns = counts.sum(), counts.sum(1), counts.sum(0)
    pairs, by_row, by_column = comb(counts, 2).sum(), comb(rows, 2).sum(), comb(columns, 2).sum()
    expected = by_row * by_column / comb(n, 2)
    assert found.ari == pytest.approx((pairs - expected) / ((by_row + by_column) / 2 - expected))

    def entropy(shares):
        return -sum(p * math.log(p) for p in shares.flatten() / n if p)

    information = entropy(rows) + entropy(columns) - entropy(counts)
    assert found.nmi == pytest.approx(2 * information / (entropy(rows) + entropy(columns)))


def test_chance_agreement_is_none():
    draw = torch.Generator().manual_seed(0)
    p, labels = torch.rand(3000, 10, generator=draw), torch.randint(10, (3000,), generator=draw)
    found = metrics.cluster_agreement(*known(p, labels=labels))
    assert found == pytest.approx((0, 0), abs=0.01)


def test_occupancy_needs_no_labels():
    model, split = table([[3, 0], [0, 0], [4, 1]])
    split = Split(split.images, torch.full((8,), -1))
    assert metrics.occupancy(model, split).tolist() == [3 / 8, 0, 5 / 8]
    assert metrics.effective_number(torch.tensor([0.25] * 4 + [0.0])) == pytest.approx(4)
    assert metrics.effective_number(torch.tensor([1.0, 0.0])) == pytest.approx(1)


# ---- style ----


def two_parts(z, labels) -> tuple:
    """A model with styles z, and its first and second half."""
    model, whole = known(z=z, labels=labels)
    half = len(z) // 2
    return model, *(Split(whole.images[i], whole.labels[i]) for i in (slice(half), slice(half, None)))


@pytest.mark.parametrize("seed", range(3))
def test_a_style_without_the_class_is_at_chance(seed):
    draw = torch.Generator().manual_seed(seed)
    labels = (torch.rand(2000, generator=draw) > 0.3).long() * torch.randint(1, 5, (2000,), generator=draw)
    model, train, test = two_parts(torch.randn(2000, 4, generator=draw), labels)
    found = metrics.class_from_style(model, train, test)
    assert found.chance == int(test.labels.bincount().max()) / 1000
    assert found.sd == pytest.approx((found.chance * (1 - found.chance) / 1000) ** 0.5)
    assert found.accuracy < found.chance + 3 * found.sd
    within = metrics.class_from_style(model, train)
    assert within.accuracy < within.chance + 3 * within.sd


def test_a_style_that_holds_the_class_is_found_however_it_is_hidden():
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (2000,), generator=draw)
    noise = torch.randn(2000, 6, generator=draw)
    plain = torch.cat([F.one_hot(labels, 4) + 0.1 * noise[:, :4], noise[:, 4:]], 1)
    radius = (1 + labels[:, None]) * F.normalize(noise) + 0.05 * noise  # shells: no line and no centre tells them
    small = noise.clone()
    small[:, 0] = 1e-3 * labels + 1e-5 * noise[:, 0]  # in a coordinate a thousand times smaller
    stripes = 4 * torch.rand(2000, 2, generator=draw)
    cells = (stripes * 2).long().sum(1) % 2
    for z, y in ((plain, labels), (radius, labels), (small, labels), (stripes, cells)):
        model, *parts = two_parts(z, y)
        assert metrics.class_from_style(model, *parts).accuracy > 0.85
    assert metrics.linear_probe(*two_parts(radius, labels)) < 0.4


def test_the_style_of_a_map_is_what_the_category_leaves():
    draw = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 5, (1200,), generator=draw)
    y, heads = F.one_hot(labels, 5).float(), torch.tensor([[0.0, 0], [9, 0], [0, 9], [-9, 0], [0, -9]])
    model, split = known(y, y @ heads + torch.randn(1200, 2, generator=draw), labels)
    assert metrics.class_from_style(model, split).accuracy > 0.9
    found = metrics.class_from_style(OnAMap(model, heads), split)
    assert found.accuracy < found.chance + 3 * found.sd


# ---- the yardstick ----


@pytest.fixture(scope="module")
def digits():
    return aae.load("digits")


def test_label_spreading_is_that_of_scikit_learn(digits):
    train, test = digits.train.keep_labels(50), digits.test
    x, t = (split.images.flatten(1).numpy() / 255 for split in (train, test))
    oracle = LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.8, max_iter=1000).fit(x, train.labels.numpy())
    with np.errstate(invalid="ignore"):
        expected = (oracle.predict(t) != test.labels.numpy()).mean()
    assert metrics.label_spreading_error(train, test) == pytest.approx(expected, abs=0.005)  # ties in float32
    assert 0.01 < expected < 0.15


def test_label_spreading_keeps_all_labels_when_it_thins(digits, monkeypatch):
    seen = {}
    fit = LabelSpreading.fit
    monkeypatch.setattr(LabelSpreading, "fit", lambda self, x, y: (seen.update(x=x, y=y), fit(self, x, y))[1])
    train = digits.train.keep_labels(40)
    metrics.label_spreading_error(train, digits.test, n=200)
    assert len(seen["x"]) == 200
    assert sorted(seen["y"][seen["y"] >= 0]) == sorted(train.labels[train.labelled].tolist())
    assert (seen["y"] >= 0).sum() == 40
    assert len({row.tobytes() for row in seen["x"]}) == 200  # drawn without replacement


def test_what_no_label_reaches_is_wrong():
    """Two groups far apart, of which one has no label: scikit-learn would call it class 0."""
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(60, 2, generator=draw) * 0.01 + torch.tensor([0.0, 1.0]).repeat_interleave(30)[:, None]
    labels = torch.full((60,), -1)
    labels[:2] = 0
    train, test = Split(x, labels), Split(x, torch.zeros(60).long())
    assert metrics.label_spreading_error(train, test) == 0.5


# ---- in words ----


def test_a_model_without_categories_is_refused_in_words(digits):
    model = SupervisedAAE(digits.image_shape, hidden=(8,))
    for measure in (
        metrics.classification_error,
        metrics.cluster_labels,
        metrics.cluster_agreement,
        metrics.occupancy,
        lambda model, split: metrics.cluster_error(model, split, split),
    ):
        with pytest.raises(ValueError, match=r"model must be a model with `classify`.* got .*SupervisedAAE"):
            measure(model, digits.test)


def test_what_cannot_be_measured_is_refused_in_words(digits):
    p, z = torch.eye(20), torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    model, blind = known(p, z, [-1] * 20)
    for measure in (
        metrics.classification_error,
        metrics.cluster_labels,
        metrics.cluster_agreement,
        metrics.class_from_style,
        metrics.label_spreading_error,
        lambda model, split: metrics.label_spreading_error(digits.train, split),
    ):
        arguments = (blind, blind) if measure is metrics.label_spreading_error else (model, blind)
        with pytest.raises(ValueError, match="none of these images has a label"):
            measure(*arguments)
    with pytest.raises(ValueError, match="rule must be one of confident, majority, hungarian; got 'best'"):
        metrics.cluster_labels(model, blind, "best")
    with pytest.raises(ValueError, match="only 5 of these images have a label; at least 10"):
        metrics.class_from_style(*known(z=z, labels=[0, 1, 2, 3, 4] + [-1] * 15))
    with pytest.raises(ValueError, match="of one class"):
        metrics.class_from_style(*known(z=z, labels=[3] * 20))
    with pytest.raises(ValueError, match="holds no images"):
        metrics.occupancy(model, Split(torch.zeros(0, 1), torch.zeros(0).long()))
    p[4, 0] = math.nan
    with pytest.raises(ValueError, match="1 of the model's 20 rows of category probabilities are NaN"):
        metrics.occupancy(model, blind)
    z[7, 1] = math.inf
    with pytest.raises(ValueError, match="1 of the model's 20 codes are NaN"):
        metrics.class_from_style(*known(z=z, labels=[0, 1] * 10))


# ---- the scoreboard of models with categories ----

MODELS = {
    "supervised": (SupervisedAAE, {}),
    "semi-supervised": (SemiSupervisedAAE, {}),
    "clustering": (ClusterAAE, {"categories": 16}),
    "map": (MapAAE, {}),
    "labelled map": (MapAAE, {"categories": 10, "labelled": True}),
}


def made(name, shape):
    kind, options = MODELS[name]
    return kind(shape, hidden=(16, 16), seed=0, **options)


@pytest.mark.parametrize("name", MODELS)
def test_compare_takes_every_model_with_categories(name, digits):
    model = made(name, digits.image_shape)
    table = metrics.compare(model, digits, details=True)
    rows = set(table.index)
    assert list(table.index[:3]) == ["reconstruction", "MMD", "5-NN accuracy"]
    assert ("class error" in rows) == (name in ("semi-supervised", "labelled map"))
    assert ("cluster error" in rows) == (name in ("clustering", "map"))
    assert ("effective categories" in rows) == (name != "supervised")
    assert ("modes, right class" in rows) == (name == "labelled map")  # else category k is not class k
    assert (table.good["5-NN accuracy"] == "high") == ("map" in name)  # a style leaves the class to y
    assert table.value.notna().all()
    style = metrics.class_from_style(model, digits.train, digits.test)
    assert table.loc["class from style", ["value", "reference", "sd"]].tolist() == pytest.approx(list(style))
    assert not {"class from style"} & set(metrics.compare(model, digits).index)


def test_compare_names_clusters_on_validation_images(digits):
    model = made("clustering", digits.image_shape)
    row = metrics.compare(model, digits).loc["cluster error"]
    assert row.value == metrics.cluster_error(model, digits.validation, digits.test)
    assert "validation" in row.meaning
    assert row.reference == pytest.approx(1 - float((digits.test.labels.bincount() / 297).max()))
    alone = metrics.compare(model, digits.test)
    assert alone.value["cluster error"] == metrics.cluster_error(model, digits.test, digits.test)
    used = metrics.effective_number(metrics.occupancy(model, digits.test))
    assert alone.value["effective categories"] == used
    assert alone.reference["effective categories"] == pytest.approx(16)


def test_compare_says_class_error_only_where_labels_named_the_categories(digits):
    model = made("semi-supervised", digits.image_shape)
    assert metrics.compare(model, digits).value["class error"] == metrics.classification_error(model, digits.test)


def test_compare_reads_style_with_all_labels_there_are(digits):
    """A model trained with 50 labels is not judged by a reader that has seen 50 codes."""
    few = replace(digits, train=digits.train.keep_labels(50))
    model = made("semi-supervised", digits.image_shape)
    found = metrics.compare(model, few, details=True).value["class from style"]
    assert found == pytest.approx(metrics.class_from_style(model, digits.test).accuracy, abs=0.03)  # other folds
    assert found > metrics.class_from_style(model, few.train, digits.test).accuracy + 0.05


@pytest.mark.parametrize("name", MODELS)
def test_compare_without_labels(name, digits):
    blind = Split(digits.test.images, torch.full_like(digits.test.labels, -1))
    rows = set(metrics.compare(made(name, digits.image_shape), blind, details=True).index)
    assert not rows & {"5-NN accuracy", "class error", "cluster error", "class from style", "effective classes"}
    assert ("reconstruction" in rows) == (name != "supervised")
    assert ("effective categories" in rows) == (name != "supervised")


def test_reconstruction_is_told_the_labels_where_it_needs_them(digits):
    model = made("supervised", digits.image_shape)
    expected = (model.reconstruct(digits.test.images, digits.test.labels) - digits.test.images / 255).square().mean()
    assert metrics.reconstruction_error(model, digits.test) == pytest.approx(float(expected), rel=1e-5)
    wrong = Split(digits.test.images, (digits.test.labels + 1) % 10)
    assert not torch.equal(metrics.reconstructed(model, wrong), metrics.reconstructed(model, digits.test))
    few = digits.test.keep_labels(20)
    with pytest.raises(ValueError, match="277 of these 297 images have no label"):
        metrics.reconstructed(model, few)
    part = few.take(few.labelled.nonzero()[:, 0])
    assert metrics.compare(model, few).value["reconstruction"] == metrics.reconstruction_error(model, part)
    other = made("clustering", digits.image_shape)
    assert torch.equal(metrics.reconstructed(other, few), other.reconstruct(few.images))
