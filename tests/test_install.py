"""The two commands, the lock and the conda file say the same."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LOCK = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_installs_with_the_lock_that_make_uses():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    dry_run = subprocess.run(
        ["make", "--dry-run", "--always-make", "lab", "TORCH_INDEX="],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (install,) = re.findall(r"pip install (.*)", dry_run)
    assert " ".join(pip).split() == install.replace("'", "").replace("[lab]", "[lab,test]").split()  # nbval too


def test_every_dependency_is_in_the_lock_and_allowed_by_it():
    lock = {canonicalize_name(name): version for name, version in LOCK.items()}
    wanted = [*PROJECT["dependencies"], *(d for extra in PROJECT["optional-dependencies"].values() for d in extra)]
    for requirement in map(Requirement, wanted):
        assert lock[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_tests_run_with_the_locked_versions():
    other = {}
    for name, version in LOCK.items():
        try:
            installed = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            continue  # of the benchmark, or of another platform
        if installed != version:
            other[name] = f"{installed}, lock {version}"
    assert other == {}


IMPORTED = """
import sys, aae_lib as aae
print(*{"pandas", "matplotlib", "sklearn", "scipy", "pooch", "IPython", "ipywidgets"} & set(sys.modules))
data = aae.load("mini_mnist")
aae.Trainer(aae.AAE(data.image_shape, hidden=(8,), r1=1.0), data).run(steps=2, progress=False)
print(*{"torch._dynamo", "sympy"} & set(sys.modules))
"""


def test_importing_the_library_loads_none_of_the_heavy_ones_nor_does_training_load_pytorchs_compiler():
    assert subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True).stdout == "\n\n"


def test_the_core_imports_nothing_of_jupyter():
    for file in (ROOT / "aae_lib").rglob("*.py"):
        if file.name in ("prediction.py", "slides.py", "lab.py", "kernels.py") or file.parent.name == "live":
            continue
        assert not re.search(r"^\s*(?:import|from) (?:IPython|ipywidgets|jupyter)", file.read_text(), re.M), file


def test_binder_and_the_devcontainer_install_what_make_lab_does_with_the_cpu_build():
    binder = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text())
    (pip,) = (part["pip"] for part in binder["dependencies"] if isinstance(part, dict))
    wanted = "--extra-index-url https://download.pytorch.org/whl/cpu -c constraints.txt -e .[lab]"
    assert " ".join(pip) == wanted
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    container = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
    assert container["postCreateCommand"].replace("'", "") == f"pip install {wanted} && aae reset"
