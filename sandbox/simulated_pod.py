"""What a simulated kubelet does with a pod, decided without doing it.

A pod bound to a simulated node starts after a delay, all its containers at once and ready; ends by itself only if it
says for how long it runs (`sandbox.vk-provider.io/run-seconds`); and is gone after a delay, but never later than its
grace period, once somebody deletes it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kube.objects import Object
from kube.reconciler import Refused

REMOVE_AGAIN = 10.0  # seconds after which a kubelet tells an API server once more that a pod can go
RUN_SECONDS = "sandbox.vk-provider.io/run-seconds"
ENDED = frozenset({"Succeeded", "Failed"})

Status = dict[str, Any]


class Container(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str
    image: str = ""
    restart_policy: str = ""

    @property
    def is_sidecar(self) -> bool:
        return self.restart_policy == "Always"


class PodSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    containers: list[Container]
    init_containers: list[Container] = []
    node_name: str = ""
    host_network: bool = False


class Condition(msgspec.Struct, frozen=True, gc=False):
    type: str


class PodStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    phase: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    start_time: datetime | None = None
    conditions: list[Condition] = []


@dataclass(frozen=True, slots=True)
class Delays:
    """In seconds."""

    start: float = 0.0
    stop: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class Start:
    """Let it be Running and Ready."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Let it be Succeeded."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Its containers are gone: the API server may forget it."""


Step = Wait | Start | Finish | Remove


def next_step(pod: Object, status: PodStatus, *, seen_for: float, delays: Delays, now: datetime) -> Step | None:
    """What is next for a bound pod; `seen_for` is how long it has been bound or, once deleted, terminating."""
    metadata = pod.metadata
    if metadata.deletion_timestamp is not None:
        grace = metadata.deletion_grace_period_seconds or 0
        if grace:
            return _after(min(delays.stop, grace) - seen_for, Remove())
        # At 0 the containers are known to be gone. If nobody's finalizer keeps the object, the API server was killed
        # before it could remove it.
        return None if metadata.finalizers else _after(REMOVE_AGAIN - seen_for, Remove())
    if status.phase in ENDED:
        return None
    if status.phase != "Running":
        return _after(delays.start - seen_for, Start())
    runs = _run_seconds(pod)
    if runs is None or status.start_time is None:
        return None
    return _after(runs - (now - status.start_time).total_seconds(), Finish())


def _after(seconds: float, step: Step) -> Step:
    return Wait(seconds) if seconds > 0 else step


def _run_seconds(pod: Object) -> float | None:
    text = pod.metadata.annotations.get(RUN_SECONDS)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise Refused(
            f"pod {pod.key}: annotation {RUN_SECONDS}: {text!r} is no number; write seconds like 1.5"
        ) from None


def running_status(
    pod: Object, spec: PodSpec, status: PodStatus, *, pod_ip: str, host_ip: str, now: datetime
) -> Status:
    """The status of a pod all of whose containers have started; `status` is the one it has."""
    stamp = _stamp(now)
    started = {"running": {"startedAt": stamp}}
    completed = _completed(stamp, stamp)
    met = ["Initialized", "ContainersReady", "Ready"]
    if "PodScheduled" not in {condition.type for condition in status.conditions}:
        met.append("PodScheduled")  # no scheduler has seen a pod that was created with its node's name
    return {
        "phase": "Running",
        "hostIP": host_ip,
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": stamp,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": stamp} for kind in met],
        "initContainerStatuses": [
            _container_status(pod, container, started if container.is_sidecar else completed)
            for container in spec.init_containers
        ],
        "containerStatuses": [_container_status(pod, container, started) for container in spec.containers],
    }


def finished_status(pod: Object, spec: PodSpec, status: PodStatus, *, now: datetime) -> Status:
    """The status of a pod all of whose containers have exited with 0."""
    stamp = _stamp(now)
    completed = _completed(_stamp(status.start_time or now), stamp)
    return {
        "phase": "Succeeded",
        "conditions": [
            {"type": kind, "status": "False", "reason": "PodCompleted", "lastTransitionTime": stamp}
            for kind in ("ContainersReady", "Ready")
        ],
        "containerStatuses": [
            _container_status(pod, container, completed, is_ready=False) for container in spec.containers
        ],
    }


def _completed(started: str, finished: str) -> Status:
    return {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": finished}}


def _container_status(pod: Object, container: Container, state: Status, *, is_ready: bool = True) -> Status:
    return {
        "name": container.name,
        "image": container.image,
        "imageID": f"sandbox.local/simulated@sha256:{_hash(container.image)}",
        "containerID": f"containerd://{_hash(f'{pod.uid}/{container.name}')}",  # the same after a restart
        "ready": is_ready,
        "started": "running" in state,
        "restartCount": 0,
        "state": state,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _stamp(moment: datetime) -> str:
    """As Kubernetes writes times in statuses: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
