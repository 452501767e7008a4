"""The proxy in front of a server that answers each request with its target, or echoes bytes once upgraded."""

import asyncio
import base64
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from kube.certificates import Subject, issue, new_authority
from tests.eventually import eventually
from tests.faulty_proxy import FaultyProxy, Request, is_list, is_watch, load_pair, response

UPGRADE = b"GET /exec HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while True:
            request = Request.parse(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(int(request.headers.get("content-length", 0)))
            writer.write(response("200 OK", request.target.encode()))
            while "upgrade" in request.headers:
                writer.write(await reader.readexactly(1))
    except (EOFError, OSError):
        writer.transport.abort()


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[FaultyProxy]:
    now = datetime.now(UTC)
    authority = new_authority("test", now=now)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    names = ["127.0.0.1"]
    load_pair(tls, issue(authority, Subject("server"), usages=["server"], names=names, now=now), tmp_path / "pair.pem")
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    trusted = base64.b64encode(authority.certificate).decode()
    cluster = {"server": f"https://{host}:{port}", "certificate-authority-data": trusted}
    config = {"clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": {"token": "t"}}]}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    before = asyncio.all_tasks()
    async with FaultyProxy(kubeconfig, tmp_path) as proxy:
        yield proxy
    server.close()
    await eventually(lambda: asyncio.all_tasks() <= before | this_task(), "all connections to end")


def this_task() -> set[asyncio.Task[object] | None]:
    return {asyncio.current_task()}  # a fixture is left by another task than entered it


class Caller:
    """A client that speaks to the proxy."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, proxy: FaultyProxy) -> "Caller":
        cluster = yaml.safe_load(proxy.kubeconfig.read_text())["clusters"][0]["cluster"]
        url = urlsplit(cluster["server"])
        trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        return cls(*await asyncio.open_connection(url.hostname, url.port, ssl=trust))

    async def get(self, target: str) -> bytes:
        body = b"x" * 100_000
        self.writer.write(f"GET {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return await self.read()

    async def read(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return await self.reader.readexactly(int(size))

    async def is_cut(self) -> bool:
        try:
            return await self.reader.read() == b""
        except OSError:
            return True


@pytest.fixture
async def caller(proxy: FaultyProxy) -> AsyncIterator[Caller]:
    connected = await Caller.connect(proxy)
    async with asyncio.timeout(20):
        yield connected
    connected.writer.transport.abort()


async def test_without_faults_answers_pass_and_are_noted(proxy: FaultyProxy, caller: Caller) -> None:
    assert [await caller.get("/one"), await caller.get("/two?watch=true")] == [b"/one", b"/two?watch=true"]
    assert [request.target for request in proxy.requests] == ["/one", "/two?watch=true"]


async def test_what_it_answers_itself_the_server_never_sees(proxy: FaultyProxy, caller: Caller) -> None:
    proxy.answer(response("429 Too Many Requests", b"later"), to=is_watch, times=1)
    assert await caller.get("/list") == b"/list"
    assert proxy.pending
    assert await caller.get("/?watch=true") == b"later"
    assert not proxy.pending
    assert await caller.get("/?watch=true") == b"/?watch=true"


async def test_an_answer_can_be_cut_anywhere(proxy: FaultyProxy, caller: Caller) -> None:
    proxy.cut_after(7, to=is_list)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await caller.get("/list")
    assert await caller.is_cut()


async def test_all_connections_can_be_cut_at_once(proxy: FaultyProxy, caller: Caller) -> None:
    await caller.get("/one")
    assert proxy.connections == 1
    proxy.cut()
    assert await caller.is_cut()
    await eventually(lambda: proxy.connections == 0, "the connection to be forgotten")


async def test_while_it_hangs_nothing_passes_and_nothing_is_lost(proxy: FaultyProxy, caller: Caller) -> None:
    proxy.hang()
    late = asyncio.create_task(caller.get("/late"))
    await eventually(lambda: proxy.requests, "the request to come")
    assert not late.done()
    proxy.heal()
    assert await late == b"/late"


async def test_it_tells_of_each_request_before_the_server_sees_it(proxy: FaultyProxy, caller: Caller) -> None:
    heard: list[str] = []
    proxy.heard = lambda request: heard.append(request.target)
    proxy.hang()
    late = asyncio.create_task(caller.get("/late"))
    await eventually(lambda: heard == ["/late"], "the request to be heard of")
    assert not late.done()
    proxy.heal()
    await late


async def test_it_can_be_slow_until_it_is_healed(proxy: FaultyProxy, caller: Caller) -> None:
    proxy.latency, proxy.bandwidth = 0.01, 10_000
    assert await caller.get("/slow") == b"/slow"
    proxy.heal()
    assert (proxy.latency, proxy.bandwidth) == (0.0, 0)


async def test_upgraded_connections_pass_bytes_both_ways(caller: Caller) -> None:
    caller.writer.write(UPGRADE)
    assert await caller.read() == b"/exec"
    for data in (b"\r\n\r\n", b"\x00\xff"):
        caller.writer.write(data)
        assert await caller.reader.readexactly(len(data)) == data
