"""The limit of a training step: its matrix products and its optimizer traffic, and nothing else; and their arithmetic.

One real step is recorded: which buffers every matrix product and every fused Adam read and write. The replay does
only these, in the same order and memory layout, on buffers made beforehand. What the step takes beyond the limit is
the price of all the rest: activations, losses, autograd, random numbers, batches, checks, Python.
"""

from collections.abc import Callable, Sequence
from time import perf_counter

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from contenders import WARM_UP, Ours

aten = torch.ops.aten


class Recorder(TorchDispatchMode):
    """While it is entered: notes every matrix product and every fused Adam as a function that does it again."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[int, Tensor] = {}  # by the address of the original
        self.written: dict[int, Tensor] = {}
        self.replay: list[Callable[[], object]] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        operation = function.overloadpacket
        if operation is aten.mm or operation is aten.addmm:
            operands = [self.copy(a, self.read) for a in args]
            out = self.copy(result, self.written)
            self.replay.append(lambda: getattr(torch, operation.__name__)(*operands, out=out))
        elif operation is aten._fused_adam_:
            parameters, gradients, *moments, steps = ([*tensors] for tensors in (*args[:4], args[5]))
            # a gradient is what a matrix product has just written; a bias's is not
            gradients = [self.copy(g, self.written) for g in gradients]
            rest = [[self.copy(a, self.read) for a in tensors] for tensors in (parameters, *moments)]
            steps = [torch.ones_like(step) for step in steps]
            settings = {"lr": 0.0, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0, "eps": 1e-8}
            settings |= {"amsgrad": False, "maximize": False}
            lists = (rest[0], gradients, *rest[1:], [], steps)
            self.replay.append(lambda: torch._fused_adam_(*lists, **settings))
        return result

    @staticmethod
    def copy(original: Tensor, buffers: dict[int, Tensor]) -> Tensor:
        """A tensor of the same layout, in the same buffer as other copies of its storage. Read and written ones are
        apart, so that no number can grow from replay to replay."""
        address, size = original.untyped_storage().data_ptr(), original.untyped_storage().nbytes() // 4
        if address not in buffers or buffers[address].numel() < size:
            buffers[address] = torch.rand(size) * 0.01
        return buffers[address].as_strided(original.size(), original.stride(), original.storage_offset())


class Counter(TorchDispatchMode):
    """While it is entered: counts the multiply-adds of all matrix products, n · k · m for (n, k) @ (k, m)."""

    multiply_adds = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function.overloadpacket in (aten.mm, aten.addmm):
            self.multiply_adds += result.numel() * args[-1].shape[0]
        return result


class Limit:
    """The replay of one step of our trainer."""

    name = "limit: matrix products and Adam alone"

    def __init__(self, hidden: Sequence[int], images: Tensor) -> None:
        trainer = Ours(hidden, images).trainers[0]
        trainer.step()
        with Recorder() as recorder:
            trainer.step()
        self.replay = recorder.replay

    @torch.no_grad()
    def seconds(self, steps: int) -> float:
        for _ in range(WARM_UP):
            self.step()
        start = perf_counter()
        for _ in range(steps):
            self.step()
        return perf_counter() - start

    def step(self) -> None:
        for operation in self.replay:
            operation()
