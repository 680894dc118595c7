"""`make demo`: the panel as a page by itself, on this machine only, behind a token."""

import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from jupyter_browser.pages import PATIENCE, Shown, until
from jupyter_browser.servers import free_port, wait_for_answer

from .test_layout import OVERLAPS, all_seen, fits_a_phone, rests

ROOT = Path(__file__).parents[2]
CULL = "--MappingKernelManager.cull_idle_timeout=15 --MappingKernelManager.cull_interval=1"


@pytest.fixture
def demo(tmp_path):
    """Started by the command of the Makefile -> (process, its log, its address with the token)."""
    line = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", "demo", f"ARGS=--port={free_port()} {CULL}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()[-1]  # fmt: skip
    _, *arguments = shlex.split(line)
    log = tmp_path / "log"
    environment = {name: value for name, value in os.environ.items() if name != "AAE_STRICT"}
    with log.open("w") as out:
        process = psutil.Popen(
            [sys.executable, "-m", "voila", *arguments], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        (url,) = until(lambda: re.findall(r"http://\S+token=\w+", log.read_text()), "an address with a token")
        wait_for_answer(url.split("?")[0], process)  # without the token no page is run
        yield process, log, url
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
            process.wait(60)


def test_the_demo_is_a_bare_page_with_the_panel_for_whoever_has_the_token(browser, demo):
    process, log, url = demo
    bare = url.split("?")[0]
    with urllib.request.urlopen(bare) as answer:
        assert "/login" in answer.url
    port = int(re.search(r":(\d+)/", url)[1])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port))  # it listens at one address only

    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(PATIENCE * 1000)
    answered = []
    page.on("response", lambda response: answered.append(response.url))
    page.goto(url)
    panel = Shown(page)
    panel.root.wait_for()
    panel.play(steps=20)
    picture = panel.root.locator(".aae-strip canvas").first
    assert picture.evaluate("c => [c.width, c.height]") == [28, 28], "digits that a room can read"
    for width, height in ((1280, 720), (1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        all_seen(panel)
        assert rests(panel, OVERLAPS) == []
    fits_a_phone(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    panel.drag(panel.slider("weights.generator"), 0.8)
    until(lambda: panel.uses[0]["weights"]["generator"] > 2, "the slider is used")
    assert page.locator(".jp-InputArea-editor, .jp-CodeCell .jp-InputPrompt").count() == 0, "no code is shown"
    elsewhere = [address for address in answered if not address.startswith((bare, "data:", "blob:"))]
    assert elsewhere == [], "nothing comes from other machines"

    kernels = [child for child in process.children(recursive=True) if "ipykernel" in " ".join(child.cmdline())]
    assert len(kernels) == 1
    panel.pause()
    page.close()  # without a good-bye: the browser has crashed, say
    until(lambda: "Culling" in log.read_text(), "the kernel is seen to be idle")
    until(lambda: not any(kernel.is_running() for kernel in kernels), "and is ended")
