"""`aae doctor`: whether all is there that the course needs."""

import argparse

TOLD = "check Python, versions, device, data and Jupyter; exits 1 on a fault"


def add_options(_: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    """Exit 1 if anything is missing."""
    from ..course.doctor import report

    return 1 if report() else 0
