"""What the controller must be told, and the checks that need no API server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from vk_provider.checks import bad_address, bad_file, bad_label, bad_range
from vk_provider.logs import LogFormat, LogLevel
from vk_provider.settings import Help, read_settings

_PULL_POLICIES = ("", "Always", "IfNotPresent", "Never")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class ControllerSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Turn the Cluster objects of a host cluster into virtual clusters, and keep them so."""

    provider_image: Annotated[str, Help("image of the provider, which is this program's own; without it, --pod's")] = ""
    provider_replicas: Annotated[
        int, msgspec.Meta(ge=1, le=10), Help("providers of each Cluster, of which one leads and the others stand by")
    ] = 1
    pod: Annotated[str, Help("name of the pod that this runs in, in the namespace of its Lease")] = ""
    server_image: Annotated[str, Help("repository of the K3s image; a Cluster's version is its tag")] = "rancher/k3s"
    image_pull_policy: Annotated[str, Help("for both; Always, IfNotPresent or Never")] = ""
    image_pull_secrets: Annotated[
        tuple[str, ...], Help("Secrets for both; they must be there in each namespace that has Clusters")
    ] = ()
    host_kubeconfig: Annotated[
        str, Help("kubeconfig for the host cluster; without it, the pod's own service account")
    ] = ""
    namespaces: Annotated[tuple[str, ...], Help("look after Clusters in these namespaces only; in all without it")] = ()
    service_cidr: Annotated[str, Help("range of Service addresses on the host; without it, the host is asked")] = ""
    pod_cidrs: Annotated[
        tuple[str, ...], Help("ranges of pod addresses on the host; without it, the Nodes' own, if they may be read")
    ] = ()
    lease_namespace: Annotated[str, Help("where the Lease lives by which one of several replicas leads")] = (
        "vk-provider-system"
    )
    lease_name: Annotated[str, Help("its name")] = "vk-provider-controller"
    workers: Annotated[int, msgspec.Meta(ge=1, le=100), Help("Clusters that are worked on at the same time")] = 8
    health_bind: Annotated[str, Help("IP address to listen on for /healthz, /readyz and /metrics")] = "127.0.0.1"
    health_port: Annotated[Port, Help("port for these")] = 8080
    log_format: Annotated[LogFormat, Help("json or console")] = LogFormat.JSON
    log_level: Annotated[LogLevel, Help("debug, info, warning or error")] = LogLevel.INFO


def controller_settings(arguments: Sequence[str]) -> ControllerSettings:
    """Read and check everything. Raises SettingsError with all mistakes."""
    return read_settings(ControllerSettings, "vkp controller", arguments, check=_mistakes)


def _mistakes(values: Mapping[str, Any]) -> Iterator[str]:
    for name in ("lease_namespace", "lease_name"):
        yield from bad_label(name, values.get(name))
    if not values.get("provider_image") and not values.get("pod"):
        yield "--provider-image: missing; name the image that has this program, or by --pod the pod that this runs in"
    for namespace in values.get("namespaces", ()):
        yield from bad_label("namespaces", namespace)
    yield from bad_range("service_cidr", values.get("service_cidr"))
    for cidr in values.get("pod_cidrs", ()):
        yield from bad_range("pod_cidrs", cidr)
    if values.get("image_pull_policy", "") not in _PULL_POLICIES:
        yield f"--image-pull-policy: {values['image_pull_policy']!r} is none of {', '.join(_PULL_POLICIES[1:])}"
    yield from bad_address("health_bind", values.get("health_bind"))
    yield from bad_file("host_kubeconfig", values.get("host_kubeconfig"))
