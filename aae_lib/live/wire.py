"""What travels to the browser: a widget, pictures as raw bytes. The browser's side is in page/, built into static/."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

STATIC = Path(__file__).parent / "static"
SHARED: dict[str, Any] = json.loads((STATIC / "shared.json").read_text(encoding="utf-8"))  # what the page knows too
DTYPES = {code: np.dtype(name) for code, name in SHARED["dtypes"].items()}
NO_WIDGETS = (
    "A live panel runs here. If you see this sentence in JupyterLab itself, the environment that started it cannot "
    "show widgets: install them there (pip install anywidget), restart JupyterLab, and reload the page. Until then, "
    "panel.play() trains, and the picture below follows."
)


@functools.cache
def built(name: str) -> str:
    """The text of a file of static/: panel.js and panel.css are the module and the style sheet of both widgets."""
    return (STATIC / name).read_text(encoding="utf-8")


def frame(
    n: int, full: bool, state: dict[str, Any], runs: list[dict[str, Any]], layers: list[dict[str, np.ndarray]]
) -> tuple[dict[str, Any], list[bytes]]:
    """A picture as a message and its buffers; `layers` holds the arrays of each run by name."""
    heads, buffers = [], []
    for run, arrays in enumerate(layers):
        for name, array in arrays.items():
            dtype = "u1" if array.dtype == np.uint8 else "f4"
            array = np.ascontiguousarray(array, DTYPES[dtype])
            heads.append({"run": run, "name": name, "dtype": dtype, "shape": list(array.shape)})
            buffers.append(array.tobytes())
    return {"kind": "frame", "n": n, "full": full, "state": state, "runs": runs, "layers": heads}, buffers


@functools.cache
def widget_class() -> type:
    """The widget, made when it is first wanted: the library itself runs without Jupyter."""
    import anywidget
    import traitlets

    from .link import Link

    class PanelWidget(anywidget.AnyWidget):
        _esm = built("panel.js")
        _css = built("panel.css")
        spec = traitlets.Dict().tag(sync=True)
        comm: Any

        def open(self) -> None:
            super().open()
            if not isinstance(self.comm, Link):
                self.comm = Link(self.comm)

    return PanelWidget
