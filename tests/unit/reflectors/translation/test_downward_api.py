from typing import Any

import pytest

from reflectors.translation.downward_api import downward_annotations, formatted, redirect
from reflectors.translation.json_values import Draft
from tests.unit.reflectors.translation.pods import container, pod

VIRTUAL = {
    "labels": {"app": "web", "k3k.io/cluster": "imitated"},
    "annotations": {"note": "n", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
}


def spec_with(field_path: str) -> Draft:
    env = [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": field_path}}}]
    return {"containers": [container(env=env)], "serviceAccountName": "robot"}


def host_field(spec: Draft) -> str:
    path = spec["containers"][0]["env"][0]["valueFrom"]["fieldRef"]["fieldPath"]
    return str(path)


def seen_by_the_container(field_path: str) -> str:
    """What a kubelet reads for this field, if the host pod is annotated as it should be."""
    virtual = pod(spec_with(field_path), **VIRTUAL)
    annotations = downward_annotations(virtual)
    redirect(virtual["spec"])
    annotation = host_field(virtual["spec"]).removeprefix("metadata.annotations['").removesuffix("']")
    return annotations[annotation]


@pytest.mark.parametrize(
    ("field_path", "value"),
    [
        pytest.param("metadata.name", "web", id="name"),
        pytest.param("metadata.namespace", "shop", id="namespace"),
        pytest.param("metadata.uid", "v1", id="uid"),
        pytest.param("spec.nodeName", "virtual-node", id="node"),
        pytest.param("spec.serviceAccountName", "robot", id="service account"),
        pytest.param("metadata.labels['app']", "web", id="a label"),
        pytest.param("metadata.labels['k3k.io/cluster']", "imitated", id="a label that is not copied"),
        pytest.param("metadata.labels['k3k.io/virtual-namespace']", "", id="a label of ours, which it has not"),
        pytest.param("metadata.annotations['note']", "n", id="an annotation"),
        pytest.param(
            "metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']",
            "{}",
            id="an annotation that is not copied",
        ),
        pytest.param("metadata.labels", 'app="web"\nk3k.io/cluster="imitated"', id="all labels"),
    ],
)
def test_a_container_sees_the_virtual_pod(field_path: str, value: str) -> None:
    assert seen_by_the_container(field_path) == value


@pytest.mark.parametrize("field_path", ["status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs"])
def test_addresses_are_those_of_the_host_pod(field_path: str) -> None:
    virtual = pod(spec_with(field_path))
    assert downward_annotations(virtual) == {}
    redirect(virtual["spec"])
    assert host_field(virtual["spec"]) == field_path


FILE = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}


@pytest.mark.parametrize(
    ("spec", "field_ref"),
    [
        pytest.param(
            {"volumes": [{"name": "v", "downwardAPI": {"items": [FILE]}}]},
            lambda spec: spec["volumes"][0]["downwardAPI"]["items"][0]["fieldRef"],
            id="a volume",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [FILE]}}]}}]},
            lambda spec: spec["volumes"][0]["projected"]["sources"][0]["downwardAPI"]["items"][0]["fieldRef"],
            id="a projected volume",
        ),
        pytest.param(
            {"initContainers": [container(env=[{"name": "A", "valueFrom": FILE}])]},
            lambda spec: spec["initContainers"][0]["env"][0]["valueFrom"]["fieldRef"],
            id="an init container",
        ),
        pytest.param(
            {"ephemeralContainers": [container(env=[{"name": "A", "valueFrom": FILE}])]},
            lambda spec: spec["ephemeralContainers"][0]["env"][0]["valueFrom"]["fieldRef"],
            id="an ephemeral container",
        ),
    ],
)
def test_wherever_a_pod_can_ask_it_is_answered(spec: Draft, field_ref: Any) -> None:
    virtual = pod(spec, labels={"app": "web"})
    (annotation,) = downward_annotations(virtual)
    redirect(virtual["spec"])
    assert field_ref(virtual["spec"])["fieldPath"] == f"metadata.annotations['{annotation}']"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        pytest.param("plain", r'a="plain"', id="plain"),
        pytest.param('say "hi" \\', r'a="say \"hi\" \\"', id="quotes and backslashes"),
        pytest.param("1\n2\t3\r", r'a="1\n2\t3\r"', id="white space"),
        pytest.param("\a\b\f\v", r'a="\a\b\f\v"', id="named control characters"),
        pytest.param("\x00\x1f\x7f", r'a="\x00\x1f\x7f"', id="other control characters"),
        pytest.param("äß€😀", 'a="äß€😀"', id="printable"),
        pytest.param("\u00a0\u200b\u2028", r'a="\u00a0\u200b\u2028"', id="not printable"),
        pytest.param("\U000e0001", r'a="\U000e0001"', id="not printable, far away"),
    ],
)
def test_values_are_escaped_as_the_kubelet_escapes_them(value: str, line: str) -> None:
    assert formatted({"a": value}) == line


def test_maps_are_written_in_the_order_of_their_keys() -> None:
    assert formatted({"b": "2", "a": "1", "a.b/c": "3"}) == 'a="1"\na.b/c="3"\nb="2"'
    assert formatted({}) == ""
