"""What becomes of a refusal by the host's API server."""

import structlog
from aiohttp import web

from kube.errors import ApiError, Unreachable
from node.kubelet.pod_directory import HostPod

log = structlog.get_logger()


def unchanged(error: ApiError, request: web.Request) -> web.Response:
    """The host's Status as it came: to those who ask for another protocol the virtual API server passes it on."""
    if isinstance(error, Unreachable):
        return _unreachable(error, request)
    headers = {"Content-Type": error.answer.content_type}
    return web.Response(status=error.status, body=error.answer.body, headers=headers)


def as_text(error: ApiError, request: web.Request, host_pod: HostPod) -> web.Response:
    """Text, as a kubelet's, of which the virtual API server makes a Status; it names the pod as the tenant knows it."""
    if isinstance(error, Unreachable):
        return _unreachable(error, request)
    return web.Response(status=error.status, text=error.message.replace(host_pod.name, request.match_info["pod"]))


def _unreachable(error: Unreachable, request: web.Request) -> web.Response:
    log.warning("host not reached", path=request.path, error=str(error))
    return web.Response(status=503, text="the host cluster's API server does not answer")
