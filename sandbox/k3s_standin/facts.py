"""What follows from the settings: addresses, names and ports of this server."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from sandbox.k3s_standin import layout
from sandbox.k3s_standin.errors import FatalError
from sandbox.k3s_standin.layout import Layout
from sandbox.k3s_standin.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One server."""

    layout: Layout
    kubeconfig: Path
    kubeconfig_mode: int
    node_name: str
    node_ip: str
    bind_address: str
    port: int
    advertise_address: str
    advertise_port: int
    cluster_cidr: str
    service_cidr: str
    cluster_dns: str
    domain: str
    node_ports: str
    server_names: tuple[str, ...]

    @property
    def local_url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def derive(settings: Settings, environment: Mapping[str, str]) -> Facts:
    """Everything that the real one works out for itself."""
    node_ip = (settings.listing("node-ip") or [own_address()])[0]
    port = settings.number("https-listen-port", 6443)
    service_cidr = _cidr(settings, "service-cidr", "10.43.0.0/16")
    domain = settings.text("cluster-domain", "cluster.local")
    advertised = settings.text("advertise-address") or (settings.listing("node-external-ip") or [node_ip])[0]
    node_name = settings.text("node-name") or environment.get("HOSTNAME") or socket.gethostname()
    return Facts(
        layout=Layout(Path(settings.text("data-dir", str(layout.default_data())))),
        kubeconfig=Path(settings.text("write-kubeconfig", str(layout.default_kubeconfig()))),
        kubeconfig_mode=_mode(settings.text("write-kubeconfig-mode", "600")),
        node_name=node_name.lower(),
        node_ip=node_ip,
        bind_address=settings.text("bind-address", "0.0.0.0"),  # noqa: S104 - the real one's default
        port=port,
        advertise_address=advertised,
        advertise_port=settings.number("advertise-port", port),
        cluster_cidr=_cidr(settings, "cluster-cidr", "10.42.0.0/16"),
        service_cidr=service_cidr,
        cluster_dns=(settings.listing("cluster-dns") or [_address_of(service_cidr, 10)])[0],
        domain=domain,
        node_ports=settings.text("service-node-port-range", "30000-32767"),
        server_names=(
            *(["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{domain}"]),
            *("localhost", "127.0.0.1", "::1", _address_of(service_cidr, 1), advertised, node_ip, node_name.lower()),
            *settings.listing("tls-san"),
        ),
    )


def own_address() -> str:
    """This machine's address towards others; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
    return address


def prepare_folders(facts: Facts) -> None:
    """Make what must be writable, also what belongs to an agent: the real one hangs without it, agentless or not."""
    data = facts.layout.root
    folders = (facts.layout.tls / "etcd", facts.layout.credentials, data / "agent/etc", facts.kubeconfig.parent)
    for folder in (*folders, facts.layout.server / "db", layout.NODE_FOLDER):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise FatalError(f"Waiting to retrieve agent configuration; server is not ready: {error}") from error
        if not os.access(folder, os.W_OK):
            raise FatalError(f"Waiting to retrieve agent configuration; server is not ready: {folder} is not writable")
    (layout.NODE_FOLDER / "password").write_text("stand-in\n")


def _cidr(settings: Settings, name: str, default: str) -> str:
    text = (settings.listing(name) or [default])[0]
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise FatalError(f"invalid {name} {text}: {error}") from error


def _address_of(cidr: str, number: int) -> str:
    return str(ip_network(cidr)[number])


def _mode(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise FatalError(f"failed to parse write-kubeconfig-mode {text}") from None
