"""What the provider can tell of host nodes without asking: it runs on one of them."""

import platform
from collections.abc import Mapping

# Go's names, which Kubernetes uses, for the kernel's.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def local_info(kubelet_version: str) -> Mapping[str, str]:
    """What nodeInfo to assume; the version had best be that of the host's API server."""
    machine = platform.machine()
    return {
        "kernelVersion": platform.release(),
        "kubeletVersion": kubelet_version,
        "operatingSystem": "linux",
        "architecture": _ARCHITECTURES.get(machine, machine),
    }
