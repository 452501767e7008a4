"""The status of a virtual pod that has no host pod: one that is not let in, and one whose host pod is gone.

`now` is always in RFC 3339, as the API writes times.
"""

from dataclasses import dataclass

from reflectors.translation.container_statuses import FIELDS as CONTAINER_STATUSES
from reflectors.translation.json_values import Draft, Json, fresh, is_said_alike, listed, mapped
from reflectors.translation.metadata import REFLECTED_CONDITION
from reflectors.translation.pod_conditions import condition_patch, conditions
from reflectors.translation.writes import PatchStatus, Refuse

_KILLED = 137  # what a kubelet reports of a container that it cannot find any more


@dataclass(frozen=True, slots=True)
class _Ending:
    reason: str
    message: str
    is_disruption: bool  # so that a Job need not count it as a failure of its own


_LOST = _Ending("HostPodDeleted", "The host pod was deleted from outside the virtual cluster.", is_disruption=True)
_DELETED = _Ending("Deleted", "The pod was deleted.", is_disruption=False)


def refused_status(virtual: Json, refuse: Refuse, now: str) -> PatchStatus | None:
    """Return the patch that tells why the pod does not start; None when its status says so.

    The pod stays Pending: were it Failed, whoever made it would make it again, and again.
    """
    status, before = mapped(virtual, "status"), conditions(virtual).get(REFLECTED_CONDITION)
    condition = _condition(REFLECTED_CONDITION, "False", refuse.reason, now) | {"message": refuse.message}
    if before and before.get("status") == "False":
        condition["lastTransitionTime"] = before.get("lastTransitionTime")
    patch = condition_patch(condition, before)
    changed: Draft = {"reason": refuse.reason, "message": refuse.message}
    if patch is None and is_said_alike(changed, {field: status.get(field) for field in changed}):
        return None
    return _patch(virtual, changed | {"conditions": [condition]}, f"not created on the host: {refuse.reason}")


def lost_status(virtual: Json, now: str) -> PatchStatus:
    """Return the patch that ends a pod whose host pod somebody else deleted, so that whoever made it replaces it."""
    return _failed(virtual, _LOST, now)


def deleted_status(virtual: Json, now: str) -> PatchStatus:
    """Return the patch that ends a pod that was being deleted when its host pod went, unseen."""
    return _failed(virtual, _DELETED, now)


def _failed(virtual: Json, ending: _Ending, now: str) -> PatchStatus:
    status = mapped(virtual, "status")
    changed: Draft = {"phase": "Failed", "reason": ending.reason, "message": ending.message}
    for field in CONTAINER_STATUSES:
        if listed(status, field):
            changed[field] = [_ended(container, ending, now) for container in listed(status, field)]
    not_ready = [
        _condition(name, "False", "PodFailed", now)
        for name, condition in conditions(virtual).items()
        if name in {"Ready", "ContainersReady"} and condition.get("status") == "True"
    ]
    disruption = _condition("DisruptionTarget", "True", ending.reason, now) | {"message": ending.message}
    changed["conditions"] = [*not_ready, *([disruption] if ending.is_disruption else [])]
    return _patch(virtual, changed, f"its host pod is gone: {ending.reason}")


def _ended(container: Json, ending: _Ending, now: str) -> Draft:
    """Return a container's status as a kubelet gives it when it has lost the container."""
    state = mapped(container, "state")
    if state.get("terminated"):
        return fresh(container)
    terminated: Draft = {
        "exitCode": _KILLED,
        "reason": "ContainerStatusUnknown",
        "message": ending.message,
        "startedAt": mapped(state, "running").get("startedAt"),
        "finishedAt": now,
        "containerID": container.get("containerID"),
    }
    known = {field: value for field, value in terminated.items() if value is not None}
    return fresh(container) | {"ready": False, "started": False, "state": {"terminated": known}}


def _condition(name: str, status: str, reason: str, now: str) -> Draft:
    return {"type": name, "status": status, "reason": reason, "lastTransitionTime": now}


def _patch(virtual: Json, status: Draft, why: str) -> PatchStatus:
    return PatchStatus({"metadata": {"uid": virtual["metadata"]["uid"]}, "status": status}, why)
