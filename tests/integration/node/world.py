"""A host whose nodes a test makes by hand, a virtual cluster with real controllers, and a registration between them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.informer import Informer
from kube.metrics import Metrics
from kube.objects import Key, Object
from kube.resources import LEASES, NODES
from node.host import Address, Taint
from node.host_watch import HostWatch
from node.leases import LEASE_NAMESPACE
from node.registration import Registration, unregister
from node.single_node import SingleNode
from node.virtual_node import Plan
from tests.eventually import eventually
from tests.integration.kube.following import connected
from tests.leaks import nothing_left
from tests.unit.node.hosts import node_json
from tests.unit.node.running import running

Json = dict[str, Any]
TAINT = Taint("test", "NoSchedule", "node")  # the pods of other tests shall not come here


@dataclass
class World:
    """`namespace` is the host namespace, and in the names of all that the test makes on shared servers."""

    host: Client
    virtual: Client
    namespace: str
    nodes: Informer
    leases: Informer

    @property
    def name(self) -> str:
        return f"virtual-{self.namespace}"

    def plan(self) -> SingleNode:
        address = Address("InternalIP", "10.43.0.7")
        return SingleNode(self.name, self.namespace, (address,), 10250, taints=(TAINT,))

    def host_node_name(self, name: str) -> str:
        return f"{name}-{self.namespace}"

    async def add_host_node(self, name: str = "one", **changes: Any) -> None:
        labels = {"test": self.namespace, **changes.pop("labels", {})}
        await self.host.create(NODES, node_json(self.host_node_name(name), labels=labels, **changes))

    async def change_host_node(self, name: str, patch: Mapping[str, Any], *, subresource: str | None = None) -> None:
        await self.host.patch(
            NODES, self.host_node_name(name), patch, patch_type=PatchType.STRATEGIC, subresource=subresource
        )

    async def edit(self, patch: Mapping[str, Any], *, subresource: str | None = None) -> None:
        """Change the virtual Node, as its tenant may."""
        await self.virtual.patch(NODES, self.name, patch, patch_type=PatchType.MERGE, subresource=subresource)

    def node(self, name: str = "") -> Object | None:
        return self.nodes.store.get(Key("", name or self.name))

    def lease(self) -> Object | None:
        return self.leases.store.get(Key(LEASE_NAMESPACE, self.name))

    def labels(self) -> Mapping[str, str]:
        node = self.node()
        return {} if node is None else node.metadata.labels

    def spec(self) -> Json:
        node = self.node()
        return {} if node is None else node.decode("spec") or {}

    def status(self) -> Json:
        node = self.node()
        return {} if node is None else node.decode("status") or {}

    def taints(self) -> set[str]:
        return {taint["key"] for taint in self.spec().get("taints", [])}

    def condition(self, kind: str = "Ready") -> str:
        found = [one["status"] for one in self.status().get("conditions", []) if one["type"] == kind]
        return found[0] if found else ""

    def lease_spec(self) -> Json:
        lease = self.lease()
        return {} if lease is None else lease.decode("spec") or {}

    async def until(self, condition: Callable[["World"], object], what: str, *, seconds: float = 30.0) -> None:
        try:
            await eventually(lambda: condition(self), what, seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; the node: {self.labels()} {self.spec()} {self.status()}") from None

    @asynccontextmanager
    async def registering(
        self,
        plan: Plan | None = None,
        *,
        host: Client | None = None,
        virtual: Client | None = None,
        clock: Clock | None = None,
    ) -> AsyncIterator[Registration]:
        """A registration for the length of a block; it leaves the Nodes behind, as a provider that ends does."""
        metrics, ours = Metrics(CollectorRegistry()), f"test={self.namespace}"
        watch = HostWatch(host or self.host, self.namespace, node_selector=ours, clock=clock, metrics=metrics)
        registration = Registration(virtual or self.virtual, watch, plan or self.plan(), clock=clock, metrics=metrics)
        async with running(registration.run()):
            yield registration


@asynccontextmanager
async def world(host: Path, virtual: Path, namespace: str) -> AsyncIterator[World]:
    """The two clusters, without a registration; removes all that it left."""
    async with nothing_left(), connected(host) as host_client, connected(virtual) as virtual_client:
        leases = Informer(virtual_client, LEASES, LEASE_NAMESPACE)
        created = World(host_client, virtual_client, namespace, Informer(virtual_client, NODES), leases)
        async with running(created.nodes.run()), running(leases.run()):
            await created.nodes.wait_synced()
            await leases.wait_synced()
            try:
                yield created
            finally:
                await unregister(virtual_client)
                for node in (await host_client.list(NODES, label_selector=f"test={namespace}")).objects:
                    await host_client.delete(NODES, node.name)
