"""The configuration of the K3s servers, for each mode: what is every server's.

What is one server's own is in `membership`. docs/reference/k3s.md says which version of K3s knows each key.
"""

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from reflectors.translation.json_values import Draft, Json
from vk_provider.controller.addresses import API_PORT, SERVER_PORT, api_address, dns_address, served_names
from vk_provider.controller.cluster import Cluster, Mode
from vk_provider.controller.installation import Installation
from vk_provider.controller.known import Known
from vk_provider.controller.server_args import server_flags, with_flags

DATA_DIR = "/var/lib/rancher/k3s"
CONFIG_DIR = "/etc/rancher/k3s"
COMMON = "config.yaml"
CLUSTER_CIDR = "10.42.0.0/16"  # of pods; no pod of a shared cluster has an address of it


def common_config(cluster: Cluster, known: Known, installation: Installation, token: str) -> Draft:
    """Return what all servers have alike; the addresses of the Services have to be known."""
    ours = _everywhere(cluster, known, token) | _BY_MODE[cluster.spec.mode](cluster, known, installation)
    return with_flags(ours, server_flags(cluster.spec))


def hash_of(*configs: Json) -> str:
    return hashlib.sha256(msgspec.json.encode(configs, order="deterministic")).hexdigest()[:16]


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
        # No pod has an address of these ranges, and giving them out takes ten seconds before anything else begins.
        "kube-controller-manager-arg": ["allocate-node-cidrs=false"],
        # Its scheduler would wait for a node without a taint that only a cloud's controller takes away.
        "disable-cloud-controller": True,
        "disable": ["servicelb", "traefik", "metrics-server", "local-storage"],
        "service-cidr": installation.service_cidr,
        "cluster-dns": dns_address(cluster, known),
    }


_BY_MODE: Mapping[str, Callable[[Cluster, Known, Installation], Draft]] = {Mode.SHARED: _shared}
