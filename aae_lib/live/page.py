"""What travels to the browser: one widget, pictures as raw bytes. The browser's side is in static/."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

MODULES = ("theme.js", "pictures.js", "plots.js", "curves.js", "networks.js", "pad.js", "controls.js", "panel.js")
STATIC = Path(__file__).parent / "static"
DTYPES = {"f4": np.float32, "u1": np.uint8}
NO_WIDGETS = (
    "Here runs a live panel. If you see this sentence in JupyterLab itself, the environment that started it cannot "
    "show widgets: install them there (pip install anywidget), start JupyterLab again, reload the page. Until then, "
    "panel.play() trains, and the picture below follows."
)


@functools.cache
def joined(*names: str) -> str:
    """The text of some files of static/, one after the other: a widget has one module and one style sheet."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


def frame(n: int, full: bool, state: dict[str, Any], lanes: list[dict[str, Any]], layers: list[dict[str, np.ndarray]]):
    """A picture as a message and its buffers; `layers` holds the arrays of each lane by name."""
    heads, buffers = [], []
    for lane, arrays in enumerate(layers):
        for name, array in arrays.items():
            dtype = "u1" if array.dtype == np.uint8 else "f4"
            array = np.ascontiguousarray(array, DTYPES[dtype])
            heads.append({"lane": lane, "name": name, "dtype": dtype, "shape": list(array.shape)})
            buffers.append(array.tobytes())
    return {"kind": "frame", "n": n, "full": full, "state": state, "lanes": lanes, "layers": heads}, buffers


@functools.cache
def widget_class() -> type:
    """The widget, made when it is first wanted: the library itself runs without Jupyter."""
    import anywidget
    import traitlets

    class PanelWidget(anywidget.AnyWidget):
        _esm = joined(*MODULES)
        _css = joined("panel.css", "pad.css")
        spec = traitlets.Dict().tag(sync=True)

    return PanelWidget
