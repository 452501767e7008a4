"""Logs of containers, passed through from the host's API server as bytes."""

import math

from aiohttp import web

from kube.client import Client
from kube.errors import ApiError
from kube.resources import PODS
from node.kubelet import host_refusals
from node.kubelet.log_query import InvalidQuery, Query, UnreadableQuery, log_query
from node.kubelet.open_streams import OpenStreams, StreamKind
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.requested_pod import query_of, requested_container
from node.kubelet.streamed_answer import PAGER_LIMIT, streamed_answer

_TEXT = "text/plain; charset=utf-8"


class ContainerLogs:
    def __init__(self, directory: PodDirectory, host: Client, streams: OpenStreams) -> None:
        self._directory = directory
        self._host = host
        self._streams = streams

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/containerLogs/{namespace}/{pod}/{container}", self.answer, allow_head=False)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = _query(request)
        host_pod, container = requested_container(self._directory, request)
        path = PODS.path(host_pod.namespace, host_pod.name, "log")
        with self._streams.one_more(StreamKind.LOGS) as open_stream:
            try:
                # The host's answer begins with the first byte of the log, which may take hours to be written.
                stream = self._host.stream("GET", path, query=[("container", container), *query], timeout=math.inf)
                async with stream as log:
                    pieces = open_stream.counted_down(log.chunks())
                    return await streamed_answer(request, pieces, content_type=_TEXT, patience=PAGER_LIMIT)
            except ApiError as error:
                return host_refusals.as_text(error, request, host_pod)


def _query(request: web.Request) -> Query:
    try:
        return log_query(query_of(request))
    except UnreadableQuery as error:
        raise web.HTTPBadRequest(text=f"Unable to decode query: {error}") from error
    except InvalidQuery as error:
        raise web.HTTPUnprocessableEntity(text=f"Invalid request: {error}") from error
