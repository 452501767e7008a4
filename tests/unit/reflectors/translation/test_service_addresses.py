from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Draft, Json
from reflectors.translation.metadata import ADDRESS_REFUSED, AGREEING
from reflectors.translation.service_addresses import (
    PLACEHOLDER,
    attempts,
    is_adopting,
    is_agreed,
    meant,
    released,
    restored,
    wishes,
)
from tests.unit.reflectors.translation.merge_patch import merge_patched
from tests.unit.reflectors.translation.pods import frozen
from tests.unit.reflectors.translation.services import PORT, World, service

types = st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"])
node_ports = st.sampled_from([30001, 30002])
addresses = st.sampled_from(["10.0.0.1", "10.0.0.2"])


@st.composite
def services(draw: st.DrawFn) -> Draft:
    kind = draw(types)
    port = PORT if kind == "ClusterIP" else PORT | {"nodePort": draw(node_ports)}
    fields: dict[str, Any] = {"externalTrafficPolicy": "Local"} if kind != "ClusterIP" and draw(st.booleans()) else {}
    return service(type=kind, clusterIP=draw(addresses), ports=[port], **fields)


taken = st.sets(addresses | node_ports)


@given(services(), taken)
def test_both_sides_come_to_agree_and_nothing_else_of_the_service_changes(virtual: Draft, on_host: set[object]) -> None:
    world = World(virtual, taken_on_host=on_host, taken_in_virtual=set())
    world.settle()
    assert world.host is not None
    assert world.virtual["spec"]["clusterIP"] == world.host["spec"]["clusterIP"]
    assert world.virtual["spec"]["ports"] == world.host["spec"]["ports"]
    assert _apart_from_addresses(world.virtual) == _apart_from_addresses(virtual)
    assert world.virtual["metadata"].get("annotations", {}) == {}


@given(services())
def test_what_is_free_on_the_host_is_taken_as_it_is(virtual: Draft) -> None:
    world = World(virtual, taken_on_host=set(), taken_in_virtual=set())
    assert world.settle() == 1
    assert world.virtual == virtual


@given(services(), taken, st.integers(0, 6))
def test_whoever_comes_after_a_crash_sees_the_service_as_it_was_meant(
    virtual: Draft, on_host: set[object], steps: int
) -> None:
    world = World(virtual, taken_on_host=on_host, taken_in_virtual=set())
    for _ in range(steps):
        world.step()
        assert _apart_from_addresses(meant(world.virtual)) == _apart_from_addresses(virtual)


@given(services())
def test_an_address_that_the_virtual_api_server_does_not_take_is_not_tried_for_ever(virtual: Draft) -> None:
    own = virtual["spec"]["clusterIP"]
    world = World(virtual, taken_on_host={own}, taken_in_virtual={f"10.9.9.{number}" for number in range(100)})
    world.settle()
    assert world.host is not None
    assert world.virtual["spec"]["clusterIP"] == own
    assert world.virtual["metadata"]["annotations"] == {ADDRESS_REFUSED: world.host["spec"]["clusterIP"]}


@given(services())
def test_what_is_meant_survives_the_release(virtual: Draft) -> None:
    between = merge_patched(virtual, released(frozen(virtual)))
    assert between["spec"]["externalName"] == PLACEHOLDER
    assert is_adopting(between)
    assert meant(frozen(between))["spec"] == virtual["spec"]


@pytest.mark.parametrize("memory", ["", "[]", "nonsense", '{"type": "ExternalName"}'])
def test_a_memory_that_a_tenant_spoilt_leaves_a_plain_service(memory: str) -> None:
    virtual = service({AGREEING: memory}, type="ExternalName", clusterIP=None, externalName=PLACEHOLDER)
    assert meant(virtual)["spec"]["type"] == "ClusterIP"
    assert restored(virtual, None)[0]["spec"]["type"] == "ClusterIP"


def test_an_external_name_of_the_tenants_own_is_no_release() -> None:
    virtual = service({AGREEING: "{}"}, type="ExternalName", clusterIP=None, externalName="example.com")
    assert not is_adopting(virtual)
    assert meant(virtual) is virtual


@pytest.mark.parametrize(
    ("virtual", "host", "agreed"),
    [
        pytest.param({"clusterIP": "a"}, {"clusterIP": "a"}, True, id="the same"),
        pytest.param({"clusterIP": "a"}, {"clusterIP": "b"}, False, id="another"),
        pytest.param({"clusterIP": "None"}, {"clusterIP": "b"}, True, id="headless"),
        pytest.param({"clusterIP": "a", "clusterIPs": ["a", "c"]}, {"clusterIP": "a"}, True, id="one of two"),
        pytest.param(
            {"clusterIP": "a", "clusterIPs": ["a", "c"]}, {"clusterIP": "a", "clusterIPs": ["a", "d"]}, False, id="2nd"
        ),
        pytest.param(
            {"clusterIP": "a", "healthCheckNodePort": 1},
            {"clusterIP": "a", "healthCheckNodePort": 2},
            False,
            id="another health check port",
        ),
    ],
)
def test_agreement(virtual: Json, host: Json, agreed: bool) -> None:
    assert is_agreed({"spec": virtual}, {"spec": host}) is agreed


def test_of_two_address_families_both_are_asked_for_and_then_less_and_less() -> None:
    spec = service(clusterIPs=["10.0.0.1", "fd00::1"], ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="PreferDualStack")
    asked = [body["spec"] for body in attempts({"spec": spec["spec"] | wishes(spec)})]
    assert [("clusterIPs" in each, "ipFamilies" in each) for each in asked] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_a_service_that_must_have_both_families_is_not_given_less() -> None:
    spec = service(ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")["spec"]
    assert all("ipFamilies" in body["spec"] for body in attempts({"spec": spec}))


def _apart_from_addresses(virtual: Json) -> Draft:
    spec = {field: value for field, value in virtual["spec"].items() if field not in {"clusterIP", "externalName"}}
    ports = [{field: value for field, value in port.items() if field != "nodePort"} for port in spec["ports"]]
    return spec | {"ports": ports}
