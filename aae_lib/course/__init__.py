"""What only the lessons use: instant checks, claims, predictions, quizzes, the ward, the learner's copies, the doctor.

    from aae_lib.course import borrow, check, claim, predict, quiz

A new task is a function in `checks/lesson_NN.py`. May import everything but cli; the library imports nothing from here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
