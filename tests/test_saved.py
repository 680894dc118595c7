"""model.save and aae.load_model: the same model comes back, of any kind; all else is refused in a sentence."""

import json
import threading

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import aae_lib as aae
from aae_lib.models import pretrained, saved
from aae_lib.training import CheckpointError

SHAPE = (1, 8, 8)
KINDS = {
    "AE": (aae.AE, {"batch_norm": True}),
    "VAE": (aae.VAE, {"beta": 0.5}),
    "WAE": (aae.WAE, {"posterior": "universal", "noise_dim": 3}),
    "AAE": (aae.AAE, {"prior": aae.priors.GaussianRing(5), "classes": 5, "network": "conv"}),
    "SupervisedAAE": (aae.SupervisedAAE, {"categories": 3}),
    "SupervisedAAE, D told": (aae.SupervisedAAE, {"categories": 3, "condition_discriminator": True}),
    "SemiSupervisedAAE": (aae.SemiSupervisedAAE, {"categories": 3, "class_shares": torch.tensor([0.5, 0.25, 0.25])}),
    "ClusterAAE": (aae.ClusterAAE, {"categories": 4, "class_shares": [0.4, 0.3, 0.2, 0.1]}),
    "MapAAE": (aae.MapAAE, {"categories": 4, "prior": aae.priors.Gaussian(2, 0.5)}),
}


def made(name, seed=1):
    kind, options = KINDS[name]
    return kind(SHAPE, hidden=(8,), seed=seed, **options)


def images(n=5):
    return torch.randint(256, (n, *SHAPE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", KINDS)
def test_what_comes_back_is_the_model(name, tmp_path):
    model = made(name)
    file = model.save(tmp_path / "new" / "model.safetensors")
    loaded = aae.load_model(str(file))
    assert type(loaded) is type(model)
    assert loaded.arguments == model.arguments
    assert repr(loaded.prior) == repr(model.prior)
    assert not loaded.training
    assert torch.equal(loaded.encode(images()), model.encode(images()))
    for key, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    assert [each.name for each in file.parent.iterdir()] == ["model.safetensors"]


def test_a_file_and_a_checkpoint_of_one_model_give_the_same(make, tmp_path):
    trainer = make()
    trainer.run(steps=3, folder=tmp_path / "run", progress=False)
    file = trainer.model.save(tmp_path / "model.safetensors")
    from_folder, from_file = aae.load_model(tmp_path / "run"), aae.load_model(file)
    assert torch.equal(from_folder.encode(images()), from_file.encode(images()))


def test_the_prior_of_later_is_the_one_that_is_kept(tmp_path):
    model = made("AE")
    model.set_prior(aae.priors.SwissRoll())
    assert aae.load_model(model.save(tmp_path / "m.safetensors")).prior == aae.priors.SwissRoll()
    model.set_prior(lambda n, generator=None: torch.rand(n, 2, generator=generator))
    file = model.save(tmp_path / "m2.safetensors")
    with pytest.raises(CheckpointError, match=r"prior was your own .* pass the prior in"):
        aae.load_model(file)
    assert aae.load_model(file, prior=aae.priors.Gaussian(2)).prior == aae.priors.Gaussian(2)


def test_it_is_saved_from_another_thread_between_two_steps(make, tmp_path):
    trainer = make()
    seen = []

    def look():
        while not seen or thread.is_alive():
            seen.append(aae.load_model(trainer.model.save(tmp_path / "m.safetensors")).encode(images()))

    thread = threading.Thread(target=lambda: trainer.run(steps=40, progress=False))
    thread.start()
    look()
    thread.join()
    twin = make()
    twin.run(steps=40, progress=False)
    assert torch.equal(trainer.model.encode(images()), twin.model.encode(images()))
    assert all(z.isfinite().all() for z in seen)


# ---- what is replaced, and what is not ----


def test_its_own_earlier_file_is_replaced_and_another_models_only_if_asked(tmp_path):
    model, other, file = made("AAE"), made("AAE", seed=2), tmp_path / "m.safetensors"
    model.save(file)
    with torch.no_grad():
        next(model.parameters()).add_(1)
    model.save(file)
    assert torch.equal(aae.load_model(file).encode(images()), model.encode(images()))
    with pytest.raises(ValueError, match=r"holds another model \(its seed differ"):
        other.save(file)
    assert torch.equal(aae.load_model(file).encode(images()), model.encode(images()))
    other.save(file, overwrite=True)
    assert aae.load_model(file).arguments["seed"] == 2


@pytest.mark.parametrize("content", [b"", b"a diary", "weights"])
def test_other_peoples_files_stay(content, tmp_path):
    file = tmp_path / "theirs.safetensors"
    if content == "weights":
        save_file({"a": torch.zeros(3)}, file)
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(ValueError, match=r"not a model that .* will not be replaced"):
            made("AE").save(file, overwrite=overwrite)
    with pytest.raises(CheckpointError, match="not a model that"):
        aae.load_model(file)
    assert file.read_bytes() == before


class Own(aae.AE):
    """Of a learner's own."""


@pytest.mark.parametrize(
    ("model", "path", "words"),
    [
        (made("AE"), "m.pt", "ends in .safetensors; got m.pt"),
        (made("AE"), "", "path must be the name of a file"),
        (made("AE"), "folder.safetensors", "is not a model"),
        (made("AE"), "file/m.safetensors", "cannot be written"),
        (Own(SHAPE, hidden=(8,)), "m.safetensors", "Own is not an autoencoder of this library.*save_file"),
        (aae.PlaneGame(torch.zeros(3, 2), aae.priors.Gaussian(2)), "m.safetensors", "PlaneGame is not an autoencoder"),
    ],
)
def test_what_cannot_be_saved_is_told_and_leaves_nothing(model, path, words, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ValueError, match=words):
        model.save(path and tmp_path / path)
    assert {each.name for each in tmp_path.iterdir()} == {"file", "folder.safetensors"}


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    model, file = made("AE"), tmp_path / "m.safetensors"
    model.save(file)
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ValueError, match="No space left on device"):
        model.save(file)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["m.safetensors"]


# ---- damaged, forged ----


@pytest.mark.parametrize("path", ["missing.safetensors", "missing", "."])
def test_where_nothing_is_nothing_is_loaded(path, tmp_path):
    with pytest.raises(CheckpointError, match="there is no"):
        aae.load_model(tmp_path / path)


GOOD = {}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_is_found(data, tmp_path):
    file = tmp_path / "m.safetensors"
    if not GOOD:
        made("AE").save(file)
        GOOD["content"] = file.read_bytes()
    at = data.draw(st.integers(0, 8 * len(GOOD["content"]) - 1))
    content = bytearray(GOOD["content"])
    content[at // 8] ^= 1 << at % 8
    file.write_bytes(content)
    with pytest.raises(CheckpointError) as told:
        aae.load_model(file)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda described: described | {"class": "Trainer"},
        lambda described: described | {"class": "os.system"},
        lambda described: described | {"latent_dim": "2"},
        lambda described: described | {"hidden": [9]},
        lambda described: described | {"prior": 3},
        lambda described: {k: v for k, v in described.items() if k != "class"},
        lambda described: [described],
    ],
)
def test_a_forged_description_is_refused_in_a_sentence(change, tmp_path):
    """With a checksum that fits, as a forger would write it."""
    file = made("AE").save(tmp_path / "m.safetensors")
    with safe_open(file, "pt") as good:
        described = json.loads(good.metadata()["model"])
    saved.write(file, change(described), load_file(file), {})
    with pytest.raises(CheckpointError) as told:
        aae.load_model(file)
    assert len(str(told.value).splitlines()) == 1


