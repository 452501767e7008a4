from dataclasses import replace

import pytest
from hypothesis import given

from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, Json
from reflectors.translation.metadata import (
    CLUSTER_LABEL,
    NAME,
    NAMESPACE_LABEL,
    UID,
    Recorded,
    excess_of_annotations,
    host_annotations,
    host_labels,
    is_reserved,
    lost_keys,
    recorded,
)
from tests.unit.reflectors.translation.pods import CONTEXT, annotations, host_pod_of, labels, pod


@pytest.mark.parametrize(
    ("key", "reserved"),
    [
        pytest.param("k3k.io/cluster", True, id="ours"),
        pytest.param("k3k.io/anything", True, id="our domain"),
        pytest.param("downward.k3k.io/x", True, id="below our domain"),
        pytest.param("a.b.k3k.io/x", True, id="deep below our domain"),
        pytest.param("notk3k.io/x", False, id="another domain"),
        pytest.param("k3k.io.example.com/x", False, id="our domain's name in another"),
        pytest.param("k3k.io", False, id="no domain"),
        pytest.param("app", False, id="plain"),
    ],
)
def test_reserved_keys_are_those_of_our_domain(key: str, reserved: bool) -> None:
    assert is_reserved(key) is reserved


def test_the_tenants_labels_are_copied_and_ours_added() -> None:
    assert host_labels(pod(labels={"app": "web"}), CONTEXT) == {
        "app": "web",
        "k3k.io/cluster": "demo",
        "k3k.io/virtual-namespace": "shop",
    }


def test_the_tenants_annotations_are_copied_and_ours_added() -> None:
    assert host_annotations(pod(annotations={"note": "n"})) == {
        "note": "n",
        "k3k.io/virtual-namespace": "shop",
        "k3k.io/virtual-name": "web",
        "k3k.io/virtual-uid": "v1",
    }


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("kubectl.kubernetes.io/last-applied-configuration", id="kubectl's own memory"),
        pytest.param("kubernetes.io/config.mirror", id="would make it a mirror pod, which the kubelet deletes"),
        pytest.param("kubernetes.io/config.source", id="would make it a static pod"),
    ],
)
def test_annotations_that_mean_something_else_on_the_host_stay_behind(key: str) -> None:
    assert key not in host_annotations(pod(annotations={key: "x"}))


@given(labels, annotations)
def test_nobody_can_dress_a_pod_up_as_anothers(some: dict[str, str], others: dict[str, str]) -> None:
    virtual = pod(labels=some, annotations=others)
    ours = host_labels(pod(), CONTEXT)
    assert {key: value for key, value in host_labels(virtual, CONTEXT).items() if is_reserved(key)} == ours
    recorded_here = host_annotations(pod())
    assert {key: value for key, value in host_annotations(virtual).items() if is_reserved(key)} == recorded_here


def test_reserved_keys_of_the_tenant_are_named_as_lost() -> None:
    virtual = pod(labels={"k3k.io/cluster": "other", "app": "a"}, annotations={"x.k3k.io/y": "z"})
    assert lost_keys(virtual) == ["metadata.labels[k3k.io/cluster]", "metadata.annotations[x.k3k.io/y]"]


def test_a_host_object_of_ours_leads_back_to_its_virtual_object() -> None:
    assert recorded(host_pod_of(pod()), "Pod", CONTEXT) == Recorded("shop", "web", "v1")


def changed(field: str, key: str, value: str | None) -> Draft:
    host = host_pod_of(pod())
    host["metadata"][field] |= {key: value}
    return host


@pytest.mark.parametrize(
    ("host", "context"),
    [
        pytest.param(host_pod_of(pod()), replace(CONTEXT, cluster="other"), id="of another cluster"),
        pytest.param(host_pod_of(pod()), replace(CONTEXT, host_namespace="other"), id="of a cluster elsewhere"),
        pytest.param(changed("labels", CLUSTER_LABEL, "other"), CONTEXT, id="label changed"),
        pytest.param(changed("annotations", NAME, "other"), CONTEXT, id="name changed"),
        pytest.param(changed("annotations", NAME, None), CONTEXT, id="name removed"),
        pytest.param(changed("annotations", UID, ""), CONTEXT, id="no UID"),
        pytest.param(host_pod_of(pod(), name="copy-of-it"), CONTEXT, id="a copy that somebody made"),
        pytest.param({"metadata": {"namespace": "tenants", "name": "web"}}, CONTEXT, id="somebody's own"),
        pytest.param({"metadata": {"namespace": "tenants", "name": "web", "labels": None}}, CONTEXT, id="null labels"),
    ],
)
def test_a_host_object_of_anybody_else_is_not_ours(host: Json, context: Context) -> None:
    assert recorded(host, "Pod", context) is None


def test_a_host_object_of_another_kind_is_not_ours() -> None:
    assert recorded(host_pod_of(pod()), "Service", CONTEXT) is None


def test_a_namespace_is_a_label_value_as_it_is() -> None:
    longest = pod(namespace="n" * 63)
    assert host_labels(longest, CONTEXT)[NAMESPACE_LABEL] == "n" * 63


@pytest.mark.parametrize(
    ("annotations", "excess"),
    [
        pytest.param({"a": "x" * (256 * 1024 - 1)}, 0, id="just fits"),
        pytest.param({"a": "x" * (256 * 1024)}, 1, id="one byte too much"),
        pytest.param({"a": "ä" * (128 * 1024)}, 1, id="bytes count, not characters"),
        pytest.param({"a": "x" * 1024 * 1024}, 768 * 1024 + 1, id="1 MB"),
    ],
)
def test_annotations_are_counted_as_an_api_server_counts_them(annotations: dict[str, str], excess: int) -> None:
    assert excess_of_annotations({"metadata": {"annotations": annotations}}) == excess
