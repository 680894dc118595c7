"""The class server as a process that tests and benchmarks start, kill and look into; only ever on 127.0.0.1."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psutil

HERE = Path(__file__).resolve().parent
PROXY = HERE / "node_modules" / ".bin" / "configurable-http-proxy"


class ClassServer:
    """`make hub` with a folder of its own, at free ports; all that it has started is gone at the end.

    `within` is a command to run it with: one that makes a namespace, say.
    """

    def __init__(self, state: Path, within: Sequence[str] = (), **options: str) -> None:
        self.within = within
        self.state, self.port, self.log = state.resolve(), three_free_ports(), state / "hub.log"
        self.options = {"HUB_DIR": str(self.state), "HUB_PORT": str(self.port), "HUB_ALLOW_ROOT": "1"} | options
        self.certificate = options.get("HUB_CERT")
        self.address = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"
        self.state.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_hub()  # asked to end, it would take half a minute to end learners' servers one by one
        while left := self.processes():  # one of these may just have started another
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
                    process.wait(60)

    def start(self) -> None:
        """Start the hub, again if need be, and wait until it answers."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")} | self.options
        command = [*self.within, sys.executable, "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]
        with self.log.open("a") as log:
            self.hub = subprocess.Popen(
                command, cwd=HERE.parents[1], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_up()

    def wait_until_up(self, seconds: float = 240) -> None:
        """Until hub and proxy answer."""
        end = time.monotonic() + seconds
        trust = ssl.create_default_context(cafile=self.certificate) if self.certificate else None
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/hub/api/", timeout=60, context=trust).close()
                return
            if self.hub.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the hub did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.2)

    def kill_hub(self) -> None:
        """As a power cut does, for the hub alone."""
        self.hub.kill()
        self.hub.wait()

    def kill_proxy(self) -> None:
        """The same for the proxy."""
        os.kill(int((self.state / "jupyterhub-proxy.pid").read_text()), signal.SIGKILL)

    @property
    def passwords(self) -> dict[str, str]:
        """The class's and the teacher's."""
        return json.loads((self.state / "passwords.json").read_text())

    def processes(self, learner: str | None = None) -> list[psutil.Process]:
        """All that this hub has started, or what one learner has; sandboxed ones too."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                has = process.environ()
                if learner is None:
                    ours = has.get("AAE_HUB_STATE") == str(self.state) or has.get("HUB_DIR") == str(self.state)
                else:
                    ours = has.get("AAE_HUB_STATE") == str(self.state) and has.get("JUPYTERHUB_USER") == learner
                if ours and process.pid != os.getpid():
                    found.append(process)
        return found


def three_free_ports() -> int:
    """The first of three ports in a row that nobody uses: the proxy's, the hub's, the proxy's own."""
    while True:
        with contextlib.ExitStack() as stack:
            try:
                first = stack.enter_context(socket.socket())
                first.bind(("127.0.0.1", 0))
                port = first.getsockname()[1]
                for more in (1, 2):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + more))
            except (OSError, OverflowError):
                continue
            return port
