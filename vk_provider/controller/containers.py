"""What the pods of a control plane have in common: their rights, what they ask of a node, and of which one."""

from collections.abc import Mapping, Sequence
from typing import Any

from kube.quantities import parse_quantity
from reflectors.translation.json_values import Draft, Json, fresh, mapped

USER = 65532  # nobody's number on any host


def pod_security(asked_for: Json | None) -> Draft:
    """Return a pod's security context: what the strictest Pod Security Standard demands, where nothing else is said."""
    default: Draft = {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return _overridden(default, asked_for)


def container_security(asked_for: Json | None) -> Draft:
    default: Draft = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    if asked_for and asked_for.get("privileged"):
        default = {}  # contradicts each of these
    return _overridden(default, asked_for)


def resources(requests: Mapping[str, str], limits: Json, asked_for: Json | None) -> Draft:
    """Return a container's resources: as asked for, and for what nothing is said our own requests.

    Without requests a quota would refuse the pod; they are never more than the limits.
    """
    said = asked_for or {}
    limits = mapped(said, "limits") or limits
    own = {name: _least(request, limits.get(name)) for name, request in requests.items()}
    wanted: Draft = {"requests": own | dict(mapped(said, "requests"))}
    return wanted | ({"limits": dict(limits)} if limits else {})


def _overridden(default: Draft, asked_for: Json | None) -> Draft:
    said = dict(asked_for or {})
    if said.get("runAsUser") == 0 and "runAsNonRoot" not in said:
        default = {key: value for key, value in default.items() if key != "runAsNonRoot"}
    return {**default, **said}


def _least(request: str, limit: Any) -> str:
    if limit is None:
        return request
    return request if parse_quantity(request) <= parse_quantity(str(limit)) else str(limit)


def apart(labels: Json) -> Draft:
    """Return the affinity of pods with these labels that would rather be on different nodes."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def environment(given: Sequence[Json] = ()) -> list[Draft]:
    """Return who the pod is, and what the spec says besides, which counts where both name the same."""
    fields = {"POD_NAME": "metadata.name", "POD_IP": "status.podIP"}
    said = {each.get("name") for each in given}
    own = [
        {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
        for name, path in fields.items()
        if name not in said
    ]
    return [*own, *map(fresh, given)]
