"""Is another cell at work? Asked from a thread, while IPython runs one."""

import subprocess
import sys

SCRIPT = """
import threading, time
from IPython.core.interactiveshell import InteractiveShell
from aae_lib.live.other_cell import OtherCell, _worked

shell = InteractiveShell.instance()

def answers(run):
    "What a thread says at three looks, each after 0.2 s of the main thread's work, or as long where it does none."
    over, answers = threading.Event(), []

    def look():
        now = [0.0]
        cell = OtherCell(lambda: now[0])
        for _ in range(3):
            answers.append(cell.works())
            begin, end = _worked(), time.monotonic() + (0.3 if waits else 20)
            while time.monotonic() < end and _worked() < begin + 0.2:
                time.sleep(0.02)
            now[0] += 0.5
        over.set()

    thread = threading.Thread(target=look)
    run(over, thread.start)
    thread.join()
    return answers

def cell(code):
    def run(over, start):
        shell.user_ns.update(over=over, start=start)
        shell.run_cell("start()\\n" + code, silent=True).raise_error()
    return run

def no_cell(over, start):
    start()
    while not over.is_set():
        sum(range(1000))

waits = False
print(answers(cell("while not over.is_set(): sum(range(1000))")))
print(answers(no_cell))
waits = True
print(answers(cell("over.wait(60);")))
"""


def test_a_cell_that_computes_is_at_work_one_that_waits_is_not_nor_is_what_is_no_cell():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=200)
    assert done.stdout.splitlines() == ["[True, True, True]", "[False, False, False]", "[True, False, False]"], (
        done.stderr
    )
