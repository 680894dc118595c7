"""A trained model for use without this library: plain PyTorch modules, or ONNX files. Images in, codes out, and back.

    to_torch   nn.Sequential's of torch.nn alone: save them by `torch.export`, or their state_dict
    to_onnx    encoder.onnx and decoder.onnx, for ONNX Runtime and its like, in any language

What is exported is the trained function: no noise, batch norm by its running statistics. The encoder's input and the
decoder's output are images (N, C, H, W) of floats in [0, 1], as uint8 / 255; with `likelihood="gaussian"` the numbers,
(N, C, H, W) or (N, D), as they are. May import: models and what they do.
"""

import copy
import json
import logging
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .arguments import Kind, path, takes
from .files import write_all
from .models import AE, unwrapped
from .models.description import describe
from .networks import BatchNorm, Decoder, Encoder, TwoHeads

KEPT = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Flatten, nn.Unflatten, nn.ReLU, nn.LeakyReLU, nn.SiLU)
NAMES = ("encoder.onnx", "decoder.onnx")


def _a_model(value: Any) -> AE:
    model = unwrapped(value)
    if not isinstance(model, AE):
        raise TypeError
    return model


MODEL = Kind("a model of this library that encodes and decodes, such as an AAE (of a trainer: trainer.model)", _a_model)


@takes(model=MODEL)
def to_torch(model: AE) -> nn.ModuleDict:
    """The model's networks as plain modules of `torch.nn`: copies, on the CPU, in evaluation mode.

    Parameters
    ----------
    model : AE
        An AE, VAE, WAE or AAE, or one with categories.

    Returns
    -------
    nn.ModuleDict
        - "encoder": images (N, C, H, W) -> codes (N, d), what `model.encode` gives: of a Gaussian posterior the mean,
          of a universal one the code at noise 0. In a `MapAAE` the style z; see "places".
        - "decoder": codes (N, d) -> images (N, C, H, W), what `model.decode` gives. Of a decoder that sees the category
          the input is both in a row, category first: `torch.cat([y, z], 1)`, (N, K + d).
        - "classifier", where the encoder gives a category: images -> y (N, K), what `model.classify` gives.
        - "places", in a `MapAAE`: y (N, K) -> W_C y (N, d), linear; what `model.encode` gives is
          `places(classifier(images)) + encoder(images)`.

    Raises
    ------
    ValueError
        For a model with networks of your own: those are plain modules already, or code that only you can export.

    Examples
    --------
    >>> import aae_lib as aae
    >>> parts = to_torch(aae.AAE((1, 8, 8), hidden=(16,), seed=0))
    >>> parts["encoder"]
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=16, bias=True)
      (2): SiLU()
      (3): Linear(in_features=16, out_features=2, bias=True)
    )
    >>> parts["decoder"](parts["encoder"](torch.zeros(5, 1, 8, 8))).shape
    torch.Size([5, 1, 8, 8])
    """
    with model.lock, torch.no_grad():
        seen, image = _standard(model)
        parts = {"encoder": [*seen, *_encoder(model.encoder)], "decoder": [*_decoder(model), *image]}
        if isinstance(model.encoder, TwoHeads):
            parts["classifier"] = [*seen, *_plain(model.encoder.trunk), *_plain(model.encoder.y_head), nn.Softmax(1)]
        modules: dict[str, nn.Module] = {name: nn.Sequential(*layers) for name, layers in parts.items()}
        if model.can.heads:
            heads = model.cluster_heads
            modules["places"] = _linear(heads.T, None)
    return nn.ModuleDict(modules).cpu().eval().requires_grad_(False)


def _encoder(encoder: nn.Module) -> list[nn.Module]:
    if isinstance(encoder, TwoHeads):
        return [*_plain(encoder.trunk), *_plain(encoder.z_head)]
    if not isinstance(encoder, Encoder):
        raise ValueError(_own(encoder))
    layers = [*_plain(encoder.features), *_plain(encoder.layers)]
    if encoder.posterior == "gaussian":  # the first half of its outputs is the mean
        weight, bias = _weights(layers[-1])
        layers[-1] = _linear(weight.chunk(2)[0], bias.chunk(2)[0])
    if encoder.posterior == "universal":  # noise of 0 needs no weights
        first = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear))
        weight, bias = _weights(layers[first])
        layers[first] = _linear(weight[:, : -encoder.noise_dim], bias)
    return layers


def _decoder(model: AE) -> list[nn.Module]:
    decoder = model.get_submodule("decoder")
    if not isinstance(decoder, Decoder):
        raise ValueError(_own(decoder))
    return [*_plain(decoder.layers), *_plain(decoder.image)]


def _standard(model: AE) -> tuple[list[nn.Module], list[nn.Module]]:
    """What comes before the encoder, and behind the decoder: see `models.likelihood`."""
    if model.likelihood.standard is None:
        return [], [nn.Sigmoid()]
    mean, sd = (each.flatten() for each in model.likelihood.standard)
    still, one = torch.zeros_like(mean), torch.ones_like(mean)
    return [_affine(model, mean, sd, one, still)], [_affine(model, still, one, sd, mean)]


def _affine(model: AE, mean: Tensor, sd: Tensor, weight: Tensor, bias: Tensor) -> nn.Module:
    """(x - mean) / sd · weight + bias, for each channel or each number of a vector."""
    kind = nn.BatchNorm1d if len(model.image_shape) == 1 else nn.BatchNorm2d
    layer = kind(len(mean), eps=0)
    state = {"running_mean": mean, "running_var": sd.square(), "weight": weight, "bias": bias}
    layer.load_state_dict(state | {"num_batches_tracked": torch.tensor(0)})
    return layer


