"""A virtual cluster for tests as users get one: a `Cluster`, and a controller that runs on the host cluster."""

import base64
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil
import yaml

from sandbox.binaries import Version
from sandbox.provider_image import NAME as IMAGE
from sandbox.session import ApiServer, HostCluster
from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from vk_provider.install.objects import objects
from vk_provider.install.options import NAME, Options
from vk_provider.install.options import NAMESPACE as SYSTEM

READY_SECONDS = 120


class Server(Protocol):
    """The API server of a virtual cluster, as tests use it."""

    server: str
    kubeconfig: Path
    kubectl: Path
    version: Version

    def get(self, path: str) -> bytes: ...
    def create_namespace(self, prefix: str) -> str: ...
    def delete_namespace(self, name: str) -> None: ...


class MadeServer:
    """One that runs in a pod."""

    def __init__(self, host: ApiServer, kubeconfig: Path) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        self.server: str = content["clusters"][0]["cluster"]["server"]
        self.kubeconfig = kubeconfig
        self.kubectl = host.kubectl
        self.version = host.version  # the stand-in runs the host's programs
        self._tls = _tls(content, kubeconfig.parent)

    def get(self, path: str) -> bytes:
        address = self.server + path
        with urllib.request.urlopen(address, context=self._tls, timeout=30) as answer:  # noqa: S310 - https, ours
            return bytes(answer.read())

    def create_namespace(self, prefix: str) -> str:
        name = f"{prefix}-{time.time_ns():x}"
        kubectl = Kubectl(self.kubectl, self.kubeconfig, name)
        kubectl("create", "namespace", name)

        def look() -> str | None:
            done = kubectl.run("get", "serviceaccount", "default")
            return None if done.returncode == 0 else done.stderr.decode()

        wait_until(look, what=f"ServiceAccount of {name}", seconds=60, advice="see the controller-manager's log")
        return name

    def delete_namespace(self, name: str) -> None:
        Kubectl(self.kubectl, self.kubeconfig)("delete", "namespace", name, "--wait=false")


class MadeCluster:
    """One `Cluster` in a host namespace."""

    def __init__(self, host: HostCluster, namespace: str, name: str, folder: Path) -> None:
        self.host: ApiServer = host
        self.namespace = namespace
        self.name = name
        self.folder = folder
        self._server: MadeServer | None = None

    @property
    def virtual(self) -> MadeServer:
        assert self._server is not None, "the Cluster was not waited for"
        return self._server

    def create(self, **spec: Any) -> None:
        metadata = {"name": self.name, "namespace": self.namespace}
        body = {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": metadata, "spec": spec}
        self.host_kubectl().apply(body)

    def wait_ready(self) -> None:
        """Wait until it is Ready, and take its kubeconfig."""
        kubectl = self.host_kubectl()
        try:
            kubectl.wait_for("condition=Ready", f"cluster/{self.name}", seconds=READY_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.state()}") from error
        secret = kubectl.get("secret", f"k3k-{self.name}-kubeconfig")
        kubeconfig = self.folder / "kubeconfig.yaml"
        kubeconfig.write_bytes(base64.b64decode(secret["data"]["kubeconfig.yaml"]))
        self._server = MadeServer(self.host, kubeconfig)

    def delete(self) -> None:
        """Delete it, and wait until it is gone."""
        self.host_kubectl()("delete", f"cluster/{self.name}", "--timeout=90s")

    def kubectl(self, namespace: str = "default") -> Kubectl:
        return Kubectl(self.virtual.kubectl, self.virtual.kubeconfig, namespace)

    def host_kubectl(self) -> Kubectl:
        return Kubectl(self.host.kubectl, self.host.kubeconfig, self.namespace)

    def log(self) -> str:
        """What the provider has said, as far as its pod has not been replaced."""
        done = self.host_kubectl().run("logs", f"deployment/k3k-{self.name}-provider", "--tail=-1")
        return (done.stdout + done.stderr).decode(errors="replace")

    @property
    def pid(self) -> int:
        """Of the provider, as this machine counts."""
        marks = {f"--cluster={self.name}", f"--host-namespace={self.namespace}"}
        found = [each for each in psutil.process_iter() if marks <= set(_arguments(each))]
        assert len(found) == 1, f"the provider runs {len(found)} times"
        return int(found[0].pid)

    def state(self) -> str:
        """What somebody would look at who wonders why it is not Ready."""
        kubectl = self.host_kubectl()
        looks = (
            ("get", "cluster", self.name, "-o", "jsonpath={.status}"),
            ("get", "pods,pvc,services", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", f"statefulset/k3k-{self.name}-server", "--all-containers", "--tail=30"),
            ("logs", f"deployment/k3k-{self.name}-provider", "--tail=30"),
            ("logs", f"deployment/{NAME}", f"--namespace={SYSTEM}", "--tail=30"),
        )
        done = [kubectl.run(*look) for look in looks]
        return "\n".join((each.stdout + each.stderr).decode(errors="replace") for each in done)


def install(host: HostCluster, **options: Any) -> None:
    """Bring the controller into the host cluster, as `vkp install` does, and wait until it runs."""
    host.add_k3s()
    host.add_provider()
    kubectl = Kubectl(host.kubectl, host.kubeconfig, SYSTEM)
    kubectl.apply(*objects(Options(image=IMAGE, **options)))
    kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=90s")
    kubectl("wait", "--for=condition=Established", "crd/clusters.k3k.io", "--timeout=30s")


@contextmanager
def made_cluster(host: HostCluster, folder: Path, name: str = "tenant", **spec: Any) -> Iterator[MadeCluster]:
    """A virtual cluster that is Ready, in a host namespace of its own; gone afterwards."""
    cluster = MadeCluster(host, host.create_namespace("made"), name, folder)
    cluster.create(**spec)
    try:
        cluster.wait_ready()
        yield cluster
    finally:
        cluster.delete()
        host.delete_namespace(cluster.namespace)


def _arguments(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return list(process.cmdline())
    return []


def _tls(kubeconfig: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    client = folder / "client.pem"
    parts = (base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key"))
    client.touch(mode=0o600)
    client.write_bytes(b"\n".join(parts))
    context.load_cert_chain(client)
    return context
