"""What the controller follows on the host: Clusters, all that was made for them, and what happens to it.

Promises: whatever changes, the Clusters that it concerns are told of; an object concerns a Cluster by its label, which
tenants cannot set, an event by the object that it is about.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from kube.client import Client
from kube.clock import Clock
from kube.informer import Informer, Timing
from kube.metrics import Metrics
from kube.objects import Key, Object
from kube.resources import (
    CLUSTER_ROLE_BINDINGS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    INGRESSES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)
from reflectors.translation.host_names import label_value
from vk_provider.controller.names import CONTROL_PLANE
from vk_provider.controller.problems import Told
from vk_provider.controller.resources import CLUSTERS
from vk_provider.controller.tellings import Tellings
from vk_provider.controller.watched import Watched

# What is made for a Cluster by us ...
MADE = (
    SECRETS,
    CONFIG_MAPS,
    SERVICES,
    SERVICE_ACCOUNTS,
    ROLE_BINDINGS,
    STATEFUL_SETS,
    DEPLOYMENTS,
    INGRESSES,
    NETWORK_POLICIES,
)
# ... without a namespace, where that is permitted ...
MADE_CLUSTER_WIDE = (CLUSTER_ROLE_BINDINGS,)
# ... and on account of that by others.
ENSUING = (PODS, PERSISTENT_VOLUME_CLAIMS)


class HostWorld:
    """Part of the daemon."""

    def __init__(self, client: Client, namespaces: Sequence[str], clock: Clock, metrics: Metrics) -> None:
        """Follow it in these namespaces; in all of them, and what has none, if none is given."""
        self._client = client
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._timing = Timing(clock=clock)
        self._metrics = metrics
        self.clusters = self._watched(CLUSTERS, self._namespaces, _label_of_cluster)
        self.made = {resource.kind: self._watched(resource, self._namespaces) for resource in MADE}
        if not namespaces:
            self.made |= {resource.kind: self._watched(resource, (None,)) for resource in MADE_CLUSTER_WIDE}
        self._ensuing = {resource.kind: self._watched(resource, self._namespaces) for resource in ENSUING}
        self._tellings = Tellings(client, self._namespaces, self._timing, metrics)

    def tell(self, listener: Callable[[Key], None]) -> None:
        """Call `listener` with each Cluster that something happens to."""

        def tell_clusters(label: Key) -> None:
            for cluster in self.clusters.of(label):
                listener(cluster.key)

        def tell_involved(kind: str, key: Key) -> None:
            watched = self._of_kind(kind)
            involved = None if watched is None else watched.get(key)
            label = None if involved is None else label_of(involved)
            if label is not None:
                tell_clusters(label)

        for watched in self._all():
            watched.tell(tell_clusters)
        self._tellings.tell(tell_involved)

    def of(self, resource: Resource, cluster: Key) -> list[Object]:
        """Return what of that kind bears the Cluster's label."""
        watched = self._of_kind(resource.kind)
        return [] if watched is None else watched.of(_label(cluster))

    def resource(self, kind: str) -> Resource:
        """Return the resource of a kind that is followed. Raises KeyError."""
        watched = self._of_kind(kind)
        if watched is None:
            raise KeyError(kind)
        return watched.resource

    def all_made(self, cluster: Key) -> list[Object]:
        """Return all of the kinds that we make which bears the Cluster's label."""
        return [obj for watched in self.made.values() for obj in watched.of(_label(cluster))]

    def told(self, objects: Iterable[Object]) -> list[Told]:
        """Return the events that tell of trouble with these objects."""
        return self._tellings.of(objects)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for watched in self._all():
                group.create_task(watched.run(), name=watched.resource.plural)
            group.create_task(self._tellings.run(), name="events")

    async def wait_synced(self) -> None:
        for watched in self._all():
            await watched.wait_synced()
        await self._tellings.wait_synced()

    def _all(self) -> Sequence[Watched]:
        return (self.clusters, *self.made.values(), *self._ensuing.values())

    def _of_kind(self, kind: str) -> Watched | None:
        return self.made.get(kind) or self._ensuing.get(kind)

    def _watched(
        self,
        resource: Resource,
        namespaces: Sequence[str | None],
        cluster_of: Callable[[Object], Key | None] | None = None,
    ) -> Watched:
        """Follow a kind: what bears our label or, told otherwise, all of it."""
        selector = "" if cluster_of else CONTROL_PLANE
        informers = [
            Informer(self._client, resource, namespace, label_selector=selector, timing=self._timing)
            for namespace in namespaces
        ]
        for informer in informers:
            self._metrics.informer(f"{resource.plural} {informer.namespace or ''}".strip(), informer)
        return Watched(informers, cluster_of or label_of)


def label_of(obj: Object) -> Key | None:
    """Return namespace and label of the Cluster that an object is for; None if it is for none."""
    label = obj.metadata.labels.get(CONTROL_PLANE)
    return None if label is None else Key(obj.namespace or _namespace_in(obj.name), label)


def _label(cluster: Key) -> Key:
    return Key(cluster.namespace, label_value(cluster.name))


def _label_of_cluster(cluster: Object) -> Key:
    return _label(cluster.key)


def _namespace_in(name: str) -> str:
    """Return the namespace that the name of a cluster-wide object of ours speaks of; empty if it is none of ours."""
    parts = name.split(":")
    return parts[1] if len(parts) == 4 else ""
