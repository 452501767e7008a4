"""Where a sandbox keeps its files, and where slow downloads and builds are kept between sandboxes."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_STATE = Path(".sandbox")


def cache_dir() -> Path:
    """What outlives every sandbox: built binaries, unpacked Debian packages, images."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vk-provider"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one sandbox below its state directory."""

    root: Path

    @property
    def record(self) -> Path:
        return self.root / "sandbox.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def images(self) -> Path:
        return self.root / "images"

    def kubeconfig(self, cluster: str) -> Path:
        """The admin's kubeconfig of a cluster, where people look for it."""
        return self.root / f"{cluster}.kubeconfig"

    def cluster(self, cluster: str) -> Path:
        """Certificates, configuration and etcd's data of one control plane."""
        return self.root / "clusters" / cluster

    def node(self, node: str) -> Path:
        """What stands for a node's own disk."""
        return self.root / "nodes" / node
