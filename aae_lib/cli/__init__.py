"""The command line: aae lab | train | sample | compare | reproduce | doctor | reset.

One file a command: `TOLD` says what it does, `add_options` what it takes, `run` does it; `program.py` lists them.
May import everything; nothing but `__main__.py` imports it.
"""

from .program import main, parser

__all__ = ["main", "parser"]
