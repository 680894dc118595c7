"""All commands in one parser, and what is told of a fault."""

import argparse
import io
import sys
from collections.abc import Sequence
from types import ModuleType

from . import compare, doctor, lab, reproduce, reset, sample, train
from .faults import OptionError, sentence, tell
from .options import Parser

COMMANDS: dict[str, ModuleType] = {
    "train": train,
    "sample": sample,
    "compare": compare,
    "reproduce": reproduce,
    "doctor": doctor,
    "lab": lab,
    "reset": reset,
}
EPILOGUE = """examples:
  aae lab
  aae train --out runs/mini
  aae train --dataset drawings/ --size 48 --colour rgb --network conv --out runs/drawings
  aae train --dataset mnist --prior ring --labels 10000 --epochs 5 --game-lr 3e-3 --out runs/ring --resume
  aae train --model semi-supervised --labels 50 --out runs/few
  aae sample runs/ring --n 100
  aae compare runs/mini runs/ring
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns 0; 1 after a fault, told in a sentence on stderr; 130 when interrupted. A wrong option or argument is told
    too, and raises SystemExit(2), before any work.
    """
    for stream in (sys.stdout, sys.stderr):  # a console of an old encoding shows what it can
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options, further = parser().parse_known_args(arguments)
    if options.command is lab.run:
        options.jupyter = further
    elif further:
        parser().error(f"unrecognized arguments: {' '.join(further)}")
    try:
        return options.command(options) or 0
    except OptionError as error:
        parser().error(str(error))
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted. {kept(options)}\n")
        return 130
    except Exception as error:
        told = sentence(error)
        if not told:
            raise
    tell(told)
    return 1


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of an option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    top = Parser(
        prog="aae",
        description="Adversarial autoencoders: train, sample, compare.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        told = command.TOLD
        made = commands.add_parser(name, help=told, description=told, formatter_class=Defaults)
        command.add_options(made)
        made.set_defaults(command=command.run)
    return top


def kept(options: argparse.Namespace) -> str:
    """What an interrupted command leaves."""
    from ..training import checkpoints

    out, runs = getattr(options, "out", None), getattr(options, "runs", None)
    if out and checkpoints.exists(out):
        return "The last checkpoint is kept: --resume goes on from there."
    if runs and any(
        checkpoints.exists(folder) for task in options.tasks for folder in runs.glob(f"{task}-{options.size}-*")
    ):
        return "Finished seeds and the last checkpoint are kept: --resume goes on from there."
    return "Nothing of the run under way was saved." if runs else "Nothing was saved."
