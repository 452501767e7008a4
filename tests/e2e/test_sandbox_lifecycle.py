"""A sandbox comes up whatever interrupted it before, and goes without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import claims, core
from sandbox.addresses import Addresses
from sandbox.core import load_sandbox
from sandbox.node_config import KERNEL_SETTINGS
from sandbox.processes import Process
from sandbox.record import Record
from sandbox.session import HostCluster, Session, session
from sandbox.waiting import wait_until
from tests.cluster_fixtures import FOLDER
from tests.kubectl import Kubectl

PROJECT = Path(__file__).parents[2]


def sandbox_command(state: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments, "--state", str(state)]


def run_sandbox(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = sandbox_command(state, *arguments)
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture
def state() -> Iterator[Path]:
    folder = FOLDER / f"lifecycle-{os.getpid()}"
    yield folder
    core.remove(folder)


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything on this machine that a sandbox could leave behind."""

    processes: list[str]
    mounts: str
    devices: str
    routes: str
    firewall: str
    cgroups: list[str]
    claims: list[Path]
    settings: dict[str, str]

    @classmethod
    def of(cls, state: Path, index: int) -> "Traces":
        """What bears the sandbox's number or path; firewall and settings, which have no owner, whole."""
        return cls(
            processes=[line for line in _output("ps", "-eo", "pid,args").splitlines() if f"{state}/" in line],
            mounts="\n".join(line for line in Path("/proc/mounts").read_text().splitlines() if str(state) in line),
            devices="\n".join(re.findall(rf"\bvkp-{index}\b\S*", _output("ip", "-br", "link"))),
            routes="\n".join(re.findall(rf".*\bvkp-{index}\b.*", _output("ip", "route"))),
            firewall=_output("iptables-save"),
            cgroups=[str(group) for group in Path("/sys/fs/cgroup").rglob(f"vkp-{index}")],
            claims=list(Path("/run/vkp-sandbox").glob(str(index))),
            settings={name: Path("/proc/sys", name).read_text() for name in KERNEL_SETTINGS},
        )


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.timeout(900)  # three starts, on however slow a machine
def test_a_whole_life_with_interruptions(state: Path) -> None:
    before = Traces.of(state.absolute(), index=-1)
    for milestone in ("apiserver", "kubelet"):
        _kill_while_starting(state, milestone)

    done = run_sandbox(state, "up")
    assert done.returncode == 0, done.stderr
    assert f"export KUBECONFIG={state.absolute()}/host.kubeconfig" in done.stdout
    _require_all_runs(state)
    assert run_sandbox(state, "kubeconfig", "host").stdout == f"{state.absolute()}/host.kubeconfig\n"

    running = _record(state).processes
    assert run_sandbox(state, "up").returncode == 0
    _require_all_runs(state)
    assert _record(state).processes == running

    index = _record(state).index
    for process in _record(state).processes.values():
        process.signal(signal.SIGKILL)
    done = run_sandbox(state, "down")
    assert done.stdout == f"Sandbox {state} is gone.\n", done.stderr
    assert not state.exists()
    after = Traces.of(state.absolute(), index)
    assert after == Traces([], "", "", "", before.firewall, [], [], before.settings)


def test_killed_programs_are_named_and_started_again(sandbox_session: Session, state: Path) -> None:
    assert sandbox_session.binaries  # found, and built if need be, before the clock of the commands below runs
    assert run_sandbox(state, "up", "--no-nodes", "--api-server", "one").returncode == 0
    _record(state).processes["one/etcd"].signal(signal.SIGKILL)
    _wait_for_end(_record(state).processes["one/etcd"])
    done = run_sandbox(state, "status")
    assert (done.returncode, "one/etcd" in done.stdout) == (1, True)
    assert done.stderr.startswith("Error: not everything runs; `python -m sandbox up")
    assert run_sandbox(state, "up", "--no-nodes", "--api-server", "one").returncode == 0
    _require_all_runs(state)


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[HostCluster]:
    with session(FOLDER / "two-nodes") as started:
        yield started.host_cluster(nodes=2)


def test_pods_on_different_nodes_reach_each_other(two_nodes: HostCluster) -> None:
    kubectl = Kubectl(two_nodes.kubectl, two_nodes.kubeconfig)
    kubectl.apply(_pinned("web", "node-0", "sandbox.local/echo:1"), _pinned("client", "node-1", "busybox:1.35"))
    kubectl.wait_for("condition=Ready", "pod/web", "pod/client")
    kubectl.wait_for_log("web", "listening")
    address = kubectl.get("pod/web")["status"]["podIP"]
    assert '"path": "/"' in kubectl("exec", "client", "--", "wget", "-qO-", "-T5", f"http://{address}:8080/")


