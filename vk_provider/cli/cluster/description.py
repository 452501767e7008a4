"""The text of `vkp cluster describe`, made of what the host shows."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any

from vk_provider.cli.cluster_columns import part, phase, version
from vk_provider.cli.host_sights import HostSight, Json, when
from vk_provider.cli.host_troubles import host_troubles
from vk_provider.cli.output import age, table
from vk_provider.cli.pod_lines import pod_lines
from vk_provider.cli.verdicts import conditions_told
from vk_provider.controller.names import Names

MOST_EVENTS = 20
LONGEST_EVENT = 160
_MARKS = {True: "True", False: "False", None: "Unknown"}


def description(sight: HostSight) -> Iterator[str]:
    """Yield its lines."""
    yield from table([[f"{name}:", value] for name, value in _facts(sight.cluster) if value])
    sections = {
        "Asked for": [*_spec(part(sight.cluster, "spec") or {})],
        "Conditions": [*_conditions(sight.cluster)],
        "Pods": pod_lines(sight.of("Pod")),
        "Services": [*_services(sight.of("Service"))],
        "Volumes": [*_claims(sight.of("PersistentVolumeClaim"))],
        "Problems": host_troubles(sight),
        "Events": [*_events(sight.events)],
    }
    for title, lines in sections.items():
        yield ""
        yield f"{title}:"
        yield from (f"  {line}" for line in lines or ["none"])
    if sight.hidden:
        yield ""
        yield f"Not to be seen with these rights: {', '.join(sight.hidden)}"


def _facts(cluster: Json) -> Iterator[tuple[str, str]]:
    metadata = cluster["metadata"]
    yield "Name", metadata["name"]
    yield "Namespace", metadata["namespace"]
    yield "Labels", _pairs(metadata.get("labels") or {})
    yield "Annotations", _pairs(metadata.get("annotations") or {})
    yield "Age", age(metadata.get("creationTimestamp"))
    yield "Status", phase(cluster)
    yield "Mode", str(part(cluster, "spec", "mode") or "shared")
    yield "Version", version(cluster)
    yield "Endpoint", str(part(cluster, "status", "endpoint") or "")
    yield "Certificate for", ", ".join(part(cluster, "status", "tlsSANs") or [])
    yield "Policy", str(part(cluster, "status", "policyName") or "")
    yield "Kubeconfig", f"Secret {Names(metadata['name'], metadata['namespace']).kubeconfig}"


def _spec(spec: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield a line for each field that is set."""
    for name, value in spec.items():
        if isinstance(value, Mapping):
            yield from _spec(value, f"{path}{name}.")
            if not value:
                yield f"{path}{name}: defaults"
        elif value not in ("", [], None):
            yield f"{path}{name}: {_told(value)}"


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value)
    if isinstance(value, Mapping):
        return _pairs(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _conditions(cluster: Json) -> Iterator[str]:
    for kind, holds, said in conditions_told(cluster):
        yield f"{kind}: {_MARKS[holds]}" + (f", {said}" if said else "")


def _services(services: Sequence[Json]) -> Iterator[str]:
    rows = [
        [
            service["metadata"]["name"],
            str(part(service, "spec", "type") or ""),
            str(part(service, "spec", "clusterIP") or ""),
            ", ".join(_port(port) for port in part(service, "spec", "ports") or []),
        ]
        for service in services
    ]
    yield from table(rows) if rows else ()


def _port(port: Mapping[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node_port}/{port.get('protocol', 'TCP')}"


def _claims(claims: Sequence[Json]) -> Iterator[str]:
    rows = [
        [
            claim["metadata"]["name"],
            str(part(claim, "status", "phase") or "Unknown"),
            str(part(claim, "status", "capacity", "storage") or ""),
            str(part(claim, "spec", "storageClassName") or ""),
        ]
        for claim in claims
    ]
    yield from table(rows) if rows else ()


def _events(events: Sequence[Json]) -> Iterator[str]:
    rows = [
        [
            age(when(event)),
            str(event.get("type") or ""),
            f"{part(event, 'involvedObject', 'kind')}/{part(event, 'involvedObject', 'name')}",
            str(event.get("reason") or ""),
            shorten(str(event.get("message") or ""), LONGEST_EVENT, placeholder=" ..."),
        ]
        for event in events[:MOST_EVENTS]
    ]
    yield from table(rows) if rows else ()


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_told(value)}" for key, value in values.items())
