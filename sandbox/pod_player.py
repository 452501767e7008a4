"""Plays the part of kubelets that concerns pods: carries out what `simulated_pod` decides.

One watch for all pods, one status PATCH to start one, one DELETE to let it go, and nothing is read besides.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.errors import Conflict, NotFound
from kube.informer import Informer
from kube.objects import Key, Object
from kube.reconciler import Limits, Reconciler, RequeueAfter
from kube.resources import PODS
from kube.store import Change, ChangeKind
from kube.work_queue import WorkQueue
from sandbox import simulated_pod
from sandbox.address_pool import AddressPool
from sandbox.simulated_pod import Delays, Finish, PodSpec, PodStatus, Remove, Start, Wait

WORKERS = 32  # requests under way at a time


class PodPlayer:
    """Runs the pods of some nodes."""

    def __init__(
        self, client: Client, clock: Clock, *, nodes: Mapping[str, str], pool: AddressPool, delays: Delays
    ) -> None:
        """`nodes` are their names and addresses."""
        self._client = client
        self._clock = clock
        self._nodes = nodes
        self._pool = pool
        self._delays = delays
        self._seen: dict[tuple[str, bool], float] = {}  # by UID and whether it is terminating: since when
        self._pods = Informer(client, PODS, field_selector="spec.nodeName!=")
        self._queue: WorkQueue[Key] = WorkQueue(clock, partition=lambda key: key.namespace)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pods.run(), name="informer of pods")
            await self._pods.wait_synced()
            # All addresses in use are known before the first one is given away.
            for pod in self._pods.store.values():
                self._hold_address(pod)
            self._pods.add_handler(self)
            reconciler = Reconciler("pods", self._queue, self._reconcile, limits=Limits(workers=WORKERS))
            group.create_task(reconciler.run(), name="reconciler of pods")

    def on_change(self, change: Change) -> None:
        pod = change.object
        if change.kind is ChangeKind.DELETED:
            self._forget(pod.uid)
        elif _spec(pod).node_name in self._nodes:
            self._seen.setdefault((pod.uid, _is_terminating(pod)), self._clock.now())
            self._queue.add(change.key)

    def _hold_address(self, pod: Object) -> None:
        spec, address = _spec(pod), _status(pod).pod_ip
        if address and spec.node_name in self._nodes and not spec.host_network:
            self._pool.hold(pod.uid, address)

    def _forget(self, uid: str) -> None:
        self._pool.release(uid)
        for terminating in (False, True):
            self._seen.pop((uid, terminating), None)

    async def _reconcile(self, key: Key) -> RequeueAfter | None:
        pod = self._pods.store.get(key)
        if pod is None:
            return None
        # Whoever is not found, or has another UID by now, is gone: the watch says so, and who came instead.
        with suppress(NotFound, Conflict):
            return await self._take_step(pod)
        return None

    async def _take_step(self, pod: Object) -> RequeueAfter | None:
        status = _status(pod)
        seen = self._seen.get((pod.uid, _is_terminating(pod)), self._clock.now())
        now = self._clock.utcnow()
        match simulated_pod.next_step(pod, status, seen_for=self._clock.now() - seen, delays=self._delays, now=now):
            case Wait(seconds):
                return RequeueAfter(seconds)
            case Start():
                await self._start(pod, status)
            case Finish():
                await self._patch(pod, simulated_pod.finished_status(pod, _spec(pod), status, now=now))
            case Remove():
                await self._client.delete(PODS, pod.name, pod.namespace, grace_period_seconds=0, uid=pod.uid)
        return None

    async def _start(self, pod: Object, status: PodStatus) -> None:
        spec = _spec(pod)
        host = self._nodes[spec.node_name]
        address = host if spec.host_network else self._pool.take(pod.uid)
        now = self._clock.utcnow()
        await self._patch(pod, simulated_pod.running_status(pod, spec, status, pod_ip=address, host_ip=host, now=now))

    async def _patch(self, pod: Object, status: simulated_pod.Status) -> None:
        body = {"metadata": {"uid": pod.uid}, "status": status}
        await self._client.patch(
            PODS, pod.name, body, pod.namespace, patch_type=PatchType.STRATEGIC, subresource="status"
        )


def _spec(pod: Object) -> PodSpec:
    return pod.decode("spec", PodSpec) or PodSpec([])


def _status(pod: Object) -> PodStatus:
    return pod.decode("status", PodStatus) or PodStatus()


def _is_terminating(pod: Object) -> bool:
    return pod.metadata.deletion_timestamp is not None