def test_a_partitioned_node_is_out_of_reach_until_mended(two_nodes: HostCluster) -> None:
    kubectl = Kubectl(two_nodes.kubectl, two_nodes.kubeconfig)
    two_nodes.cut_node("node-1")
    assert kubectl.run("get", "--raw", "/api/v1/nodes/node-1/proxy/healthz", "--request-timeout=3s").returncode != 0
    two_nodes.mend_node("node-1")
    _wait_for_health(kubectl, "node-1")


def test_a_lost_node_comes_back(two_nodes: HostCluster) -> None:
    kubectl = Kubectl(two_nodes.kubectl, two_nodes.kubeconfig)
    two_nodes.stop_node("node-1")
    assert kubectl.run("get", "--raw", "/api/v1/nodes/node-1/proxy/healthz", "--request-timeout=3s").returncode != 0
    two_nodes.start_node("node-1")
    _wait_for_health(kubectl, "node-1")


def test_sandboxes_run_side_by_side(two_nodes: HostCluster, state: Path) -> None:
    assert run_sandbox(state, "up", "--no-nodes", "--api-server", "other").returncode == 0
    sandbox = load_sandbox(state)
    assert sandbox is not None
    assert sandbox.get(sandbox.record.clusters["other"], "/readyz")[0] == 200
    assert run_sandbox(state, "down").returncode == 0
    assert Kubectl(two_nodes.kubectl, two_nodes.kubeconfig)("get", "--raw", "/readyz") == "ok"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["status"], "Error: no sandbox in {state}; start one: ", id="nothing there"),
        pytest.param(["kubeconfig"], "Error: no sandbox in {state}; start one: ", id="no cluster"),
        pytest.param(["up", "--no-nodes", "--api-server", "Host!"], "Usage: ", id="a bad name"),
        pytest.param(["image", "load", "/dev/null/x"], "Usage: ", id="no archive"),
    ],
)
def test_mistakes_get_one_line_that_says_what_to_do(state: Path, arguments: list[str], message: str) -> None:
    done = run_sandbox(state, *arguments)
    assert done.returncode != 0
    assert done.stderr.startswith(message.format(state=state))
    assert "Traceback" not in done.stderr


def test_a_broken_record_says_how_to_start_afresh(state: Path) -> None:
    state.mkdir(parents=True)
    (state / "sandbox.json").write_text("{")
    done = run_sandbox(state, "status")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "run `python -m sandbox reset` to start afresh" in done.stderr
    assert run_sandbox(state, "down").returncode == 0


def test_a_taken_port_is_named(state: Path) -> None:
    address = str(Addresses(claims.claim(state.absolute())).loopback)
    with socket.create_server((address, 20000)):
        done = run_sandbox(state, "up", "--no-nodes", "--api-server", "one")
    assert done.returncode == 1
    assert f"cannot listen on {address} port 20000 (Address already in use)" in done.stderr


def _kill_while_starting(state: Path, milestone: str) -> None:
    """Kill -9 an `up` as soon as it has started the program of that name."""
    starting = subprocess.Popen(
        sandbox_command(state, "up"), cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def look() -> str | None:
        names = [] if not (state / "sandbox.json").exists() else _record(state).processes
        return None if any(name.endswith(f"/{milestone}") for name in names) else f"started: {', '.join(names)}"

    try:
        wait_until(look, what=milestone, seconds=240, advice="see the sandbox's logs")
    finally:
        starting.kill()
        starting.wait()


def _require_all_runs(state: Path) -> None:
    done = run_sandbox(state, "status")
    assert done.returncode == 0, done.stdout


def _record(state: Path) -> Record:
    sandbox = load_sandbox(state)
    assert sandbox is not None
    return sandbox.record


def _wait_for_end(process: Process) -> None:
    wait_until(lambda: "alive" if process.is_alive() else None, what="its end", seconds=10, advice="see ps")


def _wait_for_health(kubectl: Kubectl, node: str) -> None:
    """Wait until the node answers: an API server may still try connections that the loss has cut."""

    def look() -> str | None:
        done = kubectl.run("get", "--raw", f"/api/v1/nodes/{node}/proxy/healthz", "--request-timeout=5s")
        return None if done.stdout == b"ok" else f"it said {done.stdout + done.stderr!r}"

    wait_until(look, what=f"{node} to answer", seconds=60, advice="see the log of its kubelet")


def _pinned(name: str, node: str, image: str) -> dict[str, object]:
    container: dict[str, object] = {"name": "main", "image": image}
    if image.startswith("busybox"):
        container["command"] = ["sleep", "3600"]
    spec = {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
