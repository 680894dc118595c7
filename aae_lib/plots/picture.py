"""The figure that every plot returns: it shows itself in Jupyter, without pyplot."""

from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib `Figure` that a notebook displays as the last value of a cell, pyplot or not.

    pyplot keeps global state and is not safe in a background thread, where the live panel draws; a bare `Figure`
    is, but Jupyter prints only its name. `alt` says in a sentence what is to be seen: it is the text that Jupyter
    stores beside the picture, and the `Description` inside the PNG.
    """

    alt = ""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight", metadata={"Description": self.alt})
        return buffer.getvalue()

    def __repr__(self) -> str:
        return self.alt or super().__repr__()
