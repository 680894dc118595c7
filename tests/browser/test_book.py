"""The book as a reader has it: from file://, with the network cut, in a real browser; and its living front page."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import torch

import aae_lib as aae
from aae_lib.networks import Decoder
from jupyter_browser.pages import PATIENCE, until

from .test_access import faults

ROOT = Path(__file__).parents[2]
FRONT = "docs/index.html"
MODELS = ("ae", "vae", "gaussian", "ring")
# no formula waits to be typeset, none failed, every picture is there
READY = """async () => {
  await window.MathJax?.startup?.promise
  const pictures = [...document.images]
  await Promise.all(pictures.map(picture => picture.decode().catch(() => {})))
  return {
    formulas: document.querySelectorAll('.math').length,
    typeset: document.querySelectorAll('.math mjx-container').length,
    failed: [...document.querySelectorAll('mjx-merror')].map(e => e.textContent),
    missing: pictures.filter(p => !p.naturalWidth).map(p => p.src),
    mute: pictures.filter(p => !p.alt).map(p => p.src),
  }
}"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The folder of the book, built as `make book` builds it."""
    if not importlib.util.find_spec("sphinx") or not importlib.util.find_spec("myst_nb"):
        pytest.skip("the book is not built here: its packages are missing (pip install -c constraints.txt -e .[book])")
    out, kept = tmp_path_factory.mktemp("book"), tmp_path_factory.mktemp("doctrees")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", "-d", kept, ".", out]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"AAE_STRICT": "0"})
    assert built.returncode == 0, built.stderr
    return out


def pages_of(book):
    # the theme keeps a template in _static
    return sorted(path for path in book.rglob("*.html") if "_static" not in path.parts)


@pytest.fixture
def reader(browser, book):
    """reader(page, **of the context) -> the page, offline; what it asks of a network or complains of fails the test."""
    contexts, complaints = [], []

    def build(name, **options):
        contexts.append(browser.new_context(**options))
        contexts[-1].set_offline(True)
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or complaints.append(r.url))
        page.goto((book / name).as_uri())
        return page

    yield build
    for context in contexts:
        context.close()
    assert complaints == []


class Links(HTMLParser):
    """What a page refers to, and the names in it that can be referred to."""

    def __init__(self, page):
        super().__init__()
        self.refers, self.loads, self.names = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        self.names |= {has[key] for key in ("id", "name") if has.get(key)}
        if tag in ("script", "img", "iframe") and has.get("src"):
            self.loads.append(has["src"])
        elif tag == "link" and has.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(has["href"])
        elif tag == "a" and has.get("href"):
            self.refers.append(has["href"])


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_afar(book):
    pages = {path: Links(path) for path in pages_of(book)}
    assert len(pages) > 50
    broken = []
    for path, page in pages.items():
        broken += [f"{path.name} loads {url}" for url in page.loads if urlsplit(url).scheme not in ("", "data")]
        for url in page.refers + page.loads:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                broken.append(f"{path.name}: {url}")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
                broken.append(f"{path.name}: no such place: {url}")
    assert broken == []


def test_all_formulas_and_pictures_of_all_pages_are_there(reader, book):
    pages = [path for path in pages_of(book) if re.search(r'class="math|<img ', path.read_text(encoding="utf-8"))]
    page = reader(FRONT)
    formulas = 0
    for path in pages:
        page.goto(path.as_uri())
        found = page.evaluate(READY)
        name = path.name
        assert found["typeset"] == found["formulas"], name
        assert (found["failed"], found["missing"], found["mute"]) == ([], [], []), name
        formulas += found["formulas"]
    assert formulas > 300


def test_search_finds_a_page_without_a_server(reader):
    page = reader("search.html")
    page.goto(page.url + "?q=discriminator")
    page.locator("#search-results li a", has_text="adversarial").first.wait_for()
    page.locator("#search-results li a").first.click()
    page.get_by_text("discriminator").filter(visible=True).first.wait_for()


def test_a_solution_is_folded_under_its_task(reader):
    page = reader("solutions/01_autoencoder.html")
    assert page.get_by_text("NotImplementedError").first.is_visible()
    solution = page.locator("details", has_text="Show a solution").first
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").click()
    assert solution.locator("pre").is_visible()


def digit(page):
    """What the large digit looks like, as one text."""
    return page.locator(".front-digit").evaluate("c => c.toDataURL()")


def rest(page):
    """Stop the walk along the path, which begins by itself."""
    page.get_by_role("button", name="pause").click()


