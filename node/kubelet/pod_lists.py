"""The lists of pods: all of the node's, and those whose containers run."""

from collections.abc import Iterable, Iterator

import msgspec
from aiohttp import web

from kube.codec import encode
from kube.objects import Object
from node.kubelet.pod_directory import PodDirectory
from node.kubelet.streamed_answer import one_by_one, streamed_answer

_PIECE = 64 * 1024  # a list of 10,000 pods has 70 MB, which are never held at once


class _ContainerStatus(msgspec.Struct):
    name: str = ""
    image: str = ""
    state: dict[str, msgspec.Raw] | None = None


class _Status(msgspec.Struct, rename="camel"):
    init_container_statuses: list[_ContainerStatus] | None = None
    container_statuses: list[_ContainerStatus] | None = None
    ephemeral_container_statuses: list[_ContainerStatus] | None = None

    def running(self) -> list[_ContainerStatus]:
        kinds = (self.init_container_statuses, self.container_statuses, self.ephemeral_container_statuses)
        return [each for kind in kinds for each in kind or () if "running" in (each.state or ())]


class PodLists:
    def __init__(self, directory: PodDirectory) -> None:
        self._directory = directory

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/pods", self.pods, allow_head=False),
            web.get("/runningpods/", self.running_pods, allow_head=False),
        ]

    async def pods(self, request: web.Request) -> web.StreamResponse:
        return await _answer(request, map(encode, self._directory.virtual_pods()))

    async def running_pods(self, request: web.Request) -> web.StreamResponse:
        return await _answer(request, running_pods(self._directory.virtual_pods()))


def running_pods(pods: Iterable[Object]) -> Iterator[bytes]:
    """What a container runtime could tell of the pods: names, and the containers that run."""
    for pod in pods:
        status = pod.decode("status", _Status) or _Status()
        containers = [{"name": each.name, "image": each.image} for each in status.running()]
        if containers:
            metadata = {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid}
            yield msgspec.json.encode({"metadata": metadata, "spec": {"containers": containers}, "status": {}})


def pod_list(items: Iterable[bytes]) -> Iterator[bytes]:
    """A PodList in pieces of some size."""
    piece = bytearray(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[')
    for number, item in enumerate(items):
        piece += b"," + item if number else item
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + b"]}")


async def _answer(request: web.Request, items: Iterable[bytes]) -> web.StreamResponse:
    return await streamed_answer(request, one_by_one(pod_list(items)), content_type="application/json")