def _plain(module: nn.Module) -> Iterator[nn.Module]:
    """Copies of the module's layers, in a row, none of them a class of this library."""
    if isinstance(module, nn.Sequential):
        for layer in module:
            yield from _plain(layer)
    elif isinstance(module, BatchNorm):
        norm = nn.BatchNorm1d(module.num_features, module.eps)
        norm.load_state_dict(module.state_dict())
        yield norm
    elif type(module) in KEPT:
        yield copy.deepcopy(module)
    else:
        raise ValueError(_own(module))


def _weights(layer: nn.Module) -> tuple[Tensor, Tensor]:
    return layer.get_parameter("weight"), layer.get_parameter("bias")


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.weight.copy_(weight)
    if bias is not None:
        layer.bias.copy_(bias)
    return layer


def _own(module: nn.Module) -> str:
    name = type(module).__name__
    return f"{name} is a network of your own, which this library cannot take apart: export it by torch.export yourself."


# ---- ONNX ----


@takes(model=MODEL, folder=path())
def to_onnx(model: AE, folder: str | Path) -> Path:
    """Write encoder.onnx and decoder.onnx to a folder, both or none.

    Any number of rows N goes through; all numbers are float32. Names of inputs and outputs:

    - encoder: "images" (N, C, H, W) -> "z" (N, d), what `model.encode` gives; and "y" (N, K), what `model.classify`
      gives, where the encoder gives a category
    - decoder: "z" (N, d), and "y" (N, K) where the decoder sees a category (one-hot, or shares of 1) -> "images"

    Parameters
    ----------
    model : AE
        As for `to_torch`.
    folder : path
        Made if missing. Files of these names that this function has written are replaced, others never.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ImportError
        Where the packages onnx and onnxscript are missing.
    ValueError
        As `to_torch`; and for a folder that cannot be written to, or holds other files of these names.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  # what torch.onnx writes by
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs the packages onnx and onnxscript ({error}): pip install onnx onnxscript onnxruntime."
        ) from error
    from . import __version__

    folder = Path(folder)
    files = {name: folder / name for name in NAMES}
    for file in files.values():
        if file.exists() and not _is_ours(file):
            raise ValueError(f"{file} was not written by to_onnx and will not be replaced: choose another folder.")
    parts = to_torch(model)
    graphs = (_Encode(parts, model.can.heads), _Decode(parts["decoder"], model.can.see_category))
    about = {"aae_lib": __version__, "model": json.dumps(describe(model))}
    content = {}
    for file, graph, example in zip(files.values(), graphs, _examples(model), strict=True):
        proto = _traced(graph, example)
        onnx.helper.set_model_props(proto, about)
        onnx.checker.check_model(proto, full_check=True)
        content[file] = proto.SerializeToString()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all(content)
    except OSError as error:
        raise ValueError(f"{folder} cannot be written to ({error.strerror or error}): choose another.") from error
    return folder


class _Encode(nn.Module):
    """images -> z, and y where there is a classifier."""

    outputs: tuple[str, ...]

    def __init__(self, parts: nn.ModuleDict, heads: bool) -> None:
        super().__init__()
        self.parts, self.heads = parts, heads
        self.outputs = ("z", "y") if "classifier" in parts else ("z",)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        z = self.parts["encoder"](images)
        if "classifier" not in self.parts:
            return (z,)
        y = self.parts["classifier"](images)
        return (self.parts["places"](y) + z if self.heads else z), y


class _Decode(nn.Module):
    """z, and y where the decoder sees it -> images."""

    outputs = ("images",)

    def __init__(self, decoder: nn.Module, sees_category: bool) -> None:
        super().__init__()
        self.decoder, self.sees_category = decoder, sees_category

    def forward(self, z: Tensor, y: Tensor | None = None) -> tuple[Tensor, ...]:
        return (self.decoder(z if y is None else torch.cat([y, z], 1)),)


def _examples(model: AE) -> Iterable[dict[str, Tensor]]:
    """Inputs of both graphs, by name; two rows, since one would be taken for a constant."""
    codes = {"z": torch.zeros(2, model.latent_dim)}
    if model.can.see_category:
        codes["y"] = torch.full((2, model.categories), 1 / model.categories)
    return {"images": torch.zeros(2, *model.image_shape)}, codes


def _traced(graph: Any, example: dict[str, Tensor]) -> Any:
    """The module as an ONNX model, with weights; the first axis of all inputs is free."""
    rows = torch.export.Dim("N")
    told = logging.getLogger("torch.onnx")
    before = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated parts inside torch.onnx
            program = torch.onnx.export(
                graph,
                kwargs=example,
                input_names=list(example),
                output_names=list(graph.outputs),
                dynamic_shapes={name: {0: rows} for name in example},
                dynamo=True,
                verbose=False,
            )
    finally:
        told.setLevel(before)
    assert program is not None
    proto = program.model_proto
    for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output):
        del part.metadata_props[:]  # which name files of this machine
    return proto


def _is_ours(file: Path) -> bool:
    import onnx

    try:
        return any(entry.key == "aae_lib" for entry in onnx.load(file, load_external_data=False).metadata_props)
    except Exception:  # whatever a foreign file makes protobuf say
        return False
