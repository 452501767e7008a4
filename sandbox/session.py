"""A sandbox for the time of a test run or a benchmark: servers as they are asked for, all gone at the end.

What a run that was killed left behind is removed by the next run, and by `python -m sandbox down --all`.
"""

import contextlib
import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from sandbox import binaries, cluster_dns, control_plane, core, host, network, node
from sandbox.binaries import Binaries, Version, version_of
from sandbox.control_plane import HOST
from sandbox.core import Sandbox, changing, load_sandbox
from sandbox.errors import SandboxError
from sandbox.processes import Process, of_this_process
from sandbox.progress import Progress, silent
from sandbox.record import Cluster
from sandbox.waiting import wait_until

OWNER = "owner.json"


@contextlib.contextmanager
def session(folder: Path, progress: Progress = silent) -> Iterator["Session"]:
    """A new sandbox below `folder`, removed on leaving together with those whose owners died."""
    _remove_abandoned(folder)
    state = folder.absolute() / str(os.getpid())
    state.mkdir(parents=True, exist_ok=True)
    (state / OWNER).write_text(json.dumps(of_this_process()))
    try:
        yield Session(state, progress)
    finally:
        if not core.remove(state, progress):
            (state / OWNER).unlink()
            state.rmdir()
        with contextlib.suppress(OSError):
            folder.rmdir()


class Session:
    """Hands out clusters of one sandbox."""

    def __init__(self, state: Path, progress: Progress) -> None:
        self._state = state
        self._progress = progress
        self._found: Binaries | None = None

    @property
    def binaries(self) -> Binaries:
        """The programs in use, built on first use if need be."""
        if self._found is None:
            self._found = binaries.find(self._progress)
        return self._found

    def api_server(self, name: str, *, controllers: bool = False, assets: Path | None = None) -> "ApiServer":
        """An API server of its own etcd; with `controllers`, pods get scheduled and namespaces deleted.

        `assets` is a folder with another version's programs.
        """
        found = binaries.find(self._progress, assets=assets) if assets else self.binaries
        with changing(self._state, self._progress) as sandbox:
            cluster = control_plane.start(sandbox, name, found, controllers=controllers)
            if controllers:
                control_plane.wait_for_controllers(sandbox, cluster)
        return ApiServer(self._state, cluster, found)

    def host_cluster(self, *, nodes: int = 1) -> "HostCluster":
        """The cluster with real nodes; asked again with more nodes, it grows."""
        with changing(self._state, self._progress) as sandbox:
            host.start(sandbox, self.binaries, nodes=nodes)
        return HostCluster(self._state, sandbox.record.clusters[HOST], self.binaries)


