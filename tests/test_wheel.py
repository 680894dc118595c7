"""The course as pip installs it: in an environment of its own, the repository out of reach, for an ordinary user.

What the course needs is lent by the environment that runs the tests: a folder of links to its packages, but for the
course.
"""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

import make_kit
from aae_lib.course import workspace
from conftest import lend
from jupyter_browser.servers import wait_for_answer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXPERIMENT = """
import aae_lib as aae
from aae_lib.course import check, predict, quiz, ward
data = aae.load("mini_mnist")
model = aae.AAE(data.image_shape, hidden=(16,), seed=0)
aae.Trainer(model, data, seed=0).run(steps=5)
assert check("04.1", lambda logits, real: 0) is not None
assert "site-packages" in aae.__file__, aae.__file__
ward.results(), quiz("04"), aae.pretrained.load("ring"), aae.live.Panel(aae.Trainer(model, data, seed=0))
aae.reset("04")
"""


@dataclass
class Installed:
    """A course that pip has installed, and a user's home."""

    programs: Path
    site: Path
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the tests' own environment, but where Jupyter's files lie, which are lent too."""
        share = Path(sys.prefix, "share", "jupyter")
        lent = {"JUPYTERLAB_DIR": str(share / "lab"), "JUPYTER_PATH": str(share)}
        own = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "PYTHONWARNDEFAULTENCODING": "1",
            "OMP_NUM_THREADS": "1",
        }
        return own | lent | more

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """A program of the environment, in the home folder."""
        program, *arguments = command
        return subprocess.run(
            [self.programs / program, *arguments],
            cwd=cwd or self.home,
            env=self.environment(),
            capture_output=True,
            text=True,
        )


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*") if not p.is_symlink()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return make_kit.build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory, wheel):
    """In folders with spaces and umlauts; the packages can only be read."""
    base = tmp_path_factory.mktemp("Lena Müller")
    place, home = base / "Kurs für alle", base / "zu Hause"
    home.mkdir()
    venv.create(place)
    (site,) = place.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    lend(site, base / "lent")
    before = contents(site)
    for path in [site, *site.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield Installed(place / "bin", site, home)
    assert contents(site) == before, "something was written into the installed packages"
    for path in [site, *site.rglob("*")]:
        path.chmod(0o755)


def test_the_wheel_has_all_that_git_has(wheel):
    """But for what only builds the panel's page."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    own = {name for name in tracked if name.startswith("aae_lib/") and not name.startswith("aae_lib/live/page/")}
    carried = {f"aae_lib/course/carried/{p.relative_to(ROOT)}" for p in workspace.lessons(ROOT, Path()).values()}
    with zipfile.ZipFile(wheel) as file:
        packed = set(file.namelist())
    assert own | carried <= packed
    assert not [name for name in packed if "solutions/" in name or "node_modules" in name]


def test_lazy_loader_can_read_our_stubs_anywhere():
    """It reads them in the system's encoding, which is not UTF-8 on every Windows."""
    stubs = [*(ROOT / "aae_lib").glob("*.pyi"), *(ROOT / "aae_lib").glob("*/*.pyi")]
    assert stubs
    assert all(stub.read_text("utf-8").isascii() for stub in stubs)


def test_lab_serves_the_first_lesson_to_whoever_has_the_token(installed):
    log = installed.home / "log.txt"
    command = [installed.programs / "aae", "lab", "--no-browser", "--port", "0", "--allow-root"]
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=installed.home, env=installed.environment(), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+)(/lab/tree/\S+)\?token=(\w+)", log.read_text())):
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        address, page, token = found.groups()
        wait_for_answer(f"{address}/login", server)
        assert page == "/lab/tree/00_start_here.ipynb"

        def ask(path, token=token, method="GET"):
            request = urllib.request.Request(address + path, headers={"Authorization": f"token {token}"}, method=method)
            with urllib.request.urlopen(request) as answer:
                return answer.read().decode()

        assert '"treePath": "00_start_here.ipynb"' in ask(page)
        assert "apputils-extension:announcements" in ask(page)  # no pop-up
        cells = json.loads(ask("/api/contents/00_start_here.ipynb"))["content"]["cells"]
        assert not any(cell.get("outputs") for cell in cells)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask("/api/contents/00_start_here.ipynb", token="guessed")
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    assert not re.search("aae_lib/.*EncodingWarning", log.read_text())
    assert (installed.home / "aae-course" / "exercises" / "04_adversarial_autoencoder.ipynb").is_file()


def test_reset_finds_the_course_and_says_so_where_there_is_none(installed):
    assert installed.run("aae", "reset").returncode == 0
    course = installed.home / "aae-course"
    mine = next(course.glob("04_*.ipynb"))
    for where in (installed.home, course, course / "exercises"):
        mine.write_text("mine")
        told = installed.run("aae", "reset", "04", cwd=where)
        assert f"{mine.name} is fresh. Yours is now {mine.stem}.old" in told.stdout, told.stderr
    elsewhere = installed.home.parent / "elsewhere"
    elsewhere.mkdir()
    lost = installed.run("aae", "reset", "04", cwd=elsewhere)
    assert lost.returncode == 1
    assert "has no lessons of yours: make them with aae lab" in lost.stderr
    assert "is fresh" in installed.run("aae", "reset", "04", "--to", str(course), cwd=elsewhere).stdout
    assert not list(elsewhere.iterdir())


def test_doctor_and_train_work(installed):
    told = installed.run("aae", "doctor")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "mini_mnist (5000 to learn from)" in told.stdout
    told = installed.run("aae", "train", "--steps", "5", "--dataset", "digits", "--out", "mein Lauf")
    assert told.returncode == 0, told.stderr
    assert (installed.home / "mein Lauf" / "samples.png").stat().st_size > 1000
    assert not re.search("aae_lib/.*EncodingWarning", told.stderr)


def test_a_notebook_runs_in_the_copied_course(installed):
    """With all that comes with the package, and with reset in a cell."""
    assert installed.run("aae", "reset").returncode == 0
    course = installed.home / "aae-course"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(EXPERIMENT)])
    nbformat.write(notebook, course / "mine.ipynb")
    old = len(list(course.glob("04_*.ipynb")))
    next(course.glob("04_*.ipynb")).write_text("mine")
    execute = "from nbclient.cli import main; main()"  # jupyter execute
    told = installed.run("python", "-c", execute, "--inplace", "mine.ipynb", cwd=course)
    assert told.returncode == 0, told.stderr
    (cell,) = nbformat.read(course / "mine.ipynb", as_version=4).cells
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    assert "is fresh. Yours is now" in printed
    assert len(list(course.glob("04_*.ipynb"))) == old + 1
