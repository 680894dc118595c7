"""The pictures of docs/your_data.md, taken by running its own examples: `python tools/take_your_data_pictures.py`."""

import ast
import re
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import torch

DOCS = Path(__file__).resolve().parents[1] / "docs"
SECTIONS = {"A folder of drawings": "folder", "A table": "table", "Signals": "signals"}
DPI = 60


def main() -> None:
    """Run the examples in an empty folder; each picture that stands on a line of its own goes to docs/images."""
    torch.set_num_threads(1)
    text = (DOCS / "your_data.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for title, body in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
            if title not in SECTIONS:
                continue
            for line in ast.parse("".join(re.findall(r"```python\n(.*?)```", body, re.S))).body:
                source = ast.unparse(line)
                if drawn := re.match(r"aae\.plots\.(\w+)\(", source):
                    file = DOCS / "images" / f"own_{SECTIONS[title]}_{drawn[1]}.png"
                    eval(source, names).savefig(file, dpi=DPI)
                    print(f"{file.name}: {file.stat().st_size / 1e3:.0f} kB")
                else:
                    exec(source, names)
            print(names["aae"].metrics.compare(names["model"], names["data"].train).drop(columns="meaning"))


if __name__ == "__main__":
    main()
