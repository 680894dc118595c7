"""What all checks share: calling a learner's function safely, and comparing what it gives with what it should.

A check is a function of the learner's answer that returns a sentence of praise, or stops by raising `Wrong` with a
sentence on what is wrong. `task` makes it a task of the course: a number, three hints, a working part to borrow.

Everything a learner's function returns comes through `call`, which casts it to float32: a right answer in float64 is
right, and no check has to think of it.
"""

import functools
import inspect
import os
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from numbers import Real
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import look, record
from .watch import watched


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
# what this kernel has lent, by task: it may come back to a check, and in a graded notebook its task gets no points
LENT: dict[str, list[Any]] = {}


def task(number: str, title: str, hints: tuple[str, str, str], part: Callable[[], Any]) -> Callable[..., Any]:
    """Make the decorated check a task of the course.

    hints  three, from a nudge to nearly all;  part  a function that returns the working part, for `borrow`
    """

    def register(judge: Callable[..., str]) -> Callable[..., str]:
        TASKS[number] = Task(number, title, hints, judge, part)
        return judge

    return register


class Verdict:
    """What a check says: a sentence, and three hints that unfold. `right` is True, False, or None: not written yet.

    `fault` is what stopped the check itself, if anything did; None otherwise.
    """

    def __init__(
        self, sentence: str, right: bool | None, hints: Sequence[str] = (), fault: BaseException | None = None
    ) -> None:
        self.sentence, self.right, self.hints, self.fault = sentence, right, tuple(hints), fault

    def __bool__(self) -> bool:
        return self.right is True

    def __repr__(self) -> str:
        return f"{'✓' if self.right else '○' if self.right is None else '✗'} {self.sentence}"

    def _repr_html_(self) -> str:
        mark, sentence = repr(self).split(" ", 1)
        # with the minus that Python reads: what a hint says may be copied
        hints = "".join(look.folded(f"Hint {i}", hint.replace("−", "-")) for i, hint in enumerate(self.hints, 1))
        return look.piece("verdict", f"<p>{look.line(mark, sentence)}</p>", hints, state=self.right)


def check(number: str | float, *answers: Any) -> Verdict:
    """Check the answer to a task, e.g. check("04.1", my_generator); the result shows itself.

    Never raises over what a learner wrote. Where a check itself stumbles, the verdict says so and carries the
    exception as `fault`; with AAE_STRICT=1 in the environment (the tests) it is raised.

    Parameters
    ----------
    number : str or float
        The task: "04.1", and "4.1" or 4.1 are understood too.
    *answers : object
        What the task asks for, in most cases one function.

    Returns
    -------
    Verdict
        A sentence, and whether the answer is right.

    Raises
    ------
    ValueError
        If no task has this number.
    """
    if not _is_number(number):
        return Verdict(f"{NUMBER_FIRST}; this is {kind(number)}.", False)
    found = find(number)
    if not answers or any(answer is None or answer is ... for answer in answers):
        return Verdict("not written yet.", None, found.hints)
    wanted = len(inspect.signature(found.judge).parameters)
    if len(answers) != wanted:
        takes = "one answer" if wanted == 1 else f"{wanted} answers"
        return Verdict(f"this task takes {takes} after its number; you passed {len(answers)}.", False, found.hints)
    _returned.set("")
    try:
        with _usual_settings(), watched():
            verdict = Verdict(found.judge(*answers), True)
        if not any(map(lent, answers)):
            record.note(record.TASK, found.number)  # for the certificate
        return verdict
    except NotImplementedError:
        return Verdict("not written yet.", None, found.hints)
    except Wrong as wrong:
        return Verdict(str(wrong), False, found.hints)
    except KeyboardInterrupt:
        return Verdict("stopped while your code was running: does a loop in it never end?", False, found.hints)
    except (Exception, SystemExit) as fault:
        if os.environ.get("AAE_STRICT") == "1":
            raise
        returned = f"; the last thing it returned was {last}" if (last := _returned.get()) else ""
        return Verdict(
            f"your answer is of a kind that this check cannot judge: {' and '.join(map(kind, answers))}{returned}. "
            f"It asks for {found.judge.__doc__ or found.title}",
            False,
            found.hints,
            fault,
        )


