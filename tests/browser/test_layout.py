"""What a panel shows is seen: on one screen, side by side, nothing cut off, on a phone too."""

import pytest

from jupyter_browser.pages import Shown, until

SCREENS = [(1280, 720), (1366, 768), (1920, 1080)]
INSIDE = """(e, names) => {
  const box = e => e.getBoundingClientRect()
  let view = {top: 0, bottom: innerHeight}
  for (let up = e; up; up = up.matches(':fullscreen') ? null : up.parentElement)
    if (getComputedStyle(up).overflowY !== 'visible' && up.scrollHeight > up.clientHeight + 1)
      view = {top: Math.max(view.top, box(up).top), bottom: Math.min(view.bottom, box(up).bottom)}
  return names.filter(name => [...e.querySelectorAll(name)].filter(part => part.checkVisibility())
    .some(part => box(part).top < view.top - 1 || box(part).bottom > view.bottom + 1))
}"""
OVERLAPS = """e => {
  const seen = [...e.querySelectorAll('canvas, button, input, select, label, .aae-legend, .aae-card, .aae-step')]
    .filter(part => part.checkVisibility() && !part.matches('.aae-glass'))
  const boxes = seen.map(part => part.getBoundingClientRect())
  const wide = e.getBoundingClientRect()
  const found = boxes.flatMap((a, i) => boxes.slice(i + 1).map((b, k) => [a, b, seen[i], seen[i + 1 + k]]))
    .filter(([a, b, p, q]) => !p.contains(q) && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
                              && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2)
    .map(([, , p, q]) => `${p.className || p.tagName} over ${q.className || q.tagName}`)
  const cut = seen.filter((_, i) => boxes[i].right > wide.right + 1 || boxes[i].left < wide.left - 1)
  return [...found, ...cut.map(part => `${part.className || part.tagName} is cut off`)]
}"""
SEEN = [".aae-plot", ".aae-scrub", ".aae-mmd", ".aae-play", ".aae-shots", '[data-key^="weights"], [data-key="tug"]']


def all_seen(panel, parts=SEEN):
    """Wait until all of these lie on the screen as a whole."""
    out = []
    try:
        until(lambda: not out.append(panel.root.evaluate(INSIDE, parts)) and out[-1] == [], "all on one screen")
    except AssertionError:
        pytest.fail(f"not on the screen as a whole: {out[-1]}")


def still(look):
    """What two looks, a moment apart, agree on."""
    seen = []
    until(lambda: seen.append(look()) or seen[-1:] == seen[-2:-1], "a page at rest")
    return seen[-1]


def rests(panel, question):
    """The page's answer when it is at rest."""
    return still(lambda: panel.root.evaluate(question))


@pytest.fixture
def screen(open_panel):
    """screen(code, width, height) -> (panel, notebook), the sidebar closed; the screen is put back."""
    notebooks = []

    def build(code, width, height):
        panel, notebook = open_panel(code)
        notebooks.append(notebook)
        notebook.show(width, height)
        panel.root.evaluate("e => e.scrollIntoView()")
        return panel, notebook

    yield build
    for notebook in notebooks:
        notebook.show()


@pytest.mark.parametrize("view", ["all", "tug"])
def test_plane_past_sliders_number_and_decoded_image_are_seen_together(screen, view):
    code = f"panel = aae.live.Panel(trainer(), view={view!r})\npanel"
    panel, notebook = screen(code, *SCREENS[0])
    panel.play(steps=20)
    panel.pause()
    for width, height in SCREENS:
        notebook.show(width, height)
        panel.root.evaluate("e => e.scrollIntoView()")
        all_seen(panel)
        assert rests(panel, OVERLAPS) == []
        assert panel.plot().bounding_box()["width"] > 0.5 * height


def test_two_runs_are_seen_together_with_their_sliders_over_the_same_square(screen):
    panel, _ = screen("panel = aae.live.Panel(trainer())\npanel", 1366, 768)
    panel.play(steps=60)
    panel.pause()
    panel.drag(panel.root.locator("input.aae-scrub"), 0.5)
    until(lambda: panel.status == "past", "the past")
    panel.press("fork")
    until(lambda: panel.root.locator(".aae-plot").count() == 2, "two plots")
    all_seen(panel, [".aae-plot", ".aae-scrub", ".aae-mmd", '[data-key^="weights"]'])  # without scrolling
    panel.drag(panel.slider("weights.reconstruction", run=1), 0.0)
    panel.play(steps=150)
    panel.pause()
    assert rests(panel, OVERLAPS) == []
    axes = """e => [...e.querySelectorAll('.aae-plot canvas:first-child')]
      .map(c => c.getContext('2d').getImageData(0, 0, 40, c.height).data.join())"""
    first, second = rests(panel, axes)
    assert first == second, "the numbers on both axes are the same"
    heads = [panel.root.locator(".aae-run-head").nth(i).inner_text() for i in (0, 1)]
    assert all("MMD" in text for text in heads)
    assert [text.split("\n")[0] for text in panel.root.locator(".aae-sliders h3").all_inner_texts()] == [
        text.split("\n")[0] for text in heads
    ]


