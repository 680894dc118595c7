"""JupyterLab without widgets, as when server and kernel live in different environments: a sentence, and the picture."""

import json

from jupyter_browser.cells import SETUP
from jupyter_browser.pages import Notebook, until
from jupyter_browser.servers import Server

PANEL = "panel = aae.live.Panel(trainer(), max_steps=60)\npanel"
SOON = "aae.live.training_thread.UNSEEN = 0.2"  # seconds between two pictures


def test_a_page_without_widgets_says_how_to_fix_it_and_shows_the_picture(browser, tmp_path):
    settings = tmp_path / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}))
    more = {"JUPYTER_CONFIG_PATH": str(tmp_path / "config")}
    with Server(tmp_path / "lab", more=more) as server:
        server.write("bare", [SETUP, SOON, PANEL])
        notebook = Notebook(browser, server, "bare")
        notebook.open()
        notebook.run_all()
        page = notebook.page
        page.get_by_text("pip install anywidget").first.wait_for()
        assert page.locator(".aae-panel").count() == 0
        picture = page.locator(".jp-OutputArea img[alt^='The live panel']")
        until(lambda: picture.evaluate("e => e.naturalWidth") > 300, "a picture of the beginning")
        first = picture.get_attribute("src")
        notebook.kernel("panel.play()")
        until(lambda: picture.get_attribute("src") != first, "the picture follows the training")
        notebook.close()
