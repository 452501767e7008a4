"""Plays the part of kubelets that concerns their nodes: registers them, and keeps them Ready.

A node that somebody deletes stays away until the next start, as with a real kubelet.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.errors import AlreadyExists, NotFound
from kube.informer import Informer
from kube.objects import Key, Object
from kube.reconciler import Reconciler, RequeueAfter
from kube.resources import LEASES, NODES
from kube.store import Change
from kube.work_queue import WorkQueue
from sandbox import simulated_node

HEARTBEAT = 10.0  # seconds between two renewals of a lease, as a kubelet has it


class NodePlayer:
    """Keeps some nodes."""

    def __init__(self, client: Client, clock: Clock, *, nodes: Mapping[str, str], pods_per_node: int) -> None:
        """`nodes` are their names and addresses."""
        self._client = client
        self._clock = clock
        self._addresses = nodes
        self._pods_per_node = pods_per_node
        self._registered: set[str] = set()
        self._nodes = Informer(client, NODES, label_selector=f"{simulated_node.LABEL}={simulated_node.LABEL_VALUE}")
        self._queue: WorkQueue[Key] = WorkQueue(clock, partition=lambda _: "")
        self._nodes.add_handler(self)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._nodes.run(), name="informer of nodes")
            await self._nodes.wait_synced()
            for name in self._addresses:
                self._queue.add(Key("", name))
            reconciler = Reconciler("nodes", self._queue, self._reconcile)
            group.create_task(reconciler.run(), name="reconciler of nodes")

    def on_change(self, change: Change) -> None:
        if change.key.name in self._addresses:
            self._queue.add(change.key)

    async def _reconcile(self, key: Key) -> RequeueAfter | None:
        node = self._nodes.store.get(key)
        if key.name not in self._registered:
            node = await self._register(key.name)
            self._registered.add(key.name)
        elif node is None:
            return None
        elif not simulated_node.is_ready(node):
            await self._report(key.name)
        await self._renew(node)
        return RequeueAfter(HEARTBEAT * random.uniform(0.8, 1.0))  # noqa: S311 - so that nodes do not beat in step

    async def _register(self, name: str) -> Object:
        """Have the node as we want it, whoever made it."""
        node = await self._client.apply(NODES, simulated_node.node(name), force=True)
        await self._report(name)
        return node

    async def _report(self, name: str) -> None:
        status = simulated_node.node_status(
            name, self._addresses[name], pods=self._pods_per_node, now=self._clock.utcnow()
        )
        await self._client.patch(NODES, name, status, patch_type=PatchType.STRATEGIC, subresource="status")

    async def _renew(self, node: Object) -> None:
        lease = simulated_node.lease(node.name, node.uid, now=self._clock.utcnow())
        try:
            await self._client.patch(
                LEASES, node.name, lease, simulated_node.LEASE_NAMESPACE, patch_type=PatchType.MERGE
            )
        except NotFound:
            with suppress(AlreadyExists):
                await self._client.create(LEASES, lease)
