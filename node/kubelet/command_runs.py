"""/run: a command without a stream, whose output is the answer. Nothing of Kubernetes uses it; people with curl do."""

import structlog
from aiohttp import web

from kube.client import Client
from kube.errors import ApiError
from kube.resources import PODS
from node.kubelet import host_refusals
from node.kubelet.command_output import read_output, websocket
from node.kubelet.open_streams import Counted, OpenStreams, StreamKind
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.requested_pod import query_of, requested_container
from node.kubelet.users import USER

log = structlog.get_logger()


class CommandRuns:
    def __init__(self, directory: PodDirectory, host: Client, streams: OpenStreams) -> None:
        self._directory = directory
        self._host = host
        self._streams = streams

    def routes(self) -> list[web.RouteDef]:
        pod = "/run/{namespace}/{pod}"
        return [web.post(f"{pod}/{{container}}", self.run), web.post(f"{pod}/{{uid}}/{{container}}", self.run)]

    async def run(self, request: web.Request) -> web.Response:
        """Answer with what the command printed; with 500 and the reason if it failed."""
        host_pod, container = requested_container(self._directory, request)
        command = dict(query_of(request)).get("cmd", "").split(" ")  # no quotes: kubelets know none either
        if command == [""]:
            raise web.HTTPBadRequest(text="cmd: which command?")
        path = PODS.path(host_pod.namespace, host_pod.name, "exec")
        query = [("stdout", "true"), ("stderr", "true"), ("container", container)]
        query += [("command", word) for word in command]
        with self._streams.one_more(StreamKind.RUN) as stream:
            log.info("command run", path=request.path, user=request[USER].name)
            try:
                upgraded = await self._host.upgrade("GET", path, query=query, headers=websocket())
            except ApiError as error:
                return host_refusals.as_text(error, request, host_pod)
            output = await read_output(upgraded)
            stream.traffic = Counted(bytes_down=len(output.printed))
        if output.failure:
            return web.Response(status=500, text=output.failure.replace(host_pod.name, request.match_info["pod"]))
        return web.Response(body=output.printed, content_type="text/plain")
