"""What keeps the pods of a Cluster from running, told by what the host says of them, in words that say what to do.

Promises: nothing is told of the past; what has mended itself is gone from the answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_NO_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_OFTEN = 2  # restarts
_REFUSED = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


@dataclass(frozen=True, slots=True)
class Problem:
    reason: str
    message: str
    is_final: bool = True  # False for what may well go away by itself


@dataclass(frozen=True, slots=True)
class Told:
    """A host event, as far as it counts here."""

    kind: str
    name: str
    reason: str
    message: str


def pod_problems(pod: Json, told: Iterable[Told] = ()) -> Iterator[Problem]:
    """What keeps one pod from running."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    if "deletionTimestamp" in pod["metadata"]:
        return
    if not (pod.get("spec") or {}).get("nodeName"):
        yield from _unscheduled(name, status)
    if status.get("phase") == "Failed":
        yield Problem("PodFailed", f"Pod {name} failed: {status.get('reason', '')} {status.get('message', '')}".strip())
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for container in statuses:
        yield from _container_problems(name, container)
    if any(_is_being_created(container) for container in statuses):
        for event in told:
            if event.kind == "Pod" and event.name == name:
                yield Problem(event.reason, f"Pod {name}: {event.message}", is_final=False)


def claim_problems(claim: Json, told: Iterable[Told]) -> Iterator[Problem]:
    """What keeps a PersistentVolumeClaim from being of use."""
    name, phase = claim["metadata"]["name"], (claim.get("status") or {}).get("phase")
    if phase == "Lost":
        advice = "restore the volume, or delete the Cluster and create it anew: its data is gone"
        yield Problem("ClaimLost", f"PersistentVolumeClaim {name} has lost its volume: {advice}")
    if phase == "Pending":
        for event in told:
            if event.kind == "PersistentVolumeClaim" and event.name == name:
                advice = "name a StorageClass of the host in spec.persistence.storageClassName"
                missing = f"; {advice}" if "class" in event.message else ""
                yield Problem("ClaimPending", f"PersistentVolumeClaim {name}: {event.message}{missing}")


def stateful_set_problems(stateful_set: Json, told: Iterable[Told]) -> Iterator[Problem]:
    """What keeps a StatefulSet from making its pods."""
    name = stateful_set["metadata"]["name"]
    wanted = stateful_set["spec"].get("replicas", 1)
    if (stateful_set.get("status") or {}).get("replicas", 0) >= wanted:
        return
    for event in told:
        if event.kind == "StatefulSet" and event.name == name:
            yield _refused_pods(event.message)


def deployment_problems(deployment: Json) -> Iterator[Problem]:
    """What keeps a Deployment from making its pods."""
    for condition in (deployment.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield _refused_pods(condition.get("message", ""))


def _refused_pods(message: str) -> Problem:
    if "exceeded quota" in message:
        return Problem("QuotaExceeded", f"{message}; raise the ResourceQuota, or ask for less in spec.serverResources")
    return Problem("PodsRefused", f"the host refuses the pods: {message}")


def _unscheduled(pod: str, status: Json) -> Iterator[Problem]:
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            text = condition.get("message") or "no node takes it"
            yield Problem("Unschedulable", f"Pod {pod} is on no node: {text}", is_final=False)


def _container_problems(pod: str, status: Json) -> Iterator[Problem]:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    name = status["name"]
    if reason in _NO_IMAGE:
        advice = "check spec.version, and the controller's image settings"
        yield Problem("ImagePullFailed", f"Pod {pod}: image {status.get('image')}: {message or reason}; {advice}")
    elif reason in _REFUSED:
        yield Problem("ContainerRefused", f"Pod {pod}, container {name}: {message or reason}")
    elif reason == "CrashLoopBackOff" or _fails_again_and_again(status):
        yield Problem("Crashing", f"Pod {pod}, container {name} keeps failing: {_ending(status)}")


def _ending(status: Json) -> str:
    ended = _last_end(status)
    if ended.get("reason") == "OOMKilled":
        return "it needs more memory than it may have; raise spec.serverResources"
    last_words = str(ended.get("message") or "").strip().rpartition("\n")[2]
    return f"exit code {ended.get('exitCode')}" + (f", {last_words}" if last_words else "")


def _fails_again_and_again(status: Json) -> bool:
    """Between two failures, too, it has not mended itself as long as it was not ready."""
    often = int(status.get("restartCount") or 0) >= _OFTEN
    return often and not status.get("ready") and _last_end(status).get("exitCode", 0) != 0


def _last_end(status: Json) -> Json:
    states = (status.get("state") or {}, status.get("lastState") or {})
    return next((state["terminated"] for state in states if state.get("terminated")), {})


def _is_being_created(status: Json) -> bool:
    reason = ((status.get("state") or {}).get("waiting") or {}).get("reason")
    return reason in {"ContainerCreating", "PodInitializing"}
