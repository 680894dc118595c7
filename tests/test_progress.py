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

TRAIN = """
import aae_lib as aae
data = aae.load("digits")
trainer = aae.Trainer(aae.AE(data.image_shape, hidden=(4,)), data, device="cpu")
trainer.run(steps=300{options})
"""


def environment(**extra):
    own = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    return own | {"OMP_NUM_THREADS": "1"} | extra


def train(stderr, options="", **extra):
    code = TRAIN.format(options=options)
    subprocess.run([sys.executable, "-c", code], stderr=stderr, env=environment(**extra), check=True, timeout=300)


def test_a_file_gets_one_line(tmp_path):
    with open(tmp_path / "log", "wb") as log:
        train(log)
    said = (tmp_path / "log").read_text()
    assert said.startswith("training: 100%")
    assert "300/300" in said
    assert said.count("\n") == 1
    assert said.endswith("\n")
    assert "\r" not in said


@pytest.mark.parametrize(("options", "extra"), [(", progress=False", {}), ("", {"TQDM_DISABLE": "1"})])
def test_who_asked_for_none_gets_none(options, extra, tmp_path):
    with open(tmp_path / "log", "wb") as log:
        train(log, options, **extra)
    assert (tmp_path / "log").read_text() == ""


def test_an_early_end_is_told_in_the_line(tmp_path):
    with open(tmp_path / "log", "wb") as log:
        train(log, ", seconds=0")
    said = (tmp_path / "log").read_text()
    assert "0/300" in said
    assert said.count("\n") == 1


def test_a_terminal_gets_a_bar():
    watcher, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # a new one has no width
    train(terminal)
    os.close(terminal)
    said = b""
    try:
        while part := os.read(watcher, 4096):
            said += part
    except OSError:  # how Linux says that a terminal has ended
        pass
    os.close(watcher)
    assert b"\r" in said
    assert b"  0%" in said
    assert b"300/300" in said


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