def borrow(number: str | float) -> Any:
    """Return a working part in place of your own, so that you can go on, e.g. my_generator = borrow("04.1").

    It says what it has lent.

    Parameters
    ----------
    number : str or float
        The task: "04.1", and "4.1" or 4.1 are understood too.

    Returns
    -------
    object
        What the task asks for, in most cases a function.

    Raises
    ------
    ValueError
        If no task has this number.
    """
    found = find(number)
    part = _lend(found)
    said = f"lent for task {found.number}, {found.title}: {_signature(part)}"
    look.show(f"→ {said}", look.piece("sentence", look.line("→", said)))
    return part


def _signature(part: Any) -> str:
    """A part in words that help to call it: `name(arguments)`, for each of several."""
    if isinstance(part, tuple):
        return " and ".join(map(_signature, part))
    try:
        arguments = ", ".join(inspect.signature(part).parameters)
    except (TypeError, ValueError):
        return kind(part)
    return f"`{getattr(part, '__name__', 'f').lstrip('_')}({arguments})`"


def your_turn(number: str | float, answer: Any) -> Any:
    """Check what the learner wrote in the cell above, and give back something to go on with: theirs once it is right.

    Until then it is the course's own part, so that the lesson goes on for those who have not finished. Shows
    the verdict.

    Parameters
    ----------
    number : str or float
        The task, e.g. "04.a".
    answer : object
        What the task asks for, in most cases a function.

    Returns
    -------
    object
        The answer if it is right, else a working part, as from `borrow`.

    Raises
    ------
    ValueError
        If no task has this number.

    Examples
    --------
    >>> square = your_turn("04.a", lambda model, optimizer, x: ...)
    ○ not written yet. The course's own works here until yours does: write it above, run that cell and this one again.
    """
    if _handed_back(answer):  # the cell above has not run since: what it would be judged by is the course's own
        verdict = Verdict(STILL_OURS, None, find(number).hints)
        look.show(repr(verdict), verdict._repr_html_())
        return answer
    verdict = check(number, answer)
    if not verdict:
        end = "" if verdict.sentence.endswith((".", "!", "?", ")")) else "."
        do = "write" if verdict.right is None else "change"
        verdict.sentence += (
            f"{end} The course's own works here until yours does: {do} it above, run that cell and this one again."
        )
    look.show(repr(verdict), verdict._repr_html_())
    return answer if verdict else _lend(find(number))


STILL_OURS = "this is still the course's own: run the cell above with your answer in it, then this one again."


def _lend(found: Task) -> Any:
    part = found.part()
    LENT.setdefault(found.number, []).extend(_parts(part))
    return part


def lent(answer: Any) -> bool:
    """Whether an answer, or a part of it, is the course's own: right, but nothing that the learner wrote."""
    return _handed_back(answer) or any(map(_made_here, _parts(answer)))


def _handed_back(answer: Any) -> bool:
    return any(part is own for part in _parts(answer) for parts in LENT.values() for own in parts)


def _made_here(part: Any) -> bool:
    while isinstance(part, functools.partial):
        part = part.func
    of_a_module = isinstance(part, type) or inspect.isroutine(part)  # and no object that the learner has made
    return of_a_module and str(getattr(part, "__module__", "")).partition(".")[0] == "aae_lib"


def _parts(answer: Any) -> list[Any]:
    """What in an answer can be told from another of the same value: functions, classes, networks, tensors."""
    if isinstance(answer, tuple | list):
        return [part for item in answer for part in _parts(item)]
    return [answer] if callable(answer) or isinstance(answer, Tensor | np.ndarray) else []


NUMBER_FIRST = 'the number of a task comes first, such as "04.1"'


def _is_number(number: Any) -> bool:
    return isinstance(number, str | int | float) and not isinstance(number, bool)


class NoSuchTaskError(ValueError):
    """A number that no task has. A notebook shows the sentence alone: the lines that led to it are the course's own."""

    def _render_traceback_(self) -> list[str]:
        return [f"→ {self}"]


