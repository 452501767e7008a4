"""All that a host cluster shows of one Cluster: itself, what was made for it, and what was told of these."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube.client import Client
from kube.errors import Forbidden
from kube.objects import Object
from kube.resources import DEPLOYMENTS, EVENTS, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES, STATEFUL_SETS, Resource
from reflectors.translation.host_names import label_value
from vk_provider.controller.names import CLUSTER, CONTROL_PLANE
from vk_provider.controller.resources import CLUSTERS

Json = Mapping[str, Any]
KINDS = (STATEFUL_SETS, DEPLOYMENTS, PODS, PERSISTENT_VOLUME_CLAIMS, SERVICES)


@dataclass(frozen=True, slots=True)
class HostSight:
    cluster: Json
    objects: Mapping[str, Sequence[Json]]  # by kind
    events: Sequence[Json] = ()  # the newest first
    hidden: Sequence[str] = ()  # what this user may not see

    def of(self, kind: str) -> Sequence[Json]:
        return self.objects.get(kind, ())


async def look_at_host(host: Client, key: Object) -> HostSight:
    """Look once; raises NotFound when the Cluster is gone. What may not be seen is told as hidden."""
    cluster = await host.get(CLUSTERS, key.name, key.namespace)
    async with asyncio.TaskGroup() as group:
        looks = {kind: group.create_task(_made_for(host, kind, cluster)) for kind in KINDS}
    found = {kind: look.result() for kind, look in looks.items()}
    hidden = [kind.plural for kind, objects in found.items() if objects is None]
    seen = [cluster, *(obj for objects in found.values() for obj in objects or ())]
    events = await _events(host, seen)
    if events is None:
        hidden.append(EVENTS.plural)
    return HostSight(
        cluster=cluster.to_dict(),
        objects={kind.kind: [obj.to_dict() for obj in objects or ()] for kind, objects in found.items()},
        events=sorted(events or (), key=when, reverse=True),
        hidden=hidden,
    )


def when(event: Json) -> str:
    """Return the time of an event, the last one if it happened often."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])


async def _made_for(host: Client, resource: Resource, cluster: Object) -> list[Object] | None:
    """Return what bears the Cluster's label, ours or K3k's; None if that may not be seen."""
    for selector in (f"{CONTROL_PLANE}={label_value(cluster.name)}", f"{CLUSTER}={cluster.name}"):
        try:
            found = (await host.list(resource, cluster.namespace, label_selector=selector)).objects
        except Forbidden:
            return None
        if found:
            return list(found)
    return []


async def _events(host: Client, about: Sequence[Object]) -> list[Json] | None:
    """Return what was told of the objects; of a namespace full of workloads nothing else is read."""
    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(_events_of(host, obj)) for obj in about]
    found = [look.result() for look in looks]
    return None if None in found else [event for events in found for event in events or ()]


async def _events_of(host: Client, obj: Object) -> list[Json] | None:
    try:
        listed = await host.list(EVENTS, obj.namespace, field_selector=f"involvedObject.uid={obj.uid}")
    except Forbidden:
        return None
    return [event.to_dict() for event in listed.objects]
