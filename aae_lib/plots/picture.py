"""The figure that every plot returns: it shows itself in Jupyter, without pyplot."""

from io import BytesIO
from typing import Any, NoReturn

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..arguments import path


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

    def show(self, warn: bool = True) -> NoReturn:
        """Not by itself: it is shown by the notebook, or saved."""
        raise RuntimeError(
            "in a notebook a picture shows as the last value of its cell; elsewhere, picture.savefig(...)."
        )

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save it to a file, by name or opened; ValueError for anything else, and for an ending that no picture has."""
        if not hasattr(fname, "write"):
            fname = path().checked("fname", fname, "savefig")
            ending = options.get("format") or fname.suffix[1:].lower()
            if ending and ending not in (known := self.canvas.get_supported_filetypes()):
                raise ValueError(f"savefig: fname must end in one of {', '.join(sorted(known))}; got {str(fname)!r}.")
        super().savefig(fname, **options)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight", metadata={"Description": self.alt})
        return buffer.getvalue()

    def __repr__(self) -> str:
        return self.alt or super().__repr__()
