"""Takes a virtual cluster away: first whoever could make more of it, then what Kubernetes would not delete by itself.

    1  the provider's rights, the provider and the servers
    2  when the provider has ended, or has had its time: all that was reflected from the virtual cluster
    3  the finalizer; with the Cluster go the objects that it owns

Promises: each step may be repeated, so that a crash anywhere is healed by the next pass; nothing of another Cluster is
touched, be it of the same name in another namespace.
"""

from contextlib import suppress

import structlog

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.discovery import Discovery
from kube.errors import NotFound
from kube.objects import Key, Object
from kube.reconciler import RequeueAfter
from kube.resources import (
    CLUSTER_ROLE_BINDINGS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENDPOINTS,
    INGRESSES,
    LEASES,
    NETWORK_POLICIES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    PRIORITY_CLASSES,
    ROLE_BINDINGS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    Resource,
)
from reflectors.translation.host_names import label_value
from reflectors.translation.metadata import CLUSTER_LABEL, HOST_NAMESPACE
from vk_provider.controller.applying import Applying
from vk_provider.controller.host_world import HostWorld
from vk_provider.controller.names import COMPONENT, FINALIZER, PROVIDER, Names
from vk_provider.controller.resources import CLUSTERS

# What a provider has reflected, beside Services and EndpointSlices.
REFLECTED = (PODS, PERSISTENT_VOLUME_CLAIMS, SECRETS, CONFIG_MAPS, INGRESSES, NETWORK_POLICIES, ENDPOINTS)
FIRST_TO_GO = (ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS, DEPLOYMENTS, STATEFUL_SETS, PERSISTENT_VOLUME_CLAIMS)
PATIENCE = 15.0  # seconds that a provider has to end, which may be on a node that is lost

log = structlog.get_logger()


class Deletion:
    def __init__(self, client: Client, world: HostWorld, clock: Clock) -> None:
        self._client = client
        self._world = world
        self._applying = Applying(client, world)
        self._discovery = Discovery(client)
        self._clock = clock

    async def proceed(self, cluster: Object) -> RequeueAfter | None:
        """Take the next steps; what is waited for is told by events, or `RequeueAfter`."""
        for resource in FIRST_TO_GO:
            await self._applying.delete(self._world.of(resource, cluster.key))
        if self._has_provider(cluster.key) and (rest := self._rest(cluster)) > 0:
            return RequeueAfter(rest)
        await self._sweep(cluster.key)
        await self._release(cluster)
        return None

    def _has_provider(self, cluster: Key) -> bool:
        pods = self._world.of(PODS, cluster)
        return any(pod.metadata.labels.get(COMPONENT) == PROVIDER and is_alive(pod) for pod in pods)

    def _rest(self, cluster: Object) -> float:
        since = cluster.metadata.deletion_timestamp
        return 0.0 if since is None else PATIENCE - (self._clock.utcnow() - since).total_seconds()

    async def _sweep(self, cluster: Key) -> None:
        selector = f"{CLUSTER_LABEL}={label_value(cluster.name)}"
        # Services cannot be deleted by the collection before Kubernetes 1.23; their endpoints would come back.
        for service in (await self._client.list(SERVICES, cluster.namespace, label_selector=selector)).objects:
            await self._delete(SERVICES, service)
        slices = await self._discovery.best("discovery.k8s.io", "EndpointSlice")
        for resource in (*REFLECTED, *([slices] if slices is not None else [])):
            path = resource.path(cluster.namespace)
            await self._client.request("DELETE", path, query=[("labelSelector", selector)])
        with suppress(NotFound):
            await self._client.delete(LEASES, Names(cluster.name, cluster.namespace).provider, cluster.namespace)
        await self._sweep_cluster_wide(cluster, selector)

    async def _sweep_cluster_wide(self, cluster: Key, selector: str) -> None:
        if CLUSTER_ROLE_BINDINGS.kind not in self._world.made:
            return  # no provider could have made any
        for priority_class in (await self._client.list(PRIORITY_CLASSES, label_selector=selector)).objects:
            if priority_class.metadata.annotations.get(HOST_NAMESPACE) == cluster.namespace:
                await self._delete(PRIORITY_CLASSES, priority_class)

    async def _delete(self, resource: Resource, obj: Object) -> None:
        try:
            await self._client.delete(resource, obj.name, obj.namespace or None, uid=obj.uid)
        except NotFound:
            return

    async def _release(self, cluster: Object) -> None:
        rest = [finalizer for finalizer in cluster.metadata.finalizers if finalizer != FINALIZER]
        patch = {"metadata": {"uid": cluster.uid, "resourceVersion": cluster.resource_version, "finalizers": rest}}
        try:
            await self._client.patch(CLUSTERS, cluster.name, patch, cluster.namespace, patch_type=PatchType.MERGE)
        except NotFound:
            return
        log.info("cluster deleted", cluster=str(cluster.key))


def is_alive(pod: Object) -> bool:
    """Whether a pod may still do something: kubelets take their time to remove one that has ended."""
    if pod.metadata.deletion_timestamp is None:
        return True
    containers = (pod.decode("status") or {}).get("containerStatuses") or ()
    return any("running" in (container.get("state") or {}) for container in containers)
