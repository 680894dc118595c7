"""The live panel under other kernels and in other programs: opened, played, a slider dragged by the mouse.

    python tools/try_kernels.py             prints a table
    python tools/try_kernels.py --kernels 7.4.* --apps lab

For each version of ipykernel a temporary environment is made that borrows everything else from the one this runs in.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from jupyter_browser.cells import BUSY, PANEL, SETUP
from jupyter_browser.pages import CHROMIUM, Notebook, Shown, find_browser, until
from jupyter_browser.servers import APPS, Server

KERNELS = ("6.31.*", "7.3.*", "7.4.*")
NAMES = {"lab": "JupyterLab", "notebook": "Notebook", "voila": "Voila"}


def environment(folder: Path, kernel: str) -> tuple[Path, dict[str, str], dict[str, str]]:
    """An environment with this ipykernel and Notebook 7: its Python, variables for Jupyter, and versions."""
    venv.create(folder, with_pip=False)
    bin_ = "Scripts" if os.name == "nt" else "bin"
    python = folder / bin_ / "python"
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    own.joinpath("borrowed.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"ipykernel=={kernel}", "notebook>=7"], check=True)
    share, etc = Path(sys.prefix) / "share" / "jupyter", Path(sys.prefix) / "etc" / "jupyter"
    more = {"JUPYTER_PATH": str(share), "JUPYTER_CONFIG_PATH": str(etc), "JUPYTERLAB_DIR": str(share / "lab")}
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    asked = [python, "-c", code, "ipykernel", "jupyterlab", "notebook", "voila"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    return python, more, dict(zip(("ipykernel", *APPS), found, strict=True))


def while_a_cell_runs(notebook: Notebook, panel: Shown) -> str:
    """What becomes of a slider that is dragged then: seconds, or that the page says that the kernel is busy."""
    busy = notebook.server.folder / "busy"
    notebook.add(BUSY, wait=False)
    until(busy.exists, "another cell runs")
    start = time.perf_counter()
    panel.drag(panel.slider("weights.generator"), 0.2)
    used = lambda: panel.uses[0]["weights"]["generator"] < 1  # noqa: E731
    until(
        lambda: used() or "the kernel is busy" in panel.text(".aae-status"), "the slider is used, or the page says why"
    )
    seconds, at_once = time.perf_counter() - start, used()
    busy.unlink()
    until(used, "the slider is used after that cell")
    return f"while a cell runs {seconds:.1f} s" if at_once else f"while a cell runs said to wait, after {seconds:.1f} s"


def attempt(browser: Browser, server: Server) -> str:
    """What worked: shown, played, slider used; with the seconds from the drag to the page saying that it was used."""
    server.write("panel", [SETUP, PANEL])
    notebook = Notebook(browser, server, "panel")
    done = "nothing"
    try:
        if server.app == "voila":
            notebook.page.goto(server.url("panel"))
        else:
            notebook.open()
            notebook.run_all()
        panel = Shown(notebook.page)
        panel.root.wait_for()
        until(lambda: panel.frames, "the first picture")
        done = "shown"
        panel.play(steps=20)
        done = "shown, plays"
        start = time.perf_counter()
        panel.drag(panel.slider("weights.generator"), 0.8)
        until(lambda: panel.uses[0]["weights"]["generator"] > 2, "the slider is used")
        seconds = time.perf_counter() - start
        if not notebook.kernel:
            return f"yes ({seconds:.1f} s)"
        if not notebook.kernel("panel.trainer.weights['generator']") > 2:
            return f"{done}, but the trainer has another value"
        return f"yes ({seconds:.1f} s; {while_a_cell_runs(notebook, panel)})"
    except Exception as error:
        return f"{done}; then {str(error).splitlines()[0][:80]}"
    finally:
        if notebook.kernel:
            notebook.kernel.close()
        notebook.page.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kernels", nargs="+", default=KERNELS, help="versions of ipykernel")
    options.add_argument("--apps", nargs="+", default=list(APPS), choices=list(APPS))
    chosen = options.parse_args()
    rows, heads = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=CHROMIUM)
        for kernel in chosen.kernels:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
                python, more, versions = environment(Path(place) / "env", kernel)
                row = [versions["ipykernel"]]
                for app in chosen.apps:
                    with Server(Path(place) / app, app, python, more) as server:
                        row.append(attempt(browser, server))
                    print(f"ipykernel {row[0]}, {NAMES[app]} {versions[app]}: {row[-1]}", file=sys.stderr, flush=True)
                heads = ["ipykernel", *(f"{NAMES[app]} {versions[app]}" for app in chosen.apps)]
                rows.append(row)
        print(f"\nSlider to trainer, by the mouse, in Chromium {browser.version}:\n")
        browser.close()
    for line in (heads, ["---"] * len(heads), *rows):
        print(f"| {' | '.join(line)} |")
    return 0 if all(cell.startswith("yes") for row in rows for cell in row[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
