"""kubectl against a virtual API server whose node answers through our kubelet API, for pods in real containers."""

import hashlib
import os
import socket
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.session import ApiServer
from sandbox.waiting import wait_until
from tests.e2e.handmade_node import NODE, Tenant, handmade_node
from tests.kubectl import Kubectl, first_line
from tests.terminal import terminal

GOODBYE = """
import socket
with socket.create_server(("", 9000)) as server:
    print("listening")
    while True:
        with server.accept()[0] as connection:
            connection.sendall(b"goodbye" * 100_000)
"""
LINES = "for n in 1 2 3 4 5; do echo line $n; done; echo complaint >&2"
OTHER_KUBECTL = "VKP_OTHER_KUBECTL"  # a kubectl of another version, to be tried as well


def container(script: str, *, name: str = "app", **fields: object) -> dict[str, object]:
    return {"name": name, "image": "busybox", "command": ["sh", "-c", script], **fields}


@pytest.fixture(scope="module")
def tenant(
    host_cluster_server: ApiServer, virtual_api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tenant]:
    with handmade_node(host_cluster_server, virtual_api_server, tmp_path_factory.mktemp("kubelet")) as made:
        made.run("sleeper", {"containers": [container("sleep 3600")]})
        made.run("speaker", {"containers": [container(f"{LINES}; sleep 3600"), container("sleep 3600", name="quiet")]})
        made.run("listener", {"containers": [container("while read line; do echo got $line; done", stdin=True)]})
        made.run("web", {"containers": [{"name": "web", "image": "sandbox.local/echo:1"}]})
        yield made


@pytest.fixture(params=["the installed one", "another"])
def kubectl(request: pytest.FixtureRequest, tenant: Tenant) -> Kubectl:
    """kubectl of the tenant."""
    if request.param == "another":
        if OTHER_KUBECTL not in os.environ:
            pytest.skip(f"{OTHER_KUBECTL} names no other kubectl")
        return Kubectl(Path(os.environ[OTHER_KUBECTL]), tenant.virtual_kubeconfig, tenant.virtual_namespace)
    return tenant.virtual


def test_exec_passes_output_errors_and_the_exit_code(kubectl: Kubectl) -> None:
    done = kubectl.run("exec", "sleeper", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr.splitlines()[0], done.returncode) == (b"out\n", b"err", 7)


def test_exec_passes_binary_input_and_output_whole(kubectl: Kubectl) -> None:
    data = os.urandom(20 << 20)
    done = kubectl.run(
        "exec", "-i", "sleeper", "--", "sh", "-c", "tee /tmp/copy | sha256sum; cat /tmp/copy", stdin=data
    )
    checksum, _, copy = done.stdout.partition(b"\n")
    assert checksum.split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert copy == data


def test_exec_keeps_arguments_as_they_are(kubectl: Kubectl) -> None:
    arguments = ["a b", "ü+&=%", "", "--", "\n"]
    done = kubectl.run("exec", "sleeper", "--", "sh", "-c", 'printf "<%s>" "$@"', "sh", *arguments)
    assert done.stdout.decode() == "".join(f"<{argument}>" for argument in arguments)


def test_a_terminal_has_the_size_of_the_users_and_follows_it(kubectl: Kubectl) -> None:
    with terminal([*kubectl.command, "exec", "-it", "sleeper", "--", "sh"]) as shell:
        shell.resize(rows=33, columns=101)
        shell.type_until("stty size\n", "33 101")
        shell.resize(rows=44, columns=140)
        shell.type_until("stty size\n", "44 140")
        shell.type("exit 3\n")
        assert shell.exit_code() == 3


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["-c", "app"], id="all of it"),
        pytest.param(["-c", "app", "--tail=2"], id="the last lines"),
        pytest.param(["-c", "app", "--tail=0"], id="no line at all"),
        pytest.param(["-c", "app", "--limit-bytes=9"], id="so many bytes"),
        pytest.param(["-c", "app", "--since=1h"], id="of the last hour"),
        pytest.param(["-c", "app", "--since-time=2020-01-01T00:00:00Z"], id="since a time"),
        pytest.param(["-c", "app", "--since-time=2099-01-01T00:00:00+02:00"], id="since a time that is to come"),
        pytest.param(["-c", "app", "--timestamps"], id="with times"),
        pytest.param(["--all-containers", "--prefix=false"], id="of all containers"),
    ],
)
def test_logs_are_what_the_host_says(tenant: Tenant, options: Sequence[str]) -> None:
    assert tenant.virtual("logs", "speaker", *options) == tenant.host("logs", "speaker-on-the-host", *options)


def test_a_restarted_container_has_a_previous_log(tenant: Tenant) -> None:
    script = "if mkdir /count/first; then echo first; exit 1; fi; echo second; sleep 3600"
    volume = {"name": "count", "mountPath": "/count"}
    again = "jsonpath={.status.containerStatuses[0].restartCount}=1"
    tenant.run(
        "twice",
        {"containers": [container(script, volumeMounts=[volume])], "volumes": [{"name": "count", "emptyDir": {}}]},
        until=again,
    )
    assert tenant.virtual("logs", "twice", "--previous") == "first\n"


