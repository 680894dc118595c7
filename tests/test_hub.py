"""The class server as it stands: the real hub and proxy, on this machine only, killed and started again."""

import asyncio
import contextlib
import importlib.util
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HUB = Path(__file__).parents[1] / "tools" / "hub"
MISSING = [
    *(name for name in ("jupyterhub", "nativeauthenticator", "aiohttp") if importlib.util.find_spec(name) is None),
    *([] if (HUB / "node_modules" / ".bin" / "configurable-http-proxy").exists() else ["configurable-http-proxy"]),
    *([] if shutil.which("node") else ["node"]),
]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}: make hub")]
sys.path.insert(0, str(HUB))

if not MISSING:
    import aiohttp
    import isolation
    from client import Learner
    from running import ClassServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ClassServer(tmp_path_factory.mktemp("class") / "state") as running:
        yield running


def together(steps):
    """Run a coroutine; no page or message is waited for without an end."""
    return asyncio.run(asyncio.wait_for(steps, 900))


def alert(page):
    return re.search(r'role="alert">(.*?)</div>', page, re.DOTALL)[1].strip()


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("ada", "guessed", "That is not the class password."),
        ("ada", "", "That is not the class password."),
        ("teacher", "class", "That is not the teacher’s password."),
        ("../ada", "class", "Choose a name of small letters"),
        ("Ada", "class", "Choose a name of small letters"),
        ("ada\n", "class", "Choose a name of small letters"),
    ],
)
def test_who_may_not_sign_up_is_told_why_and_has_no_account(server, name, password, told):
    async def steps():
        async with Learner(server.address, name, "a word of my own") as learner:
            status, page = await learner.sign_up(server.passwords.get(password, password))
            assert status == 403
            assert told in alert(page)
            assert not await learner.log_in()

    together(steps())
    assert not (server.state / "learners").exists() or not list((server.state / "learners").glob("[!bc]*"))


def test_a_short_password_of_ones_own_is_refused(server):
    async def steps():
        async with Learner(server.address, "ada", "short") as learner:
            _, page = await learner.sign_up(server.passwords["class"])
            assert "at least 8" in alert(page)
            assert not await learner.log_in()

    together(steps())


def test_a_learners_work_and_session_outlive_the_proxy_and_the_hub(server):
    lesson = "04_adversarial_autoencoder.ipynb"

    async def steps():
        async with Learner(server.address, "berta", "a word of my own") as berta:
            await berta.sign_up(server.passwords["class"])
            assert await berta.log_in()
            await berta.start()
            names = {entry["name"] for entry in (await berta.ask("contents/"))["content"]}
            assert {"00_start_here.ipynb", lesson, "exercises"} <= names
            notebook = await berta.ask(f"contents/{lesson}")
            assert all(not cell.get("outputs") for cell in notebook["content"]["cells"])
            notebook["content"]["cells"][0]["source"] = "what Berta wrote"
            await berta.ask(f"contents/{lesson}", "PUT", type="notebook", content=notebook["content"])
            async with berta.notebook(lesson) as kernel:
                threads = "import os; mine = 41; print(os.environ['OMP_NUM_THREADS'], os.path.basename(os.getcwd()))"
                assert await kernel.printed(threads) == "1 aae-course"

            server.kill_proxy()
            await until_it_answers(berta)  # the hub starts another
            async with berta.notebook(lesson) as kernel:
                assert await kernel.printed("mine += 1; print(mine)") == "42"
                server.kill_hub()
                assert await kernel.printed("mine += 1; print(mine)") == "43"  # on the line that is open
            server.start()
            await until_it_answers(berta)  # with the cookies of before
            async with berta.notebook(lesson) as kernel:
                assert await kernel.printed("mine += 1; print(mine)") == "44"
            saved = await berta.ask(f"contents/{lesson}")
            assert saved["content"]["cells"][0]["source"] == "what Berta wrote"

            # her server starts anew: what she wrote is not overwritten, and a reset keeps it
            await stop(berta)
            assert server.processes("berta") == []
            await berta.start()
            saved = await berta.ask(f"contents/{lesson}")
            assert saved["content"]["cells"][0]["source"] == "what Berta wrote"
            async with berta.notebook(lesson) as kernel:
                said = await kernel.printed("import aae_lib as aae; aae.reset('04')")
                assert "Yours is now 04_adversarial_autoencoder.old1.ipynb" in said
            old = await berta.ask("contents/04_adversarial_autoencoder.old1.ipynb")
            assert old["content"]["cells"][0]["source"] == "what Berta wrote"

    together(steps())


