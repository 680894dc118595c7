"""The slides as a room sees them: nothing runs out of the frame, all is large enough, keys work, the panel is live."""

import nbformat
import pytest

import make_slides
from jupyter_browser.pages import Notebook, Shown, until
from tests.browser.test_access import faults

DECKS = sorted(path.stem for path in (make_slides.ROOT / "slides").glob("*.md"))
SIZE = {"width": 1280, "height": 720}
# of the slide that is shown: what leaves the frame (the bar at the bottom included), what is smaller than 28 px
FAULTS = """() => {
  const slide = document.querySelector('.aae-slide.is-shown'), found = []
  for (const e of slide.querySelectorAll('h1, h2, .aae-text, .aae-text *, figure, img')) {
    if (e.closest('aside') || (e.closest('svg') && e.tagName !== 'svg')) continue
    const r = e.getBoundingClientRect()
    const words = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
    if (r.left < 32 || r.top < 16 || r.right > 1248 || r.bottom > 668) found.push(`${e.tagName} leaves the frame`)
    if (words && parseFloat(getComputedStyle(e).fontSize) < 28) found.push(`${e.tagName} is small: ${e.textContent}`)
    if (e.tagName === 'IMG' && (!e.alt || !e.complete || Math.max(r.width, r.height) < 400 || r.height < 100))
      found.push(`a picture of ${Math.round(r.width)} x ${Math.round(r.height)}, alt ${e.alt}`)
  }
  const text = slide.querySelector('.aae-text')
  if (text && text.scrollHeight > text.clientHeight + 1) found.push('the text needs more room than there is')
  if (!slide.querySelector('aside')?.textContent.trim()) found.push('no notes')
  return found
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """A folder with all decks."""
    folder = tmp_path_factory.mktemp("slides")
    assert make_slides.make(folder) == DECKS
    return folder


@pytest.fixture
def open_deck(browser, decks):
    """open_deck(name) -> the page of a deck, from its file, and all that it has asked for."""
    pages = []

    def build(name, **size):
        page = browser.new_page(viewport=SIZE | size)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((decks / f"{name}.html").as_uri())
        page.wait_for_selector("[data-ready]")
        pages.append(page)
        return page, asked

    yield build
    for page in pages:
        page.close()


def at(page):
    return page.locator(".aae-deck-place").text_content()


@pytest.mark.parametrize("name", DECKS)
def test_every_slide_fits_and_is_large_enough(open_deck, name):
    page, asked = open_deck(name)
    count = page.locator(".aae-slide").count()
    for number in range(1, count + 1):
        assert at(page) == f"{number} / {count}"
        assert page.locator(".aae-slide.is-shown").count() == 1
        assert page.evaluate(FAULTS) == [], f"slide {number}"
        page.keyboard.press("ArrowRight")
    assert at(page) == f"{count} / {count}"
    assert all(url.startswith(("file:", "data:")) for url in asked), "a deck needs no network"


def test_keys_buttons_and_the_address_lead_to_a_slide(open_deck):
    page, _ = open_deck("workshop")
    end = page.locator(".aae-slide").count()
    for key, number in (("Space", 2), ("PageDown", 3), ("ArrowLeft", 2), ("End", end), ("Home", 1), ("ArrowUp", 1)):
        page.keyboard.press(key)
        assert at(page) == f"{number} / {end}"
    page.get_by_role("button", name="next").click()
    assert at(page) == f"2 / {end}"
    assert page.url.endswith("#2")
    page.reload()
    page.wait_for_selector("[data-ready]")
    assert at(page) == f"2 / {end}"


def test_notes_are_shown_when_asked_for_also_in_a_window_of_their_own(open_deck):
    page, _ = open_deck("workshop")
    notes = page.locator(".aae-deck-notes")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert "The slides go with the run sheet" in notes.text_content().replace("\n", " ")
    page.keyboard.press("n")
    assert not notes.is_visible()
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    page.keyboard.press("ArrowRight")
    until(lambda: "Do not press play" in opened.value.locator("body").text_content().replace("\n", " "), "the notes")
    assert "Next: Three words" in opened.value.locator("body").text_content()


@pytest.mark.parametrize("size", [(800, 600), (1920, 1080), (390, 844)])
def test_the_stage_fills_any_window(open_deck, size):
    page, _ = open_deck("workshop", width=size[0], height=size[1])
    box = page.locator(".aae-deck-stage").bounding_box()
    assert abs(box["width"] - min(size[0], size[1] * 16 / 9)) < 2
    assert abs(box["width"] / box["height"] - 16 / 9) < 0.01
    assert box["x"] >= 0
    assert box["y"] >= 0


@pytest.mark.parametrize("name", ["workshop", "02_variational_autoencoder"])
def test_axe_finds_nothing_serious(open_deck, name):
    page, _ = open_deck(name)
    for _ in range(3):
        assert faults(page, ".aae-deck") == []
        page.keyboard.press("ArrowRight")


def test_printed_every_slide_is_a_page(open_deck):
    page, _ = open_deck("00_start_here")
    page.emulate_media(media="print")
    boxes = [slide.bounding_box() for slide in page.locator(".aae-slide").all()]
    assert all(box["width"] == 1280 and box["height"] == 720 for box in boxes)
    assert len({box["y"] for box in boxes}) == len(boxes)


def test_in_jupyterlab_the_panel_is_live_on_its_slide(browser, lab, decks):
    name = "04_adversarial_autoencoder"
    (lab.folder / f"{name}.html").write_bytes((decks / f"{name}.html").read_bytes())
    nbformat.write(nbformat.read(decks / f"{name}.ipynb", as_version=4), lab.folder / f"{name}.ipynb")
    notebook = Notebook(browser, lab, name)
    try:
        notebook.open()
        notebook.run_all()
        page = notebook.page
        deck = page.locator(".aae-deck")
        deck.wait_for()
        live = page.locator(".aae-slide.is-live").first.evaluate("e => [...e.parentNode.children].indexOf(e)")
        assert not page.locator(".aae-panel").is_visible()
        deck.focus()
        for _ in range(live):
            page.keyboard.press("ArrowRight")
        page.locator(".aae-panel").wait_for()
        panel = Shown(page)
        until(lambda: panel.frames, "the first picture")
        panel.play()
        panel.wait_step(20)
        panel.pause()
        stage, shown = deck.bounding_box(), page.locator(".aae-deck-live").bounding_box()
        assert shown["width"] > 0.8 * min(stage["width"], stage["height"] * 16 / 9)
        deck.focus()
        page.keyboard.press("ArrowRight")
        assert not page.locator(".aae-panel").is_visible()
    finally:
        notebook.close()
