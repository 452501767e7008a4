"""What clients may cost: large requests, slow ones, many connections, and streams that do not end."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from node.kubelet.limits import Limits
from tests.eventually import eventually
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import request, upgrade_request
from tests.integration.kubelet.host import Host
from tests.integration.kubelet.serving import Serving, serving
from tests.leaks import nothing_left

ECHO = "/exec/shop/web/app?input=1&output=1&command=echo"
KIB = 1024
Start = Callable[[Limits], AbstractAsyncContextManager[Serving]]


@pytest.fixture
def start(certificates: Certificates, upstream: Host) -> Start:
    return lambda limits: serving(certificates, upstream.port, limits=limits)


async def test_a_long_command_and_a_long_token_are_no_trouble(kubelet: Serving) -> None:
    words = "&command=" + "x" * 200 * KIB
    token = f"Authorization: Bearer {'t' * 50 * KIB}\r\n"
    connection = await (await kubelet.connect()).switched(ECHO + words, headers=token)
    assert await connection.echoed(b"ping") == b"ping"


async def test_a_head_of_many_long_lines_is_refused(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(request("/healthz", headers="".join(f"X-{n}: {'x' * 100 * KIB}\r\n" for n in range(20))))
    assert (await connection.head()).status == 431
    assert await connection.rest() == b""


async def test_large_requests_one_after_the_other_are_no_large_head(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    for _ in range(3):
        connection.send(request("/healthz", headers=f"X: {'x' * 700 * KIB}\r\n"))
        assert await connection.body(await connection.head()) == b"ok"


async def test_a_body_is_no_head(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    body = b"x" * (3 << 20)
    connection.send(request("/pods", method="POST", headers=f"Content-Length: {len(body)}\r\n") + body)
    assert (await connection.head()).status == 405


@pytest.mark.parametrize("sent", [b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: n", request("/healthz")[:-1]])
async def test_who_does_not_end_his_request_is_left(start: Start, sent: bytes) -> None:
    async with nothing_left(), start(Limits(head_seconds=0.2)) as kubelet:
        connection = await kubelet.connect()
        connection.send(request("/healthz"))
        assert await connection.body(await connection.head()) == b"ok"
        connection.send(sent)
        assert await connection.rest() == b""


async def test_a_stream_may_say_nothing_for_longer_than_any_request(start: Start) -> None:
    async with start(Limits(head_seconds=0.1, idle_seconds=0.1)) as kubelet:
        connection = await (await kubelet.connect()).switched(ECHO)
        await asyncio.sleep(0.5)
        assert await connection.echoed(b"ping") == b"ping"


async def test_strangers_wait_until_others_have_gone_or_have_said_who_they_are(
    start: Start, certificates: Certificates
) -> None:
    async with nothing_left(), start(Limits(strangers=1)) as kubelet:
        known = await kubelet.connect()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(kubelet.connect(certificates.client_context(None)))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            known.send(request("/healthz"))
            assert await known.body(await known.head()) == b"ok"
        waiting.result().vanish()
        await (await kubelet.connect()).switched(ECHO)
        await (await kubelet.connect()).switched(ECHO)


async def test_one_peer_has_so_many_connections_and_no_more(start: Start) -> None:
    async with nothing_left(), start(Limits(streams=1, short_requests=1)) as kubelet:
        for _ in range(2):
            connection = await kubelet.connect()
            connection.send(request("/healthz"))
            await connection.body(await connection.head())
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await kubelet.connect()
        connection.vanish()
        peer = kubelet.server._visits._peers["127.0.0.1"]
        await eventually(lambda: peer.connections < 2, "the connection to be gone")
        await kubelet.connect()


async def test_who_speaks_no_tls_leaves_nothing_behind(kubelet: Serving) -> None:
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"", b"\x16\x03\x01"):
        _, writer = await asyncio.open_connection("127.0.0.1", kubelet.port)
        writer.write(words)
        writer.close()
    await eventually(lambda: len(kubelet.server._visits) == 0, "all of them to be forgotten")


async def test_when_the_server_stops_streams_may_end_by_themselves_and_no_more_begin(start: Start) -> None:
    async with nothing_left(), start(Limits(drain_seconds=15)) as kubelet:
        idle = await kubelet.connect()
        idle.send(request("/healthz"))
        await idle.body(await idle.head())
        stream = await (await kubelet.connect()).switched(ECHO)
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(kubelet.stop())
            await eventually(lambda: _refuses_connections(kubelet.port), "the server to stop listening")
            assert await stream.echoed(b"ping") == b"ping"
            idle.send(upgrade_request(ECHO))
            assert (await idle.head()).status == 503
            assert not stopping.done()
            stream.writer.close()


async def test_streams_that_do_not_end_by_themselves_are_ended(start: Start) -> None:
    async with nothing_left(), start(Limits(drain_seconds=0.2)) as kubelet:
        stream = await (await kubelet.connect()).switched(ECHO)
        await kubelet.stop()
        assert await stream.rest() == b""


def _refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
