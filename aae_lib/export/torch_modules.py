"""The model's networks as plain modules of `torch.nn`."""

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import Kind, takes
from ..models import AE, unwrapped
from ..networks import BatchNorm, Decoder, Encoder, TwoHeads

KEPT = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Flatten, nn.Unflatten, nn.ReLU, nn.LeakyReLU, nn.SiLU)


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
    """(x - mean) · (weight / sd) + bias, for each channel or each number of a vector; sd² may be beyond float32."""
    kind = nn.BatchNorm1d if len(model.image_shape) == 1 else nn.BatchNorm2d
    layer = kind(len(mean), eps=0)
    state = {"running_mean": mean, "running_var": torch.ones_like(sd), "weight": weight / sd, "bias": bias}
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
    return (
        f"{name} is a network of your own, which this library cannot take apart: export it with torch.export yourself."
    )
