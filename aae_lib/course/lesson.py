"""What a lesson says has just happened, checked: a claim."""

import os
from typing import Any

from ..arguments import Kind, switch, takes, text
from . import look, record, shell

shell.load_where_there_is_a_shell()

REASONS = (
    "usual reasons: a cell above was skipped or changed, the cells ran out of order (Run > Run All Cells), "
    "or you changed the data, the steps or the seed, and then this is a finding, not a fault"
)


def _truth(value: Any) -> bool:
    if getattr(value, "ndim", None) is not None:  # a comparison of tensors gives a tensor
        value = value.item()
    return switch().take(value)


TRUTH = Kind("True or False, which is what one comparison gives; ask .all() or .any() of an array", _truth)


@takes(text=text(), ok=TRUTH)
def claim(text: str, ok: bool, got: Any = "") -> None:
    """State what the lesson says has just happened, and check it.

    Shows ✓ and the claim, or "not this time" with what was found and the usual reasons. With AAE_STRICT=1
    in the environment (the tests) a claim that fails raises AssertionError. In the learner's folder it leaves a
    record, for `seen`.

    Parameters
    ----------
    text : str
        The claim, in words.
    ok : bool
        Whether it holds here.
    got : object, optional
        The figures it rests on.

    Raises
    ------
    ValueError
        For an `ok` that is neither true nor false, such as NaN, a text, or an array of several.
    """
    found = "" if isinstance(got, str) and not got else f"({got})"
    record.note(record.CLAIM, text, ok, found[1:-1])  # for lesson 11
    if ok:
        look.show(f"✓ {text}{found and '  ' + found}", look.piece("sentence", look.line("✓", text, found), state=True))
    elif os.environ.get("AAE_STRICT") == "1":
        raise AssertionError(f"claim failed: {text}{found and '  ' + found}")
    else:
        said = look.line("✗", f"not this time: {text}") + "<br>" + look.small(f"found: {got}\n{REASONS}.")
        look.show(f"✗ not this time: {text}\n  found: {got}\n  {REASONS}.", look.piece("sentence", said, state=False))
