"""A whole class at once: `python benchmarks/hub.py [--learners 30]`; on 127.0.0.1 only, and it ends by itself.

Everybody signs in within a minute, opens lesson 04, runs all its cells, presses play, and moves a slider once a second.
Then a kernel, the proxy and the hub are killed, one after the other. Writes results/hub.json and benchmarks/README.md.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aae_lib.paper.machine import versions
from bench import described, store, this_machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools" / "hub"))

from client import Kernel, Learner, Message
from running import ClassServer

BEGIN, END = "<!-- table: written by hub.py -->", "<!-- end of hub table -->"
LESSON = "04_adversarial_autoencoder.ipynb"
SLIDER = ["weights", "generator"]


class Panel:
    """The page's side of the lesson's last panel: it says that pictures have arrived, or none would follow."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.comm, self.pictures, self.served = kernel, "", 0, {}  # ticket -> when
        self.acknowledging: set[asyncio.Task[Any]] = set()
        kernel.listeners.append(self.hear)

    def hear(self, message: Message) -> None:
        content = message["content"]
        if message["msg_type"] == "comm_open" and "spec" in content.get("data", {}).get("state", {}):
            self.comm = content["comm_id"]
        if message["msg_type"] != "comm_msg" or content["comm_id"] != self.comm:
            return
        news = content["data"].get("content", {})
        if news.get("kind") == "frame":
            self.pictures += 1
            task = asyncio.create_task(self.wish({"do": "seen", "n": news["n"]}))
            self.acknowledging.add(task)
            task.add_done_callback(self.acknowledging.discard)
        elif news.get("kind") == "served":
            self.served[news["ticket"]] = time.monotonic()

    async def wish(self, wish: dict[str, Any]) -> None:
        data = {"method": "custom", "content": wish}
        with contextlib.suppress(ConnectionError):
            await self.kernel.send("comm_msg", {"comm_id": self.comm, "data": data})

    async def seconds_to_effect(self, wish: dict[str, Any], seconds: float = 60) -> float:
        """From the wish to the word that the training thread has fulfilled it."""
        ticket = f"bench.{time.monotonic_ns()}"
        started = time.monotonic()
        await self.wish(wish | {"ticket": ticket})
        await self.kernel.until(lambda: ticket in self.served, seconds)
        return self.served[ticket] - started


async def lesson(server: ClassServer, name: str, wait: float, moves: int, done: list[dict[str, Any]]) -> None:
    """What one learner does. `done` gets what came of it."""
    result: dict[str, Any] = {"name": name, "finished": False, "moves": []}
    done.append(result)
    await asyncio.sleep(wait)
    started = time.monotonic()
    try:
        async with Learner(server.address, name, "a word of my own") as learner:
            await learner.sign_up(server.passwords["class"])
            if not await learner.log_in():
                raise RuntimeError("cannot log in")
            await learner.start(seconds=600)
            result["server"] = time.monotonic() - started
            notebook = (await learner.ask(f"contents/{LESSON}"))["content"]
            async with learner.notebook(LESSON) as kernel:
                panel = Panel(kernel)
                for cell in notebook["cells"]:
                    if cell["cell_type"] == "code":
                        await kernel.run(cell["source"], seconds=1500)
                result["all cells"] = time.monotonic() - started - result["server"]
                await panel.wish({"do": "hello"})
                await panel.seconds_to_effect({"do": "play"}, 120)
                for move in range(moves):
                    await asyncio.sleep(1)
                    wish = {"do": "set", "run": 0, "key": SLIDER, "value": 0.5 + move / moves}
                    result["moves"].append(await panel.seconds_to_effect(wish))
                result["pictures"] = panel.pictures
                result["memory"] = memory(server, name)
                await panel.wish({"do": "pause"})
            notebook["cells"][0]["source"] = f"what {name} wrote"
            await learner.ask(f"contents/{LESSON}", "PUT", type="notebook", content=notebook)
            result["finished"] = True
    except Exception as error:  # one learner's failure is a result
        result["failed"] = f"{type(error).__name__}: {error}"


