"""The clinic of lesson 06: the chart of measures, a ward of patients, and the runs behind the figures that it quotes.

    chart = ward.examine(trainer)                 # trains, then measures
    trainer = ward.fall_ill("collapse", seed=0)   # a Trainer with that illness; cure="r1" treats it from the start
    patient = ward.admit("A", seed=0)             # a Trainer with one wrong line; ward.diff("A") shows the line
    charts = ward.results()                       # of every illness, cure and patient, stored

`python -m aae_lib.course.ward` makes the stored ones: every illness and every cure with five seeds, about fifteen
minutes on one core. With words behind it, only the runs whose names begin so: `collapse "patient F"`.
Illness and cure: `illnesses.py`; the measures: `chart.py`; the wrong lines: `patients.py`.
"""

from ..checks.turns_06 import weights
from .chart import codes, examine, held
from .illnesses import CURES, ILLNESSES, STEPS, fall_ill
from .patients import admit
from .shown import diff, source
from .stored import results

__all__ = [
    "CURES",
    "ILLNESSES",
    "STEPS",
    "admit",
    "codes",
    "diff",
    "examine",
    "fall_ill",
    "held",
    "results",
    "source",
    "weights",
]
