"""Numbers that may be changed while training: weights, terms, repeats, rate."""

import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping


class Controls(MutableMapping[str, float]):
    """Named numbers of at least 0 that may be changed while training; the names are fixed.

    whole  whole numbers of at least 1;  once  names whose number must stay 1
    """

    def __init__(self, values: Mapping[str, float], whole: bool = False, once: Iterable[str] = ()) -> None:
        self.whole, self.once = whole, frozenset(once)
        self._values = {name: self._checked(name, value) for name, value in values.items()}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __setitem__(self, name: str, value: float) -> None:
        if name not in self._values:
            raise KeyError(f"there is no {name!r} here; there is {', '.join(self) or 'nothing to set'}.")
        self._values[name] = self._checked(name, value)

    def __delitem__(self, name: str) -> None:
        raise TypeError("the names are fixed; to switch something off, set it to 0.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def _checked(self, name: str, value: float) -> float:
        value = float(value)
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"{name} must be a number of at least 0; got {value}.")
        if self.whole and (value < 1 or value != int(value)):
            raise ValueError(f"{name} must be a whole number of at least 1; got {value}.")
        if name in self.once and value != 1:
            raise ValueError(f"{name} uses the batch of the phase before it, so it runs once; got {value}.")
        return int(value) if self.whole else value
