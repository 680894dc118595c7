"""Instant checks of what a learner wrote: a sentence for every outcome, never a traceback from in here.

    check("04.1", my_generator)            what is right or wrong with the answer, and three hints that unfold
    my_generator = borrow("04.1")          a working part, to go on without having solved the task

A module a lesson: `lesson_04` holds the checks of lesson 4 and of its exercises; a new task goes there. `judge` is what
they share.
"""

from .judge import Verdict, borrow, check

__all__ = ["Verdict", "borrow", "check"]
