"""What we rely on in aiohttp's server, some of it private: if this fails, a new version of it is not for us yet."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from node.kubelet.upgrading import UpgradingHandler
from tests.integration.kubelet.client import Connection, request, upgrade_request, within_limit

KEPT_ALIVE = 0.1  # seconds


class Echo(asyncio.Protocol):
    def __init__(self, transport: asyncio.Transport, handler: UpgradingHandler) -> None:
        self._transport = transport
        self._handler = handler
        self.lost = asyncio.Event()
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connection_lost(exc)
        self.lost.set()


async def hand_over(asked: web.Request) -> web.StreamResponse:
    handler = asked.protocol
    assert isinstance(handler, UpgradingHandler)
    transport, behind = handler.hand_over()
    echo = Echo(transport, handler)
    response = web.StreamResponse(status=101, headers={"Connection": "Upgrade", "Upgrade": asked.headers["Upgrade"]})
    await response.prepare(asked)
    echo.data_received(behind)
    transport.resume_reading()
    await echo.lost.wait()
    return response


async def say_hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


class Server:
    def __init__(self, runner: web.AppRunner) -> None:
        assert runner.server is not None
        self.manager = runner.server
        self.handlers: list[UpgradingHandler] = []
        self.clients: list[Connection] = []
        self.port = 0

    def handler(self) -> UpgradingHandler:
        loop = asyncio.get_running_loop()
        self.handlers.append(UpgradingHandler(self.manager, loop=loop, keepalive_timeout=KEPT_ALIVE))
        return self.handlers[-1]

    async def connect(self) -> Connection:
        opening = asyncio.open_connection("127.0.0.1", self.port)
        self.clients.append(Connection(*await within_limit(opening, "a connection")))
        return self.clients[-1]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    application = web.Application()
    application.add_routes(
        [web.post("/switch", hand_over), web.get("/hello", say_hello), web.post("/hello", say_hello)]
    )
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    made = Server(runner)
    listening = await asyncio.get_running_loop().create_server(made.handler, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        for client in made.clients:
            client.writer.close()
        listening.close()
        await runner.cleanup()


async def test_the_private_names_are_there(server: Server) -> None:
    connection = await server.connect()
    connection.send(request("/hello"))
    await connection.head()
    assert isinstance(server.handlers[0]._messages, deque)
    assert server.handlers[0]._current_request is None


async def test_a_connection_without_a_request_is_closed_after_a_while(server: Server) -> None:
    assert await (await server.connect()).rest() == b""


async def test_a_connection_that_was_handed_over_may_be_silent_for_longer(server: Server) -> None:
    connection = await (await server.connect()).switched("/switch")
    await asyncio.sleep(3 * KEPT_ALIVE)
    assert await connection.echoed(b"ping") == b"ping"


async def test_the_server_forgets_a_connection_that_was_handed_over_when_it_is_gone(server: Server) -> None:
    connection = await (await server.connect()).switched("/switch")
    assert len(server.manager.connections) == 1
    connection.writer.close()
    await connection.writer.wait_closed()
    async with asyncio.timeout(10):
        while server.manager.connections:  # noqa: ASYNC110 - aiohttp tells nobody
            await asyncio.sleep(0.01)


async def test_requests_in_one_write_are_answered_up_to_the_one_that_changes_protocols(server: Server) -> None:
    connection = await server.connect()
    connection.send(request("/hello") + upgrade_request("/switch") + b"not a request")
    head = await connection.head()
    # Whoever does so is no Kubernetes client. That the connection ends is safe; that bytes get mixed up would not be.
    assert (head.status, head.headers["connection"]) == (200, "close")
    assert await connection.rest() == b"hello"


async def test_a_request_for_another_protocol_that_is_not_granted_ends_the_connection(server: Server) -> None:
    connection = await server.connect()
    connection.send(upgrade_request("/hello") + b"GET /never HTTP/1.1\r\n\r\n")
    head = await connection.head()
    assert (head.status, head.headers["connection"]) == (200, "close")
    assert await connection.rest() == b"hello"


async def test_a_body_may_contain_what_looks_like_the_end_of_a_head(server: Server) -> None:
    connection = await server.connect()
    body = b"a\r\n\r\nb\r\n\r\n"
    connection.send(b"POST /hello HTTP/1.1\r\nHost: node\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    connection.send(request("/hello"))
    for _ in range(2):
        assert await connection.body(await connection.head()) == b"hello"