def test_a_cell_that_wants_too_much_memory_gets_an_error_and_the_kernel_goes_on(server):
    async def steps():
        async with signed_in(server, "carl") as carl, carl.notebook("00_start_here.ipynb") as kernel:
            with pytest.raises(RuntimeError, match="MemoryError"):
                await kernel.run("import numpy; numpy.ones(2**30)")  # 8 GiB
            assert await kernel.printed("print('still here')") == "still here"

    together(steps())


def test_in_the_sandbox_there_are_no_others(server, tmp_path):
    if isolation.choose("", tmp_path) != "sandbox":
        pytest.skip("bubblewrap is missing or may not make namespaces here")
    (server.state / "learners" / "another").mkdir(parents=True, exist_ok=True)
    here = (
        "import os, pathlib\n"
        f"state = pathlib.Path({str(server.state)!r})\n"
        "print(sorted(p.name for p in state.iterdir()), sorted(p.name for p in (state / 'learners').iterdir()))\n"
        "commands = [p.read_bytes() for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')]\n"
        "print(any(b'jupyterhub_config' in command for command in commands))\n"
        f"try: pathlib.Path({str(HUB / 'learner.py')!r}).open('a')\n"
        "except OSError as error: print(error.strerror)\n"
    )

    async def steps():
        async with signed_in(server, "carl") as carl, carl.notebook("00_start_here.ipynb") as kernel:
            return await kernel.printed(here)

    assert together(steps()).splitlines() == ["['learners'] ['carl']", "False", "Read-only file system"]


def test_learners_do_not_get_into_each_others_servers_and_the_teacher_does(server):
    async def steps():
        async with (
            signed_in(server, "carl") as carl,
            Learner(server.address, "teacher", "a word of the teacher's") as teacher,
            Learner(server.address, "cleo", "a word of my own") as cleo,
        ):
            for one, key in ((teacher, "teacher"), (cleo, "class")):
                await one.sign_up(server.passwords[key])
                assert await one.log_in()
            async with cleo.web.get(f"{carl.own}/lab") as page:
                assert page.status in (403, 404)
            async with cleo.web.get(f"{server.address}/hub/admin") as page:
                assert page.status == 403
            async with teacher.web.get(f"{carl.own}/lab") as page:
                assert page.status == 200  # JupyterHub asks whether that is what you want
                assert "carl" in str(page.url)
            async with teacher.web.get(f"{server.address}/hub/admin") as page:
                assert page.status == 200

    together(steps())


def test_the_teacher_sees_who_is_where_and_gives_new_passwords(server):
    async def steps():
        async with (
            Learner(server.address, "teacher", "a word of the teacher's") as teacher,
            Learner(server.address, "frieda", "a word of my own") as frieda,
            Learner(server.address, "frieda", "another of my own") as again,
        ):
            for one, key in ((teacher, "teacher"), (frieda, "class")):
                await one.sign_up(server.passwords[key])
                assert await one.log_in()
            token = {"_xsrf": teacher.xsrf("/hub/")}
            async with teacher.web.get(f"{server.address}/hub/api/users", params=token) as answer:  # what the page asks
                users = {user["name"]: user for user in await answer.json()}
            assert users["frieda"]["server"] is None
            assert users["frieda"]["last_activity"]
            assert await frieda.give_a_password("teacher", "taken over") == 403
            assert await teacher.give_a_password("frieda", again.password) == 200
            assert await again.log_in()
        async with Learner(server.address, "frieda", "a word of my own") as frieda:
            assert not await frieda.log_in()

    together(steps())


def test_a_new_class_password_shuts_the_old_one_out_and_accounts_stay(server):
    async def signs_up(name, password):
        async with Learner(server.address, name, "a word of my own") as learner:
            status, _ = await learner.sign_up(password)
            return status, await learner.log_in()

    old = server.passwords
    assert together(signs_up("gustav", old["class"])) == (200, True)
    server.kill_hub()
    (server.state / "passwords.json").write_text(json.dumps(old | {"class": "another than before"}))
    server.start()
    assert together(signs_up("hanna", old["class"])) == (403, False)
    assert together(signs_up("hanna", "another than before")) == (200, True)
    assert together(signs_up("gustav", old["class"])) == (403, True)


