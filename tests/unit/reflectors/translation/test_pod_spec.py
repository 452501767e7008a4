from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import Allowed, Context
from reflectors.translation.environment import environment
from reflectors.translation.json_values import Json
from reflectors.translation.metadata import is_reserved
from reflectors.translation.pod_spec import translated
from tests.unit.reflectors.translation.api_models import pod_specs
from tests.unit.reflectors.translation.pods import (
    CONTEXT,
    V1_20,
    annotations,
    container,
    frozen,
    in_version,
    labels,
    names,
    namespaces,
    pod,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def host_spec(spec: Json, context: Context = CONTEXT) -> Any:
    return translated(pod(spec), context).pod["spec"]


def lost(spec: Json, context: Context = CONTEXT) -> list[str]:
    return [each.field for each in translated(pod(spec), context).lost]


def test_a_small_pod_on_the_host() -> None:
    host = translated(pod(labels={"app": "web"}, annotations={"note": "n"}), CONTEXT).pod
    applied = host["metadata"]["annotations"].pop("k3k.io/applied")
    assert applied
    assert host == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-shop-demo-qicov3i5mzyw5",
            "namespace": "tenants",
            "labels": {"app": "web", "k3k.io/cluster": "demo", "k3k.io/virtual-namespace": "shop"},
            "annotations": {
                "note": "n",
                "k3k.io/virtual-namespace": "shop",
                "k3k.io/virtual-name": "web",
                "k3k.io/virtual-uid": "v1",
            },
        },
        "spec": {
            "containers": [environment({}, "shop", CONTEXT).before_those_of(container())],
            "hostname": "web",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "hostAliases": [
                {
                    "ip": "10.43.0.9",
                    "hostnames": [
                        "kubernetes.default",
                        "kubernetes.default.svc",
                        "kubernetes.default.svc.cluster.local",
                    ],
                }
            ],
            "dnsPolicy": "None",
            "dnsConfig": {
                "nameservers": ["10.43.0.10"],
                "searches": ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"],
                "options": [{"name": "ndots", "value": "5"}],
            },
        },
    }


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"restartPolicy": "OnFailure"}, id="restart policy"),
        pytest.param({"terminationGracePeriodSeconds": 5, "activeDeadlineSeconds": 60}, id="times"),
        pytest.param({"securityContext": {"fsGroup": 1, "sysctls": [{"name": "a", "value": "b"}]}}, id="security"),
        pytest.param({"tolerations": [{"operator": "Exists"}]}, id="tolerations"),
        pytest.param({"runtimeClassName": "kata", "hostUsers": False}, id="isolation"),
        pytest.param({"resources": {"limits": {"cpu": "1"}}}, id="resources of the whole pod"),
        pytest.param({"readinessGates": [{"conditionType": "example.com/lb"}]}, id="readiness gates"),
        pytest.param({"volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory"}}]}, id="an empty folder"),
    ],
)
def test_what_means_the_same_on_the_host_is_copied(spec: Json) -> None:
    assert spec.items() <= host_spec(spec).items()


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"nodeName": "virtual-node"}, "nodeName", id="the virtual node"),
        pytest.param({"serviceAccountName": "robot"}, "serviceAccountName", id="an identity"),
        pytest.param({"serviceAccount": "robot"}, "serviceAccount", id="an identity, by its old name"),
        pytest.param({"priority": 0}, "priority", id="a priority that the host's admission computes"),
        pytest.param({"preemptionPolicy": "Never"}, "preemptionPolicy", id="what goes with a priority"),
        pytest.param({"overhead": {"cpu": "1"}}, "overhead", id="what goes with a runtime class"),
        pytest.param({"schedulerName": "my-scheduler"}, "schedulerName", id="a scheduler of the virtual cluster"),
        pytest.param({"subdomain": "db"}, "subdomain", id="a name in the virtual cluster's DNS"),
    ],
)
def test_what_has_done_its_work_or_means_nothing_on_the_host_is_left_out(spec: Json, field: str) -> None:
    assert field not in host_spec(spec)
    assert lost(spec) == []


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"brandNew": 1}, "spec.brandNew", id="of the pod"),
        pytest.param({"containers": [container(brandNew=1)]}, "spec.containers[0].brandNew", id="of a container"),
        pytest.param(
            {"containers": [container(securityContext={"brandNew": 1})]},
            "spec.containers[0].securityContext.brandNew",
            id="deep in a container",
        ),
        pytest.param(
            {"ephemeralContainers": [container(brandNew=1)]},
            "spec.ephemeralContainers[0].brandNew",
            id="of an ephemeral container",
        ),
        pytest.param({"priorityClassName": "gold"}, "spec.priorityClassName", id="a priority class"),
        pytest.param({"priorityClassName": "system-node-critical"}, "spec.priorityClassName", id="the system's class"),
    ],
)
def test_what_is_asked_for_and_not_given_is_told(spec: Json, field: str) -> None:
    assert lost(spec) == [field]
    assert "brandNew" not in str(translated(pod(spec), CONTEXT).pod)
    assert "priorityClassName" not in host_spec(spec)


