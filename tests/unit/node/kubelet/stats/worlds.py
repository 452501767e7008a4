"""Pods of a tenant, and what hosts say of them."""

from typing import Any

import msgspec

from node.kubelet.pod_directory import HostPod
from node.kubelet.stats.summary import PodReference
from node.kubelet.stats.tenant_pods import TenantPod

BEGAN = "2026-01-31T12:00:00Z"
NOW = "2026-01-31T12:10:00Z"
HOST_UID = "5a1b0c7e-0000-4000-8000-00000000000a"
UID = "11111111-2222-4333-8444-555555555555"

WEB = TenantPod(
    PodReference("web", "shop", UID),
    HostPod("host-namespace", "web-shop-x7f3k", HOST_UID, ("app", "side"), "node-0"),
    claims={"data": "web-data", "scratch": ""},
    started={"app": BEGAN, "side": BEGAN},
    start_time=BEGAN,
)


def container(name: str, *, seconds: float = 1.5, memory: int = 1 << 20) -> dict[str, Any]:
    return {
        "name": name,
        "startTime": BEGAN,
        "cpu": {"time": NOW, "usageNanoCores": 1000, "usageCoreNanoSeconds": int(seconds * 1e9)},
        "memory": {"time": NOW, "usageBytes": 2 * memory, "workingSetBytes": memory, "rssBytes": memory},
        "rootfs": {"time": NOW, "usedBytes": 1},
        "userDefinedMetrics": None,
    }


def host_pod_stats(**changes: Any) -> dict[str, Any]:
    """As a host kubelet tells of WEB, with a container that the host injected."""
    return {
        "podRef": {"name": WEB.host.name, "namespace": WEB.host.namespace, "uid": HOST_UID},
        "startTime": BEGAN,
        "containers": [container("app"), container("side"), container("istio-proxy")],
        "cpu": {"time": NOW, "usageNanoCores": 3000, "usageCoreNanoSeconds": 4_500_000_000},
        "memory": {"time": NOW, "workingSetBytes": 3 << 20},
        "network": {"time": NOW, "name": "eth0", "rxBytes": 5},
        "volume": [
            {"name": "data", "usedBytes": 1, "pvcRef": {"name": "web-data-on-the-host", "namespace": "host-namespace"}},
            {"name": "scratch", "usedBytes": 2},
            {"name": "kube-api-access", "usedBytes": 3},
        ],
        "ephemeral-storage": {"usedBytes": 7},
        "process_stats": {"process_count": 2},
        **changes,
    }


def host_summary(*pods: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"node": {"nodeName": "node-0", "cpu": {"usageNanoCores": 10**9}}, "pods": pods})
