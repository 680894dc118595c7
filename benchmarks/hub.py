"""A whole class at once: `python benchmarks/hub.py [--learners 30]`; on 127.0.0.1 only, and it ends by itself.

Everybody signs in within a minute, opens lesson 04 and runs all its cells. Those who are through wait for the others,
until `--minutes` are over; then all press play at once, and move a slider once a second. At last a kernel, the proxy
and the hub are killed, one after the other. Writes results/hub.json and benchmarks/README.md.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from aae_lib.paper.machine import versions
from bench import described, store, this_machine
from lesson_04 import LESSON, pages, shortened

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools" / "hub"))

from client import Kernel, Learner, Message
from running import ClassServer

BEGIN, END = "<!-- table: written by hub.py -->", "<!-- end of hub table -->"
PASSWORD = "a word of my own"
SLIDER = ["weights", "generator"]
MEMORY = {"PSS": ("Pss",), "own": ("Private_Dirty", "Private_Clean"), "RSS": ("Rss",)}  # fields of smaps_rollup


class Panel:
    """The page's side of the lesson's last panel: it says that pictures have arrived, or none would follow."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.comm, self.served = kernel, "", {}  # ticket -> when
        self.pictures: list[tuple[float, int]] = []  # when it came, the step it shows
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
            self.pictures.append((time.monotonic(), news["runs"][0]["step"]))
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


class Meeting:
    """Who waits for whom: until each has come, or has failed and comes no more."""

    def __init__(self, learners: int) -> None:
        self.missing, self.complete = set(range(learners)), asyncio.Event()

    def comes(self, learner: int) -> None:
        self.missing.discard(learner)
        if not self.missing:
            self.complete.set()

    async def wait(self, learner: int, seconds: float) -> None:
        self.comes(learner)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.complete.wait(), seconds)


class Class:
    """What all learners of a run share; what came of each is in `each`."""

    def __init__(self, server: ClassServer, options: argparse.Namespace) -> None:
        self.server, self.play, self.steps = server, options.play, options.steps
        self.ready, self.played = Meeting(options.learners), Meeting(options.learners)
        self.weighed = asyncio.Event()
        self.end = time.monotonic() + 60 * options.minutes
        self.each: list[dict[str, Any]] = []

    def left(self) -> float:
        """Seconds until those who are not through stay behind."""
        return max(self.end - time.monotonic(), 0.001)


async def lesson(room: Class, n: int, wait: float) -> None:
    """What one learner does."""
    name = f"learner{n:02}"
    result: dict[str, Any] = {"name": name, "finished": False, "cells": 0, "moves": []}
    room.each.append(result)
    await asyncio.sleep(wait)
    started = time.monotonic()
    try:
        async with Learner(room.server.address, name, PASSWORD) as learner:
            async with asyncio.timeout(room.left()):
                await learner.sign_up(room.server.passwords["class"])
                if not await learner.log_in():
                    raise RuntimeError("cannot log in")
                await learner.start(seconds=600)
                result["server"] = time.monotonic() - started
                notebook = (await learner.ask(f"contents/{LESSON}"))["content"]
            if psutil.virtual_memory().available < 1.5e9:
                raise MemoryError("the machine's memory is full, so this learner opened no notebook")
            async with learner.notebook(LESSON) as kernel:
                panel = Panel(kernel)
                async with asyncio.timeout(room.left()):
                    for cell in notebook["cells"]:
                        if cell["cell_type"] == "code":
                            await kernel.run(shortened(cell["source"], room.steps), seconds=1500)
                            result["cells"] += 1
                result["all cells"] = time.monotonic() - started - result["server"]
                await room.ready.wait(n, room.left())
                await play(room, panel, result)
                await room.played.wait(n, 120)
                async with asyncio.timeout(120):
                    await room.weighed.wait()  # while all play on
                await panel.wish({"do": "pause"})
            notebook["cells"][0]["source"] = f"what {name} wrote"
            await learner.ask(f"contents/{LESSON}", "PUT", type="notebook", content=notebook)
            result["finished"] = True
    except Exception as error:  # one learner's failure is a result
        result["failed"] = f"{type(error).__name__}: {error} (after {time.monotonic() - started:.0f} s)"
    finally:
        for meeting in (room.ready, room.played):
            meeting.comes(n)
    print(name, "finished" if result["finished"] else result["failed"], flush=True)


async def play(room: Class, panel: Panel, result: dict[str, Any]) -> None:
    """Press play, and move a slider once a second."""
    await panel.wish({"do": "hello"})
    await panel.seconds_to_effect({"do": "play"}, 120)
    await asyncio.sleep(3)  # until the others play too
    begin, moves = time.monotonic(), result["moves"]
    while time.monotonic() < begin + room.play:
        wish = {"do": "set", "run": 0, "key": SLIDER, "value": len(moves) % 2 + 0.5}
        moves.append(await panel.seconds_to_effect(wish))
        await asyncio.sleep(1)
    seen = [(when, step) for when, step in panel.pictures if when >= begin]
    if len(seen) > 1:
        span = seen[-1][0] - seen[0][0]
        result["steps a second"] = (seen[-1][1] - seen[0][1]) / span
        result["pictures a second"] = (len(seen) - 1) / span


async def weigh(room: Class) -> None:
    """Memory of all, once each has moved its slider for the last time."""
    await room.played.complete.wait()
    found = await asyncio.to_thread(memory, room.server)
    for one in room.each:
        one["memory"] = found.get(one["name"], {})
    room.weighed.set()


