"""Run lessons and solutions from top to bottom and store their outputs; write the seconds into them and into README.

    python tools/run_notebooks.py            every notebook of notebooks/ and solutions/
    python tools/run_notebooks.py 04         those whose name begins so

Fails where a cell fails, where a notebook takes longer than its budget, or where its file grows too large.
"""

import argparse
import math
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("notebooks", "solutions")
BUDGET = 60.0  # seconds of execution on two CPU cores
LARGEST = 1_500_000  # bytes of a notebook with its outputs


def run(path: Path) -> float:
    """Execute one notebook in place; returns the seconds that its cells took, the kernel's start included."""
    os.environ |= {"AAE_STRICT": "1", "TQDM_DISABLE": "1", "AAE_DEVICE": "cpu"}  # a claim that fails ends it
    os.environ.pop("AAE_DATA_DIR", None)  # learners do not have it, and its path would be stored
    notebook = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=600, resources=place, coalesce_streams=True).execute()  # a table row by row is one
    seconds = time.perf_counter() - start
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day: they would change with every run
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    title = notebook.cells[0]
    title.source = re.sub(r"about \d+ s of computing", f"about {rounded(seconds)} s of computing", title.source)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)
    return seconds


def rounded(seconds: float) -> int:
    """Up to the next ten: runs differ by a second or two, and the text should not."""
    return math.ceil(seconds / 10) * 10


def write_table(seconds: dict[str, float], readme: Path) -> None:
    """Put the measured seconds of the lessons into README, in the row that links to each."""
    text = readme.read_text(encoding="utf-8")
    for name, value in seconds.items():
        if not name.startswith("notebooks/"):
            continue
        row = rf"(\({re.escape(name)}\).*\| )\d+( s \|)"
        text, found = re.subn(row, rf"\g<1>{rounded(value)}\2", text)
        if not found:
            print(f"README has no row for {name}; add one.", file=sys.stderr)
    readme.write_text(text, encoding="utf-8")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("prefix", nargs="?", default="", help="e.g. 04")
    chosen = options.parse_args()
    faults = []
    seconds = {}
    for path in (p for folder in FOLDERS for p in sorted((ROOT / folder).glob(f"{chosen.prefix}*.ipynb"))):
        name = path.relative_to(ROOT).as_posix()
        seconds[name] = run(path)
        size = path.stat().st_size
        print(f"{name}: {seconds[name]:.0f} s, {size / 1e6:.2f} MB")
        if seconds[name] > BUDGET:
            faults.append(f"{name} took {seconds[name]:.0f} s, budget {BUDGET:.0f} s")
        if size > LARGEST:
            faults.append(f"{name} has {size} bytes, more than {LARGEST}")
    write_table(seconds, ROOT / "README.md")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults or not seconds else 0


if __name__ == "__main__":
    sys.exit(main())
