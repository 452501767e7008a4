"""The status of a virtual pod, as that of its host pod has it.

Promises: the tenant sees its own containers only, under the virtual names of things; what the tenant's controllers set
is left alone; nothing is written that the virtual API server would drop, change back or refuse, so that a status that
was written once is not written again.
"""

from dataclasses import dataclass
from typing import Any

from reflectors.translation.container_statuses import FIELDS as CONTAINER_STATUSES
from reflectors.translation.container_statuses import container_statuses
from reflectors.translation.context import Context, Version
from reflectors.translation.json_values import Draft, Json, is_said_alike, mapped
from reflectors.translation.metadata import REFLECTED_CONDITION
from reflectors.translation.pod_conditions import PASSING, condition_patch, conditions, is_reflected
from reflectors.translation.wording import in_virtual_words

# Each with the Kubernetes release that has it on by default: an older virtual API server would drop it.
_ALWAYS = Version(1, 0)
COPIED = {
    "allocatedResources": Version(1, 36),
    "hostIP": _ALWAYS,
    "hostIPs": Version(1, 29),
    "message": _ALWAYS,
    "phase": _ALWAYS,
    "podIP": _ALWAYS,
    "podIPs": _ALWAYS,
    "reason": _ALWAYS,
    "resize": Version(1, 27),
    "resources": Version(1, 36),
    "startTime": _ALWAYS,
}
COMPUTED = {
    "conditions": "those of the host's Kubernetes; readiness gates and others' own stay",
    "nominatedNodeName": "the virtual node that the pod is on, while the host makes room for it",
    "observedGeneration": "of the virtual pod, once the host has seen all of it",
}
LEFT_OUT = {
    "extendedResourceClaimStatus": "names a claim on the host",
    "nodeAllocatableResourceClaimStatuses": "names a claim on the host",
    "qosClass": "the virtual API server computes it when the pod is created, and refuses another",
    "resourceClaimStatuses": "names claims on the host",
}
_OBSERVED_GENERATION_SINCE = Version(1, 34)

# A strategic merge would merge these into what is there.
_MERGED_LISTS = frozenset({"hostIPs", "podIPs"})
_MERGED_MAPS = frozenset({"allocatedResources", "resources"})


@dataclass(frozen=True, slots=True)
class _Generations:
    """How far each side has counted; 0 where it does not count."""

    virtual: int
    host: int
    in_line: bool

    def seen(self, observed: int | None, before: int | None) -> int | None:
        """Return the virtual generation that was seen when the host had seen `observed`; `before` if none is new."""
        return self.virtual if self.in_line and (observed or 0) >= self.host else before


def status_patch(virtual: Json, host: Json, context: Context, *, in_line: bool) -> Draft | None:
    """Return the patch that gives the virtual pod its host pod's status; None when it has it.

    `in_line`: whether the host pod has all that the virtual pod's spec and metadata ask for.
    """
    current, wanted = mapped(virtual, "status"), _plain_status(virtual, host, context)
    changed = {
        field: _replacement(field, wanted.get(field))
        for field in (*COPIED, *CONTAINER_STATUSES, "nominatedNodeName")
        if not is_said_alike(current.get(field), wanted.get(field))
    }
    generations = _generations(virtual, host, context, in_line=in_line)
    before, observed = current.get("observedGeneration"), mapped(host, "status").get("observedGeneration")
    if generations and generations.seen(observed, before) != before:
        changed["observedGeneration"] = generations.virtual
    changed_conditions = _changed_conditions(virtual, host, context, generations)
    if changed_conditions:
        changed["conditions"] = changed_conditions
    return {"metadata": {"uid": virtual["metadata"]["uid"]}, "status": changed} if changed else None


def _plain_status(virtual: Json, host: Json, context: Context) -> Draft:
    status, version = mapped(host, "status"), context.virtual_version
    wanted: Draft = {field: status.get(field) for field, since in COPIED.items() if version >= since}
    wanted |= {field: container_statuses(field, virtual, host, version) for field in CONTAINER_STATUSES}
    if status.get("nominatedNodeName"):
        wanted["nominatedNodeName"] = virtual["spec"].get("nodeName")
    reworded: Draft = in_virtual_words(wanted, virtual, host, context)
    return reworded


def _replacement(field: str, value: Any) -> Any:
    """Return what a patch has to say for `value` to replace what is there."""
    if field in _MERGED_LISTS and value:
        return [{"$patch": "replace"}, *value]
    if field in _MERGED_MAPS and value:
        return {"$patch": "replace", **value}
    return value or None


def _generations(virtual: Json, host: Json, context: Context, *, in_line: bool) -> _Generations | None:
    """Return how the two sides' generations relate; None if the virtual cluster does not observe them."""
    generation = virtual["metadata"].get("generation")
    if not generation or context.virtual_version < _OBSERVED_GENERATION_SINCE:
        return None
    counts = context.host_version >= _OBSERVED_GENERATION_SINCE
    return _Generations(generation, host["metadata"].get("generation") or 0 if counts else 0, in_line)


def _changed_conditions(virtual: Json, host: Json, context: Context, generations: _Generations | None) -> list[Draft]:
    current = conditions(virtual)
    wanted = {
        name: _virtual_condition(condition, current.get(name, {}), generations)
        for name, condition in in_virtual_words(conditions(host), virtual, host, context).items()
        if is_reflected(name, virtual)
    }
    over = {name for name in current if name not in wanted and (name in PASSING or name == REFLECTED_CONDITION)}
    patches = (condition_patch(wanted.get(name), current.get(name)) for name in [*wanted, *sorted(over)])
    return [patch for patch in patches if patch]


def _virtual_condition(condition: Json, before: Json, generations: _Generations | None) -> Draft:
    """Return a host pod's condition as one of the virtual pod, which never forgets a generation that it has seen."""
    virtual: Draft = {field: value for field, value in condition.items() if field != "observedGeneration"}
    seen = before.get("observedGeneration")
    if generations and "observedGeneration" in condition:
        seen = generations.seen(condition["observedGeneration"], seen)
    return virtual | ({"observedGeneration": seen} if seen else {})
