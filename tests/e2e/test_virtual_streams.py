"""kubectl logs, exec, attach, cp, port-forward and debug for pods of a virtual cluster, in real containers."""

import hashlib
import os
import re
import socket
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.tenants import Tenant, container
from tests.kubectl import first_line
from tests.terminal import terminal

MIB = 1 << 20
FILE_SIZE = 64 * MIB
MEMORY = FILE_SIZE // 2  # what a provider that keeps nothing of a stream may grow by meanwhile
EPHEMERAL_CONTAINERS = (1, 23)  # on by default since

SPEAKS = "for n in 1 2 3 4 5; do echo line $n; done; sleep 3600"
SPEAKS_AND_FAILS_ONCE = "if mkdir /count/first 2>/dev/null; then echo first; exit 1; fi; echo second; sleep 3600"
REPEATS = "while read line; do echo got $line; done"
SENDS_AND_CLOSES = f"""
import socket
server = socket.create_server(("", 9000))
while True:
    connection, _ = server.accept()
    with connection:
        connection.sendall(bytes({8 * MIB}))
"""


@pytest.fixture(scope="module")
def pods(tenant: Tenant) -> Iterator[Tenant]:
    """A tenant whose pods do one thing each; nothing that is done to them here changes them."""
    tenant.create("sleeper", container("sleep 3600"))
    tenant.create("speaker", container(SPEAKS))
    tenant.create("listener", container(REPEATS, stdin=True))
    tenant.create("web", {"name": "web", "image": "sandbox.local/echo:1"})
    tenant.create(
        "sender", {"name": "app", "image": "sandbox.local/test:1", "command": ["python3", "-c", SENDS_AND_CLOSES]}
    )
    count = {"name": "count", "mountPath": "/count"}
    tenant.create(
        "twice", container(SPEAKS_AND_FAILS_ONCE, volumeMounts=[count]), volumes=[{"name": "count", "emptyDir": {}}]
    )
    tenant.wait_ready("sleeper", "speaker", "listener", "web", "sender", "twice")
    tenant.virtual.wait_for_log("twice", "second")  # it may have been Ready the first time, too
    tenant.virtual.wait_for_log("web", "listening")
    yield tenant
    tenant.assert_converged()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param([], "line 1\nline 2\nline 3\nline 4\nline 5\n", id="all of it"),
        pytest.param(["--tail=2"], "line 4\nline 5\n", id="the last lines"),
        pytest.param(["--tail=0"], "", id="no line at all"),
        pytest.param(["--limit-bytes=9"], "line 1\nli", id="so many bytes"),
        pytest.param(["--since=1h", "--tail=1"], "line 5\n", id="of the last hour"),
        pytest.param(["--since-time=2099-01-01T00:00:00Z"], "", id="since a time that is to come"),
    ],
)
def test_logs_show_what_was_asked_for(pods: Tenant, options: list[str], expected: str) -> None:
    assert pods.virtual("logs", "speaker", *options) == expected


def test_logs_show_when_each_line_was_written(pods: Tenant) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 1\n", _first_timestamped(pods))


def test_logs_show_a_restarted_containers_last_words(pods: Tenant) -> None:
    assert pods.virtual("logs", "twice", "-p") == "first\n"
    assert pods.virtual("logs", "twice") == "second\n"


def test_followed_logs_go_on_with_every_line(pods: Tenant) -> None:
    following = pods.virtual.background("logs", "-f", "listener", "--tail=0")
    attached = pods.virtual.background("attach", "-i", "listener")
    assert attached.stdin is not None
    try:
        for word in (b"one", b"two"):
            attached.stdin.write(word + b"\n")
            attached.stdin.flush()
            expected = f"got {word.decode()}\n"
            assert (first_line(attached), first_line(following)) == (expected, expected)
    finally:
        for process in (attached, following):
            process.kill()
            process.communicate()


def test_exec_passes_stdin_output_errors_and_the_exit_code(pods: Tenant) -> None:
    done = pods.virtual.run("exec", "-i", "sleeper", "--", "sh", "-c", "cat; echo err >&2; exit 7", stdin=b"in")
    assert (done.stdout, done.stderr.splitlines()[0], done.returncode) == (b"in", b"err", 7)


def test_run_passes_stdin_shows_what_the_pod_says_and_takes_it_away(pods: Tenant) -> None:
    done = pods.virtual.run(
        *("run", "once", "--rm", "-i", "--restart=Never", "--image=busybox:1.35", "--"),
        *("sh", "-c", "read word; echo got $word; exit 7"),
        stdin=b"hello\n",
    )
    assert (done.stdout.splitlines()[0], done.returncode) == (b"got hello", 7)
    assert pods.pod("once") is None


def test_a_terminal_has_the_size_of_the_users_and_follows_it(pods: Tenant) -> None:
    with terminal([*pods.virtual.command, "exec", "-it", "sleeper", "--", "sh"]) as shell:
        shell.resize(rows=33, columns=101)
        shell.type_until("stty size\n", "33 101")
        shell.resize(rows=44, columns=140)
        shell.type_until("stty size\n", "44 140")
        shell.type("exit 7\n")
        assert shell.exit_code() == 7


def test_cp_brings_a_large_file_there_and_back_through_little_memory(pods: Tenant, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes(os.urandom(FILE_SIZE))
    before = _peak_memory(pods.cluster.pid)
    pods.virtual("cp", str(there), "sleeper:/tmp/file")
    pods.virtual("cp", "sleeper:/tmp/file", str(back))
    assert _checksum(back) == _checksum(there)
    assert _peak_memory(pods.cluster.pid) - before < MEMORY


def test_port_forward_carries_twenty_requests_at_a_time(pods: Tenant) -> None:
    with pods.virtual.forwarded("pod/web", 8080) as port, ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: _get(f"http://127.0.0.1:{port}/{n}"), range(20)))
    assert all(f'"path": "/{n}"' in answer for n, answer in enumerate(answers))


def test_port_forward_passes_all_that_a_server_says_before_it_closes(pods: Tenant) -> None:
    with pods.virtual.forwarded("pod/sender", 9000) as port, ThreadPoolExecutor(4) as pool:
        sizes = list(pool.map(lambda _: _read_to_end(port), range(4)))
    assert sizes == [8 * MIB] * 4


def test_debug_adds_a_container_to_a_running_pod(pods: Tenant) -> None:
    if min(pods.cluster.host.version, pods.cluster.virtual.version) < EPHEMERAL_CONTAINERS:
        pytest.skip("ephemeral containers need Kubernetes 1.23 on both sides")
    pods.virtual(
        *("debug", "sleeper", "--image=busybox:1.35", "--container=debugger", "--target=app", "--profile=general"),
        *("--", "sh", "-c", "echo looking; sleep 3600"),
    )
    pods.virtual.wait_for("jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}", "pod/sleeper")
    assert pods.virtual("logs", "sleeper", "-c", "debugger") == "looking\n"


def test_what_the_host_cannot_do_is_told_in_the_tenants_words(pods: Tenant) -> None:
    refused = pods.virtual.run("logs", "sleeper", "--previous").stderr.decode()
    assert 'previous terminated container "app" in pod "sleeper" not found' in refused


def _first_timestamped(pods: Tenant) -> str:
    return pods.virtual("logs", "speaker", "--timestamps").splitlines(keepends=True)[0]


def _peak_memory(pid: int) -> int:
    """Bytes of the most that a process ever had resident."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_to_end(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        return sum(len(data) for data in iter(lambda: connection.recv(65536), b""))


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - only of the forwarded port
        return str(answer.read().decode())
