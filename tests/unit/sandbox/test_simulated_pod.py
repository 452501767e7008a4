from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kube.codec import decode_object
from kube.objects import Object
from kube.reconciler import Refused
from sandbox.simulated_pod import (
    RUN_SECONDS,
    Delays,
    Finish,
    PodSpec,
    PodStatus,
    Remove,
    Start,
    Step,
    Wait,
    finished_status,
    next_step,
    running_status,
)

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
NEW = PodStatus()
RUNNING = PodStatus(phase="Running", start_time=NOW - timedelta(seconds=10))


def pod(
    *, deleted_with_grace: int | None = None, finalizers: Sequence[str] = (), runs: str | None = None, **spec: Any
) -> Object:
    metadata: dict[str, Any] = {"namespace": "shop", "name": "web", "uid": "1", "finalizers": finalizers}
    if deleted_with_grace is not None:
        metadata |= {"deletionTimestamp": "2026-01-01T12:00:30Z", "deletionGracePeriodSeconds": deleted_with_grace}
    if runs is not None:
        metadata["annotations"] = {RUN_SECONDS: runs}
    containers = {"containers": [{"name": "app", "image": "shop:1"}]}
    return decode_object(msgspec.json.encode({"metadata": metadata, "spec": containers | spec}))


@pytest.mark.parametrize(
    ("bound", "status", "seen_for", "step"),
    [
        pytest.param(pod(), PodStatus(), 1.0, Wait(1.0), id="too early to start"),
        pytest.param(pod(), PodStatus(phase="Pending"), 2.0, Start(), id="time to start"),
        pytest.param(pod(), RUNNING, 99.0, None, id="runs for ever"),
        pytest.param(pod(runs="11.5"), RUNNING, 99.0, Wait(1.5), id="runs for a while"),
        pytest.param(pod(runs="10"), RUNNING, 99.0, Finish(), id="has run long enough"),
        pytest.param(pod(runs="10"), PodStatus(phase="Succeeded"), 99.0, None, id="has finished"),
        pytest.param(pod(), PodStatus(phase="Failed"), 99.0, None, id="has failed"),
        pytest.param(pod(deleted_with_grace=30), RUNNING, 1.0, Wait(3.0), id="terminating"),
        pytest.param(pod(deleted_with_grace=30), RUNNING, 4.0, Remove(), id="terminated"),
        pytest.param(pod(deleted_with_grace=1), RUNNING, 1.0, Remove(), id="its grace period is shorter"),
        pytest.param(pod(deleted_with_grace=30), PodStatus(), 4.0, Remove(), id="deleted before it started"),
        pytest.param(pod(deleted_with_grace=0), RUNNING, 4.0, Wait(6.0), id="being removed"),
        pytest.param(pod(deleted_with_grace=0), RUNNING, 10.0, Remove(), id="left by an API server that was killed"),
        pytest.param(
            pod(deleted_with_grace=0, finalizers=["example.com/hold"]), RUNNING, 99.0, None, id="held by a finalizer"
        ),
    ],
)
def test_a_pod_gets_its_next_step(bound: Object, status: PodStatus, seen_for: float, step: Step | None) -> None:
    assert next_step(bound, status, seen_for=seen_for, delays=Delays(start=2.0, stop=4.0), now=NOW) == step


def test_a_duration_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=rf"pod shop/web: annotation {RUN_SECONDS}: 'soon' is no number; write seconds"):
        next_step(pod(runs="soon"), RUNNING, seen_for=0, delays=Delays(), now=NOW)


def spec_of(obj: Object) -> PodSpec:
    spec = obj.decode("spec", PodSpec)
    assert spec is not None
    return spec


def started(obj: Object, status: PodStatus = NEW) -> dict[str, Any]:
    return running_status(obj, spec_of(obj), status, pod_ip="10.0.0.2", host_ip="10.0.0.1", now=NOW)


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in status["conditions"]}


def test_a_started_pod_is_ready_with_its_addresses_and_containers() -> None:
    status = started(pod())
    assert (status["phase"], status["podIP"], status["hostIP"]) == ("Running", "10.0.0.2", "10.0.0.1")
    assert conditions(status)["Ready"] == "True"
    container = status["containerStatuses"][0]
    assert (container["name"], container["image"], container["ready"]) == ("app", "shop:1", True)
    assert container["state"] == {"running": {"startedAt": "2026-01-01T12:00:00Z"}}
    assert container["containerID"].startswith("containerd://")


def test_init_containers_are_done_and_sidecars_run() -> None:
    inits = [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}]
    states = [status["state"] for status in started(pod(initContainers=inits))["initContainerStatuses"]]
    assert [next(iter(state)) for state in states] == ["terminated", "running"]


def test_the_schedulers_condition_is_left_alone() -> None:
    status = msgspec.json.decode(b'{"conditions": [{"type": "PodScheduled", "status": "True"}]}', type=PodStatus)
    assert "PodScheduled" not in conditions(started(pod(), status))
    assert conditions(started(pod()))["PodScheduled"] == "True"


def test_container_ids_are_the_same_after_a_restart_of_the_simulator() -> None:
    assert started(pod()) == started(pod())


def test_a_finished_pod_is_not_ready_and_its_containers_exited_with_0() -> None:
    status = finished_status(pod(), spec_of(pod()), RUNNING, now=NOW)
    assert status["phase"] == "Succeeded"
    assert conditions(status)["Ready"] == "False"
    ended = status["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")
    assert (ended["startedAt"], ended["finishedAt"]) == ("2026-01-01T11:59:50Z", "2026-01-01T12:00:00Z")
