from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.capacity import read_resources, write_resources
from node.host import Address, HostState, Sight, Taint
from node.single_node import Assumed, SingleNode, commonest, host_name
from node.virtual_node import INFO_FIELDS, Facts, VirtualNode
from tests.unit.node.hosts import ROOM, host_node, visible

GPU = "nvidia.com/gpu"
ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
PLAN = SingleNode("virtual", "tenant-1/shop", (Address("InternalIP", "10.43.0.7"),), 10250)


def planned(host: HostState, plan: SingleNode = PLAN) -> VirtualNode:
    nodes = plan(host)
    assert list(nodes) == ["virtual"]
    return nodes["virtual"]


def facts(host: HostState, plan: SingleNode = PLAN) -> Facts:
    found = planned(host, plan).facts
    assert found is not None
    return found


def capacity(host: HostState, plan: SingleNode = PLAN) -> Mapping[str, str]:
    return write_resources(facts(host, plan).room.capacity)


def allocatable(host: HostState) -> Mapping[str, str]:
    return write_resources(facts(host).room.allocatable)


def test_the_node_has_the_room_of_all_host_nodes() -> None:
    host = visible(host_node("one"), host_node("two", room={**ROOM, "cpu": "3500m", GPU: "2"}))
    doubled = {"cpu": "7500m", "memory": "32Gi", "ephemeral-storage": "200Gi", "pods": "220", GPU: "2"}
    assert capacity(host) == allocatable(host) == doubled


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ready": False}, id="not ready"),
        pytest.param({"unschedulable": True}, id="cordoned"),
    ],
)
def test_what_takes_no_pods_counts_as_capacity_but_cannot_be_allocated(changes: dict[str, Any]) -> None:
    host = visible(host_node("one"), host_node("two", room={"cpu": "2", GPU: "1"}, **changes))
    assert capacity(host) == {**ROOM, "cpu": "6", GPU: "1"}
    assert allocatable(host) == {**ROOM, "cpu": "4", GPU: "0"}


def test_what_the_host_reserves_cannot_be_allocated() -> None:
    host = visible(host_node(allocatable={**ROOM, "memory": "15Gi"}))
    assert (capacity(host)["memory"], allocatable(host)["memory"]) == ("16Gi", "15Gi")


def test_the_quota_of_the_host_namespace_is_the_limit() -> None:
    host = visible(host_node(room={**ROOM, GPU: "8"}), quota=read_resources({"cpu": "2", GPU: "1", "other/thing": "3"}))
    assert capacity(host) == allocatable(host) == {**ROOM, "cpu": "2", GPU: "1"}


def test_host_nodes_out_of_sight_are_assumed_to_be_large_enough() -> None:
    plan = SingleNode("virtual", "tenant-1/shop", (), 10250)
    host = HostState(Sight.FORBIDDEN, quota=read_resources({"memory": "8Gi"}))
    assert capacity(host, plan) == {"cpu": "1k", "memory": "8Gi", "ephemeral-storage": "100Ti", "pods": "10k"}


def test_host_nodes_out_of_sight_are_assumed_to_be_as_configured() -> None:
    assumed = Assumed(read_resources({"cpu": "8", "pods": "50"}), {"architecture": "arm64", "operatingSystem": "linux"})
    plan = SingleNode("virtual", "tenant-1/shop", (), 10250, assumed)
    host = HostState(Sight.FORBIDDEN, quota=read_resources({"cpu": "2"}))
    assert capacity(host, plan) == {"cpu": "2", "pods": "50"}
    assert facts(host, plan).labels == {"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64"}
    assert facts(host, plan).info["architecture"] == "arm64"


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(HostState(Sight.UNKNOWN, quota={}), id="nodes not listed yet"),
        pytest.param(visible(host_node(), quota=None), id="quotas not listed yet"),
    ],
)
def test_nothing_is_claimed_before_the_host_was_looked_at(host: HostState) -> None:
    assert planned(host).facts is None


def test_what_was_seen_last_stays_true_while_the_host_api_is_gone() -> None:
    host = visible(host_node(), trouble="the host cluster's API does not answer")
    assert capacity(host) == ROOM
    assert [one.status for one in planned(host).conditions if one.type == "Ready"] == ["False"]


def test_the_node_tells_what_most_host_nodes_tell() -> None:
    arm = {"architecture": "arm64", "kernelVersion": "6.5.0"}
    host = visible(host_node("one"), host_node("two", info=arm), host_node("three", info=arm))
    info = facts(host).info
    assert (info["architecture"], info["kernelVersion"], info["osImage"]) == ("arm64", "6.5.0", "Debian GNU/Linux 12")
    assert facts(host).labels["kubernetes.io/arch"] == "arm64"
    assert tuple(info) == INFO_FIELDS


def test_the_node_is_a_machine_of_its_own_and_always_the_same() -> None:
    other = SingleNode("virtual", "tenant-1/other-shop", (), 10250)
    machine = facts(visible(host_node())).info
    assert machine["machineID"] == facts(visible(host_node("two"))).info["machineID"]
    assert machine["machineID"] != facts(visible(host_node()), other).info["machineID"]
    assert (len(machine["machineID"]), machine["systemUUID"]) == (32, machine["bootID"])


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        pytest.param([{ZONE: "a", REGION: "r"}, {ZONE: "a", REGION: "r"}], {ZONE: "a", REGION: "r"}, id="one zone"),
        pytest.param([{ZONE: "a", REGION: "r"}, {ZONE: "b", REGION: "r"}], {REGION: "r"}, id="zones of one region"),
        pytest.param([{ZONE: "a"}, {}], {}, id="not known of all"),
        pytest.param([], {}, id="no nodes"),
    ],
)
def test_a_place_is_named_if_all_host_nodes_share_it(places: list[dict[str, str]], shown: dict[str, str]) -> None:
    host = visible(*(host_node(str(number), labels=labels) for number, labels in enumerate(places)))
    labels = facts(host).labels
    assert {name: value for name, value in labels.items() if name in {ZONE, REGION}} == shown


def test_configured_labels_and_taints_are_shown_beside_those_that_say_what_it_is() -> None:
    taint = Taint("virtual", "NoSchedule")
    plan = SingleNode("virtual", "x", (), 1, labels={"team": "a", "type": "mine"}, taints=(taint,))
    node = planned(visible(host_node()), plan)
    assert node.labels == {"team": "a", "type": "virtual-kubelet", "kubernetes.io/hostname": "virtual"}
    assert node.taints == (taint,)
    assert not node.is_cordoned


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("virtual.example", "virtual.example", id="as it is"),
        pytest.param("a" * 62 + ".example", "a" * 62, id="too long"),
    ],
)
def test_the_host_name_is_always_a_valid_label(name: str, label: str) -> None:
    assert host_name(name) == label


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_the_commonest_does_not_depend_on_the_order(values: list[str]) -> None:
    assert commonest(values) == commonest(sorted(values, reverse=True))
    assert values.count(commonest(values)) == max(map(values.count, values))
