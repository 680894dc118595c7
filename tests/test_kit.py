"""The course on a stick: what goes on it, and that it installs with the network cut."""

import re
import shutil
import subprocess
import sys

import pytest

import make_kit
from conftest import lend

pytestmark = pytest.mark.slow

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
FEW = ("lazy_loader", "tqdm", "safetensors")  # these come from the kit, all else is lent: a whole kit takes minutes
FIRST_CELLS = """
import json, pathlib
from IPython.display import display
for path in sorted(pathlib.Path().glob("[01]*.ipynb")):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    exec(next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"), {"display": display})
    print("ran", path.stem)
"""


def names(requirements):
    return {re.split(r"[=<>!~]", requirement)[0] for requirement in requirements}


def test_each_system_gets_what_it_needs():
    needed = {system: names(make_kit.needed(system, "3.12")) for system in make_kit.SYSTEMS}
    common = set.intersection(*needed.values())
    assert {"torch", "jupyterlab", "ipykernel", "pyzmq", "setuptools", "anywidget"} <= common
    assert needed["linux"] - common == {"pexpect", "ptyprocess"}
    assert needed["windows"] - common == {"colorama", "pywinpty"}
    assert needed["macos"] - common == {"appnope", "pexpect", "ptyprocess"}
    assert not any(name.startswith(("nvidia", "pytest")) for name in common)
    assert f"torch=={make_kit.locked()['torch']}" in make_kit.needed("windows", "3.12")


def test_the_older_python_gets_what_the_newer_has_by_itself():
    assert "overrides" in names(make_kit.needed("linux", "3.11")) - names(make_kit.needed("linux", "3.12"))


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """For this system and Python, with few wheels."""
    folder = tmp_path_factory.mktemp("Ein Stick") / "kit"
    few = [f"{name}=={make_kit.locked()[name.replace('_', '-')]}" for name in FEW]
    probe = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder.parent / "probe", few[0]]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("the package registry cannot be reached")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_kit, "needed", lambda system, python: few)
        assert make_kit.main(["--systems", "linux", "--pythons", HERE, "--to", str(folder)]) == 0
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="this kit is for Linux")
def test_a_kit_installs_and_runs_with_the_network_cut(kit, tmp_path):
    assert len(list((kit / "wheels").iterdir())) == len(FEW) + 1
    assert (kit / "lessons" / "00_start_here.ipynb").is_file()
    folder = tmp_path / "mein Kurs"
    site = folder / ".venv" / "lib" / f"python{HERE}" / "site-packages"
    site.mkdir(parents=True)
    lend(site, tmp_path / "lent", without=("pip", *FEW))
    cut = ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"]).returncode == 0 else []
    nowhere = "http://127.0.0.1:9"
    own = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    own |= {"http_proxy": nowhere, "https_proxy": nowhere}

    def run(*command):
        done = subprocess.run([*cut, *command], cwd=folder, env=own, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = run("sh", kit / "install.sh", folder)
    assert f'"{folder}/.venv/bin/aae" lab --to "{folder}"' in told
    installed = {path.name.split("-")[0] for path in site.glob("*.dist-info")}
    assert installed >= {"aae_course", *FEW}
    lessons = sorted(path.stem for path in make_kit.ROOT.glob("notebooks/*.ipynb"))
    printed = run(folder / ".venv" / "bin" / "python", "-c", FIRST_CELLS)
    assert re.findall(r"^ran (\w+)$", printed, re.M) == lessons


def test_a_kit_is_not_made_over_other_things(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(SystemExit, match="holds other things: name an empty folder"):
        make_kit.main(["--to", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.fixture
def stick(tmp_path):
    """The scripts alone, in a folder with a space in its name, and a folder for Pythons that only say who they are."""
    shutil.copytree(make_kit.INSTALL, tmp_path / "mein Stick")
    (tmp_path / "bin").mkdir()

    def install(*pythons, **env):
        for name in pythons:
            python = tmp_path / "bin" / name
            python.write_text(f'#!/bin/sh\n[ "$1" = -c ] || echo "{name}:$1:$2"\n')
            python.chmod(0o755)
        path = {"PATH": f"{tmp_path / 'bin'}:{tools}"}
        command = ["/bin/sh", tmp_path / "mein Stick" / "install.sh", "mein Kurs"]
        return subprocess.run(command, env=path | env, capture_output=True, text=True)

    tools = tmp_path / "tools"  # without any Python of the system
    tools.mkdir()
    (tools / "dirname").symlink_to(shutil.which("dirname"))
    return install


@pytest.mark.skipif(sys.platform == "win32", reason="a script for sh")
def test_the_newest_python_that_the_kit_is_for_installs_it(stick):
    assert stick("python3").stdout.startswith("python3:")
    ran = stick("python3.14", "python3.11", "python3.12")  # the others are newer than the kit, or older
    assert re.fullmatch(r"python3.12:.*/mein Stick/install.py:mein Kurs\n", ran.stdout)
    assert stick(PYTHON="python3.11").stdout.startswith("python3.11:")


@pytest.mark.skipif(sys.platform == "win32", reason="a script for sh")
def test_without_a_python_there_is_a_sentence(stick):
    ran = stick()
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(r"Python was not found\. Install Python 3\.12, .*\n", ran.stderr)
    stick("python3")
    assert stick(PYTHON="python4").stderr.startswith("python4 was not found.")  # and no other is taken instead


INSTALL = """
import runpy, subprocess, sys, venv
def create(*arguments, **options):
    raise {fault}
venv.create = create
sys.argv = ["install.py", "mein Kurs"]
runpy.run_path({script!r}, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("subprocess.CalledProcessError(1, 'ensurepip')", r"This Python makes no virtual environments .*-venv.*\n"),
        ("PermissionError(13, 'Permission denied')", r".*mein Kurs cannot be written \(Permission denied\): .*\n"),
    ],
)
def test_what_stops_the_environment_is_told_in_a_sentence(fault, told, tmp_path):
    code = INSTALL.format(fault=fault, script=str(make_kit.INSTALL / "install.py"))
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1
    assert re.fullmatch(told, ran.stderr)


def test_a_python_that_the_kit_is_not_for_is_told_which_it_has(kit, tmp_path):
    wheel = kit / "wheels" / "torch-2.13.0-cp399-cp399-win_amd64.whl"
    wheel.touch()
    told = subprocess.run([sys.executable, kit / "install.py", tmp_path / "new"], capture_output=True, text=True)
    wheel.unlink()
    assert told.returncode == 1
    assert re.fullmatch(r"This is Python cp\d+ on \w+ \w+; the kit has wheels for cp399-win_amd64\.\n", told.stderr)
    assert not (tmp_path / "new").exists()
