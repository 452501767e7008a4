"""`make demo`: a virtual cluster on a host cluster, used as anybody would; each command stands before its output."""

import subprocess
import sys
import time
from pathlib import Path

import click

from sandbox import binaries, cluster_dns, control_plane, host
from sandbox.control_plane import HOST
from sandbox.core import Sandbox, changing, http_get
from sandbox.errors import SandboxError
from sandbox.layout import DEFAULT_STATE
from sandbox.progress_display import showing_progress
from sandbox.provider import ProviderSetup
from sandbox.record import Cluster

VIRTUAL = "demo"
PROVIDER = "demo/provider"
NAMESPACE = "vc-demo"
KUBELET_PORT = 10250
HEALTH_PORT = 8081

PATIENTLY = "-s --connect-timeout 2 --retry 9 --retry-connrefused --retry-delay 1"
ON_THE_HOST = (f"get pods -n {NAMESPACE} -o wide",)
IN_THE_VIRTUAL_CLUSTER = (
    "get nodes -o wide",
    "rollout status deployment/kube-dns -n kube-system --timeout=120s",
    "create deployment hello --image=sandbox.local/echo:1 --port=8080",
    "rollout status deployment/hello --timeout=120s",
    "get pods -o wide",
    "logs deployment/hello",
    "expose deployment hello --port=80 --target-port=8080",
    "get services",
    f"run asker --rm --attach --quiet --restart=Never --image=curlimages/curl -- {PATIENTLY} http://hello/by-name",
)


def main() -> int:
    """Run the demo; returns the exit code."""
    began = time.monotonic()
    with showing_progress() as progress:
        found = binaries.find(progress)
        with changing(Path(DEFAULT_STATE), progress) as sandbox:
            host.start(sandbox, found, nodes=1)
            virtual = control_plane.start(sandbox, VIRTUAL, found, controllers=True)
            _start_provider(sandbox, virtual)
            control_plane.wait_for_controllers(sandbox, virtual)
            cluster_dns.install(sandbox, virtual)
    virtual_kubeconfig, host_kubeconfig = sandbox.layout.kubeconfig(VIRTUAL), sandbox.layout.kubeconfig(HOST)
    kubectl = found.tool("kubectl")
    _run(kubectl, virtual_kubeconfig, "delete deployment,service hello --ignore-not-found --wait")
    click.secho("\nA virtual cluster, with an API server and a node of its own:", bold=True)
    for step in IN_THE_VIRTUAL_CLUSTER:
        _show(kubectl, virtual_kubeconfig, step)
    click.secho("\nThe same pod on the host cluster, where it really runs:", bold=True)
    for step in ON_THE_HOST:
        _show(kubectl, host_kubeconfig, step)
    click.secho(f"\nAll of it in {time.monotonic() - began:.0f} s. Go on with", bold=True)
    click.echo(f"  export KUBECONFIG={virtual_kubeconfig}\nor look at the host with")
    click.echo(f"  export KUBECONFIG={host_kubeconfig}\nand end it all with\n  make down")
    return 0


def _start_provider(sandbox: Sandbox, virtual: Cluster) -> None:
    sandbox.progress("starting the provider")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    sandbox.post(sandbox.record.clusters[HOST], "/api/v1/namespaces", namespace)
    setup = ProviderSetup(
        cluster=VIRTUAL,
        host_namespace=NAMESPACE,
        host_kubeconfig=sandbox.layout.kubeconfig(HOST),
        virtual_kubeconfig=sandbox.layout.kubeconfig(VIRTUAL),
        virtual_certificates=sandbox.certificates(VIRTUAL),
        api_server=virtual.server,
        machine=virtual.address,
        kubelet_port=KUBELET_PORT,
        health_port=HEALTH_PORT,
    )
    vkp = Path(sys.executable).with_name("vkp")
    bind = f"--health-bind={virtual.loopback}"
    process = sandbox.ensure(PROVIDER, [vkp, "provider", *setup.arguments(), bind])

    def look() -> str | None:
        status, body = http_get(f"http://{virtual.loopback}:{HEALTH_PORT}/readyz")
        return None if status == 200 else body.decode(errors="replace").strip()

    sandbox.wait(process, look)


def _show(kubectl: Path, kubeconfig: Path, step: str) -> None:
    click.secho(f"\n$ kubectl {step}", bold=True)
    if _run(kubectl, kubeconfig, step, shown=True) != 0:
        raise SandboxError(f"`kubectl {step}` failed; `make down` and `make demo` start afresh")


def _run(kubectl: Path, kubeconfig: Path, step: str, *, shown: bool = False) -> int:
    sys.stdout.flush()
    command = [str(kubectl), f"--kubeconfig={kubeconfig}", *step.split()]
    return subprocess.run(command, capture_output=not shown, check=False, timeout=180).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SandboxError as error:
        sys.exit(f"Error: {error}")
