"""`aae`, or `python -m aae_lib`: see cli.py."""

import os
import sys

# Before PyTorch loads: threads that wait shall sleep, not spin; on a busy machine a step is else many times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
