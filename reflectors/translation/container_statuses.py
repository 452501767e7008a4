"""The containers of a virtual pod, as its host pod reports them."""

from typing import Any

from reflectors.translation.context import Version
from reflectors.translation.json_values import Draft, Json, listed, mapped

FIELDS = {  # each with the field of the spec that has the containers
    "containerStatuses": "containers",
    "ephemeralContainerStatuses": "ephemeralContainers",
    "initContainerStatuses": "initContainers",
}

# What an older virtual API server would drop: with the release that has it on by default.
SINCE = {
    "allocatedResources": Version(1, 33),
    "allocatedResourcesStatus": Version(1, 36),
    "resources": Version(1, 33),
    "stopSignal": Version(1, 36),
    "user": Version(1, 33),
    "volumeMounts": Version(1, 31),
}


def container_statuses(field: str, virtual: Json, host: Json, virtual_version: Version) -> list[Json]:
    """Return the statuses in `field` of the host pod's status, but for what others injected; not copied."""
    if not listed(mapped(host, "status"), field):
        return []
    containers = {container["name"]: container for container in listed(virtual["spec"], FIELDS[field])}
    before = {status["name"]: status for status in listed(mapped(virtual, "status"), field)}
    return [
        before[name]
        if name in before and _has_ended_for_good(before[name], status, containers[name], virtual)
        else _known(status, containers[name], virtual_version)
        for name, status in ((str(each["name"]), each) for each in listed(mapped(host, "status"), field))
        if name in containers
    ]


def _known(status: Json, container: Json, virtual_version: Version) -> Draft:
    known: Draft = {
        field: value
        for field, value in status.items()
        if value is not None and virtual_version >= SINCE.get(field, virtual_version)
    }
    if "volumeMounts" in known:
        mounted = {mount["mountPath"] for mount in listed(container, "volumeMounts")}
        known["volumeMounts"] = [mount for mount in known["volumeMounts"] if mount["mountPath"] in mounted]
    return known


def _has_ended_for_good(before: Json, now: Json, container: Json, virtual: Json) -> bool:
    """Whether API servers would refuse `now`, because a container that has ended may not run again.

    It does happen: a tenant may write anything into a status, and that one container is then left as it says.
    """
    ended = _terminated(before)
    if ended is None or _terminated(now) is not None or container.get("restartPolicy"):
        return False
    policy = virtual["spec"].get("restartPolicy", "Always")
    return policy == "Never" or (policy == "OnFailure" and not ended.get("exitCode"))


def _terminated(status: Json) -> Any:
    return mapped(status, "state").get("terminated")
