"""The plots, and a plot as the content of a file."""

import os
from io import BytesIO
from typing import Any

from .faults import blame


def pictures() -> Any:
    """The plots. matplotlib looks at MPLBACKEND when it is imported, although no window is opened here."""
    with blame(f"MPLBACKEND={os.environ.get('MPLBACKEND')}"):
        from .. import plots
    return plots


def drawn(figure: Any, ending: str) -> bytes:
    """The picture as the content of a file."""
    content = BytesIO()
    figure.savefig(content, dpi=100, format=ending)
    return content.getvalue()
