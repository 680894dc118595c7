"""What the page may ask for, checked when it arrives: names, types, ranges. The page's side: `Wish` in messages.ts.

Whether a run is still there is checked when the wish is fulfilled: an earlier wish may have ended it.
"""

from typing import Any

from ..arguments import Kind, count, number, one_of, shown, switch, text

Wish = dict[str, Any]
STROKES = 10_000  # of a drawing, at most


def _a_list(most: int, each: Kind | None = None) -> Kind:
    def take(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise TypeError
        return [each.take(one) for one in value] if each else value

    return Kind(f"a list of at most {most}", take)


RUN = count(0)
WISHES: dict[str, dict[str, Kind]] = {
    **{word: {} for word in ("hello", "play", "go_on", "pause", "step", "reset", "stop", "live", "fork", "join_runs")},
    "seen": {"n": count(0)},
    "slow": {"on": switch()},
    "set": {"run": RUN, "key": _a_list(3, text()), "value": number()},
    "tug": {"run": RUN, "value": number(least=0, most=1)},
    "prior": {"name": text()},
    "draw": {"strokes": _a_list(STROKES)},
    "scrub": {"at": count(0)},
    "point": {"run": RUN, "x": number(), "y": number()},
    "overlay": {"name": one_of("surface", "arrows", "images", "predicted"), "on": switch()},
    "axes": {"run": RUN, "choice": count(0)},
}
AWAY = {"do": "point", "run": None}  # the pointer has left the plane


def looked_at(heard: Any) -> Wish:
    """The wish, with what belongs to it and nothing else; ValueError for what no page of ours sends."""
    what = heard.get("do") if isinstance(heard, dict) else None
    if not isinstance(what, str) or what not in WISHES:
        raise ValueError(f"the panel does not know {shown(heard if what is None else what)}: reload the page.")
    if what == "point" and heard.get("run") is None:
        return AWAY
    return {"do": what} | {name: kind.checked(name, heard.get(name), what) for name, kind in WISHES[what].items()}


def ticket_of(heard: Any) -> str | None:
    """The page's own name for a wish, 40 characters at most; it goes back when the wish is fulfilled or refused."""
    ticket = heard.get("ticket") if isinstance(heard, dict) else None
    return ticket if isinstance(ticket, str) and len(ticket) <= 40 else None
