"""A learner of the class server without a browser: signs up, logs in, opens a notebook's session, runs cells.

What tests and benchmarks drive the server with; it speaks as JupyterLab does, by the hub's pages, the contents API and
a kernel's websocket. Only for a server on this machine.
"""

import asyncio
import contextlib
import itertools
import json
import ssl
import struct
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import aiohttp
from yarl import URL

Message = dict[str, Any]


class Learner:
    """One person's browser: cookies, and what is asked with them; `certificate` is one to trust."""

    def __init__(self, address: str, name: str, password: str, certificate: str | None = None) -> None:
        self.address, self.name, self.password = address.rstrip("/"), name, password
        trust = ssl.create_default_context(cafile=certificate) if certificate else True
        self.web = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=240),
        )
        self.own = f"{self.address}/user/{name}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.web.close()

    def xsrf(self, path: str) -> str:
        """The token against forged requests, which a form or a request must repeat."""
        cookie = self.web.cookie_jar.filter_cookies(URL(f"{self.address}{path}")).get("_xsrf")
        return cookie.value if cookie else ""

    async def _post(self, page: str, fields: dict[str, str]) -> tuple[int, str]:
        async with self.web.get(f"{self.address}/hub/{page}") as form:
            await form.read()
        data = fields | {"_xsrf": self.xsrf("/hub/")}
        # not sent on: that would start a server
        async with self.web.post(f"{self.address}/hub/{page}", data=data, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def sign_up(self, class_password: str) -> tuple[int, str]:
        """Status and text of the answer."""
        mine = {"signup_password": self.password, "signup_password_confirmation": self.password}
        return await self._post("signup", {"username": self.name, "class_password": class_password, **mine})

    async def log_in(self) -> bool:
        """Is the password right?"""
        status, _ = await self._post("login", {"username": self.name, "password": self.password})
        async with self.web.get(f"{self.address}/hub/home") as page:  # with it comes the token of who is logged in
            await page.read()
        return status == 302

    async def give_a_password(self, name: str, password: str) -> int:
        """What only a teacher may: a new one for somebody else; the status of the answer."""
        new = {"new_password": password, "new_password_confirmation": password}
        status, _ = await self._post(f"change-password/{name}", new)
        return status

    async def start(self, seconds: float = 180) -> None:
        """Ask for one's server, again each minute as a learner would, and wait until its pages come."""
        async with asyncio.timeout(seconds):
            for tries in itertools.count():
                if tries % 120 == 0:
                    async with self.web.get(f"{self.address}/hub/spawn") as page:
                        await page.read()
                # by way of the hub, which hands over the server's own cookies
                async with self.web.get(f"{self.own}/lab") as page:
                    await page.read()
                    if page.status == 200 and page.url.path.startswith(f"/user/{self.name}/lab"):
                        return
                await asyncio.sleep(0.5)

    async def ask(self, path: str, method: str = "GET", /, **body: Any) -> Any:
        """The answer of your own server under api/; aiohttp.ClientResponseError where it refuses."""
        headers = {"X-XSRFToken": self.xsrf(f"/user/{self.name}/")}
        sent = {"json": body} if body else {}
        async with self.web.request(method, f"{self.own}/api/{path}", headers=headers, **sent) as answer:
            answer.raise_for_status()
            return json.loads(await answer.read() or b"null")

    @contextlib.asynccontextmanager
    async def notebook(self, path: str) -> "AsyncIterator[Kernel]":
        """A session on a notebook, as JupyterLab opens one: the same kernel each time."""
        session = await self.ask("sessions", "POST", path=path, name=path, type="notebook", kernel={"name": "python3"})
        async with self.kernel(session["kernel"]["id"]) as kernel:
            yield kernel

    @contextlib.asynccontextmanager
    async def kernel(self, identity: str) -> "AsyncIterator[Kernel]":
        """The websocket of a kernel that runs."""
        url = f"{self.own}/api/kernels/{identity}/channels?session_id={uuid.uuid4().hex}"
        headers = {"X-XSRFToken": self.xsrf(f"/user/{self.name}/"), "Origin": self.address}
        async with self.web.ws_connect(url, headers=headers, max_msg_size=0) as line:
            kernel = Kernel(line)
            try:
                yield kernel
            finally:
                kernel.reader.cancel()


class Kernel:
    """Runs cells; `heard` gets each message that comes."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line, self.session = line, uuid.uuid4().hex
        self.waiting: dict[str, list[Message]] = {}
        self.listeners: list[Callable[[Message], None]] = []
        self.news, self.closed = asyncio.Event(), False
        self.reader = asyncio.create_task(self._read())

    async def send(self, kind: str, content: Message) -> str:
        """Put a message on the shell channel; returns its id."""
        identity = uuid.uuid4().hex
        head = {"msg_id": identity, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        message = {"header": head, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.line.send_str(json.dumps(message))
        return identity

    async def run(self, code: str, seconds: float = 240) -> list[Message]:
        """All that a cell says, until it is done; RuntimeError with its error."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": True}
        identity = await self.send("execute_request", content)
        said = self.waiting[identity] = []

        def done() -> bool:
            kinds = [m["msg_type"] for m in said]
            return "execute_reply" in kinds and any(
                m["msg_type"] == "status" and m["content"]["execution_state"] == "idle" for m in said
            )

        await self.until(done, seconds)
        for message in said:
            if message["msg_type"] == "error":
                raise RuntimeError(f"{message['content']['ename']}: {message['content']['evalue']}")
        return said

    async def printed(self, code: str, seconds: float = 240) -> str:
        """What a cell prints."""
        said = await self.run(code, seconds)
        return "".join(m["content"]["text"] for m in said if m["msg_type"] == "stream").strip()

    async def until(self, condition: Callable[[], Any], seconds: float = 240) -> None:
        """Wait for messages until the condition holds; TimeoutError, or ConnectionError where the line is cut."""
        async with asyncio.timeout(seconds):
            while not condition():
                if self.closed:
                    raise ConnectionError("the kernel's websocket was closed")
                self.news.clear()
                await self.news.wait()

    async def _read(self) -> None:
        async for frame in self.line:
            if frame.type == aiohttp.WSMsgType.TEXT:
                message = json.loads(frame.data)
            elif frame.type == aiohttp.WSMsgType.BINARY:  # a message with buffers: count, offsets, JSON, buffers
                (count,) = struct.unpack_from("!I", frame.data)
                offsets = struct.unpack_from(f"!{count}I", frame.data, 4)
                message = json.loads(frame.data[offsets[0] : offsets[1] if count > 1 else None])
            else:
                continue
            self.waiting.get(message["parent_header"].get("msg_id", ""), []).append(message)
            for listener in self.listeners:
                listener(message)
            self.news.set()
        self.closed = True
        self.news.set()
