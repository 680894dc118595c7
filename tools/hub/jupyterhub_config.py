"""The class server, `make hub`: JupyterHub for one class on one machine. What it is and is not safe for: docs/hub.md.

Everything it remembers is in one folder, HUB_DIR: accounts, cookies, passwords, and each learner's own folder. A hub
that was killed finds its learners' servers again; they go on without it.
"""

import json
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import isolation  # noqa: E402
from sign_up import ClassAuthenticator  # noqa: E402


def number(name: str, default: float, least: float, most: float) -> float:
    """An option of the environment that is a number."""
    given = os.environ.get(name) or str(default)
    try:
        value = float(given)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        sys.exit(f"{name} must be a number from {least:g} to {most:g}; got {given}.")
    return value


def file(name: str) -> str:
    """An option of the environment that names a file; "" where it is not given."""
    given = os.environ.get(name, "")
    if given and not os.access(given, os.R_OK):
        sys.exit(f"{name}: {given} cannot be read.")
    return given and os.path.abspath(given)


def passwords(folder: Path) -> dict[str, str]:
    """The class's and the teacher's, drawn at random the first time; change them in the file passwords.json."""
    place = folder / "passwords.json"
    try:
        if not place.exists():
            drawn = {"class": secrets.token_hex(5), "teacher": secrets.token_hex(8)}
            with open(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
                json.dump(drawn, out, indent=1)
        found = json.loads(place.read_text())
        known = {name: str(found[name]) for name in ("class", "teacher")}
    except (ValueError, KeyError, TypeError, OSError):
        sys.exit(f"{place} is damaged: delete it, and new passwords are drawn.")
    if min(map(len, known.values())) < 8 or known["class"] == known["teacher"]:
        sys.exit(f"{place}: two different passwords are needed, of 8 characters or more.")
    return known


def forget_a_proxy_that_is_none(pid_file: Path) -> None:
    """After a reboot another program may have the old proxy's number, and JupyterHub would end it."""
    try:
        command = Path(f"/proc/{int(pid_file.read_text())}/cmdline").read_bytes()
    except (ValueError, OSError):
        command = b""
    if b"configurable-http-proxy" not in command and Path("/proc/self").exists():
        pid_file.unlink(missing_ok=True)


root = os.geteuid() == 0
state = Path(os.environ.get("HUB_DIR") or HERE.parents[1] / "build" / "hub").resolve()
try:
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
except OSError as error:
    sys.exit(f"HUB_DIR: {state}: {error.strerror}.")
ip, port = os.environ.get("HUB_IP") or "127.0.0.1", int(number("HUB_PORT", 8000, 1, 65533))
key, certificate = file("HUB_KEY"), file("HUB_CERT")
if bool(key) != bool(certificate):
    sys.exit("HUB_KEY and HUB_CERT belong together: the two files of one certificate.")
megabytes, idle = int(number("HUB_MEMORY", 2048, 512, 2**20)), int(60 * number("HUB_IDLE", 60, 0.2, 10_000))
teacher = os.environ.get("HUB_TEACHER") or "teacher"
kind = isolation.choose(os.environ.get("HUB_ISOLATION", ""), state)
kept = passwords(state) if kind != "accounts" else {}
if root and kind != "accounts" and os.environ.get("HUB_ALLOW_ROOT") != "1":
    sys.exit(
        "Each learner would be root: start the hub as a plain user, or with HUB_ISOLATION=accounts. "
        "HUB_ALLOW_ROOT=1 does it all the same, where nobody can come to harm."
    )

c = get_config()  # noqa: F821 - JupyterHub puts it here

# Where it listens; the hub's and the proxy's own ports are on this machine only.
scheme = "https" if key else "http"
c.JupyterHub.bind_url = f"{scheme}://{ip}:{port}"
c.JupyterHub.hub_ip, c.JupyterHub.hub_port = "127.0.0.1", port + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.ConfigurableHTTPProxy.command = [str(HERE / "node_modules" / ".bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.log_level = "warn"
c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = key, certificate

# What it remembers. Learners' servers outlive a hub that ends, until a new one finds them.
c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(state / "jupyterhub_cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(state / "jupyterhub-proxy.pid")
forget_a_proxy_that_is_none(state / "jupyterhub-proxy.pid")
c.JupyterHub.cleanup_servers = False

if kind == "accounts":
    isolation.check_accounts(teacher)
    # Who may come in: anyone with an account on this machine, by its password.
    c.JupyterHub.authenticator_class = "pam"
    c.PAMAuthenticator.admin_users, c.PAMAuthenticator.blocked_users = {teacher}, {"root"}
    c.PAMAuthenticator.allow_all = True
else:
    # Who may come in: anyone who knows the class password, once; then by their own password.
    c.JupyterHub.authenticator_class = ClassAuthenticator
    c.ClassAuthenticator.class_password, c.ClassAuthenticator.teacher_password = kept["class"], kept["teacher"]
    c.ClassAuthenticator.admin_users = {teacher}
    c.ClassAuthenticator.allow_all = True
    c.ClassAuthenticator.open_signup = True
    c.ClassAuthenticator.minimum_password_length = 8
    c.ClassAuthenticator.check_common_password = True
    c.ClassAuthenticator.allowed_failed_logins, c.ClassAuthenticator.seconds_before_next_try = 10, 60
    c.ClassAuthenticator.username_pattern = r"[a-z][a-z0-9_-]{0,31}\Z"  # also a folder's name
    c.JupyterHub.template_paths = [str(HERE / "templates")]

# What a learner gets: learner.py says.
look = max(1, min(300, idle // 4))  # seconds; or a short HUB_IDLE would end servers whose use is not known yet
c.JupyterHub.last_activity_interval, c.JupyterHub.activity_resolution = look, min(30, look)
c.JupyterHub.spawner_class = {"accounts": "jupyterhub.spawner.LocalProcessSpawner"}.get(kind, "simple")
c.SimpleLocalProcessSpawner.home_dir_template = str(state / "learners" / "{username}")
c.Spawner.cmd = [sys.executable, str(HERE / "learner.py")]
c.Spawner.args = ["--allow-root"] if root and kind != "accounts" else []
c.Spawner.environment = {
    "AAE_HUB_ISOLATION": kind,
    "AAE_HUB_STATE": str(state),
    "AAE_HUB_MEGABYTES": str(megabytes),
    "OMP_NUM_THREADS": "1",  # or thirty kernels fight for the cores
    "OMP_WAIT_POLICY": "PASSIVE",
    "JUPYTERHUB_ACTIVITY_INTERVAL": str(look),
} | {name: os.environ[name] for name in ("AAE_DATA_DIR",) if name in os.environ}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # thirty at once, on few cores

# A server that nobody uses is ended; while no hub runs, it ends by itself, an hour later than it would have.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, str(HERE / "culler.py"), str(os.getpid()), f"--timeout={idle}"],
        "environment": {"AAE_HUB_STATE": str(state)},  # by which running.py finds one that outlived its hub
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
    {"name": "look-in", "users": [teacher], "scopes": ["access:servers"]},  # the teacher may open a learner's server
]
c.Spawner.args += [f"--MappingKernelManager.cull_idle_timeout={idle}"]
c.Spawner.args += [f"--ServerApp.shutdown_no_activity_timeout={idle + 3600}"]

address = f"{scheme}://{ip}:{port}/hub"
if kind == "accounts":
    who = f"""\
Learners log in at {address}/login with the names and passwords of their accounts on this machine.
So do you, as {teacher}."""
else:
    who = f"""\
The class signs up at {address}/signup with the class password: {kept["class"]}
You sign up as {teacher}, with the teacher's: {kept["teacher"]}   (both are in {state / "passwords.json"})"""
print(f"\n{who}\n{isolation.SENTENCES[kind]}\n", flush=True)
if not key and ip not in ("127.0.0.1", "::1", "localhost"):
    print(
        "HUB_IP without HUB_KEY and HUB_CERT: passwords cross the network unencrypted. See docs/hub.md.\n", flush=True
    )
