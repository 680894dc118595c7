"""The kernels that `aae lab` starts: each of them loads shell.py, also after a restart, and is light on memory."""

import os

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

HEAPS = "MALLOC_ARENA_MAX"  # of glibc, which gives each thread its own; the panel's, which draws, kept 45 MB


class CourseKernels(KernelSpecManager):
    """JupyterLab's own, but IPython's load our extension and share one heap among threads."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """How to start a kernel."""
        spec = super().get_kernel_spec(kernel_name)
        if "ipykernel_launcher" in spec.argv:
            spec.argv = [*spec.argv, "--ext=aae_lib.course.shell"]
            spec.env = {HEAPS: os.environ.get(HEAPS) or "1"} | spec.env
        return spec
