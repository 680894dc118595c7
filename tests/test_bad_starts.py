"""Bad starts end well: each with a sentence that says what to do, or with nothing amiss at all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.headless import execute, texts

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LOAD = "%load_ext aae_lib.course.shell"  # `make lab` makes every kernel do so
# no way out but to this machine
OFFLINE = """
import socket
_connect = socket.socket.connect

def refuse(self, address):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"no network: {address}")
    return _connect(self, address)

socket.socket.connect = refuse
"""
EXTREMES = """
panel = aae.live.panel.open_panel()
panel.trainer.weights.update(dict.fromkeys(panel.trainer.weights, 0.0))
panel.trainer.rate = 0.0
"""


def lesson(name):
    (path,) = ROOT.glob(f"notebooks/{name}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def printed(notebook):
    """What is read under the cells: streams, and the text of what is displayed."""
    return "\n".join(texts(notebook))


def run(notebook, folder, **options):
    env = {key: value for key, value in os.environ.items() if key not in ("AAE_DATA_DIR", "AAE_STRICT")}
    execute(notebook, folder, env=env | {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}, **options)
    return printed(notebook)


def test_offline_from_another_folder_run_all_twice_with_the_sliders_at_zero(tmp_path):
    notebook = lesson("00")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "STEPS, SEED = 1500, 0" in code[0].source
    code[0].source = code[0].source.replace("1500", "600")  # enough for the claim that is asked for
    first = [nbformat.v4.new_code_cell(OFFLINE), code[0], nbformat.v4.new_code_cell(EXTREMES), *code[1:]]
    again = [nbformat.from_dict(dict(cell)) for cell in code]
    notebook.cells = first + again
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"
    text = run(notebook, tmp_path)
    assert "✗ not this time" not in text
    assert text.count("✓ and most digits lie on their own arm") == 2


@pytest.mark.parametrize("start", [3, 8])
def test_after_a_restart_in_the_middle_a_missing_name_is_told_with_what_to_do(tmp_path, start):
    notebook = lesson("04")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"][start:]
    notebook.cells = [nbformat.v4.new_code_cell(LOAD), *code]
    with pytest.raises(CellExecutionError, match="NameError"):
        run(notebook, tmp_path)
    assert "is not there (yet)" in printed(notebook)
    assert "Run All Above Selected Cell" in printed(notebook)


def test_a_lesson_brings_that_advice_along(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in ("from aae_lib.course import claim", "trainer.run()")]
    )
    with pytest.raises(CellExecutionError, match="NameError"):
        run(notebook, tmp_path)
    assert "→ trainer is not there (yet)" in printed(notebook)


def test_a_skipped_cell_makes_a_claim_doubtful_not_broken(tmp_path):
    notebook = lesson("00")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:  # the training was taken out
        cell.source = cell.source.replace(".run(steps=STEPS - 300)", "").replace(".run(steps=300)", "")
    notebook.cells = code[:3]
    text = run(notebook, tmp_path)
    assert "✗ not this time: after the training" in text
    assert "usual reasons" in text


def test_a_home_that_cannot_be_written(tmp_path):
    code = (
        "import aae_lib as aae; data = aae.load('digits'); trainer = aae.Trainer(aae.AAE(data.image_shape), data); "
        "trainer.run(steps=3); aae.plots.latent(trainer.model, data.test).savefig('latent.png'); "
        "from aae_lib.course import doctor; print(*doctor.examine(), sep='\\n')"
    )
    env = os.environ | {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache", "TQDM_DISABLE": "1"}
    env = {key: value for key, value in env.items() if key not in ("MPLCONFIGDIR", "AAE_DATA_DIR")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "latent.png").stat().st_size > 10_000
    assert "FAULT" not in done.stdout


def test_a_device_that_is_not_there(monkeypatch):
    import torch

    import aae_lib as aae

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    data = aae.load("digits")
    with pytest.raises(ValueError, match=r"cuda.*cannot be used here.*auto"):
        aae.Trainer(aae.AAE(data.image_shape), data, device="cuda")
    monkeypatch.setenv("AAE_DEVICE", "cuda")
    with pytest.raises(ValueError, match=r"cuda.*cannot be used here.*AAE_DEVICE asks for it"):
        aae.Trainer(aae.AAE(data.image_shape), data)
    run = subprocess.run([sys.executable, "-m", "aae_lib", "doctor"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 1
    assert re.search(r"FAULT +device: .*AAE_DEVICE", run.stdout)
