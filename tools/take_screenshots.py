"""The pictures of the live panel in docs/images, taken in a real browser: `python tools/take_screenshots.py`.

panel_light.png   everything, in the light theme, some way into a run
panel_dark.png    a fork beside its origin, in the dark theme
panel_large.png   large mode for the projector: one phase has just been run
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from jupyter_browser.pages import CHROMIUM, Notebook, Shown, find_browser, until
from jupyter_browser.servers import Server

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CELL = """
import torch
import aae_lib as aae

torch.set_num_threads(1)
data = aae.load("digits")
model = aae.AAE(data.image_shape, prior=aae.priors.{prior}, seed=0{more})
panel = aae.live.Panel(aae.Trainer(model, data, seed=0), view="{view}")
panel
"""


def main() -> None:
    """Take all three."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM)
        with Server(Path(folder) / "lab") as server:
            for take, cell in (
                (light, CELL.format(prior="GaussianRing(10)", more=", classes=10", view="all")),
                (dark, CELL.format(prior="SwissRoll()", more="", view="all")),
                (large, CELL.format(prior="Gaussian(2)", more="", view="tug")),
            ):
                name = f"panel_{take.__name__}"
                server.write(name, [cell])
                notebook = Notebook(chromium, server, name)
                notebook.page.set_viewport_size({"width": 1500, "height": 1700})
                notebook.open()
                notebook.command("application:toggle-left-area")
                notebook.run_all()
                panel = Shown(notebook.page)
                panel.root.wait_for()
                until(lambda panel=panel: panel.frames, "the first picture")
                take(notebook, panel)
                tall = panel.root.evaluate("e => e.getBoundingClientRect().height")
                notebook.page.set_viewport_size({"width": 1500, "height": int(tall) + 400})
                notebook.page.wait_for_timeout(1500)
                panel.root.scroll_into_view_if_needed()
                panel.root.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
                notebook.close()
        chromium.close()


def light(notebook: Notebook, panel: Shown) -> None:
    panel.play(steps=1500)
    panel.pause()
    box = panel.plot().bounding_box()
    notebook.page.mouse.click(box["x"] + 0.66 * box["width"], box["y"] + 0.30 * box["height"])
    panel.root.locator(".aae-card canvas").first.wait_for()


def dark(notebook: Notebook, panel: Shown) -> None:
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    panel.play(steps=800)
    panel.pause()
    panel.drag(panel.root.locator("input.aae-scrub"), 0.35)
    panel.wait_status("past")
    panel.press("fork")
    until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
    panel.drag(panel.slider("weights.generator", run=1), 0.05)
    panel.play(steps=600)
    panel.pause()


def large(notebook: Notebook, panel: Shown) -> None:
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    panel.play(steps=400)
    panel.pause()
    panel.root.locator(".aae-large").click()
    panel.press("step")
    until(lambda: notebook.kernel("panel.training.runs[0].lit") == "reconstruction", "a phase")


if __name__ == "__main__":
    main()