def test_the_plane_leaves_the_sliders_free_whatever_becomes_of_the_width(screen):
    panel, notebook = screen("panel = aae.live.Panel(trainer())\npanel", 1366, 768)
    for width in (1366, 1000, 1366, 1150, 800, 1280):
        notebook.show(width, 768)
        assert rests(panel, OVERLAPS) == [], width
    for _ in range(2):
        notebook.command("application:toggle-left-area")
        assert rests(panel, OVERLAPS) == []
    panel.play(steps=30)
    panel.pause()
    width = "e => e.querySelector('.aae-curves canvas').getBoundingClientRect().width"
    before = rests(panel, width)
    notebook.command("apputils:change-theme", theme="JupyterLab Dark")
    try:
        until(lambda: panel.root.get_attribute("data-theme") == "dark", "the dark theme")
        assert rests(panel, width) == before
    finally:
        notebook.command("apputils:change-theme", theme="JupyterLab Light")


@pytest.mark.parametrize("view", ["all", "tug"])
def test_the_plane_stays_where_it_is_whatever_the_message_says(screen, view):
    made = f"panel = aae.live.Panel(trainer(), view={view!r}, max_steps=100_000)\npanel"
    panel, notebook = screen(made, 1366, 768)
    if view == "tug":
        panel.press("more")
    top = "e => e.querySelector('.aae-plot').getBoundingClientRect().top - e.getBoundingClientRect().top"
    for width in (1366, 1150, 1000, 800, 430):
        notebook.show(width, 768)
        at = rests(panel, top)
        for words in (1, 12, 40):
            text = " ".join(f"word{i}" for i in range(words))
            notebook.kernel(f"panel._say({text!r})")
            panel.expect_text(".aae-status", text)
            assert rests(panel, top) == at, (width, words)
        panel.play()
        until(lambda: "steps/s" in panel.text(".aae-step"), "the pace")
        assert rests(panel, top) == at, width
        panel.pause()
        assert rests(panel, top) == at, width


def test_an_error_lies_over_the_plane_can_be_folded_and_moves_nothing(screen):
    code = """
def generator(model, batch, terms):
    if panel.trainer.steps >= 20:
        raise RuntimeError("of many words " * 20)
    return model.discriminator(batch["z"]).mean()
panel = aae.live.Panel(trainer(losses={"generator": generator}))
panel"""
    panel, notebook = screen(code, 1366, 768)
    where = "e => [...e.querySelectorAll('.aae-plot, .aae-range, .aae-page')].map(p => p.getBoundingClientRect().top)"
    error, tall = panel.root.locator(".aae-error"), "e => e.scrollHeight"
    for width in (1366, 1000, 430):
        notebook.show(width, 768)
        at, height = rests(panel, where), rests(panel, tall)
        panel.press("play")
        panel.wait_status("failed")
        error.wait_for()
        assert rests(panel, where) == at, width
        panel.root.locator(".aae-error summary").click()
        assert (rests(panel, where), rests(panel, tall)) == (at, height), width
        panel.press("error")
        error.wait_for(state="hidden")
        panel.press("error")
        error.wait_for()
        assert rests(panel, OVERLAPS) == []
        panel.press("reset")
        panel.wait_status("paused")
        error.wait_for(state="hidden")
        assert rests(panel, where) == at, width


def test_the_whole_screen_is_taken_and_given_back(screen):
    panel, _ = screen("panel = aae.live.Panel(trainer())\npanel", 1920, 1080)
    small = still(lambda: panel.plot().bounding_box()["width"])  # the sidebar takes a moment to go
    panel.press("large")
    until(lambda: panel.plot().bounding_box()["width"] > small, "a larger plane")
    all_seen(panel)
    assert rests(panel, OVERLAPS) == []
    panel.press("large")
    until(lambda: panel.plot().bounding_box()["width"] == small, "as before")
    assert panel.button("large").get_attribute("aria-pressed") == "false"


def test_escape_leaves_the_whole_screen_and_large_type_where_no_screen_is_given(screen):
    panel, notebook = screen("panel = aae.live.Panel(trainer())\npanel", 1366, 768)
    font = "e => getComputedStyle(e).fontSize"
    small, pressed = rests(panel, font), panel.button("large")
    for refused in (False, True):
        if refused:  # as in a frame
            panel.root.evaluate("e => { e.requestFullscreen = () => Promise.reject(new TypeError('not allowed')) }")
        panel.press("large")
        until(lambda: rests(panel, font) != small, "large type")
        until(lambda refused=refused: panel.root.evaluate("e => e.matches(':fullscreen')") != refused, "the screen")
        notebook.page.keyboard.press("Escape")
        until(lambda: rests(panel, font) == small, "as before")
        until(lambda: not panel.root.evaluate("e => e.matches(':fullscreen')"), "the screen is given back")
        assert pressed.get_attribute("aria-pressed") == "false"


def fits_a_phone(page):
    """Nothing of the panel is cut off on a phone, and sliders are long enough for a finger."""
    for width in (430, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        panel = Shown(page)
        assert rests(panel, OVERLAPS) == [], width
        sliders = panel.root.locator(".aae-range").all()
        assert min(slider.bounding_box()["width"] for slider in sliders if slider.is_visible()) >= 200, width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
