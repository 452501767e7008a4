"""The Services of a virtual cluster that only its own parts use: for its servers, its kubelet and its DNS."""

from reflectors.translation.json_values import Draft, mapped
from reflectors.translation.reservations import reserved_dns_service
from vk_provider.controller.addresses import SERVER_PORT
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.names import Names, labels, provider_labels, server_labels
from vk_provider.controller.objects import made_for, owner, without_nothing

KUBELET_PORT = 10250


def headless_service(cluster: Cluster, names: Names) -> Draft:
    """Return what gives each server a name, before it is ready."""
    ports = {"https": SERVER_PORT, "etcd-client": 2379, "etcd-peer": 2380}
    spec = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": server_labels(cluster.name),
        "ports": [{"name": name, "port": port, "protocol": "TCP"} for name, port in ports.items()],
    }
    return made_for(cluster, "v1", "Service", names.headless_service, spec=spec)


def provider_service(cluster: Cluster, names: Names) -> Draft:
    """Return the node's address, which stays when the provider's pod goes."""
    spec = {
        "selector": provider_labels(cluster.name),
        "ports": [{"name": "kubelet", "port": KUBELET_PORT, "targetPort": KUBELET_PORT, "protocol": "TCP"}],
    }
    return made_for(cluster, "v1", "Service", names.provider, spec=spec)


def dns_reservation(cluster: Cluster) -> Draft:
    """Return the host's Service for the virtual `kube-system/kube-dns`, from which the servers learn its address."""
    reserved = reserved_dns_service(cluster.name, cluster.namespace)
    metadata = mapped(reserved, "metadata")
    spec = {**reserved["spec"], **without_nothing({"clusterIP": cluster.spec.cluster_dns})}
    return {
        **reserved,
        "metadata": {
            **metadata,
            "labels": {**metadata["labels"], **labels(cluster.name)},
            "ownerReferences": [owner(cluster)],
        },
        "spec": spec,
    }
