"""What hub.py and memory.py share: the lesson that they run, and how they read a process's memory."""

import re
from pathlib import Path

LESSON = "04_adversarial_autoencoder.ipynb"


def shortened(source: str, steps: int) -> str:
    """A cell's code, with this many steps for its long training."""
    return source.replace('"steps": 2000', f'"steps": {steps}')


def pages(pid: int) -> dict[str, float]:
    """MB of a process by the fields of smaps_rollup, such as "Private_Dirty" and "Pss". Linux only."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {field: int(kb) / 1000 for field, kb in re.findall(r"^(\w+):\s+(\d+)", rollup, re.MULTILINE)}
