"""HUB_ISOLATION=accounts with real accounts, which exist in the hub's own namespace only: this machine gets none."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_hub import HUB, MISSING, pytestmark, together  # noqa: F401 - the mark is for these too

if not MISSING:
    import isolation
    from client import Learner
    from running import ClassServer

NAMES = {"aae-berta": 61001, "aae-carl": 61002, "aae-teacher": 61003}
HOMES = Path("/mnt")  # a folder that there is on every Linux; in the namespace, another


def namespace(folder: Path) -> list[str]:
    """The command that runs another one where the accounts exist, and may read the course and its Python."""
    homes = folder / "homes"
    hashed = subprocess.check_output(["openssl", "passwd", "-6", "a word of my own"], text=True).strip()
    lines = {"passwd": "", "group": "", "shadow": ""}
    for name, number in NAMES.items():
        lines["passwd"] += f"{name}:x:{number}:{number}::{HOMES / name}:/bin/sh\n"
        lines["group"] += f"{name}:x:{number}:\n"
        lines["shadow"] += f"{name}:{hashed}:20000:0:99999:7:::\n"
        home = homes / name
        home.mkdir(parents=True)
        home.chmod(0o755)  # as many systems make them: all may look in
        shutil.chown(home, number, number)
    command = ["bwrap", "--dev-bind", "/", "/", "--cap-add", "ALL", "--tmpfs", str(Path.home())]
    for place in sorted({Path(p).resolve() for p in (sys.prefix, sys.base_prefix, HUB.parents[1], folder)}):
        for above in reversed(place.parents):
            if above.is_relative_to(Path.home()):  # root's, which nobody else may enter
                command += ["--perms", "0755", "--dir", str(above)]
        command += ["--bind", str(place), str(place)]
    command += ["--bind", str(homes), str(HOMES)]
    for file, more in lines.items():
        shutil.copy(f"/etc/{file}", folder / file)  # with its permissions
        with (folder / file).open("a") as out:
            out.write(more)
        command += ["--bind", str(folder / file), f"/etc/{file}"]
    return [*command, "--"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounts")
    if getattr(os, "geteuid", lambda: 1)() != 0 or not (shutil.which("bwrap") and shutil.which("openssl")):
        pytest.skip("only root makes accounts; bubblewrap and openssl are needed")
    within = namespace(folder)
    as_berta = f"import os; os.setgroups([]); os.setgid({NAMES['aae-berta']}); os.setuid({NAMES['aae-berta']})"
    looks = [*within, sys.executable, "-c", f"{as_berta}; import aae_lib, jupyterhub"]
    if subprocess.run(looks, capture_output=True, check=False).returncode:
        pytest.skip("other accounts cannot read this course, or no namespace can be made here")
    with ClassServer(folder / "state", within, HUB_ISOLATION="accounts", HUB_TEACHER="aae-teacher") as running:
        yield running


def test_a_teacher_without_an_account_and_a_course_that_others_cannot_read_are_told(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="this machine has no account aae-stranger"):
        isolation.check_accounts("aae-stranger")
    closed = tmp_path / "closed" / "environment"
    closed.mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(closed))
    tmp_path.joinpath("closed").chmod(0o700)
    with pytest.raises(SystemExit, match=f"cannot enter {closed.parent}:"):
        isolation.check_accounts("root")


def test_who_has_an_account_comes_in_by_its_password_and_nobody_signs_up(server):
    async def comes_in(name, password):
        async with Learner(server.address, name, password) as learner:
            async with learner.web.get(f"{server.address}/hub/signup") as page:
                assert page.status == 404
            return await learner.log_in()

    assert not (server.state / "passwords.json").exists()
    assert not together(comes_in("aae-berta", "a word of another"))
    for name in ("nobody", "daemon", "root", "aae-stranger"):  # of the system, or of nobody
        for password in ("", "a word of my own"):
            assert not together(comes_in(name, password))
    assert together(comes_in("aae-berta", "a word of my own"))


def test_a_learner_does_not_reach_what_another_or_the_hub_has(server):
    async def steps():
        async with (
            at_work(server, "aae-carl") as carl,
            at_work(server, "aae-berta") as berta,
            carl.notebook("00_start_here.ipynb") as his,
            berta.notebook("00_start_here.ipynb") as hers,
        ):
            await hers.run("import os, pathlib; pathlib.Path('mine.txt').write_text('what Berta wrote')")
            number = await hers.printed("print(os.getpid())")
            runtime = await hers.printed("import jupyter_core.paths as p; print(p.jupyter_runtime_dir())")
            assert await hers.printed("print(os.getuid(), os.getgid(), os.getgroups())") == "61001 61001 [61001]"
            for what in (
                f"os.kill({number}, signal.SIGTERM)",
                f"open('/proc/{number}/environ', 'rb').read()",  # her server's token is there
                f"os.listdir('{HOMES}/aae-berta/aae-course')",
                f"open('{HOMES}/aae-berta/aae-course/mine.txt').read()",
                f"open('{HOMES}/aae-berta/new.txt', 'w')",
                f"os.listdir('{runtime}')",  # keys to her kernels
                f"os.listdir('{server.state}')",
                f"open('{server.state}/jupyterhub.sqlite', 'rb').read()",
                f"open('{HUB}/learner.py', 'a')",
            ):
                told = "Operation not permitted" if "kill" in what else "Permission denied"
                code = f"import os, signal\ntry:\n    {what}\nexcept OSError as error: print(error.strerror)"
                assert (await his.printed(code), what) == (told, what)
            assert await hers.printed("print(pathlib.Path('mine.txt').read_text())") == "what Berta wrote"

    together(steps())


@contextlib.asynccontextmanager
async def at_work(server, name):
    """An account whose server runs."""
    async with Learner(server.address, name, "a word of my own") as learner:
        assert await learner.log_in()
        await learner.start()
        yield learner
