"""What there is to say about a pod of which both sides have been seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reflectors.translation import pod_writes
from reflectors.translation.context import Context
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.metadata import recorded
from reflectors.translation.pod_spec import KIND as POD
from reflectors.translation.writes import Create, Delete, Patch, PatchStatus, Refuse

LEASE_SECONDS = 40  # after which Kubernetes holds a node for dead
MOST_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Leaning:
    """Something that the pod refers to."""

    kind: str
    name: str
    host_name: str
    optional: bool
    is_virtual: bool
    is_on_host: bool


@dataclass(frozen=True, slots=True)
class Seen:
    context: Context
    virtual: Json
    host: Json | None
    leanings: Sequence[Leaning]
    events: Sequence[Json]  # on the virtual pod
    lease: Json | None  # of the virtual node


@dataclass(frozen=True, slots=True)
class Explanation:
    lines: Sequence[str]
    is_well: bool  # nothing is missing or still to be done


def explanation(seen: Seen, *, now: datetime) -> Explanation:
    pending = _pending(seen, now)
    missing = [each for each in seen.leanings if not each.is_on_host and not each.optional]
    provider, is_alive = _provider(seen.lease, now)
    sections = {
        "": [*_both_sides(seen)],
        "leans on": [_leans(each) for each in seen.leanings],
        "still to be done": pending,
        "lag": [*_lag(seen)],
        "provider": [provider],
        "last errors": _errors(seen.events),
    }
    lines = []
    for title, content in sections.items():
        if title:
            lines.append(f"{title}: {'' if content else 'nothing'}".rstrip())
        lines += [f"  {line}" if title else line for line in content]
    return Explanation(lines, is_well=not pending and not missing and is_alive)


def _both_sides(seen: Seen) -> Iterator[str]:
    metadata, spec = seen.virtual["metadata"], seen.virtual["spec"]
    node = spec.get("nodeName") or "no node yet"
    yield f"Pod {metadata['namespace']}/{metadata['name']}: {_state(seen.virtual)}, on {node}"
    name = seen.context.host_name(POD, metadata["namespace"], metadata["name"])
    where = f"on the host {seen.context.host_namespace}/{name}"
    if seen.host is None:
        yield f"  {where}: not there"
        return
    owner = recorded(seen.host, POD, seen.context)
    if owner is None:
        yield f"  {where}: somebody else's pod"
    elif owner.uid != metadata["uid"]:
        yield f"  {where}: still its predecessor's pod, {_state(seen.host)}"
    else:
        host_node = seen.host["spec"].get("nodeName") or "no node yet"
        yield f"  {where}: {_state(seen.host)}, on {host_node}"


def _state(pod: Json) -> str:
    status = mapped(pod, "status")
    phase = "Terminating" if pod["metadata"].get("deletionTimestamp") else status.get("phase") or "Unknown"
    waiting = [
        f"{container['name']} {state['waiting'].get('reason', 'waiting')}"
        for container in (*listed(status, "initContainerStatuses"), *listed(status, "containerStatuses"))
        if (state := mapped(container, "state")).get("waiting")
    ]
    return ", ".join([phase, *waiting])


def _leans(leaning: Leaning) -> str:
    line = f"{leaning.kind} {leaning.name} -> {leaning.host_name}: "
    if leaning.is_on_host:
        return line + "there"
    missing = "missing on the host" if leaning.is_virtual else "missing in the virtual cluster"
    return line + missing + (", but optional" if leaning.optional else "")


def _pending(seen: Seen, now: datetime) -> list[str]:
    """What the provider would write next, were it us."""
    if not seen.virtual["spec"].get("nodeName"):
        return ["the virtual scheduler has not found a node for it"]
    write = pod_writes.next_host_write(seen.virtual, seen.host, seen.context)
    refused = write if isinstance(write, Refuse) else None
    match write:
        case Create():
            return ["create the host pod"]
        case Patch(_, why, _) | Delete(_, _, why):
            return [f"{'patch' if isinstance(write, Patch) else 'delete'} the host pod: {why}"]
    at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    back = pod_writes.next_virtual_write(seen.virtual, seen.host, seen.context, refused, now=at)
    told = [f"{refused.reason}: {refused.message}"] if refused else []
    if isinstance(back, PatchStatus):
        return [*told, f"patch the virtual pod's status: {back.why}"]
    return [*told, *(["take the virtual pod away"] if back is not None else [])]


def _lag(seen: Seen) -> Iterator[str]:
    if seen.host is None:
        return
    virtual, host = (_time(pod["metadata"].get("creationTimestamp")) for pod in (seen.virtual, seen.host))
    if virtual and host:
        yield f"created on the host {max(0, (host - virtual).total_seconds()):.0f} s after the virtual pod"


def _provider(lease: Json | None, now: datetime) -> tuple[str, bool]:
    renewed = _time(mapped(lease, "spec").get("renewTime")) if lease is not None else None
    if renewed is None:
        return "the node has no lease that can be seen", False
    age = (now - renewed).total_seconds()
    alive = age < LEASE_SECONDS
    return f"{'alive' if alive else 'silent'}, its node's lease was renewed {age:.0f} s ago", alive


def _errors(events: Sequence[Json]) -> list[str]:
    warnings = [event for event in events if event.get("type") == "Warning"]
    warnings.sort(key=lambda event: _when(event) or "", reverse=True)
    return [f"{_when(each)} {each.get('reason')}: {each.get('message')}" for each in warnings[:MOST_ERRORS]]


def _when(event: Json) -> Any:
    return event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
