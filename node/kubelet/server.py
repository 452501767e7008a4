"""The HTTPS server of the virtual node's kubelet API: puts its parts together, listens, and stops in good order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from aiohttp import web
from prometheus_client import CollectorRegistry

from kube.client import Client
from node.kubelet import health
from node.kubelet.access import Access, guarded
from node.kubelet.container_logs import ContainerLogs
from node.kubelet.open_streams import OpenStreams
from node.kubelet.own_metrics import OwnMetrics
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.pod_lists import PodLists
from node.kubelet.protocol_switches import ProtocolSwitches
from node.kubelet.serving_tls import ServingTls
from node.kubelet.upgrading import UpgradingHandler

MAX_STREAMS = 512  # each may hold 1 MiB, most of it in TLS buffers
ANSWERING_LIMIT = 5.0  # seconds that requests in progress get when the server stops

# An exec request has its command in the URL, and any request may have a token: both may be as long as Go's servers
# allow. A connection without a request is closed after as long as a kubelet waits. Streams are logged where they are
# handled, the rest is not worth it.
_HTTP: dict[str, Any] = {
    "max_line_size": 1 << 20,
    "max_field_size": 1 << 20,
    "keepalive_timeout": 90.0,
    "access_log": None,
}


class KubeletServer:
    """Part of the daemon: serves until `run` is cancelled."""

    def __init__(
        self,
        directory: PodDirectory,
        host_client: Client,
        *,
        access: Access,
        tls: ServingTls,
        registry: CollectorRegistry,
        address: str,
        port: int,
        max_streams: int = MAX_STREAMS,
    ) -> None:
        self._access = access
        self._tls = tls
        self._address = address
        self._port = port
        self._listening = asyncio.Event()
        self._streams = OpenStreams(max_streams)
        self.routes = [
            *ProtocolSwitches(directory, host_client, self._streams).routes(),
            *ContainerLogs(directory, host_client, self._streams).routes(),
            *PodLists(directory).routes(),
            *OwnMetrics(registry).routes(),
            *health.routes(),
        ]

    async def run(self) -> None:
        async with self._runner() as runner:
            loop = asyncio.get_running_loop()
            manager = cast("web.Server", runner.server)  # there is one, once the runner is set up
            listening = await loop.create_server(
                lambda: UpgradingHandler(manager, loop=loop, **_HTTP),
                self._address,
                self._port,
                ssl=self._tls.context(),
            )
            self._port = listening.sockets[0].getsockname()[1]
            self._listening.set()
            try:
                await asyncio.Event().wait()
            finally:
                listening.close()

    async def listening_port(self) -> int:
        """Wait until connections are accepted; with port 0 the system chose one."""
        await self._listening.wait()
        return self._port

    @asynccontextmanager
    async def _runner(self) -> AsyncIterator[web.AppRunner]:
        application = web.Application(middlewares=[guarded(self._access)])
        application.add_routes(self.routes)
        application.on_shutdown.append(self._end_streams)
        # Without cancellation, nobody would notice that the reader of a log has left until the next line comes.
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=ANSWERING_LIMIT)
        await runner.setup()
        try:
            yield runner
        finally:
            await runner.cleanup()

    async def _end_streams(self, _: web.Application) -> None:
        """End them before the runner waits for all handlers: they would go on for hours."""
        await self._streams.end_all()
