"""What the controller was started with, and what it found out about the host: the same for all Clusters."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    provider_image: str  # our own image
    host_version: str  # as /version says: "v1.31.4"
    service_cidr: str  # of the host's Services, from which those of virtual clusters have their addresses
    server_image: str = "rancher/k3s"  # without a tag, which is the Cluster's version
    provider_replicas: int = 1  # of which one leads
    image_pull_policy: str = ""  # empty: Kubernetes' own default
    image_pull_secrets: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()  # of the host's pods; may be unknown
    cluster_domain: str = "cluster.local"  # of the host
