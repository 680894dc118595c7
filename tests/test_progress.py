"""A bar where somebody watches, one line where nobody does, nothing where that was asked for."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import nbformat
import pytest

from aae_lib.arguments import switch_or_title

TRAIN = """
import aae_lib as aae
data = aae.load("digits")
trainer = aae.Trainer(aae.AAE(data.image_shape, hidden=(4,)), data, device="cpu")
trainer.run(steps=300{options})
"""
# the same, with the process's error stream led to one file after the other
INTO = """
import os
for path, options in {runs!r}:
    stream = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(stream, 2)
    os.close(stream)
    trainer.run(steps=300, **options)
"""


def environment(**extra):
    own = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    return own | {"OMP_NUM_THREADS": "1"} | extra


def train(runs, **extra):
    code = TRAIN.format(options=", progress=False") + INTO.format(runs=[(str(path), how) for path, how in runs])
    subprocess.run([sys.executable, "-c", code], env=environment(**extra), check=True, timeout=300)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What was told in a file, in one of a run without time, in one of a run asked for silence, and in a terminal."""
    folder = tmp_path_factory.mktemp("said")
    watcher, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # a new one has no width
    runs = {
        "file": {}, "no time": {"seconds": 0}, "silent": {"progress": False}, "named": {"progress": "ring, 1 of 6"},
    }  # fmt: skip
    train([*((folder / name, how) for name, how in runs.items()), (os.ttyname(terminal), {})])
    os.close(terminal)
    seen = b""
    try:
        while part := os.read(watcher, 4096):
            seen += part
    except OSError:  # how Linux says that a terminal has ended
        pass
    os.close(watcher)
    return {name: (folder / name).read_text() for name in runs} | {"terminal": seen.decode()}


def test_a_file_gets_one_line(said):
    told = said["file"]
    assert told.startswith("training: 100%")
    assert "300/300" in told
    assert told.count("\n") == 1
    assert told.endswith("\n")
    assert "\r" not in told


def test_a_run_can_be_named(said):
    assert said["named"].startswith("ring, 1 of 6: 100%")


def test_a_name_is_a_text():
    with pytest.raises(ValueError, match=r"^progress must be True, False or a title; got 3\.$"):
        switch_or_title().checked("progress", 3)


def test_who_asked_for_none_gets_none(said, tmp_path):
    assert said["silent"] == ""
    train([(tmp_path / "log", {})], TQDM_DISABLE="1")
    assert (tmp_path / "log").read_text() == ""


def test_an_early_end_is_told_in_the_line(said):
    assert "0/300" in said["no time"]
    assert said["no time"].count("\n") == 1


def test_a_terminal_gets_a_bar(said):
    assert "\r" in said["terminal"]
    assert "  0%" in said["terminal"]
    assert "300/300" in said["terminal"]


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "extra"), [(1, {}), (0, {"TQDM_DISABLE": "1"})])
def test_a_notebook_gets_one_widget(wanted, extra):
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRAIN.format(options=""))])
    nbclient.NotebookClient(notebook, timeout=120).execute(env=environment(**extra))
    outputs = notebook.cells[0].outputs
    bars = [o for o in outputs if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]
    assert len(bars) == wanted
    assert not [o for o in outputs if o.output_type == "stream"]
