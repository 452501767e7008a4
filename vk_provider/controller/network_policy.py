"""The wall around a virtual cluster's pods: they reach each other, their own API server, DNS, and what is outside.

What they must not reach are the other pods of the host, its Services and its machines' metadata. Policies add up, so
whatever were allowed here, no policy of the tenant's own could forbid. Therefore nothing is said of who may reach them:
others' workloads are kept out by their own cluster's wall. And a pod for which a policy of the tenant's own says what
it reaches is let through by that alone; the provider marks it, and keeps that policy inside the wall.
"""

from collections.abc import Iterable
from ipaddress import ip_network

from reflectors.translation.confinement import CONFINED_LABEL
from reflectors.translation.host_names import label_value
from reflectors.translation.json_values import Draft
from reflectors.translation.metadata import CLUSTER_LABEL
from reflectors.translation.walls import EVERYWHERE
from vk_provider.controller.addresses import SERVER_PORT
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.installation import Installation
from vk_provider.controller.names import Names, provider_labels, server_labels
from vk_provider.controller.objects import made_for
from vk_provider.controller.services import KUBELET_PORT

# Where clouds tell a machine who it is, and give it credentials.
_METADATA = ("169.254.169.254/32", "fd00:ec2::254/128")
# For pods that do not ask their own cluster's DNS; no tenant's pod can pass for the host's.
_HOST_DNS = {
    "matchLabels": {"k8s-app": "kube-dns"},
    "matchExpressions": [{"key": CLUSTER_LABEL, "operator": "DoesNotExist"}],
}
_DNS_PORTS = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]


def closed(cluster: Cluster, names: Names) -> Draft:
    """Return the wall itself: no way out for any pod, but those that other policies open."""
    spec = {"podSelector": {"matchLabels": _own(cluster)}, "policyTypes": ["Egress"]}
    return made_for(cluster, "networking.k8s.io/v1", "NetworkPolicy", names.closed, spec=spec)


def network_policy(cluster: Cluster, names: Names, installation: Installation) -> Draft:
    """Return the ways out of pods that no policy of the tenant's own is about."""
    own = _own(cluster)
    spec = {
        "podSelector": {
            "matchLabels": own,
            "matchExpressions": [{"key": CONFINED_LABEL, "operator": "DoesNotExist"}],
        },
        "policyTypes": ["Egress"],
        "egress": [
            {"to": [_pods(own)]},
            {"to": [_pods(server_labels(cluster.name))], "ports": [_tcp(SERVER_PORT)]},
            {"to": [_pods(provider_labels(cluster.name))], "ports": [_tcp(KUBELET_PORT)]},
            {"to": [{"namespaceSelector": {}, "podSelector": _HOST_DNS}], "ports": _DNS_PORTS},
            {"to": [_outside(everywhere, walled_off(installation)) for everywhere in EVERYWHERE]},
        ],
    }
    return made_for(cluster, "networking.k8s.io/v1", "NetworkPolicy", names.network_policy, spec=spec)


def _own(cluster: Cluster) -> Draft:
    return {CLUSTER_LABEL: label_value(cluster.name)}


def walled_off(installation: Installation) -> list[str]:
    """Return the ranges of the host's own addresses, sorted."""
    services = [cidr.strip() for cidr in installation.service_cidr.split(",")]
    return sorted({*installation.pod_cidrs, *services, *_METADATA})


def _outside(everywhere: str, inside: Iterable[str]) -> Draft:
    """Return a peer for all addresses of a family but those inside."""
    version = ip_network(everywhere).version
    return {"ipBlock": {"cidr": everywhere, "except": [cidr for cidr in inside if ip_network(cidr).version == version]}}


def _pods(labels: Draft) -> Draft:
    return {"podSelector": {"matchLabels": labels}}


def _tcp(port: int) -> Draft:
    return {"port": port, "protocol": "TCP"}
