"""mini_mnist: each image is MNIST's, the file is small and safe, and the script that is kept makes it again."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import aae_lib as aae
from aae_lib.cli import main
from aae_lib.data import PARTS, mini_mnist, mnist

ROOT = Path(__file__).parents[1]
REAL = os.environ.get("AAE_DATA_DIR")


@pytest.fixture(scope="module")
def arrays():
    return mini_mnist.read()


@pytest.fixture(scope="module")
def original():
    """MNIST's own arrays."""
    if not REAL:
        pytest.skip("AAE_DATA_DIR names no folder with MNIST")
    try:
        return mnist.read("mnist", REAL)
    except mnist.DataNotFoundError as error:
        pytest.skip(str(error))


def test_the_file_is_small_and_holds_bytes_and_whole_numbers_alone(arrays):
    assert mini_mnist.FILE.stat().st_size <= 1.5e6
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.uint8), np.dtype(np.int32)}
    with zipfile.ZipFile(mini_mnist.FILE) as file:
        assert sorted(file.namelist()) == sorted(f"{p}_{k}.npy" for p in PARTS for k in ("images", "labels", "index"))
        assert not any(b"|O" in file.read(name)[:128] for name in file.namelist())  # objects would be pickled


def test_load_gives_what_the_file_holds(arrays):
    data = aae.load("mini_mnist")
    for part in PARTS:
        split = getattr(data, part)
        assert np.array_equal(split.images[:, 0].numpy(), arrays[f"{part}_images"])
        assert np.array_equal(split.labels.numpy(), arrays[f"{part}_labels"])
    data.check_disjoint()
    data.train.images.zero_()  # what one does to it, the next does not see
    assert aae.load("mini_mnist").train.images.max() == 255


def test_every_digit_is_equally_often_in_each_part_and_no_row_twice(arrays):
    for part, n in mini_mnist.SIZES.items():
        assert np.bincount(arrays[f"{part}_labels"]).tolist() == [n // 10] * 10
    of_training = np.concatenate([arrays["train_index"], arrays["validation_index"]])
    for index, n in ((of_training, 60_000), (arrays["test_index"], 10_000)):
        assert len(np.unique(index)) == len(index)
        assert 0 <= index.min() < index.max() < n


def test_each_image_and_label_is_that_of_its_row_in_mnist(arrays, original):
    train_images, train_labels, test_images, test_labels = original
    for part in PARTS:
        images, labels = (test_images, test_labels) if part == "test" else (train_images, train_labels)
        index = arrays[f"{part}_index"]
        assert np.array_equal(arrays[f"{part}_images"], images[index])
        assert np.array_equal(arrays[f"{part}_labels"], labels[index])


def test_each_part_is_a_part_of_the_same_one_of_mnist(original):
    """So that what a model was chosen or tested by in one of the two it has not learned from in the other."""
    whole, part_of_it = aae.load("mnist", folder=REAL), aae.load("mini_mnist")
    for part in PARTS:
        mine, theirs = (
            {image.tobytes() for image in getattr(data, part).images.numpy()} for data in (part_of_it, whole)
        )
        assert mine <= theirs


def test_the_script_makes_the_stored_file_again(original, tmp_path):
    out = tmp_path / "again.npz"
    script = [sys.executable, ROOT / "tools" / "make_mini_mnist.py", REAL, "--out", out]
    subprocess.run(script, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    with zipfile.ZipFile(out) as again, zipfile.ZipFile(mini_mnist.FILE) as stored:  # another zlib packs otherwise
        assert again.namelist() == stored.namelist()
        assert all(again.read(name) == stored.read(name) for name in stored.namelist())


def test_the_script_refuses_other_files(tmp_path):
    for file in mnist.FILES:
        (tmp_path / file).write_bytes(b"\0\0\x08\x01")
    script = [sys.executable, ROOT / "tools" / "make_mini_mnist.py", tmp_path, "--out", tmp_path / "out.npz"]
    run = subprocess.run(script, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert run.returncode
    assert "train-images-idx3-ubyte is truncated, damaged or another file" in run.stderr
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "missing", "another"])
def test_a_damaged_file_gets_a_sentence(damage, tmp_path, monkeypatch, capsys):
    content, place = mini_mnist.FILE.read_bytes(), tmp_path / "mini_mnist.npz"
    bad = {
        "truncated": content[:-1000],
        "one bit": content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
        "empty": b"",
        "another": (ROOT / "README.md").read_bytes(),
    }
    if damage != "missing":
        place.write_bytes(bad[damage])
    with pytest.raises(mnist.DataCorruptError, match=r"mini_mnist\.npz .*: install the package again\.$"):
        mini_mnist.read(place)
    monkeypatch.setattr(mini_mnist, "FILE", place)
    assert main(["train", "--out", str(tmp_path / "run"), "--steps", "1"]) == 1
    assert f"aae_lib: {place} " in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoint.json").exists()


def test_its_licence_lies_beside_it_and_is_packed_with_it():
    import tomllib

    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())
    licence = mini_mnist.FILE.with_name("LICENSE-MNIST")
    assert "CC-BY-SA-3.0" in licence.read_text()
    assert str(licence.relative_to(ROOT)) in packed["project"]["license-files"]
    data = packed["tool"]["setuptools"]["package-data"]["aae_lib"]
    assert {"data/mini_mnist.npz", "data/LICENSE-MNIST"} <= set(data)
