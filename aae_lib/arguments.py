"""What an argument must be, said once: a sentence for the wrong one, a plain Python value for the right one.

    @takes(n=count(), share=number(least=0, below=1))
    def keep(n: int, share: float = 0.5) -> ...

    keep(0)    ValueError: keep: n must be a whole number of at least 1; got 0.

NumPy's and PyTorch's scalars are numbers like Python's own, and arrive as those. None passes where it is the default.
"""

import contextlib
import dataclasses
import difflib
import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch

F = TypeVar("F", bound=Callable[..., Any])
WIDEST = 1_000_000  # of a layer, a code, a batch: more is a slip of the pen, and no memory holds it


@dataclass(frozen=True)
class Kind:
    """One kind of argument.

    Parameters
    ----------
    wanted : str
        What it must be, as it ends the sentence "n must be ...".
    take : callable
        take(value) -> the value as it is used; raises anything for a value that is not of this kind.

    Examples
    --------
    >>> count().checked("n", 3.0)
    3
    """

    wanted: str
    take: Callable[[Any], Any]

    def checked(self, name: str, value: Any, owner: str = "") -> Any:
        """The value as it is used; ValueError, with the names of argument and owner, if it is not of this kind."""
        try:
            return self.take(value)
        except Exception:
            told = f"{owner}: {name}" if owner else name
            raise ValueError(f"{told} must be {self.wanted}; got {shown(value)}.") from None


def takes(**kinds: Kind) -> Callable[[F], F]:
    """Look at these arguments of a function, or of a class's constructor, before it runs.

    Parameters
    ----------
    **kinds : Kind
        By the argument's name.

    Returns
    -------
    callable
        The decorator. ValueError for a wrong argument.

    Examples
    --------
    >>> @takes(n=count(most=9))
    ... def digits(n=None):
    ...     return n
    >>> digits(), digits(3.0)
    (None, 3)
    """

    def decorate(made: F) -> F:
        if isinstance(made, type):
            type.__setattr__(made, "__init__", takes(**kinds)(made.__init__))  # type: ignore[misc]
            if getattr(getattr(made, "__dataclass_params__", None), "frozen", False):
                type.__setattr__(made, "__setattr__", _fixed)
            return made
        parameters = inspect.signature(made).parameters
        places = {name: place for place, name in enumerate(parameters)}
        optional = {name for name in kinds if parameters[name].default is None}
        constructor = made.__name__ == "__init__"
        closed = not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())

        @functools.wraps(made)
        def checked(*args: Any, **kwargs: Any) -> Any:
            given = list(args)
            owner = type(args[0]).__name__ if constructor else made.__name__
            if closed and (unknown := sorted(kwargs.keys() - places.keys())):
                raise TypeError(_unknown(owner, unknown[0], _arguments_of(type(args[0])) if constructor else places))
            for name, kind in kinds.items():
                place = places[name]
                into, at = (kwargs, name) if name in kwargs else (given, place)
                if name not in kwargs and place >= len(given):
                    continue
                value = into[at]  # type: ignore[index]
                if value is not None or name not in optional:
                    into[at] = kind.checked(name, value, owner)  # type: ignore[index]
            return made(*given, **kwargs)

        return checked  # type: ignore[return-value]

    return decorate


def _fixed(self: Any, name: str, value: Any) -> None:
    """In place of a frozen dataclass's own words."""
    kind = type(self).__name__
    instead = getattr(self, "instead", "make another one, as dataclasses.replace(old, {name}=...) does")
    raise dataclasses.FrozenInstanceError(f"{kind}.{name} cannot be set once it is made: {instead.format(name=name)}.")


def _arguments_of(made: type) -> list[str]:
    """Names of all arguments of a class's constructor, those that it hands on to its parents among them."""
    constructors = [vars(owner)["__init__"] for owner in made.__mro__[:-1] if "__init__" in vars(owner)]
    return [name for constructor in constructors for name in inspect.signature(constructor).parameters]


