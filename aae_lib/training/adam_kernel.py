"""Adam for a stacked tensor (S, ...) as one kernel for a GPU: each number is read and written once. Wants Triton."""

import triton  # type: ignore[import-not-found,unused-ignore]
import triton.language as tl  # type: ignore[import-not-found,unused-ignore]
from torch import Tensor

BLOCK = 1024


def adam(parameter: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, scalars: Tensor, going: Tensor) -> None:
    """Adam for all members, in place; Kingma and Ba 2014 (arXiv 1412.6980), section 2.

    m <- m + (1 − β₁) (g − m),  v <- β₂ v + (1 − β₂) g²,  parameter <- parameter − size · m / (√v / root + ε)

    Parameters
    ----------
    parameter, gradient, mean, square : tensor
        (S, ...), contiguous: the parameter, g, m and v.
    scalars : tensor
        (4, S): size = rate / (1 − β₁^t), root = √(1 − β₂^t), 1 − β₁, 1 − β₂ (of 0.999 fp32 would lose digits).
    going : tensor
        (S,) bool: which members move; of the others nothing is read or written.
    """
    total, members = parameter.numel(), len(parameter)
    grid = (triton.cdiv(total, BLOCK),)
    each = total // members
    _adam[grid](parameter, gradient, mean, square, scalars, going, each, total, members, BLOCK=BLOCK)


@triton.jit
def _adam(  # type: ignore[no-untyped-def]
    parameter, gradient, mean, square, scalars, going, each, total, members, BLOCK: tl.constexpr
):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    member = at // each
    inside = (at < total) & (tl.load(going + member, mask=at < total, other=0) != 0)
    size = tl.load(scalars + member, mask=inside, other=0.0)
    root = tl.load(scalars + members + member, mask=inside, other=1.0)
    share1 = tl.load(scalars + 2 * members + member, mask=inside, other=0.0)
    share2 = tl.load(scalars + 3 * members + member, mask=inside, other=0.0)
    g = tl.load(gradient + at, mask=inside, other=0.0)
    m = tl.load(mean + at, mask=inside, other=0.0)
    m += share1 * (g - m)
    v = tl.load(square + at, mask=inside, other=0.0) * (1 - share2) + share2 * g * g
    p = tl.load(parameter + at, mask=inside, other=0.0) - size * m / (tl.sqrt(v) / root + 1e-8)  # PyTorch's ε
    tl.store(mean + at, m, mask=inside)
    tl.store(square + at, v, mask=inside)
    tl.store(parameter + at, p, mask=inside)
