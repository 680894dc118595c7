"""The sentence below a NameError: the name that was meant, or how to get it."""

from aae_lib.course import shell


def test_a_name_that_is_nearly_there_is_suggested():
    assert shell.advice("traner", ["trainer", "data", "_"]) == "→ traner is not there. Did you mean trainer?"
    assert "Did you mean print?" in shell.advice("pirnt", [])


def test_another_name_wants_the_cells_above():
    told = shell.advice("guess", ["trainer", "data"])
    assert "guess is not there (yet)" in told
    assert "Run All Above Selected Cell" in told
    assert shell.advice(None, ["trainer"]).startswith("→ a name is not there")
