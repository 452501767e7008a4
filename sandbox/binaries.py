"""Finding the programs a sandbox runs.

Kubernetes' own programs all come from one place, so that their versions agree: KUBEBUILDER_ASSETS, else PATH, else
the cache, else a build into it. Everything else is looked for in the same places one by one, and unpacked from
Debian's packages where it is missing.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox import kubernetes_build
from sandbox.debian_archive import unpacked
from sandbox.debian_root import SUITE
from sandbox.errors import SandboxError
from sandbox.progress import Progress

Version = tuple[int, int]

DEBIAN_PACKAGES = {
    "etcd": ("etcd-server", "usr/bin/etcd", SUITE),
    "containerd": ("containerd", "usr/bin/containerd", SUITE),
    "containerd-shim-runc-v2": ("containerd", "usr/bin/containerd-shim-runc-v2", SUITE),
    "ctr": ("containerd", "usr/bin/ctr", SUITE),
    "runc": ("runc", "usr/sbin/runc", SUITE),
    "prometheus": ("prometheus", "usr/bin/prometheus", SUITE),
    "promtool": ("prometheus", "usr/bin/promtool", SUITE),
    "kubectl": ("kubectl", "usr/bin/kubectl", "trixie"),  # bookworm's is too old to wait for what it is told to
}
CONTAINERD_2_WANTED = (1, 36)  # kubelets since then ask the runtime for its cgroup driver and insist on an answer
CONTAINERD_2_SUITE = "sid"
NODE_TOOLS = ("iptables", "iproute2", "conntrack", "socat", "util-linux")
FROM_ASSETS = "KUBEBUILDER_ASSETS"


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the programs are; `progress` is told about downloads and builds."""

    kubernetes: Path
    progress: Progress

    def component(self, name: str) -> Path:
        """One of Kubernetes' own programs, from the same place as the API server."""
        path = self.kubernetes / name
        if not os.access(path, os.X_OK):
            raise SandboxError(
                f"{self.kubernetes} has kube-apiserver but no {name}, and versions must agree; "
                f"put {name} there, or unset {FROM_ASSETS}"
            )
        return path

    def tool(self, name: str) -> Path:
        """Any other program."""
        package, file, suite = DEBIAN_PACKAGES[name]
        if package == "containerd" and self.version() >= CONTAINERD_2_WANTED:
            return self._containerd_2(name, file)
        return _installed(name) or unpacked(package, self.progress, suite=suite) / file

    def _containerd_2(self, name: str, file: str) -> Path:
        """A program of containerd 2, all of them from one place."""
        daemon = _installed("containerd")
        if daemon is not None and _containerd_major(daemon) >= 2:
            return daemon.parent / name
        return unpacked("containerd", self.progress, suite=CONTAINERD_2_SUITE) / file

    def cni_plugins(self) -> Path:
        """The folder of the CNI plugins."""
        installed = Path("/usr/lib/cni")
        if (installed / "ptp").exists():
            return installed
        return unpacked("containernetworking-plugins", self.progress) / "usr/lib/cni"

    def version(self) -> Version:
        """The API server's version, major and minor."""
        return version_of(self.component("kube-apiserver"))


def find(progress: Progress, *, assets: Path | None = None) -> Binaries:
    """Find Kubernetes' programs, building them if need be; `assets` goes before everything else."""
    return Binaries(assets or _found() or kubernetes_build.build(progress), progress)


@cache
def version_of(program: Path) -> Version:
    """Major and minor version that a Kubernetes program answers to --version."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"{program} does not run here ({error}); replace it or remove it") from error
    match = re.search(r"v(\d+)\.(\d+)", answer)
    if match is None:
        raise SandboxError(f"{program} --version says {answer.strip()!r}, which names no version; replace it")
    return int(match[1]), int(match[2])


def _installed(name: str) -> Path | None:
    assets = _assets()
    if assets and os.access(assets / name, os.X_OK):
        return assets / name
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


def _containerd_major(program: Path) -> int:
    """The answer is like `containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1`."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r" v?(\d+)\.\d", answer)
    return int(match[1]) if match else 0


def _found() -> Path | None:
    assets = _assets()
    if assets is not None:
        if not (assets / "kube-apiserver").exists():
            raise SandboxError(f"{FROM_ASSETS}={assets} has no kube-apiserver; correct it or unset it")
        return assets
    on_path = shutil.which("kube-apiserver")
    return Path(on_path).parent if on_path else kubernetes_build.built()


def _assets() -> Path | None:
    value = os.environ.get(FROM_ASSETS)
    return Path(value).absolute() if value else None
