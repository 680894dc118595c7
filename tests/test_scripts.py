"""The scripts of benchmarks/ and tools/ name only what aae_lib has: they run rarely, and a rename would go unseen."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [path for folder in ("benchmarks", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]


def missing(source: str) -> list[str]:
    """Names that a program takes from aae_lib and that are not there."""
    absent = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aae_lib":
            module = importlib.import_module(node.module)
            for name in (alias.name for alias in node.names):
                if not hasattr(module, name):
                    try:
                        importlib.import_module(f"{node.module}.{name}")
                    except ModuleNotFoundError:
                        absent.append(f"{node.module}.{name}")
        elif isinstance(node, ast.Attribute):
            names = ast.unparse(node).split(".")
            if names[0] != "aae" or not all(name.isidentifier() for name in names):  # aae.load("digits").train
                continue
            thing: object = importlib.import_module("aae_lib")
            for name in names[1:]:
                if not isinstance(thing, ModuleType):
                    break  # attributes of classes and values are not looked at
                if not hasattr(thing, name):
                    absent.append(ast.unparse(node))
                    break
                thing = getattr(thing, name)
    return absent


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_script_takes_from_the_library_is_there(path):
    assert missing(path.read_text(encoding="utf-8")) == []


def test_a_missing_name_is_found():
    source = "import aae_lib as aae\nfrom aae_lib.data.loading import evenly\naae.metrics.mdm(1, 2)\naae.AAE.anything"
    assert missing(source) == ["aae_lib.data.loading.evenly", "aae.metrics.mdm"]
