"""One Node for each host node that the virtual cluster may use, alike in all that pods and their owners can tell.

Labels, taints, cordon, conditions, addresses and room follow the host node; it goes when the host node goes. Not
mirrored: annotations, finalizers and images, what Kubernetes derives from conditions on the virtual side by itself, and
labels by which K3s or we would take the Node for something that it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from node.capacity import Room, cut_room
from node.conditions import mirrored
from node.host import HostNode, HostState, Sight
from node.virtual_node import INFO_FIELDS, Facts, VirtualNode

# Set and removed by the node lifecycle controller of each cluster, from conditions and cordon.
_DERIVED_TAINTS = frozenset(
    f"node.kubernetes.io/{name}"
    for name in (
        "not-ready",
        "unreachable",
        "unschedulable",
        "memory-pressure",
        "disk-pressure",
        "pid-pressure",
        "network-unavailable",
    )
)
# K3s keeps its etcd members and its tunnels to kubelets by them.
_FOREIGN_LABELS = frozenset({"node-role.kubernetes.io/etcd"})
_FOREIGN_DOMAINS = (".k3k.io", ".k3s.io", ".k3s.cattle.io")  # and all below them


@dataclass(frozen=True, slots=True)
class MirroredNodes:
    """The `Plan` of one Node for each host node; call it with the host's state."""

    kubelet_port: int  # on every host node: a NodePort of the provider's Service
    declared_features: tuple[str, ...] = ()

    def __call__(self, host: HostState) -> Mapping[str, VirtualNode] | None:
        if host.sight is not Sight.VISIBLE or host.quota is None:
            return None
        room = {node.name: cut_room(Room(node.capacity, node.allocatable), host.quota) for node in host.nodes}
        return {node.name: self._mirror(node, host, room[node.name]) for node in host.nodes}

    def _mirror(self, node: HostNode, host: HostState, room: Room) -> VirtualNode:
        labels = {name: value for name, value in node.labels.items() if not is_foreign(name)}
        return VirtualNode(
            name=node.name,
            labels={"type": "virtual-kubelet", **labels},
            addresses=node.addresses,
            kubelet_port=self.kubelet_port,
            conditions=tuple(mirrored(node, host)),
            facts=Facts({}, {name: node.info.get(name, "") for name in INFO_FIELDS}, room),
            taints=tuple(taint for taint in node.taints if taint.key not in _DERIVED_TAINTS),
            is_cordoned=node.is_cordoned,
            declared_features=self.declared_features,
        )


def is_foreign(label: str) -> bool:
    """Whether a host node's label would mean something else in the virtual cluster."""
    domain = label.rpartition("/")[0]
    return label in _FOREIGN_LABELS or f".{domain}".endswith(_FOREIGN_DOMAINS)
