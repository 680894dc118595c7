"""Marks: what a graded notebook asks of an answer, in the cells that nbgrader gives points for.

    grading.passes("04.1", my_generator)           the open check; an error, and so no points, where it is not passed
    grading.holds("04.1", my_generator, seed=7)    hidden: is the answer right on inputs that the check never shows?

`holds` needs no second set of checks. It watches which inputs a check hands to the course's own part, changes them at
random, hands the changed ones to the part and to the learner's answer, and compares. Where results cannot be compared
one by one (a function that returns a function, rows drawn at random), the check runs once more with all its
generators seeded elsewhere. A part that was lent, or is the course's own under another name, gets no points.
"""

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from . import look
from .checks import answers, judge, tasks

MANY = 1000  # points of a random sample, from which on it is compared as a cloud
Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


class NoPoints(AssertionError):  # noqa: N818 - it is no error of the program
    """The answer gets no points; the message says why. A notebook shows the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


def passes(number: str, answer: Any) -> None:
    """The open check, with its sentence and hints; raises NoPoints unless the answer passes it and is the learner's.

    Parameters
    ----------
    number : str
        The task, e.g. "04.1".
    answer : object
        What the task asks for.

    Raises
    ------
    NoPoints
        Where the answer is not right, or is the course's own.
    """
    verdict = judge.check(number, answer)
    look.show(repr(verdict), verdict._repr_html_())
    if not verdict:
        raise NoPoints(f"task {number}: {verdict.sentence}")
    _own_work(number, answer)


def holds(number: str, answer: Any, seed: int) -> None:
    """Raises NoPoints unless the answer passes the open check and is right on other inputs too.

    Parameters
    ----------
    number : str
        The task, e.g. "04.1".
    answer : object
        What the task asks for.
    seed : int
        Which inputs.

    Raises
    ------
    NoPoints
        Where the answer is not right, or is the course's own.
    """
    _own_work(number, answer)
    if not (verdict := judge.check(number, answer)):
        raise NoPoints(f"task {number}: {verdict.sentence}")
    generator = torch.Generator().manual_seed(seed)
    part = tasks.find(number).part()
    random = torch.get_rng_state()
    try:
        compared = [_agrees(number, part, answer, call, generator) for call in _calls(number, part)]
        if not any(compared):
            with _seeded_elsewhere(seed):
                verdict = judge.check(number, answer)
            if not verdict:
                raise NoPoints(f"task {number}, the check with other random numbers: {verdict.sentence}")
    finally:
        torch.set_rng_state(random)


def _own_work(number: str, answer: Any) -> None:
    """NoPoints for what was lent, by whatever way it has come here."""
    task = tasks.find(number)
    code = getattr(task.part(), "__code__", None)
    if task.number in judge.LENT or (code is not None and getattr(answer, "__code__", None) is code):
        raise NoPoints(f"task {task.number}: this part was lent by the course, so it gets no points.")


# ---- other inputs ----


def _calls(number: str, part: Any) -> Calls:
    """The inputs that the check hands to an answer, as they are before the call."""
    seen: Calls = []

    def watched(*arguments: Any, **named: Any) -> Any:
        seen.append(copied((arguments, named)))
        return part(*arguments, **named)

    judge.check(number, watched)
    return seen


def copied(thing: Any) -> Any:
    """A deep copy; of tensors without their graph, of generators in their state, of functions the same one."""
    return _deep(thing, {}, lambda t: t)


def changed(thing: Any, generator: torch.Generator, least: float = 0.8) -> Any:
    """A deep copy with other numbers: floats scaled by `least` to 1 each, whole numbers in another order.

    So signs, ranges such as [0, 1], zeros and shapes stay as they are. Rows that add up to 1 still do. Single whole
    numbers, which are sizes, stay too, and so do the weights of networks.
    """

    def other(t: Tensor) -> Tensor:
        if not t.is_floating_point():
            return t.flatten()[torch.randperm(t.numel(), generator=generator)].view_as(t)
        scaled = t * (least + (1 - least) * torch.rand(t.shape, generator=generator)).to(t)
        if t.dim() and (t >= 0).all() and torch.allclose(t.sum(-1), torch.ones(()).to(t)):
            return scaled / scaled.sum(-1, keepdim=True)
        return scaled

    return _deep(thing, {}, other)


def _deep(thing: Any, memo: dict[int, Any], other: Callable[[Tensor], Tensor]) -> Any:
    """A deep copy in which `other` stands for every tensor that is an input, and the like for plain floats."""
    if id(thing) in memo:
        return memo[id(thing)]
    result: Any
    if isinstance(thing, Tensor) and not isinstance(thing, nn.Parameter):
        result = other(thing.detach().clone()).requires_grad_(thing.requires_grad)
    elif isinstance(thing, float):
        result = float(other(torch.tensor(thing, dtype=torch.float64)))
    elif isinstance(thing, torch.Generator):
        result = torch.Generator()
        result.set_state(thing.get_state())
    elif type(thing) is list and thing and all(type(value) is int for value in thing):
        result = other(torch.tensor(thing)).tolist()
    elif type(thing) in (tuple, list):
        result = type(thing)(_deep(value, memo, other) for value in thing)
    elif type(thing) is dict:
        result = {key: _deep(value, memo, other) for key, value in thing.items()}
    else:
        return copy.deepcopy(thing, memo)  # a model, its optimizers: one memo, so that they stay together
    memo[id(thing)] = result
    memo.setdefault(-1, []).append(thing)  # kept alive, or its id may be given to another
    return result


def _agrees(number: str, part: Any, answer: Any, call: Any, generator: torch.Generator) -> bool:
    """Whether the results could be compared; NoPoints where they differ."""
    if other := OTHER.get(getattr(part, "__name__", "")):
        call = (other(*call[0]), call[1])
    arguments, named = copied(call)
    # a diagnosis holds for inputs much like these only
    words = isinstance(answers.call(part, *arguments, **named), str)
    inputs = changed(call, generator, 0.98 if words else 0.8)
    theirs, (arguments, named) = copied(inputs), copied(inputs)
    right = answers.call(part, *arguments, **named)
    if not comparable(right, inputs):
        return False
    try:
        mine = answers.call(answer, *theirs[0], **theirs[1])
    except (answers.Wrong, NotImplementedError) as wrong:
        raise NoPoints(f"task {number}, on other inputs than the check's: {wrong}") from None
    if not (same(mine, right, _has_generator(inputs)) and _same_models(theirs, (arguments, named))):
        raise NoPoints(
            f"task {number}: right on the inputs of the check, wrong on others. Are some of the check's numbers "
            "written into the answer?"
        )
    return True


def _twice(prior: Any, measure: Any, n: int, repeats: int, *generator: Any) -> tuple[Any, ...]:
    return (prior, measure, 2 * n, 2 * repeats, *generator)


def _other_curve(n: int, curve: Callable[[Tensor], Tensor]) -> tuple[Any, ...]:
    return n // 2, lambda t: curve(t) * torch.tensor([1.0, 0.3])


def _other_names(models: dict[str, Any], *data: Any) -> tuple[Any, ...]:
    """The same models, each under the name of the next."""
    names = list(models)
    return (dict(zip(names[1:] + names[:1], models.values(), strict=True)), *data)


def _fewer(model: Any, batch: dict[str, Tensor], terms: Any) -> tuple[Any, ...]:
    return model, {name: rows[:-1] if len(rows) > 1 else rows for name, rows in batch.items()}, terms


# where no number among the inputs says what is asked for: what else is changed, by the name of the course's own part
OTHER: dict[str, Callable[..., tuple[Any, ...]]] = {
    "floor": _twice,
    "along": _other_curve,
    "chosen_on_validation": _other_names,
    "information": _fewer,
}


# ---- comparing ----


def comparable(value: Any, inputs: Any) -> bool:
    """Whether two right answers must give the same: numbers, text, and clouds of points if they are random."""
    if isinstance(value, tuple | list):
        return all(comparable(part, inputs) for part in value)
    if isinstance(value, dict):
        return all(comparable(part, inputs) for part in value.values())
    if isinstance(value, Tensor) and _has_generator(inputs):
        return value.is_floating_point() and (value.dim() == 0 or len(value) >= MANY)
    return isinstance(value, Tensor | str | float | int)


def _has_generator(thing: Any) -> bool:
    if isinstance(thing, tuple | list):
        return any(map(_has_generator, thing))
    if isinstance(thing, dict):
        return any(map(_has_generator, thing.values()))
    return isinstance(thing, torch.Generator)


def same(mine: Any, right: Any, random: bool = False) -> bool:
    """Whether a result is the right one: within rounding; of a large random sample, in its quantiles."""
    if isinstance(right, tuple | list):
        return isinstance(mine, tuple | list) and len(mine) == len(right) and all(
            same(m, r, random) for m, r in zip(mine, right, strict=True)
        )  # fmt: skip
    if isinstance(right, dict):
        return isinstance(mine, dict) and mine.keys() == right.keys() and all(
            same(mine[key], right[key], random) for key in right
        )  # fmt: skip
    if isinstance(right, str):
        return bool(mine == right)
    try:
        a, b = (torch.as_tensor(np.asarray(v) if isinstance(v, list) else v).detach().double() for v in (mine, right))
    except (TypeError, ValueError, RuntimeError):
        return False
    if a.numel() == b.numel() == 1:
        a, b = a.reshape(()), b.reshape(())
    if a.shape != b.shape:
        return False
    if random and b.dim():
        return _same_cloud(a.reshape(len(a), -1), b.reshape(len(b), -1))
    return torch.allclose(a, b, atol=1e-4, rtol=1e-3, equal_nan=True)


def _same_cloud(a: Tensor, b: Tensor) -> bool:
    """Two random samples of one distribution: their quantiles along each axis, and along the diagonals."""
    at = torch.linspace(0.05, 0.95, 19, dtype=a.dtype)
    for x, y in zip(_views(a), _views(b), strict=True):
        spread = float(y.std()) or 1.0
        # the share below each quantile: sd at most 0.5/√n; where the quantile jumps, their values may differ widely
        shares = torch.stack([(x <= q + 1e-6 * spread).double().mean() - (y <= q + 1e-6 * spread).double().mean()
                              for q in torch.quantile(y, at)])  # fmt: skip
        if shares.abs().max() > 5 / len(y) ** 0.5 and not torch.allclose(x.sort().values, y.sort().values, atol=1e-4):
            return False
    return True


def _views(z: Tensor) -> Iterator[Tensor]:
    yield from z.T
    if z.shape[1] == 2:
        yield z[:, 0] + z[:, 1]
        yield z[:, 0] - z[:, 1]
        yield z.norm(dim=1)


def _same_models(one: Any, other: Any) -> bool:
    """Whether every network among the inputs was left with the same weights."""
    pairs = zip(_networks(one), _networks(other), strict=True)
    return all(same(a.state_dict(), b.state_dict()) for a, b in pairs)


def _networks(thing: Any) -> Iterator[nn.Module]:
    if isinstance(thing, tuple | list):
        for value in thing:
            yield from _networks(value)
    elif isinstance(thing, dict):
        yield from _networks(list(thing.values()))
    elif isinstance(thing, nn.Module):
        yield thing


# ---- the check, with other random numbers ----


@contextmanager
def _seeded_elsewhere(seed: int) -> Iterator[None]:
    """Within, every new generator is seeded with another number than the one that is asked for."""
    usual = torch.Generator

    class Elsewhere(usual):  # type: ignore[misc, valid-type]
        def manual_seed(self, asked: int) -> torch.Generator:
            return super().manual_seed(asked + 1009 * (1 + seed))

    with mock.patch.object(torch, "Generator", Elsewhere):
        names = [m for name, m in _check_modules() if getattr(m, "Generator", None) is usual]
        for module in names:
            module.Generator = Elsewhere
        try:
            yield
        finally:
            for module in names:
                module.Generator = usual


def _check_modules() -> list[tuple[str, Any]]:
    return [(name, module) for name, module in list(sys.modules.items()) if name.startswith(judge.__package__ + ".")]
