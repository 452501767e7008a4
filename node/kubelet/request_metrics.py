"""Requests to the kubelet API by route and code, and how long they waited for their answer to begin.

A route is what an URL begins with, up to where names of pods would follow; a path that is none of ours is "other".
"""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Histogram

from kube.metrics import SECONDS

_BEGAN = web.RequestKey("began", float)


class RequestMetrics:
    def __init__(self, registry: CollectorRegistry, now: Callable[[], float]) -> None:
        """Make the metrics; once for each registry."""
        self._now = now
        self._requests = Counter(
            "vkp_kubelet_requests", "Requests to the kubelet API, by answer", ["route", "code"], registry=registry
        )
        self._seconds = Histogram(
            "vkp_kubelet_request_duration_seconds",
            "Until the answer began",
            ["route"],
            registry=registry,
            buckets=SECONDS,
        )

    def measure(self, application: web.Application) -> None:
        """Count what the application answers; before other middlewares are added."""
        application.middlewares.append(self._noted)
        application.on_response_prepare.append(self._answering)

    @web.middleware
    async def _noted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_BEGAN] = self._now()
        return await handler(request)

    async def _answering(self, request: web.Request, response: web.StreamResponse) -> None:
        # By a signal, not behind the handler: that of a stream returns hours after the answer began.
        route = route_of(request)
        self._requests.labels(route, str(response.status)).inc()
        began = request.get(_BEGAN)
        if began is not None:
            self._seconds.labels(route).observe(self._now() - began)


def route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "other" if resource is None else resource.canonical.partition("/{")[0]