def test_a_label_of_our_domain_is_told_as_lost() -> None:
    found = translated(pod(labels={"k3k.io/cluster": "other"}), CONTEXT).lost
    assert [str(each) for each in found] == [
        "metadata.labels[k3k.io/cluster]: this key is ours to set, so not copied to the host"
    ]


def test_a_priority_class_that_the_host_has_too_is_named_as_it_is_there() -> None:
    reflected = replace(CONTEXT, priority_classes={"gold"})
    assert host_spec({"priorityClassName": "gold"}, reflected)["priorityClassName"] == CONTEXT.host_name(
        "PriorityClass", "", "gold"
    )
    assert lost({"priorityClassName": "gold"}, reflected) == []


def test_the_systems_priority_is_given_where_it_is_allowed() -> None:
    allowed = replace(CONTEXT, allowed=Allowed(system_priority=True))
    spec = {"priorityClassName": "system-cluster-critical"}
    assert host_spec(spec, allowed)["priorityClassName"] == "system-cluster-critical"
    assert lost(spec, allowed) == []
    assert lost({"priorityClassName": "gold"}, allowed) == ["spec.priorityClassName"]


def test_a_priority_class_for_all_takes_the_place_of_the_pods_own() -> None:
    confined = replace(CONTEXT, priority_class="tenants", priority_classes={"gold"})
    assert host_spec({}, confined)["priorityClassName"] == "tenants"
    assert host_spec({"priorityClassName": "gold"}, confined)["priorityClassName"] == "tenants"
    assert lost({}, confined) == []
    assert lost({"priorityClassName": "gold"}, confined) == ["spec.priorityClassName"]


def test_all_pods_are_confined_to_the_host_nodes_that_may_be_used() -> None:
    confined = replace(CONTEXT, node_selector={"pool": "tenants", "kubernetes.io/arch": "arm64"})
    assert host_spec({}, confined)["nodeSelector"] == {"pool": "tenants", "kubernetes.io/arch": "arm64"}
    asked_for = {"nodeSelector": {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "pool": "others"}}
    assert host_spec(asked_for, confined)["nodeSelector"] == {
        "pool": "tenants",
        "kubernetes.io/arch": "arm64",
        "kubernetes.io/os": "linux",
    }


