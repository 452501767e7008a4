from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflectors.translation.json_values import Json, listed
from reflectors.translation.network_policies import host_policy_spec
from reflectors.translation.walls import everybody, outside
from tests.unit.reflectors.translation.pods import CONTEXT

SERVERS = {"k3k.io/control-plane": CONTEXT.cluster, "k3k.io/component": "server"}
WALLED = replace(CONTEXT, walled_off=("10.42.0.0/16", "10.43.0.0/16", "169.254.169.254/32", "fd00:42::/64"))

addresses = st.integers(0, 2**32 - 1) | st.sampled_from([int(ip_address(each)) for each in ("10.42.0.9", "10.43.0.1")])
networks = st.builds(
    lambda number, length: str(ip_network((number, length), strict=False)), addresses, st.integers(0, 32)
)


def is_open(block: Json | None, address: str) -> bool:
    """What a network does with a block."""
    return (
        block is not None
        and ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(each) for each in listed(block, "except"))
    )


@given(networks, addresses)
def test_a_block_opens_what_it_says_but_for_what_is_inside_the_wall(cidr: str, number: int) -> None:
    address = str(ip_address(number))
    is_inside = any(ip_address(address) in ip_network(wall) for wall in WALLED.walled_off)
    assert is_open(outside({"cidr": cidr}, WALLED), address) is (is_open({"cidr": cidr}, address) and not is_inside)


@given(networks)
def test_api_servers_take_the_exceptions(cidr: str) -> None:
    block = outside({"cidr": cidr}, WALLED)
    for each in listed(block or {}, "except"):
        assert ip_network(each) != ip_network(cidr)
        assert ip_network(each).subnet_of(ip_network(cidr))  # type: ignore[arg-type]


def test_exceptions_of_the_tenants_own_stay() -> None:
    block = outside({"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}, WALLED)
    assert block == {"cidr": "10.0.0.0/8", "except": ["10.42.0.0/16", "10.43.0.0/16", "10.9.0.0/16"]}


def test_what_nobody_can_read_opens_nothing() -> None:
    assert outside({"cidr": "010.0.0.0/8"}, WALLED) is None


def test_everybody_is_all_of_ones_own_and_what_is_outside() -> None:
    own, servers, *blocks = everybody(WALLED)
    assert own == {"podSelector": {"matchExpressions": [CLUSTER, {"key": NAMESPACE, "operator": "Exists"}]}}
    assert servers["podSelector"] == {"matchLabels": SERVERS}
    assert not any(is_open(block["ipBlock"], "10.42.1.1") for block in blocks)
    assert not any(is_open(block["ipBlock"], "fd00:42::1") for block in blocks)
    assert any(is_open(block["ipBlock"], "192.0.2.1") for block in blocks)
    assert any(is_open(block["ipBlock"], "2001:db8::1") for block in blocks)


CLUSTER = {"key": "k3k.io/cluster", "operator": "In", "values": ["demo"]}
NAMESPACE = "k3k.io/virtual-namespace"


def spec_of(egress: Any, ingress: Any = ()) -> Json:
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress, "ingress": ingress}
    return {"metadata": {"namespace": "shop", "name": "guard", "uid": "v1"}, "spec": spec}


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        pytest.param({}, {"to": everybody(WALLED)}, id="everybody"),
        pytest.param(
            {"ports": [{"port": 53}]}, {"ports": [{"port": 53}], "to": everybody(WALLED)}, id="everybody, on a port"
        ),
        pytest.param({"to": [{"ipBlock": {"cidr": "10.43.0.1/32"}}]}, None, id="inside"),
    ],
)
def test_a_policy_opens_nothing_inside(rule: Json, host: Any) -> None:
    spec, lost = host_policy_spec(spec_of([rule]), WALLED)
    assert spec.get("egress") == (None if host is None else [host])
    assert [each.field for each in lost] == (["spec.egress[0].to[0].ipBlock"] if host is None else [])


def test_who_may_come_in_is_not_asked_about() -> None:
    spec, _ = host_policy_spec(spec_of([], [{}, {"from": [{"ipBlock": {"cidr": "10.42.0.0/16"}}]}]), WALLED)
    assert spec["ingress"] == [{}, {"from": [{"ipBlock": {"cidr": "10.42.0.0/16"}}]}]


def test_without_a_wall_rules_stay_as_they_are() -> None:
    spec, lost = host_policy_spec(spec_of([{}, {"to": [{"ipBlock": {"cidr": "10.43.0.1/32"}}]}]), CONTEXT)
    assert spec["egress"] == [{}, {"to": [{"ipBlock": {"cidr": "10.43.0.1/32"}}]}]
    assert lost == []