def memory(server: ClassServer) -> dict[str, dict[str, float]]:
    """MB of each learner's processes: in proportion to how many use each page (PSS), its own alone, and all (RSS)."""
    found: dict[str, dict[str, float]] = {}
    for process in server.processes():
        with contextlib.suppress(OSError, psutil.Error):
            kind = "kernel" if is_kernel(process) else "server"
            fields = pages(process.pid)
            one = found.setdefault(process.environ().get("JUPYTERHUB_USER", ""), {})
            for what, parts in MEMORY.items():
                name = f"{kind} {what}"
                one[name] = one.get(name, 0.0) + sum(fields[part] for part in parts)
    return found


def is_kernel(process: psutil.Process) -> bool:
    """Or else a learner's server, with the sandbox around it."""
    return any("ipykernel_launcher" in word for word in process.cmdline())


async def everything_is_there(server: ClassServer, names: list[str]) -> dict[str, Any]:
    """Log in again, all of them, and look at what they had saved."""
    kept, started, doors = [], time.monotonic(), asyncio.Semaphore(6)

    async def look(name: str) -> None:
        async with doors, asyncio.timeout(200), Learner(server.address, name, PASSWORD) as learner:
            await learner.log_in()
            await learner.start()
            saved = (await learner.ask(f"contents/{LESSON}"))["content"]
            if saved["cells"][0]["source"] == f"what {name} wrote":
                kept.append(name)

    failed = [repr(e) for e in await asyncio.gather(*map(look, names), return_exceptions=True) if e]
    return {"kept": len(kept), "of": len(names), "seconds": time.monotonic() - started, "failed": failed}


async def measure(server: ClassServer, options: argparse.Namespace) -> dict[str, Any]:
    """The lesson, then the three deaths."""
    room = Class(server, options)
    turns = random.Random(0)
    started = time.monotonic()
    await asyncio.gather(
        weigh(room), *(lesson(room, n, turns.uniform(0, options.within)) for n in range(options.learners))
    )
    found = {what: getattr(options, what) for what in ("learners", "within", "steps", "minutes", "play")}
    found |= {"seconds": time.monotonic() - started, "each": room.each}
    finished = sorted(one["name"] for one in room.each if one["finished"])
    print(f"measured, {len(finished)} of {options.learners} finished", flush=True)
    deaths = {}
    if finished:
        next(p for p in server.processes(finished[0]) if is_kernel(p) and not p.children()).kill()
        deaths["a kernel"] = await everything_is_there(server, finished)
        server.kill_proxy()
        await asyncio.sleep(6)  # the hub looks every five seconds
        server.wait_until_up()
        deaths["the proxy"] = await everything_is_there(server, finished)
        server.kill_hub()
        server.start()
        deaths["the hub"] = await everything_is_there(server, finished)
    return found | {"killed": deaths}


def table(result: dict[str, Any]) -> str:
    """The Markdown table of the README."""
    each = [one for one in result["each"] if one["finished"]]
    moves = sorted(seconds for one in each for seconds in one["moves"])
    cores, learners = os.cpu_count(), result["learners"]
    shorter = "" if result["steps"] == 2000 else f", with {result['steps']} steps instead of 2,000,"
    lines = [
        described(result) + ".",
        "",
        f"| {learners} learners within {result['within']:g} s, {cores} cores | |",
        "|---|---:|",
        f"| ran all cells of lesson 04{shorter} within {result['minutes']:g} min, played, saved "
        f"| {len(each)} of {learners} |",
    ]

    def spread(what: str, form: str) -> str:
        of = [one[what] for one in each if what in one]
        return f"{statistics.median(of):{form}} ({min(of):{form}} to {max(of):{form}})" if of else "none"

    if each:
        at = moves[min(len(moves) - 1, int(0.95 * len(moves)))]
        of = {what: statistics.mean(one["memory"][what] for one in each) for what in each[0]["memory"]}
        lines += [
            f"| from sign-up to JupyterLab, median (all) | {spread('server', '.0f')} s |",
            f"| all cells of the lesson, median (all) | {spread('all cells', '.0f')} s |",
            f"| slider to its effect while all play: median, 95% of {len(moves)} moves, longest | "
            f"{statistics.median(moves):.2f} s, {at:.2f} s, {moves[-1]:.1f} s |",
            f"| steps a second while all play, median (all) | {spread('steps a second', '.1f')} |",
            f"| pictures a second, median (all) | {spread('pictures a second', '.1f')} |",
        ]
        lines += [
            f"| memory of a {kind}: PSS; its own alone; RSS | "
            f"{of[f'{kind} PSS']:.0f} MB; {of[f'{kind} own']:.0f} MB; {of[f'{kind} RSS']:.0f} MB |"
            for kind in ("kernel", "server")
        ]
    for what, found in result["killed"].items():
        lines.append(f"| notebooks kept after {what} was killed | {found['kept']} of {found['of']} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--within", type=float, default=60, help="seconds in which all sign in")
    parser.add_argument("--steps", type=int, default=2000, help="of each long training; 2000 is the lesson's own")
    parser.add_argument("--minutes", type=float, default=30, help="who is not through the lesson by then stays behind")
    parser.add_argument("--play", type=float, default=30, help="seconds of playing together")
    parser.add_argument("--out", type=Path, help="a folder for the result, instead of results/ and the README")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then too
    with tempfile.TemporaryDirectory() as folder:
        where = this_machine()
        with ClassServer(Path(folder) / "state") as server:
            found = asyncio.run(measure(server, options))
    command = (
        f"python benchmarks/hub.py --learners {options.learners} --steps {options.steps} --minutes {options.minutes:g}"
    )
    result = {"machine": where, "versions": versions(), "command": command} | found
    store(result, "hub.json", table(result), BEGIN, END, options.out)


if __name__ == "__main__":
    main()
