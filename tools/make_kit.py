"""The course on a stick, to be installed without a network: `make kit`, or `python tools/make_kit.py --help`.

build/kit/ gets the wheels of all that the lessons need, for each system and Python asked for, in the locked versions;
the course's own wheel; the lessons; the book and the slides, where `make book slides` has made them; and scripts that
install from there.

What another system needs, the packages that are installed here tell: pip itself asks only what this machine needs.
PyTorch for Linux must be the CPU build, which lies on an index of its own (--torch-index).
"""

import argparse
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from aae_lib.course import workspace

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
PATCH = 9  # some packages refuse the first patch releases
SYSTEMS = {  # what markers call it, and the tags of wheels that run there
    "linux": (
        {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
        [*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64"],
    ),
    "windows": (
        {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"},
        ["win_amd64"],
    ),
    "macos": (
        {"os_name": "posix", "sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
        ["macosx_14_0_arm64", "macosx_14_0_universal2"],
    ),
}
INSTALL = Path(__file__).with_name("kit")  # what the learner runs, copied as it is
MADE = ("book", "slides")  # taken along where they are


def main(arguments: list[str] | None = None) -> int:
    """Make the kit; 1 where a system or Python lacks a wheel, which the others do not mind."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    options.add_argument("--pythons", nargs="+", choices=PYTHONS, default=list(PYTHONS))
    options.add_argument("--torch-index", default=os.environ.get("TORCH_INDEX", ""), help="of PyTorch's CPU builds")
    options.add_argument("--to", type=Path, default=ROOT / "build" / "kit")
    chosen = options.parse_args(arguments)
    began = time.monotonic()
    wheels = chosen.to / "wheels"
    if chosen.to.exists() and any(chosen.to.iterdir()) and not any(wheels.glob("aae_course-*.whl")):
        sys.exit(f"{chosen.to} holds other things: name an empty folder, or one that does not exist.")
    for part in ("wheels", "lessons", *MADE):
        shutil.rmtree(chosen.to / part, ignore_errors=True)
    wheels.mkdir(parents=True)
    build_wheel(wheels)
    missing = [
        f"{system}, Python {python}: {fault}"
        for system in chosen.systems
        for python in chosen.pythons
        if (fault := download(wheels, needed(system, python), system, python, chosen.torch_index))
    ]
    workspace.copy_missing(ROOT, chosen.to / "lessons")
    for part in MADE:
        if (ROOT / "build" / part).is_dir():
            shutil.copytree(ROOT / "build" / part, chosen.to / part)
    shutil.copytree(INSTALL, chosen.to, dirs_exist_ok=True)
    size = sum(path.stat().st_size for path in chosen.to.rglob("*") if path.is_file())
    print(f"{chosen.to}: {size / 1e9:.2f} GB in {time.monotonic() - began:.0f} s.", *missing, sep="\nleft out: ")
    return 1 if missing else 0


def build_wheel(folder: Path) -> Path:
    """The course's own wheel; nothing is left in the clone."""
    with tempfile.TemporaryDirectory() as build:
        settings = Path(build, "setup.cfg")
        settings.write_text(f"[build]\nbuild_base = {build}/build\n[egg_info]\negg_base = {build}\n", "utf-8")
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
        subprocess.run([*command, str(ROOT)], check=True, env=os.environ | {"DIST_EXTRA_CONFIG": str(settings)})
    (wheel,) = folder.glob("aae_course-*.whl")
    return wheel


def needed(system: str, python: str) -> list[str]:
    """What pip must find there: a requirement a line, in the locked version where the lock has one."""
    target = {
        **default_environment(),
        **SYSTEMS[system][0],
        "python_version": python,
        "python_full_version": f"{python}.{PATCH}",
    }
    lock = locked()
    found: dict[str, Requirement] = {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    waiting = [
        Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["lab"], "setuptools")
    ]
    seen = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, requirement).specifier &= requirement.specifier
        for extra in {"", *requirement.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += there(dependencies(name), target | {"extra": extra})
    return sorted(f"{name}=={lock[name]}" if name in lock else f"{name}{r.specifier}" for name, r in found.items())


def locked() -> dict[str, str]:
    """The tested versions."""
    pairs = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    return {canonicalize_name(name): version for name, version in pairs}


def dependencies(name: str) -> Iterable[Requirement]:
    """Of a package that is installed here; those of another system's packages are not known, and they have none."""
    try:
        return [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    except importlib.metadata.PackageNotFoundError:
        return []


def there(requirements: Iterable[Requirement], target: dict[str, str]) -> Iterator[Requirement]:
    """Those that count on the target; PyTorch's CPU build needs no CUDA."""
    for requirement in requirements:
        if requirement.name.startswith(("nvidia-", "cuda-")) or requirement.name == "triton":
            continue
        if requirement.marker is None or requirement.marker.evaluate(target):
            yield requirement


def download(folder: Path, requirements: list[str], system: str, python: str, torch_index: str) -> str:
    """Get the wheels; returns what is wrong. PyTorch first: without it the others are of no use."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
    command += ["--python-version", f"{python}.{PATCH}", "--implementation", "cp"]
    command += [f"--platform={tag}" for tag in SYSTEMS[system][1]]
    torch = [requirement for requirement in requirements if requirement.startswith("torch=")]
    others = [requirement for requirement in requirements if requirement not in torch]
    if system == "linux":
        torch = [f"{requirement}+cpu" for requirement in torch]
    index = ["--extra-index-url", torch_index] if torch_index else []
    for wanted, options in ((torch, index), (others, [])):
        result = subprocess.run([*command, *options, *wanted], capture_output=True, text=True) if wanted else None
        if result and result.returncode:
            told = [line.removeprefix("ERROR: ") for line in result.stderr.splitlines() if line.startswith("ERROR: ")]
            hint = " Where is PyTorch's CPU build? Say TORCH_INDEX." if wanted is torch and system == "linux" else ""
            return next(iter(told), "pip failed, without a word.") + hint
    return ""


if __name__ == "__main__":
    sys.exit(main())
