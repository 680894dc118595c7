"""`python -m aae_lib.course.ward`: run what is stored once more, or what begins with one of these words."""

import sys

from .stored import store

store(sys.argv[1:])
