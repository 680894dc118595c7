"""The panel's page made of plain ipywidgets: sliders, buttons and a picture, where anywidget cannot be loaded."""

from collections.abc import Callable
from html import escape
from math import log10
from typing import Any

from ..plots.picture import Picture
from .wishes import Wish

BUTTONS = {"play": "play", "pause": "pause", "step": "step (one phase)", "go_on": "go on", "reset": "reset"}
WIDE = {"width": "26em"}
NO_ANYWIDGET = (
    "These are plain sliders, since anywidget cannot be loaded here: they act while training runs, as the panel's own "
    "do, without arrows, hovering and a past. For the whole panel: pip install anywidget, then restart the kernel."
)


class PlainPage:
    """What the panel takes for its page. It hears the panel's messages, and asks for what is clicked and moved.

    spec      what the panel tells a page before the first picture
    ask       ask(wish): hands a wish in, from any thread
    picture   picture(): what the panel shows now; called on the training thread
    note      a sentence above it all
    """

    def __init__(
        self, spec: dict[str, Any], ask: Callable[[Wish], None], picture: Callable[[], Picture], note: str = ""
    ) -> None:
        import ipywidgets

        self._ask, self._picture = ask, picture
        self.note = ipywidgets.HTML(f"<p>{escape(note)}</p>" if note else "")
        self.said = ipywidgets.HTML(layout={"min_height": "3.2em"})  # what is below it stays where it is
        wide = {"width": f"{32 * len(spec['runs'])}em", "max_width": "100%", "object_fit": "contain"}
        self.image = ipywidgets.Image(format="png", layout=wide)
        self.buttons = {do: ipywidgets.Button(description=word) for do, word in BUTTONS.items()}
        for do, button in self.buttons.items():
            button.on_click(lambda _, do=do: ask({"do": do}))
        self.sliders: list[dict[tuple[str, ...], Any]] = []  # of each run
        self._controls = ipywidgets.VBox()
        self.spec = spec
        row = ipywidgets.HBox([*self.buttons.values()], layout={"flex_flow": "row wrap"})
        beside = ipywidgets.HBox([self.image, self._controls], layout={"flex_flow": "row wrap"})
        self.box = ipywidgets.VBox([self.note, row, self.said, beside])

    @property
    def spec(self) -> dict[str, Any]:
        """What the sliders are made from; setting it makes them anew."""
        return self._spec

    @spec.setter
    def spec(self, spec: dict[str, Any]) -> None:
        import ipywidgets

        self._spec = spec
        self.sliders = [self._sliders(run) for run in range(len(spec["runs"]))]
        made: list[Any] = []
        for run, sliders in zip(spec["runs"], self.sliders, strict=True):
            if len(spec["runs"]) > 1:
                made.append(ipywidgets.HTML(f"<h3>{escape(run['name'])}</h3>"))
            groups = {tuple(about["key"]): about["group"] for about in run["sliders"]}
            group = ""
            for key, slider in sliders.items():
                if groups.get(key, "") != group:
                    group = groups[key]
                    made.append(ipywidgets.HTML(f"<b>{escape(group)}</b>"))
                made.append(slider)
        self._controls.children = made

    def _sliders(self, run: int) -> dict[tuple[str, ...], Any]:
        """The sliders of a run, by key: each asks for what it is moved to."""
        import ipywidgets

        about, tug = self._spec["runs"][run], self._spec["tug"]
        found: dict[tuple[str, ...], Any] = {}
        if tug and set(tug.values()) <= {phase["name"] for phase in about["phases"]}:
            told = f"{tug['a']} ↔ game ({tug['b']})"
            found["tug",] = ipywidgets.FloatSlider(0.5, min=0, max=1, step=0.01, description=told, **_look())
        for one in about["sliders"]:
            found[tuple(one["key"])] = _slider(one)
        for key, slider in found.items():
            wish = {"do": "tug"} if key == ("tug",) else {"do": "set", "key": [*key]}
            slider.observe(self._mover(wish | {"run": run}), "value")
        return found

    def _mover(self, wish: Wish) -> Callable[[dict[str, Any]], None]:
        return lambda change: self._ask(wish | {"value": float(change["new"])})

    def send(self, message: dict[str, Any], buffers: Any = ()) -> None:
        """Show what the panel sends: a frame is drawn as a picture, with what there is to say."""
        match message["kind"]:
            case "say":
                self.said.value = f"<p>{escape(message['text'])}</p>"
            case "frame":
                state = message["state"]
                told = f"<p>{escape(state['status'])}. {escape(state['message'])}</p>"
                self.said.value = told + (f"<pre>{escape(state['error'])}</pre>" if state["error"] else "")
                figure = self._picture()
                self.image.value = figure._repr_png_()
                self.image.alt = figure.alt

    def close(self) -> None:
        """Take it from the page."""
        for widget in (*self._controls.children, *self.buttons.values(), self._controls, self.image, self.box):
            widget.close()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.box._repr_mimebundle_(**options)


def _slider(about: dict[str, Any]) -> Any:
    """A slider as its description says."""
    import ipywidgets

    look = _look() | {"description": about["label"], "tooltip": about["help"]}
    low, high, value = about["min"], about["max"], about["value"]
    if about["scale"] == "log":
        return ipywidgets.FloatLogSlider(value, min=log10(low), max=log10(high), step=0.02, **look)
    if about["scale"] == "whole":
        return ipywidgets.IntSlider(int(value), min=int(low), max=int(high), **look)
    return ipywidgets.FloatSlider(value, min=low, max=high, step=(high - low) / 200, readout_format=".3g", **look)


def _look() -> dict[str, Any]:
    return {"style": {"description_width": "13em"}, "layout": WIDE}
