"""Logs against a host of the test's own, which stalls, breaks off and refuses as hosts do."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.eventually import eventually
from tests.integration.kubelet.certificates import Certificates
from tests.integration.kubelet.client import Connection, request, within_limit
from tests.integration.kubelet.log_host import LogHost, log_host
from tests.integration.kubelet.serving import Serving, serving
from tests.leaks import nothing_left

LOGS = "/containerLogs/shop/web/app"
MIB = 1 << 20


@pytest.fixture
async def host(certificates: Certificates) -> AsyncIterator[LogHost]:
    async with nothing_left(), log_host(certificates.path("server.crt"), certificates.path("server.key")) as served:
        yield served


@pytest.fixture
async def kubelet(certificates: Certificates, host: LogHost) -> AsyncIterator[Serving]:
    async with serving(certificates, host.port, host_timeout=0.2) as served:
        yield served


async def ask(kubelet: Serving, query: str = "") -> Connection:
    connection = await kubelet.connect()
    connection.send(request(LOGS + query))
    return connection


async def test_options_reach_the_host(kubelet: Serving, host: LogHost) -> None:
    connection = await ask(kubelet, "?follow=true&tailLines=0&timestamps=true&insecureSkipTLSVerifyBackend=true")
    assert (await connection.head()).status == 200
    assert host.asked == ["container=app&follow=true&timestamps=true&tailLines=0"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/containerLogs/shop/nobody/app", 404, id="no such pod"),
        pytest.param("/containerLogs/shop/web/istio-proxy", 404, id="not a container of the tenant's"),
        pytest.param(LOGS + "?tailLines=many", 400, id="no number"),
        pytest.param(LOGS + "?tailLines=-1", 422, id="not a number of lines"),
    ],
)
async def test_what_makes_no_sense_never_reaches_the_host(
    kubelet: Serving, host: LogHost, path: str, status: int
) -> None:
    connection = await kubelet.connect()
    connection.send(request(path))
    assert (await connection.head()).status == status
    assert host.asked == []


async def test_a_refusal_is_text_and_names_the_pod_as_the_tenant_does(kubelet: Serving, host: LogHost) -> None:
    async def refuse(_: web.Request) -> web.Response:
        message = 'container "app" in pod "web-shop-x7f3k" is waiting to start: ContainerCreating'
        status = {"kind": "Status", "apiVersion": "v1", "reason": "BadRequest", "code": 400, "message": message}
        return web.json_response(status, status=400)

    host.answer = refuse
    connection = await ask(kubelet)
    head = await connection.head()
    assert head.status == 400
    assert await connection.body(head) == b'container "app" in pod "web" is waiting to start: ContainerCreating'


async def test_a_log_may_stay_empty_for_longer_than_any_call_may_take(kubelet: Serving, host: LogHost) -> None:
    host.answer = host.say_nothing_yet
    connection = await ask(kubelet, "?follow=true")
    await asyncio.sleep(0.5)  # the client's limit for calls is 0.2 s here
    host.go_on.set()
    assert (await connection.head()).status == 200


async def test_lines_pass_as_they_come(kubelet: Serving, host: LogHost) -> None:
    host.answer = host.say_something_and_wait
    connection = await ask(kubelet, "?follow=true")
    await connection.head()
    assert b"first" in await within_limit(connection.reader.readuntil(b"first\n"), "the first line")
    host.go_on.set()
    assert b"second" in await within_limit(connection.reader.readuntil(b"0\r\n\r\n"), "the end of the answer")


@pytest.mark.parametrize("answer", ["say_nothing_yet", "say_something_and_wait", "speak_without_end"])
@pytest.mark.parametrize("goodbye", ["close", "abort"])
async def test_a_reader_who_leaves_is_noticed_at_once(
    kubelet: Serving, host: LogHost, answer: str, goodbye: str
) -> None:
    host.answer = getattr(host, answer)
    connection = await ask(kubelet, "?follow=true")
    await eventually(lambda: host.asked, "the host to be asked")
    getattr(connection.writer.transport, goodbye)()
    await within_limit(host.left.wait(), "the host to be left")
    await eventually(lambda: kubelet.open_streams == 0, "the stream to end")


async def test_a_log_that_the_host_breaks_off_does_not_look_whole(kubelet: Serving, host: LogHost) -> None:
    host.answer = host.say_something_and_break_off
    connection = await ask(kubelet, "?follow=true")
    await connection.head()
    assert not (await connection.rest()).endswith(b"0\r\n\r\n")


async def test_readers_who_take_nothing_stop_the_host(kubelet: Serving, host: LogHost) -> None:
    host.answer = host.speak_without_end
    stalled = [await ask(kubelet) for _ in range(3)]
    reader = await ask(kubelet)
    await reader.exactly(32 * MIB)
    assert host.sent < (32 + 4 * 24) * MIB
    for connection in [*stalled, reader]:
        connection.vanish()


async def test_stopping_the_server_cuts_readers_who_wait_and_readers_who_take_nothing(
    kubelet: Serving, host: LogHost
) -> None:
    host.answer = host.speak_without_end
    stalled = await ask(kubelet)
    await eventually(lambda: host.sent > MIB, "the reader to be sent something")
    host.answer = host.say_something_and_wait
    waiting = await ask(kubelet, "?follow=true")
    await waiting.head()
    await kubelet.stop()
    assert not (await waiting.rest()).endswith(b"0\r\n\r\n")
    stalled.vanish()
