"""The panel as plain ipywidgets in a real JupyterLab: a button, a slider moved by keyboard, a picture."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from jupyter_browser.pages import until

CELL = 'panel = aae.live.Sliders(trainer(), view="tug", max_steps=100_000)\npanel'


def test_a_slider_acts_while_it_trains_and_the_picture_follows(open_notebook):
    notebook = open_notebook(CELL)
    page = notebook.page
    page.get_by_role("button", name="play", exact=True).click()
    until(lambda: notebook.kernel("panel.trainer.steps") > 20, "it trains")
    image = page.locator(".widget-image").first
    before = np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("L"), float)
    thumb = page.locator(".widget-slider", has_text="generator").nth(1).get_by_role("slider")
    thumb.focus()
    page.keyboard.press("End")
    until(lambda: notebook.kernel("float(panel.trainer.weights['generator'])") == 3, "the slider's effect")
    steps = notebook.kernel("panel.trainer.steps")
    until(lambda: notebook.kernel("panel.trainer.steps") > steps + 50, "it trains on")

    def follows():
        after = np.asarray(Image.open(io.BytesIO(image.screenshot())).convert("L"), float)
        return after.shape != before.shape or np.abs(after - before).mean() > 0.5

    until(follows, "another picture")
    if shots := os.environ.get("AAE_SHOTS"):
        page.screenshot(path=str(Path(shots) / "plain.png"))
    page.get_by_role("button", name="pause", exact=True).click()
    until(lambda: notebook.kernel("panel.status") == "paused", "pause")
