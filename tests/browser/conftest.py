"""One JupyterLab and one Chromium for all tests of this folder; a notebook with a kernel for each group of tests.

AAE_BROWSER          the browser to use, if it is not on the PATH
AAE_REQUIRE_BROWSER  1: no browser is a failure, not a reason to skip
AAE_SHOTS            a folder for a picture of the page, and what it said, of every test that failed
"""

import itertools
import os
import sys
from pathlib import Path

import pytest

from jupyter_browser.cells import PANEL, SETUP
from jupyter_browser.pages import CHROMIUM, Notebook, Shown, find_browser, until
from jupyter_browser.servers import Server
from tests import warm

HERE = Path(__file__).parent
REQUIRED = os.environ.get("AAE_REQUIRE_BROWSER") == "1"
FAILED, NOTEBOOKS = pytest.StashKey[bool](), pytest.StashKey[list[Notebook]]()
COUNT = itertools.count()
# Python runs it when it starts: the server's kernels are forks too, but not what else the server starts
FORKS = """
import sys
if "jupyterlab" in sys.orig_argv:
    from tests import warm
    warm.install()
"""


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
            if not find_browser() and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason="no browser"))


def pytest_terminal_summary(terminalreporter):
    skipped = [r for r in terminalreporter.getreports("skipped") if "tests/browser/" in r.nodeid]
    if skipped and not find_browser():
        terminalreporter.write_line(
            f"{len(skipped)} browser tests were skipped: no Chromium was found. Install it (Debian: apt-get install "
            "chromium) or say where one is: AAE_BROWSER=/path/to/chrome make test"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        if shots := os.environ.get("AAE_SHOTS"):
            for notebook in item.session.stash.get(NOTEBOOKS, []):
                try:
                    notebook.keep(Path(shots), f"{item.name}-{notebook.name}")
                except Exception as error:
                    report.sections.append(("browser", f"no picture: {error}"))
    return report


@pytest.fixture(scope="package")
def browser():
    """Chromium without a window. Of the package, not the session: while it is there, no other event loop can run."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    assert path, "no Chromium was found: install one (Debian: apt-get install chromium) or set AAE_BROWSER"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    """A JupyterLab server."""
    more = {}
    if sys.platform == "linux":
        warm.kernels()  # those of the server come from there
        first = tmp_path_factory.mktemp("first")
        (first / "sitecustomize.py").write_text(FORKS)
        places = [str(first), str(HERE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        more["PYTHONPATH"] = os.pathsep.join(places)
    with Server(tmp_path_factory.mktemp("lab"), more=more) as server:
        yield server


@pytest.fixture(scope="module")
def notebooks(request, browser, lab):
    """The notebook of this group of tests, in a list that is empty while there is none."""
    opened = request.session.stash[NOTEBOOKS] = []
    yield opened
    while opened:
        opened.pop().close()


@pytest.fixture
def open_notebook(request, browser, lab, notebooks):
    """open_notebook(code) -> Notebook of two cells, SETUP and the code, both run; or of more, which have been started.

    The tests of a file share a page and a kernel, and have the same number of cells. After a failure the next test gets
    new ones: one fault stays one.
    """

    def build(code: str, *more: str) -> Notebook:
        cells = [SETUP, code, *more]
        if not notebooks:
            name = f"{request.module.__name__.split('.')[-1]}-{next(COUNT)}"
            lab.write(name, cells)
            notebooks.append(Notebook(browser, lab, name))
            notebooks[0].open()
        notebooks[0].ready()  # the test before may have reloaded the page
        notebooks[0].put(cells)
        if more:
            notebooks[0].start_all()
        else:
            notebooks[0].run_all()
        return notebooks[0]

    yield build
    said = [line for notebook in notebooks for line in notebook.said() if line.startswith("page error")]
    broken = [line for line in said if not ("'removeChild'" in line and "jlab_core" in line)]  # JupyterLab's own splash
    if broken or request.node.stash.get(FAILED, False):
        while notebooks:
            notebooks.pop().close()
    assert not broken, "functions of the page failed"


@pytest.fixture
def open_panel(open_notebook):
    """open_panel(code) -> (panel as shown, notebook); the panel has painted."""

    def build(code: str = PANEL) -> tuple[Shown, Notebook]:
        notebook = open_notebook(code)
        shown = Shown(notebook.page)
        shown.root.wait_for()
        until(lambda: shown.frames, "the first picture")
        return shown, notebook

    return build