def test_pointing_at_another_place_shows_another_digit(reader):
    page = reader(FRONT)
    rest(page)
    seen = set()
    for x, y in ((60, 200), (200, 60), (300, 300)):
        page.locator(".front-plane").hover(position={"x": x, "y": y})
        told = page.locator(".front-where").inner_text()
        seen.add(until(lambda now=seen: (d := digit(page)) not in now and d, f"another digit at {told}"))
    assert len(seen) == 3


def test_another_model_gives_another_plane_and_its_prior_other_draws(reader):
    page = reader(FRONT)
    rest(page)
    sheets = {}
    for name in MODELS:
        page.locator(f".front-models input[value={name}]").check(force=True)
        sheets[name] = page.locator(".front-sheet").evaluate("c => c.toDataURL()")
    assert len(set(sheets.values())) == len(MODELS)
    page.get_by_role("button", name="draw again").click()
    assert page.locator(".front-sheet").evaluate("c => c.toDataURL()") != sheets["ring"]
    counts = [int(n) for n in re.findall(r"×(\d+)", page.locator(".front-legend").inner_text())]
    assert (len(counts), sum(counts)) == (10, 40)


def test_a_drag_draws_a_path_and_the_digit_walks_along_it(reader):
    page = reader(FRONT)
    before = page.locator(".front-strip").evaluate("c => c.toDataURL()")
    box = page.locator(".front-plane").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=8)
    page.mouse.up()
    assert page.locator(".front-strip").evaluate("c => c.toDataURL()") != before
    places = set()
    until(lambda: places.add(page.locator(".front-where").inner_text()) or len(places) > 3, "a walk")
    assert len({re.split(r"[(,)]", place)[2] for place in places}) <= 2  # along the line that was drawn: y stays


def test_the_keyboard_moves_and_draws_and_tells(reader):
    page = reader(FRONT, reduced_motion="reduce")
    plane, before = page.locator(".front-plane"), page.locator(".front-strip").evaluate("c => c.toDataURL()")
    plane.focus()
    at = page.locator(".front-where").inner_text()
    for key in ("ArrowUp", "Enter", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert page.locator(".front-where").inner_text() != at
    assert page.locator(".front-strip").evaluate("c => c.toDataURL()") != before
    assert page.locator(".front-spoken").inner_text() == "the path ends here"


@pytest.mark.parametrize("name", MODELS)
def test_the_page_decodes_as_pytorch_does(reader, name):
    stored = json.loads((ROOT / "docs/front/models.js").read_text().removeprefix("window.aaeFront = ").rstrip(";\n"))
    own = stored["models"][name]
    numbers = torch.frombuffer(bytearray(b64decode(own["weights"])), dtype=torch.float16).float()
    decoder = Decoder((1, 28, 28), 2, hidden=stored["sizes"][-2:0:-1], activation="silu")
    torch.nn.utils.vector_to_parameters(numbers, decoder.parameters())
    u = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    z = torch.tensor(own["centre"]) + own["half"] * u
    with torch.no_grad():
        wanted = decoder(z).sigmoid().flatten(1)
    page = reader(FRONT)
    got = torch.tensor(page.evaluate("([n, z]) => z.map(([x, y]) => aaeFront.decode(n, x, y))", [name, z.tolist()]))
    assert (got - wanted).abs().max() < 1e-4  # the same 16-bit weights; sums of 32-bit floats in another order

    codes = torch.frombuffer(bytearray(b64decode(own["codes"])), dtype=torch.float16).float().view(-1, 2)
    learned = aae.pretrained.load(name).decode(codes).flatten(1)  # from the large decoder
    with torch.no_grad():
        difference = (decoder(codes).sigmoid().flatten(1) - learned).abs().mean()
    assert difference < 0.035  # docs/index.md says 0.01 to 0.03


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [FRONT, "solutions/01_autoencoder.html", "docs/api/losses.html"])
def test_axe_finds_nothing_serious(reader, name, scheme):
    page = reader(name, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(READY)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert faults(page, "body", preload=False) == []  # it would fetch the stylesheets, which file:// refuses


def test_nothing_is_wider_than_a_phone(reader, book):
    page = reader(FRONT, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for name in (FRONT, "notebooks/04_adversarial_autoencoder.html", "docs/api/losses.html"):
        page.goto((book / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_without_javascript_there_is_a_picture(reader):
    page = reader(FRONT, java_script_enabled=False)
    picture = page.locator(".aae-front img")
    assert picture.is_visible()
    assert "prior" in picture.get_attribute("alt")
