"""A host API server for logs, which a test directs while it answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

PATH = "/api/v1/namespaces/host-namespace/pods/web-shop-x7f3k/log"
BLOCK = bytes(64 * 1024)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class LogHost:
    """Answers with `answer`; `left` says that whoever asked is gone."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    answer: Answer = field(init=False)

    def __post_init__(self) -> None:
        self.answer = self.say_hello

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.query_string)
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.left.set()
            raise
        except ConnectionError:
            self.left.set()
            return web.Response()

    async def say_hello(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="hello\n")

    async def say_nothing_yet(self, request: web.Request) -> web.StreamResponse:
        """As a kubelet follows a log in which there is no line."""
        await self.go_on.wait()
        return await self.say_hello(request)

    async def say_something_and_wait(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        await response.write(b"first\n")
        await self.go_on.wait()
        await response.write(b"second\n")
        return response

    async def say_something_and_break_off(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        await response.write(b"first\n")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def speak_without_end(self, request: web.Request) -> web.StreamResponse:
        response = await self._begin(request)
        while True:
            await response.write(BLOCK)
            self.sent += len(BLOCK)
            await asyncio.sleep(0)  # nothing here waits, so that nobody could notice that the reader has left

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        return response


@asynccontextmanager
async def log_host(certificate: Path, key: Path) -> AsyncIterator[LogHost]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    host = LogHost()
    application = web.Application()
    application.router.add_get(PATH, host.handle)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host.port = runner.addresses[0][1]
    try:
        yield host
    finally:
        await runner.cleanup()
