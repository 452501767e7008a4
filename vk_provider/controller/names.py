"""What everything that belongs to a virtual cluster is called on the host, and how it is labelled.

Promises: names are made of the Cluster's name alone, so that scripts find them; no two Clusters of one namespace share
one, for each kind's names differ in their ends only; all of them are valid for Clusters of up to `LONGEST` characters.
"""

from dataclasses import dataclass

from reflectors.translation import metadata
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft
from reflectors.translation.metadata import DOMAIN

LONGEST = 41  # a StatefulSet's name is part of a label's value, with a hash behind it: at most 52 characters
RESERVED = frozenset({"system"})

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "vk-provider"
CONTROL_PLANE = metadata.CONTROL_PLANE_LABEL  # tenants cannot set it, so policies may go by it
COMPONENT = metadata.COMPONENT_LABEL
CLUSTER, ROLE = "cluster", "role"  # on server pods, as K3k's users know them
SERVER, PROVIDER = metadata.SERVER, "provider"
FINALIZER = "cluster.k3k.io/finalizer"
APPLIED = f"{DOMAIN}/applied-by-controller"  # the hash of what was applied
CONFIG_HASH = f"{DOMAIN}/config-hash"  # on pod templates: another one means other pods
RENEWAL = f"{DOMAIN}/renewal"  # on pod templates: counts up when servers must start anew to renew their certificates


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one Cluster's objects."""

    cluster: str
    namespace: str

    @property
    def token(self) -> str:
        return f"k3k-{self.cluster}-token"

    @property
    def authorities(self) -> str:
        return f"k3k-{self.cluster}-authorities"

    @property
    def server_config(self) -> str:
        return f"k3k-{self.cluster}-server-config"

    @property
    def kubeconfig(self) -> str:
        return f"k3k-{self.cluster}-kubeconfig"

    @property
    def provider(self) -> str:
        """Secret, Service, ServiceAccount, RoleBinding, Deployment and Lease of the provider."""
        return f"k3k-{self.cluster}-provider"

    @property
    def sync(self) -> str:
        return f"k3k-{self.cluster}-sync"

    @property
    def service(self) -> str:
        return f"k3k-{self.cluster}-service"

    @property
    def headless_service(self) -> str:
        return f"k3k-{self.cluster}-service-headless"

    @property
    def servers(self) -> str:
        return f"k3k-{self.cluster}-server"

    def server(self, number: int) -> str:
        """Name a server's pod, and the Service that leads to it alone."""
        return f"{self.servers}-{number}"

    @property
    def balancer(self) -> str:
        """Name the Service of a load balancer that the API Service cannot be too."""
        return f"k3k-{self.cluster}-service-lb"

    @property
    def ingress(self) -> str:
        return f"k3k-{self.cluster}-ingress"

    @property
    def network_policy(self) -> str:
        return f"k3k-{self.cluster}"

    @property
    def closed(self) -> str:
        """Name the NetworkPolicy that opens nothing."""
        return f"k3k-{self.cluster}-closed"

    def cluster_wide(self, purpose: str) -> str:
        """Name what has no namespace; the colons, which names of Clusters and namespaces lack, keep all apart."""
        return f"k3k:{self.namespace}:{self.cluster}:{purpose}"


def labels(cluster: str) -> Draft:
    """Return the labels of everything that the controller makes for a Cluster."""
    return {MANAGED_BY: MANAGER, CONTROL_PLANE: label_value(cluster)}


def server_labels(cluster: str) -> Draft:
    """Return what Services and policies know server pods by."""
    return {CLUSTER: cluster, ROLE: SERVER, CONTROL_PLANE: label_value(cluster), COMPONENT: SERVER}


def provider_labels(cluster: str) -> Draft:
    """Return what Services and policies know the provider's pods by."""
    return {CONTROL_PLANE: label_value(cluster), COMPONENT: PROVIDER}
