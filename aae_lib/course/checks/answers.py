"""What a check does with an answer: calls it safely, and compares what it gives with what it should.

Everything a learner's function returns comes through `call`, which casts it to float32: a right answer in float64 is
right, and no check has to think of it.
"""

import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Real
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Wrong(Exception):  # noqa: N818 - it is no error of the program
    """The answer is not right yet; the message says why."""


# what PyTorch says of shapes that do not fit, by a pattern of its words, and the same in plain ones
SHAPES = {
    r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)": (
        "rows of {} numbers were handed to a layer, or a matrix, that takes rows of {}"
    ),
    r"size of tensor a \(\d+\) must match the size of tensor b": (
        "tensors that meet number by number need one size there, or size 1"
    ),
}
last_returned: ContextVar[str] = ContextVar("the kind of what a learner's function returned last", default="")


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
    last_returned.set(kind(result))
    return result


def _in_float32(result: Any) -> Any:
    """The result with its floats in float32, in tuples, lists and dicts too; gradients pass."""
    if isinstance(result, Tensor):
        return result.float() if result.is_floating_point() else result
    if isinstance(result, tuple | list):
        return (tuple if isinstance(result, tuple) else list)(map(_in_float32, result))
    if isinstance(result, dict):
        return {key: _in_float32(value) for key, value in result.items()}
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
    for pattern, meaning in SHAPES.items():
        if found := re.search(pattern, said):
            said = f"{said.rstrip('.')}: {meaning.format(*found.groups())}."
    return f"(line {lines[-1] - code.co_firstlineno + 1} of it) {said}" if code and lines else said


def tensor(value: Any, shape: tuple[int, ...], what: str = "the result", like: Tensor | None = None) -> Tensor:
    """The value, if it is a float tensor of this shape on the device of `like`; else Wrong, with a sentence."""
    if value is None:
        if last_returned.get() in ("", "None"):
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
