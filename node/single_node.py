"""One Node that stands for all host nodes that the virtual cluster may use.

Where host nodes differ, it says what most of them say (architecture, kubelet version, ...); a zone or region is named
only if all share it. When they may not be seen, it says what it was told to assume, and its Ready condition tells so.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kube.quantities import Quantity
from node.capacity import Resources, Room, assumed_room, cut_room, read_resources, total
from node.conditions import verdicts
from node.host import Address, HostNode, HostState, Sight, Taint
from node.local_machine import local_info
from node.virtual_node import INFO_FIELDS, Facts, VirtualNode

TOPOLOGY_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")

# When neither configuration nor a quota says more, the host's scheduler alone shall decide what fits: large enough to
# be in nobody's way, and round enough to be seen for what it is.
ASSUMED_ROOM = read_resources({"cpu": "1k", "memory": "10Ti", "ephemeral-storage": "100Ti", "pods": "10k"})


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken for true while host nodes may not be seen."""

    room: Resources = field(default_factory=lambda: ASSUMED_ROOM)
    info: Mapping[str, str] = field(default_factory=lambda: local_info(kubelet_version=""))  # nodeInfo


@dataclass(frozen=True, slots=True)
class SingleNode:
    """The `Plan` of one Node; call it with the host's state."""

    name: str
    identity: str  # no other virtual node anywhere has it: the host namespace and the cluster's name
    addresses: tuple[Address, ...]
    kubelet_port: int
    assumed: Assumed = Assumed()
    labels: Mapping[str, str] = field(default_factory=dict)  # besides those that say what and where it is
    taints: tuple[Taint, ...] = ()
    declared_features: tuple[str, ...] = ()

    def __call__(self, host: HostState) -> Mapping[str, VirtualNode]:
        node = VirtualNode(
            name=self.name,
            labels={**self.labels, "type": "virtual-kubelet", "kubernetes.io/hostname": host_name(self.name)},
            addresses=self.addresses,
            kubelet_port=self.kubelet_port,
            conditions=verdicts(host),
            facts=self._facts(host),
            taints=self.taints,
            declared_features=self.declared_features,
        )
        return {self.name: node}

    def _facts(self, host: HostState) -> Facts | None:
        if host.sight is Sight.UNKNOWN or host.quota is None:
            return None
        if host.sight is Sight.FORBIDDEN:
            info = self._info([self.assumed.info])
            return Facts(_platform_labels(info), info, assumed_room(self.assumed.room, host.quota))
        info = self._info([node.info for node in host.nodes] or [self.assumed.info])
        labels = {**_platform_labels(info), **_shared_topology(host.nodes)}
        return Facts(labels, info, cut_room(room_of(host.nodes), host.quota))

    def _info(self, told: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
        machine = uuid.uuid5(uuid.NAMESPACE_URL, f"k3k.io/{self.identity}/{self.name}")
        own = {"machineID": machine.hex, "systemUUID": str(machine), "bootID": str(machine)}
        return {name: own.get(name) or commonest(info.get(name, "") for info in told) for name in INFO_FIELDS}


def host_name(node: str) -> str:
    """A label's value is at most 63 characters long, and ends with a letter or digit; a Node's name may be longer."""
    return node[:63].rstrip("-.")


def room_of(nodes: Sequence[HostNode]) -> Room:
    """What all of them have, and what is to be had on those that take pods."""
    capacity = total(node.capacity for node in nodes)
    nothing = dict.fromkeys(capacity, Quantity(0))
    return Room(capacity, total([nothing, *(node.allocatable for node in nodes if node.takes_pods)]))


def commonest(values: Iterable[str]) -> str:
    """What most say; of equally frequent values the first in the alphabet, lest the answer depends on their order."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value))


def _platform_labels(info: Mapping[str, str]) -> Mapping[str, str]:
    named = {"kubernetes.io/os": info["operatingSystem"], "kubernetes.io/arch": info["architecture"]}
    return {name: value for name, value in named.items() if value}


def _shared_topology(nodes: Sequence[HostNode]) -> Mapping[str, str]:
    places = {name: {node.labels.get(name, "") for node in nodes} for name in TOPOLOGY_LABELS}
    return {name: next(iter(found)) for name, found in places.items() if len(found) == 1 and found != {""}}
