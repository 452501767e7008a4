"""exec, attach and port-forward: spliced to the host's API server, and never decoded.

So it does not matter which protocol is spoken inside (SPDY/3.1, any version of WebSocket), and exit codes, terminal
sizes and the end of input need no code here.
"""

import contextlib
from collections.abc import Callable, Iterable

import structlog
from aiohttp import web

from kube.client import Client
from kube.errors import ApiError
from kube.resources import PODS
from kube.upgrade import Upgraded
from node.kubelet import host_refusals
from node.kubelet.open_streams import OpenStreams, Stream, StreamKind
from node.kubelet.pod_directory import HostPod, PodDirectory
from node.kubelet.requested_pod import query_of, requested_container, requested_pod
from node.kubelet.silence import outlast_silence
from node.kubelet.splice import Splice
from node.kubelet.stream_query import NoStreams, Query, attach_query, exec_query, port_forward_query
from node.kubelet.upgrading import UpgradingHandler
from node.kubelet.users import USER

CLOSING_LIMIT = 2.0  # seconds for what is still to be sent when the server stops

# What the two sides of the stream negotiate. Nothing else gets through: neither who the client says it is (the host
# would believe us), nor what the host's servers tell about themselves.
_NEGOTIATION = frozenset(
    {
        "upgrade",
        "x-stream-protocol-version",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
    }
)

log = structlog.get_logger()


class ProtocolSwitches:
    def __init__(self, directory: PodDirectory, host: Client, streams: OpenStreams) -> None:
        self._directory = directory
        self._host = host
        self._streams = streams

    def routes(self) -> list[web.RouteDef]:
        pod = "/{namespace}/{pod}"
        handlers = {
            f"/exec{pod}/{{container}}": self.exec,
            f"/exec{pod}/{{uid}}/{{container}}": self.exec,
            f"/attach{pod}/{{container}}": self.attach,
            f"/attach{pod}/{{uid}}/{{container}}": self.attach,
            f"/portForward{pod}": self.port_forward,
            f"/portForward{pod}/{{uid}}": self.port_forward,
        }
        # SPDY clients POST, WebSocket clients GET.
        return [web.route(method, path, handler) for path, handler in handlers.items() for method in ("POST", "GET")]

    async def exec(self, request: web.Request) -> web.StreamResponse:
        return await self._enter(request, StreamKind.EXEC, exec_query)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        return await self._enter(request, StreamKind.ATTACH, attach_query)

    async def port_forward(self, request: web.Request) -> web.StreamResponse:
        host_pod = requested_pod(self._directory, request)
        return await self._switch(request, host_pod, StreamKind.PORT_FORWARD, port_forward_query(query_of(request)))

    async def _enter(
        self, request: web.Request, kind: StreamKind, query_for: Callable[[Query, str], Query]
    ) -> web.StreamResponse:
        host_pod, container = requested_container(self._directory, request)
        try:
            query = query_for(query_of(request), container)
        except NoStreams as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return await self._switch(request, host_pod, kind, query)

    async def _switch(
        self, request: web.Request, host_pod: HostPod, kind: StreamKind, query: Query
    ) -> web.StreamResponse:
        handler = request.protocol
        if not isinstance(handler, UpgradingHandler) or not handler.is_asked_to_upgrade:
            raise web.HTTPBadRequest(text="upgrade request required, and without a body")
        path = PODS.path(host_pod.namespace, host_pod.name, kind.value)
        with self._streams.one_more(kind) as stream:
            try:
                headers = _negotiation(request.headers.items())
                upgraded = await self._host.upgrade(request.method, path, query=query, headers=headers)
            except ApiError as error:
                return host_refusals.unchanged(error, request)
            return await _relay(request, handler, upgraded, stream)


async def _relay(
    request: web.Request, handler: UpgradingHandler, upgraded: Upgraded, stream: Stream
) -> web.StreamResponse:
    """Answer 101, and return when both connections are gone."""
    response = web.StreamResponse(status=101, headers=_negotiation(upgraded.head.headers))
    response.headers["Connection"] = "Upgrade"
    try:
        transport, behind = handler.hand_over()
    except ConnectionError:
        upgraded.transport.abort()
        return response
    outlast_silence(upgraded.transport)
    # Taken over before the 101 is sent: the client may answer it at once.
    splice = stream.traffic = Splice(transport, upgraded.transport)
    about = log.bind(path=request.path, user=request[USER].name)
    about.info("stream opened")
    try:
        with contextlib.suppress(ConnectionError):  # the client has left, which ends the splice
            await response.prepare(request)
        splice.start(to_up=behind, to_down=upgraded.tail)
        await splice.finished()
    finally:
        await splice.close(within=CLOSING_LIMIT)
        handler.connection_lost(None)
        about.info("stream closed", bytes_up=splice.bytes_up, bytes_down=splice.bytes_down)
    return response


def _negotiation(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() in _NEGOTIATION]
