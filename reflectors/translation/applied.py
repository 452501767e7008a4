"""What we set on a host pod and may have to change later, recorded on the pod itself.

Webhooks and controllers of the host change its pods too. What changed is therefore told by comparing what is wanted now
with what was applied last, not with what the pod looks like: what others did is left alone, and what the tenant took
away can be told from what others added. For each part that can change, a digest of the value is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from reflectors.translation.digests import digest
from reflectors.translation.json_values import Json, listed, mapped
from reflectors.translation.metadata import APPLIED

Part = tuple[str, ...]
"""("labels", "app"), ("images", "containers", "web"), ("tolerations",), ..."""

_CONTAINER_LISTS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Difference:
    changed: frozenset[Part]
    removed: frozenset[Part]

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


def parts(host: Json) -> dict[Part, object]:
    """Return what of a translated host pod is recorded: each part with its value."""
    spec, metadata = host["spec"], host["metadata"]
    found: dict[Part, object] = {("labels", key): value for key, value in mapped(metadata, "labels").items()}
    found |= {("annotations", key): value for key, value in mapped(metadata, "annotations").items() if key != APPLIED}
    in_spec: dict[Part, object] = {("tolerations",): spec.get("tolerations")}
    in_spec["activeDeadlineSeconds",] = spec.get("activeDeadlineSeconds")
    in_spec["resources",] = spec.get("resources")
    for containers in _CONTAINER_LISTS:
        for container in listed(spec, containers):
            in_spec["images", containers, container["name"]] = container.get("image")
            in_spec["resources", containers, container["name"]] = container.get("resources")
    return found | {part: value for part, value in in_spec.items() if value}


def record(parts: Mapping[Part, object]) -> str:
    """Return the text that remembers these parts."""
    return _encoded({"\t".join(part): _digest(value) for part, value in parts.items()})


def difference(wanted: Mapping[Part, object], host: Json) -> Difference:
    """Return which parts are not as they were applied last to `host`."""
    applied = _recorded(host)
    return Difference(
        changed=frozenset(part for part, value in wanted.items() if applied.get(part) != _digest(value)),
        removed=frozenset(applied.keys() - wanted.keys()),
    )


def _recorded(host: Json) -> dict[Part, str]:
    text = mapped(host["metadata"], "annotations").get(APPLIED, "")
    try:
        decoded = orjson.loads(text)
    except orjson.JSONDecodeError:  # somebody edited it: everything is applied again
        return {}
    if not isinstance(decoded, dict):
        return {}
    return {tuple(part.split("\t")): str(value) for part, value in decoded.items()}


def _digest(value: object) -> str:
    return digest(_encoded(value))


def _encoded(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
