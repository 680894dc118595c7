"""The sentence below a NameError: the name that was meant, or how to get it; memory that is handed back."""

import subprocess
import sys

import pytest

from aae_lib.course import shell


def test_a_name_that_is_nearly_there_is_suggested():
    assert shell.advice("traner", ["trainer", "data", "_"]) == "→ traner is not there. Did you mean trainer?"
    assert "Did you mean print?" in shell.advice("pirnt", [])


def test_another_name_wants_the_cells_above():
    told = shell.advice("guess", ["trainer", "data"])
    assert "guess is not there (yet)" in told
    assert "Run All Above Selected Cell" in told
    assert shell.advice(None, ["trainer"]).startswith("→ a name is not there")


HELD = """
import ctypes, sys
from aae_lib.course.shell import hand_memory_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

blocks = [bytearray(20_000) for _ in range(10_000)]  # 200 MB, from the heap
blocks = blocks[::200]  # what is left holds the heap open
before = resident()
hand_memory_back()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be asked")
def test_memory_that_is_free_goes_back():
    got = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    assert int(got.stdout) > 150e6


DRAWN = """
import threading
from aae_lib import plots
from aae_lib.heap import hand_back, hand_back_of_this_thread
from aae_lib.training.devices import keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

def draw():
    for _ in range(2):
        figure, (ax,) = plots.common.blank(figsize=(10, 6))
        ax.scatter(range(500), range(500))
        figure._repr_png_()
    hand_back()
    held = resident()
    hand_back_of_this_thread()
    print(held - resident())

keep_freed_memory()
thread = threading.Thread(target=draw)
thread.start()
thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be asked")
def test_so_does_what_a_thread_that_draws_has_in_a_heap_of_its_own():
    got = subprocess.run([sys.executable, "-c", DRAWN], capture_output=True, text=True, check=True)
    assert float(got.stdout) > 15e6