def find(number: str | float) -> Task:
    """The task of that number; its lesson's checks are loaded when they are first wanted."""
    from importlib import import_module

    if not _is_number(number):
        raise NoSuchTaskError(f"{NUMBER_FIRST}; this is {kind(number)}.")
    lesson, dot, which = str(number).strip().partition(".")
    if not lesson.isdecimal():
        raise NoSuchTaskError(f"there is no task {str(number)!r}: {NUMBER_FIRST}. It is in the check below the task.")
    lesson = lesson.zfill(2)
    for tasks in (f"lesson_{lesson}", f"turns_{lesson}"):  # of the exercises, and of the lesson itself
        try:
            import_module(f".{tasks}", __package__)
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{tasks}":
                raise
    name = f"{lesson}{dot}{which}"
    if name not in TASKS:
        have = ", ".join(sorted(n for n in TASKS if n.startswith(f"{lesson}."))) or "none of that lesson"
        raise NoSuchTaskError(f"there is no task {name!r}; there is {have}.")
    return TASKS[name]


@contextmanager
def _usual_settings() -> Iterator[None]:
    """PyTorch's settings as the checks expect them, whatever a notebook has set; afterwards they are put back."""
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)


# ---- for the checks ----


_returned: ContextVar[str] = ContextVar("the kind of what a learner's function returned last", default="")


