"""A reverse proxy in front of a real API server that does to connections what networks and broken servers do.

    async with FaultyProxy(api.kubeconfig, tmp_path) as proxy:
        client = Client(await load_kubeconfig(proxy.kubeconfig), ...)
        proxy.answer(response("429 Too Many Requests", b""), to=is_watch, times=1)
        proxy.cut()  # resets every connection

It ends TLS on loopback, passes the Authorization header on and shows the kubeconfig's own client certificate to the
server, so whoever comes through is who the kubeconfig says. Of HTTP/1.1 it understands where a request begins, and no
more: answers pass as they come, upgraded connections too.
"""

import asyncio
import base64
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

from kube.certificates import KeyPair, Subject, issue, new_authority

ALWAYS = sys.maxsize
CHUNK = 64 * 1024
HEAD_LIMIT = 1024 * 1024  # as Go's servers have it


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]

    @classmethod
    def parse(cls, head: bytes) -> Self:
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        return cls(method, target, {name.strip().lower(): value.strip() for name, _, value in pairs})


Matches = Callable[[Request], bool]


def anything(_: Request) -> bool:
    return True


def is_watch(request: Request) -> bool:
    return "watch=true" in request.target


def is_list(request: Request) -> bool:
    return request.method == "GET" and not is_watch(request)


