"""The configuration files of the K3s servers, for each mode.

`config.yaml` is every server's; which of the other two lies beside it is for the server's init container to choose.
docs/reference/k3s.md says which version of K3s knows each key.
"""

from collections.abc import Mapping

import yaml

from reflectors.translation.json_values import Draft
from vk_provider.controller.addresses import API_PORT, SERVER_PORT, api_address, dns_address, served_names
from vk_provider.controller.cluster import Cluster
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known

DATA_DIR = "/var/lib/rancher/k3s"
CONFIG_DIR = "/etc/rancher/k3s"
COMMON, FIRST, JOINING = "config.yaml", "first.yaml", "joining.yaml"
CLUSTER_CIDR = "10.42.0.0/16"  # of pods; no pod of a shared cluster has an address of it


def config_files(cluster: Cluster, known: Known, installation: Installation, token: str) -> dict[str, bytes]:
    """Return the files by name; the addresses of the Services have to be known."""
    common = _everywhere(cluster, known, token) | _shared(cluster, known, installation)
    return {COMMON: _yaml(common), FIRST: _yaml({}), JOINING: _yaml({})}


def _everywhere(cluster: Cluster, known: Known, token: str) -> Draft:
    return {
        "data-dir": DATA_DIR,
        "write-kubeconfig": f"{CONFIG_DIR}/k3s.yaml",
        "write-kubeconfig-mode": "0600",
        "https-listen-port": SERVER_PORT,
        "token": token,
        "tls-san": served_names(cluster, known),
        # Endpoints of `default/kubernetes`: the Service stays when pods, and their addresses, go.
        "advertise-address": api_address(cluster, known),
        "advertise-port": API_PORT,
        "cluster-cidr": cluster.spec.cluster_cidr or CLUSTER_CIDR,
    }


def _shared(cluster: Cluster, known: Known, installation: Installation) -> Draft:
    """Return what is due to nodes that are no machines: the provider, and the host behind it."""
    return {
        "disable-agent": True,
        # Kubelets are asked at their address: there is no agent on them that would open a tunnel.
        "egress-selector-mode": "disabled",
        "kube-apiserver-arg": ["enable-aggregator-routing=true"],  # ... and so are webhooks: here are no cluster IPs
        # Its scheduler would wait for a node without a taint that only a cloud's controller takes away.
        "disable-cloud-controller": True,
        "disable": ["servicelb", "traefik", "metrics-server", "local-storage"],
        "service-cidr": installation.service_cidr,
        "cluster-dns": dns_address(cluster, known),
    }


def _yaml(content: Mapping[str, object]) -> bytes:
    return yaml.safe_dump(dict(content), default_flow_style=False).encode() if content else b""