def call(f: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """f(*arguments) in float32: what a learner's function returns. Wrong where it raises or changes its input."""
    return _in_float32(call_as_is(f, *arguments, **named))


def call_as_is(f: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """As `call`, in the dtype that the function returns: for the few tasks where that matters."""
    if not callable(f):
        raise Wrong(f"a function is asked for; this is {kind(f)}. Pass it without parentheses.")
    given = [leaf for leaf in _leaves((arguments, named))]
    before = [leaf.detach().clone() for leaf in given]
    it = (
        f"{f.__name__} is a class, where a function is asked for; calling it"
        if isinstance(f, type)
        else "your function"
    )
    try:
        result = f(*arguments, **named)
    except (NotImplementedError, KeyboardInterrupt):
        raise
    except SystemExit:
        raise Wrong(f"{it} stops the whole program, by exit() or SystemExit: `return` the result instead.") from None
    except BaseException as error:
        raise Wrong(f"{it} raised {type(error).__name__}: {_words(error, f)}") from None
    if result is ... or result is NotImplemented:
        raise NotImplementedError
    if isinstance(result, GeneratorType | AsyncGeneratorType | CoroutineType):
        if isinstance(result, CoroutineType):
            result.close()  # or Python warns that nobody has awaited it
        raise Wrong(
            "your function has only made a generator or coroutine, and nothing in it has run. Is there a `yield` or "
            "`async` in it? `return` the result itself."
        )
    if isinstance(f, type) and type(result) is f and not callable(result):
        raise Wrong(f"{it} only makes an object. Write a function, and `return` the result.")
    for leaf, old in zip(given, before, strict=True):
        if leaf.shape != old.shape or leaf.dtype != old.dtype or not torch.equal(leaf.detach(), old):
            raise Wrong("your function changes its input in place, but the caller still needs it. Make a new tensor.")
    _returned.set(kind(result))
    return result


@contextmanager
def likely(mistakes: dict[str, str]) -> Iterator[None]:
    """After what Python or PyTorch says of a fault, what was probably meant: by a pattern of their words."""
    try:
        yield
    except Wrong as wrong:
        said = str(wrong)
        hint = next((hint for pattern, hint in mistakes.items() if re.search(pattern, said)), None)
        if hint is None:
            raise
        raise Wrong(f"{said.rstrip('.')}. {hint}") from None


def _in_float32(result: Any) -> Any:
    """The result with its floats in float32, in tuples, lists and dicts too; gradients pass."""
    if isinstance(result, Tensor):
        return result.float() if result.is_floating_point() else result
    if isinstance(result, tuple | list):
        return (tuple if isinstance(result, tuple) else list)(map(_in_float32, result))
    if isinstance(result, dict):
        return {key: _in_float32(value) for key, value in result.items()}
    return result


def kind(value: Any) -> str:
    """What sort of thing it is, in words: "a tensor of shape (3, 2)", "a tuple of 2"."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"a class, {value.__name__}"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    name = "NumPy array" if isinstance(value, np.ndarray) else type(value).__name__
    size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    return f"{'an' if name[:1] in 'aeioAEIO' else 'a'} {name}{size}"


def _leaves(thing: Any) -> Iterable[Tensor]:
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from _leaves(value)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from _leaves(value)


def _words(error: BaseException, f: Callable[..., Any]) -> str:
    """The error's message, after the line of the learner's own code at which it happened."""
    code = getattr(f, "__code__", None)
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if code and frame.filename == code.co_filename
    ]
    try:
        said = str(error)
    except Exception:
        said = "(an error whose message cannot be read)"
    return f"(line {lines[-1] - code.co_firstlineno + 1} of it) {said}" if code and lines else said


def tensor(value: Any, shape: tuple[int, ...], what: str = "the result", like: Tensor | None = None) -> Tensor:
    """The value, if it is a float tensor of this shape on the device of `like`; else Wrong, with a sentence."""
    if value is None:
        if _returned.get() in ("", "None"):
            raise Wrong(f"your function returns nothing. print only shows a value; `return` hands {what} on.")
        raise Wrong(f"{what} is None; a value is asked for.")
    if isinstance(value, bool | int | float) and shape == ():
        raise Wrong(
            f"{what} is a plain number; keep it a tensor (no .item(), no float()), or no gradient can reach anything."
        )
    if not isinstance(value, Tensor):
        numpy = " Stay with torch: NumPy knows no gradients." if isinstance(value, np.ndarray | np.generic) else ""
        raise Wrong(f"{what} must be a tensor; yours is {kind(value)}.{numpy}")
    if value.shape != torch.Size(shape):
        hint = " Take the mean over the batch." if shape == () else ""
        raise Wrong(f"{what} must have shape {shape}; yours has {tuple(value.shape)}.{hint}")
    if not value.is_floating_point():
        raise Wrong(f"{what} must hold floats; yours holds {str(value.dtype).removeprefix('torch.')}.")
    home = torch.device("cpu") if like is None else like.device
    if value.device != home:
        raise Wrong(f"{what} is on {value.device}, its input on {home}: make new tensors with device=z.device.")
    return value


def number(value: Any, what: str = "the result") -> Tensor:
    """One number, plain or a tensor, as a 0-d tensor without a graph: for tasks where no gradient is needed."""
    if isinstance(value, bool):
        raise Wrong(f"{what} must be one number; yours is a bool.")
    if isinstance(value, Real):
        return torch.tensor(float(value))
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex() and value.device.type == "cpu":
        return value.detach().float().reshape(())
    if value is not None and not isinstance(value, Tensor):
        raise Wrong(f"{what} must be one number; yours is {kind(value)}.")
    return tensor(value, (), what)


def several(value: Any, n: int, what: str) -> tuple[Any, ...]:
    """The value, if it is a tuple or list of n; else Wrong, with a sentence. what  all of them, in words"""
    if value is None:
        raise Wrong(f"your function returns nothing. print only shows a value; `return` hands {what} on.")
    if not isinstance(value, tuple | list) or len(value) != n:
        yours = "one tensor" if isinstance(value, Tensor) else kind(value)
        raise Wrong(f"return {n} things with a comma between them, {what}; yours is {yours}.")
    return tuple(value)


def equal(
    value: Tensor, right: Tensor, mistakes: Iterable[tuple[Tensor | float, str]] = (), what: str = "it", case: str = ""
) -> None:
    """Wrong unless value is close to `right`; where it equals a known mistake, with that mistake's sentence.

    case  the input in words, such as "for logits −2.0, 0.5"
    """
    tensor(value, tuple(right.shape), what)
    if torch.allclose(value, right, atol=1e-5, rtol=1e-4):
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
    try:
        (slope,) = torch.autograd.grad(value, at, allow_unused=True, retain_graph=True)
    except RuntimeError as error:
        raise Wrong(
            f"the number is right, but its gradient at {what} cannot be taken. Has your function called backward()? "
            f"PyTorch says: {error}"
        ) from None
    if slope is None or (right.any() and not slope.any()):
        raise Wrong(f"the number is right, but no gradient reaches {what}: is there a detach too many?")
    if not torch.allclose(slope, right, atol=1e-5, rtol=1e-4):
        raise Wrong(
            f"the number is right, but the gradient that reaches {what} is not: something was cut off on the way."
        )


def all_tasks() -> dict[str, Task]:
    """Every task of the course, by its number, in the order of the lessons."""
    from importlib import import_module
    from pathlib import Path

    for path in sorted(Path(__file__).parent.glob("*_[0-9][0-9].py")):
        import_module(f".{path.stem}", __package__)
    return dict(sorted(TASKS.items()))
