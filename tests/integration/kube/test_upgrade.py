"""Upgrades against a real API server that refuses them, and against a server of our own that grants them."""

import asyncio
import base64
import hashlib
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kube.client import Client
from kube.credentials import load_kubeconfig
from kube.errors import ApiError, BadRequest, Forbidden, NotFound, Unauthorized, Unreachable
from kube.resources import PODS
from kube.upgrade import Upgraded
from tests.cluster_fixtures import Api
from tests.integration.kube.following import connected
from tests.integration.kube.tls_server import Handle, read_head, tls_server
from tests.leaks import nothing_left

SPDY = [("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", "v4.channel.k8s.io")]
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n"
DENIED = b'{"kind":"Status","status":"Failure","message":"not you","reason":"Forbidden","code":403}\n'
LIMIT = 10.0


class Received(asyncio.Protocol):
    """What whoever takes over a connection receives on it."""

    def __init__(self) -> None:
        self.data = b""
        self.changed = asyncio.Event()
        self.ended = False

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how it ended is not looked at
        self.ended = True
        self.changed.set()

    async def up_to(self, length: int) -> bytes:
        async with asyncio.timeout(LIMIT):
            while len(self.data) < length and not self.ended:
                self.changed.clear()
                await self.changed.wait()
        return self.data


def take_over(upgraded: Upgraded) -> Received:
    received = Received()
    upgraded.transport.set_protocol(received)
    received.data = upgraded.tail
    upgraded.transport.resume_reading()
    return received


@asynccontextmanager
async def client_of(handle: Handle, folder: Path, *, seconds: float = LIMIT) -> AsyncIterator[Client]:
    async with nothing_left(), tls_server(folder, handle) as kubeconfig:
        credentials = await load_kubeconfig(kubeconfig)
        async with Client(credentials, user_agent="test", field_manager="test", timeout=seconds) as client:
            yield client


async def upgrade(client: Client) -> Upgraded:
    return await client.upgrade("POST", "/exec", query=[("command", "sh")], headers=SPDY)


def pod(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "busybox"}]
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


async def test_real_server_says_that_there_is_no_such_pod(host_api: Api) -> None:
    path = PODS.path(host_api.namespace, "web", "exec")
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        with pytest.raises(NotFound) as refused:
            await client.upgrade("POST", path, query=[("command", "sh"), ("stdout", "true")], headers=SPDY)
    assert json.loads(refused.value.answer.body)["reason"] == "NotFound"
    assert refused.value.answer.content_type.startswith("application/json")
    assert refused.value.path == path


