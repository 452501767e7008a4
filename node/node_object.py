"""The writes that make a Node say what a `VirtualNode` says, and leave alone what it does not speak of.

Which labels and taints are ours, and whether we cordoned the Node, is recorded in an annotation of it, so that they can
be taken back without touching the tenant's. Promises: pure; nothing is written when nothing differs and the last report
is young; a write that depends on what was read fails if that has changed meanwhile; conditions and status fields that
others keep survive; what others wrote into ours does not.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from kube.objects import Object
from kube.resources import NODES
from node.capacity import write_resources
from node.host import Taint
from node.virtual_node import READY, Verdict, VirtualNode

RECORD = "k3k.io/registered"

# A Node is reported at least every five minutes, as kubelets do; the rest is time for a write that does not succeed
# at once.
REPORT_SECONDS = 270.0

# The API server adds it to each new Node. The node lifecycle controller takes it away when it sees that the Node is
# ready, which takes seconds in a cluster that has just begun, and costs the pods that wait a back-off of the scheduler.
_ADMITTED = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}

Json = dict[str, Any]

# What the tenant adds to these would only lead pods astray: the host has it not.
_OURS_ALONE = frozenset({"capacity", "allocatable"})


@dataclass(frozen=True, slots=True)
class Create:
    body: Json


@dataclass(frozen=True, slots=True)
class Patch:
    """A merge patch; its resourceVersion is what was read."""

    body: Json


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """A merge patch of the status; its resourceVersion is what was read."""

    body: Json


@dataclass(frozen=True, slots=True)
class Delete:
    uid: str


Write = Create | Patch | PatchStatus | Delete


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a Node is ours."""

    labels: tuple[str, ...] = ()
    taints: tuple[tuple[str, str], ...] = ()  # key and effect: what tells taints apart
    cordon: bool = False


def next_write(current: Object | None, wanted: VirtualNode | None, now: datetime) -> Write | None:
    """The write that brings the Node nearer to `wanted`; None when they agree."""
    if wanted is None:
        return Delete(current.uid) if current is not None and is_registered(current) else None
    if current is None:
        return Create(_new_node(wanted, now))
    if patch := _object_patch(current, wanted):
        return Patch(_with_version(current, patch))
    if status := _status_patch(current, wanted, now):
        return PatchStatus(_with_version(current, {"status": status}))
    return None


def report_in(current: Object, now: datetime) -> float:
    """Seconds until the Node has to be reported again, changed or not."""
    ready = next((found for found in _conditions(current.decode("status") or {}) if found.get("type") == READY), {})
    age = _age(ready.get("lastHeartbeatTime"), now)
    return 0.0 if age is None else max(0.0, REPORT_SECONDS - age)


def is_registered(node: Object) -> bool:
    """Whether we made this Node, or took it over."""
    return RECORD in node.metadata.annotations


def _new_node(wanted: VirtualNode, now: datetime) -> Json:
    """With its status, so that it is ready from the first moment."""
    spec: Json = {"taints": [msgspec.to_builtins(taint) for taint in wanted.taints]} if wanted.taints else {}
    if wanted.is_cordoned:
        spec["unschedulable"] = True
    return {
        "apiVersion": NODES.api_version,
        "kind": NODES.kind,
        "metadata": {
            "name": wanted.name,
            "labels": _labels(wanted),
            "annotations": {RECORD: _written(_record_of(wanted, Record()))},
        },
        "spec": spec,
        "status": {**_filled(dict(_status(wanted))), "conditions": _stamped([], wanted.conditions, now)},
    }


def _object_patch(current: Object, wanted: VirtualNode) -> Json:
    before = _read_record(current)
    after = _record_of(wanted, before)
    labels, annotations = current.metadata.labels, current.metadata.annotations
    metadata: Json = {
        "labels": _map_patch(labels, _labels(wanted), obsolete=set(before.labels) - set(after.labels)),
        "annotations": _map_patch(annotations, {RECORD: _written(after)}),
    }
    return _filled({"metadata": _filled(metadata), "spec": _spec_patch(current, wanted, before)})


def _spec_patch(current: Object, wanted: VirtualNode, before: Record) -> Json:
    spec = current.decode("spec") or {}
    patch: Json = {}
    taints = spec.get("taints") or []
    is_ready = any(told.type == READY and told.status == "True" for told in wanted.conditions)
    merged = _merged_taints([taint for taint in taints if not (is_ready and taint == _ADMITTED)], wanted.taints, before)
    if merged != taints:
        patch["taints"] = merged
    is_cordoned = bool(spec.get("unschedulable"))
    if wanted.is_cordoned and not is_cordoned:
        patch["unschedulable"] = True
    elif is_cordoned and before.cordon and not wanted.is_cordoned:
        patch["unschedulable"] = None
    return patch


