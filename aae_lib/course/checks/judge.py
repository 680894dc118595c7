"""What all checks share: calling a learner's function safely, and comparing what it gives with what it should.

A check is a function of the learner's answer that returns a sentence of praise, or stops by raising `Wrong` with a
sentence on what is wrong. `task` makes it a task of the course: a number, three hints, a working part to borrow.
"""

import html
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


class Wrong(Exception):  # noqa: N818 - it is no error of the program
    """The answer is not right yet; the message says why."""


@dataclass(frozen=True)
class Task:
    """One task: its number ("04.1"), what it asks for, three hints, the check, and a working part."""

    number: str
    title: str
    hints: tuple[str, str, str]
    judge: Callable[..., str]
    part: Callable[[], Any]


TASKS: dict[str, Task] = {}


def task(number: str, title: str, hints: tuple[str, str, str], part: Callable[[], Any]) -> Callable[..., Any]:
    """Make the decorated check a task of the course.

    hints  three, from a nudge to nearly all;  part  a function that returns the working part, for `borrow`
    """

    def register(judge: Callable[..., str]) -> Callable[..., str]:
        TASKS[number] = Task(number, title, hints, judge, part)
        return judge

    return register


class Verdict:
    """What a check says: a sentence, and three hints that unfold. `right` is True, False, or None: not written yet."""

    def __init__(self, sentence: str, right: bool | None, hints: Sequence[str] = ()) -> None:
        self.sentence, self.right, self.hints = sentence, right, tuple(hints)

    def __bool__(self) -> bool:
        return self.right is True

    def __repr__(self) -> str:
        return f"{'✓' if self.right else '○' if self.right is None else '✗'} {self.sentence}"

    def _repr_html_(self) -> str:
        hints = "".join(
            f"<details style='margin-left:1em'><summary>Hint {i}</summary>{html.escape(hint)}</details>"
            for i, hint in enumerate(self.hints, 1)
        )
        return f"<p>{html.escape(repr(self))}</p>{hints}"


def check(number: str, *answers: Any) -> Verdict:
    """Check the answer to a task, e.g. check("04.1", my_generator); the result shows itself.

    Never raises over what a learner wrote. KeyError for a number that no task has.
    """
    found = find(number)
    try:
        if not answers or any(answer is None or answer is ... for answer in answers):
            return Verdict("not written yet.", None, found.hints)
        return Verdict(found.judge(*answers), True)
    except NotImplementedError:
        return Verdict("not written yet.", None, found.hints)
    except Wrong as wrong:
        return Verdict(str(wrong), False, found.hints)
    except KeyboardInterrupt:
        return Verdict("stopped while your code was running: does a loop in it never end?", False, found.hints)


def borrow(number: str) -> Any:
    """A working part in place of your own, so that you can go on, e.g. my_generator = borrow("04.1")."""
    return find(number).part()


def find(number: str) -> Task:
    """The task of that number; its lesson's checks are loaded when they are first wanted."""
    from importlib import import_module

    lesson = number.split(".")[0]
    if lesson.isdigit():
        try:
            import_module(f".lesson_{lesson}", __package__)
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.lesson_{lesson}":
                raise
    if number not in TASKS:
        have = ", ".join(sorted(n for n in TASKS if n.startswith(f"{lesson}."))) or "none of that lesson"
        raise KeyError(f"there is no task {number!r}; there is {have}.")
    return TASKS[number]


# ---- for the checks ----


