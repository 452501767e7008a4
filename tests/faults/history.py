"""What the two watches of pods told in the course of a run: what no look at the end can show.

Each side is watched past the proxies, by watches that go on where they broke off. What an API server forgot meanwhile
(a compaction while it was away) is missing.
"""

from dataclasses import dataclass, field
from typing import Any

from kube.objects import Object
from kube.store import Change, ChangeKind
from tests.faults.world import ORIGIN_NAME, ORIGIN_NAMESPACE, ORIGIN_UID, PLANTED


@dataclass(slots=True)
class Containers:
    """What was seen of one host pod's containers."""

    started: set[str] = field(default_factory=set)  # the pod's start times
    ids: dict[str, set[str]] = field(default_factory=dict)  # of each container
    restarts: int = 0


@dataclass(slots=True)
class History:
    host_pods: dict[str, set[str]] = field(default_factory=dict)  # UIDs, by the UID of the virtual pod they were for
    origins: dict[str, set[str]] = field(default_factory=dict)  # the other way round
    names: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # host names, by virtual namespace and name
    containers: dict[str, Containers] = field(default_factory=dict)  # by UID of the host pod
    deleted_early: set[str] = field(default_factory=set)  # virtual pods that went before their host pods
    suspects: dict[str, Object] = field(default_factory=dict)  # to be looked at: see `confirm`
    _live: dict[str, Object] = field(default_factory=dict)  # host pods by the UID of their virtual pod
    _graceful: set[str] = field(default_factory=set)  # virtual pods that were seen terminating with time left

    def host_pod_of(self, virtual_uid: str) -> Object | None:
        return self._live.get(virtual_uid)

    def on_host(self, change: Change) -> None:
        """An informer's handler."""
        pod = change.object
        origin = pod.metadata.annotations.get(ORIGIN_UID)
        if origin is None or origin == PLANTED:
            return
        if change.kind is ChangeKind.DELETED:
            if (live := self._live.get(origin)) is not None and live.uid == pod.uid:
                del self._live[origin]
            return
        self._live[origin] = pod
        self.host_pods.setdefault(origin, set()).add(pod.uid)
        self.origins.setdefault(pod.uid, set()).add(origin)
        annotations = pod.metadata.annotations
        name = (annotations.get(ORIGIN_NAMESPACE, ""), annotations.get(ORIGIN_NAME, ""))
        self.names.setdefault(name, set()).add(pod.name)
        self._see_containers(pod)

    def _see_containers(self, pod: Object) -> None:
        status: dict[str, Any] = pod.decode("status") or {}
        seen = self.containers.setdefault(pod.uid, Containers())
        if status.get("startTime"):
            seen.started.add(status["startTime"])
        for container in status.get("containerStatuses") or ():
            seen.restarts = max(seen.restarts, container.get("restartCount", 0))
            if container.get("containerID"):
                seen.ids.setdefault(container["name"], set()).add(container["containerID"])

    def on_virtual(self, change: Change) -> None:
        """An informer's handler."""
        pod = change.object
        if change.kind is ChangeKind.DELETED:
            if pod.uid in self._graceful:
                self._gone(pod.uid)
        elif pod.metadata.deletion_timestamp is not None and pod.metadata.deletion_grace_period_seconds:
            self._graceful.add(pod.uid)

    def _gone(self, uid: str) -> None:
        """Suspect a virtual pod that went while our watch of the host, which may lag, still showed its host pod."""
        if uid in self._live:
            self.suspects[uid] = self._live[uid]

    def confirm(self, uid: str, *, is_there: bool) -> None:
        """Take in whether a suspect's host pod was still there when somebody looked, past all watches."""
        del self.suspects[uid]
        if is_there:
            self.deleted_early.add(uid)
