"""Checkpoints that are flipped, cut, swapped or foreign: CheckpointError, and the trainer untouched. Nothing else."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save as to_bytes

import aae_lib as aae
from aae_lib.training import CheckpointError, checkpoints
from aae_lib.training.checkpoints.files import write_index

DIGITS = aae.load("digits")
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make(seed=0, hidden=(4,)):
    return aae.Trainer(aae.AAE(DIGITS.image_shape, hidden=hidden, seed=seed), DIGITS, seed=seed)


def written(folder, trainer):
    """Name -> content of the two files."""
    checkpoints.save(trainer, folder)
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != ".lock"}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    trainer = make()
    trainer.run(steps=3, measure=lambda model: {"figure": 0.5}, every=2, progress=False)
    return written(tmp_path_factory.mktemp("good"), trainer)


def put(folder, files):
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def loads_all_or_nothing(folder):
    """True if the folder loads; False if it is refused in a sentence, with the trainer as it was."""
    trainer = make()
    before = trainer.whole_step()
    try:
        checkpoints.load(trainer, folder)
        return True
    except CheckpointError as error:
        told, after = str(error), trainer.whole_step()
    assert len(told.splitlines()) == 1
    assert (before.steps, before.cursor, before.chosen) == (after.steps, after.cursor, after.chosen)
    assert all(torch.equal(tensor, after.tensors[name]) for name, tensor in before.tensors.items())
    assert len(trainer.history) == 0
    with pytest.raises(CheckpointError):
        checkpoints.load_model(folder)
    with pytest.raises(CheckpointError):
        trainer.save(folder)  # nor is it written over without a word
    return False


def index_of(files):
    return json.loads(files["checkpoint.json"])


@MANY
@given(data=st.data())
def test_a_flipped_bit_is_found(data, good, tmp_path):
    name = data.draw(st.sampled_from(sorted(good)))
    at = data.draw(st.integers(0, 8 * len(good[name]) - 1))
    content = bytearray(good[name])
    content[at // 8] ^= 1 << at % 8
    put(tmp_path, good | {name: bytes(content)})
    if loads_all_or_nothing(tmp_path):  # a space that became another one
        assert name == "checkpoint.json"
        assert json.loads(content) == index_of(good)


@settings(MANY, max_examples=50)
@given(data=st.data())
def test_a_cut_or_lengthened_file_is_found(data, good, tmp_path):
    name = data.draw(st.sampled_from(sorted(good)))
    cut = data.draw(st.integers(0, len(good[name]) - 1))
    tail = data.draw(st.binary(min_size=1, max_size=9).filter(lambda tail: tail.strip()))
    for content in (good[name][:cut], good[name] + tail):
        put(tmp_path, good | {name: content})
        assert not loads_all_or_nothing(tmp_path)
    put(tmp_path, {other: content for other, content in good.items() if other != name})
    assert (tmp_path / name).exists() is False
    with pytest.raises(CheckpointError, match="is missing"):
        checkpoints.load(make(), tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@MANY
@given(data=st.data())
def test_a_changed_entry_is_found(data, good, tmp_path):
    index = index_of(good)
    key = data.draw(st.sampled_from(sorted(index)))
    value = data.draw(JSON.filter(lambda value: repr(value) != repr(index[key])))
    put(tmp_path, good | {"checkpoint.json": json.dumps(index | {key: value}).encode()})
    assert not loads_all_or_nothing(tmp_path)


@MANY
@given(content=JSON.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=200))
def test_foreign_files_are_refused(content, good, tmp_path):
    put(tmp_path, good | {"checkpoint.json": content})
    assert not loads_all_or_nothing(tmp_path)


def test_files_of_two_runs_are_not_mixed(good, tmp_path):
    other = make(seed=1)
    other.run(steps=3, progress=False)
    theirs = written(tmp_path, other)
    (ours,) = (name for name in good if name.startswith("state"))
    (swapped,) = (name for name in theirs if name.startswith("state"))
    put(tmp_path, {"checkpoint.json": good["checkpoint.json"], ours: theirs[swapped]})
    assert not loads_all_or_nothing(tmp_path)
    put(tmp_path, {"checkpoint.json": theirs["checkpoint.json"], swapped: good[ours]})
    assert not loads_all_or_nothing(tmp_path)


def forge(folder, files, **changes):
    """The files with other entries, and SHA-256s that fit: what only an attacker would write."""
    put(folder, files)
    write_index(folder, checkpoints.read_index(folder) | changes)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "checkpoint.json", "", "state-1.safetensors"])
def test_a_forged_index_reaches_no_other_file(good, tmp_path, name):
    forge(tmp_path, good, tensors={"file": name, "sha256": "0"})
    with pytest.raises(CheckpointError, match=r"is damaged|is missing|cannot be read"):
        checkpoints.load(make(), tmp_path)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"history": torch.zeros(3, 5)},
        {"history": torch.zeros(2, 2, dtype=torch.float64), "more": torch.zeros(1)},
    ],
)
def test_forged_tensors_touch_nothing(good, tmp_path, tensors):
    import hashlib

    content = to_bytes(tensors)
    digest = hashlib.sha256(content).hexdigest()
    name = f"state-00000003-{digest[:12]}.safetensors"
    forge(tmp_path, good, tensors={"file": name, "sha256": digest})
    (tmp_path / name).write_bytes(content)
    trainer = make()
    before = {n: t.clone() for n, t in trainer.model.state_dict().items()}
    with pytest.raises(CheckpointError, match="tensors are not this model's"):
        checkpoints.load(trainer, tmp_path)
    assert all(torch.equal(t, before[n]) for n, t in trainer.model.state_dict().items())


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        *[("steps", value) for value in (-5, "x", None, 2.5, True)],
        *[("cursor", value) for value in (10**9, -1, "x")],
        *[("chosen", value) for value in ({}, {"weights": {"nobody": 1.0}}, None)],
        *[("measures", value) for value in (3, {"x": {}}, {"2": 5})],
        *[("tensors", value) for value in (None, {"file": 3})],
        *[("made of", value) for value in (None, {}, {"model": {}, "data": {}})],
    ],
)
def test_a_forged_entry_touches_nothing(good, tmp_path, entry, value):
    forge(tmp_path, good, **{entry: value})
    trainer = make()
    before, chosen = trainer.whole_step(), trainer.chosen()
    with pytest.raises(CheckpointError):
        checkpoints.load(trainer, tmp_path)
    assert (trainer.steps, trainer.chosen(), len(trainer.history)) == (0, chosen, 0)
    assert all(torch.equal(tensor, before.tensors[n]) for n, tensor in trainer.whole_step().tensors.items())


@pytest.mark.parametrize("model", [{}, {"class": "AE"}, {"class": "AE", "image_shape": [1, 8, 8], "prior": {}}])
def test_a_forged_model_is_not_built(good, tmp_path, model):
    made_of = index_of(good)["made of"]
    forge(tmp_path, good, **{"made of": made_of | {"model": model}})
    with pytest.raises(CheckpointError):
        checkpoints.load_model(tmp_path)


@pytest.mark.parametrize("kind", ["file", "folder", "nothing"])
def test_what_is_no_folder_of_a_run_is_told(tmp_path, kind):
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("x")
    if kind == "folder":
        (place / "checkpoint.json").mkdir(parents=True)
    for read in (lambda: checkpoints.load(make(), place), lambda: checkpoints.load_model(place)):
        with pytest.raises(CheckpointError, match=r"cannot be read|is missing|is a file|is not a model"):
            read()
