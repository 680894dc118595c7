"""The English is plain: turns that a native speaker would not use here, each with what to write instead."""

import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSTEAD = {  # a regular expression (a space stands for any white space): what to write
    r"shall": "should, will, is to",
    r"beside": "next to, with, compared with",
    r"mend(s|ed|ing)?": "fix, correct, repair",
    r"whoever": "anyone who, you, the one that",
    r"so many": "this many, that many",
    r"by lot": "at random",
    r"by turns": "in turns",
    r"to be had|(easily|best|only) had": "available, possible, easy to get",
    r"has it that": "says that",
    r"(is|are|was|were) wanted": "is needed, is asked for",
    r"wants? (a GPU|a browser|Python|Node)": "needs",
    r"dear|dearer": "expensive",
    r"likewise": "too, also, the same",
    r"for want of": "for lack of",
    r"stands? in (the|its|a|an|one|two|every)": "is in",
    r"in the place of": "instead of",
    r"otherwise than": "differently from",
    r"(of )?one's own": "of your own, its own",
    r"tabled": "put in a table",
    r"(?<!there\s)(is|are) no (file|folder|picture|number|prior|digit|cluster|tensor|notebook)s?": "is not a",
    r"(midst|whilst|amongst|betwixt|thereof|wherein|henceforth)": "middle, while, among, of it, in which, from now on",
}
TURNS = "|".join(f"(?P<p{i}>{turn})" for i, turn in enumerate(INSTEAD)).replace(" ", r"\s+")
BANNED = re.compile(rf"\b(?:{TURNS})\b", re.I)
NO_ZERO = re.compile(r"(?<![\w.\d/\\)\]}*])\.\d+\b(?![a-z%])")  # ".5", where 0.5 is meant
CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)]*\)|<!--.*?-->|https?://\S+", re.S)  # of Markdown
# Each with its reason: (file, words as they are there).
ALLOWED: set[tuple[str, str]] = set()


def python_words(source: str) -> Iterator[tuple[int, str]]:
    """The comments and strings (docstrings, messages) of a Python source, each with its line."""
    words = tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in words:
            yield token.start[0], token.string


def notebook_words(source: str) -> Iterator[tuple[int, str]]:
    """The Markdown and the comments of a notebook, each with the number of its cell; outputs follow the code."""
    for number, cell in enumerate(json.loads(source)["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield number, text
        else:
            yield from ((number, comment) for comment in re.findall(r"(?:^|\s)#\s.*", text))


def without_zero(path: Path) -> list[str]:
    """The decimals in what is said, in a file, that lack the zero before their point."""
    name, source = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(source)["cells"]]
        texts = [CODE.sub("", text) for kind, text in cells if kind == "markdown"]
        texts += [words for kind, text in cells if kind == "code" for _, words in python_words(text)]
    else:
        texts = [words for _, words in python_words(source)] if path.suffix == ".py" else [CODE.sub("", source)]
    return [f"{name}: {hit[0]}: write 0{hit[0]}" for text in texts for hit in NO_ZERO.finditer(text)]


def found(path: Path) -> list[str]:
    """A sentence for each banned turn in a file."""
    name, source = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    parts = {".py": python_words, ".ipynb": notebook_words}.get(path.suffix, lambda text: iter([(1, text)]))
    told: list[str] = []
    if path.suffix != ".ipynb" and not BANNED.search(source):
        return told
    for line, text in parts(source):
        for hit in BANNED.finditer(text):
            words = " ".join(hit[0].split())
            if (name, words) not in ALLOWED:
                instead = list(INSTEAD.values())[int(str(hit.lastgroup)[1:])]
                at = f"cell {line}" if path.suffix == ".ipynb" else str(line + text.count("\n", 0, hit.start()))
                told.append(f"{name}:{at}: “{words}”: write {instead}")
    return told


FILES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.*", "results/*.md", "tools/**/*.py", "tests/**/*.py",
                    "aae_lib/**/*.py", "aae_lib/course/quizzes/*.json", "notebooks/*.ipynb", "solutions/*.ipynb")
    for path in sorted(ROOT.glob(pattern))
    if path.suffix in (".md", ".py", ".json", ".ipynb") and path != Path(__file__)
]  # fmt: skip


def test_the_english_is_plain():
    told = [told for path in FILES for told in found(path)]
    assert not told, "\n" + "\n".join(told)


def test_a_decimal_begins_with_its_zero():
    told = [told for path in FILES for told in without_zero(path)]
    assert not told, "\n" + "\n".join(told)


def test_a_decimal_without_its_zero_is_found_and_code_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "a.py").write_text('x = .5  # a rate of .25\nf"{x:.2f} and {x:>8.3f}, {x:.0%}; 1.5 in 05.a, v0.10.1"\n')
    (tmp_path / "a.md").write_text("`.5` and [5](a.5) and ($-.75$), or \n```\n.5\n```")
    cells = [
        {"cell_type": "code", "source": 'rate = .5\nsay("more than .5")'},
        {"cell_type": "markdown", "source": ".9"},
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    told = [found.split(": ")[1] for name in ("a.py", "a.md", "a.ipynb") for found in without_zero(tmp_path / name)]
    assert told == [".25", ".75", ".9", ".5"]


def test_a_banned_turn_is_found_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "a.py").write_text('shall = 1  # the codes\n"""Of so\n\nmany, as\nbesides."""\n')
    cells = [{"cell_type": "markdown", "source": ["Fine.\n", "It stands\n", "in the file."]},
             {"cell_type": "code", "source": ["x = 1  # WHOEVER\n", 'shown("shall")']}]  # fmt: skip
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": cells}))
    assert found(tmp_path / "a.py") == ["a.py:2: “so many”: write this many, that many"]
    assert [told.split(": write")[0] for told in found(tmp_path / "b.ipynb")] == [
        "b.ipynb:cell 0: “stands in the”",
        "b.ipynb:cell 1: “WHOEVER”",
    ]
