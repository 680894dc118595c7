"""Where a figure was measured: the machine and the versions, as they are stored with every result."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import torch


def machine(device: str | torch.device = "cpu") -> dict[str, Any]:
    """Device, processor or GPU, system, threads and cores."""
    device = torch.device(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "device": device.type,
        "name": name,
        "system": f"{platform.system()} {platform.machine()}",
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
    }


def processor() -> str:
    """The processor's name where Linux tells it, else its kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions(*more: str) -> dict[str, str]:
    """Python's version and those of the packages that figures depend on; of `more` packages those that are here."""
    found = {"python": platform.python_version()}
    for name in ("torch", "numpy", "scikit-learn", *more):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
