"""The panel and the notebook round it: cells run again, pages reloaded, tabs closed, kernels restarted, files saved."""

import base64
import io
import re

import nbformat
import numpy as np
from nbconvert import HTMLExporter
from PIL import Image

from jupyter_browser.cells import PANEL
from jupyter_browser.pages import Shown, until

THREADS = "[t.name for t in __import__('threading').enumerate()].count('aae-live')"


def test_running_the_cell_again_stops_the_old_thread(open_panel):
    panel, notebook = open_panel()
    for _ in range(5):
        panel.play()
        notebook.run_all()
        panel = Shown(notebook.page)
        until(lambda panel=panel: panel.status == "paused" and panel.frames, "the new panel")
        assert notebook.kernel(THREADS) == 1
    assert notebook.kernel("panel.trainer.steps") == 0
    assert notebook.page.locator(".aae-panel").count() == 1


def test_a_reloaded_page_shows_the_panel_again(open_panel):
    panel, notebook = open_panel()
    panel.play()
    notebook.command("docmanager:save")
    notebook.page.reload()
    panel.root.wait_for()
    until(lambda: panel.frames, "the first picture")
    panel.wait_step(panel.step + 10)
    assert panel.status == "playing"
    panel.pause()


def test_a_closed_tab_does_no_harm_and_a_reopened_one_shows_the_panel(open_panel):
    panel, notebook = open_panel()
    panel.play()
    notebook.command("docmanager:save")
    notebook.command("application:close")
    panel.root.wait_for(state="detached")
    steps = notebook.kernel("panel.trainer.steps")
    until(lambda: notebook.kernel("panel.trainer.steps") > steps, "it trains on for a while")
    notebook.command("docmanager:open", path=f"{notebook.name}.ipynb")
    panel.root.wait_for()
    until(lambda: panel.frames, "the first picture")
    panel.wait_step(steps + 10)


def test_training_waits_when_no_page_answers_and_the_kernel_counts_as_idle(open_panel, lab):
    panel, notebook = open_panel()
    notebook.kernel("setattr(aae.live.training_thread, 'PATIENCE', 1.0)")
    try:
        panel.play()
        notebook.command("docmanager:save")
        notebook.command("application:close")
        until(lambda: notebook.kernel("panel.status") == "waiting", "it waits")
        steps = notebook.kernel("panel.trainer.steps")

        def silent(milliseconds):
            before = [kernel["last_activity"] for kernel in lab.ask("kernels")]
            notebook.page.wait_for_timeout(milliseconds)
            return [kernel["last_activity"] for kernel in lab.ask("kernels")] == before

        until(lambda: silent(1000), "the last messages have come")
        assert silent(5000)  # nothing is sent to nobody: servers end kernels that are idle for long
        assert notebook.kernel("panel.trainer.steps") == steps
        notebook.command("docmanager:open", path=f"{notebook.name}.ipynb")
        panel.root.wait_for()
        until(lambda: notebook.kernel("panel.trainer.steps") > steps, "and goes on when a page is there again")
    finally:
        notebook.kernel("setattr(aae.live.training_thread, 'PATIENCE', 30.0)")


def test_two_views_of_one_panel_show_the_same(open_panel):
    panel, notebook = open_panel()
    notebook.command("notebook:create-output-view")
    until(lambda: notebook.page.locator(".aae-panel").count() == 2, "a second view")
    second = Shown(notebook.page, 1)
    until(lambda: second.frames, "its first picture")
    panel.play(steps=10)
    second.wait_step(10)
    panel.drag(panel.slider("weights.generator"), 0.8)
    until(lambda: second.uses == panel.uses and second.uses[0]["weights"]["generator"] > 2, "the same settings in both")
    second.press("pause")
    panel.wait_status("paused")
    notebook.command("application:close")  # the second view is the current tab


def test_a_panel_says_that_another_one_has_closed_it(open_panel):
    panel, notebook = open_panel(f"{PANEL.splitlines()[0]}\ndisplay(panel)\n{PANEL.replace('panel', 'other')}")
    notebook.page.get_by_text("This panel was closed, because another one started").wait_for()
    assert notebook.page.locator(".aae-panel").count() == 1
    panel.play(steps=5)


def test_a_restarted_kernel_says_so_and_does_no_harm(open_panel):
    panel, notebook = open_panel()
    panel.play()
    notebook.restart()
    panel.expect_text(".aae-status", "The kernel was restarted, and this panel ended with it. Run the cell again.")
    assert panel.root.locator("button:enabled, input:enabled, select:enabled").count() == 0
    assert notebook.kernel("'panel' in globals()") is False
    notebook.run_all()
    until(lambda: panel.frames and panel.status == "paused", "a new panel")
    panel.play(steps=10)
    panel.pause()
    assert notebook.kernel(THREADS) == 1


def test_a_saved_notebook_holds_the_last_picture(open_panel, lab):
    panel, notebook = open_panel()
    panel.play(steps=100)
    panel.pause()
    until(lambda: picture(lab, notebook)[1] >= 100, "the picture of the last step is saved")
    image, _ = picture(lab, notebook)
    assert np.asarray(image).std() > 5
    assert min(image.size) > 300
    html, _ = HTMLExporter().from_filename(lab.folder / f"{notebook.name}.ipynb")
    pictures = re.findall(r'<img[^>]*src="data:image/png;base64,([^"]+)"', html)
    assert max(map(len, pictures)) > 5_000  # for anyone who reads it without Jupyter


def picture(lab, notebook):
    """The PNG in the saved file, and the step that its text names."""
    notebook.command("docmanager:save")
    saved = nbformat.read(lab.folder / f"{notebook.name}.ipynb", as_version=4)
    (data,) = [o["data"] for o in saved.cells[-1].outputs if "image/png" in o.get("data", {})]
    step = int(data["text/plain"].split("step ")[1].split()[0].strip(".,;").replace(",", ""))
    return Image.open(io.BytesIO(base64.b64decode(data["image/png"]))), step
