from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.priority_classes import MOST, PriorityClassRules, host_class
from reflectors.translation.writes import Create, Delete, Patch, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, frozen, labels_of_dns

RULES = PriorityClassRules(CONTEXT)


def virtual_class(name: str = "gold", value: int = 7, uid: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid}, "value": value, **fields}


def copy_of(virtual: Json, **fields: Any) -> Draft:
    copy = host_class(virtual, CONTEXT)
    return copy | {"metadata": {**copy["metadata"], "uid": "h1"}, **fields}


def test_a_class_is_this_clusters_on_the_host_and_never_the_default_there() -> None:
    virtual = virtual_class(globalDefault=True, description="first", preemptionPolicy="Never")
    write = RULES.next_write(frozen(virtual), None)
    assert isinstance(write, Create)
    assert write.lost == []
    assert write.body == {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {
            "name": CONTEXT.host_name("PriorityClass", "", "gold"),
            "labels": {"k3k.io/cluster": "demo"},
            "annotations": {
                "k3k.io/virtual-name": "gold",
                "k3k.io/virtual-uid": "v1",
                "k3k.io/host-namespace": "tenants",
            },
        },
        "value": 7,
        "globalDefault": False,
        "preemptionPolicy": "Never",
        "description": "first",
    }


def test_no_class_is_above_what_tenants_may_have_and_the_tenant_is_told() -> None:
    write = RULES.next_write(virtual_class(value=1_000_000_000), None)
    assert isinstance(write, Create)
    assert write.body["value"] == MOST
    assert [lost.field for lost in write.lost] == ["value"]


FOREIGN = {"metadata": {"name": CONTEXT.host_name("PriorityClass", "", "gold"), "uid": "x"}}


@pytest.mark.parametrize(
    ("virtual", "copy", "write"),
    [
        pytest.param(virtual_class(), copy_of(virtual_class()), None, id="in line"),
        pytest.param(virtual_class("system-node-critical"), None, None, id="every cluster's own"),
        pytest.param(None, copy_of(virtual_class()), Delete, id="gone, or not wanted"),
        pytest.param(virtual_class(uid="v2"), copy_of(virtual_class()), Delete, id="recreated"),
        pytest.param(virtual_class(), copy_of(virtual_class(), value=9), Delete, id="meddled with"),
        pytest.param(virtual_class(), copy_of(virtual_class(), globalDefault=True), Patch, id="made the default"),
        pytest.param(virtual_class(description="new"), copy_of(virtual_class()), Patch, id="described otherwise"),
        pytest.param(virtual_class(), FOREIGN, Refuse, id="somebody else's"),
        pytest.param(None, FOREIGN, None, id="somebody else's, of no concern"),
    ],
)
def test_a_copy_is_kept_in_line(virtual: Json | None, copy: Json | None, write: type | None) -> None:
    found = RULES.next_write(virtual, copy)
    assert found is None if write is None else isinstance(found, write)


@given(st.tuples(labels_of_dns, labels_of_dns, labels_of_dns), st.tuples(labels_of_dns, labels_of_dns, labels_of_dns))
def test_no_two_clusters_share_a_class_and_none_takes_anothers_for_its_own(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    contexts = [replace(CONTEXT, host_namespace=namespace, cluster=cluster) for namespace, cluster, _ in (one, other)]
    first = host_class(virtual_class(one[2]), contexts[0])
    second = host_class(virtual_class(other[2]), contexts[1])
    assert (first["metadata"]["name"] == second["metadata"]["name"]) is (one == other)
    expected = one[2] if one[:2] == other[:2] else ""
    assert PriorityClassRules(contexts[1]).original_name(first) == expected
