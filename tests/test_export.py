"""A model exported gives the same numbers, in PyTorch without this library and in ONNX Runtime; never half a file."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import aae_lib as aae
from tests.conftest import without

SHAPE = (1, 8, 8)
KINDS = {
    "AE": (aae.AE, {"batch_norm": True}),
    "VAE": (aae.VAE, {}),
    "WAE": (aae.WAE, {"posterior": "universal", "noise_dim": 3}),
    "AAE": (aae.AAE, {"posterior": "gaussian", "activation": "relu"}),
    "AAE-conv": (aae.AAE, {"network": "conv", "posterior": "universal"}),
    "AAE-no-hidden": (aae.AAE, {"hidden": (), "discriminator_hidden": (4,), "posterior": "universal"}),
    "SupervisedAAE": (aae.SupervisedAAE, {"categories": 3, "latent_dim": 4}),
    "SemiSupervisedAAE": (aae.SemiSupervisedAAE, {"categories": 3, "batch_norm": True}),
    "ClusterAAE": (aae.ClusterAAE, {"categories": 4, "network": "conv"}),
    "MapAAE": (aae.MapAAE, {"categories": 4}),
    "gaussian-decoder": (aae.VAE, {"likelihood": "gaussian"}),
    "gaussian-conv": (aae.ClusterAAE, {"categories": 4, "network": "conv", "likelihood": "gaussian"}),
}


@pytest.fixture(params=KINDS)
def model(request, digits):
    """Two steps old, so that batch norm has statistics."""
    kind, options = KINDS[request.param]
    made = kind(SHAPE, **{"hidden": (8,), "seed": 1} | options)
    if made.can.named_categories:
        digits = aae.data.Split(digits.train.images, digits.train.labels % 3)
    aae.Trainer(made, digits, device="cpu").run(steps=2, progress=False)
    return made


def images(n=7):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0))


def codes(model, n=6):
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(n, model.latent_dim, generator=generator)
    return z, (torch.rand(n, model.categories, generator=generator).softmax(1) if model.can.see_category else None)


def same(a, b):
    assert np.allclose(np.asarray(a), np.asarray(b), atol=1e-5)


# ---- plain PyTorch ----


def test_the_parts_give_what_the_model_gives(model):
    parts = aae.export.to_torch(model)
    x, (z, y) = images(), codes(model)
    encoded = parts["encoder"](x)
    if model.can.heads:
        encoded = encoded + parts["places"](parts["classifier"](x))
    same(encoded, model.encode(x))
    assert ("classifier" in parts) == model.can.classify
    if model.can.classify:
        same(parts["classifier"](x), model.classify(x))
    if y is None:
        same(parts["decoder"](z), model.decode(z))
    else:
        same(parts["decoder"](torch.cat([y, z], 1)), model.decode(z, y))


def test_they_are_modules_of_torch_alone_and_copies(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    parts = aae.export.to_torch(model)
    assert {type(module).__module__.split(".")[0] for module in parts.modules()} == {"torch"}
    assert not any(module.training for module in parts.modules())
    with torch.no_grad():
        for parameter in parts.parameters():
            parameter.zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


WITHOUT = """
import sys, torch
from torch import nn
from safetensors.torch import load_file
try:
    import aae_lib
except ImportError:
    pass
else:
    raise SystemExit("aae_lib is there")
