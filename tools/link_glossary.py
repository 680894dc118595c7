"""Links from the lessons to docs/glossary.md: each term where the course first uses it. `finish_notebooks` calls it.

Under each term of the glossary stands, in a comment, how the lessons spell it: `<!-- words: phase, phases -->`. A use
is a word of running text: not in a title, table, formula, code or link, nor in what is folded, nor in a list of
symbols, names or papers.
"""

import re
from collections.abc import Iterable
from pathlib import Path

GLOSSARY = "../docs/glossary.md"  # from notebooks/; the copies in work/ have it adapted
ENTRY = re.compile(r"^## (.+)$(?:(?!^## )[\s\S])*?<!-- words: (.+?) -->", re.M)
LINKED = re.compile(rf"\[([^\]]+)\]\({re.escape(GLOSSARY)}#[\w-]+\)")
NOT_TEXT = re.compile(
    r"^## (?:Notation|What the library calls it|Further reading)[\s\S]*"
    r"|```.*?```|<details>.*?</details>|\$\$.*?\$\$|`[^`]*`|\$[^$\n]+\$"
    r"|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|https?://\S+|^ {0,3}#[^\n]*$|^ *\|[^\n]*$",
    re.S | re.M,
)


def anchor(term: str) -> str:
    """Of a heading of plain words: the same for GitHub, JupyterLab and the book."""
    return term.lower().replace(" ", "-")


def terms(glossary: Path) -> dict[str, list[str]]:
    """Every term and how it is spelt."""
    found = ENTRY.findall(glossary.read_text(encoding="utf-8"))
    return {term: [word.strip() for word in words.split(",")] for term, words in found}


def unlinked(text: str) -> str:
    """The text without links to the glossary."""
    return LINKED.sub(r"\1", text)


def link(texts: Iterable[str], glossary: dict[str, list[str]]) -> list[str]:
    """The texts, in the order of the course, with each term linked at its first use and nowhere else."""
    done = [unlinked(text) for text in texts]
    for term, words in glossary.items():
        spelt = "|".join(r"\s+".join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True))
        use = re.compile(rf"(?<![\w-])({spelt})(?![\w-])", re.I)
        for i, text in enumerate(done):
            if found := use.search(_masked(text)):
                linked = f"[{text[found.start() : found.end()]}]({GLOSSARY}#{anchor(term)})"
                done[i] = text[: found.start()] + linked + text[found.end() :]
                break
    return done


def _masked(text: str) -> str:
    """The text with what is no running text blanked, each character in its place."""
    return NOT_TEXT.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), text)
