"""A virtual cluster for tests: an API server, and a `vkp provider` beside it, in a process of its own."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox import cluster_dns
from sandbox.provider import ProviderSetup
from sandbox.session import ApiServer
from sandbox.waiting import wait_until
from tests.kubectl import Kubectl
from tests.ports import free_port
from tests.scraped import samples_at


class VirtualCluster:
    """One provider that joins a host cluster's namespace and a virtual API server."""

    def __init__(
        self, host: ApiServer, virtual: ApiServer, namespace: str, folder: Path, *, name: str = "tenant"
    ) -> None:
        self.host = host
        self.virtual = virtual
        self.namespace = namespace  # on the host
        self.name = name
        self.folder = folder
        self.kubelet_port = free_port(host.machine)
        self.health_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the provider was not started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _setup(self) -> ProviderSetup:
        return ProviderSetup(
            cluster=self.name,
            host_namespace=self.namespace,
            host_kubeconfig=self.host.kubeconfig,
            virtual_kubeconfig=self.virtual.kubeconfig,
            virtual_certificates=self.virtual.certificates,
            api_server=self.virtual.server,
            machine=self.host.machine,
            kubelet_port=self.kubelet_port,
            health_port=self.health_port,
        )

    def arguments(self) -> list[str]:
        """What its provider is called with."""
        return self._setup().arguments()

    def kubectl(self, namespace: str = "default") -> Kubectl:
        return Kubectl(self.virtual.kubectl, self.virtual.kubeconfig, namespace)

    def host_kubectl(self) -> Kubectl:
        return Kubectl(self.host.kubectl, self.host.kubeconfig, self.namespace)

    def start(self, *arguments: str) -> None:
        """Start the provider and wait until it is ready."""
        with (self.folder / "provider.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "from vk_provider.entry import main; main()",
                    "provider",
                    *self.arguments(),
                    *arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        def look() -> str | None:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the provider ended with {self._process.returncode}:\n{self.log()}")
            return self.not_ready()

        wait_until(look, what="provider ready", seconds=60, advice=f"its log ends with {self.log()[-4000:]}")

    def not_ready(self) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=5):
                return None
        except OSError as error:
            return str(error)

    def metric(self, name: str, /, **labels: str) -> float:
        """The sum of the provider's samples of this name that have these labels."""
        samples = samples_at(f"http://127.0.0.1:{self.health_port}/metrics")
        return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())

    def leads(self) -> bool:
        """Whether the provider writes, or stands by: it is ready before it leads."""
        return self.metric("leader_election_master_status") == 1

    def wait_leading(self) -> None:
        def look() -> str | None:
            return None if self.leads() else "it stands by"

        wait_until(look, what="the provider to lead", seconds=60, advice=f"its log ends with {self.log()[-4000:]}")

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def log(self) -> str:
        return (self.folder / "provider.log").read_text(errors="replace")


@contextmanager
def virtual_cluster(host: ApiServer, virtual: ApiServer, folder: Path, *arguments: str) -> Iterator[VirtualCluster]:
    """A running virtual cluster in a fresh host namespace; `arguments` are the provider's."""
    namespace = host.create_namespace("tenant")
    try:
        with running(VirtualCluster(host, virtual, namespace, folder), *arguments) as cluster:
            yield cluster
    finally:
        host.delete_namespace(namespace)


@contextmanager
def running(cluster: VirtualCluster, *arguments: str) -> Iterator[VirtualCluster]:
    """The cluster with its provider, which is ended unless the test did so."""
    cluster.start(*arguments)
    try:
        yield cluster
    finally:
        if cluster.is_running:
            cluster.stop()


@contextmanager
def resolving(*clusters: VirtualCluster) -> Iterator[None]:
    """The clusters have a DNS each, run by themselves; pods created from now on ask it."""
    kubectls = [cluster.kubectl(cluster_dns.NAMESPACE) for cluster in clusters]
    for cluster in clusters:
        cluster.virtual.install_dns()
    for kubectl in kubectls:
        kubectl.wait_for("condition=Available", f"deployment/{cluster_dns.NAME}")
    yield
    for kubectl in kubectls:
        kubectl("delete", f"deployment/{cluster_dns.NAME}", f"service/{cluster_dns.NAME}", "--cascade=foreground")
