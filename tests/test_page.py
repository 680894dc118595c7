"""The page of the live panel: the committed bundle is what its sources give, and they pass checks of their own."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import aae_lib as aae
from aae_lib.live import Compare, Panel

pytestmark = pytest.mark.slow

LIVE = Path(aae.__file__).parent / "live"
PAGE, STATIC = LIVE / "page", LIVE / "static"
NODE = (20, 19)  # or newer


@pytest.fixture(scope="module")
def npm():
    """npm(*arguments) in the page's folder, with its packages installed; fails with what npm printed."""

    def missing(reason):
        reason += "; users need none of this, who changes the page does"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)

    def run(*arguments):
        command = [shutil.which("npm"), *arguments]
        return subprocess.run(command, cwd=PAGE, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})

    def checked(*arguments):
        done = run(*arguments)
        assert done.returncode == 0, f"npm {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"

    if not shutil.which("npm") or not shutil.which("node"):
        missing("no Node.js")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < NODE:
        missing(f"Node.js {version} is older than {'.'.join(map(str, NODE))}")
    lock, installed = PAGE / "package-lock.json", PAGE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        done = run("ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
        if done.returncode:
            missing(f"npm ci failed: {done.stderr.strip()}")
        installed.touch()
    return checked


def test_the_bundle_is_what_its_sources_give(npm, tmp_path):
    npm("run", "build", "--", f"--outfile={tmp_path / 'panel.js'}")
    assert {path.name for path in tmp_path.iterdir()} == {"panel.js", "panel.css"}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (STATIC / path.name).read_bytes(), f"{path.name} is not up to date: run make page"


def test_the_front_page_of_the_book_is_what_its_sources_give(npm, tmp_path):
    npm("run", "build:front", "--", f"--outfile={tmp_path / 'front.js'}")
    for path in tmp_path.iterdir():
        committed = STATIC.parents[2] / "docs" / "front" / path.name
        assert path.read_bytes() == committed.read_bytes(), f"{path.name} is not up to date: run make page"


def test_what_needs_no_browser(npm):
    npm("test")


class Ear:
    """A stand-in for the widget: keeps what is sent, in every kind of message."""

    def __init__(self, panel):
        self.panel, self.sent = panel, []
        panel._widget = self
        for request in ({"do": "hello"}, {"do": "play"}, {"do": "pause"}, {"do": "step"}, {"do": "scrub", "at": 0}):
            self.request("frame", request)
        self.request("point", {"do": "point", "run": 0, "x": 0.5, "y": 0.5})
        self.request("say", {"do": "no such thing"})
        self.sent.append({"kind": "spec", "spec": panel._spec()})

    def request(self, kind, request):
        """Returns when a message of this kind has come after it."""
        before = len(self.sent)
        self.panel._heard(self, request, [])
        end = time.monotonic() + 300
        while kind not in {content["kind"] for content in self.sent[before:]}:
            assert time.monotonic() < end, f"{request} brought no {kind}"
            time.sleep(0.01)

    def send(self, content, _buffers=()):
        self.sent.append(content)

    def close(self):
        pass


def test_what_python_sends_has_the_types_that_the_page_expects(npm, make, tmp_path):
    panels = [
        lambda: Panel(make()),
        lambda: Panel(make(latent_dim=3), view="tug"),
        lambda: Panel(make(aae.MapAAE, categories=4)),
        lambda: Compare(make(), make(aae.VAE)),
    ]
    sent = []
    for build in panels:
        panel = build()
        sent += Ear(panel).sent
        panel.close()
    (tmp_path / "sent.ts").write_text(
        f'import type {{ FromPython, Spec }} from "{(PAGE / "messages").as_posix()}";\n'
        f'export const sent: (FromPython | {{ kind: "spec"; spec: Spec }})[] = {json.dumps(sent)};\n'
    )
    config = {"extends": (PAGE / "tsconfig.json").as_posix(), "include": ["sent.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    npm("exec", "tsc", "--", "--project", str(tmp_path))
