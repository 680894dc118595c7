"""Instant checks of what a learner wrote: a sentence for every outcome, never a traceback from in here.

    check("04.1", my_generator)            what is right or wrong with the answer, and three hints that unfold
    my_generator = borrow("04.1")          a working part, to go on without having solved the task
    step = your_turn("04.a", step)         both, within a lesson: the answer if it is right, else a working part

`lesson_04` holds the checks of lesson 4's exercises, `turns_04` those of what is written within the lesson; a new task
goes there. They share `tasks` (a number, hints, a part) and `answers` (calling and comparing); `judge` is for learners.
"""

from .judge import Verdict, borrow, check, your_turn

__all__ = ["Verdict", "borrow", "check", "your_turn"]
