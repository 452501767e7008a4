"""What a Cluster's status says beside phase and conditions: what was decided, and what the host gave."""

from typing import Any

import msgspec

from vk_provider.controller.addresses import dns_address, served_names
from vk_provider.controller.cluster import Cluster, FixedFields
from vk_provider.controller.exposure import endpoint
from vk_provider.controller.installation import Installation
from vk_provider.controller.k3s_config import CLUSTER_CIDR
from vk_provider.controller.known import Known
from vk_provider.controller.names import Names
from vk_provider.controller.services import KUBELET_PORT
from vk_provider.controller.versions import wanted_version


def status_facts(cluster: Cluster, known: Known, installation: Installation) -> dict[str, Any]:
    """Return the fields that are known; of a Cluster whose spec is accepted."""
    names = Names(cluster.name, cluster.namespace)
    version = wanted_version(cluster.spec.version, installation.host_version, cluster.status.version)
    facts = {
        "hostVersion": installation.host_version,
        "version": version.tag,
        "clusterCIDR": cluster.spec.cluster_cidr or CLUSTER_CIDR,
        "serviceCIDR": installation.service_cidr,
        "clusterDNS": dns_address(cluster, known),
        "tlsSANs": served_names(cluster, known),
        "endpoint": endpoint(cluster, known, names),
        "kubeletPort": KUBELET_PORT,
    }
    if cluster.status.fixed is None:
        facts["fixed"] = _said(msgspec.to_builtins(FixedFields.of(cluster.spec)))
    return {name: value for name, value in facts.items() if value not in ("", [], None)}


def _said(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing, of which API servers may make null; a StorageClass of no name says something."""
    said = {name: _said(value) if isinstance(value, dict) else value for name, value in content.items()}
    return {name: value for name, value in said.items() if value or (name, value) == ("storageClassName", "")}
