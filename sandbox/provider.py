"""How a provider is told of two clusters of the sandbox: its certificates and its command line."""

from dataclasses import dataclass
from pathlib import Path

from kube.certificates import Subject
from sandbox.pki import Pki

NODE = "virtual-node"


@dataclass(frozen=True, slots=True)
class ProviderSetup:
    """One provider between a host cluster and a virtual API server."""

    cluster: str
    host_namespace: str
    host_kubeconfig: Path
    virtual_kubeconfig: Path
    virtual_certificates: Path  # the folder of the virtual cluster's authority
    api_server: str  # URL
    machine: str  # this machine's address, as both API servers reach it
    kubelet_port: int
    health_port: int

    def arguments(self) -> list[str]:
        """What `vkp provider` is called with; its serving certificate is made on first use."""
        pki = Pki(self.virtual_certificates)
        pki.server(f"kubelet-{self.cluster}", Subject(f"system:node:{NODE}", ("system:nodes",)), [self.machine])
        settings = {
            "cluster": self.cluster,
            "host-namespace": self.host_namespace,
            "host-kubeconfig": self.host_kubeconfig,
            "virtual-kubeconfig": self.virtual_kubeconfig,
            "node-name": NODE,
            "kubelet-address": self.machine,
            "kubelet-bind": self.machine,
            "kubelet-port": self.kubelet_port,
            "kubelet-certificate": pki.certificate(f"kubelet-{self.cluster}"),
            "kubelet-key": pki.key(f"kubelet-{self.cluster}"),
            "kubelet-client-ca": pki.certificate("ca"),
            "api-server": self.api_server.removeprefix("https://"),
            "health-port": self.health_port,
            "lease-identity": f"{self.machine}:{self.kubelet_port}",  # which one that is started again has, too
            "log-format": "console",
        }
        return [f"--{name}={value}" for name, value in settings.items()]
