"""exec, attach and port-forward against a host of the test's own, byte by byte."""

import asyncio
import gc
import os

import pytest

from node.kubelet.limits import Limits
from node.kubelet.upgrading import UpgradingHandler
from tests.eventually import eventually
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import Connection, request, upgrade_request
from tests.integration.kubelet.directory import WEB_UID
from tests.integration.kubelet.host import GREETING, REFUSAL, Host
from tests.integration.kubelet.serving import Serving, serving

MIB = 1 << 20
EXEC = "/exec/shop/web/app?input=1&output=1&command="
EARLY = b"early bytes, with what ends a head\r\n\r\nin their midst"
HOST_PODS = "/api/v1/namespaces/host-namespace/pods/web-shop-x7f3k"


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"method": "POST", "headers": "Content-Length: 0\r\n"}, id="SPDY by POST, as kubectl"),
        pytest.param({"method": "GET"}, id="SPDY by GET"),
        pytest.param({"method": "GET", "to": "websocket"}, id="WebSocket"),
        pytest.param({"method": "POST", "to": "anything/1"}, id="a protocol that nobody knows"),
    ],
)
async def test_bytes_come_back_as_they_were_sent(kubelet: Serving, how: dict[str, str]) -> None:
    data = os.urandom(3 * MIB)
    connection = await (await kubelet.connect()).switched(EXEC + "echo", **how)
    assert await connection.echoed(data) == data


async def test_what_the_host_sends_together_with_its_101_arrives(kubelet: Serving) -> None:
    connection = await (await kubelet.connect()).switched(EXEC + "greet")
    assert await connection.exactly(len(GREETING)) == GREETING
    assert await connection.echoed(b"ping") == b"ping"


async def test_what_the_host_says_arrives_also_if_it_leaves_at_once(kubelet: Serving) -> None:
    connection = await (await kubelet.connect()).switched(EXEC + "greet-and-leave")
    assert await connection.rest() == GREETING


REQUEST = upgrade_request(EXEC + "echo")


@pytest.mark.parametrize("to", ["SPDY/3.1", "websocket"])
@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4, 40], ids=lambda cut: f"head cut {cut} bytes before its end")
async def test_what_comes_together_with_the_request_reaches_the_host(kubelet: Serving, to: str, cut: int) -> None:
    sent = upgrade_request(EXEC + "echo", to=to) + EARLY
    border = len(sent) - len(EARLY) - cut
    connection = await kubelet.connect()
    connection.send(sent[:border])
    await asyncio.sleep(0.01)  # so that it becomes a read of its own
    connection.send(sent[border:])
    assert (await connection.head()).status == 101
    assert await connection.exactly(len(EARLY)) == EARLY
    assert await connection.echoed(b"ping") == b"ping"


