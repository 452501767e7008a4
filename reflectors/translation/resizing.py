"""Resizing a pod in place: other amounts of CPU and memory for containers that run on."""

from collections.abc import Iterable
from typing import Any

from reflectors.translation.applied import Part, Parts
from reflectors.translation.context import Context, Version
from reflectors.translation.json_values import Draft, Json, is_said_alike, listed, mapped
from reflectors.translation.refusal import Refusal
from reflectors.translation.writes import Patch

_SINCE = Version(1, 33)  # on by default, through a subresource


def parts_to_resize(changed: Iterable[Part], wanted: Parts, host: Json) -> frozenset[Part]:
    """Return those of the changed parts that are resources, and of another size than the host pod has."""
    return frozenset(part for part in changed if part[0] == "resources" and not _has(host, part, wanted[part]))


def resize(wanted: Parts, host: Json, parts: frozenset[Part], context: Context) -> Patch | None:
    if not parts or context.host_version < _SINCE:
        return None
    spec: Draft = {}
    for part in sorted(parts):
        if part == ("resources",):
            spec["resources"] = wanted[part]
        else:
            _, field, name = part
            spec.setdefault(field, []).append({"name": name, "resources": wanted[part]})
    body = {"metadata": {"uid": host["metadata"]["uid"]}, "spec": spec}
    return Patch(body, f"resized: {', '.join(map(_field, sorted(parts)))}", "resize")


def resize_refusals(parts: Iterable[Part], context: Context) -> list[Refusal]:
    """Return why these parts keep their size; empty if the host can resize."""
    if context.host_version >= _SINCE:
        return []
    why = f"the host is Kubernetes {context.host_version} and resizes pods that are there from {_SINCE} on"
    return [Refusal(_field(part), why, "delete the pod and create it anew") for part in sorted(parts)]


def _has(host: Json, part: Part, resources: Json) -> bool:
    """Whether the host pod has these; it may have more, such as a default of the host namespace."""
    actual = mapped(_holder(host["spec"], part), "resources")
    return all(
        is_said_alike(mapped(actual, kind).get(name), amount)
        for kind, amounts in resources.items()
        for name, amount in amounts.items()
    )


def _holder(spec: Json, part: Part) -> Json:
    if part == ("resources",):
        return spec
    _, field, name = part
    nothing: dict[str, Any] = {}
    return next((container for container in listed(spec, field) if container["name"] == name), nothing)


def _field(part: Part) -> str:
    return "spec.resources" if part == ("resources",) else f"spec.{part[1]}[{part[2]}].resources"
