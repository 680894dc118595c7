"""The kernels that `aae lab` starts: each of them loads shell.py, also after a restart."""

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager


class CourseKernels(KernelSpecManager):
    """JupyterLab's own, but IPython's load our extension."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """How to start a kernel."""
        spec = super().get_kernel_spec(kernel_name)
        if "ipykernel_launcher" in spec.argv:
            spec.argv = [*spec.argv, "--ext=aae_lib.course.shell"]
        return spec
