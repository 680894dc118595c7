import functools
import os
import re
from pathlib import Path

# for the kernels that nbval starts: a claim that fails raises, and no progress bars
os.environ.setdefault("AAE_STRICT", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
# stored figures and outputs are a CPU's; tests that want a GPU say so
os.environ.setdefault("AAE_DEVICE", "cpu")
# as many tests at once as there are cores: a second thread for each would only wait
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure(config):
    if config.getoption("nbval", False):
        from tests import warm

        warm.install()


def pytest_collection_modifyitems(config, items):
    """Notebooks that take long are compared first, or one process ends with them alone."""
    if config.getoption("nbval", False):
        items.sort(key=lambda item: -seconds(item.path))


@functools.cache
def seconds(notebook: Path) -> int:
    """What it says at its beginning."""
    found = re.search(r"about (\d+) s of computing", notebook.read_text(encoding="utf-8"))
    return int(found[1]) if found else 0
