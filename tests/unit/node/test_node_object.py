"""The server is played by `write`: it carries out merge patches as RFC 7386 says."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.objects import Object
from node.capacity import Room, read_resources
from node.host import Address, Taint
from node.node_object import RECORD, REPORT_SECONDS, Create, Delete, Patch, PatchStatus, next_write, report_in
from node.virtual_node import INFO_FIELDS, Facts, Verdict, VirtualNode
from tests.unit.node.hosts import Json, obj

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=10)
GPU = {"nvidia.com/gpu": "1"}
OURS = Taint("virtual", "NoSchedule", "yes")
READY = Verdict("Ready", "True", "KubeletReady", "1 of 1 host nodes are ready")
NOT_READY = Verdict("Ready", "False", "HostUnreachable", "the host cluster's API does not answer")


def facts(labels: dict[str, str] | None = None, **room: str) -> Facts:
    resources = read_resources({"cpu": "4", **room})
    return Facts(labels or {"kubernetes.io/arch": "amd64"}, dict.fromkeys(INFO_FIELDS, "x"), Room(resources, resources))


WANTED = VirtualNode(
    name="virtual",
    labels={"type": "virtual-kubelet"},
    addresses=(Address("InternalIP", "10.43.0.7"),),
    kubelet_port=10250,
    conditions=(Verdict("MemoryPressure", "False", "KubeletHasSufficientMemory", ""), READY),
    facts=facts(),
    taints=(OURS,),
)


def merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def converged(node: Json | None, wanted: VirtualNode, now: datetime = NOW) -> Json:
    """What is there after all writes."""
    for _ in range(3):
        write = next_write(None if node is None else obj(node), wanted, now)
        match write:
            case None:
                assert node is not None
                return node
            case Create(body):
                node = merge({"metadata": {"uid": "n1", "resourceVersion": "1"}}, body)
            case Patch(body) | PatchStatus(body):
                assert node is not None
                assert body["metadata"]["resourceVersion"] == node["metadata"]["resourceVersion"]
                node = merge(node, body)
    raise AssertionError(f"still writes {write}")


def registered(wanted: VirtualNode = WANTED) -> Json:
    return converged(None, wanted)


def edited(**changes: Any) -> Json:
    """Make a registered Node that somebody edited by a merge patch."""
    return merge(registered(), changes)  # type: ignore[no-any-return]  # a patch of a dict gives a dict


def ready(node: Json) -> Json:
    (found,) = [condition for condition in node["status"]["conditions"] if condition["type"] == "Ready"]
    return found  # type: ignore[no-any-return]  # JSON


def test_a_node_is_ready_from_the_first_write() -> None:
    write = next_write(None, WANTED, NOW)
    assert isinstance(write, Create)
    assert write.body == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "virtual",
            "labels": {"type": "virtual-kubelet", "kubernetes.io/arch": "amd64"},
            "annotations": {
                RECORD: '{"labels":["kubernetes.io/arch","type"],"taints":[["virtual","NoSchedule"]]}',
            },
        },
        "spec": {"taints": [{"key": "virtual", "effect": "NoSchedule", "value": "yes"}]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.43.0.7"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": dict.fromkeys(INFO_FIELDS, "x"),
            "capacity": {"cpu": "4"},
            "allocatable": {"cpu": "4"},
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastHeartbeatTime": "2026-01-01T12:00:00Z",
                    "lastTransitionTime": "2026-01-01T12:00:00Z",
                }
                for kind, status, reason, message in (
                    ("MemoryPressure", "False", "KubeletHasSufficientMemory", ""),
                    ("Ready", "True", "KubeletReady", "1 of 1 host nodes are ready"),
                )
            ],
        },
    }


def test_nothing_is_written_when_nothing_differs() -> None:
    assert next_write(obj(registered()), WANTED, SOON) is None


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param({"metadata": {"labels": {"team": "a"}}}, id="label"),
        pytest.param({"metadata": {"annotations": {"note": "a"}, "finalizers": ["a/b"]}}, id="annotation, finalizer"),
        pytest.param({"spec": {"unschedulable": True}}, id="cordon"),
        pytest.param({"spec": {"podCIDR": "10.42.0.0/24", "providerID": "a://b"}}, id="set by controllers"),
        pytest.param({"status": {"volumesAttached": [{"name": "a"}], "images": []}}, id="status of others"),
        pytest.param({"status": {"nodeInfo": {"swap": {"capacity": 1}}}}, id="nodeInfo that we never heard of"),
    ],
)
def test_what_is_not_ours_stays_as_it_is(theirs: Json) -> None:
    node = edited(**theirs)
    assert next_write(obj(node), WANTED, SOON) is None


@pytest.mark.parametrize(
    ("ready", "added", "stays"),
    [
        pytest.param("True", None, False, id="ready"),
        pytest.param("False", None, True, id="not ready"),
        pytest.param("True", "2026-01-01T12:00:00Z", True, id="of the node lifecycle controller, which takes it away"),
    ],
)
def test_taint_that_each_new_node_gets_goes_once_it_is_ready(ready: str, added: str | None, *, stays: bool) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule", **({"timeAdded": added} if added else {})}
    wanted = replace(WANTED, conditions=(Verdict("Ready", ready, "Because", ""),))
    after = converged(edited(spec={"taints": [taint]}), wanted)
    assert (taint in after["spec"]["taints"]) is stays


def test_taints_and_conditions_of_others_survive_our_writes() -> None:
    taints = [{"key": "theirs", "effect": "NoExecute", "timeAdded": "2026-01-01T12:00:00Z"}]
    condition = {"type": "KernelDeadlock", "status": "False", "unheardOf": 1}
    node = edited(spec={"taints": taints}, status={"conditions": [condition]})
    after = converged(node, WANTED)
    assert after["spec"]["taints"] == [*taints, {"key": "virtual", "effect": "NoSchedule", "value": "yes"}]
    assert after["status"]["conditions"][0] == condition
    assert [found["type"] for found in after["status"]["conditions"][1:]] == ["MemoryPressure", "Ready"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"metadata": {"labels": {"type": "real"}}}, id="label changed"),
        pytest.param({"metadata": {"labels": None}}, id="labels removed"),
        pytest.param({"metadata": {"annotations": None}}, id="record removed"),
        pytest.param({"metadata": {"annotations": {RECORD: "not ours"}}}, id="record spoiled"),
        pytest.param({"metadata": {"annotations": {RECORD: '{"labels":1}'}}}, id="record of another shape"),
        pytest.param({"spec": {"taints": None}}, id="taint removed"),
        pytest.param({"spec": {"taints": [{"key": "virtual", "effect": "NoSchedule"}]}}, id="taint changed"),
        pytest.param({"status": {"capacity": {"cpu": "400"}}}, id="capacity changed"),
        pytest.param({"status": {"capacity": GPU, "allocatable": GPU}}, id="capacity that the host has not"),
        pytest.param({"status": {"addresses": None}}, id="addresses removed"),
        pytest.param({"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}, id="port changed"),
        pytest.param({"status": {"nodeInfo": {"bootID": "y"}}}, id="info changed"),
        pytest.param({"status": {"conditions": None}}, id="conditions removed"),
        pytest.param({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, id="declared dead"),
        pytest.param({"status": {"declaredFeatures": ["Anything"]}}, id="features declared"),
        pytest.param({"status": None}, id="status removed"),
    ],
)
def test_what_is_ours_comes_back(edit: Json) -> None:
    after = converged(edited(**edit), WANTED)
    before = registered()
    assert after["metadata"] == before["metadata"]
    assert after.get("spec") == before["spec"]
    after["status"]["conditions"].sort(key=lambda condition: condition["type"])
    assert after["status"] == before["status"]


@pytest.mark.parametrize(
    ("first", "then", "part", "expected"),
    [
        pytest.param(
            replace(WANTED, facts=facts({"zone": "a"})),
            replace(WANTED, facts=facts({"region": "r"})),
            "labels",
            {"type": "virtual-kubelet", "region": "r"},
            id="labels",
        ),
        pytest.param(WANTED, replace(WANTED, taints=()), "taints", [], id="taints"),
        pytest.param(replace(WANTED, is_cordoned=True), WANTED, "unschedulable", None, id="cordon"),
    ],
)
def test_what_we_set_and_do_not_want_any_more_goes(
    first: VirtualNode, then: VirtualNode, part: str, expected: object
) -> None:
    after = converged(registered(first), then)
    assert {**after["metadata"], **after["spec"]}.get(part) == expected


def test_a_cordon_that_follows_the_host_is_kept_up() -> None:
    cordoned = replace(WANTED, is_cordoned=True)
    uncordoned_by_tenant = merge(registered(cordoned), {"spec": {"unschedulable": None}})
    assert converged(uncordoned_by_tenant, cordoned)["spec"]["unschedulable"] is True


def test_while_the_host_cannot_be_asked_what_was_said_of_it_stays() -> None:
    unknown = replace(WANTED, facts=None, conditions=(NOT_READY,))
    before = registered()
    after = converged(before, unknown, SOON)
    assert after["metadata"] == before["metadata"]
    assert {**after["status"], "conditions": None} == {**before["status"], "conditions": None}
    assert ready(after)["reason"] == "HostUnreachable"


def test_a_transition_is_stamped_and_a_repetition_is_not() -> None:
    failed = converged(registered(), replace(WANTED, conditions=(NOT_READY,)), SOON)
    assert ready(failed)["lastTransitionTime"] == "2026-01-01T12:00:10Z"
    other_words = replace(NOT_READY, message="still")
    later = converged(failed, replace(WANTED, conditions=(other_words,)), SOON + timedelta(seconds=5))
    assert ready(later)["lastTransitionTime"] == "2026-01-01T12:00:10Z"
    assert ready(later)["lastHeartbeatTime"] == "2026-01-01T12:00:15Z"


@pytest.mark.parametrize(
    ("heartbeat", "seconds"),
    [
        pytest.param("2026-01-01T12:00:00Z", REPORT_SECONDS, id="just now"),
        pytest.param("2026-01-01T11:59:00Z", REPORT_SECONDS - 60, id="a minute ago"),
        pytest.param("2026-01-01T11:00:00Z", 0, id="long ago"),
        pytest.param("2026-01-01T13:00:00Z", 0, id="by a clock that was wrong"),
        pytest.param("0000-01-01T00:00:00Z", 0, id="before there were years"),
        pytest.param(None, 0, id="never"),
    ],
)
def test_a_node_is_reported_within_five_minutes(heartbeat: str | None, seconds: float) -> None:
    condition = {**ready(registered()), "lastHeartbeatTime": heartbeat}
    node = obj(edited(status={"conditions": [condition]}))
    assert report_in(node, NOW) == seconds
    assert REPORT_SECONDS < 300


def test_a_report_that_is_due_is_written_though_nothing_differs() -> None:
    due = NOW + timedelta(seconds=REPORT_SECONDS)
    write = next_write(obj(registered()), WANTED, due)
    assert isinstance(write, PatchStatus)
    assert list(write.body["status"]) == ["conditions"]
    assert next_write(obj(converged(registered(), WANTED, due)), WANTED, due) is None


def test_a_node_of_ours_that_nobody_wants_goes() -> None:
    assert next_write(obj(registered()), None, NOW) == Delete("n1")


@pytest.mark.parametrize("node", [None, obj({"metadata": {"name": "real", "uid": "r1"}})], ids=["none", "another's"])
def test_other_nodes_are_left_alone(node: Object | None) -> None:
    assert next_write(node, None, NOW) is None


def test_a_node_that_somebody_else_made_under_our_name_is_taken_over() -> None:
    node = {"metadata": {"name": "virtual", "uid": "t1", "resourceVersion": "1", "labels": {"team": "a"}}}
    after = converged(node, WANTED)
    assert after["metadata"]["labels"] == {"team": "a", **registered()["metadata"]["labels"]}
    assert after["status"] == registered()["status"]


def test_features_are_declared_in_order_only_if_there_are_any() -> None:
    assert "declaredFeatures" not in registered()["status"]
    declaring = replace(WANTED, declared_features=("B", "A"))
    assert registered(declaring)["status"]["declaredFeatures"] == ["A", "B"]
    assert "declaredFeatures" not in converged(registered(declaring), WANTED)["status"]


words = st.sampled_from("abc")
label_maps = st.dictionaries(words, words)
taint_lists = st.lists(st.builds(Taint, words, st.sampled_from(["NoSchedule", "NoExecute"]), words)).map(
    lambda taints: tuple({(taint.key, taint.effect): taint for taint in taints}.values())
)
wanted_nodes = st.builds(
    lambda labels, taints, cordoned: replace(WANTED, labels=labels, taints=taints, is_cordoned=cordoned),
    label_maps,
    taint_lists,
    st.booleans(),
)


@given(st.lists(wanted_nodes, min_size=1), label_maps)
def test_whatever_we_wanted_before_the_last_wish_counts_and_nothing_of_the_tenants_is_lost(
    wishes: list[VirtualNode], theirs: dict[str, str]
) -> None:
    tenants = {f"tenant/{name}": value for name, value in theirs.items()}
    node = converged({"metadata": {"name": "virtual", "resourceVersion": "1", "labels": tenants}}, wishes[0])
    for wish in wishes:
        node = converged(node, wish)
    last = wishes[-1]
    assert node["metadata"]["labels"] == {**tenants, "kubernetes.io/arch": "amd64", **last.labels}
    taints = {Taint(**taint) for taint in node.get("spec", {}).get("taints", [])}
    assert taints == set(last.taints)
    assert bool(node.get("spec", {}).get("unschedulable")) is last.is_cordoned


@given(wanted_nodes)
def test_what_was_read_is_never_changed(wanted: VirtualNode) -> None:
    node = obj(registered())
    before = copy.deepcopy(node.to_dict())
    next_write(node, wanted, NOW)
    assert node.to_dict() == before