def call(f: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """f(*arguments): what a learner's function returns. Wrong, a sentence, where it raises or changes its input."""
    if not callable(f):
        raise Wrong(f"a function is asked for; this is a {type(f).__name__}. Pass it without parentheses.")
    given = [leaf for leaf in _leaves((arguments, named))]
    before = [leaf.detach().clone() for leaf in given]
    try:
        result = f(*arguments, **named)
    except NotImplementedError:
        raise
    except Exception as error:
        raise Wrong(f"your function raised {type(error).__name__}: {_where(error, f)}{error}") from None
    if result is ... or result is NotImplemented:
        raise NotImplementedError
    for leaf, old in zip(given, before, strict=True):
        if leaf.shape != old.shape or not torch.equal(leaf.detach(), old):
            raise Wrong(
                "your function changes its input in place: whoever calls it still needs that. Make a new tensor."
            )
    return result


def _leaves(thing: Any) -> Iterable[Tensor]:
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from _leaves(value)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from _leaves(value)


def _where(error: Exception, f: Callable[..., Any]) -> str:
    """The line of the learner's own code at which it happened."""
    code = getattr(f, "__code__", None)
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if code and frame.filename == code.co_filename
    ]
    return f"(line {lines[-1] - code.co_firstlineno + 1} of it) " if lines else ""


def tensor(value: Any, shape: tuple[int, ...], what: str = "the result", like: Tensor | None = None) -> Tensor:
    """The value, if it is a float tensor of this shape on the device of `like`; else Wrong, with a sentence."""
    if value is None:
        raise Wrong(f"your function returns nothing. print only shows a value; `return` hands {what} on.")
    if isinstance(value, bool | int | float) and shape == ():
        raise Wrong(
            f"{what} is a plain number; keep it a tensor (no .item(), no float()), or no gradient can reach anything."
        )
    if not isinstance(value, Tensor):
        raise Wrong(f"{what} must be a tensor; yours is a {type(value).__name__}.")
    if value.shape != torch.Size(shape):
        hint = " Take the mean over the batch." if shape == () else ""
        raise Wrong(f"{what} must have shape {shape}; yours has {tuple(value.shape)}.{hint}")
    if not value.is_floating_point():
        raise Wrong(f"{what} must hold floats; yours holds {str(value.dtype).removeprefix('torch.')}.")
    if like is not None and value.device != like.device:
        raise Wrong(f"{what} is on {value.device}, its input on {like.device}: make new tensors with device=z.device.")
    return value


def equal(
    value: Tensor, right: Tensor, mistakes: Iterable[tuple[Tensor, str]] = (), what: str = "it", case: str = ""
) -> None:
    """Wrong unless value is close to `right`; where it equals a known mistake, with that mistake's sentence.

    case  the input in words, such as "for logits −2.0, 0.5"
    """
    if value.shape == right.shape and torch.allclose(value, right, atol=1e-5, rtol=1e-4):
        return
    for mistake, sentence in mistakes:
        mistake = torch.as_tensor(mistake, dtype=value.dtype)
        if mistake.shape == value.shape and torch.allclose(value, mistake, atol=1e-5, rtol=1e-4):
            raise Wrong(f"not yet: {sentence}")
    shown = (
        f"{float(right.detach()):.4f}; yours is {float(value.detach()):.4f}"
        if right.dim() == 0
        else _first(value, right)
    )
    raise Wrong(f"not yet: {case + ', ' if case else ''}{what} should be {shown}.")


def _first(value: Tensor, right: Tensor) -> str:
    """The first place where two tensors differ, in words."""
    place = tuple((value - right).abs().nan_to_num(posinf=1e9, nan=1e9).gt(1e-5).nonzero()[0].tolist())
    at = ", ".join(map(str, place))
    return f"{float(right[place].detach()):.4f} at [{at}]; yours is {float(value[place].detach()):.4f}"


def gradient(value: Tensor, at: Tensor, right: Tensor, what: str) -> None:
    """Wrong unless d value / d at is `right`; `what` names whose gradient it is."""
    if not value.requires_grad:
        raise Wrong(f"the number is right, but no gradient reaches {what}: is there a detach, or a no_grad, too many?")
    (slope,) = torch.autograd.grad(value, at, allow_unused=True, retain_graph=True)
    if slope is None or (right.any() and not slope.any()):
        raise Wrong(f"the number is right, but no gradient reaches {what}: is there a detach too many?")
    if not torch.allclose(slope, right, atol=1e-5, rtol=1e-4):
        raise Wrong(
            f"the number is right, but the gradient that reaches {what} is not: something was cut off on the way."
        )
