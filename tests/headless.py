"""Notebooks run from top to bottom without a page, and what is left out where only that they get through is asked."""

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests import warm

warm.install()
QUIET = {"TQDM_DISABLE": "1", "AAE_DEVICE": "cpu", "AAE_STRICT": "0"}
# nobody looks at the pictures; the lessons themselves are run in full by nbval
UNSEEN = """
from aae_lib.live.notebook import PIXEL
from aae_lib.plots.picture import Picture
Picture._repr_png_ = lambda self: PIXEL
"""
# nor at what is trained
SHORT = f"""{UNSEEN}
from aae_lib.training.sweep import Sweep
from aae_lib.training.trainer import Trainer

def _short(run):
    return lambda self, steps=30, epochs=None, **options: run(self, steps=min(steps, 30), **options)

Trainer.run, Sweep.run = _short(Trainer.run), _short(Sweep.run)
"""
# nor what is measured: a part of the handwriting
FEW = """
import dataclasses
import torch
import aae_lib as aae
_load = aae.load

def _few(name="mini_mnist", *arguments, **options):
    data = _load(name, *arguments, **options)
    parts = {"train": 4, "test": 2} if name == "mini_mnist" else {}
    every = {part: getattr(data, part) for part in parts}
    return dataclasses.replace(data, **{p: s.take(torch.arange(0, len(s), parts[p])) for p, s in every.items()})

aae.load = _few
"""


def execute(
    notebook: nbformat.NotebookNode,
    folder: Path,
    *before: str,
    env: dict[str, str] | None = None,
    timeout: int = 600,
    **options: Any,
) -> None:
    """Run all cells, after code of ours, in the folder. The kernel is killed at the end: it has nothing left to do."""
    first = [nbformat.v4.new_code_cell("\n".join(before))] if before else []
    notebook.cells[:0] = first
    about = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=timeout, resources=about, shutdown_kernel="immediate", **options)
    try:
        client.execute(**({} if env is None else {"env": env}))
    finally:
        del notebook.cells[: len(first)]


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """What the cells have shown, as plain text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
