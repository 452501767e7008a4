"""A daemon's own health and metrics over plain HTTP, for probes and Prometheus.

`/healthz`: the event loop turns. `/readyz`: 200 once everything works, else 503 and what does not, a line each.
`/metrics`: the daemon's own registry.
"""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

NotReady = Callable[[], Sequence[str]]
"""What keeps the daemon from being ready; nothing when it is."""


class HealthServer:
    """Part of a daemon: serves until `run` is cancelled."""

    def __init__(self, address: str, port: int, *, registry: CollectorRegistry, not_ready: NotReady) -> None:
        self._address = address
        self._port = port
        self._registry = registry
        self._not_ready = not_ready

    async def run(self) -> None:
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address, self._port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        missing = self._not_ready()
        return web.Response(text="\n".join(missing or ["ok"]) + "\n", status=503 if missing else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
