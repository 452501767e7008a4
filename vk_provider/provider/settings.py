"""What a provider must be told, and the checks that need no API server."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import msgspec

from kube.objects import Key
from vk_provider.checks import bad_address, bad_file, bad_label, bad_range, is_ip
from vk_provider.controller.names import Names
from vk_provider.logs import LogFormat, LogLevel
from vk_provider.provider.grants import Grant
from vk_provider.settings import Help, flag, read_settings

_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[-A-Za-z0-9_./]+=[-A-Za-z0-9_.]*")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Be the node of one virtual cluster: run its pods on the host cluster, and answer the kubelet API for them."""

    cluster: Annotated[str, Help("name of the virtual cluster")]
    host_namespace: Annotated[str, Help("namespace on the host cluster where its pods run")]
    virtual_kubeconfig: Annotated[Path, Help("kubeconfig for the virtual cluster")]
    kubelet_address: Annotated[str, Help("IP address at which the virtual API server reaches the kubelet API")]
    kubelet_certificate: Annotated[Path, Help("PEM file: serving certificate, signed by the virtual server CA")]
    kubelet_key: Annotated[Path, Help("PEM file: its private key")]
    kubelet_client_ca: Annotated[Path, Help("PEM file: the virtual cluster's client CA; others get no answer")]
    api_server: Annotated[str, Help("IP:PORT at which pods reach the virtual API server")]
    host_kubeconfig: Annotated[
        str, Help("kubeconfig for the host cluster; without it, the pod's own service account")
    ] = ""
    node_name: Annotated[str, Help("name of the Node; without it, the cluster's name")] = ""
    host_node_selector: Annotated[
        str, Help("labels of the host nodes that may be used, as in pool=tenants,disk=fast; all without it")
    ] = ""
    host_priority_class: Annotated[str, Help("PriorityClass of the host for all pods; without it, each its own")] = ""
    kubelet_bind: Annotated[str, Help("IP address to listen on for the kubelet API")] = "0.0.0.0"  # noqa: S104 - it asks everybody for a certificate
    kubelet_port: Annotated[Port, Help("port of the kubelet API")] = 10250
    kubelet_anonymous_health: Annotated[
        bool, Help("true to answer the kubelet API's /healthz to anybody; nothing else ever is")
    ] = False
    health_bind: Annotated[str, Help("IP address to listen on for /healthz, /readyz and /metrics")] = "127.0.0.1"
    health_port: Annotated[Port, Help("port for these")] = 8081
    dns_address: Annotated[str, Help("IP address of the virtual cluster's DNS Service; else it is looked for")] = ""
    cluster_domain: Annotated[str, Help("DNS domain of the virtual cluster")] = "cluster.local"
    walled_off: Annotated[
        tuple[str, ...], Help("ranges of the host's addresses, to which no NetworkPolicy of a tenant opens the way")
    ] = ()
    allow: Annotated[tuple[Grant, ...], Help(f"what tenants may use, of {', '.join(Grant)}")] = ()
    sync_config_map: Annotated[
        str, Help("ConfigMap in the host namespace whose key sync.yaml says which kinds are reflected; may change")
    ] = ""
    lease_identity: Annotated[
        str,
        Help(
            "name of this process among the cluster's providers, of which one leads; who starts under the name of one "
            "that has died need not wait until its Lease has run out; without it, a new one each time"
        ),
    ] = ""
    workers: Annotated[int, msgspec.Meta(ge=1, le=1000), Help("pods that are worked on at the same time")] = 32
    max_streams: Annotated[
        int, msgspec.Meta(ge=1), Help("exec, attach, port-forward and log streams at the same time")
    ] = 512
    drain_seconds: Annotated[
        float, msgspec.Meta(ge=0, le=3600), Help("seconds that such streams get to end by themselves at SIGTERM")
    ] = 10.0
    log_format: Annotated[LogFormat, Help("json or console")] = LogFormat.JSON
    log_level: Annotated[LogLevel, Help("debug, info, warning or error")] = LogLevel.INFO

    @property
    def node(self) -> str:
        return self.node_name or self.cluster

    @property
    def lease(self) -> Key:
        """By which one of the cluster's providers leads, on the host."""
        return Key(self.host_namespace, Names(self.cluster, self.host_namespace).provider)

    @property
    def host_node_labels(self) -> dict[str, str]:
        return dict(part.strip().split("=", 1) for part in self.host_node_selector.split(",") if part.strip())

    @property
    def api_server_ip(self) -> str:
        return self.api_server.rpartition(":")[0].strip("[]")

    @property
    def api_server_port(self) -> int:
        return int(self.api_server.rpartition(":")[2])


def provider_settings(arguments: Sequence[str]) -> ProviderSettings:
    """Read and check everything. Raises SettingsError with all mistakes."""
    return read_settings(ProviderSettings, "vkp provider", arguments, check=_mistakes)


def _mistakes(values: Mapping[str, Any]) -> Iterator[str]:
    for name in ("cluster", "host_namespace"):
        yield from bad_label(name, values.get(name))
    node = values["node_name"]
    if len(node) > 253 or (node and not _DNS_SUBDOMAIN.fullmatch(node)):
        yield f"--node-name: {node!r} is no DNS name; use up to 253 of a-z, 0-9, '-' and '.'"
    selector = values.get("host_node_selector") or ""
    if not all(_LABEL.fullmatch(part.strip()) for part in selector.split(",") if part.strip()):
        yield f"--host-node-selector: {selector!r} is not of the form KEY=VALUE,KEY=VALUE, as in pool=tenants"
    for text in values.get("walled_off") or ():
        yield from bad_range("walled_off", text)
    for name in ("kubelet_address", "kubelet_bind", "health_bind", "dns_address"):
        yield from bad_address(name, values.get(name))
    yield from _loopback(values.get("kubelet_address"))
    yield from _bad_endpoint("api_server", values.get("api_server"))
    for name in ("host_kubeconfig", "virtual_kubeconfig", "kubelet_certificate", "kubelet_key", "kubelet_client_ca"):
        yield from bad_file(name, values.get(name))


def _loopback(address: str | None) -> Iterator[str]:
    if address and is_ip(address) and ip_address(address).is_loopback:
        yield (
            f"--kubelet-address: API servers do not connect to {address}; "
            "give an address that reaches this pod from outside"
        )


def _bad_endpoint(name: str, value: str | None) -> Iterator[str]:
    if value is None:
        return
    ip, colon, port = value.rpartition(":")
    if not colon or not is_ip(ip.strip("[]")) or not port.isdecimal() or not 0 < int(port) < 65536:
        yield f"{flag(name)}: {value!r} is not of the form IP:PORT, as in 10.43.0.1:443"