def test_the_models_that_come_along_are_files_of_this_kind():
    blank = torch.zeros(1, 1, 28, 28)
    for name in pretrained.NAMES:
        loaded = aae.load_model(pretrained.FOLDER / f"{name}.safetensors")
        assert torch.equal(loaded.encode(blank), pretrained.load(name).encode(blank))
        assert set(pretrained.about(name)) >= {"command", "made of", "steps", "figures", "versions"}


# ---- a model that was compiled ----


def test_a_compiled_model_is_trained_saved_and_measured_as_what_is_inside(digits, tmp_path):
    plain = aae.AAE(digits.image_shape, hidden=(8,), seed=0)
    compiled = torch.compile(aae.AAE(digits.image_shape, hidden=(8,), seed=0))
    with pytest.warns(UserWarning, match=r"inside torch.compile\(model\) is trained"):
        trainer = aae.Trainer(compiled, digits, seed=0, device="cpu")
    trainer.run(steps=3, progress=False)
    aae.Trainer(plain, digits, seed=0, device="cpu").run(steps=3, progress=False)
    assert torch.equal(compiled.encode(digits.test.images), plain.encode(digits.test.images))
    assert torch.equal(
        aae.load_model(compiled.save(tmp_path / "m.safetensors")).encode(images()), plain.encode(images())
    )
    assert torch.equal(aae.load_model(trainer.save(tmp_path / "run")).encode(images()), plain.encode(images()))
    assert aae.metrics.compare(compiled, digits).equals(aae.metrics.compare(plain, digits))
    assert aae.models.can(compiled) == plain.can


def test_a_network_of_ones_own_with_the_librarys_name_is_no_library_network(digits, tmp_path):
    class Encoder(aae.networks.Encoder):
        def forward(self, x, noise=None):
            return 5 * super().forward(x, noise)

    model, plain = (aae.AAE(digits.image_shape, hidden=(8,), seed=0) for _ in range(2))
    model.encoder = Encoder(digits.image_shape, 2, hidden=(8,))
    with pytest.raises(ValueError, match="a network that its arguments do not make"):
        model.save(tmp_path / "own.aae")
    aae.Trainer(model, digits).save(tmp_path / "run")
    with pytest.raises(CheckpointError, match="networks"):
        aae.Trainer(plain, digits).load(tmp_path / "run")


def test_a_network_of_ones_own_is_refused_where_only_arguments_are_kept(make, tmp_path):
    model = made("AE")
    model.encoder = aae.networks.Encoder(SHAPE, 2, (8,), activation="relu")
    with pytest.raises(ValueError, match=r"a network that its arguments do not make.*safetensors"):
        model.save(tmp_path / "own.safetensors")
    assert list(tmp_path.iterdir()) == []

    def own(activation):
        trainer = make()
        trainer.model.encoder = aae.networks.Encoder(trainer.model.image_shape, 2, (32, 32), activation=activation)
        return aae.Trainer(trainer.model, trainer.data, seed=0, device="cpu")

    activation = "elu" if "ReLU" in str(make().model.encoder) else "relu"
    trainer = own(activation)
    trainer.run(steps=2, folder=tmp_path / "run", progress=False)
    with pytest.raises(CheckpointError, match="a network of your own: make it, and use load"):
        aae.load_model(tmp_path / "run")
    with pytest.raises(CheckpointError, match="networks was"):
        make().load(tmp_path / "run")
    again = own(activation)
    again.load(tmp_path / "run")
    assert again.steps == 2
    assert torch.equal(again.model.encode(images()), trainer.model.encode(images()))
