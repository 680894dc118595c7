"""Datasets, splits and labels."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import aae_lib as aae
from aae_lib.data import Dataset, Split, from_arrays, from_splits
from aae_lib.data.toys import TOYS

ROOT = Path(__file__).parents[1]
OFFLINE = ["mini_mnist", "digits", "glyphs", *TOYS]
SIZES = {"mini_mnist": (5000, 1000, 2000), "digits": (1300, 200, 297), "glyphs": (4200, 900, 900)}


@pytest.fixture(scope="module", params=OFFLINE)
def data(request):
    return aae.load(request.param)


def splits(data):
    return data.train, data.validation, data.test


def test_sizes_types_and_shapes(data):
    assert tuple(len(split) for split in splits(data)) == SIZES.get(data.name, (2000, 500, 500))
    for split in splits(data):
        assert split.images.shape == (len(split), *data.image_shape)
        assert split.images.dtype == (torch.float32 if data.name in TOYS else torch.uint8)
        assert split.labels.dtype == torch.int64
        assert split.labels.unique().tolist() == list(range(data.classes))
        assert split.labelled.all()


def test_each_class_is_in_every_split_in_proportion(data):
    counts = np.array([split.labels.bincount().tolist() for split in splits(data)])
    expected = counts.sum(axis=0) * counts.sum(axis=1)[:, None] / counts.sum()
    assert np.abs(counts - expected).max() <= 2


def test_no_image_is_in_two_splits_and_none_is_lost():
    from sklearn.datasets import load_digits

    official = load_digits()
    pairs = [
        (image.numpy().tobytes(), int(label))
        for split in splits(aae.load("digits"))
        for image, label in zip(split.images, split.labels, strict=True)
    ]
    expected = [
        (np.round(image * 255 / 16).astype(np.uint8).tobytes(), int(label))
        for image, label in zip(official.images, official.target, strict=True)
    ]
    assert sorted(pairs) == sorted(expected)  # also: every image kept its label


def test_digits_are_the_same_where_scikit_learns_file_lies_elsewhere(monkeypatch):
    from aae_lib.data import loading

    found = aae.load("digits")
    monkeypatch.setattr(loading, "DIGITS", "elsewhere.csv.gz")
    for one, other in zip(splits(found), splits(aae.load("digits")), strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)
        assert one.labels.dtype == other.labels.dtype


def fingerprint(data):
    content = (t.numpy().tobytes() for split in splits(data) for t in (split.images, split.labels))
    return hashlib.sha256(b"".join(content)).hexdigest()


def test_loading_is_the_same_in_every_process_and_leaves_the_global_generators_alone():
    script = (
        "import torch, numpy, aae_lib as aae\n"
        "from tests.test_data import OFFLINE, fingerprint\n"
        "torch.manual_seed(5), numpy.random.seed(5)\n"
        "print(*[fingerprint(aae.load(name)) for name in OFFLINE], torch.rand(()).item(), numpy.random.rand())"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    *theirs, after_torch, after_numpy = run.stdout.split()
    assert theirs == [fingerprint(aae.load(name)) for name in OFFLINE]
    assert float(after_torch) == torch.rand((), generator=torch.Generator().manual_seed(5)).item()
    assert float(after_numpy) == np.random.RandomState(5).rand()


def test_changing_a_loaded_set_does_not_change_the_next_load():
    aae.load("glyphs").train.images.zero_()
    assert aae.load("glyphs").train.images.max() == 255


def test_fewer_glyphs_can_be_drawn_and_too_few_are_refused():
    data = aae.load("glyphs", n=200)
    assert [len(split) for split in splits(data)] == [140, 30, 30]
    with pytest.raises(ValueError, match="load: n must be a whole number from 100 to 100,000; got 20"):
        aae.load("glyphs", n=20)


def test_glyphs_carry_the_factors_of_their_own_rows():
    data = aae.load("glyphs")
    for split in splits(data):
        assert split.factors["class"].tolist() == split.labels.tolist()
        rows = torch.tensor([0, len(split) - 1])
        drawn = aae.data.glyphs.draw(split.factors.iloc[rows.tolist()])
        assert torch.equal(drawn, split.images[rows])
    few = data.test.take(torch.tensor([5, 2]))
    assert torch.equal(few.images, data.test.images[[5, 2]])
    assert few.factors["slant"].tolist() == data.test.factors["slant"].iloc[[5, 2]].tolist()
    assert few.factors.index.tolist() == [0, 1]


def test_unknown_name_lists_the_names():
    told = r"name must be one of mini_mnist, digits, glyphs, mnist, fashion_mnist, .*checkerboard; got 'mist'"
    with pytest.raises(ValueError, match=told):
        aae.load("mist")


def test_digits_use_the_whole_range():
    images = aae.load("digits").train.images
    assert set(images.unique().tolist()) == {round(v * 255 / 16) for v in range(17)}


# --- the toys are the shapes that they claim to be ---


def test_toys_lie_where_they_should():
    for name in TOYS:
        points = torch.cat([split.images for split in splits(aae.load(name))])
        assert points.abs().max() < 3
        assert points.mean(0).abs().max() < 0.2

    circles = aae.load("circles").train
    radius = circles.images.norm(dim=1)
    assert radius[circles.labels == 0].mean() == pytest.approx(2, abs=0.03)
    assert radius[circles.labels == 1].mean() == pytest.approx(1, abs=0.03)

    blobs = aae.load("blobs").train
    centres = torch.stack([blobs.images[blobs.labels == k].mean(0) for k in range(6)])
    assert torch.allclose(centres.norm(dim=1), torch.full((6,), 2.0), atol=0.08)

    squares = aae.load("checkerboard").train
    row_column = (squares.images + 2).floor()
    assert (row_column.sum(1) % 2 == 0).all()  # dark squares only
    assert torch.stack([row_column[squares.labels == k].std(0) for k in range(8)]).max() == 0  # a class, a square

    spiral = aae.load("spiral").train
    angle = 3 * np.pi * spiral.images.norm(dim=1) / 2.5 + np.pi * spiral.labels
    along = torch.stack([angle.cos(), angle.sin()], 1)
    outer = spiral.images.norm(dim=1) > 0.8
    cosine = torch.nn.functional.cosine_similarity(spiral.images, along)[outer]
    assert cosine.mean() > 0.9


def test_moons_and_spiral_are_no_matter_for_a_straight_line_but_for_neighbours():
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    for name in ("moons", "spiral", "circles"):
        data = aae.load(name)
        (x, y), (u, v) = ((s.images.numpy(), s.labels.numpy()) for s in (data.train, data.test))
        assert LogisticRegression().fit(x, y).score(u, v) < 0.93
        assert KNeighborsClassifier(5).fit(x, y).score(u, v) > 0.97


# --- scale ---


def test_scale_is_exact_for_every_byte_and_leaves_floats_alone():
    bytes_ = torch.arange(256, dtype=torch.uint8)
    scaled = aae.data.scale(bytes_)
    assert scaled.dtype == torch.float32
    assert torch.equal(scaled, torch.tensor([v / 255 for v in range(256)]))
    assert bytes_[255] == 255  # not changed in place
    floats = torch.tensor([0.0, 0.5, 1.0])
    assert aae.data.scale(floats) is floats
    with pytest.raises(TypeError, match="int64"):
        aae.data.scale(torch.arange(3))


# --- labels ---


@pytest.mark.parametrize("n", [10, 13, 100, 997])
def test_keep_labels_keeps_exactly_n_in_balance(n):
    train = aae.load("digits").train
    few = train.keep_labels(n)
    assert few.labelled.sum() == n
    counts = few.labels[few.labelled].bincount(minlength=10)
    assert counts.max() - counts.min() <= 1
    assert torch.equal(few.labels[few.labelled], train.labels[few.labelled])  # right ones
    assert (few.labels[~few.labelled] == -1).all()
    assert few.images is train.images
    assert train.labelled.all()  # the original keeps its own


def test_keep_labels_of_unequal_classes_uses_up_the_small_one():
    labels = torch.tensor([0] * 3 + [1] * 20 + [2] * 20)
    split = Split(torch.zeros(43, 1, 2, 2, dtype=torch.uint8), labels)
    assert split.keep_labels(23).labels.clamp(min=-1).add(1).bincount().tolist() == [20, 3, 10, 10]
    assert torch.equal(split.keep_labels(43).labels, labels)


def test_keep_labels_is_fixed_by_its_seed_and_nested():
    train = aae.load("digits").train
    a, again, other = train.keep_labels(100), train.keep_labels(100, seed=0), train.keep_labels(100, seed=1)
    assert torch.equal(a.labels, again.labels)
    assert not torch.equal(a.labels, other.labels)
    assert train.keep_labels(200).labelled[a.labelled].all()
    assert torch.equal(train.keep_labels(200).keep_labels(200).labels, train.keep_labels(200).labels)


@pytest.mark.parametrize("n", [-1, 0, 9, 1301])
def test_keep_labels_refuses_what_cannot_be(n):
    with pytest.raises(ValueError, match=r"ask for 10 to 1300|must be a whole number of at least 1"):
        aae.load("digits").train.keep_labels(n)


def test_keep_labels_cannot_bring_labels_back():
    few = aae.load("digits").train.keep_labels(50)
    with pytest.raises(ValueError, match="has 50 labels"):
        few.keep_labels(51)


def test_wrong_splits_are_refused():
    images, labels = torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.tensor([0, 1, 2, -1])
    with pytest.raises(ValueError, match="4 whole numbers"):
        Split(images, labels[:3])
    with pytest.raises(ValueError, match="4 whole numbers"):
        Split(images, labels.float())
    good = Split(images, labels)
    Dataset("mine", good, good, good, (1, 2, 2), 3)
    with pytest.raises(ValueError, match=r"test has labels from -1 to 2; with 2 classes they run from 0 to 1"):
        Dataset("mine", replace(good, labels=labels.clamp(max=1)), replace(good, labels=labels * 0), good, (1, 2, 2), 2)
    with pytest.raises(ValueError, match="labels must be at least -1"):
        Dataset("mine", replace(good, labels=labels - 1), good, good, (1, 2, 2), 3)
    with pytest.raises(ValueError, match="image_shape"):
        Dataset("mine", good, good, good, (1, 3, 3), 3)


def test_a_dataset_shows_itself_in_one_line():
    data = aae.load("digits")
    assert repr(data) == "Dataset('digits': 1300 train, 200 validation, 297 test x (1, 8, 8), 10 classes)"
    assert repr(data.train.keep_labels(50)) == "Split(1300 x (1, 8, 8), 50 labelled)"


def test_a_number_of_classes_may_be_larger_than_a_tensor_holds():
    test = aae.load("digits").test
    assert Dataset("own", test, test, test, (1, 8, 8), classes=10**39).classes == 10**39


def test_what_says_how_arrays_are_read_is_refused_for_a_split():
    part = Split(torch.rand(20, 1, 8, 8) * 16, torch.zeros(20, dtype=torch.long))
    array = part.images[:, 0].numpy()
    for option in ({"value_range": (0, 16)}, {"channels": "first"}):
        with pytest.raises(ValueError, match="a Split is taken as it is"):
            from_splits(part, array, array, **option)


@pytest.mark.parametrize("read", [from_arrays, lambda x: from_splits(x, x, x)])
def test_masked_values_are_nobodys_data(read):
    hidden = np.where(np.arange(40 * 64).reshape(40, 8, 8) % 7 == 0, -9999.0, 0.5)
    with pytest.raises(ValueError, match=r"images must have no masked values: say what they should be, with .filled"):
        read(np.ma.masked_equal(hidden, -9999.0))
    read(np.ma.masked_array(np.full((40, 8, 8), 0.5)))  # nothing is masked


def test_parts_of_different_types_are_refused_and_a_split_keeps_what_it_carries():
    whole = np.random.default_rng(0).integers(0, 256, (300, 20)).astype("uint8")
    with pytest.raises(ValueError, match=r"validation is kept as torch.float32, and train as torch.uint8"):
        from_splits(whole, whole[:100].astype("float32"), whole[:100])
    glyphs = aae.load("glyphs")
    again = from_splits(glyphs.train, glyphs.validation, glyphs.test)
    assert again.train.factors is not None
    assert again.train.factors.equals(glyphs.train.factors)
