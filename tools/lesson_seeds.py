"""Do a lesson's claims hold with other seeds? Runs it with SEED = 0 to 4: results/lessons.json and results/lessons.md.

    python tools/lesson_seeds.py              every lesson that has a SEED (an hour and a half on one core)
    python tools/lesson_seeds.py 07           one of them
    python tools/lesson_seeds.py 07 3 4       seeds 3 and 4 of it; what the file holds of others stays

Nothing but the line with SEED is changed. A claim that fails is noted, and the lesson goes on.
"""

import argparse
import ast
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from aae_lib.course.calls import calls
from aae_lib.files import write_whole
from aae_lib.paper.machine import machine, versions

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "lessons.json"
PAGE = RESULTS.with_suffix(".md")
SEEDS = (0, 1, 2, 3, 4)


def seeded(source: str, seed: int) -> str:
    """A cell's code, with this seed where it sets SEED."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name | ast.Tuple):
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=True))
        else:
            pairs = [(target, value)]
        for name, number in pairs:
            if isinstance(name, ast.Name) and name.id == "SEED" and isinstance(number, ast.Constant):
                lines = source.splitlines(keepends=True)
                line = lines[number.lineno - 1]
                lines[number.lineno - 1] = line[: number.col_offset] + str(seed) + line[number.end_col_offset :]
                return "".join(lines)
    return source


def claims(notebook: nbformat.NotebookNode) -> list[ast.Call]:
    """The calls of `claim` in a lesson."""
    return calls((cell.source for cell in notebook.cells if cell.cell_type == "code"), "claim")


def bounds(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each claim compares, as the lesson writes it; of those whose words are no f-string."""
    words = ((call.args[0], call) for call in claims(notebook))
    return {str(said.value): ast.unparse(call.args[1]) for said, call in words if isinstance(said, ast.Constant)}


def told(output: nbformat.NotebookNode) -> tuple[str, bool, str] | None:
    """A claim that an output shows: its words, whether it held, and the figures it rests on."""
    text = output.get("data", {}).get("text/plain", "")
    if found := re.fullmatch(r"✓ (.*?)(?:  \((.*)\))?", text, re.DOTALL):
        return found[1], True, found[2] or ""
    if found := re.match(r"✗ not this time: (.*?)\n  found: (.*?)\n  usual reasons", text, re.DOTALL):
        return found[1], False, found[2]
    return None


def printed(cell: nbformat.NotebookNode) -> str:
    """What a cell has printed."""
    return "".join(output.text for output in cell.get("outputs", ()) if output.get("name") == "stdout")


def run(path: Path, seed: int) -> dict[str, Any]:
    """The claims of one run, in their order, and what its cells printed."""
    os.environ |= {"AAE_STRICT": "0", "TQDM_DISABLE": "1", "AAE_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    notebook = nbformat.read(path, as_version=4)
    before = [cell.source for cell in notebook.cells]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, cell.outputs = seeded(cell.source, seed), []
    changed = sum(a != cell.source for a, cell in zip(before, notebook.cells, strict=True))
    assert changed <= 1, f"{path.name} sets SEED in {changed} cells"
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    found, seen = [], Counter[str]()
    for cell in notebook.cells:
        for text, held, got in filter(None, map(told, cell.get("outputs", ()))):
            if text.startswith("right: "):  # a task, not a claim
                continue
            seen[text] += 1  # a claim in a loop is several
            found.append({"claim": text + (f" ({seen[text]})" if seen[text] > 1 else ""), "held": held, "got": got})
    return {"claims": found, "printed": {cell.id: text for cell in notebook.cells if (text := printed(cell))}}


def lessons() -> dict[str, Path]:
    """The lessons that have a SEED, by number."""
    found = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    return {number: path for number, path in found.items() if any(seeded(s, -1) != s for s in code(path))}


def code(path: Path) -> list[str]:
    """The sources of a lesson's code cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def page(stored: dict[str, Any]) -> str:
    """results/lessons.md: a table a lesson."""
    lines = ["# What the lessons claim, with five seeds", ""]
    lines += [
        "Written by `python tools/lesson_seeds.py`. Bounds are as the lesson has them now; what is bold did not hold. "
        "Where all figures of a row are the same, SEED does not change what the claim is about: "
        "a pretrained model, a formula."
    ]
    for number, lesson in sorted(stored.items()):
        path = next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
        notebook = nbformat.read(path, as_version=4)
        bound = bounds(notebook)
        runs = dict(sorted(lesson["runs"].items()))
        title = notebook.cells[0].source.partition("\n")[0].lstrip("# ")
        lines += ["", f"## [{title}](../notebooks/{path.name})", ""]
        where = f"{lesson['machine']['name']}, one thread, torch {lesson['versions']['torch']}"
        lines += [f"`python tools/lesson_seeds.py {number}`, {where}.", ""]
        lines += [f"| claim | bound | holds | {' | '.join(f'seed {seed}' for seed in runs)} |"]
        lines += [f"|---|---|---:|{'---|' * len(runs)}"]
        by_words = {seed: {c["claim"]: c for c in each["claims"]} for seed, each in runs.items()}
        for words in dict.fromkeys(c["claim"] for each in runs.values() for c in each["claims"]):
            found = [by_words[seed][words] for seed in runs if words in by_words[seed]]
            holds = sum(c["held"] for c in found)
            figures = [c["got"] if c["held"] else f"**{c['got'] or 'no'}**" for c in found]
            compared = f"`{bound[words]}`" if words in bound else ""
            cells = [words, compared, f"{holds} of {len(runs)}", *figures]
            lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("lesson", nargs="?", help="its number, e.g. 07; without: all")
    options.add_argument("seeds", nargs="*", type=int, default=SEEDS)
    chosen = options.parse_args()
    found = lessons()
    if chosen.lesson and chosen.lesson not in found:
        options.error(f"{chosen.lesson} is not one of {', '.join(found)}: the lessons that have a SEED")
    for number in [chosen.lesson] if chosen.lesson else found:
        for seed in chosen.seeds:
            result = run(found[number], seed)
            stored = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
            lesson = stored.setdefault(number, {"runs": {}})
            lesson |= {"machine": machine() | {"threads": 1}, "versions": versions()}
            lesson["runs"][str(seed)] = result
            stored = dict(sorted(stored.items()))
            write_whole(RESULTS, (json.dumps(stored, indent=1, ensure_ascii=False) + "\n").encode())
            PAGE.write_text(page(stored), encoding="utf-8")
            failed = [c["claim"] for c in result["claims"] if not c["held"]]
            print(f"{number}, seed {seed}: {len(result['claims'])} claims, failed: {failed or 'none'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
