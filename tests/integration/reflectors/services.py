"""Services on both sides of a virtual cluster, and their reflector at work."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kube.client import Client, PatchType
from kube.clock import SystemClock
from kube.errors import NotFound
from kube.event_recorder import EventRecorder
from kube.objects import Object
from kube.resources import SERVICES
from reflectors.service_reflectors import ServiceReflectors, slice_resources
from reflectors.services import LiveServices
from reflectors.sides import Sides as ReflectorSides
from reflectors.translation.json_values import Draft
from tests.eventually import eventually
from tests.integration.reflectors.sides import Sides, new_tools, until

PORT = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}


@asynccontextmanager
async def reflecting_services(both: Sides) -> AsyncIterator[LiveServices]:
    """The reflectors of Services, Endpoints and slices at work, and what pods are told of Services."""
    clock, live = SystemClock(), LiveServices()
    recorder = EventRecorder(both.virtual, "test", clock)
    told = ReflectorSides(both.host, both.virtual, recorder, both.node)
    reflectors = ServiceReflectors(
        new_tools(told, both.context, clock),
        await slice_resources(both.host, both.virtual),
        live,
        wanted=lambda virtual: virtual.namespace == both.namespace,
    )
    tasks = [asyncio.create_task(reflectors.run()), asyncio.create_task(recorder.run())]
    try:
        await eventually(lambda: reflectors.slices.synced, "both sides to be read")
        yield live
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@dataclass(frozen=True, slots=True)
class Services:
    """The Services of one virtual namespace, and their host Services."""

    both: Sides

    def host_name(self, name: str) -> str:
        return self.both.context.host_name("Service", self.both.namespace, name)

    async def create(self, name: str = "web", *ports: Mapping[str, Any], **spec: Any) -> Object:
        metadata = {"name": name, "namespace": self.both.namespace}
        whole = {"selector": {"app": name}, "ports": list(ports) or [PORT], **spec}
        return await self.both.virtual.create(SERVICES, _service(metadata, whole))

    async def take_on_host(self, name: str = "somebody", **spec: Any) -> Object:
        """Somebody else's Service on the host."""
        metadata = {"name": name, "namespace": self.both.host_namespace}
        return await self.both.host.create(SERVICES, _service(metadata, {"ports": [PORT], **spec}))

    async def change(self, name: str = "web", **spec: Any) -> Object:
        return await self.patch({"spec": spec}, name)

    async def patch(self, body: Draft, name: str = "web") -> Object:
        return await _patched(self.both.virtual, name, self.both.namespace, body)

    async def change_on_host(self, name: str, body: Draft, subresource: str | None = None) -> Object:
        return await _patched(self.both.host, self.host_name(name), self.both.host_namespace, body, subresource)

    async def virtual(self, name: str = "web") -> Draft:
        return (await self.both.virtual.get(SERVICES, name, self.both.namespace)).to_dict()

    async def host(self, name: str = "web") -> Draft | None:
        try:
            return (await self.both.host.get(SERVICES, self.host_name(name), self.both.host_namespace)).to_dict()
        except NotFound:
            return None

    async def until(self, holds: Callable[[Draft, Draft], object], what: str, name: str = "web") -> tuple[Draft, Draft]:
        """The virtual and the host Service as soon as that holds of their specs."""

        async def look() -> tuple[Draft, Draft] | None:
            virtual, host = await self.virtual(name), await self.host(name)
            return (virtual, host) if host and holds(virtual["spec"], host["spec"]) else None

        return await until(look, what)

    async def until_agreed(self, name: str = "web") -> tuple[Draft, Draft]:
        return await self.until(agree, "both to agree", name)


def agree(virtual: Draft, host: Draft) -> bool:
    """Whether both have the same type, addresses and node ports."""
    fields = ("type", "clusterIP", "healthCheckNodePort", "externalName")
    return all(virtual.get(field) == host.get(field) for field in fields) and node_ports(virtual) == node_ports(host)


def node_ports(spec: Draft) -> list[int | None]:
    return [port.get("nodePort") for port in spec.get("ports", ())]


def _service(metadata: Draft, spec: Draft) -> Draft:
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


async def _patched(client: Client, name: str, namespace: str, body: Draft, subresource: str | None = None) -> Object:
    return await client.patch(SERVICES, name, body, namespace, patch_type=PatchType.MERGE, subresource=subresource)
