"""Every term of the glossary is linked once, where the lessons first use it, and every link leads to its entry."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

import link_glossary
from aae_lib.course import workspace

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
TERMS = link_glossary.terms(PAGE)
TO = re.compile(r"\[[^\]]+\]\((?:\.\./)?docs/glossary\.md#([\w-]+)\)")
LESSONS = {path: nbformat.read(path, as_version=4) for path in sorted(ROOT.glob("notebooks/*.ipynb"))}


def linked(lessons):
    """How often each entry is linked."""
    texts = (cell.source for notebook in lessons.values() for cell in notebook.cells if cell.cell_type == "markdown")
    return Counter(entry for text in texts for entry in TO.findall(text))


def test_there_are_forty_terms_each_with_its_spellings_in_alphabetical_order():
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert [*TERMS] == headings
    assert len(headings) >= 40
    assert headings == sorted(headings, key=str.lower)
    assert all(re.fullmatch(r"[A-Za-z -]+", heading) for heading in headings), "plain words, so that anchors agree"
    words = [word.lower() for spelt in TERMS.values() for word in spelt]
    assert len(set(words)) == len(words)


def test_every_link_leads_to_an_entry_and_no_entry_is_linked_twice():
    found = linked(LESSONS)
    assert found.keys() <= {link_glossary.anchor(term) for term in TERMS}
    assert set(found.values()) == {1}


def test_every_term_is_linked():
    assert linked(LESSONS) == Counter(link_glossary.anchor(term) for term in TERMS)


def test_a_learners_copy_leads_to_its_own_glossary(tmp_path):
    lesson = next(path for path, notebook in LESSONS.items() if linked({path: notebook}))
    workspace._copy(lesson, tmp_path / lesson.name)
    copy = nbformat.read(tmp_path / lesson.name, as_version=4)
    found = [cell.source for cell in copy.cells if "glossary.md#" in cell.source]
    assert found
    assert all("](docs/glossary.md#" in text and "../docs" not in text for text in found)


TEXT = {"prior": ["prior", "priors"], "prior sample": ["prior sample"], "loss": ["loss"]}


@pytest.mark.parametrize(
    "text",
    [
        "# A prior\n\n## The prior",
        "| prior | a |\n|---|---|",
        "`prior` and $prior$ and\n\n$$\nprior\n$$",
        "[the prior](x.md) and ![prior](y.png)",
        "```python\nprior = 1\n```",
        "<details><summary>prior</summary>\n\nprior\n\n</details>",
        "## Notation\n\nthe prior",
        "a-prior and priority and prior-like",
    ],
)
def test_what_is_no_running_text_is_left_alone(text):
    assert link_glossary.link([text], {"prior": ["prior"]}) == [text]


def test_the_first_use_is_linked_in_its_own_spelling_and_linking_twice_changes_nothing():
    texts = ["## Prior\n\nNo use of it.", "Two **Priors**, one\nprior. A loss.", "The prior, a loss."]
    once = link_glossary.link(texts, TEXT)
    at = link_glossary.GLOSSARY
    assert once == [texts[0], f"Two **[Priors]({at}#prior)**, one\nprior. A [loss]({at}#loss).", texts[2]]
    assert link_glossary.link(once, TEXT) == once
    moved = link_glossary.link([f"Some priors. {once[0]}", *once[1:]], TEXT)
    assert moved[1].startswith("Two **Priors**, one")


def test_a_term_of_two_words_is_found_across_lines():
    found = link_glossary.link(["a prior\nsample"], {"prior sample": ["prior sample"]})
    assert found == [f"a [prior\nsample]({link_glossary.GLOSSARY}#prior-sample)"]
