"""`vkp connect` to an API server to which there is a route."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.session import ApiServer
from tests.integration.cli.commands import RUN, Vkp
from tests.kubectl import Kubectl
from tests.terminal import terminal
from vk_provider.cli.exits import Exit

SHOW = 'echo "$VKP_CONNECTED $KUBECONFIG $VKP_HOST_KUBECONFIG"; stat -c %a "$KUBECONFIG"'


@pytest.fixture
def demo(kubectl: Kubectl, kinds: None, virtual_api_server: ApiServer) -> str:
    """A Cluster whose kubeconfig leads to another API server."""
    assert kinds is None
    stored = virtual_api_server.kubeconfig.read_text()
    metadata = {"name": "k3k-demo-kubeconfig"}
    kubectl.apply(
        {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": {"name": "demo"}, "spec": {}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"kubeconfig.yaml": stored}},
    )
    return f"{kubectl.namespace}/demo"


def connect(vkp: Vkp, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, "connect", *arguments]
    environment = {**os.environ, **vkp.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_a_command_talks_to_the_virtual_cluster(vkp: Vkp, demo: str, virtual_api_server: ApiServer) -> None:
    done = connect(vkp, demo, "--", str(virtual_api_server.kubectl), "get", "namespaces", "-o", "name")
    assert done.returncode == Exit.OK, done.stderr
    assert "namespace/kube-system" in done.stdout.split()
    assert f"namespace/{demo.partition('/')[0]}" not in done.stdout.split()


def test_the_kubeconfig_is_private_and_gone_afterwards_and_vkp_stays_with_the_host(vkp: Vkp, demo: str) -> None:
    where, mode = connect(vkp, demo, "--", "sh", "-c", SHOW).stdout.splitlines()
    connected, kubeconfig, host_kubeconfig = where.split()
    assert (connected, mode, host_kubeconfig) == (demo, "600", vkp.environment["KUBECONFIG"])
    assert not Path(kubeconfig).exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(["sh", "-c", "exit 7"], 7, id="its own"),
        pytest.param(["sh", "-c", "kill -9 $$"], 137, id="killed"),
        pytest.param(["/no/such/program"], 127, id="not there"),
        pytest.param(["/etc/passwd"], 126, id="no program"),
    ],
)
def test_it_ends_as_the_command_does(vkp: Vkp, demo: str, command: list[str], code: int) -> None:
    done = connect(vkp, demo, "--", *command)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_in_a_terminal_it_is_a_shell(vkp: Vkp, demo: str) -> None:
    environment = {**vkp.environment, "SHELL": "/bin/sh"}
    command = ["env", *(f"{name}={value}" for name, value in environment.items())]
    with terminal([*command, sys.executable, "-c", RUN, "connect", demo]) as shell:
        shell.type_until("echo $((6 * 7))-$VKP_CONNECTED\n", f"42-{demo}")
        shell.type("exit 3\n")
        assert shell.exit_code() == 3


def test_an_end_is_handed_on(vkp: Vkp, demo: str) -> None:
    script = "trap 'echo ended; exit 5' TERM; echo begun; while :; do sleep 0.1; done"
    command = [sys.executable, "-c", RUN, "connect", demo, "--", "sh", "-c", script]
    environment = {**os.environ, **vkp.environment}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "ended\n"
    assert process.returncode == 5


def test_a_cluster_without_a_kubeconfig_is_said_to_be_none_to_connect_to(vkp: Vkp, kubectl: Kubectl) -> None:
    vkp("cluster", "create", f"{kubectl.namespace}/new")
    done = connect(vkp, f"{kubectl.namespace}/new", "--", "true")
    assert done.returncode == Exit.FAILED
    assert "has no kubeconfig yet" in done.stderr
