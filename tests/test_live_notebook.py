"""The panel where nobody can press play: a program runs the notebook, as nbval and `jupyter execute` do."""

import base64
import struct

import nbformat
import pytest

from tests.headless import execute

pytestmark = pytest.mark.slow

CELLS = [
    """
import torch, aae_lib as aae
torch.set_num_threads(1)
data = aae.load("digits")
trainer = aae.Trainer(aae.AAE(data.image_shape, hidden=(32, 32), seed=0), data, seed=0)
panel = aae.live.Panel(trainer, headless_steps=50)
panel
""",
    "print(trainer.steps, panel.status, panel.training.runs[0].mmd)\nprint(trainer.history.iloc[-1, 2:].tolist())",
    "import sys; print('anywidget' in sys.modules)",
    """
def broken(model, batch, terms):
    raise RuntimeError("my loss is wrong")

aae.live.Panel(aae.Trainer(aae.AAE(data.image_shape, hidden=(8,), seed=0), data, losses={"generator": broken}))
""",
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The notebook run twice, each in a kernel of its own."""
    done = []
    for _ in range(2):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        execute(notebook, tmp_path_factory.mktemp("run"), allow_errors=True)
        done.append(notebook)
    return done


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def test_a_fixed_number_of_steps_is_run_with_the_same_numbers_twice(runs):
    first, second = (printed(notebook.cells[1]) for notebook in runs)
    assert first.startswith("50 done ")
    assert first == second


def test_the_file_keeps_a_picture_and_a_sentence_for_it(runs):
    (output,) = runs[0].cells[0].outputs
    png = base64.b64decode(output.data["image/png"])
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert width > 400
    assert height > 300
    assert "step 50" in output.data["text/plain"]


def test_nothing_of_widgets_is_loaded(runs):
    assert printed(runs[0].cells[2]).strip() == "False"


def test_a_learners_error_stops_the_notebook(runs):
    (error,) = [output for output in runs[0].cells[3].outputs if output.output_type == "error"]
    assert (error.ename, error.evalue) == ("RuntimeError", "my loss is wrong")
