"""Where a server keeps its files, named as the real one's are."""

import os
from dataclasses import dataclass
from pathlib import Path

GLOBAL_KUBECONFIG = Path("/etc/rancher/k3s/k3s.yaml")
GLOBAL_DATA = Path("/var/lib/rancher/k3s")
NODE_FOLDER = Path("/etc/rancher/node")


@dataclass(frozen=True, slots=True)
class Layout:
    """The files below a data directory."""

    root: Path

    @property
    def server(self) -> Path:
        return self.root / "server"

    @property
    def tls(self) -> Path:
        return self.server / "tls"

    @property
    def credentials(self) -> Path:
        return self.server / "cred"

    @property
    def manifests(self) -> Path:
        return self.server / "manifests"

    @property
    def database(self) -> Path:
        """Of one server alone: the real one's SQLite file, here the folder of an etcd of its own."""
        return self.server / "db" / "state.db"

    @property
    def etcd(self) -> Path:
        return self.server / "db" / "etcd"

    @property
    def reset_flag(self) -> Path:
        return self.server / "db" / "reset-flag"

    def certificate(self, name: str) -> Path:
        return self.tls / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.tls / f"{name}.key"

    def kubeconfig(self, name: str) -> Path:
        return self.credentials / f"{name}.kubeconfig"


def default_data() -> Path:
    return GLOBAL_DATA if os.geteuid() == 0 else Path.home() / ".rancher/k3s"


def default_kubeconfig() -> Path:
    return GLOBAL_KUBECONFIG if os.geteuid() == 0 else Path.home() / ".kube/k3s.yaml"
