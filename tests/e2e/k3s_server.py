"""A K3s server for tests, as a pod that somebody wrote by hand: restricted, with a volume and a Service of its own."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from sandbox.waiting import wait_until
from tests.kubectl import Kubectl

IMAGE = "rancher/k3s:v1.31.4-k3s1"
DATA = "/var/lib/rancher/k3s"
PORTS = {"https": 6443, "etcd-client": 2379, "etcd-peer": 2380}
COMMON: dict[str, Any] = {
    "disable-agent": True,
    "egress-selector-mode": "disabled",
    "disable-cloud-controller": True,
    "disable": ["servicelb", "traefik", "metrics-server", "local-storage"],
    "data-dir": DATA,
    "write-kubeconfig": "/etc/rancher/k3s/k3s.yaml",
    "token": "secret",
}
# Where a server is known by the address of a Service, it can listen at any but that one.
LISTEN = ["listen-client-urls=https://0.0.0.0:2379", "listen-peer-urls=https://0.0.0.0:2380"]
USER = 65532
READYZ = {"exec": {"command": ["/bin/k3s", "kubectl", "get", "--raw=/readyz"]}, "timeoutSeconds": 15}


class K3sServer:
    """One server in a host namespace; its data and its address outlive its pod."""

    def __init__(self, host: Kubectl, name: str, folder: Path) -> None:
        self._host = host
        self.name = name
        self._folder = folder
        host.apply(self._service(), self._claim())
        self.address = str(host.get(f"service/{name}")["spec"]["clusterIP"])

    def start(self, **config: Any) -> None:
        """Run it with these keys of its configuration beside the usual ones, and wait until it is ready."""
        self.begin(**config)
        self._host.wait_for("condition=Ready", f"pod/{self.name}")

    def begin(self, **config: Any) -> None:
        said = {**COMMON, **{key.replace("_", "-"): value for key, value in config.items()}}
        metadata = {"name": self.name}
        data = {"config.yaml": yaml.safe_dump(said)}
        self._host.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, self._pod())

    def end(self) -> int:
        """Tell it to end; returns the exit code. It begins again at once.

        Of a deleted pod's containers a kubelet may forget how they ended.
        """
        restarts = self._container()["restartCount"]
        self.exec("kill", "-TERM", "1")

        def look() -> str | None:
            container = self._container()
            return None if container["restartCount"] > restarts else str(container["state"])

        wait_until(look, what=f"{self.name} to have ended", seconds=90, advice="see its log")
        return int(self._container()["lastState"]["terminated"]["exitCode"])

    def stop(self) -> None:
        """Delete its pod."""
        self._host("delete", f"pod/{self.name}", "--wait", "--timeout=90s")

    def _container(self) -> Any:
        return self._host.get(f"pod/{self.name}")["status"]["containerStatuses"][0]

    def exec(self, *command: str) -> str:
        return self._host("exec", self.name, "-c", "k3s", "--", *command)

    def log(self) -> str:
        return self._host("logs", self.name)

    def kubectl(self) -> Kubectl:
        """As its administrator, from outside."""
        content = self.exec("cat", "/etc/rancher/k3s/k3s.yaml").replace("127.0.0.1", self.address)
        kubeconfig = self._folder / f"{self.name}.kubeconfig"
        kubeconfig.write_text(content)
        return Kubectl(Path(self._host.command[0]), kubeconfig)

    def etcd(self, method: str, **body: object) -> Any:
        """One call to its member of an etcd."""
        tls = f"{DATA}/server/tls/etcd"
        files = ("--cacert", f"{tls}/server-ca.crt", "--cert", f"{tls}/client.crt", "--key", f"{tls}/client.key")
        said = msgspec.json.encode(body).decode()
        return msgspec.json.decode(self.exec("curl", "-sf", *files, "-d", said, f"https://127.0.0.1:2379/v3/{method}"))

    def wait_restarted(self) -> None:
        def look() -> str | None:
            container = self._container()
            return None if container["restartCount"] and container["ready"] else str(container)

        wait_until(look, what=f"{self.name} to have ended and begun again", seconds=90, advice="see its log")

    def _service(self) -> dict[str, Any]:
        ports = [{"name": name, "port": port} for name, port in PORTS.items()]
        spec = {"selector": {"server": self.name}, "ports": ports, "publishNotReadyAddresses": True}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": self.name}, "spec": spec}

    def _claim(self) -> dict[str, Any]:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": self.name}, "spec": spec}

    def _pod(self) -> dict[str, Any]:
        volumes: dict[str, tuple[str, dict[str, Any]]] = {
            "data": (DATA, {"persistentVolumeClaim": {"claimName": self.name}}),
            "etc": ("/etc/rancher", {"emptyDir": {}}),
            "tmp": ("/tmp", {"emptyDir": {}}),  # noqa: S108 - the container's own
            "config": ("/config", {"configMap": {"name": self.name}}),
        }
        container = {
            "name": "k3s",
            "image": IMAGE,
            # An etcd lets in whoever comes from an address in its own certificate: that of the pod has to be there.
            "command": ["/bin/k3s", "server", "--config=/config/config.yaml", *_tls_sans(self.address, "$(POD_IP)")],
            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "readinessProbe": {**READYZ, "periodSeconds": 1},
            "volumeMounts": [{"name": name, "mountPath": path} for name, (path, _) in volumes.items()],
        }
        identity = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}
        spec = {
            "automountServiceAccountToken": False,
            "securityContext": {**identity, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [{"name": name, **source} for name, (_, source) in volumes.items()],
        }
        metadata = {"name": self.name, "labels": {"server": self.name}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _tls_sans(*names: str) -> list[str]:
    return [f"--tls-san={name}" for name in names]
