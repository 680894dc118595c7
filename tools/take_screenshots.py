"""The pictures of the live panel in docs/images, taken in a real browser: `python tools/take_screenshots.py`.

panel_light.png   everything, in the light theme, some way into a run
panel_dark.png    a fork next to its origin, in the dark theme
panel_large.png   the full screen of a projector: one phase has just been run
panel_phone.png   a phone

Each is what one screen shows: 1366 x 768, the same in the dark, 1920 x 1080, 390 x 844.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from jupyter_browser.pages import CHROMIUM, Notebook, Shown, find_browser, until
from jupyter_browser.servers import Server

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CELL = """
import torch
import aae_lib as aae

torch.set_num_threads(1)
data = aae.load("mini_mnist")
model = aae.AAE(data.image_shape, hidden=(200, 200), prior=aae.priors.{prior}, seed=0{more})
known = aae.pretrained.load("vae")  # its two halves know handwriting already
model.encoder, model.decoder = known.encoder, known.decoder
trainer = aae.Trainer(model, data, seed=0, device="cpu", schedule=aae.Cosine(1500, final=0.02))
panel = aae.live.Panel(trainer, view="{view}")
panel
"""


def main() -> None:
    """Take all four."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM)
        with Server(Path(folder) / "lab") as server:
            for take, size, cell in (
                (light, (1366, 768), CELL.format(prior="GaussianRing(10)", more=", classes=10", view="all")),
                (dark, (1366, 768), CELL.format(prior="SwissRoll()", more="", view="all")),
                (large, (1920, 1080), CELL.format(prior="Gaussian(2)", more="", view="tug")),
            ):
                name = f"panel_{take.__name__}"
                server.write(name, [cell])
                notebook = Notebook(chromium, server, name)
                notebook.open()
                notebook.show(*size)
                notebook.run_all()
                panel = Shown(notebook.page)
                panel.root.wait_for()
                until(lambda panel=panel: panel.frames, "the first picture")
                panel.root.evaluate("e => e.scrollIntoView()")
                take(notebook, panel)
                notebook.page.wait_for_timeout(1500)
                notebook.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
                notebook.close()
        with Server(Path(folder) / "voila", app="voila") as server:
            server.write("panel_phone", [CELL.format(prior="GaussianRing(10)", more="", view="tug")])
            phone(chromium, server.url("panel_phone"))
        chromium.close()


def train(panel: Shown, steps: int) -> None:
    """This many steps, however slow the machine."""
    end = panel.step + steps
    panel.press("play")
    until(lambda: panel.step >= end, f"step {end}", seconds=600)
    panel.pause()


def light(notebook: Notebook, panel: Shown) -> None:
    train(panel, 1500)
    click(notebook, panel, 0.66, 0.30)


def click(notebook: Notebook, panel: Shown, x: float, y: float) -> None:
    """Keep a place of the plane, and wait for what the decoder makes of it."""
    box = panel.plot().bounding_box()
    notebook.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    panel.root.locator(".aae-card canvas").first.wait_for()


def dark(notebook: Notebook, panel: Shown) -> None:
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    train(panel, 800)
    panel.drag(panel.root.locator("input.aae-scrub"), 0.35)
    panel.wait_status("past")
    panel.press("fork")
    until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
    panel.drag(panel.slider("weights.generator", run=1), 0.05)
    train(panel, 600)
    click(notebook, panel, 0.6, 0.4)
    panel.root.evaluate("e => e.scrollIntoView()")


def large(notebook: Notebook, panel: Shown) -> None:
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    train(panel, 400)
    panel.press("large")
    panel.press("step")
    until(lambda: notebook.kernel("panel.training.runs[0].lit") == "reconstruction", "a phase")
    click(notebook, panel, 0.6, 0.4)


def phone(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    page.goto(url)
    panel = Shown(page)
    panel.root.wait_for(timeout=60_000)
    until(lambda: panel.frames, "the first picture")
    train(panel, 600)
    panel.plot().click()
    panel.root.locator(".aae-card canvas").first.wait_for()
    panel.root.evaluate("e => e.scrollIntoView()")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "panel_phone.png", animations="disabled")
    page.close()


if __name__ == "__main__":
    main()
