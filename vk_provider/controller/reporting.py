"""Writes down how far a Cluster is: in its status, and as events on it when something new is to be told.

Promises: nothing is written when nothing changed; a condition's time is when it last became true or ceased to be.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from kube.client import Client, PatchType
from kube.clock import Clock
from kube.event_recorder import EventRecorder
from kube.events import Severity, reference
from kube.objects import Object
from vk_provider.controller.progress import Condition, Progress
from vk_provider.controller.resources import CLUSTERS
from vk_provider.controller.watched import Watched

Json = Mapping[str, Any]
_QUIET = frozenset({"Waiting", "Provisioning"})  # reasons that are no news


class Reporting:
    def __init__(self, client: Client, clusters: Watched, recorder: EventRecorder, clock: Clock) -> None:
        self._client = client
        self._clusters = clusters
        self._recorder = recorder
        self._clock = clock

    async def report(self, cluster: Object, progress: Progress, facts: Json) -> Object:
        """Bring the status in line and return the Cluster as it is then; `facts` are its other fields."""
        current = cluster.decode("status") or {}
        wanted = next_status(current, progress, facts, generation=cluster.metadata.generation, now=self._clock.utcnow())
        change = {field: value for field, value in wanted.items() if current.get(field) != value}
        if not change:
            return cluster
        patch = {"metadata": {"uid": cluster.uid}, "status": change}
        stored = await self._client.patch(
            CLUSTERS, cluster.name, patch, cluster.namespace, patch_type=PatchType.MERGE, subresource="status"
        )
        self._clusters.wrote(stored)
        for condition in news(current, progress.conditions):
            severity = Severity.NORMAL if condition.is_true else Severity.WARNING
            self._recorder.record(reference(cluster), severity, condition.reason, condition.message)
        return stored


def next_status(current: Json, progress: Progress, facts: Json, *, generation: int, now: datetime) -> dict[str, Any]:
    """Return the fields that the status is to have; `current` is what it has."""
    before = {condition["type"]: condition for condition in current.get("conditions") or ()}
    conditions = [_condition(each, before.get(each.type), generation, now) for each in progress.conditions]
    return {**facts, "phase": str(progress.phase), "observedGeneration": generation, "conditions": conditions}


def news(current: Json, conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Yield what people who look at events should hear: what has another reason than before."""
    before = {condition["type"]: condition.get("reason") for condition in current.get("conditions") or ()}
    for condition in conditions:
        if condition.reason not in _QUIET and before.get(condition.type) != condition.reason:
            if condition.type in ("Accepted", "NodeReady") and condition.is_true:
                continue
            yield condition


def _condition(condition: Condition, before: Json | None, generation: int, now: datetime) -> dict[str, Any]:
    status = "True" if condition.is_true else "False"
    since = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    if before is not None and before.get("status") == status:
        since = before.get("lastTransitionTime") or since
    return {
        "type": condition.type,
        "status": status,
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }
