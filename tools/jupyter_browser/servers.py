"""A notebook server with folders, a free port and a token of its own, gone at the end."""

import ast
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import nbformat
from jupyter_client import BlockingKernelClient

COMMON = ("--ServerApp.ip=127.0.0.1", "--ServerApp.allow_root=True", "--no-browser", "--ServerApp.port_retries=0")
APPS = {
    "lab": ("jupyterlab", *COMMON, "--LabApp.expose_app_in_browser=True"),
    "notebook": ("notebook", *COMMON, "--JupyterNotebookApp.expose_app_in_browser=True"),
    "voila": ("voila", "--Voila.ip=127.0.0.1", "--no-browser", "--Voila.port_retries=0"),
}


def wait_for_answer(url: str, process: subprocess.Popen[bytes], seconds: float = 240) -> None:
    """Until the process answers there, be it with an error page; OSError if it ends or takes longer.

    Jupyter's servers write their address down before they listen.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=60).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)


class Server:
    """JupyterLab ("lab"), Notebook 7 ("notebook") or Voila ("voila") on the notebooks of one folder.

    folder   gets the notebooks, and in folders of their own all that Jupyter and IPython keep
    python   the interpreter to run it with; its kernels run with the same
    more     further variables for its environment
    """

    def __init__(
        self, folder: Path, app: str = "lab", python: str | Path = sys.executable, more: dict[str, str] | None = None
    ) -> None:
        self.folder, self.app, self.token, self.port = folder / "notebooks", app, secrets.token_hex(16), free_port()
        self.folder.mkdir(parents=True)
        self.runtime = folder / "runtime"
        folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
        environment = {k: v for k, v in os.environ.items() if k not in ("AAE_STRICT", "JUPYTER_TOKEN")}
        environment |= {name: str(folder / value) for name, value in (folders | {"IPYTHONDIR": "ipython"}).items()}
        environment |= more or {}
        lab_settings = folder / "config" / "labconfig" / "page_config.json"
        lab_settings.parent.mkdir(parents=True)
        lab_settings.write_text(
            json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
        )
        module, *options = APPS[app]
        name = "Voila" if app == "voila" else "ServerApp"
        options += [f"--{name}.token={self.token}", f"--{name}.port={self.port}", f"--{name}.root_dir={self.folder}"]
        self.log = folder / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, "-m", module, *options],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Wait until it answers."""
        try:
            wait_for_answer(f"http://127.0.0.1:{self.port}/login", self.process)
        except OSError as error:
            self.close()
            raise RuntimeError(f"{self.app} did not start:\n{self.log.read_text()[-3000:]}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it; a server that is asked to end ends its kernels."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, name: str, cells: list[str]) -> None:
        """A notebook of these code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    def url(self, name: str) -> str:
        """Where a notebook opens, with the token."""
        path = {"lab": "lab/tree", "notebook": "notebooks", "voila": "voila/render"}[self.app]
        reset = "reset&" if self.app == "lab" else ""
        return f"http://127.0.0.1:{self.port}/{path}/{name}.ipynb?{reset}token={self.token}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """The server's own answer under api/, e.g. ask("sessions")."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read() or "null")

    def kernel_of(self, name: str) -> "Kernel":
        """The kernel that runs a notebook."""
        (found,) = (s["kernel"]["id"] for s in self.ask("sessions") if s["path"] == f"{name}.ipynb")
        return Kernel(self.runtime / f"kernel-{found}.json")


class Kernel:
    """Asks a running kernel, past the page: kernel("panel.trainer.steps") evaluates an expression there."""

    def __init__(self, connection_file: Path) -> None:
        self.client = BlockingKernelClient(connection_file=str(connection_file))
        self.client.load_connection_file()
        self.client.start_channels(hb=False)

    def __call__(self, expression: str, timeout: float = 240) -> Any:
        """The value of the expression, if Python can read it from its repr; else the repr."""
        reply = self.client.execute(
            "", silent=True, store_history=False, user_expressions={"value": expression}, reply=True, timeout=timeout
        )
        value = reply["content"]["user_expressions"]["value"]
        if value["status"] == "error":
            raise RuntimeError(f"{value['ename']}: {value['evalue']}")
        text = value["data"]["text/plain"]
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text

    def close(self) -> None:
        self.client.stop_channels()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
