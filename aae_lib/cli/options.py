"""What an option may be: argparse's types, made from the library's kinds, and options that several commands have."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..arguments import WIDEST, Kind, count, number, one_of, path, seed, shown

DATASETS = ("mini_mnist", "digits", "glyphs", "mnist", "fashion_mnist")
PICTURES = ("", ".png", ".pdf", ".svg", ".jpg", ".jpeg", ".webp")
MOST_STEPS = 10**12


class Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is told in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        told = message.removeprefix("argument ").replace(": must be", " must be", 1)
        if not told.endswith("."):  # argparse's own words
            told = f"{told} (see {self.prog} --help)."
        self.exit(2, f"aae_lib: {told}\n")


def typed(kind: Kind, read: Callable[[str], Any] = str) -> Callable[[str], Any]:
    """An option's `type`: its text, read as a number where that can be done, must be of this kind."""

    def take(value: Any) -> Any:
        try:
            value = read(value)
            return kind.take(value)
        except Exception:
            raise argparse.ArgumentTypeError(f"must be {kind.wanted}; got {shown(value)}.") from None

    return take


def whole(least: int = 1, most: int = WIDEST) -> Callable[[str], int]:
    """The type of an option that is a whole number."""
    return typed(count(least, most), int)


def picture() -> Kind:
    """The name of a picture, which becomes a Path; without an ending it is a PNG."""

    def take(value: Any) -> Path:
        name = path().take(value)
        if not name.name or name.suffix.lower() not in PICTURES:
            raise ValueError
        return name

    return Kind(f"the name of a picture, ending in {' or '.join(filter(None, PICTURES))}", take)


def dataset() -> Kind:
    """One of the library's sets by name, or the place of the user's own, which becomes a Path."""

    def take(value: Any) -> str | Path:
        if value in DATASETS:
            return str(value)
        place = path().take(value)
        if not (place.is_dir() or (place.is_file() and place.suffix.lower() in (".csv", ".npz"))):
            raise ValueError
        return place

    return Kind(f"one of {', '.join(DATASETS)}, or a folder of pictures, a .csv or a .npz that is there", take)


RATE = typed(number(above=0, most=1000), float)
SEED = typed(seed(), int)
FOLDER = typed(path())
THREADS = whole(most=4096)


def choice(
    p: argparse.ArgumentParser, option: str, default: str | None, words: Sequence[str], told: str | None = None
) -> None:
    """An option that is one of these words."""
    kind = typed(one_of(*words))
    p.add_argument(option, default=default, type=kind, metavar=f"{{{','.join(words)}}}", help=told)


def device_options(p: argparse.ArgumentParser) -> None:
    """Where a training runs."""
    p.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    p.add_argument("--threads", type=THREADS, help="on the CPU (default: OMP_NUM_THREADS, else all cores)")


def copies_option(p: argparse.ArgumentParser) -> None:
    """Where the learner's copies of the lessons are."""
    told = "the folder of your copies (default: the one you are in, else aae-course/; in a clone work/)"
    p.add_argument("--to", type=FOLDER, metavar="FOLDER", help=told)
