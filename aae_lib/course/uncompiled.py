"""Adam and SGD of torch.optim without torch.compile, which they import to tell it to leave them alone: a second, 68 MB.

A lesson that writes its loop by hand makes such optimizers. With one kernel for each of thirty learners that adds up.
"""

import functools
import sys
from typing import Any

import torch

from ..optimizers import eager

COMPILER = "torch._dynamo"


def leave_the_compiler_out() -> None:
    """From now on they do without it, to the same numbers; once something else has imported it, all is as it was."""
    if COMPILER in sys.modules:
        return
    for kind, name in (("Optimizer", "add_param_group"), ("Optimizer", "zero_grad"), ("Adam", "step"), ("SGD", "step")):
        owner = getattr(torch.optim, kind)
        if not hasattr(getattr(owner, name), "with_compiler"):
            _wrap(owner, name)


def _wrap(owner: type, name: str) -> None:
    method = getattr(owner, name)
    plain = eager(method)

    @functools.wraps(method)
    def without(self: Any, *args: Any, **options: Any) -> Any:
        if COMPILER in sys.modules:
            return method(self, *args, **options)
        if name != "step":
            return plain(self, *args, **options)
        with torch.set_grad_enabled(self.defaults["differentiable"]):  # all that the wrapper does besides
            return plain(self, *args, **options)

    without.with_compiler = method  # type: ignore[attr-defined]
    setattr(owner, name, without)