class ApiServer:
    """A running control plane, and the harm that a test may do to it."""

    def __init__(self, state: Path, cluster: Cluster, found: Binaries) -> None:
        self._state = state
        self._binaries = found
        self.name = cluster.name
        self.server = cluster.server
        self.version: Version = version_of(found.component("kube-apiserver"))
        self.kubectl = found.tool("kubectl")
        sandbox = self._sandbox()
        self.kubeconfig = sandbox.layout.kubeconfig(cluster.name)
        self.certificates = sandbox.certificates(cluster.name)
        self.machine = cluster.address  # this machine's address, as the API server and pods reach it
        self._cluster = cluster

    def create_namespace(self, prefix: str) -> str:
        """A namespace that nobody else has."""
        name = f"{prefix}-{time.time_ns():x}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        status, answer = self._sandbox().post(self._cluster, "/api/v1/namespaces", body)
        if status != 201:
            raise SandboxError(f"cannot create namespace {name}: {status} {answer.decode(errors='replace')}")
        if self._cluster.controllers:
            self._wait(f"/api/v1/namespaces/{name}/serviceaccounts/default", f"ServiceAccount of {name}")
        return name

    def delete_namespace(self, name: str) -> None:
        """Begin to delete a namespace; nobody waits for it."""
        self._sandbox().delete(self._cluster, f"/api/v1/namespaces/{name}")

    def install_dns(self, *, address: str = "") -> None:
        """Begin to run the cluster's DNS; `address` is what its nodes are told of, in a host cluster."""
        cluster_dns.install(self._sandbox(), self._cluster, address=address)

    @property
    def dns_address(self) -> str:
        """What nodes of this sandbox take for their cluster's DNS Service."""
        return str(self._sandbox().addresses.dns)

    def get(self, path: str) -> bytes:
        """What a GET answers, without the second that kubectl takes to start on a busy machine."""
        status, body = self._sandbox().get(self._cluster, path)
        if status != 200:
            raise SandboxError(f"GET {path}: {status} {body.decode(errors='replace')}")
        return body

    def kill(self) -> None:
        """Kill -9 the API server; etcd lives on."""
        self._stop("apiserver", grace=0)

    def stop(self) -> None:
        """End the API server in good order."""
        self._stop("apiserver", grace=30)

    def start(self) -> None:
        """Bring back what was stopped or killed, on the same address and with the same data."""
        with changing(self._state) as sandbox:
            control_plane.start(sandbox, self.name, self._binaries, controllers=self._cluster.controllers)

    def pause(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        self._process("apiserver").signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._process("apiserver").signal(signal.SIGCONT)

    def lose_data(self) -> None:
        """Empty etcd, as a restore from an old backup would, and start again."""
        with changing(self._state) as sandbox:
            control_plane.lose_data(sandbox, self.name)
        self.start()

    def compact(self) -> None:
        """Forget all history but the newest, so that older resourceVersions answer 410."""
        revision = int(self._etcd("range", {"key": "AA=="})["header"]["revision"])
        self._etcd("compaction", {"revision": str(revision), "physical": True})

    def remove(self) -> None:
        """End it for good."""
        with changing(self._state) as sandbox:
            control_plane.remove(sandbox, self.name)

    def _etcd(self, verb: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
        """One call of etcd's JSON gateway. Source: etcd's documentation, "gRPC gateway"."""
        data = json.dumps(body).encode()
        with urllib.request.urlopen(f"{self._cluster.etcd}/v3/kv/{verb}", data, timeout=30) as answer:
            content: dict[str, dict[str, str]] = json.load(answer)
        return content

    def _sandbox(self) -> Sandbox:
        sandbox = load_sandbox(self._state)
        if sandbox is None:
            raise SandboxError(f"the sandbox {self._state} is gone")
        return sandbox

    def _process(self, component: str) -> Process:
        return self._sandbox().record.processes[f"{self.name}/{component}"]

    def _stop(self, component: str, *, grace: float) -> None:
        with changing(self._state) as sandbox:
            sandbox.stop(f"{self.name}/{component}", grace=grace)

    def _wait(self, path: str, what: str) -> None:
        def look() -> str | None:
            status, body = self._sandbox().get(self._cluster, path)
            return None if status == 200 else f"{status} {body.decode(errors='replace')[:200]}"

        wait_until(look, what=what, seconds=30, advice="read the controller-manager's log")


class HostCluster(ApiServer):
    """A control plane with nodes, named node-0, node-1 and so on."""

    def add_image(self, archive: Path) -> list[str]:
        """Make an image archive's images known to the registry and to every node."""
        with changing(self._state) as sandbox:
            return host.add_image(sandbox, archive, self._binaries)

    def add_applications(self) -> None:
        """Make `redis:7` and `postgres:15` known to every node, built on first use."""
        with changing(self._state) as sandbox:
            host.add_applications(sandbox, self._binaries)

    def add_k3s(self) -> None:
        """Put the K3s stand-in on every node, so that a server's start is not also its download."""
        with changing(self._state) as sandbox:
            host.add_k3s(sandbox, self._binaries)

    def add_provider(self) -> None:
        """Put our own image on every node, built of the working tree as it is."""
        with changing(self._state) as sandbox:
            host.add_provider(sandbox, self._binaries)

    def stop_node(self, name: str) -> None:
        """Lose a node as in a power cut: no daemon, no container, no address."""
        with changing(self._state) as sandbox:
            node.stop(sandbox, name, grace=0)

    def start_node(self, name: str) -> None:
        """Bring a lost node back, and wait until it is Ready."""
        with changing(self._state) as sandbox:
            host.start_node(sandbox, name, self._binaries)
            node.wait_ready(sandbox, name)

    def cut_node(self, name: str) -> None:
        """Partition a node: everything on it runs on, and no packet gets in or out."""
        sandbox = self._sandbox()
        network.cut(sandbox.addresses, sandbox.record.nodes[name].number)

    def mend_node(self, name: str) -> None:
        """End a partition."""
        sandbox = self._sandbox()
        network.mend(sandbox.addresses, sandbox.record.nodes[name].number)

    def signal_daemon(self, name: str, daemon: str, number: signal.Signals) -> None:
        """Send a signal to one of a node's daemons: containerd, kubelet or kube-proxy."""
        self._sandbox().record.processes[f"{name}/{daemon}"].signal(number)


def _remove_abandoned(folder: Path) -> None:
    for owner in folder.absolute().glob(f"*/{OWNER}"):
        pid, started = json.loads(owner.read_text())
        if not Process("owner", pid, started, "").is_alive() and not core.remove(owner.parent):
            owner.unlink()
            owner.parent.rmdir()