def test_every_container_of_every_sort_is_translated() -> None:
    asks = [{"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    uses = [{"configMapRef": {"name": "app", "optional": True}}]
    each = container(env=asks, envFrom=uses)
    found = translated(
        pod({"containers": [each], "initContainers": [each], "ephemeralContainers": [each]}, labels={}), CONTEXT
    )
    sorts = [found.pod["spec"]["containers"], found.pod["spec"]["initContainers"], found.ephemeral_containers]
    for (translation,) in sorts:
        assert translation["env"][0] == {"name": "KUBERNETES_SERVICE_HOST", "value": "10.43.0.9"}
        assert translation["env"][-1]["valueFrom"]["fieldRef"]["fieldPath"] == (
            "metadata.annotations['k3k.io/virtual-name']"
        )
        assert translation["envFrom"] == [
            {"configMapRef": {"name": CONTEXT.host_name("ConfigMap", "shop", "app"), "optional": True}}
        ]


def test_a_pod_is_created_without_its_ephemeral_containers() -> None:
    found = translated(pod({"ephemeralContainers": [container("debug", targetContainerName="web")]}), CONTEXT)
    assert "ephemeralContainers" not in found.pod["spec"]
    assert [(each["name"], each["targetContainerName"]) for each in found.ephemeral_containers] == [("debug", "web")]


def test_placement_is_translated() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    pin = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["virtual-node"]}]}
    spec = host_spec(
        {
            "nodeSelector": {"kubernetes.io/os": "linux", "disk": "ssd"},
            "affinity": {
                "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [pin]}},
                "podAntiAffinity": {REQUIRED: [term]},
            },
            "topologySpreadConstraints": [{**term, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
        }
    )
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["affinity"].keys() == {"podAntiAffinity"}
    scoped = spec["affinity"]["podAntiAffinity"][REQUIRED][0]["labelSelector"]
    assert [requirement["values"] for requirement in scoped["matchExpressions"]] == [["demo"], ["shop"]]
    assert spec["topologySpreadConstraints"][0]["labelSelector"] == scoped


@pytest.mark.parametrize(
    ("spec", "names_itself"),
    [
        pytest.param({}, {"hostname": "web"}, id="by its name"),
        pytest.param({"hostname": "web-0"}, {"hostname": "web-0"}, id="by its hostname"),
        pytest.param(
            {"hostname": "web-0", "subdomain": "db", "setHostnameAsFQDN": True},
            {"hostname": "web-0", "hostnameOverride": "web-0.db.shop.svc.cluster.local"},
            id="in full",
        ),
        pytest.param({"setHostnameAsFQDN": True}, {"hostname": "web"}, id="in full, with nothing to add"),
        pytest.param({"hostnameOverride": "x.y"}, {"hostname": "web", "hostnameOverride": "x.y"}, id="by another"),
    ],
)
def test_a_pod_calls_itself_what_it_is_called_in_the_virtual_cluster(spec: Json, names_itself: Json) -> None:
    found = host_spec(spec)
    assert {field: found[field] for field in ("hostname", "hostnameOverride") if field in found} == names_itself


def test_where_the_host_cannot_name_it_in_full_that_is_told() -> None:
    asked = {"hostname": "web-0", "subdomain": "db", "setHostnameAsFQDN": True}
    found = translated(pod(asked), in_version(host=V1_20))
    assert [str(each) for each in found.lost] == [
        "spec.setHostnameAsFQDN: needs Kubernetes 1.35 on the host, which is 1.20"
    ]


any_pods = st.builds(
    lambda spec, some_labels, some_annotations, name, namespace: pod(
        spec, labels=some_labels, annotations=some_annotations, name=name, namespace=namespace
    ),
    pod_specs(),
    labels,
    annotations,
    names,
    namespaces,
)


@given(any_pods)
def test_no_pod_is_changed_by_being_translated(virtual: Json) -> None:
    assert translated(frozen(virtual), CONTEXT) == translated(virtual, CONTEXT)


@given(any_pods)
def test_no_pod_has_an_identity_on_the_host_but_the_one_that_we_give_it(virtual: Json) -> None:
    host = translated(virtual, CONTEXT).pod
    ours = {key: value for key, value in host["metadata"]["labels"].items() if is_reserved(key)}
    assert ours == {"k3k.io/cluster": "demo", "k3k.io/virtual-namespace": virtual["metadata"]["namespace"]}
    assert host["spec"]["automountServiceAccountToken"] is False
    assert host["spec"]["enableServiceLinks"] is False
    assert not host["spec"].keys() & {"serviceAccountName", "serviceAccount", "nodeName", "priority", "schedulerName"}
