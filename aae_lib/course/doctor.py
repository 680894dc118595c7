"""`aae doctor`: is everything here that the course needs? Each fault comes with its cure."""

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from . import workspace

CORE = ("torch", "numpy", "scikit-learn", "scipy", "pandas", "matplotlib", "tqdm", "safetensors")
DATA = ("pooch", "platformdirs")  # only for downloads
LAB = ("jupyterlab", "ipywidgets", "ipykernel")


@dataclass(frozen=True)
class Finding:
    """state is "ok", "warning" or "fault"; cure says what to do about it."""

    state: str
    about: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        mark = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}[self.state]
        return f"{mark}  {self.about}: {self.found}" + (f"\n         -> {self.cure}" if self.cure else "")


def examine() -> Iterator[Finding]:
    """Look at Python, versions, device, data and Jupyter, one finding at a time."""
    yield python()
    lock = locked()
    core = [package(name, lock, needed=True) for name in CORE]
    yield from core
    for name in DATA + LAB:
        yield package(name, lock, needed=False)
    if any(finding.state == "fault" for finding in core):
        return  # the rest needs them
    yield device()
    yield threads()
    yield images()
    yield mnist()


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Is Python new enough?"""
    found = ".".join(map(str, version))
    if version < (3, 11, 5):
        return Finding("fault", "Python", found, "install Python 3.11.5 or newer, then: rm -rf .venv && make lab")
    return Finding("ok", "Python", found)


def locked() -> dict[str, str]:
    """The tested versions of constraints.txt; empty where the file is not at hand."""
    try:
        lock = (workspace.root() / "constraints.txt").read_text("utf-8")
    except FileNotFoundError:
        return {}
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", lock, re.M))


def package(name: str, lock: dict[str, str], needed: bool) -> Finding:
    """Is the package installed, and in the tested version? An untested one is a warning only."""
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        state = "fault" if needed else "warning"
        return Finding(state, name, "not installed", workspace.how_to_install())
    tested = lock.get(name)
    if tested and found.split("+")[0] != tested:
        return Finding(
            "warning",
            name,
            f"{found}; the course was tested with {tested}",
            f"only if something fails: {workspace.how_to_install()}",
        )
    return Finding("ok", name, found)


def device() -> Finding:
    """Where will training run?"""
    import torch

    from ..training.devices import find_device

    try:
        kind = find_device().type
    except ValueError as error:
        return Finding("fault", "device", str(error), "unset AAE_DEVICE")
    gpu = torch.cuda.get_device_name() if kind == "cuda" else "Apple's GPU"
    return Finding("ok", "device", "cpu; every lesson is made to run on it" if kind == "cpu" else f"{kind}, {gpu}")


def threads() -> Finding:
    """Small networks gain nothing from many threads, and lose much when the cores are shared."""
    import torch

    n, cores = torch.get_num_threads(), os.cpu_count() or 1
    if n > cores:
        return Finding("warning", "threads", f"{n} on {cores} cores", f"set OMP_NUM_THREADS={cores} or less")
    if n > 1 and os.environ.get("OMP_WAIT_POLICY", "").upper() != "PASSIVE":
        told = f"{n}, and they spin while they wait: slow as soon as another program is busy"
        return Finding("warning", "threads", told, "set OMP_WAIT_POLICY=PASSIVE (aae lab does), or OMP_NUM_THREADS=1")
    return Finding("ok", "threads", f"{n} of {cores} cores (OMP_NUM_THREADS sets it)")


def images() -> Finding:
    """The images that every lesson can use offline."""
    try:
        from .. import data

        sizes = {name: len(data.load(name).train) for name in ("mini_mnist", "digits")}
    except Exception as error:  # a doctor reports whatever is wrong
        return Finding("fault", "images", str(error), workspace.how_to_install())
    return Finding("ok", "images", ", ".join(f"{name} ({n} to learn from)" for name, n in sizes.items()) + ", offline")


def mnist() -> Finding:
    """MNIST where it is already on this machine; nothing is downloaded, and nothing read."""
    from ..data import mnist as files

    try:
        return Finding("ok", "MNIST", f"found in {files.find_local('mnist')}")
    except files.DataNotFoundError:
        return Finding("ok", "MNIST", "not here yet; aae.load('mnist') downloads it; mini_mnist, a part of it, is")
    except ValueError as error:
        return Finding(
            "fault", "MNIST", str(error), "set AAE_DATA_DIR and AAE_CACHE_DIR to your own folders, or unset them"
        )


def report() -> int:
    """Print every finding; returns the number of faults."""
    states = []
    for finding in examine():
        print(finding, flush=True)
        states.append(finding.state)
    faults, warnings = states.count("fault"), states.count("warning")
    if faults:
        print(f"{faults} fault(s): fix them from the top.")
    else:
        print("everything is ready." if not warnings else f"ready to train; {warnings} warning(s), see above.")
    return faults
