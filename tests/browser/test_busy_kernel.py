"""The panel while another cell runs: it acts where the kernel can hear, and says what is the matter where it cannot."""

import pytest
from playwright.sync_api import expect

from jupyter_browser.cells import BUSY, PANEL
from jupyter_browser.pages import Shown, until

# a kernel that knows no subshells, as ipykernel before 7
DEAF = "from aae_lib.live.link import Link\nLink._reply_subshell_for = lambda *_: None\n"
HEARING = "'Link' in globals() and '_reply_subshell_for' in vars(Link) and delattr(Link, '_reply_subshell_for')"
PLAY = "while not panel.training.pages:\n    pass\npanel.play()\n"


@pytest.fixture
def busy(open_notebook, notebooks, lab):
    """busy(cell, last) -> (panel, notebook, free()): Run All is in the last cell, and stays there until free()."""
    file = lab.folder / "busy"

    def build(cell, last=BUSY):
        notebook = open_notebook(cell, last)
        panel = Shown(notebook.page)
        panel.root.wait_for()
        until(file.exists, "the last cell runs")
        return panel, notebook, file.unlink

    yield build
    file.unlink(missing_ok=True)
    for notebook in notebooks:
        notebook.kernel(HEARING)


@pytest.mark.parametrize("turn", ["from the start", "again"])
def test_it_acts_while_another_cell_runs(busy, turn):
    panel, notebook, free = busy(PANEL)
    until(lambda: panel.frames, "the first picture")
    panel.play(steps=20)
    panel.drag(panel.slider("weights.generator"), 0.8)
    until(lambda: panel.uses[0]["weights"]["generator"] > 2, "the slider is used")
    panel.pause()
    free()  # FileNotFoundError if the cell has ended
    assert notebook.kernel("panel.status") == "paused"


def test_training_gives_way_to_a_cell_that_computes_and_says_so(busy):
    panel, _, free = busy(PANEL, BUSY.replace("time.sleep(0.02)", "sum(range(1000))"))
    until(lambda: panel.frames, "the first picture")
    panel.play(steps=5)
    panel.expect_text(".aae-status", "Another cell runs: training gives way.")
    panel.drag(panel.slider("weights.generator"), 0.8)
    until(lambda: panel.uses[0]["weights"]["generator"] > 2, "the slider is used")
    free()
    panel.expect_text(".aae-status", "Training.")
    panel.pause()


def test_where_the_kernel_cannot_hear_the_page_says_so_and_the_thumb_stays(busy):
    panel, _, free = busy(PANEL, PLAY + DEAF + BUSY)
    panel.wait_step(1)
    slider = panel.slider("weights.generator")
    put = panel.drag(slider, 0.8)
    panel.expect_text(".aae-status", "Sent; the kernel is busy, and will act when it is free.")
    panel.wait_frames(3)  # training goes on, and none of its pictures moves the thumb
    assert float(slider.input_value()) == put
    assert panel.uses[0]["weights"]["generator"] == 1
    free()
    until(lambda: panel.uses[0]["weights"]["generator"] > 2, "the slider is used")
    until(lambda: "busy" not in panel.text(".aae-status"), "nothing waits any more")
    assert float(slider.input_value()) == put


def test_a_panel_that_waits_says_starting_and_nothing_of_installing(busy):
    panel, notebook, free = busy(DEAF + PANEL)
    panel.expect_text(".aae-status", "starting… The kernel is busy; the panel goes on as soon as it is free.")
    free()
    until(lambda: panel.frames, "the first picture")
    panel.play(steps=20)
    panel.pause()
    for _ in range(2):
        until(lambda: panel.frames, "the first picture")
        expect(notebook.page.get_by_text("pip install")).not_to_be_visible()
        picture = notebook.page.locator(".jp-RenderedHTMLCommon img").first
        expect(picture).to_be_attached()
        expect(picture).to_be_hidden()  # the panel shows the same and more
        notebook.command("docmanager:save")
        notebook.page.reload()
