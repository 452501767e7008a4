"""A host API server that tells what pods use, as far as a test lets it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

FORBIDDEN = '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}'
SUMMARY = "/api/v1/nodes/node-0/proxy/stats/summary"
CADVISOR = "/api/v1/nodes/node-0/proxy/metrics/cadvisor"
PROBES = "/api/v1/nodes/node-0/proxy/metrics/probes"
METRICS_API = "/apis/metrics.k8s.io/v1beta1/namespaces/host-namespace/pods"


@dataclass
class StatsHost:
    """Forbids everything that has no answer; `None` is one that fails."""

    port: int = 0
    answers: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        if request.path not in self.answers:
            return web.Response(status=403, text=FORBIDDEN, content_type="application/json")
        answer = self.answers[request.path]
        if answer is None:
            return web.Response(status=502, text="dial tcp: connection refused")
        return web.Response(body=answer)


@asynccontextmanager
async def stats_host(certificate: Path, key: Path) -> AsyncIterator[StatsHost]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    host = StatsHost()
    application = web.Application()
    application.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(application, shutdown_timeout=1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    host.port = runner.addresses[0][1]
    try:
        yield host
    finally:
        await runner.cleanup()