async def test_real_server_says_that_a_pod_has_no_node_yet(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        await client.create(PODS, pod("web", host_api.namespace))
        with pytest.raises(BadRequest, match="does not have a host assigned"):
            await client.upgrade(
                "POST", PODS.path(host_api.namespace, "web", "exec"), query=[("command", "sh")], headers=SPDY
            )


async def test_real_server_says_that_the_node_does_not_answer(host_api: Api) -> None:
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        await client.create(PODS, pod("web", host_api.namespace, nodeName="nowhere"))
        with pytest.raises(ApiError, match="nowhere") as refused:
            await client.upgrade(
                "POST", PODS.path(host_api.namespace, "web", "attach"), query=[("stdout", "true")], headers=SPDY
            )
    assert json.loads(refused.value.answer.body)["kind"] == "Status"


async def test_real_server_takes_a_command_of_200_kilobytes(host_api: Api) -> None:
    words = [("command", f"{number}-é&=/ " + "x" * 1000) for number in range(200)]
    async with nothing_left(), connected(host_api.kubeconfig) as client:
        with pytest.raises(NotFound, match='pods "web" not found'):
            await client.upgrade("POST", PODS.path(host_api.namespace, "web", "exec"), query=words, headers=SPDY)


async def test_bytes_flow_both_ways_after_the_switch(tmp_path: Path) -> None:
    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(SWITCHED)
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    blob = hashlib.shake_256(b"seed").digest(2_000_000)
    async with client_of(echo, tmp_path) as client:
        upgraded = await upgrade(client)
        received = take_over(upgraded)
        upgraded.transport.write(blob)
        assert await received.up_to(len(blob)) == blob
        upgraded.transport.abort()


@pytest.mark.parametrize("piece", [1, 7, 10_000], ids=["byte by byte", "in pieces", "in one write"])
async def test_what_follows_the_answer_at_once_is_not_lost(tmp_path: Path, piece: int) -> None:
    async def greet(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        sent = SWITCHED + b"hello from the server"
        for start in range(0, len(sent), piece):
            writer.write(sent[start : start + piece])
            await asyncio.sleep(0)
        await writer.drain()
        await reader.read()

    async with client_of(greet, tmp_path) as client:
        upgraded = await upgrade(client)
        assert upgraded.head.status == 101
        assert upgraded.head.header("upgrade") == "SPDY/3.1"
        received = take_over(upgraded)
        assert await received.up_to(len("hello from the server")) == b"hello from the server"
        upgraded.transport.abort()


async def test_nothing_is_read_before_somebody_takes_over(tmp_path: Path) -> None:
    sent = 0

    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal sent
        await read_head(reader)
        writer.write(SWITCHED)
        while sent < 100_000_000:
            writer.write(bytes(1_000_000))
            await writer.drain()
            sent += 1_000_000

    async with client_of(flood, tmp_path) as client:
        upgraded = await upgrade(client)
        before = -1
        while sent != before:  # until the server is stuck for a moment
            before = sent
            await asyncio.sleep(0.2)
        assert sent < 100_000_000
        upgraded.transport.abort()


async def test_request_is_what_the_server_gets(tmp_path: Path) -> None:
    heads: list[str] = []

    async def record(reader: StreamReader, writer: StreamWriter) -> None:
        heads.append(await read_head(reader))
        writer.write(SWITCHED)
        await reader.read()

    async with client_of(record, tmp_path) as client:
        query = [("command", "a b&c"), ("command", "\udcff"), ("tty", "true")]
        upgraded = await client.upgrade("POST", "/exec", query=query, headers=SPDY)
        upgraded.transport.abort()
    first, *headers = heads[0].strip().split("\r\n")
    assert first == "POST /exec?command=a+b%26c&command=%FF&tty=true HTTP/1.1"
    assert {"Upgrade: SPDY/3.1", "Connection: Upgrade", "User-Agent: test", "Content-Length: 0"} <= set(headers)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"Content-Length: %d\r\n\r\n%s" % (len(DENIED), DENIED), id="with its length"),
        pytest.param(
            b"Transfer-Encoding: chunked\r\n\r\n5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (DENIED[:5], len(DENIED) - 5, DENIED[5:]),
            id="in chunks",
        ),
        pytest.param(b"\r\n" + DENIED, id="up to the end of the connection"),
    ],
)
async def test_refusal_is_the_typed_error_with_its_body_unchanged(tmp_path: Path, answer: bytes) -> None:
    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n" + answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with client_of(refuse, tmp_path) as client:
        with pytest.raises(Forbidden, match="not you") as refused:
            await upgrade(client)
    assert refused.value.answer.body == DENIED
    assert refused.value.answer.content_type == "application/json"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 101 Swi", id="half a head"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 X\r\nX: " + b"x" * 100_000, id="a head without end"),
        pytest.param(b"HTTP/1.1 403 X\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nxyz\r\n", id="chunks that are none"),
    ],
)
async def test_answer_that_makes_no_sense_is_no_answer(tmp_path: Path, answer: bytes) -> None:
    async def babble(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with client_of(babble, tmp_path) as client:
        with pytest.raises(Unreachable) as failed:
            await upgrade(client)
    assert not failed.value.refused


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 403 X\r\nContent-Length: 5\r\n\r\nab"], ids=["at all", "to the end"]
)
async def test_server_that_does_not_answer_is_given_up(tmp_path: Path, answer: bytes) -> None:
    async def stall(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await reader.read()

    async with client_of(stall, tmp_path, seconds=0.3) as client:
        with pytest.raises(Unreachable, match=r"no answer within 0\.3 s"):
            await upgrade(client)


async def test_server_with_another_name_is_not_trusted(tmp_path: Path) -> None:
    async def never(reader: StreamReader, writer: StreamWriter) -> None:  # noqa: ARG001 - nobody comes so far
        raise AssertionError("somebody trusted this server")

    async with tls_server(tmp_path, never, name="example.com") as kubeconfig, connected(kubeconfig) as client:
        with pytest.raises(Unreachable, match="not valid for"):
            await upgrade(client)


async def test_refused_token_is_replaced_and_the_upgrade_asked_for_again(tmp_path: Path) -> None:
    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        if "Authorization: Bearer new" in await read_head(reader):
            writer.write(SWITCHED)
            await reader.read()
        else:
            (tmp_path / "token").write_text("new\n")
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

    (tmp_path / "token").write_text("old\n")
    async with (
        nothing_left(),
        tls_server(tmp_path, serve, user={"tokenFile": "token"}) as kubeconfig,
        connected(kubeconfig) as client,
    ):
        upgraded = await upgrade(client)
        upgraded.transport.abort()


async def test_refused_token_without_another_is_the_error(tmp_path: Path) -> None:
    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with client_of(refuse, tmp_path) as client:
        with pytest.raises(Unauthorized):
            await upgrade(client)


async def test_upgraded_connection_outlives_the_client(tmp_path: Path) -> None:
    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        await read_head(reader)
        writer.write(SWITCHED)
        writer.write(await reader.readexactly(4))
        await reader.read()

    async with client_of(echo, tmp_path) as client:
        upgraded = await upgrade(client)
        await client.close()
        received = take_over(upgraded)
        upgraded.transport.write(b"ping")
        assert await received.up_to(4) == b"ping"
        upgraded.transport.abort()


async def test_cancelled_upgrade_leaves_no_connection(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def stall(reader: StreamReader, writer: StreamWriter) -> None:  # noqa: ARG001 - it says nothing
        await read_head(reader)
        asked.set()
        await reader.read()

    async with client_of(stall, tmp_path) as client:
        task = asyncio.create_task(upgrade(client))
        async with asyncio.timeout(LIMIT):
            await asked.wait()
        task.cancel()
        await asyncio.wait([task], timeout=LIMIT)
        assert task.cancelled()


async def test_websocket_upgrades_pass_through_too(tmp_path: Path) -> None:
    key = base64.b64encode(b"0123456789abcdef").decode()

    async def accept(reader: StreamReader, writer: StreamWriter) -> None:
        head = await read_head(reader)
        assert f"Sec-WebSocket-Key: {key}" in head
        assert head.startswith("GET ")
        assert "Content-Length" not in head
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x82\x01\x00")
        await reader.read()

    headers = [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)]
    async with client_of(accept, tmp_path) as client:
        upgraded = await client.upgrade("GET", "/exec", headers=headers)
        received = take_over(upgraded)
        assert await received.up_to(3) == b"\x82\x01\x00"
        upgraded.transport.abort()
