from typing import Any

from vk_provider.cli.host_sights import HostSight
from vk_provider.cli.status.reflectors import Reflector
from vk_provider.cli.status.report import report
from vk_provider.cli.status.virtual_side import VirtualSight

LONG_AGO = "2020-01-01T00:00:00Z"


def cluster(phase: str = "Ready", *conditions: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": "demo", "namespace": "k3k-demo", "generation": 1, "creationTimestamp": LONG_AGO}
    status = {"phase": phase, "observedGeneration": 1, "endpoint": "https://10.43.0.7", "conditions": list(conditions)}
    return {"metadata": metadata, "spec": {"mode": "shared"}, "status": status}


def pod(name: str, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "k3k-demo", "creationTimestamp": LONG_AGO}
    return {"metadata": metadata, "spec": {"nodeName": "node-0", "containers": [{}]}, "status": status}


def node(status: str, message: str = "") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": status, "message": message}]
    body = {"conditions": conditions, "nodeInfo": {"kubeletVersion": "v1.31.4"}, "allocatable": {"pods": "110"}}
    return {"metadata": {"name": "demo", "creationTimestamp": LONG_AGO}, "status": body}


RUNNING = {"phase": "Running", "containerStatuses": [{"name": "k3s", "ready": True, "restartCount": 2}]}
WELL = VirtualSight("v1.31.4+k3s1", [node("True")], [Reflector("pods", waiting=0, lag=0, failures=0)])


def test_when_all_is_well_it_is_said_so() -> None:
    provider, server = pod("k3k-demo-provider-x", **RUNNING), pod("k3k-demo-server-0", **RUNNING)
    seen = report(HostSight(cluster(), {"Pod": [provider, server]}), WELL)
    assert seen.is_well
    assert seen.lines[0] == "Cluster k3k-demo/demo is Ready: shared, v1.31.4+k3s1, https://10.43.0.7"
    assert [line.split()[:5] for line in seen.lines if "k3k-demo-" in line] == [
        ["k3k-demo-server-0", "Running", "1/1", "2", "node-0"],
        ["k3k-demo-provider-x", "Running", "1/1", "2", "node-0"],
    ]
    assert seen.lines[-2:] == ["Problems", "  none"]


def problems(host: HostSight, virtual: VirtualSight = WELL) -> list[str]:
    seen = report(host, virtual)
    assert not seen.is_well
    start = seen.lines.index("Problems")
    return [line.strip() for line in seen.lines[start + 1 :]]


def test_a_pod_that_waits_is_a_problem_and_told_once() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    statuses = [{"name": "k3s", "image": "rancher/k3s:v1", "ready": False, "state": waiting}]
    server = pod("k3k-demo-server-0", phase="Pending", containerStatuses=statuses)
    advice = "check spec.version, and the controller's image settings"
    message = f"Pod k3k-demo-server-0: image rancher/k3s:v1: not found; {advice}"
    false = {"type": "ControlPlaneAvailable", "status": "False", "message": message}
    ready = {"type": "Ready", "status": "False", "message": message}
    assert problems(HostSight(cluster("Failed", false, ready), {"Pod": [server]})) == [message]


def test_what_the_controller_says_is_a_problem() -> None:
    ready = {"type": "Ready", "status": "False", "message": "spec.version: too old"}
    assert problems(HostSight(cluster("Pending", ready), {})) == ["Ready: spec.version: too old"]


def test_warnings_about_claims_are_told_with_what_to_do() -> None:
    claim = {"metadata": {"name": "data"}, "status": {"phase": "Pending"}}
    about = {"kind": "PersistentVolumeClaim", "name": "data"}
    event = {"type": "Warning", "reason": "Failed", "message": "no class x", "involvedObject": about}
    [told] = problems(HostSight(cluster("Provisioning"), {"PersistentVolumeClaim": [claim]}, [event]))
    assert told.startswith("PersistentVolumeClaim data: no class x; name a StorageClass")


def test_nodes_and_reflectors_are_looked_after_too() -> None:
    late = Reflector("pods", waiting=7, lag=95, failures=3)
    off = Reflector("ingresses", waiting=0, lag=0, failures=0, is_on=False)
    virtual = VirtualSight("v1", [node("Unknown", "its lease has run out")], [late, off])
    told = problems(HostSight(cluster(), {}), virtual)
    assert told[0] == "Node demo is not ready: its lease has run out"
    assert told[1] == "pods: 7 are waiting, the oldest for 1m35s"
    assert told[2].startswith("ingresses are not reflected")


def test_what_may_not_be_seen_is_said() -> None:
    seen = report(HostSight(cluster(), {}, hidden=["events"]), WELL)
    assert seen.lines[-1] == "Not to be seen with these rights: events"
