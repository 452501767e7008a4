from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.context import Context
from reflectors.translation.json_values import Draft, fresh
from reflectors.translation.metadata import AGREEING, CLUSTER_LABEL, NAMESPACE_LABEL
from reflectors.translation.services import ServiceRules
from reflectors.translation.writes import Create, Delete, HostWrite, Patch, PatchVirtual, Refuse
from tests.unit.reflectors.translation.pods import CONTEXT, EVERYTHING, V1_20, frozen, in_version
from tests.unit.reflectors.translation.services import service

OF_SHOP = {CLUSTER_LABEL: "demo", NAMESPACE_LABEL: "shop"}


def created(virtual: Draft, context: Context = CONTEXT) -> Create:
    write = ServiceRules(context).next_host_write(frozen(virtual), None)
    assert isinstance(write, Create)
    return write


def host_of(virtual: Draft, **metadata: Any) -> Draft:
    body = fresh(created(virtual).body)
    body["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    return body


def next_write(virtual: Draft | None, host: Draft | None) -> HostWrite | None:
    return ServiceRules(CONTEXT).next_host_write(frozen(virtual), frozen(host))


def test_a_host_service_selects_the_pods_of_its_virtual_namespace_and_cluster() -> None:
    assert created(service()).body["spec"]["selector"] == {"app": "web", **OF_SHOP}


@given(st.dictionaries(st.sampled_from(["app", "tier", "example.com/part"]), st.sampled_from("ab"), min_size=1))
def test_no_selector_reaches_further_than_its_namespace(selector: dict[str, str]) -> None:
    assert created(service(selector=selector)).body["spec"]["selector"] == selector | OF_SHOP


@pytest.mark.parametrize("selector", [None, {}])
def test_a_service_without_a_selector_has_none_on_the_host(selector: dict[str, str] | None) -> None:
    assert "selector" not in created(service(selector=selector)).body["spec"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        pytest.param({"externalIPs": ["192.0.2.1"]}, "spec.externalIPs", id="other people's traffic"),
        pytest.param({"selector": {CLUSTER_LABEL: "other"}}, f"spec.selector[{CLUSTER_LABEL}]", id="our own labels"),
    ],
)
def test_what_would_reach_others_is_refused(fields: dict[str, Any], where: str) -> None:
    refused = next_write(service(**fields), None)
    assert isinstance(refused, Refuse)
    assert where in refused.message


def test_external_addresses_can_be_granted() -> None:
    granted = replace(CONTEXT, allowed=EVERYTHING)
    assert created(service(externalIPs=["192.0.2.1"]), granted).body["spec"]["externalIPs"] == ["192.0.2.1"]


def test_the_api_servers_own_service_stays_virtual() -> None:
    virtual = service()
    virtual["metadata"] |= {"namespace": "default", "name": "kubernetes"}
    assert next_write(virtual, None) is None
    assert ServiceRules(CONTEXT).next_virtual_write(virtual, None, None) is None


def test_a_headless_service_is_headless_from_the_start() -> None:
    write = created(service(clusterIP="None", clusterIPs=["None"]))
    assert all(body["spec"]["clusterIP"] == "None" for body in (write.body, *write.otherwise))


def test_a_service_that_became_headless_gets_another_host_service() -> None:
    assert isinstance(next_write(service(clusterIP="None"), host_of(service())), Delete)
    assert isinstance(next_write(service(), host_of(service(clusterIP="None"))), Delete)


def test_becoming_an_external_name_gives_the_address_up() -> None:
    write = next_write(service(type="ExternalName", clusterIP=None, externalName="a.example"), host_of(service()))
    assert isinstance(write, Patch)
    assert write.body["spec"] | {"clusterIP": None, "externalName": "a.example"} == write.body["spec"]


def test_becoming_a_service_again_asks_for_the_address_that_it_has_here() -> None:
    external = service(type="ExternalName", clusterIP=None, externalName="a.example")
    write = next_write(service(), host_of(external))
    assert isinstance(write, Patch)
    assert [body["spec"].get("clusterIP") for body in (write.body, *write.otherwise)] == ["10.0.0.1", None]


def test_a_name_inside_the_cluster_leads_to_the_tenants_own_service_on_the_host() -> None:
    virtual = service(type="ExternalName", clusterIP=None, selector=None, externalName="db.shop.svc.cluster.local")
    own = CONTEXT.host_name("Service", "shop", "db")
    assert created(virtual).body["spec"]["externalName"] == f"{own}.tenants.svc.cluster.local"


def test_a_name_inside_the_cluster_that_means_nothing_on_the_host_is_refused() -> None:
    virtual = service(type="ExternalName", clusterIP=None, selector=None, externalName="kubernetes.default.svc")
    write = next_write(virtual, None)
    assert isinstance(write, Refuse)
    assert 'spec.externalName: "kubernetes.default.svc" means nothing on the host' in write.message


def test_what_an_old_host_does_not_know_is_told_unless_it_changes_nothing() -> None:
    virtual = service(type="LoadBalancer", internalTrafficPolicy="Cluster", loadBalancerClass="example.com/lb")
    write = created(virtual, in_version(host=V1_20))
    assert not {"internalTrafficPolicy", "loadBalancerClass"} & write.body["spec"].keys()
    assert [lost.field for lost in write.lost] == ["spec.loadBalancerClass"]


def test_our_own_note_on_a_virtual_service_is_no_loss_to_the_tenant() -> None:
    assert created(service({AGREEING: "{}"})).lost == ()


@pytest.mark.parametrize(
    ("told", "seen", "expected"),
    [
        pytest.param({}, {"ingress": [{"ip": "a"}]}, {"ingress": [{"ip": "a"}]}, id="new"),
        pytest.param({"ingress": [{"ip": "a"}]}, {}, {"ingress": None}, id="gone"),
        pytest.param({"ingress": [{"ip": "a"}]}, {"ingress": [{"ip": "a"}]}, None, id="the same"),
    ],
)
def test_the_load_balancers_state_comes_back(told: Any, seen: Any, expected: Any) -> None:
    virtual = service(type="LoadBalancer") | {"status": {"loadBalancer": told}}
    host = host_of(service(type="LoadBalancer")) | {"status": {"loadBalancer": seen}}
    write = ServiceRules(CONTEXT).next_virtual_write(frozen(virtual), frozen(host), None)
    if expected is None:
        assert write is None
    else:
        assert isinstance(write, PatchVirtual)
        assert (write.subresource, write.body["status"]) == ("status", {"loadBalancer": expected})


def test_another_tenants_host_service_tells_us_nothing() -> None:
    host = host_of(service(type="LoadBalancer"), labels={}) | {"status": {"loadBalancer": {"ingress": [{"ip": "a"}]}}}
    assert ServiceRules(CONTEXT).next_virtual_write(service(type="LoadBalancer"), host, None) is None


def test_an_address_that_another_service_has_here_is_waited_for() -> None:
    virtual, host = service(), host_of(service())
    host["spec"]["clusterIP"] = "10.0.0.2"
    waiting, free = ServiceRules(CONTEXT, {"10.0.0.2": "shop/db"}.get), ServiceRules(CONTEXT)
    assert waiting.next_virtual_write(virtual, host, None) is None
    refused = waiting.next_host_write(virtual, host)
    assert isinstance(refused, Refuse)
    assert "shop/db" in refused.message
    assert free.next_host_write(virtual, host) is None
    assert isinstance(free.next_virtual_write(virtual, host, None), PatchVirtual)
