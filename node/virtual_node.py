"""What a Node of ours has to say: the words between who decides it (a `Plan`) and who writes it (`node_object`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from node.capacity import Room
from node.host import Address, HostState, Taint

READY = "Ready"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
NETWORK_UNAVAILABLE = "NetworkUnavailable"

INFO_FIELDS = (
    "machineID",
    "systemUUID",
    "bootID",
    "kernelVersion",
    "osImage",
    "containerRuntimeVersion",
    "kubeletVersion",
    "kubeProxyVersion",
    "operatingSystem",
    "architecture",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition, but for its times."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a Node says that only the host can tell."""

    labels: Mapping[str, str]
    info: Mapping[str, str]  # nodeInfo, all of INFO_FIELDS
    room: Room


@dataclass(frozen=True, slots=True)
class VirtualNode:
    """All that we decide about a Node. Labels, taints and a cordon that are not among it are the tenant's."""

    name: str
    labels: Mapping[str, str]
    addresses: tuple[Address, ...]
    kubelet_port: int
    conditions: tuple[Verdict, ...]  # Ready is among them
    facts: Facts | None  # None while the host cannot be asked: what the Node says already stays
    taints: tuple[Taint, ...] = ()
    is_cordoned: bool = False
    declared_features: tuple[str, ...] = ()


Plan = Callable[[HostState], Mapping[str, VirtualNode] | None]
"""Which Nodes there should be, by name, on such a host; None when that cannot be told yet. A pure function."""
