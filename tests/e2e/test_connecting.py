"""`vkp connect` where nothing but the host's API server can be reached: a server pod that stands in a pod network."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from sandbox.session import ApiServer
from tests.cluster_fixtures import Api
from tests.integration.cli.commands import RUN, Vkp
from tests.integration.install.kinds import install_kinds
from tests.kubectl import Kubectl
from vk_provider.cli.exits import Exit

NOWHERE = "https://192.0.2.1:443"  # RFC 5737: nobody's
NAME = "kubernetes.default"  # the virtual API server's certificate bears it
UNMADE = {"mode": "virtual"}  # a controller that is there refuses this, and so has no part in it
RELAY = """
import asyncio

async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def relay(reader, writer):
    server = await asyncio.open_connection(HOST, PORT)
    await asyncio.gather(pump(reader, server[1]), pump(server[0], writer), return_exceptions=True)

async def main():
    await (await asyncio.start_server(relay, "0.0.0.0", 6443)).serve_forever()

asyncio.run(main())
"""


@pytest.fixture
def vkp(host_cluster: Api, tmp_path: Path) -> Vkp:
    install_kinds(host_cluster.server)
    started = Vkp(host_cluster.kubeconfig)
    started.environment["HOME"] = str(tmp_path)  # where kubectl keeps its cache
    return started


@pytest.fixture
def demo(host_cluster: Api, virtual_api_server: ApiServer) -> Iterator[str]:
    """A Cluster whose API server is another one, behind a server pod; its endpoint is nowhere."""
    kubectl = Kubectl(host_cluster.server.kubectl, host_cluster.kubeconfig, host_cluster.namespace)
    api = urlsplit(virtual_api_server.server)
    program = RELAY.replace("HOST", repr(api.hostname)).replace("PORT", str(api.port))
    container = {
        "name": "k3s",
        "image": "python:3.11",
        "command": ["python3", "-c", program],
        "readinessProbe": {"tcpSocket": {"port": 6443}, "periodSeconds": 1},
    }
    labels = {"cluster": "demo", "role": "server"}
    config = yaml.safe_load(virtual_api_server.kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= {"server": NOWHERE, "tls-server-name": NAME}
    kubectl.apply(
        {"apiVersion": "k3k.io/v1beta1", "kind": "Cluster", "metadata": {"name": "demo"}, "spec": UNMADE},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "k3k-demo-kubeconfig"},
            "stringData": {"kubeconfig.yaml": yaml.safe_dump(config)},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "k3k-demo-server-0", "labels": labels},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
        },
    )
    kubectl.wait_for("condition=Ready", "pod/k3k-demo-server-0")
    yield f"{host_cluster.namespace}/demo"
    kubectl("delete", "clusters.k3k.io", "--all")


def connect(vkp: Vkp, demo: str, *command: str) -> subprocess.CompletedProcess[bytes]:
    arguments = [sys.executable, "-c", RUN, "connect", demo, *command]
    environment = {**vkp.environment, "PATH": "/usr/bin:/bin"}
    return subprocess.run(arguments, env=environment, capture_output=True, check=False, timeout=120)


def test_a_port_is_forwarded_where_there_is_no_route(vkp: Vkp, demo: str, virtual_api_server: ApiServer) -> None:
    kubectl = str(virtual_api_server.kubectl)
    done = connect(vkp, demo, "--", kubectl, "get", "--raw", "/version")
    assert done.returncode == Exit.OK, done.stderr
    assert b'"gitVersion"' in done.stdout


def test_streams_of_any_length_pass_both_ways_and_several_at_once(
    vkp: Vkp, demo: str, virtual_api_server: ApiServer, tmp_path: Path
) -> None:
    kubectl = virtual_api_server.kubectl
    namespace = virtual_api_server.create_namespace("connected")
    text = tmp_path / "text"
    text.write_text("x" * 900_000)
    script = f"""
        set -e
        for name in a b c; do {kubectl} -n {namespace} create configmap $name --from-file={text} & done
        wait
        {kubectl} -n {namespace} get configmaps a b c -o jsonpath='{{.items[*].data.text}}' | wc -c
    """
    done = connect(vkp, demo, "--", "sh", "-c", script)
    virtual_api_server.delete_namespace(namespace)
    assert done.returncode == Exit.OK, done.stderr
    assert int(done.stdout.split()[-1]) == 3 * 900_000 + 2


def test_without_a_server_that_runs_it_is_said_so(vkp: Vkp, demo: str, host_cluster: Api) -> None:
    kubectl = Kubectl(host_cluster.server.kubectl, host_cluster.kubeconfig, host_cluster.namespace)
    kubectl("delete", "pod", "k3k-demo-server-0")
    done = connect(vkp, demo, "--", "true")
    assert done.returncode == Exit.FAILED
    assert b"has no server that runs" in done.stderr


def test_a_route_that_is_wanted_and_not_there_is_the_commands_own_trouble(vkp: Vkp, demo: str) -> None:
    done = connect(vkp, demo, "--no-forward", "--", "sh", "-c", "grep -c 192.0.2.1 $KUBECONFIG")
    assert (done.returncode, done.stdout) == (Exit.OK, b"1\n")
