"""Objects of `metrics.k8s.io/v1beta1`, alone, in lists and as tables. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.metrics_server.usage import Storage, Usage, earliest

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
API_VERSION = f"{GROUP}/{VERSION}"
KINDS = {"nodes": "NodeMetrics", "pods": "PodMetrics"}
AS_TABLE = "as=Table"  # in the Accept header of whoever prints columns

Body = Mapping[str, Any]


def discovery(path: str) -> Body | None:
    """What is served; None at paths that have nothing to do with that."""
    version = {"groupVersion": API_VERSION, "version": VERSION}
    group = {"name": GROUP, "versions": [version], "preferredVersion": version}
    resources = [
        {"name": plural, "singularName": "", "namespaced": plural == "pods", "kind": kind, "verbs": ["get", "list"]}
        for plural, kind in KINDS.items()
    ]
    served: dict[str, Body] = {
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]},
        f"/apis/{GROUP}": {"kind": "APIGroup", "apiVersion": "v1", **group},
        f"/apis/{API_VERSION}": {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": API_VERSION,
            "resources": resources,
        },
    }
    return served.get(path)


def metrics(plural: str, objects: Iterable[Body], storage: Storage) -> list[Body]:
    """What these nodes or pods use, as far as that is known."""
    make = _node if plural == "nodes" else _pod
    return [found for each in objects if (found := make(each, storage)) is not None]


def listed(plural: str, items: Sequence[Body]) -> Body:
    return {"kind": f"{KINDS[plural]}List", "apiVersion": API_VERSION, "metadata": {}, "items": items}


def table(items: Sequence[Body]) -> Body:
    """What `kubectl get` prints."""
    names = ("Name", "cpu", "memory", "Window")
    formats = ("name", "quantity", "quantity", "duration")
    columns = [{"name": name, "type": "string", "format": form} for name, form in zip(names, formats, strict=True)]
    rows = [{"cells": _cells(item), "object": item} for item in items]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [{**column, "description": "", "priority": 0} for column in columns],
        "rows": rows,
    }


def status(code: int, reason: str, message: str) -> Body:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _node(node: Body, storage: Storage) -> Body | None:
    usage = storage.of_node(node["metadata"]["name"])
    return None if usage is None else {**_head("nodes", node, usage), "usage": _resources(usage)}


def _pod(pod: Body, storage: Storage) -> Body | None:
    metadata = pod["metadata"]
    containers = storage.of_pod((metadata["namespace"], metadata["name"]))
    if not containers or pod["status"].get("phase") != "Running":
        return None
    told = [{"name": name, "usage": _resources(usage)} for name, usage in sorted(containers.items())]
    return {**_head("pods", pod, earliest(containers.values())), "containers": told}


def _head(plural: str, of: Body, usage: Usage) -> dict[str, Any]:
    at = f"{datetime.fromtimestamp(usage.at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    kept = {name: of["metadata"][name] for name in ("name", "namespace", "labels") if name in of["metadata"]}
    return {
        "kind": KINDS[plural],
        "apiVersion": API_VERSION,
        "metadata": {**kept, "creationTimestamp": at},
        "timestamp": at,
        "window": f"{usage.window:.3f}s",
    }


def _resources(usage: Usage) -> dict[str, str]:
    return {"cpu": f"{usage.nanocores}n", "memory": str(usage.memory)}


def _cells(item: Body) -> list[str]:
    parts = [each["usage"] for each in item["containers"]] if "containers" in item else [item["usage"]]
    nanocores = sum(int(each["cpu"].removesuffix("n")) for each in parts)
    memory = sum(int(each["memory"]) for each in parts)
    return [item["metadata"]["name"], f"{nanocores}n", str(memory), item["window"]]
