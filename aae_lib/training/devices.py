"""Where a model is trained, and in which precision."""

import os
from collections.abc import Sequence

import torch

from ..arguments import is_here, one_of, shown

KINDS = ("cpu", "cuda", "mps")
PRECISIONS = ("fp32", "tf32", "bf16")


def preferred() -> str:
    """What "auto" means: the device that AAE_DEVICE names, else CUDA, else MPS, else the CPU."""
    found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return os.environ.get("AAE_DEVICE") or found


def find_device(device: str | torch.device = "auto") -> torch.device:
    """The device of that name, or `preferred()` for "auto"; ValueError if models cannot be trained on it here."""
    advice = 'device="auto" takes what this machine has'
    if isinstance(device, str) and device == "auto":
        device, advice = preferred(), "AAE_DEVICE asks for it; set it to another, or to nothing"
    try:
        found = torch.device(device) if isinstance(device, str | torch.device) else None
    except RuntimeError:  # whose words are a list of all that PyTorch has names for
        found = None
    name = repr(str(device)) if isinstance(device, torch.device) else shown(device)
    if found is None or found.type not in KINDS or (found.type != "cuda" and found.index):
        raise ValueError(f"device {name} cannot be used here (it is none of cpu, cuda, cuda:1, ..., mps): {advice}.")
    if not is_here(found):
        raise ValueError(f"device {name} cannot be used here (PyTorch finds none on this machine): {advice}.")
    try:
        torch.zeros(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f"device {name} cannot be used here ({why}): {advice}.") from error
    return found if found.type == "cuda" else torch.device(found.type)


def has_tf32(device: torch.device) -> bool:
    """Whether the device multiplies matrices in TF32."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def check_precision(precision: str, device: torch.device) -> None:
    """ValueError if there is no such precision, or the device cannot compute in it."""
    one_of(*PRECISIONS).checked("precision", precision)
    if precision == "fp32":
        return
    if precision == "tf32":
        if not has_tf32(device):
            raise ValueError(f'precision="tf32" is for CUDA GPUs since Ampere; on {device} leave it at "fp32".')
        return
    try:
        if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise RuntimeError("this GPU has no bfloat16 arithmetic")
        with torch.autocast(device.type, torch.bfloat16):
            torch.mm(*torch.ones(2, 8, 8, device=device))
    except RuntimeError as error:
        why = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f'precision="bf16" cannot be used on {device.type} ({why}): leave it at "fp32".') from error


def check_numbers(parameters: Sequence[torch.Tensor], device: torch.device) -> None:
    """ValueError unless the parameters, and what PyTorch makes new tensors of, are float32, on the device."""
    if (standard := torch.get_default_dtype()) is not torch.float32:
        raise ValueError(
            f"training is in float32, and torch.set_default_dtype says {standard}: set it back to torch.float32."
        )
    for parameter in parameters:
        if parameter.is_meta or parameter.is_inference():
            raise ValueError("parameters hold nothing to train (made on meta, or in inference_mode): make them again.")
        if parameter.dtype is not torch.float32:
            raise ValueError(
                f"parameters must be float32, and some are {parameter.dtype}: model.float(); see precision= for less."
            )
        if parameter.device.type != device.type:
            raise ValueError(
                f"the trainer is on {device}, and parameters are on {parameter.device}: move them back by "
                f"model.to({str(device)!r}), or make a new trainer."
            )


def keep_freed_memory() -> None:
    """Make glibc keep large freed blocks instead of handing them back to the system.

    Every step would fault them in again, a tenth of its time. Freeing one block of just under 32 MB raises glibc's
    threshold for good; elsewhere this does nothing.
    """
    torch.empty(31 << 20, dtype=torch.uint8)
