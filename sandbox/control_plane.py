"""Starting control planes: etcd and an API server, with a controller-manager and a scheduler where they are wanted."""

import os
import shutil
from pathlib import Path

from sandbox import flags, kubeconfig
from sandbox.binaries import Binaries, version_of
from sandbox.core import Sandbox, http_get, require_free
from sandbox.errors import SandboxError
from sandbox.flags import ControlPlane
from sandbox.network import create_bridge
from sandbox.pki import CLIENTS, Pki
from sandbox.record import Cluster

HOST = "host"
COMPONENTS = ("controller-manager", "scheduler")


def start(sandbox: Sandbox, name: str, binaries: Binaries, *, controllers: bool) -> Cluster:
    """Bring a control plane up, new or again; returns when it answers /readyz.

    Its controllers may need some seconds more: see `wait_for_controllers`.
    """
    cluster = sandbox.record.clusters.get(name) or _new(sandbox, name, binaries, controllers=controllers)
    plane = _plane(sandbox, cluster)
    _make_credentials(sandbox, cluster, plane.pki)
    _start_etcd(sandbox, cluster, binaries)
    _start_apiserver(sandbox, cluster, plane)
    if cluster.controllers:
        _start_controllers(sandbox, cluster, plane)
    return cluster


def wait_for_controllers(sandbox: Sandbox, cluster: Cluster) -> None:
    """Wait until pods can be created: the controllers have made the first ServiceAccount."""
    process = sandbox.record.processes[f"{cluster.name}/controller-manager"]

    def look() -> str | None:
        status, body = sandbox.get(cluster, "/api/v1/namespaces/default/serviceaccounts/default")
        return None if status == 200 else f"ServiceAccount default: {status} {body.decode(errors='replace')[:200]}"

    sandbox.wait(process, look)


def stop(sandbox: Sandbox, name: str, *, grace: float = 10.0) -> None:
    """Stop a control plane; its data stay, and `start` brings it back."""
    for component in (*reversed(COMPONENTS), "apiserver", "etcd"):
        sandbox.stop(f"{name}/{component}", grace=grace)


def lose_data(sandbox: Sandbox, name: str) -> None:
    """Stop a control plane and throw its data away; `start` begins it anew."""
    stop(sandbox, name, grace=0)
    shutil.rmtree(sandbox.layout.cluster(name) / "etcd")


def remove(sandbox: Sandbox, name: str) -> None:
    """Stop a control plane and forget it."""
    stop(sandbox, name, grace=0)
    shutil.rmtree(sandbox.layout.cluster(name))
    sandbox.layout.kubeconfig(name).unlink()
    del sandbox.record.clusters[name]
    sandbox.save()


def _new(sandbox: Sandbox, name: str, binaries: Binaries, *, controllers: bool) -> Cluster:
    is_root = os.geteuid() == 0
    if is_root:
        create_bridge(sandbox.addresses)
    taken = {cluster.number for cluster in sandbox.record.clusters.values()}
    cluster = Cluster(
        name=name,
        number=min(set(range(len(taken) + 1)) - taken),
        address=str(sandbox.addresses.machine if is_root else sandbox.addresses.loopback),
        loopback=str(sandbox.addresses.loopback),
        controllers=controllers,
        binaries=str(binaries.kubernetes),
    )
    require_free(cluster.address, cluster.port)
    for offset in range(4):
        require_free(cluster.loopback, cluster.internal_port(offset))
    sandbox.record.clusters[name] = cluster
    sandbox.save()
    return cluster


def _plane(sandbox: Sandbox, cluster: Cluster) -> ControlPlane:
    return ControlPlane(
        version=version_of(Path(cluster.binaries) / "kube-apiserver"),
        pki=Pki(sandbox.certificates(cluster.name)),
        address=cluster.address,
        port=cluster.port,
        etcd=cluster.etcd,
        services=str(sandbox.addresses.services),
        controllers=cluster.controllers,
    )


def _make_credentials(sandbox: Sandbox, cluster: Cluster, pki: Pki) -> None:
    service = ["kubernetes", "default", "svc", "cluster", "local"]
    names = [".".join(service[:length]) for length in (1, 2, 3, 5)]
    first_service = str(sandbox.addresses.services[1])
    pki.create(server_names=[*names, "localhost", cluster.address, cluster.loopback, first_service])
    authority = pki.certificate("ca").read_bytes()
    for client in CLIENTS:
        kubeconfig.write(
            _kubeconfig(sandbox, cluster, client),
            cluster=f"sandbox-{cluster.name}",
            server=cluster.server,
            authority=authority,
            client=pki.pair(client),
        )


def _kubeconfig(sandbox: Sandbox, cluster: Cluster, client: str) -> Path:
    if client == "admin":
        return sandbox.layout.kubeconfig(cluster.name)
    return sandbox.layout.cluster(cluster.name) / f"{client}.kubeconfig"


def _start_etcd(sandbox: Sandbox, cluster: Cluster, binaries: Binaries) -> None:
    data = sandbox.layout.cluster(cluster.name) / "etcd"
    arguments = flags.etcd(data, client_url=cluster.etcd, peer_url=cluster.etcd_peer)
    process = sandbox.ensure(f"{cluster.name}/etcd", [binaries.tool("etcd"), *arguments])

    def look() -> str | None:
        status, body = http_get(f"{cluster.etcd}/health")
        return None if status == 200 else body.decode(errors="replace")

    # An API server that is started sooner falls into a back-off of a second.
    sandbox.wait(process, look)


def _start_apiserver(sandbox: Sandbox, cluster: Cluster, plane: ControlPlane) -> None:
    sandbox.progress(f"starting API server {cluster.name}")
    program = Path(cluster.binaries) / "kube-apiserver"
    process = sandbox.ensure(f"{cluster.name}/apiserver", [program, *flags.apiserver(plane)])

    def look() -> str | None:
        status, body = sandbox.get(cluster, "/readyz")
        return None if status == 200 else body.decode(errors="replace").replace("\n", " ")

    sandbox.wait(process, look)


def _start_controllers(sandbox: Sandbox, cluster: Cluster, plane: ControlPlane) -> None:
    sandbox.progress(f"starting the controllers of {cluster.name}")
    commands = {"controller-manager": flags.controller_manager, "scheduler": flags.scheduler}
    for offset, component in enumerate(COMPONENTS, start=2):
        program = Path(cluster.binaries) / f"kube-{component}"
        if not program.exists():
            raise SandboxError(f"{cluster.binaries} has no kube-{component}; put one of the same version there")
        arguments = commands[component](
            plane,
            _kubeconfig(sandbox, cluster, component),
            port=cluster.internal_port(offset),
            loopback=cluster.loopback,
        )
        sandbox.ensure(f"{cluster.name}/{component}", [program, *arguments])
