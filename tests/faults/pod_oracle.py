"""What is wrong between pods and their host pods: no lost status, and no status that nobody had."""

from collections.abc import Iterator
from typing import Any

from tests.faults.world import ORIGIN_UID, Json, Violation, World, annotations, name_of, uid

_FIELDS = ("phase", "reason", "podIP", "podIPs", "hostIP", "startTime")
_CONDITIONS = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
_OF_CONTAINER = ("name", "containerID", "imageID", "ready", "restartCount", "state", "lastState")


def pods_agree(world: World) -> Iterator[Violation]:
    hosts = {annotations(pod)[ORIGIN_UID]: pod for _, pod in world.copies("Pod")}
    for pod in world.virtual.get("Pod", ()):
        host = hosts.get(uid(pod))
        if pod["spec"].get("nodeName") != world.node:
            continue
        if host is not None:
            yield from _agrees(pod, host)
        elif pod["status"].get("phase") in ("Succeeded", "Failed") and uid(pod) not in world.taken:
            said = f"{pod['status']['phase']} ({pod['status'].get('reason')})"
            yield Violation("status", f"{name_of('Pod', pod)} is {said} without a host pod, which nobody took from it")


def _agrees(pod: Json, host: Json) -> Iterator[Violation]:
    ours, theirs = _said(pod), _said(host)
    for field, value in theirs.items():
        if ours[field] != value:
            yield Violation("status", f"{name_of('Pod', pod)} says {field} {ours[field]!r}, its host pod {value!r}")
    if host["metadata"].get("deletionTimestamp"):
        yield Violation("deletion", f"the host pod of {name_of('Pod', pod)} is being deleted, and does not go")


def _said(pod: Json) -> dict[str, Any]:
    status = pod.get("status") or {}
    conditions = {each["type"]: each["status"] for each in status.get("conditions") or ()}
    said: dict[str, Any] = {field: status.get(field) for field in _FIELDS}
    said |= {kind: conditions.get(kind) for kind in _CONDITIONS}
    said["containers"] = [
        {field: each.get(field) or None for field in _OF_CONTAINER} for each in status.get("containerStatuses") or ()
    ]
    return said
