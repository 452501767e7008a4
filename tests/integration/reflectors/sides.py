"""Both sides of a virtual cluster, on real API servers; the test says what the host's kubelet would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry

from kube.client import Client, PatchType
from kube.clock import Clock, SystemClock
from kube.credentials import load_kubeconfig
from kube.errors import NotFound
from kube.event_recorder import EventRecorder
from kube.metrics import Metrics
from kube.objects import Object
from kube.resources import EVENTS, PODS
from reflectors.lag import Lags
from reflectors.pods import PodReflector
from reflectors.sides import Sides as ReflectorSides
from reflectors.sync_settings import SyncSettings
from reflectors.tools import Tools
from reflectors.translation.context import ApiServer, Context, Version
from reflectors.workloads import Workloads
from tests.cluster_fixtures import Api
from tests.eventually import eventually

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sides:
    """Clients and names of both sides; `host_namespace` holds the pods of one virtual cluster."""

    host: Client
    virtual: Client
    host_namespace: str
    namespace: str
    context: Context

    @property
    def node(self) -> str:
        """Nobody else's pods are on it."""
        return f"node-{self.namespace}"

    def host_name(self, name: str) -> str:
        return self.context.host_name("Pod", self.namespace, name)

    async def create(self, name: str, **spec: Any) -> Object:
        """A virtual pod that is on our node already."""
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace, "labels": {"app": name}},
            "spec": {
                "nodeName": self.node,
                "automountServiceAccountToken": False,
                "containers": [{"name": "main", "image": "busybox:1.35"}],
                **spec,
            },
        }
        return await self.virtual.create(PODS, body)

    async def virtual_pod(self, name: str) -> Object | None:
        return await _get(self.virtual, name, self.namespace)

    async def host_pod(self, name: str) -> Object | None:
        return await _get(self.host, self.host_name(name), self.host_namespace)

    async def host_pods(self) -> Sequence[Object]:
        return (await self.host.list(PODS, self.host_namespace)).objects

    async def say_on_host(self, name: str, status: Mapping[str, Any]) -> None:
        """What the host's kubelet would report."""
        await self.host.patch(
            PODS,
            self.host_name(name),
            {"status": status},
            self.host_namespace,
            patch_type=PatchType.STRATEGIC,
            subresource="status",
        )

    async def take_from_host(self, name: str) -> None:
        """The host's kubelet has ended the pod, or somebody deleted it by force."""
        await self.host.delete(PODS, self.host_name(name), self.host_namespace, grace_period_seconds=0)

    async def events(self, name: str) -> list[str]:
        """Reasons and messages of the events on a virtual pod."""
        found = await self.virtual.list(EVENTS, self.namespace, field_selector=f"involvedObject.name={name}")
        return [f"{event.decode('reason', str)}: {event.decode('message', str)}" for event in found.objects]


@asynccontextmanager
async def sides(host: Api, virtual: Api, cluster: str = "tenant") -> AsyncIterator[Sides]:
    """Clients for both, closed on leaving."""
    one, other = await load_kubeconfig(host.kubeconfig), await load_kubeconfig(virtual.kubeconfig)
    async with (
        Client(one, user_agent="test", field_manager="test") as host_client,
        Client(other, user_agent="test", field_manager="test") as virtual_client,
    ):
        context = Context(
            cluster=cluster,
            host_namespace=host.namespace,
            api_server=ApiServer("10.43.0.1", 443),
            host_version=Version(*host.version),
            virtual_version=Version(*virtual.version),
        )
        yield Sides(host_client, virtual_client, host.namespace, virtual.namespace, context)


def new_tools(reflector_sides: ReflectorSides, context: Context, clock: Clock) -> Tools:
    """What reflectors are made with, on a registry of their own."""
    registry = CollectorRegistry()
    return Tools(reflector_sides, context, clock, Metrics(registry), Lags(registry, clock))


@asynccontextmanager
async def reflecting(both: Sides, clock: Clock | None = None) -> AsyncIterator[PodReflector]:
    """A pod reflector at work, with what pods lean on, from when it has seen both sides until it is left."""
    clock = clock or SystemClock()
    recorder = EventRecorder(both.virtual, "test", clock)
    reflector_sides = ReflectorSides(both.host, both.virtual, recorder, both.node)
    tools = new_tools(reflector_sides, both.context, clock)
    sync = SyncSettings(reflector_sides, both.host_namespace, "sync", clock=clock, metrics=tools.metrics)
    workloads = Workloads(tools, sync, {}, nodes={both.node})
    tasks = [asyncio.create_task(part.run()) for part in (workloads, sync, recorder)]
    try:
        await eventually(lambda: workloads.pods.synced, "both sides to be read")
        yield workloads.pods
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, seconds: float = 30.0) -> T:
    """What `look` returns once that is not None; fail with `what` was awaited at the limit."""
    try:
        async with asyncio.timeout(seconds):
            while (seen := await look()) is None:  # noqa: ASYNC110 - what is awaited happens in other processes
                await asyncio.sleep(0.02)
            return seen
    except TimeoutError:
        raise AssertionError(f"waited {seconds:g} s for {what}") from None


async def _get(client: Client, name: str, namespace: str) -> Object | None:
    try:
        return await client.get(PODS, name, namespace)
    except NotFound:
        return None
