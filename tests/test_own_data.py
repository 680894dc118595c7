"""Your own data: what is understood, what is refused in a sentence, and that it trains."""

import contextlib
import io
import os
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_wine

import aae_lib as aae
from aae_lib import cli
from aae_lib.cli.faults import OptionError
from aae_lib.cli.own_data import read_own
from aae_lib.data import OnDisk, Split, from_arrays, from_folder, from_npz, from_splits, from_table, read_folder
from aae_lib.data.labels import as_classes
from aae_lib.data.layout import rounded_range
from aae_lib.data.minibatches import fingerprint

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (120, 16, 20, 3), dtype=np.uint8)
FLOATS = RNG.random((120, 8, 8))
PARTS = ("train", "validation", "test")


def told(call, *words):
    """The sentence that a call is refused with; it holds these words."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are looked for below
        call()
    sentence = str(error.value)
    for word in words:
        assert word in sentence, sentence
    assert sentence.endswith((".", "?"))
    assert len(sentence.splitlines()) == 1
    return sentence


def every(data):
    """All images of a dataset, in no order."""
    return torch.cat([getattr(data, part).images for part in PARTS])


def sorted_rows(images):
    return sorted(row.tobytes() for row in images.numpy())


# ---- arrays ----


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (BYTES, (3, 16, 20)),
        (BYTES.transpose(0, 3, 1, 2), (3, 16, 20)),
        (BYTES[..., :1], (1, 16, 20)),
        (BYTES[..., 0], (1, 16, 20)),
        (BYTES.reshape(120, -1), (960,)),
        (torch.from_numpy(BYTES), (3, 16, 20)),
        (BYTES[..., 0].tolist(), (1, 16, 20)),
        ([Image.fromarray(image) for image in BYTES], (3, 16, 20)),
        (BYTES.astype(np.int64), (3, 16, 20)),
        (BYTES.astype(">u2"), (3, 16, 20)),
        (torch.from_numpy(BYTES[:, ::2, ::-2].copy()).permute(0, 2, 1, 3), (3, 10, 8)),
    ],
)
def test_axes_and_types_are_told_apart_and_every_number_is_kept(images, shape):
    data = from_arrays(images)
    assert data.image_shape == shape
    assert data.train.images.dtype == torch.uint8
    assert [len(getattr(data, part)) for part in PARTS] == [96, 12, 12]
    assert int(every(data).long().sum()) == int(np.asarray(images).astype(np.int64).sum())


def test_channels_go_where_they_belong():
    data = from_arrays(BYTES)
    assert sorted_rows(every(data)) == sorted_rows(torch.from_numpy(BYTES.transpose(0, 3, 1, 2).copy()))
    odd = RNG.random((40, 3, 5, 3))
    assert from_arrays(odd, channels="first").image_shape == (3, 5, 3)
    assert from_arrays(odd, channels="last").image_shape == (3, 3, 5)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "bool", "bfloat16"])
def test_floats_of_any_size_become_float32_and_keep_their_values(kind):
    images = FLOATS > 0.5 if kind == "bool" else FLOATS
    images = torch.from_numpy(images).bfloat16() if kind == "bfloat16" else images.astype(kind)
    data = from_arrays(images)
    assert data.train.images.dtype == torch.float32
    assert sorted_rows(every(data)) == sorted_rows(torch.as_tensor(images).float()[:, None])


def test_a_range_is_mapped_to_0_and_1():
    data = from_arrays(2 * FLOATS - 1, value_range=(-1, 1))
    assert np.allclose(np.sort(every(data).numpy().ravel()), np.sort(FLOATS.ravel()), atol=1e-7)
    sixteen = from_arrays(RNG.integers(0, 4096, (60, 8, 8), dtype=np.uint16), value_range=(0, 4095))
    assert sixteen.train.images.dtype == torch.float32
    assert 0 <= every(sixteen).min() < every(sixteen).max() <= 1
    assert from_arrays(FLOATS > 0.5, value_range=(0, 1)).train.images.unique().tolist() == [0, 1]


def test_what_comes_in_is_copied():
    images = BYTES.copy()
    data = from_arrays(images)
    before = data.train.images.clone()
    images[:] = 0
    assert torch.equal(data.train.images, before)


NAN, INF = FLOATS.copy(), FLOATS.copy()
NAN[71, 2, 3], INF[5, 0, 0] = np.nan, np.inf


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (NAN, {}, ("image 71 holds NaN", "leave it out")),
        (INF, {}, ("image 5 holds infinity",)),
        (FLOATS * 1e300, {}, ("more than float32 can hold",)),
        (NAN, {"value_range": (0, 1)}, ("image 71 holds NaN",)),
        (2 * FLOATS - 1, {"value_range": (0, 1)}, ("image 0 has values from -", "value_range=(-1, 1)")),
        (FLOATS, {"value_range": (1, 0)}, ("low below high",)),
        (FLOATS, {"value_range": 255}, ("value_range must be",)),
        (BYTES.astype(int) * 16, {}, ("int64", "from 0 to 4080", "value_range=(0, 4095)", "astype('float32')")),
        (BYTES.astype(int) - 128, {}, ("from -128 to 127", "value_range=(-130, 130)")),
        ((BYTES > 127).astype(np.uint8), {}, ("from 0 to 1", "value_range=(0, 1)")),
        ((BYTES > 127).astype(int), {}, ("black", "value_range=(0, 1)")),
        (RNG.random((40, 3, 5, 3)), {}, ("(40, 3, 5, 3)", "channels='first' or channels='last'")),
        (RNG.random((40, 7, 5, 9)), {}, ("channels='first' or channels='last'",)),
        (FLOATS, {"channels": "last"}, ("leave it out",)),
        (BYTES, {"channels": "middle"}, ("channels must be one of first, last",)),
        (RNG.random((40, 2, 2, 2, 2)), {}, ("reshape",)),
        (RNG.random(40), {}, ("images must be an array",)),
        (5, {}, ("images must be an array",)),
        (None, {}, ("images must be an array",)),
        ("digits", {}, ("images must be an array",)),
        ([np.zeros((4, 4)), np.zeros((4, 5))], {}, ("(4, 4), (4, 5)", "resize")),
        (np.zeros((0, 8, 8)), {}, ("there are no images",)),
        (np.zeros((40, 8, 8), int), {}, ("every number of the images is 0",)),
        (FLOATS * 1j, {}, ("images must be an array",)),
        (np.array([["a", "b"]]), {}, ("images must be an array",)),
        (torch.zeros(3, 2, device="meta"), {}, ("images must be",)),
        (FLOATS, {"validation": 0}, ("validation must be a share",)),
        (FLOATS, {"test": 1.5}, ("test must be a share",)),
        (FLOATS[:4], {}, ("validation=0.1 of 4 images is none", "validation=1")),
        (FLOATS[:1], {}, ("of 1 image is none",)),
        (FLOATS, {"test": 110}, ("leave nothing to learn from", "120")),
        (FLOATS, {"seed": -1}, ("seed must be",)),
    ],
)
def test_images_that_cannot_be_learned_from_are_refused(images, options, words):
    told(lambda: from_arrays(images, **options), *words)


@pytest.mark.parametrize(
    ("low", "high", "meant"),
    [
        (-0.99, 0.2, (-1, 1)),
        (0, 254, (0, 255)),
        (0, 13.2, (0, 14)),
        (0, 16, (0, 16)),
        (-3.27, 4.01, (-3.3, 4.1)),
        (10, 11, (10, 11)),
        (0, 60000, (0, 65535)),
        (0.0, 0.01, (0, 1)),
    ],
)
def test_the_range_that_is_proposed_holds_all_and_is_round(low, high, meant):
    assert rounded_range(low, high) == meant
    assert meant[0] <= low <= high <= meant[1]


# ---- labels ----


@pytest.mark.parametrize(
    ("labels", "classes", "names"),
    [
        (["b", "a", "", None, float("nan"), " b "], [1, 0, -1, -1, -1, 1], ("a", "b")),
        ([3, 9, -1, 3, 9, 9], [0, 1, -1, 0, 1, 1], ("3", "9")),
        ([0.0, 2.0, np.nan, 0.0, 2.0, 0.0], [0, 1, -1, 0, 1, 0], ("0", "2")),
        ([1, None, 2, 1, 2, 1], [0, -1, 1, 0, 1, 0], ("1", "2")),
        (["10", "2", "10", "2", "2", "2"], [1, 0, 1, 0, 0, 0], ("2", "10")),
        ([True, False, True, True, False, False], [1, 0, 1, 1, 0, 0], ("False", "True")),
        (np.array([[3], [5], [3], [3], [5], [5]]), [0, 1, 0, 0, 1, 1], ("3", "5")),
        (torch.tensor([2, 2, 0, 0, 1, 1]), [2, 2, 0, 0, 1, 1], ("0", "1", "2")),
        (np.array(["x", "y", "x", "y", "x", "y"]), [0, 1, 0, 1, 0, 1], ("x", "y")),
        (pd.Series(["x", None, "x", "y", "x", "y"], index=range(5, 11)), [0, -1, 0, 1, 0, 1], ("x", "y")),
        (pd.Series([4, 7, 4, 7, 4, None], dtype="category"), [0, 1, 0, 1, 0, -1], ("4", "7")),
        (pd.Series([4, 7, 4, 7, 4, None], dtype="Int64"), [0, 1, 0, 1, 0, -1], ("4", "7")),
        ([None] * 6, [-1] * 6, ()),
        (None, [-1] * 6, ()),
    ],
)
def test_labels_of_any_make(labels, classes, names):
    found, called = as_classes(labels, 6)
    assert (found.tolist(), called) == (classes, names)
    assert found.dtype == torch.int64


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0.5] * 120, ("label 0 is 0.5", "pandas.cut")),
        ([0, np.inf] * 60, ("label 1 is inf",)),
        ([-2, 0] * 60, ("at least -1", "-2")),
        ([-1, 1] * 60, ("(labels + 1) // 2",)),
        ([0, 1], ("labels must be 120",)),
        (np.eye(120, 10), ("labels.argmax(1)",)),
        ([1, "a"] * 60, ("words", "mixed")),
        ("a" * 120, ("labels must be a sequence",)),
        (5, ("labels must be a sequence",)),
        (pd.date_range("2020", periods=120), ("datetime",)),
        ([object()] * 120, ("mixed",)),
        (["a"] * 118 + ["b"] * 2, ("class 'b' has 2 images", "one each")),
        (list(range(120)), ("class '0' has 1 image,",)),
        (torch.zeros(120, device="meta"), ("labels must be",)),
    ],
)
def test_labels_that_are_none_are_refused(labels, words):
    told(lambda: from_arrays(FLOATS, labels), *words)


def test_a_class_that_train_would_lack_is_told():
    labels = [0] * 4 + [1] * 30
    told(lambda: from_arrays(FLOATS[:34], labels, validation=15, test=17), "train would hold no image of class")


# ---- the split ----


def test_the_split_is_in_proportion_of_the_classes_and_fixed_by_its_seed():
    labels = np.repeat(["a", "b", "c"], [60, 40, 20])
    data = from_arrays(FLOATS, labels, validation=0.2, test=30)
    assert data.class_names == ("a", "b", "c")
    assert torch.bincount(data.validation.labels).tolist() == [12, 8, 4]
    assert torch.bincount(data.test.labels).tolist() == [15, 10, 5]
    of = {image.astype(np.float32).tobytes(): label for image, label in zip(FLOATS, labels, strict=True)}
    for part in PARTS:
        split = getattr(data, part)
        for image, label in zip(split.images, split.labels, strict=True):
            assert of[image.numpy().tobytes()] == data.class_names[label]
    data.check_disjoint()
    assert len(set(data.test.labels[:8].tolist())) > 1, "the first images of a part are of several classes"
    again, other = (from_arrays(FLOATS, labels, validation=0.2, test=30, seed=seed) for seed in (0, 1))
    assert torch.equal(data.test.images, again.test.images)
    assert not torch.equal(data.test.images, other.test.images)


def test_images_without_a_label_are_shared_out_too():
    data = from_arrays(FLOATS, ["a", "b", None, None] * 30)
    assert [int((~getattr(data, part).labelled).sum()) for part in PARTS] == [48, 6, 6]
    assert data.train.keep_labels(10).class_names == ("a", "b")


# ---- parts of your own ----


def test_own_parts_are_kept_and_share_their_classes():
    whole = from_arrays(FLOATS, [3, 7, 9] * 40)
    data = from_splits((FLOATS[:80], ["b", "d"] * 40), whole.validation, FLOATS[100:])
    assert data.class_names == ("3", "7", "9", "b", "d")
    assert data.train.labels[:2].tolist() == [3, 4]
    assert torch.equal(data.validation.labels, whole.validation.labels)
    assert torch.equal(data.train.images, torch.from_numpy(FLOATS[:80]).float()[:, None])
    assert (data.test.labels == -1).all()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((FLOATS, FLOATS[:, :4], FLOATS), ("validation holds images of shape (1, 4, 8), and train of (1, 8, 8)",)),
        ((FLOATS, FLOATS, NAN), ("test: image 71",)),
        (((FLOATS, [1]), FLOATS, FLOATS), ("train: labels must be 120",)),
        ((FLOATS, None, FLOATS), ("validation: images must be",)),
    ],
)
def test_own_parts_that_do_not_fit_are_named(parts, words):
    told(lambda: from_splits(*parts), *words)


# ---- files of arrays ----


def test_a_file_of_arrays(tmp_path):
    np.savez(tmp_path / "mine.npz", images=BYTES, labels=["a", "b"] * 60)
    data = from_npz(tmp_path / "mine.npz")
    assert (data.name, data.image_shape, data.class_names) == ("mine", (3, 16, 20), ("a", "b"))


def test_a_file_that_is_none_or_holds_objects_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x_train=BYTES)
    np.savez(tmp_path / "pickled.npz", images=np.array([{}], dtype=object))
    (tmp_path / "text.npz").write_text("nonsense")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:2000])
    np.save(tmp_path / "one.npy", BYTES)
    told(lambda: from_npz(tmp_path / "other.npz"), "no array named images", "x_train")
    for name in ("pickled.npz", "text.npz", "cut.npz", "one.npy"):
        told(lambda name=name: from_npz(tmp_path / name), "np.savez")
    told(lambda: from_npz(tmp_path / "none.npz"), "cannot be read")
    told(lambda: from_npz(5), "must be the name of a file")


# ---- folders ----


def picture(path, size=(40, 50), colour=0, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def drawings(tmp_path):
    for i in range(10):
        picture(tmp_path / "drawings/cat" / f"{i}.png", colour=10 * i)
        picture(tmp_path / "drawings/dog/more" / f"{i}.PNG", colour=255 - 10 * i)
    return tmp_path / "drawings"


def test_folders_are_classes_and_their_order_is_that_of_the_names(drawings):
    picture(drawings / ".hidden/x.png")
    picture(drawings / "cat/._1.png")
    (drawings / "cat/notes.txt").write_text("no picture")
    (drawings / "empty").mkdir()
    images, labels = read_folder(drawings, size=8)
    assert images.shape == (20, 1, 8, 8)
    assert images[:, 0, 0, 0].tolist() == [10 * i for i in range(10)] + [255 - 10 * i for i in range(10)]
    assert labels == ["cat"] * 10 + ["dog"] * 10
    data = from_folder(drawings, size=8, colour="rgb")
    assert (data.name, data.image_shape, data.class_names) == ("drawings", (3, 8, 8), ("cat", "dog"))
    assert "square in their middle" in data.describe()


def test_pictures_beside_the_folders_have_no_label(drawings):
    picture(drawings / "what.jpg", colour=77)
    images, labels = read_folder(drawings)
    assert labels == ["", *["cat"] * 10, *["dog"] * 10]
    assert abs(int(images[0].mean()) - 77) < 2
    assert read_folder(drawings / "cat")[1] is None
    assert from_folder(drawings / "cat").classes == 0


def test_the_middle_square_is_cut_out_and_scaled(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_folder(tmp_path, size=10)[0] == 200).all()


def test_a_picture_is_turned_as_its_exif_says(tmp_path):
    half = np.zeros((32, 32), np.uint8)
    half[:16] = 255  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: bright on the right
    Image.fromarray(half).save(tmp_path / "turned.png", exif=exif)
    (image,) = read_folder(tmp_path, size=32)[0]
    assert (image[0, :, 17:] == 255).all()
    assert (image[0, :, :15] == 0).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_over_white(tmp_path, mode):
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (0, 0, 4, 8))
    clear.convert(mode).save(tmp_path / "clear.png", **({"transparency": 0} if mode == "P" else {}))
    (image,) = read_folder(tmp_path, size=8)[0]
    assert (image[0, :, 5:] == 255).all()


def test_sixteen_bits_are_read_as_eight_and_not_cut_off(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    (image,) = read_folder(tmp_path, size=8)[0]
    assert image[0].ravel().tolist() == (ramp >> 8).ravel().tolist()


def test_damaged_pictures_are_named_once_and_left_out(drawings, monkeypatch):
    (drawings / "cat/damaged.png").write_bytes((drawings / "cat/3.png").read_bytes()[:40])
    (drawings / "cat/text.jpg").write_text("no picture")
    Image.new("F", (8, 8)).save(drawings / "dog/floats.tif")
    picture(drawings / "dog/vast.png", (100, 100))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        images, labels = read_folder(drawings)
    (warning,) = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    assert len(images) == len(labels) == 20
    assert warning.startswith("4 of 24 pictures cannot be read and are left out: cat/damaged.png (")
    for words in (
        "cat/text.jpg (its content is not a picture)",
        "dog/floats.tif",
        "dog/vast.png (DecompressionBombError",
    ):
        assert words in warning
    assert Path(caught[0].filename) == Path(__file__)


def test_pictures_are_what_their_content_says(tmp_path):
    """Pillow would hand PostScript on to another program."""
    Image.new("L", (8, 8), 9).save(tmp_path / "script.eps")
    (tmp_path / "script.eps").rename(tmp_path / "script.png")
    told(lambda: read_folder(tmp_path), "script.png (its content is not a picture)")
    picture(tmp_path / "real.jpg", colour=9)
    (tmp_path / "real.jpg").rename(tmp_path / "real.png")
    with pytest.warns(UserWarning, match="1 of 2 pictures"):
        assert len(read_folder(tmp_path)[0]) == 1


def test_a_folder_that_holds_no_data_is_told(tmp_path, drawings):
    (tmp_path / "empty").mkdir()
    told(lambda: from_folder(tmp_path / "empty"), "holds no pictures")
    told(lambda: from_folder(tmp_path / "nowhere"), "is not a folder")
    told(lambda: from_folder(drawings / "cat/1.png"), "is not a folder")
    told(lambda: from_folder(None), "folder must be")
    told(lambda: from_folder(drawings, size=0), "size must be")
    told(lambda: from_folder(drawings, colour="red"), "colour must be one of grey, rgb")
    picture(tmp_path / "one/a.png", colour=77)
    told(lambda: from_folder(tmp_path / "one"), "of 1 image is none", "three images are the least")
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.png").write_text("x")
    told(lambda: from_folder(tmp_path / "text"), "none of the 1 pictures", "a.png (its content is not a picture)")
    for part in ("train", "test"):
        os.rename(drawings / {"train": "cat", "test": "dog"}[part], drawings / part)
    told(lambda: from_folder(drawings), "look like parts", "aae.data.from_splits(*(aae.data.read_folder(part)")
    data = from_splits(*(read_folder(drawings / part) for part in ("train", "test", "test")))
    assert len(data.train) == 10


def test_progress_is_told_with_many_pictures_only(drawings, monkeypatch):
    told = []

    def progress(title, total, **options):
        told.append((title, total))
        return contextlib.nullcontext(SimpleNamespace(update=lambda: None))

    monkeypatch.setattr("aae_lib.data.folder.progress", progress)
    read_folder(drawings)
    monkeypatch.setattr("aae_lib.data.folder.FEW", 10)
    read_folder(drawings)
    assert [title for title, _ in told] == [None, "reading pictures"]


# ---- tables ----

WINE = load_wine(as_frame=True).frame


def test_a_table_keeps_its_numbers_and_the_names_of_its_columns(tmp_path):
    data = from_table(WINE, label="target")
    features = tuple(WINE.columns[:-1])
    assert (data.image_shape, data.feature_names, data.class_names) == ((13,), features, ("0", "1", "2"))
    assert sorted_rows(every(data)) == sorted_rows(torch.tensor(WINE[list(features)].to_numpy(np.float32)))
    assert from_table(WINE, columns=["hue", "alcohol"]).feature_names == ("hue", "alcohol")
    WINE.assign(target=WINE.target.map({0: "barolo", 1: "grignolino", 2: None})).to_csv(
        tmp_path / "wine.csv", index=False
    )
    read = from_table(tmp_path / "wine.csv", label="target")
    assert (read.name, read.class_names) == ("wine", ("barolo", "grignolino"))
    assert int((~read.train.labelled).sum()) > 0
    assert data.test.feature_names == features
    assert from_table(WINE.to_numpy()).image_shape == (14,)
    assert "the same in every row: one" in from_table(WINE.assign(one=1)).describe()


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (WINE.assign(city="Alba"), {}, ("column 'city' holds no numbers", "label='city'", "columns=[...]")),
        (WINE.assign(hue=["?", *WINE.hue[1:]]), {}, ("column 'hue'", "such as '?'")),
        (WINE.assign(when=pd.Timestamp("2020")), {}, ("column 'when'",)),
        (WINE.assign(hue=WINE.hue.mask(WINE.hue > 1.3)), {}, ("column 'hue' lacks numbers in rows", "dropna")),
        (WINE.assign(hue=np.inf), {}, ("image 0 holds infinity",)),
        (WINE, {"label": "Target"}, ("no column 'Target'", "did you mean 'target'")),
        (WINE, {"columns": ["hue", "zzz"]}, ("no column 'zzz'",)),
        (WINE, {"columns": "hue"}, ("columns must be a list",)),
        (WINE, {"columns": []}, ("columns must be names",)),
        (WINE, {"columns": ["hue", "hue"]}, ("columns must be names",)),
        (WINE, {"columns": ["hue", "target"], "label": "target"}, ("is the label",)),
        (WINE, {"label": "hue"}, ("label 0 is 1.04",)),
        (pd.concat([WINE, WINE], axis=1), {}, ("several columns named",)),
        (WINE.iloc[:0], {}, ("there are no images",)),
        (None, {}, ("table must be a DataFrame",)),
        ([1, 2], {}, ("table must be a DataFrame",)),
        ("", {}, ("table must be the name",)),
        ("nowhere.csv", {}, ("nowhere.csv cannot be read",)),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused(table, options, words):
    told(lambda: from_table(table, **options), *words)


def test_a_file_that_is_no_table_is_told(tmp_path):
    for name, content, words in (
        ("empty", "", "not a table of comma-separated values"),
        ("semicolons", "a;b\n1;2\n3;4\n", "sep=';'"),
        ("ragged", "a,b\n1,2\n3,4,5\n", "not a table of comma-separated values"),
        ("binary", b"\xff\xfe\x00a,\x80", "is not written in UTF-8"),
        ("decimal", "height,weight\n" + "1,60,70,0\n1,75,80,5\n" * 20, "rows of 2 fields more"),
        ("short", "a,b\n" + "1,2,3\n4,5,6\n" * 20, "rows of 1 fields more"),
        ("twice", "sepal,kind,petal,kind\n" + "1,2,3,4\n5,6,7,8\n" * 20, "several columns named kind"),
        ("nameless", "1.5,2.5\n3.5,4.5\n" * 20, "header=None"),
    ):
        file = tmp_path / f"{name}.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        told(lambda file=file: from_table(file), words)
    WINE.to_csv(tmp_path / "index.csv")
    told(lambda: from_table(tmp_path / "index.csv"), "'Unnamed: 0' only numbers the rows", "index_col=0")
    WINE.sample(frac=0.7, random_state=0).to_csv(tmp_path / "part.csv")
    told(lambda: from_table(tmp_path / "part.csv"), "'Unnamed: 0' only numbers the rows", "index_col=0")


def test_the_word_in_a_column_of_numbers_is_shown(tmp_path):
    ages = pd.DataFrame({"age": ["31", "?", "40", "52"] * 10, "h": np.arange(40.0)})
    told(lambda: from_table(ages), "column 'age'", "such as '?'")
    ages.to_csv(tmp_path / "ages.csv", index=False)
    told(lambda: from_table(tmp_path / "ages.csv"), "such as '?'")
    commas = pd.DataFrame({"x": ["-0,664", "1,5"] * 10, "h": np.arange(20.0)})
    told(lambda: from_table(commas), "decimal=','")


def test_what_float32_would_erase_is_told():
    seconds = 1.7e9 + np.random.default_rng(0).uniform(0, 60, 400)
    frame = pd.DataFrame({"time": seconds, "load": np.sin(seconds)})
    told(lambda: from_table(frame), "column 'time' varies by less than float32 can tell apart", "subtract its mean")
    told(lambda: from_arrays(frame.to_numpy()), "column 0 of the vectors")
    told(lambda: from_arrays((frame.to_numpy() * 1e6).astype(np.int64)), "column 0 of the vectors")
    data = from_table(frame.assign(time=seconds - seconds.min()))
    assert len(data.train.images[:, 0].unique()) == len(data.train)


def test_vectors_of_whole_numbers_are_numbers_of_any_size():
    for whole in (
        np.arange(600).reshape(60, 10),
        np.arange(60)[:, None] % 2 * np.ones(5, np.int32),
        -np.eye(60, 4, dtype=int),
    ):
        images = every(from_arrays(whole))
        assert images.dtype == torch.float32
        np.testing.assert_array_equal(np.unique(images.numpy()), np.unique(whole))


def test_the_range_that_is_advised_is_taken():
    grey = np.random.default_rng(0).random((60, 8, 8)) * 255.9
    words = told(lambda: from_arrays(grey, value_range=(0, 255)), "outside value_range=(0, 255)")
    low, high = map(float, re.search(r"write value_range=\((\S+), (\S+)\)", words).groups())
    assert from_arrays(grey, value_range=(low, high)).train.images.max() <= 1


def test_labels_in_a_frame_are_taken_and_numbers_too_large_refused():
    images = np.random.default_rng(0).random((40, 8, 8))
    assert from_arrays(images, pd.DataFrame({"y": ["cat", "dog"] * 20})).class_names == ("cat", "dog")
    told(lambda: from_arrays(images, np.array([2**53, 2**53 + 1] * 20)), "cannot be told apart")
    measured = np.random.default_rng(0).random(40)
    words = told(lambda: from_arrays(images, measured), "pandas.cut(labels, 3, labels=False)")
    assert words
    assert from_arrays(images, pd.cut(measured, 3, labels=False)).classes == 3


def test_dark_pictures_of_16_bits_are_told(tmp_path):
    for i in range(12):
        numbers = np.random.default_rng(i).integers(0, 4096, (16, 16)).astype(np.uint16)
        Image.fromarray(numbers).save(tmp_path / f"{i}.png")
    with pytest.warns(UserWarning, match=r"hold numbers up to 40\d\d, of 65535 possible"):
        read_folder(tmp_path, size=16)


def test_parts_are_no_classes_whatever_lies_next_to_them(tmp_path):
    for part in ("train", "test", "unlabeled"):
        (tmp_path / part).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / part / "a.png")
    told(lambda: read_folder(tmp_path), "look like parts and not like classes")


def test_a_name_with_signs_of_matplotlib_is_shown_as_it_is():
    images = np.random.default_rng(0).random((60, 8, 8))
    names = ("_background_", "$0_to_$5")
    data = from_arrays(images, [*names] * 30)
    figure = aae.plots.latent(aae.AAE(data.image_shape, hidden=(8,), seed=0), data.train)
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [text.strip().replace("\\$", "$") for text in shown if text != "prior p(z)"] == ["$0_to_$5", "_background_"]
    figure.savefig(io.BytesIO())


# ---- what was understood ----


def test_describe_says_what_was_understood():
    data = from_arrays(2 * BYTES.astype(float) / 255 - 1, ["cat", None, "dog", "dog"] * 30, value_range=(-1, 1))
    assert data.describe().splitlines() == [
        "arrays: 120 images of shape (3, 16, 20), float32 from 0 to 1",
        "          train  validation  test",
        "all          96          12    12",
        "cat          24           3     3",
        "dog          48           6     6",
        "no label     24           3     3",
        "(N, H, W, C) became (N, C, H, W)",
        "float64 became float32",
        "-1 to 1 became 0 to 1",
        "split at random (seed 0), each class in proportion",
    ]
    assert repr(data.describe()) == str(data.describe())
    assert "one class only" in from_arrays(FLOATS, ["a"] * 120).describe()
    assert "no labels" in from_arrays(FLOATS).describe()
    many = from_arrays(FLOATS, [k for k in range(30) for _ in range(4)]).describe()
    assert re.search(r"^10 more +\d+", many, re.M)


def test_the_legend_names_the_classes():
    data = from_arrays(FLOATS, ["cat", "dog"] * 60)
    figure = aae.plots.latent(aae.AE(data.image_shape, hidden=(8,), seed=0), data.test)
    assert {text.get_text() for text in figure.legends[0].get_texts()} >= {"cat", "dog"}


# ---- before training starts ----


def trainer(data, shape=None, model=aae.AAE, batch_size=None, **options):
    return aae.Trainer(
        model(shape or data.image_shape, hidden=(8,), seed=0, **options), data, device="cpu", batch_size=batch_size
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: trainer(from_arrays(2 * FLOATS - 1)), ("image 0 has values from -", "value_range=(-1, 1)")),
        (lambda: trainer(from_arrays(13 * FLOATS)), ("[0, 1]", "value_range=(0, 13)")),
        (lambda: trainer(Split(NAN[:, None], np.zeros(120, int)), (1, 8, 8)), ("image 71 holds NaN",)),
        (lambda: Split(FLOATS.astype(int), np.zeros(120, int)), ("from_arrays(images, labels)",)),
        (lambda: trainer(from_arrays(FLOATS), (1, 8, 9)), ("(N, 1, 8, 9)", "(96, 1, 8, 8)", "aae.AAE((1, 8, 8))")),
        (
            lambda: trainer(Split(BYTES, np.zeros(120, int)), (3, 16, 20)),
            ("channels come last", "from_arrays(images, channels='last')"),
        ),
        (lambda: trainer(Split(FLOATS, np.zeros(120, int)), (1, 8, 8)), ("images[:, None]",)),
        (lambda: trainer(from_arrays(FLOATS), batch_size=100), ("batch_size must be", "batch_size=96", "got 100")),
        (lambda: trainer(from_arrays(FLOATS), model=aae.SupervisedAAE), ("no image is labelled",)),
        (lambda: Split(FLOATS, np.full(120, 2), class_names=("a", "b")), ("2 class_names", "up to 2")),
        (lambda: Split(FLOATS, np.full(120, 2), feature_names=("a", "b")), ("2 feature_names",)),
        (lambda: aae.data.Dataset("own", *[Split(FLOATS, np.zeros(120, int))] * 3, (8, 8), 0), ("classes=0",)),
    ],
)
def test_what_a_model_cannot_learn_is_told_before_it_starts(make, words):
    told(make, *words)


def test_few_images_make_a_small_batch():
    run = trainer(from_arrays(BYTES, np.repeat(["a", "b"], 60)))
    assert run.minibatches.batch_size == 96
    assert np.isfinite(run.run(steps=3, progress=False)["reconstruction"]).all()


# ---- larger than memory ----


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "images.npy", BYTES)
    return np.load(tmp_path / "images.npy", mmap_mode="r")


def test_what_stays_on_the_disk_trains_as_what_is_in_memory(mapped):
    labels = ["a", "b", None] * 40
    on_disk, in_memory = from_arrays(mapped, labels), from_arrays(BYTES, labels)
    assert isinstance(on_disk.train.images, OnDisk)
    assert "the images stay in their file" in on_disk.describe()
    assert on_disk.describe().splitlines()[:6] == in_memory.describe().splitlines()[:6]
    assert fingerprint(on_disk.train.images) == fingerprint(in_memory.train.images)
    one, other = trainer(on_disk), trainer(in_memory)
    pd.testing.assert_frame_equal(
        one.run(steps=5, progress=False).drop(columns="seconds"),
        other.run(steps=5, progress=False).drop(columns="seconds"),
    )
    assert torch.equal(one.model.encode(on_disk.test.images), other.model.encode(in_memory.test.images))
    on_disk.check_disjoint()
    few = on_disk.train.take(torch.arange(60))
    assert isinstance(few.images, OnDisk)
    figures = [aae.metrics.compare(one.model, split) for split in (few, in_memory.train.take(torch.arange(60)))]
    pd.testing.assert_frame_equal(*figures)
    aae.plots.reconstructions(one.model, on_disk.test)
    aae.plots.latent(one.model, on_disk.test)
    sweep = aae.Sweep([trainer(on_disk), trainer(on_disk)])
    assert len(sweep.run(steps=2, progress=False)) == 4


def test_rows_of_what_stays_on_the_disk(mapped):
    images = OnDisk(mapped, rows=torch.tensor([7, 3, 3]))
    assert (images.shape, images.dtype, images.ndim, len(images)) == ((3, 16, 20, 3), torch.uint8, 4, 3)
    assert torch.equal(images[0], torch.from_numpy(BYTES[7]))
    assert torch.equal(images[:2], torch.from_numpy(BYTES[[7, 3]]))
    assert torch.equal(images[torch.tensor([2, 0])], torch.from_numpy(BYTES[[3, 7]]))
    assert torch.equal(torch.cat(list(images.split(2))), images.tensor())
    assert np.array_equal(np.asarray(images.take(torch.tensor([0]))), BYTES[[7]])
    for rows in (torch.tensor([120]), torch.tensor([-1]), torch.tensor([0.5]), "x"):
        told(lambda rows=rows: OnDisk(mapped, rows), "rows must be")
    told(lambda: OnDisk(5), "source must be a numpy.memmap")
    told(lambda: OnDisk(mapped, read=5), "read must be a function")


def test_numbers_in_a_file_are_looked_at_too(tmp_path):
    np.save(tmp_path / "nan.npy", NAN)
    np.save(tmp_path / "range.npy", 2 * FLOATS - 1)
    told(lambda: from_arrays(np.load(tmp_path / "nan.npy", mmap_mode="r")), "image 71 holds NaN")
    lazy = np.load(tmp_path / "range.npy", mmap_mode="r")
    told(lambda: trainer(from_arrays(lazy)), "value_range=(-1, 1)")
    data = from_arrays(lazy, value_range=(-1, 1))
    assert torch.equal(data.train.images.tensor(), from_arrays(np.array(lazy), value_range=(-1, 1)).train.images)
    trainer(data).run(steps=2, progress=False)


@pytest.mark.filterwarnings("error")
def test_a_file_that_may_not_be_written_to_is_read_in_silence(mapped):
    assert not mapped.flags.writeable
    trainer(from_arrays(mapped)).run(steps=1, progress=False)


MEMORY = """
import numpy as np, aae_lib as aae
def anonymous():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1024
def go(images, **options):
    data = aae.data.from_arrays(images, np.arange(len(images)) % 10, validation=500, test=500, **options)
    trainer = aae.Trainer(aae.AAE(data.image_shape, hidden=(8,)), data, device="cpu")
    trainer.run(steps=20, progress=False)
    trainer.minibatches.fingerprints, data.describe()
