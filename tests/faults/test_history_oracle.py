"""What went wrong on the way is remembered, and told in the end."""

from typing import Any

import pytest

from kube.codec import decode_object, encode
from kube.objects import Object
from kube.store import Change
from tests.faults.history import History
from tests.faults.history_oracle import went_wrong
from tests.faults.world import ORIGIN_NAME, ORIGIN_NAMESPACE, ORIGIN_UID


def host_pod(uid: str = "h1", *, name: str = "web-a", origin: str = "v1", **status: Any) -> Object:
    annotations = {ORIGIN_UID: origin, ORIGIN_NAME: "web", ORIGIN_NAMESPACE: "shop"}
    metadata = {"name": name, "namespace": "host-side", "uid": uid, "annotations": annotations}
    return decode_object(encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}))


def terminating() -> Object:
    times = {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    metadata = {"name": "web", "namespace": "shop", "uid": "v1", **times}
    return decode_object(encode({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}))


def container(identity: str, restarts: int = 0) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "main", "containerID": identity, "restartCount": restarts}]}


def rules(history: History, **excused: set[str]) -> set[str]:
    return {each.rule for each in went_wrong(history, **{"taken": set(), "forced": set(), **excused})}


def seen(*pods: Object) -> History:
    history = History()
    for pod in pods:
        history.on_host(Change.added(pod))
    return history


def test_a_pod_that_runs_and_goes_is_nothing_to_speak_of() -> None:
    history = seen(host_pod(), host_pod(startTime="2026-01-01T00:00:00Z", **container("c1")))
    history.on_virtual(Change.added(terminating()))
    history.on_host(Change.deleted(host_pod()))
    history.on_virtual(Change.deleted(terminating()))
    assert history.suspects == {}
    assert rules(history) == set()


@pytest.mark.parametrize(
    ("second", "rule"),
    [
        pytest.param(host_pod("h2"), "duplicate", id="a second host pod"),
        pytest.param(host_pod(origin="v2"), "adopted", id="another's host pod"),
        pytest.param(host_pod(startTime="2026-01-02T00:00:00Z"), "restart", id="another start"),
        pytest.param(host_pod(**container("c2")), "restart", id="another container"),
        pytest.param(host_pod(**container("c1", restarts=1)), "restart", id="a count of restarts"),
        pytest.param(host_pod(name="web-b"), "name", id="another name"),
    ],
)
def test_it_finds(second: Object, rule: str) -> None:
    history = seen(host_pod(startTime="2026-01-01T00:00:00Z", **container("c1")), second)
    assert rules(history) == {rule}


def test_a_host_pod_that_was_taken_may_be_made_again() -> None:
    history = seen(host_pod("h1"), host_pod("h2"))
    assert rules(history, taken={"v1"}) == set()


@pytest.mark.parametrize(("is_there", "told"), [(True, {"deletion"}), (False, set())])
def test_a_virtual_pod_may_not_go_before_its_host_pod(is_there: bool, told: set[str]) -> None:
    history = seen(host_pod())
    history.on_virtual(Change.added(terminating()))
    history.on_virtual(Change.deleted(terminating()))
    assert list(history.suspects) == ["v1"]
    history.confirm("v1", is_there=is_there)
    assert rules(history) == told


def test_a_tenant_may_delete_at_once() -> None:
    history = seen(host_pod())
    history.on_virtual(Change.added(terminating()))
    history.on_virtual(Change.deleted(terminating()))
    history.confirm("v1", is_there=True)
    assert rules(history, forced={"v1"}) == set()
