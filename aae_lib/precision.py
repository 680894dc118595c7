"""In which precision matrices are multiplied; all else is fp32.

fp32  as it is
tf32  a GPU's matrix products with 10 bits of mantissa instead of 23: factors rounded, sums in fp32
bf16  autocast: 8 bits of mantissa, wherever PyTorch finds that safe
"""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def products(kind: str) -> Iterator[None]:
    """Multiply matrices on CUDA in "tf32" or "ieee" (plain fp32) within this block.

    PyTorch's switch is one for the whole process: trainers of different precision should not train at the same time.

    Examples
    --------
    >>> with products("tf32"):
    ...     torch.backends.cuda.matmul.fp32_precision
    'tf32'
    """
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = kind
    try:
        yield
    finally:
        matmul.fp32_precision = before


@contextlib.contextmanager
def full(device_type: str) -> Iterator[None]:
    """Full fp32 within this block, whatever the trainer's precision: for differences of numbers that are close."""
    with products("ieee"), torch.autocast(device_type, enabled=False):
        yield
