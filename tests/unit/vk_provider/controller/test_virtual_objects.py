import pytest

from sandbox.dns_server import AAAA, A
from sandbox.k3s_standin.dns_overrides import lookup, parse
from vk_provider.controller.virtual_objects import PROVIDER_USER, dns_override, furniture


@pytest.mark.parametrize(
    ("address", "kind", "packed"),
    [
        pytest.param("10.43.7.1", A, bytes([10, 43, 7, 1]), id="IPv4"),
        pytest.param("fd00::1", AAAA, bytes.fromhex("fd000000000000000000000000000001"), id="IPv6"),
    ],
)
def test_the_name_of_the_api_leads_to_its_address_on_the_host(address: str, kind: int, packed: bytes) -> None:
    templates = parse(dns_override(address, "cluster.local"))
    found, records = lookup(templates, "kubernetes.default.svc.cluster.local", kind)
    assert found
    assert [record.data for record in records or ()] == [packed]


@pytest.mark.parametrize(
    "name", ["web.default.svc.cluster.local", "x.kubernetes.default.svc.cluster.local", "example.com"]
)
def test_other_names_are_left_to_others(name: str) -> None:
    assert lookup(parse(dns_override("10.43.7.1", "cluster.local")), name, A) == (False, None)


def test_the_provider_is_let_in_before_the_rest() -> None:
    kinds = [body["kind"] for body in furniture("10.43.7.1", "cluster.local")]
    assert kinds == ["ClusterRole", "ClusterRoleBinding", "ConfigMap"]


def test_the_provider_is_no_administrator() -> None:
    role, binding, _ = furniture("10.43.7.1", "cluster.local")
    assert binding["subjects"][0]["name"] == PROVIDER_USER
    rights = [(rule["apiGroups"], rule["resources"], rule["verbs"]) for rule in role["rules"]]
    assert not any("*" in part for right in rights for part in right)
