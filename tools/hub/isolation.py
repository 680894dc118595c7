"""What keeps learners apart: a sandbox for each (bubblewrap), an account for each (root), or nothing.

`sandbox` needs no rights and no accounts: each learner's server runs where other learners' folders and processes, the
hub's state and the home of the person who started the hub do not exist, and all but the learner's own folder is
read-only. The network is shared.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

KINDS = ("sandbox", "accounts", "none")
SENTENCES = {
    "sandbox": "Each learner is in a sandbox: others' folders and processes cannot be seen from there.",
    "accounts": "Each learner is a user of the system: files are kept apart as the system keeps them.",
    "none": "Learners are NOT kept apart: all are one system user, and each can read and change what the others wrote.",
}


def choose(wanted: str, state: Path) -> str:
    """The kind asked for, else the sandbox where it works; SystemExit with a sentence where it cannot be had."""
    if wanted not in ("", *KINDS):
        sys.exit(f"HUB_ISOLATION must be one of {', '.join(KINDS)}; got {wanted}.")
    if wanted == "accounts" and os.geteuid() != 0:
        sys.exit("HUB_ISOLATION=accounts: only root may start servers of other users.")
    if wanted in ("none", "accounts"):
        return wanted
    works = bool(shutil.which("bwrap")) and (
        subprocess.run([*sandbox(state, state), "true"], capture_output=True, check=False).returncode == 0
    )
    if wanted and not works:
        sys.exit("HUB_ISOLATION=sandbox: bwrap is missing or may not make namespaces here: install bubblewrap.")
    return "sandbox" if works else "none"


def check_accounts(teacher: str) -> None:
    """SystemExit with a sentence where the teacher has no account, or learners' accounts cannot read the course."""
    import pwd

    try:
        pwd.getpwnam(teacher)
    except KeyError:
        sys.exit(f"HUB_TEACHER: this machine has no account {teacher}. Give the name of yours.")
    for place in map(Path, (sys.prefix, sys.base_prefix, Path(__file__).parents[2])):
        for folder in (place.resolve(), *place.resolve().parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                sys.exit(f"Other accounts cannot enter {folder}: install the course where all may read, in /opt say.")


def sandbox(state: Path, home: Path) -> list[str]:
    """The command that runs another one with nothing writable but `home`, and nothing of `state` but that."""
    hidden = ["/tmp", "/var/tmp", "/run", str(Path.home()), str(state)]
    needed = sorted({str(Path(place).resolve()) for place in (sys.prefix, sys.base_prefix, Path(__file__).parents[2])})
    # the shell is bwrap's parent, and outlives the hub; ending it ends all in the sandbox
    command = ["sh", "-c", '"$@" & trap "kill $!" INT TERM; wait $!', "sh"]
    command += ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--ro-bind", "/", "/", "--dev", "/dev"]
    command += ["--proc", "/proc"]
    for place in hidden[:-1]:
        command += ["--tmpfs", place] if Path(place).is_dir() else []
    for place in needed:  # may lie in what is hidden
        command += ["--ro-bind", place, place]
    command += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
    if data := os.environ.get("AAE_DATA_DIR"):
        command += ["--ro-bind-try", data, data]
    return [*command, "--tmpfs", hidden[-1], "--bind", str(home), str(home), "--chdir", str(home), "--"]
