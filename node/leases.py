"""Says every ten seconds that our nodes live: the Lease that the node lifecycle controller looks at.

Promises: what somebody edits or deletes is whole again at the next renewal; a Lease belongs to its Node, and goes with
it; a renewal that fails is repeated well before the forty seconds of the Lease are over; none is kept for a Node that
does not exist.
"""

from collections.abc import Mapping
from datetime import datetime
from random import random
from typing import Any, Protocol

from kube.backoff import Backoff
from kube.client import PatchType
from kube.clock import Clock
from kube.errors import NotFound
from kube.lease import micro_time
from kube.metrics import Metrics
from kube.objects import Object
from kube.owners import owner_reference
from kube.reconciler import Limits, Reconciler, RequeueAfter
from kube.resources import LEASES, NODES, Resource
from kube.work_queue import WorkQueue

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
RENEW_SECONDS = 10.0  # a quarter of a lease, as kubelets do
_PACE = Backoff(base=RENEW_SECONDS, cap=RENEW_SECONDS, jitter=0.1)
_RETRIES = Backoff(base=0.2, cap=5.0)
_LIMITS = Limits(timeout=RENEW_SECONDS)


class LeaseWriter(Protocol):
    """The client, as far as it is needed here."""

    async def patch(
        self,
        resource: Resource,
        name: str,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        patch_type: PatchType,
    ) -> Object: ...
    async def create(self, resource: Resource, body: Mapping[str, Any], namespace: str | None = None) -> Object: ...


class Leases:
    def __init__(self, client: LeaseWriter, clock: Clock, metrics: Metrics) -> None:
        self._client = client
        self._clock = clock
        self._uids: dict[str, str] = {}
        self._queue: WorkQueue[str] = WorkQueue(clock, partition=lambda name: name, backoff=_RETRIES)
        observers = [metrics.reconciler("leases", self._queue)]
        self._reconciler = Reconciler("leases", self._queue, self._renew, limits=_LIMITS, observers=observers)

    def keep(self, name: str, uid: str) -> None:
        """Renew the Lease of that Node from now on."""
        if self._uids.get(name) != uid:
            self._uids[name] = uid
            self._queue.add(name)

    def drop(self, name: str) -> None:
        """Renew it no more."""
        self._uids.pop(name, None)

    async def run(self) -> None:
        await self._reconciler.run()

    async def _renew(self, name: str) -> RequeueAfter | None:
        uid = self._uids.get(name)
        if uid is None:
            return None
        lease = lease_of(name, uid, self._clock.utcnow())
        try:
            await self._client.patch(LEASES, name, lease, LEASE_NAMESPACE, patch_type=PatchType.MERGE)
        except NotFound:
            await self._client.create(LEASES, lease, LEASE_NAMESPACE)
        return RequeueAfter(_PACE.delay(1, random))


def lease_of(name: str, uid: str, now: datetime) -> dict[str, Any]:
    """The whole of a Lease that says that the Node lives; a merge patch as well, that fails on nobody's writes."""
    owners = [owner_reference(NODES, name, uid)]
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": owners},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro_time(now)},
    }
