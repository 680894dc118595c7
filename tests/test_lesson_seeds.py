"""results/lessons.json holds what the lessons claim, and the tool that makes it changes nothing but the seed."""

import json

import nbformat
import pytest

import lesson_seeds
from aae_lib.course.calls import wording

STORED = json.loads(lesson_seeds.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("SEED = 0  # of all", "SEED = 7  # of all"),
        ("a = 0\nSEED, STEPS, d = 0, 1000, 2\n", "a = 0\nSEED, STEPS, d = 7, 1000, 2\n"),
        ("g = seeded(SEED + 1)\nSEEDS = 0", "g = seeded(SEED + 1)\nSEEDS = 0"),
    ],
)
def test_only_the_seed_changes(source, wanted):
    assert lesson_seeds.seeded(source, 7) == wanted


def test_a_claim_is_read_as_it_is_shown():
    def shown(text):
        return nbformat.v4.new_output("display_data", {"text/plain": text})

    assert lesson_seeds.told(shown("✓ it falls  (from 2 (mean)\nto 1)")) == ("it falls", True, "from 2 (mean)\nto 1")
    assert lesson_seeds.told(shown("✓ it falls")) == ("it falls", True, "")
    failed = "✗ not this time: it falls\n  found: 3\n  usual reasons: a cell was skipped"
    assert lesson_seeds.told(shown(failed)) == ("it falls", False, "3")
    assert lesson_seeds.told(shown("→ an outcome")) is None


@pytest.mark.parametrize("number", STORED)
def test_the_claims_of_a_lesson_held_with_five_seeds(number):
    """Where this fails after a claim was changed: `python tools/lesson_seeds.py NUMBER`."""
    notebook = nbformat.read(lesson_seeds.lessons()[number], as_version=4)
    made = set(lesson_seeds.bounds(notebook))
    words = [wording(call.args[0]) for call in lesson_seeds.claims(notebook)]
    runs = STORED[number]["runs"]
    assert set(runs) == {"0", "1", "2", "3", "4"}
    for run in runs.values():
        said = {claim["claim"].partition(" (2)")[0] for claim in run["claims"]}
        assert made <= said
        assert [each for each in said if not any(claim.fullmatch(each) for claim in words)] == []
        assert [claim for claim in run["claims"] if not claim["held"]] == []


def test_the_page_is_what_the_file_says():
    assert lesson_seeds.PAGE.read_text(encoding="utf-8") == lesson_seeds.page(STORED)
