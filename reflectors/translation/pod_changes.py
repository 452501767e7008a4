"""Bringing a host pod in line with a virtual pod that was changed: everything that Kubernetes lets change on a pod.

Promises: what others did to the host pod stays; only what the tenant changed is written, so no container is restarted
because a webhook had given it another image. One write at a time, in an order in which a later one may count on an
earlier: metadata and plain fields, ephemeral containers, resources, conditions of readiness gates.
"""

from collections.abc import Iterable
from typing import Any

from reflectors.translation.applied import Difference, Part, Parts, difference, record_after
from reflectors.translation.context import Context, Version
from reflectors.translation.json_values import Draft, Json, listed
from reflectors.translation.metadata import APPLIED
from reflectors.translation.pod_conditions import condition_patch, conditions, gates
from reflectors.translation.pod_parts import CONTAINER_LISTS, changeable_parts
from reflectors.translation.pod_spec import translated
from reflectors.translation.refusal import Refusal, refuse
from reflectors.translation.refusals import refusals
from reflectors.translation.resizing import parts_to_resize, resize, resize_refusals
from reflectors.translation.waiting import missing_support
from reflectors.translation.writes import Patch, Refuse

_EPHEMERAL_CONTAINERS_IN_PODS_SINCE = Version(1, 22)  # before, their subresource had a kind of its own


def next_change(virtual: Json, host: Json, context: Context) -> Patch | Refuse | None:
    """Return the next write that brings `host`, which is this pod's own, in line; None when they agree."""
    wanted = changeable_parts(virtual, context)
    changes = difference(wanted, host)
    to_resize = parts_to_resize(changes.changed, wanted, host)
    added = _added_ephemeral_containers(virtual, host)
    blocked = _blocked(virtual, added, context) if added else []
    return (
        _plain_change(wanted, changes, host, to_resize)
        or _ephemeral_containers(virtual, host, _not_blocked(added, blocked), context)
        or resize(wanted, host, to_resize, context)
        or _gate_conditions(virtual, host)
        or refuse([*blocked, *resize_refusals(to_resize, context)])
    )


def _plain_change(wanted: Parts, changes: Difference, host: Json, left_to_resize: frozenset[Part]) -> Patch | None:
    """Labels, annotations, images, tolerations, the deadline: one patch, with the new record."""
    changed, removed = changes.changed - left_to_resize, changes.removed
    if not changed and not removed:
        return None
    metadata: Draft = {"uid": host["metadata"]["uid"], "labels": {}, "annotations": {}}
    for kind, *key in changed | removed:
        if kind in {"labels", "annotations"}:
            metadata[kind][key[0]] = wanted.get((kind, *key))  # null takes it away
    metadata["annotations"][APPLIED] = record_after(wanted, host, except_for=left_to_resize)
    spec = _images(changed, wanted, host) | _deadline(changed, wanted, host)
    tolerations = _tolerations(changed, wanted, host)
    if tolerations:  # a list that is replaced as a whole, so nobody may have changed it meanwhile
        metadata["resourceVersion"] = host["metadata"]["resourceVersion"]
    why = f"changed: {', '.join(sorted({part[0] for part in changed | removed}))}"
    return Patch({"metadata": metadata, "spec": spec | tolerations}, why)


def _images(changed: Iterable[Part], wanted: Parts, host: Json) -> Draft:
    present = {(field, container["name"]) for field in CONTAINER_LISTS for container in listed(host["spec"], field)}
    spec: Draft = {}
    for kind, *where in sorted(changed):
        if kind == "image" and tuple(where) in present:
            field, name = where
            spec.setdefault(field, []).append({"name": name, "image": wanted[kind, field, name]})
    return spec


def _deadline(changed: Iterable[Part], wanted: Parts, host: Json) -> Draft:
    """The deadline may only come nearer: where somebody on the host has set a nearer one, that stays."""
    deadline = wanted.get(("activeDeadlineSeconds",))
    current = host["spec"].get("activeDeadlineSeconds")
    if ("activeDeadlineSeconds",) not in changed or (current is not None and current <= deadline):
        return {}
    return {"activeDeadlineSeconds": deadline}


def _tolerations(changed: Iterable[Part], wanted: Parts, host: Json) -> Draft:
    """Tolerations may only be added, or last for another time: those that others added on the host stay."""
    if ("tolerations",) not in changed:
        return {}
    current = [dict(toleration) for toleration in listed(host["spec"], "tolerations")]
    asked = wanted[("tolerations",)]
    merged = list({_what_is_tolerated(each): each for each in [*current, *asked]}.values())
    return {"tolerations": merged} if merged != current else {}


def _what_is_tolerated(toleration: Json) -> tuple[Any, ...]:
    return tuple(toleration.get(field) or "" for field in ("key", "operator", "value", "effect"))


def _added_ephemeral_containers(virtual: Json, host: Json) -> dict[str, str]:
    """Return the names of those that the host pod does not have yet, each with its field."""
    present = {container["name"] for container in listed(host["spec"], "ephemeralContainers")}
    return {
        container["name"]: f"spec.ephemeralContainers[{index}]"
        for index, container in enumerate(listed(virtual["spec"], "ephemeralContainers"))
        if container["name"] not in present
    }


def _blocked(virtual: Json, added: dict[str, str], context: Context) -> list[Refusal]:
    reasons = [*refusals(virtual, context), *missing_support(virtual)]
    return [reason for reason in reasons if reason.field.startswith(tuple(added.values()))]


def _not_blocked(added: dict[str, str], blocked: Iterable[Refusal]) -> list[str]:
    return [name for name, field in added.items() if not any(reason.field.startswith(field) for reason in blocked)]


def _ephemeral_containers(virtual: Json, host: Json, names: list[str], context: Context) -> Patch | None:
    if not names:
        return None
    added = [each for each in translated(virtual, context).ephemeral_containers if each["name"] in names]
    content: Draft = {"ephemeralContainers": added}
    if context.host_version >= _EPHEMERAL_CONTAINERS_IN_PODS_SINCE:
        content = {"spec": content}
    body = {"metadata": {"uid": host["metadata"]["uid"]}} | content
    return Patch(body, f"added: ephemeral containers {', '.join(names)}", "ephemeralcontainers")


def _gate_conditions(virtual: Json, host: Json) -> Patch | None:
    """Show the tenant's readiness gates to the host's kubelet."""
    wanted, current = conditions(virtual), conditions(host)
    patches = (condition_patch(_said(wanted.get(gate)), _said(current.get(gate))) for gate in sorted(gates(virtual)))
    changed = [patch for patch in patches if patch]
    if not changed:
        return None
    body = {"metadata": {"uid": host["metadata"]["uid"]}, "status": {"conditions": changed}}
    return Patch(body, f"changed: conditions {', '.join(each['type'] for each in changed)}", "status")


def _said(condition: Json | None) -> Draft | None:
    """Return what a condition says; of which generation it says so differs between the two sides."""
    return {field: value for field, value in condition.items() if field != "observedGeneration"} if condition else None