def _unknown(owner: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{owner} has no argument {name!r}" + (f": did you mean {near[0]!r}?" if near else ".")


def count(least: int = 1, most: int | None = None) -> Kind:
    """A whole number: at least `least`, at most `most`."""
    wanted = f"a whole number of at least {least}"
    if most is not None:
        wanted = f"a whole number from {least} to " + (f"{most:,}" if most <= WIDEST else f"2**{most.bit_length()}")

    def take(value: Any) -> int:
        given = plain_number(value)
        found = int(given)
        return _true(found, found == given and found >= least and (most is None or found <= most))

    return Kind(wanted, take)


def number(
    *, least: float | None = None, above: float | None = None, most: float | None = None, below: float | None = None
) -> Kind:
    """A finite number in a range: `least` <= value or `above` < value; value <= `most` or value < `below`."""
    bounds = [
        f"{words} {_shown(bound)}"
        for words, bound in (("of at least", least), ("above", above), ("at most", most), ("below", below))
        if bound is not None
    ]
    if least is not None and most is not None:
        bounds = [f"from {_shown(least)} to {_shown(most)}"]

    def take(value: Any) -> float:
        found = plain_number(value)
        return _true(
            found,
            math.isfinite(found)
            and abs(found) < 1e38  # what float32 can hold
            and (least is None or found >= least)
            and (above is None or found > above)
            and (most is None or found <= most)
            and (below is None or found < below),
        )

    return Kind(" ".join(["a finite number", " and ".join(bounds)]).strip(), take)


def switch() -> Kind:
    """True or False."""
    return Kind("True or False", lambda value: _true(bool(value), type(value).__name__ in ("bool", "bool_")))


def switch_or_title() -> Kind:
    """True, False, or a text."""
    bare = switch()
    return Kind("True, False or a title", lambda value: value if isinstance(value, str) else bare.take(value))


def one_of(*choices: str) -> Kind:
    """One of these words."""

    def take(value: Any) -> str:
        return _true(value, isinstance(value, str) and value in choices)

    return Kind(f"one of {', '.join(choices)}", take)


def lesson_of(choices: Sequence[str]) -> Kind:
    """The number of one of these lessons, as "04" or 4."""
    known = one_of(*choices)
    return Kind(
        known.wanted, lambda value: known.take(value if isinstance(value, str) else f"{count(0).take(value):02}")
    )


def text() -> Kind:
    """A word or more."""
    return Kind("a string, not empty", lambda value: _true(value, isinstance(value, str) and bool(value.strip())))


def counts(length: int | None = None, least: int = 1, most: int = WIDEST, example: str = "(256, 256)") -> Kind:
    """A sequence of whole numbers, which becomes a tuple."""
    how_many = "" if length is None else f"{length} "

    def take(value: Any) -> tuple[int, ...]:
        found = tuple(count(least, most).take(each) for each in sequence(value))
        return _true(found, length is None or len(found) == length)

    return Kind(f"a sequence of {how_many}whole numbers from {least} to {_shown(most)}, such as {example}", take)


def numbers(length: int | None = None, kind: Kind | None = None, example: str = "(0.0, 1.0)") -> Kind:
    """A sequence of numbers, which becomes a tuple."""
    each = kind or number()
    how_many = "" if length is None else f"{length} of them, "

    def take(value: Any) -> tuple[float, ...]:
        found = tuple(each.take(one) for one in sequence(value))
        return _true(found, length is None or len(found) == length)

    return Kind(f"a sequence, each {each.wanted}, {how_many}such as {example}", take)


def table(*sizes: str | int, example: str = "torch.zeros(5, 2)") -> Kind:
    """A tensor, array or nested list of finite numbers, not empty, which becomes a float32 tensor on the CPU."""
    shape = f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"

    def take(value: Any) -> Any:
        found = as_tensor("it", value)
        _true(found, not found.is_complex())
        found = found.detach().cpu().float()
        fits = all(isinstance(wanted, str) or n == wanted for n, wanted in zip(found.shape, sizes, strict=True))
        return _true(found, fits and found.numel() > 0 and bool(found.isfinite().all()))

    return Kind(f"finite numbers of shape {shape}, such as {example}", take)


def seed() -> Kind:
    """What a random generator starts from."""
    return count(0, 2**62 - 1)


def function(example: str = "", arguments: int | None = None) -> Kind:
    """A function, or any object that can be called, with this many arguments; not a class."""
    wanted = "a function" + (f", such as {example}" if example else "")

    def take(value: Any) -> Any:
        _true(value, callable(value) and not isinstance(value, type))
        if arguments is not None:
            with contextlib.suppress(ValueError):  # some built-in functions hide their arguments
                signature(value).bind(*range(arguments))
        return value

    return Kind(wanted, take)


def signature(called: Callable[..., Any]) -> inspect.Signature:
    """The arguments of what can be called; of a network, those of its `forward`. ValueError where they are hidden."""
    return inspect.signature(called.forward if hasattr(called, "forward") else called)


def one_made_of(*classes: type, example: str) -> Kind:
    """An object of one of these classes."""
    names = " or ".join(c.__name__ for c in classes)
    article = "an" if names[0] in "AEIOU" else "a"
    return Kind(f"{article} {names}, such as {example}", lambda value: _true(value, isinstance(value, classes)))


def generator(on_cpu: bool = False) -> Kind:
    """A source of random numbers."""

    def take(value: Any) -> "torch.Generator":
        import torch

        return _true(value, isinstance(value, torch.Generator) and (not on_cpu or value.device.type == "cpu"))

    return Kind(f"a torch.Generator{' on the CPU' * on_cpu}, such as torch.Generator().manual_seed(0)", take)


def device() -> Kind:
    """Where tensors are."""

    def take(value: Any) -> "torch.device":
        import torch

        found = torch.device(value)
        return _true(found, is_here(found))

    return Kind("a device of this machine, such as 'cpu'", take)


def is_here(device: "torch.device") -> bool:
    """Whether this machine has a device of that kind, as far as PyTorch has an answer."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_initialized() or torch.cuda.is_available()
    return device.type != "mps" or torch.backends.mps.is_available()


def path() -> Kind:
    """The name of a file or folder, which becomes a Path."""

    def take(value: Any) -> Path:
        name = os.fspath(value)
        _true(name, bool(name.strip()) and "\0" not in name)
        with contextlib.suppress(RuntimeError):  # the home of a user that is not here
            return Path(name).expanduser()
        return Path(name)

    return Kind("the name of a file or folder", take)


def plain_number(value: Any) -> int | float:
    """Python's own number for one of Python, NumPy or PyTorch; TypeError for anything else, True and False too."""
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def as_tensor(name: str, value: Any) -> "torch.Tensor":
    """The tensor that an array or nested lists make, or the tensor itself; ValueError if they make none."""
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            raise ValueError(f"{name} must be dense, and is {value.layout}: call to_dense().")
        return value
    check_unmasked(name, value)
    try:
        array = np.asarray(value)
        return torch.tensor(array.astype(array.dtype.newbyteorder("="), order="C"))
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} must be a tensor, or numbers that make one; got {shown(value)}.") from None


