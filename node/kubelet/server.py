"""The HTTPS server of the virtual node's kubelet API: puts its parts together, listens, and stops in good order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from kube.client import Client
from kube.clock import Clock
from node.kubelet import health, refused_routes
from node.kubelet.access import Access, guarded
from node.kubelet.command_runs import CommandRuns
from node.kubelet.configuration import Configuration
from node.kubelet.container_logs import ContainerLogs
from node.kubelet.limits import Limits
from node.kubelet.listener import Listener
from node.kubelet.load_metrics import LoadMetrics
from node.kubelet.open_streams import OpenStreams
from node.kubelet.own_metrics import OwnMetrics
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.pod_lists import PodLists
from node.kubelet.protocol_switches import ProtocolSwitches
from node.kubelet.request_metrics import RequestMetrics
from node.kubelet.serving_tls import ServingTls
from node.kubelet.stats.routes import Stats
from node.kubelet.upgrading import UpgradingHandler
from node.kubelet.users import USER
from node.kubelet.visits import Visit, Visits

# An exec request has its command in the URL, and any request may have a token: both may be as long as Go's servers
# allow. Streams are logged where they are handled, the rest is not worth it.
_HTTP: dict[str, Any] = {"max_line_size": 1 << 20, "max_field_size": 1 << 20, "access_log": None}

log = structlog.get_logger()


class KubeletServer:
    """Part of the daemon: serves until `run` is cancelled."""

    def __init__(
        self,
        directory: PodDirectory,
        host_client: Client,
        *,
        node: str,
        clock: Clock,
        access: Access,
        tls: ServingTls,
        registry: CollectorRegistry,
        address: str,
        port: int,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._access = access
        self._tls = tls
        self._address = address
        self._port = port
        self._listening = asyncio.Event()
        self._limits = limits
        self._visits = Visits(limits.strangers, limits.connections)
        self._streams = OpenStreams(limits.streams)
        self._requests = RequestMetrics(registry, clock.now)
        registry.register(LoadMetrics(self._streams, self._visits))
        self.routes = [
            *ProtocolSwitches(directory, host_client, self._streams).routes(),
            *CommandRuns(directory, host_client, self._streams).routes(),
            *ContainerLogs(directory, host_client, self._streams).routes(),
            *PodLists(directory).routes(),
            *Stats(directory, host_client, clock, node=node).routes(),
            *OwnMetrics(registry).routes(),
            *Configuration(address, port).routes(),
            *health.routes(),
            *refused_routes.routes(),
        ]

    async def run(self) -> None:
        async with self._runner() as runner:
            manager = cast("web.Server", runner.server)  # there is one, once the runner is set up
            listener = Listener(self._address, self._port, self._visits)
            self._port = listener.port
            self._listening.set()
            try:
                await listener.run(self._tls.context(), partial(self._handler, manager))
            finally:
                listener.close()
                await self._drain()

    async def listening_port(self) -> int:
        """Wait until connections are accepted; with port 0 the system chose one."""
        await self._listening.wait()
        return self._port

    def _handler(self, manager: web.Server, visit: Visit) -> UpgradingHandler:
        return UpgradingHandler(
            manager,
            visit=visit,
            head_seconds=self._limits.head_seconds,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._limits.idle_seconds,
            **_HTTP,
        )

    async def _drain(self) -> None:
        if len(self._streams):
            log.info("streams are let end", streams=len(self._streams), seconds=self._limits.drain_seconds)
        await self._streams.drain(within=self._limits.drain_seconds)

    @asynccontextmanager
    async def _runner(self) -> AsyncIterator[web.AppRunner]:
        application = web.Application()
        self._requests.measure(application)
        application.middlewares.extend([guarded(self._access), _noted])
        application.add_routes(self.routes)
        application.on_response_prepare.append(_without_program)
        application.on_shutdown.append(self._end_streams)
        # Without cancellation, nobody would notice that the reader of a log has left until the next line comes.
        runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=self._limits.answering_seconds)
        await runner.setup()
        try:
            yield runner
        finally:
            await runner.cleanup()

    async def _end_streams(self, _: web.Application) -> None:
        """End them before the runner waits for all handlers: they would go on for hours."""
        await self._streams.end_all()


async def _without_program(_: web.Request, response: web.StreamResponse) -> None:
    """Keep to ourselves which versions of which programs these are: strangers are answered, too."""
    response.headers.pop(hdrs.SERVER, None)


@web.middleware
async def _noted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count no longer among the strangers whom the door has let in."""
    if USER in request:
        cast("UpgradingHandler", request.protocol).become_known()
    return await handler(request)
