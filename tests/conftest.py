import contextlib
import os
import sysconfig
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

import aae_lib as aae

# before any test is imported: the same examples each time (--hypothesis-profile=default looks for others)
settings.register_profile(
    "calm", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("calm")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Two threads on a busy machine are slower than one for networks this small. Said before every test: a library may
    set another number in the thread that imports it. And what draws from the global generator, as a learner's wrong
    answer does, draws the same in any order of the tests."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@pytest.fixture(scope="session")
def digits():
    return aae.load("digits")


@pytest.fixture
def make(digits):
    """make(model=AAE, **options) -> a small trainer on digits; trainer options by name."""

    def build(model=aae.AAE, data=None, seed=0, losses=None, phases=None, **options):
        data = data or digits
        names = ("batch_size", "precision", "schedule", "device")
        own = {name: options.pop(name) for name in names if name in options}
        options.setdefault("hidden", (32, 32))
        made = model(data.image_shape, seed=seed, **options)
        return aae.Trainer(made, data, seed=seed, losses=losses, phases=phases, **own)

    return build


@contextlib.contextmanager
def serving(server):
    """The server, answering from a thread of its own."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def state(module):
    """A copy of every parameter and buffer, by name."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def moved(before, module):
    """Names of the top-level parts of which any number changed."""
    after = module.state_dict()
    return {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}


def without(folder, *names):
    """The environment of a real process in which importing these fails, and their metadata is gone."""
    (folder / "sitecustomize.py").write_text(
        "import sys, importlib.metadata as m\n"
        f"names = {names}\n"
        "sys.modules.update(dict.fromkeys(names))\n"
        "found = m.version\n"
        "def version(name):\n"
        "    if name in names: raise m.PackageNotFoundError(name)\n"
        "    return found(name)\n"
        "m.version = version\n"
    )
    return os.environ | {"PYTHONPATH": str(folder)}


def lend(site: Path, folder: Path, *, without: tuple[str, ...] = ()) -> None:
    """Let an environment import what is installed here, but for the course and these."""
    folder.mkdir(parents=True)
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("aae_course", "__editable__", *without)):
            (folder / path.name).symlink_to(path)
    (site / "lent.pth").write_text(str(folder), "utf-8")
