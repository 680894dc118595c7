"""What the kernel of one learner holds after each stage of lesson 04: `python benchmarks/memory.py [--runs 3]`.

The kernel is started as the class server starts it, and runs all cells; then the lesson's panel plays. Counted are the
pages that are its own ("Private_Dirty"): what it maps of files, such as PyTorch's code, all kernels of a machine share.
Linux only. Writes results/memory.json and the table in benchmarks/README.md.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from aae_lib.course.kernels import CourseKernels
from aae_lib.paper.machine import versions
from bench import described, store, this_machine
from lesson_04 import LESSON, pages, shortened

BEGIN, END = "<!-- table: written by memory.py -->", "<!-- end of memory table -->"
NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / LESSON
STAGES = {  # after which cell -> what is then done
    "02-code": "torch, aae_lib and the data",
    "bce-mse": "two trainings of 300 steps",
    "train-by-hand": "a loop written by hand, and the first picture",
    "27-code": "the long training",
    "29-code": "a picture of its losses",
    "32-code": "`compare`",
    "37-code": "three more pictures",
    "a0e5d06e": "the panel, waiting",
    "15665ae4": "three trainings more",
    "40-code": "the second long training, 5-NN",
    "47-code": "the other cells",
}


class Kernel:
    """A kernel and the page's side of its last panel, which says that pictures have arrived, or none would follow."""

    def __init__(self, env: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3", kernel_spec_manager=CourseKernels())
        self.manager.start_kernel(cwd=str(NOTEBOOK.parent), env=os.environ | env)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.comm, self.step = "", 0

    def run(self, code: str) -> None:
        """One cell; RuntimeError with its error."""
        reply = self.client.execute_interactive(code, allow_stdin=True, output_hook=self.hear, timeout=600)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")

    def hear(self, message: dict[str, Any]) -> None:
        """What concerns the panel."""
        content = message["content"]
        if message["msg_type"] == "comm_open" and "spec" in content.get("data", {}).get("state", {}):
            self.comm = content["comm_id"]
        news = content["data"].get("content", {}) if message["msg_type"] == "comm_msg" else {}
        if news.get("kind") == "frame" and content["comm_id"] == self.comm:
            self.step = news["runs"][0]["step"]
            self.wish({"do": "seen", "n": news["n"]})

    def wish(self, wish: dict[str, Any]) -> None:
        """What a hand does in the panel."""
        content = {"comm_id": self.comm, "data": {"method": "custom", "content": wish}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def play(self, steps: int) -> None:
        """Until the panel has made this many steps."""
        self.wish({"do": "hello"})
        self.wish({"do": "play"})
        end = time.monotonic() + 600
        while self.step < steps:
            if time.monotonic() > end:
                raise TimeoutError(f"the panel stands at step {self.step}")
            self.hear(self.client.get_iopub_msg(timeout=60))

    def own(self) -> float:
        """MB that no other process shares, once it has come to rest."""
        return pages(self.manager.provisioner.pid)["Private_Dirty"]

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(steps: int, played: int, env: dict[str, str]) -> dict[str, float]:
    """MB after each stage, in one new kernel."""
    kernel = Kernel({"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "AAE_DEVICE": "cpu"} | env)
    found = {"the kernel alone": kernel.own()}
    try:
        for cell in nbformat.read(NOTEBOOK, 4).cells:
            if cell.cell_type == "code":
                kernel.run(shortened(cell.source, steps))
                if cell.id in STAGES:
                    found[STAGES[cell.id]] = kernel.own()
        for part in (1, 3):
            kernel.play(part * played)
            found[f"the panel has played {part * played} steps"] = kernel.own()
    finally:
        kernel.end()
    return found


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    runs = result["runs"]
    lines = [described(result) + ".", "", "| lesson 04, after | MB of its own, median (all runs) |", "|---|---:|"]
    for stage in runs[0]:
        of = [run[stage] for run in runs]
        lines.append(f"| {stage} | {statistics.median(of):.0f} ({min(of):.0f} to {max(of):.0f}) |")
    return "\n".join(lines)


def main() -> None:
    """Measure and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000, help="of each long training; 2000 is the lesson's own")
    parser.add_argument("--play", type=int, default=400, help="steps of the panel")
    parser.add_argument("--env", nargs="*", default=[], help="NAME=VALUE, of the kernel")
    parser.add_argument("--out", type=Path, help="a folder for the result, instead of results/ and the README")
    options = parser.parse_args()
    where, env = this_machine(), dict(pair.split("=", 1) for pair in options.env)
    runs = []
    for _ in range(options.runs):
        runs.append(measure(options.steps, options.play, env))
        print({stage: round(megabytes) for stage, megabytes in runs[-1].items()}, flush=True)
    command = f"python benchmarks/memory.py --runs {options.runs} --steps {options.steps} --play {options.play}"
    result = {"machine": where, "versions": versions(), "command": command, "runs": runs}
    store(result, "memory.json", table(result), BEGIN, END, options.out)


if __name__ == "__main__":
    main()
