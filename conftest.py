import functools
import gc
import os
import re
import sys
from pathlib import Path

import pytest

# for the kernels that nbval starts: a claim that fails raises, and no progress bars
os.environ.setdefault("AAE_STRICT", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
# stored figures and outputs are a CPU's; tests that want a GPU say so
os.environ.setdefault("AAE_DEVICE", "cpu")
# as many tests at once as there are cores: a second thread for each would only wait
os.environ.setdefault("OMP_NUM_THREADS", "1")

HERE = Path(__file__).parent
BROWSER = "tests/browser"
LONGEST = [HERE / "tests" / name for name in ("browser", "test_hub.py", "test_quality.py")]


# nbval compares no pictures: they are drawn, in few pixels
FEW_PIXELS = '--IPKernelApp.exec_lines=__import__("matplotlib").rcParams.update({"savefig.dpi": 20})'


def pytest_configure(config):
    if config.getoption("nbval", False):
        from nbval import kernel

        from tests import warm

        warm.install()
        if sys.platform == "linux":
            warm.kernels()  # one process forks for all
        kernel.start_new_kernel = functools.partial(kernel.start_new_kernel, extra_arguments=[FEW_PIXELS])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest come first, or one process ends with them alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def turn(item):
        place = next((i for i, path in enumerate(LONGEST) if item.path.is_relative_to(path)), len(LONGEST))
        return place, -seconds(item.path), item.path not in slow

    items.sort(key=turn)


def pytest_collection_finish():
    """Thousands of tests stay to the end: the collector need not look at them again and again."""
    gc.freeze()


@functools.cache
def seconds(path: Path) -> int:
    """How long a notebook computes, as it says at its beginning."""
    said = path.read_text(encoding="utf-8") if path.suffix == ".ipynb" else ""
    found = re.search(r"about (\d+) s of computing", said)
    return int(found[1]) if found else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One a core, and one more where some wait for a browser or a class server while others compute."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + ("not browser" not in config.getoption("markexpr"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests stay in one process, as they share what they have trained; so do all that share the browser."""
    from xdist.scheduler import LoadFileScheduling

    class Spread(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return BROWSER if nodeid.startswith(f"{BROWSER}/") else super()._split_scope(nodeid)

    return Spread(config, log) if config.getvalue("dist") == "loadfile" else None
