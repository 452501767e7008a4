"""Keeps the Nodes of a `Plan` registered in the virtual cluster, true, and alive.

    registration = Registration(virtual, HostWatch(host, "tenant-1"), SingleNode(...))
    async with asyncio.TaskGroup() as group:
        group.create_task(registration.run())

Promises: Nodes appear as soon as the host has been looked at, ready from the first moment if it is; what the tenant
deletes or edits of ours comes back at once, what is theirs stays (`node_object`); Nodes of ours that the plan does not
want any more go; no write when nothing changed; API servers may restart, refuse and lose their data at any time.

Rights it needs in the virtual cluster: get, list, watch, create, patch and delete nodes; patch nodes/status; create,
patch and delete leases in kube-node-lease.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from kube.backoff import Backoff
from kube.client import Client, PatchType
from kube.clock import Clock, SystemClock
from kube.duties import WheneverLeading, always
from kube.errors import AlreadyExists, Conflict, NotFound
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler, RequeueAfter
from kube.resources import LEASES, NODES
from kube.store import Change
from kube.work_queue import WorkQueue
from node.host_watch import HostWatch
from node.leases import LEASE_NAMESPACE, Leases
from node.node_object import Create, Delete, Patch, PatchStatus, Write, is_registered, next_write, report_in
from node.virtual_node import Plan, VirtualNode

WRITES = 3  # in one go: the object, its status, and once more for what the server made of them
_RETRIES = Backoff(base=0.1, cap=10.0)
_LIMITS = Limits(timeout=30.0)

log = structlog.get_logger()


class Registration:
    def __init__(
        self,
        client: Client,
        host: HostWatch,
        plan: Plan,
        *,
        metrics: Metrics,
        clock: Clock | None = None,
        whenever_leading: WheneverLeading = always,
    ) -> None:
        """`client` speaks to the virtual cluster; `host` is run by the registration."""
        self._whenever_leading = whenever_leading
        self._clock = clock = clock or SystemClock()
        self._client = client
        self._host = host
        self._plan = plan
        self._wanted: Mapping[str, VirtualNode] | None = None
        self._left: dict[str, tuple[str, VirtualNode | None]] = {}  # as which version each Node was left, and for what
        self._nodes = Informer(client, NODES, timing=Timing(clock=clock))
        self._nodes.add_handler(self)
        self._queue: WorkQueue[str] = WorkQueue(clock, partition=lambda name: name, backoff=_RETRIES)
        observers = [metrics.reconciler("nodes", self._queue)]
        self._reconciler = Reconciler("nodes", self._queue, self._reconcile, limits=_LIMITS, observers=observers)
        self._leases = Leases(client, clock, metrics)
        metrics.informer("virtual nodes", self._nodes)

    @property
    def is_complete(self) -> bool:
        """Whether every Node that should be there is there."""
        wanted = self._wanted
        return wanted is not None and all(Key("", name) in self._nodes.store for name in wanted)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._nodes.run())
            group.create_task(self._host.run())
            group.create_task(self._follow_host())
            group.create_task(self._whenever_leading(self._reconciler.run))
            group.create_task(self._whenever_leading(self._leases.run))

    def on_change(self, change: Change) -> None:
        """Hear of a change of a Node in the virtual cluster."""
        self._queue.add(change.key.name)

    async def _follow_host(self) -> None:
        await self._nodes.wait_synced()
        while True:
            host = await self._host.changed()
            wanted = self._plan(host) if self._host.is_settled else None
            if wanted is not None:
                self._want(wanted)

    def _want(self, wanted: Mapping[str, VirtualNode]) -> None:
        before = self._wanted
        self._wanted = wanted
        if before is None:  # whatever was registered before this process began is looked at, too
            names = {*wanted, *(node.name for node in self._nodes.store.values())}
        else:
            names = {name for name in {*before, *wanted} if before.get(name) != wanted.get(name)}
        for name in names:
            self._queue.add(name)

    async def _reconcile(self, name: str) -> RequeueAfter | None:
        if self._wanted is None:
            return None
        wanted = self._wanted.get(name)
        node = self._nodes.store.get(Key("", name))
        if not self._was_left_so(name, node, wanted):
            try:
                node = await self._bring_in_line(name, node, wanted)
            except (AlreadyExists, Conflict, NotFound):  # what the cache had is not what is there
                node = await self._bring_in_line(name, await self._read(name), wanted)
        if wanted is None or node is None:
            self._leases.drop(name)
            return None
        self._leases.keep(name, node.uid)
        return RequeueAfter(report_in(node, self._clock.utcnow()))

    def _was_left_so(self, name: str, node: Object | None, wanted: VirtualNode | None) -> bool:
        """Whether this is what our last write made of the Node: a server that keeps something else will do so again."""
        if node is None or self._left.get(name) != (node.resource_version, wanted):
            return False
        return report_in(node, self._clock.utcnow()) > 0

    async def _bring_in_line(self, name: str, node: Object | None, wanted: VirtualNode | None) -> Object | None:
        for _ in range(WRITES):
            write = next_write(node, wanted, self._clock.utcnow())
            if write is None:
                break
            node = await self._carry_out(name, write)
        if node is None:
            self._left.pop(name, None)
        else:
            self._left[name] = (node.resource_version, wanted)
        return node

    async def _carry_out(self, name: str, write: Write) -> Object | None:
        log.info("writing node", node=name, write=type(write).__name__)
        match write:
            case Create(body):
                return await self._client.create(NODES, body)
            case Patch(body):
                return await self._client.patch(NODES, name, body, patch_type=PatchType.MERGE)
            case PatchStatus(body):
                return await self._client.patch(NODES, name, body, patch_type=PatchType.MERGE, subresource="status")
            case Delete(uid):
                await self._client.delete(NODES, name, uid=uid)
                return None

    async def _read(self, name: str) -> Object | None:
        try:
            return await self._client.get(NODES, name)
        except NotFound:
            return None


async def unregister(client: Client) -> list[str]:
    """Remove all Nodes of ours from the virtual cluster, and say which; no registration may be running."""
    ours = [node for node in (await client.list(NODES)).objects if is_registered(node)]
    for node in ours:
        with suppress(NotFound):
            await client.delete(NODES, node.name, uid=node.uid)
        with suppress(NotFound):  # not every cluster collects what belonged to the deleted
            await client.delete(LEASES, node.name, LEASE_NAMESPACE)
    return [node.name for node in ours]
