"""`aae`, or `python -m aae_lib`: see cli/."""

import os
import sys

# Before PyTorch loads: waiting threads should sleep, not spin; otherwise a step is many times slower on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