go(np.zeros((2000, 28, 28)))  # what Python and PyTorch take once
before = anonymous()
go(np.memmap("{file}", np.float32, "r", shape=({n}, 28, 28)))
print(anonymous() - before)
"""


@pytest.mark.slow
def test_a_file_larger_than_what_it_takes_is_learned_from(tmp_path):
    """Half a gigabyte in a sparse file: all numbers are looked at; what the process holds grows by less than 150 MB."""
    import subprocess
    import sys

    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells anonymous memory apart")
    n = 2**29 // (28 * 28 * 4)
    with open(tmp_path / "big", "wb") as file:
        file.truncate(n * 28 * 28 * 4)
    code = MEMORY.format(file=tmp_path / "big", n=n)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150


# ---- the command line ----

SMALL = ("--hidden", "8", "--steps", "2", "--threads", "1", "--device", "cpu")


def command(capsys, *arguments):
    """What the command says on stdout; it succeeds."""
    assert cli.main([*map(str, arguments)]) == 0
    return capsys.readouterr().out


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    return tmp_path


def test_a_run_on_a_folder_is_trained_sampled_and_compared(workplace, capsys):
    for i in range(300):
        picture(Path("drawings", ("cat", "dog")[i % 2], f"{i}.png"), (12, 12), (i % 255, 50, 9), "RGB")
    options = ("--dataset", "drawings", "--size", 8, "--colour", "rgb", "--out", "run")
    assert "300 images of shape (3, 8, 8)" in command(capsys, "train", *options, *SMALL)
    assert "resuming run at step 2" in command(capsys, "train", *options, *SMALL, "--resume")
    command(capsys, "sample", "run", "--n", 4)
    assert not Path("run/figures.json").exists()
    assert cli.main(["compare", "run"]) == 1
    assert "at least 50 images are needed" in capsys.readouterr().err
    Path("drawings").rename("moved")
    with pytest.raises(SystemExit):
        cli.main(["compare", "run"])
    assert "it is not there; say by --dataset where it is now" in capsys.readouterr().err
    assert cli.main(["compare", "run", "--dataset", "moved/cat"]) == 1
    assert "moved/cat has changed: run was trained on other data" in capsys.readouterr().err


def test_a_run_on_a_file_of_arrays_is_compared_where_the_file_is_now(workplace, capsys):
    np.savez("mine.npz", images=RNG.integers(0, 256, (600, 8, 8), dtype=np.uint8), labels=["a", "b", "c"] * 200)
    told_first = command(capsys, "train", "--dataset", "mine.npz", "--out", "run", *SMALL)
    assert "600 images of shape (1, 8, 8)" in told_first
    assert "5-NN accuracy" in told_first
    assert "5-NN accuracy" in command(capsys, "compare", "run")
    Path("elsewhere").mkdir()
    Path("mine.npz").rename("elsewhere/mine.npz")
    assert "5-NN accuracy" in command(capsys, "compare", "run", "--dataset", "elsewhere/mine.npz")
    Path("run/data.json").write_text('{"dataset": 5}')
    assert cli.main(["compare", "run"]) == 1
    assert "run/data.json is damaged" in capsys.readouterr().err


def test_a_table_is_read_with_its_label(workplace):
    WINE.to_csv("wine.csv", index=False)
    assert read_own("wine.csv", label="target").class_names == ("0", "1", "2")
    with pytest.raises(OptionError, match=r"--dataset 'wine.csv': the table has no column 'kind'"):
        read_own("wine.csv", label="kind")
