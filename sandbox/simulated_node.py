"""What a simulated node says about itself: its Node object, its status, its lease."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from typing import Any

import msgspec

from kube.objects import Object
from sandbox.machine import architecture

LABEL = "type"
LABEL_VALUE = "simulated"
LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40

Json = dict[str, Any]


class _NodeCondition(msgspec.Struct, frozen=True, gc=False):
    type: str
    status: str


class _NodeStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: list[_NodeCondition] = []


@dataclass(frozen=True, slots=True)
class Fleet:
    """The nodes that one simulator plays. Addresses come from one network: the nodes' own first, then the pods'."""

    nodes: int
    pods_per_node: int
    name: str
    network: IPv4Network

    def addresses(self) -> dict[str, str]:
        """Each node's name and address."""
        return {f"{self.name}-{number}": str(self.network[number + 1]) for number in range(self.nodes)}

    def pod_addresses(self) -> Iterator[str]:
        """The addresses that are left for pods, from the first to the last."""
        return (str(self.network[number]) for number in range(self.nodes + 1, self.network.num_addresses - 1))


def node(name: str) -> Json:
    labels = {
        LABEL: LABEL_VALUE,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture(),
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def node_status(name: str, address: str, *, pods: int, now: datetime) -> Json:
    """A patch that makes the node Ready and large enough for `pods` pods of a core and 4 GiB each."""
    capacity = {"cpu": str(pods), "memory": f"{4 * pods}Gi", "ephemeral-storage": f"{10 * pods}Gi", "pods": str(pods)}
    addresses = [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    return {
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": addresses,
            "conditions": [
                _condition("Ready", "True", "KubeletReady", now),
                *(_condition(kind, "False", "KubeletHasNoPressure", now) for kind in pressures),
            ],
            "nodeInfo": {
                "kubeletVersion": "simulated",
                "containerRuntimeVersion": "simulated",
                "operatingSystem": "linux",
                "architecture": architecture(),
            },
        }
    }


def lease(name: str, uid: str, *, now: datetime) -> Json:
    """The node's heartbeat; it goes with the node."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }


def _condition(kind: str, status: str, reason: str, now: datetime) -> Json:
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"lastHeartbeatTime": stamp, "lastTransitionTime": stamp}
    return {"type": kind, "status": status, "reason": reason, **times}


def is_ready(node: Object) -> bool:
    status = node.decode("status", _NodeStatus) or _NodeStatus()
    return any(condition.type == "Ready" and condition.status == "True" for condition in status.conditions)
