from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from node.kubelet.pod_directory import HostPod
from node.kubelet.stats.tenant_pods import TenantPod, read_tenant_pod

HOST = HostPod("host-namespace", "web-x", "uid", ("app",), "node-0")
RUNNING = {"running": {"startedAt": "2026-01-31T12:00:00Z"}}


def read(spec: dict[str, Any], status: dict[str, Any]) -> TenantPod | None:
    metadata = {"name": "web", "namespace": "shop", "uid": "u"}
    return read_tenant_pod(
        decode_object(msgspec.json.encode({"metadata": metadata, "spec": spec, "status": status})), HOST
    )


def test_running_containers_of_all_kinds_and_claims_of_volumes_are_known() -> None:
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}},
        {"name": "cache", "ephemeral": {"volumeClaimTemplate": {}}},
        {"name": "scratch", "emptyDir": {}},
    ]
    status = {
        "startTime": "2026-01-31T11:59:00Z",
        "initContainerStatuses": [{"name": "mesh", "state": RUNNING}, {"name": "setup", "state": {"terminated": {}}}],
        "containerStatuses": [{"name": "app", "state": RUNNING}, {"name": "late", "state": {"waiting": {}}}],
        "ephemeralContainerStatuses": [{"name": "debugger", "state": RUNNING}],
    }
    pod = read({"volumes": volumes}, status)
    assert pod is not None
    assert pod.claims == {"data": "web-data", "cache": "web-cache", "scratch": ""}
    assert list(pod.started) == ["mesh", "app", "debugger"]
    known = pod.known()
    assert known.start_time == "2026-01-31T11:59:00Z"
    assert [each.start_time for each in known.containers or ()] == ["2026-01-31T12:00:00Z"] * 3


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"containerStatuses": None},
        {"containerStatuses": [{"name": "app", "state": {"terminated": {"exitCode": 0}}}]},
    ],
)
def test_a_pod_without_a_running_container_uses_nothing(status: dict[str, Any]) -> None:
    assert read({}, status) is None
