"""`stacked.adam` as one kernel for a GPU: each number is read and written once. Triton comes with PyTorch for CUDA."""

import triton  # type: ignore[import-not-found,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,unused-ignore]
from torch import Tensor

BLOCK = 1024


@triton.jit
def _adam(parameter, gradient, mean, square, scalars, going, each, total, members, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    member = at // each
    # a member that stands still is neither read nor written
    inside = (at < total) & (tl.load(going + member, mask=at < total, other=0) != 0)
    size = tl.load(scalars + member, mask=inside, other=0.0)
    root = tl.load(scalars + members + member, mask=inside, other=1.0)
    share1 = tl.load(scalars + 2 * members + member, mask=inside, other=0.0)
    share2 = tl.load(scalars + 3 * members + member, mask=inside, other=0.0)
    g = tl.load(gradient + at, mask=inside, other=0.0)
    m = tl.load(mean + at, mask=inside, other=0.0)
    m += share1 * (g - m)
    v = tl.load(square + at, mask=inside, other=0.0) * (1 - share2) + share2 * g * g
    p = tl.load(parameter + at, mask=inside, other=0.0) - size * m / (tl.sqrt(v) / root + 1e-8)
    tl.store(mean + at, m, mask=inside)
    tl.store(square + at, v, mask=inside)
    tl.store(parameter + at, p, mask=inside)


def adam(parameter: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, scalars: Tensor, going: Tensor) -> None:
    """As `stacked.adam`; the tensors contiguous."""
    total, members = parameter.numel(), len(parameter)
    grid = (triton.cdiv(total, BLOCK),)
    _adam[grid](parameter, gradient, mean, square, scalars, going, total // members, total, members, BLOCK=BLOCK)
