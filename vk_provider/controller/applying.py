"""Carries out on the host what is desired of one Cluster's objects.

Promises: an object is touched only if it is this very Cluster's; one that the cache does not have is asked for before
it is made, so that keys that were made before a crash are never made again; nothing is written when nothing changed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from kube.apply import applicable, is_applied
from kube.client import Client
from kube.errors import NotFound
from kube.objects import Key, Object
from kube.reconciler import Refused
from kube.resources import Resource
from reflectors.translation.metadata import is_kept
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.host_world import HostWorld, label_of
from vk_provider.controller.names import APPLIED, CONTROL_PLANE
from vk_provider.controller.watched import Watched

Json = Mapping[str, Any]

log = structlog.get_logger()


class NotOurs(Refused):
    """Somebody else's object bears the name of one that we have to make."""


class Applying:
    def __init__(self, client: Client, world: HostWorld) -> None:
        self._client = client
        self._world = world

    async def apply(self, cluster: Cluster, wanted: Iterable[Json]) -> bool:
        """Make the objects what they should be; tell whether more is known now. Raises ApiError and NotOurs."""
        learned = False
        for body in wanted:
            watched = self._world.made[body["kind"]]
            present = watched.get(_key(body))
            if present is None and (present := await self._ask(watched.resource, _key(body))) is not None:
                _check_ours(cluster, present)
                if label_of(present) is not None:
                    watched.wrote(present)
                    return True  # what is wanted was said without knowing of it
            learned |= await self._apply_one(cluster, watched, body, present)
        return learned

    async def delete(self, objects: Iterable[Object]) -> None:
        """Delete objects of ours, unless they are on their way already."""
        for obj in objects:
            if obj.metadata.deletion_timestamp is not None:
                continue
            resource = self._world.resource(obj.kind)
            try:
                await self._client.delete(resource, obj.name, obj.namespace or None, uid=obj.uid)
            except NotFound:
                continue
            log.info("deleted", kind=obj.kind, namespace=obj.namespace, name=obj.name)

    async def _apply_one(self, cluster: Cluster, watched: Watched, body: Json, present: Object | None) -> bool:
        if present is not None:
            _check_ours(cluster, present)
            if _is_right(body, present) or _is_taken_over(present):
                return False
        wanted = applicable(body, "" if present is None else present.uid, annotation=APPLIED)
        stored = await self._client.apply(watched.resource, wanted, force=True)
        watched.wrote(stored)
        log.info("applied", namespace=cluster.namespace, cluster=cluster.name, kind=stored.kind, name=stored.name)
        return True

    async def _ask(self, resource: Resource, key: Key) -> Object | None:
        try:
            return await self._client.get(resource, key.name, key.namespace or None)
        except NotFound:
            return None


def is_of(cluster: Cluster, obj: Object) -> bool:
    """Whether an object was made for this very Cluster; what has no namespace is told by name and label alone."""
    if not obj.namespace:
        return CONTROL_PLANE in obj.metadata.labels
    return any(owner.controller and owner.uid == cluster.uid for owner in obj.metadata.owner_references)


def _check_ours(cluster: Cluster, obj: Object) -> None:
    if not is_of(cluster, obj):
        raise NotOurs(
            f"{obj.kind} {obj.name} exists already in namespace {obj.namespace} and is not this Cluster's: "
            f"delete it, or give the Cluster another name"
        )


def _is_taken_over(obj: Object) -> bool:
    """Whether it is the provider's to keep up to date from its creation on."""
    return is_kept({"metadata": {"annotations": obj.metadata.annotations}})


def _is_right(body: Json, present: Object) -> bool:
    return is_applied(body, present, annotation=APPLIED) and label_of(present) is not None


def _key(body: Json) -> Key:
    return Key(body["metadata"].get("namespace", ""), body["metadata"]["name"])
