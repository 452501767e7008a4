"""Pods in rows: what a person wants to know of each at a glance."""

from collections.abc import Sequence

from vk_provider.cli.host_sights import Json
from vk_provider.cli.output import age, table


def pod_lines(pods: Sequence[Json]) -> list[str]:
    """Return a line each, servers first, with what the columns are."""
    rows = sorted(([*_row(pod)] for pod in pods), key=lambda row: (not _is_server(row[0]), row[0]))
    return table([["POD", "STATE", "READY", "RESTARTS", "NODE", "AGE"], *rows]) if rows else ["none"]


def _row(pod: Json) -> Sequence[str]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    ready = sum(1 for container in containers if container.get("ready"))
    restarts = sum(container.get("restartCount", 0) for container in containers)
    spec = pod.get("spec") or {}
    total = len(spec.get("containers") or containers)
    node = spec.get("nodeName") or "none yet"
    return metadata["name"], _state(pod), f"{ready}/{total}", str(restarts), node, age(metadata["creationTimestamp"])


def _state(pod: Json) -> str:
    """Return why it waits, if it does, or else its phase."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason = ((container.get("state") or {}).get("waiting") or {}).get("reason")
        if reason:
            return str(reason)
    return str(status.get("phase") or "Unknown")


def _is_server(name: str) -> bool:
    return "-server-" in name
