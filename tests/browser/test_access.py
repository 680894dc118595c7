"""The panel for everybody: axe-core, keyboard alone, names for all."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from jupyter_browser.cells import PANEL, SETUP
from jupyter_browser.pages import Shown, until

WIDGETS = ("button", "slider", "spinbutton", "combobox", "checkbox", "switch", "application", "radio")


def faults(page, part, **options):
    """Serious and critical findings of axe-core in a part of the page."""
    found = (
        Axe()
        .run(page, context={"include": [[part]]}, options={"resultTypes": ["violations"], **options})
        .response["violations"]
    )
    return [
        f"{v['impact']}: {v['help']}: {node['html'][:120]} {node['failureSummary']}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious(open_panel, theme):
    panel, notebook = open_panel()
    notebook.command("apputils:change-theme", theme=theme)
    try:
        until(lambda: notebook.page.evaluate("document.body.dataset.jpThemeName") == theme, theme)
        panel.play(steps=20)
        panel.pause()
        panel.press("step")
        assert faults(notebook.page, ".aae-panel") == []
        panel.root.locator("select.aae-prior").select_option(label="draw your own…")
        assert faults(notebook.page, ".aae-panel") == []
        panel.root.get_by_role("button", name="cancel").click()
        panel.drag(panel.root.locator("input.aae-scrub"), 0.2)
        panel.press("fork")
        until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
        assert faults(notebook.page, ".aae-panel") == []
    finally:
        notebook.command("apputils:change-theme", theme="JupyterLab Light")


EVERYTHING = """
from IPython.display import display
from aae_lib.course import predict, quiz
display(predict("Heads or tails?", ["heads", "tails"]), aae.live.Pad(), quiz("04"))
first = aae.live.Panel(trainer())
display(first)
panel = aae.live.Panel(trainer(), view="tug")
display(panel)
aae.plots.latent(panel.trainer.model, data.test)
"""


def test_axe_finds_nothing_serious_on_a_page_with_everything_and_ids_are_unique(open_notebook):
    notebook = open_notebook(EVERYTHING)
    notebook.page.locator(".aae-pad canvas").wait_for()
    until(lambda: notebook.page.locator(".aae-panel").count() and Shown(notebook.page, -1).frames, "the panel")
    assert faults(notebook.page, ".jp-OutputArea") == []
    ids = notebook.page.evaluate("[...document.querySelectorAll('.jp-OutputArea [id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert len([name for name in ids if name.startswith("aae-")]) > 5
    unreached = "ls => ls.filter(l => l.htmlFor && !l.getRootNode().getElementById(l.htmlFor)).map(l => l.outerHTML)"
    assert notebook.page.locator(".aae-panel label").evaluate_all(unreached) == []


def test_tab_reaches_every_control_and_every_control_has_a_name(open_panel):
    panel, notebook = open_panel()
    snapshot = panel.root.aria_snapshot()
    controls = re.findall(rf"^\s*- ({'|'.join(WIDGETS)})(?: \"(.+)\")?", snapshot, re.M)
    assert len(controls) > 15
    assert [role for role, name in controls if not name] == []

    wanted = panel.root.evaluate(
        """root => { window.wanted = [...root.querySelectorAll('button, input, select, summary, [tabindex="0"]')]
             .filter(e => !e.disabled && e.checkVisibility() && e.tabIndex >= 0); return window.wanted.length }"""
    )
    panel.root.evaluate("() => window.wanted[0].focus()")
    reached = set()
    for _ in range(wanted):
        reached.add(notebook.page.evaluate("window.wanted.indexOf(document.activeElement)"))
        notebook.page.keyboard.press("Tab")
    assert set(range(wanted)) - reached == set()


def test_the_keyboard_alone_plays_pauses_and_moves_a_slider(open_panel):
    panel, notebook = open_panel()
    keyboard = notebook.page.keyboard
    panel.button("play").focus()
    keyboard.press("Enter")
    panel.wait_step(5)
    tab_to(notebook.page, panel.slider("weights.generator"))
    keyboard.press("Home")
    until(lambda: notebook.kernel("panel.trainer.weights['generator']") == 0, "weight 0")
    keyboard.press("ArrowRight")
    until(lambda: notebook.kernel("panel.trainer.weights['generator']") > 0, "a little more")
    until(lambda: panel.uses[0]["weights"]["generator"] > 0, "and used")
    panel.plot().focus()
    keyboard.press("Space")
    panel.wait_status("paused")
    assert notebook.page.locator(".jp-Notebook.jp-mod-editMode").count() == 0
    keyboard.press("ArrowRight")
    until(lambda: panel.text(".aae-card b").startswith("z = ("), "a place pointed at")
    keyboard.press("Space")
    panel.wait_status("playing")
    keyboard.press("Escape")
    until(lambda: panel.text(".aae-card b") == "point at the plane", "none")
    assert notebook.page.locator(".jp-Cell").count() == 2  # JupyterLab took none of the keys for itself


def test_ctrl_s_saves_with_the_panel_in_focus(open_panel):
    panel, notebook = open_panel()
    dirty = "jupyterapp.shell.currentWidget.context.model.dirty"
    notebook.put([SETUP, f"{PANEL}  # changed"])
    for part in (panel.plot(), panel.slider("weights.generator"), panel.root.locator("[data-box]").first):
        notebook.page.evaluate(f"{dirty} = true")
        part.focus()
        # JupyterLab drops a wish to save while the save before it ends: a hand presses again
        until(lambda: notebook.page.keyboard.press("Control+s") or notebook.page.evaluate(f"!{dirty}"), "saved")


def test_the_tug_says_both_weights_and_all_defaults_puts_every_slider_back(open_panel):
    panel, notebook = open_panel('panel = aae.live.Panel(trainer(), view="tug")\npanel')
    tug = panel.slider("tug")
    panel.drag(tug, 0.75)
    until(lambda: notebook.kernel("panel.trainer.weights['reconstruction']") < 1, "the weight")
    spoken = r"reconstruction × 0\.[45]\d*, generator × 1"
    until(lambda: re.fullmatch(spoken, tug.get_attribute("aria-valuetext")), "both weights")
    panel.press("more")
    panel.drag(panel.slider("rate"), 0.2)
    panel.drag(panel.slider("weights.discriminator"), 0.9)
    until(lambda: notebook.kernel("panel.trainer.weights['discriminator']") > 2, "the weight")
    panel.press("defaults")
    weights = "[panel.trainer.rate, *panel.trainer.weights.values()]"
    until(lambda: set(notebook.kernel(weights)) == {1}, "all as at first")
    until(lambda: tug.input_value() == "0.5", "the tug too")


def tab_to(page, wanted):
    """Press Tab until the element has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("e => e === document.activeElement"):
            return
    pytest.fail("Tab does not get there")
