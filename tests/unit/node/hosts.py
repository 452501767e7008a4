"""Host nodes for tests: four cores, sixteen gibibytes, well, and like each other but for what a test says."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from kube.codec import decode_object
from kube.objects import Object
from node.host import HostNode, HostState, Sight, read_host_node

Json = dict[str, Any]

ROOM = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "100Gi", "pods": "110"}
INFO = {
    "machineID": "of-the-host",
    "kernelVersion": "6.1.0",
    "osImage": "Debian GNU/Linux 12",
    "containerRuntimeVersion": "containerd://1.6.20",
    "kubeletVersion": "v1.31.1",
    "operatingSystem": "linux",
    "architecture": "amd64",
}


def obj(body: Mapping[str, Any]) -> Object:
    return decode_object(orjson.dumps(body))


def node_json(
    name: str = "one",
    *,
    ready: bool = True,
    pressures: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    room: Mapping[str, str] | None = None,
    allocatable: Mapping[str, str] | None = None,
    info: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Json:
    conditions = {**dict.fromkeys(("MemoryPressure", "DiskPressure", "PIDPressure"), "False"), "Ready": str(ready)}
    conditions |= dict.fromkeys(pressures, "True")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": dict(labels or {})},
        "spec": spec,
        "status": {
            "capacity": dict(room or ROOM),
            "allocatable": dict(allocatable or room or ROOM),
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": f"{kind}Of{name}",
                    "lastHeartbeatTime": "2026-01-01T00:00:00Z",
                }
                for kind, status in conditions.items()
            ],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}, {"type": "Hostname", "address": name}],
            "nodeInfo": {**INFO, **(info or {})},
            "images": [{"names": ["registry/image:1"], "sizeBytes": 1}],
        },
    }


def host_node(name: str = "one", **changes: Any) -> HostNode:
    return read_host_node(obj(node_json(name, **changes)))


def visible(*nodes: HostNode, **state: Any) -> HostState:
    return HostState(Sight.VISIBLE, nodes, **{"quota": {}, **state})


def copied(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