def test_servers_that_nobody_uses_end_also_after_the_hub_was_killed(tmp_path):
    async def steps(server):
        async with signed_in(server, "ida"):
            (old,) = cullers(server)
            server.kill_hub()  # at once: nobody has found her idle yet
            old.wait(30)  # or two would go on
            server.start()
            async with asyncio.timeout(240):  # it answers before all that belongs to it is there
                while len(cullers(server)) != 1:
                    await asyncio.sleep(0.2)
            async with signed_in(server, "bruno") as bruno, bruno.notebook("00_start_here.ipynb") as kernel:
                while server.processes("ida"):
                    assert await kernel.printed("print('at work')") == "at work"
                    await asyncio.sleep(1)
                for _ in range(25):  # longer than anyone may idle
                    assert await kernel.printed("print('at work')") == "at work"
                    await asyncio.sleep(1)
                assert (await bruno.ask("status"))["kernels"] == 1

    with ClassServer(tmp_path / "state", HUB_IDLE="0.3") as server:
        together(steps(server))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_with_a_certificate_all_is_encrypted_and_cookies_cross_no_plain_line(tmp_path):
    key, certificate = tmp_path / "hub.key", tmp_path / "hub.crt"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 365 -keyout {key} -out {certificate}"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *subject], check=True, capture_output=True)

    async def steps(server):
        async with Learner(server.address, "dora", "a word of my own", server.certificate) as dora:
            await dora.sign_up(server.passwords["class"])
            assert await dora.log_in()
            await dora.start()
            async with dora.notebook("00_start_here.ipynb") as kernel:
                assert await kernel.printed("print(6 * 7)") == "42"
            bare = {cookie.key for cookie in dora.web.cookie_jar if not cookie["secure"]}
            assert bare <= {"_xsrf"} < {cookie.key for cookie in dora.web.cookie_jar}  # that alone opens nothing
            with pytest.raises(aiohttp.ClientError):
                await dora.web.get(server.address.replace("https", "http") + "/hub/login")
        async with Learner(server.address, "eve", "a word of my own") as stranger:  # who was not told to trust it
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await stranger.log_in()

    with ClassServer(tmp_path / "state", HUB_KEY=str(key), HUB_CERT=str(certificate)) as server:
        together(steps(server))


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("HUB_PORT", "eight", "HUB_PORT must be a number from 1 to 65533; got eight."),
        ("HUB_PORT", "70000", "HUB_PORT must be a number from 1 to 65533; got 70000."),
        ("HUB_MEMORY", "nan", "HUB_MEMORY must be a number from 512"),
        ("HUB_KEY", "/no/such.key", "HUB_KEY: /no/such.key cannot be read."),
        ("HUB_KEY", str(HUB / "learner.py"), "HUB_KEY and HUB_CERT belong together"),
        ("HUB_ISOLATION", "docker", "HUB_ISOLATION must be one of sandbox, accounts, none; got docker."),
        ("HUB_DIR", str(HUB / "learner.py"), "HUB_DIR: "),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence_before_anything_starts(monkeypatch, tmp_path, option, value, told):
    assert told in why_not(monkeypatch, tmp_path, **{option: value})


DAMAGED = "{"


@pytest.mark.parametrize(
    "text", [DAMAGED, "[]", '{"class": "short", "teacher": "long enough"}', '{"class": "the same one"}']
)
def test_damaged_passwords_are_told_in_a_sentence(monkeypatch, tmp_path, text):
    (tmp_path / "passwords.json").write_text(text)
    assert why_not(monkeypatch, tmp_path).startswith(f"{tmp_path.resolve() / 'passwords.json'}")


def test_a_fault_in_the_set_up_ends_the_hub_with_this_sentence_alone(tmp_path):
    (tmp_path / "passwords.json").write_text(DAMAGED)
    command = [sys.executable, "-m", "jupyterhub", "-f", str(HUB / "jupyterhub_config.py")]
    environment = {"HUB_DIR": str(tmp_path), "HUB_ALLOW_ROOT": "1", "PATH": str(Path(sys.executable).parent)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith(f"{tmp_path.resolve() / 'passwords.json'}")
    assert "Traceback" not in ended.stderr


def cullers(server):
    return [process for process in server.processes() if "jupyterhub_idle_culler" in process.cmdline()]


def why_not(monkeypatch, folder, **options):
    """With what sentence jupyterhub_config.py ends."""
    from traitlets.config import Config

    for name, value in ({"HUB_DIR": str(folder), "HUB_ALLOW_ROOT": "1"} | options).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as fault:
        runpy.run_path(str(HUB / "jupyterhub_config.py"), {"get_config": Config})
    return fault.value.code


async def until_it_answers(learner):
    async with asyncio.timeout(240):
        while True:
            with contextlib.suppress(aiohttp.ClientError):  # cut off; or a new proxy, which knows no way yet
                return await learner.ask("status")
            await asyncio.sleep(0.2)


async def stop(learner):
    """By the hub's page, and until it is gone."""
    path = f"{learner.address}/hub/api/users/{learner.name}/server"
    async with asyncio.timeout(240):
        while True:
            async with learner.web.delete(path, params={"_xsrf": learner.xsrf("/hub/")}) as answer:
                if answer.status in (204, 400):
                    return
            await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def signed_in(server, name):
    """A learner with a server that runs, from the first time on."""
    async with Learner(server.address, name, "a word of my own") as learner:
        await learner.sign_up(server.passwords["class"])
        assert await learner.log_in()
        await learner.start()
        yield learner
