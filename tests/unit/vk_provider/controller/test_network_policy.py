from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from reflectors.translation.confinement import CONFINED_LABEL
from tests.first_answers import HOST, demo
from vk_provider.controller.installation import Installation
from vk_provider.controller.names import Names
from vk_provider.controller.network_policy import closed, network_policy

HOST_WITH_PODS = Installation(
    provider_image=HOST.provider_image,
    host_version=HOST.host_version,
    service_cidr="10.43.0.0/16,fd00:43::/112",
    pod_cidrs=("10.42.0.0/24", "fd00:42::/64", "10.42.1.0/24"),
)
POLICY = network_policy(demo(), Names("demo", "team"), HOST_WITH_PODS)["spec"]


def blocks() -> list[dict[str, Any]]:
    return [peer["ipBlock"] for rule in POLICY["egress"] for peer in rule["to"] if "ipBlock" in peer]


def is_reached(address: str) -> bool:
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(each) for each in block["except"])
        for block in blocks()
    )


@pytest.mark.parametrize("address", ["192.0.2.1", "10.44.0.1", "2001:db8::1"])
def test_what_is_outside_is_reached(address: str) -> None:
    assert is_reached(address)


@pytest.mark.parametrize(
    "address", ["10.42.0.9", "10.42.1.9", "fd00:42::9", "10.43.0.1", "fd00:43::1", "169.254.169.254", "fd00:ec2::254"]
)
def test_pods_and_services_of_the_host_and_its_metadata_are_not(address: str) -> None:
    assert not is_reached(address)


def test_exceptions_are_of_the_family_of_their_range_as_api_servers_demand() -> None:
    for block in blocks():
        assert all(ip_network(each).version == ip_network(block["cidr"]).version for each in block["except"])


def test_it_is_about_the_clusters_own_pods_and_says_nothing_of_who_reaches_them() -> None:
    assert POLICY["podSelector"]["matchLabels"] == {"k3k.io/cluster": "demo"}
    assert POLICY["policyTypes"] == ["Egress"]


def test_a_pod_that_a_policy_of_the_tenants_own_confines_is_let_through_by_that_alone() -> None:
    assert POLICY["podSelector"]["matchExpressions"] == [{"key": CONFINED_LABEL, "operator": "DoesNotExist"}]
    wall = closed(demo(), Names("demo", "team"))["spec"]
    assert wall == {"podSelector": {"matchLabels": {"k3k.io/cluster": "demo"}}, "policyTypes": ["Egress"]}


def test_of_the_control_plane_only_its_two_ports_are_reached() -> None:
    control_plane = [rule for rule in POLICY["egress"] if "k3k.io/control-plane" in str(rule["to"])]
    assert [[port["port"] for port in rule["ports"]] for rule in control_plane] == [[6443], [10250]]


def test_no_tenants_pod_passes_for_the_hosts_dns() -> None:
    (dns,) = [rule for rule in POLICY["egress"] if "kube-dns" in str(rule["to"])]
    assert dns["to"][0]["podSelector"]["matchExpressions"] == [{"key": "k3k.io/cluster", "operator": "DoesNotExist"}]
    assert {port["port"] for port in dns["ports"]} == {53}
