"""The order of options, shuffled for each learner: neighbours see different letters, and a run again shows the same."""

import random

from . import record


def order(about: str, n: int) -> list[int]:
    """Places 0 to n − 1 in this learner's order for a question; as written where nobody is at work: headless.

    Examples
    --------
    >>> order("heads or tails?", 2)
    [0, 1]
    """
    places = list(range(n))
    if (learner := record.learner()) is not None:
        random.Random(f"{learner} {about}").shuffle(places)
    return places
