"""Encoder and decoder as ONNX files."""

import json
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import path, takes
from ..files import write_all
from ..models import AE
from ..models.description import describe
from .torch_modules import MODEL, to_torch

NAMES = ("encoder.onnx", "decoder.onnx")


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
    from .. import __version__

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
