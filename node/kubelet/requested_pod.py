"""What a request is about: its pod, its container, its options."""

from urllib.parse import parse_qsl

from aiohttp import web

from node.kubelet.pod_directory import HostPod, PodDirectory


def query_of(request: web.Request) -> list[tuple[str, str]]:
    """Bytes that are no UTF-8, as a command may have, become surrogate escapes, and bytes again when sent on."""
    return parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True, errors="surrogateescape")


def requested_pod(directory: PodDirectory, request: web.Request) -> HostPod:
    """Raises HTTPNotFound."""
    path = request.match_info
    host_pod = directory.host_pod(path["namespace"], path["pod"], path.get("uid", ""))
    if host_pod is None:
        raise web.HTTPNotFound(text=f"pod {path['pod']!r} does not exist")
    return host_pod


def requested_container(directory: PodDirectory, request: web.Request) -> tuple[HostPod, str]:
    """Raises HTTPNotFound."""
    host_pod = requested_pod(directory, request)
    container = request.match_info["container"]
    if container not in host_pod.containers:
        raise web.HTTPNotFound(text=f"container {container!r} not found in pod {request.match_info['pod']!r}")
    return host_pod, container
