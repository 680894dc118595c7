"""A notebook open in the browser, and the panel in it as a person finds it: buttons, sliders, what is written there."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from .servers import Kernel, Server

CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
PATIENCE = 120.0  # seconds to wait for what must come, also on a busy machine; nothing is asserted about time


def find_browser() -> str | None:
    """AAE_BROWSER, or a Chromium on the PATH."""
    names = [os.environ.get("AAE_BROWSER"), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


def until(question: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what} (now {answer!r})")
        time.sleep(0.05)
    return answer


# page and kernel know each other; the sign for "idle" in the toolbar is there before, and Run All then does nothing
READY = """() => {
  const context = window.jupyterapp?.shell.currentWidget?.sessionContext
  return context?.isReady && context.session?.kernel?.status === 'idle' && !!document.querySelector('.jp-Cell')
}"""


class Notebook:
    """One notebook in a page of its own, its kernel running."""

    def __init__(self, browser: Browser, server: Server, name: str) -> None:
        self.browser, self.server, self.name = browser, server, name
        self.console: list[str] = []
        self.page = self._new_page()
        self.kernel: Kernel | None = None

    def _new_page(self) -> Page:
        page = self.browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"page error: {error}\n{error.stack}"))
        return page

    def open(self) -> None:
        """Open it and wait for the kernel; once more if it does not come: a first start may be too slow."""
        for attempt in (1, 2):
            try:
                self.page.goto(self.server.url(self.name))
                self.ready()
                break
            except Exception:
                if attempt == 2:
                    raise
        self.kernel = self.kernel or self.server.kernel_of(self.name)

    def ready(self) -> None:
        """Wait until the page knows its kernel and that is idle; before, also after a reload, it does not run cells."""
        self.page.wait_for_function(READY)

    def command(self, name: str, **arguments: Any) -> None:
        """A command of JupyterLab's menus, e.g. "docmanager:save"; returns when it is done."""
        self.page.evaluate("async ([name, to]) => { await jupyterapp.commands.execute(name, to) }", [name, arguments])

    def show(self, width: int = 1400, height: int = 1000, sidebar: bool = False) -> None:
        """Make the window so large, with the sidebar or without."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate(f"jupyterapp.shell.{'expand' if sidebar else 'collapse'}Left()")

    def put(self, cells: list[str]) -> None:
        """Write these into the notebook's cells, of which there are as many."""
        write = (
            "jupyterapp.shell.currentWidget.content.model.sharedModel.cells.forEach((c, i) => c.setSource(cells[i]))"
        )
        self.page.evaluate(f"cells => {{ {write} }}", cells)

    def run_all(self) -> None:
        """Run > Run All Cells, to the end; RuntimeError with the text of a cell that failed."""
        self.command("notebook:run-all-cells")
        failed = self.page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]')
        if failed.count():
            raise RuntimeError(failed.first.inner_text())

    def start_all(self) -> None:
        """Run > Run All Cells, without waiting for the end."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")

    def add(self, source: str, wait: bool = True) -> None:
        """Type a new cell at the end and run it."""
        self.command("notebook:insert-cell-below")
        write = "text => { jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource(text) }"
        self.page.evaluate(write, source)
        if wait:
            self.command("notebook:run-cell")
        else:
            self.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell') }")

    def said(self) -> list[str]:
        """What the page wrote on its console since this was asked last."""
        new, self.console = self.console, []
        return new

    def restart(self) -> None:
        """Kernel > Restart Kernel, and yes."""
        done = ".then(() => { window.restarted = true })"
        restart = f"jupyterapp.commands.execute('notebook:restart-kernel'){done}"
        self.page.evaluate(f"() => {{ window.restarted = false; {restart} }}")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_function("window.restarted")
        self.ready()
        self.kernel.close()
        self.kernel = self.server.kernel_of(self.name)

    def close(self) -> None:
        if self.kernel:
            self.kernel.close()
            self.kernel = None
        for session in self.server.ask("sessions"):
            if session["path"] == f"{self.name}.ipynb":
                self.server.ask(f"sessions/{session['id']}", "DELETE")
        self.page.close()

    def keep(self, folder: Path, name: str) -> None:
        """What the page shows and said, for anyone who looks into a failure."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.log").write_text("\n".join(self.console))
        self.page.screenshot(path=folder / f"{name}.png", timeout=10_000)


class Shown:
    """A live panel as the page shows it; `index` counts the panels of the page from 0."""

    def __init__(self, page: Page, index: int = 0) -> None:
        self.page, self.root = page, page.locator(".aae-panel").nth(index)

    @property
    def step(self) -> int:
        return int(self.root.get_attribute("data-step") or 0)

    @property
    def status(self) -> str:
        return self.root.get_attribute("data-status") or ""

    @property
    def frames(self) -> int:
        return int(self.root.get_attribute("data-frames") or 0)

    @property
    def uses(self) -> list[dict[str, Any]]:
        """What the trainer's last step used, a dict a run."""
        return json.loads(self.root.get_attribute("data-uses") or "[]")

    def button(self, do: str) -> Locator:
        return self.root.locator(f'[data-do="{do}"]').first

    def press(self, do: str) -> None:
        self.button(do).click()

    def play(self, steps: int = 1) -> None:
        """Press play and wait for some steps."""
        start = self.step
        self.press("play")
        self.wait_step(start + steps)

    def pause(self) -> None:
        self.press("pause")
        self.wait_status("paused")

    def wait_status(self, *status: str) -> None:
        until(lambda: self.status in status, f"status {' or '.join(status)}")

    def wait_step(self, step: int) -> None:
        until(lambda: self.step >= step, f"step {step}")

    def wait_frames(self, more: int = 1) -> None:
        """New pictures."""
        start = self.frames
        until(lambda: self.frames >= start + more, f"{more} more frames")

    def slider(self, key: str, run: int = 0) -> Locator:
        return self.root.locator(f'input[type="range"][data-key="{key}"][data-run="{run}"]')

    def drag(self, slider: Locator, fraction: float) -> float:
        """Drag a slider's thumb with the mouse to a fraction of its way; returns the slider's own value after."""
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        low, high, now = (float(slider.evaluate(f"s => s.{name}")) for name in ("min", "max", "value"))
        thumb = 16  # its middle goes from half a thumb to half a thumb before the end
        place = lambda t: box["x"] + thumb / 2 + t * (box["width"] - thumb)  # noqa: E731
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(place((now - low) / (high - low)), middle)
        self.page.mouse.down()
        self.page.mouse.move(place(fraction), middle, steps=8)
        value = float(slider.input_value())
        self.page.mouse.up()
        return value

    def plot(self, run: int = 0) -> Locator:
        return self.root.locator(f'.aae-plot[data-run="{run}"]').first

    def text(self, selector: str) -> str:
        return self.root.locator(selector).first.inner_text()

    def expect_text(self, selector: str, pattern: Any) -> None:
        expect(self.root.locator(selector).first).to_have_text(pattern, timeout=PATIENCE * 1000)
