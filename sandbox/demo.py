"""`make demo`: from nothing to a virtual cluster in use, as anybody would do it, with each command shown."""

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ
from pathlib import Path

import click

from sandbox import binaries, host, provider_image
from sandbox.control_plane import HOST
from sandbox.core import Sandbox, changing
from sandbox.errors import SandboxError
from sandbox.layout import DEFAULT_STATE
from sandbox.progress_display import showing_progress

NAME, NAMESPACE = "demo", "k3k-demo"
LIMIT = 300  # seconds for one command

PATIENTLY = "-sS --connect-timeout 2 --retry 9 --retry-all-errors --retry-delay 1"
TENANT = (
    "kubectl get nodes",
    "kubectl create deployment hello --image=sandbox.local/echo:1 --port=8080",
    "kubectl expose deployment hello --port=80 --target-port=8080",
    "kubectl rollout status deployment/hello --timeout=120s",
    "kubectl get pods -o wide",
    "kubectl logs deployment/hello",
    "kubectl exec deployment/hello -- sh -c 'echo this is $(hostname), of $KUBERNETES_SERVICE_HOST'",
    f"kubectl run asker --restart=Never --image=curlimages/curl -- {PATIENTLY} http://hello/by-name",
    "kubectl wait --for=jsonpath={.status.phase}=Succeeded pod/asker --timeout=60s",
    "kubectl logs asker",
)
HOST_SIDE = (f"kubectl get pods -n {NAMESPACE} -o wide",)


class Demo:
    """Shows commands, and what each part of it took."""

    def __init__(self, sandbox: Sandbox, programs: Mapping[str, Path]) -> None:
        self._programs = programs
        self.host = sandbox.layout.kubeconfig(HOST)
        self.tenant = sandbox.layout.kubeconfig(NAME)
        self._took: list[tuple[str, float]] = []

    @contextmanager
    def part(self, title: str) -> Iterator[None]:
        click.secho(f"\n{title}:", bold=True)
        began = time.monotonic()
        yield
        self.took(title, time.monotonic() - began)

    def took(self, title: str, seconds: float) -> None:
        self._took.append((title, seconds))

    def show(self, command: str, kubeconfig: Path) -> None:
        click.secho(f"\n$ {command}", bold=True)
        if self.run(command, kubeconfig) != 0:
            raise SandboxError(f"`{command}` failed; `make down` and `make demo` start afresh")

    def run(self, command: str, kubeconfig: Path, *, shown: bool = True) -> int:
        sys.stdout.flush()
        program, *arguments = shlex.split(command)
        done = subprocess.run(
            [str(self._programs[program]), *arguments],
            env={**environ, "KUBECONFIG": str(kubeconfig)},
            capture_output=not shown,
            check=False,
            timeout=LIMIT,
        )
        return done.returncode

    def end(self) -> None:
        click.secho("\nWhat took how long:", bold=True)
        for title, seconds in self._took:
            click.echo(f"  {seconds:5.1f} s  {title}")
        click.secho("\nGo on in the virtual cluster:", bold=True)
        click.echo(f"  export KUBECONFIG={self.tenant}")
        click.echo("  kubectl create deployment web --image=sandbox.local/echo:1 --replicas=3")
        click.secho("or look at what the host makes of it:", bold=True)
        click.echo(f"  export KUBECONFIG={self.host}")
        click.echo(f"  kubectl get all -n {NAMESPACE}")
        click.echo(f"  .venv/bin/vkp status {NAME}")
        click.secho("and end it all:", bold=True)
        click.echo("  make down")


def main() -> int:
    """Run the demo; returns the exit code."""
    began = time.monotonic()
    with showing_progress() as progress:
        found = binaries.find(progress)
        with changing(Path(DEFAULT_STATE), progress) as sandbox:
            host.start(sandbox, found, nodes=1)
            host.add_k3s(sandbox, found)
            host.add_provider(sandbox, found)
    demo = Demo(sandbox, {"kubectl": found.tool("kubectl"), "vkp": Path(sys.executable).with_name("vkp")})
    demo.took("A host cluster, and the images that it needs", time.monotonic() - began)
    _show(demo)
    demo.end()
    return 0


def _show(demo: Demo) -> None:
    with demo.part("The controller goes into the host cluster"):
        demo.show(f"vkp install --image {provider_image.NAME} --wait", demo.host)
    with demo.part("A virtual cluster"):
        if demo.run(f"vkp cluster get {NAME}", demo.host, shown=False) != 0:
            demo.show(f"vkp cluster create {NAME} --wait", demo.host)
        demo.show(f"vkp kubeconfig get {NAME} --wait --write {demo.tenant}", demo.host)
        demo.show("vkp cluster list", demo.host)
    with demo.part("What its users do with it"):
        demo.run("kubectl delete deployment/hello service/hello pod/asker --ignore-not-found", demo.tenant, shown=False)
        for command in TENANT:
            demo.show(command, demo.tenant)
    with demo.part("The same on the host cluster, where it really runs"):
        for command in HOST_SIDE:
            demo.show(command, demo.host)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SandboxError as error:
        sys.exit(f"Error: {error}")
