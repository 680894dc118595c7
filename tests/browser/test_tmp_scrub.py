import pytest
from browser.pages import until
@pytest.mark.parametrize("i", range(4))
def test_scrub(open_panel, i):
    panel, notebook = open_panel()
    panel.play(steps=150)
    panel.pause()
    r = panel.root.locator("input.aae-scrub")
    for f in (.4,.8,.2,.6):
        place = panel.drag(r, f)
        notebook.page.wait_for_timeout(700)
        print(f, "place", place, "max", r.get_attribute("max"), "value", r.input_value(), "at", notebook.kernel("panel.at"), "newest", notebook.kernel("panel._newest"), "moments", notebook.kernel("len(panel.clock.lanes[0].past.moments)"), panel.step, panel.status)
