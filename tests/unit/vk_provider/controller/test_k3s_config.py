from typing import Any

import pytest
import yaml

from sandbox.k3s_standin import flags
from tests.first_answers import HOST, demo, everything, given, settled
from vk_provider.controller.k3s_config import common_config, hash_of
from vk_provider.controller.known import Known

KNOWN, _ = settled(demo())
CONFIG = common_config(demo(), KNOWN, HOST, "abc")


@pytest.mark.parametrize("spec", [{}, {"servers": 3}, everything()], ids=["defaults", "three", "everything"])
def test_every_key_is_a_flag_of_k3s(spec: dict[str, Any]) -> None:
    known, _ = settled(demo(**spec), before=Known({}, given()))
    for content in known.files("k3k-demo-server-config").values():
        assert {key.removesuffix("+") for key in yaml.safe_load(content)} <= flags.ALL


def test_a_shared_cluster_has_no_agent_and_nothing_that_needs_one() -> None:
    assert CONFIG["disable-agent"] is True
    assert CONFIG["egress-selector-mode"] == "disabled"
    assert CONFIG["disable-cloud-controller"] is True
    assert set(CONFIG["disable"]) == {"servicelb", "traefik", "metrics-server", "local-storage"}
    assert CONFIG["kube-apiserver-arg"] == ["enable-aggregator-routing=true"]
    assert CONFIG["kube-controller-manager-arg"] == ["allocate-node-cidrs=false"]


def test_services_have_the_hosts_addresses_and_dns_the_one_that_the_host_gave_it() -> None:
    assert CONFIG["service-cidr"] == HOST.service_cidr
    assert CONFIG["cluster-dns"] in HOST_ADDRESSES
    assert CONFIG["advertise-address"] == KNOWN.cluster_ip("k3k-demo-service")
    assert CONFIG["advertise-port"] == 443


HOST_ADDRESSES = {body.get("spec", {}).get("clusterIP") for body in KNOWN.objects.values()}


def test_a_certificate_has_every_name_that_leads_here() -> None:
    names = common_config(demo(tls_sans=["demo.example.com"]), KNOWN, HOST, "abc")["tls-san"]
    service = "k3k-demo-service"
    inside = {service, f"{service}.team", f"{service}.team.svc", "localhost", KNOWN.cluster_ip(service)}
    assert set(names) == {*inside, "demo.example.com"}
    assert names == sorted(names)


def test_flags_of_the_spec_are_beside_ours() -> None:
    config = common_config(demo(**everything()), KNOWN, HOST, "abc")
    assert config["disable"][-1] == "coredns"
    assert config["kube-apiserver-arg"] == ["enable-aggregator-routing=true", "v=2"]
    assert config["secrets-encryption"] is True
    assert config["cluster-cidr"] == "10.99.0.0/16"


def test_another_configuration_is_told_by_its_hash() -> None:
    assert hash_of({"a": 1, "b": 2}, {}) == hash_of({"b": 2, "a": 1}, {})
    assert len({hash_of({"a": 1}, {}), hash_of({"a": 2}, {}), hash_of({}, {"a": 1})}) == 3
