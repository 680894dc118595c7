"""The sentence below a NameError: the name that was meant, or how to get it; memory that is handed back."""

import subprocess
import sys

import pytest

from aae_lib.course import kernels, shell


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


def test_a_kernels_threads_share_one_heap_unless_the_environment_says_otherwise(monkeypatch):
    monkeypatch.delenv(kernels.HEAPS, raising=False)
    spec = kernels.CourseKernels().get_kernel_spec("python3")
    assert spec.env[kernels.HEAPS] == "1"
    assert spec.argv[-1] == "--ext=aae_lib.course.shell"
    monkeypatch.setenv(kernels.HEAPS, "4")
    assert kernels.CourseKernels().get_kernel_spec("python3").env[kernels.HEAPS] == "4"
