from typing import Any

import pytest

from kube.objects import Metadata, Object
from vk_provider.controller.names import Names
from vk_provider.controller.scaling import replicas_in, surplus

NAMES = Names("demo", "team")


def named(name: str) -> Object:
    return Object("v1", "", Metadata(name=name, namespace="team"))


@pytest.mark.parametrize(
    ("claims", "replicas", "pods", "gone"),
    [
        pytest.param([0, 1, 2], 3, [0, 1, 2], [], id="all are there"),
        pytest.param([0, 1, 2], 1, [0], [1, 2], id="two have gone"),
        pytest.param([0, 1, 2], 1, [0, 1], [2], id="one is still going"),
        pytest.param([0, 1, 2], 3, [0], [], id="those that are away come back"),
        pytest.param([2, 10], 9, [], [10], id="numbers are compared as numbers"),
    ],
)
def test_claims_go_with_servers_that_are_no_more(
    claims: list[int], replicas: int, pods: list[int], gone: list[int]
) -> None:
    found = surplus([claim(each) for each in claims], NAMES, replicas, [named(NAMES.server(each)) for each in pods])
    assert [obj.name for obj in found] == [claim(each).name for each in gone]


@pytest.mark.parametrize("name", ["data", "data-k3k-other-server-3", "k3k-demo-server-", "data-k3k-demo-server-3-x"])
def test_other_claims_are_left_alone(name: str) -> None:
    assert surplus([named(name)], NAMES, 1, []) == []


def test_how_many_servers_are_wanted_now_is_what_the_stateful_set_says() -> None:
    stateful_set: dict[str, Any] = {"kind": "StatefulSet", "spec": {"replicas": 2}}
    assert replicas_in([{"kind": "Service", "spec": {}}, stateful_set]) == 2
    assert replicas_in([]) is None


def claim(number: int) -> Object:
    return named(f"varlibrancherk3s-{NAMES.server(number)}")