def test_a_log_that_is_not_there_is_refused_in_the_tenants_words(tenant: Tenant) -> None:
    refused = tenant.virtual.run("logs", "sleeper", "--previous").stderr.decode()
    assert 'previous terminated container "app" in pod "sleeper" not found' in refused


def test_following_a_log_shows_lines_as_they_come_and_ends_with_the_container(tenant: Tenant) -> None:
    tenant.run("once", {"restartPolicy": "Never", "containers": [container("read line; echo got $line", stdin=True)]})
    following = tenant.virtual.background("logs", "-f", "once")
    said = tenant.host.run("attach", "-i", "once-on-the-host", stdin=b"hello\n")
    assert said.returncode == 0
    output, errors = following.communicate(timeout=60)
    assert (output, errors, following.returncode) == (b"got hello\n", b"", 0)


def test_attach_reaches_the_running_process(kubectl: Kubectl) -> None:
    attached = kubectl.background("attach", "-i", "listener")
    assert attached.stdin is not None
    attached.stdin.write(b"hello\n")
    attached.stdin.flush()
    try:
        assert first_line(attached) == "got hello\n"
    finally:
        attached.kill()
        attached.communicate()


def test_cp_brings_files_there_and_back(kubectl: Kubectl, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(32 << 20))
    kubectl("cp", str(there), "sleeper:/tmp/file")
    kubectl("cp", "sleeper:/tmp/file", str(back))
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(there.read_bytes()).digest()


def test_port_forward_carries_twenty_requests_at_a_time(kubectl: Kubectl) -> None:
    with kubectl.forwarded("pod/web", 8080) as port, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: _get(f"http://127.0.0.1:{port}/{n}"), range(20)))
    assert all(f'"path": "/{n}"' in answer for n, answer in enumerate(answers))


def test_port_forward_brings_all_that_a_server_said_before_it_closed(tenant: Tenant) -> None:
    tenant.run("goodbye", {"containers": [{**container(""), "command": ["python3", "-uc", GOODBYE]}]})
    tenant.host.wait_for_log("goodbye-on-the-host", "listening")
    with tenant.virtual.forwarded("pod/goodbye", 9000) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                assert connection.makefile("rb").read() == b"goodbye" * 100_000


def test_the_node_answers_through_the_api_servers_proxy(tenant: Tenant) -> None:
    proxy = f"/api/v1/nodes/{NODE}/proxy"
    assert tenant.virtual("get", "--raw", f"{proxy}/healthz") == "ok"
    assert "handmade_total 42.0" in tenant.virtual("get", "--raw", f"{proxy}/metrics")
    assert '"name":"speaker"' in tenant.virtual("get", "--raw", f"{proxy}/pods")
    assert "on-the-host" not in tenant.virtual("get", "--raw", f"{proxy}/pods")
    running = tenant.virtual("get", "--raw", f"{proxy}/runningpods/")
    assert '{"containers":[{"name":"app"' in running


def test_a_command_can_be_run_without_a_stream(tenant: Tenant) -> None:
    run = f"/api/v1/nodes/{NODE}/proxy/run/{tenant.virtual_namespace}/sleeper/app?cmd="
    done = tenant.virtual.run("create", "--raw", f"{run}echo%20hello", "-f", "-", stdin=b"")
    assert (done.stdout, done.returncode) == (b"hello\n", 0), done.stderr
    failed = tenant.virtual.run("create", "--raw", f"{run}false", "-f", "-", stdin=b"")
    assert b"exit code 1" in failed.stderr


def test_what_pods_use_is_told_under_their_virtual_names(tenant: Tenant) -> None:
    proxy = f"/api/v1/nodes/{NODE}/proxy"
    container = f'container="app",namespace="{tenant.virtual_namespace}",pod="sleeper"'

    def look() -> str | None:
        told = tenant.virtual("get", "--raw", f"{proxy}/metrics/resource")
        return None if f"container_memory_working_set_bytes{{{container}}}" in told else told

    wait_until(look, what="the host's kubelet to have measured the pod", seconds=60, advice="see its log", interval=2)
    for path, said in {
        "metrics/resource": "resource_scrape_error 0",
        "metrics/cadvisor": f'namespace="{tenant.virtual_namespace}",pod="sleeper"',
        "stats/summary": f'"podRef":{{"name":"sleeper","namespace":"{tenant.virtual_namespace}"',
    }.items():
        told = tenant.virtual("get", "--raw", f"{proxy}/{path}")
        assert said in told, path
        for hidden in ("on-the-host", tenant.host_namespace, "kube-system"):
            assert hidden not in told, path
    families = {family.name: family for family in text_string_to_metric_families(told_cadvisor(tenant, proxy))}
    assert {sample.labels["namespace"] for family in families.values() for sample in family.samples} == {
        tenant.virtual_namespace
    }


def told_cadvisor(tenant: Tenant, proxy: str) -> str:
    return tenant.virtual("get", "--raw", f"{proxy}/metrics/cadvisor")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - only of the forwarded port
        return str(answer.read().decode())
