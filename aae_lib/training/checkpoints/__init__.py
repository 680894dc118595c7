"""Checkpoints: a folder with tensors (safetensors) and a JSON file that names them. Nothing is pickled or unpickled.

- checkpoint.json: steps and place in the epoch; what the run is made of (model, prior, phases, data, schedule, seed);
  what was set (weights, terms, ...); measures; device and versions; the tensors' file and its SHA-256; its own SHA-256
- state-….safetensors: weights, optimizer state, generator state, permutation, history

Each file is written next to its place and moved there as a whole; the JSON comes last and is what counts. Killed at
any moment, the folder holds the previous checkpoint or the new one. One run at a time writes to a folder, and only to
one that is empty or holds that very run. Resuming is exact on one machine: 200 steps equal 100 steps, save, a new
process, load, 100 steps, bit for bit.

The files are in `files.py`, what is kept of a trainer in `state.py`, what a run must be made of to go on in
`made_of.py`. May import what training may.
"""

from .files import CheckpointError, exists, read_index, remove
from .loading import load, load_model
from .made_of import description
from .saving import save
from .state import State, restore, snapshot

__all__ = [
    "CheckpointError",
    "State",
    "description",
    "exists",
    "load",
    "load_model",
    "read_index",
    "remove",
    "restore",
    "save",
    "snapshot",
]
