"""The learner's own copies: lessons and exercises are copied to the learner's folder, and never overwritten there.

That folder is work/ in a clone of the course, aae-course/ where pip installed it, or any other: it is known by what is
in it. A copied notebook has no outputs: a learner who is to predict an outcome should not find it on the page. Nor does
it have the solutions of what the learner writes in a lesson.
"""

import json
import os
import re
from pathlib import Path

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's own
HERE = Path(__file__).resolve().parent
CARRIED, CLONE = HERE / "carried", HERE.parents[1]  # in a wheel setup.py puts there what lies outside aae_lib/
SOURCES = {
    "notebooks/*": ".",
    "exercises/*": "exercises",
    "README.md": ".",
    "docs/*.md": "docs",
    "docs/images/*": "docs/images",
}
LINK = re.compile(r"!?\[([^\]]*)\]\(([\w.-]*/[\w./-]*|[\w-]+\.(?:ipynb|md|png))(#[^)]*)?\)")  # to a file of the course


def root() -> Path:
    """Where notebooks/ and exercises/ are: what came with the wheel, or the clone; FileNotFoundError without both."""
    for folder in (CARRIED, CLONE):
        if (folder / "notebooks").is_dir():
            return folder
    raise FileNotFoundError(f"the lessons did not come with this copy of aae_lib: {how_to_install()}.")


def how_to_install() -> str:
    """What repairs an installation."""
    if (CLONE / "Makefile").is_file():
        return "make lab (or: pip install -c constraints.txt -e '.[lab]')"
    return 'pip install "aae-course[lab]"'


def learners_folder() -> Path:
    """The folder here or around here that has copies; else where they are made: a clone's work/, or ./aae-course."""
    here, course = Path.cwd(), root()
    made = course / "work" if course == CLONE else here / "aae-course"
    return next((folder for folder in (here, *here.parents) if has_copies(course, folder)), made)


def has_copies(course: Path, folder: Path) -> bool:
    """Is this a learner's folder?"""
    lessons = (course / "notebooks").glob("*.ipynb")
    return os.path.isdir(folder / "exercises") and any((folder / lesson.name).exists() for lesson in lessons)


def lessons(course: Path, folder: Path) -> dict[Path, Path]:
    """Every lesson and exercise, and the guides that they name: place in the learner's folder -> source."""
    return {
        folder / place / source.name: source
        for pattern, place in SOURCES.items()
        for source in sorted(course.glob(pattern))
        if source.is_file() and source != course / "docs" / "index.md"  # which is the book's
    }


def copy_missing(course: Path, folder: Path) -> list[Path]:
    """Copy what the learner's folder does not have yet; returns the new files."""
    sources = lessons(course, folder)
    new = [copy for copy in sources if not copy.exists()]
    for copy in new:
        _copy(sources[copy], copy)
    return new


def renew(course: Path, folder: Path, number: str) -> list[tuple[Path, Path | None]]:
    """A fresh copy of lesson `number` ("04"), its exercises too. The old one is kept next to it, under a new name.

    Its predictions can be locked anew. Returns (copy, where the old one is now) for each file. FileNotFoundError where
    the folder has no copies, ValueError where no lesson has that number, and for a source that is damaged.
    """
    from . import record  # which knows a learner's folder by this module

    number = str(number).strip()
    begins = f"{number.zfill(2)}_" if number else "/"  # which no name begins with
    sources = lessons(course, folder)
    wanted = {copy: source for copy, source in sources.items() if copy.name.startswith(begins)}
    if not wanted:
        have = ", ".join(sorted({copy.name[:2] for copy in sources if copy.name[:2].isdigit()}))
        raise ValueError(f"there is no lesson {number or repr(number)}; there is {have}.")
    if not has_copies(course, folder):
        raise FileNotFoundError(
            f"{folder} has no lessons of yours: make them with aae lab, go where they are, or say where by --to FOLDER."
        )
    done: list[tuple[Path, Path | None]] = []
    for copy, source in wanted.items():
        old = None
        if copy.exists() and copy.read_bytes() != _fresh(source):
            old = _free_name(copy)
            os.rename(copy, old)
        _copy(source, copy)
        done.append((copy, old))
    record.open_again(folder, [source for source in wanted.values() if source.suffix == ".ipynb"])
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


def renewed(copy: str, old: Path | None) -> str:
    """What a learner is told of a fresh copy, and of the old one if it was kept."""
    return f"{copy} is fresh." + (f" Yours is now {old.name}, next to it." if old else "")


def reset(lesson: str | int) -> None:
    """A fresh copy of a lesson and its exercises. What you wrote is kept next to it, under a new name.

    The lesson's predictions are open again.

    Parameters
    ----------
    lesson : str or int
        Its number: "04", "4" or 4.

    Raises
    ------
    ValueError
        If no lesson has this number.
    FileNotFoundError
        If no folder with your copies is here or around here.
    """
    if isinstance(lesson, bool) or not isinstance(lesson, str | int):
        raise ValueError(f'reset: lesson must be a number such as "04"; got {type(lesson).__name__}.')
    folder = learners_folder()
    for copy, old in renew(root(), folder, str(lesson)):
        print(renewed(copy.relative_to(folder).as_posix(), old))
    print('Is it open? File > Reload Notebook from Disk shows the fresh one; if JupyterLab asks, choose "Revert".')


def where_to_start(course: Path, folder: Path) -> str:
    """The lesson to open, seen from the learner's folder: the one that was worked on last, at first lesson 00."""
    sources = lessons(course, folder)
    known = {copy: source for copy, source in sources.items() if copy.suffix == ".ipynb" and copy.exists()}
    touched = [copy for copy, source in known.items() if copy.read_bytes() != _fresh(source)]
    last = max(touched or sorted(known)[:1], key=lambda copy: copy.stat().st_mtime, default=folder)
    return last.relative_to(folder).as_posix()


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    part = copy.with_name(copy.name + ".part")
    part.write_bytes(_fresh(source))
    os.replace(part, copy)


def _fresh(source: Path) -> bytes:
    """What a new copy holds: the file; of a notebook neither outputs nor solutions. ValueError where it is none."""
    content = source.read_bytes()
    if source.suffix == ".md":
        return _linked(content.decode(), source).encode()
    if source.suffix != ".ipynb":
        return content
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            text = "".join(cell["source"])  # nbformat allows a list of lines too
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
                text = without_solutions(text)
            else:
                text = _linked(text, source)
            cell["source"] = text
    except (ValueError, TypeError, KeyError, Fault) as error:
        anew = how_to_install() if source.is_relative_to(CARRIED) else f"git checkout -- {source}"
        raise ValueError(f"{source} is damaged, no notebook: get it anew, with {anew}") from error
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def _linked(text: str, source: Path) -> str:
    """The text with links that lead to the same place from the copy; where that is not copied, their words alone."""
    course = next((folder for folder in source.parents if (folder / "notebooks").is_dir()), source.parent)
    places = {original: copy for copy, original in lessons(course, Path()).items()}
    here = places.get(source, Path(source.name)).parent

    def link(found: re.Match[str]) -> str:
        words, target, part = found.groups()
        original = Path(os.path.normpath(source.parent / target))
        if original not in places:
            return words
        leads_to = Path(os.path.relpath(places[original], here)).as_posix()
        return found[0].replace(f"]({target}{part or ''})", f"]({leads_to}{part or ''})")

    return LINK.sub(link, text)


def _free_name(path: Path) -> Path:
    n = 1
    while (free := path.with_stem(f"{path.stem}.old{n}")).exists():
        n += 1
    return free
