from datetime import UTC, datetime
from typing import Any

import pytest

from node.capacity import read_resources
from node.host import Address, Taint, read_host_node, read_quota, without_what_nobody_reads
from tests.unit.node.hosts import INFO, ROOM, Json, host_node, node_json, obj


def test_a_host_node_is_read() -> None:
    taints = [{"key": "gpu", "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:00Z"}]
    node = host_node("one", labels={"zone": "a"}, taints=taints, unschedulable=True, pressures=["DiskPressure"])
    assert (node.name, node.labels, node.is_cordoned, node.is_leaving) == ("one", {"zone": "a"}, True, False)
    assert node.taints == (Taint("gpu", "NoSchedule"),)
    assert node.addresses == (Address("InternalIP", "192.0.2.1"), Address("Hostname", "one"))
    assert node.capacity == node.allocatable == read_resources(ROOM)
    assert node.info == INFO
    assert [kind for kind in node.conditions if node.has(kind)] == ["DiskPressure", "Ready"]


def with_deletion(node: Json) -> Json:
    node["metadata"]["deletionTimestamp"] = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    return node


@pytest.mark.parametrize(
    ("node", "ready", "takes_pods"),
    [
        pytest.param(node_json(), True, True, id="well"),
        pytest.param(node_json(unschedulable=True), True, False, id="cordoned"),
        pytest.param(node_json(ready=False), False, False, id="not ready"),
        pytest.param(with_deletion(node_json()), False, False, id="leaving"),
        pytest.param({"metadata": {"name": "new"}}, False, False, id="says nothing yet"),
    ],
)
def test_pods_go_where_a_node_is_ready_and_not_cordoned(node: Json, ready: bool, takes_pods: bool) -> None:
    read = read_host_node(obj(node))
    assert (read.is_ready, read.takes_pods) == (ready, takes_pods)


def test_a_heartbeat_makes_no_difference() -> None:
    later = node_json()
    for condition in later["status"]["conditions"]:
        condition["lastHeartbeatTime"] = "2026-01-01T00:05:00Z"
    assert read_host_node(obj(later)) == host_node()


def test_what_is_trimmed_is_read_the_same() -> None:
    node = obj(
        node_json(labels={"zone": "a"}, taints=[{"key": "gpu", "effect": "NoSchedule"}], info={"swap": {"capacity": 1}})
    )
    trimmed = without_what_nobody_reads(node)
    assert read_host_node(trimmed) == read_host_node(node)
    assert "images" not in trimmed.decode("status")
    assert (trimmed.key, trimmed.uid, trimmed.resource_version) == (node.key, node.uid, node.resource_version)


def test_a_node_without_a_status_is_trimmed_to_the_same() -> None:
    node = obj({"metadata": {"name": "new"}})
    assert read_host_node(without_what_nobody_reads(node)) == read_host_node(node)


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        pytest.param({"hard": {"pods": "5"}}, {"pods": "5"}, id="all pods"),
        pytest.param({"hard": {"pods": "5"}, "scopes": ["BestEffort"]}, None, id="some pods, by scope"),
        pytest.param(
            {"hard": {"pods": "5"}, "scopeSelector": {"matchExpressions": []}}, None, id="some pods, by scope selector"
        ),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_a_quota_counts_if_it_is_about_all_pods(spec: dict[str, Any], allowed: dict[str, str] | None) -> None:
    assert read_quota(obj({"metadata": {"name": "q"}, "spec": spec})) == allowed