data = load_file("data.safetensors")
program = torch.export.load("encoder.pt2").module()
assert torch.allclose(program(data["x"]), data["encoded"], atol=1e-5)
assert torch.allclose(program(data["x"][:3]), data["encoded"][:3], atol=1e-5)
decoder = nn.Sequential(nn.Linear(2, 8), nn.SiLU(), nn.Linear(8, 64), nn.Unflatten(1, (1, 8, 8)), nn.Sigmoid())
decoder.load_state_dict(load_file("decoder.safetensors"))
assert torch.allclose(decoder(data["z"]), data["decoded"], atol=1e-5)
assert "aae_lib" not in sys.modules or sys.modules["aae_lib"] is None
"""


def test_they_are_loaded_where_this_library_is_not(tmp_path):
    model = aae.VAE(SHAPE, hidden=(8,), seed=1)
    parts, x = aae.export.to_torch(model), images()
    rows = torch.export.Dim("N")
    torch.export.save(
        torch.export.export(parts["encoder"], (x,), dynamic_shapes=({0: rows},)), tmp_path / "encoder.pt2"
    )
    save_file(parts["decoder"].state_dict(), tmp_path / "decoder.safetensors")
    z, _ = codes(model)
    data = {"x": x, "encoded": model.encode(x), "z": z, "decoded": model.decode(z)}
    save_file(data, tmp_path / "data.safetensors")
    environment = without(tmp_path, "aae_lib")
    subprocess.run([sys.executable, "-c", WITHOUT], cwd=tmp_path, env=environment, check=True, timeout=300)


class Strange(nn.Module):
    def forward(self, x):
        return x


def with_part(name, part):
    model = aae.AE(SHAPE, hidden=(8,))
    *owner, last = name.split(".")
    setattr(model.get_submodule(".".join(owner)), last, part)
    return model


BAD = [
    (None, "model must be a model of this library"),
    ("AAE", "model must be a model of this library"),
    (aae.AE, "model must be a model of this library"),
    (nn.Linear(2, 2), "model must be a model of this library.*got a Linear"),
    (aae.PlaneGame(torch.zeros(3, 2), aae.priors.Gaussian(2)), "model must be a model of this library"),
    (with_part("encoder", Strange()), "Strange is a network of your own"),
    (with_part("decoder", Strange()), "Strange is a network of your own"),
    (with_part("decoder.image", Strange()), "Strange is a network of your own"),
    (with_part("encoder.layers.1", nn.Tanhshrink()), "Tanhshrink is a network of your own"),
]


@pytest.mark.parametrize(("model", "words"), BAD)
def test_what_cannot_be_exported_is_told_and_nothing_written(model, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        aae.export.to_torch(model)
    pytest.importorskip("onnxscript")
    with pytest.raises(ValueError, match=words):
        aae.export.to_onnx(model, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_compiled_model_is_exported_as_what_is_inside():
    model = aae.AE(SHAPE, hidden=(8,))
    same(aae.export.to_torch(torch.compile(model))["encoder"](images()), model.encode(images()))


# ---- ONNX ----


@pytest.fixture
def onnxruntime():
    pytest.importorskip("onnxscript")
    return pytest.importorskip("onnxruntime")


@pytest.mark.slow
def test_onnx_runtime_gives_what_the_model_gives_for_any_number_of_rows(model, onnxruntime, tmp_path):
    folder = aae.export.to_onnx(model, str(tmp_path / "onnx"))
    assert sorted(each.name for each in folder.iterdir()) == ["decoder.onnx", "encoder.onnx"]
    encoder, decoder = (onnxruntime.InferenceSession(str(folder / f"{name}.onnx")) for name in ("encoder", "decoder"))
    names = ["z", "y"] if model.can.classify else ["z"]
    for n in (1, 2, 7):
        x, (z, y) = images(n), codes(model, n)
        found = dict(zip(names, encoder.run(names, {"images": x.numpy()}), strict=True))
        same(found["z"], model.encode(x))
        if model.can.classify:
            same(found["y"], model.classify(x))
        given = {"z": z.numpy()} | ({} if y is None else {"y": y.numpy()})
        (decoded,) = decoder.run(["images"], given)
        same(decoded, model.decode(z) if y is None else model.decode(z, y))


def test_its_own_files_are_replaced_and_others_stay(onnxruntime, tmp_path):
    import onnx

    model = aae.AE(SHAPE, hidden=(4,))
    aae.export.to_onnx(model, tmp_path)
    first = (tmp_path / "encoder.onnx").read_bytes()
    assert os.fsencode(os.getcwd()) not in first  # no path of this machine
    aae.export.to_onnx(aae.AE(SHAPE, hidden=(5,)), tmp_path)
    assert (tmp_path / "encoder.onnx").read_bytes() != first

    theirs = onnx.load(tmp_path / "decoder.onnx")
    del theirs.metadata_props[:]
    for content in (b"a diary", theirs.SerializeToString()):
        (tmp_path / "decoder.onnx").write_bytes(content)
        before = (tmp_path / "encoder.onnx").read_bytes()
        with pytest.raises(ValueError, match=r"decoder.onnx was not written by to_onnx and will not be replaced"):
            aae.export.to_onnx(model, tmp_path)
        assert (tmp_path / "decoder.onnx").read_bytes() == content
        assert (tmp_path / "encoder.onnx").read_bytes() == before


def test_a_full_disk_leaves_nothing_half_written(onnxruntime, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ValueError, match="No space left on device"):
        aae.export.to_onnx(aae.AE(SHAPE, hidden=(4,)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "words"), [("", "folder must be the name"), ("file", "cannot be written to")])
def test_a_place_that_is_none_is_told(path, words, onnxruntime, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=words):
        aae.export.to_onnx(aae.AE(SHAPE, hidden=(4,)), path and tmp_path / path)
    assert (tmp_path / "file").read_text() == "in the way"


def test_without_onnx_a_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"to_onnx needs the packages onnx and onnxscript .*pip install onnx"):
        aae.export.to_onnx(aae.AE(SHAPE, hidden=(4,)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1e20, 1e-23])
def test_numbers_whose_squares_float32_cannot_hold_are_exported(size):
    numbers = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)).double() * size
    data = aae.data.from_arrays(numbers.numpy())
    model = aae.AAE((3,), hidden=(8,), seed=0)
    aae.Trainer(model, data)
    parts, x = aae.export.to_torch(model), data.test.images
    torch.testing.assert_close(parts["encoder"](x), model.encode(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(parts["decoder"](parts["encoder"](x)), model.reconstruct(x), rtol=1e-4, atol=1e-5 * size)
