from typing import Any

import pytest

from reflectors.translation.host_events import repetition, virtual_event
from tests.unit.reflectors.translation.pods import CONTEXT

VIRTUAL = {
    "metadata": {"namespace": "shop", "name": "web", "uid": "v1"},
    "spec": {"nodeName": "virtual-node"},
}
HOST = {"metadata": {"namespace": "vc-tenant", "name": "web-shop-tenant-abc", "uid": "h1"}}


def event(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "vc-tenant", "name": "web-shop-tenant-abc.1", "uid": "e1"},
        "involvedObject": {
            "kind": "Pod",
            "namespace": "vc-tenant",
            "name": "web-shop-tenant-abc",
            "uid": "h1",
            "fieldPath": "spec.containers{main}",
        },
        "type": "Warning",
        "reason": "Failed",
        "message": "Error: cannot pull for vc-tenant/web-shop-tenant-abc",
        "count": 3,
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "source": {"component": "kubelet", "host": "host-node-7"},
        **changes,
    }


def test_an_event_is_told_of_the_virtual_pod_in_its_own_words_and_from_its_own_node() -> None:
    told = virtual_event(event(), VIRTUAL, HOST, CONTEXT)
    assert told is not None
    assert told["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "shop",
        "name": "web",
        "uid": "v1",
        "fieldPath": "spec.containers{main}",
    }
    assert (told["type"], told["reason"], told["count"]) == ("Warning", "Failed", 3)
    assert told["message"] == "Error: cannot pull for shop/web"
    assert told["source"] == {"component": "kubelet", "host": "virtual-node"}
    assert "host-node-7" not in str(told)
    assert "vc-tenant" not in str(told)


def test_the_same_event_has_the_same_name_and_another_another() -> None:
    names = [
        told["metadata"]["name"]
        for each in (event(), event(count=4), event(metadata={"uid": "e2"}))
        if (told := virtual_event(each, VIRTUAL, HOST, CONTEXT))
    ]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("web.")


def test_a_long_pod_name_leaves_room_for_what_tells_events_apart() -> None:
    virtual = {**VIRTUAL, "metadata": {"namespace": "shop", "name": "x" * 253, "uid": "v1"}}
    told = virtual_event(event(), virtual, HOST, CONTEXT)
    assert told is not None
    assert len(told["metadata"]["name"]) == 253


@pytest.mark.parametrize(
    "untold",
    [
        pytest.param(event(reason="Scheduled"), id="on which host node it is"),
        pytest.param(event(involvedObject={"uid": "h0"}), id="about the predecessor of that name"),
        pytest.param(event(involvedObject={}), id="about nothing"),
    ],
)
def test_what_is_not_for_tenants_is_not_told(untold: dict[str, Any]) -> None:
    assert virtual_event(untold, VIRTUAL, HOST, CONTEXT) is None


def test_an_event_of_the_newer_api_names_who_reports_it() -> None:
    newer = event(source={}, reportingComponent="default-scheduler", reason="FailedScheduling")
    told = virtual_event(newer, VIRTUAL, HOST, CONTEXT)
    assert told is not None
    assert told["source"] == {"component": "default-scheduler"}
    assert told["reportingComponent"] == "default-scheduler"


def test_a_repetition_changes_how_often_and_when() -> None:
    assert repetition(event()) == {"count": 3, "lastTimestamp": "2026-01-01T00:00:00Z"}


def test_an_event_about_another_kind_names_that_kind_and_no_node() -> None:
    claim = {"metadata": {"namespace": "shop", "name": "data", "uid": "v1"}, "spec": {}}
    host = {"metadata": {"namespace": "vc-tenant", "name": "data-shop-tenant-abc", "uid": "h1"}}
    about = {"kind": "PersistentVolumeClaim", "namespace": "vc-tenant", "name": "data-shop-tenant-abc", "uid": "h1"}
    told = virtual_event(event(involvedObject=about, source={"component": "provisioner"}), claim, host, CONTEXT)
    assert told is not None
    assert (told["involvedObject"]["kind"], told["involvedObject"]["name"]) == ("PersistentVolumeClaim", "data")
    assert told["source"] == {"component": "provisioner"}
    assert told["reportingInstance"] == ""
