from typing import Any

import pytest

from reflectors.translation.endpoints import (
    SERVICE_NAME,
    EndpointsRules,
    SliceRules,
    has_own_endpoints,
    may_have_slices,
    service_of_slice,
)
from reflectors.translation.json_values import Draft, fresh
from reflectors.translation.metadata import CLUSTER_LABEL
from reflectors.translation.writes import Create, Delete, Patch
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import CONTEXT, frozen
from tests.unit.reflectors.translation.services import service

RULES = EndpointsRules(CONTEXT)
SLICES = SliceRules(CONTEXT, "discovery.k8s.io/v1")
HOST_SERVICE = CONTEXT.host_name("Service", "shop", "web")
ADDRESS = {"ip": "192.0.2.7", "hostname": "db-0", "nodeName": "node", "targetRef": {"kind": "Pod"}}
BY_CONTROLLER = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


def endpoints(*ips: str) -> Draft:
    metadata = {"namespace": "shop", "name": "web", "uid": "v1", "resourceVersion": "1"}
    subsets = [{"addresses": [ADDRESS | {"ip": ip} for ip in ips], "ports": [{"port": 80}]}] if ips else []
    return {"metadata": metadata, "subsets": subsets}


def host_of(virtual: Draft, **metadata: Any) -> Draft:
    write = RULES.next_host_write(frozen(virtual), None)
    assert isinstance(write, Create)
    body = fresh(write.body)
    body["metadata"] |= {"uid": "h1", "resourceVersion": "7", **metadata}
    return body


def test_endpoints_are_called_as_their_host_service_and_name_neither_nodes_nor_pods() -> None:
    host = host_of(endpoints("192.0.2.7"))
    assert (host["kind"], host["metadata"]["name"]) == ("Endpoints", HOST_SERVICE)
    assert host["subsets"] == [{"addresses": [{"ip": "192.0.2.7", "hostname": "db-0"}], "ports": [{"port": 80}]}]


@pytest.mark.parametrize("ips", [(), ("192.0.2.8",)])
def test_addresses_follow(ips: tuple[str, ...]) -> None:
    host = host_of(endpoints("192.0.2.7"))
    write = RULES.next_host_write(frozen(endpoints(*ips)), frozen(host))
    assert isinstance(write, Patch)
    after = merge_patched(host, write.body)
    assert after.get("subsets") == host_of(endpoints(*ips)).get("subsets")
    assert RULES.next_host_write(endpoints(*ips), after) is None


def test_what_the_hosts_controller_made_for_a_former_selector_is_taken_over() -> None:
    made = {"metadata": {**host_of(endpoints())["metadata"], "labels": {CLUSTER_LABEL: "demo"}, "annotations": {}}}
    write = RULES.next_host_write(frozen(endpoints("192.0.2.7")), frozen(made))
    assert isinstance(write, Patch)
    after = merge_patched(made, write.body)
    assert RULES.next_host_write(endpoints("192.0.2.7"), after) is None
    overwritten = after | {"subsets": []}
    assert isinstance(RULES.next_host_write(endpoints("192.0.2.7"), overwritten), Patch)


def test_endpoints_that_are_no_longer_wanted_go() -> None:
    assert isinstance(RULES.next_host_write(None, host_of(endpoints("192.0.2.7"))), Delete)


@pytest.mark.parametrize(
    ("fields", "own", "slices"),
    [
        pytest.param({}, False, True, id="with a selector"),
        pytest.param({"selector": None}, True, True, id="without"),
        pytest.param({"selector": None, "clusterIP": "None"}, True, True, id="headless without"),
        pytest.param({"selector": None, "type": "ExternalName", "clusterIP": None}, False, False, id="ExternalName"),
    ],
)
def test_where_a_service_leads_is_for_the_tenant_to_say_if_it_has_no_selector(
    fields: dict[str, Any],
    own: bool,
    slices: bool,
) -> None:
    assert has_own_endpoints(service(**fields)) is own
    assert may_have_slices(service(**fields)) is slices


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        pytest.param({SERVICE_NAME: "web"}, "web", id="the tenant's"),
        pytest.param({SERVICE_NAME: "web"} | BY_CONTROLLER, None, id="a controller's"),
        pytest.param({}, None, id="of no Service"),
    ],
)
def test_a_tenants_slice_says_which_service_it_is_of(labels: dict[str, str], name: str | None) -> None:
    assert service_of_slice(labels) == name


def test_a_slice_leads_to_the_host_service_in_the_hosts_version() -> None:
    metadata = {"namespace": "shop", "name": "own", "uid": "v2", "labels": {SERVICE_NAME: "web"}}
    endpoint = {"addresses": ["192.0.2.7"], "hostname": "db-0", "topology": {"zone": "a"}, "nodeName": "node"}
    virtual = {"metadata": metadata, "addressType": "IPv4", "endpoints": [endpoint], "ports": None}
    write = SLICES.next_host_write(frozen(virtual), None)
    assert isinstance(write, Create)
    assert write.body["apiVersion"] == "discovery.k8s.io/v1"
    assert write.body["metadata"]["labels"][SERVICE_NAME] == HOST_SERVICE
    assert write.body["endpoints"] == [{"addresses": ["192.0.2.7"], "hostname": "db-0"}]
