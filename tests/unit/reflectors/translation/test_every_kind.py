"""What must hold of every kind of object that reaches the host: names and labels of its own, hands off the rest."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation import pod_writes
from reflectors.translation.claims import ClaimRules, NoVolumes
from reflectors.translation.config_objects import ConfigObjects
from reflectors.translation.context import Context
from reflectors.translation.endpoints import SERVICE_NAME, EndpointsRules, SliceRules
from reflectors.translation.ingresses import IngressRules
from reflectors.translation.json_values import Draft, Json, fresh
from reflectors.translation.metadata import CLUSTER_LABEL, NAMESPACE_LABEL, is_reserved
from reflectors.translation.network_policies import NetworkPolicyRules
from reflectors.translation.services import ServiceRules
from reflectors.translation.writes import Create, Delete, HostWrite, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, pod

Next = Callable[[Json | None, Json | None, Context], HostWrite | None]

RULES: Mapping[str, Next] = {
    "ConfigMap": lambda virtual, host, context: ConfigObjects("ConfigMap", context).next_host_write(virtual, host),
    "Endpoints": lambda virtual, host, context: EndpointsRules(context).next_host_write(virtual, host),
    "EndpointSlice": lambda virtual, host, context: SliceRules(context, "discovery.k8s.io/v1").next_host_write(
        virtual, host
    ),
    "Ingress": lambda virtual, host, context: IngressRules(context, lambda: False).next_host_write(virtual, host),
    "NetworkPolicy": lambda virtual, host, context: NetworkPolicyRules(context).next_host_write(virtual, host),
    "PersistentVolumeClaim": lambda virtual, host, context: ClaimRules(context, NoVolumes()).next_host_write(
        virtual, host
    ),
    "Pod": pod_writes.next_host_write,
    "Secret": lambda virtual, host, context: ConfigObjects("Secret", context).next_host_write(virtual, host),
    "Service": lambda virtual, host, context: ServiceRules(context).next_host_write(virtual, host),
}
CONTENT: Mapping[str, Mapping[str, Any]] = {
    "ConfigMap": {"data": {"color": "red"}},
    "Endpoints": {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    "EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"port": 80}]},
    "Ingress": {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
    "NetworkPolicy": {"spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}},
    "PersistentVolumeClaim": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "Pod": {"spec": pod()["spec"]},
    "Secret": {"data": {"password": "c2VjcmV0"}, "type": "Opaque"},
    "Service": {"spec": {"type": "ClusterIP", "clusterIP": "10.43.0.7", "selector": {"app": "web"}, "ports": []}},
}
every_kind = pytest.mark.parametrize("kind", RULES)
names = st.text("ab-.", min_size=1, max_size=4)
keys = st.sampled_from(
    ["app", "example.com/app", CLUSTER_LABEL, NAMESPACE_LABEL, "k3k.io/x", "policy.k3k.io/x", SERVICE_NAME]
)
labels = st.dictionaries(keys, st.sampled_from(["web", "demo", "other"]))


def virtual_object(kind: str, **metadata: Any) -> Draft:
    known = {"namespace": "shop", "name": "web", "uid": "v1", **metadata}
    if kind == "EndpointSlice":
        known["labels"] = {**known.get("labels", {}), SERVICE_NAME: "web"}
    return {"metadata": known, **fresh(CONTENT[kind])}


def created(kind: str, virtual: Json, context: Context = CONTEXT) -> Draft:
    write = RULES[kind](virtual, None, context)
    assert isinstance(write, Create)
    host: Draft = fresh(write.body)
    host["metadata"] |= {"uid": "h1", "resourceVersion": "7"}
    return host


def host_of(kind: str, **metadata: Any) -> Draft:
    return created(kind, virtual_object(kind, **metadata))


@every_kind
@given(one=st.tuples(names, names, names), other=st.tuples(names, names, names))
def test_different_objects_have_different_names_on_the_host(
    kind: str, one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    hosts = [
        created(kind, virtual_object(kind, namespace=namespace, name=name), replace(CONTEXT, cluster=cluster))
        for cluster, namespace, name in (one, other)
    ]
    assert (hosts[0]["metadata"]["name"] == hosts[1]["metadata"]["name"]) == (one == other)


def test_kinds_have_different_names_but_for_a_service_and_its_endpoints() -> None:
    by_kind = {kind: host_of(kind)["metadata"]["name"] for kind in RULES}
    assert by_kind.pop("Endpoints") == by_kind["Service"]
    assert len(set(by_kind.values())) == len(by_kind)


@every_kind
@given(labels=labels)
def test_nobody_dresses_up_as_another_tenant(kind: str, labels: Mapping[str, str]) -> None:
    host = host_of(kind, labels=labels)["metadata"]["labels"]
    ours = {CLUSTER_LABEL: "demo", NAMESPACE_LABEL: "shop"}
    assert {key: value for key, value in host.items() if is_reserved(key)} == ours


@every_kind
def test_a_copy_that_is_as_it_should_be_is_not_written(kind: str) -> None:
    virtual = virtual_object(kind)
    assert RULES[kind](virtual, created(kind, virtual), CONTEXT) is None


def foreign(kind: str) -> list[Draft]:
    """Host objects under the name of our copy that somebody else has made, some of them with care."""
    host = host_of(kind)
    metadata = host["metadata"]
    changes: list[Draft] = [
        {"labels": {}, "annotations": {}},
        {"labels": {**metadata["labels"], CLUSTER_LABEL: "other"}},
        {"name": "somebody-elses"},
        {"namespace": "elsewhere"},
    ]
    return [{**host, "metadata": {**metadata, **change}} for change in changes]


@every_kind
def test_what_is_not_ours_is_left_alone_and_the_tenant_is_told(kind: str) -> None:
    for host in foreign(kind):
        assert RULES[kind](None, host, CONTEXT) is None
    for host in foreign(kind)[:2]:
        assert isinstance(RULES[kind](virtual_object(kind), host, CONTEXT), Refuse)


@every_kind
def test_the_copy_of_what_is_gone_goes(kind: str) -> None:
    write = RULES[kind](None, host_of(kind), CONTEXT)
    assert isinstance(write, Delete)
    assert write.uid == "h1"


@every_kind
def test_what_was_recreated_never_adopts_its_predecessors_copy(kind: str) -> None:
    write = RULES[kind](virtual_object(kind, uid="v2"), host_of(kind), CONTEXT)
    assert isinstance(write, Delete)
    assert write.uid == "h1"


@pytest.mark.parametrize(
    ("kind", "selector_of"),
    [
        pytest.param("Service", lambda host: host["spec"]["selector"], id="Service"),
        pytest.param("NetworkPolicy", lambda host: _required(host["spec"]["podSelector"]), id="NetworkPolicy"),
    ],
)
def test_a_selector_stays_inside_its_namespace_and_cluster(kind: str, selector_of: Callable[[Json], Json]) -> None:
    selector = selector_of(host_of(kind))
    assert (selector[CLUSTER_LABEL], selector[NAMESPACE_LABEL]) == ("demo", "shop")


def _required(selector: Json) -> dict[str, str]:
    """What a label selector asks for, of requirements with a single value."""
    expressions = selector.get("matchExpressions", ())
    return {
        **selector.get("matchLabels", {}),
        **{each["key"]: each["values"][0] for each in expressions if each["operator"] == "In"},
    }
