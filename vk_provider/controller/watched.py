"""Objects of one kind on the host that belong to Clusters, in all namespaces that are looked after.

Promises: `get` and `of` tell the newest that is known, be it what the host told or what our own write returned; whoever
listens hears the Cluster of each object that changed.
"""

import asyncio
from collections.abc import Callable, Sequence

from kube.informer import Informer
from kube.objects import Key, Object
from kube.resources import Resource
from kube.store import Change
from reflectors.latest import Latest

ClusterOf = Callable[[Object], Key | None]
"""Which Cluster an object belongs to; None if to none."""

_BY_CLUSTER = "cluster"


class Watched:
    """Part of the daemon."""

    def __init__(self, informers: Sequence[Informer], cluster_of: ClusterOf) -> None:
        """Follow one informer for each namespace that is looked after, or one for all."""
        self.resource: Resource = informers[0].resource
        self._informers = {informer.namespace or "": informer for informer in informers}
        self._latest = {namespace: Latest.of(informer) for namespace, informer in self._informers.items()}
        self._written: dict[Key, set[Key]] = {}  # by Cluster: what we wrote that the cache may not have yet
        self._cluster_of = cluster_of
        for informer in informers:
            informer.store.add_index(_BY_CLUSTER, self._index)

    def get(self, key: Key) -> Object | None:
        latest = self._latest.get(self._part(key.namespace))
        return None if latest is None else latest.get(key)

    def values(self) -> list[Object]:
        """All that has been seen on the host."""
        return [obj for informer in self._informers.values() for obj in informer.store.values()]

    def of(self, cluster: Key) -> list[Object]:
        """All objects of a Cluster."""
        keys = {obj.key for informer in self._informers.values() for obj in _indexed(informer, cluster)}
        found = {key: self.get(key) for key in sorted(keys | self._written.pop(cluster, set()))}
        unseen = {key for key, obj in found.items() if obj is not None and key not in keys}
        if unseen:
            self._written[cluster] = unseen
        return [obj for obj in found.values() if obj is not None]

    def wrote(self, obj: Object) -> None:
        """Remember what a write of ours made of an object."""
        self._latest[self._part(obj.namespace)].wrote(obj)
        cluster = self._cluster_of(obj)
        if cluster is not None:
            self._written.setdefault(cluster, set()).add(obj.key)

    def tell(self, listener: Callable[[Key], None]) -> None:
        """Call `listener` with the Cluster of each object that changes from now on, and of each that is here."""
        handler = _Teller(self._cluster_of, listener)
        for informer in self._informers.values():
            informer.add_handler(handler)

    @property
    def informers(self) -> Sequence[Informer]:
        return tuple(self._informers.values())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for informer in self._informers.values():
                group.create_task(informer.run(), name=f"{self.resource.plural} {informer.namespace or ''}")

    async def wait_synced(self) -> None:
        for informer in self._informers.values():
            await informer.wait_synced()

    def _part(self, namespace: str) -> str:
        return "" if "" in self._informers else namespace

    def _index(self, obj: Object) -> list[str]:
        cluster = self._cluster_of(obj)
        return [] if cluster is None else [str(cluster)]


class _Teller:
    def __init__(self, cluster_of: ClusterOf, listener: Callable[[Key], None]) -> None:
        self._cluster_of = cluster_of
        self._listener = listener

    def on_change(self, change: Change) -> None:
        """Tell of the Cluster that the object belongs to, and of the one that it belonged to."""
        seen = {self._cluster_of(obj) for obj in (change.old, change.new) if obj is not None}
        for cluster in seen:
            if cluster is not None:
                self._listener(cluster)


def _indexed(informer: Informer, cluster: Key) -> list[Object]:
    return informer.store.by_index(_BY_CLUSTER, str(cluster))
