import pytest

from node.capacity import read_resources, write_resources
from node.host import Address, HostState, Sight, Taint
from node.mirrored_nodes import MirroredNodes, is_foreign
from tests.unit.node.hosts import INFO, ROOM, host_node, visible

PLAN = MirroredNodes(31000)


def test_there_is_a_node_for_each_host_node() -> None:
    nodes = PLAN(visible(host_node("one"), host_node("two", unschedulable=True, labels={"zone": "a"})))
    assert nodes is not None
    assert list(nodes) == ["one", "two"]
    two = nodes["two"]
    assert two.labels == {"type": "virtual-kubelet", "zone": "a"}
    assert two.addresses == (Address("InternalIP", "192.0.2.1"), Address("Hostname", "two"))
    assert (two.kubelet_port, two.is_cordoned, nodes["one"].is_cordoned) == (31000, True, False)
    assert two.facts is not None
    assert {name: text for name, text in two.facts.info.items() if text} == INFO


def test_room_is_that_of_the_host_node_within_the_quota() -> None:
    nodes = PLAN(visible(host_node(allocatable={**ROOM, "cpu": "3"}), quota=read_resources({"memory": "1Gi"})))
    assert nodes is not None
    facts = nodes["one"].facts
    assert facts is not None
    assert write_resources(facts.room.capacity) == {**ROOM, "memory": "1Gi"}
    assert write_resources(facts.room.allocatable) == {**ROOM, "memory": "1Gi", "cpu": "3"}


def test_taints_that_follow_from_conditions_are_left_to_the_virtual_cluster() -> None:
    taints = [
        {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        {"key": "gpu", "effect": "NoSchedule", "value": "yes"},
    ]
    nodes = PLAN(visible(host_node(taints=taints)))
    assert nodes is not None
    assert nodes["one"].taints == (Taint("gpu", "NoSchedule", "yes"),)


@pytest.mark.parametrize(
    ("label", "foreign"),
    [
        pytest.param("node-role.kubernetes.io/etcd", True, id="K3s would look for an etcd member"),
        pytest.param("egress.k3s.io/cluster", True, id="K3s would look for a tunnel"),
        pytest.param("k3k.io/cluster", True, id="ours"),
        pytest.param("plan.upgrade.cattle.io/server", False, id="anybody's"),
        pytest.param("notk3s.io/x", False, id="only alike"),
        pytest.param("k3s.io", False, id="a name without a domain"),
    ],
)
def test_labels_that_would_mean_something_else_are_not_mirrored(label: str, foreign: bool) -> None:
    assert is_foreign(label) is foreign


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(HostState(Sight.UNKNOWN, quota={}), id="nodes not listed yet"),
        pytest.param(HostState(Sight.FORBIDDEN, quota={}), id="nodes may not be listed"),
        pytest.param(visible(host_node(), quota=None), id="quotas not listed yet"),
    ],
)
def test_no_node_comes_or_goes_while_the_host_nodes_are_not_known(host: HostState) -> None:
    assert PLAN(host) is None
