"""Whose a condition of a pod is.

The kubelet, the scheduler and the rest of Kubernetes write conditions with plain names, and for the virtual pod those
of the host count. Conditions named in the pod's readiness gates are the tenant's: they go the other way, so that the
host's kubelet, and whoever sends traffic, knows when the pod is ready. All others belong to whoever set them, where
they set them.
"""

from reflectors.translation.json_values import Draft, Json, is_said_alike, listed, mapped

# Written by the host's Kubernetes only; each disappears again when it is over.
PASSING = frozenset({"AllContainersRestarting", "PodResizeInProgress", "PodResizePending"})

_KUBERNETES = PASSING | {
    "ContainersReady",
    "DisruptionTarget",
    "Initialized",
    "PodReadyToStartContainers",
    "PodScheduled",
    "Ready",
}


def gates(virtual: Json) -> frozenset[str]:
    """Return the types of condition that the tenant sets to tell when the pod is ready."""
    types = {gate["conditionType"] for gate in listed(virtual["spec"], "readinessGates")}
    return frozenset(types - _KUBERNETES)


def is_reflected(condition_type: str, virtual: Json) -> bool:
    """Whether a condition of the host pod is one that the virtual pod is to have too."""
    return "/" not in condition_type and condition_type not in gates(virtual)


def conditions(pod: Json) -> dict[str, Json]:
    return {condition["type"]: condition for condition in listed(mapped(pod, "status"), "conditions")}


def condition_patch(wanted: Json | None, current: Json | None) -> Draft | None:
    """Return the item of a patch that makes of one condition the other; None when they say the same."""
    if is_said_alike(wanted, current):
        return None
    if wanted is None:
        return {"type": current["type"], "$patch": "delete"} if current else None
    return {**dict.fromkeys(current or ()), **wanted}
