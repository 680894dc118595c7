"""The figure that every plot returns: it shows itself in Jupyter, without pyplot."""

from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib `Figure` that a notebook displays as the last value of a cell, pyplot or not.

    pyplot keeps global state and is not safe in a background thread, where the live panel draws; a bare `Figure` is,
    but Jupyter prints only its name.

    Parameters
    ----------
    *args, **kwargs
        As for `Figure`.

    Attributes
    ----------
    alt : str
        What the picture shows, in a sentence: the text that Jupyter stores with the picture, and the `Description`
        inside the PNG.

    Examples
    --------
    >>> figure = Picture(figsize=(2, 2))
    >>> figure.alt = "An empty square."
    >>> figure
    An empty square.
    """

    alt = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight", metadata={"Description": self.alt})
        return buffer.getvalue()

    def __repr__(self) -> str:
        return self.alt or super().__repr__()