async def test_what_comes_after_the_request_and_before_the_101_reaches_the_host(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(REQUEST)
    connection.send(EARLY)
    assert (await connection.head()).status == 101
    assert await connection.exactly(len(EARLY)) == EARLY


async def test_a_client_that_expects_100_gets_it_before_the_101(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(upgrade_request(EXEC + "echo", headers="Expect: 100-continue\r\nContent-Length: 0\r\n"))
    assert [(await connection.head()).status for _ in range(2)] == [100, 101]
    assert await connection.echoed(b"ping") == b"ping"


async def test_the_protocol_may_change_on_a_connection_that_served_requests_before(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(request("/healthz"))
    assert await connection.body(await connection.head()) == b"ok"
    await connection.switched(EXEC + "echo")
    assert await connection.echoed(b"ping") == b"ping"


@pytest.mark.parametrize(
    "headers_and_body",
    [
        pytest.param(b"Content-Length: 5\r\n\r\nhello", id="of known length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", id="in chunks"),
    ],
)
async def test_a_request_with_a_body_is_refused(kubelet: Serving, headers_and_body: bytes) -> None:
    connection = await kubelet.connect()
    connection.send(REQUEST[:-2] + headers_and_body)
    assert (await connection.head()).status == 400


async def test_a_request_for_no_other_protocol_is_refused(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(request(EXEC + "echo", method="POST"))
    assert (await connection.head()).status == 400


async def test_a_refusal_of_the_host_comes_back_unchanged_and_ends_the_connection(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(upgrade_request(EXEC + "refuse"))
    head = await connection.head()
    assert (head.status, head.headers["content-type"]) == (403, "application/json")
    assert await connection.rest() == REFUSAL


async def test_a_host_that_is_not_there_is_named_as_the_reason(certificates: Certificates) -> None:
    async with serving(certificates, 1) as kubelet:
        connection = await kubelet.connect()
        connection.send(upgrade_request(EXEC + "echo"))
        head = await connection.head()
        assert head.status == 503
        assert b"host cluster" in await connection.body(head)


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        pytest.param(
            "/exec/shop/web/app?input=1&output=1&error=1&command=cat&command=a%20b%2Bc",
            f"{HOST_PODS}/exec?stdin=true&stdout=true&stderr=true&tty=false&container=app&command=cat&command=a+b%2Bc",
            id="exec",
        ),
        pytest.param(
            f"/exec/shop/web/{WEB_UID}/side?input=1&output=1&tty=1&command=sh",
            f"{HOST_PODS}/exec?stdin=true&stdout=true&stderr=false&tty=true&container=side&command=sh",
            id="exec with UID",
        ),
        pytest.param(
            "/attach/shop/web/app?output=1",
            f"{HOST_PODS}/attach?stdin=false&stdout=true&stderr=false&tty=false&container=app",
            id="attach",
        ),
        pytest.param(
            f"/attach/shop/web/{WEB_UID}/app?error=1",
            f"{HOST_PODS}/attach?stdin=false&stdout=false&stderr=true&tty=false&container=app",
            id="attach with UID",
        ),
        pytest.param("/portForward/shop/web", f"{HOST_PODS}/portforward", id="port-forward"),
        pytest.param(
            f"/portForward/shop/web/{WEB_UID}?port=80&port=443",
            f"{HOST_PODS}/portforward?ports=80&ports=443",
            id="port-forward with UID and ports",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_host_is_asked_in_its_own_words(
    kubelet: Serving, upstream: Host, method: str, asked: str, target: str
) -> None:
    await (await kubelet.connect()).switched(asked, method=method)
    assert upstream.conversations[0].head.split("\r\n")[0] == f"{method} {target} HTTP/1.1"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/exec/shop/nobody/app?output=1", id="no such pod"),
        pytest.param("/exec/other/web/app?output=1", id="no such pod in that namespace"),
        pytest.param("/exec/shop/web/former-uid/app?output=1", id="a pod of another UID"),
        pytest.param("/exec/shop/web/istio-proxy?output=1", id="not a container of the tenant's"),
        pytest.param("/attach/shop/web/istio-proxy?output=1", id="attach: not a container of the tenant's"),
        pytest.param("/portForward/shop/web/former-uid", id="port-forward: a pod of another UID"),
    ],
)
async def test_what_is_not_there_is_not_found(kubelet: Serving, upstream: Host, path: str) -> None:
    connection = await kubelet.connect()
    connection.send(upgrade_request(path))
    assert (await connection.head()).status == 404
    assert upstream.conversations == []


async def test_who_asks_for_no_stream_is_told_so(kubelet: Serving) -> None:
    connection = await kubelet.connect()
    connection.send(upgrade_request("/exec/shop/web/app?command=ls"))
    assert (await connection.head()).status == 400


async def test_the_host_sees_what_is_negotiated_and_nothing_else_of_the_client(
    kubelet: Serving, upstream: Host
) -> None:
    negotiated = "X-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\n"
    pretended = "Authorization: Bearer mine\r\nImpersonate-User: admin\r\nX-Remote-User: admin\r\nCookie: a=b\r\n"
    connection = await kubelet.connect()
    connection.send(upgrade_request(EXEC + "echo", headers=negotiated + pretended))
    head = await connection.head()
    assert "audit-id" not in head.headers
    assert head.headers["x-stream-protocol-version"] == "v4.channel.k8s.io"
    sent = upstream.conversations[0].head
    assert negotiated in sent + "\r\n"
    assert "Authorization: Bearer of-the-provider" in sent
    assert not any(name in sent for name in ("mine", "admin", "Cookie"))


async def test_a_command_may_be_as_long_as_a_go_server_allows(kubelet: Serving, upstream: Host) -> None:
    await (await kubelet.connect()).switched(EXEC + "echo&command=" + "x" * 200_000)
    assert len(upstream.conversations[0].command[1]) == 200_000


async def test_a_command_of_arbitrary_bytes_stays_what_it_is(kubelet: Serving, upstream: Host) -> None:
    await (await kubelet.connect()).switched(EXEC + "echo&command=%FF%00%C3%A9%0A")
    assert "command=%FF%00%C3%A9%0A" in upstream.conversations[0].target


async def test_what_a_client_sent_before_it_closed_reaches_the_host(kubelet: Serving, upstream: Host) -> None:
    connection = await (await kubelet.connect()).switched(EXEC + "collect")
    connection.send(bytes(3 * MIB))
    connection.writer.close()
    assert await _collected(upstream) == 3 * MIB


@pytest.mark.parametrize("mebibytes", [1, 3, 7, 14])
async def test_a_slow_client_gets_all_that_the_host_sent_before_it_closed(kubelet: Serving, mebibytes: int) -> None:
    size = mebibytes * MIB + 12_345
    connection = await (await kubelet.connect()).switched(f"{EXEC}pour&command={size}")
    count = 0
    while data := await connection.reader.read(256 * 1024):
        count += len(data)
        await asyncio.sleep(0.002)
    assert count == size


async def test_a_client_that_vanishes_ends_the_hosts_side(kubelet: Serving, upstream: Host) -> None:
    connection = await (await kubelet.connect()).switched(EXEC + "collect")
    connection.send(bytes(100_000))
    await eventually(lambda: kubelet.open_streams == 1, "the stream to be counted")
    connection.vanish()
    assert await _collected(upstream) <= 100_000
    await eventually(lambda: kubelet.open_streams == 0, "the stream to end")


async def test_clients_that_read_nothing_stop_the_host_and_nobody_else(kubelet: Serving, upstream: Host) -> None:
    stalled = [await (await kubelet.connect()).switched(EXEC + "pour-without-end") for _ in range(5)]
    busy = await (await kubelet.connect()).switched(f"{EXEC}pour&command={32 * MIB}")
    assert len(await busy.rest()) == 32 * MIB
    # What was sent to the others by now is in buffers, most of them the kernel's.
    assert [sent for sent in _sent(upstream)[:5] if sent > 24 * MIB] == []
    for _ in range(32):
        await stalled[0].exactly(MIB)
    assert [sent for sent in _sent(upstream)[1:5] if sent > 24 * MIB] == []
    for connection in stalled:
        connection.vanish()


async def test_only_so_many_streams_are_open_at_a_time(certificates: Certificates, upstream: Host) -> None:
    async with serving(certificates, upstream.port, limits=Limits(streams=2)) as kubelet:
        first, second, third = [await kubelet.connect() for _ in range(3)]
        await first.switched(EXEC + "echo")
        await second.switched(EXEC + "echo")
        third.send(upgrade_request(EXEC + "echo"))
        assert (await third.head()).status == 503
        first.vanish()
        await eventually(lambda: kubelet.open_streams == 1, "a stream to end")
        await (await kubelet.connect()).switched(EXEC + "echo")


async def test_stopping_the_server_ends_twenty_live_streams(kubelet: Serving) -> None:
    live: list[Connection] = []
    for _ in range(20):
        live.append(await (await kubelet.connect()).switched(EXEC + "echo"))
        assert await live[-1].echoed(b"ping") == b"ping"
    await kubelet.stop()
    assert [await connection.rest() for connection in live] == [b""] * 20


async def test_a_stalled_client_does_not_keep_the_server_from_stopping(kubelet: Serving) -> None:
    connection = await (await kubelet.connect()).switched(EXEC + "pour-without-end")
    await connection.exactly(MIB)
    await kubelet.stop()
    connection.vanish()


async def test_nothing_is_kept_of_a_stream_that_ended(kubelet: Serving) -> None:
    for _ in range(3):
        connection = await (await kubelet.connect()).switched(EXEC + "echo")
        connection.vanish()
    await eventually(lambda: kubelet.open_streams == 0, "the streams to end")
    await eventually(lambda: _known_handlers() == 0, "the server to forget the connections")


async def _collected(upstream: Host) -> int:
    return await asyncio.to_thread(upstream.collected.get, timeout=20)


def _sent(upstream: Host) -> list[int]:
    return [conversation.sent for conversation in upstream.conversations]


def _known_handlers() -> int:
    """How many connections aiohttp still has, as far as the garbage collector can tell."""
    gc.collect()
    return sum(isinstance(found, UpgradingHandler) for found in gc.get_objects())