def memory(server: ClassServer, name: str) -> dict[str, float]:
    """MB of a learner's processes: each page counted in proportion to how many use it (PSS)."""
    found = {"kernel": 0.0, "server": 0.0}
    for process in server.processes(name):
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            kind = "kernel" if "ipykernel_launcher" in " ".join(process.cmdline()) else "server"
            found[kind] += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1000
    return found


async def everything_is_there(server: ClassServer, names: list[str]) -> dict[str, Any]:
    """Log in again, all of them, and look at what they had saved."""
    kept, started = 0, time.monotonic()
    for name in names:
        async with Learner(server.address, name, "a word of my own") as learner:
            with contextlib.suppress(Exception):
                await learner.log_in()
                await learner.start()
                saved = (await learner.ask(f"contents/{LESSON}"))["content"]
                kept += saved["cells"][0]["source"] == f"what {name} wrote"
    return {"kept": kept, "of": len(names), "seconds": time.monotonic() - started}


async def measure(server: ClassServer, learners: int, within: float, moves: int) -> dict[str, Any]:
    """The lesson, then the three deaths."""
    done: list[dict[str, Any]] = []
    names = [f"learner{n:02}" for n in range(learners)]
    turns = random.Random(0)
    started = time.monotonic()
    await asyncio.gather(*(lesson(server, name, turns.uniform(0, within), moves, done) for name in names))
    seconds = time.monotonic() - started
    for one in done:
        print(one["name"], "finished" if one["finished"] else one.get("failed"), flush=True)
    finished = sorted(one["name"] for one in done if one["finished"])
    deaths = {}
    if finished:
        victims = [p for p in server.processes(finished[0]) if "ipykernel_launcher" in " ".join(p.cmdline())]
        victims[-1].kill()
        deaths["a kernel"] = await everything_is_there(server, finished)
        server.kill_proxy()
        await asyncio.sleep(6)  # the hub looks every five seconds
        server.wait_until_up()
        deaths["the proxy"] = await everything_is_there(server, finished)
        server.kill_hub()
        server.start()
        deaths["the hub"] = await everything_is_there(server, finished)
    return {"learners": learners, "within": within, "seconds": seconds, "each": done, "killed": deaths}


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    each = [one for one in result["each"] if one["finished"]]
    moves = sorted(seconds for one in each for seconds in one["moves"])
    cores, learners = os.cpu_count(), result["learners"]
    head = f"| {learners} learners within {result['within']:g} s, {cores} cores | |"
    lines = [
        described(result) + ".",
        "",
        head,
        "|---|---:|",
    ]
    lines.append(f"| ran all of lesson 04, played, saved | {len(each)} of {learners} |")
    if each:
        at = moves[min(len(moves) - 1, int(0.95 * len(moves)))]
        spans = {what: [one[what] for one in each] for what in ("server", "all cells")}
        lines += [
            f"| from sign-up to JupyterLab, median (longest) | {statistics.median(spans['server']):.0f} "
            f"({max(spans['server']):.0f}) s |",
            f"| all cells of the lesson, median (longest) | {statistics.median(spans['all cells']):.0f} "
            f"({max(spans['all cells']):.0f}) s |",
            f"| slider to its effect, 95% of {len(moves)} moves | {at:.2f} s |",
            f"| memory each (PSS): kernel, server | {statistics.mean(o['memory']['kernel'] for o in each):.0f} MB, "
            f"{statistics.mean(o['memory']['server'] for o in each):.0f} MB |",
        ]
    for what, found in result["killed"].items():
        lines.append(f"| notebooks kept after {what} was killed | {found['kept']} of {found['of']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--within", type=float, default=60, help="seconds in which all sign in")
    parser.add_argument("--moves", type=int, default=20, help="of each learner's slider")
    parser.add_argument("--out", type=Path, help="a folder for the result, instead of results/ and the README")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = this_machine()
        with ClassServer(Path(folder) / "state") as server:
            found = asyncio.run(measure(server, options.learners, options.within, options.moves))
    command = f"python benchmarks/hub.py --learners {options.learners}"
    result = {"machine": where, "versions": versions(), "command": command} | found
    store(result, "hub.json", table(result), BEGIN, END, options.out)


if __name__ == "__main__":
    main()
