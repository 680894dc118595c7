"""The learner's own copies: lessons and exercises are copied to work/, and never overwritten there.

A copied notebook has no outputs: a learner who is to predict an outcome should not find it on the page. Nor does it
have the solutions of what the learner writes in a lesson.
"""

import json
import os
from pathlib import Path

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's own
SOURCES = ("notebooks", "exercises")  # exercises keep their folder in work/


def root() -> Path:
    """The course's folder. FileNotFoundError where aae_lib was installed without the lessons next to it."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "notebooks").is_dir():
        raise FileNotFoundError("the lessons are not here: clone the whole course and install it with make lab.")
    return folder


def lessons(course: Path) -> dict[Path, Path]:
    """Every lesson and exercise and what belongs to it: place in work/ -> source."""
    found = {}
    for name in SOURCES:
        for source in sorted((course / name).rglob("*")):
            if source.is_file() and ".ipynb_checkpoints" not in source.parts:
                inside = source.relative_to(course / name)
                found[course / "work" / (inside if name == "notebooks" else Path(name) / inside)] = source
    return found


def copy_missing(course: Path) -> list[Path]:
    """Copy what work/ does not have yet; returns the new files."""
    new = [(copy, source) for copy, source in lessons(course).items() if not copy.exists()]
    for copy, source in new:
        _copy(source, copy)
    return [copy for copy, _ in new]


def renew(course: Path, number: str) -> list[tuple[Path, Path | None]]:
    """A fresh copy of lesson `number` ("04"), its exercises too. The old one is kept next to it, under a new name.

    Returns (copy, where the old one is now) for each file. ValueError where no lesson has that number, and for a source
    that is damaged.
    """
    number = str(number).strip()
    begins = f"{number.zfill(2)}_" if number else "/"  # which no name begins with
    wanted = {copy: source for copy, source in lessons(course).items() if copy.name.startswith(begins)}
    if not wanted:
        have = ", ".join(sorted({copy.name[:2] for copy in lessons(course) if copy.name[:2].isdigit()}))
        raise ValueError(f"there is no lesson {number or repr(number)}; there is {have}.")
    done: list[tuple[Path, Path | None]] = []
    for copy, source in wanted.items():
        old = None
        if copy.exists() and copy.read_bytes() != _fresh(source):
            old = _free_name(copy)
            os.rename(copy, old)
        _copy(source, copy)
        done.append((copy, old))
    return done


class Fault(Exception):  # noqa: N818 - a finding, told with the notebook's name
    """Markers of a solution that are not in pairs; the message says how."""


def without_solutions(source: str) -> str:
    """Code in which each region between BEGIN and END SOLUTION is one line that raises: the learner's turn."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        marker = line.strip()
        if marker == BEGIN:
            if inside:
                raise Fault(f"{BEGIN} within a solution")
            inside = True
            kept.append(f'{line[: len(line) - len(line.lstrip())]}raise NotImplementedError("write your answer here")')
        elif marker == END:
            if not inside:
                raise Fault(f"{END} without a beginning")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise Fault(f"{BEGIN} without an end")
    return "\n".join(kept)


def reset(lesson: str | int) -> None:
    """A fresh copy of a lesson and its exercises in work/. What you wrote is kept next to it, under a new name.

    Parameters
    ----------
    lesson : str or int
        Its number: "04", "4" or 4.

    Raises
    ------
    ValueError
        If no lesson has this number.
    FileNotFoundError
        If aae_lib was installed without the lessons.
    """
    if isinstance(lesson, bool) or not isinstance(lesson, str | int):
        raise ValueError(f'reset: lesson must be a number such as "04"; got {type(lesson).__name__}.')
    for copy, old in renew(root(), str(lesson)):
        print(f"{copy.name} is fresh." + (f" Yours is now {old.name}, next to it." if old else ""))
    print('Is it open? File > Reload Notebook from Disk shows the fresh one; if JupyterLab asks, choose "Revert".')


def where_to_start(course: Path) -> str:
    """The lesson to open, seen from work/: the one that was worked on last, at first lesson 00."""
    known = {copy: source for copy, source in lessons(course).items() if copy.suffix == ".ipynb" and copy.exists()}
    touched = [copy for copy, source in known.items() if copy.read_bytes() != _fresh(source)]
    last = max(touched or sorted(known)[:1], key=lambda copy: copy.stat().st_mtime, default=course / "work")
    return last.relative_to(course / "work").as_posix()


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    part = copy.with_name(copy.name + ".part")
    part.write_bytes(_fresh(source))
    os.replace(part, copy)


def _fresh(source: Path) -> bytes:
    """What a new copy holds: the file; of a notebook neither outputs nor solutions. ValueError where it is none."""
    content = source.read_bytes()
    if source.suffix != ".ipynb":
        return content
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            # lessons lie in work/ itself, exercises one folder further in
            text = "".join(cell["source"])  # nbformat allows a list of lines too
            text = text.replace("](../notebooks/", "](../").replace("](../exercises/", "](exercises/")
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
                text = without_solutions(text)
            cell["source"] = text
    except (ValueError, TypeError, KeyError, Fault) as error:
        raise ValueError(f"{source} is damaged, not a notebook: restore it with git checkout -- {source}") from error
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def _free_name(path: Path) -> Path:
    n = 1
    while (free := path.with_stem(f"{path.stem}.old{n}")).exists():
        n += 1
    return free


if __name__ == "__main__":  # `make lab` runs this file by itself: copying needs no torch, and starts at once
    import sys

    if sys.argv[1:] == ["--where-to-start"]:
        print(where_to_start(root()))
    else:
        print(f"{len(copy_missing(root()))} new file(s) in work/; what was there is untouched.")
