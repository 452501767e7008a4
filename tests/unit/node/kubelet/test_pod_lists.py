from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.codec import decode_object
from kube.objects import Object
from node.kubelet.pod_lists import pod_list, running_pods

RUNNING = {"running": {"startedAt": "2026-01-31T12:00:00Z"}}


def pod(status: dict[str, Any] | None) -> Object:
    whole = {"metadata": {"name": "web", "namespace": "shop", "uid": "u"}, "spec": {"nodeName": "n"}}
    return decode_object(msgspec.json.encode(whole if status is None else {**whole, "status": status}))


def container(name: str, state: dict[str, Any] | None) -> dict[str, Any]:
    return {"name": name, "image": f"{name}:1", "state": state}


@pytest.mark.parametrize(
    ("status", "names"),
    [
        pytest.param({"containerStatuses": [container("app", RUNNING)]}, ["app"], id="runs"),
        pytest.param(
            {
                "initContainerStatuses": [container("mesh", RUNNING), container("setup", {"terminated": {}})],
                "containerStatuses": [container("app", RUNNING), container("side", {"waiting": {}})],
                "ephemeralContainerStatuses": [container("debugger", RUNNING)],
            },
            ["mesh", "app", "debugger"],
            id="all kinds of containers",
        ),
    ],
)
def test_of_a_running_pod_the_running_containers_are_told(status: dict[str, Any], names: list[str]) -> None:
    (told,) = [msgspec.json.decode(item) for item in running_pods([pod(status)])]
    assert told["metadata"] == {"name": "web", "namespace": "shop", "uid": "u"}
    assert told["spec"]["containers"] == [{"name": name, "image": f"{name}:1"} for name in names]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="no status"),
        pytest.param({"phase": "Pending"}, id="no containers yet"),
        pytest.param({"containerStatuses": None}, id="null"),
        pytest.param({"containerStatuses": [container("app", None)]}, id="a container of no known state"),
        pytest.param({"containerStatuses": [container("app", {"terminated": {"exitCode": 0}})]}, id="ended"),
    ],
)
def test_a_pod_without_a_running_container_is_not_told(status: dict[str, Any] | None) -> None:
    assert list(running_pods([pod(status)])) == []


@given(st.lists(st.text(max_size=40_000), max_size=8))
def test_a_list_in_pieces_is_the_list(texts: list[str]) -> None:
    items = [{"metadata": {"name": text}} for text in texts]
    whole = b"".join(pod_list(msgspec.json.encode(item) for item in items))
    assert msgspec.json.decode(whole) == {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
