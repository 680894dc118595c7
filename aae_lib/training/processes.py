"""Several processes train one model: what `torchrun --nproc-per-node N -m aae_lib train ...` starts.

Every process draws the same batch, noise and prior sample from the one generator, computes with its own rows of them,
and all add up their gradients. So N processes do what one does, to rounding, and a run can be resumed with another N.
Each holds all images; only arithmetic is shared out.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..arguments import count, shown
from ..models import Batch, Phase
from .devices import preferred


class ProcessLostError(RuntimeError):
    """Another process of the job has ended, so that the gradients can no longer be added up."""


class Processes:
    """This process among its peers: number `rank` (from 0) of `count`; alone unless torch.distributed was started.

    Examples
    --------
    >>> processes = Processes()
    >>> processes.rank, processes.count, processes.first
    (0, 1, True)
    """

    def __init__(self) -> None:
        started = torch.distributed.is_available() and torch.distributed.is_initialized()
        self.rank = torch.distributed.get_rank() if started else 0
        self.count = torch.distributed.get_world_size() if started else 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes: bars, checkpoints, results."""
        return self.rank == 0

    def check(self, phases: Sequence[Phase], batch_size: int, batch_norm: bool) -> None:
        """Refuse what cannot be shared out, before training starts."""
        if self.count == 1:
            return
        if self.count > batch_size:
            raise ValueError(f"{self.count} processes for {batch_size} images per batch: at most one each.")
        if batch_norm:
            raise ValueError("batch norm looks at the whole batch, of which each process sees a part: leave it out.")
        if whole := [phase.name for phase in phases if not phase.by_rows]:
            raise ValueError(
                f"the loss of phase {', '.join(whole)} compares the rows of a batch with each other, of which each "
                "process sees a part: train this model in one process."
            )

    def shard(self, batch: Batch, batch_size: int) -> Batch:
        """This process's rows of a batch that all have drawn identically."""
        if self.count == 1:
            return batch
        if other := [name for name, tensor in batch.items() if tensor.shape[:1] != (batch_size,)]:
            raise ValueError(f"{', '.join(other)} has not one row an image, {batch_size}: it cannot be shared out.")
        rows = self._rows(batch_size)
        return {name: tensor[rows] for name, tensor in batch.items()}

    def all_reduce(self, loss: Tensor, gradients: Sequence[Tensor], batch_size: int) -> tuple[Tensor, Sequence[Tensor]]:
        """Loss and gradients of the whole batch, from the means over each process's rows. The same in every process."""
        if self.count == 1:
            return loss, gradients
        rows = self._rows(batch_size)
        everything = torch.cat([loss.reshape(1), *(gradient.flatten() for gradient in gradients)])
        everything *= (rows.stop - rows.start) / batch_size
        try:
            torch.distributed.all_reduce(everything)
        except RuntimeError as error:
            raise ProcessLostError(
                "another process of this job has ended or cannot be reached. The last checkpoint is kept: start again "
                "with --resume (torchrun's --max-restarts 3 does so by itself)."
            ) from error
        loss, *parts = everything.split([1, *(gradient.numel() for gradient in gradients)])
        return loss[0], [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]

    def _rows(self, n: int) -> slice:
        return slice(n * self.rank // self.count, n * (self.rank + 1) // self.count)


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Meet the other processes that torchrun has started, and part at the end.

    Does nothing where there are none. gloo on CPUs, NCCL on GPUs, one GPU per process.

    Parameters
    ----------
    device : str
        As in `find_device`.

    Yields
    ------
    str
        The device of this process.

    Raises
    ------
    ValueError
        For more processes than GPUs, and for environment variables that torchrun has not set so.
    ProcessLostError
        If the other processes cannot be reached.
    """
    processes = _variable("WORLD_SIZE", "1", least=1)
    if processes == 1:
        yield device
        return
    _variable("RANK", most=processes - 1)
    device = preferred() if device == "auto" else device
    cuda = device.startswith("cuda")
    if cuda:
        local, there = _variable("LOCAL_RANK"), torch.cuda.device_count()
        if local >= there:
            raise ValueError(f"there are {there} GPUs here, and at most one process each: lower --nproc-per-node.")
        device = f"cuda:{local}"
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if cuda else "gloo", **_meeting_place())
    try:
        yield device
    finally:
        torch.distributed.destroy_process_group()


def _meeting_place() -> dict[str, Any]:
    """Where the processes find each other's addresses: torchrun's store, in a part of its own for every restart.

    torchrun keeps one store over its restarts, and in it the addresses of processes that have died (PyTorch issue
    135712). Several machines count restarts separately: there TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 makes torchrun do
    it.
    """
    _variable("MASTER_PORT", most=65535)
    try:
        store, rank, count = next(torch.distributed.rendezvous("env://"))
    except (ValueError, RuntimeError) as error:
        place = f"{os.environ.get('MASTER_ADDR', 'MASTER_ADDR')}:{os.environ['MASTER_PORT']}"
        why = str(error).splitlines()[0].rstrip(".")
        raise ProcessLostError(f"the other processes of this job cannot be reached at {place} ({why}).") from error
    if os.environ.get("GROUP_WORLD_SIZE", "1") == "1":
        store = torch.distributed.PrefixStore(f"start {_variable('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    return {"store": store, "rank": rank, "world_size": count}


def restarted() -> bool:
    """Whether torchrun has restarted this job after a process was lost: then it continues from its checkpoint."""
    return _variable("TORCHELASTIC_RESTART_COUNT", "0") > 0


def _variable(name: str, default: str | None = None, least: int = 0, most: int | None = None) -> int:
    """The whole number in an environment variable of torchrun's; ValueError, with its name, for anything else."""
    found = os.environ.get(name, default)
    kind = count(least, most)
    try:
        return kind.take(int(str(found)))
    except ValueError as error:
        got = "it is missing" if found is None else f"it is {shown(found)}"
        raise ValueError(
            f"the environment variable {name} must be {kind.wanted}, as torchrun sets it, and {got}: start by "
            "torchrun, or unset WORLD_SIZE and all that goes with it."
        ) from error
