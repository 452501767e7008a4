"""`make demo`: start the host cluster and use it as anybody would, showing each command before its output."""

import subprocess
import sys
import time
from pathlib import Path

import click

from sandbox import binaries, host
from sandbox.core import changing
from sandbox.errors import SandboxError
from sandbox.layout import DEFAULT_STATE
from sandbox.progress_display import showing_progress

STEPS = (
    "get nodes -o wide",
    "create deployment hello --image=sandbox.local/echo:1 --port=8080",
    "expose deployment hello --port=80 --target-port=8080",
    "rollout status deployment/hello --timeout=120s",
    "get pods,services -o wide",
    "logs deployment/hello",
    "exec deployment/hello -- wget -qO- http://127.0.0.1:8080/hello",
)


def main() -> int:
    """Run the demo; returns the exit code."""
    began = time.monotonic()
    with showing_progress() as progress:
        found = binaries.find(progress)
        with changing(Path(DEFAULT_STATE), progress) as sandbox:
            host.start(sandbox, found, nodes=1)
    kubeconfig = sandbox.layout.kubeconfig("host")
    kubectl = [str(found.tool("kubectl")), f"--kubeconfig={kubeconfig}"]
    run = subprocess.run
    run([*kubectl, "delete", "deployment,service", "hello", "--ignore-not-found"], capture_output=True, check=False)
    for step in STEPS:
        click.secho(f"\n$ kubectl {step}", bold=True)
        if run([*kubectl, *step.split()], check=False).returncode != 0:
            raise SandboxError(f"`kubectl {step}` failed; `make down` and `make demo` start afresh")
    click.secho(f"\nA real Kubernetes, in {time.monotonic() - began:.0f} s. Go on with", bold=True)
    click.echo(f"  export KUBECONFIG={kubeconfig}\nand end it with\n  make down")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SandboxError as error:
        sys.exit(f"Error: {error}")
