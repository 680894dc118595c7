"""What students hand in, made by task: right answers, slips, and two ways to get a point without an answer."""

import importlib
from collections.abc import Callable, Iterator

import torch

from aae_lib.course.checks import check
from aae_lib.course.checks.tasks import find

Answer = Callable[..., object]


def answers(lesson: str, right: bool, asked: str = "lesson") -> Iterator[tuple[str, str, Answer]]:
    """(task, name, answer): all right or wrong answers that tests/checks has for a lesson's exercises, or "turns"."""
    module = importlib.import_module(f"tests.checks.test_{asked}_{lesson}")
    names = "number,answer" if right else "number,answer,words"
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize" and ",".join(mark.args[0]) == names:
                yield from ((case.values[0], str(case.id), case.values[1]) for case in mark.args[1])


def slip(number: str) -> Answer:
    """A typical wrong answer."""
    asked = "lesson" if number[3:].isdigit() else "turns"  # 05.1, or 05.a
    found = [answer for task, _, answer in answers(number[:2], right=False, asked=asked) if task == number]
    return found[len(found) // 2]


def specialist(number: str) -> Answer:
    """Right on the inputs of the open check, gradients and all; on any others it gives up."""
    part = find(number).part()
    known = set()

    def note(*arguments: object, **named: object) -> object:
        known.add(_key((arguments, named)))
        return part(*arguments, **named)

    check(number, note)

    def answer(*arguments: object, **named: object) -> object:
        if _key((arguments, named)) not in known:
            raise KeyError("no such case in the check")
        return part(*arguments, **named)

    return answer


def _key(thing: object) -> object:
    """What tells one input from another."""
    if isinstance(thing, torch.Tensor):
        return tuple(thing.shape), tuple(thing.detach().flatten().tolist())
    if isinstance(thing, torch.Generator):
        return thing.initial_seed()
    if isinstance(thing, tuple | list):
        return tuple(map(_key, thing))
    if isinstance(thing, dict):
        return tuple((name, _key(value)) for name, value in thing.items())
    return thing if isinstance(thing, int | float | str) else getattr(thing, "__name__", type(thing).__name__)
