"""A trained model for use without this library: plain PyTorch modules, or ONNX files. Images in, codes out, and back.

    to_torch   nn.Sequential's of torch.nn alone: save them by `torch.export`, or their state_dict
    to_onnx    encoder.onnx and decoder.onnx, for ONNX Runtime and its like, in any language

What is exported is the trained function: no noise, batch norm by its running statistics. The encoder's input and the
decoder's output are images (N, C, H, W) of floats in [0, 1], as uint8 / 255; with `likelihood="gaussian"` the numbers,
(N, C, H, W) or (N, D), as they are.
May import: models, and what they are made of.
"""

from .onnx_files import to_onnx
from .torch_modules import to_torch

__all__ = ["to_onnx", "to_torch"]