def _merged_taints(current: Sequence[Json], wanted: Sequence[Taint], before: Record) -> list[Json]:
    """What others set stays, and first; ours that are there already stay as they are, with the time they were added."""
    missing = {(taint.key, taint.effect): taint for taint in wanted}
    merged: list[Json] = []
    for found in current:
        name = (found["key"], found["effect"])
        ours = missing.get(name)
        if ours is None:
            if name not in before.taints:
                merged.append(found)
        elif ours.value == found.get("value", ""):
            merged.append(found)
            del missing[name]
    return [*merged, *(msgspec.to_builtins(taint) for taint in missing.values())]


def _status_patch(current: Object, wanted: VirtualNode, now: datetime) -> Json:
    """What differs, and with it (or when the last report is old) the conditions as a fresh report."""
    status = current.decode("status") or {}
    differing = dict(_status_differences(status, wanted))
    conditions = _conditions(status)
    if not differing and _agree(conditions, wanted.conditions) and report_in(current, now) > 0:
        return {}
    return {**differing, "conditions": _stamped(conditions, wanted.conditions, now)}


def _status_differences(status: Json, wanted: VirtualNode) -> Iterator[tuple[str, Any]]:
    for name, value in _status(wanted):
        found = status.get(name)
        if isinstance(value, list):
            if (found or []) != value:
                yield name, value or None
            continue
        obsolete = set(found or {}) - set(value) if name in _OURS_ALONE else set()
        if patch := _map_patch(found or {}, value, obsolete=obsolete):
            yield name, patch


def _status(wanted: VirtualNode) -> Iterator[tuple[str, Any]]:
    yield "addresses", [msgspec.to_builtins(address) for address in wanted.addresses]
    yield "daemonEndpoints", {"kubeletEndpoint": {"Port": wanted.kubelet_port}}
    yield "declaredFeatures", sorted(wanted.declared_features)
    if wanted.facts is not None:
        yield "nodeInfo", dict(wanted.facts.info)
        yield "capacity", write_resources(wanted.facts.room.capacity)
        yield "allocatable", write_resources(wanted.facts.room.allocatable)


def _conditions(status: Json) -> list[Json]:
    return status.get("conditions") or []


def _agree(current: Sequence[Json], verdicts: Sequence[Verdict]) -> bool:
    said = {found["type"]: (found["status"], found.get("reason", ""), found.get("message", "")) for found in current}
    return all(said.get(one.type) == (one.status, one.reason, one.message) for one in verdicts)


def _stamped(current: Sequence[Json], verdicts: Sequence[Verdict], now: datetime) -> list[Json]:
    """The conditions of others as they are, then ours as of now."""
    before = {found["type"]: found for found in current}
    ours = {one.type for one in verdicts}
    others = [found for found in current if found["type"] not in ours]
    return [*others, *(_condition(one, before.get(one.type, {}), now) for one in verdicts)]


def _condition(verdict: Verdict, before: Json, now: datetime) -> Json:
    since = before.get("lastTransitionTime") if before.get("status") == verdict.status else None
    return {
        "type": verdict.type,
        "status": verdict.status,
        "reason": verdict.reason,
        "message": verdict.message,
        "lastHeartbeatTime": _time(now),
        "lastTransitionTime": since or _time(now),
    }


def _labels(wanted: VirtualNode) -> Mapping[str, str]:
    return wanted.labels if wanted.facts is None else {**wanted.labels, **wanted.facts.labels}


def _record_of(wanted: VirtualNode, before: Record) -> Record:
    labels = set(_labels(wanted))
    if wanted.facts is None:
        labels |= set(before.labels)  # which of them are still true only the host can tell
    taints = sorted((taint.key, taint.effect) for taint in wanted.taints)
    return Record(tuple(sorted(labels)), tuple(taints), wanted.is_cordoned)


def _read_record(node: Object) -> Record:
    """Nothing is ours as far as we know if the tenant has written something else there."""
    try:
        return msgspec.json.decode(node.metadata.annotations.get(RECORD, "{}"), type=Record)
    except msgspec.DecodeError:
        return Record()


def _written(record: Record) -> str:
    return msgspec.json.encode(record).decode()


def _map_patch(
    current: Mapping[str, Any], wanted: Mapping[str, Any], *, obsolete: Collection[str] = ()
) -> dict[str, Any]:
    """A merge patch that sets what differs and removes what is obsolete."""
    changed = {name: value for name, value in wanted.items() if current.get(name) != value}
    return {**changed, **{name: None for name in obsolete if name in current and name not in wanted}}


def _filled(parts: Json) -> Json:
    return {name: part for name, part in parts.items() if part}


def _with_version(current: Object, patch: Json) -> Json:
    return {**patch, "metadata": {**patch.get("metadata", {}), "resourceVersion": current.resource_version}}


def _age(moment: object, now: datetime) -> float | None:
    """Seconds since a time that an API server holds; None for what is none of ours: unreadable, or in the future."""
    try:
        age = (now - datetime.fromisoformat(str(moment))).total_seconds()
    except ValueError:
        return None
    return age if age > -1 else None  # times are kept in whole seconds


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