def response(status: str, body: bytes, *headers: str) -> bytes:
    """A whole answer; `status` is like "429 Too Many Requests", a header like "Retry-After: 1"."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Fault:
    to: Matches
    times: int
    answer: bytes = b""  # instead of asking the server
    cut_after: int | None = None  # bytes of the server's answer


@dataclass(eq=False, slots=True)
class Connection:
    reader: StreamReader
    writer: StreamWriter
    allowed: int | None = None  # bytes that may still pass before the cut


@dataclass(slots=True)
class Upstream:
    host: str
    port: int
    tls: ssl.SSLContext


class FaultyProxy:
    def __init__(self, api: Path, folder: Path) -> None:
        """Stand in front of the server that the kubeconfig `api` names; `folder` is for the proxy's own files."""
        self.latency = 0.0  # seconds before each request is passed on
        self.slow: Matches = anything  # which requests that goes for
        self.bandwidth = 0  # bytes of answers that pass in a second, on each connection; 0 for all there are
        self.heard: Callable[[Request], None] = lambda _: None  # told of each request before it is passed on
        self.requests: list[Request] = []
        self._api = api
        self._folder = folder
        self._faults: list[Fault] = []
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hangs: Matches = anything
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def kubeconfig(self) -> Path:
        """How to reach the server through this proxy."""
        return self._folder / "through-proxy.kubeconfig"

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    @property
    def pending(self) -> bool:
        """Whether a fault is still to strike."""
        return any(fault.times > 0 for fault in self._faults)

    def answer(self, answer: bytes, *, to: Matches = anything, times: int = ALWAYS) -> None:
        """Answer the next requests that match, instead of the server."""
        self._faults.append(Fault(to, times, answer=answer))

    def cut_after(self, size: int, *, to: Matches = anything, times: int = ALWAYS) -> None:
        """Reset the connection after so many bytes of the server's answer to the next requests that match."""
        self._faults.append(Fault(to, times, cut_after=size))

    def cut(self) -> None:
        """Reset every connection."""
        for connection in list(self._connections):
            connection.writer.transport.abort()

    def hang(self, *, to: Matches = anything) -> None:
        """Let no matching request pass any more, and without `to` nothing in any direction; connections stay open."""
        self._hangs = to
        self._flows.clear()

    def heal(self) -> None:
        """End all faults."""
        self._faults.clear()
        self.latency, self.bandwidth = 0.0, 0
        self._flows.set()

    async def __aenter__(self) -> Self:
        config = yaml.safe_load(self._api.read_text())
        self._upstream = read_upstream(config, self._folder)
        now = datetime.now(UTC)
        authority = new_authority("faulty-proxy", now=now)
        own = issue(authority, Subject("faulty-proxy"), usages=["server"], names=["127.0.0.1"], now=now)
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        load_pair(tls, own, self._folder / "proxy.pem")
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls, limit=HEAD_LIMIT)
        host, port = self._server.sockets[0].getsockname()
        config["clusters"][0]["cluster"] = {
            "server": f"https://{host}:{port}",
            "certificate-authority-data": base64.b64encode(authority.certificate).decode(),
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        self.heal()
        if self._tasks:
            done, running = await asyncio.wait(self._tasks, timeout=10)
            assert not running, f"connections of the proxy that did not end: {running}"
            for task in done:
                task.result()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Connection(reader, writer)))
        self._tasks.add(task)

    async def _serve(self, client: Connection) -> None:
        self._connections.add(client)
        try:
            await self._relay(client)
        except* (OSError, EOFError):
            pass  # how connections end
        finally:
            self._connections.discard(client)
            client.writer.transport.abort()

    async def _relay(self, client: Connection) -> None:
        upstream = self._upstream
        server = Connection(*await asyncio.open_connection(upstream.host, upstream.port, ssl=upstream.tls))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_answers(server, client))
                await self._pass_requests(client, server)
        finally:
            server.writer.transport.abort()

    async def _pass_requests(self, client: Connection, server: Connection) -> None:
        while True:
            head = await client.reader.readuntil(b"\r\n\r\n")
            request = Request.parse(head)
            body = await client.reader.readexactly(int(request.headers.get("content-length", 0)))
            self.requests.append(request)
            self.heard(request)
            if self.slow(request):
                await asyncio.sleep(self.latency)
            if self._hangs(request):
                await self._flows.wait()
            fault = self._fault(request)
            if fault and fault.answer:
                await write(client, fault.answer)
                continue
            client.allowed = fault.cut_after if fault else None  # an answer begins when its request has come
            await write(server, head + body)
            if "upgrade" in request.headers:
                await self._pass_bytes(client, server)
                server.writer.close()
                return

    async def _pass_answers(self, server: Connection, client: Connection) -> None:
        await self._pass_bytes(server, client)
        client.writer.close()  # what was written still goes out; and then the reader of requests ends, too

    async def _pass_bytes(self, source: Connection, sink: Connection) -> None:
        while data := await source.reader.read(CHUNK):
            if self._hangs is anything:
                await self._flows.wait()
            if self.bandwidth:
                await asyncio.sleep(len(data) / self.bandwidth)
            if sink.allowed is None:
                await write(sink, data)
                continue
            await write(sink, data[: sink.allowed])
            sink.allowed -= len(data)
            if sink.allowed <= 0:
                raise ConnectionResetError

    def _fault(self, request: Request) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.to(request):
                fault.times -= 1
                return fault
        return None


async def write(sink: Connection, data: bytes) -> None:
    sink.writer.write(data)
    await sink.writer.drain()


def read_upstream(config: Mapping[str, Any], folder: Path) -> Upstream:
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    url = urlsplit(cluster["server"])
    tls = ssl.create_default_context(cadata=content(cluster, "certificate-authority").decode())
    if certificate := content(user, "client-certificate"):
        load_pair(tls, KeyPair(certificate, content(user, "client-key")), folder / "proxy-client.pem")
    return Upstream(url.hostname or "", url.port or 443, tls)


def content(section: Mapping[str, str], name: str) -> bytes:
    """What a kubeconfig holds as base64, or in a file."""
    if data := section.get(f"{name}-data"):
        return base64.b64decode(data)
    return Path(section[name]).read_bytes() if name in section else b""


def load_pair(tls: ssl.SSLContext, pair: KeyPair, path: Path) -> None:
    """Load a pair by way of a file, since OpenSSL takes it no other way."""
    path.touch(mode=0o600)
    path.write_bytes(pair.certificate + pair.key)
    tls.load_cert_chain(path)
