"""Which virtual cluster is translated, from what into what: all that translation knows beside the object itself."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reflectors.translation.host_names import HostName, Origin, host_name
from reflectors.translation.json_values import Json


class Version(NamedTuple):
    """A Kubernetes release."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class ApiServer(NamedTuple):
    """The virtual API server, as its pods reach it."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the Cluster or its policy grants the tenant beyond the default: nothing that reaches past a container."""

    host_network: bool = False  # also probes of another host, which the node itself sends
    host_pid: bool = False
    host_ipc: bool = False
    host_ports: bool = False
    host_path: bool = False
    node_volumes: bool = False  # mounted by the node with its own rights: NFS, cloud disks, CSI inline
    privileged: bool = False  # and what amounts to it: capabilities beyond the runtime's own, unmasked /proc
    external_ips: bool = False  # of Services: they draw traffic on every node of the host
    system_priority: bool = False  # the classes system-cluster-critical and system-node-critical


@dataclass(frozen=True, slots=True)
class Context:
    cluster: str
    host_namespace: str
    api_server: ApiServer
    host_version: Version
    virtual_version: Version
    cluster_domain: str = "cluster.local"
    dns_address: str | None = None  # of the virtual cluster's DNS Service; None to go by its `services`
    allowed: Allowed = field(default_factory=Allowed)
    walled_off: tuple[str, ...] = ()  # ranges of the host's addresses that no policy of the tenant's opens
    node_selector: Mapping[str, str] = field(default_factory=dict)  # every pod's on the host, whatever its own says
    priority_class: str = ""  # of the host, every pod's, whatever its own says; empty for none
    # Labels of each virtual namespace as they are now: what a namespaceSelector is resolved with. May be a live view;
    # None if nobody looks, and then pods with such selectors are refused.
    namespaces: Mapping[str, Mapping[str, str]] | None = None
    # Whether a policy of the tenant's own says what a pod of this namespace, with these labels, may reach. May be a
    # live view.
    confined: Callable[[str, Mapping[str, str]], bool] = field(default=lambda _namespace, _labels: False)
    priority_classes: Container[str] = frozenset()  # the virtual ones that the host has too; may be a live view
    # The Services of each virtual namespace as they are now, with the addresses that hold on the host. May be a live
    # view; None if nobody looks.
    services: Mapping[str, Sequence[Json]] | None = None

    def origin(self, kind: str, namespace: str, name: str) -> Origin:
        return Origin(kind, self.host_namespace, self.cluster, namespace, name)

    def host_name(self, kind: str, namespace: str, name: str) -> HostName:
        return host_name(self.origin(kind, namespace, name))
