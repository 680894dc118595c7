"""`python -m MODULE`, forked from a process that has imported its libraries: a third of a second, not two.

After `install()` every kernel that this process starts is such a fork, on Linux. Where the environment differs in what
libraries read while they are imported, and on other systems, it is started as ever.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# not what looks for the kernel that it is imported in: the course, ipywidgets, matplotlib's inline backend
KERNEL = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "matplotlib.pyplot", "pandas", "sklearn.datasets"),
    *("sklearn.manifold", "torch", "torch._dynamo"),  # which takes a second, when there is a first optimizer
)
READ = ("MKL", "MPL", "OMP", "OPENBLAS", "PYTHON", "TORCH", "TQDM")
LATER = ("PYTHONPATH", "TORCHINDUCTOR_CACHE_DIR")  # set anew for each fork; set by what has compiled
KEPT: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []  # closed when this process ends, however it ends
ADDRESS = "AAE_TESTS_KERNELS"  # in the environment: for what starts kernels and was forked itself


def read_at_import(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment only new imports would see."""
    return {name: value for name, value in env.items() if name.startswith(READ) and name not in LATER}


class Process:
    """What we and jupyter_client need of a Popen, for a process that is not our child."""

    stdout = stderr = None

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid, self.line, self.stdin = pid, line, io.BytesIO()
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int | None:
        """It says how it ends; what is killed says nothing."""
        if self.returncode is None and select.select([self.line], [], [], timeout)[0]:
            with self.line:
                self.returncode = int(self.line.recv(100) or -signal.SIGKILL)
        return self.returncode

    def poll(self) -> int | None:
        return self.wait(0)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def open_forks(*modules: str) -> str:
    """Start a process that imports these and forks for who asks at the address. It ends with this one, they with it."""
    address = f"{tempfile.mkdtemp(prefix='aae_tests_')}/forks"  # in a folder that nobody else may enter
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    ours, theirs = socket.socketpair()
    fds = (listener.fileno(), theirs.fileno())
    command = [sys.executable, "-m", "tests.warm", *map(str, fds), *modules]
    server = subprocess.Popen(command, cwd=Path(__file__).parents[1], pass_fds=fds, stdin=subprocess.DEVNULL)
    listener.close()
    theirs.close()
    KEPT.append((ours, server))
    return address


def start(address: str, command: list[str], **options: Any) -> Any:
    """A fork that does what Popen would start, or what Popen starts."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(address)
    streams = [options.get("stdout"), options.get("stderr")]
    numbers = [number if own is None else own.fileno() for number, own in enumerate(streams, 1)]
    asked = [command[2:], options.get("env") or dict(os.environ), str(options.get("cwd") or Path.cwd())]
    socket.send_fds(line, [json.dumps(asked).encode()], numbers)
    if pid := int(line.recv(100)):
        return Process(pid, line)
    line.close()
    return subprocess.Popen(command, **options)


def kernels() -> str:
    """The address for kernels; who forks is started with the first."""
    if ADDRESS not in os.environ:
        os.environ[ADDRESS] = open_forks(*KERNEL)
    return os.environ[ADDRESS]


def install() -> None:
    """From now on kernels are started so."""
    from jupyter_client import launcher

    def popen(command: list[str], **options: Any) -> Any:
        if command[1:3] != ["-m", "ipykernel_launcher"]:
            return subprocess.Popen(command, **options)
        return start(kernels(), command, **options)

    if sys.platform == "linux":
        launcher.Popen = popen


# ---- in the process that forks ----


def serve(listener: socket.socket, alive: socket.socket, modules: list[str]) -> None:
    """Fork for each that asks, until who has started us is no more."""
    own = read_at_import(os.environ)
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # ipykernel says so too, before the import
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read at import: with whom a kernel ends
    for name in modules:
        importlib.import_module(name)
    install()
    gc.freeze()  # no need to look through all that again and again
    signal.signal(signal.SIGCHLD, lambda *_: reap())
    while alive not in select.select([listener, alive], [], [])[0]:
        line, _ = listener.accept()
        message, streams, _, _ = socket.recv_fds(line, 1 << 20, 2)
        command, env, cwd = json.loads(message)
        if read_at_import(env) != own:
            line.send(b"0")
        elif not os.fork():
            listener.close()
            alive.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(command, env, cwd, streams, line)
        for file in streams:
            os.close(file)
        line.close()
    shutil.rmtree(Path(listener.getsockname()).parent)


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def become(command: list[str], env: dict[str, str], cwd: str, streams: list[int], line: socket.socket) -> None:
    """What is forked runs the module as `python -m` does, in a session of its own, and says how it ended."""
    os.setsid()
    os.chdir(cwd)
    for number, file in enumerate(streams, 1):
        os.dup2(file, number)
        os.close(file)
    ours, theirs = (each.get("PYTHONPATH", "").split(os.pathsep) for each in (os.environ, env))
    sys.path[:] = [cwd, *filter(None, theirs), *(place for place in sys.path[1:] if place not in ours)]
    sys.argv = command
    os.environ.clear()
    os.environ.update(env)
    line.send(str(os.getpid()).encode())
    code = 0
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(OSError):  # nobody waits
        line.send(str(code).encode())
    os._exit(code)


if __name__ == "__main__":
    serve(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3]), sys.argv[3:])
