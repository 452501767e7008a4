"""Configuration files of a node's daemons, by version: pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.binaries import Version

CGROUP_V1_REFUSED_BY_DEFAULT = (1, 31)  # failCgroupV1 came with 1.31 and is on by default from 1.35
RUNTIME_ENDPOINT_IN_CONFIG = (1, 27)
RUNTIME_FLAG_GONE = (1, 27)
SOCKET = "unix:///run/containerd/containerd.sock"
PAUSE_IMAGE = "sandbox.local/pause:1"
MIRRORS = "mirrors"

# What a kubelet would set machine-wide; nodes see these values already in place, so that it leaves the machine alone.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node's configuration is made from."""

    name: str
    address: str
    version: Version
    folder: Path  # the node's own disk; the same path inside and outside its namespaces
    certificates: Path
    cgroup: str
    dns: str
    pods: str
    cluster_pods: str


def kubelet(node: NodeFacts) -> dict[str, Any]:
    """KubeletConfiguration: authentication and authorisation as in real clusters, no eviction on a full disk."""
    configuration: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(node.certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "address": node.address,
        "tlsCertFile": str(node.certificates / f"{node.name}.crt"),
        "tlsPrivateKeyFile": str(node.certificates / f"{node.name}.key"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "clusterDNS": [node.dns],
        "clusterDomain": "cluster.local",
        "resolvConf": str(node.folder / "resolv.conf"),
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "serializeImagePulls": False,
        "nodeStatusUpdateFrequency": "1s",  # how soon a new node is Ready
    }
    if node.version >= CGROUP_V1_REFUSED_BY_DEFAULT:
        configuration["failCgroupV1"] = False
    if node.version >= RUNTIME_ENDPOINT_IN_CONFIG:
        configuration["containerRuntimeEndpoint"] = SOCKET
    return configuration


def kubelet_flags(node: NodeFacts, *, config: Path, kubeconfig: Path) -> list[str]:
    """What a kubelet takes on its command line only."""
    runtime = [f"--container-runtime-endpoint={SOCKET}"] if node.version < RUNTIME_ENDPOINT_IN_CONFIG else []
    remote = ["--container-runtime=remote"] if node.version < RUNTIME_FLAG_GONE else []
    return [
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        *remote,
        *runtime,
    ]


def kube_proxy(node: NodeFacts, *, kubeconfig: Path) -> dict[str, Any]:
    """KubeProxyConfiguration; connection tracking limits are the machine's, so they are left alone."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "mode": "iptables",
        "clusterCIDR": node.cluster_pods,
        "hostnameOverride": node.name,
        "bindAddress": node.address,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def cni(node: NodeFacts) -> dict[str, Any]:
    """One cable a pod, routed: with a bridge, replies between neighbours would pass kube-proxy's rules by."""
    return {
        "cniVersion": "0.4.0",
        "name": "sandbox",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": node.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def containerd(node: NodeFacts, *, programs: Mapping[str, Path], cni_plugins: Path) -> str:
    """The configuration of containerd, version 2, which containerd 1.5 to 2.x read."""
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0

[grpc]
  address = "{SOCKET.removeprefix("unix://")}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE runc dies of lowering a pod's oom_score_adj below our own.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{cni_plugins}"
  conf_dir = "{node.folder / "cni"}"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{node.folder / MIRRORS}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  BinaryName = "{programs["runc"]}"
"""


def mirror(registry: str) -> str:
    """hosts.toml that sends every pull, whatever the image's registry, to the sandbox's own."""
    return f'server = "{registry}"\n\n[host."{registry}"]\n  capabilities = ["pull", "resolve"]\n'
