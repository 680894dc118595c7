"""The figure that every plot returns: it shows itself in Jupyter, without pyplot."""

import html
from base64 import b64encode
from io import BytesIO
from typing import Any, NoReturn

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..arguments import path


def shown(png: bytes, alt: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A picture as Jupyter displays it, (data, metadata).

    Jupyter's own `<img>` for a PNG has no alternative text, so the picture comes as HTML too; the PNG alone is what
    exports to PDF take.
    """
    code = b64encode(png).decode()
    image = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{code}">'
    return {"text/plain": alt, "image/png": code, "text/html": image}, {"image/png": {"alt": alt}}


def compact(png: bytes, description: str) -> bytes:
    """The PNG in 256 colours of its own, a third of the size and nearly the same to the eye.

    A colour counts by the root of its pixels, so that the background leaves some for a colour bar, which is small.
    """
    number: Any = np.int32(0)
    for band in Image.open(BytesIO(png)).convert("RGB").split():
        number = number << 8 | np.asarray(band)  # (H, W): one for each colour
    colours, where, pixels = np.unique(number, return_inverse=True, return_counts=True)
    times = np.ceil(np.sqrt(pixels)).astype(int)
    line = np.repeat(colours, times)
    rgb = np.stack([line >> 16, line >> 8 & 255, line & 255], 1).astype(np.uint8)
    few = Image.fromarray(rgb[None]).quantize(256, kmeans=1)
    place = np.asarray(few)[0, np.cumsum(times) - 1]  # of each colour in the palette
    small = Image.fromarray(place[where.reshape(number.shape)])
    small.putpalette(few.getpalette() or [])
    text = PngInfo()
    text.add_text("Description", description)
    buffer = BytesIO()
    small.save(buffer, format="png", pnginfo=text, optimize=True)
    return buffer.getvalue()


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
        self.savefig(buffer, format="png", bbox_inches="tight")
        return compact(buffer.getvalue(), self.alt)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        return shown(self._repr_png_(), repr(self))

    def __repr__(self) -> str:
        return self.alt or super().__repr__()