def check_unmasked(name: str, value: Any) -> None:
    """ValueError for an array with masked values: what lies below a mask is nobody's data."""
    import numpy as np

    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(f"{name} must have no masked values: say what they should be, with .filled(0).")


def shown(value: Any) -> str:
    """The value in a few words, for a message."""
    try:
        if getattr(value, "ndim", 0) and hasattr(value, "shape") and hasattr(value, "dtype"):
            return f"a {type(value).__name__} of shape {tuple(value.shape)}, {value.dtype}"
        if hasattr(value, "state_dict") and not isinstance(value, type):  # a network, whose repr is a page
            name = type(value).__name__
            return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
        words = repr(value)
    except Exception:  # any object may come along, with any __repr__
        words = f"a {type(value).__name__}"
    words = " ".join(words.split())
    return words if len(words) <= 60 else f"{words[:57]}..."


def _shown(bound: float) -> str:
    return f"{bound:,.7g}" if abs(bound) < 1e15 else f"2**{math.log2(bound):.0f}"


def sequence(value: Any) -> Any:
    """The value, if it has a length and an order. What has no length may never end: iterating a trainer trains it."""
    return _true(value, hasattr(value, "__len__") and not isinstance(value, str | bytes | set | frozenset | dict))


T = TypeVar("T")


def _true(value: T, fits: bool) -> T:
    if not fits:
        raise ValueError
    return value
