"""What an installation may be like."""

from dataclasses import dataclass
from importlib.metadata import version

NAMESPACE = "vk-provider-system"
IMAGE_NAME = "vk-provider"
IMAGE = f"{IMAGE_NAME}:{version('vk-provider')}"
NAME = "vk-provider-controller"
"""Of the controller's Deployment, ServiceAccount, Service and Lease, and of the Role for that Lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`one_namespace`: Clusters of the controller's own namespace only, without any right outside it."""

    namespace: str = NAMESPACE
    image: str = IMAGE
    image_pull_policy: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    server_image: str = ""
    service_cidr: str = ""
    pod_cidrs: tuple[str, ...] = ()
    replicas: int = 2
    provider_replicas: int = 1
    one_namespace: bool = False
    rules: bool = False  # in CEL, for API servers since `crds.RULES_SINCE`
